/* chunk.c: see chunk.h. Free chunks of the common sizes wait in the pool, up to a bound for each:
 * about what the sockets of one turn need, some MiB in all. Giving them back to malloc each turn
 * instead makes it trim its heap and grow it again, at a page fault for each message. */
#include <sys/uio.h>
#include <rill/error.h>
#include "net/chunk.h"

void rl_chunk_pool_init(struct rl_chunk_pool *pool, const struct rl_env *env)
{
	*pool = (struct rl_chunk_pool){ .env = env };
	pool->shelves[RL_SHELF_REF].keep = 1024;
	pool->shelves[RL_SHELF_SMALL].keep = 512;
	pool->shelves[RL_SHELF_MEDIUM].keep = 512;
	pool->shelves[RL_SHELF_LARGE].keep = 128;
}

static void free_all(const struct rl_env *env, struct rl_chunk *chunk)
{
	while (chunk) {
		struct rl_chunk *next = chunk->next;
		rl_free(env, chunk);
		chunk = next;
	}
}

void rl_chunk_pool_fini(struct rl_chunk_pool *pool)
{
	for (int i = 0; i < RL_SHELVES; i++)
		free_all(pool->env, pool->shelves[i].free);
	rl_chunk_pool_init(pool, pool->env);
}

/* A chunk of a shelf, with room for cap bytes. */
static struct rl_chunk *take(struct rl_chunk_pool *pool, size_t shelf, size_t cap)
{
	struct rl_chunk *chunk = shelf < RL_SHELVES ? pool->shelves[shelf].free : NULL;

	if (chunk) {
		pool->shelves[shelf].free = chunk->next;
		pool->shelves[shelf].count--;
	} else {
		if (cap > SIZE_MAX - sizeof(*chunk))
			return NULL;
		chunk = rl_alloc(pool->env, sizeof(*chunk) + cap);
		if (!chunk)
			return NULL;
		chunk->cap = cap;
		chunk->shelf = shelf;
	}
	chunk->next = NULL;
	chunk->blob = NULL;
	chunk->data = chunk->bytes;
	chunk->len = 0;
	return chunk;
}

struct rl_chunk *rl_chunk_new(struct rl_chunk_pool *pool, size_t cap)
{
	if (cap <= RL_CHUNK_SMALL)
		return take(pool, RL_SHELF_SMALL, RL_CHUNK_SMALL);
	if (cap <= RL_CHUNK_MEDIUM)
		return take(pool, RL_SHELF_MEDIUM, RL_CHUNK_MEDIUM);
	if (cap <= RL_CHUNK_LARGE)
		return take(pool, RL_SHELF_LARGE, RL_CHUNK_LARGE);
	return take(pool, RL_SHELVES, cap);
}

struct rl_chunk *rl_chunk_ref(
	struct rl_chunk_pool *pool, struct rl_blob *blob, struct rl_slice part)
{
	struct rl_chunk *chunk = take(pool, RL_SHELF_REF, 0);
	if (!chunk)
		return NULL;
	chunk->blob = rl_blob_ref(blob);
	chunk->data = part.data;
	chunk->len = part.len;
	return chunk;
}

void rl_chunk_free(struct rl_chunk_pool *pool, struct rl_chunk *chunk)
{
	rl_blob_unref(chunk->blob);
	chunk->blob = NULL;
	if (!rl_chunk_shelve(pool, chunk))
		rl_free(pool->env, chunk);
}

/* Copies from parts, from byte skip of all of them on, at most room bytes, behind the chunk. */
static void fill(struct rl_chunk *chunk, const struct rl_slice *parts, size_t count, size_t skip,
	size_t room)
{
	uint8_t *to = chunk->bytes + (chunk->data - chunk->bytes) + chunk->len;
	for (size_t i = 0; i < count && room; i++) {
		size_t n = parts[i].len;
		if (n <= skip) {
			skip -= n;
			continue;
		}
		n -= skip;
		if (n > room)
			n = room;
		memcpy(to, parts[i].data + skip, n);
		to += n;
		room -= n;
		chunk->len += n;
		skip = 0;
	}
}

