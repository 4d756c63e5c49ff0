/* socketio_chat.c: a chat: whoever joins a room hears what is said in it.
 *
 *     build/examples/socketio_chat 8000
 *
 *     const socket = io("http://127.0.0.1:8000");
 *     socket.emit("join", "kitchen", "Ann");
 *     socket.on("said", (who, what) => console.log(`${who}: ${what}`));
 *     socket.emit("say", "kitchen", "Tea?", (heard) => console.log(heard)); */
#include <stdio.h>
#include <stdlib.h>
#include <rill/rill.h>

static void on_join(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	char room[64];
	(void)reply;
	(void)user;
	if (rill_json_text(rill_json_at(args, 0), room, sizeof(room)) > 0)
		rill_join(socket, room);
	rill_socket_set_data(socket, rill_json_at(args, 1)); /* who */
}

static void on_say(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	char room[64];
	(void)user;
	if (rill_json_text(rill_json_at(args, 0), room, sizeof(room)) <= 0 ||
		!rill_in_room(socket, room))
		return;
	rill_broadcast_emit(&(rill_broadcast){ .from = socket, .rooms = RILL_ROOMS(room) }, "said",
		RILL_ARGS(rill_json_arg(rill_socket_data(socket)),
			rill_json_arg(rill_json_at(args, 1))));
	rill_reply_send(reply, RILL_ARGS(rill_bool(true)));
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000);
	rill_loop *loop;
	rill_server *server;
	rill_socketio *io;

	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0 ||
		rill_socketio_serve(server, NULL, &io) < 0)
		return 1;
	rill_namespace *chat = rill_socketio_of(io, "/");
	if (rill_namespace_on(chat, "join", on_join, NULL) < 0 ||
		rill_namespace_on(chat, "say", on_say, NULL) < 0)
		return 1;
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
