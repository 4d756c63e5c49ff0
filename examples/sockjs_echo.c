/* sockjs_echo.c: the smallest SockJS server: what comes goes back.
 *
 *     npm install sockjs-client
 *     build/examples/sockjs_echo 9999 node_modules/sockjs-client/dist/sockjs.min.js
 *
 * and open http://127.0.0.1:9999/. The page gets the client from here, out of that file; without it, it says
 * what is missing. By hand, each within five seconds of the one before (disconnect_ms):
 *
 *     curl -X POST http://127.0.0.1:9999/echo/000/mine/xhr        o          a session has opened
 *     curl -H 'Content-Type: text/plain' -d '["hello"]' http://127.0.0.1:9999/echo/000/mine/xhr_send
 *     curl -X POST http://127.0.0.1:9999/echo/000/mine/xhr        a["hello"]
 *
 * What speaks WebSocket and no SockJS: npx wscat -c ws://127.0.0.1:9999/echo/websocket */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/rill.h>

static void on_message(rill_conn *conn, rill_msg msg)
{
	/* 1: the client reads more slowly than it writes, so take no more from it until on_drain. */
	if (rill_send_msg(conn, msg) == 1)
		rill_conn_pause(conn);
}

static const rill_handler echo = {
	sizeof(rill_handler),
	.on_message = on_message,
	.on_drain = rill_conn_resume,
};

static const char page[] =
	"<!doctype html><meta charset=utf-8><title>SockJS echo</title>\n"
	"<form><input autofocus> <button>Send</button></form><ul></ul>\n"
	"<script src=/sockjs.js></script><script>\n"
	"function show(text) {\n"
	"  document.querySelector('ul').append(\n"
	"    Object.assign(document.createElement('li'), { textContent: text }));\n"
	"}\n"
	"if (!window.SockJS)\n"
	"  show('npm install sockjs-client, then name its dist/sockjs.min.js to the server');\n"
	"const sock = new SockJS('/echo');\n"
	"sock.onopen = () => show('open, by ' + sock.transport);\n"
	"sock.onmessage = e => show(e.data);\n"
	"sock.onclose = e => show('closed: ' + e.code + ' ' + e.reason);\n"
	"document.forms[0].onsubmit = e => {\n"
	"  e.preventDefault();\n"
	"  sock.send(document.querySelector('input').value);\n"
	"};\n"
	"</script>\n";

static char client[1024 * 1024];
static size_t client_len;

static bool read_client(const char *name)
{
	FILE *file = fopen(name, "rb");
	if (!file)
		return false;
	client_len = fread(client, 1, sizeof(client), file);
	fclose(file);
	return client_len > 0;
}

static bool is(rill_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

static int show_page(rill_request *request, void *user)
{
	rill_bytes path = rill_request_path(request);
	(void)user;
	if (is(path, "/"))
		rill_respond(request, 200, "text/html; charset=utf-8", page, sizeof(page) - 1);
	else if (is(path, "/sockjs.js") && client_len)
		rill_respond(request, 200, "text/javascript; charset=utf-8", client, client_len);
	else
		return RILL_PASS;
	return RILL_TAKE;
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 9999);
	rill_sockjs_options options;
	rill_loop *loop;
	rill_server *server;

	if ((argc > 1 && !isdigit((unsigned char)*argv[1])) || (argc > 2 && !read_client(argv[2]))) {
		fprintf(stderr, "usage: sockjs_echo [PORT [SOCKJS.MIN.JS]]\n");
		return 2;
	}
	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0)
		return 1;
	/* The transports that ride in an iframe load the client there, and it has to be the same. */
	rill_sockjs_options_default(&options);
	options.sockjs_url = "/sockjs.js";
	if (rill_sockjs_serve(server, "/echo", &echo, &options, NULL) < 0)
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
