/* sockjs_test.c: the SockJS service: its sessions together, its end. */
#include "proto/sockjs_program.h"

TEST(sockjs, services_may_stand_side_by_side)
{
	serve(NULL);
	assert_int_equal(rill_sockjs_serve(http_server, "/echo2", &handler, NULL, NULL), 0);
	expect("POST", "/echo/0/s/xhr", 200, "o\n");
	expect("POST", "/echo2/0/s/xhr", 200, "o\n");
	assert_string_equal(rill_sockjs_prefix(conn), "/echo2");
	expect_said("open open ");
	finish();
}

TEST(sockjs, the_servers_limit_of_bodies_holds_too)
{
	rill_server_options options;
	rill_server_options_default(&options);
	options.max_body = 8;
	start(&options);
	assert_int_equal(rill_sockjs_serve(http_server, "/echo", &handler, NULL, NULL), 0);
	http_open(&peer);
	open_session();
	ask_by(&peer, "POST", "/echo/000/s/xhr_send", "", "[\"1234\"]");
	expect_answer(&peer, 204, "");
	ask_by(&peer, "POST", "/echo/000/s/xhr_send", "", "[\"12345\"]");
	assert_int_equal(take_answer(&peer), 413);
	finish();
}

TEST(sockjs, a_stop_closes_sessions_with_1001)
{
	struct http_peer other;
	serve(NULL);
	open_session();
	ask("POST", "/echo/000/s/xhr");
	http_open(&other);
	ask_by(&other, "POST", "/echo/000/t/xhr_streaming", "", NULL);
	take_answer(&other);
	expect_said("open ");
	rill_server_stop(http_server, 1000, NULL, NULL);
	expect_answer(&peer, 200, "c[1001,\"the server is going away\"]\n");
	in_chunks = true;
	ended = false;
	expect_more(&other, "c[1001,\"the server is going away\"]\n");
	expect_said("close:1001:the server is going away close:1001:the server is going away ");
	http_close(&other);
	finish();
}

static void count_stops(void *user)
{
	++*(int *)user;
}

TEST(sockjs, a_stop_does_not_wait_for_sessions_that_nobody_receives_for)
{
	int stops = 0;
	serve(NULL);
	open_session();
	http_close(&peer);
	rill_server_stop(http_server, 1000, count_stops, &stops);
	http_turns();
	assert_int_equal(stops, 1); /* nobody is connected who could be told */
	rill_server_free(http_server);
	http_server = NULL;
	assert_string_equal(said, "close:1006: ");
	rill_loop_free(http_loop);
	http_loop = NULL;
}

static void free_server(void *user)
{
	(void)user;
	rill_server_free(http_server);
	http_server = NULL;
	say("freed ");
}

TEST(sockjs, the_server_may_be_freed_as_soon_as_it_has_stopped)
{
	struct http_peer stream, ws;
	serve(NULL);
	open_session();
	expect("POST", "/echo/000/idle/xhr", 200, "o\n");
	ask("POST", "/echo/000/s/xhr");
	http_open(&stream);
	ask_by(&stream, "GET", "/echo/000/t/eventsource", "", NULL);
	http_open(&ws);
	ask_by(&ws, "GET", "/echo/000/w/websocket",
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
		NULL);
	expect_said("open open open ");
	rill_server_stop(http_server, 1000, free_server, NULL);
	http_take(&ws);
	assert_non_null(memmem(ws.text, ws.len, "c[1001,", 7));
	http_close(&peer);
	http_close(&stream);
	http_close(&ws);
	http_pass(1000);
	assert_int_equal(strncmp(said, "close:1001:the server is going away close:1001:", 47), 0);
	assert_string_equal(said + strlen(said) - 18, "close:1006: freed ");
	rill_loop_free(http_loop);
	http_loop = NULL;
}

