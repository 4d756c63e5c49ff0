/* utf8_replace_test.c: what is no UTF-8 becomes U+FFFD, piece by piece as browsers do it. */
#include <rill/error.h>
#include "base/utf8.h"
#include "base/utf8_replace.h"
#include "support/support.h"

static void expect(const char *hex, const char *want)
{
	uint8_t bytes[64];
	size_t n = test_unhex(hex, bytes, sizeof(bytes));
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_utf8_replace(&out, rl_slice(test_guarded(bytes, n), n)), 0);
	test_expect_hex(out.data, out.len, want);
	assert_true(rl_utf8_valid(out.data, out.len));
	rl_buf_release(&out);
}

TEST(utf8_replace, what_is_utf8_stays)
{
	expect("", "");
	expect("61 c3a9 e282ac f09f9880 ed9fbf ee8080 f48fbfbf 00", "61 c3a9 e282ac f09f9880 "
								    "ed9fbf ee8080 f48fbfbf 00");
}

TEST(utf8_replace, a_byte_that_begins_nothing_is_one)
{
	expect("80 61 ff fe c0 c1 f5", "efbfbd 61 efbfbd efbfbd efbfbd efbfbd efbfbd");
}

TEST(utf8_replace, a_beginning_without_its_end_is_one_together)
{
	expect("e282 61", "efbfbd 61");
	expect("f09f98", "efbfbd");
	expect("f09f98 c3a9", "efbfbd c3a9");
	expect("c3", "efbfbd");
}

TEST(utf8_replace, overlong_surrogate_and_too_large_are_one_for_each_byte)
{
	expect("c0af", "efbfbd efbfbd");
	expect("e080af", "efbfbd efbfbd efbfbd");
	expect("eda080", "efbfbd efbfbd efbfbd");
	expect("f08080af", "efbfbd efbfbd efbfbd efbfbd");
	expect("f4908080", "efbfbd efbfbd efbfbd efbfbd");
}

static void replace_without_memory(void *arg)
{
	struct rl_buf out;

	(void)arg;
	rl_buf_init(&out, test_env());
	int rc = rl_utf8_replace(
		&out, RL_SLICE("a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
			       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
	if (rc < 0) {
		assert_int_equal(rc, RILL_ENOMEM);
		assert_int_equal(out.len, 0);
	}
	rl_buf_release(&out);
}

TEST(utf8_replace, without_memory_nothing_is_appended)
{
	test_each_failing_allocation(replace_without_memory, NULL);
}

static void expect_repaired(const char *hex, const char *want)
{
	uint8_t bytes[64];
	size_t n = test_unhex(hex, bytes, sizeof(bytes));
	struct rl_buf buf;

	rl_buf_init(&buf, test_env());
	assert_int_equal(rl_buf_append(&buf, bytes, n), 0);
	assert_int_equal(rl_utf8_repair(&buf), 0);
	test_expect_hex(buf.data, buf.len, want);
	rl_buf_release(&buf);
}

TEST(utf8_replace, a_buffer_is_repaired_in_its_place)
{
	expect_repaired("", "");
	expect_repaired("61 c3a9 f09f9880", "61 c3a9 f09f9880");
	expect_repaired("61 c3 f09f98", "61 efbfbd efbfbd");
}

TEST(utf8_replace, what_needs_no_repair_needs_no_memory)
{
	struct rl_buf buf;

	rl_buf_init(&buf, test_env());
	assert_int_equal(rl_buf_append_str(&buf, "\xe2\x82\xac"), 0);
	size_t allocations = test_allocations();
	assert_int_equal(rl_utf8_repair(&buf), 0);
	assert_int_equal(test_allocations(), allocations);
	rl_buf_release(&buf);
}

static void repair_without_memory(void *arg)
{
	struct rl_buf buf;

	(void)arg;
	rl_buf_init(&buf, test_env());
	if (rl_buf_append_str(&buf, "a\xff") == 0 && rl_utf8_repair(&buf) < 0)
		test_expect_hex(buf.data, buf.len, "61 ff");
	rl_buf_release(&buf);
}

TEST(utf8_replace, without_memory_a_buffer_stays_as_it_was)
{
	test_each_failing_allocation(repair_without_memory, NULL);
}
