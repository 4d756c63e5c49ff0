/* stream.c: what all streams have in common: the queue and its marks, what an upcall may be told
 * and when, who owns the stream, and its end.
 *
 * Bytes and the peer's end are shown as they come. Everything else an owner is told (drained,
 * flushed, lost, bytes that waited for a resume or a new owner) is noted and told by the
 * stream's task at the end of the turn, so that no upcall comes from inside a downcall. Bytes in
 * hand are in stream_hand.c, limits over many streams in stream_group.c. */
#include <sys/uio.h>
#include "net/stream.h"

/* Copying so few bytes of a blob is cheaper than a reference with its own part of the write, and
 * lets small messages leave joined. */
enum { COPY_BELOW = 512 };

/* From here on a message is worth a system call of its own, which saves copying it. */
enum { LARGE = 16 * 1024 };

static void tell(struct rl_task *task)
{
	struct rl_stream *stream = rl_container(task, struct rl_stream, task);

	if (stream->closed)
		return;
	if (stream->lost) {
		if (!stream->lost_told) {
			stream->lost_told = true;
			stream->events->on_lost(stream, stream->lost);
		}
		return;
	}
	if (stream->drained) {
		stream->drained = false;
		stream->events->on_drain(stream);
	}
	if (stream->flushed && !stream->closed) {
		stream->flushed = false;
		if (stream->tell_flushed)
			stream->events->on_flushed(stream);
	}
	if (stream->again && !stream->closed)
		rl_stream_show_again(stream);
}

/* Until there is an owner. Reading is off, so that it has next to nothing to say. */
static void ignore(struct rl_stream *stream)
{
	(void)stream;
}

static void ignore_loss(struct rl_stream *stream, int rc)
{
	(void)stream;
	(void)rc; /* the first owner is told again */
}

static const struct rl_stream_events nobody = {
	.on_end = ignore,
	.on_drain = ignore,
	.on_lost = ignore_loss,
};

void rl_stream_init(struct rl_stream *stream, const struct rl_stream_ops *ops,
	struct rl_stream_group *group, const struct rl_addr *peer)
{
	*stream = (struct rl_stream){
		.ops = ops,
		.events = &nobody,
		.loop = group->loop,
		.group = group,
	};
	if (peer)
		stream->peer = *peer;
	stream->paused = true;
	rl_list_init(&stream->work);
	rl_task_init(&stream->task, tell);
	rl_list_append(&group->streams, &stream->group_node);
	if (++group->count > group->peak_count)
		group->peak_count = group->count;
}

void rl_stream_own(struct rl_stream *stream, const struct rl_stream_events *events, void *owner)
{
	stream->events = events;
	stream->owner = owner;
	stream->owned = true;
	stream->end_told = false;
	stream->lost_told = false;
	stream->tell_flushed = events->on_flushed != NULL;
	rl_stream_aim(stream, false);
	stream->again = true;
	if (stream->lost ||
		(!stream->in_read && !stream->paused && (rl_stream_in_hand(stream) || stream->ended)))
		rl_loop_defer(stream->loop, &stream->task);
}

void rl_stream_aim(struct rl_stream *stream, bool on)
{
	if (stream->aimed == on)
		return;
	stream->aimed = on;
	if (stream->ops->set_aimed && !stream->closed)
		stream->ops->set_aimed(stream, on);
}

void rl_stream_pause(struct rl_stream *stream)
{
	if (stream->paused || stream->closed)
		return;
	stream->paused = true;
	if (!stream->lost)
		stream->ops->set_reading(stream, false);
}

void rl_stream_resume(struct rl_stream *stream)
{
	if (!stream->paused || stream->closed)
		return;
	stream->paused = false;
	if (stream->lost)
		return;
	if (!stream->ended)
		stream->ops->set_reading(stream, true);
	stream->again = true;
	if (!stream->in_read && (rl_stream_in_hand(stream) || (stream->ended && !stream->end_told)))
		rl_loop_defer(stream->loop, &stream->task);
}

/* Closed and lost streams are out of the sum: their memory is as good as freed. */
void rl_stream_account(struct rl_stream *stream, ptrdiff_t bytes)
{
	if (stream->closed || stream->lost)
		return;
	if (bytes >= 0)
		rl_stream_group_hold(stream->group, (size_t)bytes);
	else
		rl_stream_group_give(stream->group, (size_t)-bytes);
}

void rl_stream_charge(struct rl_stream *stream, ptrdiff_t bytes)
{
	assert(bytes >= 0 || (size_t)-bytes <= stream->charged);
	stream->charged = (uint32_t)((ptrdiff_t)stream->charged + bytes);
	rl_stream_account(stream, bytes);
}

static void leave_work(struct rl_stream *stream)
{
	rl_list_remove(&stream->work);
	stream->blocked = false;
}

