/* session_beat_test.c: heartbeats that are asked for or send a poll away, times that differ by transport, and sessions
 * that nobody waits for. */
#include "proto/session_program.h"

static const struct rl_ending_words words[RL_ENDINGS] = {
	[RL_ENDING_LOST] = { 0, "lost" },
	[RL_ENDING_SILENT] = { 0, "silent" },
	[RL_ENDING_LEFT] = { 0, "left" },
};

/* WebSockets and streams: asked each 10 s, 8 s for an answer; polls: sent away after 20 s. */
static void start_timed(uint32_t away_ms)
{
	start(NULL);
	dialect.endings = words;
	row_times[WS3] = row_times[STREAM3] = (struct rl_session_times){ 10000, 8000, away_ms };
	row_times[POLL3] = (struct rl_session_times){ 20000, 0, 6000 };
	sessions.terms.row_times = row_times;
}

TEST(session_beat, an_answer_is_asked_for_and_the_next_is_due_behind_it)
{
	struct http_peer a = { 0 };
	start_timed(RL_AWAY_NOT);
	connect_peer(&a, "/ws3?id=1");
	expect_frame(&a, "o");
	http_pass(9990);
	expect_frame(&a, "");
	http_pass(20);
	expect_frame(&a, "?");
	http_pass(7000);
	say_frame(&a, 0x81, "x|^|y");
	expect_said("open x y ");
	http_pass(9980);
	expect_frame(&a, "");
	http_pass(30);
	expect_frame(&a, "?");
	http_close(&a);
	expect_said("close:1006:lost ");
	finish();
}

TEST(session_beat, one_that_does_not_answer_is_cut_and_over_where_nobody_waits_for_it)
{
	struct http_peer a = { 0 };
	start_timed(RL_AWAY_NOT);
	connect_peer(&a, "/ws3?id=1");
	expect_frame(&a, "o");
	http_pass(10010);
	expect_frame(&a, "?");
	say_frame(&a, 0x81, "x");
	http_pass(7900);
	expect_said("open x ");
	assert_false(a.ended);
	http_pass(110);
	expect_said("close:1006:silent ");
	http_take(&a);
	assert_int_equal(a.len, 0);
	assert_true(a.ended);
	assert_true(rl_sessions_empty(&sessions));
	assert_int_equal(sessions.closed_lost, 1);
	http_close(&a);
	finish();
}

TEST(session_beat, one_that_was_cut_may_come_back_and_is_asked_again)
{
	struct http_peer a = { 0 }, b = { 0 };
	start_timed(5000);
	connect_peer(&a, "/ws3?id=1");
	http_pass(10010);
	http_pass(8010);
	http_take(&a);
	assert_true(a.ended);
	http_close(&a);
	expect_said("open ");
	http_pass(4000);
	rill_send_text(conn, "1");
	connect_peer(&b, "/ws3?id=1");
	expect_frame(&b, "s1");
	http_pass(10010);
	expect_frame(&b, "?");
	http_close(&b);
	http_pass(5010);
	expect_said("close:1006:lost "); /* it was not silent this time */
	finish();
}

TEST(session_beat, one_that_was_cut_and_stays_away_was_silent)
{
	struct http_peer a = { 0 };
	start_timed(5000);
	ask(&a, "1/stream3");
	http_pass(10010);
	http_pass(8010);
	http_take(&a);
	assert_true(a.ended);
	http_pass(4900);
	expect_said("open ");
	http_pass(110);
	expect_said("close:1006:silent ");
	http_close(&a);
	finish();
}

TEST(session_beat, answers_may_come_by_requests)
{
	struct http_peer a = { 0 }, b = { 0 };
	start_timed(RL_AWAY_NOT);
	ask(&a, "1/stream3");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n");
	http_pass(10010);
	expect_chunk(&a, "?\n");
	http_pass(7000);
	bring(&b, "1", "^");
	expect_answer(&b, 200, "ok");
	http_pass(9000);
	http_expect(&a, "");
	http_pass(1010);
	expect_chunk(&a, "?\n");
	expect_said("open ");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session_beat, an_answer_that_nobody_has_asked_for_changes_nothing)
{
	struct http_peer a = { 0 }, b = { 0 };
	start_timed(5000);
	ask(&a, "1/stream3");
	http_forget(&a);
	http_pass(9000);
	bring(&b, "1", "^");
	http_pass(1010);
	expect_chunk(&a, "?\n");
	http_close(&a);
	bring(&b, "1", "^");
	http_pass(5010);
	expect_said("open close:1006:lost ");
	http_close(&b);
	finish();
}

