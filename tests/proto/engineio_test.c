/* engineio_test.c: the service as a whole: its beginning and end, what it counts, and memory that runs out. */
#include "conn/no_json.h"
#include "proto/engineio_program.h"

static void count(rill_conn *c, void *user)
{
	(void)c;
	++*(int *)user;
}

static void close_one(rill_conn *c, void *user)
{
	(void)user;
	rill_close(c, 4000, NULL);
}

TEST(engineio, knows_its_sessions)
{
	int n = 0;
	rill_engineio_stats stats = { .size = sizeof(stats) };
	serve(NULL);
	open_session();
	post("4abc", 200, "ok");
	rill_send_text(conn, "de");
	expect_poll("4de");
	expect_said("<abc> ");
	open_websocket();
	rill_engineio_each(service, count, &n);
	assert_int_equal(n, 2);
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.open, 2);
	assert_int_equal(stats.opened, 2);
	assert_int_equal(stats.messages_in, 1);
	assert_int_equal(stats.bytes_in, 3);
	assert_int_equal(stats.messages_out, 1);
	assert_int_equal(stats.bytes_out, 2);
	rill_engineio_each(service, close_one, NULL);
	expect_said("4000:forced close ");
	expect_close(&peer, 1000);
	n = 0;
	rill_engineio_each(service, count, &n);
	assert_int_equal(n, 0);
	finish();
}

TEST(engineio, sizes_of_older_programs_are_respected)
{
	rill_engineio_stats stats = { .size = offsetof(rill_engineio_stats, opened), .opened = 7 };
	rill_engineio_options o = defaults();
	serve(NULL);
	open_session();
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.open, 1);
	assert_int_equal(stats.opened, 7);
	finish();
	o.size = offsetof(rill_engineio_options, max_payload);
	o.ping_interval_ms = 5;
	o.max_payload = 0; /* not there yet */
	serve(&o);
	open_session();
	assert_non_null(strstr(body, "\"pingInterval\":5,\"pingTimeout\":20000,\"maxPayload\":1000000"));
	finish();
}

static const rill_handler plain = { .size = sizeof(plain) };
static void keep_it(rill_conn *c)
{
	assert_string_equal(rill_engineio_id(c), "");
	assert_int_equal(rill_engineio_revision(c), 0);
	assert_int_equal(rill_engineio_send(c, RILL_TEXT, "a", 1, true, false), RILL_EINVAL);
	say("other ");
}

TEST(engineio, other_connections_are_none_of_its)
{
	rill_handler other = plain;
	other.on_open = keep_it;
	serve(NULL);
	assert_int_equal(rill_sockjs_serve(http_server, "/sockjs", &other, NULL, NULL), 0);
	assert_int_equal(rill_websocket_serve(http_server, "/ws", &other, NULL, NULL), 0);
	ask_by(&peer, "POST", "/sockjs/0/0/xhr", "", "");
	take_answer(&peer);
	upgrade_by(&peer, "/ws", "");
	expect_said("other other ");
	finish();
}

TEST(engineio, detached_it_serves_its_sessions_alone)
{
	struct http_peer other;
	serve(NULL);
	open_session();
	rill_engineio_detach(service, 0, NULL);
	rill_engineio_detach(service, 0, NULL);
	http_open(&other);
	ask_by(&other, "GET", HANDSHAKE, "", NULL);
	assert_int_equal(take_answer(&other), 404);
	http_close(&other);
	post("4a", 200, "ok");
	rill_send_text(conn, "b");
	expect_poll("4b");
	expect_said("<a> ");
	post("1", 200, "ok");
	expect_said("1000:transport close ");
	finish();
}

TEST(engineio, detached_with_a_code_it_closes_them)
{
	serve(NULL);
	open_session();
	hold(&peer);
	rill_engineio_detach(service, 4002, "enough");
	expect_answer(&peer, 200, "1");
	expect_said("4002:forced close ");
	finish();
	serve(NULL);
	open_websocket();
	rill_engineio_detach(service, 4002, "enough");
	expect_close(&peer, 1000);
	expect_said("4002:forced close ");
	finish();
}

TEST(engineio, another_may_take_its_place)
{
	rill_engineio *second;
	serve(NULL);
	open_session();
	rill_engineio_detach(service, 0, NULL);
	assert_int_equal(
		rill_engineio_serve(http_server, "/engine.io", &handler, NULL, &second), 0);
	char first[21];
	snprintf(first, sizeof(first), "%s", sid);
	open_session();
	post("4new", 200, "ok");
	snprintf(sid, sizeof(sid), "%s", first);
	post("4old", 200, "ok");
	expect_said("<new> <old> ");
	finish();
}

static void detach_it(rill_conn *c)
{
	(void)c;
	rill_engineio_detach(service, 1000, NULL);
}

TEST(engineio, may_be_detached_in_any_callback)
{
	serve(NULL);
	in_open = detach_it;
	open_session();
	expect_poll("1");
	expect_said("1000:forced close ");
	finish();
	serve(NULL);
	in_open = detach_it;
	open_websocket();
	expect_close(&peer, 1000);
	expect_said("1000:forced close ");
	finish();
	serve(NULL);
	in_close = detach_it;
	open_session();
	post("1", 200, "ok");
	expect_said("1000:transport close ");
	finish();
}

static int detach_meanwhile(rill_engineio *s, rill_request *request, void *user)
{
	(void)request;
	(void)user;
	rill_engineio_detach(s, 1000, NULL);
	return RILL_ACCEPT;
}

