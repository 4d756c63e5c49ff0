/* blob.h: counted, immutable bytes, shared by reference between queues and threads.
 *
 * A blob is written once by whoever made it and only read afterwards. References are atomic:
 * any thread may drop the last one. */
#ifndef RL_BASE_BLOB_H
#define RL_BASE_BLOB_H

#include <stdatomic.h>
#include "base/env.h"
#include "base/slice.h"

struct rl_blob {
	atomic_uint refs;
	uint8_t *data; /* behind this struct, or memory taken over */
	size_t len;
	size_t cap;
	const struct rl_env *env; /* must outlive the blob */
	void *taken;              /* memory to release with the blob, or NULL */
};

/* A blob with room for cap bytes, len 0 and one reference, or NULL. */
struct rl_blob *rl_blob_new(const struct rl_env *env, size_t cap);

/* A blob with a copy of the bytes, or NULL. */
struct rl_blob *rl_blob_copy(const struct rl_env *env, struct rl_slice bytes);

struct rl_buf;
/* A blob that takes the memory of buf over, leaving buf empty; NULL (buf untouched) when out of
 * memory. */
struct rl_blob *rl_blob_take_buf(struct rl_buf *buf);

static inline struct rl_blob *rl_blob_ref(struct rl_blob *blob)
{
	atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
	return blob;
}

void rl_blob_unref(struct rl_blob *blob); /* NULL is fine */

static inline struct rl_slice rl_blob_slice(const struct rl_blob *blob)
{
	return rl_slice(blob->data, blob->len);
}

#endif
