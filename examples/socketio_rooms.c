/* socketio_rooms.c: rooms: who is in them, who comes and goes, a word to one alone, a vote.
 *
 *     build/examples/socketio_rooms 8000
 *
 *     const socket = io("http://127.0.0.1:8000");
 *     socket.emit("enter", "kitchen", "Ann", (names) => console.log(names));    ["Bob", "Cid"]
 *     socket.on("came", (room, name, id) => ...);     to those who are there
 *     socket.on("went", (room, name) => ...);
 *     socket.emit("whisper", id, "Tea?");             each socket is in a room of its id
 *     socket.on("whispered", (name, what) => ...);
 *     socket.emit("vote", "kitchen", "Tea?", (answers) => console.log(answers));   [true, false]
 *     socket.on("question", (what, answer) => answer(true));
 *
 * or from a terminal: rill connect --socketio http://127.0.0.1:8000
 *
 *     ?enter "kitchen" "Ann"
 *
 * Rooms need not be made: one is there as long as somebody is in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/rill.h>

enum { VOTE_MS = 5000 };

/* A name of the first argument. "": there is none that will do. */
static void read_room(rill_json args, char room[64])
{
	if (rill_json_text(rill_json_at(args, 0), room, 64) <= 0)
		room[0] = '\0';
}

/* Who is in a room. */

static void put_name(rill_socket *socket, void *user)
{
	rill_json_put(user, rill_socket_data(socket));
}

static void answer_names(rill_socket *socket, const char *room, rill_reply *reply)
{
	rill_broadcast members = { .from = socket, .rooms = RILL_ROOMS(room) };
	rill_json_writer names;
	rill_json_begin(&names);
	rill_json_open(&names, '[');
	rill_broadcast_each(&members, put_name, &names);
	rill_json_close(&names);
	rill_reply_send(reply, RILL_ARGS(rill_json_arg(rill_json_end(&names))));
	rill_json_free(&names);
}

static void on_enter(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	char room[64];
	(void)user;
	read_room(args, room);
	if (!*room || rill_socket_set_data(socket, rill_json_at(args, 1)) < 0 ||
		rill_join(socket, room) < 0)
		return;
	rill_broadcast others = { .from = socket, .rooms = RILL_ROOMS(room) };
	rill_broadcast_emit(&others, "came",
		RILL_ARGS(rill_text(room), rill_json_arg(rill_socket_data(socket)),
			rill_text(rill_socket_id(socket))));
	answer_names(socket, room, reply);
}

/* Who goes. */

static void say_went(rill_socket *socket, const char *room)
{
	rill_broadcast others = { .from = socket, .rooms = RILL_ROOMS(room) };
	rill_broadcast_emit(&others, "went",
		RILL_ARGS(rill_text(room), rill_json_arg(rill_socket_data(socket))));
}

static void on_leave(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	char room[64];
	(void)reply;
	(void)user;
	read_room(args, room);
	if (!*room || !rill_in_room(socket, room) || !strcmp(room, rill_socket_id(socket)))
		return;
	say_went(socket, room);
	rill_leave(socket, room);
}

static void leave_one(const char *room, void *user)
{
	if (strcmp(room, rill_socket_id(user)) != 0)
		say_went(user, room);
}

/* It is in its rooms yet; in on_disconnect it is not. */
static void on_disconnecting(rill_socket *socket, const char *reason, void *user)
{
	(void)reason;
	(void)user;
	rill_socket_rooms(socket, leave_one, socket);
}

/* A word to one. */

static void on_whisper(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	char id[64];
	(void)reply;
	(void)user;
	read_room(args, id);
	rill_socket *other = rill_namespace_find(rill_socket_namespace(socket), id);
	if (other)
		rill_emit(other, "whispered",
			RILL_ARGS(rill_json_arg(rill_socket_data(socket)),
				rill_json_arg(rill_json_at(args, 1))));
}

/* A vote: all in the room are asked, and those who answer in time are heard. */

static void on_votes(int rc, rill_json answers, void *user)
{
	(void)rc; /* some may be late, or gone: then it is less */
	rill_reply_send(user, RILL_ARGS(rill_json_arg(answers)));
}

static void on_vote(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	char room[64];
	(void)user;
	read_room(args, room);
	rill_reply *kept = *room && rill_in_room(socket, room) ? rill_reply_keep(reply) : NULL;
	if (!kept)
		return;
	rill_broadcast members = { .from = socket, .rooms = RILL_ROOMS(room) };
	if (rill_broadcast_ask(&members, "question",
		    RILL_ARGS(rill_json_arg(rill_json_at(args, 1))), VOTE_MS, on_votes, kept) < 0)
		rill_reply_drop(kept);
}

static int set_up(rill_namespace *rooms)
{
	static const struct {
		const char *event;
		rill_event_fn fn;
	} events[] = { { "enter", on_enter }, { "leave", on_leave }, { "whisper", on_whisper },
		{ "vote", on_vote } };
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(events) / sizeof(*events); i++)
		rc = rill_namespace_on(rooms, events[i].event, events[i].fn, NULL);
	rill_namespace_on_disconnecting(rooms, on_disconnecting, NULL);
	return rc;
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000);
	rill_loop *loop;
	rill_server *server;
	rill_socketio *io;

	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0 ||
		rill_socketio_serve(server, NULL, &io) < 0 || set_up(rill_socketio_of(io, "/")) < 0)
		return 1;
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
