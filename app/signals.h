/* signals.h: signals as a descriptor of the loop, so that they are handled between callbacks and never in
 * the middle of one. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <rill/loop.h>

struct signals {
	int fd;
	rill_watch *watch;
	void (*fn)(int signal, void *user);
	void *user;
};

/* Blocks these signals, ended by 0, and calls fn in a turn of the loop for each that comes. Returns 0 or
 * a negative code; fini is fine either way. */
int signals_init(struct signals *signals, rill_loop *loop, const int *wanted,
	void (*fn)(int signal, void *user), void *user);
void signals_fini(struct signals *signals);

#endif
