/* engine.h: the seam between rill and the kernel's way of doing input and output.
 *
 * Shaped for completions: reading is switched on and bytes are reported; a write is handed over
 * and reported done, and its bytes stay untouched until then; closing is reported when the last
 * operation has ended. The epoll engine imitates that; an io_uring engine is that.
 *
 * All is called on the loop's thread but for wake(). Upcalls come only from inside turn(). */
#ifndef RL_NET_ENGINE_H
#define RL_NET_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct rill_loop;
struct rl_engine;
struct rl_sock;
struct rl_acceptor;
struct rl_watch;

/* What the engine tells of sockets; the same for all of a loop, which are those of streams. */
struct rl_sock_events {
	/* n bytes came: writable memory of the loop's receive buffer, good until this returns,
	 * with the loop's headroom in front of it. After rl_sock close or reading off inside,
	 * nothing more is reported. */
	void (*on_read)(struct rl_sock *sock, uint8_t *data, size_t n);
	/* The peer will send nothing more (0), or the connection is lost (RILL_ERESET,
	 * RILL_ETIMEDOUT, RILL_EIO), which also comes while reading is off. Each once at most,
	 * the loss last. */
	void (*on_end)(struct rl_sock *sock, int rc);
	/* A write that returned RL_PENDING has ended: bytes taken, or 0: none, but there is room
	 * now (an engine of readiness cannot do more); or RILL_ERESET. */
	void (*on_written)(struct rl_sock *sock, ptrdiff_t n);
	/* After close(): no operation is under way any more; the memory is the owner's. */
	void (*on_closed)(struct rl_sock *sock);
	/* Asked while the socket is aimed: memory that the next bytes should go to, and how much of
	 * it; NULL: none. An engine may ignore it. */
	uint8_t *(*target)(struct rl_sock *sock, size_t *len);
	/* n bytes went there. on_read or nothing follows for what came behind them. */
	void (*on_target)(struct rl_sock *sock, size_t n);
};

/* A connected stream socket; lives in the stream that owns it. */
struct rl_sock {
	union {
		struct {
			int fd;
			uint32_t armed; /* engine's own */
		};
		struct rl_sock *next; /* after close(): the engine's list of those to report */
	};
	union {
		struct {
			bool reading : 1; /* the owner wants on_read */
			bool aimed : 1;   /* the owner's: target() is to be asked */
			bool ended : 1;   /* on_end(0) has been given */
			bool failed : 1;  /* on_end(negative) has been given */
			bool writing : 1; /* a write is under way */
			bool shut : 1;    /* shutdown() was called */
			bool closed : 1;  /* close_sock() or detach() was called */
		};
		uint8_t flags; /* all of them, to be looked at together */
	};
	uint32_t unacknowledged; /* the owner's: bytes the peer had to take when it last looked */
};

/* A listening socket. */
struct rl_acceptor {
	/* A connection was accepted: fd (non-blocking, close-on-exec) is the callee's. */
	void (*on_accept)(struct rl_acceptor *acceptor, int fd, const struct sockaddr_storage *peer,
		socklen_t peer_len);
	/* accept failed for want of descriptors or memory; the engine has stopped accepting here
	 * until set_accepting(true). */
	void (*on_exhausted)(struct rl_acceptor *acceptor, int error);
	int fd;
	bool accepting;
	uint32_t armed;
};

/* A descriptor of somebody else's. events: RILL_READABLE, RILL_WRITABLE. */
struct rl_watch {
	void (*on_ready)(struct rl_watch *watch, int events);
	int fd;
	int events;
	bool added;
};

#define RL_PENDING (-1000) /* write(): on_written follows */

struct rl_engine_ops {
	const char *name; /* "epoll" */
	bool keeps_bytes; /* a write() that is pending goes on reading its bytes */
	/* RILL_EUNSUPPORTED when the kernel or a sandbox refuses. */
	int (*open)(struct rl_engine **engine, struct rill_loop *loop);
	void (*close)(struct rl_engine *engine);
	/* Waits up to timeout_ms (-1: for ever, 0: not at all), then reports all that is ready.
	 * Between the two loop->now becomes stale. 0 or RILL_EIO. */
	int (*turn)(struct rl_engine *engine, int timeout_ms);
	/* Any thread: ends a wait that is or will be under way; makes fd() readable. */
	void (*wake)(struct rl_engine *engine);
	/* The pollable descriptor; RILL_EUNSUPPORTED. */
	int (*fd)(struct rl_engine *engine);
	/* Guests: makes fd() readable at that time (ms of the loop's clock); UINT64_MAX: never. */
	void (*wake_at)(struct rl_engine *engine, uint64_t at);

	/* Takes sock->fd on; reading as sock->reading says. 0, RILL_ENOMEM, RILL_EIO (then the
	 * descriptor is still the caller's). */
	int (*add)(struct rl_engine *engine, struct rl_sock *sock);
	void (*set_reading)(struct rl_engine *engine, struct rl_sock *sock, bool on);
	/* Hands a gathered write over. Bytes taken at once (then on_written does not come),
	 * RL_PENDING, or RILL_ERESET, RILL_ETIMEDOUT, RILL_EIO. None is under way. */
	ptrdiff_t (*write)(struct rl_engine *engine, struct rl_sock *sock,
		const struct iovec *parts, int count);
	/* Gives the kernel what it takes at once and keeps no bytes; none is under way. Bytes
	 * taken, 0, or a code as above. */
	ptrdiff_t (*write_now)(struct rl_engine *engine, struct rl_sock *sock,
		const struct iovec *parts, int count);
	void (*shutdown)(struct rl_engine *engine, struct rl_sock *sock); /* no more writes */
	/* Closes the descriptor; on_closed follows, not from inside this call: at the end of this
	 * turn or later. */
	void (*close_sock)(struct rl_engine *engine, struct rl_sock *sock);
	/* Takes the socket off the engine without closing it and returns its descriptor, which is
	 * the caller's then. Only when quiet: no write under way. The memory has to stay until the
	 * end of the turn. */
	int (*detach)(struct rl_engine *engine, struct rl_sock *sock);
	/* The loop's turn ends, and loop->closing was set: on_closed is called for what was closed
	 * and is quiet. */
	void (*end_turn)(struct rl_engine *engine);

	/* acceptor->fd is a non-blocking listening socket and stays the caller's; accepting as
	 * acceptor->accepting says. 0, RILL_ENOMEM, RILL_EIO. */
	int (*add_acceptor)(struct rl_engine *engine, struct rl_acceptor *acceptor);
	void (*set_accepting)(struct rl_engine *engine, struct rl_acceptor *acceptor, bool on);
	void (*remove_acceptor)(struct rl_engine *engine, struct rl_acceptor *acceptor);

	/* 0: none. 0, RILL_EINVAL (cannot be watched), RILL_ENOMEM. Acceptors and watches may be
	 * freed as soon as they are removed, also inside their own upcalls. */
	int (*set_watch)(struct rl_engine *engine, struct rl_watch *watch, int events);
};

struct rl_engine {
	const struct rl_engine_ops *ops;
	struct rill_loop *loop;
	const struct rl_sock_events *events; /* the loop's, set once it is open */
};

extern const struct rl_engine_ops rl_engine_epoll;

#endif
