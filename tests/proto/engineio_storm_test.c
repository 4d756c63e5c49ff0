/* engineio_storm_test.c: everything at any time: what clients and the program do is drawn, in callbacks too,
 * with upgrades under way and memory that fails, and the promises of a conn hold all the same. The seeds are
 * fixed. */
#include "proto/engineio_program.h"

enum { PEERS = 6, CONNS = 128, STEPS = 600, SEEDS = 100 };

static struct http_peer peers[PEERS];
static bool is_websocket[PEERS];
static uint64_t seed;
static rill_hub *hub;
static char ids[3][21]; /* of sessions that were opened lately */
static rill_request *undecided;

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
		rill_send(c, draw(2) ? RILL_TEXT : RILL_BINARY, large, draw(sizeof(large)));
		break;
	case 1:
		rill_send_piece(c, RILL_TEXT, "p", 1, draw(2));
		break;
	case 2:
		rill_publish(hub, "t", draw(2) ? RILL_TEXT : RILL_BINARY, "pub", 3);
		break;
	case 3:
		rill_engineio_send(c, RILL_TEXT, "s", 1, draw(2), draw(2));
		break;
	default:
		rill_send_text(c, "m");
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

/* The program does something to somebody. */
static void act(void)
{
	struct life *life = some_life();
	if (draw(8) == 0)
		decide();
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
		rill_subscribe(hub, "t", c, NULL);
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
	snprintf(ids[opened % 3], 21, "%s", rill_engineio_id(c));
	opened++;
	act_sometimes();
}

static void storm_message(rill_conn *c, rill_msg msg)
{
	const struct life *life = life_of(c);
	assert_false(life->paused);
	assert_false(life->closing);
	if (draw(4) == 0 && rill_msg_keep(c, &msg) == 0)
		rill_msg_release(msg);
	act_sometimes();
}

static void storm_drain(rill_conn *c)
{
	assert_false(life_of(c)->closing);
	act_sometimes();
}

static void storm_close(rill_conn *c, int code, rill_bytes reason)
{
	assert_true(code >= 1000 && reason.len > 0);
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
static void open_peer(int i, bool websocket)
{
	char target[128];
	http_open(&peers[i]);
	is_websocket[i] = websocket;
	if (!websocket)
		return;
	snprintf(target, sizeof(target), "/engine.io/?EIO=%d&transport=websocket%s%s",
		draw(3) ? 4 : 3, draw(5) ? "&sid=" : "&x=", some_id());
	ask_by(&peers[i], "GET", target, UPGRADE, NULL);
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

/* A client does something. */
static void client_step(void)
{
	int i = (int)draw(PEERS);
	struct http_peer *p = &peers[i];
	if (p->fd < 0 || p->ended) {
		http_close(p);
		open_peer(i, draw(6) ? i > 3 : draw(2));
	} else if (draw(12) == 0) {
		http_close(p);
	} else if (draw(20) == 0) {
		http_shut(p);
	} else {
		if (draw(10) == 0)
			test_fail_allocation(1 + draw(12), draw(4) == 0);
		if (is_websocket[i])
			send_packet(p);
		else
			send_request(p, i);
		test_fail_allocation(0, false);
	}
	if (draw(8) == 0 && p->fd >= 0)
		http_forget(p);
}

static void step(void)
{
	switch (draw(8)) {
	case 0:
		http_pass(draw(4) ? 50 : draw(30000));
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

static void begin_storm(uint64_t from)
{
	rill_engineio_options o = defaults();
	start(NULL);
	seed = from;
	memset(lives, 0, sizeof(lives));
	memset(ids, 0, sizeof(ids));
	opened = closed = 0;
	calm = false;
	undecided = NULL;
	o.max_queue = draw(2) ? 0 : 500 * 1024;
	o.overflow = (rill_overflow)draw(3);
	o.revision3 = true;
	o.on_request = draw(2) ? on_request : NULL;
	o.on_headers = draw(2) ? on_headers : NULL;
	o.cookie = "io";
	o.http_compression = 100;
	o.initial = "first";
	o.initial_len = draw(2) ? 5 : 0;
	assert_int_equal(rill_engineio_serve(http_server, "/engine.io/", &storm, &o, &service), 0);
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	for (int i = 0; i < PEERS; i++)
		peers[i] = (struct http_peer){ .fd = -1 };
}

/* All end by themselves; but who is not read from cannot be seen to leave. */
static void calm_down(void)
{
	rill_engineio_stats stats = { .size = sizeof(stats) };
	for (int i = 0; i < CONNS; i++) {
		if (!lives[i].conn)
			continue;
		lives[i].paused = false;
		rill_conn_resume(lives[i].conn);
	}
	http_pass(80000);
	http_pass(80000);
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
	for (int i = 0; i < STEPS; i++)
		step();
	rill_engineio_read_stats(service, &stats);
	upgraded += stats.upgraded;
	for (int i = 0; i < PEERS; i++)
		http_close(&peers[i]);
	calm = draw(2);
	if (calm)
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
