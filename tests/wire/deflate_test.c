#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/deflate.h"

#define NO_CAP SIZE_MAX

static const struct rl_deflate_params takeover = { 15, 15, false, false, false, false };
static const struct rl_deflate_params no_takeover = { 15, 15, true, true, false, false };

static struct rl_deflate_options options;

/* 6 is zlib's in every build, so that its bytes are known and bombs are small. 1 may be ISA-L's. */
static int level = 6;

/* For what is true of any compressor. */
static void with_each_level(void (*try)(void))
{
	level = 1;
	try();
	level = 6;
	try();
}

static struct rl_deflate *codec(
	struct rl_deflate_pool *pool, const struct rl_deflate_params *params, bool server)
{
	rl_deflate_options_default(&options);
	options.level = level;
	return rl_deflate_new(test_env(), pool, &options, params, server);
}

static struct rl_slice bytes(const char *hex)
{
	static uint8_t data[4096];
	size_t n = test_unhex(hex, data, sizeof(data));
	return rl_slice(test_guarded(data, n), n);
}

/* Inflates one message given in one piece. */
static void expect_inflated(struct rl_deflate *d, const char *hex, const char *text)
{
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_deflate_inflate(d, bytes(hex), true, &out, NO_CAP), 0);
	test_expect_text(out.data, out.len, text);
	rl_buf_release(&out);
}

/* Inflates one message by a new codec, whole and cut in two at every place. */
static void expect_message(const char *hex, int rc, const char *text)
{
	struct rl_slice in = bytes(hex);
	for (size_t cut = 0; cut <= in.len; cut++) {
		struct rl_deflate *d = codec(NULL, &takeover, true);
		struct rl_buf out;
		rl_buf_init(&out, test_env());
		int first = rl_deflate_inflate(d, rl_slice(in.data, cut), false, &out, NO_CAP);
		int second = rl_deflate_inflate(
			d, rl_slice(in.data + cut, in.len - cut), true, &out, NO_CAP);
		if (first < 0)
			assert_int_equal(first, rc);
		assert_int_equal(second, rc);
		if (rc == 0)
			test_expect_text(out.data, out.len, text);
		rl_buf_release(&out);
		rl_deflate_free(d);
	}
}

static void expect_compressed(struct rl_deflate *d, const char *text, const char *hex)
{
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_deflate_compress(d, rl_slice_str(text), true, &out), 0);
	test_expect_hex(out.data, out.len, hex);
	rl_buf_release(&out);
}

/* len bytes: 0 all alike, 1 words, 2 noise. */
static uint8_t *sample(int kind, size_t len)
{
	static const char words[] = "the quick brown fox jumps over the lazy dog ";
	uint8_t *data = malloc(len + 1);
	uint32_t x = 1;
	assert_non_null(data);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		data[i] = kind == 0   ? 'a'
			  : kind == 1 ? (uint8_t)words[(i + (x >> 30)) % (sizeof(words) - 1)]
				      : (uint8_t)(x >> 24);
	}
	return data;
}

/* RFC 7692, 7.2.3: the samples. */

TEST(deflate, the_compressed_block_of_the_rfc_inflates)
{
	expect_message("f2 48 cd c9 c9 07 00", 0, "Hello");
}

TEST(deflate, a_second_message_may_refer_to_the_first)
{
	struct rl_deflate *d = codec(NULL, &takeover, true);
	expect_inflated(d, "f2 48 cd c9 c9 07 00", "Hello");
	expect_inflated(d, "f2 00 11 00 00", "Hello");
	expect_inflated(d, "f2 00 11 00 00", "Hello");
	rl_deflate_free(d);
}

TEST(deflate, a_second_message_may_not_refer_to_the_first_without_takeover)
{
	struct rl_deflate *d = codec(NULL, &no_takeover, true);
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	expect_inflated(d, "f2 48 cd c9 c9 07 00", "Hello");
	assert_int_equal(
		rl_deflate_inflate(d, bytes("f2 00 11 00 00"), true, &out, NO_CAP), RILL_EPROTO);
	rl_buf_release(&out);
	rl_deflate_free(d);
}

