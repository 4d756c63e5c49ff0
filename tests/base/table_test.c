/* table_test.c: things found by their keys, however many, and without memory. */
#include "base/table.h"
#include "support/support.h"

struct thing {
	struct rl_table_node node;
	uint32_t number;
};

enum { THINGS = 1000 };
static struct thing things[THINGS];

static struct rl_slice key_of(const uint32_t *number)
{
	return rl_slice(number, sizeof(*number));
}

static struct thing *find(const struct rl_table *t, uint32_t number)
{
	struct rl_table_node *node = rl_table_first(t, rl_table_hash(t, key_of(&number)));
	for (; node; node = rl_table_next(node)) {
		struct thing *thing = rl_container(node, struct thing, node);
		if (thing->number == number)
			return thing;
	}
	return NULL;
}

static void fill_and_empty(struct rl_table *t)
{
	for (uint32_t i = 0; i < THINGS; i++) {
		things[i].number = i;
		rl_table_put(t, &things[i].node, rl_table_hash(t, key_of(&i)));
	}
	assert_int_equal(t->count, THINGS);
	for (uint32_t i = 0; i < THINGS; i++)
		assert_ptr_equal(find(t, i), &things[i]);
	assert_null(find(t, THINGS));
	for (uint32_t i = 0; i < THINGS; i += 2)
		rl_table_remove(t, &things[i].node);
	for (uint32_t i = 0; i < THINGS; i++)
		assert_ptr_equal(find(t, i), i % 2 ? &things[i] : NULL);
	for (size_t n = THINGS / 2; n; n--)
		rl_table_remove(t, rl_table_any(t));
	assert_null(rl_table_any(t));
	assert_int_equal(t->count, 0);
}

TEST(table, what_was_put_in_is_found_and_what_was_taken_out_is_not)
{
	struct rl_table t;
	rl_table_init(&t, test_env());
	fill_and_empty(&t);
	assert_int_equal(test_live_blocks(), 0);
	fill_and_empty(&t);
	rl_table_fini(&t);
}

TEST(table, it_works_without_memory_and_takes_none_for_one)
{
	struct rl_table t;
	uint32_t one = 1;
	rl_table_init(&t, test_env());
	rl_table_put(&t, &things[0].node, rl_table_hash(&t, key_of(&one)));
	assert_int_equal(test_allocations(), 0);
	rl_table_remove(&t, &things[0].node);
	test_fail_allocation(1, true);
	fill_and_empty(&t);
	rl_table_fini(&t);
}
