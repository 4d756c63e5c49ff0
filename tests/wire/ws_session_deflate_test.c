/* ws_session_deflate_test.c: compressed messages in a session. */
#include "wire/ws_session_program.h"

TEST(ws_session_deflate, compressed_messages_are_inflated)
{
	struct peer p = client();
	p.deflate = true;
	/* RFC 7692, 7.2.3: plain, with takeover, in fragments, stored, with BFINAL, empty. */
	play(&p, "c1 07 f248cdc9c90700  c1 05 f200110000  81 02 6869",
		"text Hello\ntext Hello\ntext hi\n");
	play(&p, "41 03 f248cd 89 00 80 04 c9c90700  82 01 61",
		"ping \ntext Hello\nbinary a\nout 8a00\n");
	play(&p, "c1 0b 000500faff48656c6c6f00", "text Hello\n");
	play(&p, "c1 08 f348cdc9c9070000", "text Hello\n");
	play(&p, "c1 01 00 41 00 00 00 80 01 00", "text \ntext \n");
}

TEST(ws_session_deflate, compressed_texts_are_checked_as_they_are_inflated)
{
	struct peer p = client();
	p.deflate = true;
	/* Stored blocks: "a" and half a character; a surrogate's first two bytes. */
	play(&p, "41 07 00 0200 fdff 61e2 80 08 00 0200 fdff 82ac 00", "text a\xe2\x82\xac\n");
	play(&p, "41 08 00 0200 fdff eda0 00",
		"failed 1007\nout "
		"881303ef74657874206973206e6f74205554462d38\n");
	play(&p, "c1 08 00 0200 fdff 61e2 00",
		"failed 1007\nout "
		"881303ef74657874206973206e6f74205554462d38\n");
}

TEST(ws_session_deflate, what_is_not_deflate_is_refused)
{
	struct peer p = client();
	p.deflate = true;
	play(&p, "c2 03 ffffff",
		"failed 1007\nout "
		"881803ef646174612063616e6e6f74206265206465636f646564\n");
}

TEST(ws_session_deflate, rsv1_is_for_the_first_data_frame_alone)
{
	static const char *const wrong[] = { "c9", "c8", "ca", "41 03 f248cd c0", "a1", "91",
		"e1" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct peer p = client();
		p.deflate = true;
		start(&p);
		feed_hex(&p, wrong[i]);
		assert_int_equal(p.ws.close_code, 1002);
		stop(&p);
	}
}

TEST(ws_session_deflate, inflating_ends_at_max_message)
{
	struct peer p = client();
	p.deflate = true;
	p.config.max_message = 5;
	play(&p, "c1 07 f248cdc9c90700", "text Hello\n");
	p.config.max_message = 4;
	play(&p, "41 04 f248cdc9 80 03 c90700",
		"failed 1009\nout "
		"881303f16d65737361676520746f6f206c61726765\n");
}

/* A bomb: zeros, compressed by a session of the other role. */
static size_t bomb(size_t len, uint8_t *out, size_t room)
{
	struct peer s = server();
	uint8_t *zeros = calloc(1, len);
	s.deflate = true;
	start(&s);
	assert_int_equal(rl_ws_write(&s.ws, &s.out, false, true, true, rl_slice(zeros, len)), 0);
	assert_true(s.out.len <= room);
	size_t n = s.out.len;
	memcpy(out, s.out.data, n);
	free(zeros);
	stop(&s);
	return n;
}

TEST(ws_session_deflate, a_bomb_ends_at_max_message_without_its_memory)
{
	static uint8_t frame[16384];
	size_t n = bomb(8 << 20, frame, sizeof(frame));
	struct peer p = client();
	p.deflate = true;
	p.config.max_message = 100000;
	for (size_t split = 0; split < n; split += 997) {
		start(&p);
		feed(&p, frame, split);
		feed(&p, frame + split, n - split);
		assert_string_equal(p.log, "failed 1009\n");
		assert_int_equal(rl_ws_held(&p.ws), 0);
		stop(&p);
	}
}

TEST(ws_session_deflate, pieces_of_a_compressed_message_are_inflated_in_small_steps)
{
	static uint8_t frame[16384];
	size_t n = bomb(8 << 20, frame, sizeof(frame)), total = 0;
	struct rl_slice in = { frame, n };
	struct rl_ws_event ev;
	struct peer p = client();
	p.deflate = true;
	p.config.pieces = true;
	start(&p);
	while (rl_ws_next(&p.ws, &in, &ev, test_now) > 0) {
		assert_true(ev.data.len <= 2 << 20);
		assert_int_equal(ev.first, total == 0);
		total += ev.data.len;
		assert_int_equal(ev.fin, total == 8 << 20);
	}
	assert_int_equal(total, 8 << 20);
	assert_int_equal(rl_ws_held(&p.ws), 0);
	stop(&p);
}

TEST(ws_session_deflate, compressed_pieces_end_between_characters)
{
	struct peer p = client();
	p.deflate = true;
	p.config.pieces = true;
	play(&p, "41 07 00 0200 fdff 61e2 80 08 00 0200 fdff 82ac 00  c1 01 00",
		"text pieces a\xe2\x82\xac\ntext pieces \n");
}

TEST(ws_session_deflate, compressed_text_pieces_are_checked)
{
	struct peer p = client();
	p.deflate = true;
	p.config.pieces = true;
	play(&p, "c1 08 00 0200 fdff ffff 00", NOT_UTF8);
	play(&p, "c1 07 00 0100 feff e2 00", NOT_UTF8);
	play(&p, "c1 03 ffffff",
		"failed 1007\nout "
		"881803ef646174612063616e6e6f74206265206465636f646564\n");
}