TEST(deflate, stored_blocks_inflate)
{
	expect_message("00 05 00 fa ff 48 65 6c 6c 6f 00", 0, "Hello");
}

TEST(deflate, a_final_block_followed_by_a_zero_byte_is_a_message)
{
	expect_message("f3 48 cd c9 c9 07 00 00", 0, "Hello");
}

TEST(deflate, two_blocks_make_one_message)
{
	expect_message("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", 0, "Hello");
}

TEST(deflate, an_empty_message_is_one_byte)
{
	expect_message("00", 0, "");
}

/* Beyond the samples. */

TEST(deflate, a_final_block_without_the_zero_byte_is_a_message)
{
	expect_message("f3 48 cd c9 c9 07 00", 0, "Hello");
}

TEST(deflate, a_payload_without_bytes_is_an_empty_message)
{
	expect_message("", 0, "");
}

TEST(deflate, blocks_after_a_final_block_go_on_with_its_window)
{
	/* Final "Hello", then a block that refers back five bytes twice over. */
	expect_message("f3 48 cd c9 c9 07 00 f2 00 11 00 00", 0, "HelloHello");
	expect_message("f3 48 cd c9 c9 07 00 f3 00 11 00 f2 00 11 00 00", 0, "HelloHelloHello");
}

TEST(deflate, a_message_after_one_with_a_final_block_goes_on_with_its_window)
{
	struct rl_deflate *d = codec(NULL, &takeover, true);
	expect_inflated(d, "f3 48 cd c9 c9 07 00 00", "Hello");
	expect_inflated(d, "f2 00 11 00 00", "Hello");
	expect_inflated(d, "f3 00 11 00", "Hello");
	expect_inflated(d, "f2 00 11 00 00", "Hello");
	rl_deflate_free(d);
}

TEST(deflate, the_window_of_a_large_message_outlives_a_final_block)
{
	uint8_t *data = sample(2, 100000);
	struct rl_deflate *d = codec(NULL, &takeover, true);
	struct rl_deflate *peer = codec(NULL, &takeover, false);
	struct rl_buf wire, out;
	rl_buf_init(&wire, test_env());
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_deflate_compress(peer, rl_slice(data, 100000), true, &wire), 0);
	assert_int_equal(rl_deflate_inflate(d, rl_buf_slice(&wire), true, &out, NO_CAP), 0);
	assert_int_equal(out.len, 100000);
	expect_inflated(d, "03 00", ""); /* an empty final block */
	rl_buf_consume(&wire, wire.len);
	rl_buf_consume(&out, out.len);
	/* Noise, so that all that is saved is reference to the first message. */
	assert_int_equal(rl_deflate_compress(peer, rl_slice(data + 70000, 30000), true, &wire), 0);
	assert_true(wire.len < 10000);
	assert_int_equal(rl_deflate_inflate(d, rl_buf_slice(&wire), true, &out, NO_CAP), 0);
	assert_int_equal(out.len, 30000);
	assert_memory_equal(out.data, data + 70000, 30000);
	rl_buf_release(&wire);
	rl_buf_release(&out);
	rl_deflate_free(d);
	rl_deflate_free(peer);
	free(data);
}

TEST(deflate, final_blocks_by_the_hundred_thousand_are_one_message)
{
	struct rl_deflate *d = codec(NULL, &takeover, true);
	uint8_t *data = malloc(1000000);
	struct rl_buf out;
	assert_non_null(data);
	rl_buf_init(&out, test_env());
	memcpy(data, "\x4b\x04\x00", 3); /* "a" in a final block */
	for (size_t i = 3; i + 1 < 1000000; i += 2)
		memcpy(data + i, "\x03", 2); /* a final block without content */
	assert_int_equal(rl_deflate_inflate(d, rl_slice(data, 999999), true, &out, NO_CAP), 0);
	test_expect_text(out.data, out.len, "a");
	rl_buf_release(&out);
	free(data);
	rl_deflate_free(d);
}

