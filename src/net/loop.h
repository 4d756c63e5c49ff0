/* loop.h: the inside of a rill_loop: whatever engine turns it, one set of posted functions,
 * timers, work for the end of the turn, and memory that is only lent.
 *
 * A turn: the engine waits and reports; due timers run; posted functions run; then the
 * end of the turn: streams with something to write are flushed, and what died is freed. */
#ifndef RL_NET_LOOP_H
#define RL_NET_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <rill/loop.h>
#include "base/buf.h"
#include "base/env.h"
#include "base/list.h"
#include "net/chunk.h"
#include "net/engine.h"
#include "net/timer.h"

/* Something to do at the end of the turn: freeing, delivering again. Lives in its owner. */
struct rl_task {
	struct rl_list node;
	void (*fn)(struct rl_task *task);
};

struct rill_conn;
struct rill_hub;

struct rill_loop {
	struct rl_env env;
	struct rl_engine *engine;
	struct rl_wheel wheel;
	uint64_t now;         /* ms, read once a turn, when first asked for: see rl_loop_now() */
	struct rl_list eager; /* struct rl_task, run before the flush: they have more to write */
	struct rl_list flush; /* struct rl_stream: something to write */
	struct rl_list tasks; /* struct rl_task, run after the flush; may add more */
	struct rl_list dead;  /* struct rl_task, run last: frees */
	struct rl_chunk_pool chunks;
	uint8_t *receive; /* headroom, then receive_size, then a little behind */
	size_t receive_size;
	struct rl_buf scratch;   /* for whoever needs bytes within one call; left empty */
	struct rl_list services; /* struct rl_loop_member: freed with the loop */
	const void *delivered;   /* text an on_message is being shown: known to be UTF-8 */
	size_t delivered_len;
	bool delivered_surrogates; /* ... but for lone surrogates (WTF-8) */
	bool delivered_json;       /* ... and to be JSON */
	const void *lendable;    /* a message in hand: what stands in front of it is free, and both
	                          * may be lent to its stream */
	const void *opening;     /* the conn whose on_open runs, and the request it came by */
	const void *opening_request;
	/* Of conn.c, which has a task for all connections instead of one in each: those whose on_close
	 * is due at the end of the turn, and those to be freed then. */
	struct {
		struct rl_task task;
		struct rill_conn *first, *last;
	} late_conns;
	struct {
		struct rl_task task;
		struct rl_list nodes;
	} dead_conns;
	uint64_t last_conn_id; /* connections are numbered over all services of the loop */
	uint64_t published;    /* messages of all hubs of the loop, so far */
	struct rill_hub *publishing; /* the one with messages that are not handed out yet */
	bool in_turn;
	bool stale; /* now is older than this turn: the engine has waited since it was read */
	bool last_event; /* the engine reports the last thing of this turn: what follows from it may
	                  * as well be done at once as at the end */
	bool ending;       /* rill_loop_free() is under way: nothing is begun any more */
	bool closing;      /* the engine has closed sockets to report at the end of the turn */
	bool guest;        /* rill_loop_fd() was asked for: timers go through wake_at() */
	bool kicked;       /* there is work that was left outside of a turn, or by the last */
	uint64_t woken_at; /* what wake_at() was last told */
	uint64_t next_due; /* what rl_wheel_next() said before the wait */
	struct {
		pthread_mutex_t lock;
		struct rl_list posted;
		atomic_bool any; /* is there something in posted? Looked at without the lock */
	} shared;
	atomic_bool stop;
	char error[512]; /* rill_loop_error() */
	struct {
		void (*fill)(void *data, size_t len, void *user);
		void *user;
		size_t left;
		uint8_t bytes[512];
	} random; /* see loop_random.c */
	atomic_uintptr_t turner; /* the thread that is turning it; 0: none */
};

/* Room in front of the receive buffer: what a stream has kept of a cut frame or head is put
 * there, so that parsing sees one piece. What is longer is joined elsewhere. */
#define RL_HEADROOM 4096

/* Something that lives as long as the loop at most: closed by rill_loop_free(). One-time per-loop
 * things (a pool of zlib states) hang here too, found by key. */
struct rl_loop_member {
	struct rl_list node;
	const void *key; /* address of a static of the one who put it there; NULL: not looked up */
	void (*free)(struct rl_loop_member *member, struct rill_loop *loop);
};
void rl_loop_join(struct rill_loop *loop, struct rl_loop_member *member);
void rl_loop_leave(struct rl_loop_member *member);
struct rl_loop_member *rl_loop_find(struct rill_loop *loop, const void *key);

/* Runs at the end of this turn (outside of a turn: of the next, which is woken). A task is in at
 * most one list; adding it again does nothing. */
void rl_loop_defer(struct rill_loop *loop, struct rl_task *task);

/* The same, before streams are flushed: for what was put off until all of the turn is known. */
void rl_loop_defer_writes(struct rill_loop *loop, struct rl_task *task);

/* The same, after all others: for freeing. */
void rl_loop_bury(struct rill_loop *loop, struct rl_task *task);

static inline void rl_task_init(struct rl_task *task, void (*fn)(struct rl_task *task))
{
	rl_list_init(&task->node);
	task->fn = fn;
}

/* Sees to it that a turn comes when one is needed and none is under way. Called by whatever
 * leaves work behind. */
void rl_loop_kick(struct rill_loop *loop);

static inline void rl_loop_need_turn(struct rill_loop *loop)
{
	if (!loop->in_turn && !loop->kicked)
		rl_loop_kick(loop);
}

/* Any thread: is this called from inside a turn of the loop? */
static inline bool rl_loop_turns_here(struct rill_loop *loop)
{
	return atomic_load_explicit(&loop->turner, memory_order_relaxed) ==
	       (uintptr_t)pthread_self();
}

/* The time: that of the turn, read when it is first asked for, and outside of a turn, where it may
 * be old, read anew. Everybody reckons from here. */
static inline uint64_t rl_loop_now(struct rill_loop *loop)
{
	if (!loop->in_turn || loop->stale) {
		loop->stale = false;
		loop->now = loop->env.clock(loop->env.user);
	}
	return loop->now;
}

/* Timers of this loop (see timer.h); these also keep a guest's wake-up right. */
void rl_loop_set_timer(struct rill_loop *loop, struct rl_timer *timer, uint64_t due);
void rl_loop_clear_timer(struct rill_loop *loop, struct rl_timer *timer);

/* Posting without allocation: the node is the loop's until fn is called. One that has not run
 * when the loop is freed is dropped: drop(), where there is one, gives its memory back. Any
 * thread. */
struct rl_post {
	struct rl_list node;
	void (*fn)(struct rl_post *post);
	void (*drop)(struct rl_post *post); /* may be NULL */
};
void rl_loop_post_node(struct rill_loop *loop, struct rl_post *post);

/* Notes and logs the sentence behind a failure of a public call, for rill_loop_error(); returns rc. */
int rl_loop_failed(struct rill_loop *loop, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* For loop.c: from now on env.random, of the loop's thread alone, asks the one there was by the
 * block. */
void rl_loop_begin_random(struct rill_loop *loop);

/* For loop.c: runs, or drops, what was posted. */
void rl_loop_run_posted(struct rill_loop *loop);
void rl_loop_drop_posted(struct rill_loop *loop);

/* For loop.c: what sockets do with what the engine tells them (socket.c). */
extern const struct rl_sock_events rl_socket_events;

/* For loop.c: writes out what stands in loop->flush (stream.c). */
void rl_loop_flush_streams(struct rill_loop *loop);

#endif
