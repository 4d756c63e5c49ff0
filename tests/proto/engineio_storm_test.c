/* engineio_storm_test.c: everything at any time: what clients and the program do is drawn, in callbacks too,
 * with upgrades under way and memory that fails, and the promises of a conn hold all the same. The seeds are
 * fixed. */
#include "proto/engineio_program.h"
#include "proto/storm.h"

enum { STEPS = 600, SEEDS = 100 };

static rill_hub *hub;
static char ids[3][21]; /* of sessions that were opened lately */
static rill_request *undecided;

static void send_something(rill_conn *c)
{
	switch (draw(8)) {
	case 0:
		rill_send_piece(c, RILL_TEXT, "p", 1, draw(2));
		break;
	case 1:
		rill_publish(hub, "t", draw(2) ? RILL_TEXT : RILL_BINARY, "pub", 3);
		break;
	case 2:
		rill_engineio_send(c, RILL_TEXT, "s", 1, draw(2), draw(2));
		break;
	default:
		storm_send(c, draw(2) ? RILL_TEXT : RILL_BINARY);
	}
}

static void decide(void)
{
	rill_request *request = undecided;
	if (!request)
		return;
	undecided = NULL;
	if (draw(3))
		rill_engineio_accept(request);
	else
		rill_engineio_refuse(request, draw(2) ? "no" : NULL);
}

static void storm_act(void)
{
	struct life *life = some_life();
	unsigned n = draw(16);
	if (draw(8) == 0)
		decide();
	if (!life)
		return;
	if (n < 7)
		storm_touch(life, n);
	else if (n == 7)
		rill_subscribe(hub, "t", life->conn, NULL);
	else
		send_something(life->conn);
}

static void storm_opened(rill_conn *c)
{
	snprintf(ids[opened % 3], 21, "%s", rill_engineio_id(c));
}

static void closes_with_a_reason(rill_conn *c, int code, rill_bytes reason)
{
	assert_true(code >= 1000 && reason.len > 0);
	storm_on_close(c, code, reason);
}

static rill_handler in_the_storm;

static void on_abandoned(rill_request *request, void *user)
{
	(void)user;
	if (request == undecided)
		undecided = NULL;
}

static int on_request(rill_engineio *s, rill_request *request, void *user)
{
	(void)s;
	(void)user;
	act_sometimes();
	switch (draw(8)) {
	case 0:
		return 403;
	case 1:
		if (undecided)
			return RILL_ACCEPT;
		undecided = request;
		rill_engineio_on_abandoned(request, on_abandoned, NULL);
		return RILL_LATER;
	case 2:
		rill_request_abort(request);
		return RILL_ACCEPT;
	default:
		return RILL_ACCEPT;
	}
}

static void on_headers(rill_engineio *s, rill_request *request, bool initial, void *user)
{
	(void)s;
	(void)initial;
	(void)user;
	rill_response_header(request, "X-Own", "1");
	act_sometimes();
}

static const char *some_id(void)
{
	return ids[draw(3)];
}

/* A WebSocket of its own, or for a session. */
static bool storm_begin_peer(int i)
{
	bool websocket = draw(6) ? i > 3 : draw(2);
	char target[128];
	if (!websocket)
		return false;
	snprintf(target, sizeof(target), "/engine.io/?EIO=%d&transport=websocket%s%s",
		draw(3) ? 4 : 3, draw(5) ? "&sid=" : "&x=", some_id());
	ask_by(&peers[i], "GET", target, UPGRADE, NULL);
	return true;
}

static void send_packet(struct http_peer *p)
{
	static const char *const packets[] = { "2probe", "5", "4m", "4m", "3", "2", "1", "abc", "6" };
	unsigned i = draw(draw(8) ? 5 : 9);
	switch (draw(12)) {
	case 0:
		send_frame(p, 0x88, "\x03\xe8", 2);
		break;
	case 1:
		send_frame(p, 0x82, "\4b", 2);
		break;
	default:
		send_text(p, packets[i]);
	}
}

/* Most clients poll for one session each, others bring what they have to say: two who poll for one would be
 * the end of it. */
static void send_request(struct http_peer *p, int i)
{
	static const char *const bodies[] = { "4a\x1e" "4b\x1e" "bAQIDBA==", "3", "4a", "2:4a1:2", "1",
		"abc", "" };
	char target[128];
	snprintf(target, sizeof(target), "/engine.io/?EIO=%d&transport=polling%s%s%s",
		draw(4) ? 4 : 3, draw(8) ? "&sid=" : "&x=", i < 3 && draw(8) ? ids[i] : some_id(),
		draw(8) ? "" : "&j=1");
	switch (draw(12) ? (i < 3 ? 7 : draw(5)) : draw(8)) {
	case 0:
	case 1:
	case 2:
		ask_by(p, "POST", target, "", bodies[draw(draw(8) ? 4 : 7)]);
		break;
	case 3: /* the rest comes later, or never */
		ask_by(p, "POST", target, "Content-Length: 8\r\n", NULL);
		http_send(p, "4a\x1e");
		break;
	case 4:
		http_send(p, "4half");
		break;
	default:
		ask_by(p, "GET", target, draw(2) ? "" : "Accept-Encoding: gzip\r\n", NULL);
	}
}

static void storm_say(int i)
{
	if (is_websocket[i])
		send_packet(&peers[i]);
	else
		send_request(&peers[i], i);
}

static void begin_storm(uint64_t from)
{
	rill_engineio_options o = defaults();
	start(NULL);
	storm_reset(from);
	memset(ids, 0, sizeof(ids));
	undecided = NULL;
	in_the_storm = storm;
	in_the_storm.on_close = closes_with_a_reason;
	o.max_queue = draw(2) ? 0 : 500 * 1024;
	o.overflow = (rill_overflow)draw(3);
	o.revision3 = true;
	o.on_request = draw(2) ? on_request : NULL;
	o.on_headers = draw(2) ? on_headers : NULL;
	o.cookie = "io";
	o.http_compression = 100;
	o.initial = "first";
	o.initial_len = draw(2) ? 5 : 0;
	assert_int_equal(rill_engineio_serve(http_server, "/engine.io/", &in_the_storm, &o, &service), 0);
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
}

static void calm_down(void)
{
	rill_engineio_stats stats = { .size = sizeof(stats) };
	storm_calm(80000);
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.open, 0);
	assert_int_equal(stats.opened, opened);
	assert_int_equal(stats.closed_clean + stats.closed_lost + stats.closed_protocol, opened);
}

static uint64_t upgraded;

static void run_storm(uint64_t from)
{
	rill_engineio_stats stats = { .size = sizeof(stats) };
	begin_storm(from);
	storm_run(STEPS);
	rill_engineio_read_stats(service, &stats);
	upgraded += stats.upgraded;
	if (draw(2))
		calm_down();
	else if (draw(2))
		rill_engineio_detach(service, draw(2) ? 1000 : 0, NULL);
	rill_hub_free(hub);
	hub = NULL;
	calm = true;
	http_end();
	assert_int_equal(opened, closed);
}

TEST(engineio_storm, the_promises_hold_whatever_happens)
{
	upgraded = 0;
	for (uint64_t i = 1; i <= SEEDS; i++)
		run_storm(i);
	assert_true(upgraded > 10);
}
