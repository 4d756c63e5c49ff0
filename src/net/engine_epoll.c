/* engine_epoll.c: the engine of readiness: level-triggered epoll, one recv() for each readable
 * socket, and no epoll_ctl() while nothing is full or paused.
 *
 * What surprised us: hang-ups and errors are reported whether asked for or not, and level-
 * triggered for ever, so a socket that is not read stands there edge-triggered. Reading is taken
 * off only when bytes come that nobody wants: pausing and resuming within a turn is free.
 *
 * Sockets, acceptors and watches may go away while events for them are still in the batch at
 * hand. A socket's memory stays until the end of the turn and says that it is closed; of the
 * others' events the rest of the batch is cleaned. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "net/loop.h"

/* What an echo does not need stays out of its way. */
#define RARE __attribute__((noinline, cold))

enum { BATCH = 256, MAX_ACCEPTS = 64, MAX_RECEIVES = 4 };

/* What an event belongs to: the low bits of its data. */
enum { IS_SOCK, IS_ACCEPTOR, IS_WATCH, IS_OURS, KIND_MASK = 3 };

#define READS  ((uint32_t)EPOLLIN | EPOLLRDHUP)
#define QUIET  ((uint32_t)EPOLLET)
#define BROKEN ((uint32_t)EPOLLERR | EPOLLHUP)

struct epoll {
	struct rl_engine engine;
	int fd, wake_fd, timer_fd;
	int at, count;                /* of events */
	struct rl_acceptor *acceptor; /* the one whose connections are being accepted */
	struct rl_sock *closed;       /* still to be reported, by next */
	struct epoll_event events[BATCH];
};

static struct epoll *of(struct rl_engine *engine)
{
	return rl_container(engine, struct epoll, engine);
}

static int control(
	struct epoll *e, int op, int fd, uint32_t events, const void *what, unsigned kind)
{
	struct epoll_event event = { .events = events, .data.u64 = (uintptr_t)what | kind };
	return epoll_ctl(e->fd, op, fd, &event);
}

/* An error of epoll_ctl(). */
static int control_error(void)
{
	return errno == ENOMEM || errno == ENOSPC ? RILL_ENOMEM : RILL_EIO;
}

static RARE int socket_error(int error)
{
	switch (error) {
	case ECONNRESET:
	case ECONNABORTED:
	case ECONNREFUSED:
	case EPIPE:
	case ENOTCONN:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
		return RILL_ERESET;
	case ETIMEDOUT:
		return RILL_ETIMEDOUT;
	default:
		return RILL_EIO;
	}
}

/* Takes what is not to be reported any more out of the rest of the batch. */
static void forget(struct epoll *e, const void *what, unsigned kind)
{
	for (int i = e->at + 1; i < e->count; i++)
		if (e->events[i].data.u64 == ((uintptr_t)what | kind))
			e->events[i].events = 0;
}

static inline bool wants_bytes(const struct rl_sock *sock)
{
	return sock->reading && !sock->ended && !sock->failed;
}

/* Asks the kernel for what the socket waits for, if that has changed. */
static inline void arm(struct epoll *e, struct rl_sock *sock)
{
	uint32_t want = (wants_bytes(sock) ? READS : QUIET) | (sock->writing ? EPOLLOUT : 0u);
	if (want == sock->armed)
		return;
	sock->armed = want;
	control(e, EPOLL_CTL_MOD, sock->fd, want, sock, IS_SOCK);
}

static RARE void fail(struct epoll *e, struct rl_sock *sock, int rc)
{
	sock->failed = true;
	e->engine.events->on_end(sock, rc);
}

/* A hang-up or an error of a socket that is not read, or that has nothing more to read. One that
 * was shut down by both sides has come to its end in order. */
static RARE void hang_up(struct epoll *e, struct rl_sock *sock, uint32_t events)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (sock->failed)
		return;
	if (events & EPOLLERR)
		getsockopt(sock->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error)
		fail(e, sock, socket_error(error));
	else if (sock->ended && !sock->shut)
		fail(e, sock, RILL_ERESET);
}

/* Nothing was received: the end, an error, or nothing there after all. */
static RARE void receive_nothing(
	struct epoll *e, struct rl_sock *sock, ssize_t n, uint32_t events)
{
	if (n == 0) {
		sock->ended = true;
		e->engine.events->on_end(sock, 0);
	} else if (errno == EAGAIN || errno == EINTR) {
		if (events & BROKEN)
			hang_up(e, sock, events);
	} else {
		fail(e, sock, socket_error(errno));
	}
}