TEST(session_beat, whose_messages_wait_for_the_program_is_not_silent)
{
	struct http_peer a = { 0 }, b = { 0 }, c = { 0 };
	start_timed(RL_AWAY_NOT);
	ask(&a, "1/stream3");
	http_forget(&a);
	rill_conn *stream = conn;
	connect_peer(&c, "/ws3?id=2");
	rill_conn *socket = conn;
	http_forget(&c);
	http_pass(10010);
	expect_chunk(&a, "?\n");
	expect_frame(&c, "?");
	rill_conn_pause(stream);
	rill_conn_pause(socket);
	bring(&b, "1", "^");
	say_frame(&c, 0x81, "^");
	http_pass(60000);
	expect_said("open open ");
	http_expect(&a, "");
	expect_frame(&c, "");
	rill_conn_resume(stream);
	rill_conn_resume(socket);
	expect_answer(&b, 200, "ok");
	http_pass(9990);
	http_expect(&a, "");
	http_pass(20);
	expect_chunk(&a, "?\n");
	expect_frame(&c, "?");
	expect_said("");
	http_close(&a);
	http_close(&b);
	http_close(&c);
	finish();
}

TEST(session_beat, nor_is_whose_answer_stands_behind_more_than_a_turn_takes)
{
	enum { N = 8192 };
	static char request[2 * N + 200];
	struct http_peer a = { 0 }, b = { 0 };
	start_timed(RL_AWAY_NOT);
	say_messages = false;
	ask(&a, "1/stream3");
	http_forget(&a);
	http_pass(10010);
	expect_chunk(&a, "?\n");
	int n = snprintf(request, sizeof(request),
		"POST /s/1/send HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 2 * N + 1);
	for (int i = 0; i < N; i++)
		memcpy(request + n + 2 * i, "x|", 2);
	request[n + 2 * N] = '^';
	http_open(&b);
	assert_int_equal(send(b.fd, request, (size_t)n + 2 * N + 1, 0), n + 2 * N + 1);
	assert_int_equal(rill_loop_turn(http_loop), 0);
	assert_in_range(sessions.messages_in, 1, N - 1);
	test_now += 8010; /* a program that takes its time */
	for (int i = 0; i < 5; i++)
		http_turns();
	expect_answer(&b, 200, "ok");
	assert_int_equal(sessions.messages_in, N);
	http_pass(10010);
	expect_chunk(&a, "?\n");
	expect_said("open ");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session_beat, who_brings_one_batch_after_the_other_has_all_of_its_time_behind_a_pause)
{
	struct http_peer a = { 0 }, b = { 0 };
	start_timed(RL_AWAY_NOT);
	ask(&a, "1/stream3");
	http_forget(&a);
	http_pass(10010);
	expect_chunk(&a, "?\n");
	rill_conn_pause(conn);
	bring(&b, "1", "x");
	http_pass(15900); /* nearly twice the time for an answer */
	rill_conn_resume(conn);
	expect_said("open x ");
	expect_answer(&b, 200, "ok");
	http_pass(7900);
	bring(&b, "1", "^");
	expect_answer(&b, 200, "ok");
	http_pass(9000);
	expect_said("");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session_beat, without_a_time_for_answers_none_is_awaited)
{
	struct http_peer a = { 0 };
	start_timed(RL_AWAY_NOT);
	row_times[WS3].answer_ms = 0;
	connect_peer(&a, "/ws3?id=1");
	expect_frame(&a, "o");
	for (int i = 0; i < 5; i++) {
		http_pass(10010);
		expect_frame(&a, "?");
	}
	expect_said("open ");
	http_close(&a);
	finish();
}

static void send_many(void)
{
	char text[1000];

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 1000; i++)
		rill_send(conn, RILL_TEXT, text, sizeof(text));
}

TEST(session_beat, what_waits_stands_in_for_a_beat_and_asks_for_nothing)
{
	struct http_peer a = { 0 };
	start_timed(RL_AWAY_NOT);
	connect_peer(&a, "/ws3?id=1");
	expect_frame(&a, "o");
	send_many(); /* the peer reads nothing of it */
	http_turns();
	assert_true(rl_session(conn)->full);
	http_pass(10010);
	assert_true(rl_session(conn)->full);
	assert_false(rl_session(conn)->awaiting_answer);
	while (rl_session(conn)->full)
		http_take(&a);
	http_take(&a);
	http_forget(&a);
	http_pass(10010);
	expect_frame(&a, "?");
	assert_true(rl_session(conn)->awaiting_answer);
	http_close(&a);
	finish();
}

