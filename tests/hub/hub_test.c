/* hub_test.c: the hub's options, and what publishing refuses. */
#include "hub/members.h"

static int try_origin(const char *origin)
{
	rill_hub_options options;
	rill_hub *made = NULL;
	rill_hub_options_default(&options);
	options.origin = origin;
	int rc = rill_hub_new(&made, loop, &options);
	rill_hub_free(made);
	return rc;
}

TEST(hub, an_origin_is_up_to_16_letters_and_digits)
{
	start();
	assert_int_equal(try_origin("a"), 0);
	assert_int_equal(try_origin("aZ09aZ09aZ09aZ09"), 0);
	assert_int_equal(try_origin(""), RILL_EINVAL);
	assert_int_equal(try_origin("aZ09aZ09aZ09aZ09x"), RILL_EINVAL);
	assert_int_equal(try_origin("a-b"), RILL_EINVAL);
	assert_int_equal(try_origin("@"), RILL_EINVAL);
	assert_int_equal(try_origin("\xc3\xa9"), RILL_EINVAL);
	stop();
}

TEST(hub, an_older_caller_gets_the_defaults_for_what_it_does_not_know)
{
	rill_hub_options old;
	memset(&old, 0xee, sizeof(old));
	rill_hub_options_init(&old, offsetof(rill_hub_options, max_mailbox));
	start_with(&old);
	assert_int_equal(hub->options.max_mailbox, 64 * 1024 * 1024);
	old.size = 0;
	rill_hub *made;
	assert_int_equal(rill_hub_new(&made, loop, &old), RILL_EINVAL);
	stop();
}

static void refused_publications(void)
{
	rill_publication what;
	assert_int_equal(rill_publish(hub, "t", RILL_TEXT, "\xff", 1), RILL_EUTF8);
	assert_int_equal(rill_publish(hub, "t", RILL_BINARY, "\xff", 1), 0);
	assert_int_equal(rill_publish(hub, "t", RILL_BINARY, NULL, 0), 0);
	assert_int_equal(rill_publish(hub, "t", RILL_BINARY, NULL, 1), RILL_EINVAL);
	assert_int_equal(rill_publish(hub, "", RILL_TEXT, "x", 1), RILL_EINVAL);
	assert_int_equal(rill_publish(hub, NULL, RILL_TEXT, "x", 1), RILL_EINVAL);
	assert_int_equal(rill_publish(hub, "t", (rill_kind)4, "x", 1), RILL_EINVAL);
	assert_int_equal(rill_publish(hub, "t", (rill_kind)0, "x", 1), RILL_EINVAL);
	assert_int_equal(rill_publish(hub, "t", RILL_JSON, "x", 1), RILL_EPROTO);
	rill_publication_init(&what, sizeof(what));
	what.type = "a\nb";
	assert_int_equal(rill_publish_event(hub, "t", &what), RILL_EINVAL);
	what.type = "a\rb";
	assert_int_equal(rill_publish_event(hub, "t", &what), RILL_EINVAL);
	what.type = "\xff";
	assert_int_equal(rill_publish_event(hub, "t", &what), RILL_EUTF8);
	what.type = NULL;
	what.except_count = 1;
	assert_int_equal(rill_publish_event(hub, "t", &what), RILL_EINVAL);
	what.except_count = 0;
	what.type = "fine";
	assert_int_equal(rill_publish_event(hub, "t", &what), 0);
	what.size = 0;
	assert_int_equal(rill_publish_event(hub, "t", &what), RILL_EINVAL);
}

TEST(hub, what_makes_no_sense_is_not_published)
{
	char name[1026];
	start();
	turn(refused_publications);
	refused_publications(); /* by way of the mailbox */
	memset(name, 'n', sizeof(name));
	name[1025] = 0;
	assert_int_equal(rill_publish(hub, name, RILL_TEXT, "x", 1), RILL_EINVAL);
	name[1024] = 0;
	assert_int_equal(rill_publish(hub, name, RILL_TEXT, "x", 1), 0);
	stop();
}

TEST(hub, counts_what_it_does)
{
	start();
	struct member *a = new_member(), *b = new_member();
	subscribe("t", a);
	subscribe("t", b);
	subscribe("u", b);
	publish_now("t", "1");
	publish_now("u", "2");
	publish_now("nobody", "3");
	lose(a);
	lose(b);
	rill_topic_stats all = { .size = sizeof(all) };
	assert_int_equal(rill_topic_read_stats(hub, NULL, &all), 0);
	assert_int_equal(all.published, 3);
	assert_int_equal(all.delivered, 3);
	assert_int_equal(all.subscribers, 0);
	assert_int_equal(all.size, sizeof(all));
	stop();
}

TEST(hub, many_topics_are_found_again)
{
	enum { TOPICS = 2000 };
	char name[32];
	start();
	struct member *m = new_member();
	for (int i = 0; i < TOPICS; i++) {
		snprintf(name, sizeof(name), "topic %d", i);
		subscribe(name, m);
	}
	assert_int_equal(hub->topic_count, TOPICS);
	assert_true(hub->bucket_count >= TOPICS / 2);
	for (int i = 0; i < TOPICS; i++) {
		snprintf(name, sizeof(name), "topic %d", i);
		assert_true(rill_subscribed(hub, name, &m->conn));
	}
	lose(m);
	assert_int_equal(hub->topic_count, 0);
	stop();
}

TEST(hub, is_freed_with_subscribers_and_histories)
{
	start();
	struct member *m = new_member();
	subscribe("t", m);
	subscribe("u", m);
	assert_int_equal(rill_topic_history(hub, "u", 10, 0, 1000), 0);
	assert_int_equal(rill_topic_history(hub, "v", 10, 0, 1000), 0);
	publish_now("u", "kept");
	publish_now("v", "kept");
	rill_hub_free(hub);
	hub = NULL;
	assert_int_equal(m->conn.state, RILL_CONN_OPEN);
	rill_send_text(&m->conn, "still here");
	lose(m);
	stop();
}
