#include <rill/error.h>
#include "base/utf8.h"
#include "support/support.h"
#include "wire/hixie_text.h"

TEST(hixie_text, a_repaired_text_is_utf8_and_a_whole_one_stays)
{
	static const uint8_t bytes[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
		0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5,
		0xfe };
	const size_t n = sizeof(bytes);
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	for (size_t i = 0; i < n * n * n * n; i++) {
		uint8_t text[4] = { bytes[i % n], bytes[i / n % n], bytes[i / n / n % n],
			bytes[i / n / n / n] };
		rl_buf_consume(&out, out.len);
		assert_int_equal(rl_hixie_repair(&out, rl_slice(text, 4), SIZE_MAX), 0);
		assert_true(rl_utf8_valid(out.data, out.len));
		if (rl_utf8_valid(text, 4)) {
			assert_int_equal(out.len, 4);
			assert_memory_equal(out.data, text, 4);
		} else {
			assert_true(out.len >= 3 && out.len <= 12);
		}
	}
	rl_buf_release(&out);
}

TEST(hixie_text, the_cap_holds_for_text_and_replacements)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_hixie_repair(&out, RL_SLICE("ab\x80"), 5), 0);
	test_expect_text(out.data, out.len, "ab\xef\xbf\xbd");
	assert_int_equal(rl_hixie_repair(&out, RL_SLICE("a"), 5), RILL_ETOOBIG);
	assert_int_equal(rl_hixie_repair(&out, RL_SLICE("a\x80"), 8), RILL_ETOOBIG);
	assert_true(out.len <= 8);
	rl_buf_release(&out);
}
