/* deflate_igzip.h: compression by Intel's ISA-L, where the build found it. Only for deflate*.c.
 *
 * It stands for zlib's level 1: texts become as small, in less than half the time, and the state
 * is less than half as large. Inflating is left to zlib, which has seen more hostile bytes. */
#ifndef RL_WIRE_DEFLATE_IGZIP_H
#define RL_WIRE_DEFLATE_IGZIP_H

#include "base/buf.h"
#include "base/slice.h"

struct rl_igzip;
struct rl_zkind;

#ifdef RL_HAVE_ISAL

/* Does it make what a zlib state of that kind would? Not where something else than speed was
 * asked for: a higher level, a strategy, little memory. */
bool rl_igzip_serves(const struct rl_zkind *kind);

/* A compressor with a window of 2^bits bytes, 9 to 15; NULL when out of memory. */
struct rl_igzip *rl_igzip_new(const struct rl_env *env, uint8_t bits);
void rl_igzip_free(struct rl_igzip *g); /* NULL is fine */

/* As good as new, in whatever state it was. */
void rl_igzip_reset(struct rl_igzip *g);

/* Compresses and flushes onto the end of out. 0, or RILL_ENOMEM: what is out may be any part. */
int rl_igzip_compress(struct rl_igzip *g, struct rl_slice in, struct rl_buf *out);

#else

static inline bool rl_igzip_serves(const struct rl_zkind *kind)
{
	(void)kind;
	return false;
}

static inline struct rl_igzip *rl_igzip_new(const struct rl_env *env, uint8_t bits)
{
	(void)env;
	(void)bits;
	return NULL;
}

static inline void rl_igzip_free(struct rl_igzip *g)
{
	(void)g;
}

static inline void rl_igzip_reset(struct rl_igzip *g)
{
	(void)g;
}

static inline int rl_igzip_compress(struct rl_igzip *g, struct rl_slice in, struct rl_buf *out)
{
	(void)g;
	(void)in;
	(void)out;
	return 0;
}

#endif

#endif
