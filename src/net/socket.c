/* socket.c: the plain kind of stream: a connected socket on the loop's engine. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include "net/stream.h"

/* Parts in one gathered write, and writes before others have their turn. */
enum { MAX_PARTS = 64, MAX_WRITES = 16 };

struct socket_stream {
	struct rl_stream stream;
	struct rl_sock sock;
};

static struct socket_stream *of(struct rl_stream *stream)
{
	return rl_container(stream, struct socket_stream, stream);
}

static struct rl_stream *above(struct rl_sock *sock)
{
	return &rl_container(sock, struct socket_stream, sock)->stream;
}

static const struct rl_engine_ops *engine_ops(const struct rl_stream *stream)
{
	return stream->loop->engine->ops;
}

static bool local(const struct rl_stream *stream, struct rl_addr *addr)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	const struct socket_stream *s = rl_container(stream, const struct socket_stream, stream);

	if (getsockname(s->sock.fd, (struct sockaddr *)&own, &len) != 0)
		return false;
	rl_addr_from_sockaddr(addr, &own, len);
	return addr->family == RL_ADDR_IP4 || addr->family == RL_ADDR_IP6;
}

static ptrdiff_t write_queued(struct rl_stream *stream)
{
	struct rl_engine *engine = stream->loop->engine;
	struct iovec parts[MAX_PARTS];
	int count = rl_queue_view(&stream->queue, parts, MAX_PARTS);
	return engine->ops->write(engine, &of(stream)->sock, parts, count);
}

/* What has become of a write: may there be another? */
static bool wrote(struct rl_stream *stream, ptrdiff_t n)
{
	if (n == RL_PENDING)
		rl_stream_blocked(stream);
	else if (n < 0)
		rl_stream_lose(stream, (int)n);
	else
		rl_stream_wrote(stream, (size_t)n);
	return n >= 0;
}

static __attribute__((noinline)) void flush_all(struct rl_stream *stream)
{
	for (int i = 0; stream->queue.bytes; i++) {
		if (i == MAX_WRITES) {
			rl_stream_flush_later(stream);
			return;
		}
		if (!wrote(stream, write_queued(stream)))
			return;
	}
}

static void flush(struct rl_stream *stream)
{
	struct rl_engine *engine = stream->loop->engine;
	const struct rl_chunk *chunk = stream->queue.last;
	if (!chunk || chunk->next != chunk) {
		flush_all(stream);
		return;
	}
	struct iovec part = { (void *)(uintptr_t)chunk->data, chunk->len };
	ptrdiff_t n = engine->ops->write(engine, &of(stream)->sock, &part, 1);
	if (n == (ptrdiff_t)stream->queue.bytes)
		rl_stream_wrote_all(stream);
	else if (wrote(stream, n))
		flush_all(stream);
}

static ptrdiff_t write_now(struct rl_stream *stream, const struct iovec *parts, int count)
{
	struct rl_sock *sock = &of(stream)->sock;
	if (sock->writing)
		return 0;
	return engine_ops(stream)->write_now(stream->loop->engine, sock, parts, count);
}

/* The kernel says that it has room only when a third of its buffer is free, which a slow peer takes
 * minutes for, and finds some while it probes a closed window, where the peer takes nothing. So it
 * is asked what the peer has acknowledged. */
static bool taken(struct rl_stream *stream)
{
	struct rl_sock *sock = &of(stream)->sock;
	int bytes = 0;
	if (ioctl(sock->fd, SIOCOUTQ, &bytes) != 0)
		return false;
	bool less = (uint32_t)bytes < sock->unacknowledged;
	sock->unacknowledged = (uint32_t)bytes;
	return less;
}

static void set_reading(struct rl_stream *stream, bool on)
{
	engine_ops(stream)->set_reading(stream->loop->engine, &of(stream)->sock, on);
}

static void set_aimed(struct rl_stream *stream, bool on)
{
	of(stream)->sock.aimed = on;
}

static void shut_down(struct rl_stream *stream)
{
	engine_ops(stream)->shutdown(stream->loop->engine, &of(stream)->sock);
}

