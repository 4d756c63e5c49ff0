/* slice_test.c: tests of src/base/slice.c. */
#include <stdio.h>
#include <string.h>
#include "support/support.h"

/* A slice of a text that ends at an unreadable page. */
static struct rl_slice edge(const char *text)
{
	return rl_slice(test_guarded(text, strlen(text)), strlen(text));
}

TEST(slice, equality_looks_at_length_and_bytes)
{
	assert_true(rl_slice_equal(edge("abc"), RL_SLICE("abc")));
	assert_false(rl_slice_equal(edge("abc"), RL_SLICE("abd")));
	assert_false(rl_slice_equal(edge("abc"), RL_SLICE("abcd")));
	assert_false(rl_slice_equal(edge("abc"), RL_SLICE("ABC")));
	assert_true(rl_slice_equal(rl_slice(NULL, 0), RL_SLICE("")));
}

TEST(slice, nocase_equality_folds_ascii_letters_only)
{
	assert_true(rl_slice_equal_nocase(edge("Web-Socket09z"), RL_SLICE("wEB-sOCKET09Z")));
	assert_false(rl_slice_equal_nocase(edge("@"), RL_SLICE("`")));
	assert_false(rl_slice_equal_nocase(edge("["), RL_SLICE("{")));
	assert_false(rl_slice_equal_nocase(edge("\xc3\x84"), RL_SLICE("\xc3\xa4")));
	assert_false(rl_slice_equal_nocase(edge("a"), RL_SLICE("ab")));
}

TEST(slice, nocase_equality_looks_at_each_byte_of_a_long_name)
{
	char a[41], b[41];

	for (size_t len = 1; len <= 40; len++) {
		memset(a, 'a', len);
		memset(b, 'A', len);
		assert_true(rl_slice_equal_nocase(rl_slice(test_guarded(a, len), len), rl_slice(b, len)));
		for (size_t at = 0; at < len; at++) {
			for (int c = 0; c < 256; c++) {
				a[at] = (char)c;
				b[at] = 'Q';
				assert_int_equal(rl_slice_equal_nocase(rl_slice(a, len), rl_slice(b, len)),
					c == 'Q' || c == 'q');
				b[at] = '[';
				assert_int_equal(rl_slice_equal_nocase(rl_slice(a, len), rl_slice(b, len)),
					c == '[');
			}
			a[at] = 'a';
			b[at] = 'A';
		}
	}
}

TEST(slice, starts_compares_a_prefix)
{
	assert_true(rl_slice_starts(edge("/chat/1"), RL_SLICE("/chat")));
	assert_true(rl_slice_starts(edge(""), RL_SLICE("")));
	assert_false(rl_slice_starts(edge("/cha"), RL_SLICE("/chat")));
}

TEST(slice, nothing_can_be_skipped_of_nothing)
{
	struct rl_slice s = { NULL, 0 };
	rl_slice_skip(&s, 0);
	assert_null(s.data);
	assert_int_equal(s.len, 0);
}

TEST(slice, trim_takes_spaces_and_tabs)
{
	struct rl_slice s = rl_slice_trim(edge(" \t a b\t "));
	test_expect_text(s.data, s.len, "a b");
	assert_int_equal(rl_slice_trim(edge(" \t ")).len, 0);
	s = rl_slice_trim(edge("\na\r"));
	test_expect_text(s.data, s.len, "\na\r");
}

/* The elements of a list, written [a][b]. */
static void expect_elements(const char *text, const char *want)
{
	struct rl_slice list = edge(text), element;
	char have[256] = "";
	size_t n = 0;
	while (rl_slice_next_element(&list, &element))
		n += (size_t)snprintf(have + n, sizeof(have) - n, "[%.*s]", (int)element.len,
			(const char *)element.data);
	assert_string_equal(have, want);
	assert_int_equal(list.len, 0);
}

TEST(slice, elements_come_trimmed_and_never_empty)
{
	expect_elements("a, b\t,c", "[a][b][c]");
	expect_elements(" , ,a,,", "[a]");
	expect_elements("", "");
	expect_elements(" ", "");
}

TEST(slice, quoted_strings_keep_their_commas)
{
	expect_elements("x=\"a,b\", y", "[x=\"a,b\"][y]");
	expect_elements("x=\"a\\\",b\",y", "[x=\"a\\\",b\"][y]");
	expect_elements("x=\"never, closed", "[x=\"never, closed]");
	expect_elements("x=\"\\", "[x=\"\\]");
}

TEST(slice, tokens_are_those_of_rfc_9110)
{
	const char *good = "!#$%&'*+-.^_`|~0189azAZ";
	assert_true(rl_slice_is_token(edge(good)));
	assert_false(rl_slice_is_token(edge("")));
	for (int c = 0; c < 256; c++) {
		char text = (char)c;
		bool token = c && strchr("!#$%&'*+-.^_`|~0123456789"
					 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
					  c);
		assert_int_equal(rl_slice_is_token(rl_slice(&text, 1)), token);
	}
}

TEST(slice, numbers_are_decimal_and_do_not_overflow)
{
	uint64_t v = 7;
	assert_true(rl_slice_to_u64(edge("0"), &v) && v == 0);
	assert_true(rl_slice_to_u64(edge("0042"), &v) && v == 42);
	assert_true(rl_slice_to_u64(edge("18446744073709551615"), &v) && v == UINT64_MAX);
	assert_false(rl_slice_to_u64(edge("18446744073709551616"), &v));
	assert_false(rl_slice_to_u64(edge("99999999999999999999"), &v));
	assert_false(rl_slice_to_u64(edge(""), &v));
	assert_false(rl_slice_to_u64(edge("-1"), &v));
	assert_false(rl_slice_to_u64(edge("+1"), &v));
	assert_false(rl_slice_to_u64(edge("1 "), &v));
	assert_false(rl_slice_to_u64(edge("0x1"), &v));
	assert_true(v == UINT64_MAX);
}
