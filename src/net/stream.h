/* stream.h: what a service reads from and writes to: a byte stream, plain or TLS below.
 *
 * A stream has one owner at a time, named by its events. Reading: on_read() gets all bytes in
 * hand in one writable piece, uses what it can from the front, and sees the rest again with more
 * behind it. Writing: bytes are queued and leave once, at the end of the turn, in one gathered
 * write. No upcall comes from inside a downcall.
 *
 * Closing: the owner calls rl_stream_close() exactly once, whatever happened before; no upcall
 * comes after it; the stream frees itself when the engine has ended its last operation. */
#ifndef RL_NET_STREAM_H
#define RL_NET_STREAM_H

#include <sys/uio.h>
#include "base/blob.h"
#include "base/list.h"
#include "base/slice.h"
#include "net/addr.h"
#include "net/chunk.h"
#include "net/loop.h"

struct rl_stream;

struct rl_stream_events {
	/* Bytes are in hand. *in is advanced over what was used. After a change of owner inside
	 * (rl_stream_own()) the rest goes to the new owner before anything else. */
	void (*on_read)(struct rl_stream *stream, struct rl_slice *in);
	/* The peer has sent its last byte; what is in hand has been shown before. Writing still
	 * works. Once for each owner. */
	void (*on_end)(struct rl_stream *stream);
	/* The queue was above the high-water mark and is at or below the low one. Told at the end
	 * of the turn, like on_flushed. */
	void (*on_drain)(struct rl_stream *stream);
	/* The connection is lost: RILL_ERESET, RILL_ETIMEDOUT (the peer took nothing for the
	 * group's stall time), RILL_ETLS, RILL_EIO, RILL_ENOMEM, RILL_ELIMIT (cut because the
	 * memory of all together ran out). Only rl_stream_close() makes sense now. Once, at the end of a turn. */
	void (*on_lost)(struct rl_stream *stream, int rc);
	/* Optional (may be NULL): memory the next bytes should be received into, see engine.h.
	 * Asked while the owner has said so by rl_stream_aim(). */
	uint8_t *(*target)(struct rl_stream *stream, size_t *len);
	void (*on_target)(struct rl_stream *stream, size_t n);
	/* Optional: the queue is empty after having been written out. Told while the stream's
	 * tell_flushed is set, which it is for an owner with this upcall until the owner clears
	 * it: who needs it now and then need not pay for it at each write. */
	void (*on_flushed)(struct rl_stream *stream);
};

/* How a kind of stream moves bytes: sockets (socket.c), TLS (tls.c), memory (tests). */
struct rl_stream_ops {
	const char *name; /* "tcp", "unix", "tls", "memory" */
	bool secure;
	/* Moves what it can of the queue down (end of the turn, or when there is room again). */
	void (*flush)(struct rl_stream *stream);
	/* Optional: takes bytes right now, past an empty queue, without copying; returns how many
	 * were taken, 0 when none, or a negative code. */
	ptrdiff_t (*write_now)(struct rl_stream *stream, const struct iovec *parts, int count);
	/* Optional: this end's address; false: it has none. */
	bool (*local)(const struct rl_stream *stream, struct rl_addr *addr);
	/* Optional: has the peer taken anything since this was last asked? That something below
	 * has taken bytes says nothing of the peer. */
	bool (*taken)(struct rl_stream *stream);
	void (*set_reading)(struct rl_stream *stream, bool on);
	/* Optional: the owner has a target() for the bytes that come, or has none any more. */
	void (*set_aimed)(struct rl_stream *stream, bool on);
	/* The queue is empty and no more writes come: says so to the peer. */
	void (*shutdown)(struct rl_stream *stream);
	/* Lets go of everything below; calls rl_stream_bury() when that is done. */
	void (*close)(struct rl_stream *stream);
	void (*free)(struct rl_stream *stream);
};

struct rl_stream_group;

/* Somebody who holds bytes for peers beside their streams (what waits for a session without one); they
 * are in the same sum, and may be the ones to go. */
struct rl_holder {
	struct rl_list node;
	/* The most that is held for one of its peers. */
	size_t (*most)(struct rl_holder *holder);
	/* Lets go of those for whom at least so much is held, as long as rl_stream_group_over(); frees their
	 * bytes at once. From the loop. */
	void (*cut)(struct rl_holder *holder, size_t least, const struct rl_stream_group *group);
};

