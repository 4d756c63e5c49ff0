/* fanout_test.c: who gets what, in which order, in how many writes. */
#include "hub/members.h"

static struct member *a, *b, *c;

static void three(void)
{
	start();
	a = new_member();
	b = new_member();
	c = new_member();
}

static void end(void)
{
	lose(a);
	lose(b);
	lose(c);
	stop();
}

static void publish_one(void)
{
	publish("news", "one");
	expect_got(a, ""); /* at the end of the turn */
}

TEST(fanout, a_message_goes_to_all_subscribers_and_to_nobody_else)
{
	three();
	subscribe("news", a);
	subscribe("news", b);
	subscribe("olds", c);
	turn(publish_one);
	expect_got(a, "one|");
	expect_got(b, "one|");
	expect_got(c, "");
	end();
}

static void publish_three(void)
{
	publish("news", "one");
	publish("news", "two");
	publish("news", "three");
}

TEST(fanout, what_is_published_in_a_turn_is_one_write)
{
	three();
	subscribe("news", a);
	subscribe("news", b);
	turn(publish_three);
	expect_got(a, "one two three|");
	expect_got(b, "one two three|");
	end();
}

static void publish_and_send(void)
{
	publish("news", "one");
	rill_send_text(&a->conn, "two");
	publish("news", "three");
	rill_send_text(&a->conn, "four");
	publish("news", "five");
}

TEST(fanout, sending_and_publishing_keep_their_order)
{
	three();
	subscribe("news", a);
	subscribe("news", b);
	turn(publish_and_send);
	expect_got(a, "one (two) three (four) five|");
	expect_got(b, "one three five|");
	end();
}

static void publish_and_ping(void)
{
	publish("news", "one");
	assert_int_equal(rill_ping(&a->conn, "x", 1, NULL, NULL), 0);
	publish("news", "two");
	assert_int_equal(rill_pong(&a->conn, "y", 1), 0);
	publish("news", "three");
}

TEST(fanout, pings_keep_their_order_too)
{
	three();
	subscribe("news", a);
	subscribe("news", b);
	turn(publish_and_ping);
	expect_got(a, "one <ping x> two <pong y> three|");
	expect_got(b, "one two three|");
	end();
}

static void publish_to_two_topics(void)
{
	publish("x", "one");
	publish("y", "two");
	publish("x", "three");
	publish("z", "four");
	publish("y", "five");
}

TEST(fanout, two_topics_keep_the_order_of_publication)
{
	three();
	subscribe("x", a);
	subscribe("y", a);
	subscribe("y", b);
	subscribe("x", b);
	subscribe("q", b);
	subscribe("y", c);
	turn(publish_to_two_topics);
	expect_got(a, "one two three five|");
	expect_got(b, "one two three five|");
	expect_got(c, "two five|");
	end();
}

static void subscribe_in_between(void)
{
	publish("news", "before");
	subscribe("news", b);
	publish("news", "after");
}

TEST(fanout, a_new_subscriber_does_not_get_what_was_published_before)
{
	three();
	subscribe("news", a);
	turn(subscribe_in_between);
	expect_got(a, "before after|");
	expect_got(b, "after|");
	end();
}

static void unsubscribe_in_between(void)
{
	publish("news", "before");
	assert_int_equal(rill_unsubscribe(hub, "news", &a->conn), 0);
	publish("news", "after");
}

TEST(fanout, who_unsubscribes_has_got_what_was_published_before)
{
	three();
	subscribe("news", a);
	subscribe("news", b);
	turn(unsubscribe_in_between);
	expect_got(a, "before ");
	expect_got(b, "before after|");
	end();
}

static void close_in_between(void)
{
	publish("news", "before");
	assert_int_equal(rill_close(&a->conn, 1000, NULL), 0);
	publish("news", "after");
}

TEST(fanout, a_close_stands_behind_what_was_published_before)
{
	three();
	subscribe("news", a);
	subscribe("news", b);
	turn(close_in_between);
	expect_got(a, "before ");
	expect_got(b, "before after|");
	expect_closings("1000: ");
	end();
}

static void begin_pieces(void)
{
	publish("news", "one");
	rill_send_piece(&a->conn, RILL_TEXT, "x", 1, false);
	publish("news", "two");
}

static void end_pieces(void)
{
	rill_send_piece(&a->conn, RILL_TEXT, "y", 1, true);
	publish("news", "three");
}

TEST(fanout, nothing_goes_between_the_pieces_of_a_message)
{
	three();
	subscribe("news", a);
	subscribe("news", b);
	turn(begin_pieces);
	expect_got(a, "one (x+)|");
	turn(end_pieces);
	expect_got(a, "(y-) two|three|");
	end();
}

static void publish_except(void)
{
	uint64_t ids[] = { c->conn.id, a->conn.id, 1234567 };
	rill_publication what;
	rill_publication_init(&what, sizeof(what));
	what.data = "hello";
	what.len = 5;
	what.except = ids;
	what.except_count = 3;
	assert_int_equal(rill_publish_event(hub, "news", &what), 0);
	memset(ids, 0, sizeof(ids));
}

TEST(fanout, the_excepted_do_not_get_it)
{
	three();
	subscribe("news", a);
	subscribe("news", b);
	subscribe("news", c);
	turn(publish_except);
	expect_got(a, "");
	expect_got(b, "hello|");
	expect_got(c, "");
	end();
}

TEST(fanout, a_kind_the_protocol_does_not_have_is_counted_as_dropped)
{
	three();
	subscribe("news", a);
	subscribe("news", b);
	a->result = RILL_EUNSUPPORTED;
	publish_now("news", "one");
	expect_got(a, "");
	expect_got(b, "one|");
	assert_int_equal(stats_of("news").dropped, 1);
	assert_int_equal(stats_of("news").delivered, 1);
	expect_closings("");
	end();
}

