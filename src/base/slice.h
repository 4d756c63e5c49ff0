/* slice.h: borrowed bytes. A struct rl_slice never owns what it points to; it is good until the
 * call it was handed to returns. */
#ifndef RL_BASE_SLICE_H
#define RL_BASE_SLICE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <rill/base.h>

struct rl_slice {
	const uint8_t *data;
	size_t len;
};

/* A slice of a string literal. */
#define RL_SLICE(literal) ((struct rl_slice){ (const uint8_t *)("" literal), sizeof(literal) - 1 })

static inline struct rl_slice rl_slice(const void *data, size_t len)
{
	return (struct rl_slice){ (const uint8_t *)data, len };
}

static inline struct rl_slice rl_slice_str(const char *text)
{
	return text ? rl_slice(text, strlen(text)) : rl_slice(NULL, 0);
}

static inline rill_bytes rl_bytes(struct rl_slice s)
{
	return (rill_bytes){ s.data, s.len };
}

/* Moves the start forward over n bytes that have been used. */
static inline void rl_slice_skip(struct rl_slice *s, size_t n)
{
	assert(n <= s->len);
	/* No bytes may have no place, and NULL + 0 is undefined (C17, 6.5.6). It costs nothing:
	 * compilers see that the branches are the same. */
	s->data = n ? s->data + n : s->data;
	s->len -= n;
}

/* A constant stands in b, so that its length is one for the compiler. */
static inline bool rl_slice_equal(struct rl_slice a, struct rl_slice b)
{
	return a.len == b.len && (!b.len || memcmp(a.data, b.data, b.len) == 0);
}

/* Equal but for the case of ASCII letters. */
bool rl_slice_equal_nocase(struct rl_slice a, struct rl_slice b);

bool rl_slice_starts(struct rl_slice s, struct rl_slice prefix);

/* Without spaces and tabs at both ends (RFC 9110, 5.6.3: OWS). */
struct rl_slice rl_slice_trim(struct rl_slice s);

/* Takes the next element of a comma-separated list off *list, trimmed, quoted strings kept
 * whole (RFC 9110, 5.6.1). False when the list is used up; empty elements are skipped. */
bool rl_slice_next_element(struct rl_slice *list, struct rl_slice *element);

/* Is s a token of RFC 9110, 5.6.2 (one character or more)? */
bool rl_slice_is_token(struct rl_slice s);

/* A decimal number without sign, spaces or overflow; false otherwise. Leading zeros pass. */
bool rl_slice_to_u64(struct rl_slice s, uint64_t *value);

#endif
