/* ws_frame.h: the frame header of RFC 6455, section 5.2, and masking (5.3). Stateless. */
#ifndef RL_WIRE_WS_FRAME_H
#define RL_WIRE_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* X(name, value): the opcodes; all others are reserved. */
#define RL_WS_OPCODES(X)                                                                           \
	X(CONTINUATION, 0x0)                                                                       \
	X(TEXT, 0x1)                                                                               \
	X(BINARY, 0x2)                                                                             \
	X(CLOSE, 0x8)                                                                              \
	X(PING, 0x9)                                                                               \
	X(PONG, 0xa)

enum rl_ws_opcode {
#define RL_X(name, value) RL_WS_OP_##name = value,
	RL_WS_OPCODES(RL_X)
#undef RL_X
};

#define RL_WS_FIN      0x80u
#define RL_WS_RSV1     0x40u
#define RL_WS_RSV2     0x20u
#define RL_WS_RSV3     0x10u

#define RL_WS_HEAD_MAX 14 /* 2 + 8 length + 4 mask */

struct rl_ws_head {
	uint8_t first; /* FIN, RSV and opcode as on the wire */
	bool masked;
	uint8_t size;    /* bytes the header takes on the wire */
	uint64_t len;    /* of the payload */
	uint8_t mask[4]; /* when masked */
};

/* Reads a header from n bytes: its size, or 0 when more are needed. Judges nothing: whoever asks
 * may look at data[0] and data[1] as soon as they are there. A 64-bit length with the top bit
 * set comes back as it is. */
size_t rl_ws_read_head(struct rl_ws_head *head, const uint8_t *data, size_t n);

/* Writes a header in its shortest form; mask NULL: not masked. Returns its size. */
size_t rl_ws_write_head(
	uint8_t out[RL_WS_HEAD_MAX], uint8_t first, uint64_t len, const uint8_t mask[4]);

/* The header of a short, whole, unmasked message, which is nearly every header that is written. */
#define RL_WS_SHORT_MAX 0xffffu

static inline size_t rl_ws_short_head_size(size_t len)
{
	return len > 125 ? 4 : 2;
}

static inline size_t rl_ws_head_size(size_t len)
{
	return len > RL_WS_SHORT_MAX ? 10 : rl_ws_short_head_size(len);
}

static inline void rl_ws_write_short_head(uint8_t *out, bool text, size_t len)
{
	out[0] = (uint8_t)(RL_WS_FIN | (text ? RL_WS_OP_TEXT : RL_WS_OP_BINARY));
	out[1] = (uint8_t)(len > 125 ? 126 : len);
	if (len > 125) {
		out[2] = (uint8_t)(len >> 8);
		out[3] = (uint8_t)len;
	}
}

/* XORs n bytes with the key, whose phase says how many payload bytes came before (only phase % 4
 * counts). dst may be src, or lie before it, also so that they overlap; not the other way round. */
void rl_ws_mask(uint8_t *dst, const uint8_t *src, size_t n, const uint8_t key[4], size_t phase);

/* The same for 16 to 64 bytes that begin a payload, without a call. */
#ifdef __SSE2__
static inline void rl_ws_mask_few(uint8_t *dst, const uint8_t *src, size_t n, uint32_t key)
{
	uint64_t wide = (uint64_t)key << 32 | key;
	unsigned turn = (unsigned)(n & 3) * 8;
	uint64_t late = wide >> turn | wide << (-turn & 63);
	__m128i first = _mm_set1_epi64x((long long)wide), last = _mm_set1_epi64x((long long)late);
	__m128i a = _mm_loadu_si128((const void *)src), b = a, c = a;
	__m128i d = _mm_loadu_si128((const void *)(src + n - 16));
	if (n > 32) { /* all are read before any is written: dst may lie in src */
		b = _mm_loadu_si128((const void *)(src + 16));
		c = _mm_loadu_si128((const void *)(src + n - 32));
		_mm_storeu_si128((void *)(dst + 16), _mm_xor_si128(b, first));
		_mm_storeu_si128((void *)(dst + n - 32), _mm_xor_si128(c, last));
	}
	_mm_storeu_si128((void *)dst, _mm_xor_si128(a, first));
	_mm_storeu_si128((void *)(dst + n - 16), _mm_xor_si128(d, last));
}
#else
static inline void rl_ws_mask_few(uint8_t *dst, const uint8_t *src, size_t n, uint32_t key)
{
	rl_ws_mask(dst, src, n, (const uint8_t *)&key, 0);
}
#endif

/* rl_ws_mask and rl_utf8_check (utf8.h) in one go, block by block, so that the payload passes the
 * cache once. False when dst cannot be UTF-8; how much of dst is written then is open. */
bool rl_ws_mask_utf8(uint8_t *dst, const uint8_t *src, size_t n, const uint8_t key[4], size_t phase,
	uint32_t *state);

/* One implementation of rl_ws_mask, by name, for tests: index 0 is plain C; NULL ends the list;
 * those this processor lacks are left out. */
struct rl_ws_mask_impl {
	const char *name;
	void (*mask)(
		uint8_t *dst, const uint8_t *src, size_t n, const uint8_t key[4], size_t phase);
};
const struct rl_ws_mask_impl *rl_ws_mask_impl(size_t index);

#endif
