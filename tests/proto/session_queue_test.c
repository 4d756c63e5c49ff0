/* session_queue_test.c: the outbox, its limits, what becomes of what does not fit, and the hub on it. */
#include "proto/session_program.h"

static void expect_outbox(const struct rl_outbox *outbox, const char *want)
{
	struct rl_outbound m;
	size_t cursor = 0;
	char text[256] = "";

	while (rl_outbox_next(outbox, &cursor, &m))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d%.*s ", m.type,
			(int)m.data.len, (const char *)m.data.data);
	assert_string_equal(text, want);
}

static void fill_outbox(void *arg)
{
	struct rl_outbox outbox;
	struct rl_publication *p = rl_publication_new(
		test_env(), RILL_TEXT, RL_SLICE("shared"), rl_slice(NULL, 0));

	(void)arg;
	rl_outbox_init(&outbox, test_env());
	if (p && rl_outbox_add(&outbox, 0, RILL_TEXT, RL_SLICE("one")) == 0 &&
		rl_outbox_add_publication(&outbox, p) == 0 &&
		rl_outbox_add(&outbox, 3, RILL_TEXT, RL_SLICE("")) == 0 &&
		rl_outbox_add(&outbox, 0, RILL_BINARY,
			RL_SLICE("a longer one, which does not fit into what there is")) == 0) {
		expect_outbox(&outbox, "0one 0shared 3 "
				       "0a longer one, which does not fit into what there is ");
		assert_int_equal(outbox.count, 4);
		assert_int_equal(outbox.bytes, 3 + 6 + 51);
		rl_outbox_drop(&outbox, 2);
		assert_int_equal(p->refs, 1);
		struct rl_outbound m;
		assert_true(rl_outbox_first(&outbox, &m));
		assert_int_equal(m.type, 3);
		assert_null(m.publication);
		rl_outbox_drop(&outbox, 1);
		assert_true(rl_outbox_first(&outbox, &m));
		assert_int_equal(m.kind, RILL_BINARY);
		rl_outbox_add_publication(&outbox, p);
	}
	rl_outbox_clear(&outbox);
	assert_false(rl_outbox_first(&outbox, &(struct rl_outbound){ 0 }));
	assert_int_equal(rl_outbox_cost(&outbox), 0);
	assert_null(outbox.entries.data);
	rl_publication_unref(p);
}

TEST(session_queue, keeps_messages_in_order_and_no_memory_without_any)
{
	fill_outbox(NULL);
	assert_int_equal(test_live_blocks(), 0);
}

TEST(session_queue, what_cannot_be_kept_is_not_taken)
{
	test_each_failing_allocation(fill_outbox, NULL);
}

TEST(session_queue, gives_memory_back_as_it_empties)
{
	struct rl_outbox outbox;
	char text[100] = { 0 };
	rl_outbox_init(&outbox, test_env());
	for (int i = 0; i < 1000; i++)
		rl_outbox_add(&outbox, 0, RILL_TEXT, rl_slice(text, sizeof(text)));
	size_t most = test_live_bytes();
	for (int i = 0; i < 990; i++)
		rl_outbox_drop(&outbox, 1);
	assert_true(test_live_bytes() < most / 8);
	rl_outbox_clear(&outbox);
}

/* A session that waits for a poll. */
static struct http_peer peer;
static void begin(void)
{
	peer = (struct http_peer){ 0 };
	start(NULL);
	ask(&peer, "1/poll");
	expect_poll(&peer, "o\n");
	expect_said("open ");
}

static void stop_here(void)
{
	http_close(&peer);
	finish();
}

TEST(session_queue, above_its_limit_the_session_is_closed)
{
	begin();
	sessions.terms.max_queue = 40;
	assert_int_equal(rill_send_text(conn, "0123456789"), 0);
	assert_int_equal(rill_send_text(conn, "0123456789012345678901234"), RILL_ETOOBIG);
	assert_int_equal(rill_send_text(conn, "x"), RILL_ECLOSED);
	ask(&peer, "1/poll");
	expect_poll(&peer, "a0123456789\n");
	ask(&peer, "1/poll");
	expect_poll(&peer, "c1008:too much waits to be sent\n");
	expect_said("close:1008:too much waits to be sent ");
	assert_int_equal(sessions.closed_protocol, 1);
	stop_here();
}

TEST(session_queue, above_its_limit_messages_can_be_refused)
{
	begin();
	sessions.terms.max_queue = 40;
	sessions.terms.overflow = RILL_OVERFLOW_REFUSE;
	assert_int_equal(rill_send_text(conn, "0123456789"), 0);
	assert_int_equal(rill_send_text(conn, "0123456789012345678901234"), RILL_ETOOBIG);
	assert_int_equal(rill_send_text(conn, "y"), 0);
	ask(&peer, "1/poll");
	expect_poll(&peer, "a0123456789|y\n");
	stop_here();
}