void rl_stream_lose(struct rl_stream *stream, int rc)
{
	if (stream->closed || stream->lost)
		return;
	rl_stream_group_give(stream->group, rl_stream_held(stream));
	stream->lost = (int8_t)rc;
	leave_work(stream);
	stream->ops->set_reading(stream, false);
	rl_loop_defer(stream->loop, &stream->task);
}

static inline bool may_write(const struct rl_stream *stream)
{
	return !stream->closed && !stream->lost && !stream->shut;
}

void rl_stream_flush_later(struct rl_stream *stream)
{
	if (!rl_list_empty(&stream->work) || !stream->queue.bytes)
		return;
	rl_list_append(&stream->loop->flush, &stream->work);
	rl_loop_need_turn(stream->loop);
}

/* n bytes were queued. */
static inline int queued(struct rl_stream *stream, size_t n)
{
	struct rl_stream_group *group = stream->group;
	rl_stream_group_hold(group, n);
	if (rl_list_empty(&stream->work) && !stream->in_read) { /* else when that ends */
		rl_list_append(&stream->loop->flush, &stream->work);
		rl_loop_need_turn(stream->loop);
	}
	if (stream->queue.bytes > group->high) {
		stream->over = true;
		stream->drained = false;
	}
	return stream->over;
}

int rl_stream_write_parts(struct rl_stream *stream, const struct rl_slice *parts, size_t count)
{
	size_t total = 0;
	if (!may_write(stream))
		return RILL_ECLOSED;
	for (size_t i = 0; i < count; i++)
		total += parts[i].len;
	if (!total)
		return stream->over;
	uint8_t *to = rl_queue_claim(&stream->queue, &stream->loop->chunks, total, stream->in_read);
	if (to) {
		for (size_t i = 0; i < count; i++) {
			if (parts[i].len)
				memcpy(to, parts[i].data, parts[i].len);
			to += parts[i].len;
		}
	} else {
		int rc = rl_queue_append(&stream->queue, &stream->loop->chunks, parts, count);
		if (rc < 0)
			return rc;
	}
	return queued(stream, total);
}

int rl_stream_claimed_first(struct rl_stream *stream, size_t n)
{
	return queued(stream, n);
}

int rl_stream_write(struct rl_stream *stream, struct rl_slice bytes)
{
	if (!may_write(stream) || !bytes.len)
		return rl_stream_write_parts(stream, &bytes, 1);
	uint8_t *to = rl_queue_claim(
		&stream->queue, &stream->loop->chunks, bytes.len, stream->in_read);
	if (!to)
		return rl_stream_write_parts(stream, &bytes, 1);
	memcpy(to, bytes.data, bytes.len);
	return queued(stream, bytes.len);
}

int rl_stream_write_blob(
	struct rl_stream *stream, struct rl_slice head, struct rl_blob *blob, struct rl_slice part)
{
	struct rl_chunk_pool *pool = &stream->loop->chunks;
	if (part.len < COPY_BELOW)
		return rl_stream_write_parts(stream, (struct rl_slice[]){ head, part }, 2);
	if (!may_write(stream))
		return RILL_ECLOSED;
	struct rl_chunk *ref = rl_chunk_ref(pool, blob, part);
	if (!ref)
		return RILL_ENOMEM;
	int rc = rl_queue_append(&stream->queue, pool, &head, 1);
	if (rc < 0) {
		rl_chunk_free(pool, ref);
		return rc;
	}
	rl_queue_push(&stream->queue, ref);
	return queued(stream, head.len + part.len);
}

/* What is left of the two parts behind their first n bytes. */
static void skip_parts(struct rl_slice parts[2], size_t n)
{
	size_t first = n < parts[0].len ? n : parts[0].len;
	rl_slice_skip(&parts[0], first);
	rl_slice_skip(&parts[1], n - first);
}

int rl_stream_write_large(struct rl_stream *stream, struct rl_slice head, struct rl_slice bytes)
{
	struct rl_slice parts[2] = { head, bytes };
	if (bytes.len < LARGE || stream->queue.bytes || !stream->ops->write_now ||
		!may_write(stream))
		return rl_stream_write_parts(stream, parts, 2);

	struct iovec vec[2] = { { (void *)(uintptr_t)head.data, head.len },
		{ (void *)(uintptr_t)bytes.data, bytes.len } };
	int skip = head.len ? 0 : 1;
	ptrdiff_t n = stream->ops->write_now(stream, vec + skip, 2 - skip);
	if (n < 0) {
		rl_stream_lose(stream, (int)n);
		return RILL_ECLOSED;
	}
	if (n == 0)
		return rl_stream_write_parts(stream, parts, 2);
	stream->progress_at = (uint32_t)rl_loop_now(stream->loop);
	skip_parts(parts, (size_t)n);
	int rc = rl_stream_write_parts(stream, parts, 2);
	if (rc == RILL_ENOMEM) {
		/* Its beginning is on its way, so that nothing sensible can follow. */
		rl_stream_lose(stream, RILL_ENOMEM);
		return RILL_ECLOSED;
	}
	return rc;
}

