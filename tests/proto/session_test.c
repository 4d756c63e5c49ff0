/* session_test.c: the life of a session: it begins, has a carrier or waits for one, closes, is forgotten. */
#include "proto/session_program.h"

TEST(session, begins_with_the_opening_frame_then_on_open)
{
	struct http_peer a = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	expect_said("open ");
	assert_int_equal(sessions.open, 1);
	assert_string_equal(rill_conn_transport(conn), "poll");
	assert_string_equal(rill_conn_peer(conn), "192.0.2.1");
	http_close(&a);
	finish();
	assert_string_equal(said, "close:1006 ");
}

TEST(session, what_is_sent_in_a_turn_leaves_as_one_frame)
{
	struct http_peer a = { 0 };
	start(NULL);
	ask(&a, "1/stream");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n");
	expect_said("open ");
	rill_send_text(conn, "x");
	rill_send_text(conn, "");
	rill_send_text(conn, "z");
	expect_chunk(&a, "ax||z\n");
	rill_send_text(conn, "w");
	expect_chunk(&a, "aw\n");
	http_close(&a);
	finish();
}

TEST(session, waits_between_polls_with_what_was_sent)
{
	struct http_peer a = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	http_pass(4000);
	assert_int_equal(rill_send_text(conn, "x"), 0);
	assert_int_equal(rill_send_text(conn, "y"), 0);
	assert_int_equal(rill_conn_queued(conn), 2);
	http_expect(&a, "");
	ask(&a, "1/poll");
	expect_poll(&a, "ax|y\n");
	ask(&a, "1/poll");
	http_pass(4000);
	http_expect(&a, "");
	rill_send_text(conn, "z");
	expect_poll(&a, "az\n");
	expect_said("open ");
	http_close(&a);
	finish();
}

TEST(session, is_over_when_nobody_came_back)
{
	struct http_peer a = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	http_pass(4990);
	expect_said("open ");
	http_pass(20);
	expect_said("close:1006 ");
	assert_true(rl_sessions_empty(&sessions));
	assert_int_equal(empties, 1);
	assert_int_equal(overs, 1);
	assert_int_equal(sessions.closed_lost, 1);
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	expect_said("open ");
	http_close(&a);
	finish();
}

TEST(session, ends_at_once_when_its_client_leaves)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	ask(&a, "1/poll");
	expect_said("open ");
	http_close(&a);
	expect_said("close:1006 ");
	ask(&b, "1/stream");
	expect_said("open ");
	http_close(&b);
	expect_said("close:1006 ");
	assert_true(rl_sessions_empty(&sessions));
	finish();
}

TEST(session, a_client_that_closes_its_sending_side_gets_an_end)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	ask(&a, "1/poll");
	expect_said("open ");
	http_shut(&a);
	expect_said("close:1006 ");
	expect_poll(&a, "");
	assert_true(a.ended);
	ask(&b, "2/stream");
	expect_said("open ");
	http_forget(&b);
	http_shut(&b);
	expect_said("close:1006 ");
	http_expect(&b, "0\r\n\r\n");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session, waits_for_a_client_where_a_loss_is_none)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	ask(&a, "1/poll2");
	expect_poll(&a, "o\n");
	ask(&a, "1/poll2");
	expect_said("open ");
	http_close(&a);
	expect_said("");
	http_pass(4000);
	rill_send_text(conn, "x");
	ask(&b, "1/stream2");
	http_expect(&b, STREAM_HEAD "3\r\nax\n\r\n");
	assert_string_equal(rill_conn_transport(conn), "stream2");
	http_close(&b);
	http_pass(5010);
	expect_said("close:1006 ");
	finish();
}

TEST(session, a_second_receiver_is_told_that_there_is_one)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	ask(&a, "1/stream");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n");
	ask(&b, "1/poll");
	expect_poll(&b, "taken\n");
	ask(&b, "1/stream");
	http_expect(&b, STREAM_HEAD "6\r\ntaken\n\r\n0\r\n\r\n");
	rill_send_text(conn, "x");
	expect_chunk(&a, "ax\n");
	expect_said("open ");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session, a_second_receiver_takes_the_place_of_the_first_where_it_may)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	dialect.overlap = RL_OVERLAP_REPLACE;
	ask(&a, "1/stream");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n");
	ask(&b, "1/poll");
	http_expect(&a, "0\r\n\r\n");
	ask(&a, "1/poll");
	expect_poll(&b, "\n");
	rill_send_text(conn, "x");
	expect_poll(&a, "ax\n");
	http_close(&b);
	expect_said("open ");
	http_close(&a);
	finish();
}

