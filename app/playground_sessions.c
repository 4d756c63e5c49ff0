/* playground_sessions.c: /sockjs, for pages that use sockjs-client, and /socket.io/TRANSPORT, for those whose
 * Socket.IO is of 2010. */
#include "playground_sessions.h"

#include <stdio.h>
#include <string.h>
#include <rill/socketio0.h>
#include <rill/sockjs.h>
#include "client_files.h"
#include "json.h"

/* RFC 6455, 7.4.1. */
enum { CLOSE_TOO_BIG = 1009 };

/* "/sockjs/000/abcdefgh/xhr" without its last part: what the urls of all requests of a session begin with. */
static rill_bytes place_of(const rill_conn *conn)
{
	const char *path = rill_sockjs_pathname(conn);
	const char *slash = strrchr(path, '/');
	return (rill_bytes){ path, slash ? (size_t)(slash - path) : strlen(path) };
}

static void say_hello(rill_conn *conn)
{
	struct text hello = { 0 };
	text_putf(&hello, "{\"hello\":{\"id\":%llu,\"transport\":\"%s\",\"path\":",
		(unsigned long long)rill_conn_id(conn), rill_conn_transport(conn));
	json_string(&hello, place_of(conn));
	text_puts(&hello, "}}");
	if (hello.failed)
		rill_conn_destroy(conn);
	else
		playground_tell(conn, hello.data, hello.len);
	text_fini(&hello);
}

static void open_session(rill_conn *conn)
{
	struct playground *playground = rill_request_user(rill_conn_request(conn));
	rill_conn_set_user(conn, playground);
	say_hello(conn);
	playground_listen(playground, TOPIC_SAID, conn, NULL);
	playground_listen(playground, TOPIC_ABOUT_TEXTS, conn, NULL);
}

static void open_client(rill_conn *conn)
{
	struct playground *playground = rill_socketio0_get_options(rill_socketio0_listener(conn))
						->user;
	char hello[96];
	const int len = snprintf(hello, sizeof(hello),
		"{\"hello\":{\"id\":%llu,\"transport\":\"%s\"}}",
		(unsigned long long)rill_conn_id(conn), rill_conn_transport(conn));
	rill_conn_set_user(conn, playground);
	if (rill_send(conn, RILL_JSON, hello, (size_t)len) < 0)
		rill_conn_destroy(conn);
	playground_listen(playground, TOPIC_SAID, conn, NULL);
	playground_listen(playground, TOPIC_ABOUT_OBJECTS, conn, NULL);
}

static int say_json(rill_conn *conn, rill_msg msg)
{
	rill_json value;
	const int rc = rill_json_read(&value, msg.data, msg.len);
	if (rc < 0)
		return rc;
	const rill_json text = rill_json_get(value, "text");
	return playground_say_value(
		rill_conn_user(conn), conn, NULL, text.type == RILL_JSON_STRING ? text : value);
}

static void hear_session(rill_conn *conn, rill_msg msg)
{
	const int rc = msg.kind == RILL_JSON ? say_json(conn, msg)
					     : playground_say(rill_conn_user(conn), conn, msg);
	if (rc == RILL_ETOOBIG)
		rill_close(conn, CLOSE_TOO_BIG, "The playground takes messages of up to 1 MiB.");
	else if (rc < 0)
		rill_conn_destroy(conn);
}

static int admit_session(rill_sockjs *service, rill_request *request, void *user)
{
	(void)service;
	rill_request_set_user(request, user);
	return RILL_ACCEPT;
}

static int serve_socketio0(struct playground *playground)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_open = open_client,
		.on_message = hear_session };
	rill_socketio0_options o;
	rill_socketio0_options_default(&o);
	o.max_queue = PLAYGROUND_MAX_BEHIND;
	o.handler = &handler;
	o.user = playground;
	return rill_socketio0_serve(playground->server, &o, NULL);
}

static int serve_sockjs(struct playground *playground)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_open = open_session,
		.on_message = hear_session };
	rill_sockjs_options o;
	rill_sockjs_options_default(&o);
	o.sockjs_url = CLIENT_FILE_SOCKJS;
	o.max_queue = PLAYGROUND_MAX_BEHIND;
	o.on_request = admit_session;
	o.user = playground;
	return rill_sockjs_serve(playground->server, "/sockjs", &handler, &o, NULL);
}

int serve_sessions(struct playground *playground)
{
	const int rc = serve_sockjs(playground);
	return rc < 0 ? rc : serve_socketio0(playground);
}
