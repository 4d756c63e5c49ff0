/* engineio_open_test.c: how sessions begin, and which requests are refused with which words. */
#include "proto/engineio_program.h"

static void expect_handshake(const char *start, const char *end)
{
	assert_int_equal(strncmp(body, start, strlen(start)), 0);
	assert_int_equal(strncmp(body + strlen(start), sid, 20), 0);
	assert_string_equal(body + strlen(start) + 20, end);
}

TEST(engineio_open, polling_begins_with_a_handshake_and_then_on_open)
{
	serve(NULL);
	open_session();
	expect_handshake("0{\"sid\":\"", "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
					  "\"pingTimeout\":20000,\"maxPayload\":1000000}");
	expect_field("Content-Type", "text/plain; charset=UTF-8");
	expect_field("Cache-Control", "no-store");
	expect_field("Access-Control-Allow-Origin", NULL);
	expect_field("Set-Cookie", NULL);
	expect_field("X-XSS-Protection", NULL);
	assert_string_equal(rill_conn_transport(conn), "polling");
	assert_string_equal(rill_conn_peer(conn), "192.0.2.1");
	assert_int_equal(rill_engineio_revision(conn), 4);
	expect_said("");
	finish();
	assert_string_equal(said, "1006:forced close ");
}

TEST(engineio_open, a_websocket_begins_with_a_handshake_without_upgrades)
{
	serve(NULL);
	open_websocket();
	expect_handshake("0{\"sid\":\"", "\",\"upgrades\":[],\"pingInterval\":25000,"
					  "\"pingTimeout\":20000,\"maxPayload\":1000000}");
	assert_string_equal(rill_conn_transport(conn), "websocket");
	assert_int_equal(rill_engineio_revision(conn), 4);
	finish();
}

TEST(engineio_open, what_can_be_chosen_is_in_the_handshake)
{
	rill_engineio_options o = defaults();
	o.ping_interval_ms = 300;
	o.ping_timeout_ms = 200;
	o.max_payload = 5000;
	o.upgrades = false;
	serve(&o);
	open_session();
	expect_handshake("0{\"sid\":\"", "\",\"upgrades\":[],\"pingInterval\":300,"
					  "\"pingTimeout\":200,\"maxPayload\":5000}");
	finish();
	o.upgrades = true;
	o.websocket = false;
	serve(&o);
	open_session();
	assert_non_null(strstr(body, "\"upgrades\":[],"));
	finish();
}

TEST(engineio_open, ids_are_twenty_characters_that_nobody_has_had)
{
	char before[21];
	serve(NULL);
	open_session();
	snprintf(before, sizeof(before), "%s", sid);
	for (int i = 0; i < 20; i++)
		assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_", before[i]));
	assert_int_equal(before[20], 0);
	open_session();
	assert_string_not_equal(before, sid);
	finish();
}

