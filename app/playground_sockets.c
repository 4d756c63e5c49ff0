/* playground_sockets.c: /socket.io/, for pages and programs that use socket.io-client. */
#include "playground_sockets.h"

/* A text of 1 MiB may be six times as long in JSON, and bytes are a third longer in polls. */
#define MAX_PAYLOAD ((size_t)8 * 1024 * 1024)

static void open_socket(rill_socket *socket, void *user)
{
	(void)user;
	rill_conn *conn = rill_socket_conn(socket);
	rill_json_writer hello;
	rill_json_begin(&hello);
	rill_json_open(&hello, '{');
	rill_json_name(&hello, "id");
	rill_json_put_int(&hello, (int64_t)rill_conn_id(conn));
	rill_json_name(&hello, "transport");
	rill_json_put_text(&hello, rill_conn_transport(conn));
	rill_json_close(&hello);
	if (rill_emit(socket, "hello", RILL_ARGS(rill_json_arg(rill_json_end(&hello)))) < 0)
		rill_socket_disconnect(socket, true);
	rill_json_free(&hello);
}

/* How does this reach me now? */
static void hear_transport(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)args;
	(void)user;
	if (reply)
		rill_reply_send(
			reply, RILL_ARGS(rill_text(rill_conn_transport(rill_socket_conn(socket)))));
}

static void hear_socket(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	const rill_json value = rill_json_at(args, 0);
	const rill_bytes bytes = rill_json_bytes(value);
	const rill_msg msg = { .data = bytes.data, .len = bytes.len, .kind = RILL_BINARY };
	int rc = 0;
	if (bytes.len > PLAYGROUND_MAX_SAID)
		rc = RILL_ETOOBIG;
	else if (value.type == RILL_JSON_BYTES)
		rc = playground_say_socket(user, socket, msg);
	else if (value.type != RILL_JSON_NONE)
		rc = playground_say_value(user, NULL, socket, value);
	if (rc < 0)
		rill_socket_disconnect(socket, true);
	else if (reply)
		rill_reply_send(reply, RILL_ARGS(rill_bool(true)));
}

int tell_sockets(struct playground *playground, rill_socket *from, rill_msg msg)
{
	const rill_broadcast all = { .ns = playground->sockets, .from = from };
	return rill_broadcast_emit(&all, "said",
		RILL_ARGS(msg.kind == RILL_BINARY ? rill_binary(msg.data, msg.len)
						  : rill_text_of(msg.data, msg.len)));
}

int serve_sockets(struct playground *playground)
{
	static const char *const origins[] = { "*", NULL };
	rill_socketio_options o;
	rill_engineio_options engine;
	rill_socketio *io;
	rill_engineio_options_default(&engine);
	engine.cors.origins = origins;
	engine.max_payload = MAX_PAYLOAD;
	engine.max_queue = PLAYGROUND_MAX_BEHIND;
	engine.revision3 = true;
	rill_socketio_options_default(&o);
	o.engineio = &engine;
	int rc = rill_socketio_serve(playground->server, &o, &io);
	if (rc < 0)
		return rc;
	playground->sockets = rill_socketio_of(io, "/");
	if (!playground->sockets)
		return RILL_ENOMEM;
	rill_namespace_on_connect(playground->sockets, open_socket, playground);
	rc = rill_namespace_on(playground->sockets, "say", hear_socket, playground);
	if (rc == 0)
		rc = rill_namespace_on(playground->sockets, "transport", hear_transport, NULL);
	return rc;
}
