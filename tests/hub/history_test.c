/* history_test.c: message ids, what is kept, and what a subscriber that comes back gets. */
#include "hub/members.h"

static struct member *a;

static void start_history(size_t messages, size_t bytes, uint32_t ms)
{
	start();
	a = new_stream();
	assert_int_equal(rill_topic_history(hub, "t", messages, bytes, ms), 0);
}

static void end(void)
{
	lose(a);
	stop();
}

static const char *latest(void)
{
	static char id[RILL_MESSAGE_ID];
	int n = rill_topic_latest(hub, "t", id);
	assert_int_equal(n, strlen(id));
	return id;
}

static int subscribe_since(struct member *m, const char *since)
{
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.since = since;
	return rill_subscribe(hub, "t", &m->conn, &options);
}

TEST(history, ids_name_origin_epoch_and_number)
{
	rill_hub_options options;
	rill_hub_options_default(&options);
	options.origin = "Node1";
	options.history_messages = 10;
	start_with(&options);
	char id[RILL_MESSAGE_ID], origin[20], epoch[20], other[20];
	unsigned number;
	assert_int_equal(rill_topic_latest(hub, "t", id), 0);
	assert_string_equal(id, "");
	publish_now("t", "one");
	publish_now("t", "two");
	rill_topic_latest(hub, "t", id);
	assert_int_equal(sscanf(id, "%19[^-]-%19[^-]-%u", origin, epoch, &number), 3);
	assert_string_equal(origin, "Node1");
	assert_int_equal(number, 2);
	publish_now("u", "one");
	rill_topic_latest(hub, "u", id);
	assert_int_equal(sscanf(id, "%19[^-]-%19[^-]-%u", origin, other, &number), 3);
	assert_string_not_equal(epoch, other);
	assert_int_equal(number, 1);
	stop();
}

TEST(history, the_longest_id_fits)
{
	rill_hub_options options;
	rill_hub_options_default(&options);
	options.origin = "1234567890abcdef";
	start_with(&options);
	assert_int_equal(rill_topic_history(hub, "t", 1, 0, 0), 0);
	rl_topic_find(hub, RL_SLICE("t"))->history->last = UINT64_MAX - 1;
	publish_now("t", "x");
	assert_int_equal(strlen(latest()), RILL_MESSAGE_ID - 1);
	assert_string_equal(latest() + 28, "18446744073709551615");
	stop();
}

TEST(history, who_comes_back_gets_what_was_published_since)
{
	char id[RILL_MESSAGE_ID];
	start_history(10, 0, 0);
	publish_now("t", "one");
	strcpy(id, latest());
	publish_now("t", "two");
	publish_now("t", "three");
	assert_int_equal(subscribe_since(a, id), 0);
	publish_now("t", "four");
	expect_got(a, "two three four|");
	end();
}

TEST(history, who_has_everything_gets_nothing)
{
	start_history(10, 0, 0);
	publish_now("t", "one");
	assert_int_equal(subscribe_since(a, latest()), 0);
	expect_got(a, "");
	end();
}

static int subscribed;
static char before[RILL_MESSAGE_ID];

static void publish_and_come_back(void)
{
	publish("t", "two");
	subscribed = subscribe_since(a, before);
	publish("t", "three");
}

TEST(history, what_was_published_in_the_same_turn_comes_once)
{
	start_history(10, 0, 0);
	publish_now("t", "one");
	strcpy(before, latest());
	turn(publish_and_come_back);
	assert_int_equal(subscribed, 0);
	expect_got(a, "two three|");
	end();
}

TEST(history, a_gap_is_told_and_nothing_sent)
{
	char id[RILL_MESSAGE_ID];
	start_history(2, 0, 0);
	publish_now("t", "one");
	strcpy(id, latest());
	publish_now("t", "two");
	publish_now("t", "three");
	assert_int_equal(subscribe_since(a, id), 0);
	expect_got(a, "two three ");
	assert_int_equal(rill_unsubscribe(hub, "t", &a->conn), 0);
	publish_now("t", "four");
	assert_int_equal(subscribe_since(a, id), RILL_GAP);
	char want[RILL_MESSAGE_ID + 8];
	snprintf(want, sizeof(want), "gap=%s ", id);
	expect_got(a, want);
	assert_true(rill_subscribed(hub, "t", &a->conn));
	end();
}

