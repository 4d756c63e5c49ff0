/* stream_hand.c: bytes in hand: what has come, shown to the owner in one piece with what it left
 * before.
 *
 * What is left over is saved once, in kept. When more comes, and the stream below has room in
 * front of it, the few bytes of a cut head are put there; longer ones are joined in kept. Its
 * memory is given back as soon as nothing is left over. */
#include "net/stream.h"

/* More than this in one stream's hand is no cut message but somebody's mistake. */
enum { MAX_KEPT = 1 << 30, MIN_KEPT = 64 };

static int reserve(struct rl_stream *stream, size_t need)
{
	struct rl_hand *kept = stream->kept;
	size_t cap = kept ? kept->cap : MIN_KEPT;
	if (kept && need <= cap)
		return 0;
	if (need > MAX_KEPT)
		return RILL_ELIMIT;
	while (cap < need)
		cap *= 2;
	kept = rl_resize(&stream->loop->env, kept, sizeof(*kept) + cap);
	if (!kept)
		return RILL_ENOMEM;
	if (!stream->kept)
		kept->len = 0;
	kept->cap = (uint32_t)cap;
	stream->kept = kept;
	return 0;
}

static int keep(struct rl_stream *stream, const uint8_t *data, size_t n)
{
	if (!n)
		return 0;
	int rc = reserve(stream, rl_stream_in_hand(stream) + n);
	if (rc < 0)
		return rc;
	struct rl_hand *kept = stream->kept;
	memcpy(kept->bytes + kept->len, data, n);
	kept->len += (uint32_t)n;
	rl_stream_account(stream, (ptrdiff_t)n);
	return 0;
}

/* kept has been used up to its last len bytes. Of a closed stream it stays: the owner may be
 * looking at it still. */
static void keep_last(struct rl_stream *stream, size_t len)
{
	struct rl_hand *kept = stream->kept;
	size_t used = kept->len - len;
	if (stream->closed)
		return;
	rl_stream_account(stream, -(ptrdiff_t)used);
	kept->len = (uint32_t)len;
	if (len) {
		memmove(kept->bytes, kept->bytes + used, len);
	} else {
		rl_free(&stream->loop->env, kept);
		stream->kept = NULL;
	}
}

/* What was lent goes now, or is copied. */
static void settle_lent(struct rl_stream *stream)
{
	stream->lent = false;
	rl_list_remove(&stream->work); /* what was blocked has taken no loan */
	stream->ops->flush(stream);
	if (stream->queue.bytes && rl_queue_keep(&stream->queue, &stream->loop->chunks) < 0)
		rl_stream_lose(stream, RILL_ENOMEM);
}

/* What the owner has queued meanwhile. More than a little is written while it is in the cache, and
 * its memory serves the next; so is what could not be joined with anything more. */
static inline void write_out(struct rl_stream *stream)
{
	if (stream->lent)
		settle_lent(stream);
	else if (!rl_list_empty(&stream->work))
		return; /* had some before, or is blocked */
	else if (stream->queue.bytes > RL_CHUNK_SMALL || stream->loop->last_event)
		stream->ops->flush(stream);
	else
		rl_stream_flush_later(stream);
}

/* Shows the bytes to the owner, and what it leaves to the next owner if there is one then. */
static inline __attribute__((always_inline)) void show(struct rl_stream *stream, struct rl_slice *in, bool lends)
{
	assert(!stream->in_read && "on_read is not entered twice");
	const uint8_t *end = in->data + in->len;
	(void)end;
	stream->in_read = true;
	stream->lends = lends && !stream->keeps_bytes;
	do {
		stream->owned = stream->again = false;
		stream->events->on_read(stream, in);
		assert(in->data + in->len == end);
	} while (stream->owned && in->len && !stream->paused && !stream->closed && !stream->lost);
	stream->in_read = stream->lends = false;
	if (stream->queue.bytes && !stream->closed && !stream->lost)
		write_out(stream);
}

/* The owner resumed, or became the owner, while bytes were shown, and has more to be told. */
static void show_later(struct rl_stream *stream)
{
	if (stream->again && !stream->paused && !stream->closed && !stream->lost &&
		(rl_stream_in_hand(stream) || (stream->ended && !stream->end_told)))
		rl_loop_defer(stream->loop, &stream->task);
}

