/* websocket_publish_test.c: the hub's messages as they stand on the wire, and one encoding for all. */
#include "conn/no_json.h"
#include "hub/hub.h"
#include "wire/deflate.h"
#include "wire/ws_frame.h"
#include "proto/websocket_program.h"

static rill_hub *hub;

static void subscribe_it(rill_conn *c)
{
	assert_int_equal(rill_subscribe(hub, "t", c, NULL), 0);
}

static void start_hub(const rill_websocket_options *options)
{
	serve(options);
	assert_int_equal(rill_hub_new(&hub, peer.loop, NULL), 0);
	in_open = subscribe_it;
}

static void stop_hub(void)
{
	rill_hub_free(hub);
	peer_stop(&peer);
}

static void publish(rill_kind kind, const char *text, size_t len)
{
	assert_int_equal(rill_publish(hub, "t", kind, text, len), 0);
}

static uint64_t encoded(void)
{
	rill_topic_stats stats = { .size = sizeof(stats) };
	assert_int_equal(rill_topic_read_stats(hub, "t", &stats), 0);
	return stats.encoded;
}

/* A second client beside the one of the peer, over whose end it is put for a while. */
static void other_client(struct peer *other, const char *more)
{
	*other = peer;
	peer.fd = -1;
	peer.in_len = 0;
	peer_open(&peer, "/ws", more);
	struct peer first = *other;
	*other = peer;
	peer = first;
}

TEST(websocket_publish, a_message_is_a_frame)
{
	start_hub(NULL);
	peer_open(&peer, "/ws", "");
	publish(RILL_TEXT, "hi", 2);
	publish(RILL_BINARY, "\x01\x02\x03", 3);
	peer_turn(&peer);
	peer_expect_hex(&peer, "81 02 6869 82 03 010203");
	stop_hub();
}

TEST(websocket_publish, frames_of_all_lengths_have_the_right_head)
{
	static char text[70000];
	start_hub(NULL);
	peer_open(&peer, "/ws", "");
	memset(text, 'x', sizeof(text));
	static const struct {
		size_t len;
		const char *head;
	} cases[] = { { 0, "81 00" }, { 125, "81 7d" }, { 126, "81 7e 007e" },
		{ 600, "81 7e 0258" }, { 40000, "81 7e 9c40" } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		publish(RILL_TEXT, text, cases[i].len);
		peer_turn(&peer);
		peer_expect_hex(&peer, cases[i].head);
		assert_int_equal(peer.in_len, cases[i].len);
		peer.in_len = 0;
	}
	stop_hub();
}

TEST(websocket_publish, one_encoding_serves_all)
{
	struct peer other;
	start_hub(NULL);
	peer_open(&peer, "/ws", "");
	other_client(&other, "");
	publish(RILL_TEXT, "hi", 2);
	peer_turn(&peer);
	peer_turn(&other);
	peer_expect_hex(&peer, "81 02 6869");
	peer_expect_hex(&other, "81 02 6869");
	assert_int_equal(encoded(), 1);
	peer_leave(&other);
	stop_hub();
}

TEST(websocket_publish, several_of_a_turn_are_joined_for_those_who_can_take_it)
{
	rill_websocket_options options = defaults();
	struct peer other, old;
	options.hixie_drafts = true;
	start_hub(&options);
	peer_open(&peer, "/ws", "");
	other_client(&other, "");
	old = peer;
	peer.fd = -1;
	peer_connect(&peer);
	peer_send(&peer, "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\n"
			 "Connection: Upgrade\r\nOrigin: http://a\r\n\r\n");
	peer_take_head(&peer);
	publish(RILL_TEXT, "1", 1);
	publish(RILL_BINARY, "2", 1);
	publish(RILL_TEXT, "", 0);
	peer_turn(&peer);
	peer_turn(&other);
	peer_turn(&old);
	peer_expect_hex(&other, "81 01 31 82 01 32 81 00");
	peer_expect_hex(&old, "81 01 31 82 01 32 81 00");
	peer_expect_hex(&peer, "00 31 ff 00 ff");
	rill_topic_stats stats = { .size = sizeof(stats) };
	rill_topic_read_stats(hub, "t", &stats);
	assert_int_equal(stats.delivered, 8);
	assert_int_equal(stats.dropped, 1);
	assert_int_equal(stats.encoded, 5);
	peer_leave(&other);
	peer_leave(&old);
	stop_hub();
}

