/* siphash.h: SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash for tables whose keys a
 * stranger may choose: without the key nobody can make many that fall together. */
#ifndef RL_BASE_SIPHASH_H
#define RL_BASE_SIPHASH_H

#include "base/slice.h"

#define RL_SIPHASH_KEY 16

uint64_t rl_siphash(const uint8_t key[RL_SIPHASH_KEY], struct rl_slice data);

#endif