TEST(deflate, a_message_that_ends_inside_a_block_is_refused)
{
	expect_message("f2 48 cd c9 c9 07", RILL_EPROTO, NULL); /* end of block missing */
	expect_message("f2 48 cd", RILL_EPROTO, NULL);
	expect_message("f3 48 cd c9 c9 07", RILL_EPROTO, NULL);    /* final block */
	expect_message("00 05 00 fa ff 48 65", RILL_EPROTO, NULL); /* stored */
	expect_message("00 05 00 fa", RILL_EPROTO, NULL);
	expect_message("ff", RILL_EPROTO, NULL);
}

TEST(deflate, a_message_whose_data_swallow_the_four_bytes_is_refused)
{
	/* A stored block of 9 bytes, 5 of them there. */
	expect_message("00 09 00 f6 ff 48 65 6c 6c 6f", RILL_EPROTO, NULL);
}

TEST(deflate, a_message_that_kept_its_four_bytes_is_refused)
{
	expect_message("f2 48 cd c9 c9 07 00 00 00 ff ff", RILL_EPROTO, NULL);
}

TEST(deflate, garbage_behind_the_end_is_refused)
{
	expect_message("f3 48 cd c9 c9 07 00 07", RILL_EPROTO, NULL); /* reserved block type */
	expect_message("f3 48 cd c9 c9 07 00 00 00", RILL_EPROTO, NULL);
	expect_message("f2 48 cd c9 c9 07 00 00", RILL_EPROTO, NULL);
}

TEST(deflate, what_is_not_deflate_is_refused_for_good)
{
	struct rl_deflate *d = codec(NULL, &takeover, true);
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_deflate_inflate(d, bytes("06"), false, &out, NO_CAP), RILL_EPROTO);
	assert_int_equal(rl_deflate_inflate(d, bytes("00"), true, &out, NO_CAP), RILL_EPROTO);
	rl_buf_release(&out);
	rl_deflate_free(d);
}

/* The cap. */

/* A message of len letters, compressed by zlib with its best. */
static void make_bomb(struct rl_buf *wire, size_t len)
{
	struct rl_deflate *peer = codec(NULL, &takeover, false);
	uint8_t *data = sample(0, len);
	rl_buf_init(wire, test_env());
	assert_int_equal(rl_deflate_compress(peer, rl_slice(data, len), true, wire), 0);
	free(data);
	rl_deflate_free(peer);
}

TEST(deflate, a_message_of_exactly_the_cap_passes_and_one_byte_more_does_not)
{
	static const size_t lengths[] = { 1, 5, 511, 512, 513, 1024, 40000, 100001 };
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct rl_buf wire, out;
		make_bomb(&wire, lengths[i]);
		for (size_t less = 0; less < 2; less++) {
			struct rl_deflate *d = codec(NULL, &takeover, true);
			size_t cap = lengths[i] - less;
			rl_buf_init(&out, test_env());
			assert_int_equal(
				rl_deflate_inflate(d, rl_buf_slice(&wire), true, &out, cap),
				less ? RILL_ETOOBIG : 0);
			assert_int_equal(out.len, cap);
			assert_true(out.cap <= cap || cap == 0);
			rl_buf_release(&out);
			rl_deflate_free(d);
		}
		rl_buf_release(&wire);
	}
}

TEST(deflate, a_bomb_stops_at_the_cap_and_takes_no_more_memory)
{
	struct rl_buf wire, out;
	make_bomb(&wire, 64u << 20);
	assert_true(wire.len < 70000);
	struct rl_deflate *d = codec(NULL, &takeover, true);
	size_t before = test_live_bytes();
	rl_buf_init(&out, test_env());
	assert_int_equal(
		rl_deflate_inflate(d, rl_buf_slice(&wire), true, &out, 100000), RILL_ETOOBIG);
	assert_int_equal(out.len, 100000);
	assert_true(test_live_bytes() - before <= 100000);
	rl_buf_release(&out);
	rl_buf_release(&wire);
	rl_deflate_free(d);
}