TEST(history, other_protocols_are_not_sent_the_gap)
{
	start_history(2, 0, 0);
	struct member *b = new_member();
	assert_int_equal(subscribe_since(b, "nonsense"), RILL_GAP);
	expect_got(b, "");
	lose(b);
	end();
}

TEST(history, ids_of_elsewhere_are_gaps)
{
	start_history(10, 0, 0);
	publish_now("t", "one");
	publish_now("t", "two");
	char ids[8][RILL_MESSAGE_ID + 8];
	for (int i = 0; i < 8; i++)
		strcpy(ids[i], latest());
	ids[0][0] = ids[0][0] == 'x' ? 'y' : 'x';   /* another origin */
	ids[1][10] = ids[1][10] == 'x' ? 'y' : 'x'; /* another epoch */
	ids[2][strlen(ids[2]) - 1] = '3';           /* the future */
	strcpy(strrchr(ids[3], '-') + 1, "00");     /* never given */
	strcat(ids[4], "x");
	ids[5][strlen(ids[5]) - 1] = 0;
	strcpy(ids[6], "\xff");
	strcpy(strrchr(ids[7], '-') + 1, "02");
	for (int i = 0; i < 8; i++) {
		assert_int_equal(subscribe_since(a, ids[i]), RILL_GAP);
		if (i == 6)
			expect_got(a, "gap= "); /* what is not UTF-8 cannot be said */
		a->got[0] = 0;
		assert_int_equal(rill_unsubscribe(hub, "t", &a->conn), 0);
	}
	assert_int_equal(subscribe_since(a, latest()), 0);
	end();
}

TEST(history, an_event_stream_is_told_where_it_begins_and_may_come_back_from_there)
{
	char id[RILL_MESSAGE_ID];
	start_history(2, 0, 0);
	subscribe("t", a); /* before there is any message */
	strcpy(id, a->mark);
	assert_string_equal(strrchr(id, '-'), "-0");
	assert_string_equal(latest(), "");
	assert_int_equal(rill_unsubscribe(hub, "t", &a->conn), 0);
	assert_int_equal(subscribe_since(a, id), 0);
	expect_got(a, "");
	assert_int_equal(rill_unsubscribe(hub, "t", &a->conn), 0);
	publish_now("t", "one");
	publish_now("t", "two");
	assert_int_equal(subscribe_since(a, id), 0);
	expect_got(a, "one two ");
	assert_int_equal(rill_unsubscribe(hub, "t", &a->conn), 0);
	publish_now("t", "three");
	assert_int_equal(subscribe_since(a, id), RILL_GAP);
	a->got[0] = 0;
	assert_int_equal(rill_unsubscribe(hub, "t", &a->conn), 0);
	subscribe("t", a);
	assert_string_equal(a->mark, latest());
	expect_got(a, "");
	end();
}

TEST(history, who_names_an_id_or_subscribes_again_is_not_told_where_it_begins)
{
	start_history(2, 0, 0);
	publish_now("t", "one");
	assert_int_equal(subscribe_since(a, latest()), 0);
	assert_string_equal(a->mark, "");
	subscribe("t", a);
	assert_string_equal(a->mark, "");
	subscribe("without", a);
	assert_string_equal(a->mark, "");
	end();
}

/* An id inside of a message would end it; in front of what waits it would say too much. */
TEST(history, nobody_is_told_where_it_begins_when_something_stands_in_the_way)
{
	start_history(2, 0, 0);
	assert_int_equal(rill_send_piece(&a->conn, RILL_TEXT, "x", 1, false), 0);
	subscribe("t", a);
	assert_string_equal(a->mark, "");
	assert_int_equal(rill_unsubscribe(hub, "t", &a->conn), 0);
	subscribe("other", a);
	publish_now("other", "waits");
	subscribe("t", a);
	assert_string_equal(a->mark, "");
	assert_int_equal(rill_send_piece(&a->conn, RILL_TEXT, "y", 1, true), 0);
	expect_got(a, "(x+)|(y-) waits|");
	end();
}

