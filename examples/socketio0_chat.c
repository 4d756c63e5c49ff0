/* socketio0_chat.c: the chat of 2010, for clients of Socket.IO 0.5 and 0.6: history, broadcasts, announcements.
 *
 *     npm install socket.io@0.6.18
 *     build/examples/socketio0_chat 8080 node_modules/socket.io/support/socket.io-client
 *
 * and open http://127.0.0.1:8080/. The page gets its client out of that folder; without it, it says what is
 * missing. By hand, the session id in place of ID, and each within eight seconds of the one before:
 *
 *     curl http://127.0.0.1:8080/socket.io/xhr-polling                  ~m~32~m~ID
 *     curl -d 'data=~m~5~m~hello' http://127.0.0.1:8080/socket.io/xhr-polling/ID/send
 *     curl http://127.0.0.1:8080/socket.io/xhr-polling/ID               what others have said */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/rill.h>

#define HISTORY  15
#define MAX_TEXT 1000

static const char page[] =
	"<!doctype html><meta charset=utf-8><title>Chat</title>\n"
	"<form><input autofocus> <button>Send</button></form><ul></ul>\n"
	"<script src=/socket.io/socket.io.js></script><script>\n"
	"function show(text) {\n"
	"  document.querySelector('ul').append(\n"
	"    Object.assign(document.createElement('li'), { textContent: text }));\n"
	"}\n"
	"function tell(m) {\n"
	"  if (m.buffer) m.buffer.forEach(tell);\n"
	"  else show(m.announcement || m.message[0] + ': ' + m.message[1]);\n"
	"}\n"
	"if (!window.io)\n"
	"  show('npm install socket.io@0.6.18, then name its folder of the client to the "
	"server');\n"
	"const socket = new io.Socket(null, { rememberTransport: false });\n"
	"socket.on('connect', () => show('connected, by ' + socket.transport.type));\n"
	"socket.on('message', tell);\n"
	"socket.on('disconnect', () => show('disconnected'));\n"
	"socket.connect();\n"
	"document.forms[0].onsubmit = e => {\n"
	"  const text = document.querySelector('input').value;\n"
	"  e.preventDefault();\n"
	"  socket.send(text);\n"
	"  tell({ message: ['you', text] });\n"
	"};\n"
	"</script>\n";

/* The last messages, the oldest at next. */
static char *history[HISTORY];
static size_t next;

/* {"message": [who, what]}, as it is told and kept. */
static rill_json write_message(rill_json_writer *w, rill_conn *client, const rill_msg *message)
{
	rill_json_begin(w);
	rill_json_open(w, '{');
	rill_json_name(w, "message");
	rill_json_open(w, '[');
	rill_json_put_text(w, rill_socketio0_session_id(client));
	rill_json_put_string(w, message->data, message->len);
	rill_json_close(w);
	rill_json_close(w);
	return rill_json_end(w);
}

static void announce(rill_conn *client, const char *what)
{
	rill_json_writer w;
	char text[128];
	snprintf(text, sizeof(text), "%s %s", rill_socketio0_session_id(client), what);
	rill_json_begin(&w);
	rill_json_open(&w, '{');
	rill_json_name(&w, "announcement");
	rill_json_put_text(&w, text);
	rill_json_close(&w);
	rill_socketio0_broadcast_from(client, RILL_ARGS(rill_json_arg(rill_json_end(&w))));
	rill_json_free(&w);
}

static void on_connection(
	rill_socketio0 *io, rill_conn *client, const rill_msg *message, void *user)
{
	rill_json_writer w;
	rill_json value;
	(void)io;
	(void)message;
	(void)user;
	rill_json_begin(&w);
	rill_json_open(&w, '{');
	rill_json_name(&w, "buffer");
	rill_json_open(&w, '[');
	for (size_t i = 0; i < HISTORY; i++) {
		const char *text = history[(next + i) % HISTORY];
		if (text && rill_json_read(&value, text, strlen(text)) == 0)
			rill_json_put(&w, value);
	}
	rill_json_close(&w);
	rill_json_close(&w);
	rill_socketio0_send(client, RILL_ARGS(rill_json_arg(rill_json_end(&w))));
	rill_json_free(&w);
	announce(client, "connected");
}

static void on_message(rill_socketio0 *io, rill_conn *client, const rill_msg *message, void *user)
{
	rill_json_writer w;
	(void)io;
	(void)user;
	if (message->kind != RILL_TEXT || message->len > MAX_TEXT)
		return;
	rill_json said = write_message(&w, client, message);
	rill_socketio0_broadcast_from(client, RILL_ARGS(rill_json_arg(said)));
	free(history[next]);
	history[next] = said.data ? strndup(said.data, said.len) : NULL;
	next = (next + 1) % HISTORY;
	rill_json_free(&w);
}

static void on_disconnect(
	rill_socketio0 *io, rill_conn *client, const rill_msg *message, void *user)
{
	(void)io;
	(void)message;
	(void)user;
	announce(client, "disconnected");
}

static int show_page(rill_request *request, void *user)
{
	rill_bytes path = rill_request_path(request);
	(void)user;
	if (path.len != 1)
		return RILL_PASS;
	rill_respond(request, 200, "text/html; charset=utf-8", page, sizeof(page) - 1);
	return RILL_TAKE;
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080);
	rill_socketio0_options options;
	rill_loop *loop;
	rill_server *server;

	if (argc > 1 && !isdigit((unsigned char)*argv[1])) {
		fprintf(stderr, "usage: socketio0_chat [PORT [FOLDER OF SOCKET.IO.JS]]\n");
		return 2;
	}
	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0)
		return 1;
	rill_socketio0_options_default(&options);
	options.on_connection = on_connection;
	options.on_client_message = on_message;
	options.on_client_disconnect = on_disconnect;
	options.client_dir = argc > 2 ? argv[2] : NULL;
	if (rill_socketio0_serve(server, &options, NULL) < 0)
		return 1;
	rill_server_handle(server, "/", show_page, NULL, NULL);
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
