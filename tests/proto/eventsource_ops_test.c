/* eventsource_ops_test.c: what a program says on a stream of events, as it stands in the response. */
#include "conn/publication.h"
#include "conn/conn.h"
#include "conn/no_json.h"
#include "proto/eventsource_program.h"

static int send_event(const char *data, const char *type, const char *id)
{
	return rill_eventsource_send(conn, data, strlen(data), &(rill_event){ type, id });
}

TEST(eventsource_ops, a_text_is_an_event_with_data_alone)
{
	serve_open(NULL);
	assert_int_equal(rill_send_text(conn, "two\nlines"), 0);
	expect_chunk("data: two\ndata: lines\r\n\r\n");
	assert_int_equal(rill_send(conn, RILL_TEXT, NULL, 0), 0);
	expect_chunk("data: \r\n\r\n");
	assert_int_equal(rill_send(conn, RILL_BINARY, "x", 1), RILL_EUNSUPPORTED);
	assert_int_equal(rill_send(conn, RILL_TEXT, "\xff", 1), RILL_EUTF8);
	http_expect(&peer, "");
	finish();
}

TEST(eventsource_ops, an_event_has_a_type_and_an_id)
{
	serve_open(NULL);
	assert_int_equal(send_event("x", "tick", "7"), 0);
	expect_chunk("event: tick\r\nid: 7\r\ndata: x\r\n\r\n");
	assert_int_equal(send_event("x", NULL, NULL), 0);
	expect_chunk("data: x\r\n\r\n");
	assert_int_equal(send_event("x", "", ""), 0);
	expect_chunk("id: \r\ndata: x\r\n\r\n");
	assert_int_equal(rill_eventsource_send(conn, "y", 1, NULL), 0);
	expect_chunk("data: y\r\n\r\n");
	finish();
}

TEST(eventsource_ops, what_would_inject_a_field_is_refused)
{
	char long_one[1026];
	memset(long_one, 'x', sizeof(long_one));
	long_one[1025] = 0;
	serve_open(NULL);
	assert_int_equal(send_event("x", "a\rdata: b", NULL), RILL_EINVAL);
	assert_int_equal(send_event("x", "a\n", NULL), RILL_EINVAL);
	assert_int_equal(send_event("x", NULL, "a\r\n\r\ndata: b"), RILL_EINVAL);
	assert_int_equal(send_event("x", long_one, NULL), RILL_EINVAL);
	assert_int_equal(send_event("x", NULL, long_one), RILL_EINVAL);
	assert_int_equal(send_event("x", "\xff", NULL), RILL_EUTF8);
	assert_int_equal(send_event("x", NULL, "\xff"), RILL_EUTF8);
	assert_int_equal(send_event("\xff", NULL, NULL), RILL_EUTF8);
	http_expect(&peer, "");
	long_one[1024] = 0;
	assert_int_equal(send_event("x", long_one, NULL), 0);
	finish();
}

TEST(eventsource_ops, a_message_in_pieces_is_one_event)
{
	serve_open(NULL);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "a\r", 2, false), 0);
	expect_chunk("data: a\r");
	assert_int_equal(rill_send_text(conn, "x"), RILL_ESTATE);
	assert_int_equal(rill_eventsource_ping(conn), RILL_ESTATE);
	http_pass(20000);
	http_expect(&peer, "");
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "\nb\r", 3, false), 0);
	expect_chunk("\ndata: b\r");
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, NULL, 0, true), 0);
	expect_chunk("data: \r\n\r\n");
	assert_int_equal(rill_send_text(conn, "x"), 0);
	expect_chunk("data: x\r\n\r\n");
	finish();
}

TEST(eventsource_ops, a_ping_and_a_retry_are_lines_of_their_own)
{
	serve_open(NULL);
	assert_int_equal(rill_eventsource_ping(conn), 0);
	expect_chunk(":\r\n\r\n");
	assert_int_equal(rill_eventsource_retry(conn, 123), 0);
	expect_chunk("retry: 123\r\n\r\n");
	assert_int_equal(rill_ping(conn, NULL, 0, NULL, NULL), RILL_EUNSUPPORTED);
	finish();
}

TEST(eventsource_ops, sending_says_when_to_wait_and_refuses_above_the_limit)
{
	static char much[1024 * 1024];
	rill_eventsource_options options = defaults();
	rill_conn_stats stats = { .size = sizeof(stats) };
	memset(much, 'x', sizeof(much));
	options.max_queue = 100 * 1024;
	serve_open(&options);
	assert_int_equal(rill_send(conn, RILL_TEXT, much, sizeof(much)), 1);
	assert_int_equal(rill_send(conn, RILL_TEXT, much, sizeof(much)), RILL_ETOOBIG);
	assert_int_equal(rill_send(conn, RILL_TEXT, much, 10), RILL_ETOOBIG);
	while (rill_conn_queued(conn))
		http_take(&peer);
	expect_said("drain ");
	assert_int_equal(rill_send(conn, RILL_TEXT, much, sizeof(much)), 1);
	while (!strstr(said, "drain "))
		http_take(&peer);
	rill_conn_read_stats(conn, &stats);
	assert_true(stats.queue_peak > 256 * 1024);
	assert_int_equal(stats.messages_out, 2);
	said[0] = 0;
	finish();
}

