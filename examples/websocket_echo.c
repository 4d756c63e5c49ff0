/* websocket_echo.c: the smallest WebSocket server: what comes goes back.
 *
 *     build/examples/websocket_echo 8000
 *     npx wscat -c ws://127.0.0.1:8000/ws */
#include <stdio.h>
#include <stdlib.h>
#include <rill/rill.h>

static void on_message(rill_conn *conn, rill_msg msg)
{
	/* 1: the peer reads more slowly than it writes, so stop reading from it until on_drain. */
	if (rill_send_msg(conn, msg) == 1)
		rill_conn_pause(conn);
}

static const rill_handler echo = {
	sizeof(rill_handler),
	.on_message = on_message,
	.on_drain = rill_conn_resume,
};

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000);
	rill_loop *loop;
	rill_server *server;

	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0)
		return 1;
	rill_websocket_serve(server, "/ws", &echo, NULL, NULL);
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
