/* bench.h: one run of `rill bench`: clients that each keep messages under way to a server that sends them back.
 *
 *   bench.c         the run: opens, starts, ends, and says what came of it
 *   bench_client.c  one client: sends, and knows its own messages again */
#ifndef BENCH_H
#define BENCH_H

#include <rill/client.h>
#include "bench_options.h"
#include "latency.h"
#include "signals.h"
#include "socketio_session.h"
#include "text.h"

struct bench;

/* A message under way. */
struct bench_slot {
	uint64_t number, sent_ns;
};

struct bench_client {
	struct bench *bench;
	uint64_t index;
	rill_conn *conn;                 /* NULL: not opened yet, or gone */
	struct socketio_session session; /* of Socket.IO alone */
	struct bench_slot *slots;
	bool ready;
};

struct bench {
	struct bench_options options;
	rill_loop *loop;
	rill_timer *timer; /* what is waited for: openings, the end, the last close */
	struct signals signals;
	struct text url;
	struct bench_client *clients;
	struct text message; /* what is sent; its tag changes */
	enum { BENCH_OPENING, BENCH_RUNNING, BENCH_CLOSING } state;
	uint64_t begun;                    /* clients that were told to open */
	uint64_t opening, ready, open;     /* of them: neither way yet, both now */
	uint64_t failed, lost;             /* not opened; gone while it ran */
	uint64_t sent, answered, strange;  /* messages; the last: that came and were none of ours */
	uint64_t from_ns, run_ns, used_us; /* when it began, how long it took, of a processor */
	struct latency latency;
	char trouble[400]; /* the first one: a sentence */
};

/* Opens one. Returns 0, RILL_EINVAL (the command line is wrong) or why it cannot. */
int bench_client_open(struct bench_client *client);
/* Sends its first messages. */
void bench_client_start(struct bench_client *client);
void bench_client_close(struct bench_client *client);
void bench_client_fini(struct bench_client *client);

/* What a client reports. ready and gone: once each, in this order if at all. sentence: why. */
void bench_ready(struct bench_client *client);
void bench_gone(struct bench_client *client, const char *sentence);

uint64_t bench_now_ns(void);

#endif
