/* session_storm_test.c: everything at any time: what clients and the program do is drawn, in callbacks too,
 * and the promises of a conn hold all the same. The seeds are fixed. */
#include <sys/socket.h>
#include "proto/session_program.h"

enum { PEERS = 6, CONNS = 64, STEPS = 400, SEEDS = 60 };

static struct http_peer peers[PEERS];
static bool is_websocket[PEERS];
static uint64_t seed;
static rill_hub *hub;

/* What a connection was promised. */
static struct life {
	rill_conn *conn; /* NULL: closed, or nobody's place yet */
	bool paused, closing;
} lives[CONNS];
static unsigned opened, closed;
static bool calm; /* nobody acts any more */

static unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

static struct life *life_of(const rill_conn *c)
{
	for (int i = 0; i < CONNS; i++)
		if (lives[i].conn == c)
			return &lives[i];
	fail_msg("a callback for a connection that is not open");
	return NULL;
}

static struct life *some_life(void)
{
	for (int i = 0; i < 16; i++) {
		struct life *life = &lives[draw(CONNS)];
		if (life->conn)
			return life;
	}
	return NULL;
}

static void send_something(rill_conn *c)
{
	static char large[400 * 1024];
	switch (draw(8)) {
	case 0:
		memset(large, 'x', sizeof(large));
		rill_send(c, RILL_TEXT, large, draw(sizeof(large)));
		break;
	case 1:
		rill_send_piece(c, RILL_TEXT, "p", 1, draw(2));
		break;
	case 2:
		if (hub)
			rill_publish(hub, "t", RILL_TEXT, "pub", 3);
		break;
	case 3:
		rill_ping(c, "x", 1, NULL, NULL);
		break;
	default:
		rill_send_text(c, "m");
	}
}

/* The program does something to somebody. */
static void act(void)
{
	struct life *life = some_life();
	if (!life)
		return;
	rill_conn *c = life->conn;
	switch (draw(16)) {
	case 0:
		rill_close(c, 3000, draw(2) ? "why" : NULL);
		life->closing = true;
		break;
	case 1:
		rill_conn_destroy(c);
		life->closing = true;
		break;
	case 2:
	case 3:
		rill_conn_pause(c);
		life->paused = true;
		break;
	case 4:
	case 5:
	case 6:
		life->paused = false;
		rill_conn_resume(c);
		break;
	case 7:
		if (hub)
			rill_subscribe(hub, "t", c, NULL);
		break;
	case 8:
		rill_conn_queued(c);
		rill_conn_local(c);
		rl_session_uuid(rl_session(c));
		break;
	default:
		send_something(c);
	}
}

static void act_sometimes(void)
{
	while (!calm && draw(3) == 0)
		act();
}

static void storm_open(rill_conn *c)
{
	struct life *life = life_of(NULL);
	*life = (struct life){ .conn = c };
	opened++;
	act_sometimes();
}

static void storm_message(rill_conn *c, rill_msg msg)
{
	const struct life *life = life_of(c);
	assert_false(life->paused);
	assert_false(life->closing);
	if (draw(4) == 0) {
		if (rill_msg_keep(c, &msg) == 0)
			rill_msg_release(msg);
	}
	act_sometimes();
}

static void storm_drain(rill_conn *c)
{
	assert_false(life_of(c)->closing);
	act_sometimes();
}

static void storm_close(rill_conn *c, int code, rill_bytes reason)
{
	(void)code;
	(void)reason;
	life_of(c)->conn = NULL;
	closed++;
	act_sometimes();
}

static const rill_handler storm = {
	.size = sizeof(storm),
	.on_open = storm_open,
	.on_message = storm_message,
	.on_drain = storm_drain,
	.on_close = storm_close,
};

static const char *const openings[] = {
	"GET /ws HTTP/1.1\r\n" UPGRADE "\r\n",
	"GET /raw HTTP/1.1\r\n" UPGRADE "\r\n",
	"GET /ws3?id=1 HTTP/1.1\r\n" UPGRADE "\r\n",
	"GET /ws3?id=2 HTTP/1.1\r\n" UPGRADE "\r\n",
};