TEST(session, a_second_receiver_is_the_end_where_it_must_not_be)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	dialect.overlap = RL_OVERLAP_FAIL;
	ask(&a, "1/stream");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n");
	ask(&b, "1/poll");
	http_expect_status(&b, 400);
	http_expect(&a, "27\r\nc1002:another connection is still open\n\r\n0\r\n\r\n");
	expect_said("open close:1002:another connection is still open ");
	assert_int_equal(sessions.closed_protocol, 1);
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session, a_closed_one_repeats_its_last_word_until_it_is_not_asked)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	assert_int_equal(rill_close(conn, 3456, "Go away!"), 0);
	expect_said("open ");
	http_pass(4000);
	ask(&a, "1/poll");
	expect_poll(&a, "c3456:Go away!\n");
	expect_said("close:3456:Go away! ");
	assert_int_equal(sessions.closed_clean, 1);
	assert_int_equal(sessions.open, 0);
	for (int i = 0; i < 3; i++) {
		http_pass(4000);
		ask(&b, "1/stream");
		http_expect(&b, STREAM_HEAD "f\r\nc3456:Go away!\n\r\n0\r\n\r\n");
	}
	bring(&a, "1", "x");
	expect_answer(&a, 200, "dropped");
	http_pass(5010);
	assert_true(rl_sessions_empty(&sessions));
	assert_int_equal(overs, 1);
	bring(&a, "1", "x");
	expect_answer(&a, 404, "no session");
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	expect_said("open ");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session, messages_go_before_the_last_word)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	rill_send_text(conn, "x");
	rill_close(conn, 1000, NULL);
	assert_int_equal(rill_send_text(conn, "y"), RILL_ECLOSED);
	ask(&a, "1/poll");
	expect_poll(&a, "ax\n");
	expect_said("open ");
	ask(&a, "1/poll");
	expect_poll(&a, "c1000:\n");
	expect_said("close:1000 ");
	ask(&b, "2/stream");
	expect_said("open ");
	http_forget(&b);
	rill_send_text(conn, "x");
	rill_close(conn, 1000, NULL);
	http_expect(&b, "3\r\nax\n\r\n7\r\nc1000:\n\r\n0\r\n\r\n");
	expect_said("close:1000 ");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session, one_that_is_not_told_in_time_ends_as_lost)
{
	struct http_peer a = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	expect_said("open ");
	rill_close(conn, 1000, NULL);
	http_pass(5010);
	expect_said("close:1006 ");
	assert_true(rl_sessions_empty(&sessions));
	http_close(&a);
	finish();
}

static void close_it(rill_conn *c)
{
	rill_close(c, 3000, "no");
}

static void destroy_it(rill_conn *c)
{
	rill_conn_destroy(c);
}

TEST(session, closed_in_on_open_of_a_poll_it_says_so_to_the_next)
{
	struct http_peer a = { 0 };
	start(NULL);
	in_open = close_it;
	ask(&a, "1/poll");
	expect_poll(&a, "o\n");
	expect_said("open ");
	ask(&a, "1/poll");
	expect_poll(&a, "c3000:no\n");
	expect_said("close:3000:no ");
	http_close(&a);
	finish();
}

TEST(session, destroyed_in_on_open_it_is_gone)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	in_open = destroy_it;
	ask(&a, "1/poll");
	expect_said("open close:1006 ");
	assert_true(rl_sessions_empty(&sessions));
	ask(&b, "1/stream");
	expect_said("open close:1006 ");
	assert_true(b.ended);
	assert_true(rl_sessions_empty(&sessions));
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session, what_is_sent_in_the_turn_of_on_open_comes_behind_the_opening)
{
	struct http_peer a = { 0 };
	start(NULL);
	ask(&a, "1/stream");
	rill_send_text(conn, "x");
	rill_close(conn, 1000, "bye");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n3\r\nax\n\r\na\r\nc1000:bye\n\r\n0\r\n\r\n");
	http_close(&a);
	finish();
}

TEST(session, a_beat_is_sent_now_and_then)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	ask(&a, "1/stream");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n");
	http_pass(24990);
	http_expect(&a, "");
	http_pass(20);
	expect_chunk(&a, "h\n");
	http_pass(25000);
	expect_chunk(&a, "h\n");
	ask(&b, "2/poll");
	expect_poll(&b, "o\n");
	ask(&b, "2/poll");
	http_pass(25010);
	expect_poll(&b, "h\n");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session, beats_can_be_switched_off)
{
	struct http_peer a = { 0 };
	start(NULL);
	sessions.terms.times.beat_ms = 0;
	ask(&a, "1/stream");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n");
	http_pass(3600 * 1000);
	http_expect(&a, "");
	expect_said("open ");
	http_close(&a);
	finish();
}

