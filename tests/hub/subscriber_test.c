/* subscriber_test.c: subscribing and unsubscribing, from inside whatever callback there is. */
#include "hub/members.h"

static struct member *a, *b;

static void two(void)
{
	start();
	a = new_member();
	b = new_member();
}

static void end(void)
{
	lose(a);
	lose(b);
	stop();
}

TEST(subscriber, is_one_allocation_for_one_subscription)
{
	two();
	subscribe("t", a);
	subscribe("t", b);
	size_t blocks = test_live_blocks(), bytes = test_live_bytes();
	struct member *c = new_member();
	subscribe("t", c);
	assert_int_equal(test_live_blocks() - blocks, 2); /* with the connection itself */
	assert_true(test_live_bytes() - bytes - sizeof(struct member) <= 56);
	lose(c);
	end();
}

TEST(subscriber, errors_are_told)
{
	rill_hub_options options;
	rill_subscribe_options bad;
	rill_hub_options_default(&options);
	options.max_topics = 2;
	options.max_topic_name = 4;
	options.max_subscriptions = 1;
	start_with(&options);
	a = new_member();
	b = new_member();
	assert_int_equal(rill_subscribe(hub, "", &a->conn, NULL), RILL_EINVAL);
	assert_int_equal(rill_subscribe(hub, NULL, &a->conn, NULL), RILL_EINVAL);
	assert_int_equal(rill_subscribe(hub, "12345", &a->conn, NULL), RILL_EINVAL);
	rill_subscribe_options_default(&bad);
	bad.slow = (rill_slow)17;
	assert_int_equal(rill_subscribe(hub, "1234", &a->conn, &bad), RILL_EINVAL);
	bad.size = 0;
	assert_int_equal(rill_subscribe(hub, "1234", &a->conn, &bad), RILL_EINVAL);
	subscribe("1234", a);
	assert_int_equal(rill_subscribe(hub, "2", &a->conn, NULL), RILL_ELIMIT);
	assert_int_equal(hub->topic_count, 1);
	subscribe("2", b);
	struct member *c = new_member();
	assert_int_equal(rill_subscribe(hub, "3", &c->conn, NULL), RILL_ELIMIT);
	assert_null(c->conn.watcher);
	assert_int_equal(rill_close(&c->conn, 1000, NULL), 0);
	assert_int_equal(rill_subscribe(hub, "2", &c->conn, NULL), RILL_ECLOSED);
	assert_int_equal(rill_unsubscribe(hub, "2", &a->conn), RILL_ENOENT);
	assert_int_equal(rill_unsubscribe(hub, "9", &a->conn), RILL_ENOENT);
	uint64_t dropped;
	assert_int_equal(rill_subscription_dropped(hub, "2", &a->conn, &dropped), RILL_ENOENT);
	rill_topic_stats stats = { .size = sizeof(stats) };
	assert_int_equal(rill_topic_read_stats(hub, "9", &stats), RILL_ENOENT);
	lose(c);
	end();
}

TEST(subscriber, a_topic_is_gone_with_its_last_subscriber)
{
	two();
	subscribe("t", a);
	subscribe("t", b);
	assert_int_equal(rill_unsubscribe(hub, "t", &a->conn), 0);
	assert_int_equal(hub->topic_count, 1);
	lose(b);
	assert_int_equal(hub->topic_count, 0);
	b = new_member();
	end();
}

TEST(subscriber, subscribing_again_replaces_the_options)
{
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.max_messages = 1;
	two();
	subscribe("t", a);
	assert_int_equal(rill_subscribe(hub, "t", &a->conn, &options), 0);
	a->high = 1;
	publish_now("t", "full");
	publish_now("t", "waits");
	expect_closings("");
	publish_now("t", "too much");
	expect_closings("1008:too slow ");
	end();
}

TEST(subscriber, many_topics_come_and_go)
{
	enum { TOPICS = 500 };
	char topic[16];
	two();
	for (int i = 0; i < TOPICS; i++) {
		snprintf(topic, sizeof(topic), "t%d", i);
		subscribe(topic, a);
		if (i % 7 == 0)
			subscribe(topic, b);
	}
	for (int i = 0; i < TOPICS; i += 2) {
		snprintf(topic, sizeof(topic), "t%d", i);
		assert_int_equal(rill_unsubscribe(hub, topic, &a->conn), 0);
	}
	for (int i = 0; i < TOPICS; i++) {
		snprintf(topic, sizeof(topic), "t%d", i);
		assert_int_equal(rill_subscribed(hub, topic, &a->conn), i % 2);
		assert_int_equal(rill_subscribed(hub, topic, &b->conn), i % 7 == 0);
	}
	/* Places that were taken are found again. */
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 20; i += 2) {
			snprintf(topic, sizeof(topic), "t%d", i);
			subscribe(topic, a);
		}
		for (int i = 0; i < 20; i += 2) {
			snprintf(topic, sizeof(topic), "t%d", i);
			assert_int_equal(rill_unsubscribe(hub, topic, &a->conn), 0);
		}
	}
	rill_unsubscribe_all(hub, &a->conn);
	assert_null(a->conn.watcher);
	assert_int_equal(hub->topic_count, (TOPICS + 6) / 7);
	end();
}

