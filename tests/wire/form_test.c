/* form_test.c: tests of src/wire/form.c. */
#include <rill/error.h>
#include "support/support.h"
#include "wire/form.h"

static struct rl_slice guarded(const char *text)
{
	return rl_slice(test_guarded(text, strlen(text)), strlen(text));
}

static void expect_next(struct rl_slice *form, const char *name, const char *value)
{
	struct rl_slice n, v;

	assert_true(rl_form_next(form, &n, &v));
	test_expect_text(n.data, n.len, name);
	test_expect_text(v.data, v.len, value);
}

TEST(form, fields_come_one_by_one_as_they_stand)
{
	struct rl_slice form = guarded("a=1&b=x%3Dy+z&c&=d&&e=f=g"), name, value;

	expect_next(&form, "a", "1");
	expect_next(&form, "b", "x%3Dy+z");
	expect_next(&form, "c", "");
	expect_next(&form, "", "d");
	expect_next(&form, "", "");
	expect_next(&form, "e", "f=g");
	assert_false(rl_form_next(&form, &name, &value));
}

TEST(form, the_first_value_of_a_name_is_found_however_the_name_is_written)
{
	struct rl_slice form = guarded("b=0&%61+=1&a=2&=3&a%20=4&c"), value;

	assert_true(rl_form_find(form, RL_SLICE("a "), &value));
	test_expect_text(value.data, value.len, "1");
	assert_true(rl_form_find(form, RL_SLICE("a"), &value));
	test_expect_text(value.data, value.len, "2");
	assert_true(rl_form_find(form, RL_SLICE(""), &value));
	test_expect_text(value.data, value.len, "3");
	assert_true(rl_form_find(form, RL_SLICE("c"), &value));
	assert_int_equal(value.len, 0);
	assert_false(rl_form_find(form, RL_SLICE("%61"), &value));
	assert_false(rl_form_find(rl_slice(NULL, 0), RL_SLICE("a"), &value));
}

static void expect_decoded(const char *encoded, const char *hex)
{
	struct rl_slice s = guarded(encoded);
	uint8_t want[64], *room = test_guarded(NULL, s.len);
	size_t n = test_unhex(hex, want, sizeof(want));

	assert_int_equal(rl_form_decode(s, room, s.len), n);
	test_expect_hex(room, n, hex);
	assert_true(rl_form_is(s, rl_slice(want, n)));
	assert_false(n && rl_form_is(s, rl_slice(want, n - 1)));
	want[n] = 'x';
	assert_false(rl_form_is(s, rl_slice(want, n + 1)));
	if (n)
		assert_int_equal(rl_form_decode(s, test_guarded(NULL, n - 1), n - 1), RILL_ETOOBIG);
}

TEST(form, escapes_and_pluses_are_decoded)
{
	expect_decoded("", "");
	expect_decoded("abc", "616263");
	expect_decoded("a+b%20c", "61 20 62 20 63");
	expect_decoded("%e2%82%AC%00%2b", "e282ac 00 2b");
}

TEST(form, what_is_no_escape_stands_for_itself)
{
	expect_decoded("%", "25");
	expect_decoded("%4", "25 34");
	expect_decoded("%4g%zz", "25 34 67 25 7a 7a");
	expect_decoded("%%41", "25 41");
}

TEST(form, a_text_is_decoded_in_its_own_place)
{
	uint8_t *text = test_guarded("%41+%42", 7);

	assert_int_equal(rl_form_decode(rl_slice(text, 7), text, 7), 3);
	test_expect_text(text, 3, "A B");
}