TEST(sockjs, freeing_the_server_closes_sessions_with_1006)
{
	struct http_peer other;
	serve(NULL);
	open_session();
	http_open(&other);
	ask_by(&other, "POST", "/echo/000/s/xhr", "", NULL);
	rill_conn_pause(conn);
	ask_by(&peer, "POST", "/echo/000/s/xhr_send", "", "[\"a\"]");
	rill_server_free(http_server);
	http_server = NULL;
	assert_string_equal(said, "close:1006: ");
	rill_loop_free(http_loop);
	http_loop = NULL;
	http_close(&peer);
	http_close(&other);
}

TEST(sockjs, freeing_the_server_within_a_body_forgets_it)
{
	serve(NULL);
	open_session();
	http_send(&peer,
		"POST /echo/000/s/xhr_send HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n[");
	rill_server_free(http_server);
	http_server = NULL;
	assert_string_equal(said, "close:1006: ");
	rill_loop_free(http_loop);
	http_loop = NULL;
	http_close(&peer);
}

TEST(sockjs, a_session_destroyed_in_the_turn_the_server_is_freed_is_closed_once)
{
	serve(NULL);
	open_session();
	rill_conn_destroy(conn);
	rill_server_free(http_server);
	http_server = NULL;
	assert_string_equal(said, "close:1006: ");
	rill_loop_free(http_loop);
	http_loop = NULL;
	http_close(&peer);
}

TEST(sockjs, a_detached_service_takes_no_more_and_running_responses_live_on)
{
	struct http_peer other;
	serve(NULL);
	ask("POST", "/echo/000/s/xhr_streaming");
	take_answer(&peer);
	expect_said("open ");
	rill_sockjs_detach(service, 0, NULL);
	http_open(&other);
	ask_by(&other, "POST", "/echo/000/t/xhr", "", NULL);
	assert_int_equal(take_answer(&other), 404);
	http_close(&other);
	rill_send_text(conn, "still here");
	in_chunks = true;
	ended = false;
	expect_more(&peer, "a[\"still here\"]\n");
	http_close(&peer);
	expect_said("close:1006: ");
	http_open(&peer);
	finish();
}

TEST(sockjs, detaching_with_a_code_closes_all)
{
	serve(NULL);
	open_session();
	ask("POST", "/echo/000/s/xhr");
	rill_sockjs_detach(service, 4000, "bye");
	expect_answer(&peer, 200, "c[4000,\"bye\"]\n");
	expect_said("close:4000:bye ");
	finish();
}

TEST(sockjs, a_service_may_be_detached_from_inside_its_callbacks_and_serve_anew)
{
	serve(NULL);
	expect("POST", "/echo/000/s/xhr", 200, "o\n");
	rill_sockjs_detach(service, 0, NULL);
	rill_sockjs_detach(service, 0, NULL); /* does nothing */
	rill_sockjs_detach(NULL, 0, NULL);
	assert_int_equal(rill_sockjs_serve(http_server, "/echo", &handler, NULL, &service), 0);
	expect("POST", "/echo/000/s/xhr", 200, "o\n");
	expect_said("open open ");
	http_pass(6000);
	expect_said("close:1006: close:1006: ");
	finish();
}

static void detach_it(rill_conn *c)
{
	(void)c;
	rill_sockjs_detach(service, 1000, "off");
}

TEST(sockjs, a_service_detached_as_a_session_opens_closes_it)
{
	serve(NULL);
	in_open = detach_it;
	ask("POST", "/echo/000/s/xhr_streaming");
	assert_int_equal(take_answer(&peer), 200);
	assert_true(ended);
	assert_string_equal(body + 2050, "o\n|c[1000,\"off\"]\n");
	expect_said("open close:1000:off ");
	finish();
}

TEST(sockjs, a_service_detached_as_its_last_session_closes_is_gone)
{
	serve(NULL);
	open_session();
	in_close = detach_it;
	http_pass(6000);
	expect_said("close:1006: ");
	expect("GET", "/echo", 404, "Nothing is found here.\n");
	finish();
}

TEST(sockjs, a_client_may_be_waited_for_as_long_as_the_option_can_say)
{
	rill_sockjs_options options = defaults();
	options.disconnect_ms = UINT32_MAX;
	serve(&options);
	open_session();
	http_pass(30 * 1000);
	assert_string_equal(said, "");
	rill_send_text(conn, "a");
	ask("POST", "/echo/000/s/xhr");
	expect_answer(&peer, 200, "a[\"a\"]\n");
	finish();
}