/* Receives into the owner's memory, and what is more than that behind it into the buffer. */
static __attribute__((noinline)) ssize_t receive_split(struct epoll *e, struct rl_sock *sock,
	uint8_t *target, size_t len, uint8_t *buffer, size_t size)
{
	struct iovec parts[2] = { { target, len }, { buffer, size } };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n = recvmsg(sock->fd, &msg, 0);
	if (n <= 0)
		return n;
	size_t got = (size_t)n, direct = got < len ? got : len;
	e->engine.events->on_target(sock, direct);
	if (got > direct && !sock->closed)
		e->engine.events->on_read(sock, buffer, got - direct);
	return n;
}

static __attribute__((noinline)) void receive_more(struct epoll *e, struct rl_sock *sock, uint32_t events)
{
	uint8_t *buffer = e->engine.loop->receive + RL_HEADROOM;
	size_t size = e->engine.loop->receive_size;

	/* Bounded, so that one connection cannot starve the others: epoll tells again. */
	for (int i = 0; i < MAX_RECEIVES; i++) {
		size_t len = 0;
		uint8_t *target = sock->aimed ? e->engine.events->target(sock, &len) : NULL;
		ssize_t n;
		if (target) {
			n = receive_split(e, sock, target, len, buffer, size);
		} else {
			n = recv(sock->fd, buffer, size, 0);
			if (n > 0)
				e->engine.events->on_read(sock, buffer, (size_t)n);
		}
		if (n <= 0) {
			receive_nothing(e, sock, n, events);
			return;
		}
		/* Less than there was room for: that was all, unless the end stands behind it. */
		if (sock->closed || !sock->reading)
			return;
		if ((size_t)n < len + size && !(events & (BROKEN | EPOLLRDHUP)))
			return;
	}
}

/* Plain bytes for somebody who wants them, in one read. */
static inline void receive(struct epoll *e, struct rl_sock *sock)
{
	const struct rill_loop *loop = e->engine.loop;
	ssize_t n = recv(sock->fd, loop->receive + RL_HEADROOM, loop->receive_size, 0);
	if (n <= 0) {
		receive_nothing(e, sock, n, EPOLLIN);
		return;
	}
	e->engine.events->on_read(sock, loop->receive + RL_HEADROOM, (size_t)n);
	if ((size_t)n == loop->receive_size && !sock->closed && sock->reading)
		receive_more(e, sock, EPOLLIN);
}

/* All but plain bytes for somebody who wants them. */
static RARE void sock_ready_rarely(struct epoll *e, struct rl_sock *sock, uint32_t events)
{
	if (sock->closed)
		return;
	if (sock->writing && (events & (EPOLLOUT | BROKEN))) {
		sock->writing = false;
		e->engine.events->on_written(sock, 0);
		if (sock->closed)
			return;
	}
	if (events & (READS | BROKEN)) {
		if (wants_bytes(sock))
			receive_more(e, sock, events);
		else if (events & BROKEN)
			hang_up(e, sock, events);
	}
	if (!sock->closed)
		arm(e, sock);
}

static inline void sock_ready(struct epoll *e, struct rl_sock *sock, uint32_t events)
{
	static const struct rl_sock plain = { .reading = true };
	if (events != EPOLLIN || sock->flags != plain.flags) {
		sock_ready_rarely(e, sock, events);
		return;
	}
	receive(e, sock);
	if (sock->flags != plain.flags)
		sock_ready_rarely(e, sock, 0); /* a write has armed for itself; more may have changed */
}

static RARE void accept_ready(struct epoll *e, struct rl_acceptor *acceptor)
{
	e->acceptor = acceptor;
	for (int i = 0; i < MAX_ACCEPTS && e->acceptor && acceptor->accepting; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int fd = accept4(
			acceptor->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			acceptor->on_accept(acceptor, fd, &peer, len);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			e->acceptor = NULL;
			return;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
		case EBADF:
		case EINVAL:
			/* The connection stays in the backlog and the socket readable, so that
			 * going on at once would spin. */
			e->acceptor = NULL;
			e->engine.ops->set_accepting(&e->engine, acceptor, false);
			acceptor->on_exhausted(acceptor, errno);
			return;
		default: /* that connection failed (accept(2)), not the next */
			break;
		}
	}
	e->acceptor = NULL;
}

static RARE void watch_ready(struct rl_watch *watch, uint32_t events)
{
	int ready = 0;
	if (events & (EPOLLIN | EPOLLRDHUP | BROKEN))
		ready |= RILL_READABLE;
	if (events & (EPOLLOUT | BROKEN))
		ready |= RILL_WRITABLE;
	if (ready & watch->events)
		watch->on_ready(watch, ready & watch->events);
}

static RARE void dispatch_other(struct epoll *e, unsigned kind, void *what, uint32_t events)
{
	/* Else wake_fd or timer_fd, edge-triggered: having woken is all they are for. */
	if (kind == IS_ACCEPTOR)
		accept_ready(e, what);
	else if (kind == IS_WATCH)
		watch_ready(what, events);
	else if (what == &e->timer_fd)
		e->engine.loop->woken_at = RL_TIMER_NEVER;
}

