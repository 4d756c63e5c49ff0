/* stream_program.h: owners of streams in memory that write down what they are told. */
#ifndef TEST_NET_STREAM_PROGRAM_H
#define TEST_NET_STREAM_PROGRAM_H

#include <stdlib.h>
#include "support/memory_stream.h"
#include "support/support.h"

/* An owner that writes down what it is told, and does one more thing inside. */
struct peer {
	struct rl_stream *stream;
	uint8_t got[40 * 1024];
	size_t len;
	size_t use; /* of each on_read; SIZE_MAX: all */
	int reads, ends, drains, flushes, lost;
	bool open;
	void (*inside)(struct peer *peer);
	uint8_t *target;
	size_t target_len;
};

static struct {
	struct rill_loop *loop;
	struct rl_stream_group group;
	struct peer a, b, c;
	bool in_call; /* a downcall is under way: no upcall may come */
} t;

static inline struct peer *told(struct rl_stream *stream)
{
	struct peer *peer = stream->owner;
	assert_false(t.in_call);
	assert_true(t.loop->in_turn);
	assert_true(peer->open);
	return peer;
}

static inline void inside(struct peer *peer)
{
	if (peer->inside)
		peer->inside(peer);
}

static inline void on_read(struct rl_stream *stream, struct rl_slice *in)
{
	struct peer *peer = told(stream);
	assert_false(stream->paused);
	assert_int_equal(peer->ends, 0);
	size_t n = peer->use < in->len ? peer->use : in->len;
	assert_true(peer->len + n <= sizeof(peer->got));
	/* It is ours to write to. */
	for (size_t i = 0; i < in->len; i++)
		*(uint8_t *)(uintptr_t)&in->data[i] ^= 0;
	memcpy(peer->got + peer->len, in->data, n);
	peer->len += n;
	peer->reads++;
	rl_slice_skip(in, n);
	inside(peer);
}

static inline void on_end(struct rl_stream *stream)
{
	struct peer *peer = told(stream);
	assert_false(stream->paused);
	peer->ends++;
	inside(peer);
}

static inline void on_drain(struct rl_stream *stream)
{
	struct peer *peer = told(stream);
	peer->drains++;
	assert_true(rl_stream_queued(stream) <= t.group.low);
	inside(peer);
}

static inline void on_lost(struct rl_stream *stream, int rc)
{
	struct peer *peer = told(stream);
	assert_int_equal(peer->lost, 0);
	peer->lost = rc;
	inside(peer);
}

static inline void on_flushed(struct rl_stream *stream)
{
	told(stream)->flushes++;
}

static const struct rl_stream_events events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
};

static const struct rl_stream_events events_flushed = {
	.on_read = on_read,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
	.on_flushed = on_flushed,
};

static inline void own(struct rl_stream *stream, struct peer *peer)
{
	peer->stream = stream;
	peer->open = true;
	peer->use = SIZE_MAX;
	rl_stream_own(stream, &events, peer);
}

static inline void start(void)
{
	struct rl_stream *a, *b;
	memset(&t, 0, sizeof(t));
	t.loop = test_loop();
	assert_non_null(t.loop);
	rl_stream_group_init(&t.group, t.loop);
	memory_stream_pair(&t.group, &a, &b);
	own(a, &t.a);
	own(b, &t.b);
	rl_stream_resume(a);
	rl_stream_resume(b);
}

static inline void close_peer(struct peer *peer)
{
	if (!peer->open)
		return;
	peer->open = false;
	rl_stream_close(peer->stream);
}

static inline void finish(void)
{
	close_peer(&t.a);
	close_peer(&t.b);
	close_peer(&t.c);
	assert_int_equal(t.group.count, 0);
	assert_int_equal(t.group.buffered, 0);
	rl_stream_group_fini(&t.group);
	rill_loop_free(t.loop);
}

static inline int write_text(struct peer *peer, const char *text)
{
	t.in_call = true;
	int rc = rl_stream_write(peer->stream, rl_slice_str(text));
	t.in_call = false;
	return rc;
}

static inline int write_bytes(struct peer *peer, size_t n)
{
	static const uint8_t zeros[100000];
	t.in_call = true;
	int rc = rl_stream_write(peer->stream, rl_slice(zeros, n));
	t.in_call = false;
	return rc;
}

static inline void expect_got(struct peer *peer, const char *text)
{
	test_expect_text(peer->got, peer->len, text);
	peer->len = 0;
}

#endif
