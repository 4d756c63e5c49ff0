/* guest_libuv.c: rill as a guest in a libuv loop, beside a timer of libuv's own.
 *
 *     build/examples/guest_libuv 8000
 *     npx wscat -c ws://127.0.0.1:8000/ws      a tick each second
 *
 * All there is to it: watch rill_loop_fd() for reading, and turn rill whenever it is readable. */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include <rill/rill.h>

static const rill_handler listener = { .size = sizeof(rill_handler) };

static void turn(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	rill_loop_turn(poll->data);
}

static void tell(rill_conn *conn, void *user)
{
	rill_send_text(conn, user);
}

/* Outside of any turn of rill: what is sent here makes rill's descriptor readable. */
static void on_tick(uv_timer_t *timer)
{
	char text[32];
	snprintf(text, sizeof(text), "tick %llu", (unsigned long long)uv_now(timer->loop) / 1000);
	rill_websocket_each(timer->data, tell, text);
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000);
	rill_loop *loop;
	rill_server *server;
	rill_websocket *service;

	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0 ||
		rill_websocket_serve(server, "/ws", &listener, NULL, &service) < 0)
		return 1;
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);

	uv_poll_t poll = { .data = loop };
	uv_poll_init(uv_default_loop(), &poll, rill_loop_fd(loop));
	uv_poll_start(&poll, UV_READABLE, turn);
	uv_timer_t timer = { .data = service };
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_tick, 1000, 1000);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