TEST(engineio_open, requests_that_make_no_sense_are_refused_by_number)
{
	serve(NULL);
	expect("GET", "/engine.io/", 400, UNKNOWN_TRANSPORT);
	expect_field("Content-Type", "application/json");
	expect("GET", "/engine.io/?EIO=4", 400, UNKNOWN_TRANSPORT);
	expect("GET", "/engine.io/?EIO=4&transport=abc", 400, UNKNOWN_TRANSPORT);
	expect("GET", "/engine.io/?EIO=4&transport=webtransport", 400, UNKNOWN_TRANSPORT);
	expect("GET", "/engine.io/?EIO=4&transport=Polling", 400, UNKNOWN_TRANSPORT);
	expect("GET", "/engine.io/?EIO=4&transport=polling&sid=none", 400, UNKNOWN_ID);
	expect("GET", "/engine.io/?EIO=4&transport=polling&sid=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		400, UNKNOWN_ID);
	expect("POST", HANDSHAKE, 400, BAD_METHOD);
	expect("OPTIONS", HANDSHAKE, 400, BAD_METHOD);
	expect("GET", WEBSOCKET, 400, BAD_REQUEST);
	expect("GET", "/engine.io/?transport=polling", 400, UNSUPPORTED);
	expect("GET", "/engine.io/?EIO=3&transport=polling", 400, UNSUPPORTED);
	expect("GET", "/engine.io/?EIO=5&transport=polling", 400, UNSUPPORTED);
	expect("GET", "/engine.io/?EIO=04&transport=polling", 400, UNSUPPORTED);
	expect("POST", "/engine.io/?EIO=3&transport=polling", 400, BAD_METHOD);
	expect_said("");
	finish();
}

TEST(engineio_open, of_a_key_that_comes_again_the_last_counts)
{
	serve(NULL);
	expect("GET", "/engine.io/?transport=polling&EIO=4&transport=x", 400, UNKNOWN_TRANSPORT);
	expect("GET", "/engine.io/?EIO=4&EIO=3&transport=polling", 400, UNSUPPORTED);
	open_at("/engine.io/?EIO=3&transport=x&EIO=4&transport=polling&sid=&t=abc");
	open_at("/engine.io/?%45IO=%34&trans%70ort=poll%69ng");
	finish();
}

static void refuse_upgrade(const char *target, const char *message)
{
	struct http_peer p;
	http_open(&p);
	ask_by(&p, "GET", target, UPGRADE, NULL);
	expect_answer(&p, 400, message);
	expect_field("Content-Type", "text/html");
	expect_field("Connection", "close");
	http_turns();
	http_take(&p);
	assert_true(p.ended);
	http_close(&p);
}

TEST(engineio_open, an_upgrade_is_refused_by_the_message_alone)
{
	char target[128];
	serve(NULL);
	refuse_upgrade("/engine.io/", "Transport unknown");
	refuse_upgrade("/engine.io/?EIO=4&transport=websocket&sid=none", "Session ID unknown");
	refuse_upgrade(HANDSHAKE, "Bad request");
	refuse_upgrade("/engine.io/?transport=websocket", "Unsupported protocol version");
	open_session();
	snprintf(target, sizeof(target), "%s&sid=%s", HANDSHAKE, sid);
	refuse_upgrade(target, "Bad request");
	finish();
}

TEST(engineio_open, an_upgrade_to_something_else_is_refused)
{
	struct http_peer p;
	serve(NULL);
	http_open(&p);
	ask_by(&p, "GET", WEBSOCKET, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", NULL);
	expect_answer(&p, 400, "Bad request");
	http_close(&p);
	http_open(&p);
	ask_by(&p, "GET", WEBSOCKET, "Connection: Upgrade\r\nUpgrade: websocket\r\n", NULL);
	assert_int_equal(take_answer(&p), 400);
	http_close(&p);
	expect_said("");
	finish();
}

TEST(engineio_open, a_transport_that_is_off_is_unknown)
{
	rill_engineio_options o = defaults();
	o.websocket = false;
	serve(&o);
	expect("GET", WEBSOCKET, 400, UNKNOWN_TRANSPORT);
	refuse_upgrade(WEBSOCKET, "Transport unknown");
	finish();
	o.websocket = true;
	o.polling = false;
	serve(&o);
	expect("GET", HANDSHAKE, 400, UNKNOWN_TRANSPORT);
	open_websocket();
	finish();
}

TEST(engineio_open, without_upgrades_a_session_keeps_its_transport)
{
	char target[128];
	rill_engineio_options o = defaults();
	o.upgrades = false;
	serve(&o);
	open_session();
	snprintf(target, sizeof(target), "%s&sid=%s", WEBSOCKET, sid);
	refuse_upgrade(target, "Bad request");
	post("4x", 200, "ok");
	expect_said("<x> ");
	finish();
}

TEST(engineio_open, revision_3_is_for_those_who_want_it)
{
	rill_engineio_options o = defaults();
	o.revision3 = true;
	serve(&o);
	open_at("/engine.io/?transport=polling&b64=1");
	expect_handshake("118:0{\"sid\":\"", "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
					     "\"pingTimeout\":20000,\"maxPayload\":1000000}");
	assert_int_equal(rill_engineio_revision(conn), 3);
	open_at("/engine.io/?EIO=2&transport=polling");
	assert_int_equal(rill_engineio_revision(conn), 3);
	open_websocket_at(WEBSOCKET3);
	expect_handshake("0{\"sid\":\"", "\",\"upgrades\":[],\"pingInterval\":25000,"
					 "\"pingTimeout\":20000,\"maxPayload\":1000000}");
	assert_int_equal(rill_engineio_revision(conn), 3);
	finish();
}

TEST(engineio_open, the_slash_at_the_end_belongs_to_the_path)
{
	serve(NULL);
	expect("GET", "/engine.io?EIO=4&transport=polling", 404, "Nothing is found here.\n");
	open_at("/engine.io/whatever?EIO=4&transport=polling");
	finish();
}

TEST(engineio_open, or_it_does_not)
{
	rill_engineio_options o = defaults();
	o.trailing_slash = false;
	serve(&o);
	open_at("/engine.io?EIO=4&transport=polling");
	open_at("/engine.io/?EIO=4&transport=polling");
	finish();
	start(NULL);
	assert_int_equal(rill_engineio_serve(http_server, "/", &handler, NULL, NULL), 0);
	http_open(&peer);
	open_at("/?EIO=4&transport=polling");
	finish();
}

TEST(engineio_open, the_cookie_is_set_by_the_first_answer_alone)
{
	char cookie[128];
	rill_engineio_options o = defaults();
	o.cookie = "io";
	serve(&o);
	open_session();
	snprintf(cookie, sizeof(cookie), "io=%s; Path=/; HttpOnly; SameSite=Lax", sid);
	expect_field("Set-Cookie", cookie);
	post("4x", 200, "ok");
	expect_field("Set-Cookie", NULL);
	rill_send_text(conn, "x");
	expect_poll("4x");
	expect_field("Set-Cookie", NULL);
	expect("GET", "/engine.io/", 400, UNKNOWN_TRANSPORT);
	expect_field("Set-Cookie", NULL);
	upgrade_by(&peer, WEBSOCKET, "");
	snprintf(cookie, sizeof(cookie), "io=%s; Path=/; HttpOnly; SameSite=Lax", sid);
	expect_field("Set-Cookie", cookie);
	finish();
	o.cookie = "other";
	o.cookie_attributes = NULL;
	serve(&o);
	open_session();
	snprintf(cookie, sizeof(cookie), "other=%s", sid);
	expect_field("Set-Cookie", cookie);
	finish();
}

static void add_headers(rill_engineio *s, rill_request *request, bool initial, void *user)
{
	assert_ptr_equal(s, service);
	rill_response_header(request, "X-Own", initial ? user : "again");
}

TEST(engineio_open, the_program_adds_fields)
{
	rill_engineio_options o = defaults();
	o.on_headers = add_headers;
	o.user = "first";
	serve(&o);
	open_session();
	expect_field("X-Own", "first");
	post("4x", 200, "ok");
	expect_field("X-Own", "again");
	rill_send_text(conn, "x");
	expect_poll("4x");
	expect_field("X-Own", "again");
	upgrade_by(&peer, WEBSOCKET, "");
	expect_field("X-Own", "first");
	finish();
}

TEST(engineio_open, old_explorers_are_kept_from_looking_for_scripts)
{
	serve(NULL);
	ask_by(&peer, "GET", HANDSHAKE, "User-Agent: Mozilla/4.0 (compatible;MSIE 8.0)\r\n", NULL);
	take_answer(&peer);
	expect_field("X-XSS-Protection", "0");
	ask_by(&peer, "GET", HANDSHAKE, "User-Agent: a Trident/7.0 b\r\n", NULL);
	take_answer(&peer);
	expect_field("X-XSS-Protection", "0");
	finish();
}

TEST(engineio_open, an_initial_message_comes_right_behind)
{
	rill_engineio_options o = defaults();
	o.initial = "hello";
	o.initial_len = 5;
	serve(&o);
	open_session();
	rill_send_text(conn, "x");
	expect_poll("4hello\x1e" "4x");
	open_websocket();
	expect_text(&peer, "4hello");
	finish();
}

/* The program's word. */

static int answer;
static rill_request *asked;
static void on_abandoned(rill_request *request, void *user)
{
	(void)user;
	assert_ptr_equal(request, asked);
	say("abandoned ");
}

static int on_request(rill_engineio *s, rill_request *request, void *user)
{
	(void)s;
	(void)user;
	say("asked ");
	asked = request;
	rill_engineio_on_abandoned(request, on_abandoned, user);
	return answer;
}

static void on_refused(
	rill_engineio *s, rill_request *request, int code, const char *message, void *user)
{
	(void)s;
	(void)user;
	assert_non_null(request);
	say("refused:%d:%s ", code, message);
}

static rill_engineio_options with_hook(int says)
{
	rill_engineio_options o = defaults();
	o.on_request = on_request;
	o.on_refused = on_refused;
	answer = says;
	return o;
}

TEST(engineio_open, the_program_is_asked_once_for_each_session)
{
	rill_engineio_options o = with_hook(RILL_ACCEPT);
	serve(&o);
	ask_by(&peer, "GET", HANDSHAKE, "", NULL);
	assert_int_equal(take_answer(&peer), 200);
	expect_said("asked open ");
	post("4x", 200, "ok");
	expect_said("<x> ");
	upgrade_by(&peer, WEBSOCKET, "");
	expect_said("asked open ");
	finish();
}

TEST(engineio_open, what_the_program_refuses_is_forbidden)
{
	rill_engineio_options o = with_hook(403);
	serve(&o);
	expect("GET", HANDSHAKE, 403, FORBIDDEN);
	expect_said("asked refused:4:Forbidden ");
	refuse_upgrade(WEBSOCKET, "Forbidden");
	expect_said("asked refused:4:Forbidden ");
	finish();
}

TEST(engineio_open, refusals_are_told)
{
	rill_engineio_options o = with_hook(RILL_ACCEPT);
	rill_engineio_stats stats = { .size = sizeof(stats) };
	serve(&o);
	expect("GET", "/engine.io/", 400, UNKNOWN_TRANSPORT);
	expect_said("refused:0:Transport unknown ");
	expect("GET", "/engine.io/?transport=polling", 400, UNSUPPORTED);
	expect_said("asked refused:5:Unsupported protocol version ");
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.refused, 2);
	finish();
}

static int refuse_at_once(rill_engineio *s, rill_request *request, void *user)
{
	(void)s;
	assert_int_equal(rill_engineio_refuse(request, user), 0);
	assert_int_equal(rill_engineio_refuse(request, user), RILL_ECLOSED);
	assert_int_equal(rill_engineio_accept(request), RILL_ECLOSED);
	return RILL_LATER;
}

TEST(engineio_open, a_message_may_be_given)
{
	rill_engineio_options o = with_hook(0);
	o.on_request = refuse_at_once;
	o.user = "not \"you\"";
	serve(&o);
	expect("GET", HANDSHAKE, 403, "{\"code\":4,\"message\":\"not \\\"you\\\"\"}");
	refuse_upgrade(WEBSOCKET, "not \"you\"");
	expect_said("refused:4:not \"you\" refused:4:not \"you\" ");
	finish();
}

TEST(engineio_open, the_program_may_take_its_time)
{
	rill_engineio_options o = with_hook(RILL_LATER);
	serve(&o);
	ask_by(&peer, "GET", HANDSHAKE, "", NULL);
	expect_said("asked ");
	http_pass(29000);
	expect_nothing(&peer);
	assert_int_equal(rill_engineio_accept(asked), 0);
	assert_string_equal(said, ""); /* never from inside */
	assert_int_equal(rill_engineio_accept(asked), RILL_ECLOSED);
	assert_int_equal(take_answer(&peer), 200);
	expect_said("open ");
	ask_by(&peer, "GET", HANDSHAKE, "", NULL);
	expect_said("asked ");
	assert_int_equal(rill_engineio_refuse(asked, NULL), 0);
	expect_answer(&peer, 403, FORBIDDEN);
	expect_said("refused:4:Forbidden ");
	ask_by(&peer, "GET", WEBSOCKET, UPGRADE, NULL);
	expect_said("asked ");
	assert_int_equal(rill_engineio_accept(asked), 0);
	assert_int_equal(take_head(&peer), 101);
	expect_said("open ");
	finish();
}

TEST(engineio_open, but_not_for_ever)
{
	rill_engineio_options o = with_hook(RILL_LATER);
	serve(&o);
	ask_by(&peer, "GET", HANDSHAKE, "", NULL);
	http_pass(29990);
	expect_nothing(&peer);
	http_pass(20);
	assert_int_equal(take_answer(&peer), 503);
	expect_said("asked abandoned ");
	finish();
}

TEST(engineio_open, a_client_that_leaves_is_waited_for_no_longer)
{
	rill_engineio_options o = with_hook(RILL_LATER);
	serve(&o);
	ask_by(&peer, "GET", HANDSHAKE, "", NULL);
	http_close(&peer);
	expect_said("asked abandoned ");
	http_open(&peer);
	finish();
}

TEST(engineio_open, a_server_that_stops_waits_for_no_decision)
{
	rill_engineio_options o = with_hook(RILL_LATER);
	serve(&o);
	ask_by(&peer, "GET", HANDSHAKE, "", NULL);
	rill_server_stop(http_server, 1000, NULL, NULL);
	assert_int_equal(take_answer(&peer), 503);
	expect_said("asked abandoned ");
	finish();
}

TEST(engineio_open, sessions_may_be_limited)
{
	rill_engineio_options o = defaults();
	o.max_sessions = 1;
	serve(&o);
	open_session();
	ask_by(&peer, "GET", HANDSHAKE, "", NULL);
	assert_int_equal(take_answer(&peer), 503);
	ask_by(&peer, "GET", WEBSOCKET, UPGRADE, NULL);
	assert_int_equal(take_answer(&peer), 503);
	finish();
}

TEST(engineio_open, kept_headers_are_of_the_first_request)
{
	static const char *const keep[] = { "User-Agent", NULL };
	rill_engineio_options o = defaults();
	o.keep_headers = keep;
	serve(&o);
	ask_by(&peer, "GET", HANDSHAKE, "User-Agent: one\r\n", NULL);
	take_answer(&peer);
	rill_bytes agent = rill_conn_header(conn, "user-agent");
	test_expect_text(agent.data, agent.len, "one");
	ask_by(&peer, "GET", at(""), "User-Agent: two\r\n", NULL);
	agent = rill_conn_header(conn, "user-agent");
	test_expect_text(agent.data, agent.len, "one");
	finish();
}

TEST(engineio_open, websockets_of_other_origins_may_be_refused)
{
	static const char *const origins[] = { "http://a.example", NULL };
	rill_engineio_options o = defaults();
	o.origins = origins;
	serve(&o);
	upgrade_by(&peer, WEBSOCKET, "Origin: http://a.example\r\n");
	http_close(&peer);
	http_open(&peer);
	ask_by(&peer, "GET", WEBSOCKET, UPGRADE "Origin: http://b.example\r\n", NULL);
	assert_int_equal(take_answer(&peer), 403);
	finish();
}

TEST(engineio_open, options_that_make_no_sense_are_refused)
{
	rill_engineio_options o = defaults();
	start(NULL);
	o.ping_interval_ms = 0;
	assert_int_equal(rill_engineio_serve(http_server, "/e", &handler, &o, NULL), RILL_EINVAL);
	o = defaults();
	o.polling = o.websocket = false;
	assert_int_equal(rill_engineio_serve(http_server, "/e", &handler, &o, NULL), RILL_EINVAL);
	o = defaults();
	o.cookie = "a b";
	assert_int_equal(rill_engineio_serve(http_server, "/e", &handler, &o, NULL), RILL_EINVAL);
	o = defaults();
	o.max_payload = 0;
	assert_int_equal(rill_engineio_serve(http_server, "/e", &handler, &o, NULL), RILL_EINVAL);
	o = defaults();
	o.size = 0;
	assert_int_equal(rill_engineio_serve(http_server, "/e", &handler, &o, NULL), RILL_EINVAL);
	assert_int_equal(rill_engineio_serve(http_server, "e", &handler, NULL, NULL), RILL_EINVAL);
	assert_int_equal(rill_engineio_serve(http_server, NULL, &handler, NULL, NULL), RILL_EINVAL);
	assert_int_equal(rill_engineio_serve(http_server, "/e", NULL, NULL, NULL), RILL_EINVAL);
	http_end();
}
