/* ws_session_test.c: tests of src/wire/ws_session*.c. */
#include "wire/ws_session_program.h"

TEST(ws_session, rfc_example_of_an_unmasked_text)
{
	struct peer p = client();
	play(&p, "81 05 48656c6c6f", "text Hello\n");
}

TEST(ws_session, rfc_example_of_a_masked_text)
{
	struct peer p = server();
	play(&p, "81 85 37fa213d 7f9f4d5158", "text Hello\n");
}

TEST(ws_session, rfc_example_of_a_fragmented_text)
{
	struct peer p = client();
	play(&p, "01 03 48656c 80 02 6c6f", "text Hello\n");
}

TEST(ws_session, rfc_example_of_a_ping_and_its_pong)
{
	struct peer p = server();
	play(&p, "89 85 37fa213d 7f9f4d5158", "ping Hello\nout 8a0548656c6c6f\n");
	play(&p, "8a 85 37fa213d 7f9f4d5158", "pong Hello\n");
}

TEST(ws_session, rfc_examples_of_long_binaries)
{
	static uint8_t frame[10 + 65536];
	struct peer p = client();
	memcpy(frame, "\x82\x7e\x01\x00", 4);
	start(&p);
	feed(&p, frame, 4 + 256);
	assert_string_equal(p.log, "binary \n"); /* of zeros */
	stop(&p);
	memcpy(frame, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
	for (size_t split = 0; split < 20; split++) {
		start(&p);
		feed(&p, frame, split);
		feed(&p, frame + split, sizeof(frame) - split);
		assert_string_equal(p.log, "binary of 65536\n");
		stop(&p);
	}
}

TEST(ws_session, ping_between_fragments_is_answered_first)
{
	struct peer p = server();
	play(&p,
		"01 83 00000000 48656c"
		"89 81 00000000 21"
		"80 82 00000000 6c6f",
		"ping !\ntext Hello\nout 8a0121\n");
}

TEST(ws_session, several_frames_in_one_read_are_several_events)
{
	struct peer p = server();
	play(&p,
		"82 81 00000000 61  81 80 00000000  82 fe 0001 00000000 62"
		"8a 80 00000000  89 80 00000000  89 81 00000000 31",
		"binary a\ntext \nbinary b\npong \nping \nping 1\nout 8a008a0131\n");
}

TEST(ws_session, empty_fragments_are_legal_anywhere)
{
	struct peer p = client();
	play(&p, "01 00 00 01 61 00 00 00 01 62 80 00  82 01 63", "text ab\nbinary c\n");
	play(&p, "01 00 80 00", "text \n");
	play(&p, "01 00 80 01 61", "text a\n");
}

TEST(ws_session, a_character_may_straddle_fragments)
{
	struct peer p = server();
	play(&p, "01 82 00000000 e282  00 80 00000000  80 81 00000000 ac", "text \xe2\x82\xac\n");
	play(&p, "01 81 0f0f0f0f ff  80 83 01020304 9e9a83", "text \xf0\x9f\x98\x80\n");
}

TEST(ws_session, a_whole_message_is_handed_out_where_it_lies)
{
	struct peer p = server();
	uint8_t data[] = { 0x81, 0x82, 0, 0, 0, 0, 'h', 'i' };
	struct rl_slice in = { data, sizeof(data) };
	struct rl_ws_event ev;
	start(&p);
	size_t before = test_allocations();
	assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 1);
	assert_ptr_equal(ev.data.data, data + 6);
	assert_null(rl_ws_take_message(&p.ws));
	assert_int_equal(test_allocations(), before);
	stop(&p);
}

