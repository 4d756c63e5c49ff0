/* memory_stream.c: see memory_stream.h. Each end holds the bytes on their way to it, which its
 * task, at the end of a turn, feeds piece by piece. */
#include <stdlib.h>
#include <sys/uio.h>
#include "support/memory_stream.h"
#include "support/support.h"

struct end {
	struct rl_stream stream;
	struct end *peer; /* NULL: closed */
	struct rl_task task;
	uint8_t *in;
	size_t in_len;
	bool in_end, end_fed, reading, headroom;
	size_t next, others, room;
};

static struct end *of(struct rl_stream *stream)
{
	return rl_container(stream, struct end, stream);
}

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static size_t put(struct end *to, const uint8_t *data, size_t n)
{
	if (n > to->room)
		n = to->room;
	if (!n)
		return 0;
	if (to->room != SIZE_MAX)
		to->room -= n;
	to->in = must(realloc(to->in, to->in_len + n));
	memcpy(to->in + to->in_len, data, n);
	to->in_len += n;
	rl_loop_defer(to->stream.loop, &to->task);
	return n;
}

static void end_it(struct end *to)
{
	to->in_end = true;
	rl_loop_defer(to->stream.loop, &to->task);
}

/* Memory of its own for each piece, so that a byte too far is found out. */
static void feed_piece(struct end *e)
{
	size_t n = e->next && e->next < e->in_len ? e->next : e->in_len;
	size_t front = e->headroom ? RL_HEADROOM : 0;
	uint8_t *piece = must(malloc(front + n));
	memcpy(piece + front, e->in, n);
	memmove(e->in, e->in + n, e->in_len - n);
	e->in_len -= n;
	e->next = e->others;
	rl_stream_feed(&e->stream, piece + front, n, e->headroom);
	free(piece);
}

static void deliver(struct rl_task *task)
{
	struct end *e = rl_container(task, struct end, task);
	if (!e->reading || e->stream.closed)
		return;
	if (e->in_len) {
		feed_piece(e);
		if (!e->stream.closed)
			rl_loop_defer(e->stream.loop, &e->task);
	} else if (e->in_end && !e->end_fed) {
		e->end_fed = true;
		rl_stream_feed_end(&e->stream);
	}
}

static void flush(struct rl_stream *stream)
{
	struct end *e = of(stream);
	while (stream->queue.bytes) {
		const struct rl_chunk *chunk = rl_queue_first(&stream->queue);
		if (!e->peer) {
			rl_stream_lose(stream, RILL_ERESET);
			return;
		}
		size_t n = put(e->peer, chunk->data, chunk->len);
		if (!n) {
			rl_stream_blocked(stream);
			return;
		}
		rl_stream_wrote(stream, n);
	}
}

static ptrdiff_t write_now(struct rl_stream *stream, const struct iovec *parts, int count)
{
	struct end *e = of(stream);
	ptrdiff_t sum = 0;
	if (!e->peer)
		return RILL_ERESET;
	for (int i = 0; i < count; i++) {
		size_t n = put(e->peer, parts[i].iov_base, parts[i].iov_len);
		sum += (ptrdiff_t)n;
		if (n < parts[i].iov_len)
			break;
	}
	return sum;
}

static void set_reading(struct rl_stream *stream, bool on)
{
	struct end *e = of(stream);
	e->reading = on;
	if (on && (e->in_len || e->in_end))
		rl_loop_defer(stream->loop, &e->task);
}

static void shut_down(struct rl_stream *stream)
{
	if (of(stream)->peer)
		end_it(of(stream)->peer);
}

static void close_end(struct rl_stream *stream)
{
	struct end *e = of(stream);
	if (e->peer) {
		end_it(e->peer);
		e->peer->peer = NULL;
		e->peer = NULL;
	}
	rl_list_remove(&e->task.node);
	rl_stream_bury(stream);
}

static void free_end(struct rl_stream *stream)
{
	free(of(stream)->in);
	free(of(stream));
}

static const struct rl_stream_ops memory_ops = {
	.name = "memory",
	.flush = flush,
	.write_now = write_now,
	.set_reading = set_reading,
	.shutdown = shut_down,
	.close = close_end,
	.free = free_end,
};

static struct end *new_end(struct rl_stream_group *group)
{
	static const struct rl_addr peer = { .family = RL_ADDR_IP4, .ip = { 127, 0, 0, 1 } };
	struct end *e = must(calloc(1, sizeof(*e)));
	rl_stream_init(&e->stream, &memory_ops, group, &peer);
	rl_task_init(&e->task, deliver);
	e->room = SIZE_MAX;
	return e;
}

void memory_stream_pair(struct rl_stream_group *group, struct rl_stream **a, struct rl_stream **b)
{
	struct end *one = new_end(group), *other = new_end(group);
	one->peer = other;
	other->peer = one;
	*a = &one->stream;
	*b = &other->stream;
}

void memory_stream_pieces(struct rl_stream *end, size_t first, size_t others, bool headroom)
{
	of(end)->next = first;
	of(end)->others = others;
	of(end)->headroom = headroom;
}

void memory_stream_room(struct rl_stream *end, size_t room)
{
	struct end *e = of(end);
	e->room = room;
	if (!room || !e->peer || !e->peer->stream.blocked)
		return;
	rl_list_remove(&e->peer->stream.work);
	e->peer->stream.blocked = false;
	rl_list_append(&end->loop->flush, &e->peer->stream.work);
	rl_loop_need_turn(end->loop);
}

void memory_stream_break(struct rl_stream *end, int rc)
{
	rl_stream_lose(end, rc);
}

struct rill_loop *test_loop(void)
{
	rill_loop_options options;
	rill_loop *loop;
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	options.log = test_env()->log;
	options.log_level = RILL_LOG_WARN;
	if (rill_loop_new(&loop, &options) < 0)
		return NULL;
	loop->env.clock = test_env()->clock;
	loop->env.random = test_env()->random;
	loop->now = test_now;
	rl_wheel_init(&loop->wheel, test_now);
	return loop;
}

void test_settle(struct rill_loop *loop)
{
	/* Three turns in a row without work, since sockets take one to hear of their peer. */
	for (int idle = 0; idle < 3;) {
		if (rill_loop_turn(loop) < 0)
			abort();
		bool work = loop->kicked || !rl_list_empty(&loop->flush) ||
			    !rl_list_empty(&loop->tasks) || !rl_list_empty(&loop->dead);
		idle = work ? 0 : idle + 1;
	}
}
