/* rill_socketio: a Socket.IO echo and a broadcast, options at their defaults, as socketio_echo.js is: "echo"
 * comes back as "echo-back"; who says "join" is in a room, in which "publish" is told to all others as
 * "published". Over <rill/...> alone, as any program would. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/rill.h>

static rill_loop *loop;

static void drop_unless(rill_socket *socket, int rc)
{
	if (rc < 0)
		rill_socket_disconnect(socket, true);
}

static void echo(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	drop_unless(socket, rill_emit(socket, "echo-back", RILL_ARGS(rill_items(args))));
}

static void publish(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	const rill_broadcast others = { .from = socket, .rooms = RILL_ROOMS("all") };

	(void)reply;
	(void)user;
	drop_unless(socket, rill_broadcast_emit(&others, "published", RILL_ARGS(rill_items(args))));
}

static void join(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)args;
	(void)user;
	int rc = rill_join(socket, "all");
	if (rc == 0 && reply)
		rc = rill_reply_send(reply, NULL);
	drop_unless(socket, rc);
}

static int serve(rill_server *server)
{
	rill_socketio *io;
	rill_namespace *ns;

	if (rill_socketio_serve(server, NULL, &io) < 0)
		return -1;
	ns = rill_socketio_of(io, "/");
	if (!ns || rill_namespace_on(ns, "echo", echo, NULL) < 0 ||
		rill_namespace_on(ns, "publish", publish, NULL) < 0 ||
		rill_namespace_on(ns, "join", join, NULL) < 0)
		return -1;
	return 0;
}

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
	if (serve(server) < 0)
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