/* What many streams have in common: limits, their list, and the bytes they hold together. */
struct rl_stream_group {
	struct rill_loop *loop;
	struct rl_list streams;  /* all of them, by group_node */
	struct rl_list holders;  /* struct rl_holder */
	struct rl_list blocked;  /* those whose peer does not take what is queued, by work */
	struct rl_timer sweep;   /* looks at blocked while it is not empty */
	struct rl_task cut;      /* looks at buffered when it went over the limit */
	size_t high, low;        /* water marks of a queue, bytes */
	uint32_t stall_ms;       /* a peer that takes nothing for so long is lost; 0: never */
	size_t buffered;         /* queues, bytes in hand and what owners charge, all together */
	size_t peak, peak_count; /* the most since memory was last given back to the kernel */
	struct rl_timer trim;    /* gives it back a moment after one has sunk far below */
	size_t max_buffered;     /* above it the streams holding most are lost with RILL_ELIMIT, or whoever
	                            * else holds more is cut; 0: no limit */
	size_t count;
	/* Optional: a stream is being closed for good. What a server counts, it counts down here. */
	void (*on_freed)(struct rl_stream_group *group, struct rl_stream *stream);
};

void rl_stream_group_init(struct rl_stream_group *group, struct rill_loop *loop);
/* How often blocked streams are looked at. */
uint32_t rl_stream_group_look_ms(const struct rl_stream_group *group);
/* So much less than the peak is worth looking for free pages in the heap: bytes, and streams, which
 * have cost what their owners held for them besides (a compressor: up to 300 KiB). */
#define RL_TRIM_BYTES ((size_t)16 * 1024 * 1024)
#define RL_TRIM_COUNT 64

/* That much less there is: sees to it that the kernel gets its pages back. */
void rl_stream_group_sank(struct rl_stream_group *group);

static inline bool rl_stream_group_over(const struct rl_stream_group *group)
{
	return group->max_buffered && group->buffered > group->max_buffered;
}

/* So many bytes are held now; no longer. */
static inline void rl_stream_group_hold(struct rl_stream_group *group, size_t bytes)
{
	group->buffered += bytes;
	if (group->buffered > group->peak)
		group->peak = group->buffered;
	if (rl_stream_group_over(group))
		rl_loop_defer(group->loop, &group->cut);
}

static inline void rl_stream_group_give(struct rl_stream_group *group, size_t bytes)
{
	group->buffered -= bytes;
	if (group->peak - group->buffered > RL_TRIM_BYTES)
		rl_stream_group_sank(group);
}
/* Cuts what still lingers after rl_stream_close_gently(); no other streams are left. */
void rl_stream_group_fini(struct rl_stream_group *group);

/* Bytes in hand that the owner has not used. */
struct rl_hand {
	uint32_t len, cap;
	uint8_t bytes[];
};

struct rl_stream {
	const struct rl_stream_ops *ops;
	const struct rl_stream_events *events;
	void *owner; /* the owner's own */
	struct rill_loop *loop;
	struct rl_stream_group *group;
	struct rl_list group_node;
	struct rl_list work; /* in loop->flush or group->blocked */
	struct rl_task task; /* what is to be told at the end of the turn; then freeing */
	struct rl_queue queue;
	struct rl_hand *kept; /* NULL: none */
	uint32_t charged;     /* bytes the owner holds for this stream (message parts) */
	uint32_t progress_at; /* low bits of the loop's clock: the queue last moved */
	struct rl_addr peer;  /* who it is to be taken for (PROXY protocol seen) */
	int8_t lost;          /* why it is lost; 0: it is not */
	bool told_secure : 1; /* a PROXY header says that the client came over TLS */
	bool paused : 1;
	bool in_read : 1; /* on_read() is under way */
	bool lends : 1;   /* ... of bytes that stay where they are until it ends */
	bool lent : 1;    /* some of those are in the queue */
	bool keeps_bytes : 1; /* what is being written cannot be moved: nothing is lent */
	bool again : 1;   /* what is in hand is to be shown (once more) */
	bool owned : 1;   /* the owner changed while on_read() was under way */
	bool ended : 1;   /* the peer's last byte has been received */
	bool end_told : 1;
	bool lost_told : 1;
	bool over : 1;         /* the queue went over the high-water mark */
	bool drained : 1;      /* on_drain is to be told */
	bool flushed : 1;      /* on_flushed is to be told */
	bool tell_flushed : 1; /* the owner wants to hear on_flushed */
	bool aimed : 1;        /* the owner has a target() for the bytes that come */
	bool blocked : 1;      /* stands in group->blocked */
	bool shut : 1;         /* rl_stream_shutdown() was called */
	bool shut_done : 1;
	bool closed : 1;  /* rl_stream_close() was called */
	bool counted : 1; /* the group's owner counts this one (see on_freed) */
	bool refused : 1; /* likewise: it is only told that there is no room */
};

/* For the kinds of streams: sets the common part up; reading is off until the first
 * rl_stream_resume(). */
void rl_stream_init(struct rl_stream *stream, const struct rl_stream_ops *ops,
	struct rl_stream_group *group, const struct rl_addr *peer);
/* Bytes came from below (writable, RL_HEADROOM in front of them are the loop's to use when
 * has_headroom). */
