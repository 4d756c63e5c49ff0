/* storm.h: everything at any time: what clients and the program do is drawn, in callbacks too, and the promises of a
 * conn hold all the same. A storm test says what its clients and its program can do (storm_*() below, declared here
 * and written there); the seeds are fixed. */
#ifndef TEST_PROTO_STORM_H
#define TEST_PROTO_STORM_H

#include <string.h>
#include <rill/conn.h>
#include "support/http_peer.h"

enum { STORM_PEERS = 6, STORM_CONNS = 128 };

/* What a connection was promised. */
struct life {
	rill_conn *conn; /* NULL: closed, or nobody's place yet */
	bool paused, closing;
};

static struct http_peer peers[STORM_PEERS];
static bool is_websocket[STORM_PEERS];
static struct life lives[STORM_CONNS];
static unsigned opened, closed;
static bool calm; /* nobody acts any more */
static uint64_t storm_seed;

/* The program does something to somebody. */
static void storm_act(void);
/* A connection has opened: what the test has to remember of it. */
static void storm_opened(rill_conn *conn);
/* A client that has just connected begins: is it a WebSocket? The number is its place. */
static bool storm_begin_peer(int i);
/* A client says something, one that is a WebSocket or not. */
static void storm_say(int i);

static inline unsigned draw(unsigned below)
{
	storm_seed = storm_seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(storm_seed >> 33) % below;
}

static inline struct life *life_of(const rill_conn *c)
{
	for (int i = 0; i < STORM_CONNS; i++)
		if (lives[i].conn == c)
			return &lives[i];
	fail_msg("a callback for a connection that is not open");
	return NULL;
}

static inline struct life *some_life(void)
{
	for (int i = 0; i < 16; i++) {
		struct life *life = &lives[draw(STORM_CONNS)];
		if (life->conn)
			return life;
	}
	return NULL;
}

static inline void act_sometimes(void)
{
	while (!calm && draw(3) == 0)
		storm_act();
}

/* For a service that has a log of its own. */
static inline void storm_log(rill_log_level level, const char *line, void *user)
{
	(void)level;
	(void)line;
	(void)user;
	act_sometimes();
}

/* What any program may do to any connection; n is below 7. */
static inline void storm_touch(struct life *life, unsigned n)
{
	switch (n) {
	case 0:
		rill_close(life->conn, 3000, draw(2) ? "why" : NULL);
		life->closing = true;
		break;
	case 1:
		rill_conn_destroy(life->conn);
		life->closing = true;
		break;
	case 2:
	case 3:
		rill_conn_pause(life->conn);
		life->paused = true;
		break;
	default:
		life->paused = false;
		rill_conn_resume(life->conn);
	}
}

/* Sends a text of some length, or something short. */
static inline void storm_send(rill_conn *c, rill_kind kind)
{
	static char large[400 * 1024];

	if (draw(6)) {
		rill_send(c, kind, "m", 1);
		return;
	}
	memset(large, 'x', sizeof(large));
	rill_send(c, kind, large, draw(sizeof(large)));
}

static inline void storm_on_open(rill_conn *c)
{
	*life_of(NULL) = (struct life){ .conn = c };
	storm_opened(c);
	opened++;
	act_sometimes();
}

static inline void storm_on_message(rill_conn *c, rill_msg msg)
{
	const struct life *life = life_of(c);

	assert_false(life->paused);
	assert_false(life->closing);
	if (draw(4) == 0 && rill_msg_keep(c, &msg) == 0)
		rill_msg_release(msg);
	act_sometimes();
}

static inline void storm_on_drain(rill_conn *c)
{
	assert_false(life_of(c)->closing);
	act_sometimes();
}

static inline void storm_on_close(rill_conn *c, int code, rill_bytes reason)
{
	(void)code;
	(void)reason;
	life_of(c)->conn = NULL;
	closed++;
	act_sometimes();
}

static const rill_handler storm = {
	.size = sizeof(storm),
	.on_open = storm_on_open,
	.on_message = storm_on_message,
	.on_drain = storm_on_drain,
	.on_close = storm_on_close,
};

static inline void storm_client_step(void)
{
	int i = (int)draw(STORM_PEERS);
	struct http_peer *p = &peers[i];

	if (p->fd < 0 || p->ended) {
		http_close(p);
		http_open(p);
		is_websocket[i] = storm_begin_peer(i);
	} else if (draw(12) == 0) {
		http_close(p);
	} else if (draw(20) == 0) {
		http_shut(p);
	} else {
		if (draw(10) == 0)
			test_fail_allocation(1 + draw(16), draw(4) == 0);
		storm_say(i);
		test_fail_allocation(0, false);
	}
	if (draw(8) == 0 && p->fd >= 0)
		http_forget(p);
}

static inline void storm_step(void)
{
	switch (draw(8)) {
	case 0:
		http_pass(draw(4) ? 25 : draw(30000));
		break;
	case 1:
	case 2:
		storm_act();
		break;
	case 3:
		http_turns();
		break;
	default:
		storm_client_step();
	}
}

/* Before what the test sets up by draws. */
static inline void storm_reset(uint64_t seed)
{
	storm_seed = seed;
	memset(lives, 0, sizeof(lives));
	opened = closed = 0;
	calm = false;
	for (int i = 0; i < STORM_PEERS; i++)
		peers[i] = (struct http_peer){ .fd = -1 };
}

static inline void storm_run(unsigned steps)
{
	for (unsigned i = 0; i < steps; i++)
		storm_step();
	for (int i = 0; i < STORM_PEERS; i++)
		http_close(&peers[i]);
}

/* All end by themselves from here on; but who is not read from cannot be seen to leave. */
static inline void storm_calm(uint32_t ms)
{
	calm = true;
	for (int i = 0; i < STORM_CONNS; i++) {
		if (!lives[i].conn)
			continue;
		lives[i].paused = false;
		rill_conn_resume(lives[i].conn);
	}
	http_pass(ms);
	http_pass(ms);
}

#endif