TEST(fanout, a_service_without_publishing_is_sent_it_by_reference)
{
	three();
	a->ops.publish = NULL;
	a->ops.flush = NULL;
	subscribe("news", a);
	publish_now("news", "one");
	expect_got(a, "(one) ");
	assert_int_equal(a->conn.messages_out, 1);
	assert_int_equal(a->conn.bytes_out, 3);
	end();
}

static void fail_a(rill_conn *conn)
{
	if (conn == &a->conn)
		rl_conn_closed_later(conn, 1011);
}

TEST(fanout, who_ends_while_being_sent_to_is_sent_nothing_more)
{
	for (int topics = 1; topics <= 2; topics++) {
		three();
		rill_conn_ref(&a->conn);
		in_publish = fail_a;
		subscribe("news", a);
		subscribe("news", b);
		if (topics == 2) {
			subscribe("olds", a);
			publish("olds", "zero");
		}
		turn(publish_three);
		expect_got(a, "");
		expect_got(b, "one two three|");
		rill_conn_unref(&a->conn);
		lose(b);
		lose(c);
		stop();
	}
}

static void close_the_others(rill_conn *conn)
{
	if (conn != &c->conn)
		return;
	rill_close(&a->conn, 1000, NULL);
	rill_close(&b->conn, 1000, NULL);
}

TEST(fanout, a_tap_may_close_others)
{
	three();
	in_publish = close_the_others;
	subscribe("news", a);
	subscribe("news", b);
	subscribe("news", c);
	publish_now("news", "one");
	expect_closings("1000: 1000: ");
	expect_got(c, "one|");
	end();
}

static void publish_again(rill_conn *conn)
{
	static char text[2] = "1";
	if (conn != &b->conn || text[0] > '3')
		return;
	publish("news", text);
	text[0]++;
}

TEST(fanout, what_a_tap_publishes_follows)
{
	three();
	in_publish = publish_again;
	subscribe("news", a);
	subscribe("news", b);
	subscribe("news", c);
	for (int i = 0; i < 4; i++)
		turn(i ? NULL : publish_one);
	expect_got(a, "one|1|2|3|");
	expect_got(b, "one|1|2|3|");
	expect_got(c, "one|1|2|3|");
	end();
}

static void publish_many(void)
{
	for (int i = 0; i < RL_PENDING_MAX; i++)
		publish("news", "x");
	assert_int_equal(strlen(a->got), 2 * RL_PENDING_MAX);
	publish("news", "y");
}

TEST(fanout, what_is_pending_is_bounded_in_number)
{
	three();
	subscribe("news", a);
	turn(publish_many);
	assert_string_equal(a->got + 2 * RL_PENDING_MAX - 2, "x|y|");
	end();
}

static void publish_large(void)
{
	static char large[600 * 1024];
	memset(large, 'x', sizeof(large));
	assert_int_equal(rill_publish(hub, "news", RILL_BINARY, large, sizeof(large)), 0);
	assert_int_equal(a->conn.messages_out, 0);
	assert_int_equal(rill_publish(hub, "news", RILL_BINARY, large, sizeof(large)), 0);
	assert_int_equal(a->conn.messages_out, 2);
}

TEST(fanout, what_is_pending_is_bounded_in_bytes)
{
	three();
	subscribe("news", a);
	turn(publish_large);
	end();
}

static rill_hub *second;

static void publish_in_both(void)
{
	publish("news", "one");
	rill_publish(second, "news", RILL_TEXT, "two", 3);
	publish("news", "three");
}

TEST(fanout, two_hubs_of_a_loop_keep_the_order_too)
{
	three();
	assert_int_equal(rill_hub_new(&second, loop, NULL), 0);
	subscribe("news", a);
	rill_subscribe(second, "news", &a->conn, NULL);
	subscribe("news", b);
	turn(publish_in_both);
	expect_got(a, "one|two|three|");
	expect_got(b, "one|three|");
	rill_hub_free(second);
	publish_now("news", "four");
	expect_got(a, "four|");
	end();
}

static void publish_and_free(void)
{
	publish("news", "one");
	rill_hub_free(hub);
	hub = NULL;
}

TEST(fanout, what_was_published_before_the_hub_is_freed_arrives)
{
	three();
	subscribe("news", a);
	turn(publish_and_free);
	expect_got(a, "one|");
	assert_null(a->conn.watcher);
	end();
}

/* Many subscribers of many topics, some leaving while the others are served. */
TEST(fanout, everybody_gets_everything_once)
{
	enum { MEMBERS = 60, TOPICS = 7 };
	struct member *all[MEMBERS];
	char topic[16];
	start();
	for (int i = 0; i < MEMBERS; i++) {
		all[i] = new_member();
		for (int t = 0; t < TOPICS; t++) {
			snprintf(topic, sizeof(topic), "t%d", t);
			if ((i >> (t % 5)) & 1 || t == 0)
				subscribe(topic, all[i]);
		}
	}
	for (int i = 0; i < MEMBERS; i += 3)
		lose(all[i]);
	for (int t = 0; t < TOPICS; t++) {
		snprintf(topic, sizeof(topic), "t%d", t);
		publish(topic, topic);
	}
	turn(NULL);
	for (int i = 0; i < MEMBERS; i++) {
		char want[128] = "";
		if (i % 3 == 0)
			continue;
		for (int t = 0; t < TOPICS; t++)
			if ((i >> (t % 5)) & 1 || t == 0)
				snprintf(want + strlen(want), 16, "t%d ", t);
		want[strlen(want) - 1] = '|';
		expect_got(all[i], want);
		lose(all[i]);
	}
	stop();
}