TEST(session_beat, where_a_loss_is_the_end_the_silent_are_told)
{
	struct http_peer a = { 0 };
	start(NULL);
	connect_peer(&a, "/ws");
	expect_frame(&a, "o");
	http_pass(25010);
	http_forget(&a); /* a ping */
	http_pass(10010);
	expect_said("open close:3000:No response from heartbeat ");
	http_close(&a);
	finish();
}

TEST(session_beat, a_poll_is_sent_away_with_nothing_now_and_then)
{
	struct http_peer a = { 0 };
	start_timed(RL_AWAY_NOT);
	ask(&a, "1/poll3?label=L");
	expect_poll(&a, "Lo\n");
	for (int i = 0; i < 3; i++) {
		ask(&a, "1/poll3?label=L");
		http_pass(19990);
		http_expect(&a, "");
		http_pass(20);
		expect_poll(&a, "L\n");
	}
	http_pass(5900);
	expect_said("open ");
	http_pass(200);
	expect_said("close:1006:lost ");
	http_close(&a);
	finish();
}

static int write_go(struct rl_session *s, const struct rl_carrier *carrier, struct rl_buf *out)
{
	(void)s;
	(void)carrier;
	return rl_buf_append_str(out, "go");
}

TEST(session_beat, or_with_the_dialects_word_for_that)
{
	struct http_peer a = { 0 };
	start_timed(RL_AWAY_NOT);
	dialect.release = write_go;
	ask(&a, "1/poll3");
	expect_poll(&a, "o\n");
	ask(&a, "1/poll3");
	http_pass(20010);
	expect_poll(&a, "go\n");
	http_close(&a);
	finish();
}

TEST(session_beat, a_poll_may_be_held_for_ever)
{
	struct http_peer a = { 0 };
	start_timed(RL_AWAY_NOT);
	row_times[POLL3].beat_ms = 0;
	ask(&a, "1/poll3");
	expect_poll(&a, "o\n");
	ask(&a, "1/poll3");
	http_pass(3600 * 1000);
	http_expect(&a, "");
	expect_said("open ");
	http_close(&a);
	finish();
}

TEST(session_beat, a_poll_that_is_replaced_is_sent_away_like_that)
{
	struct http_peer a = { 0 }, b = { 0 };
	start_timed(RL_AWAY_NOT);
	dialect.overlap = RL_OVERLAP_REPLACE;
	ask(&a, "1/poll3?label=L");
	expect_poll(&a, "Lo\n");
	ask(&a, "1/poll3?label=L");
	http_pass(15000);
	ask(&b, "1/poll3");
	expect_poll(&a, "L\n");
	http_pass(15000);
	rill_send_text(conn, "1");
	expect_poll(&b, "a1\n");
	expect_said("open ");
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session_beat, a_stream_or_websocket_that_is_replaced_is_ended_in_order)
{
	struct http_peer a = { 0 }, b = { 0 }, c = { 0 };
	start_timed(RL_AWAY_NOT);
	dialect.overlap = RL_OVERLAP_REPLACE;
	ask(&a, "1/stream3");
	http_expect(&a, STREAM_HEAD "2\r\no\n\r\n");
	connect_peer(&b, "/ws3?id=1");
	http_expect(&a, "0\r\n\r\n");
	assert_int_equal(b.len, 0);
	connect_peer(&c, "/ws3?id=1");
	http_take(&b);
	test_expect_hex(b.text, b.len, "88 02 03 e8");
	rill_send_text(conn, "1");
	expect_frame(&c, "s1");
	http_pass(10010);
	expect_frame(&c, "?");
	expect_said("open ");
	http_close(&a);
	http_close(&b);
	http_close(&c);
	finish();
}

TEST(session_beat, a_loss_is_the_end_where_nobody_waits)
{
	struct http_peer a = { 0 }, b = { 0 };
	start_timed(RL_AWAY_NOT);
	ask(&a, "1/stream3");
	http_close(&a);
	expect_said("open close:1006:lost ");
	connect_peer(&b, "/ws3?id=1");
	say_frame(&b, 0x88, "\x03\xe8");
	expect_said("open close:1000:left ");
	assert_true(rl_sessions_empty(&sessions));
	http_close(&b);
	finish();
}

