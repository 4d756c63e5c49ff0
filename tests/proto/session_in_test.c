/* session_in_test.c: what clients send: batches, their order, how they wait, and when they are answered. */
#include "proto/session_program.h"

static struct http_peer peer;
static struct http_peer senders[3];

static void begin(void)
{
	peer = (struct http_peer){ 0 };
	memset(senders, 0, sizeof(senders));
	start(NULL);
	ask(&peer, "1/stream");
	http_forget(&peer);
	expect_said("open ");
}

static void stop_here(void)
{
	http_close(&peer);
	for (int i = 0; i < 3; i++)
		if (senders[i].fd)
			http_close(&senders[i]);
	finish();
}

TEST(session_in, messages_are_delivered_and_then_answered)
{
	begin();
	bring(&senders[0], "1", "x|y");
	expect_said("x y ");
	expect_answer(&senders[0], 200, "ok");
	bring(&senders[0], "1", "");
	expect_said("");
	expect_answer(&senders[0], 200, "ok");
	assert_int_equal(sessions.messages_in, 2);
	assert_int_equal(sessions.bytes_in, 2);
	stop_here();
}

TEST(session_in, nothing_of_what_is_broken_counts)
{
	begin();
	bring(&senders[0], "1", "x|!");
	expect_answer(&senders[0], 500, "Broken framing.");
	bring(&senders[0], "2", "x");
	expect_answer(&senders[0], 404, "no session");
	expect_said("");
	bring(&senders[0], "1", "y");
	expect_said("y ");
	stop_here();
}

TEST(session_in, a_program_that_has_paused_holds_the_answers_back)
{
	begin();
	rill_conn_pause(conn);
	size_t before = http_server->group.buffered;
	bring(&senders[0], "1", "a|b");
	bring(&senders[1], "1", "c");
	http_expect(&senders[0], "");
	http_expect(&senders[1], "");
	expect_said("");
	assert_true(http_server->group.buffered >= before + 4);
	rill_conn_resume(conn);
	expect_said("a b c ");
	expect_answer(&senders[0], 200, "ok");
	expect_answer(&senders[1], 200, "ok");
	stop_here();
}

static unsigned after;

static void pause_after(rill_conn *c, rill_msg msg)
{
	(void)msg;
	if (--after == 0)
		rill_conn_pause(c);
}

TEST(session_in, paused_inside_a_batch_the_rest_comes_later_in_order)
{
	begin();
	in_message = pause_after;
	after = 2;
	bring(&senders[0], "1", "a|b|c");
	bring(&senders[1], "1", "d");
	bring(&senders[2], "1", "e");
	expect_said("a b ");
	after = 2;
	rill_conn_resume(conn);
	expect_said("c d ");
	expect_answer(&senders[0], 200, "ok");
	http_expect(&senders[1], "");
	rill_conn_resume(conn);
	expect_said("e ");
	expect_answer(&senders[1], 200, "ok");
	expect_answer(&senders[2], 200, "ok");
	stop_here();
}

static void destroy_there(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_conn_destroy(c);
}

static void close_there(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_close(c, 3000, "enough");
}

TEST(session_in, closed_inside_a_batch_the_rest_is_dropped)
{
	begin();
	in_message = close_there;
	bring(&senders[0], "1", "a|b");
	expect_answer(&senders[0], 200, "dropped");
	expect_said("a close:3000:enough ");
	bring(&senders[0], "1", "c");
	expect_answer(&senders[0], 200, "dropped");
	expect_said("");
	stop_here();
}

TEST(session_in, destroyed_inside_a_batch_the_rest_is_dropped)
{
	begin();
	in_message = destroy_there;
	bring(&senders[0], "1", "a|b");
	expect_answer(&senders[0], 200, "dropped");
	expect_said("a close:1006 ");
	assert_true(rl_sessions_empty(&sessions));
	bring(&senders[0], "1", "c");
	expect_answer(&senders[0], 404, "no session");
	stop_here();
}

TEST(session_in, what_waits_is_dropped_when_the_session_ends)
{
	begin();
	rill_conn_pause(conn);
	bring(&senders[0], "1", "a");
	http_close(&peer);
	expect_said("close:1006 ");
	expect_answer(&senders[0], 200, "dropped");
	http_close(&senders[0]);
	senders[0].fd = 0;
	stop_here();
	assert_true(rl_sessions_empty(&sessions));
}

TEST(session_in, a_sender_may_leave_while_its_messages_wait)
{
	begin();
	rill_conn_pause(conn);
	bring(&senders[0], "1", "a");
	http_close(&senders[0]);
	senders[0] = (struct http_peer){ 0 };
	rill_conn_resume(conn);
	expect_said("a ");
	stop_here();
}

TEST(session_in, what_waits_goes_with_the_server)
{
	begin();
	rill_conn_pause(conn);
	bring(&senders[0], "1", "a");
	stop_here();
	assert_string_equal(said, "close:1006 ");
}

TEST(session_in, sessions_that_wait_take_messages)
{
	begin();
	ask(&senders[0], "2/poll");
	expect_said("open ");
	bring(&senders[1], "2", "a");
	expect_said("a ");
	rill_send_text(conn, "b");
	http_forget(&senders[0]);
	ask(&senders[0], "2/poll");
	expect_poll(&senders[0], "ab\n");
	stop_here();
}

static rill_msg kept;

static void keep_it(rill_conn *c, rill_msg msg)
{
	kept = msg;
	assert_int_equal(rill_msg_keep(c, &kept), 0);
	in_message = NULL;
}

