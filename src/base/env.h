/* env.h: the outside world, handed in: memory, log, monotonic clock, random bytes.
 *
 * Every allocation in rill goes through struct rl_env, so that a test can make the n-th one
 * fail and a program can count them. Nothing below net/ asks the time or the kernel. */
#ifndef RL_BASE_ENV_H
#define RL_BASE_ENV_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <rill/base.h>

struct rl_env {
	rill_allocator memory;
	rill_log_fn log; /* may be NULL: nothing is logged */
	void *log_user;
	rill_log_level log_level; /* lines below it are not even formatted */

	/* Monotonic milliseconds. */
	uint64_t (*clock)(void *user);
	/* Fills data with unpredictable bytes; never fails. */
	void (*random)(void *data, size_t len, void *user);
	void *user; /* for clock and random */
};

/* Does the kernel give random bytes (and will go on to)? Asked once for each loop. */
bool rl_env_has_random(void);

/* malloc, no log, CLOCK_MONOTONIC, getrandom(2). */
void rl_env_init_default(struct rl_env *env);

/* Gives freed memory back to the kernel, where the allocator keeps it: malloc's heap does as long
 * as one small piece at its end is in use. Takes milliseconds; a program's own allocator is left
 * alone. */
void rl_env_trim(const struct rl_env *env);

static inline void *rl_alloc(const struct rl_env *env, size_t size)
{
	return env->memory.alloc(size, env->memory.user);
}

static inline void *rl_resize(const struct rl_env *env, void *memory, size_t size)
{
	return env->memory.resize(memory, size, env->memory.user);
}

static inline void rl_free(const struct rl_env *env, void *memory)
{
	if (memory)
		env->memory.release(memory, env->memory.user);
}

/* Zeroed memory for one object, or NULL. */
void *rl_zalloc(const struct rl_env *env, size_t size);

/* Copies len bytes and adds a NUL. NULL when out of memory. */
char *rl_strndup(const struct rl_env *env, const void *data, size_t len);

/* Formats and logs one line; control characters and invalid bytes in the finished line leave
 * as \xNN, lines end at 512 bytes. */
void rl_log(const struct rl_env *env, rill_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