static void count(rill_conn *c, void *user)
{
	++*(int *)user;
	rill_send_text(c, "x");
	rill_close(c, 3000, "each");
}

TEST(sockjs, each_walks_the_open_ones_and_may_send_and_close)
{
	int calls = 0;
	serve(NULL);
	expect("POST", "/echo/000/s/xhr", 200, "o\n");
	expect("POST", "/echo/000/t/xhr", 200, "o\n");
	rill_sockjs_each(service, count, &calls);
	rill_sockjs_each(service, count, &calls);
	assert_int_equal(calls, 2);
	expect("POST", "/echo/000/s/xhr", 200, "a[\"x\"]\n");
	expect("POST", "/echo/000/s/xhr", 200, "c[3000,\"each\"]\n");
	finish();
}

TEST(sockjs, stats_count_sessions_and_what_they_said)
{
	rill_sockjs_stats stats = { .size = sizeof(stats) };
	serve(NULL);
	open_session();
	send_to_session("[\"ab\",\"c\"]", 204, "");
	rill_send_text(conn, "12345");
	rill_sockjs_read_stats(service, &stats);
	assert_int_equal(stats.open, 1);
	assert_int_equal(stats.opened, 1);
	assert_int_equal(stats.messages_in, 2);
	assert_int_equal(stats.bytes_in, 3);
	assert_int_equal(stats.messages_out, 1);
	assert_int_equal(stats.bytes_out, 5);
	http_pass(6000);
	rill_sockjs_read_stats(service, &stats);
	assert_int_equal(stats.open, 0);
	assert_int_equal(stats.messages_in, 2);
	assert_int_equal(stats.closed_lost, 1);
	expect("POST", "/echo/000/s/xhr", 200, "o\n");
	rill_close(conn, 3000, NULL);
	expect("POST", "/echo/000/s/xhr", 200, "c[3000,\"\"]\n");
	rill_sockjs_read_stats(service, &stats);
	assert_int_equal(stats.closed_clean, 1);
	assert_int_equal(stats.closed_protocol, 0);
	assert_int_equal(stats.size, sizeof(stats));
	finish();
}

TEST(sockjs, what_is_no_session_has_no_names)
{
	static const rill_handler plain = {
		.size = sizeof(plain), .on_open = on_open, .on_close = on_close
	};
	start(NULL);
	assert_int_equal(rill_websocket_serve(http_server, "/ws", &plain, NULL, NULL), 0);
	http_open(&peer);
	ask_by(&peer, "GET", "/ws",
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
		NULL);
	expect_said("open ");
	assert_string_equal(rill_sockjs_id(conn), "");
	assert_string_equal(rill_sockjs_url(conn), "");
	assert_string_equal(rill_sockjs_pathname(conn), "");
	assert_string_equal(rill_sockjs_prefix(conn), "");
	finish();
}

/* Overflow. */

static void overflow(rill_overflow policy, int rc)
{
	rill_sockjs_options options = defaults();
	char message[1000];
	options.max_queue = 3000;
	options.overflow = policy;
	serve(&options);
	open_session();
	memset(message, 'x', sizeof(message));
	assert_int_equal(rill_send(conn, RILL_TEXT, message, 1000), 0);
	memset(message, 'y', sizeof(message));
	assert_int_equal(rill_send(conn, RILL_TEXT, message, 1000), 0);
	assert_int_equal(rill_send(conn, RILL_TEXT, message, 1000), rc);
	http_turns();
}

