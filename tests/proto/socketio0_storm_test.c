/* socketio0_storm_test.c: everything at any time, for the listener of 2010: what clients send, on all transports and in
 * any pieces, and what the program does in whichever of its functions is called, is drawn; the seeds are fixed. */
#include "proto/socketio0_program.h"
#include "proto/storm.h"

enum { STEPS = 300, SEEDS = 200, SERVICES = 2, IDS = 8 };

static rill_socketio0 *services[SERVICES];
static rill_hub *hub;
static char ids[IDS][40]; /* of clients that were there */
static int transports[IDS];

static void close_it(rill_conn *c, void *user)
{
	(void)user;
	if (draw(3) == 0 && rill_close(c, draw(2) ? 3000 : 2010, "each") == 0)
		life_of(c)->closing = true;
}

static void storm_event(rill_socketio0 *from, rill_conn *c, const rill_msg *message, void *user)
{
	(void)user;
	assert_ptr_equal(rill_socketio0_listener(c), from);
	if (message)
		assert_int_equal(rill_conn_get_state(c), RILL_CONN_OPEN);
	act_sometimes();
}

static void change_listeners(rill_socketio0 *some, rill_conn *c)
{
	rill_socketio0_event event = (rill_socketio0_event)draw(6);

	switch (draw(4)) {
	case 0:
		rill_socketio0_on(some, event, storm_event, NULL);
		break;
	case 1:
		rill_socketio0_remove(some, event, storm_event, NULL);
		break;
	case 2:
		rill_socketio0_client_on(c, event, storm_event, NULL);
		break;
	default:
		rill_socketio0_client_remove(c, event, storm_event, NULL);
	}
}

static void serve_anew(void);

static void act_on(struct life *life)
{
	rill_socketio0 *some = rill_socketio0_listener(life->conn);
	unsigned n = draw(20);

	if (n < 7)
		storm_touch(life, n);
	else if (n == 7)
		rill_subscribe(hub, draw(2) ? "t" : "u", life->conn, NULL);
	else if (n == 8)
		rill_unsubscribe_all(hub, life->conn);
	else if (n == 9)
		rill_socketio0_send(life->conn, RILL_ARGS(rill_text("a"), rill_number(0.5)));
	else if (n == 10)
		rill_socketio0_broadcast_from(life->conn, RILL_ARGS(rill_text("b\r\n")));
	else if (n == 11)
		rill_send(life->conn, RILL_JSON, "{\"a\":[]}", 8);
	else if (n < 15 && some)
		change_listeners(some, life->conn);
	else
		storm_send(life->conn, RILL_TEXT);
}

static void storm_act(void)
{
	struct life *life = some_life();
	rill_socketio0 *some = services[draw(SERVICES)];
	bool fails = draw(4) == 0;

	if (fails)
		test_fail_allocation(1 + draw(4), draw(2));
	if (draw(4) == 0)
		rill_publish(hub, draw(2) ? "t" : "u", draw(2) ? RILL_TEXT : RILL_JSON, "1", 1);
	else if (draw(40) == 0)
		serve_anew();
	else if (some && draw(20) == 0)
		rill_socketio0_each(some, close_it, NULL);
	else if (some && draw(10) == 0)
		rill_socketio0_broadcast(some, RILL_ARGS(rill_int(5)), RILL_EXCEPT(ids[0]));
	else if (life)
		act_on(life);
	if (fails)
		test_fail_allocation(0, false);
}

static void storm_opened(rill_conn *c)
{
	unsigned i = draw(IDS);

	snprintf(ids[i], sizeof(ids[i]), "%s", rill_socketio0_session_id(c));
	for (int t = 0; t < TRANSPORTS; t++)
		if (strcmp(rill_conn_transport(c), names[t]) == 0)
			transports[i] = t;
}

static int storm_request(rill_socketio0 *from, rill_request *request, void *user)
{
	(void)from;
	(void)user;
	act_sometimes();
	if (draw(20) == 0)
		rill_request_abort(request);
	return draw(10) ? RILL_ACCEPT : 403;
}

