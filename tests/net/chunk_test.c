/* chunk_test.c: queues of what waits to be written, held against one plain piece of memory. */
#include <stdlib.h>
#include <sys/uio.h>
#include <rill/error.h>
#include "net/chunk.h"
#include "support/support.h"

static struct rl_chunk_pool pool;

static void expect_queue(const struct rl_queue *queue, const uint8_t *data, size_t len)
{
	const struct rl_chunk *c = rl_queue_first(queue);
	size_t at = 0;
	assert_int_equal(queue->bytes, len);
	while (at < len) {
		assert_true(c->len > 0 && at + c->len <= len);
		assert_memory_equal(c->data, data + at, c->len);
		at += c->len;
		assert_true((at == len) == (c == queue->last));
		c = c->next;
	}
	assert_ptr_equal(c, rl_queue_first(queue)); /* a ring, or empty */
}

static uint8_t *pattern(size_t n)
{
	uint8_t *data = test_guarded(NULL, n);
	for (size_t i = 0; i < n; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	return data;
}

TEST(chunk, parts_of_any_size_come_out_in_order)
{
	enum { N = 40000 };
	uint8_t *data = pattern(N);
	rl_chunk_pool_init(&pool, test_env());
	for (size_t step = 1; step < N; step = step * 2 + 3) {
		struct rl_queue queue = { 0 };
		for (size_t at = 0; at < N; at += 2 * step) {
			size_t left = N - at, one = step < left ? step : left;
			size_t two = step < left - one ? step : left - one;
			struct rl_slice parts[2] = { rl_slice(data + at, one),
				rl_slice(data + at + one, two) };
			assert_int_equal(rl_queue_append(&queue, &pool, parts, 2), 0);
		}
		expect_queue(&queue, data, N);
		for (size_t gone = 0; gone < N;) {
			size_t n = step < N - gone ? step : N - gone;
			rl_queue_consume(&queue, &pool, n);
			gone += n;
			expect_queue(&queue, data + gone, N - gone);
		}
	}
	rl_chunk_pool_fini(&pool);
}

TEST(chunk, small_parts_share_a_chunk)
{
	struct rl_queue queue = { 0 };
	struct iovec vec[4];
	rl_chunk_pool_init(&pool, test_env());
	for (int i = 0; i < 20; i++)
		assert_int_equal(rl_queue_append(&queue, &pool,
					 (struct rl_slice[]){ RL_SLICE("0123456789") }, 1),
			0);
	assert_int_equal(rl_queue_view(&queue, vec, 4), 1);
	assert_int_equal(vec[0].iov_len, 200);
	rl_queue_clear(&queue, &pool);
	assert_null(rl_queue_first(&queue));
	rl_chunk_pool_fini(&pool);
}

TEST(chunk, what_was_freed_is_used_again_without_allocating)
{
	static const size_t sizes[] = { 1, RL_CHUNK_SMALL, RL_CHUNK_SMALL + 1, RL_CHUNK_LARGE };
	rl_chunk_pool_init(&pool, test_env());
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		rl_chunk_free(&pool, rl_chunk_new(&pool, sizes[i]));
		size_t before = test_allocations();
		struct rl_chunk *again = rl_chunk_new(&pool, sizes[i]);
		assert_true(rl_chunk_room(again) >= sizes[i]);
		assert_int_equal(again->len, 0);
		assert_int_equal(test_allocations(), before);
		rl_chunk_free(&pool, again);
	}
	rl_chunk_pool_fini(&pool);
}

TEST(chunk, the_pool_keeps_a_bounded_number)
{
	struct rl_chunk *list = NULL;
	rl_chunk_pool_init(&pool, test_env());
	for (int i = 0; i < 10000; i++) {
		struct rl_chunk *c = rl_chunk_new(&pool, 1);
		c->next = list;
		list = c;
	}
	while (list) {
		struct rl_chunk *next = list->next;
		rl_chunk_free(&pool, list);
		list = next;
	}
	assert_true(test_live_blocks() < 2000);
	rl_chunk_pool_fini(&pool);
}