TEST(engineio, what_is_accepted_while_it_is_detached_is_turned_away)
{
	rill_engineio_options o = defaults();
	o.on_request = detach_meanwhile;
	serve(&o);
	ask_by(&peer, "GET", HANDSHAKE, "", NULL);
	assert_int_equal(take_answer(&peer), 503);
	expect_said("");
	finish();
}

TEST(engineio, a_server_that_stops_closes_all)
{
	serve(NULL);
	open_session();
	hold(&peer);
	rill_server_stop(http_server, 5000, NULL, NULL);
	expect_answer(&peer, 200, "1");
	expect_said("1001:forced close ");
	finish();
	serve(NULL);
	open_session();
	rill_server_stop(http_server, 5000, NULL, NULL);
	http_pass(6000);
	expect_said("");
	finish(); /* nobody could come to be told */
	assert_string_equal(said, "1001:forced close ");
}

TEST(engineio, queues_are_limited)
{
	static char many[1000];
	rill_engineio_options o = defaults();
	o.max_queue = 1500;
	o.overflow = RILL_OVERFLOW_REFUSE;
	serve(&o);
	open_session();
	assert_int_equal(rill_send(conn, RILL_BINARY, many, sizeof(many)), 0);
	assert_int_equal(rill_send(conn, RILL_BINARY, many, sizeof(many)), RILL_ETOOBIG);
	finish();
	o.overflow = RILL_OVERFLOW_CLOSE;
	serve(&o);
	open_session();
	assert_int_equal(rill_send(conn, RILL_BINARY, many, sizeof(many)), 0);
	assert_int_equal(rill_send(conn, RILL_BINARY, many, sizeof(many)), RILL_ETOOBIG);
	hold(&peer);
	assert_int_equal(take_answer(&peer), 200);
	expect_poll("1");
	expect_said("1008:forced close ");
	finish();
}

/* A service and its sessions with everything, whichever allocation fails once the peers are connected. */
static void live(size_t n)
{
	static const char *const keep[] = { "X-A", NULL }, *const anywhere[] = { "http://a", NULL };
	static const char form[] = "Content-Type: application/x-www-form-urlencoded\r\n";
	static char many[2000];
	char target[128];
	rill_engineio_options options = defaults();
	struct http_peer sender, ws, third;
	options.keep_headers = keep;
	options.cors.origins = anywhere;
	options.cookie = "io";
	options.initial = "first";
	options.initial_len = 5;
	options.revision3 = true;
	said[0] = sid[0] = 0;
	service = NULL;
	http_open(&peer);
	http_open(&sender);
	http_open(&ws);
	http_open(&third);
	test_fail_allocation(n, false);
	rill_engineio_serve(http_server, "/engine.io/", &handler, &options, &service);
	ask_by(&peer, "OPTIONS", HANDSHAKE, "Origin: http://a\r\n", NULL);
	ask_by(&peer, "GET", "/engine.io/", "Origin: http://a\r\n", NULL);
	ask_by(&peer, "GET", HANDSHAKE, "Origin: http://a\r\nX-A: b\r\n", NULL);
	if (conn) {
		rill_send(conn, RILL_BINARY, many, sizeof(many));
		ask_by(&peer, "GET", at(""), "Accept-Encoding: gzip\r\n", NULL);
	}
	ask_by(&sender, "POST", at(""), "", "4a\x1e" "bAQIDBA==");
	ask_by(&sender, "POST", at("&j=1"), form, "d=4a%5Cnb");
	snprintf(target, sizeof(target), "%s&sid=%s", WEBSOCKET, sid);
	ask_by(&ws, "GET", target, UPGRADE, NULL);
	send_text(&ws, "2probe");
	ask_by(&peer, "GET", at(""), "", NULL);
	http_pass(200);
	send_text(&ws, "5");
	send_text(&ws, "4c");
	if (conn)
		rill_send_text(conn, "x");
	http_pass(25010);
	send_text(&ws, "3");
	http_close(&ws);
	ask_by(&third, "GET", WEBSOCKET3, UPGRADE, NULL);
	send_text(&third, "2");
	send_text(&third, "1");
	rill_engineio_detach(service, 3000, "bye");
	http_turns();
	http_close(&third);
	http_close(&sender);
	http_close(&peer);
	http_pass(100 * 1000);
}

static size_t count_of(const char *what)
{
	size_t n = 0;
	for (const char *p = said; (p = strstr(p, what)); p++)
		n++;
	return n;
}

TEST(engineio, any_allocation_may_fail)
{
	size_t n = 1;
	bool failed;
	start(NULL);
	do {
		live(n++);
		failed = test_allocation_failed();
		test_fail_allocation(0, false);
		/* Opened and closed, or neither. */
		assert_int_equal(count_of("open "), count_of(":"));
		assert_null(conn);
	} while (n == 2 || failed);
	assert_true(n > 50);
	assert_int_equal(count_of("open "), 2);
	http_end();
}

TEST(engineio, there_is_no_json)
{
	serve(NULL);
	open_session();
	expect_no_json(conn);
	assert_int_equal(rill_engineio_send(conn, RILL_JSON, "1", 1, true, false), RILL_EUNSUPPORTED);
	rill_send_text(conn, "x");
	expect_poll("4x");
	open_websocket();
	expect_no_json(conn);
	assert_int_equal(rill_engineio_send(conn, RILL_JSON, "1", 1, true, false), RILL_EUNSUPPORTED);
	finish();
}