TEST(websocket_publish, the_drafts_of_2010_get_their_own_frames)
{
	rill_websocket_options options = defaults();
	options.hixie_drafts = true;
	start_hub(&options);
	peer_connect(&peer);
	peer_send(&peer, "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\n"
			 "Connection: Upgrade\r\nOrigin: http://a\r\n\r\n");
	peer_take_head(&peer);
	publish(RILL_TEXT, "hi", 2);
	publish(RILL_BINARY, "no", 2);
	peer_turn(&peer);
	peer_expect_hex(&peer, "00 6869 ff");
	rill_topic_stats stats = { .size = sizeof(stats) };
	rill_topic_read_stats(hub, "t", &stats);
	assert_int_equal(stats.dropped, 1);
	stop_hub();
}

TEST(websocket_publish, sending_and_publishing_keep_their_order)
{
	start_hub(NULL);
	peer_open(&peer, "/ws", "");
	in_message = NULL;
	publish(RILL_TEXT, "1", 1);
	peer_turn(&peer);
	rill_send_text(conn, "2");
	publish(RILL_TEXT, "3", 1);
	rill_send_text(conn, "4"); /* published outside of a turn: comes with the next */
	peer_turn(&peer);
	peer_expect_hex(&peer, "81 01 31 81 01 32 81 01 34 81 01 33");
	stop_hub();
}

static void publish_and_send(rill_conn *c)
{
	publish(RILL_TEXT, "1", 1);
	rill_send_text(c, "2");
	publish(RILL_TEXT, "3", 1);
	rill_close(c, 1000, NULL);
}

TEST(websocket_publish, inside_a_turn_it_stands_in_line)
{
	start_hub(NULL);
	peer_open(&peer, "/ws", "");
	in_message = publish_and_send;
	peer_send_frame(&peer, 0x81, "go");
	peer_expect_hex(&peer, "81 01 31 81 01 32 81 01 33 88 02 03e8");
	stop_hub();
}

#define DEFLATE   "Sec-WebSocket-Extensions: permessage-deflate\r\n"
#define DEFLATE_9 "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n"

struct reader {
	struct rl_deflate *deflate;
	struct rl_buf text;
};

static struct rl_deflate_pool *pool;
static struct rl_deflate_options reader_options;

static void init_reader(struct reader *reader, uint8_t bits)
{
	struct rl_deflate_params params = { .server_window_bits = bits, .client_window_bits = 15 };
	rl_deflate_options_default(&reader_options);
	reader->deflate = rl_deflate_new(test_env(), pool, &reader_options, &params, false);
	assert_non_null(reader->deflate);
	rl_buf_init(&reader->text, test_env());
}

static void fini_reader(struct reader *reader)
{
	rl_deflate_free(reader->deflate);
	rl_buf_release(&reader->text);
}

/* One compressed text message has come, and says this. */
static void expect_deflated(struct peer *p, struct reader *reader, const char *text, size_t len)
{
	struct rl_ws_head head;
	size_t n = rl_ws_read_head(&head, p->in, p->in_len);
	assert_true(n && n + head.len <= p->in_len);
	assert_int_equal(head.first, 0xc1);
	struct rl_slice in = rl_slice(p->in + n, (size_t)head.len);
	assert_int_equal(rl_deflate_inflate(reader->deflate, in, true, &reader->text, 1 << 20), 0);
	assert_int_equal(reader->text.len, len);
	assert_memory_equal(reader->text.data, text, len);
	rl_buf_consume(&reader->text, len);
	p->in_len -= n + (size_t)head.len;
	memmove(p->in, p->in + n + head.len, p->in_len);
}

