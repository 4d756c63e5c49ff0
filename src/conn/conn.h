/* conn.h: the inside of a rill_conn: what a service embeds, the table of what it must be able to
 * do, and the upcalls through which alone it speaks to the program.
 *
 * The promises of rill/conn.h are kept here: services report what happened, conn.c decides what
 * of it the program hears, in which order, and how often. */
#ifndef RL_CONN_CONN_H
#define RL_CONN_CONN_H

#include <rill/conn.h>
#include "base/blob.h"
#include "base/list.h"
#include "net/addr.h"
#include "net/loop.h"

struct rl_conn_extra;
struct rl_publication;
struct rl_stream;

struct rl_conn_watcher;

/* What somebody has to know of a connection besides its service: the hub. None of these calls up. */
struct rl_conn_watcher_ops {
	/* Something is about to be sent on it by other ways: what stands in line for it goes first. */
	void (*before_send)(struct rill_conn *conn, struct rl_conn_watcher *watcher);
	/* There is room: the queue has sunk to the low-water mark (before on_drain), or a message in
	 * pieces has ended. */
	void (*drained)(struct rill_conn *conn, struct rl_conn_watcher *watcher);
	/* It is over, or begins to close: the watcher takes itself away. */
	void (*closed)(struct rill_conn *conn, struct rl_conn_watcher *watcher);
};

struct rl_conn_watcher {
	const struct rl_conn_watcher_ops *ops;
};

/* What a service does for its connections. Called by the public functions after they have looked
 * at the state; none of these may call back. */
struct rl_conn_ops {
	const char *transport; /* "websocket" */
	/* The same, where connections of one service differ; NULL: transport. */
	const char *(*transport_now)(const struct rill_conn *conn);
	/* Text may hold lone surrogates here (WTF-8): what the service cannot carry it refuses by itself.
	 * Pieces come unchecked: what they make together is for the service to look at. */
	bool surrogates;
	/* There are messages that say they are JSON (RILL_JSON). Of those in pieces likewise. */
	bool json;
	/* The program has the connection before it is open (a client's): send, control, close, cut and
	 * queued are called in state CONNECTING too. ended tells what became of it. */
	bool early;
	/* Takes a message, or a piece of one: whole when first and last. blob: what data points
	 * into, to be referred to rather than copied; may be NULL. Results of rill_send(). */
	int (*send)(struct rill_conn *conn, rill_kind kind, struct rl_slice data,
		struct rl_blob *blob, bool first, bool last);
	/* Takes a message of the hub in the form it has, or makes it (publication.h). NULL: sent like
	 * any other, by reference. Results of rill_send(); the queue's limit is not looked at: the hub
	 * looks first. */
	int (*publish)(struct rill_conn *conn, struct rl_publication *publication);
	/* What a bundle of them is here, as it is for many, and the stream that is to take it; borrowed.
	 * NULL: they are sent one by one. The op may be NULL: always so. */
	struct rl_blob *(*shared)(
		struct rill_conn *conn, struct rl_publication *bundle, struct rl_stream **stream);
	/* Writes what is queued now, while it is in the cache; NULL: at the end of the turn. */
	void (*flush)(struct rill_conn *conn);
	/* Has the cache fetch what publish and flush will look at; may be NULL. */
	void (*prefetch)(const struct rill_conn *conn);
	/* Messages have a type here that their receiver sees (event streams). */
	bool typed;
	/* Has the receiver name this id when it comes back, as if a message had brought it; not inside of
	 * one that is sent in pieces. Results of rill_send(). NULL: no such thing here. */
	int (*mark)(struct rill_conn *conn, struct rl_slice id);
	/* What on_close says of one that the program has cut; NULL: nothing. */
	const char *cut_reason;
	/* Begins the protocol's closing. rl_conn_closed() follows when it has ended, not from
	 * inside. RILL_EINVAL, RILL_EUTF8: nothing was done. */
	int (*close)(struct rill_conn *conn, int code, struct rl_slice reason);
	/* Lets go of everything below at once. No upcalls after it: conn.c tells the rest. */
	void (*cut)(struct rill_conn *conn);
	/* The program has paused or resumed, or keeps too many messages. */
	void (*set_reading)(struct rill_conn *conn, bool on);
	/* Sends a ping, or a pong. Results of rill_ping(). */
	int (*control)(struct rill_conn *conn, bool ping, struct rl_slice data);
	/* Inside rl_conn_message(): makes the message's memory a blob of its own without copying;
	 * NULL when that cannot be. */
	struct rl_blob *(*take_message)(struct rill_conn *conn);
	size_t (*queued)(const struct rill_conn *conn);
	/* Accounts for bytes kept on this connection's behalf (negative: given back). */
	void (*charge)(struct rill_conn *conn, ptrdiff_t bytes);
	const char *(*version)(const struct rill_conn *conn);
	const char *(*protocol)(const struct rill_conn *conn);
	const char *(*extensions)(const struct rill_conn *conn);
	/* A kept request header; data NULL when there is none. */
	struct rl_slice (*header)(const struct rill_conn *conn, struct rl_slice name);
	/* Who it is, as long as the service knows; see rl_conn_keep_peer(). */
	const struct rl_addr *(*peer)(const struct rill_conn *conn);
	bool (*secure)(const struct rill_conn *conn);
	/* This end's address; false: not known. */
	bool (*local)(struct rill_conn *conn, struct rl_addr *addr);
	/* It is over: the service counts it, and no longer needs it. Once, right before on_close. */
	void (*ended)(struct rill_conn *conn);
	/* The last reference is gone: free the struct the conn lives in. */
	void (*free)(struct rill_conn *conn);
};

