/* eventsource_conn_test.c: a running stream of events: pings, clients that leave, and every call that
 * ends or feeds it made inside every callback. */
#include <sys/socket.h>
#include <unistd.h>
#include "proto/eventsource_program.h"

TEST(eventsource_conn, a_comment_is_sent_when_nothing_else_was)
{
	serve_open(NULL);
	http_pass(9990);
	http_expect(&peer, "");
	http_pass(10);
	expect_chunk(":\r\n\r\n");
	http_pass(10000);
	expect_chunk(":\r\n\r\n");
	finish();
}

TEST(eventsource_conn, events_put_the_ping_off)
{
	serve_open(NULL);
	for (int i = 0; i < 5; i++) {
		http_pass(9000);
		rill_send_text(conn, "x");
		expect_chunk("data: x\r\n\r\n");
	}
	http_pass(9990);
	http_expect(&peer, "");
	http_pass(10);
	expect_chunk(":\r\n\r\n");
	finish();
}

TEST(eventsource_conn, an_idle_stream_gives_the_memory_of_its_head_back)
{
	static const char *const keep[] = { "X-Long", NULL };
	rill_eventsource_options options = defaults();
	char request[2000];
	options.keep_headers = keep;
	serve(&options);
	snprintf(request, sizeof(request),
		ASK "Last-Event-ID: 7\r\nX-Long: a\r\nX-More: %01000d\r\n\r\n", 0);
	http_send(&peer, request);
	http_forget(&peer);
	expect_said("open ");
	size_t before = test_live_bytes();
	http_pass(10000);
	assert_true(test_live_bytes() + 1000 < before);
	expect_chunk(":\r\n\r\n");
	assert_string_equal(rill_eventsource_url(conn), "http://a/sse");
	assert_string_equal(rill_eventsource_last_id(conn), "7");
	assert_memory_equal(rill_conn_header(conn, "X-Long").data, "a", 1);
	assert_string_equal(rill_conn_peer(conn), "192.0.2.1");
	http_pass(10000);
	expect_chunk(":\r\n\r\n");
	rill_close(conn, 1000, NULL);
	expect_said("close:1000 ");
	http_expect(&peer, "0\r\n\r\n");
	http_send(&peer, ASK "\r\n");
	expect_said("open ");
	finish();
}

TEST(eventsource_conn, pings_can_be_switched_off)
{
	rill_eventsource_options options = defaults();
	options.ping_interval_ms = 0;
	serve_open(&options);
	http_pass(3600 * 1000);
	http_expect(&peer, "");
	expect_said("");
	finish();
}

TEST(eventsource_conn, a_client_that_resets_is_noticed_though_nothing_is_sent)
{
	const struct linger hard = { .l_onoff = 1, .l_linger = 0 };
	serve_open(NULL);
	setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(peer.fd);
	peer.fd = -1;
	expect_said("close:1006 ");
	finish();
}

TEST(eventsource_conn, a_client_that_ends_its_side_gets_what_was_sent_and_the_end)
{
	serve_open(NULL);
	rill_send_text(conn, "x");
	http_shut(&peer);
	expect_said("close:1006 ");
	http_expect(&peer, "b\r\ndata: x\r\n\r\n\r\n0\r\n\r\n");
	assert_true(peer.ended);
	finish();
}

TEST(eventsource_conn, one_that_ended_its_side_with_its_request_is_answered)
{
	serve(NULL);
	assert_true(send(peer.fd, ASK "\r\n", strlen(ASK "\r\n"), 0) > 0);
	shutdown(peer.fd, SHUT_WR);
	http_turns();
	expect_said("open close:1006 ");
	http_expect(&peer, HEAD CHUNKED RETRY "0\r\n\r\n");
	assert_true(peer.ended);
	finish();
}

TEST(eventsource_conn, so_is_one_that_waited_behind_another_when_its_client_ended_its_side)
{
	serve(NULL);
	http_send(&peer, ASK "\r\n" ASK "\r\n");
	http_expect(&peer, HEAD CHUNKED RETRY);
	http_shut(&peer);
	expect_said("open close:1006 open close:1006 ");
	http_expect(&peer, "0\r\n\r\n" HEAD CHUNKED RETRY "0\r\n\r\n");
	assert_true(peer.ended);
	finish();
}