TEST(session_in, messages_can_be_kept)
{
	begin();
	in_message = keep_it;
	bring(&senders[0], "1", "first|second");
	expect_said("first second ");
	assert_memory_equal(kept.data, "first", 5);
	assert_true(http_server->group.buffered >= 5);
	assert_int_equal(rill_send_msg(conn, kept), 0);
	expect_chunk(&peer, "afirst\n");
	rill_msg_release(kept);
	stop_here();
}

TEST(session_in, a_message_with_lone_surrogates_goes_only_where_it_may)
{
	begin();
	in_message = keep_it;
	bring(&senders[0], "1", "\xed\xa0\x80");
	assert_int_equal(rill_send_msg(conn, kept), 0);
	struct rl_conn_ops other = rl_session_ops;
	other.surrogates = false;
	conn->ops = &other;
	assert_int_equal(rill_send_msg(conn, kept), RILL_EUTF8);
	conn->ops = &rl_session_ops;
	rill_msg_release(kept);
	stop_here();
}

static void send_elsewhere(rill_conn *c, rill_msg msg)
{
	struct rl_conn_ops other = rl_session_ops;
	other.surrogates = false;
	c->ops = &other;
	assert_int_equal(rill_send_msg(c, msg), RILL_EUTF8);
	assert_int_equal(rill_send(c, RILL_TEXT, msg.data, msg.len), RILL_EUTF8);
	c->ops = &rl_session_ops;
	assert_int_equal(rill_send_msg(c, msg), 0);
	in_message = NULL;
}

TEST(session_in, nor_is_one_that_is_being_delivered_taken_for_what_it_is_not)
{
	begin();
	in_message = send_elsewhere;
	bring(&senders[0], "1", "\xed\xa0\x80");
	expect_chunk(&peer, "a\xed\xa0\x80\n");
	stop_here();
}

TEST(session_in, millions_of_messages_do_not_hold_the_loop)
{
	enum { N = 30000 };
	static char request[N + 200];
	begin();
	say_messages = false;
	http_open(&senders[0]);
	int n = snprintf(request, sizeof(request),
		"POST /s/1/send HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", N);
	memset(request + n, '|', N);
	assert_int_equal(send(senders[0].fd, request, (size_t)n + N, 0), n + N);
	assert_int_equal(rill_loop_turn(http_loop), 0);
	assert_true(sessions.messages_in > 0 && sessions.messages_in < 8192);
	for (int i = 0; i < 20; i++)
		http_turns();
	assert_int_equal(sessions.messages_in, N + 1);
	expect_answer(&senders[0], 200, "ok");
	stop_here();
}

TEST(session_in, nor_do_packets_that_are_none)
{
	enum { N = 8192 };
	static char request[2 * N + 200];
	begin();
	int n = snprintf(request, sizeof(request),
		"POST /s/1/send HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 2 * N + 1);
	for (int i = 0; i < N; i++)
		memcpy(request + n + 2 * i, "^|", 2);
	request[n + 2 * N] = 'm';
	http_open(&senders[0]);
	assert_int_equal(send(senders[0].fd, request, (size_t)n + 2 * N + 1, 0), n + 2 * N + 1);
	assert_int_equal(rill_loop_turn(http_loop), 0);
	assert_int_equal(sessions.messages_in, 0);
	for (int i = 0; i < 5; i++)
		http_turns();
	assert_int_equal(sessions.messages_in, 1);
	expect_answer(&senders[0], 200, "ok");
	stop_here();
}

/* An answer or none, but never a crash, a leak, or a session that stays. */
TEST(session_in, every_allocation_may_fail)
{
	for (size_t n = 1; n < 200; n++) {
		start(NULL);
		struct http_peer a = { 0 }, b = { 0 };
		http_open(&a);
		http_open(&b);
		test_fail_allocation(n, false);
		http_send(&a, "POST /s/1/poll HTTP/1.1\r\nHost: a\r\n\r\n");
		if (conn)
			rill_send_text(conn, "hello");
		http_send(&a, "POST /s/1/stream HTTP/1.1\r\nHost: a\r\n\r\n");
		http_send(&b, "POST /s/1/send HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nx|y|z");
		if (conn) {
			rl_session_uuid(rl_session(conn));
			rill_send_piece(conn, RILL_TEXT, "a", 1, false);
			rill_send_piece(conn, RILL_TEXT, "b", 1, true);
			rill_close(conn, 3000, "why");
		}
		http_turns();
		http_pass(6000);
		bool done = !test_allocation_failed();
		test_fail_allocation(0, false);
		assert_true(rl_sessions_empty(&sessions));
		assert_int_equal(sessions.open, 0);
		http_close(&a);
		http_close(&b);
		finish();
		if (done)
			return;
	}
	fail();
}

/* Whoever leaves costs a connection no longer, but what it has brought does. */
TEST(session_in, what_waits_without_a_sender_counts_as_what_it_costs)
{
	begin();
	rill_conn_pause(conn);
	size_t before = http_server->group.buffered, live = test_live_bytes();
	for (int i = 0; i < 100; i++) {
		struct http_peer sender = { 0 };
		bring(&sender, "1", "");
		http_close(&sender);
		http_turns();
	}
	size_t counted = http_server->group.buffered - before, cost = test_live_bytes() - live;
	assert_true(cost > 100 * 100);
	assert_true(counted > cost * 3 / 4);
	rill_conn_resume(conn);
	http_turns();
	assert_int_equal(http_server->group.buffered, before);
	stop_here();
}
