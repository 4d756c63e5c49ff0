/* backlog_test.c: subscribers that do not keep up: what waits for them, and what their policy says. */
#include "hub/members.h"

static struct member *slow, *quick;

/* One whose queue is full after the first message. */
static void two(rill_slow policy, size_t max_bytes, size_t max_messages)
{
	rill_subscribe_options options;
	start();
	slow = new_member();
	quick = new_member();
	slow->high = 1;
	rill_subscribe_options_default(&options);
	options.slow = policy;
	options.max_bytes = max_bytes;
	options.max_messages = max_messages;
	assert_int_equal(rill_subscribe(hub, "t", &slow->conn, &options), 0);
	subscribe("t", quick);
	publish_now("t", "full");
	expect_got(slow, "full ");
	expect_got(quick, "full|");
}

static void end(void)
{
	lose(slow);
	lose(quick);
	stop();
}

static uint64_t dropped_by_slow(void)
{
	uint64_t dropped = 99;
	assert_int_equal(rill_subscription_dropped(hub, "t", &slow->conn, &dropped), 0);
	return dropped;
}

TEST(backlog, messages_wait_and_move_on_when_there_is_room)
{
	two(RILL_SLOW_CLOSE, 100, 0);
	publish_now("t", "aaa");
	publish_now("t", "b");
	expect_got(slow, "");
	expect_got(quick, "aaa|b|");
	assert_int_equal(stats_of("t").waiting, 4);
	drain(slow);
	expect_got(slow, "aaa "); /* full again */
	drain(slow);
	expect_got(slow, "b ");
	assert_int_equal(stats_of("t").waiting, 0);
	assert_int_equal(stats_of("t").delivered, 6);
	assert_int_equal(slow->charged, 0);
	publish_now("t", "c"); /* b has not filled it */
	expect_got(slow, "c ");
	end();
}

TEST(backlog, a_queue_that_the_kernel_takes_at_once_is_not_full)
{
	two(RILL_SLOW_CLOSE, 0, 1);
	slow->swift = true;
	drain(slow);
	publish("t", "1");
	publish("t", "2");
	publish("t", "3");
	turn(NULL);
	expect_got(slow, "1 2|3|"); /* 2 fills it */
	end();
}

TEST(backlog, too_slow_is_closed)
{
	two(RILL_SLOW_CLOSE, 4, 0);
	publish_now("t", "aaa");
	publish_now("t", "b");
	expect_closings("");
	publish_now("t", "c");
	expect_closings("1008:too slow ");
	assert_int_equal(slow->conn.state, RILL_CONN_CLOSING);
	assert_false(rill_subscribed(hub, "t", &slow->conn));
	assert_int_equal(stats_of("t").closed, 1);
	assert_int_equal(stats_of("t").waiting, 0);
	assert_int_equal(stats_of("t").subscribers, 1);
	expect_got(quick, "aaa|b|c|");
	end();
}

TEST(backlog, the_oldest_make_room)
{
	two(RILL_SLOW_DROP_OLDEST, 4, 0);
	publish_now("t", "aa");
	publish_now("t", "b");
	publish_now("t", "cc");
	publish_now("t", "a message too large");
	slow->high = 1000;
	drain(slow);
	expect_got(slow, "b cc ");
	assert_int_equal(dropped_by_slow(), 2);
	assert_int_equal(stats_of("t").dropped, 2);
	expect_closings("");
	end();
}

TEST(backlog, the_newest_are_dropped)
{
	two(RILL_SLOW_DROP_NEWEST, 0, 2);
	publish_now("t", "a");
	publish_now("t", "b");
	publish_now("t", "c");
	slow->high = 1000;
	drain(slow);
	expect_got(slow, "a b ");
	assert_int_equal(dropped_by_slow(), 1);
	end();
}

TEST(backlog, only_the_latest_waits)
{
	two(RILL_SLOW_LATEST, 1, 0);
	publish_now("t", "a");
	publish_now("t", "b");
	publish_now("t", "the last");
	drain(slow);
	expect_got(slow, "the last ");
	assert_int_equal(dropped_by_slow(), 2);
	end();
}

TEST(backlog, small_messages_are_bounded_in_number_too)
{
	two(RILL_SLOW_DROP_NEWEST, 100 * 1000, 0);
	for (int i = 0; i < 1100; i++)
		publish_now("t", "x");
	assert_int_equal(stats_of("t").waiting, 1024);
	end();
}

TEST(backlog, topics_keep_their_order_while_they_wait)
{
	two(RILL_SLOW_CLOSE, 0, 0);
	subscribe("u", slow);
	publish_now("t", "1");
	publish_now("u", "2");
	publish_now("t", "3");
	publish_now("u", "4");
	slow->high = 1000;
	drain(slow);
	expect_got(slow, "1 2 3 4 ");
	end();
}

TEST(backlog, unsubscribing_drops_what_waits_of_that_topic_alone)
{
	two(RILL_SLOW_CLOSE, 0, 0);
	subscribe("u", slow);
	publish_now("t", "1");
	publish_now("u", "2");
	publish_now("t", "3");
	publish_now("u", "4");
	assert_int_equal(rill_unsubscribe(hub, "t", &slow->conn), 0);
	slow->high = 1000;
	drain(slow);
	expect_got(slow, "2 4 ");
	end();
}

