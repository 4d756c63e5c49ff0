/* deflate_pool.h: zlib states and what stands for them, new or from the pool. Only for deflate*.c.
 *
 * A pool belongs to one loop, and a state goes back to the pool it came from: a codec lives and
 * ends on that loop's thread. */
#ifndef RL_WIRE_DEFLATE_POOL_H
#define RL_WIRE_DEFLATE_POOL_H

#define ZLIB_CONST /* next_in points to const */
#include <zlib.h>
#include "base/list.h"
#include "wire/deflate.h"
#include "wire/deflate_igzip.h"

/* What makes two states interchangeable. An inflater has window bits alone. */
struct rl_zkind {
	bool deflates;
	uint8_t bits;
	int level, mem_level, strategy;
};

struct rl_zstate {
	struct rl_igzip *igzip; /* of a compressor it serves for, else NULL */
	z_stream z;             /* unused where igzip is */
	struct rl_zkind kind;
	const struct rl_env *env;
	struct rl_list node;
};

/* Room to make for what so many bytes are compressed to: all of it where that is little, so that
 * it is done in one step. */
static inline size_t rl_deflate_room(size_t n)
{
	return n <= 16 * 1024 ? n + n / 8 + 64 : n / 2;
}

/* A state as good as new, or NULL when out of memory. */
struct rl_zstate *rl_zstate_borrow(
	const struct rl_env *env, struct rl_deflate_pool *pool, const struct rl_zkind *kind);

/* Gives back, reset, in whatever state it is. pool is the one it was borrowed with; without one
 * (NULL) it is freed. state may be NULL. */
void rl_zstate_return(struct rl_deflate_pool *pool, struct rl_zstate *state);

void rl_zstate_free(struct rl_zstate *state); /* NULL is fine */

#endif
