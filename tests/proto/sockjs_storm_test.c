/* sockjs_storm_test.c: everything at any time, for the service: what clients send, on all transports, and
 * what the program does in whichever of its functions is called, is drawn; the seeds are fixed. */
#include "proto/sockjs_program.h"

enum { PEERS = 6, CONNS = 64, STEPS = 300, SEEDS = 200, SERVICES = 2 };

static struct http_peer peers[PEERS];
static bool framed[PEERS];
static rill_sockjs *services[SERVICES];
static uint64_t seed;
static rill_hub *hub;
static rill_conn *lives[CONNS];
static rill_msg kept;
static unsigned opened, closed;
static bool calm; /* nobody acts any more */

static unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

static rill_conn **place_of(const rill_conn *c)
{
	for (int i = 0; i < CONNS; i++)
		if (lives[i] == c)
			return &lives[i];
	fail_msg("a callback for a connection that is not open");
	return NULL;
}

static void close_it(rill_conn *c, void *user)
{
	(void)user;
	if (draw(3) == 0)
		rill_close(c, draw(2) ? 3000 : 2010, "each");
}

static void serve_anew(void);

static void act_on(rill_conn *c)
{
	static char large[300 * 1024];

	switch (draw(10)) {
	case 0:
		rill_close(c, 3000, "why");
		break;
	case 1:
		rill_conn_destroy(c);
		break;
	case 2:
		rill_conn_pause(c);
		break;
	case 3:
	case 4:
		rill_conn_resume(c);
		break;
	case 5:
		rill_subscribe(hub, draw(2) ? "t" : "u", c, NULL);
		break;
	case 6:
		rill_unsubscribe_all(hub, c);
		break;
	case 7:
		memset(large, draw(2) ? 'x' : 1, sizeof(large));
		rill_send(c, RILL_TEXT, large, draw(sizeof(large)));
		break;
	default:
		rill_send_text(c, rill_sockjs_id(c));
	}
}

static void act(void)
{
	rill_conn *c = lives[draw(CONNS)];
	rill_sockjs *some = services[draw(SERVICES)];
	bool fails = draw(4) == 0;

	if (fails)
		test_fail_allocation(1 + draw(4), draw(2));
	if (draw(4) == 0)
		rill_publish(hub, draw(2) ? "t" : "u", RILL_TEXT, "p\xc3\xa9", 3);
	else if (draw(40) == 0)
		serve_anew();
	else if (some && draw(20) == 0)
		rill_sockjs_each(some, close_it, NULL);
	else if (c)
		act_on(c);
	if (fails)
		test_fail_allocation(0, false);
}

static void act_sometimes(void)
{
	while (!calm && draw(3) == 0)
		act();
}

static void storm_open(rill_conn *c)
{
	*place_of(NULL) = c;
	opened++;
	act_sometimes();
}

static void storm_message(rill_conn *c, rill_msg msg)
{
	place_of(c);
	if (!calm && draw(4) == 0 && rill_msg_keep(c, &msg) == 0) {
		if (kept.hold)
			rill_msg_release(kept);
		kept = msg;
	}
	act_sometimes();
}

static void storm_drain(rill_conn *c)
{
	place_of(c);
	act_sometimes();
}

