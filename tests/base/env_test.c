/* env_test.c: tests of src/base/env.c. */
#include <string.h>
#include "support/support.h"

TEST(env, the_default_environment_works)
{
	struct rl_env env;
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	rl_env_init_default(&env);
	assert_null(env.log);
	uint64_t before = env.clock(env.user);
	assert_true(env.clock(env.user) >= before);
	env.random(a, sizeof(a), env.user);
	env.random(b, sizeof(b), env.user);
	assert_memory_not_equal(a, b, sizeof(a));

	char *memory = rl_alloc(&env, 10);
	assert_non_null(memory);
	memory = rl_resize(&env, memory, 100000);
	assert_non_null(memory);
	rl_free(&env, memory);
	rl_free(&env, NULL);
}

TEST(env, zalloc_gives_zeros)
{
	static const uint8_t zeros[100];
	void *memory = rl_zalloc(test_env(), sizeof(zeros));
	assert_memory_equal(memory, zeros, sizeof(zeros));
	rl_free(test_env(), memory);
}

TEST(env, strndup_ends_with_a_nul)
{
	char *copy = rl_strndup(test_env(), "hello", 4);
	assert_string_equal(copy, "hell");
	rl_free(test_env(), copy);
	copy = rl_strndup(test_env(), NULL, 0);
	assert_string_equal(copy, "");
	rl_free(test_env(), copy);
}

TEST(env, memory_shortage_is_null)
{
	test_fail_allocation(1, true);
	assert_null(rl_zalloc(test_env(), 8));
	assert_null(rl_strndup(test_env(), "x", 1));
	assert_null(rl_strndup(test_env(), "x", SIZE_MAX));
}
