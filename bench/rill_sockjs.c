/* rill_sockjs: a SockJS echo on /echo, its options at their defaults, as sockjs_echo.js is. Over
 * <rill/...> alone, as any program would. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/rill.h>

static rill_loop *loop;

static void echo(rill_conn *conn, rill_msg msg)
{
	if (rill_send(conn, msg.kind, msg.data, msg.len) < 0)
		rill_conn_destroy(conn);
}

static const rill_handler handler = { sizeof(rill_handler), .on_message = echo };

static void end(int signal_number)
{
	(void)signal_number;
	rill_loop_stop(loop);
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc == 3 && !strcmp(argv[1], "--port") ? atoi(argv[2]) : 0);
	rill_loop_options options;
	rill_server *server;

	rill_loop_options_default(&options);
	options.io = RILL_IO_EPOLL;
	if (rill_loop_new(&loop, &options) < 0 || rill_server_new(&server, loop, NULL) < 0)
		return 1;
	if (rill_sockjs_serve(server, "/echo", &handler, NULL, NULL) < 0)
		return 1;
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	signal(SIGTERM, end);
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	int rc = rill_loop_run(loop);
	rill_server_free(server);
	rill_loop_free(loop);
	return rc < 0;
}