TEST(session, what_the_program_may_ask_is_of_the_latest_request)
{
	struct http_peer a = { 0 };
	start(NULL);
	http_open(&a);
	http_send(&a, "POST /s/1/poll?t=1 HTTP/1.1\r\nHost: a\r\nX-Kept: one\r\n\r\n");
	assert_string_equal(rl_session_url(rl_session(conn)), "http://a/s/1/poll?t=1");
	assert_memory_equal(rill_conn_header(conn, "x-kept").data, "one", 4);
	http_send(&a, "POST /s/1/poll?t=2 HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_string_equal(rl_session_url(rl_session(conn)), "http://a/s/1/poll?t=2");
	assert_null(rill_conn_header(conn, "X-Kept").data);
	char *names = rl_session(conn)->names;
	rill_send_text(conn, "x");
	http_send(&a, "POST /s/1/poll?t=3 HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_ptr_equal(rl_session(conn)->names, names);
	assert_string_equal(rl_session_url(rl_session(conn)), "http://a/s/1/poll?t=3");
	http_close(&a);
	finish();
}

TEST(session, has_a_uuid_of_its_own)
{
	struct http_peer a = { 0 };
	char first[37];
	start(NULL);
	ask(&a, "1/poll");
	const char *uuid = rl_session_uuid(rl_session(conn));
	assert_int_equal(strlen(uuid), 36);
	assert_int_equal(uuid[14], '4');
	strcpy(first, uuid);
	assert_string_equal(rl_session_uuid(rl_session(conn)), first);
	ask(&a, "2/poll");
	assert_string_not_equal(rl_session_uuid(rl_session(conn)), first);
	http_close(&a);
	finish();
}

TEST(session, lives_by_its_reference_behind_on_close)
{
	struct http_peer a = { 0 };
	start(NULL);
	ask(&a, "1/poll");
	rill_conn *c = rill_conn_ref(conn);
	rill_conn_destroy(c);
	expect_said("open close:1006 ");
	assert_int_equal(rill_conn_get_state(c), RILL_CONN_CLOSED);
	assert_int_equal(rill_send_text(c, "x"), RILL_ECLOSED);
	assert_int_equal(rill_close(c, 1000, NULL), 0);
	assert_string_equal(rill_conn_transport(c), "poll");
	assert_null(rill_conn_header(c, "X-Kept").data);
	rill_conn_unref(c);
	http_close(&a);
	finish();
}

TEST(session, a_server_that_stops_closes_all_and_freed_cuts_the_rest)
{
	struct http_peer a = { 0 }, b = { 0 }, c = { 0 };
	start(NULL);
	ask(&a, "1/stream");
	http_forget(&a);
	ask(&b, "2/poll");
	expect_poll(&b, "o\n");
	ask(&b, "2/poll");
	ask(&c, "3/poll");
	expect_said("open open open ");
	rill_server_stop(http_server, 1000, NULL, NULL);
	http_turns();
	http_expect(&a, "c\r\nc1001:going\n\r\n0\r\n\r\n");
	expect_said("close:1001:going close:1001:going ");
	http_close(&a);
	http_close(&b);
	http_close(&c);
	finish();
	assert_string_equal(said, "close:1006 ");
}

static void tap(rill_conn *c, const rill_frame *frame, void *user)
{
	assert_ptr_equal(c, conn);
	assert_null(user);
	say("%s%.*s ", frame->out ? ">" : "<", (int)frame->payload.len, (const char *)frame->payload.data);
}

TEST(session, a_tap_sees_what_passes)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	ask(&a, "1/stream");
	assert_int_equal(rill_conn_trace(conn, tap, NULL), 0);
	bring(&b, "1", "x|y");
	rill_send_text(conn, "z");
	rill_close(conn, 1000, NULL);
	expect_said("open <x|y x y >az >c1000: close:1000 ");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session, without_a_time_to_live_one_that_was_told_is_gone)
{
	struct http_peer a = { 0 }, b = { 0 };
	start(NULL);
	sessions.terms.times.away_ms = 0;
	ask(&a, "1/poll");
	http_pass(3600 * 1000);
	rill_send_text(conn, "x");
	ask(&b, "1/stream");
	rill_close(conn, 1000, NULL);
	expect_said("open close:1000 ");
	assert_true(rl_sessions_empty(&sessions));
	http_close(&a);
	http_close(&b);
	finish();
}
