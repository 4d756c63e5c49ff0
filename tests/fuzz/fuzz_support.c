/* fuzz_support.c: see fuzz_support.h. */
#include "fuzz/fuzz_support.h"

static size_t fail_at;

static bool must_fail(void)
{
	return fail_at && --fail_at == 0;
}

static void *take_memory(size_t size, void *user)
{
	(void)user;
	return must_fail() ? NULL : malloc(size);
}

static void *resize_memory(void *memory, size_t size, void *user)
{
	(void)user;
	return must_fail() ? NULL : realloc(memory, size);
}

static void release_memory(void *memory, void *user)
{
	(void)user;
	free(memory);
}

void fuzz_env_init(struct rl_env *env, size_t n)
{
	rl_env_init_default(env);
	env->memory = (rill_allocator){ take_memory, resize_memory, release_memory, NULL };
	fail_at = n;
}

uint8_t fuzz_byte(struct rl_slice *in)
{
	if (!in->len)
		return 0;
	uint8_t byte = in->data[0];
	rl_slice_skip(in, 1);
	return byte;
}

struct rl_slice fuzz_piece(struct rl_slice *in, size_t n)
{
	if (n > in->len)
		n = in->len;
	uint8_t *copy = malloc(n);
	MUST(copy || !n);
	if (n)
		memcpy(copy, in->data, n);
	rl_slice_skip(in, n);
	return rl_slice(copy, n);
}

void fuzz_free(struct rl_slice piece)
{
	free((void *)piece.data);
}
