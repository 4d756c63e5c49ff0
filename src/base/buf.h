/* buf.h: owned bytes that grow at the end and are used from the front.
 *
 * A struct rl_buf belongs to the struct that holds it. All-zero but for env is empty and holds
 * no memory, and rl_buf_release() brings it back there: idle things keep no buffers. */
#ifndef RL_BASE_BUF_H
#define RL_BASE_BUF_H

#include "base/env.h"
#include "base/slice.h"

struct rl_buf {
	uint8_t *data; /* start of the bytes in use; NULL when there is no memory */
	size_t len;    /* bytes in use */
	size_t cap;    /* bytes allocated, counted from data - head */
	size_t head;   /* bytes used up in front of data */
	const struct rl_env *env;
};

static inline void rl_buf_init(struct rl_buf *buf, const struct rl_env *env)
{
	*buf = (struct rl_buf){ .env = env };
}

/* Gives the memory back; the buffer stays usable. */
void rl_buf_release(struct rl_buf *buf);

/* Makes room for n more bytes behind len: RILL_ENOMEM or 0. Grows by doubling, moving what is
 * in use to the front first when that suffices. */
int rl_buf_reserve(struct rl_buf *buf, size_t n);

/* Like rl_buf_reserve, but allocates no more than is asked for. */
int rl_buf_reserve_exact(struct rl_buf *buf, size_t n);

/* Gives back what is not in use; without memory for a smaller piece it stays. */
void rl_buf_shrink(struct rl_buf *buf);

/* Where the next byte goes, and how many fit without reserving. */
static inline uint8_t *rl_buf_end(struct rl_buf *buf)
{
	return buf->data + buf->len;
}

static inline size_t rl_buf_room(const struct rl_buf *buf)
{
	return buf->cap - buf->head - buf->len;
}

/* Counts n bytes that were written at rl_buf_end(). */
static inline void rl_buf_commit(struct rl_buf *buf, size_t n)
{
	assert(n <= rl_buf_room(buf));
	buf->len += n;
}

/* Appends; RILL_ENOMEM or 0. On failure nothing is appended. What is a literal is copied without a call
 * as long as there is room. */
int rl_buf_append_slow(struct rl_buf *buf, const void *data, size_t n);
static inline int rl_buf_append(struct rl_buf *buf, const void *data, size_t n)
{
	if (n > rl_buf_room(buf))
		return rl_buf_append_slow(buf, data, n);
	if (n) {
		memcpy(rl_buf_end(buf), data, n);
		buf->len += n;
	}
	return 0;
}

static inline int rl_buf_append_str(struct rl_buf *buf, const char *text)
{
	return rl_buf_append(buf, text, strlen(text));
}

static inline int rl_buf_append_slice(struct rl_buf *buf, struct rl_slice slice)
{
	return rl_buf_append(buf, slice.data, slice.len);
}

/* Several pieces, all or none. */
int rl_buf_append_parts(struct rl_buf *buf, const struct rl_slice *parts, size_t count);
int rl_buf_append_u64(struct rl_buf *buf, uint64_t value); /* in decimal */

/* Memory may go from one buffer to the next by way of a spare one, so that it is not asked for each time:
 * taken by a buffer that has none, and left when nothing in it is needed any more, unless there is some or
 * this is more than most bytes. */
static inline void rl_buf_take_spare(struct rl_buf *buf, struct rl_buf *spare)
{
	if (buf->data || !spare->data)
		return;
	*buf = *spare;
	rl_buf_init(spare, buf->env);
}

static inline void rl_buf_leave_spare(struct rl_buf *buf, struct rl_buf *spare, size_t most)
{
	if (!buf->data)
		return;
	if (spare->data || buf->cap > most) {
		rl_buf_release(buf);
		return;
	}
	*spare = (struct rl_buf){ .data = buf->data - buf->head, .cap = buf->cap, .env = buf->env };
	rl_buf_init(buf, spare->env);
}

/* Drops n bytes at the front; the memory is kept until rl_buf_release(). */
static inline void rl_buf_consume(struct rl_buf *buf, size_t n)
{
	assert(n <= buf->len);
	if (!n)
		return;
	buf->data += n;
	buf->head += n;
	buf->len -= n;
	if (!buf->len) {
		buf->data -= buf->head;
		buf->head = 0;
	}
}

static inline struct rl_slice rl_buf_slice(const struct rl_buf *buf)
{
	return rl_slice(buf->data, buf->len);
}

#endif
