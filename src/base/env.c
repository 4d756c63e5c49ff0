/* env.c: the outside world as a plain Linux process finds it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include "base/env.h"

static void *plain_alloc(size_t size, void *user)
{
	(void)user;
	return malloc(size);
}

static void *plain_resize(void *memory, size_t size, void *user)
{
	(void)user;
	return realloc(memory, size);
}

static void plain_release(void *memory, void *user)
{
	(void)user;
	free(memory);
}

void rl_env_trim(const struct rl_env *env)
{
#ifdef __GLIBC__
	if (env->memory.release == plain_release)
		malloc_trim(0);
#else
	(void)env;
#endif
}

static uint64_t monotonic_clock(void *user)
{
	struct timespec now;
	(void)user;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool rl_env_has_random(void)
{
	uint8_t probe;
	return getrandom(&probe, 1, 0) == 1;
}

/* Fails in no way but a signal's, where rl_env_has_random() has been true. */
static void kernel_random(void *data, size_t len, void *user)
{
	uint8_t *p = data;
	(void)user;
	while (len) {
		ssize_t n = getrandom(p, len, 0);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}

void rl_env_init_default(struct rl_env *env)
{
	*env = (struct rl_env){
		.memory = { plain_alloc, plain_resize, plain_release, NULL },
		.log_level = RILL_LOG_INFO,
		.clock = monotonic_clock,
		.random = kernel_random,
	};
}

void *rl_zalloc(const struct rl_env *env, size_t size)
{
	void *memory = rl_alloc(env, size);
	if (memory)
		memset(memory, 0, size);
	return memory;
}

char *rl_strndup(const struct rl_env *env, const void *data, size_t len)
{
	if (len == SIZE_MAX)
		return NULL;
	char *copy = rl_alloc(env, len + 1);
	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, data, len);
	copy[len] = 0;
	return copy;
}