TEST(session_queue, above_its_limit_the_oldest_can_be_dropped)
{
	begin();
	sessions.terms.max_queue = 40;
	sessions.terms.overflow = RILL_OVERFLOW_DROP_OLDEST;
	rill_send_text(conn, "0123456789");
	rill_send_text(conn, "abc");
	assert_int_equal(rill_send_text(conn, "0123456789012345678901"), 0);
	ask(&peer, "1/poll");
	expect_poll(&peer, "aabc|0123456789012345678901\n");
	stop_here();
}

TEST(session_queue, a_message_is_always_taken_when_nothing_waits)
{
	begin();
	sessions.terms.max_queue = 4;
	assert_int_equal(rill_send_text(conn, "0123456789"), 0);
	ask(&peer, "1/poll");
	expect_poll(&peer, "a0123456789\n");
	stop_here();
}

TEST(session_queue, messages_without_bytes_count_too)
{
	int n = 0;
	begin();
	sessions.terms.max_queue = 4096;
	sessions.terms.overflow = RILL_OVERFLOW_REFUSE;
	while (n < 100000 && rill_send_text(conn, "") == 0)
		n++;
	assert_in_range(n, 100, 1000);
	stop_here();
}

TEST(session_queue, what_waits_counts_as_the_servers)
{
	begin();
	assert_true(http_server->group.buffered >=
		    strlen("http://a/s/1/poll")); /* what is kept of requests */
	char large[10001];
	memset(large, 'x', 10000);
	large[10000] = 0;
	rill_send_text(conn, large);
	assert_true(http_server->group.buffered >= 10000);
	rill_conn_destroy(conn);
	assert_int_equal(http_server->group.buffered, 0);
	http_turns();
	stop_here();
}

TEST(session_queue, senders_are_told_to_wait_and_when_to_go_on)
{
	static char large[300 * 1024];
	begin();
	memset(large, 'x', sizeof(large) - 1);
	assert_int_equal(rill_send_text(conn, "x"), 0);
	assert_int_equal(rill_send_text(conn, large), 1);
	assert_int_equal(rill_send_text(conn, "x"), 1);
	expect_said("");
	ask(&peer, "1/poll");
	expect_said("drain ");
	assert_int_equal(rill_send_text(conn, "x"), 0);
	stop_here();
}

TEST(session_queue, the_session_that_holds_most_is_cut_when_memory_runs_out)
{
	static char large[300 * 1024];
	rill_server_options options;
	struct http_peer a = { 0 }, b = { 0 };
	rill_server_options_default(&options);
	options.max_buffered = 1024 * 1024;
	start(&options);
	sessions.terms.max_queue = 0;
	memset(large, 'x', sizeof(large) - 1);
	ask(&a, "1/poll");
	rill_conn *first = conn;
	ask(&b, "2/poll");
	rill_send_text(conn, large);
	for (int i = 0; i < 4; i++)
		rill_send_text(first, large);
	expect_said("open open close:1006 ");
	assert_non_null(conn);
	assert_ptr_not_equal(conn, first);
	assert_true(http_server->group.buffered < 400 * 1024);
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session_queue, near_the_limit_of_memory_only_those_who_relieve_it_are_served)
{
	static char large[950 * 1024];
	rill_server_options options;
	struct http_peer a = { 0 }, b = { 0 };
	rill_server_options_default(&options);
	options.max_buffered = 1024 * 1024;
	start(&options);
	memset(large, 'x', sizeof(large) - 1);
	ask(&a, "1/poll");
	rill_send_text(conn, large);
	ask(&b, "2/poll");
	http_expect_status(&b, 503);
	http_close(&b);
	http_forget(&a);
	ask(&a, "1/poll");
	http_expect_status(&a, 200);
	http_take(&a);
	b = (struct http_peer){ 0 };
	ask(&b, "2/poll");
	http_expect_status(&b, 200);
	http_close(&a);
	http_close(&b);
	finish();
}

TEST(session_queue, a_message_in_pieces_is_put_together)
{
	begin();
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "a\xed\xa0", 3, false), 0);
	assert_int_equal(rill_send_text(conn, "x"), RILL_ESTATE);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT,
				 "\x80"
				 "b",
				 2, true),
		0);
	rill_send_text(conn, "x");
	ask(&peer, "1/poll");
	expect_poll(&peer, "aa\xed\xa0\x80"
			   "b|x\n");
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "\xed", 1, false), 0);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "z", 1, true), RILL_EUTF8);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "\xa0\x80", 2, true), 0);
	ask(&peer, "1/poll");
	expect_poll(&peer, "a\xed\xa0\x80\n");
	stop_here();
}

TEST(session_queue, lone_surrogates_may_be_sent_and_other_nonsense_not)
{
	begin();
	assert_int_equal(rill_send(conn, RILL_TEXT, "\xed\xa0\x80", 3), 0);
	assert_int_equal(rill_send(conn, RILL_TEXT, "\xff", 1), RILL_EUTF8);
	stop_here();
}

