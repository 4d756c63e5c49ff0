/* random.h: quick numbers, the same in every run: nothing here has to be a secret. */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

uint32_t random_below(uint32_t limit);

/* As struct rl_env wants it. */
void random_fill(void *data, size_t len, void *user);

#endif