TEST(eventsource_ops, the_conn_tells_what_it_knows)
{
	static const char *const keep[] = { "x-one", "x-none", "Cookie", NULL };
	rill_eventsource_options options = defaults();
	options.keep_headers = keep;
	serve(&options);
	http_send(&peer, ASK "X-One: 1\r\nCookie: c\r\nLast-Event-ID: 42\r\n\r\n");
	assert_string_equal(rill_conn_transport(conn), "eventsource");
	assert_string_equal(rill_conn_version(conn), "");
	assert_string_equal(rill_conn_protocol(conn), "");
	assert_string_equal(rill_conn_extensions(conn), "");
	assert_string_equal(rill_conn_peer(conn), "192.0.2.1");
	assert_int_equal(rill_conn_peer_port(conn), 4711);
	assert_false(rill_conn_secure(conn));
	assert_string_equal(rill_eventsource_last_id(conn), "42");
	assert_string_equal(rill_eventsource_url(conn), "http://a/sse");
	assert_memory_equal(rill_conn_header(conn, "X-ONE").data, "1", 1);
	assert_memory_equal(rill_conn_header(conn, "cookie").data, "c", 1);
	assert_null(rill_conn_header(conn, "x-none").data);
	assert_null(rill_conn_header(conn, "Host").data);
	finish();
}

static void on_frame(rill_conn *c, const rill_frame *frame, void *user)
{
	(void)c;
	(void)user;
	assert_true(frame->out);
	say("%.*s", (int)frame->payload.len, (const char *)frame->payload.data);
}

TEST(eventsource_ops, the_trace_shows_what_is_written)
{
	serve_open(NULL);
	assert_int_equal(rill_conn_trace(conn, on_frame, NULL), 0);
	rill_send_text(conn, "x");
	expect_said("data: x\r\n\r\n");
	finish();
}

TEST(eventsource_ops, closing_wants_a_code_that_may_be_said)
{
	serve_open(NULL);
	assert_int_equal(rill_close(conn, 999, NULL), RILL_EINVAL);
	assert_int_equal(rill_close(conn, 1006, NULL), RILL_EINVAL);
	assert_int_equal(rill_close(conn, -1, NULL), RILL_EINVAL);
	assert_int_equal(rill_send_text(conn, "x"), 0);
	assert_int_equal(rill_close(conn, 3000, "reason"), 0);
	assert_int_equal(rill_close(conn, 1000, NULL), 0);
	expect_said("close:3000 ");
	http_expect(&peer, "b\r\ndata: x\r\n\r\n\r\n0\r\n\r\n");
	finish();
}

TEST(eventsource_ops, a_publication_is_encoded_once_for_each_framing)
{
	struct http_peer other, old;
	uint64_t encoded = 0;
	serve_open(NULL);
	rill_conn *first = conn;
	http_open(&other);
	http_send(&other, ASK "\r\n");
	http_forget(&other);
	rill_conn *second = conn;
	http_open(&old);
	http_send(&old, "GET /sse HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n");
	http_forget(&old);
	struct rl_publication *publication = rl_publication_new(
		test_env(), RILL_TEXT, RL_SLICE("a\nb"), RL_SLICE("t"));
	publication->encoded = &encoded;
	rl_publication_set_id(publication, RL_SLICE("x-1-2"));
	assert_int_equal(rl_conn_publish(first, publication), 0);
	assert_int_equal(rl_conn_publish(second, publication), 0);
	assert_int_equal(rl_conn_publish(conn, publication), 0);
	rl_publication_unref(publication);
	assert_int_equal(encoded, 2);
	expect_chunk("event: t\r\nid: x-1-2\r\ndata: a\ndata: b\r\n\r\n");
	http_expect(&old, "event: t\r\nid: x-1-2\r\ndata: a\ndata: b\r\n\r\n");
	publication = rl_publication_new(test_env(), RILL_BINARY, RL_SLICE("x"), rl_slice(NULL, 0));
	assert_int_equal(rl_conn_publish(first, publication), RILL_EUNSUPPORTED);
	rl_publication_unref(publication);
	http_close(&other);
	http_close(&old);
	finish();
}

TEST(eventsource_ops, there_is_no_json)
{
	serve_open(NULL);
	expect_no_json(conn);
	assert_int_equal(rill_send_text(conn, "x"), 0);
	expect_chunk("data: x\r\n\r\n");
	finish();
}