static inline void dispatch(struct epoll *e, const struct epoll_event *event)
{
	uint32_t events = event->events;
	unsigned kind = event->data.u64 & KIND_MASK;
	void *what = (void *)(uintptr_t)(event->data.u64 - kind);

	if (kind == IS_SOCK) /* these are not forgotten */
		sock_ready(e, what, events);
	else if (events)
		dispatch_other(e, kind, what, events);
}

static int epoll_turn(struct rl_engine *engine, int timeout_ms)
{
	struct epoll *e = of(engine);
	struct rill_loop *loop = engine->loop;
	int n = epoll_wait(e->fd, e->events, BATCH, timeout_ms);
	loop->stale = true;
	if (n < 0)
		return errno == EINTR ? 0 : RILL_EIO;
	e->count = n;
	for (int at = 0; at < n; at++) {
		e->at = at;
		loop->last_event = at + 1 == n;
		dispatch(e, &e->events[at]);
	}
	e->count = 0;
	loop->last_event = false;
	return 0;
}

static void epoll_end_turn(struct rl_engine *engine)
{
	struct epoll *e = of(engine);
	while (e->closed) {
		struct rl_sock *sock = e->closed;
		e->closed = sock->next;
		e->engine.events->on_closed(sock);
	}
}

/* Called in signal handlers too: leaves errno alone. A counter that is full has woken already. */
static void epoll_wake(struct rl_engine *engine)
{
	int error = errno;
	uint64_t one = 1;
	ssize_t n = write(of(engine)->wake_fd, &one, sizeof(one));
	(void)n;
	errno = error;
}

static int epoll_fd(struct rl_engine *engine)
{
	return of(engine)->fd;
}

static void epoll_wake_at(struct rl_engine *engine, uint64_t at)
{
	struct rill_loop *loop = engine->loop;
	struct itimerspec when = { .it_value = { 0, 0 } }; /* stopped */
	if (at != UINT64_MAX) {
		uint64_t now = loop->env.clock(loop->env.user);
		uint64_t ms = at > now ? at - now : 0;
		if (ms > INT32_MAX)
			ms = INT32_MAX; /* a turn too early now and then */
		when.it_value.tv_sec = (time_t)(ms / 1000);
		when.it_value.tv_nsec = (long)(ms % 1000) * 1000000 + (ms ? 0 : 1);
	}
	timerfd_settime(of(engine)->timer_fd, 0, &when, NULL);
}

static int epoll_add(struct rl_engine *engine, struct rl_sock *sock)
{
	sock->ended = sock->failed = sock->writing = sock->shut = sock->closed = false;
	/* Whoever adds a socket is about to read it. If not, the first bytes show that. */
	sock->armed = READS;
	if (control(of(engine), EPOLL_CTL_ADD, sock->fd, sock->armed, sock, IS_SOCK) != 0)
		return control_error();
	return 0;
}

static void epoll_set_reading(struct rl_engine *engine, struct rl_sock *sock, bool on)
{
	sock->reading = on;
	if (on)
		arm(of(engine), sock);
}

static __attribute__((noinline)) ptrdiff_t send_again(struct rl_sock *sock, const struct iovec *parts, int count)
{
	ssize_t n;
	do {
		if (count == 1) {
			n = send(sock->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
		} else {
			struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)parts,
				.msg_iovlen = (size_t)count };
			n = sendmsg(sock->fd, &msg, MSG_NOSIGNAL);
		}
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN ? 0 : socket_error(errno);
}

