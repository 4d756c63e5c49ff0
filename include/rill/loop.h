/* rill/loop.h: the loop everything runs on, its timers, and how other threads reach it.
 *
 * A rill_loop belongs to the thread that turns it. All functions here are called on that thread
 * (or before any thread turns it), but for rill_loop_post() and rill_loop_stop(), which any
 * thread may call.
 *
 * rill can own the thread:          rill_loop_run(loop);
 * or be a guest in another loop:    watch rill_loop_fd(loop) for reading there, and call
 *                                   rill_loop_turn(loop) whenever it is readable.
 * Timers and posted functions make the descriptor readable too, and so does any call that
 * leaves something to write while no turn is under way: nothing else needs to be watched. */
#ifndef RILL_LOOP_H
#define RILL_LOOP_H

#include <rill/base.h>
#include <rill/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_loop rill_loop;
typedef struct rill_timer rill_timer;
typedef struct rill_watch rill_watch;

typedef enum rill_io {
	RILL_IO_AUTO, /* the best this kernel and process may use */
	RILL_IO_EPOLL,
	RILL_IO_URING, /* RILL_EUNSUPPORTED when this build or kernel has none */
} rill_io;

typedef struct rill_loop_options {
	size_t size; /* set by rill_loop_options_default() */
	rill_io io;
	/* Where memory comes from; copied. Default: malloc, realloc, free. */
	rill_allocator allocator;
	/* Takes log lines at log_level and above. NULL (the default): nothing is logged. */
	rill_log_fn log;
	void *log_user;
	rill_log_level log_level; /* default RILL_LOG_INFO */
	/* Bytes received at once from one connection; also the size of the loop's one receive
	 * buffer. Default 256 KiB, at least 4 KiB. */
	size_t receive_size;
} rill_loop_options;

/* Fills in the defaults. The macro passes the size the program was compiled with, so that a
 * newer library knows which fields there are. */
RILL_API void rill_loop_options_init(rill_loop_options *options, size_t size);
#define rill_loop_options_default(options) rill_loop_options_init((options), sizeof(*(options)))

/* Makes a loop. options NULL: the defaults. Returns 0, RILL_ENOMEM, RILL_EINVAL,
 * RILL_EUNSUPPORTED (io, or a kernel without random bytes), RILL_EIO (no descriptors left). */
RILL_API int rill_loop_new(rill_loop **loop, const rill_loop_options *options);

/* Frees a loop outside of any turn. Its timers and watches must have been freed before; servers that
 * are still there go as by rill_server_free(), connections that were opened are cut, and none can be
 * opened any more. Posted functions that have not run are dropped. NULL is fine. */
RILL_API void rill_loop_free(rill_loop *loop);

/* Turns until rill_loop_stop(). Returns 0; RILL_ESTATE when called inside a turn; RILL_EIO. */
RILL_API int rill_loop_run(rill_loop *loop);

/* Ends rill_loop_run() after the turn under way; one that is not running yet returns at once.
 * Any thread; also safe in a signal handler. */
RILL_API void rill_loop_stop(rill_loop *loop);

/* One pollable descriptor (readable: there is something to do). It stays the loop's; watch it
 * level-triggered. Returns the descriptor, RILL_EUNSUPPORTED (engine), RILL_EIO. */
RILL_API int rill_loop_fd(rill_loop *loop);

/* Does what is due and returns; never blocks. Returns 0; RILL_ESTATE inside a turn (from a
 * callback of rill); RILL_EIO. */
RILL_API int rill_loop_turn(rill_loop *loop);

/* Does what is due after waiting for it up to timeout_ms (-1: as long as it takes). Returns as
 * rill_loop_turn(). */
RILL_API int rill_loop_wait(rill_loop *loop, int timeout_ms);

/* Runs fn(user) once, in the loop's thread, in its next turn, in the order of posting. Any
 * thread. Returns 0 or RILL_ENOMEM. */
RILL_API int rill_loop_post(rill_loop *loop, void (*fn)(void *user), void *user);

/* Monotonic milliseconds, read once a turn. */
RILL_API uint64_t rill_loop_now(const rill_loop *loop);

/* The sentence behind the last failure of a call on this loop that says so (rill_websocket_connect(),
 * rill_eventsource_connect()); "" when none. */
RILL_API const char *rill_loop_error(const rill_loop *loop);

/* "epoll" or "io_uring". Static. */
RILL_API const char *rill_loop_io(const rill_loop *loop);

/* A timer; not started. Returns 0 or RILL_ENOMEM. */
RILL_API int rill_timer_new(
	rill_timer **timer, rill_loop *loop, void (*fn)(rill_timer *timer, void *user), void *user);

/* Calls fn after delay_ms, then every repeat_ms (0: once). Starting again replaces the times. */
RILL_API void rill_timer_start(rill_timer *timer, uint64_t delay_ms, uint64_t repeat_ms);

RILL_API void rill_timer_stop(rill_timer *timer);

/* Stops and frees; also inside its own callback. NULL is fine. */
RILL_API void rill_timer_free(rill_timer *timer);

enum {
	RILL_READABLE = 1,
	RILL_WRITABLE = 2,
};

/* Watches a descriptor of the program's own: fn is called in a turn while it is ready
 * (level-triggered) with what it is ready for; an error or hang-up counts as both. events:
 * RILL_READABLE | RILL_WRITABLE. The descriptor stays the program's; free the watch before
 * closing it. Returns 0, RILL_ENOMEM, RILL_EINVAL, RILL_EIO. */
RILL_API int rill_watch_new(rill_watch **watch, rill_loop *loop, int fd, int events,
	void (*fn)(rill_watch *watch, int events, void *user), void *user);

/* Changes what is watched for; 0: nothing. Returns 0 or RILL_EIO. */
RILL_API int rill_watch_set(rill_watch *watch, int events);

/* Also inside its own callback. NULL is fine. */
RILL_API void rill_watch_free(rill_watch *watch);

#ifdef __cplusplus
}
#endif

#endif
