/* socketio_session.h: a client in one namespace of a Socket.IO server (Engine.IO 4, Socket.IO 5), over a
 * WebSocket that its owner opens and closes: for `rill connect` and `rill bench`.
 *
 * What it says comes from inside of socketio_session_take(), or of its timer. After refused(), left() and
 * broken() it says and takes nothing more; the owner then closes the WebSocket. */
#ifndef SOCKETIO_SESSION_H
#define SOCKETIO_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <rill/conn.h>
#include <rill/json.h>
#include <rill/loop.h>
#include "text.h"

/* An event of the server's, or its answer to one of ours: args is an array, behind the name of an event. */
struct socketio_event {
	rill_json name; /* a string; NONE: an answer */
	rill_json args; /* until the callback returns */
	bool numbered;  /* the number it answers, or under which an acknowledgement is asked for */
	uint64_t number;
};

struct socketio_events {
	void (*joined)(const char *id, void *user);
	void (*event)(const struct socketio_event *event, void *user);
	void (*ping)(rill_bytes data, void *user); /* answered already */
	/* The namespace is not to be had: a sentence. */
	void (*refused)(const char *sentence, void *user);
	/* The server has ended it. */
	void (*left)(void *user);
	/* What came is no Socket.IO, or nothing came: a sentence. */
	void (*broken)(const char *sentence, void *user);
};

struct socketio_session {
	rill_conn *conn;
	rill_timer *timer; /* for the server's next ping */
	const struct socketio_events *events;
	void *user;
	const char *space,
		*auth; /* the namespace; what is said to get in, NULL: nothing. Borrowed */
	enum { SOCKETIO_OPENING, SOCKETIO_JOINING, SOCKETIO_JOINED, SOCKETIO_OVER } state;
	uint64_t patience_ms;
	uint64_t next; /* number of an acknowledgement that is asked for */
	struct {       /* an event whose attachments are still to come */
		struct text text;
		rill_bytes *list;
		uint32_t count, wanted;
		uint64_t bytes, room;
	} parts;
	struct text out;
};

/* space, auth and parts.room (bytes that the attachments of an event may have together; 0: 64 MiB) are set
 * before, all else is zero. Returns 0 or a negative code; fini is fine either way, and of one that is all zero. */
int socketio_session_init(struct socketio_session *session, rill_loop *loop,
	const struct socketio_events *events, void *user);
void socketio_session_fini(struct socketio_session *session);

/* The WebSocket is open. */
void socketio_session_begin(struct socketio_session *session, rill_conn *conn);
/* A message of it. */
void socketio_session_take(struct socketio_session *session, rill_msg msg);
/* Nothing is read for a while, or is again: then the server cannot be late. */
void socketio_session_hold(struct socketio_session *session, bool held);

/* Sends an event, a JSON array with the name in front; number: an acknowledgement is asked for, under this one.
 * Results of rill_send(). */
int socketio_session_emit(
	struct socketio_session *session, const char *array, size_t len, uint64_t *number);
/* Answers the event of that number with the items of an array. */
int socketio_session_answer(
	struct socketio_session *session, uint64_t number, const char *array, size_t len);
/* Leaves the namespace, if it is in. */
void socketio_session_leave(struct socketio_session *session);

/* The URL of the WebSocket: with ws for http, the usual path /socket.io/ where there is none, and what the
 * protocol asks for in the query. */
void socketio_url(struct text *out, const char *url);

/* Is that a namespace that a client may ask for, what it may say to get in (a JSON object), the name of an event? */
bool socketio_is_namespace(const char *text);
bool socketio_is_auth(const char *text);
bool socketio_is_event(const char *text);
/* What a namespace is, for those who say something else. */
#define SOCKETIO_NAMESPACE_IS "is a name that begins with / and holds no comma"
/* Is it one of the names that an event may not have (connect, disconnect, ...)? */
bool socketio_is_reserved(rill_json name);

#endif