static void serve_one(int i)
{
	rill_socketio0_options options;

	rill_socketio0_options_default(&options);
	options.resource = i ? "socket.io" : "other/one";
	options.on_request = storm_request;
	options.handler = &storm;
	options.on_client_connect = options.on_connection = storm_event;
	options.on_client_message = options.on_client_disconnect = storm_event;
	options.log = draw(2) ? storm_log : NULL;
	options.max_queue = draw(2) ? 0 : 200 * 1024;
	options.overflow = (rill_overflow)draw(3);
	EACH_TRANSPORT(t)
	if (!is_poll(t) && draw(2))
		times_of(&options, t)->close_timeout_ms = 5000;
	services[i] = NULL;
	if (rill_socketio0_serve(http_server, &options, &services[i]) == 0 && draw(4) == 0)
		rill_socketio0_listen_policy(services[i], "127.0.0.1", 0);
}

static void serve_anew(void)
{
	int i = (int)draw(SERVICES);

	rill_socketio0_detach(services[i],
		draw(2)   ? 0
		: draw(2) ? 1000
			  : 4000,
		draw(2) ? "off" : NULL);
	serve_one(i);
}

static const char *resource(void)
{
	return draw(3) ? "socket.io" : "other/one";
}

/* Whole, or byte by byte for a while. */
static void say_so(struct http_peer *p, const char *text, size_t len)
{
	size_t n = draw(4) ? 0 : draw((unsigned)len + 1);

	for (size_t i = 0; i < n; i++)
		http_send_bytes(p, text + i, 1);
	http_send_bytes(p, text + n, len - n);
}

static const char *const batches[] = { "~m~1~m~a~m~1~m~b", "~m~4~m~~h~1", "~m~5~m~~j~{}",
	"~m~9~m~short", "garbage", "", "~m~3~m~a\r\nb", "~m~4~m~~h~2~m~1~m~c", "~m~6~m~~j~[1]" };
enum { BATCHES = sizeof(batches) / sizeof(*batches) };

static void send_request(struct http_peer *p)
{
	char request[1024], path[128];
	unsigned i = draw(IDS);
	int t = draw(4) ? transports[i] : (int)draw(TRANSPORTS);

	if (draw(3) == 0) {
		t = (int)draw(TRANSPORTS);
		i = IDS;
	}
	snprintf(path, sizeof(path), "/%s/%s/%s/1/%s", resource(), names[t], i < IDS ? ids[i] : "",
		draw(10) ? "0" : "x");
	if (i < IDS && draw(2)) {
		const char *text = draw(8) ? form(batches[draw(BATCHES)]) : "daten=x";
		snprintf(request, sizeof(request),
			"POST %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n%.500s", path,
			draw(2) ? "Origin: http://b\r\n" : "", strlen(text), text);
	} else {
		snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n",
			draw(12) ? "GET" : "OPTIONS", path,
			draw(4) ? "" : "Cookie: a\r\nAccess-Control-Request-Method: POST\r\n");
	}
	say_so(p, request, strlen(request));
}

static bool storm_begin_peer(int i)
{
	static const char *const handshakes[] = { UPGRADE,
		"Upgrade: WebSocket\r\nConnection: Upgrade\r\nOrigin: http://b\r\n" };
	unsigned k = draw(IDS);
	char path[128];

	if (draw(12) == 0)
		http_send_bytes(&peers[i], "<policy-file-request/>", 23);
	if (draw(2))
		return false;
	snprintf(
		path, sizeof(path), "/%s/%s/%s", resource(), names[draw(2)], draw(2) ? ids[k] : "");
	ask_by(&peers[i], "GET", path, handshakes[draw(4) == 0], NULL);
	return true;
}

static void storm_say(int i)
{
	if (!is_websocket[i])
		send_request(&peers[i]);
	else if (draw(20))
		send_socket(&peers[i], draw(20) ? 0x81 : 0x82, batches[draw(BATCHES)]);
	else
		send_socket(&peers[i], 0x88, "\x03\xe8");
}

static void run_storm(uint64_t from)
{
	start(NULL);
	storm_reset(from);
	memset(ids, 0, sizeof(ids));
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	for (int i = 0; i < SERVICES; i++)
		serve_one(i);
	storm_run(STEPS);
	if (draw(2))
		storm_calm(60000);
	calm = true;
	rill_hub_free(hub);
	http_end();
	assert_int_equal(opened, closed);
}

TEST(socketio0_storm, the_promises_hold_whatever_happens)
{
	unsigned all = 0;

	for (uint64_t i = 1; i <= SEEDS; i++) {
		run_storm(i);
		all += opened;
	}
	assert_true(all > SEEDS * 5);
}