TEST(backlog, sending_and_closing_go_past_what_waits)
{
	two(RILL_SLOW_CLOSE, 0, 0);
	publish_now("t", "waits");
	rill_send_text(&slow->conn, "own");
	expect_got(slow, "(own) ");
	rill_close(&slow->conn, 1000, "bye");
	expect_closings("1000:bye ");
	assert_int_equal(slow->charged, 0);
	end();
}

static void publish_burst(void)
{
	publish("t", "1");
	publish("t", "2");
	publish("t", "3");
}

TEST(backlog, many_that_are_too_slow_at_once_are_all_closed)
{
	struct member *all[20];
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.max_messages = 1;
	start();
	for (int i = 0; i < 20; i++) {
		all[i] = new_member();
		all[i]->high = i % 2 ? 1 : 0;
		assert_int_equal(rill_subscribe(hub, "t", &all[i]->conn, &options), 0);
		assert_int_equal(rill_subscribe(hub, "u", &all[i]->conn, &options), 0);
	}
	publish_now("t", "full");
	turn(publish_burst);
	assert_int_equal(stats_of("t").closed, 10);
	assert_int_equal(stats_of("t").subscribers, 10);
	assert_int_equal(stats_of("u").subscribers, 10);
	for (int i = 0; i < 20; i++) {
		expect_got(all[i], i % 2 ? "full " : "full|1 2 3|");
		lose(all[i]);
	}
	stop();
}

static void send_behind(void)
{
	publish("t", "2");
	assert_int_equal(rill_send_text(&slow->conn, "x"), RILL_ECLOSED);
	assert_int_equal(rill_close(&slow->conn, 1000, "mine"), 0);
}

TEST(backlog, who_is_found_too_slow_right_before_a_send_is_closed_once)
{
	two(RILL_SLOW_CLOSE, 0, 1);
	publish_now("t", "1");
	turn(send_behind);
	expect_closings("1008:too slow ");
	end();
}

TEST(backlog, the_end_of_a_message_in_pieces_makes_no_room)
{
	two(RILL_SLOW_CLOSE, 0, 0);
	assert_int_equal(rill_send_piece(&slow->conn, RILL_TEXT, "x", 1, false), 1);
	publish_now("t", "waits");
	assert_int_equal(rill_send_piece(&slow->conn, RILL_TEXT, "y", 1, true), 1);
	expect_got(slow, "(x+) (y-) ");
	drain(slow);
	expect_got(slow, "waits ");
	end();
}

TEST(backlog, a_message_that_waits_for_several_is_charged_to_one_that_has_it_still)
{
	enum { LONG = 300 };
	char text[LONG + 1] = { 0 };
	memset(text, 'x', LONG);
	two(RILL_SLOW_CLOSE, 0, 0);
	quick->high = 1;
	publish_now("t", "fills the other too");
	publish_now("t", text);
	ptrdiff_t sum = slow->charged + quick->charged;
	assert_true(sum >= LONG && sum < 2 * LONG);
	struct member *payer = slow->charged > quick->charged ? slow : quick;
	struct member *other = payer == slow ? quick : slow;
	assert_true(other->charged < LONG);
	payer->high = 1000;
	drain(payer);
	assert_int_equal(payer->charged, 0);
	assert_true(other->charged >= LONG);
	end();
}

static rill_hub *second;

static void publish_in_both(void)
{
	publish_burst();
	assert_int_equal(rill_publish(second, "alone", RILL_TEXT, "x", 1), 0);
}

/* The other hub's messages go first, and with the closing goes the topic that is being published to. */
TEST(backlog, the_only_subscriber_of_a_topic_is_found_too_slow_by_another_hub)
{
	two(RILL_SLOW_CLOSE, 0, 1);
	assert_int_equal(rill_hub_new(&second, loop, NULL), 0);
	assert_int_equal(rill_subscribe(second, "alone", &slow->conn, NULL), 0);
	turn(publish_in_both);
	expect_closings("1008:too slow ");
	assert_int_equal(second->topic_count, 0);
	rill_hub_free(second);
	end();
}

TEST(backlog, without_memory_for_what_waits_the_connection_is_closed)
{
	bool closed = false;
	for (size_t n = 1; n < 12; n++) {
		two(RILL_SLOW_DROP_OLDEST, 0, 0);
		test_fail_allocation(n, false);
		rill_publish(hub, "t", RILL_TEXT, "a", 1);
		rill_loop_turn(loop);
		rill_publish(hub, "t", RILL_TEXT, "b", 1);
		rill_loop_turn(loop);
		test_fail_allocation(0, false);
		if (slow->conn.state == RILL_CONN_OPEN) {
			/* It has what the others have. */
			slow->high = 1000;
			slow->swift = true;
			drain(slow);
			for (char *p = quick->got; *p; p++)
				*p = *p == '|' ? ' ' : *p;
			assert_int_equal(strlen(slow->got), strlen(quick->got));
			assert_int_equal(strncmp(slow->got, quick->got, strlen(slow->got) - 1), 0);
			expect_closings("");
		} else {
			expect_closings("1011:out of memory ");
			closed = true;
		}
		end();
	}
	assert_true(closed);
}
