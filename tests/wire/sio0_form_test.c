/* sio0_form_test.c: tests of src/wire/sio0_form.c. */
#include <rill/error.h>
#include "support/support.h"
#include "wire/sio0_frame.h"

static void expect_form(struct rl_slice form, const char *want)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(
		rl_sio0_read_form(&out, rl_slice(test_guarded(form.data, form.len), form.len)), 0);
	test_expect_text(out.data, out.len, want);
	rl_buf_release(&out);
}

#define EXPECT(form, want) expect_form(RL_SLICE(form), want)

TEST(sio0_form, the_field_data_is_decoded)
{
	EXPECT("data=~m~5~m~abcde", "~m~5~m~abcde");
	EXPECT("data=%7Em%7E3%7Em%7Ea+b", "~m~3~m~a b");
	EXPECT("data=%7em%7e1%7em%7e%2B", "~m~1~m~+");
	EXPECT("data=%C3%A9%E2%82%AC%F0%9F%98%80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	EXPECT("data=a%0D%0Ab", "a\r\nb");
	EXPECT("x=1&d%61ta=a&data=b", "a");
	EXPECT("data=", "");
	EXPECT("data", "");
	EXPECT("data=a=b", "a=b");
}

TEST(sio0_form, what_is_no_utf8_is_replaced)
{
	EXPECT("data=%E9", "\xef\xbf\xbd");
	EXPECT("data=~m~3~m~a%E9b", "~m~3~m~a\xef\xbf\xbd"
				    "b");
	EXPECT("data=\xff%F0%9F", "\xef\xbf\xbd\xef\xbf\xbd");
	EXPECT("data=%ED%A0%80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(sio0_form, a_form_without_it_is_told)
{
	static const struct rl_slice forms[] = { { (const uint8_t *)"", 0 }, { NULL, 0 },
		{ (const uint8_t *)"Data=a", 6 }, { (const uint8_t *)"x=data=a", 8 },
		{ (const uint8_t *)"=data", 5 }, { (const uint8_t *)"data%20=a", 9 } };
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_int_equal(rl_sio0_read_form(&out, forms[i]), RILL_ENOENT);
	assert_int_equal(out.len, 0);
	rl_buf_release(&out);
}

static void read_without_memory(void *arg)
{
	struct rl_buf out;

	(void)arg;
	rl_buf_init(&out, test_env());
	int rc = rl_sio0_read_form(&out, RL_SLICE("data=a%FF"));
	assert_true(rc == 0 || (rc == RILL_ENOMEM && !out.len));
	rl_buf_release(&out);
}

TEST(sio0_form, without_memory_nothing_is_decoded)
{
	test_each_failing_allocation(read_without_memory, NULL);
}
