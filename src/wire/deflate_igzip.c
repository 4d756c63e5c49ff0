/* deflate_igzip.c: see deflate_igzip.h.
 *
 * Level 1 of ISA-L needs memory for the symbols of a block. With 4 Ki of them texts become smaller
 * than with zlib's level 1; with more only very long ones gain, with 1 Ki those of 4 KiB lose. */
#include "wire/deflate_igzip.h"
#include "wire/deflate_pool.h"

#ifdef RL_HAVE_ISAL

#include <isa-l/igzip_lib.h>
#include <rill/error.h>

enum {
	LEVEL = 1,
	SYMBOLS = 4 * 1024,
	DEFAULT_MEM_LEVEL = 8,
	ONE_STEP = 1 << 30, /* it counts in 32 bits */
};

struct rl_igzip {
	struct isal_zstream z;
	const struct rl_env *env;
	uint8_t level[ISAL_DEF_LVL1_REQ + ISAL_DEF_LVL1_TOKEN_SIZE * SYMBOLS];
};

bool rl_igzip_serves(const struct rl_zkind *kind)
{
	return kind->deflates && kind->level == 1 && kind->strategy == Z_DEFAULT_STRATEGY &&
	       kind->mem_level >= DEFAULT_MEM_LEVEL;
}

struct rl_igzip *rl_igzip_new(const struct rl_env *env, uint8_t bits)
{
	struct rl_igzip *g = rl_alloc(env, sizeof(*g));
	if (!g)
		return NULL;
	g->env = env;
	g->z.next_in = NULL; /* isal_deflate_init() leaves these two */
	g->z.avail_in = 0;
	isal_deflate_init(&g->z);
	g->z.level = LEVEL;
	g->z.level_buf = g->level;
	g->z.level_buf_size = sizeof(g->level);
	g->z.hist_bits = bits;
	return g;
}

void rl_igzip_free(struct rl_igzip *g)
{
	if (g)
		rl_free(g->env, g);
}

void rl_igzip_reset(struct rl_igzip *g)
{
	g->z.avail_in = 0;
	isal_deflate_reset(&g->z);
}

int rl_igzip_compress(struct rl_igzip *g, struct rl_slice in, struct rl_buf *out)
{
	struct isal_zstream *z = &g->z;
	do {
		if (!z->avail_in && in.len) {
			size_t n = in.len < ONE_STEP ? in.len : ONE_STEP;
			z->next_in = (uint8_t *)(uintptr_t)in.data; /* read only */
			z->avail_in = (uint32_t)n;
			rl_slice_skip(&in, n);
		}
		int rc = rl_buf_reserve(out, rl_deflate_room(z->avail_in));
		if (rc < 0)
			return rc;
		size_t room = rl_buf_room(out) < ONE_STEP ? rl_buf_room(out) : ONE_STEP;
		z->next_out = rl_buf_end(out);
		z->avail_out = (uint32_t)room;
		z->flush = in.len ? NO_FLUSH : SYNC_FLUSH;
		rc = isal_deflate(z);
		assert(rc == COMP_OK);
		rl_buf_commit(out, room - z->avail_out);
	} while (in.len || z->avail_in || z->avail_out == 0);
	return 0;
}

#endif
