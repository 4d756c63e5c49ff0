/* base64.h: the standard alphabet of RFC 4648, 4. */
#ifndef RL_BASE_BASE64_H
#define RL_BASE_BASE64_H

#include "base/buf.h"
#include "base/slice.h"

/* How long n bytes become, padding included; n is at most SIZE_MAX / 2. */
static inline size_t rl_base64_size(size_t n)
{
	return (n + 2) / 3 * 4;
}

/* Appends the bytes with padding. 0 or RILL_ENOMEM, and then nothing was written. */
int rl_base64_write(struct rl_buf *out, struct rl_slice bytes);

/* Appends what a text says, whose padding is whole or not there at all. 0; RILL_ENOMEM; RILL_EPROTO:
 * anything else: other characters, a last one that says less than a byte, bits behind the last byte that
 * are not 0 (RFC 4648, 3.5). Then nothing was written. */
int rl_base64_read(struct rl_buf *out, struct rl_slice text);

#endif