TEST(sockjs, a_message_that_does_not_fit_does_what_the_policy_says)
{
	overflow(RILL_OVERFLOW_CLOSE, RILL_ETOOBIG);
	ask("POST", "/echo/000/s/xhr");
	take_answer(&peer);
	ask("POST", "/echo/000/s/xhr");
	assert_int_equal(take_answer(&peer), 200);
	assert_int_equal(strncmp(body, "c[1008,", 7), 0);
	http_turns();
	assert_int_equal(strncmp(said, "close:1008:", 11), 0);
	finish();
	overflow(RILL_OVERFLOW_REFUSE, RILL_ETOOBIG);
	ask("POST", "/echo/000/s/xhr");
	take_answer(&peer);
	assert_non_null(strchr(body, 'x'));
	assert_int_equal(strlen(body), 2 + 2 * 1002 + 1 + 1 + 1);
	finish();
	overflow(RILL_OVERFLOW_DROP_OLDEST, 0);
	ask("POST", "/echo/000/s/xhr");
	take_answer(&peer);
	assert_null(strchr(body, 'x'));
	assert_int_equal(strlen(body), 2 + 2 * 1002 + 1 + 1 + 1);
	finish();
}

/* A service and its sessions with everything, whichever allocation fails once the peer is connected. */
static void live(size_t n)
{
	static const char *const keep[] = { "X-A", NULL }, *const origins[] = { "same", NULL };
	static const char websocket[] =
		"GET /echo/0/w/websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x87\0\0\0\0[\"a\\n\"]";
	rill_sockjs_options options = defaults();
	struct http_peer sender, stream, ws;
	options.keep_headers = keep;
	options.origins = origins;
	options.base_url = "http://b";
	options.jsessionid = true;
	said[0] = 0;
	service = NULL;
	http_open(&peer);
	http_open(&sender);
	http_open(&stream);
	http_open(&ws);
	test_fail_allocation(n, false);
	rill_sockjs_serve(http_server, "/echo", &handler, &options, &service);
	ask_by(&stream, "GET", "/echo/0/t/htmlfile?c=x", "Origin: http://a\r\n", NULL);
	ask_by(&peer, "GET", "/echo/info", "Origin: http://a\r\n", NULL);
	ask_by(&peer, "GET", "/echo/iframe.html", "", NULL);
	ask_by(&peer, "POST", "/echo/0/s/xhr", "X-A: b\r\n", NULL);
	ask_by(&peer, "POST", "/echo/0/s/xhr", "Origin: http://a\r\n", NULL);
	ask_by(&sender, "POST", "/echo/0/s/xhr_send", "Origin: http://a\r\n", "[\"a\\n\",\"b\"]");
	ask_by(&sender, "POST", "/echo/0/s/jsonp_send",
		"Content-Type: application/x-www-form-urlencoded\r\n", "d=%22[]%22");
	http_send_bytes(&ws, websocket, sizeof(websocket) - 1);
	if (conn) {
		rill_sockjs_id(conn);
		rill_send_text(conn, "x");
		http_turns();
	}
	rill_sockjs_detach(service, 3000, "bye");
	http_turns();
	http_close(&ws);
	http_close(&stream);
	http_close(&sender);
	http_close(&peer);
	http_pass(6000);
}

static size_t count_of(const char *what)
{
	size_t n = 0;
	for (const char *at = said; (at = strstr(at, what)); at++)
		n++;
	return n;
}

TEST(sockjs, without_memory_nothing_is_half_done)
{
	size_t n = 0;
	bool failed;
	start(NULL);
	do {
		live(n++);
		failed = test_allocation_failed();
		test_fail_allocation(0, false);
		/* Opened and closed, or neither. */
		assert_int_equal(count_of("open "), count_of("close:"));
		assert_null(conn);
	} while (n == 1 || failed);
	assert_true(n > 50);
	assert_int_equal(count_of("open "), 3);
	http_end();
}

TEST(sockjs, what_was_published_outlives_its_topic_and_its_hub)
{
	rill_hub *hub;
	serve(NULL);
	open_session();
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	rill_subscribe(hub, "t", conn, NULL);
	rill_subscribe(hub, "u", conn, NULL);
	rill_publish(hub, "t", RILL_TEXT, "one", 3);
	rill_publish(hub, "u", RILL_TEXT, "two", 3);
	http_turns();
	rill_unsubscribe(hub, "t", conn);
	rill_hub_free(hub);
	expect("POST", "/echo/000/s/xhr", 200, "a[\"one\",\"two\"]\n");
	finish();
}
