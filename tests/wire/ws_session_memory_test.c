/* ws_session_memory_test.c: what messages, and floods of small frames, cost, and where large ones are received. */
#include "wire/ws_session_program.h"

TEST(ws_session_memory, a_hundred_thousand_empty_fragments_cost_no_memory)
{
	struct peer p = client();
	start(&p);
	feed_hex(&p, "01 00");
	size_t before = test_allocations();
	for (size_t i = 0; i < 100000; i++)
		feed(&p, (const uint8_t *)"\x00\x00", 2);
	assert_int_equal(test_allocations(), before);
	feed_hex(&p, "80 02 6f6b");
	assert_string_equal(p.log, "text ok\n");
	stop(&p);
}

TEST(ws_session_memory, every_ping_of_a_flood_is_answered_in_order)
{
	struct peer p = server();
	start(&p);
	struct rl_buf want;
	rl_buf_init(&want, test_env());
	for (unsigned i = 0; i < 10000; i++) {
		uint8_t frame[10] = { 0x89, 0x84, 0, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i, 1, 2 };
		struct rl_slice in = { frame, sizeof(frame) };
		struct rl_ws_event ev;
		assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 1);
		rl_buf_append(&want, "\x8a\x04", 2);
		rl_buf_append(&want, frame + 6, 4);
	}
	assert_int_equal(p.out.len, want.len);
	assert_memory_equal(p.out.data, want.data, want.len);
	rl_buf_release(&want);
	stop(&p);
}

TEST(ws_session_memory, a_flood_of_cut_control_frames_leaves_no_memory)
{
	struct peer p = server();
	start(&p);
	for (size_t i = 0; i < 1000; i++) {
		feed_hex(&p, "8a 83 00000000 61");
		assert_true(test_live_blocks() <= 2);
		feed_hex(&p, "6263");
		assert_int_equal(test_live_blocks(), 0);
		p.log_len = 0;
	}
	stop(&p);
}

TEST(ws_session_memory, an_announced_length_costs_nothing_before_its_bytes_come)
{
	struct peer p = server();
	size_t len;
	start(&p);
	feed_hex(&p, "82 ff 0000000003ffffff 01020304");
	assert_int_equal(test_live_bytes(), sizeof(struct rl_ws_part));
	feed_hex(&p, "61");
	assert_true(test_live_bytes() <= sizeof(struct rl_ws_part) + 64);
	assert_non_null(rl_ws_receive_target(&p.ws, &len));
	assert_true(test_live_bytes() <= 32 * 1024);
	stop(&p);
}

TEST(ws_session_memory, a_delivered_message_leaves_no_memory_behind)
{
	struct peer p = server();
	start(&p);
	feed_hex(&p, "01 81 00000000 61 80");
	assert_int_equal(test_live_blocks(), 2); /* the part, and its message */
	feed_hex(&p, "81 00000000 62");
	assert_string_equal(p.log, "text ab\n");
	assert_int_equal(test_live_blocks(), 0);
	stop(&p);
}

TEST(ws_session_memory, the_events_bytes_outlive_all_but_the_next_reading)
{
	struct peer p = server();
	uint8_t data[] = { 0x01, 0x81, 0, 0, 0, 0, 'a', 0x80, 0x81, 0, 0, 0, 0, 'b' };
	struct rl_slice in = { data, sizeof(data) };
	struct rl_ws_event ev;
	start(&p);
	assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 1);
	rl_ws_fail(&p.ws, RL_WS_FAULT_FRAGMENTS, test_now);
	assert_int_equal(rl_ws_expire(&p.ws, test_now + 30000), RILL_ETIMEDOUT);
	test_expect_text(ev.data.data, ev.data.len, "ab");
	test_expect_hex(p.out.data, p.out.len, "88 14 03f0 746f6f206d616e7920667261676d656e7473");
	assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 0);
	assert_int_equal(rl_ws_held(&p.ws), 0);
	stop(&p);
}