TEST(subscriber, unsubscribing_from_all_is_of_one_hub)
{
	rill_hub *other;
	two();
	assert_int_equal(rill_hub_new(&other, loop, NULL), 0);
	subscribe("t", a);
	subscribe("u", a);
	rill_subscribe(other, "t", &a->conn, NULL);
	rill_unsubscribe_all(hub, &a->conn);
	assert_false(rill_subscribed(hub, "t", &a->conn));
	assert_true(rill_subscribed(other, "t", &a->conn));
	rill_hub_free(other);
	assert_null(a->conn.watcher);
	end();
}

static int visits;
static struct member *many[10];

static void count(rill_conn *conn, void *user)
{
	visits++;
	if (user)
		assert_int_equal(rill_unsubscribe(hub, "t", conn), 0);
}

static void close_the_next(rill_conn *conn, void *user)
{
	(void)user;
	visits++;
	rill_close(conn, 1000, NULL);
	for (int i = 0; i < 10; i++) {
		if (many[i]->conn.state == RILL_CONN_OPEN) {
			rill_close(&many[i]->conn, 1000, NULL);
			return;
		}
	}
}

static void visit_inside(rill_conn *conn, void *user)
{
	visits++;
	rill_topic_each(hub, "t", count, NULL);
	rill_unsubscribe(hub, "t", &many[(conn->id * 7) % 10]->conn);
	(void)user;
}

static void free_hub(rill_conn *conn, void *user)
{
	(void)conn;
	(void)user;
	visits++;
	rill_hub_free(hub);
	hub = NULL;
}

static void subscribe_more(rill_conn *conn, void *user)
{
	(void)conn;
	(void)user;
	visits++;
	subscribe("t", a);
	subscribe("t", b);
}

static void ten(void)
{
	start();
	visits = 0;
	for (int i = 0; i < 10; i++) {
		many[i] = new_member();
		subscribe("t", many[i]);
	}
}

static void end_ten(void)
{
	for (int i = 0; i < 10; i++)
		lose(many[i]);
	stop();
}

TEST(subscriber, each_visits_everybody)
{
	ten();
	rill_topic_each(hub, "t", count, NULL);
	assert_int_equal(visits, 10);
	rill_topic_each(hub, "t", count, hub); /* who unsubscribes */
	assert_int_equal(visits, 20);
	assert_int_equal(hub->topic_count, 0);
	rill_topic_each(hub, "t", count, NULL);
	assert_int_equal(visits, 20);
	end_ten();
}

TEST(subscriber, each_does_not_visit_who_is_gone_or_anybody_twice)
{
	ten();
	rill_topic_each(hub, "t", close_the_next, NULL);
	assert_int_equal(visits, 5);
	end_ten();
}

/* Walks inside walks, while some leave: whoever is there all the time is visited once by each. */
static int seen[10], inner[10], depth;

static void look(rill_conn *conn, void *user)
{
	int *marks = user;
	for (int i = 0; i < 10; i++)
		if (conn == &many[i]->conn)
			marks[i]++;
	if (marks == seen && depth++ == 3) {
		rill_topic_each(hub, "t", look, inner);
		rill_unsubscribe(hub, "t", &many[0]->conn);
		rill_unsubscribe(hub, "t", &many[9]->conn);
		rill_unsubscribe(hub, "t", conn);
	} else if (marks == inner && conn == &many[5]->conn) {
		rill_unsubscribe(hub, "t", &many[8]->conn);
		rill_unsubscribe(hub, "t", &many[1]->conn);
	}
}

TEST(subscriber, each_inside_each_visits_once_while_others_leave)
{
	ten();
	memset(seen, 0, sizeof(seen));
	memset(inner, 0, sizeof(inner));
	depth = 0;
	rill_topic_each(hub, "t", look, seen);
	for (int i = 0; i < 10; i++) {
		assert_true(seen[i] <= 1 && inner[i] <= 1);
		if (rill_subscribed(hub, "t", &many[i]->conn))
			assert_true(seen[i] == 1 && inner[i] == 1);
	}
	end_ten();
}

