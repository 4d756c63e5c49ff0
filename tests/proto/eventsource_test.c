/* eventsource_test.c: the EventSource service: its options, its connections together, its end. */
#include "proto/eventsource_program.h"

static void refused_options(const rill_eventsource_options *options, const char *what)
{
	assert_int_equal(
		rill_eventsource_serve(http_server, "/sse", &handler, options, NULL), RILL_EINVAL);
	assert_non_null(strstr(test_log(), what));
}

TEST(eventsource, options_that_make_no_sense_are_refused_by_name)
{
	static const char *const bad[] = { "no colon", "Content-Type: text/plain", "A: b\r\nC: d",
		"Connection: close", "Transfer-Encoding: x", "sp ace: x" };
	static const rill_handler old = { .size = 4 };
	rill_eventsource_options options = defaults();
	start(NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		options.headers = (const char *const[]){ bad[i], NULL };
		refused_options(&options, "headers");
	}
	options.size = 0;
	refused_options(&options, "size is not set");
	assert_int_equal(
		rill_eventsource_serve(http_server, "/sse", &old, NULL, NULL), RILL_EINVAL);
	assert_non_null(strstr(test_log(), "handler.size"));
	assert_int_equal(
		rill_eventsource_serve(http_server, "sse", &handler, NULL, NULL), RILL_EINVAL);
	http_end();
}

TEST(eventsource, an_older_caller_gets_the_defaults_for_what_it_does_not_know)
{
	size_t known = offsetof(rill_eventsource_options, ping_interval_ms);
	rill_eventsource_options old;
	memset(&old, 0xee, sizeof(old));
	rill_eventsource_options_init(&old, known);
	assert_int_equal(((uint8_t *)&old)[known], 0xee);
	old.retry_ms = 1;
	serve(&old);
	http_send(&peer, ASK "\r\n");
	http_expect(&peer, HEAD CHUNKED "c\r\nretry: 1\r\n\r\n\r\n");
	http_pass(10000);
	expect_chunk(":\r\n\r\n");
	finish();
}

TEST(eventsource, a_stop_closes_streams_with_1001_and_ends_them_in_order)
{
	serve_open(NULL);
	rill_server_stop(http_server, 1000, NULL, NULL);
	expect_said("close:1001 ");
	http_expect(&peer, "0\r\n\r\n");
	assert_true(peer.ended);
	finish();
}

TEST(eventsource, freeing_the_server_closes_streams_with_1006)
{
	serve_open(NULL);
	rill_server_free(http_server);
	http_server = NULL;
	assert_string_equal(said, "close:1006 ");
	rill_loop_free(http_loop);
	http_loop = NULL;
	http_close(&peer);
}

TEST(eventsource, a_stream_destroyed_in_the_turn_the_server_is_freed_is_closed_once)
{
	serve_open(NULL);
	rill_conn_destroy(conn);
	rill_server_free(http_server);
	http_server = NULL;
	assert_string_equal(said, "close:1006 ");
	rill_loop_free(http_loop);
	http_loop = NULL;
	http_close(&peer);
}

TEST(eventsource, a_detached_service_takes_no_more_and_its_streams_live_on)
{
	rill_eventsource *service = serve_open(NULL);
	struct http_peer other;
	rill_eventsource_detach(service, 0, NULL);
	http_open(&other);
	http_send(&other, ASK "\r\n");
	http_expect_status(&other, 404);
	http_close(&other);
	assert_int_equal(rill_send_text(conn, "still here"), 0);
	expect_chunk("data: still here\r\n\r\n");
	assert_int_equal(rill_close(conn, 1000, NULL), 0);
	expect_said("close:1000 ");
	finish();
}

TEST(eventsource, detaching_with_a_code_closes_all)
{
	rill_eventsource *service = serve_open(NULL);
	rill_eventsource_detach(service, 4000, "bye");
	expect_said("close:4000 ");
	http_expect(&peer, "0\r\n\r\n");
	assert_false(peer.ended);
	finish();
}