void rl_stream_feed(struct rl_stream *stream, uint8_t *data, size_t n, bool has_headroom);
void rl_stream_feed_end(struct rl_stream *stream);
void rl_stream_lose(
	struct rl_stream *stream, int rc); /* told at the end of the turn at the latest */
/* n bytes of the queue have been taken below: consumes, keeps the marks, tells on_drain. */
void rl_stream_wrote(struct rl_stream *stream, size_t n);
/* The same for all there is, which is nearly always so. */
static inline void rl_stream_wrote_all(struct rl_stream *stream)
{
	struct rl_stream_group *group = stream->group;
	struct rl_chunk *chunk = stream->queue.last;
	size_t n = stream->queue.bytes;
	if (stream->blocked || stream->over || stream->shut || stream->tell_flushed ||
		chunk->next != chunk || chunk->blob || !rl_list_empty(&stream->work) ||
		group->peak - group->buffered + n > RL_TRIM_BYTES ||
		!rl_chunk_shelve(&stream->loop->chunks, chunk)) {
		rl_stream_wrote(stream, n);
		return;
	}
	group->buffered -= n;
	stream->queue = (struct rl_queue){ 0 };
}
/* The queue could not be moved on now: it stands in blocked until it moves. A stream on a stream
 * whose lower one does so need not. */
void rl_stream_blocked(struct rl_stream *stream);
/* Not blocked, and not done: flushed again behind the others. */
void rl_stream_flush_later(struct rl_stream *stream);
void rl_stream_bury(struct rl_stream *stream); /* nothing below needs it any more: frees it */

/* Between the files of streams: adds to the group's sum; shows what is in hand, and the end; ends
 * a stream that lingers, leaves others alone. */
void rl_stream_account(struct rl_stream *stream, ptrdiff_t bytes);
void rl_stream_show_again(struct rl_stream *stream);
void rl_stream_cut_lingering(struct rl_stream *stream);

/* A stream on a connected descriptor, which it takes over (made non-blocking here, and without
 * Nagle's delay). 0, RILL_ENOMEM, RILL_EIO (then fd is still the caller's). */
int rl_socket_stream(struct rl_stream **stream, struct rl_stream_group *group, int fd,
	const struct rl_addr *peer);

/* Likewise, on a descriptor that one of our acceptors has made: as it should be already. */
int rl_accepted_stream(struct rl_stream **stream, struct rl_stream_group *group, int fd,
	const struct rl_addr *peer);

/* For owners. */

/* Makes somebody the owner. Bytes in hand go to it (on_read at the end of this turn at the
 * latest); it has to resume the stream if that was paused. */
void rl_stream_own(struct rl_stream *stream, const struct rl_stream_events *events, void *owner);

/* Puts bytes that were read elsewhere in front of all that will come. 0 or RILL_ENOMEM. Only
 * before the first resume. */
int rl_stream_unread(struct rl_stream *stream, struct rl_slice bytes);

/* After pause has returned no on_read or on_end comes until resume; after resume bytes in hand
 * are delivered at the end of the turn. Inside on_read: takes hold when it returns. */
void rl_stream_pause(struct rl_stream *stream);
void rl_stream_resume(struct rl_stream *stream);

/* Queues a copy. 0; 1: queued, and the queue is above the high-water mark (on_drain follows);
 * RILL_ECLOSED (lost, shut or closed); RILL_ENOMEM (nothing queued). */
int rl_stream_write(struct rl_stream *stream, struct rl_slice bytes);
int rl_stream_write_parts(struct rl_stream *stream, const struct rl_slice *parts, size_t count);

/* For the smallest and commonest of writes: room for n bytes (not 0) in one piece, which the caller
 * fills before it does anything else, then says so by rl_stream_claimed(), whose result is that of
 * a write. NULL where it is not that simple: write in one of the other ways. */
static inline uint8_t *rl_stream_claim(struct rl_stream *stream, size_t n)
{
	if (stream->closed || stream->lost || stream->shut)
		return NULL;
	return rl_queue_claim(&stream->queue, &stream->loop->chunks, n, stream->in_read);
}
/* The same where it takes no call, else NULL. */
static inline uint8_t *rl_stream_claim_free(struct rl_stream *stream, size_t n)
{
	if (stream->closed || stream->lost || stream->shut ||
		(!stream->queue.last && !stream->loop->chunks.shelves[RL_SHELF_SMALL].free))
		return NULL;
	return rl_queue_claim(&stream->queue, &stream->loop->chunks, n, true);
}
int rl_stream_claimed_first(struct rl_stream *stream, size_t n);
static inline int rl_stream_claimed(struct rl_stream *stream, size_t n)
{
	struct rl_stream_group *group = stream->group;
	size_t buffered = group->buffered + n;
	/* Inside on_read or behind others that wait to be flushed, far from every mark, there is
	 * nothing to do. */
	if ((!stream->in_read && rl_list_empty(&stream->work)) ||
		stream->queue.bytes > group->high || buffered > group->peak)
		return rl_stream_claimed_first(stream, n);
	group->buffered = buffered;
	return stream->over;
}

