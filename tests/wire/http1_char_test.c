/* http1_char_test.c: tests of src/wire/http1_char.h. */
#include "support/support.h"
#include "wire/http1_char.h"

/* A tab, which text may hold, stands among the bytes or not, and one is c. */
static void expect_spans(uint8_t *data, size_t len, size_t at, uint8_t c, bool tab)
{
	memset(data, 'x', len);
	if (tab)
		data[len / 2] = '\t';
	data[at] = c;
	for (size_t from = 0; from <= len; from++) {
		size_t text = from, target = from, token = from;
		while (token < len && rl_http1_char_is(data[token], RL_CHAR_TOKEN))
			token++;
		while (text < len && rl_http1_char_is(data[text], RL_CHAR_TEXT))
			text++;
		while (target < len && rl_http1_char_is(data[target], RL_CHAR_TARGET))
			target++;
		assert_int_equal(rl_http1_span_of_token(data, from, len), token);
		assert_int_equal(rl_http1_span_of_text(data, from, len), text);
		assert_int_equal(rl_http1_span_of(data, from, len, RL_CHAR_TEXT), text);
		assert_int_equal(rl_http1_span_of_target(data, from, len), target);
		assert_int_equal(rl_http1_span_of(data, from, len, RL_CHAR_TARGET), target);
	}
}

TEST(http1_char, a_span_ends_at_the_first_byte_that_is_not_of_the_set)
{
	static const size_t lengths[] = { 1, 8, 15, 17, 35 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t len = lengths[i];
		uint8_t *data = test_guarded(NULL, len); /* ends at an unreadable page */
		for (size_t at = 0; at < len; at++)
			for (int c = 0; c < 256; c++)
				expect_spans(data, len, at, (uint8_t)c, at % 2);
	}
}
