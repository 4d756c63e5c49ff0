/* session_storm_test.c: everything at any time: what clients and the program do is drawn, in callbacks too,
 * and the promises of a conn hold all the same. The seeds are fixed. */
#include "proto/session_program.h"
#include "proto/storm.h"

enum { STEPS = 400, SEEDS = 60 };

static rill_hub *hub;

static void send_something(rill_conn *c)
{
	switch (draw(8)) {
	case 0:
		rill_send_piece(c, RILL_TEXT, "p", 1, draw(2));
		break;
	case 1:
		if (hub)
			rill_publish(hub, "t", RILL_TEXT, "pub", 3);
		break;
	case 2:
		rill_ping(c, "x", 1, NULL, NULL);
		break;
	default:
		storm_send(c, RILL_TEXT);
	}
}

static void storm_act(void)
{
	struct life *life = some_life();
	unsigned n = draw(16);
	if (!life)
		return;
	if (n < 7) {
		storm_touch(life, n);
	} else if (n == 7) {
		if (hub)
			rill_subscribe(hub, "t", life->conn, NULL);
	} else if (n == 8) {
		rill_conn_queued(life->conn);
		rill_conn_local(life->conn);
		rl_session_uuid(rl_session(life->conn));
	} else {
		send_something(life->conn);
	}
}

static void storm_opened(rill_conn *c)
{
	(void)c;
}

static bool storm_begin_peer(int i)
{
	static const char *const openings[] = {
		"GET /ws HTTP/1.1\r\n" UPGRADE "\r\n",
		"GET /raw HTTP/1.1\r\n" UPGRADE "\r\n",
		"GET /ws3?id=1 HTTP/1.1\r\n" UPGRADE "\r\n",
		"GET /ws3?id=2 HTTP/1.1\r\n" UPGRADE "\r\n",
	};
	bool websocket = draw(3) == 0;

	if (websocket)
		http_send(&peers[i], openings[draw(4)]);
	return websocket;
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

static void storm_say(int i)
{
	if (is_websocket[i])
		send_frame(&peers[i]);
	else
		send_request(&peers[i]);
}

static void run_storm(uint64_t from)
{
	static const enum rl_overlap overlaps[] = { RL_OVERLAP_REFUSE, RL_OVERLAP_FAIL,
		RL_OVERLAP_REPLACE };
	start(NULL);
	storm_reset(from);
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
	storm_run(STEPS);
	if (draw(2)) {
		storm_calm(40000);
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
	for (uint64_t i = 1; i <= SEEDS; i++)
		run_storm(i);
}