/* What is refused, each written up to the byte that decides it: it fails there and not before. */
static const struct {
	enum rl_ws_role role;
	unsigned code;
	const char *hex;
} refused[] = {
	/* RSV bits: on byte 0 */
	{ RL_WS_SERVER, 1002, "c1" },
	{ RL_WS_SERVER, 1002, "a1" },
	{ RL_WS_SERVER, 1002, "92" },
	{ RL_WS_SERVER, 1002, "c9" },
	{ RL_WS_SERVER, 1002, "d8" },
	{ RL_WS_SERVER, 1002, "01 80 00000000 40" },
	/* opcodes: on byte 0 */
	{ RL_WS_SERVER, 1002, "83" },
	{ RL_WS_SERVER, 1002, "84" },
	{ RL_WS_SERVER, 1002, "85" },
	{ RL_WS_SERVER, 1002, "86" },
	{ RL_WS_SERVER, 1002, "87" },
	{ RL_WS_SERVER, 1002, "8b" },
	{ RL_WS_SERVER, 1002, "8c" },
	{ RL_WS_SERVER, 1002, "8d" },
	{ RL_WS_SERVER, 1002, "8e" },
	{ RL_WS_SERVER, 1002, "8f" },
	/* control frames: fragmented on byte 0, too long on the length */
	{ RL_WS_SERVER, 1002, "08" },
	{ RL_WS_SERVER, 1002, "09" },
	{ RL_WS_SERVER, 1002, "0a" },
	{ RL_WS_SERVER, 1002, "89 fe" },
	{ RL_WS_SERVER, 1002, "8a ff" },
	{ RL_WS_SERVER, 1002, "88 fe" },
	{ RL_WS_CLIENT, 1002, "88 7e" },
	/* order of fragments: on byte 0 */
	{ RL_WS_SERVER, 1002, "80" },
	{ RL_WS_SERVER, 1002, "00" },
	{ RL_WS_SERVER, 1002, "81 80 00000000 80" },
	{ RL_WS_SERVER, 1002, "01 80 00000000 81" },
	{ RL_WS_SERVER, 1002, "02 80 00000000 01" },
	/* masking, by role: on byte 1 */
	{ RL_WS_SERVER, 1002, "81 05" },
	{ RL_WS_SERVER, 1002, "89 00" },
	{ RL_WS_CLIENT, 1002, "81 85" },
	{ RL_WS_CLIENT, 1002, "88 80" },
	/* length: top bit on its byte, size as soon as it must be above (64 MiB - 1) */
	{ RL_WS_SERVER, 1002, "82 ff 80" },
	{ RL_WS_SERVER, 1009, "82 ff 01" },
	{ RL_WS_SERVER, 1009, "82 ff 00000001" },
	{ RL_WS_SERVER, 1009, "82 ff 00000000 04" },
	{ RL_WS_CLIENT, 1009, "82 7f 00000000 04" },
	{ RL_WS_CLIENT, 1009, "02 01 00 80 7f 00000000 03ffffff" },
	/* UTF-8: at the first impossible byte */
	{ RL_WS_SERVER, 1007, "81 8a 00000000 61ff" },
	{ RL_WS_SERVER, 1007, "81 8a 00000000 c0" },
	{ RL_WS_SERVER, 1007, "81 8a 00000000 61eda0" },
	{ RL_WS_SERVER, 1007, "81 8a 00000000 f490" },
	{ RL_WS_SERVER, 1007, "81 94 00000000 cebae1bdb9cf83cebcceb5eda0" },
	{ RL_WS_CLIENT, 1007, "01 01 ce 00 00 80 01 ce" },
	{ RL_WS_CLIENT, 1007, "81 01 c3" },       /* ends within a character */
	{ RL_WS_CLIENT, 1007, "01 01 e2 80 00" }, /* likewise, on the last header */
	/* close frames */
	{ RL_WS_SERVER, 1002, "88 81" },
	{ RL_WS_SERVER, 1002, "88 82 00000000 0000" },
	{ RL_WS_SERVER, 1002, "88 82 00000000 03e7" }, /* 999 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 03ec" }, /* 1004 */
	{ RL_WS_SERVER, 1002, "88 8a 00000000 03ed" }, /* 1005, the reason still to come */
	{ RL_WS_SERVER, 1002, "88 82 00000000 03ee" }, /* 1006 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 03f7" }, /* 1015 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 03f8" }, /* 1016 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 0bb7" }, /* 2999 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 1388" }, /* 5000 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 ffff" },
	{ RL_WS_SERVER, 1007, "88 8a 00000000 03e8 61c0" },
	{ RL_WS_SERVER, 1007, "88 83 00000000 03e8 c3" },
};

TEST(ws_session, what_is_illegal_is_refused_at_the_byte_that_shows_it)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct peer p = peer(refused[i].role);
		uint8_t data[64];
		size_t n = test_unhex(refused[i].hex, data, sizeof(data));
		for (size_t first = 0; first < n; first++) {
			start(&p);
			feed(&p, data, first);
			for (size_t k = first; k < n - 1; k++) {
				if (p.rc < 0)
					fail_msg("\"%s\" fails early", refused[i].hex);
				feed(&p, data + k, 1);
			}
			assert_int_equal(p.rc, 0);
			feed(&p, data + n - 1, 1);
			if (p.rc != RILL_EPROTO || p.ws.close_code != refused[i].code)
				fail_msg("\"%s\": %d, %u", refused[i].hex, p.rc, p.ws.close_code);
			/* The Close is out: its code stands behind header and key. */
			uint8_t *payload = p.out.data + (p.role == RL_WS_CLIENT ? 6 : 2);
			uint8_t close[2] = { payload[0], payload[1] };
			if (p.role == RL_WS_CLIENT)
				rl_ws_mask(close, payload, 2, p.out.data + 2, 0);
			assert_int_equal(p.out.data[0], 0x88);
			assert_int_equal(close[0] << 8 | close[1], refused[i].code);
			/* Nothing after it counts. */
			size_t out = p.out.len;
			feed_hex(&p, "89 80 00000000 81 81 00000000 61 ff");
			assert_int_equal(p.rc, 0);
			assert_int_equal(p.out.len, out);
			stop(&p);
		}
	}
}