TEST(deflate, the_cap_holds_over_pieces_and_counts_what_is_in_the_buffer)
{
	struct rl_deflate *d = codec(NULL, &takeover, true);
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_buf_append_str(&out, "abc"), 0);
	assert_int_equal(rl_deflate_inflate(d, bytes("f2 48 cd"), false, &out, 7), 0);
	assert_int_equal(rl_deflate_inflate(d, bytes("c9 c9 07 00"), true, &out, 7), RILL_ETOOBIG);
	test_expect_text(out.data, out.len, "abcHell");
	rl_buf_release(&out);
	rl_deflate_free(d);
}

TEST(deflate, a_cap_of_nothing_lets_empty_messages_pass)
{
	struct rl_deflate *d = codec(NULL, &takeover, true);
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_deflate_inflate(d, bytes("00"), true, &out, 0), 0);
	assert_int_equal(
		rl_deflate_inflate(d, bytes("f2 48 cd c9 c9 07 00"), true, &out, 0), RILL_ETOOBIG);
	assert_int_equal(out.len, 0);
	rl_buf_release(&out);
	rl_deflate_free(d);
}

/* Compressing. */

TEST(deflate, hello_compresses_to_the_bytes_of_the_rfc)
{
	struct rl_deflate *d = codec(NULL, &takeover, true);
	expect_compressed(d, "Hello", "f2 48 cd c9 c9 07 00");
	expect_compressed(d, "Hello", "f2 00 11 00 00");
	rl_deflate_free(d);
}

static void try_without_takeover_each_message_compresses_alike(void)
{
	struct rl_deflate_pool *pool = rl_deflate_pool_new(test_env());
	struct rl_deflate *d = codec(pool, &no_takeover, true);
	expect_compressed(d, "Hello", "f2 48 cd c9 c9 07 00");
	expect_compressed(d, "Hello", "f2 48 cd c9 c9 07 00");
	rl_deflate_free(d);
	rl_deflate_pool_free(pool);
}

TEST(deflate, without_takeover_each_message_compresses_alike)
{
	with_each_level(try_without_takeover_each_message_compresses_alike);
}

TEST(deflate, an_empty_message_compresses_to_one_byte_each_time)
{
	struct rl_deflate *d = codec(NULL, &takeover, true);
	expect_compressed(d, "", "00");
	expect_compressed(d, "", "00");
	expect_compressed(d, "Hello", "f2 48 cd c9 c9 07 00");
	expect_compressed(d, "", "00");
	rl_deflate_free(d);
}

static void try_a_piece_reaches_the_peer_while_its_message_is_unfinished(void)
{
	struct rl_deflate *d = codec(NULL, &takeover, true), *peer = codec(NULL, &takeover, false);
	struct rl_buf wire, out;
	rl_buf_init(&wire, test_env());
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_deflate_compress(d, RL_SLICE("Hel"), false, &wire), 0);
	assert_int_equal(rl_deflate_inflate(peer, rl_buf_slice(&wire), false, &out, NO_CAP), 0);
	test_expect_text(out.data, out.len, "Hel");
	rl_buf_consume(&wire, wire.len);

	assert_int_equal(rl_deflate_compress(d, RL_SLICE(""), false, &wire), 0);
	assert_int_equal(wire.len, 0);
	assert_int_equal(rl_deflate_compress(d, RL_SLICE("lo"), false, &wire), 0);
	assert_int_equal(rl_deflate_compress(d, RL_SLICE(""), true, &wire), 0);
	assert_int_equal(rl_deflate_inflate(peer, rl_buf_slice(&wire), true, &out, NO_CAP), 0);
	test_expect_text(out.data, out.len, "Hello");
	rl_buf_release(&wire);
	rl_buf_release(&out);
	rl_deflate_free(d);
	rl_deflate_free(peer);
}

TEST(deflate, a_piece_reaches_the_peer_while_its_message_is_unfinished)
{
	with_each_level(try_a_piece_reaches_the_peer_while_its_message_is_unfinished);
}

/* Compresses into a buffer whose room before the call is exactly n, for each n around the size of
 * the result, and inflates it again: the marker may end anywhere in the room. */
