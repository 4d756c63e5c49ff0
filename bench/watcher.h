/* watcher.h: whoever has a socket in the load's epoll; the first member of its struct. */
#ifndef BENCH_WATCHER_H
#define BENCH_WATCHER_H

#include <stdint.h>

struct watcher {
	/* Events of epoll. They may be of a socket that was closed a moment ago. Negative after
	 * load_fail(). */
	int (*ready)(struct watcher *watcher, uint32_t events);
};

#endif