/* A peer that takes nothing, or that is cut for the memory it costs, would go on costing what the
 * kernel holds for it, and would not hear of its end: a reset frees that at once. */
static void reset_at_close(struct rl_stream *stream)
{
	struct linger at_once = { .l_onoff = 1 };
	setsockopt(of(stream)->sock.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void close_below(struct rl_stream *stream)
{
	if (stream->lost == RILL_ETIMEDOUT || stream->lost == RILL_ELIMIT)
		reset_at_close(stream);
	engine_ops(stream)->close_sock(stream->loop->engine, &of(stream)->sock);
}

static void free_socket(struct rl_stream *stream)
{
	rl_free(&stream->loop->env, of(stream));
}

static void on_read(struct rl_sock *sock, uint8_t *data, size_t n)
{
	rl_stream_feed(above(sock), data, n, true);
}

static void on_end(struct rl_sock *sock, int rc)
{
	if (rc < 0)
		rl_stream_lose(above(sock), rc);
	else
		rl_stream_feed_end(above(sock));
}

static void on_written(struct rl_sock *sock, ptrdiff_t n)
{
	struct rl_stream *stream = above(sock);
	if (n < 0) {
		rl_stream_lose(stream, (int)n);
		return;
	}
	rl_stream_wrote(stream, (size_t)n);
	if (!stream->lost && !stream->closed)
		flush(stream);
}

static void on_closed(struct rl_sock *sock)
{
	rl_stream_bury(above(sock));
}

static uint8_t *target(struct rl_sock *sock, size_t *len)
{
	struct rl_stream *stream = above(sock);
	if (rl_stream_in_hand(stream) || stream->lost)
		return NULL;
	return stream->events->target(stream, len);
}

static void on_target(struct rl_sock *sock, size_t n)
{
	struct rl_stream *stream = above(sock);
	stream->events->on_target(stream, n);
}

const struct rl_sock_events rl_socket_events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_written = on_written,
	.on_closed = on_closed,
	.target = target,
	.on_target = on_target,
};

#define SOCKET_OPS(kind)                                                                           \
	{                                                                                          \
		.name = kind, .flush = flush, .write_now = write_now, .local = local,              \
		.taken = taken,                                                                    \
		.set_reading = set_reading, .set_aimed = set_aimed, .shutdown = shut_down, .close = close_below,           \
		.free = free_socket,                                                               \
	}

static const struct rl_stream_ops tcp_ops = SOCKET_OPS("tcp");
static const struct rl_stream_ops unix_ops = SOCKET_OPS("unix");

/* Accepted sockets have the first from accept4() and the second from their listener; others come as
 * somebody else left them. */
static int prepare(int fd, bool tcp)
{
	int flags = fcntl(fd, F_GETFL), one = 1;
	if (flags < 0)
		return RILL_EIO;
	if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return RILL_EIO;
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return 0;
}

int rl_socket_stream(struct rl_stream **result, struct rl_stream_group *group, int fd,
	const struct rl_addr *peer)
{
	int rc = prepare(fd, !(peer && peer->family == RL_ADDR_UNIX));
	return rc < 0 ? rc : rl_accepted_stream(result, group, fd, peer);
}

int rl_accepted_stream(struct rl_stream **result, struct rl_stream_group *group, int fd,
	const struct rl_addr *peer)
{
	struct rl_engine *engine = group->loop->engine;
	bool local = peer && peer->family == RL_ADDR_UNIX;
	int rc;

	struct socket_stream *s = rl_alloc(&group->loop->env, sizeof(*s));
	if (!s)
		return RILL_ENOMEM;
	s->sock = (struct rl_sock){ .fd = fd };
	rc = engine->ops->add(engine, &s->sock);
	if (rc < 0) {
		rl_free(&group->loop->env, s);
		return rc;
	}
	rl_stream_init(&s->stream, local ? &unix_ops : &tcp_ops, group, peer);
	s->stream.keeps_bytes = engine->ops->keeps_bytes;
	*result = &s->stream;
	return 0;
}
