/* blob.c: see blob.h. */
#include "base/blob.h"
#include "base/buf.h"

struct rl_blob *rl_blob_new(const struct rl_env *env, size_t cap)
{
	if (cap > SIZE_MAX / 2)
		return NULL;
	struct rl_blob *blob = rl_alloc(env, sizeof(*blob) + cap);
	if (!blob)
		return NULL;
	*blob = (struct rl_blob){ .data = (uint8_t *)(blob + 1), .cap = cap, .env = env };
	atomic_init(&blob->refs, 1);
	return blob;
}

struct rl_blob *rl_blob_copy(const struct rl_env *env, struct rl_slice bytes)
{
	struct rl_blob *blob = rl_blob_new(env, bytes.len);
	if (!blob)
		return NULL;
	if (bytes.len)
		memcpy(blob->data, bytes.data, bytes.len);
	blob->len = bytes.len;
	return blob;
}

struct rl_blob *rl_blob_take_buf(struct rl_buf *buf)
{
	struct rl_blob *blob = rl_blob_new(buf->env, 0);
	if (!blob)
		return NULL;
	if (buf->data) {
		blob->data = buf->data;
		blob->len = buf->len;
		blob->cap = buf->cap - buf->head;
		blob->taken = buf->data - buf->head;
	}
	rl_buf_init(buf, buf->env);
	return blob;
}

void rl_blob_unref(struct rl_blob *blob)
{
	/* Release what this thread did with the bytes, acquire what the others did. */
	if (!blob || atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel) != 1)
		return;
	rl_free(blob->env, blob->taken);
	rl_free(blob->env, blob);
}