TEST(websocket_publish, a_deflated_message_is_compressed_once_for_each_window)
{
	rill_websocket_options options = defaults();
	struct peer other, small;
	struct reader readers[3];
	char text[3000], own[3000];
	options.deflate.enabled = true;
	options.deflate.threshold = 100;
	start_hub(&options);
	pool = rl_deflate_pool_new(test_env());
	peer_open(&peer, "/ws", DEFLATE);
	rill_conn *first = conn;
	other_client(&other, DEFLATE);
	other_client(&small, DEFLATE_9);
	init_reader(&readers[0], 15);
	init_reader(&readers[1], 15);
	init_reader(&readers[2], 9);
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < sizeof(text); i++) {
			text[i] = (char)('a' + (i * i + (size_t)round) % 13);
			own[i] = (char)('a' + (i * i + (size_t)round) % 17);
		}
		publish(RILL_TEXT, text, sizeof(text));
		peer_turn(&peer);
		/* Context takeover goes on behind what was shared, for whoever made it and others. */
		rill_send(first, RILL_TEXT, own, sizeof(own));
		rill_send(conn, RILL_TEXT, own, sizeof(own));
		peer_turn(&peer);
		peer_turn(&other);
		peer_turn(&small);
		expect_deflated(&peer, &readers[0], text, sizeof(text));
		expect_deflated(&peer, &readers[0], own, sizeof(own));
		expect_deflated(&other, &readers[1], text, sizeof(text));
		expect_deflated(&small, &readers[2], text, sizeof(text));
		expect_deflated(&small, &readers[2], own, sizeof(own));
		assert_int_equal(encoded(), 2 * (round + 1));
	}
	for (int i = 0; i < 3; i++)
		fini_reader(&readers[i]);
	rl_deflate_pool_free(pool);
	peer_leave(&other);
	peer_leave(&small);
	stop_hub();
}

TEST(websocket_publish, a_client_that_does_not_read_costs_its_queue_and_a_high_water_mark)
{
	static char text[8192];
	struct peer other;
	start_hub(NULL);
	peer_open(&peer, "/ws", "");
	rill_conn *stuck = conn;
	other_client(&other, "");
	memset(text, 'x', sizeof(text));
	size_t most = 0;
	int sent = 0;
	for (; rill_subscribed(hub, "t", stuck) && sent < 10000; sent++) {
		publish(RILL_BINARY, text, sizeof(text));
		peer_turn(&other); /* reads */
		assert_true(other.in_len >= sizeof(text));
		other.in_len = 0;
		rill_topic_stats stats = { .size = sizeof(stats) };
		rill_topic_read_stats(hub, "t", &stats);
		if (rill_conn_queued(stuck) > most)
			most = rill_conn_queued(stuck);
		assert_true(stats.waiting <= 1024 * 1024);
	}
	assert_true(sent < 10000);
	assert_true(most <= 256 * 1024 + 2 * sizeof(text));
	assert_int_equal(rill_conn_get_state(stuck), RILL_CONN_CLOSING);
	peer_leave(&other);
	stop_hub();
}

TEST(websocket_publish, survives_failing_allocations)
{
	struct peer other;
	start_hub(NULL);
	peer_open(&peer, "/ws", "");
	other_client(&other, "");
	for (size_t n = 1; n < 24; n++) {
		bool first, second;
		test_fail_allocation(n, false);
		first = rill_publish(hub, "t", RILL_TEXT, "1", 1) == 0;
		second = rill_publish(hub, "t", RILL_TEXT, "2", 1) == 0;
		rill_loop_turn(peer.loop);
		test_fail_allocation(0, false);
		peer_turn(&peer);
		/* What was taken arrives, or the connection ends and says why (1011). */
		if (peer.in_len && peer.in[0] == 0x88)
			break;
		if (first)
			peer_expect_hex(&peer, "81 01 31");
		if (second)
			peer_expect_hex(&peer, "81 01 32");
		peer_expect_idle(&peer);
	}
	peer_leave(&other);
	stop_hub();
}

TEST(websocket_publish, json_is_not_for_websockets_and_does_not_stand_in_the_way)
{
	struct peer other;
	rill_topic_stats stats = { .size = sizeof(stats) };
	start_hub(NULL);
	peer_open(&peer, "/ws", "");
	other_client(&other, "");
	expect_no_json(conn);
	publish(RILL_TEXT, "1", 1);
	publish(RILL_JSON, "2", 1);
	publish(RILL_BINARY, "3", 1);
	peer_turn(&peer);
	peer_turn(&other);
	peer_expect_hex(&peer, "81 01 31 82 01 33");
	peer_expect_hex(&other, "81 01 31 82 01 33");
	publish(RILL_JSON, "4", 1);
	peer_turn(&peer);
	peer_expect_hex(&peer, "");
	rill_topic_read_stats(hub, "t", &stats);
	assert_int_equal(stats.delivered, 4);
	assert_int_equal(stats.dropped, 4);
	assert_int_equal(rill_publish(hub, "t", RILL_JSON, "[", 1), RILL_EPROTO);
	assert_int_equal(rill_publish(hub, "t", (rill_kind)4, "1", 1), RILL_EINVAL);
	peer_leave(&other);
	stop_hub();
}