static void try_the_end_is_cut_off_right_wherever_the_output_runs_full(void)
{
	for (int kind = 0; kind < 3; kind++) {
		uint8_t *data = sample(kind, 300);
		for (size_t room = 0; room < 400; room++) {
			struct rl_deflate *d = codec(NULL, &takeover, true);
			struct rl_deflate *peer = codec(NULL, &takeover, false);
			struct rl_buf wire, out;
			rl_buf_init(&wire, test_env());
			rl_buf_init(&out, test_env());
			assert_int_equal(rl_buf_reserve_exact(&wire, room + 1), 0);
			for (int twice = 0; twice < 2; twice++) {
				assert_int_equal(
					rl_deflate_compress(d, rl_slice(data, 300), true, &wire),
					0);
				rl_buf_consume(&out, out.len);
				assert_int_equal(rl_deflate_inflate(peer, rl_buf_slice(&wire), true,
							 &out, 300),
					0);
				assert_int_equal(out.len, 300);
				assert_memory_equal(out.data, data, 300);
				rl_buf_consume(&wire, wire.len);
			}
			rl_buf_release(&wire);
			rl_buf_release(&out);
			rl_deflate_free(d);
			rl_deflate_free(peer);
		}
		free(data);
	}
}

TEST(deflate, the_end_is_cut_off_right_wherever_the_output_runs_full)
{
	with_each_level(try_the_end_is_cut_off_right_wherever_the_output_runs_full);
}

static void round_trip(
	struct rl_deflate *from, struct rl_deflate *to, int kind, size_t len, size_t piece)
{
	uint8_t *data = sample(kind, len);
	struct rl_buf wire, out;
	rl_buf_init(&wire, test_env());
	rl_buf_init(&out, test_env());
	for (size_t at = 0; at < len || !at; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		assert_int_equal(
			rl_deflate_compress(from, rl_slice(data + at, n), at + n == len, &wire), 0);
		if (!len)
			break;
	}
	for (size_t at = 0; at < wire.len; at += piece) {
		size_t n = wire.len - at < piece ? wire.len - at : piece;
		uint8_t *cut = malloc(n); /* of just that size */
		assert_non_null(cut);
		memcpy(cut, wire.data + at, n);
		assert_int_equal(
			rl_deflate_inflate(to, rl_slice(cut, n), at + n == wire.len, &out, len), 0);
		free(cut);
	}
	assert_int_equal(out.len, len);
	if (len)
		assert_memory_equal(out.data, data, len);
	rl_buf_release(&wire);
	rl_buf_release(&out);
	free(data);
}

static void try_every_window_and_takeover_brings_messages_over(void)
{
	struct rl_deflate_pool *pool = rl_deflate_pool_new(test_env());
	for (unsigned i = 0; i < 7 * 2 * 2; i++) {
		struct rl_deflate_params params = { .server_window_bits = (uint8_t)(9 + i / 4),
			.client_window_bits = (uint8_t)(15 - i / 4),
			.server_no_takeover = i & 1,
			.client_no_takeover = i >> 1 & 1 };
		struct rl_deflate *server = codec(pool, &params, true);
		struct rl_deflate *client = codec(pool, &params, false);
		for (int kind = 0; kind < 3; kind++) {
			round_trip(server, client, kind, 70000, 70000);
			round_trip(client, server, kind, 70000, 3000);
			round_trip(server, client, kind, 50, 1);
			round_trip(client, server, kind, 0, 1);
			round_trip(client, server, kind, 1, 1);
		}
		rl_deflate_free(server);
		rl_deflate_free(client);
	}
	rl_deflate_pool_free(pool);
}

TEST(deflate, every_window_and_takeover_brings_messages_over)
{
	with_each_level(try_every_window_and_takeover_brings_messages_over);
}

TEST(deflate, a_peer_that_announced_a_window_of_8_may_use_9)
{
	struct rl_deflate_params nine = { 15, 9, false, false, false, false };
	struct rl_deflate_params eight = { 15, 8, false, false, false, false };
	struct rl_deflate *client = codec(NULL, &nine, false), *server = codec(NULL, &eight, true);
	round_trip(client, server, 1, 10000, 10000);
	rl_deflate_free(client);
	rl_deflate_free(server);
}