struct rill_conn {
	const struct rl_conn_ops *ops;
	const rill_handler *handler;
	void *user;
	struct rill_loop *loop;
	struct rl_list node;         /* the service's: all its connections; then in dead_conns */
	struct rl_conn_extra *extra; /* what few connections need; NULL until then */
	union {
		struct rl_conn_watcher *watcher; /* see rl_conn_watcher() */
		struct rill_conn *next_late;     /* late: the next in the loop's late_conns */
	};
	uint64_t id;
	uint64_t messages_in, messages_out, bytes_in, bytes_out;
	size_t queue_peak;
	uint32_t refs : 31;  /* the service's one, rill_conn_ref()'s, that of late_conns */
	uint32_t late : 1;   /* stands in late_conns: on_close is due, unless it has been called */
	uint16_t close_code; /* what a late on_close will say */
	rill_conn_state state : 8;
	bool opened : 1;     /* on_open was called */
	bool paused : 1;     /* by the program */
	bool starved : 1;    /* too many messages are kept: no more are read */
	bool in_message : 1; /* on_message is under way */
	bool drain_due : 1;  /* rill_send() has returned 1 */
	bool piece_out : 1;  /* a message in pieces is being sent */
	uint8_t piece_kind : 2;
	bool traced : 1;
};

/* Who watches it; NULL: nobody, as of one that is on its way out. */
static inline struct rl_conn_watcher *rl_conn_watcher(const struct rill_conn *conn)
{
	return conn->late ? NULL : conn->watcher;
}

/* Sets the common part up, in state CONNECTING, with the service's reference. */
void rl_conn_init(struct rill_conn *conn, const struct rl_conn_ops *ops,
	const rill_handler *handler, struct rill_loop *loop);

/* Upcalls. They come from the loop, never from inside a downcall. Any of them may close or cut
 * the conn; its memory stays until the end of the turn. */

/* The protocol is open: calls on_open. request: readable until it returns; may be NULL. */
void rl_conn_opened(struct rill_conn *conn, const rill_request *request);

/* A message came, or a piece of one. Dropped when the conn is closing. */
void rl_conn_message(
	struct rill_conn *conn, rill_kind kind, struct rl_slice data, bool first, bool last);

void rl_conn_ping(struct rill_conn *conn, struct rl_slice data);
void rl_conn_pong(struct rill_conn *conn, struct rl_slice data);

/* The queue has sunk to the low-water mark. */
void rl_conn_drained(struct rill_conn *conn);

/* Downcalls for the hub and for services with sends of their own. */

/* rill_send() of what is known to be what its kind says; rill_close() with a reason of any length. */
int rl_conn_send(struct rill_conn *conn, rill_kind kind, struct rl_slice data);
int rl_conn_close(struct rill_conn *conn, int code, struct rl_slice reason);

/* Who it is to be taken for, as rill_conn_peer(); unknown when nobody knows any more. */
const struct rl_addr *rl_conn_peer(const struct rill_conn *conn);

/* Sends a publication in the form the service has for it. Results of rill_send(); 1: the watcher's
 * drained follows. */
int rl_conn_publish(struct rill_conn *conn, struct rl_publication *publication);

/* To be called before anything that is sent by the program: what was published earlier goes first.
 * It may find the connection too slow and close it: look at the state afterwards. */
static inline void rl_conn_before_send(struct rill_conn *conn)
{
	struct rl_conn_watcher *watcher = rl_conn_watcher(conn);
	if (watcher)
		watcher->ops->before_send(conn, watcher);
}

/* May publications be handed over? Not inside a message in pieces. */
static inline bool rl_conn_takes_publications(const struct rill_conn *conn)
{
	return conn->state == RILL_CONN_OPEN && !conn->piece_out;
}

/* It is over and nothing below refers to the conn any more: on_close is called (when on_open
 * was), and the service's reference is dropped. A second call does nothing. */
void rl_conn_closed(struct rill_conn *conn, int code, struct rl_slice reason);

/* The same, at the end of the turn: for the inside of a downcall. No reason. */
void rl_conn_closed_later(struct rill_conn *conn, int code);

/* Keeps the peer's address for the program when ops->peer cannot tell it: the service lets go of the
 * stream before on_close, or the stream's own address is a proxy's. The first time counts. */
void rl_conn_keep_peer(struct rill_conn *conn, const struct rl_addr *peer);

/* Something was queued, and now so many bytes wait: the service says so at each send. */
static inline void rl_conn_note_queue(struct rill_conn *conn, size_t queued)
{
	if (queued > conn->queue_peak)
		conn->queue_peak = queued;
}

/* Calls fn for each open one of a service's list (by node); fn may close and send. For rill_..._each(). */
void rl_conn_each(struct rl_list *conns, void (*fn)(struct rill_conn *conn, void *user), void *user);

/* May messages be delivered now? */
static inline bool rl_conn_wants_messages(const struct rill_conn *conn)
{
	return conn->state == RILL_CONN_OPEN && !conn->paused && !conn->starved;
}

/* Shows a frame to the tap; call only when conn->traced. */
void rl_conn_trace(struct rill_conn *conn, const rill_frame *frame);

#endif