static inline ptrdiff_t send_parts(struct rl_sock *sock, const struct iovec *parts, int count)
{
	if (count == 1) {
		ssize_t n = send(sock->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
		if (n > 0)
			return n;
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? 0 : socket_error(errno);
	}
	return send_again(sock, parts, count);
}

static ptrdiff_t epoll_write_now(
	struct rl_engine *engine, struct rl_sock *sock, const struct iovec *parts, int count)
{
	(void)engine;
	return send_parts(sock, parts, count);
}

static ptrdiff_t epoll_write(
	struct rl_engine *engine, struct rl_sock *sock, const struct iovec *parts, int count)
{
	ptrdiff_t n = send_parts(sock, parts, count);
	if (n)
		return n;
	sock->writing = true;
	arm(of(engine), sock);
	return RL_PENDING;
}

static void epoll_shutdown(struct rl_engine *engine, struct rl_sock *sock)
{
	(void)engine;
	sock->shut = true;
	shutdown(sock->fd, SHUT_WR);
}

static void epoll_close_sock(struct rl_engine *engine, struct rl_sock *sock)
{
	struct epoll *e = of(engine);
	/* Said to epoll, since close() does not suffice where the descriptor has a duplicate. */
	control(e, EPOLL_CTL_DEL, sock->fd, 0, sock, IS_SOCK);
	close(sock->fd);
	sock->closed = true;
	sock->next = e->closed;
	e->closed = sock;
	engine->loop->closing = true;
	rl_loop_need_turn(engine->loop);
}

static int epoll_detach(struct rl_engine *engine, struct rl_sock *sock)
{
	control(of(engine), EPOLL_CTL_DEL, sock->fd, 0, sock, IS_SOCK);
	sock->closed = true;
	return sock->fd;
}

static int epoll_add_acceptor(struct rl_engine *engine, struct rl_acceptor *acceptor)
{
	acceptor->armed = acceptor->accepting ? (uint32_t)EPOLLIN : QUIET;
	if (control(of(engine), EPOLL_CTL_ADD, acceptor->fd, acceptor->armed, acceptor,
		    IS_ACCEPTOR) != 0)
		return control_error();
	return 0;
}

static void epoll_set_accepting(struct rl_engine *engine, struct rl_acceptor *acceptor, bool on)
{
	uint32_t want = on ? (uint32_t)EPOLLIN : QUIET;
	acceptor->accepting = on;
	if (want == acceptor->armed)
		return;
	acceptor->armed = want;
	control(of(engine), EPOLL_CTL_MOD, acceptor->fd, want, acceptor, IS_ACCEPTOR);
}

static void epoll_remove_acceptor(struct rl_engine *engine, struct rl_acceptor *acceptor)
{
	struct epoll *e = of(engine);
	control(e, EPOLL_CTL_DEL, acceptor->fd, 0, acceptor, IS_ACCEPTOR);
	forget(e, acceptor, IS_ACCEPTOR);
	if (e->acceptor == acceptor)
		e->acceptor = NULL;
}

static int epoll_set_watch(struct rl_engine *engine, struct rl_watch *watch, int events)
{
	struct epoll *e = of(engine);
	uint32_t want = (events & RILL_READABLE ? (uint32_t)EPOLLIN | EPOLLRDHUP : 0u) |
			(events & RILL_WRITABLE ? (uint32_t)EPOLLOUT : 0u);

	watch->events = events;
	if (!events) {
		if (watch->added)
			control(e, EPOLL_CTL_DEL, watch->fd, 0, watch, IS_WATCH);
		watch->added = false;
		forget(e, watch, IS_WATCH);
		return 0;
	}
	int op = watch->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (control(e, op, watch->fd, want, watch, IS_WATCH) != 0)
		return control_error() == RILL_ENOMEM ? RILL_ENOMEM : RILL_EINVAL;
	watch->added = true;
	return 0;
}

static void epoll_close(struct rl_engine *engine)
{
	struct epoll *e = of(engine);
	assert(!e->closed);
	if (e->timer_fd >= 0)
		close(e->timer_fd);
	if (e->wake_fd >= 0)
		close(e->wake_fd);
	if (e->fd >= 0)
		close(e->fd);
	rl_free(&engine->loop->env, e);
}

static int epoll_open(struct rl_engine **result, struct rill_loop *loop)
{
	struct epoll *e = rl_zalloc(&loop->env, sizeof(*e));
	if (!e)
		return RILL_ENOMEM;
	e->engine = (struct rl_engine){ .ops = &rl_engine_epoll, .loop = loop };
	e->fd = epoll_create1(EPOLL_CLOEXEC);
	e->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	e->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (e->fd < 0 || e->wake_fd < 0 || e->timer_fd < 0)
		goto fail;
	/* Edge-triggered: they need not be read, which saves a system call for each wake-up. */
	if (control(e, EPOLL_CTL_ADD, e->wake_fd, EPOLLIN | QUIET, &e->wake_fd, IS_OURS) != 0)
		goto fail;
	if (control(e, EPOLL_CTL_ADD, e->timer_fd, EPOLLIN | QUIET, &e->timer_fd, IS_OURS) != 0)
		goto fail;
	*result = &e->engine;
	return 0;
fail:
	epoll_close(&e->engine);
	return RILL_EIO;
}

const struct rl_engine_ops rl_engine_epoll = {
	.name = "epoll",
	.open = epoll_open,
	.close = epoll_close,
	.turn = epoll_turn,
	.end_turn = epoll_end_turn,
	.wake = epoll_wake,
	.fd = epoll_fd,
	.wake_at = epoll_wake_at,
	.add = epoll_add,
	.set_reading = epoll_set_reading,
	.write = epoll_write,
	.write_now = epoll_write_now,
	.shutdown = epoll_shutdown,
	.close_sock = epoll_close_sock,
	.detach = epoll_detach,
	.add_acceptor = epoll_add_acceptor,
	.set_accepting = epoll_set_accepting,
	.remove_acceptor = epoll_remove_acceptor,
	.set_watch = epoll_set_watch,
};
