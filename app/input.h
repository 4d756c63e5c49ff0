/* input.h: standard input by lines, in the loop. */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <rill/loop.h>
#include "text.h"

struct input {
	struct text text; /* what has been read and not yet taken */
	size_t taken;     /* bytes at its front that have been */
	size_t searched;  /* ... and those behind in which there is no line end */
	rill_loop *loop;
	rill_watch *watch; /* NULL: a file, which is always readable and which epoll refuses */
	int fd;
	bool held, ended;
	bool posted; /* files: the next piece is due */
	/* One line without its line end; borrowed. */
	void (*on_line)(const char *line, size_t len, void *user);
	/* It cannot be read on: a sentence. NULL: it has ended. */
	void (*on_end)(const char *sentence, void *user);
	void *user;
};

/* Begins to read; nothing is called from inside. The rest of input is filled in here. Returns 0 or a
 * negative code; fini is fine either way. */
int input_init(struct input *input, rill_loop *loop, int fd);
void input_fini(struct input *input);

/* While it is held no line is delivered and little is read. Lines that are there are delivered from inside
 * when it is let go. Also before it begins. */
void input_hold(struct input *input, bool held);

#endif
