/* carrier_http_test.c: sessions on responses: polls, streams, their chunks and ends. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "proto/session_program.h"

TEST(carrier_http, frames_have_chunks_of_their_own)
{
	struct http_peer a = { 0 };
	start(NULL);
	ask(&a, "1/stream?label=L");
	http_expect(&a, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-More: 2\r\n"
			"Transfer-Encoding: chunked\r\n\r\n3\r\nLp\n\r\n3\r\nLo\n\r\n");
	rill_send_text(conn, "x");
	http_expect(&a, "4\r\nLax\n\r\n");
	http_close(&a);
	finish();
}

TEST(carrier_http, a_stream_ends_when_it_has_brought_enough)
{
	struct http_peer a = { 0 };
	start(NULL);
	stream_limit = 6;
	ask(&a, "1/stream");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n");
	rill_send_text(conn, "");
	expect_chunk(&a, "a\n");
	rill_send_text(conn, "");
	http_expect(&a, "2\r\na\n\r\n0\r\n\r\n");
	rill_send_text(conn, "later");
	ask(&a, "1/stream");
	http_expect(&a, STREAM_HEAD "7\r\nalater\n\r\n0\r\n\r\n");
	http_pass(4000);
	expect_said("open ");
	http_pass(1010);
	expect_said("close:1006 ");
	http_close(&a);
	finish();
}

TEST(carrier_http, a_limit_of_one_makes_a_stream_a_poll)
{
	struct http_peer a = { 0 };
	start(NULL);
	stream_limit = 1;
	ask(&a, "1/stream");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n0\r\n\r\n");
	http_close(&a);
	finish();
}

TEST(carrier_http, http_1_0_has_no_chunks)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	http_open(&a);
	http_send(&a, "POST /s/1/stream HTTP/1.0\r\n\r\n");
	rill_send_text(conn, "x");
	rill_close(conn, 1000, NULL);
	http_expect(&a, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-More: 2\r\n"
			"Connection: close\r\n\r\np\no\nax\nc1000:\n");
	assert_true(a.ended);
	http_open(&b);
	http_send(&b, "POST /s/2/poll HTTP/1.0\r\n\r\n");
	http_expect(&b, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Own: 1\r\nX-More: 2\r\n"
			"Content-Length: 2\r\nConnection: close\r\n\r\no\n");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(carrier_http, a_poll_that_has_ended_is_no_loss_when_its_client_leaves)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	http_close(&a);
	expect_said("open ");
	rill_send_text(conn, "x");
	ask(&b, "1/poll");
	expect_poll(&b, "ax\n");
	http_close(&b);
	expect_said("");
	finish();
}

TEST(carrier_http, polls_may_come_in_a_pipeline)
{
	struct http_peer a = { 0 };
	start(NULL);
	http_open(&a);
	http_send(&a, "POST /s/1/poll HTTP/1.1\r\nHost: a\r\n\r\n"
		      "POST /s/1/poll HTTP/1.1\r\nHost: a\r\n\r\n"
		      "POST /s/1/poll HTTP/1.1\r\nHost: a\r\n\r\n");
	expect_poll(&a, "o\n");
	rill_send_text(conn, "x");
	expect_poll(&a, "ax\n");
	rill_send_text(conn, "y");
	expect_poll(&a, "ay\n");
	expect_said("open ");
	http_close(&a);
	finish();
}

TEST(carrier_http, the_next_may_come_while_the_last_is_being_written)
{
	static char large[512 * 1024];
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	memset(large, 'x', sizeof(large) - 1);
	rill_send_text(conn, large);
	assert_true(send(a.fd, "POST /s/1/poll HTTP/1.1\r\nHost: a\r\n\r\n", 36, 0) == 36);
	for (int i = 0; i < 4; i++)
		assert_int_equal(rill_loop_turn(http_loop), 0);
	assert_null(rl_session(conn)->carrier);
	ask(&b, "1/poll");
	assert_non_null(rl_session(conn)->carrier);
	rill_send_text(conn, "y");
	expect_poll(&b, "ay\n");
	http_take(&a);
	assert_true(a.len > sizeof(large));
	expect_said("open drain ");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(carrier_http, a_body_that_comes_with_a_poll_is_ignored)
{
	struct http_peer a = { 0 };
	start(NULL);
	http_open(&a);
	http_send(&a, "POST /s/1/poll HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
	expect_poll(&a, "o\n");
	http_send(&a, "POST /s/1/poll HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	http_send(&a, "5\r\nhello\r\n0\r\n\r\n");
	rill_send_text(conn, "x");
	expect_poll(&a, "ax\n");
	expect_said("open ");
	http_close(&a);
	finish();
}

TEST(carrier_http, a_held_poll_gives_the_memory_of_its_head_back)
{
	char request[1200];
	struct http_peer a = { 0 };
	start(NULL);
	http_open(&a);
	snprintf(request, sizeof(request), "POST /s/1/poll HTTP/1.1\r\nHost: a\r\nX: %01000d\r\n\r\n",
		0);
	http_send(&a, request);
	expect_poll(&a, "o\n");
	size_t before = test_live_bytes();
	http_send(&a, request);
	assert_true(test_live_bytes() < before + 600);
	rill_send_text(conn, "x");
	expect_poll(&a, "ax\n");
	http_close(&a);
	finish();
}

TEST(carrier_http, an_idle_session_that_polls_costs_little)
{
	enum { N = 8 };
	/* What a browser sends, and what it is answered. */
	static const char *const keep[] = { "Host", "Origin", "Referer", "User-Agent", "Accept-Language",
		NULL };
	static const char head[] =
		"Host: chat.example.org\r\nConnection: keep-alive\r\nContent-Length: 0\r\n"
		"Origin: https://www.example.org\r\nReferer: https://www.example.org/rooms/17\r\n"
		"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, "
		"like Gecko) Chrome/130.0.0.0 Safari/537.36\r\nAccept: */*\r\n"
		"Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7\r\n\r\n";
	struct http_peer polls[N] = { 0 }, idle[N] = { 0 }, first = { 0 };
	char what[600];
	start(NULL);
	assert_int_equal(rl_sessions_keep_headers(&sessions, keep), 0);
	fields = "Cache-Control: no-store, no-cache, no-transform, must-revalidate, max-age=0\r\n"
		 "Access-Control-Allow-Origin: https://www.example.org\r\n"
		 "Access-Control-Allow-Credentials: true\r\nVary: Origin\r\n";
	ask(&first, "first/poll"); /* what is made once is there */
	size_t before = test_live_bytes();
	for (int i = 0; i < N; i++)
		ask(&idle[i], "nobody/send");
	size_t connections = test_live_bytes() - before;
	before = test_live_bytes();
	for (int i = 0; i < N; i++) {
		snprintf(what, sizeof(what), "POST /s/abcdefg%d/poll?t=1763714000000 HTTP/1.1\r\n%s",
			i, head);
		http_open(&polls[i]);
		http_send(&polls[i], what);
		http_send(&polls[i], what);
	}
	size_t all = test_live_bytes() - before;
	print_message("%zu bytes each beside their connections\n", (all - connections) / N);
	assert_true(all - connections < N * 1536);
	for (int i = 0; i < N; i++) {
		http_close(&polls[i]);
		http_close(&idle[i]);
	}
	http_close(&first);
	finish();
}

