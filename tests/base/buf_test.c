/* buf_test.c: tests of src/base/buf.c. */
#include <stdlib.h>
#include <rill/error.h>
#include "base/buf.h"
#include "support/support.h"

static void expect_buf(const struct rl_buf *buf, const char *text)
{
	test_expect_text(buf->data, buf->len, text);
}

TEST(buf, empty_holds_no_memory)
{
	struct rl_buf buf;
	rl_buf_init(&buf, test_env());
	assert_int_equal(rl_buf_append(&buf, NULL, 0), 0);
	assert_int_equal(rl_buf_reserve(&buf, 0), 0);
	assert_null(buf.data);
	assert_int_equal(test_allocations(), 0);
	rl_buf_release(&buf);
}

TEST(buf, appends_and_consumes)
{
	struct rl_buf buf;
	rl_buf_init(&buf, test_env());
	assert_int_equal(rl_buf_append_str(&buf, "hello "), 0);
	assert_int_equal(rl_buf_append_slice(&buf, RL_SLICE("world ")), 0);
	assert_int_equal(rl_buf_append_u64(&buf, 0), 0);
	assert_int_equal(rl_buf_append_u64(&buf, UINT64_MAX), 0);
	expect_buf(&buf, "hello world 018446744073709551615");
	rl_buf_consume(&buf, 6);
	expect_buf(&buf, "world 018446744073709551615");
	rl_buf_consume(&buf, 0);
	rl_buf_consume(&buf, buf.len);
	assert_int_equal(buf.head, 0);
	assert_int_equal(buf.len, 0);
	rl_buf_release(&buf);
	assert_int_equal(test_live_blocks(), 0);
	assert_int_equal(rl_buf_append_str(&buf, "again"), 0);
	expect_buf(&buf, "again");
	rl_buf_release(&buf);
}

TEST(buf, what_is_written_at_its_end_can_be_committed)
{
	struct rl_buf buf;
	rl_buf_init(&buf, test_env());
	assert_int_equal(rl_buf_reserve(&buf, 1000), 0);
	assert_true(rl_buf_room(&buf) >= 1000);
	memcpy(rl_buf_end(&buf), "abc", 3);
	rl_buf_commit(&buf, 3);
	expect_buf(&buf, "abc");
	rl_buf_release(&buf);
}

TEST(buf, an_exact_reserve_allocates_no_more)
{
	struct rl_buf buf;
	rl_buf_init(&buf, test_env());
	assert_int_equal(rl_buf_reserve_exact(&buf, 1000), 0);
	assert_int_equal(buf.cap, 1000);
	assert_int_equal(test_live_bytes(), 1000);
	rl_buf_commit(&buf, 900);
	assert_int_equal(rl_buf_reserve_exact(&buf, 101), 0);
	assert_int_equal(test_live_bytes(), 1001);
	rl_buf_release(&buf);
}

TEST(buf, growing_by_bytes_allocates_rarely)
{
	struct rl_buf buf;
	rl_buf_init(&buf, test_env());
	for (size_t i = 0; i < 1 << 20; i++)
		assert_int_equal(rl_buf_append(&buf, "x", 1), 0);
	assert_int_equal(buf.len, 1 << 20);
	assert_true(test_allocations() <= 16);
	rl_buf_release(&buf);
}

TEST(buf, a_queue_that_never_empties_stays_small)
{
	struct rl_buf buf;
	uint8_t in = 0, out = 0;
	rl_buf_init(&buf, test_env());
	for (size_t i = 0; i < 100; i++, in++)
		assert_int_equal(rl_buf_append(&buf, &in, 1), 0);
	for (size_t i = 0; i < 100000; i++, in++, out++) {
		assert_int_equal(rl_buf_append(&buf, &in, 1), 0);
		assert_int_equal(buf.data[0], out);
		rl_buf_consume(&buf, 1);
	}
	assert_true(buf.cap <= 512);
	rl_buf_release(&buf);
}

static void append_some(void *arg)
{
	struct rl_buf buf;
	(void)arg;
	rl_buf_init(&buf, test_env());
	if (rl_buf_append_str(&buf, "0123456789") == 0) {
		rl_buf_consume(&buf, 4);
		size_t had = buf.len;
		static const uint8_t large[300];
		int rc = rl_buf_append(&buf, large, sizeof(large));
		assert_true(rc == 0 || rc == RILL_ENOMEM);
		assert_int_equal(buf.len, rc == 0 ? had + sizeof(large) : had);
		assert_memory_equal(buf.data, "456789", 6);
	}
	rl_buf_release(&buf);
}

TEST(buf, failure_leaves_what_was_there)
{
	test_each_failing_allocation(append_some, NULL);
}

TEST(buf, a_size_that_cannot_be_is_refused)
{
	struct rl_buf buf;
	rl_buf_init(&buf, test_env());
	assert_int_equal(rl_buf_append_str(&buf, "x"), 0);
	assert_int_equal(rl_buf_reserve(&buf, SIZE_MAX), RILL_ENOMEM);
	assert_int_equal(rl_buf_reserve_exact(&buf, SIZE_MAX - 1), RILL_ENOMEM);
	expect_buf(&buf, "x");
	rl_buf_release(&buf);
}

TEST(buf, gives_back_what_is_not_in_use)
{
	struct rl_buf buf;
	rl_buf_init(&buf, test_env());
	rl_buf_reserve(&buf, 1000);
	rl_buf_append_str(&buf, "0123456789");
	rl_buf_consume(&buf, 3);
	test_fail_allocation(1, false);
	rl_buf_shrink(&buf);
	test_expect_text(buf.data, buf.len, "3456789");
	rl_buf_shrink(&buf);
	test_expect_text(buf.data, buf.len, "3456789");
	assert_int_equal(buf.cap, 7);
	rl_buf_shrink(&buf);
	rl_buf_append_str(&buf, "x");
	test_expect_text(buf.data, buf.len, "3456789x");
	rl_buf_consume(&buf, 8);
	rl_buf_shrink(&buf);
	assert_null(buf.data);
}

TEST(buf, memory_goes_from_one_buffer_to_the_next_by_way_of_a_spare)
{
	struct rl_buf first, second, spare;

	rl_buf_init(&first, test_env());
	rl_buf_init(&second, test_env());
	rl_buf_init(&spare, test_env());
	rl_buf_take_spare(&first, &spare); /* there is none */
	assert_null(first.data);
	assert_int_equal(rl_buf_append_str(&first, "abc"), 0);
	assert_int_equal(rl_buf_append_str(&second, "defg"), 0);
	rl_buf_consume(&first, 1);
	const uint8_t *memory = first.data - first.head;
	size_t cap = first.cap;
	rl_buf_leave_spare(&first, &spare, cap);
	assert_null(first.data);
	assert_ptr_equal(spare.data, memory);
	assert_int_equal(spare.len, 0);
	rl_buf_leave_spare(&second, &spare, SIZE_MAX); /* there is one already */
	assert_null(second.data);
	rl_buf_take_spare(&second, &spare);
	assert_ptr_equal(second.data, memory);
	assert_int_equal(rl_buf_room(&second), cap);
	assert_null(spare.data);
	rl_buf_leave_spare(&second, &spare, cap - 1); /* more than is kept */
	assert_null(second.data);
	assert_null(spare.data);
}
