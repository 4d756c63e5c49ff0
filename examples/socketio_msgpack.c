/* socketio_msgpack.c: Socket.IO whose packets are MessagePack, bytes and all in one message each. Both ends have to
 * be told so:
 *
 *     build/examples/socketio_msgpack 9999
 *
 *     import { io } from "socket.io-client";                     // npm install socket.io-client
 *     import parser from "socket.io-msgpack-parser";             // npm install socket.io-msgpack-parser
 *     const socket = io("http://127.0.0.1:9999", { parser });
 *     socket.emit("measure", new Uint8Array(1000), console.log); // 1000
 *     socket.emit("echo", { at: [1, 2.5, null], bytes: new Uint8Array(3) });
 *     socket.on("echo", console.log); */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <rill/rill.h>

static void on_echo(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)user;
	rill_emit(socket, "echo", RILL_ARGS(rill_items(args)));
	if (reply)
		rill_reply_send(reply, RILL_ARGS(rill_items(args)));
}

static void on_measure(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)socket;
	(void)user;
	if (reply)
		rill_reply_send(reply,
			RILL_ARGS(rill_int((int64_t)rill_json_bytes(rill_json_at(args, 0)).len)));
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 9999);
	rill_socketio_options options;
	rill_socketio *io;
	rill_loop *loop;
	rill_server *server;

	if (argc > 1 && !isdigit((unsigned char)*argv[1])) {
		fprintf(stderr, "usage: socketio_msgpack [PORT]\n");
		return 2;
	}
	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0)
		return 1;
	rill_socketio_options_default(&options);
	options.parser = RILL_SOCKETIO_PARSER_MSGPACK;
	if (rill_socketio_serve(server, &options, &io) < 0)
		return 1;
	rill_namespace *main_namespace = rill_socketio_of(io, "/");
	if (rill_namespace_on(main_namespace, "echo", on_echo, NULL) < 0 ||
		rill_namespace_on(main_namespace, "measure", on_measure, NULL) < 0)
		return 1;
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
