/* socketio_rooms.c: what the APP socketio does with events about rooms:
 *
 *     join(room, cb), leave(room, cb)
 *     room-msg(room, m), room-msg-all(room, m)   to the room without and with the sender
 *     room-except(room, not, m), bcast(m)
 *     room-ask(room, p, ms, cb)                  a question to the room; cb(null or "timeout", answers)
 *     who(room, cb)                              the sorted ids
 *     room-move(from, to, cb), room-drop(room, from, cb), kick-room(room, close) */
#include <stdlib.h>
#include <string.h>
#include "socketio.h"

/* Names above the service's limit are no rooms of ours either. */
#define ROOM_NAME 1025

static bool read_room(rill_json args, size_t i, char name[ROOM_NAME])
{
	return rill_json_text(rill_json_at(args, i), name, ROOM_NAME) >= 0;
}

static void join(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)user;
	char room[ROOM_NAME];
	if (read_room(args, 0, room) && rill_join(socket, room) == 0)
		answer_socketio(reply, RILL_ARGS(rill_text("joined")));
}

static void leave(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)user;
	char room[ROOM_NAME];
	if (!read_room(args, 0, room))
		return;
	rill_leave(socket, room);
	answer_socketio(reply, RILL_ARGS(rill_text("left")));
}

/* Messages. */

static void room_msg(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	char room[ROOM_NAME];
	if (read_room(args, 0, room))
		rill_broadcast_emit(&(rill_broadcast){ .from = socket, .rooms = RILL_ROOMS(room) },
			"room-msg", RILL_ARGS(rill_json_arg(rill_json_at(args, 1))));
}

static void room_msg_all(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	char room[ROOM_NAME];
	rill_broadcast to = { .ns = rill_socket_namespace(socket), .rooms = RILL_ROOMS(room) };
	if (read_room(args, 0, room))
		rill_broadcast_emit(
			&to, "room-msg", RILL_ARGS(rill_json_arg(rill_json_at(args, 1))));
}

static void room_except(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	char room[ROOM_NAME], not [ROOM_NAME];
	rill_broadcast to = { .ns = rill_socket_namespace(socket),
		.rooms = RILL_ROOMS(room),
		.except = RILL_ROOMS(not ) };
	if (read_room(args, 0, room) && read_room(args, 1, not ))
		rill_broadcast_emit(
			&to, "room-msg", RILL_ARGS(rill_json_arg(rill_json_at(args, 2))));
}

static void bcast(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	rill_broadcast_emit(&(rill_broadcast){ .from = socket }, "bcast",
		RILL_ARGS(rill_json_arg(rill_json_at(args, 0))));
}

/* Questions. */

static void pass_answers(int rc, rill_json answers, void *user)
{
	answer_socketio(
		user, RILL_ARGS(rill_text(rc == 0 ? NULL : "timeout"), rill_json_arg(answers)));
}

static void room_ask(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)user;
	char room[ROOM_NAME];
	rill_broadcast to = { .ns = rill_socket_namespace(socket), .rooms = RILL_ROOMS(room) };
	int64_t ms = rill_json_int(rill_json_at(args, 2), 0);
	if (!read_room(args, 0, room) || ms <= 0 || ms > UINT32_MAX)
		return;
	rill_reply *kept = rill_reply_keep(reply);
	if (kept &&
		rill_broadcast_ask(&to, "question", RILL_ARGS(rill_json_arg(rill_json_at(args, 1))),
			(uint32_t)ms, pass_answers, kept) < 0)
		rill_reply_drop(kept);
}

/* Who is in a room. */

struct ids {
	const char **all;
	size_t count, room;
	bool failed;
};

static void take_id(rill_socket *socket, void *user)
{
	struct ids *ids = user;
	if (ids->count == ids->room) {
		size_t room = ids->room ? ids->room * 2 : 64;
		const char **all = realloc(ids->all, room * sizeof(*all));
		if (!all) {
			ids->failed = true;
			return;
		}
		ids->all = all;
		ids->room = room;
	}
	ids->all[ids->count++] = rill_socket_id(socket);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void who(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)user;
	char room[ROOM_NAME];
	rill_broadcast to = { .ns = rill_socket_namespace(socket), .rooms = RILL_ROOMS(room) };
	struct ids ids = { .count = 0 };
	rill_json_writer w;
	if (!read_room(args, 0, room))
		return;
	rill_json_begin(&w);
	rill_json_open(&w, '[');
	if (rill_broadcast_each(&to, take_id, &ids) == 0 && !ids.failed) {
		if (ids.count)
			qsort(ids.all, ids.count, sizeof(*ids.all), compare_ids);
		for (size_t i = 0; i < ids.count; i++)
			rill_json_put_text(&w, ids.all[i]);
		rill_json_close(&w);
		answer_socketio(reply, RILL_ARGS(rill_json_arg(rill_json_end(&w))));
	}
	rill_json_free(&w);
	free(ids.all);
}

/* All of a room at once. */

static void room_move(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)user;
	char from[ROOM_NAME], to[ROOM_NAME];
	rill_broadcast whom = { .ns = rill_socket_namespace(socket), .rooms = RILL_ROOMS(from) };
	if (read_room(args, 0, from) && read_room(args, 1, to) &&
		rill_broadcast_join(&whom, to) == 0)
		answer_socketio(reply, RILL_ARGS(rill_text("moved")));
}

static void room_drop(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)user;
	char room[ROOM_NAME], from[ROOM_NAME];
	rill_broadcast whom = { .ns = rill_socket_namespace(socket), .rooms = RILL_ROOMS(room) };
	if (read_room(args, 0, room) && read_room(args, 1, from) &&
		rill_broadcast_leave(&whom, from) == 0)
		answer_socketio(reply, RILL_ARGS(rill_text("dropped")));
}

static void kick_room(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	char room[ROOM_NAME];
	rill_broadcast whom = { .ns = rill_socket_namespace(socket), .rooms = RILL_ROOMS(room) };
	if (read_room(args, 0, room))
		rill_broadcast_disconnect(&whom, rill_json_bool(rill_json_at(args, 1), false));
}

int add_socketio_rooms(rill_namespace *ns)
{
	static const struct {
		const char *event;
		rill_event_fn fn;
	} all[] = {
		{ "join", join },
		{ "leave", leave },
		{ "room-msg", room_msg },
		{ "room-msg-all", room_msg_all },
		{ "room-except", room_except },
		{ "bcast", bcast },
		{ "room-ask", room_ask },
		{ "who", who },
		{ "room-move", room_move },
		{ "room-drop", room_drop },
		{ "kick-room", kick_room },
	};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(all) / sizeof(*all); i++)
		rc = rill_namespace_on(ns, all[i].event, all[i].fn, NULL);
	return rc;
}