TEST(session_beat, so_is_what_breaks_the_protocol_whoever_waits)
{
	struct http_peer a = { 0 };
	start_timed(5000);
	connect_peer(&a, "/ws3?id=1");
	http_forget(&a);
	say_frame(&a, 0x81, "!");
	expect_said("open close:3000 ");
	assert_true(rl_sessions_empty(&sessions));
	assert_int_equal(sessions.closed_protocol, 1);
	http_close(&a);
	connect_peer(&a, "/ws3?id=2");
	say_frame(&a, 0xf1, "x"); /* no WebSocket frame */
	expect_said("open close:1002 ");
	http_close(&a);
	finish();
}

TEST(session_beat, so_is_the_end_of_a_poll_but_not_inside_of_a_call)
{
	struct http_peer a = { 0 };
	start_timed(RL_AWAY_NOT);
	row_times[POLL3].away_ms = RL_AWAY_NOT;
	ask(&a, "1/poll3");
	http_pass(10);
	expect_poll(&a, "o\n");
	expect_said("open close:1006:lost ");
	assert_true(rl_sessions_empty(&sessions));
	http_close(&a);
	finish();
}

TEST(session_beat, one_whose_poll_takes_what_is_sent_ends_behind_the_call)
{
	struct http_peer a = { 0 };
	start_timed(RL_AWAY_NOT);
	row_times[POLL3].away_ms = RL_AWAY_NOT;
	ask(&a, "1/poll2");
	expect_poll(&a, "o\n");
	ask(&a, "1/poll3");
	expect_said("open ");
	rill_send_text(conn, "1");
	conn->ops->flush(conn); /* as the hub does */
	assert_null(rl_session(conn)->carrier);
	assert_string_equal(said, "");
	http_pass(10);
	expect_poll(&a, "a1\n");
	expect_said("close:1006:lost ");
	http_close(&a);
	finish();
}

TEST(session_beat, of_a_closing_one_nobody_is_waited_for)
{
	struct http_peer a = { 0 }, b = { 0 };
	start_timed(RL_AWAY_NOT);
	ask(&a, "1/stream3");
	http_forget(&a);
	rill_close(conn, 3000, "no");
	expect_said("open close:3000 ");
	http_expect(&a, "9\r\nc3000:no\n\r\n0\r\n\r\n");
	http_pass(10);
	assert_true(rl_sessions_empty(&sessions));
	/* One whose last word does not get through. */
	connect_peer(&b, "/ws3?id=2");
	http_forget(&b);
	send_many();
	rill_close(conn, 3000, "no");
	http_close(&b);
	expect_said("open close:3000 ");
	assert_true(rl_sessions_empty(&sessions));
	http_close(&a);
	finish();
}

TEST(session_beat, the_times_are_those_of_the_last_transport)
{
	struct http_peer a = { 0 }, b = { 0 };
	start_timed(3000);
	ask(&a, "1/poll3");
	expect_poll(&a, "o\n");
	http_pass(5900);
	expect_said("open ");
	ask(&b, "1/stream3");
	http_forget(&b);
	http_pass(10010);
	expect_chunk(&b, "?\n");
	http_close(&b);
	http_pass(2900);
	expect_said("");
	http_pass(110);
	expect_said("close:1006:lost ");
	http_close(&a);
	finish();
}

/* Ended or not, but never a crash, a leak, or a session that stays. */
TEST(session_beat, every_allocation_may_fail)
{
	for (size_t n = 1; n < 200; n++) {
		struct http_peer a = { 0 }, b = { 0 };
		start_timed(1000);
		dialect.overlap = RL_OVERLAP_REPLACE;
		http_open(&a);
		http_open(&b);
		test_fail_allocation(n, false);
		ask(&a, "1/stream3");
		http_pass(10010);
		ask(&b, "1/poll3?label=L");
		ask(&a, "1/poll3");
		http_pass(20010);
		http_pass(7000);
		bool done = !test_allocation_failed();
		test_fail_allocation(0, false);
		http_pass(20000);
		http_close(&a);
		http_close(&b);
		http_pass(7000);
		assert_true(rl_sessions_empty(&sessions));
		finish();
		if (done)
			return;
	}
	fail();
}