TEST(deflate, level_and_strategy_are_those_of_the_options)
{
	uint8_t *data = sample(1, 20000);
	size_t sizes[3];
	for (int i = 0; i < 3; i++) {
		struct rl_buf wire;
		rl_deflate_options_default(&options);
		options.level = i == 0 ? 9 : 1;
		options.strategy = i == 2 ? Z_HUFFMAN_ONLY : Z_DEFAULT_STRATEGY;
		struct rl_deflate *d = rl_deflate_new(test_env(), NULL, &options, &takeover, true);
		rl_buf_init(&wire, test_env());
		assert_int_equal(rl_deflate_compress(d, rl_slice(data, 20000), true, &wire), 0);
		sizes[i] = wire.len;
		rl_buf_release(&wire);
		rl_deflate_free(d);
	}
	assert_true(sizes[0] < sizes[1]);
	assert_true(sizes[1] < sizes[2]);
	free(data);
}

/* Many short messages, one state: more than its buffers hold, and back over the window's edge. */
static void try_a_long_conversation(void)
{
	struct rl_deflate *server = codec(NULL, &takeover, true);
	struct rl_deflate *client = codec(NULL, &takeover, false);
	for (size_t n = 0; n < 300; n++)
		round_trip(server, client, n % 3 ? 1 : 2, 1 + n * 37 % 2500, 2500);
	round_trip(server, client, 1, 200000, 200000);
	round_trip(server, client, 2, 100, 100);
	rl_deflate_free(server);
	rl_deflate_free(client);
}

TEST(deflate, a_long_conversation_with_takeover_stays_in_step)
{
	with_each_level(try_a_long_conversation);
}

TEST(deflate, messages_between_threshold_and_ceiling_are_wanted)
{
	struct rl_deflate *d = codec(NULL, &takeover, true);
	assert_false(rl_deflate_wants(d, 1023));
	assert_true(rl_deflate_wants(d, 1024));
	assert_true(rl_deflate_wants(d, 1024 * 1024));
	assert_false(rl_deflate_wants(d, 1024 * 1024 + 1));
	rl_deflate_free(d);
	options.ceiling = 0;
	d = rl_deflate_new(test_env(), NULL, &options, &takeover, true);
	assert_true(rl_deflate_wants(d, SIZE_MAX));
	rl_deflate_free(d);
}

/* Memory. */

TEST(deflate, a_new_codec_holds_no_zlib_state)
{
	size_t before = test_live_blocks();
	struct rl_deflate *d = codec(NULL, &takeover, true);
	assert_int_equal(test_live_blocks() - before, 1);
	assert_true(test_live_bytes() < 1024);
	rl_deflate_free(d);
}

TEST(deflate, without_takeover_nothing_is_held_between_messages)
{
	struct rl_deflate *d = codec(NULL, &no_takeover, true);
	size_t before = test_live_blocks();
	expect_inflated(d, "f2 48 cd c9 c9 07 00", "Hello");
	expect_compressed(d, "Hello", "f2 48 cd c9 c9 07 00");
	assert_int_equal(test_live_blocks(), before);
	rl_deflate_free(d);
}

TEST(deflate, directions_without_takeover_share_the_states_of_the_pool)
{
	struct rl_deflate_pool *pool = rl_deflate_pool_new(test_env());
	struct rl_deflate *a = codec(pool, &no_takeover, true);
	struct rl_deflate *b = codec(pool, &no_takeover, true);
	expect_inflated(a, "f2 48 cd c9 c9 07 00", "Hello");
	expect_compressed(a, "Hello", "f2 48 cd c9 c9 07 00");
	size_t before = test_live_blocks();
	expect_inflated(b, "f2 48 cd c9 c9 07 00", "Hello");
	expect_compressed(b, "Hello", "f2 48 cd c9 c9 07 00");
	assert_int_equal(test_live_blocks(), before);
	rl_deflate_free(a);
	rl_deflate_free(b);
	rl_deflate_pool_free(pool);
}

