/* deflate_pool.c: see deflate_pool.h and deflate.h.
 *
 * Making a compressor touches up to a quarter of a MiB, resetting one costs little, so states that are
 * not in use wait here: the last few given back, the compressors and the inflaters apart. */
#include "wire/deflate_pool.h"

/* Enough for the messages that are half-done in one turn of a loop, which are rarely more than
 * one; eight compressors are 2 MiB. */
enum {
	KEPT = 8,
};

/* The states given back, the latest last. */
struct shelf {
	struct rl_list states;
	size_t count;
};

struct rl_deflate_pool {
	const struct rl_env *env;
	struct shelf deflaters, inflaters;
};

struct rl_deflate_pool *rl_deflate_pool_new(const struct rl_env *env)
{
	struct rl_deflate_pool *pool = rl_zalloc(env, sizeof(*pool));
	if (!pool)
		return NULL;
	pool->env = env;
	rl_list_init(&pool->deflaters.states);
	rl_list_init(&pool->inflaters.states);
	return pool;
}

static void clear_shelf(struct shelf *shelf)
{
	rl_list_each_safe (node, &shelf->states) {
		rl_list_remove(node);
		rl_zstate_free(rl_container(node, struct rl_zstate, node));
	}
}

void rl_deflate_pool_free(struct rl_deflate_pool *pool)
{
	if (!pool)
		return;
	clear_shelf(&pool->deflaters);
	clear_shelf(&pool->inflaters);
	rl_free(pool->env, pool);
}

static voidpf zlib_alloc(voidpf env, uInt items, uInt size)
{
	size_t bytes;
	if (__builtin_mul_overflow((size_t)items, (size_t)size, &bytes))
		return NULL;
	return rl_alloc(env, bytes);
}

static void zlib_free(voidpf env, voidpf memory)
{
	rl_free(env, memory);
}

static bool same_kind(const struct rl_zkind *a, const struct rl_zkind *b)
{
	if (a->deflates != b->deflates || a->bits != b->bits)
		return false;
	return !a->deflates ||
	       (a->level == b->level && a->mem_level == b->mem_level && a->strategy == b->strategy);
}

static struct shelf *shelf_for(struct rl_deflate_pool *pool, const struct rl_zkind *kind)
{
	return kind->deflates ? &pool->deflaters : &pool->inflaters;
}

/* The latest of that kind: its memory is the likeliest to lie in the cache. */
static struct rl_zstate *take_kept(struct shelf *shelf, const struct rl_zkind *kind)
{
	for (struct rl_list *node = shelf->states.prev; node != &shelf->states; node = node->prev) {
		struct rl_zstate *state = rl_container(node, struct rl_zstate, node);
		if (!same_kind(&state->kind, kind))
			continue;
		rl_list_remove(node);
		shelf->count--;
		return state;
	}
	return NULL;
}

/* Negative bits: raw DEFLATE, without a zlib header. */
static bool init_zlib(struct rl_zstate *state)
{
	const struct rl_zkind *kind = &state->kind;
	state->z.zalloc = zlib_alloc;
	state->z.zfree = zlib_free;
	state->z.opaque = (voidpf)state->env;
	int rc = kind->deflates ? deflateInit2(&state->z, kind->level, Z_DEFLATED, -kind->bits,
					  kind->mem_level, kind->strategy)
				: inflateInit2(&state->z, -kind->bits);
	assert(rc == Z_OK || rc == Z_MEM_ERROR);
	return rc == Z_OK;
}

static bool init_igzip(struct rl_zstate *state)
{
	state->igzip = rl_igzip_new(state->env, state->kind.bits);
	return state->igzip;
}

static struct rl_zstate *make_state(const struct rl_env *env, const struct rl_zkind *kind)
{
	struct rl_zstate *state = rl_zalloc(env, sizeof(*state));
	if (!state)
		return NULL;
	state->env = env;
	state->kind = *kind;
	rl_list_init(&state->node);
	if (rl_igzip_serves(kind) ? init_igzip(state) : init_zlib(state))
		return state;
	rl_free(env, state);
	return NULL;
}

struct rl_zstate *rl_zstate_borrow(
	const struct rl_env *env, struct rl_deflate_pool *pool, const struct rl_zkind *kind)
{
	struct rl_zstate *state = pool ? take_kept(shelf_for(pool, kind), kind) : NULL;
	return state ? state : make_state(pool ? pool->env : env, kind);
}

static bool reset(struct rl_zstate *state)
{
	if (state->igzip) {
		rl_igzip_reset(state->igzip);
		return true;
	}
	/* zlib's reset leaves these alone: what a failed message did not use up would be read by the
	 * next owner, from memory that is gone. */
	state->z.next_in = NULL;
	state->z.avail_in = 0;
	return (state->kind.deflates ? deflateReset(&state->z) : inflateReset(&state->z)) == Z_OK;
}

void rl_zstate_return(struct rl_deflate_pool *pool, struct rl_zstate *state)
{
	if (!state)
		return;
	if (!pool || !reset(state)) {
		rl_zstate_free(state);
		return;
	}
	struct shelf *shelf = shelf_for(pool, &state->kind);
	rl_list_append(&shelf->states, &state->node);
	if (++shelf->count <= KEPT)
		return;
	/* The one that has waited longest goes, so that a kind no longer asked for dies out. */
	struct rl_list *oldest = shelf->states.next;
	rl_list_remove(oldest);
	shelf->count--;
	rl_zstate_free(rl_container(oldest, struct rl_zstate, node));
}

void rl_zstate_free(struct rl_zstate *state)
{
	if (!state)
		return;
	if (state->igzip)
		rl_igzip_free(state->igzip);
	else if (state->kind.deflates)
		deflateEnd(&state->z);
	else
		inflateEnd(&state->z);
	rl_free(state->env, state);
}