/* Who comes in a walk stands behind its end, also when others leave after that. */
static rill_conn *come[2], *went[10];
static unsigned to_leave;

static void trade(rill_conn *conn, void *user)
{
	int *marks = user;
	assert_true(conn != come[0] && conn != come[1]);
	for (int i = 0; i < 10; i++) {
		if (conn == &many[i]->conn)
			marks[i]++;
		assert_true(!went[i] || went[i] != conn);
	}
	if (visits++ == 2) {
		assert_int_equal(rill_subscribe(hub, "t", come[0], NULL), 0);
		assert_int_equal(rill_subscribe(hub, "t", come[1], NULL), 0);
	}
	if (visits > 2 && visits < 6) {
		unsigned i = (to_leave + (unsigned)visits * 3) % 10;
		if (rill_unsubscribe(hub, "t", &many[i]->conn) == 0)
			went[i] = &many[i]->conn;
	}
}

TEST(subscriber, each_visits_all_who_stay_and_none_who_come_while_others_leave)
{
	for (to_leave = 0; to_leave < 10; to_leave++) {
		ten();
		a = new_member();
		b = new_member();
		come[0] = &a->conn;
		come[1] = &b->conn;
		memset(went, 0, sizeof(went));
		memset(seen, 0, sizeof(seen));
		rill_topic_each(hub, "t", trade, seen);
		for (int i = 0; i < 10; i++)
			assert_true(went[i] ? seen[i] <= 1 : seen[i] == 1);
		visits = 0;
		rill_topic_each(hub, "t", count, NULL);
		assert_int_equal(visits, stats_of("t").subscribers);
		lose(a);
		lose(b);
		end_ten();
	}
}

TEST(subscriber, each_ends_when_the_hub_is_freed)
{
	ten();
	rill_topic_each(hub, "t", free_hub, NULL);
	assert_int_equal(visits, 1);
	end_ten();
}

TEST(subscriber, each_inside_each_survives_everything)
{
	ten();
	rill_topic_each(hub, "t", visit_inside, NULL);
	assert_true(visits > 10);
	end_ten();
}

TEST(subscriber, each_does_not_visit_who_comes_meanwhile)
{
	ten();
	a = new_member();
	b = new_member();
	rill_topic_each(hub, "t", subscribe_more, NULL);
	assert_int_equal(visits, 10);
	assert_int_equal(stats_of("t").subscribers, 12);
	lose(a);
	lose(b);
	end_ten();
}

static void say_goodbye(rill_conn *conn)
{
	assert_false(rill_subscribed(hub, "t", conn));
	assert_int_equal(rill_subscribe(hub, "t", conn, NULL), RILL_ECLOSED);
	rill_publish(hub, "t", RILL_TEXT, "gone", 4);
}

TEST(subscriber, on_close_finds_it_unsubscribed)
{
	two();
	subscribe("t", a);
	subscribe("t", b);
	in_close = say_goodbye;
	lose(a);
	in_close = NULL;
	turn(NULL);
	expect_got(b, "gone|");
	a = new_member();
	end();
}

TEST(subscriber, destroying_ends_subscriptions_at_once)
{
	two();
	subscribe("t", a);
	subscribe("u", a);
	rill_conn_destroy(&a->conn);
	assert_int_equal(hub->topic_count, 0);
	assert_null(a->conn.watcher);
	turn(NULL);
	a = new_member();
	end();
}

static void subscribe_with_failures(void *arg)
{
	char topic[16];
	(void)arg;
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	for (int i = 0; i < 6; i++) {
		snprintf(topic, sizeof(topic), "t%d", i);
		options.max_messages = (size_t)i;
		int rc = rill_subscribe(hub, topic, &a->conn, &options);
		assert_true(rc == 0 || rc == RILL_ENOMEM);
		assert_int_equal(rill_subscribed(hub, topic, &a->conn), rc == 0);
		rill_subscribe(hub, topic, &b->conn, NULL);
	}
	rill_unsubscribe_all(hub, &a->conn);
	rill_unsubscribe_all(hub, &b->conn);
	assert_int_equal(hub->topic_count, 0);
}

TEST(subscriber, survives_any_failing_allocation)
{
	two();
	subscribe_with_failures(NULL); /* the hub's table is there from now on */
	test_each_failing_allocation(subscribe_with_failures, NULL);
	end();
}