static void try_states_of_another_window_are_not_mixed_up(void)
{
	struct rl_deflate_params small = { 9, 9, true, true, false, false };
	struct rl_deflate_pool *pool = rl_deflate_pool_new(test_env());
	struct rl_deflate *a = codec(pool, &no_takeover, true), *b = codec(pool, &small, true);
	struct rl_deflate *peer = codec(NULL, &small, false);
	round_trip(a, peer, 2, 10, 10);
	round_trip(b, peer, 1, 5000, 5000);
	round_trip(peer, b, 1, 5000, 5000);
	round_trip(peer, a, 1, 5000, 5000);
	rl_deflate_free(a);
	rl_deflate_free(b);
	rl_deflate_free(peer);
	rl_deflate_pool_free(pool);
}

TEST(deflate, states_of_another_window_are_not_mixed_up)
{
	with_each_level(try_states_of_another_window_are_not_mixed_up);
}

static void try_the_pool_keeps_a_bounded_number_of_states(void)
{
	struct rl_deflate_pool *pool = rl_deflate_pool_new(test_env());
	struct rl_deflate *d[40];
	size_t blocks_of_one, before = test_live_blocks();
	for (size_t i = 0; i < 40; i++) {
		struct rl_buf out;
		d[i] = codec(pool, &no_takeover, true);
		rl_buf_init(&out, test_env());
		assert_int_equal(rl_deflate_compress(d[i], RL_SLICE("Hel"), false, &out), 0);
		rl_buf_release(&out);
		if (i == 0)
			blocks_of_one = test_live_blocks() - before - 1;
	}
	for (size_t i = 0; i < 40; i++)
		rl_deflate_free(d[i]);
	assert_true(test_live_blocks() - before <= 8 * blocks_of_one);
	assert_true(test_live_blocks() - before >= blocks_of_one);
	rl_deflate_pool_free(pool);
}

TEST(deflate, the_pool_keeps_a_bounded_number_of_states)
{
	with_each_level(try_the_pool_keeps_a_bounded_number_of_states);
}

static void try_a_state_given_back_in_the_middle_of_a_message_is_as_good_as_new(void)
{
	struct rl_deflate_pool *pool = rl_deflate_pool_new(test_env());
	struct rl_deflate *a = codec(pool, &takeover, true);
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_deflate_compress(a, RL_SLICE("Hel"), false, &out), 0);
	assert_int_equal(rl_deflate_inflate(a, bytes("f2 48 cd"), false, &out, NO_CAP), 0);
	rl_deflate_free(a);
	a = codec(pool, &takeover, true);
	expect_compressed(a, "Hello", "f2 48 cd c9 c9 07 00");
	expect_inflated(a, "f2 48 cd c9 c9 07 00", "Hello");
	rl_buf_release(&out);
	rl_deflate_free(a);
	rl_deflate_pool_free(pool);
}

TEST(deflate, a_state_given_back_in_the_middle_of_a_message_is_as_good_as_new)
{
	with_each_level(try_a_state_given_back_in_the_middle_of_a_message_is_as_good_as_new);
}

/* Says Hello twice, there and back; stops at the first failure. */
static void talk(void *arg)
{
	const struct rl_deflate_params *params = arg;
	struct rl_deflate_pool *pool = rl_deflate_pool_new(test_env());
	struct rl_deflate *server = codec(pool, params, true), *client = codec(pool, params, false);
	struct rl_buf wire, out;
	uint8_t *data = sample(2, 3000);
	rl_buf_init(&wire, test_env());
	rl_buf_init(&out, test_env());
	int rc = pool && server && client ? 0 : RILL_ENOMEM;
	for (int i = 0; rc == 0 && i < 2; i++) {
		rc = rl_deflate_compress(server, rl_slice(data, 2000), false, &wire);
		if (rc == 0)
			rc = rl_deflate_compress(server, rl_slice(data + 2000, 1000), true, &wire);
		if (rc == 0)
			rc = rl_deflate_inflate(client, rl_buf_slice(&wire), true, &out, NO_CAP);
		if (rc == 0)
			assert_int_equal(out.len, 3000);
		rl_buf_release(&wire);
		rl_buf_release(&out);
	}
	assert_int_equal(rc, test_allocation_failed() ? RILL_ENOMEM : 0);
	free(data);
	rl_deflate_free(server);
	rl_deflate_free(client);
	rl_deflate_pool_free(pool);
}

