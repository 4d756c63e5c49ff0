/* socketio.c: the Socket.IO services that suites run against, of which one is asked for each way in which
 * clients can be spoken to, and the other is what the protocol's own suites want. */
#include "socketio.h"

static const char *const everywhere[] = { "*", NULL };

/* APP socketio. */

static void welcome(rill_socket *socket, void *user)
{
	(void)user;
	const rill_conn *conn = rill_socket_conn(socket);
	rill_json_writer w;
	rill_json_begin(&w);
	rill_json_open(&w, '{');
	rill_json_name(&w, "id");
	rill_json_put_text(&w, rill_socket_id(socket));
	rill_json_name(&w, "ns");
	rill_json_put_text(&w, rill_namespace_name(rill_socket_namespace(socket)));
	rill_json_name(&w, "recovered");
	rill_json_put_bool(&w, rill_socket_recovered(socket));
	rill_json_name(&w, "transport");
	rill_json_put_text(&w, rill_conn_transport(conn));
	rill_json_name(&w, "eio");
	rill_json_put_int(&w, rill_engineio_revision(conn));
	rill_json_close(&w);
	rill_emit(socket, "welcome", RILL_ARGS(rill_json_arg(rill_json_end(&w))));
	rill_json_free(&w);
}

static int admit(rill_socket *socket, rill_json auth, void *user)
{
	static const char refusal[] = "{\"code\":401}";
	(void)user;
	if (rill_json_is(rill_json_get(auth, "token"), "secret"))
		return RILL_ACCEPT;
	rill_json data;
	rill_json_read(&data, refusal, sizeof(refusal) - 1);
	rill_socket_refuse(socket, "not authorized", data);
	return RILL_EACCESS;
}

static int furnish(rill_namespace *ns, rill_socketio *io)
{
	if (!ns)
		return RILL_ENOMEM;
	rill_namespace_on_connect(ns, welcome, NULL);
	int rc = add_socketio_events(ns, io);
	return rc == 0 ? add_socketio_rooms(ns) : rc;
}

int attach_socketio(rill_server *server, const char *client_dir)
{
	static const char *const kept[] = { "x-test", NULL };
	rill_engineio_options engine;
	rill_socketio_options o;
	rill_socketio *io;

	rill_engineio_options_default(&engine);
	engine.ping_interval_ms = 2000;
	engine.ping_timeout_ms = 2000;
	engine.upgrade_timeout_ms = 3000;
	engine.max_payload = 4000000;
	engine.revision3 = true;
	engine.cors.origins = everywhere;
	engine.keep_headers = kept;
	rill_socketio_options_default(&o);
	o.engineio = &engine;
	o.connect_timeout_ms = 1500;
	o.recovery_ms = 30000;
	o.client_dir = client_dir;
	int rc = rill_socketio_serve(server, &o, &io);
	if (rc < 0)
		return rc;

	rill_namespace *const all[] = { rill_socketio_of(io, "/"), rill_socketio_of(io, "/chat"),
		rill_socketio_of_pattern(io, "^/dyn-[0-9]+$"), rill_socketio_of(io, "/auth") };
	for (size_t i = 0; rc == 0 && i < sizeof(all) / sizeof(*all); i++)
		rc = furnish(all[i], io);
	return rc == 0 ? rill_namespace_use(all[3], admit, NULL) : rc;
}

/* APP socketio-suite. */

static void say_auth(rill_socket *socket, void *user)
{
	(void)user;
	rill_emit(socket, "auth", RILL_ARGS(rill_json_arg(rill_socket_auth(socket))));
}

static void send_back(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	rill_emit(socket, "message-back", RILL_ARGS(rill_items(args)));
}

static void acknowledge(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)socket;
	(void)user;
	answer_socketio(reply, RILL_ARGS(rill_items(args)));
}

int attach_socketio_suite(rill_server *server)
{
	rill_engineio_options engine;
	rill_socketio_options o;
	rill_socketio *io;

	rill_engineio_options_default(&engine);
	engine.ping_interval_ms = 300;
	engine.ping_timeout_ms = 200;
	engine.max_payload = 1000000;
	engine.cors.origins = everywhere;
	rill_socketio_options_default(&o);
	o.engineio = &engine;
	o.connect_timeout_ms = 1000;
	int rc = rill_socketio_serve(server, &o, &io);
	if (rc < 0)
		return rc;

	rill_namespace *root = rill_socketio_of(io, "/");
	rill_namespace *custom = rill_socketio_of(io, "/custom");
	if (!root || !custom)
		return RILL_ENOMEM;
	rill_namespace_on_connect(root, say_auth, NULL);
	rill_namespace_on_connect(custom, say_auth, NULL);
	rc = rill_namespace_on(root, "message", send_back, NULL);
	return rc == 0 ? rill_namespace_on(root, "message-with-ack", acknowledge, NULL) : rc;
}
