/* ws_frame_test.c: tests of src/wire/ws_frame.c and ws_mask.c. */
#include <string.h>
#include "base/utf8.h"
#include "support/support.h"
#include "wire/ws_frame.h"

static const uint8_t key[4] = { 0x37, 0xfa, 0x21, 0x3d };

static void expect_head(const char *hex, uint8_t first, bool masked, uint64_t len)
{
	uint8_t raw[RL_WS_HEAD_MAX];
	struct rl_ws_head head = { 0 };
	size_t n = test_unhex(hex, raw, sizeof(raw));
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(rl_ws_read_head(&head, test_guarded(raw, cut), cut), 0);
	assert_int_equal(rl_ws_read_head(&head, test_guarded(raw, n), n), n);
	assert_int_equal(head.size, n);
	assert_int_equal(head.first, first);
	assert_int_equal(head.masked, masked);
	assert_true(head.len == len);
	if (masked)
		assert_memory_equal(head.mask, raw + n - 4, 4);
}

TEST(ws_frame, headers_are_read_when_they_are_whole)
{
	expect_head("81 05", 0x81, false, 5);
	expect_head("81 85 37fa213d", 0x81, true, 5);
	expect_head("82 7e 0100", 0x82, false, 256);
	expect_head("82 7f 0000000000010000", 0x82, false, 65536);
	expect_head("02 ff 0102030405060708 37fa213d", 0x02, true, 0x0102030405060708);
	expect_head("82 7f ffffffffffffffff", 0x82, false, UINT64_MAX);
	expect_head("82 7e 0001", 0x82, false, 1); /* not the shortest form */
}

static void expect_written(uint64_t len, const uint8_t *mask, const char *hex)
{
	uint8_t out[RL_WS_HEAD_MAX];
	size_t n = rl_ws_write_head(out, 0x82, len, mask);
	test_expect_hex(out, n, hex);
}

TEST(ws_frame, headers_are_written_in_their_shortest_form)
{
	expect_written(0, NULL, "82 00");
	expect_written(125, NULL, "82 7d");
	expect_written(126, NULL, "82 7e 007e");
	expect_written(65535, NULL, "82 7e ffff");
	expect_written(65536, NULL, "82 7f 0000000000010000");
	expect_written(5, key, "82 85 37fa213d");
	expect_written(0x0102030405060708, key, "82 ff 0102030405060708 37fa213d");
}

TEST(ws_frame, masking_is_that_of_the_rfc)
{
	/* RFC 6455, 5.7: a masked "Hello". */
	uint8_t data[5];
	test_unhex("7f9f4d5158", data, sizeof(data));
	rl_ws_mask(data, data, 5, key, 0);
	test_expect_text(data, 5, "Hello");
}

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 167 + (i >> 8));
}

/* Masks n bytes that end at a guard page, in place or from there to elsewhere. */
static void try_mask(const struct rl_ws_mask_impl *impl, uint8_t *end, uint8_t *copy_end, size_t n,
	size_t phase, bool in_place)
{
	uint8_t *src = end - n, *dst = in_place ? src : copy_end - n;
	for (size_t i = 0; i < n; i++)
		src[i] = pattern(i);
	impl->mask(dst, src, n, key, phase);
	for (size_t i = 0; i < n; i++)
		if (dst[i] != (pattern(i) ^ key[(phase + i) % 4]))
			fail_msg("%s: byte %zu of %zu, phase %zu", impl->name, i, n, phase);
}

TEST(ws_frame, every_implementation_masks_any_length_phase_and_alignment)
{
	const struct rl_ws_mask_impl *impl;
	uint8_t *end = test_guarded(NULL, 8192) + 8192, *copy_end = test_guarded(NULL, 8192) + 8192;
	assert_string_equal(rl_ws_mask_impl(0)->name, "plain");
	for (size_t k = 0; (impl = rl_ws_mask_impl(k)); k++) {
		for (size_t n = 0; n < 300; n++)
			for (size_t phase = 0; phase < 5; phase++) {
				try_mask(impl, end, copy_end, n, phase, true);
				try_mask(impl, end, copy_end, n, phase, false);
			}
		for (size_t off = 0; off < 64; off++)
			try_mask(impl, end - off, copy_end - 63 + off, 1000 + off, off, false);
	}
}

TEST(ws_frame, masking_in_parts_is_masking_at_once)
{
	uint8_t whole[200], parts[200];
	for (size_t split = 0; split <= sizeof(whole); split++) {
		for (size_t i = 0; i < sizeof(whole); i++)
			whole[i] = parts[i] = pattern(i);
		rl_ws_mask(whole, whole, sizeof(whole), key, 3);
		rl_ws_mask(parts, parts, split, key, 3);
		rl_ws_mask(parts + split, parts + split, sizeof(parts) - split, key, 3 + split);
		assert_memory_equal(whole, parts, sizeof(whole));
	}
}

TEST(ws_frame, masking_and_checking_at_once_sees_a_mistake_in_every_block)
{
	static uint8_t text[3 * 4096 + 50], masked[sizeof(text)], out[sizeof(text)];
	for (size_t bad = 100; bad < sizeof(text) + 4096; bad += 4096) {
		uint32_t state = RL_UTF8_START;
		memset(text, 'x', sizeof(text));
		memcpy(text + 4094, "\xf0\x9f\x98\x80", 4); /* across the first block's end */
		if (bad < sizeof(text))
			text[bad] = 0xff;
		rl_ws_mask(masked, text, sizeof(text), key, 1);
		bool fine = rl_ws_mask_utf8(out, masked, sizeof(text), key, 1, &state);
		assert_int_equal(fine, bad >= sizeof(text));
	}
	assert_memory_equal(out, text, sizeof(text));
}

/* Messages move to the front as they are unmasked, over the key that lies between. */
TEST(ws_frame, bytes_are_unmasked_to_a_place_before_them)
{
	for (size_t n = 1; n < 700; n++) {
		for (size_t shift = 0; shift <= 12; shift += 4) {
			static const uint8_t mask[4] = { 1, 0x82, 3, 0x44 };
			uint8_t bytes[12 + 4 + 700], *payload = bytes + 16;
			uint32_t state = RL_UTF8_START, word;
			memcpy(&word, mask, 4);
			for (int way = 0; way < 3; way++) {
				memcpy(payload - 4, mask, 4);
				for (size_t i = 0; i < n; i++)
					payload[i] = (uint8_t)('a' + i % 26) ^ mask[i % 4];
				uint8_t *to = payload - shift;
				if (way == 0)
					rl_ws_mask(to, payload, n, payload - 4, 0);
				else if (way == 1)
					assert_true(rl_ws_mask_utf8(
						to, payload, n, payload - 4, 0, &state));
				else if (n >= 16 && n <= 64)
					rl_ws_mask_few(to, payload, n, word);
				else
					continue;
				for (size_t i = 0; i < n; i++)
					assert_int_equal(to[i], 'a' + i % 26);
			}
		}
	}
}
