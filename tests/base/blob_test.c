/* blob_test.c: tests of src/base/blob.c. */
#include "base/blob.h"
#include "base/buf.h"
#include "support/support.h"

TEST(blob, lives_until_its_last_reference_goes)
{
	struct rl_blob *blob = rl_blob_copy(test_env(), RL_SLICE("shared"));
	assert_ptr_equal(rl_blob_ref(blob), blob);
	rl_blob_unref(blob);
	struct rl_slice s = rl_blob_slice(blob);
	test_expect_text(s.data, s.len, "shared");
	assert_int_equal(test_live_blocks(), 1);
	rl_blob_unref(blob);
	rl_blob_unref(NULL);
	assert_int_equal(test_live_blocks(), 0);
}

TEST(blob, new_has_room_and_no_bytes)
{
	struct rl_blob *blob = rl_blob_new(test_env(), 10);
	assert_int_equal(blob->len, 0);
	assert_int_equal(blob->cap, 10);
	memset(blob->data, 'x', 10);
	blob->len = 10;
	rl_blob_unref(blob);
}

TEST(blob, an_empty_copy_is_fine)
{
	struct rl_blob *blob = rl_blob_copy(test_env(), rl_slice(NULL, 0));
	assert_int_equal(rl_blob_slice(blob).len, 0);
	rl_blob_unref(blob);
}

TEST(blob, takes_the_memory_of_a_buffer_over)
{
	struct rl_buf buf;
	rl_buf_init(&buf, test_env());
	rl_buf_append_str(&buf, "head and bytes");
	rl_buf_consume(&buf, 9);
	const uint8_t *bytes = buf.data;

	struct rl_blob *blob = rl_blob_take_buf(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	assert_ptr_equal(blob->data, bytes);
	test_expect_text(blob->data, blob->len, "bytes");
	assert_true(blob->cap >= blob->len);
	rl_blob_unref(blob);
}

TEST(blob, an_empty_buffer_makes_an_empty_blob)
{
	struct rl_buf buf;
	rl_buf_init(&buf, test_env());
	struct rl_blob *blob = rl_blob_take_buf(&buf);
	assert_int_equal(blob->len, 0);
	rl_blob_unref(blob);
}

static void make_blobs(void *arg)
{
	struct rl_buf buf;
	(void)arg;
	rl_blob_unref(rl_blob_new(test_env(), 5));
	rl_blob_unref(rl_blob_copy(test_env(), RL_SLICE("five!")));
	rl_buf_init(&buf, test_env());
	if (rl_buf_append_str(&buf, "kept") == 0) {
		struct rl_blob *blob = rl_blob_take_buf(&buf);
		if (!blob)
			test_expect_text(buf.data, buf.len, "kept");
		rl_blob_unref(blob);
	}
	rl_buf_release(&buf);
}

TEST(blob, memory_shortage_leaves_everything_as_it_was)
{
	test_each_failing_allocation(make_blobs, NULL);
	assert_null(rl_blob_new(test_env(), SIZE_MAX));
}
