/* Proves what connection.h promises: one exchange at a time, bounded, with every timeout. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "http/connection.h"
#include "http/server_state.h"
#include "support/http_peer.h"

static int ok(rill_request *request, void *user)
{
	(void)user;
	assert_int_equal(rill_respond(request, 200, NULL, "ok", 2), 0);
	return RILL_TAKE;
}

#define OK       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define OK_CLOSE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
#define GET      "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static void begin_ok(const rill_server_options *options)
{
	http_begin(options);
	assert_int_equal(rill_server_handle(http_server, "/", ok, NULL, NULL), 0);
}

static rill_server_stats stats(void)
{
	rill_server_stats s = { .size = sizeof(s) };

	rill_server_read_stats(http_server, &s);
	return s;
}

TEST(connection, lives_on_from_request_to_request)
{
	struct http_peer p;

	begin_ok(NULL);
	http_open(&p);
	for (int i = 0; i < 3; i++) {
		http_send(&p, GET);
		http_expect(&p, OK);
	}
	assert_false(p.ended);
	assert_int_equal(stats().requests, 3);
	http_close(&p);
	assert_int_equal(stats().connections, 0);
	http_end();
}

/* A guest's loop may rest for long, and connections are adopted while it does. */
TEST(connection, taken_in_after_a_long_rest_has_its_time_from_then_on)
{
	struct http_peer p;

	begin_ok(NULL);
	test_now += UINT64_C(120) * 1000;
	http_open(&p);
	http_send(&p, GET);
	http_expect(&p, OK);
	http_close(&p);
	http_end();
}

TEST(connection, answers_a_request_however_it_is_cut)
{
	static const char request[] =
		"\r\nPOST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\n\r\n" GET;
	struct http_peer p;

	begin_ok(NULL);
	for (size_t cut = 0; cut < sizeof(request) - 1; cut++) {
		http_open(&p);
		http_send_bytes(&p, request, cut);
		http_send_bytes(&p, request + cut, sizeof(request) - 1 - cut);
		http_expect(&p, OK OK);
		http_close(&p);
	}
	http_open(&p);
	http_send_slowly(&p, request);
	http_expect(&p, OK OK);
	http_close(&p);
	http_end();
}

TEST(connection, answers_a_pipeline_in_order)
{
	struct http_peer p;

	begin_ok(NULL);
	http_open(&p);
	http_send(&p, GET GET GET GET);
	http_expect(&p, OK OK OK OK);
	http_close(&p);
	http_end();
}

/* Holds requests back until it is told to answer. */
static struct {
	rill_request *request[8];
	size_t count;
	int closed;
	int rc;
	size_t drained, ended;
	size_t body;
} waiting;

static void note_close(rill_request *request, int rc, void *user)
{
	(void)request;
	(void)user;
	waiting.closed++;
	waiting.rc = rc;
}

static void note_body(rill_request *request, rill_bytes bytes, void *user)
{
	(void)request;
	(void)user;
	waiting.body += bytes.len;
}

static void note_end(rill_request *request, void *user)
{
	(void)request;
	(void)user;
	waiting.ended++;
}

static void note_drain(rill_request *request, void *user)
{
	(void)request;
	(void)user;
	waiting.drained++;
}

static const rill_request_handler follower = { sizeof(follower), note_body, note_end, note_drain,
	note_close, NULL };

static int wait_for_answer(rill_request *request, void *user)
{
	(void)user;
	waiting.request[waiting.count++ % 8] = request;
	rill_request_follow(request, &follower, NULL);
	return RILL_TAKE;
}

static void begin_waiting(const rill_server_options *options)
{
	memset(&waiting, 0, sizeof(waiting));
	http_begin(options);
	assert_int_equal(rill_server_handle(http_server, "/", wait_for_answer, NULL, NULL), 0);
}

static void answer(void)
{
	assert_int_equal(
		rill_respond(waiting.request[(waiting.count - 1) % 8], 200, NULL, "ok", 2), 0);
	http_turns();
}

