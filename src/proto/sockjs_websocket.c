/* sockjs_websocket.c: framed and raw WebSockets: the WebSocket service does the handshake and the
 * framing, each connection of it is the one carrier of a session.
 *
 * The ids in the URL mean nothing here: such a session ends with its WebSocket. */
#include "proto/sockjs.h"

/* A plain request, or one that a proxy has taken the Upgrade from. */
static bool asks_for_websocket(const rill_request *request)
{
	const struct rl_http1_head *head = rl_exchange_head(request);

	return rl_http1_has_token(head, RL_SLICE("Upgrade"), RL_SLICE("websocket")) &&
	       rl_http1_has_token(head, RL_SLICE("Connection"), RL_SLICE("upgrade"));
}

static bool is_version_13(const rill_request *request)
{
	struct rl_slice version;

	return rl_http1_field(
		       rl_exchange_head(request), RL_SLICE("Sec-WebSocket-Version"), &version) &&
	       rl_slice_equal(version, RL_SLICE("13"));
}

/* What comes behind such a request may be frames already. */
static void refuse(struct rl_sockjs_ask *ask, const char *sentence)
{
	struct rl_slice upgrade;

	if (rl_http1_field(rl_exchange_head(ask->request), RL_SLICE("Upgrade"), &upgrade))
		rl_exchange_end_connection(ask->request);
	rl_sockjs_turn_away(ask, 400, sentence);
}

void rl_sockjs_websocket(struct rl_sockjs_ask *ask)
{
	bool raw = ask->place->transport == RL_SOCKJS_WEBSOCKET_RAW;

	if (!asks_for_websocket(ask->request)) {
		refuse(ask, "Not a valid websocket request");
	} else if (raw && !is_version_13(ask->request)) {
		refuse(ask, "Only supported WebSocket protocol is RFC 6455.");
	} else {
		rl_sockjs_log_request(ask, 0);
		rl_websocket_request(ask->request, raw ? ask->service->raw : ask->service->framed);
	}
}

/* The handshake is in order. */
static int on_request(rill_websocket *websocket, rill_request *request, void *user)
{
	struct rill_sockjs *service = user;
	const char *sentence;
	int status = rl_sockjs_admit(service, request, &sentence);

	(void)websocket;
	if (!status)
		return RILL_ACCEPT;
	service->base.sessions.refused++;
	rill_websocket_refuse(request, status, sentence);
	return status;
}

static void on_open(rill_conn *conn)
{
	struct rill_websocket *websocket = rl_ws_service(rl_ws_conn(conn));
	struct rill_sockjs *service = websocket->options.user;
	const rill_request *request = rill_conn_request(conn);
	struct rl_carrier *carrier;

	if (!service) {
		rill_close(conn, 1001, "the service is gone");
		return;
	}
	bool raw = websocket == service->raw;
	const struct rl_carrier_row
		*row = &rl_sockjs_rows[raw ? RL_SOCKJS_WEBSOCKET_RAW : RL_SOCKJS_WEBSOCKET];
	if (rl_carrier_websocket_new(&carrier, row, conn) < 0) {
		rill_conn_destroy(conn);
		return;
	}
	struct rl_slice none = { NULL, 0 };
	struct rl_session *session = rl_session_new(
		&service->base.sessions, none, none, rl_exchange_peer(request));
	if (session)
		rl_session_attach(session, carrier, request);
	else
		row->ops->cut(carrier);
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_message = rl_carrier_on_message,
	.on_drain = rl_carrier_on_drain,
	.on_close = rl_carrier_on_close,
	.on_pong = rl_carrier_on_pong,
};

int rl_sockjs_websocket_new(struct rill_sockjs *service, const rill_websocket_options *options)
{
	struct rill_server *server = service->base.sessions.server;
	rill_websocket_options o =
		rl_carrier_websocket_options(options, service->options.max_body, service);

	o.on_request = on_request;
	int rc = rl_websocket_new(&service->framed, server, &handler, &o);
	if (rc < 0)
		return rc;
	o.hixie_drafts = false;
	return rl_websocket_new(&service->raw, server, &handler, &o);
}
