/* eventsource_publish_test.c: the hub's messages on event streams, and what a client that comes back
 * has missed. */
#include <stdlib.h>
#include "http/server_state.h"
#include "hub/hub.h"
#include "proto/eventsource_program.h"

static rill_hub *hub;
static int subscribed; /* what rill_subscribe() said last */

static void subscribe_it(rill_conn *c)
{
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.since = rill_eventsource_last_id(c);
	subscribed = rill_subscribe(hub, "t", c, &options);
}

static void start_hub(size_t history)
{
	rill_hub_options options;
	rill_hub_options_default(&options);
	options.history_messages = history;
	options.origin = "me";
	serve(NULL);
	assert_int_equal(rill_hub_new(&hub, http_loop, &options), 0);
	in_open = subscribe_it;
}

static void stop_hub(void)
{
	rill_hub_free(hub);
	finish();
}

static void come(struct http_peer *p, const char *since)
{
	char request[256];
	http_open(p);
	snprintf(request, sizeof(request), ASK "%s%s%s\r\n", since ? "Last-Event-ID: " : "",
		since ? since : "", since ? "\r\n" : "");
	http_send(p, request);
	http_expect_status(p, 200);
}

static void publish(const char *text)
{
	assert_int_equal(rill_publish(hub, "t", RILL_TEXT, text, strlen(text)), 0);
	http_turns();
}

static uint64_t encoded(void)
{
	rill_topic_stats stats = { .size = sizeof(stats) };
	assert_int_equal(rill_topic_read_stats(hub, "t", &stats), 0);
	return stats.encoded;
}

TEST(eventsource_publish, one_encoding_serves_all_streams)
{
	struct http_peer others[20];
	start_hub(0);
	for (int i = 0; i < 20; i++) {
		come(&others[i], NULL);
		http_forget(&others[i]);
	}
	publish("a\nb");
	for (int i = 0; i < 20; i++)
		http_expect(&others[i], "13\r\ndata: a\ndata: b\r\n\r\n\r\n");
	assert_int_equal(encoded(), 1);
	for (int i = 0; i < 20; i++)
		http_close(&others[i]);
	stop_hub();
}

/* Inside of a turn, where order is kept. */
static void speak(void *publication)
{
	rill_send_text(conn, "1");
	assert_int_equal(rill_publish_event(hub, "t", publication), 0);
	rill_send_text(conn, "2");
}

TEST(eventsource_publish, an_event_carries_its_type_and_what_was_sent_stands_in_line)
{
	rill_publication publication;
	start_hub(0);
	http_close(&peer);
	come(&peer, NULL);
	http_forget(&peer);
	rill_publication_init(&publication, sizeof(publication));
	publication.data = "x";
	publication.len = 1;
	publication.kind = RILL_TEXT;
	publication.type = "tick";
	assert_int_equal(rill_loop_post(http_loop, speak, &publication), 0);
	const char *text = http_take(&peer);
	const char *one = strstr(text, "data: 1"), *two = strstr(text, "event: tick\r\ndata: x"),
		   *three = strstr(text, "data: 2");
	assert_true(one && two && three && one < two && two < three);
	stop_hub();
}

TEST(eventsource_publish, what_waits_for_one_that_does_not_read_counts_as_held)
{
	static char much[600 * 1024];
	start_hub(0);
	const struct rl_stream_group *group = &http_server->group;
	memset(much, 'x', sizeof(much) - 1);
	http_send(&peer, ASK "\r\n");
	size_t idle = group->buffered;
	publish(much); /* fills its queue */
	size_t queued = group->buffered;
	publish(much);
	assert_true(group->buffered >= queued + strlen(much));
	for (int i = 0; i < 1000 && group->buffered > idle; i++)
		http_take(&peer);
	assert_int_equal(group->buffered, idle);
	publish(much);
	publish(much);
	assert_true(group->buffered > strlen(much));
	rill_conn_destroy(conn);
	http_turns();
	assert_int_equal(group->buffered, 0);
	stop_hub();
}