TEST(history, without_a_history_everything_is_a_gap)
{
	start();
	a = new_member();
	assert_int_equal(subscribe_since(a, "a-b-1"), RILL_GAP);
	assert_true(rill_subscribed(hub, "t", &a->conn));
	end();
}

TEST(history, is_bounded_by_bytes)
{
	start_history(100, 5, 0);
	publish_now("t", "aa");
	publish_now("t", "bb");
	publish_now("t", "cc");
	assert_int_equal(stats_of("t").history, 2);
	publish_now("t", "too large for it");
	assert_int_equal(stats_of("t").history, 0);
	publish_now("t", "d");
	assert_int_equal(stats_of("t").history, 1);
	end();
}

TEST(history, is_bounded_by_age)
{
	char id[RILL_MESSAGE_ID];
	start_history(100, 0, 1000);
	publish_now("t", "one");
	pass(600);
	publish_now("t", "two");
	strcpy(id, latest());
	publish_now("t", "three");
	pass(600);
	assert_int_equal(stats_of("t").history, 2);
	assert_int_equal(subscribe_since(a, id), 0);
	expect_got(a, "three ");
	pass(600);
	assert_int_equal(stats_of("t").history, 0);
	assert_string_not_equal(latest(), "");
	end();
}

TEST(history, a_topic_by_default_is_forgotten_when_its_history_is_too_old)
{
	rill_hub_options options;
	rill_hub_options_default(&options);
	options.history_messages = 10;
	options.history_ms = 1000;
	start_with(&options);
	publish_now("t", "one");
	assert_int_equal(hub->topic_count, 1);
	pass(1200);
	assert_int_equal(hub->topic_count, 0);
	stop();
}

TEST(history, a_topic_by_default_that_could_keep_nothing_is_not_there)
{
	rill_hub_options options;
	rill_hub_options_default(&options);
	options.history_messages = 10;
	options.history_bytes = 3;
	start_with(&options);
	publish_now("t", "four");
	assert_int_equal(hub->topic_count, 0);
	publish_now("t", "one");
	assert_int_equal(hub->topic_count, 1);
	rill_topic_stats stats = { .size = sizeof(stats) };
	assert_int_equal(rill_topic_read_stats(hub, NULL, &stats), 0);
	assert_int_equal(stats.published, 2);
	stop();
}

static size_t failing; /* which allocation */
static bool failed;

static void publish_failing(void)
{
	test_fail_allocation(failing, false);
	int rc = rill_publish(hub, "t", RILL_TEXT, "one", 3);
	failed = test_allocation_failed();
	test_fail_allocation(0, false);
	assert_int_equal(rc, failed ? RILL_ENOMEM : 0);
	assert_int_equal(hub->topic_count, !failed);
}

TEST(history, a_topic_made_for_a_message_that_memory_is_short_for_is_not_there)
{
	rill_hub_options options;
	rill_hub_options_default(&options);
	options.history_messages = 10;
	start_with(&options);
	failed = true;
	for (failing = 1; failed; failing++)
		turn(publish_failing);
	assert_true(failing > 4);
	stop();
}

static void publish_transient(void)
{
	rill_publication what;
	rill_publication_init(&what, sizeof(what));
	what.data = "typing";
	what.len = 6;
	what.type = "state";
	what.transient = true;
	assert_int_equal(rill_publish_event(hub, "t", &what), 0);
}

TEST(history, what_is_asked_for_again_and_again_waits_once)
{
	char first[RILL_MESSAGE_ID];
	start_history(100, 0, 0);
	publish_now("t", "one");
	strcpy(first, latest());
	publish_now("t", "two");
	publish_now("t", "three");
	a->high = 1;
	for (int i = 0; i < 100; i++)
		assert_int_equal(subscribe_since(a, first), 0);
	assert_int_equal(stats_of("t").waiting, strlen("two") + strlen("three"));
	expect_got(a, "two ");
	a->high = 1000;
	drain(a);
	expect_got(a, "two three ");
	end();
}

