/* linger.c: rl_stream_close_gently(): the owner of a stream nobody owns any more. It drops what
 * comes until the peer ends too, so that closing with bytes unread does not send a reset, which
 * would swallow what the peer has not read yet (RFC 9112, 9.6). The time bounds it, not the bytes:
 * clients commonly write a whole body before they look for the answer that it is too large. */
#include "net/stream.h"

struct parting {
	struct rl_stream *stream;
	struct rl_timer timer;
	uint32_t ms;
};

static void end(struct parting *parting)
{
	struct rill_loop *loop = parting->stream->loop;
	rl_stream_close(parting->stream);
	rl_loop_clear_timer(loop, &parting->timer);
	rl_free(&loop->env, parting);
}

static void drop(struct rl_stream *stream, struct rl_slice *in)
{
	(void)stream;
	rl_slice_skip(in, in->len);
}

/* Nothing more comes: what is still queued is written. */
static void on_end(struct rl_stream *stream)
{
	if (!stream->queue.bytes)
		end(stream->owner);
}

static void on_lost(struct rl_stream *stream, int rc)
{
	(void)rc;
	end(stream->owner);
}

static void on_drain(struct rl_stream *stream)
{
	(void)stream;
}

static void wait_on(struct parting *parting)
{
	struct rill_loop *loop = parting->stream->loop;
	rl_loop_set_timer(loop, &parting->timer, rl_loop_now(loop) + parting->ms);
}

static void on_flushed(struct rl_stream *stream)
{
	if (stream->ended)
		end(stream->owner);
	else
		wait_on(stream->owner);
}

/* The moment is for what the peer still sends. A queue has its time as before, also when its
 * peer is slow to take it: whoever takes nothing is lost by the group's stall_ms. */
static void on_time(struct rl_timer *timer)
{
	struct parting *parting = rl_container(timer, struct parting, timer);
	if (parting->stream->queue.bytes)
		wait_on(parting);
	else
		end(parting);
}

static const struct rl_stream_events lingering = {
	.on_read = drop,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
	.on_flushed = on_flushed,
};

static void part(struct rl_stream *stream, uint32_t ms, bool first)
{
	struct parting *parting = stream->lost ? NULL
					       : rl_alloc(&stream->loop->env, sizeof(*parting));
	if (!parting) {
		rl_stream_close(stream);
		return;
	}
	*parting = (struct parting){ .stream = stream, .ms = ms };
	rl_timer_init(&parting->timer, on_time);
	rl_stream_own(stream, &lingering, parting);
	if (first)
		rl_stream_shutdown(stream);
	rl_stream_resume(stream);
	wait_on(parting);
}

void rl_stream_close_gently(struct rl_stream *stream, uint32_t ms)
{
	part(stream, ms, true);
}

void rl_stream_close_awaited(struct rl_stream *stream, uint32_t ms)
{
	part(stream, ms, false);
}

void rl_stream_cut_lingering(struct rl_stream *stream)
{
	if (stream->events == &lingering)
		end(stream->owner);
}