TEST(ws_session_memory, an_own_message_can_be_taken_over)
{
	struct peer p = server();
	uint8_t data[] = { 0x01, 0x81, 0, 0, 0, 0, 'a', 0x80, 0x81, 0, 0, 0, 0, 'b' };
	struct rl_slice in = { data, sizeof(data) };
	struct rl_ws_event ev;
	start(&p);
	assert_null(rl_ws_take_message(&p.ws));
	assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 1);
	test_fail_allocation(1, false);
	assert_null(rl_ws_take_message(&p.ws));
	test_fail_allocation(0, false);
	struct rl_blob *blob = rl_ws_take_message(&p.ws);
	assert_ptr_equal(blob->data, ev.data.data);
	assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 0);
	stop(&p);
	test_expect_text(blob->data, blob->len, "ab");
	rl_blob_unref(blob);
}

/* Sends a frame of len bytes of text, cut after `cut` of its payload, the rest by
 * rl_ws_receive_target in steps; bad: where a byte is no text, or SIZE_MAX. */
static void receive_directly(enum rl_ws_role role, size_t len, size_t cut, size_t step, size_t bad)
{
	struct peer p = peer(role);
	uint8_t head[RL_WS_HEAD_MAX], key[4] = { 1, 2, 3, 4 };
	uint8_t *wire = malloc(len);
	bool masked = role == RL_WS_SERVER;
	assert_non_null(wire);
	for (size_t i = 0; i < len; i++)
		wire[i] = (uint8_t)("\xe2\x82\xac"[i % 3]);
	if (bad < len)
		wire[bad] = 0xff;
	if (masked)
		rl_ws_mask(wire, wire, len, key, 0);
	start(&p);
	feed(&p, head, rl_ws_write_head(head, 0x81, len, masked ? key : NULL));
	feed(&p, wire, cut);
	size_t at = cut, room;
	uint8_t *target;
	while (!p.rc && (target = rl_ws_receive_target(&p.ws, &room))) {
		size_t n = room < step ? room : step;
		assert_true(n <= len - at);
		memcpy(target, wire + at, n);
		rl_ws_received(&p.ws, n);
		at += n;
		assert_true(test_live_bytes() <= 2 * at + 32 * 1024);
		feed(&p, NULL, 0);
	}
	if (bad >= len) {
		char want[32];
		snprintf(want, sizeof(want), "text of %zu\n", len);
		assert_true(len - at < 16 * 1024);
		feed(&p, wire + at, len - at);
		assert_string_equal(p.log, want);
	} else {
		assert_int_equal(p.ws.close_code, 1007);
		assert_true(at <= bad + step);
	}
	free(wire);
	stop(&p);
}

TEST(ws_session_memory, large_frames_can_be_received_where_they_belong)
{
	receive_directly(RL_WS_SERVER, 60000, 0, 7777, SIZE_MAX);
	receive_directly(RL_WS_SERVER, 300000, 5, 100000, SIZE_MAX);
	receive_directly(RL_WS_CLIENT, 300000, 1, 4001, SIZE_MAX);
	receive_directly(RL_WS_SERVER, 300000, 5, 5000, 100001);
	receive_directly(RL_WS_CLIENT, 300000, 5, 5000, 5);
	receive_directly(RL_WS_CLIENT, 16386, 0, 16384, SIZE_MAX);
	receive_directly(RL_WS_CLIENT, 16384 * 3, 0, SIZE_MAX, SIZE_MAX);
}

TEST(ws_session_memory, only_large_rests_are_received_directly)
{
	struct peer p = client();
	size_t len;
	start(&p);
	assert_null(rl_ws_receive_target(&p.ws, &len));
	feed_hex(&p, "82 7e 3fff");
	assert_null(rl_ws_receive_target(&p.ws, &len));
	assert_int_equal(len, 0);
	stop(&p);
	p.config.pieces = true;
	start(&p);
	feed_hex(&p, "82 7e ffff");
	assert_null(rl_ws_receive_target(&p.ws, &len));
	stop(&p);
}

TEST(ws_session_memory, room_made_for_a_frame_that_then_lies_whole_in_the_input_goes_back)
{
	static uint8_t data[4 + 20000] = { 0x82, 0x7e, 20000 >> 8, 20000 & 0xff };
	struct peer p = client();
	size_t len;
	start(&p);
	feed(&p, data, 4);
	assert_non_null(rl_ws_receive_target(&p.ws, &len));
	feed(&p, data + 4, 20000);
	assert_string_equal(p.log, "binary of 20000\n");
	assert_int_equal(test_live_blocks(), 0);
	stop(&p);
}
