/* utf8_test.c: tests of src/base/utf8*.c. Every implementation is held against a definition by
 * code points that knows nothing of byte ranges. */
#include <string.h>
#include "base/utf8.h"
#include "support/support.h"

/* Could the n bytes at data be the start of a character, or one? */
static bool possible_start(const uint8_t *data, size_t n, size_t size)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const uint32_t most[] = { 0, 0x7f, 0x7ff, 0xffff, 0x10ffff };
	uint32_t value = size == 1 ? data[0] : data[0] & (0xffu >> (size + 1));
	for (size_t i = 1; i < n; i++) {
		if (data[i] >> 6 != 2)
			return false;
		value = value << 6 | (data[i] & 0x3f);
	}
	size_t missing = 6 * (size - n);
	uint32_t low = value << missing, high = low | ((1u << missing) - 1);
	if (low < least[size])
		low = least[size];
	if (high > most[size])
		high = most[size];
	return low <= high && !(low >= 0xd800 && high <= 0xdfff);
}

/* 1: whole characters, 0: and a cut one, -1: impossible. */
static int defined(const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint8_t c = data[i];
		size_t size = c < 0x80       ? 1
			      : c >> 5 == 6  ? 2
			      : c >> 4 == 14 ? 3
			      : c >> 3 == 30 ? 4
					     : 0;
		size_t there = size < n - i ? size : n - i;
		if (!size || !possible_start(data + i, there, size))
			return -1;
		if (there < size)
			return 0;
		i += size;
	}
	return 1;
}

static int checked(const struct rl_utf8_impl *impl, const uint8_t *data, size_t n, size_t split)
{
	uint32_t state = RL_UTF8_START;
	if (!impl->check(&state, data, split) || !impl->check(&state, data + split, n - split))
		return -1;
	return rl_utf8_whole(state);
}

static void expect_all(const uint8_t *data, size_t n, size_t split)
{
	const struct rl_utf8_impl *impl;
	int want = defined(data, n);
	for (size_t i = 0; (impl = rl_utf8_impl(i)); i++)
		if (checked(impl, data, n, split) != want)
			fail_msg("%s: %d instead of %d for %zu bytes split at %zu", impl->name,
				checked(impl, data, n, split), want, n, split);
}

/* Bytes at the edges of every range that matters. */
static const uint8_t edges[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1,
	0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8,
	0xff };

TEST(utf8, plain_c_is_the_first_implementation)
{
	assert_string_equal(rl_utf8_impl(0)->name, "plain");
}

TEST(utf8, one_and_two_bytes_are_judged_exhaustively)
{
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			uint8_t data[2] = { (uint8_t)a, (uint8_t)b };
			expect_all(data, 1, 0);
			for (size_t split = 0; split <= 2; split++)
				expect_all(data, 2, split);
		}
}

TEST(utf8, four_bytes_at_the_edges_are_judged_at_every_split)
{
	size_t n = sizeof(edges);
	for (size_t i = 0; i < n * n * n * n; i++) {
		uint8_t data[4] = { edges[i / n / n / n], edges[i / n / n % n], edges[i / n % n],
			edges[i % n] };
		for (size_t split = 0; split < 4; split++)
			expect_all(data, 4, split);
	}
}

TEST(utf8, every_character_passes)
{
	uint8_t data[4];
	for (uint32_t c = 0x80; c <= 0x10ffff; c += c < 0x3000 || (c & 0xff) > 0xf0 ? 1 : 7) {
		size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		for (size_t i = 0; i < n; i++)
			data[n - 1 - i] = (uint8_t)(0x80 | (c >> (6 * i) & 0x3f));
		data[0] = (uint8_t)((0xf00u >> n) | c >> (6 * (n - 1)));
		assert_int_equal(rl_utf8_valid(data, n), c < 0xd800 || c > 0xdfff);
	}
}

static uint32_t dice(uint32_t sides)
{
	uint32_t value;
	test_env()->random(&value, sizeof(value), NULL);
	return value % sides;
}

static size_t random_character(uint8_t *out)
{
	static const char *const some[] = { "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xe0\xa0\x80", "\xf4\x8f\xbf\xbf",
		"\xf0\x90\x80\x80", "\xc2\x80", "\x7f" };
	const char *c = some[dice(sizeof(some) / sizeof(some[0]))];
	memcpy(out, c, strlen(c));
	return strlen(c);
}