TEST(ws_session, an_unfinished_character_waits)
{
	static const char *const cut[] = { "ed", "e2", "e282", "f0", "f09f98", "f4", "f48f", "c2" };
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		struct peer p = client();
		char hex[32];
		snprintf(hex, sizeof(hex), "81 0a 61 %s", cut[i]);
		play(&p, hex, "");
	}
}

TEST(ws_session, every_sendable_close_code_is_accepted_and_echoed)
{
	static const unsigned codes[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
		1012, 1013, 1014, 3000, 3999, 4000, 4999 };
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct peer p = server();
		char hex[64], want[64];
		snprintf(hex, sizeof(hex), "88 83 00000000 %04x 78", codes[i]);
		snprintf(want, sizeof(want), "close %u x\nout 8803%04x78\n", codes[i], codes[i]);
		play(&p, hex, want);
		assert_true(rl_ws_code_sendable(codes[i]));
	}
	for (unsigned code = 0; code < 6000; code++) {
		bool listed = (code >= 3000 && code <= 4999);
		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
			listed |= codes[i] == code;
		assert_int_equal(rl_ws_code_sendable(code), listed);
	}
}

TEST(ws_session, an_empty_close_is_1005_and_answered_with_1000)
{
	struct peer p = server();
	play(&p, "88 80 00000000", "close 1005 \nout 880203e8\n");
}

TEST(ws_session, nothing_counts_after_a_received_close)
{
	struct peer p = server();
	play(&p, "88 82 00000000 03e8  81 81 00000000 61  ff ff", "close 1000 \nout 880203e8\n");
}

TEST(ws_session, our_close_is_sent_once_and_data_still_comes)
{
	struct peer p = server();
	p.close_first = true;
	play(&p, "81 81 00000000 61 89 81 00000000 62 88 82 00000000 03e9 81 80 00000000",
		"text a\nping b\nclose 1001 \nout 880203e88a0162\n");
	start(&p);
	assert_int_equal(p.ws.state, RL_WS_CLOSE_SENT);
	assert_int_equal(p.ws.close_code, 1006);
	assert_int_equal(rl_ws_close(&p.ws, 1000, RL_SLICE("again"), test_now), 0);
	test_expect_hex(p.out.data, p.out.len, "88 02 03e8");
	assert_int_equal(rl_ws_write(&p.ws, &p.out, true, true, true, RL_SLICE("x")), RILL_ECLOSED);
	assert_int_equal(
		rl_ws_write_control(&p.ws, &p.out, RL_WS_OP_PING, RL_SLICE("x")), RILL_ECLOSED);
	feed_hex(&p, "88 80 00000000");
	assert_int_equal(p.ws.state, RL_WS_DONE);
	assert_int_equal(p.ws.close_code, 1005);
	stop(&p);
}

