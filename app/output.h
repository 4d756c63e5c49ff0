/* output.h: standard output, which may be slow.
 *
 * A pipe or a socket is written to as far as it takes bytes; the rest waits, and above a mark the owner
 * is told to bring no more until there is room. Files and terminals are just written to. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <rill/loop.h>
#include "text.h"

struct output {
	struct text text; /* what is to be written: append, then output_flush() */
	size_t done;      /* bytes at its front that are */
	rill_loop *loop;
	rill_watch *watch;
	int fd;
	bool patient; /* a pipe or socket: can say that it takes no more */
	bool socket;
	bool watching;                 /* something waits for fd */
	bool full;                     /* and that is too much */
	bool gone;                     /* nobody reads it any more */
	void (*on_change)(void *user); /* full or gone has changed; from the loop or from flush */
	void *user;
};

void output_init(
	struct output *output, rill_loop *loop, int fd, void (*on_change)(void *user), void *user);
/* What still waits is dropped. */
void output_fini(struct output *output);

/* Writes what the descriptor takes now. */
void output_flush(struct output *output);

/* Waits until all is written, the reader is gone, or stop_fd is readable. */
void output_drain(struct output *output, int stop_fd);

#endif
