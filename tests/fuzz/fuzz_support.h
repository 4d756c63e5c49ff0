/* fuzz_support.h: what the fuzz targets share: an environment whose allocations fail as the input
 * says, the input taken apart, and MUST. */
#ifndef FUZZ_SUPPORT_H
#define FUZZ_SUPPORT_H

#include <stdlib.h>
#include "base/env.h"
#include "base/slice.h"

/* An assertion that is there in every build. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* malloc, but the n-th allocation from now on fails; 0: none. */
void fuzz_env_init(struct rl_env *env, size_t n);

/* The next byte of the input; 0 when it is used up. */
uint8_t fuzz_byte(struct rl_slice *in);

/* The next n bytes of the input, or as many as there are, in memory of just that size, so that
 * reading past them is found out. Given back by fuzz_free(). */
struct rl_slice fuzz_piece(struct rl_slice *in, size_t n);
void fuzz_free(struct rl_slice piece);

#endif