/* Inside on_read: queues bytes that lie in what is being shown, which are the stream's from now on,
 * without copying those that the peer takes at once. From some size on that is cheaper than a copy,
 * and bytes that lie behind each other leave as one part. Results as above; RILL_EUNSUPPORTED: not
 * now, write in another way. */
#define RL_STREAM_LEND_MIN 512
static inline int rl_stream_lend(struct rl_stream *stream, struct rl_slice bytes)
{
	if (!stream->lends || stream->closed || stream->lost || stream->shut || stream->blocked)
		return RILL_EUNSUPPORTED;
	int rc = rl_queue_lend(&stream->queue, &stream->loop->chunks, bytes);
	if (rc < 0)
		return rc;
	stream->lent = true;
	return rl_stream_claimed(stream, bytes.len);
}

/* From here on, or no more, bytes that come may go to the owner's target(). */
void rl_stream_aim(struct rl_stream *stream, bool on);

/* Queues head (copied) and a reference to part of blob. Results as above. */
int rl_stream_write_blob(
	struct rl_stream *stream, struct rl_slice head, struct rl_blob *blob, struct rl_slice part);

/* All of a blob, with nothing more to follow in this turn: tries the kernel first, and refers to what it
 * did not take. */
int rl_stream_wrote_shared(struct rl_stream *stream, struct rl_blob *blob, ptrdiff_t n);
static inline int rl_stream_write_shared(struct rl_stream *stream, struct rl_blob *blob)
{
	if (stream->queue.bytes || !stream->ops->write_now || stream->closed || stream->lost ||
		stream->shut || !blob->len)
		return rl_stream_write_blob(
			stream, (struct rl_slice){ NULL, 0 }, blob, rl_blob_slice(blob));
	struct iovec part = { blob->data, blob->len };
	ptrdiff_t n = stream->ops->write_now(stream, &part, 1);
	return n == (ptrdiff_t)blob->len ? stream->over : rl_stream_wrote_shared(stream, blob, n);
}

/* Like write_parts, for large bytes: tries the kernel first and copies only what it did not
 * take. */
int rl_stream_write_large(struct rl_stream *stream, struct rl_slice head, struct rl_slice bytes);

/* Writes what is queued now rather than at the end of the turn. */
void rl_stream_flush(struct rl_stream *stream);

/* No more writes: the peer is told behind all that is queued. */
void rl_stream_shutdown(struct rl_stream *stream);

/* The owner is done with it. What is queued is dropped. */
void rl_stream_close(struct rl_stream *stream);

/* Like close, for after an error answer or a final frame: writes what is queued, tells the peer
 * that no more comes, reads and drops what it still sends for up to ms, then closes, so that no
 * reset swallows the last words. Needs no owner any more. */
void rl_stream_close_gently(struct rl_stream *stream, uint32_t ms);

/* Likewise, but it is the peer's part to end first: only when it has not done so within ms do we. */
void rl_stream_close_awaited(struct rl_stream *stream, uint32_t ms);

/* Has the cache fetch what writing will look at: the stream, and what lies behind it. */
static inline void rl_stream_prefetch(const struct rl_stream *stream)
{
	for (size_t at = 0; at < sizeof(*stream) + 64; at += 64)
		__builtin_prefetch((const char *)stream + at);
}

static inline size_t rl_stream_queued(const struct rl_stream *stream)
{
	return stream->queue.bytes;
}

static inline bool rl_stream_above_high(const struct rl_stream *stream)
{
	return stream->over;
}

/* How many bytes are in hand, saved. */
static inline size_t rl_stream_in_hand(const struct rl_stream *stream)
{
	return stream->kept ? stream->kept->len : 0;
}

/* What the group's sum holds for this stream; a lost one is out of it. */
static inline size_t rl_stream_held(const struct rl_stream *stream)
{
	return stream->lost ? 0 : stream->queue.bytes + rl_stream_in_hand(stream) + stream->charged;
}

/* Accounts bytes which the owner holds on this stream's behalf (negative: gives back). */
void rl_stream_charge(struct rl_stream *stream, ptrdiff_t bytes);

/* This end's address; false: not known, or it has none (unix sockets). */
static inline bool rl_stream_local(const struct rl_stream *stream, struct rl_addr *addr)
{
	return stream->ops->local && !stream->closed && stream->ops->local(stream, addr);
}

static inline bool rl_stream_secure(const struct rl_stream *stream)
{
	return stream->ops->secure || stream->told_secure;
}

#endif