TEST(ws_session, a_mistake_after_our_close_sends_no_second_close)
{
	struct peer p = server();
	p.close_first = true;
	play(&p, "ff", "failed 1002\nout 880203e8\n");
}

TEST(ws_session, close_takes_only_what_may_be_sent)
{
	struct peer p = server();
	char reason[125];
	memset(reason, 'r', sizeof(reason));
	start(&p);
	assert_int_equal(rl_ws_close(&p.ws, 1006, RL_SLICE(""), 0), RILL_EINVAL);
	assert_int_equal(rl_ws_close(&p.ws, 1005, RL_SLICE("x"), 0), RILL_EINVAL);
	assert_int_equal(rl_ws_close(&p.ws, 1000, rl_slice(reason, 124), 0), RILL_EINVAL);
	assert_int_equal(rl_ws_close(&p.ws, 1000, RL_SLICE("\xff"), 0), RILL_EUTF8);
	assert_int_equal(rl_ws_close(&p.ws, 1000, RL_SLICE("\xc3"), 0), RILL_EUTF8);
	assert_int_equal(p.ws.state, RL_WS_OPEN);
	assert_int_equal(p.out.len, 0);
	assert_int_equal(rl_ws_close(&p.ws, 4999, rl_slice(reason, 123), 0), 0);
	assert_int_equal(p.out.len, 2 + 125);
	stop(&p);
	start(&p);
	assert_int_equal(rl_ws_close(&p.ws, 1005, RL_SLICE(""), 0), 0);
	test_expect_hex(p.out.data, p.out.len, "88 00");
	stop(&p);
}

TEST(ws_session, max_message_bounds_frames_and_their_sum)
{
	struct peer p = client();
	p.config.max_message = 4;
	play(&p, "82 04 61626364 01 02 6162 00 02 6364 80 00", "binary abcd\ntext abcd\n");
	play(&p, "82 05",
		"failed 1009\nout 881803f16672616d65206c656e67746820746f6f206c61726765\n");
}

TEST(ws_session, fragments_are_counted)
{
	struct peer p = server();
	p.config.max_fragments = 3;
	play(&p, "01 80 00000000 00 80 00000000 80 80 00000000 82 80 00000000", "text \nbinary \n");
	start(&p);
	feed_hex(&p, "01 80 00000000 00 80 00000000 00 80 00000000");
	assert_int_equal(p.rc, 0);
	feed_hex(&p, "00");
	assert_int_equal(p.ws.close_code, 1008);
	stop(&p);
}

TEST(ws_session, pieces_come_as_bytes_do_and_end_between_characters)
{
	struct peer p = server();
	p.config.pieces = true;
	play(&p,
		"01 84 00000000 61e282ac 89 80 00000000 00 82 01020304 f19d 80 83 00000000 988062"
		"82 80 00000000  81 81 00000000 63  02 81 00000000 64 80 80 00000000",
		"ping \ntext pieces a\xe2\x82\xac\xf0\x9f\x98\x80"
		"b\nbinary pieces \ntext pieces c\nbinary pieces d\nout 8a00\n");
	play(&p, "01 82 00000000 61e2 80 80 00000000",
		"failed 1007\nout 8813"
		"03ef74657874206973206e6f74205554462d38\n");
	start(&p);
	feed_hex(&p, "01 82 00000000 61e2");
	assert_int_equal(p.events, 1);
	assert_int_equal(
		test_live_blocks(), 1); /* the part: a piece that was handed out is not kept */
	stop(&p);
}