/* All that is in hand is in kept. */
static void show_kept(struct rl_stream *stream)
{
	struct rl_slice in = rl_slice(stream->kept->bytes, stream->kept->len);
	show(stream, &in, false);
	keep_last(stream, in.len);
}

static void feed_joined(struct rl_stream *stream, const uint8_t *data, size_t n)
{
	int rc = keep(stream, data, n);
	if (rc < 0)
		rl_stream_lose(stream, rc);
	else if (!stream->paused)
		show_kept(stream);
}

/* What the owner has left of what it was shown. */
static void save_rest(struct rl_stream *stream, struct rl_slice in)
{
	if (stream->closed)
		return;
	if (in.len) {
		int rc = keep(stream, in.data, in.len);
		if (rc < 0)
			rl_stream_lose(stream, rc);
		show_later(stream);
	} else if (stream->kept) {
		keep_last(stream, 0);
	}
}

/* Bytes came on top of some in hand, or while nobody wants them. */
static void feed_more(struct rl_stream *stream, uint8_t *data, size_t n, bool has_headroom)
{
	struct rl_slice in = rl_slice(data, n);
	size_t in_hand = rl_stream_in_hand(stream);
	/* The memory of all together has run out in this turn: whoever holds most is cut at its end, and what
	 * comes until then waits, because what it becomes may be a thousand times as much. */
	if (rl_stream_group_over(stream->group)) {
		int rc = keep(stream, data, n);
		if (rc < 0)
			rl_stream_lose(stream, rc);
		stream->again = true;
		rl_loop_defer(stream->loop, &stream->task);
		return;
	}
	if (stream->paused ||
		(in_hand && (!has_headroom || in_hand > RL_HEADROOM))) {
		feed_joined(stream, data, n);
		show_later(stream);
		return;
	}
	if (in_hand) {
		in = rl_slice(data - in_hand, n + in_hand);
		memcpy(data - in_hand, stream->kept->bytes, in_hand);
		rl_stream_account(stream, -(ptrdiff_t)in_hand);
		stream->kept->len = 0;
	}
	show(stream, &in, true);
	save_rest(stream, in);
}

void rl_stream_feed(struct rl_stream *stream, uint8_t *data, size_t n, bool has_headroom)
{
	struct rl_slice in = rl_slice(data, n);
	if (stream->closed || stream->lost || !n)
		return;
	if (stream->paused || stream->kept || rl_stream_group_over(stream->group)) {
		feed_more(stream, data, n, has_headroom);
		return;
	}
	show(stream, &in, true);
	if (in.len || stream->kept)
		save_rest(stream, in);
}

static void tell_end(struct rl_stream *stream)
{
	stream->end_told = true;
	stream->events->on_end(stream);
}

void rl_stream_feed_end(struct rl_stream *stream)
{
	if (stream->closed || stream->lost || stream->ended)
		return;
	stream->ended = true;
	if (stream->paused)
		return;
	if (stream->again && rl_stream_in_hand(stream))
		rl_loop_defer(stream->loop, &stream->task); /* those come first */
	else
		tell_end(stream);
}

void rl_stream_show_again(struct rl_stream *stream)
{
	if (stream->paused)
		return; /* again stays for the resume */
	stream->again = false;
	if (rl_stream_in_hand(stream))
		show_kept(stream);
	if (stream->closed || stream->lost || stream->paused)
		return;
	if (stream->again && rl_stream_in_hand(stream))
		show_later(stream);
	else if (stream->ended && !stream->end_told)
		tell_end(stream);
}

int rl_stream_unread(struct rl_stream *stream, struct rl_slice bytes)
{
	if (!bytes.len)
		return 0;
	int rc = reserve(stream, rl_stream_in_hand(stream) + bytes.len);
	if (rc < 0)
		return RILL_ENOMEM;
	struct rl_hand *kept = stream->kept;
	memmove(kept->bytes + bytes.len, kept->bytes, kept->len);
	memcpy(kept->bytes, bytes.data, bytes.len);
	kept->len += (uint32_t)bytes.len;
	rl_stream_account(stream, (ptrdiff_t)bytes.len);
	stream->again = true;
	return 0;
}
