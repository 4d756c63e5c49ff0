/* session_json_test.c: messages that say they are JSON, and what has waited as one frame. */
#include "hub/hub.h"
#include "proto/session_program.h"

static struct http_peer peer;
static struct rl_dialect json_dialect;

static void start_json(void)
{
	start(NULL);
	json_dialect = dialect;
	json_dialect.ops = &rl_session_json_ops;
	sessions.dialect = &json_dialect;
}

static int send_json(const char *text)
{
	return rill_send(conn, RILL_JSON, text, strlen(text));
}

TEST(session_json, goes_straight_through_the_outbox_and_in_a_frame_with_others)
{
	start_json();
	connect_peer(&peer, "/ws3?id=1");
	expect_frame(&peer, "o");
	assert_int_equal(send_json("{\"a\":1}"), 0);
	expect_frame(&peer, "sj{\"a\":1}");
	http_close(&peer);
	assert_int_equal(send_json(" [1] "), 0);
	connect_peer(&peer, "/ws3?id=1");
	expect_frame(&peer, "sj [1] ");
	http_close(&peer);
	assert_int_equal(send_json("null"), 0);
	assert_int_equal(rill_send_text(conn, "x"), 0);
	assert_int_equal(send_json("\"y\""), 0);
	connect_peer(&peer, "/ws3?id=1");
	expect_frame(&peer, "ajnull|x|j\"y\"");
	http_close(&peer);
	finish();
}

static void echo(rill_conn *c, rill_msg msg)
{
	say("%d ", msg.kind);
	rill_send_msg(c, msg);
}

TEST(session_json, comes_as_such)
{
	start_json();
	in_message = echo;
	connect_peer(&peer, "/ws3?id=1");
	http_forget(&peer);
	say_frame(&peer, 0x81, "j{}|{}");
	expect_said("open {} 3 {} 1 ");
	http_take(&peer);
	assert_string_equal(peer.text, "\x81\x04sj{}\x81\x03s{}");
	http_close(&peer);
	finish();
}

TEST(session_json, what_is_none_is_not_sent)
{
	static const char *const broken[] = { "", "{", "[1,]", "x", "\"\xff\"", "\"\xed\xa0\x80\"",
		"1 2", "'a'", NULL };
	start_json();
	connect_peer(&peer, "/ws3?id=1");
	http_forget(&peer);
	for (int i = 0; broken[i]; i++)
		assert_int_equal(send_json(broken[i]), RILL_EPROTO);
	assert_int_equal(rill_send(conn, RILL_TEXT, "\xff", 1), RILL_EUTF8);
	assert_int_equal(rill_send(conn, RILL_TEXT, "\xed\xa0\x80", 3), RILL_EUTF8);
	assert_int_equal(rill_send(conn, RILL_BINARY, "x", 1), RILL_EUNSUPPORTED);
	http_expect(&peer, "");
	assert_int_equal(sessions.messages_out, 0);
	http_close(&peer);
	finish();
}

TEST(session_json, in_pieces_it_is_checked_with_the_last)
{
	start_json();
	connect_peer(&peer, "/ws3?id=1");
	http_forget(&peer);
	assert_int_equal(rill_send_piece(conn, RILL_JSON, "[\"\xc3", 3, false), 0);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "x", 1, false), RILL_ESTATE);
	assert_int_equal(send_json("1"), RILL_ESTATE);
	assert_int_equal(rill_send_piece(conn, RILL_JSON, "\xa4", 1, true), RILL_EPROTO);
	assert_int_equal(rill_send_piece(conn, RILL_JSON, "\xa4\"]", 3, true), 0);
	expect_frame(&peer, "sj[\"\xc3\xa4\"]");
	assert_int_equal(send_json("1"), 0);
	expect_frame(&peer, "sj1");
	http_close(&peer);
	finish();
}

TEST(session_json, a_counted_message_is_checked_once)
{
	rill_msg msg;
	start_json();
	assert_int_equal(rill_msg_new(&msg, http_loop, RILL_JSON, "[", 1), RILL_EPROTO);
	assert_int_equal(rill_msg_new(&msg, http_loop, RILL_JSON, "[1]", 3), 0);
	connect_peer(&peer, "/ws3?id=1");
	http_forget(&peer);
	assert_int_equal(rill_send_msg(conn, msg), 0);
	expect_frame(&peer, "sj[1]");
	((char *)(uintptr_t)msg.data)[0] = '{'; /* nobody looks again */
	assert_int_equal(rill_send_msg(conn, msg), 0);
	expect_frame(&peer, "sj{1]");
	rill_msg_release(msg);
	/* What was made as a text is looked at. */
	assert_int_equal(rill_msg_new(&msg, http_loop, RILL_TEXT, "[", 1), 0);
	msg.kind = RILL_JSON;
	assert_int_equal(rill_send_msg(conn, msg), RILL_EPROTO);
	rill_msg_release(msg);
	http_close(&peer);
	finish();
}

static rill_msg kept;

