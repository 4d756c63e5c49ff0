/* websocket_conn_test.c: the promises of rill/conn.h on a real WebSocket: every call that ends,
 * holds or feeds a connection, made inside every callback. */
#include <string.h>
#include "support/peer.h"

enum place { IN_OPEN, IN_MESSAGE, IN_DRAIN, IN_PING, IN_PONG, IN_PONG_FN, IN_CLOSE, PLACES };

static const char *const place_names[] = { "on_open", "on_message", "on_drain", "on_ping",
	"on_pong", "a pong's function", "on_close" };

/* One run: what is done where, and what came of it. */
static struct {
	struct peer peer;
	rill_conn *conn; /* NULL before on_open and after on_close */
	enum place place;
	void (*action)(void);
	bool in_call; /* a call of the program's is under way */
	bool done;    /* the action */
	bool paused;
	bool over; /* closed or destroyed by the program */
	int opened, closed;
} run;

/* What is true in every callback; the action when this is its place. */
static void told(rill_conn *conn, enum place place)
{
	assert_false(run.in_call);
	assert_int_equal(run.opened, 1);
	assert_int_equal(run.closed, place == IN_CLOSE);
	assert_ptr_equal(run.conn, conn);
	if (place != run.place || run.done)
		return;
	run.done = true;
	run.in_call = true;
	run.action();
	run.in_call = false;
}

static void on_open(rill_conn *conn)
{
	run.opened++;
	run.conn = conn;
	told(conn, IN_OPEN);
}

static void on_message(rill_conn *conn, rill_msg msg)
{
	(void)msg;
	assert_false(run.paused || run.over);
	told(conn, IN_MESSAGE);
}

static void on_drain(rill_conn *conn)
{
	told(conn, IN_DRAIN);
}

static void on_ping(rill_conn *conn, rill_bytes data)
{
	(void)data;
	told(conn, IN_PING);
}

static void on_pong(rill_conn *conn, rill_bytes data)
{
	(void)data;
	told(conn, IN_PONG);
}

static void on_own_pong(rill_conn *conn, bool pong, void *user)
{
	(void)pong;
	(void)user;
	told(conn, IN_PONG_FN);
}

static void on_close(rill_conn *conn, int code, rill_bytes reason)
{
	(void)code;
	(void)reason;
	run.closed++;
	told(conn, IN_CLOSE);
	run.conn = NULL;
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_message = on_message,
	.on_drain = on_drain,
	.on_close = on_close,
	.on_ping = on_ping,
	.on_pong = on_pong,
};

static void send_it(void)
{
	int rc = rill_send_text(run.conn, "x");

	if (run.place == IN_CLOSE)
		assert_int_equal(rc, RILL_ECLOSED);
	else if (run.place != IN_PONG_FN)
		assert_true(rc >= 0);
}

static void ping_it(void)
{
	int rc = rill_ping(run.conn, "own", 3, NULL, NULL);

	assert_int_equal(rc, run.place == IN_CLOSE ? RILL_ECLOSED : 0);
}

static void close_it(void)
{
	run.over = true;
	assert_int_equal(rill_close(run.conn, 1000, "bye"), 0);
	assert_int_equal(rill_send_text(run.conn, "x"), RILL_ECLOSED);
}

static void destroy_it(void)
{
	run.over = true;
	rill_conn_destroy(run.conn);
	assert_int_equal(rill_send_text(run.conn, "x"), RILL_ECLOSED);
}

static void pause_it(void)
{
	run.paused = true;
	rill_conn_pause(run.conn);
}

static void pause_and_resume_it(void)
{
	rill_conn_pause(run.conn);
	rill_conn_resume(run.conn);
}

static void pause_and_destroy_it(void)
{
	rill_conn_pause(run.conn);
	destroy_it();
}

static const struct {
	const char *name;
	void (*fn)(void);
} actions[] = {
	{ "sending", send_it },
	{ "pinging", ping_it },
	{ "closing", close_it },
	{ "destroying", destroy_it },
	{ "pausing", pause_it },
	{ "pausing and resuming", pause_and_resume_it },
	{ "pausing and destroying", pause_and_destroy_it },
};

static void resume(void)
{
	if (run.paused && run.conn) {
		run.paused = false;
		rill_conn_resume(run.conn);
		peer_turn(&run.peer);
	}
}

static void hear(const char *hex)
{
	peer_send_hex(&run.peer, hex);
	resume();
}

/* What the program does by itself: enough for a drain, and a ping that is answered. */
static void say(void)
{
	static const char much[4096];

	if (!run.conn)
		return;
	run.in_call = true;
	rill_ping(run.conn, "p", 1, on_own_pong, NULL);
	rill_send(run.conn, RILL_BINARY, much, sizeof(much));
	run.in_call = false;
	peer_turn(&run.peer);
	resume();
}

/* The life of a connection in which every callback has its turn. */
static void live(void)
{
	rill_server_options options;

	rill_server_options_default(&options);
	options.high_water = 1024;
	options.low_water = 64;
	peer_start(&run.peer, &options);
	assert_int_equal(rill_websocket_serve(run.peer.server, "/ws", &handler, NULL, NULL), 0);
	peer_connect(&run.peer);
	peer_ask(&run.peer, "/ws", "");
	resume();
	hear("81 81 00000000 61  81 81 00000000 62");
	hear("89 81 00000000 70  81 81 00000000 63");
	say();
	hear("8a 81 00000000 70  81 81 00000000 64");
	hear("88 82 00000000 03e8  81 81 00000000 65");
	peer_leave(&run.peer);
	peer_turn(&run.peer);
}

TEST(websocket_conn, everything_may_be_done_in_every_callback)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		for (int place = 0; place < PLACES; place++) {
			memset(&run, 0, sizeof(run));
			run.place = (enum place)place;
			run.action = actions[i].fn;
			live();
			if (!run.done)
				fail_msg("%s: %s was never called", actions[i].name,
					place_names[place]);
			if (run.opened != 1 || run.closed != 1)
				fail_msg("%s in %s: %d times open, %d times closed",
					actions[i].name, place_names[place], run.opened,
					run.closed);
			peer_stop(&run.peer);
			assert_int_equal(test_live_blocks(), 0);
		}
	}
}