TEST(history, a_message_too_large_to_be_kept_leaves_no_topic)
{
	rill_hub_options options;
	rill_hub_options_default(&options);
	options.history_messages = 10;
	options.history_bytes = 3;
	start_with(&options);
	publish_now("t", "four");
	assert_int_equal(hub->topic_count, 0);
	publish_now("t", "one");
	assert_int_equal(hub->topic_count, 1);
	stop();
}

TEST(history, the_transient_are_delivered_but_not_kept)
{
	start_history(10, 0, 0);
	subscribe("t", a);
	turn(publish_transient);
	expect_got(a, "state=typing|");
	assert_string_equal(latest(), "");
	assert_int_equal(stats_of("t").history, 0);
	end();
}

TEST(history, ends_and_begins_as_another)
{
	char id[RILL_MESSAGE_ID];
	start_history(10, 0, 0);
	publish_now("t", "one");
	strcpy(id, latest());
	assert_int_equal(rill_topic_history(hub, "t", 0, 0, 0), 0);
	assert_int_equal(hub->topic_count, 0);
	assert_int_equal(rill_topic_history(hub, "t", 10, 0, 0), 0);
	publish_now("t", "one");
	assert_int_equal(subscribe_since(a, id), RILL_GAP);
	end();
}

TEST(history, can_be_made_smaller)
{
	start_history(100, 0, 0);
	for (int i = 0; i < 20; i++)
		publish_now("t", "x");
	assert_int_equal(rill_topic_history(hub, "t", 3, 0, 0), 0);
	assert_int_equal(stats_of("t").history, 3);
	publish_now("t", "y");
	assert_int_equal(stats_of("t").history, 3);
	end();
}

TEST(history, a_replay_larger_than_the_queue_is_not_slowness)
{
	char id[RILL_MESSAGE_ID];
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.max_messages = 2;
	start_history(100, 0, 0);
	publish_now("t", "0");
	options.since = strcpy(id, latest());
	for (int i = 1; i < 10; i++)
		publish_now("t", (const char[]){ (char)('0' + i), 0 });
	a->high = 1;
	assert_int_equal(rill_subscribe(hub, "t", &a->conn, &options), 0);
	publish_now("t", "a");
	publish_now("t", "b");
	expect_got(a, "1 2 ");
	a->high = 1000;
	drain(a);
	expect_got(a, "3 4 5 6 7 8 9 a b ");
	a->high = 1;
	a->queued = 2;
	publish_now("t", "c"); /* full */
	for (int i = 0; i < 3; i++) {
		expect_closings("");
		publish_now("t", "d");
	}
	expect_closings("1008:too slow ");
	end();
}

TEST(history, the_oldest_of_a_replay_stay_when_room_is_made)
{
	rill_subscribe_options options;
	char id[RILL_MESSAGE_ID];
	rill_subscribe_options_default(&options);
	options.max_messages = 1;
	options.slow = RILL_SLOW_DROP_OLDEST;
	start_history(100, 0, 0);
	publish_now("t", "0");
	options.since = strcpy(id, latest());
	publish_now("t", "11");
	publish_now("t", "2");
	a->high = 1;
	assert_int_equal(rill_subscribe(hub, "t", &a->conn, &options), 0);
	publish_now("t", "3");
	publish_now("t", "4");
	a->high = 1000;
	drain(a);
	expect_got(a, "11 2 4 ");
	end();
}

static void replay_with_failures(void *arg)
{
	char id[RILL_MESSAGE_ID] = "";
	(void)arg;
	rill_hub *mine;
	if (rill_hub_new(&mine, loop, NULL) < 0)
		return;
	if (rill_topic_history(mine, "t", 100, 0, 1000) == 0) {
		for (int i = 0; i < 10; i++) {
			if (rill_publish(mine, "t", RILL_TEXT, "x", 1) == 0)
				rill_loop_turn(loop);
			if (i == 2)
				rill_topic_latest(mine, "t", id);
		}
	}
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.since = id;
	rill_subscribe(mine, "t", &a->conn, &options);
	rill_hub_free(mine);
	rill_loop_turn(loop); /* the mailbox goes */
}

TEST(history, survives_any_failing_allocation)
{
	start();
	a = new_stream();
	test_each_failing_allocation(replay_with_failures, NULL);
	end();
}