TEST(connection, has_one_exchange_at_a_time)
{
	struct http_peer p;

	begin_waiting(NULL);
	http_open(&p);
	http_send(&p, GET GET);
	assert_int_equal(waiting.count, 1);
	answer();
	assert_int_equal(waiting.closed, 1);
	assert_int_equal(waiting.rc, 0);
	assert_int_equal(waiting.count, 2);
	http_expect(&p, OK);
	answer();
	http_expect(&p, OK);
	assert_int_equal(waiting.closed, 2);
	assert_int_equal(waiting.ended, 2);
	http_close(&p);
	http_end();
}

TEST(connection, answers_outside_of_a_turn_leave_without_a_push)
{
	struct http_peer p;

	begin_waiting(NULL);
	http_open(&p);
	http_send(&p, GET);
	assert_int_equal(rill_respond(waiting.request[0], 200, NULL, "ok", 2), 0);
	assert_int_equal(waiting.closed, 0);
	assert_int_equal(rill_loop_wait(http_loop, 1000), 0);
	http_expect(&p, OK);
	http_turns();
	assert_int_equal(waiting.closed, 1);
	http_close(&p);
	http_end();
}

TEST(connection, stops_reading_a_pipeline_while_it_waits)
{
	struct http_peer p;
	size_t sent = 0;

	begin_waiting(NULL);
	http_open(&p);
	http_send(&p, GET);
	for (int i = 0; i < 20000; i++) {
		ssize_t n = send(p.fd, GET, sizeof(GET) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			break;
		sent += (size_t)n;
		http_turns();
	}
	assert_true(sent < 1024 * 1024);
	assert_true(stats().buffered <= 128 * 1024);
	http_close(&p);
	http_end();
}

static int respond_much(rill_request *request, void *user)
{
	static char much[100000];

	(void)user;
	memset(much, 'x', sizeof(much));
	assert_int_equal(rill_respond(request, 200, NULL, much, sizeof(much)), 0);
	return RILL_TAKE;
}

TEST(connection, a_pipeline_whose_responses_nobody_reads_is_stopped_by_the_high_water_mark)
{
	struct http_peer p;
	rill_server_options options;

	rill_server_options_default(&options);
	http_begin(&options);
	rill_server_handle(http_server, "/", respond_much, NULL, NULL);
	http_open(&p);
	for (int i = 0; i < 20000; i++) {
		if (send(p.fd, GET, sizeof(GET) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		http_turns();
	}
	assert_true(stats().buffered < options.high_water + 100000 + 200 * 1024);
	assert_true(stats().requests < 40);
	/* It goes on when it is read, and nothing is lost. */
	uint64_t before = stats().requests;
	for (int i = 0; i < 50; i++)
		http_take(&p);
	assert_true(stats().requests > before + 100);
	http_close(&p);
	http_end();
}

TEST(connection, a_request_followed_by_half_a_close_is_answered)
{
	struct http_peer p;

	begin_ok(NULL);
	http_open(&p);
	assert_int_equal(send(p.fd, GET GET, 2 * (sizeof(GET) - 1), 0), 2 * (sizeof(GET) - 1));
	http_shut(&p);
	http_expect(&p, OK OK);
	assert_true(p.ended);
	assert_int_equal(stats().connections, 0);
	http_close(&p);
	http_end();
}

TEST(connection, a_late_answer_reaches_a_peer_that_has_half_closed)
{
	struct http_peer p;

	begin_waiting(NULL);
	http_open(&p);
	http_send(&p, GET GET);
	http_shut(&p);
	assert_false(p.ended);
	answer();
	http_expect(&p, OK);
	assert_int_equal(waiting.count, 2);
	answer();
	http_expect(&p, OK);
	assert_true(p.ended);
	http_close(&p);
	http_end();
}

TEST(connection, a_peer_that_leaves_while_its_answer_waits_is_noticed)
{
	struct http_peer p;

	begin_waiting(NULL);
	http_open(&p);
	http_send(&p, GET);
	assert_int_equal(rill_response_begin(waiting.request[0], 200, RILL_LENGTH_UNKNOWN), 0);
	http_turns();
	http_close(&p);
	for (int i = 0; i < 3 && !waiting.closed; i++) {
		rill_response_write(waiting.request[0], "x", 1);
		http_turns();
	}
	assert_int_equal(waiting.closed, 1);
	assert_int_equal(waiting.rc, RILL_ERESET);
	http_end();
}

TEST(connection, half_a_request_at_the_end_gets_400)
{
	struct http_peer p;

	begin_ok(NULL);
	http_open(&p);
	http_send(&p, "GET / HT");
	http_shut(&p);
	http_expect_status(&p, 400);
	assert_true(p.ended);
	http_close(&p);

	http_open(&p);
	http_shut(&p);
	assert_string_equal(http_take(&p), "");
	assert_true(p.ended);
	http_close(&p);
	http_end();
}

TEST(connection, a_head_has_its_time_from_the_first_byte_however_regularly_bytes_come)
{
	struct http_peer p;

	begin_ok(NULL);
	http_open(&p);
	http_send(&p, "GET / HTTP/1.1\r\nX: ");
	for (int i = 0; i < 19; i++) {
		http_pass(1000);
		http_send(&p, "x");
		assert_string_equal(http_take(&p), "");
	}
	http_pass(1200);
	http_expect_status(&p, 408);
	assert_true(p.ended);
	assert_int_equal(stats().timeouts, 1);
	http_close(&p);
	http_end();
}

TEST(connection, a_head_has_its_time_also_where_idling_has_no_limit)
{
	struct http_peer p;
	rill_server_options options;

	rill_server_options_default(&options);
	options.idle_timeout_ms = 0;
	begin_ok(&options);
	http_open(&p);
	http_pass(1000000);
	http_send(&p, "G");
	http_pass(21000);
	http_expect_status(&p, 408);
	http_close(&p);
	http_end();
}

TEST(connection, an_idle_connection_is_closed_without_a_word)
{
	struct http_peer p, q;

	begin_ok(NULL);
	http_open(&p);
	http_open(&q);
	http_pass(59000);
	http_send(&q, GET);
	http_expect(&q, OK);
	http_pass(1500);
	assert_string_equal(http_take(&p), "");
	assert_true(p.ended);
	assert_false(q.ended);
	http_pass(57000);
	http_take(&q);
	assert_false(q.ended);
	http_pass(2000);
	assert_string_equal(http_take(&q), "");
	assert_true(q.ended);
	http_close(&p);
	http_close(&q);
	http_end();
}

TEST(connection, an_exchange_under_way_has_all_the_time)
{
	struct http_peer p;

	begin_waiting(NULL);
	http_open(&p);
	http_send(&p, GET);
	http_pass(3600 * 1000);
	assert_int_equal(waiting.closed, 0);
	answer();
	http_expect(&p, OK);
	http_close(&p);
	http_end();
}

TEST(connection, a_body_must_bring_its_bytes_in_each_window)
{
	static char many[10240];
	struct http_peer p;

	memset(many, 'x', sizeof(many));
	begin_waiting(NULL);
	http_open(&p);
	http_send(&p, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
	for (int i = 0; i < 3; i++) {
		http_send_bytes(&p, many, sizeof(many));
		http_pass(20000);
		assert_int_equal(waiting.closed, 0);
	}
	http_send_bytes(&p, many, sizeof(many) - 1);
	http_pass(20500);
	http_expect_status(&p, 408);
	assert_int_equal(waiting.rc, RILL_ETIMEDOUT);
	assert_true(p.ended);
	http_close(&p);
	http_end();
}

TEST(connection, a_body_that_is_held_back_has_all_the_time)
{
	struct http_peer p;

	begin_waiting(NULL);
	http_open(&p);
	http_send(&p, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nabc");
	assert_int_equal(waiting.body, 3);
	rill_request_pause(waiting.request[0]);
	http_send(&p, "def");
	http_pass(100000);
	assert_int_equal(waiting.body, 3);
	assert_int_equal(waiting.closed, 0);
	rill_request_resume(waiting.request[0]);
	assert_int_equal(waiting.body, 3);
	http_turns();
	assert_int_equal(waiting.body, 6);
	http_pass(19000);
	http_send(&p, "gh");
	assert_int_equal(waiting.ended, 1);
	answer();
	http_expect(&p, OK);
	http_close(&p);
	http_end();
}

TEST(connection, a_body_that_is_held_back_stays_with_the_peer)
{
	static char many[1024];
	struct http_peer p;
	size_t sent = 0;

	begin_waiting(NULL);
	http_open(&p);
	http_send(&p, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
	rill_request_pause(waiting.request[0]);
	for (int i = 0; i < 9000; i++) {
		ssize_t n = send(p.fd, many, sizeof(many), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			break;
		sent += (size_t)n;
		http_turns();
	}
	assert_true(sent < 2 * 1024 * 1024);
	assert_true(stats().buffered <= 128 * 1024);
	rill_request_resume(waiting.request[0]);
	http_turns();
	assert_int_equal(waiting.body, sent);
	http_close(&p);
	assert_int_equal(waiting.rc, RILL_EPROTO);
	http_end();
}

TEST(connection, the_rest_of_an_answered_body_is_dropped_and_the_connection_lives_on)
{
	struct http_peer p;

	begin_ok(NULL);
	http_open(&p);
	http_send(&p, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
	http_expect(&p, OK);
	http_send(&p, "def" GET);
	http_expect(&p, OK);
	http_close(&p);
	http_end();
}

TEST(connection, a_rest_too_long_to_drop_ends_the_connection)
{
	static char many[4096];
	struct http_peer p;

	begin_ok(NULL);
	http_open(&p);
	http_send(&p, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\nabc");
	http_expect(&p, OK_CLOSE);
	http_close(&p);

	memset(many, 'x', sizeof(many));
	http_open(&p);
	http_send(&p, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	http_expect(&p, OK);
	for (int i = 0; i < 65 && !p.ended; i++) {
		http_send(&p, "1000\r\n");
		http_send_bytes(&p, many, sizeof(many));
		http_send(&p, "\r\n");
	}
	assert_true(p.ended);
	http_close(&p);
	http_end();
}

TEST(connection, a_dropped_body_that_comes_slowly_ends_the_connection)
{
	struct http_peer p;

	begin_ok(NULL);
	http_open(&p);
	http_send(&p, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
	http_expect(&p, OK);
	http_pass(21000);
	assert_string_equal(http_take(&p), "");
	assert_true(p.ended);
	http_close(&p);
	http_end();
}

TEST(connection, after_an_error_nothing_is_parsed_and_the_peer_can_finish_sending)
{
	struct http_peer p;

	begin_ok(NULL);
	http_open(&p);
	http_send(&p, "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n" GET);
	http_expect_status(&p, 400);
	assert_non_null(strstr(p.text, "Connection: close"));
	assert_null(strstr(p.text, "200 OK"));
	assert_true(p.ended);
	assert_int_equal(stats().requests, 0);
	assert_int_equal(stats().bad_requests, 1);
	assert_non_null(strstr(test_log(), "192.0.2.1: answered 400: A header line is folded."));
	/* It still reads for a while, so that no reset swallows the answer. */
	assert_int_equal(send(p.fd, GET, 5, MSG_NOSIGNAL), 5);
	http_pass(1900);
	assert_int_equal(stats().connections, 1);
	http_pass(300);
	assert_int_equal(stats().connections, 0);
	http_close(&p);
	http_end();
}

static const struct {
	const char *request;
	int status;
} hostile[] = {
	{ "\x16\x03\x01", 400 },
	{ " GET / HTTP/1.1\r\n\r\n", 400 },
	{ "GET  / HTTP/1.1\r\n\r\n", 400 },
	{ "GET /  HTTP/1.1\r\n\r\n", 400 },
	{ "GET\t/ HTTP/1.1\r\n\r\n", 400 },
	{ "GET /\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\n", 400 },
	{ "GET / HTTP/1.1\r\r", 400 },
	{ "GET / HTTP/2.0\r\n\r\n", 505 },
	{ "GET / http/1.1\r\n\r\n", 400 },
	{ "GET x HTTP/1.1\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501 },
	{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16777217\r\n\r\n", 413 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417 },
	{ "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501 },
	{ "GET a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
};

TEST(connection, hostile_heads_get_their_status_and_the_end)
{
	struct http_peer p, other;

	begin_ok(NULL);
	http_open(&other);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		for (int slowly = 0; slowly < 2; slowly++) {
			http_open(&p);
			if (slowly)
				http_send_slowly(&p, hostile[i].request);
			else
				http_send(&p, hostile[i].request);
			http_expect_status(&p, hostile[i].status);
			assert_true(p.ended);
			http_close(&p);
		}
	}
	http_send(&other, GET);
	http_expect(&other, OK);
	http_close(&other);
	http_end();
}

TEST(connection, hostile_bodies_get_their_status_and_the_follower_hears_why)
{
	static const struct {
		const char *body;
		int status, rc;
	} bodies[] = {
		{ "x\r\n", 400, RILL_EPROTO },
		{ "3\nabc", 400, RILL_EPROTO },
		{ "3\r\nabcd", 400, RILL_EPROTO },
		{ "3\r\nabc\n", 400, RILL_EPROTO },
		{ "1000001\r\n", 413, RILL_ETOOBIG },
		{ "ffffffffffffffff\r\n", 413, RILL_ETOOBIG },
		{ "11111111111111111\r\n", 400, RILL_EPROTO },
		{ "0\r\nX : y\r\n\r\n", 400, RILL_EPROTO },
		{ "0\r\n X: y\r\n\r\n", 400, RILL_EPROTO },
	};
	struct http_peer p;

	begin_waiting(NULL);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		http_open(&p);
		http_send(&p, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
		http_send(&p, bodies[i].body);
		http_expect_status(&p, bodies[i].status);
		assert_true(p.ended);
		assert_int_equal(waiting.closed, i + 1);
		assert_int_equal(waiting.rc, bodies[i].rc);
		http_close(&p);
	}
	http_end();
}

TEST(connection, a_bad_body_cuts_a_response_that_was_begun)
{
	struct http_peer p;

	begin_waiting(NULL);
	http_open(&p);
	http_send(&p, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	rill_response_begin(waiting.request[0], 200, 10);
	rill_response_write(waiting.request[0], "abc", 3);
	http_send(&p, "bad\n");
	http_expect(&p, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
	assert_true(p.ended);
	assert_int_equal(waiting.rc, RILL_EPROTO);
	http_close(&p);
	assert_non_null(strstr(test_log(), "192.0.2.1: closed instead of 400: "));
	http_end();
}

TEST(connection, heads_and_targets_have_limits)
{
	static char big[20000];
	struct http_peer p;

	begin_ok(NULL);
	memset(big, 'a', sizeof(big) - 1);
	http_open(&p);
	http_send(&p, "GET /");
	http_send(&p, big);
	http_expect_status(&p, 414);
	http_close(&p);
	http_open(&p);
	http_send(&p, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	http_send(&p, big);
	http_expect_status(&p, 431);
	http_close(&p);
	http_open(&p);
	http_send(&p, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < 128; i++)
		http_send(&p, "X: y\r\n");
	http_expect_status(&p, 431);
	http_close(&p);
	http_open(&p);
	for (int i = 0; i < 8193 && !p.ended; i++)
		http_send(&p, "\r\n");
	http_expect_status(&p, 431);
	http_close(&p);
	http_end();
}

TEST(connection, an_idle_one_holds_no_parser_and_no_exchange)
{
	struct http_peer p;

	begin_ok(NULL);
	http_open(&p);
	http_send(&p, GET);
	http_forget(&p);
	struct rl_connection *c = rl_container(
		http_server->connections.next, struct rl_connection, node);
	assert_null(c->parser);
	assert_null(c->exchange);
	assert_null(c->stream->kept);
	assert_int_equal(c->stream->charged, 0);
	assert_int_equal(stats().buffered, 0);
	http_close(&p);
	http_end();
}

/* An answer that cannot be made ends the exchange in another way. */
static int try_ok(rill_request *request, void *user)
{
	(void)user;
	if (rill_respond(request, 200, NULL, "ok", 2) < 0)
		rill_request_abort(request);
	return RILL_TAKE;
}

static void one_request(void *arg)
{
	struct http_peer p;
	(void)arg;

	if (!http_try_begin())
		return;
	if (rill_server_handle(http_server, "/", try_ok, NULL, NULL) == 0 && http_try_open(&p)) {
		http_send(&p, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET);
		http_close(&p);
	}
	http_end();
}

TEST(connection, any_allocation_may_fail)
{
	test_each_failing_allocation(one_request, NULL);
}
