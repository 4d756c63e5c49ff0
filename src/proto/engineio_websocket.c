/* engineio_websocket.c: WebSockets: the WebSocket service does the handshake and the framing; each connection
 * of it is the carrier of a session of its own, or is offered to one that polls. */
#include "proto/engineio.h"

static const struct rl_carrier_row *row_of(const struct rl_eio_ask *ask, int revision)
{
	if (revision == 4)
		return &rl_eio_rows[ask->base64 ? RL_EIO_WEBSOCKET4_TEXT : RL_EIO_WEBSOCKET4];
	return &rl_eio_rows[ask->base64 ? RL_EIO_WEBSOCKET3_TEXT : RL_EIO_WEBSOCKET3];
}

static void open_session(struct rl_eio_ask *ask, rill_conn *conn)
{
	struct rill_engineio *service = ask->service;
	struct rl_carrier *carrier;

	if (rl_carrier_websocket_new(&carrier, row_of(ask, ask->revision4 ? 4 : 3), conn) < 0) {
		rill_conn_destroy(conn);
		return;
	}
	struct rl_session *session = rl_session_new(&service->base.sessions,
		rl_slice(service->id, RL_EIO_ID), rl_slice("", 1), rl_exchange_peer(ask->request));
	if (session)
		rl_session_attach(session, carrier, ask->request);
	else
		carrier->row->ops->cut(carrier);
}

/* The session may have ended meanwhile, or have such a carrier already. */
static void offer(struct rl_eio_ask *ask, rill_conn *conn)
{
	struct rl_session *session = rl_session_find(&ask->service->base.sessions, rl_eio_ask_id(ask));
	struct rl_carrier *carrier;

	if (!session) {
		rill_close(conn, 1000, NULL);
	} else if (rl_carrier_websocket_new(
			   &carrier, row_of(ask, rl_eio_revision(session->row)), conn) < 0) {
		rill_conn_destroy(conn);
	} else if (rl_session_offer(session, carrier) < 0) {
		carrier->row->ops->finish(carrier, 1000, rl_slice(NULL, 0));
	}
}

static void on_open(rill_conn *conn)
{
	struct rill_websocket *websocket = rl_ws_service(rl_ws_conn(conn));
	struct rill_engineio *service = websocket->options.user;
	struct rl_eio_ask ask;

	if (!service) {
		rill_close(conn, 1001, "the service is gone");
		return;
	}
	rl_eio_read_ask(&ask, service, (rill_request *)rill_conn_request(conn));
	rl_session_service_hold(&service->base);
	if (ask.has_id)
		offer(&ask, conn);
	else
		open_session(&ask, conn);
	rl_session_service_release(&service->base);
}

void rl_eio_upgrade(struct rl_eio_ask *ask)
{
	if (rl_websocket_request(ask->request, ask->service->websocket) == RILL_PASS)
		rl_eio_refuse(ask, RL_EIO_BAD_REQUEST, NULL); /* to something else */
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_message = rl_carrier_on_message,
	.on_drain = rl_carrier_on_drain,
	.on_close = rl_carrier_on_close,
};

int rl_eio_websocket_new(struct rill_engineio *service, const rill_websocket_options *options)
{
	rill_websocket_options o =
		rl_carrier_websocket_options(options, service->options.max_payload, service);

	o.headers = NULL;
	if (service->options.origins)
		o.origins = service->options.origins;
	o.hixie_drafts = false;
	return rl_websocket_new(&service->websocket, service->base.sessions.server, &handler, &o);
}