static rill_eventsource *detached;

static int detach_in_hook(rill_request *request, void *user)
{
	(void)request;
	(void)user;
	rill_eventsource_detach(detached, 1000, NULL);
	return RILL_ACCEPT;
}

TEST(eventsource, detaching_in_the_hook_closes_what_it_lets_in)
{
	rill_eventsource_options options = defaults();
	options.on_request = detach_in_hook;
	detached = serve(&options);
	http_send(&peer, ASK "\r\n");
	expect_said("open close:1000 ");
	http_expect(&peer, HEAD CHUNKED RETRY "0\r\n\r\n");
	finish();
}

static void count(rill_conn *c, void *user)
{
	(void)c;
	++*(int *)user;
	rill_close(c, 1000, NULL);
}

TEST(eventsource, each_walks_the_open_ones_and_may_close_them)
{
	rill_eventsource *service = serve_open(NULL);
	struct http_peer other;
	int calls = 0;
	http_open(&other);
	http_send(&other, ASK "\r\n");
	expect_said("open ");
	rill_eventsource_each(service, count, &calls);
	assert_int_equal(calls, 2);
	rill_eventsource_each(service, count, &calls);
	assert_int_equal(calls, 2);
	expect_said("close:1000 close:1000 ");
	http_close(&other);
	finish();
}

TEST(eventsource, stats_count_streams_and_what_they_were_sent)
{
	rill_eventsource_stats stats = { .size = sizeof(stats) };
	rill_eventsource *service = serve_open(NULL);
	rill_send_text(conn, "12345");
	rill_eventsource_ping(conn);
	rill_eventsource_read_stats(service, &stats);
	assert_int_equal(stats.open, 1);
	assert_int_equal(stats.opened, 1);
	assert_int_equal(stats.closed, 0);
	rill_close(conn, 1000, NULL);
	expect_said("close:1000 ");
	rill_eventsource_read_stats(service, &stats);
	assert_int_equal(stats.size, sizeof(stats));
	assert_int_equal(stats.open, 0);
	assert_int_equal(stats.closed, 1);
	assert_int_equal(stats.messages_out, 1);
	assert_int_equal(stats.bytes_out, 5);
	assert_int_equal(stats.refused, 0);
	finish();
}

/* A service and a stream with everything, whichever allocation fails once the peer is connected. */
static void live(size_t n)
{
	static const char *const list[] = { "X-A: b", NULL }, *const keep[] = { "Host", NULL },
				 *const origins[] = { "http://a", NULL };
	rill_eventsource_options options = defaults();
	rill_eventsource *service = NULL;
	options.headers = list;
	options.keep_headers = keep;
	options.origins = origins;
	said[0] = 0;
	http_open(&peer);
	test_fail_allocation(n, false);
	rill_eventsource_serve(http_server, "/sse", &handler, &options, &service);
	http_send(&peer, ASK "Origin: http://a\r\n\r\n");
	if (conn) {
		rill_eventsource_send(conn, "a\nb", 3, &(rill_event){ "t", "1" });
		rill_send_piece(conn, RILL_TEXT, "a", 1, false);
		rill_send_piece(conn, RILL_TEXT, "b", 1, true);
		rill_eventsource_retry(conn, 1);
		http_turns();
	}
	if (conn)
		rill_close(conn, 1000, NULL);
	http_turns();
	http_close(&peer);
	rill_eventsource_detach(service, 1000, NULL);
	http_turns();
	/* Opened and closed, or neither. */
	assert_true(!said[0] || strncmp(said, "open close:", 11) == 0);
	assert_null(conn);
}

TEST(eventsource, without_memory_nothing_is_half_done)
{
	size_t n = 0;
	bool failed;
	start(NULL);
	do {
		live(n++);
		failed = test_allocation_failed();
		test_fail_allocation(0, false);
	} while (n == 1 || failed);
	assert_true(n > 10);
	assert_string_equal(said, "open close:1000 ");
	http_end();
}
