/* chunk.h: what waits to be written: pieces of a queue, each with bytes of its own or a
 * reference to a counted blob. Pooled by the loop, so that a queue costs memory only while
 * something waits in it. */
#ifndef RL_NET_CHUNK_H
#define RL_NET_CHUNK_H

#include "base/blob.h"
#include "base/env.h"

struct rl_chunk {
	struct rl_chunk *next;
	struct rl_blob *blob; /* data lies there; NULL: in bytes[], or where cap is 0 it is lent */
	const uint8_t *data;  /* what is still to be written */
	size_t len;
	size_t cap;     /* size of bytes[]; 0 for a reference */
	size_t shelf;   /* of the pool; RL_SHELVES: none */
	uint8_t bytes[];
};

/* Sizes in the pool, by shelf: a reference, a few small frames, a frame or two of a KiB, a TLS
 * record. Larger ones are malloc'ed. */
enum { RL_SHELF_REF, RL_SHELF_SMALL, RL_SHELF_MEDIUM, RL_SHELF_LARGE, RL_SHELVES };
#define RL_CHUNK_SMALL  512
#define RL_CHUNK_MEDIUM (2 * 1024)
#define RL_CHUNK_LARGE  (16 * 1024 + 512)

struct rl_chunk_pool {
	const struct rl_env *env;
	struct {
		struct rl_chunk *free;
		uint32_t count, keep; /* kept, and how many may be; the rest is given back */
	} shelves[RL_SHELVES];
};

void rl_chunk_pool_init(struct rl_chunk_pool *pool, const struct rl_env *env);
void rl_chunk_pool_fini(struct rl_chunk_pool *pool);

/* A chunk with room for at least cap bytes, len 0, data at bytes; or NULL. */
struct rl_chunk *rl_chunk_new(struct rl_chunk_pool *pool, size_t cap);

/* A chunk that refers to a part of a blob, whose count goes up. NULL when out of memory. */
struct rl_chunk *rl_chunk_ref(
	struct rl_chunk_pool *pool, struct rl_blob *blob, struct rl_slice part);

void rl_chunk_free(struct rl_chunk_pool *pool, struct rl_chunk *chunk);

/* Puts a chunk without a blob back; false: there is no place for it. */
static inline bool rl_chunk_shelve(struct rl_chunk_pool *pool, struct rl_chunk *chunk)
{
	size_t shelf = chunk->shelf;
	if (shelf == RL_SHELVES || pool->shelves[shelf].count >= pool->shelves[shelf].keep)
		return false;
	chunk->next = pool->shelves[shelf].free;
	pool->shelves[shelf].free = chunk;
	pool->shelves[shelf].count++;
	return true;
}

/* Room behind what the chunk holds. */
static inline size_t rl_chunk_room(const struct rl_chunk *chunk)
{
	return !chunk->cap ? 0 : (size_t)(chunk->bytes + chunk->cap - (chunk->data + chunk->len));
}

/* A queue of them: a ring, so that one pointer finds both ends. */
struct rl_queue {
	struct rl_chunk *last; /* its next is the first; NULL: empty */
	size_t bytes;
};

static inline struct rl_chunk *rl_queue_first(const struct rl_queue *queue)
{
	return queue->last ? queue->last->next : NULL;
}

static inline void rl_queue_push(struct rl_queue *queue, struct rl_chunk *chunk)
{
	if (queue->last) {
		chunk->next = queue->last->next;
		queue->last->next = chunk;
	} else {
		chunk->next = chunk;
	}
	queue->last = chunk;
	queue->bytes += chunk->len;
}

/* Room for n bytes at the end in one piece, counted as written; the caller fills it before anything
 * else. NULL where that is not simple: rl_queue_append() does the rest. n is not 0. soon: the queue
 * is written out before the next one is filled, so that a large chunk serves all of them. */
uint8_t *rl_queue_claim_first(struct rl_queue *queue, struct rl_chunk_pool *pool, size_t n, bool soon);
static inline uint8_t *rl_queue_claim(
	struct rl_queue *queue, struct rl_chunk_pool *pool, size_t n, bool soon)
{
	struct rl_chunk *chunk = queue->last;
	if (!chunk) {
		chunk = pool->shelves[RL_SHELF_SMALL].free;
		if (n > RL_CHUNK_SMALL || !chunk)
			return rl_queue_claim_first(queue, pool, n, soon);
		pool->shelves[RL_SHELF_SMALL].free = chunk->next;
		pool->shelves[RL_SHELF_SMALL].count--;
		chunk->data = chunk->bytes;
		chunk->len = queue->bytes = n;
		queue->last = chunk->next = chunk;
		return chunk->bytes;
	}
	if (n > rl_chunk_room(chunk))
		return NULL;
	uint8_t *end = chunk->bytes + (chunk->data - chunk->bytes) + chunk->len;
	chunk->len += n;
	queue->bytes += n;
	return end;
}

/* Appends copies to the end, filling the last chunk's room first. 0 or RILL_ENOMEM (then nothing
 * was appended). */
int rl_queue_append(struct rl_queue *queue, struct rl_chunk_pool *pool,
	const struct rl_slice *parts, size_t count);

/* Appends a reference. 0 or RILL_ENOMEM. */
int rl_queue_append_blob(struct rl_queue *queue, struct rl_chunk_pool *pool, struct rl_blob *blob,
	struct rl_slice part);

/* Drops n bytes at the front. */
void rl_queue_consume_parts(struct rl_queue *queue, struct rl_chunk_pool *pool, size_t n);

static inline void rl_queue_consume(struct rl_queue *queue, struct rl_chunk_pool *pool, size_t n)
{
	struct rl_chunk *chunk = queue->last;
	/* One chunk that shares nothing, gone at once: that is the answer to a message. */
	if (n != queue->bytes || !n || chunk->next != chunk || chunk->blob ||
		!rl_chunk_shelve(pool, chunk)) {
		rl_queue_consume_parts(queue, pool, n);
		return;
	}
	*queue = (struct rl_queue){ 0 };
}

/* Appends a reference to bytes that are only lent: they go before rl_queue_keep() is called, or it
 * copies them. 0 or RILL_ENOMEM. */
int rl_queue_lend_more(struct rl_queue *queue, struct rl_chunk_pool *pool, struct rl_slice bytes);
static inline int rl_queue_lend(
	struct rl_queue *queue, struct rl_chunk_pool *pool, struct rl_slice bytes)
{
	struct rl_chunk *last = queue->last, *more = pool->shelves[RL_SHELF_REF].free;
	if (!last && more) {
		pool->shelves[RL_SHELF_REF].free = more->next;
		pool->shelves[RL_SHELF_REF].count--;
		more->data = bytes.data;
		more->len = queue->bytes = bytes.len;
		queue->last = more->next = more;
		return 0;
	}
	if (!last || last->cap || last->blob || last->data + last->len != bytes.data)
		return rl_queue_lend_more(queue, pool, bytes);
	last->len += bytes.len;
	queue->bytes += bytes.len;
	return 0;
}

/* Copies what is lent. 0 or RILL_ENOMEM (then some of it is lent still). */
int rl_queue_keep(struct rl_queue *queue, struct rl_chunk_pool *pool);

void rl_queue_clear(struct rl_queue *queue, struct rl_chunk_pool *pool);

struct iovec;
/* Fills up to room parts with what is in front; returns how many. */
int rl_queue_view(const struct rl_queue *queue, struct iovec *parts, int room);

#endif