TEST(chunk, a_reference_holds_the_blob_until_it_is_consumed)
{
	struct rl_queue queue = { 0 };
	rl_chunk_pool_init(&pool, test_env());
	struct rl_blob *blob = rl_blob_copy(test_env(), RL_SLICE("hello world"));
	struct rl_slice part = rl_slice(blob->data + 6, 5);
	assert_int_equal(rl_queue_append_blob(&queue, &pool, blob, part), 0);
	assert_ptr_equal(rl_queue_first(&queue)->data, part.data);
	assert_int_equal(blob->refs, 2);
	/* Copies go behind a reference, never into it. */
	assert_int_equal(
		rl_queue_append(&queue, &pool, (struct rl_slice[]){ RL_SLICE("!") }, 1), 0);
	expect_queue(&queue, (const uint8_t *)"world!", 6);
	rl_queue_consume(&queue, &pool, 2);
	assert_int_equal(blob->refs, 2);
	rl_queue_consume(&queue, &pool, 3);
	assert_int_equal(blob->refs, 1);
	rl_queue_clear(&queue, &pool);
	rl_blob_unref(blob);
	rl_chunk_pool_fini(&pool);
}

TEST(chunk, nothing_appended_leaves_nothing)
{
	struct rl_queue queue = { 0 };
	rl_chunk_pool_init(&pool, test_env());
	struct rl_slice none = { NULL, 0 };
	assert_int_equal(rl_queue_append(&queue, &pool, &none, 1), 0);
	assert_int_equal(rl_queue_append(&queue, &pool, NULL, 0), 0);
	assert_int_equal(rl_queue_append_blob(&queue, &pool, NULL, none), 0);
	expect_queue(&queue, NULL, 0);
	assert_int_equal(test_allocations(), 0);
}

TEST(chunk, a_view_takes_no_more_parts_than_there_is_room_for)
{
	struct rl_queue queue = { 0 };
	struct iovec vec[2];
	rl_chunk_pool_init(&pool, test_env());
	struct rl_blob *blob = rl_blob_copy(test_env(), RL_SLICE("abc"));
	for (int i = 0; i < 3; i++)
		rl_queue_append_blob(&queue, &pool, blob, rl_blob_slice(blob));
	assert_int_equal(rl_queue_view(&queue, vec, 2), 2);
	test_expect_text(vec[1].iov_base, vec[1].iov_len, "abc");
	rl_queue_clear(&queue, &pool);
	rl_blob_unref(blob);
	rl_chunk_pool_fini(&pool);
}

/* Whatever fails, the queue is as it was before the call that failed. */
static void append_all_kinds(void *arg)
{
	static const size_t sizes[] = { 10, 600, 30000, 5 };
	struct rl_queue queue = { 0 };
	const uint8_t *data = arg;
	size_t have = 0;

	rl_chunk_pool_init(&pool, test_env());
	for (size_t i = 0; i < 4; i++) {
		struct rl_slice part = rl_slice(data + have, sizes[i]);
		int rc = rl_queue_append(&queue, &pool, &part, 1);
		assert_true(rc == 0 || rc == RILL_ENOMEM);
		if (rc < 0)
			break;
		have += sizes[i];
	}
	expect_queue(&queue, data, have);
	struct rl_blob *blob = rl_blob_copy(test_env(), RL_SLICE("abc"));
	if (blob && rl_queue_append_blob(&queue, &pool, blob, rl_blob_slice(blob)) < 0)
		expect_queue(&queue, data, have);
	rl_queue_clear(&queue, &pool);
	rl_blob_unref(blob);
	rl_chunk_pool_fini(&pool);
}

TEST(chunk, an_append_that_fails_appends_nothing)
{
	test_each_failing_allocation(append_all_kinds, pattern(40000));
}