static void drain_then_send(rill_conn *c)
{
	rill_send_text(c, "more");
}

TEST(carrier_http, a_stream_that_is_full_waits_and_says_when_it_has_drained)
{
	static char large[64 * 1024];
	struct http_peer a = { 0 };
	rill_server_options options;
	rill_server_options_default(&options);
	options.high_water = 64 * 1024;
	options.low_water = 1024;
	start(&options);
	sessions.terms.max_queue = 0;
	in_drain = drain_then_send;
	ask(&a, "1/stream");
	memset(large, 'x', sizeof(large) - 1);
	int rc = 0;
	for (int i = 0; i < 200 && rc == 0; i++) {
		rc = rill_send_text(conn, large);
		assert_int_equal(rill_loop_turn(http_loop), 0);
	}
	assert_int_equal(rc, 1);
	rill_send_text(conn, "tail");
	http_take(&a);
	expect_said("open drain ");
	http_take(&a);
	assert_string_equal(a.text + a.len - 11, "6\r\namore\n\r\n");
	http_close(&a);
	finish();
}

TEST(carrier_http, a_stream_that_is_full_is_closed_behind_what_waits)
{
	static char large[64 * 1024];
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	sessions.terms.max_queue = 0;
	ask(&a, "1/stream");
	memset(large, 'x', sizeof(large) - 1);
	for (int i = 0; i < 40; i++) {
		rill_send_text(conn, large);
		assert_int_equal(rill_loop_turn(http_loop), 0);
	}
	rill_close(conn, 1000, NULL);
	for (int i = 0; i < 5; i++)
		assert_int_equal(rill_loop_turn(http_loop), 0);
	assert_string_equal(said, "open ");
	ask(&b, "1/poll"); /* the last word all the same */
	expect_poll(&b, "c1000:\n");
	http_take(&a);
	expect_said("open close:1000 ");
	http_take(&a);
	assert_string_equal(a.text + a.len - 17, "7\r\nc1000:\n\r\n0\r\n\r\n");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(carrier_http, requests_may_come_byte_by_byte)
{
	struct http_peer a = { 0 };
	start(NULL);
	http_open(&a);
	http_send_slowly(&a, "POST /s/1/poll HTTP/1.1\r\nHost: a\r\n\r\n");
	expect_poll(&a, "o\n");
	http_send_slowly(&a, "POST /s/1/send HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nx|y|z");
	expect_answer(&a, 200, "ok");
	expect_said("open x y z ");
	http_close(&a);
	finish();
}

static void ask_request(rill_conn *c)
{
	rill_request *request = (rill_request *)(uintptr_t)rill_conn_request(c);
	assert_string_equal(rill_request_local(request), "127.0.0.1");
	assert_string_equal(rill_request_peer(request), "127.0.0.1");
	assert_int_equal(rill_request_local_port(request), rill_server_port(http_server, 0));
}

TEST(carrier_http, knows_this_end_of_the_connection)
{
	struct http_peer a = { .fd = -1 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	start(NULL);
	in_open = ask_request;
	assert_int_equal(rill_server_listen_tcp(http_server, "127.0.0.1", 0), 0);
	to.sin_port = htons(rill_server_port(http_server, 0));
	a.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(a.fd, (struct sockaddr *)&to, sizeof(to)), 0);
	fcntl(a.fd, F_SETFL, O_NONBLOCK);
	http_send(&a, "POST /s/1/stream HTTP/1.1\r\nHost: a\r\n\r\n");
	while (!conn)
		assert_int_equal(rill_loop_turn(http_loop), 0);
	assert_string_equal(rill_conn_local(conn), "127.0.0.1");
	assert_int_equal(rill_conn_local_port(conn), rill_server_port(http_server, 0));
	http_close(&a);
	while (conn)
		assert_int_equal(rill_loop_turn(http_loop), 0);
	finish();
}

TEST(carrier_http, an_unframed_stream_has_no_chunks_and_ends_with_its_connection)
{
	static const struct rl_envelope envelope = { .content_type = "text/plain",
		.prelude = e_prelude,
		.wrap = e_wrap,
		.unframed = true };
	struct http_peer a = { 0 };
	start(NULL);
	stream_row = rows[STREAM];
	stream_row.envelope = &envelope;
	ask(&a, "1/own");
	http_expect(&a, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-More: 2\r\n"
			"Connection: close\r\n\r\np\no\n");
	rill_send_text(conn, "x");
	http_expect(&a, "ax\n");
	assert_false(a.ended);
	rill_close(conn, 1000, NULL);
	http_expect(&a, "c1000:\n");
	assert_true(a.ended);
	http_close(&a);
	finish();
}