uint8_t *rl_queue_claim_first(struct rl_queue *queue, struct rl_chunk_pool *pool, size_t n, bool soon)
{
	size_t cap = n <= RL_CHUNK_SMALL ? RL_CHUNK_SMALL : soon ? RL_CHUNK_LARGE : RL_CHUNK_MEDIUM;
	struct rl_chunk *chunk = n <= cap ? rl_chunk_new(pool, cap) : NULL;
	if (!chunk)
		return NULL;
	chunk->len = n;
	rl_queue_push(queue, chunk);
	return chunk->bytes;
}

int rl_queue_append(struct rl_queue *queue, struct rl_chunk_pool *pool,
	const struct rl_slice *parts, size_t count)
{
	struct rl_chunk *last = queue->last;
	size_t total = 0, room = last ? rl_chunk_room(last) : 0;

	for (size_t i = 0; i < count; i++)
		total += parts[i].len;
	if (total <= room) {
		if (total)
			fill(last, parts, count, 0, total);
		queue->bytes += total;
		return 0;
	}

	/* A queue that grows past a small chunk goes on in large ones. */
	size_t rest = total - room, cap = rest;
	if (queue->bytes + room >= RL_CHUNK_SMALL && cap < RL_CHUNK_LARGE)
		cap = RL_CHUNK_LARGE;
	struct rl_chunk *more = rl_chunk_new(pool, cap);
	if (!more)
		return RILL_ENOMEM;
	if (room) {
		fill(last, parts, count, 0, room);
		queue->bytes += room;
	}
	fill(more, parts, count, room, rest);
	rl_queue_push(queue, more);
	return 0;
}

int rl_queue_append_blob(struct rl_queue *queue, struct rl_chunk_pool *pool, struct rl_blob *blob,
	struct rl_slice part)
{
	if (!part.len)
		return 0;
	struct rl_chunk *chunk = rl_chunk_ref(pool, blob, part);
	if (!chunk)
		return RILL_ENOMEM;
	rl_queue_push(queue, chunk);
	return 0;
}

int rl_queue_lend_more(struct rl_queue *queue, struct rl_chunk_pool *pool, struct rl_slice bytes)
{
	struct rl_chunk *chunk = take(pool, RL_SHELF_REF, 0);
	if (!chunk)
		return RILL_ENOMEM;
	chunk->data = bytes.data;
	chunk->len = bytes.len;
	rl_queue_push(queue, chunk);
	return 0;
}

/* Takes the first out; NULL: there is none. Its bytes are still in the sum. */
static struct rl_chunk *pop(struct rl_queue *queue)
{
	struct rl_chunk *first = rl_queue_first(queue);
	if (first == queue->last)
		queue->last = NULL;
	else
		queue->last->next = first->next;
	return first;
}

int rl_queue_keep(struct rl_queue *queue, struct rl_chunk_pool *pool)
{
	struct rl_queue kept = { 0 };
	struct rl_chunk *chunk;
	int rc = 0;
	while ((chunk = pop(queue)) != NULL) {
		if (rc == 0 && !chunk->cap && !chunk->blob) {
			struct rl_chunk *own = rl_chunk_new(pool, chunk->len);
			if (own) {
				memcpy(own->bytes, chunk->data, chunk->len);
				own->len = chunk->len;
				rl_chunk_free(pool, chunk);
				chunk = own;
			} else {
				rc = RILL_ENOMEM;
			}
		}
		rl_queue_push(&kept, chunk);
	}
	*queue = kept;
	return rc;
}

void rl_queue_consume_parts(struct rl_queue *queue, struct rl_chunk_pool *pool, size_t n)
{
	assert(n <= queue->bytes);
	queue->bytes -= n;
	while (n) {
		struct rl_chunk *chunk = rl_queue_first(queue);
		if (n < chunk->len) {
			chunk->data += n;
			chunk->len -= n;
			return;
		}
		n -= chunk->len;
		rl_chunk_free(pool, pop(queue));
	}
}

void rl_queue_clear(struct rl_queue *queue, struct rl_chunk_pool *pool)
{
	rl_queue_consume(queue, pool, queue->bytes);
}

int rl_queue_view(const struct rl_queue *queue, struct iovec *parts, int room)
{
	int n = 0;
	for (const struct rl_chunk *chunk = rl_queue_first(queue); chunk && n < room;
			chunk = chunk == queue->last ? NULL : chunk->next)
		parts[n++] = (struct iovec){ (void *)(uintptr_t)chunk->data, chunk->len };
	return n;
}
