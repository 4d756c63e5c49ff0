/* utf8_impl.h: what the implementations of the UTF-8 check share; for utf8*.c alone. */
#ifndef RL_BASE_UTF8_IMPL_H
#define RL_BASE_UTF8_IMPL_H

#include "base/utf8.h"

bool rl_utf8_check_plain(uint32_t *state, const uint8_t *data, size_t n);

#if defined(__x86_64__) || defined(__i386__)
#define RL_UTF8_X86 1
bool rl_utf8_check_sse2(uint32_t *state, const uint8_t *data, size_t n);
bool rl_utf8_check_ssse3(uint32_t *state, const uint8_t *data, size_t n);
bool rl_utf8_check_avx2(uint32_t *state, const uint8_t *data, size_t n);
#elif defined(__aarch64__)
#define RL_UTF8_NEON 1
bool rl_utf8_check_neon(uint32_t *state, const uint8_t *data, size_t n);
#endif

#endif