TEST(ws_session, pieces_obey_max_message)
{
	struct peer p = server();
	p.config.pieces = true;
	p.config.max_message = 3;
	start(&p);
	feed_hex(&p, "02 82 00000000 6162 00 82");
	assert_int_equal(p.ws.close_code, 1009);
	stop(&p);
}

/* Everything that takes memory, in one conversation. Whatever fails, it ends orderly. */
static void converse(void *arg)
{
	struct peer *p = arg;
	start(p);
	if (p->deflate && !p->ws.pipeline) {
		stop(p);
		return;
	}
	const char *const steps[] = { "01 83 00000000 e282", "ac 89 83 00000000 61",
		"6263 00 81 00000000", "78 80 80 00000000", "c1 87 00000000 f248cd", "c9c90700",
		"c2 85 00000000 f200110000", "82 fe 7000 00000000 61", "88 85 00000000 03e8",
		"616263" };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && p->rc == 0; i++) {
		size_t len;
		feed_hex(p, steps[i]);
		uint8_t *target = rl_ws_receive_target(&p->ws, &len);
		if (target) {
			memset(target, 'x', len);
			rl_ws_received(&p->ws, len);
			feed(p, NULL, 0);
		}
		while (p->rc == 0 && p->ws.part && p->ws.part->frame_left > 4) {
			uint8_t more[512] = { 0 };
			size_t left = (size_t)p->ws.part->frame_left;
			feed(p, more, left < sizeof(more) ? left : sizeof(more));
		}
	}
	if (p->rc < 0) {
		if (p->rc != RILL_ENOMEM)
			fail_msg("%d: %s", p->rc, rl_ws_error_text(&p->ws));
		assert_int_equal(p->ws.close_code, 1011);
		assert_true(test_allocation_failed());
	} else {
		assert_int_equal(p->ws.state, RL_WS_DONE);
	}
	assert_int_equal(rl_ws_held(&p->ws), 0);
	stop(p);
}

TEST(ws_session, memory_shortage_anywhere_fails_the_session_with_1011)
{
	struct peer p = server();
	p.deflate = true;
	test_each_failing_allocation(converse, &p);
	p.config.pieces = true;
	test_each_failing_allocation(converse, &p);
}

TEST(ws_session, a_whole_text_that_is_not_utf8_is_refused)
{
	struct peer s = server(), c = client();
	play(&s, "81 84 37fa213d 569b4342", "text aab\x7f\n");
	play(&s, "81 84 00000000 6162ff64", NOT_UTF8);
	play(&s, "81 84 00000000 616263c3", NOT_UTF8);
	play(&s, "81 fe 0006 00000000 616263e282ac", "text abc\xe2\x82\xac\n");
	play(&c, "81 06 616263e282ac", "text abc\xe2\x82\xac\n");
	play(&c, "81 06 616263e28261", NOT_UTF8);
	play(&c, "81 06 61626364e282", NOT_UTF8);
	play(&c, "01 01 61 80 02 ff61", NOT_UTF8);
}

/* One of a few frames by itself, so that nothing before it has made room. */
static void hear_one(void *arg)
{
	static const char *const frames[] = { "88 82 00000000 03e8", "89 81 00000000 61",
		"88 82 00", "8a 83 00000000 61", "41 86 00000000 00010000ffe2", "ff" };
	struct peer *p = arg;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		start(p);
		if (p->ws.pipeline) {
			feed_hex(p, frames[i]);
			if (p->rc == 0)
				feed_hex(p, frames[i][0] == '4' ? "00 80 00000000" : "000000 03e8");
			assert_true(p->rc >= 0 || p->ws.state == RL_WS_FAILED);
			assert_true(p->rc != RILL_ENOMEM || p->ws.close_code == 1011);
		}
		stop(p);
	}
}

TEST(ws_session, memory_shortage_at_any_single_frame_is_orderly)
{
	struct peer p = server();
	p.deflate = true;
	test_each_failing_allocation(hear_one, &p);
	p.config.pieces = true;
	test_each_failing_allocation(hear_one, &p);
}