TEST(utf8, long_texts_with_a_mistake_anywhere_are_judged_up_to_a_guard_page)
{
	uint8_t *page = test_guarded(NULL, 400);
	uint8_t *end = page + 400;
	for (size_t round = 0; round < 20000; round++) {
		uint8_t text[410];
		size_t n = 0, want = dice(400);
		while (n < want) {
			if (dice(8) == 0)
				for (uint32_t k = dice(150); k && n < want; k--)
					text[n++] = 'x';
			n += random_character(text + n);
		}
		n = want;
		if (n && dice(3))
			text[dice((uint32_t)n)] = edges[dice(sizeof(edges))];
		memcpy(end - n, text, n);
		expect_all(end - n, n, dice((uint32_t)n + 1));
	}
}

TEST(utf8, every_mistake_is_seen_at_every_place_in_a_block)
{
	static const char *const mistakes[] = { "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80",
		"\xff", "\xc3z", "\xe2\x82z", "\xf0\x9f\x98z", "\xe2\x82\xac\x80",
		"\xf0\x9f\x98\x80\x80" };
	uint8_t data[140];
	for (size_t m = 0; m < sizeof(mistakes) / sizeof(mistakes[0]); m++)
		for (size_t at = 0; at < 130; at++)
			for (size_t fill = 0; fill < 2; fill++) {
				for (size_t i = 0; i < sizeof(data); i++)
					data[i] = fill && at % 2 == i % 2 ? 0xc3
						  : fill                  ? 0xa4
									  : 'x';
				if (fill && at % 2)
					data[0] = data[sizeof(data) - 1] = 'x';
				memcpy(data + at, mistakes[m], strlen(mistakes[m]));
				expect_all(data, sizeof(data), 0);
				expect_all(data, at + strlen(mistakes[m]), at);
			}
}

TEST(utf8, a_cut_character_before_another_is_a_mistake_wherever_the_chunk_ends)
{
	size_t n = sizeof(edges);
	uint8_t data[140];
	memset(data, 'x', sizeof(data));
	/* One byte more and less than whole blocks. */
	for (size_t end = 15; end < sizeof(data); end += end % 16 == 1 ? 14 : 1)
		for (size_t i = 0; i < n * n * n; i++) {
			data[end - 3] = edges[i / n / n];
			data[end - 2] = edges[i / n % n];
			data[end - 1] = edges[i % n];
			expect_all(data, end, 0);
			memset(data + end - 3, 'x', 3);
		}
}

TEST(utf8, fails_at_the_first_impossible_byte_of_a_chunk_that_ends_cut)
{
	static const struct {
		const char *text;
		bool possible;
	} cases[] = { { "\xed", true }, { "\xed\xa0", false }, { "\xf4", true },
		{ "\xf4\x90", false }, { "\xf4\x8f", true }, { "\xc0", false }, { "\xc2", true },
		{ "\xe0\x9f", false }, { "\xe0\xa0", true }, { "\xf0\x8f", false },
		{ "\xf0\x90\x80", true }, { "\xf5", false } };
	const struct rl_utf8_impl *impl;
	for (size_t i = 0; (impl = rl_utf8_impl(i)); i++)
		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
			for (size_t before = 0; before < 70; before++) {
				uint8_t data[80];
				size_t n = strlen(cases[k].text);
				uint32_t state = RL_UTF8_START;
				memset(data, 'x', before);
				memcpy(data + before, cases[k].text, n);
				assert_int_equal(
					impl->check(&state, data, before + n), cases[k].possible);
			}
}

TEST(utf8, a_prefix_ends_before_the_character_that_is_cut)
{
	const char *text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";
	static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };
	for (size_t n = 0; n <= strlen(text); n++)
		assert_int_equal(rl_utf8_whole_prefix((const uint8_t *)text, n), want[n]);
}

TEST(utf8, a_whole_text_may_not_end_within_a_character)
{
	assert_true(rl_utf8_valid(NULL, 0));
	assert_true(rl_utf8_valid((const uint8_t *)"\xc3\xa4", 2));
	assert_false(rl_utf8_valid((const uint8_t *)"\xc3\xa4", 1));
	assert_false(rl_utf8_valid((const uint8_t *)"\x80", 1));
}