TEST(session_queue, the_hub_reaches_those_who_poll)
{
	rill_hub *hub;
	begin();
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	assert_int_equal(rill_subscribe(hub, "t", conn, NULL), 0);
	assert_int_equal(rill_publish(hub, "t", RILL_TEXT, "one", 3), 0);
	assert_int_equal(rill_publish(hub, "t", RILL_BINARY, "no", 2), 0);
	http_turns();
	rill_send_text(conn, "two");
	ask(&peer, "1/poll");
	expect_poll(&peer, "aone|two\n");
	ask(&peer, "1/poll");
	rill_publish(hub, "t", RILL_TEXT, "three", 5);
	expect_poll(&peer, "athree\n");
	http_close(&peer);
	rill_hub_free(hub);
	finish();
}

TEST(session_queue, the_hubs_policy_holds_for_those_who_do_not_poll)
{
	static char large[100 * 1024];
	rill_hub *hub;
	rill_subscribe_options options;
	begin();
	rill_subscribe_options_default(&options);
	options.slow = RILL_SLOW_LATEST;
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	assert_int_equal(rill_subscribe(hub, "t", conn, &options), 0);
	memset(large, 'x', sizeof(large));
	for (int i = 0; i < 9; i++) {
		large[0] = (char)('0' + i);
		rill_publish(hub, "t", RILL_TEXT, large, sizeof(large));
		http_turns();
	}
	assert_int_equal(rl_session(conn)->outbox.count, 3); /* above the high-water mark */
	ask(&peer, "1/poll");
	http_turns();
	http_forget(&peer);
	ask(&peer, "1/poll");
	http_take(&peer);
	assert_non_null(memmem(peer.text, peer.len, "\r\n\r\na8xx", 8));
	http_close(&peer);
	rill_hub_free(hub);
	finish();
}

TEST(session_queue, what_is_published_to_many_counts_as_about_one)
{
	static char large[100 * 1024];
	rill_hub *hub;
	begin();
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	for (int i = 0; i < 200; i++) {
		char path[32];
		snprintf(path, sizeof(path), "%d/poll", i + 2);
		ask(&peer, path);
		expect_poll(&peer, "o\n");
		rill_subscribe(hub, "t", conn, NULL);
	}
	size_t before = http_server->group.buffered;
	memset(large, 'x', sizeof(large));
	rill_publish(hub, "t", RILL_TEXT, large, sizeof(large));
	http_turns();
	assert_in_range(http_server->group.buffered - before, sizeof(large), 8 * sizeof(large));
	assert_int_equal(rill_conn_queued(conn), sizeof(large));
	http_pass(6000);
	assert_int_equal(http_server->group.buffered, 0);
	rill_hub_free(hub);
	stop_here();
}

static unsigned pieces_left;

static void next_piece(rill_conn *c)
{
	static char large[300 * 1024];

	memset(large, 'x', sizeof(large));
	while (pieces_left &&
		rill_send_piece(c, RILL_TEXT, large, sizeof(large), --pieces_left == 0) == 0)
		;
}

TEST(session_queue, who_sends_in_pieces_is_told_when_to_go_on)
{
	begin();
	in_drain = next_piece;
	pieces_left = 3;
	next_piece(conn);
	assert_int_equal(pieces_left, 2);
	expect_said("drain drain ");
	assert_int_equal(pieces_left, 0);
	stop_here();
}

TEST(session_queue, pieces_have_the_limit_of_the_queue_whatever_the_policy)
{
	begin();
	sessions.terms.max_queue = 40;
	sessions.terms.overflow = RILL_OVERFLOW_DROP_OLDEST;
	rill_send_text(conn, "x");
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "01234567890123456789", 20, false), 0);
	assert_int_equal(
		rill_send_piece(conn, RILL_TEXT, "01234567890123456789x", 21, false), RILL_ETOOBIG);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "y", 1, true), 0);
	ask(&peer, "1/poll");
	expect_poll(&peer, "a01234567890123456789y\n");
	stop_here();
}

/* What the network has done, and nobody was told yet. */
static void lose_streams(void)
{
	rl_list_each (node, &http_server->group.streams)
		rl_stream_lose(rl_container(node, struct rl_stream, group_node), RILL_ERESET);
}

TEST(session_queue, what_meets_a_lost_carrier_waits_for_the_next)
{
	rill_hub *hub;

	start(NULL);
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	connect_peer(&peer, "/ws3?id=1");
	expect_frame(&peer, "o");
	rill_subscribe(hub, "t", conn, NULL);
	lose_streams();
	assert_int_equal(rill_send_text(conn, "1"), 0);
	assert_int_equal(rill_send_text(conn, "2"), 0);
	http_close(&peer);
	connect_peer(&peer, "/ws3?id=1");
	expect_frame(&peer, "a1|2");
	lose_streams();
	rill_publish(hub, "t", RILL_TEXT, "3", 1);
	rill_publish(hub, "t", RILL_TEXT, "4", 1);
	http_close(&peer);
	connect_peer(&peer, "/ws3?id=1");
	http_take(&peer);
	expect_frame(&peer, "a3|4");
	expect_said("open ");
	rill_hub_free(hub);
	http_close(&peer);
	finish();
}