int rl_stream_wrote_shared(struct rl_stream *stream, struct rl_blob *blob, ptrdiff_t n)
{
	const struct rl_slice nothing = { NULL, 0 };
	struct rl_slice rest = rl_blob_slice(blob);
	if (n < 0) {
		rl_stream_lose(stream, (int)n);
		return RILL_ECLOSED;
	}
	if (n == 0)
		return rl_stream_write_blob(stream, nothing, blob, rest);
	stream->progress_at = (uint32_t)rl_loop_now(stream->loop);
	rl_slice_skip(&rest, (size_t)n);
	int rc = rl_stream_write_blob(stream, nothing, blob, rest);
	if (rc == RILL_ENOMEM) {
		/* As in rl_stream_write_large(). */
		rl_stream_lose(stream, RILL_ENOMEM);
		return RILL_ECLOSED;
	}
	return rc;
}

static void shut_down(struct rl_stream *stream)
{
	stream->shut_done = true;
	stream->ops->shutdown(stream);
}

/* The queue is empty, or at least at the low mark, and that matters to somebody. */
static void sunk(struct rl_stream *stream)
{
	if (stream->over) {
		stream->over = false;
		stream->drained = true;
		rl_loop_defer(stream->loop, &stream->task);
	}
	if (stream->queue.bytes)
		return;
	if (stream->shut && !stream->shut_done)
		shut_down(stream);
	if (stream->tell_flushed) {
		stream->flushed = true;
		rl_loop_defer(stream->loop, &stream->task);
	}
}

void rl_stream_wrote(struct rl_stream *stream, size_t n)
{
	if (!n || stream->closed || stream->lost)
		return;
	rl_queue_consume(&stream->queue, &stream->loop->chunks, n);
	rl_stream_group_give(stream->group, n);
	if (stream->blocked) {
		stream->progress_at = (uint32_t)rl_loop_now(stream->loop);
		leave_work(stream);
		rl_stream_flush_later(stream);
	} else if (!stream->queue.bytes && !rl_list_empty(&stream->work)) {
		rl_list_remove(&stream->work);
	}
	if (stream->over ? stream->queue.bytes <= stream->group->low
			 : !stream->queue.bytes && (stream->shut || stream->tell_flushed))
		sunk(stream);
}

void rl_stream_blocked(struct rl_stream *stream)
{
	struct rl_stream_group *group = stream->group;
	if (stream->blocked || stream->closed || stream->lost)
		return;
	rl_list_remove(&stream->work);
	rl_list_append(&group->blocked, &stream->work);
	stream->blocked = true;
	stream->progress_at = (uint32_t)rl_loop_now(stream->loop);
	if (group->stall_ms && !rl_timer_is_set(&group->sweep))
		rl_loop_set_timer(group->loop, &group->sweep,
			rl_loop_now(stream->loop) + rl_stream_group_look_ms(group));
}

void rl_stream_flush(struct rl_stream *stream)
{
	if (stream->closed || stream->lost || stream->blocked || !stream->queue.bytes)
		return;
	rl_list_remove(&stream->work);
	stream->ops->flush(stream);
}

/* What writes anew while others are flushed stands behind the end of this walk and has the next. */
void rl_loop_flush_streams(struct rill_loop *loop)
{
	struct rl_list now;
	rl_list_init(&now);
	rl_list_splice(&now, &loop->flush);
	while (!rl_list_empty(&now)) {
		struct rl_stream *stream = rl_container(now.next, struct rl_stream, work);
		rl_list_remove(&stream->work);
		stream->ops->flush(stream);
	}
}

void rl_stream_shutdown(struct rl_stream *stream)
{
	if (!may_write(stream))
		return;
	stream->shut = true;
	if (!stream->queue.bytes)
		shut_down(stream);
}

void rl_stream_close(struct rl_stream *stream)
{
	assert(!stream->closed && "a stream is closed once");
	if (!stream->lost)
		rl_stream_group_give(stream->group, rl_stream_held(stream));
	if (stream->group->peak_count - --stream->group->count >= RL_TRIM_COUNT)
		rl_stream_group_sank(stream->group);
	stream->closed = true;
	leave_work(stream);
	rl_list_remove(&stream->task.node);
	rl_list_remove(&stream->group_node);
	if (stream->group->on_freed)
		stream->group->on_freed(stream->group, stream);
	stream->group = NULL; /* it may go before the last operation has ended */
	stream->ops->close(stream);
}

static void free_stream(struct rl_task *task)
{
	struct rl_stream *stream = rl_container(task, struct rl_stream, task);
	rl_queue_clear(&stream->queue, &stream->loop->chunks);
	rl_free(&stream->loop->env, stream->kept);
	stream->ops->free(stream);
}

void rl_stream_bury(struct rl_stream *stream)
{
	assert(stream->closed);
	rl_list_remove(&stream->task.node);
	stream->task.fn = free_stream;
	rl_loop_bury(stream->loop, &stream->task);
}
