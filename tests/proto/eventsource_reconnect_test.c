/* eventsource_reconnect_test.c: a thousand clients whose streams are dropped at random times, by either
 * side, come back with Last-Event-ID and see every event once and in order; those for whom the history
 * was too short are told so. The seed is printed when it fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <rill/rill.h>
#include "support/support.h"

#define CLIENTS 1000
#define EVENTS  5000

struct listener {
	rill_eventsource_client *client;
	unsigned long next; /* the event that has to come */
	bool jumps;         /* it was told of a gap: what comes next may be any later event */
	bool done;
};

static struct {
	rill_loop *loop;
	rill_server *server;
	rill_hub *hub;
	rill_conn *conns[CLIENTS + EVENTS * 2]; /* open now, on the server */
	size_t conn_count;
	struct listener listeners[CLIENTS];
	char url[64];
	size_t opened, done; /* listeners with their first event; with their last */
	unsigned long published, drops, gaps;
	uint64_t dice;
	unsigned seed;
	rill_timer *ticker;
} run;

static size_t roll(size_t sides)
{
	run.dice = run.dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (size_t)(run.dice >> 33) % sides;
}

/* The server's side. */

static void on_conn(rill_conn *conn)
{
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.since = rill_eventsource_last_id(conn);
	assert_true(rill_subscribe(run.hub, "t", conn, &options) >= 0);
	assert_true(run.conn_count < sizeof(run.conns) / sizeof(*run.conns));
	rill_conn_set_user(conn, (void *)(uintptr_t)run.conn_count);
	run.conns[run.conn_count++] = conn;
}

static void on_conn_close(rill_conn *conn, int code, rill_bytes reason)
{
	size_t at = (uintptr_t)rill_conn_user(conn);
	(void)code;
	(void)reason;
	run.conns[at] = run.conns[--run.conn_count];
	rill_conn_set_user(run.conns[at], (void *)(uintptr_t)at);
}

static const rill_handler server_handler = {
	.size = sizeof(server_handler), .on_open = on_conn, .on_close = on_conn_close
};

static void publish(void)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%lu", run.published++);
	assert_int_equal(rill_publish(run.hub, "t", RILL_TEXT, text, (size_t)len), 0);
}

/* The clients' side. */

static void on_event(rill_eventsource_client *client, const rill_event_in *event, void *user)
{
	struct listener *l = user;
	char text[RILL_MESSAGE_ID];
	(void)client;
	assert_true(event->data.len < sizeof(text));
	memcpy(text, event->data.data, event->data.len);
	text[event->data.len] = 0;
	if (event->type.len == 3 && memcmp(event->type.data, "gap", 3) == 0) {
		l->jumps = true;
		run.gaps++;
		return;
	}
	unsigned long have = strtoul(text, NULL, 10);
	if (l->jumps && have > l->next)
		l->next = have;
	l->jumps = false;
	if (have != l->next)
		fail_msg("seed %u: listener %zu wants %lu, has %lu", run.seed,
			(size_t)(l - run.listeners), l->next, have);
	l->next++;
	run.opened += have == 0;
	run.done += have >= EVENTS - 1 && !l->done;
	l->done = l->done || have >= EVENTS - 1;
}

static void on_error(
	rill_eventsource_client *client, const rill_failure *failure, int64_t retry_ms, void *user)
{
	(void)client;
	(void)user;
	if (retry_ms < 0)
		fail_msg("seed %u: given up: %s", run.seed, failure->sentence);
}

static const rill_eventsource_client_handler client_handler = {
	.size = sizeof(client_handler),
	.on_event = on_event,
	.on_error = on_error,
};

static int connect_it(struct listener *l, const char *since)
{
	rill_eventsource_client_options options;
	rill_eventsource_client_options_default(&options);
	options.retry_ms = 0;
	options.connect.timeout_ms = 60000;
	options.last_event_id = since;
	return rill_eventsource_connect(
		&l->client, run.loop, run.url, &client_handler, l, &options);
}

/* A client goes and another one takes up what it had. */
static void replace(struct listener *l)
{
	char since[RILL_MESSAGE_ID];
	snprintf(since, sizeof(since), "%s", rill_eventsource_client_last_id(l->client));
	rill_eventsource_client_free(l->client);
	assert_int_equal(connect_it(l, since), 0);
}

static void on_tick(rill_timer *timer, void *user)
{
	(void)timer;
	(void)user;
	if (run.opened < CLIENTS)
		return;
	for (int i = 0; i < 8 && run.published < EVENTS; i++)
		publish();
	if (run.published >= EVENTS && run.gaps)
		publish(); /* until those who missed the last one have heard another */
	for (size_t n = roll(8); n && run.published < EVENTS; n--, run.drops++) {
		if (roll(2) && run.conn_count)
			rill_conn_destroy(run.conns[roll(run.conn_count)]);
		else
			replace(&run.listeners[roll(CLIENTS)]);
	}
	if (run.done == CLIENTS)
		rill_loop_stop(run.loop);
}

static void on_all_connected(rill_timer *timer, void *user)
{
	(void)user;
	if (run.conn_count < CLIENTS)
		return;
	publish();
	rill_timer_free(timer);
}

