/* utf16_test.c: tests of src/base/utf16.c. */
#include "base/utf16.h"
#include "support/support.h"

static struct rl_slice guarded(struct rl_slice s)
{
	return rl_slice(test_guarded(s.data, s.len), s.len);
}

/* As plainly as it can be said. */
static size_t character(uint8_t lead)
{
	return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static uint64_t count_plainly(struct rl_slice text)
{
	uint64_t units = 0;

	for (size_t n; text.len; rl_slice_skip(&text, n)) {
		n = character(text.data[0]);
		units += n == 4 ? 2 : 1;
	}
	return units;
}

TEST(utf16, characters_of_one_plane_are_one_unit_and_others_two)
{
	assert_int_equal(rl_utf16_units(rl_slice(NULL, 0)), 0);
	assert_int_equal(rl_utf16_units(RL_SLICE("a")), 1);
	assert_int_equal(rl_utf16_units(RL_SLICE("\0")), 1);
	assert_int_equal(rl_utf16_units(RL_SLICE("\xc2\x80")), 1);
	assert_int_equal(rl_utf16_units(RL_SLICE("\xc3\xa9")), 1);
	assert_int_equal(rl_utf16_units(RL_SLICE("\xe2\x82\xac")), 1);
	assert_int_equal(rl_utf16_units(RL_SLICE("\xef\xbf\xbf")), 1);
	assert_int_equal(rl_utf16_units(RL_SLICE("\xf0\x90\x80\x80")), 2);
	assert_int_equal(rl_utf16_units(RL_SLICE("\xf0\x9f\x98\x80")), 2);
	assert_int_equal(rl_utf16_units(RL_SLICE("\xf4\x8f\xbf\xbf")), 2);
}

/* Each beginning of the text that is whole characters, and each number of units, at the end of a page. */
static void expect_plain_counts(struct rl_slice text)
{
	for (size_t size = 0, n; size <= text.len; size += n) {
		struct rl_slice beginning = rl_slice(text.data, size);
		uint64_t units = count_plainly(beginning), has = units;
		assert_int_equal(rl_utf16_units(guarded(beginning)), units);
		assert_int_equal(rl_utf16_prefix(guarded(text), &has), size);
		assert_int_equal(has, units);
		n = size < text.len ? character(text.data[size]) : 1;
		has = units + (n == 4); /* half of the next one, if it has halves */
		assert_int_equal(rl_utf16_prefix(text, &has), size);
		assert_int_equal(has, units);
	}
}

TEST(utf16, each_mixture_is_counted_as_one_by_one)
{
	static const char *const pieces[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"abcdefgh" };
	char text[256];

	for (unsigned order = 0; order < 5 * 5 * 5 * 5; order++) {
		text[0] = 0;
		for (unsigned i = 0, rest = order; i < 12; i++, rest = rest >= 5 ? rest / 5 : order)
			strcat(text, pieces[rest % 5]);
		struct rl_slice whole = rl_slice_str(text);
		assert_int_equal(rl_utf16_units(whole), count_plainly(whole));
		if (order % 7 == 0)
			expect_plain_counts(whole);
	}
}

TEST(utf16, a_text_that_is_too_short_is_taken_whole)
{
	uint64_t units = 3;

	assert_int_equal(rl_utf16_prefix(rl_slice(NULL, 0), &units), 0);
	assert_int_equal(units, 0);
	units = UINT64_MAX;
	assert_int_equal(rl_utf16_prefix(RL_SLICE("\xf0\x9f\x98\x80 nine bytes"), &units), 15);
	assert_int_equal(units, 13);
}

TEST(utf16, what_is_no_utf8_is_read_within_its_end)
{
	uint8_t bytes[32];

	for (unsigned c = 0x80; c <= 0xff; c++) {
		memset(bytes, (int)c, sizeof(bytes));
		for (size_t n = 0; n <= sizeof(bytes); n++) {
			struct rl_slice text = guarded(rl_slice(bytes, n));
			uint64_t each = c < 0xc0 ? 0 : c < 0xf0 ? 1 : 2, units = UINT64_MAX;
			assert_int_equal(rl_utf16_units(text), n * each);
			assert_int_equal(rl_utf16_prefix(text, &units), n);
			assert_int_equal(units, n * each);
			units = 3;
			assert_in_range(rl_utf16_prefix(text, &units), 0, n);
			assert_in_range(units, 0, 3);
		}
	}
}
