/* http_and_websocket.c: pages of one's own beside a WebSocket service, on one port.
 *
 *     build/examples/http_and_websocket 8000
 *     curl http://127.0.0.1:8000/            the page
 *     curl -d 'good morning' http://127.0.0.1:8000/say
 *     npx wscat -c ws://127.0.0.1:8000/ws    hears what is said
 *
 * A request is shown to services and handlers in the order they were added. What one passes on
 * goes to the next; what nobody takes is answered 404. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/rill.h>

static const rill_handler listener = { .size = sizeof(rill_handler) };

static bool is(rill_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

static int show_page(rill_request *request, void *user)
{
	static const char page[] =
		"<!doctype html><title>rill</title><ul id=said></ul><script>"
		"new WebSocket('ws://' + location.host + '/ws').onmessage = e => "
		"said.append(Object.assign(document.createElement('li'), "
		"{ textContent: e.data }))</script>\n";
	(void)user;
	if (!is(rill_request_path(request), "/") || !is(rill_request_method(request), "GET"))
		return RILL_PASS;
	rill_respond(request, 200, "text/html; charset=utf-8", page, sizeof(page) - 1);
	return RILL_TAKE;
}

/* A body comes in pieces. This one collects up to 200 bytes of it, and drops the rest. */
struct said {
	rill_websocket *service;
	char text[200];
	size_t len;
};

static void on_body(rill_request *request, rill_bytes bytes, void *user)
{
	struct said *said = user;
	size_t room = sizeof(said->text) - said->len;
	size_t len = bytes.len < room ? bytes.len : room;
	(void)request;
	memcpy(said->text + said->len, bytes.data, len);
	said->len += len;
}

static void tell(rill_conn *conn, void *user)
{
	const struct said *said = user;
	rill_send(conn, RILL_TEXT, said->text, said->len); /* not UTF-8: refused, nobody hears it */
}

static void on_end(rill_request *request, void *user)
{
	struct said *said = user;
	rill_websocket_each(said->service, tell, said);
	rill_respond(request, 204, NULL, NULL, 0);
}

static void on_close(rill_request *request, int rc, void *user)
{
	(void)request;
	(void)rc;
	free(user);
}

static const rill_request_handler saying = {
	sizeof(rill_request_handler),
	.on_body = on_body,
	.on_end = on_end,
	.on_close = on_close,
};

static int take_saying(rill_request *request, void *user)
{
	if (!is(rill_request_method(request), "POST"))
		return RILL_PASS;
	struct said *said = calloc(1, sizeof(*said));
	if (!said) {
		rill_respond(request, 503, NULL, NULL, 0);
		return RILL_TAKE;
	}
	said->service = user;
	rill_request_follow(request, &saying, said);
	return RILL_TAKE;
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000);
	rill_loop *loop;
	rill_server *server;
	rill_websocket *service;

	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0)
		return 1;
	if (rill_websocket_serve(server, "/ws", &listener, NULL, &service) < 0)
		return 1;
	rill_server_handle(server, "/", show_page, NULL, NULL);
	rill_server_handle(server, "/say", take_saying, service, NULL);
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
