/* http1_char_test.c: tests of src/wire/http1_char.h. */
#include "support/support.h"
#include "wire/http1_char.h"

enum { LONGEST = 27 };

/* The bytes end at an unreadable page, a tab, which text may hold, stands among them, and one is c. */
static void expect_spans(size_t len, size_t at, uint8_t c)
{
	uint8_t bytes[LONGEST];

	memset(bytes, 'x', len);
	bytes[len / 2] = '\t';
	bytes[at] = c;
	const uint8_t *data = test_guarded(bytes, len);
	for (size_t from = 0; from <= len; from++) {
		size_t text = from, target = from;
		while (text < len && rl_http1_char_is(data[text], RL_CHAR_TEXT))
			text++;
		while (target < len && rl_http1_char_is(data[target], RL_CHAR_TARGET))
			target++;
		assert_int_equal(rl_http1_span_of_text(data, from, len), text);
		assert_int_equal(rl_http1_span_of(data, from, len, RL_CHAR_TEXT), text);
		assert_int_equal(rl_http1_span_of_target(data, from, len), target);
		assert_int_equal(rl_http1_span_of(data, from, len, RL_CHAR_TARGET), target);
	}
}

TEST(http1_char, a_span_ends_at_the_first_byte_that_is_not_of_the_set)
{
	for (size_t len = 1; len <= LONGEST; len += 5)
		for (size_t at = 0; at < len; at++)
			for (int c = 0; c < 256; c++)
				expect_spans(len, at, (uint8_t)c);
}