TEST(deflate, a_state_given_back_after_a_failure_keeps_nothing_of_its_input)
{
	struct rl_deflate_pool *pool = rl_deflate_pool_new(test_env());
	struct rl_deflate *broken = codec(pool, &takeover, true);
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	/* "Hello" with room for two bytes, and a block that is none with more behind it. */
	assert_int_equal(
		rl_deflate_inflate(broken, bytes("f248cdc9c90700 f248cdc9c90700"), true, &out, 2),
		RILL_ETOOBIG);
	rl_deflate_free(broken);
	struct rl_deflate *d = codec(pool, &takeover, true);
	expect_inflated(d, "f248cdc9c90700", "Hello");
	rl_deflate_free(d);

	broken = codec(pool, &takeover, true);
	assert_int_equal(rl_deflate_inflate(broken, bytes("ffffffffffffffff"), true, &out, NO_CAP),
		RILL_EPROTO);
	rl_deflate_free(broken);
	d = codec(pool, &takeover, true);
	expect_inflated(d, "f248cdc9c90700", "Hello");
	rl_deflate_free(d);
	rl_buf_release(&out);
	rl_deflate_pool_free(pool);
}

static void try_every_failing_allocation_is_reported_and_leaves_nothing_behind(void)
{
	struct rl_deflate_params both = takeover, neither = no_takeover;
	test_each_failing_allocation(talk, &both);
	test_each_failing_allocation(talk, &neither);
}

TEST(deflate, every_failing_allocation_is_reported_and_leaves_nothing_behind)
{
	with_each_level(try_every_failing_allocation_is_reported_and_leaves_nothing_behind);
}

/* Between two messages, memory is short once while the second is compressed. */
static void compress_between(void *arg)
{
	struct rl_deflate *d = ((struct rl_deflate **)arg)[0];
	struct rl_buf wire;
	uint8_t *data = sample(2, 3000);
	rl_buf_init(&wire, test_env());
	if (rl_deflate_compress(d, rl_slice(data, 3000), true, &wire) < 0)
		assert_int_equal(wire.len, 0);
	rl_buf_release(&wire);
	free(data);
}

static void try_after_a_message_lost_for_memory_the_next_ones_still_inflate(void)
{
	for (size_t n = 1; n < 12; n++) {
		struct rl_deflate *server = codec(NULL, &takeover, true);
		struct rl_deflate *client = codec(NULL, &takeover, false);
		round_trip(server, client, 1, 3000, 3000);
		test_fail_allocation(n, false);
		compress_between(&server);
		bool lost = test_allocation_failed();
		test_fail_allocation(0, false);
		if (lost)
			round_trip(server, client, 1, 3000, 3000);
		rl_deflate_free(server);
		rl_deflate_free(client);
		if (!lost)
			return;
	}
	fail_msg("no run without a failing allocation");
}

TEST(deflate, after_a_message_lost_for_memory_the_next_ones_still_inflate)
{
	with_each_level(try_after_a_message_lost_for_memory_the_next_ones_still_inflate);
}

static void try_a_message_half_out_cannot_go_on_after_a_piece_was_lost(void)
{
	struct rl_deflate *d = codec(NULL, &takeover, true);
	uint8_t *data = sample(2, 3000);
	struct rl_buf wire;
	rl_buf_init(&wire, test_env());
	assert_int_equal(rl_deflate_compress(d, RL_SLICE("Hel"), false, &wire), 0);
	size_t len = wire.len;
	test_fail_allocation(1, true);
	assert_int_equal(rl_deflate_compress(d, rl_slice(data, 3000), true, &wire), RILL_ENOMEM);
	test_fail_allocation(0, false);
	assert_int_equal(wire.len, len);
	assert_int_equal(rl_deflate_compress(d, RL_SLICE("lo"), true, &wire), RILL_ENOMEM);
	rl_buf_release(&wire);
	free(data);
	rl_deflate_free(d);
}

TEST(deflate, a_message_half_out_cannot_go_on_after_a_piece_was_lost)
{
	with_each_level(try_a_message_half_out_cannot_go_on_after_a_piece_was_lost);
}
