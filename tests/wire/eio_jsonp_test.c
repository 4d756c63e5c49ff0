/* eio_jsonp_test.c: tests of src/wire/eio_jsonp.c. */
#include <rill/error.h>
#include "support/support.h"
#include "wire/eio_packet.h"

static void expect_answer(struct rl_slice label, struct rl_slice body, const char *want)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_eio_write_jsonp(&out, label, body), 0);
	test_expect_text(out.data, out.len, want);
	rl_buf_release(&out);
}

TEST(eio_jsonp, an_answer_is_a_call_with_a_string)
{
	expect_answer(RL_SLICE("0"), RL_SLICE("6:4hello"), "___eio[0](\"6:4hello\");");
	expect_answer(RL_SLICE("12"), RL_SLICE("4:4\"\\\n"), "___eio[12](\"4:4\\\"\\\\\\n\");");
}

TEST(eio_jsonp, what_ends_a_line_of_script_is_escaped)
{
	expect_answer(RL_SLICE("0"), RL_SLICE("3:4\xe2\x80\xa8\xe2\x80\xa9"),
		"___eio[0](\"3:4\\u2028\\u2029\");");
}

TEST(eio_jsonp, of_the_label_only_digits_count)
{
	expect_answer(RL_SLICE("1](alert(2));//"), RL_SLICE("1:6"), "___eio[12](\"1:6\");");
	expect_answer(RL_SLICE(""), RL_SLICE("1:6"), "___eio[](\"1:6\");");
}

static void expect_says(struct rl_slice text, const char *want)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(
		rl_eio_read_jsonp(&out, rl_slice(test_guarded(text.data, text.len), text.len)), 0);
	test_expect_text(out.data, out.len, want);
	rl_buf_release(&out);
}

TEST(eio_jsonp, a_backslash_and_an_n_are_a_line_end)
{
	expect_says(RL_SLICE(""), "");
	expect_says(RL_SLICE("4:4abc"), "4:4abc");
	expect_says(RL_SLICE("a\\nb"), "a\nb");
	expect_says(RL_SLICE("\\n"), "\n");
	expect_says(RL_SLICE("\\n\\n"), "\n\n");
}

TEST(eio_jsonp, two_backslashes_and_an_n_are_a_backslash_and_an_n)
{
	expect_says(RL_SLICE("a\\\\nb"), "a\\nb");
	expect_says(RL_SLICE("\\\\n\\n"), "\\n\n");
	expect_says(RL_SLICE("\\\\\\n"), "\\\\n");
	expect_says(RL_SLICE("\\\\\\\\n"), "\\\\\\n");
}

TEST(eio_jsonp, other_backslashes_stand_for_themselves)
{
	expect_says(RL_SLICE("\\"), "\\");
	expect_says(RL_SLICE("\\\\"), "\\\\");
	expect_says(RL_SLICE("\\t\\\\t\\\""), "\\t\\\\t\\\"");
	expect_says(RL_SLICE("n\\"), "n\\");
}

static void without_memory(void *arg)
{
	struct rl_buf out;
	int rc;

	(void)arg;
	rl_buf_init(&out, test_env());
	rc = rl_eio_write_jsonp(&out, RL_SLICE("7"),
		RL_SLICE("a body that is longer than what a buffer "
			 "takes at first, with \" in it"));
	assert_true(rc == 0 || (rc == RILL_ENOMEM && !out.len));
	rl_buf_release(&out);
	rc = rl_eio_read_jsonp(&out, RL_SLICE("a\\nb"));
	assert_true(rc == 0 || (rc == RILL_ENOMEM && !out.len));
	rl_buf_release(&out);
}

TEST(eio_jsonp, without_memory_nothing_is_written)
{
	test_each_failing_allocation(without_memory, NULL);
}