static void storm_close(rill_conn *c, int code, rill_bytes reason)
{
	(void)code;
	(void)reason;
	*place_of(c) = NULL;
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

static int storm_request(rill_sockjs *s, rill_request *request, void *user)
{
	(void)s;
	(void)user;
	act_sometimes();
	if (draw(20) == 0)
		rill_request_abort(request);
	return draw(10) ? RILL_ACCEPT : 403;
}

static void storm_log(rill_log_level level, const char *line, void *user)
{
	(void)level;
	(void)line;
	(void)user;
	act_sometimes();
}

static void serve_one(int i)
{
	rill_sockjs_options options = defaults();

	options.on_request = storm_request;
	options.log = draw(2) ? storm_log : NULL;
	options.jsessionid = draw(2);
	options.response_limit = draw(2) ? 1 : 4096;
	options.max_queue = draw(2) ? 0 : 200 * 1024;
	options.overflow = (rill_overflow)draw(3);
	options.disconnect_ms = draw(4) ? 5000 : 0;
	if (options.disconnect_ms == 0)
		options.heartbeat_ms = 0;
	services[i] = NULL;
	rill_sockjs_serve(http_server, i ? "/echo" : "/other", &storm, &options, &services[i]);
}

static void serve_anew(void)
{
	int i = (int)draw(SERVICES);

	rill_sockjs_detach(services[i],
		draw(2)   ? 0
		: draw(2) ? 1000
			  : 4000,
		draw(2) ? "off" : NULL);
	serve_one(i);
}

static void send_request(struct http_peer *p)
{
	static const struct {
		const char *method, *name;
	} places[] = { { "POST", "xhr" }, { "POST", "xhr_streaming" }, { "GET", "eventsource" },
		{ "GET", "htmlfile?c=x" }, { "GET", "jsonp?c=x" }, { "POST", "xhr_send" },
		{ "POST", "jsonp_send" }, { "OPTIONS", "xhr" }, { "GET", "websocket" },
		{ "GET", "xhr_send" } };
	static const char *const bodies[] = { "[\"a\",\"b\\n\",1]", "[]", "[\"\\ud800\"", "",
		"\"[\\\"q\\\"]\"" };
	unsigned n = draw(3) ? 5 + draw(2) : draw(10);
	char path[64];

	snprintf(path, sizeof(path), "/%s/0/%u/%s", draw(2) ? "echo" : "other", draw(3),
		places[n].name);
	ask_by(p, places[n].method, path, draw(2) ? "Content-Type: text/plain\r\n" : "",
		strcmp(places[n].method, "POST") == 0 ? bodies[draw(3) ? 0 : draw(5)] : NULL);
}

static void upgrade(struct http_peer *p)
{
	char path[64];

	snprintf(path, sizeof(path), "/%s%s/websocket", draw(2) ? "echo" : "other",
		draw(2) ? "/0/w" : "");
	ask_by(p, "GET", path,
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
		NULL);
}

static void send_frame(struct http_peer *p)
{
	static const char *const frames[] = { "\x81\x89\0\0\0\0[\"a\",\"b\"]", "\x8a\x80\0\0\0\0",
		"\x88\x82\0\0\0\0\x03\xe8", "\x81\x81\0\0\0\0[", "\x82\x81\0\0\0\0b" };
	static const size_t sizes[] = { 15, 6, 8, 7, 7 };
	unsigned i = draw(3) ? 0 : draw(5);

	http_send_bytes(p, frames[i], sizes[i]);
}

static void client_step(void)
{
	int i = (int)draw(PEERS);
	struct http_peer *p = &peers[i];

	if (p->fd < 0 || p->ended) {
		http_close(p);
		http_open(p);
		framed[i] = draw(3) == 0;
		if (framed[i])
			upgrade(p);
	} else if (draw(12) == 0) {
		http_close(p);
	} else if (draw(20) == 0) {
		http_shut(p);
	} else {
		if (draw(10) == 0)
			test_fail_allocation(1 + draw(20), draw(4) == 0);
		if (framed[i])
			send_frame(p);
		else
			send_request(p);
		test_fail_allocation(0, false);
	}
	if (draw(4) == 0 && p->fd >= 0)
		http_forget(p);
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

static void forget_kept(void)
{
	if (kept.hold)
		rill_msg_release(kept);
	kept.hold = NULL;
}

static void run_storm(uint64_t from)
{
	start(NULL);
	seed = from;
	memset(lives, 0, sizeof(lives));
	opened = closed = 0;
	calm = false;
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	for (int i = 0; i < SERVICES; i++)
		serve_one(i);
	for (int i = 0; i < PEERS; i++)
		peers[i] = (struct http_peer){ .fd = -1 };
	for (int i = 0; i < STEPS; i++)
		step();
	for (int i = 0; i < PEERS; i++)
		http_close(&peers[i]);
	calm = true;
	forget_kept();
	rill_hub_free(hub);
	http_end();
	assert_int_equal(opened, closed);
}

TEST(sockjs_storm, the_promises_hold_whatever_happens)
{
	unsigned all = 0;

	for (uint64_t i = 1; i <= SEEDS; i++) {
		run_storm(i);
		all += opened;
	}
	assert_true(all > SEEDS * 5);
}