static void begin(size_t history)
{
	rill_eventsource_options streams;
	rill_hub_options hub;
	rill_timer *starter;
	memset(&run, 0, sizeof(run));
	run.seed = (unsigned)time(NULL);
	run.dice = run.seed;
	assert_int_equal(rill_loop_new(&run.loop, NULL), 0);
	assert_int_equal(rill_server_new(&run.server, run.loop, NULL), 0);
	rill_hub_options_default(&hub);
	hub.history_messages = history;
	assert_int_equal(rill_hub_new(&run.hub, run.loop, &hub), 0);
	rill_eventsource_options_default(&streams);
	streams.retry_ms = 0;
	assert_int_equal(
		rill_eventsource_serve(run.server, "/", &server_handler, &streams, NULL), 0);
	assert_int_equal(rill_server_listen_tcp(run.server, "127.0.0.1", 0), 0);
	snprintf(run.url, sizeof(run.url), "%s/", rill_server_url(run.server, 0));
	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(connect_it(&run.listeners[i], NULL), 0);
	assert_int_equal(rill_timer_new(&starter, run.loop, on_all_connected, NULL), 0);
	rill_timer_start(starter, 1, 1);
	assert_int_equal(rill_timer_new(&run.ticker, run.loop, on_tick, NULL), 0);
	rill_timer_start(run.ticker, 1, 1);
}

static void end(void)
{
	rill_timer_free(run.ticker);
	for (size_t i = 0; i < CLIENTS; i++)
		rill_eventsource_client_free(run.listeners[i].client);
	assert_int_equal(rill_loop_turn(run.loop), 0);
	rill_hub_free(run.hub);
	rill_server_free(run.server);
	rill_loop_free(run.loop);
}

static bool has_descriptors(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < 4 * CLIENTS)
		return false;
	limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

TEST(eventsource_reconnect, a_thousand_clients_see_every_event_once_and_in_order)
{
	if (!has_descriptors())
		skip();
	begin(EVENTS);
	assert_int_equal(rill_loop_run(run.loop), 0);
	assert_true(run.drops > EVENTS / 8);
	assert_int_equal(run.gaps, 0);
	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(run.listeners[i].next, EVENTS);
	end();
}

static int heard;

static void on_first(rill_eventsource_client *client, const rill_event_in *event, void *user)
{
	uint64_t number;
	(void)client;
	(void)user;
	assert_int_equal(event->type.len, strlen("message"));
	assert_true(rl_slice_to_u64(rl_slice(event->data.data, event->data.len), &number));
	assert_int_equal(number, heard);
	heard++;
}

static void turn_until_open(void)
{
	for (int turns = 0; !run.conn_count; turns++) {
		assert_true(turns < 10000);
		assert_int_equal(rill_loop_wait(run.loop, 1), 0);
	}
}

/* An id without an event: it knows where to take up before it has heard anything. */
TEST(eventsource_reconnect, a_stream_that_breaks_before_its_first_event_misses_nothing)
{
	static const rill_eventsource_client_handler first = {
		.size = sizeof(first), .on_event = on_first, .on_error = on_error
	};
	rill_eventsource_client_options options;
	rill_eventsource_client *client;
	rill_hub_options hub;
	memset(&run, 0, sizeof(run));
	heard = 0;
	assert_int_equal(rill_loop_new(&run.loop, NULL), 0);
	assert_int_equal(rill_server_new(&run.server, run.loop, NULL), 0);
	rill_hub_options_default(&hub);
	hub.history_messages = 10;
	assert_int_equal(rill_hub_new(&run.hub, run.loop, &hub), 0);
	assert_int_equal(rill_topic_history(run.hub, "t", 10, 0, 0), 0);
	assert_int_equal(rill_eventsource_serve(run.server, "/", &server_handler, NULL, NULL), 0);
	assert_int_equal(rill_server_listen_tcp(run.server, "127.0.0.1", 0), 0);
	rill_eventsource_client_options_default(&options);
	options.retry_min_ms = 1;
	assert_int_equal(rill_eventsource_connect(&client, run.loop,
				 rill_server_url(run.server, 0), &first, NULL, &options),
		0);
	for (int round = 0; round < 3; round++) {
		turn_until_open();
		while (!*rill_eventsource_client_last_id(client))
			assert_int_equal(rill_loop_wait(run.loop, 1), 0);
		assert_int_equal(rill_eventsource_retry(run.conns[0], 1), 0);
		assert_int_equal(rill_close(run.conns[0], 1000, NULL), 0);
		while (run.conn_count)
			assert_int_equal(rill_loop_wait(run.loop, 1), 0);
		assert_int_equal(heard, round);
		publish();
		turn_until_open();
		while (heard == round)
			assert_int_equal(rill_loop_wait(run.loop, 1), 0);
	}
	rill_eventsource_client_free(client);
	rill_hub_free(run.hub);
	rill_server_free(run.server);
	rill_loop_free(run.loop);
}

TEST(eventsource_reconnect, where_the_history_is_too_short_they_are_told_of_the_gap)
{
	if (!has_descriptors())
		skip();
	begin(4); /* of eight events in a turn */
	assert_int_equal(rill_loop_run(run.loop), 0);
	assert_true(run.gaps > 0);
	end();
}
