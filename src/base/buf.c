/* buf.c: see buf.h.
 *
 * Appending and consuming in turn costs a constant per byte: what is in use is moved to the
 * front only when at least as much has been used up, else the buffer grows by doubling. */
#include <rill/error.h>
#include "base/buf.h"

#define SMALLEST 64

void rl_buf_release(struct rl_buf *buf)
{
	if (buf->data)
		rl_free(buf->env, buf->data - buf->head);
	rl_buf_init(buf, buf->env);
}

static void move_to_front(struct rl_buf *buf)
{
	memmove(buf->data - buf->head, buf->data, buf->len);
	buf->data -= buf->head;
	buf->head = 0;
}

/* Gives the buffer memory of exactly cap bytes, which hold at least len. */
static int reallocate(struct rl_buf *buf, size_t cap)
{
	uint8_t *memory;

	if (!buf->data || buf->head) {
		memory = rl_alloc(buf->env, cap);
		if (!memory)
			return RILL_ENOMEM;
		if (buf->data) {
			memcpy(memory, buf->data, buf->len);
			rl_free(buf->env, buf->data - buf->head);
		}
	} else {
		memory = rl_resize(buf->env, buf->data, cap);
		if (!memory)
			return RILL_ENOMEM;
	}
	buf->data = memory;
	buf->head = 0;
	buf->cap = cap;
	return 0;
}

static int reserve(struct rl_buf *buf, size_t n, bool exact)
{
	if (n <= rl_buf_room(buf))
		return 0;
	if (n > SIZE_MAX / 2 - buf->len)
		return RILL_ENOMEM;
	size_t need = buf->len + n;
	if (need <= buf->cap && buf->head >= buf->len) {
		move_to_front(buf);
		return 0;
	}
	if (exact)
		return reallocate(buf, need);
	size_t cap = buf->cap <= SIZE_MAX / 2 ? buf->cap * 2 : SIZE_MAX;
	if (cap < SMALLEST)
		cap = SMALLEST;
	return reallocate(buf, cap < need ? need : cap);
}

int rl_buf_reserve(struct rl_buf *buf, size_t n)
{
	return reserve(buf, n, false);
}

int rl_buf_reserve_exact(struct rl_buf *buf, size_t n)
{
	return reserve(buf, n, true);
}

void rl_buf_shrink(struct rl_buf *buf)
{
	if (!buf->len) {
		rl_buf_release(buf);
		return;
	}
	if (buf->cap == buf->len)
		return;
	move_to_front(buf);
	uint8_t *memory = rl_resize(buf->env, buf->data, buf->len);
	if (memory) {
		buf->data = memory;
		buf->cap = buf->len;
	}
}

int rl_buf_append_slow(struct rl_buf *buf, const void *data, size_t n)
{
	int rc = rl_buf_reserve(buf, n);

	if (rc < 0)
		return rc;
	memcpy(rl_buf_end(buf), data, n);
	buf->len += n;
	return 0;
}

int rl_buf_append_parts(struct rl_buf *buf, const struct rl_slice *parts, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += parts[i].len;
	int rc = rl_buf_reserve(buf, total);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = rl_buf_append_slice(buf, parts[i]);
	return rc;
}

int rl_buf_append_u64(struct rl_buf *buf, uint64_t value)
{
	char digits[20]; /* 18446744073709551615 */
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return rl_buf_append(buf, digits + at, sizeof(digits) - at);
}