static void close_it(rill_conn *c)
{
	assert_int_equal(rill_close(c, 1000, NULL), 0);
	assert_int_equal(rill_send_text(c, "x"), RILL_ECLOSED);
	assert_int_equal(rill_eventsource_ping(c), RILL_ECLOSED);
	assert_int_equal(rill_eventsource_send(c, "x", 1, NULL), RILL_ECLOSED);
}

static void destroy_it(rill_conn *c)
{
	rill_conn_destroy(c);
	assert_int_equal(rill_send_text(c, "x"), RILL_ECLOSED);
	assert_int_equal(rill_eventsource_ping(c), RILL_ECLOSED);
	assert_int_equal(rill_eventsource_send(c, "x", 1, NULL), RILL_ECLOSED);
}

static void send_it(rill_conn *c)
{
	rill_send_text(c, "x");
	rill_conn_pause(c);
	rill_conn_resume(c);
}

/* A stream in whose callbacks this is done; much is sent so that there is a drain. */
static void live(void (*opened)(rill_conn *), void (*drained)(rill_conn *),
	void (*closed)(rill_conn *), const char *want)
{
	static char much[600 * 1024];
	memset(much, 'x', sizeof(much));
	serve(NULL);
	in_open = opened;
	in_drain = drained;
	in_close = closed;
	http_send(&peer, ASK "\r\n");
	if (conn && rill_conn_get_state(conn) == RILL_CONN_OPEN) {
		assert_int_equal(rill_send(conn, RILL_TEXT, much, sizeof(much)), 1);
		while (!strstr(said, "drain"))
			http_take(&peer);
	}
	http_take(&peer);
	http_turns();
	if (conn)
		rill_conn_destroy(conn);
	http_turns();
	expect_said(want);
	finish();
}

TEST(eventsource_conn, every_call_may_be_made_in_every_callback)
{
	live(close_it, NULL, NULL, "open close:1000 ");
	live(destroy_it, NULL, NULL, "open close:1006 ");
	live(send_it, NULL, NULL, "open drain close:1006 ");
	live(NULL, close_it, NULL, "open drain close:1000 ");
	live(NULL, destroy_it, NULL, "open drain close:1006 ");
	live(NULL, send_it, NULL, "open drain close:1006 ");
	live(NULL, NULL, destroy_it, "open drain close:1006 ");
	live(close_it, NULL, destroy_it, "open close:1000 ");
	live(destroy_it, NULL, send_it, "open close:1006 ");
}

TEST(eventsource_conn, destroying_cuts_without_an_end)
{
	serve_open(NULL);
	rill_conn *kept = rill_conn_ref(conn);
	rill_conn_destroy(conn);
	assert_string_equal(rill_conn_peer(kept), "192.0.2.1");
	expect_said("close:1006 ");
	http_expect(&peer, "");
	assert_true(peer.ended);
	assert_int_equal(rill_send_text(kept, "x"), RILL_ECLOSED);
	assert_int_equal(rill_eventsource_send(kept, "x", 1, NULL), RILL_ECLOSED);
	assert_string_equal(rill_eventsource_url(kept), "http://a/sse");
	rill_conn_unref(kept);
	finish();
}

TEST(eventsource_conn, behind_its_end_the_connection_takes_the_next_request)
{
	serve_open(NULL);
	rill_close(conn, 1000, NULL);
	expect_said("close:1000 ");
	http_expect(&peer, "0\r\n\r\n");
	http_send(&peer, ASK "\r\n");
	http_expect(&peer, HEAD CHUNKED RETRY);
	expect_said("open ");
	finish();
}

TEST(eventsource_conn, a_client_that_takes_nothing_is_cut_in_time)
{
	static char much[1024 * 1024];
	memset(much, 'x', sizeof(much));
	serve_open(NULL);
	assert_int_equal(rill_send(conn, RILL_TEXT, much, sizeof(much)), 1);
	rill_close(conn, 1000, NULL);
	http_pass(59000);
	expect_said("");
	http_pass(30000);
	expect_said("close:1006 ");
	finish();
}

TEST(eventsource_conn, pings_do_not_pile_up_for_one_that_does_not_read)
{
	static char much[1024 * 1024];
	memset(much, 'x', sizeof(much));
	serve_open(NULL);
	rill_send(conn, RILL_TEXT, much, sizeof(much));
	http_turns();
	size_t queued = rill_conn_queued(conn);
	http_pass(50000);
	assert_int_equal(rill_conn_queued(conn), queued);
	finish();
}