static void keep(rill_conn *c, rill_msg msg)
{
	kept = msg;
	assert_int_equal(rill_msg_keep(c, &kept), 0);
	msg.kind = RILL_JSON; /* whatever it came as */
	say("%d ", rill_send_msg(c, msg));
}

TEST(session_json, kept_it_stays_what_it_was)
{
	start_json();
	in_message = keep;
	connect_peer(&peer, "/ws3?id=1");
	http_forget(&peer);
	say_frame(&peer, 0x81, "j[2]");
	expect_frame(&peer, "sj[2]");
	assert_int_equal(kept.kind, RILL_JSON);
	assert_int_equal(rill_send_msg(conn, kept), 0);
	expect_frame(&peer, "sj[2]");
	rill_msg_release(kept);
	expect_said("open [2] 0 ");
	say_frame(&peer, 0x81, "[2");
	kept.kind = RILL_JSON;
	assert_int_equal(rill_send_msg(conn, kept), RILL_EPROTO);
	rill_msg_release(kept);
	http_turns();
	char want[32];
	snprintf(want, sizeof(want), "[2 %d ", RILL_EPROTO);
	expect_said(want);
	http_expect(&peer, "");
	http_close(&peer);
	finish();
}

static int publish_json(rill_hub *hub, const char *text)
{
	return rill_publish(hub, "t", RILL_JSON, text, strlen(text));
}

TEST(session_json, is_published_to_those_who_have_it_alone)
{
	struct http_peer polling = { 0 };
	rill_topic_stats stats = { .size = sizeof(stats) };
	rill_hub *hub;

	start_json();
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	connect_peer(&peer, "/ws3?id=1");
	http_forget(&peer);
	assert_int_equal(rill_subscribe(hub, "t", conn, NULL), 0);
	ask(&polling, "2/poll");
	expect_poll(&polling, "o\n");
	assert_int_equal(rill_subscribe(hub, "t", conn, NULL), 0);
	assert_int_equal(publish_json(hub, "{"), RILL_EPROTO);
	assert_int_equal(publish_json(hub, "{}"), 0);
	expect_frame(&peer, "sj{}");
	ask(&polling, "2/poll");
	expect_poll(&polling, "aj{}\n");
	conn->ops = &rl_session_utf8_ops; /* another protocol */
	publish_json(hub, "1");
	rill_publish(hub, "t", RILL_TEXT, "2", 1);
	http_turns();
	ask(&polling, "2/poll");
	expect_poll(&polling, "a2\n");
	http_take(&peer);
	assert_string_equal(peer.text, "\x81\x03sj1\x81\x02s2");
	assert_int_equal(rill_topic_read_stats(hub, "t", &stats), 0);
	assert_int_equal(stats.published, 3);
	assert_int_equal(stats.delivered, 5);
	assert_int_equal(stats.dropped, 1);
	http_close(&polling);
	http_close(&peer);
	rill_hub_free(hub);
	finish();
}

TEST(session_json, where_there_is_no_such_kind_it_is_not_taken)
{
	static const char *const paths[] = { "/ws", "/raw", "/ws3", NULL };
	rill_msg msg;

	start(NULL);
	assert_int_equal(rill_msg_new(&msg, http_loop, RILL_JSON, "1", 1), 0);
	for (int i = 0; paths[i]; i++) {
		connect_peer(&peer, paths[i]);
		http_forget(&peer);
		assert_int_equal(send_json("1"), RILL_EUNSUPPORTED);
		assert_int_equal(send_json("no JSON"), RILL_EUNSUPPORTED);
		assert_int_equal(rill_send_msg(conn, msg), RILL_EUNSUPPORTED);
		assert_int_equal(rill_send_piece(conn, RILL_JSON, "1", 1, true), RILL_EUNSUPPORTED);
		assert_int_equal(
			rl_session_send(rl_session(conn), RILL_JSON, RL_SLICE("1"), false, false),
			RILL_EUNSUPPORTED);
		http_expect(&peer, "");
		http_close(&peer);
	}
	rill_msg_release(msg);
	finish();
}

TEST(session_json, what_has_waited_leaves_as_one_and_what_has_not_does_not)
{
	start(NULL);
	connect_peer(&peer, "/ws3?id=1");
	expect_frame(&peer, "o");
	rill_send_text(conn, "1");
	rill_send_text(conn, "2");
	http_take(&peer);
	assert_string_equal(peer.text, "\x81\x02s1\x81\x02s2");
	http_close(&peer);
	http_turns();
	rill_send_text(conn, "3");
	connect_peer(&peer, "/ws3?id=1");
	expect_frame(&peer, "s3");
	http_close(&peer);
	http_turns();
	rill_send_text(conn, "4");
	rill_send_text(conn, "5");
	rill_send_text(conn, "6");
	connect_peer(&peer, "/ws3?id=1");
	expect_frame(&peer, "a4|5|6");
	rill_send_text(conn, "7");
	expect_frame(&peer, "s7");
	http_close(&peer);
	finish();
}