/* The id in the last event that came. */
static void last_id(struct http_peer *p, char id[RILL_MESSAGE_ID])
{
	const char *at = http_take(p), *found = NULL;
	while ((at = strstr(at, "id: "))) {
		at += 4;
		found = at;
	}
	assert_non_null(found);
	snprintf(id, RILL_MESSAGE_ID, "%.*s", (int)strcspn(found, "\r"), found);
}

TEST(eventsource_publish, who_comes_back_gets_what_was_missed)
{
	char id[RILL_MESSAGE_ID];
	struct http_peer back;
	start_hub(10);
	come(&back, NULL);
	publish("one");
	last_id(&back, id);
	http_close(&back);
	publish("two");
	publish("three");
	come(&back, id);
	assert_int_equal(subscribed, 0);
	publish("four");
	const char *text = http_take(&back);
	assert_null(strstr(text, "data: one"));
	const char *two = strstr(text, "data: two"), *three = strstr(text, "data: three"),
		   *four = strstr(text, "data: four");
	assert_true(two && three && four && two < three && three < four);
	http_close(&back);
	stop_hub();
}

TEST(eventsource_publish, a_stream_begins_with_the_id_behind_which_it_begins)
{
	char id[RILL_MESSAGE_ID], want[256];
	struct http_peer back;
	start_hub(10);
	for (int i = 0; i < 2; i++) {
		come(&back, NULL);
		if (i == 0)
			rl_history_point(rl_topic_find(hub, RL_SLICE("t"))->history, id);
		snprintf(want, sizeof(want), RETRY "%zx\r\nid: %s\r\n\r\n\r\n", strlen(id) + 8, id);
		const char *text = http_take(&back);
		assert_string_equal(text + strlen(text) - strlen(want), want);
		http_close(&back);
		publish("one");
		rill_topic_latest(hub, "t", id);
	}
	stop_hub();
}

TEST(eventsource_publish, who_was_away_too_long_is_told_of_the_gap)
{
	char id[RILL_MESSAGE_ID], want[128];
	struct http_peer back;
	start_hub(2);
	come(&back, NULL);
	publish("one");
	last_id(&back, id);
	http_close(&back);
	for (int i = 0; i < 5; i++)
		publish("more");
	come(&back, id);
	assert_int_equal(subscribed, RILL_GAP);
	snprintf(want, sizeof(want), "data: %s\r\n", id);
	assert_non_null(strstr(http_take(&back), "event: gap\r\n"));
	assert_non_null(strstr(http_take(&back), want));
	http_close(&back);
	stop_hub();
}

TEST(eventsource_publish, what_waits_for_a_slow_stream_counts_as_held_by_the_server)
{
	enum { EACH = 500 * 1000, TIMES = 8 };
	char *text = malloc(EACH + 1);
	memset(text, 'x', EACH);
	text[EACH] = 0;
	start_hub(0);
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.max_bytes = 0;
	come(&peer, NULL);
	assert_int_equal(rill_subscribe(hub, "t", conn, &options), 0);
	for (int i = 0; i < TIMES; i++)
		publish(text);
	rill_topic_stats stats = { .size = sizeof(stats) };
	assert_int_equal(rill_topic_read_stats(hub, "t", &stats), 0);
	assert_true(stats.waiting >= 2 * EACH);
	assert_true(http_server->group.buffered > stats.waiting);
	rill_close(conn, 1000, NULL);
	assert_true(http_server->group.buffered < stats.waiting);
	stop_hub();
	free(text);
}

static void on_frame(rill_conn *c, const rill_frame *frame, void *user)
{
	(void)c;
	(void)user;
	say("%.*s", (int)frame->payload.len, (const char *)frame->payload.data);
}

TEST(eventsource_publish, the_trace_shows_what_is_published)
{
	start_hub(0);
	come(&peer, NULL);
	http_forget(&peer);
	expect_said("open ");
	assert_int_equal(rill_conn_trace(conn, on_frame, NULL), 0);
	publish("x");
	expect_said("data: x\r\n\r\n");
	http_expect(&peer, "b\r\ndata: x\r\n\r\n\r\n");
	stop_hub();
}
