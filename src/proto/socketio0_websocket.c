/* socketio0_websocket.c: WebSockets, of browsers and of Flash, which differ by their names alone: the WebSocket
 * service does the handshake and the framing, drafts of 2010 included; each connection of it is a carrier. */
#include "proto/socketio0.h"
#include "wire/ws_handshake.h"

void rl_sio0_upgrade(struct rl_sio0_ask *ask)
{
	if (ask->id.len && !rl_sio0_find(ask))
		return;
	if (rl_websocket_request(ask->request, ask->io->websocket) == RILL_PASS)
		rl_sio0_turn_away(ask, 400, "This is for WebSockets alone.");
}

/* The handshake is in order. Whoever comes back was asked about before. */
static int on_request(rill_websocket *websocket, rill_request *request, void *user)
{
	struct rill_socketio0 *io = user;
	struct rl_sio0_ask ask;
	const char *sentence;
	int status = 0;

	(void)websocket;
	rl_sio0_read_ask(&ask, io, request);
	if (!ask.id.len)
		status = rl_sio0_admit(io, request, &sentence);
	if (!status) {
		rl_websocket_take_offered(request); /* as old servers echo it */
		return RILL_ACCEPT;
	}
	io->service.sessions.refused++;
	rill_websocket_refuse(request, status, sentence);
	return status;
}

static void attach(struct rl_sio0_ask *ask, rill_conn *conn)
{
	struct rl_session *session = NULL;
	struct rl_carrier *carrier;

	if (ask->id.len)
		session = rl_session_find(rl_sio0_sessions(ask->io), ask->id);
	if (ask->id.len && !session)
		rill_close(conn, 1000, "the session is over"); /* meanwhile */
	else if (!ask->id.len && !ask->io->route)
		rill_close(conn, 1001, "the service is gone");
	else if (rl_carrier_websocket_new(&carrier, &rl_sio0_rows[ask->transport], conn) < 0)
		rill_conn_destroy(conn);
	else if (session)
		rl_sio0_resume(ask, session, carrier);
	else
		rl_sio0_begin(ask, carrier, rl_exchange_peer(ask->request));
}

static void on_open(rill_conn *conn)
{
	struct rill_socketio0 *io = rl_ws_service(rl_ws_conn(conn))->options.user;
	struct rl_sio0_ask ask;

	if (!io) {
		rill_close(conn, 1001, "the service is gone");
		return;
	}
	rl_session_service_hold(&io->service);
	rl_sio0_read_ask(&ask, io, rill_conn_request(conn));
	attach(&ask, conn);
	rl_session_service_release(&io->service);
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_message = rl_carrier_on_message,
	.on_drain = rl_carrier_on_drain,
	.on_close = rl_carrier_on_close,
};

int rl_sio0_websocket_new(struct rill_socketio0 *io, const rill_websocket_options *options)
{
	rill_websocket_options o =
		rl_carrier_websocket_options(options, io->options.max_body, io);

	o.on_request = on_request;
	o.hixie_drafts = true;
	return rl_websocket_new(&io->websocket, io->service.sessions.server, &handler, &o);
}