static void open_peer(int i, bool websocket)
{
	http_open(&peers[i]);
	is_websocket[i] = websocket;
	if (websocket)
		http_send(&peers[i], openings[draw(4)]);
}

static void send_frame(struct http_peer *peer)
{
	static const char *const frames[] = { "\x81\x83\0\0\0\0x|y", "\x8a\x80\0\0\0\0",
		"\x88\x82\0\0\0\0\x03\xe8", "\x81\x81\0\0\0\0!", "\x82\x81\0\0\0\0b",
		"\x81\x81\0\0\0\0^" };
	static const size_t sizes[] = { 9, 6, 8, 7, 7, 7 };
	unsigned i = draw(3) ? 0 : draw(6);
	http_send_bytes(peer, frames[i], sizes[i]);
}

static void send_request(struct http_peer *peer)
{
	static const char *const what[] = { "poll", "stream", "poll2", "stream2", "poll3",
		"stream3" };
	char text[32];
	if (draw(3) == 0) {
		snprintf(text, sizeof(text), "%u", draw(3));
		bring(peer, text, draw(10) ? "a|^|c" : "!");
	} else {
		snprintf(text, sizeof(text), "%u/%s", draw(3), what[draw(6)]);
		ask(peer, text);
	}
}

/* A client does something. */
static void client_step(void)
{
	int i = (int)draw(PEERS);
	struct http_peer *peer = &peers[i];
	if (peer->fd < 0 || peer->ended) {
		http_close(peer);
		open_peer(i, draw(3) == 0);
	} else if (draw(12) == 0) {
		http_close(peer);
	} else if (draw(20) == 0) {
		http_shut(peer);
	} else {
		if (draw(10) == 0)
			test_fail_allocation(1 + draw(12), draw(4) == 0);
		if (is_websocket[i])
			send_frame(peer);
		else
			send_request(peer);
		test_fail_allocation(0, false);
	}
	if (draw(8) == 0 && peer->fd >= 0)
		http_forget(peer);
}

static void step(void)
{
	switch (draw(8)) {
	case 0:
		http_pass(draw(4) ? 10 : draw(30000));
		break;
	case 1:
	case 2:
		act();
		break;
	case 3:
		http_turns();
		break;
	default:
		client_step();
	}
}

static void run_storm(uint64_t from)
{
	static const enum rl_overlap overlaps[] = { RL_OVERLAP_REFUSE, RL_OVERLAP_FAIL,
		RL_OVERLAP_REPLACE };
	start(NULL);
	seed = from;
	memset(lives, 0, sizeof(lives));
	opened = closed = 0;
	calm = false;
	sessions.handler = &storm;
	sessions.terms.max_queue = draw(2) ? 0 : 500 * 1024;
	sessions.terms.overflow = (rill_overflow)draw(3);
	dialect.overlap = overlaps[draw(3)];
	for (int i = 0; i < ROWS; i++)
		if (draw(2))
			row_times[i].away_ms = RL_AWAY_NOT;
	sessions.terms.row_times = draw(2) ? row_times : NULL;
	stream_limit = draw(2) ? 0 : 64;
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	for (int i = 0; i < PEERS; i++)
		peers[i] = (struct http_peer){ .fd = -1 };
	for (int i = 0; i < STEPS; i++)
		step();
	for (int i = 0; i < PEERS; i++)
		http_close(&peers[i]);
	calm = draw(2);
	if (calm) { /* all end by themselves; but who is not read from cannot be seen to leave */
		for (int i = 0; i < CONNS; i++) {
			if (!lives[i].conn)
				continue;
			lives[i].paused = false;
			rill_conn_resume(lives[i].conn);
		}
		http_pass(40000);
		http_pass(40000);
		assert_true(rl_sessions_empty(&sessions));
		assert_int_equal(http_server->group.buffered, 0);
	}
	rill_hub_free(hub);
	hub = NULL;
	finish();
	assert_int_equal(opened, closed);
	assert_true(opened > 3);
}

TEST(session_storm, the_promises_hold_whatever_happens)
{
	for (uint64_t i = 1; i <= SEEDS; i++) {
		seed = i;
		run_storm(i);
	}
}
