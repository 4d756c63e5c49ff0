/* sockjs_storm_test.c: everything at any time, for the service: what clients send, on all transports, and
 * what the program does in whichever of its functions is called, is drawn; the seeds are fixed. */
#include "proto/sockjs_program.h"
#include "proto/storm.h"

enum { STEPS = 300, SEEDS = 200, SERVICES = 2 };

static rill_sockjs *services[SERVICES];
static rill_hub *hub;
static rill_msg kept;

static void close_it(rill_conn *c, void *user)
{
	(void)user;
	if (draw(3) == 0 && rill_close(c, draw(2) ? 3000 : 2010, "each") == 0)
		life_of(c)->closing = true;
}

static void serve_anew(void);

static void act_on(struct life *life)
{
	unsigned n = draw(16);

	if (n < 7)
		storm_touch(life, n);
	else if (n == 7)
		rill_subscribe(hub, draw(2) ? "t" : "u", life->conn, NULL);
	else if (n == 8)
		rill_unsubscribe_all(hub, life->conn);
	else if (n == 9)
		rill_send_text(life->conn, rill_sockjs_id(life->conn));
	else
		storm_send(life->conn, RILL_TEXT);
}

static void storm_act(void)
{
	struct life *life = some_life();
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
	else if (life)
		act_on(life);
	if (fails)
		test_fail_allocation(0, false);
}

static void storm_opened(rill_conn *c)
{
	(void)c;
}

/* One is kept beyond its connection. */
static void keeps_messages(rill_conn *c, rill_msg msg)
{
	if (!calm && draw(4) == 0 && rill_msg_keep(c, &msg) == 0) {
		if (kept.hold)
			rill_msg_release(kept);
		kept = msg;
	}
	storm_on_message(c, msg);
}

static rill_handler in_the_storm;

static int storm_request(rill_sockjs *s, rill_request *request, void *user)
{
	(void)s;
	(void)user;
	act_sometimes();
	if (draw(20) == 0)
		rill_request_abort(request);
	return draw(10) ? RILL_ACCEPT : 403;
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
	rill_sockjs_serve(http_server, i ? "/echo" : "/other", &in_the_storm, &options, &services[i]);
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

static bool storm_begin_peer(int i)
{
	bool websocket = draw(3) == 0;

	if (websocket)
		upgrade(&peers[i]);
	return websocket;
}

static void storm_say(int i)
{
	if (is_websocket[i])
		send_frame(&peers[i]);
	else
		send_request(&peers[i]);
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
	storm_reset(from);
	in_the_storm = storm;
	in_the_storm.on_message = keeps_messages;
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	for (int i = 0; i < SERVICES; i++)
		serve_one(i);
	storm_run(STEPS);
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
