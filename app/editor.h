/* editor.h: lines typed at a terminal, edited where they stand, with those of earlier sessions at hand;
 * what happens meanwhile is written above them.
 *
 *   editor.c        over libedit
 *   editor_none.c   built without it: there is no editor */
#ifndef EDITOR_H
#define EDITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <rill/loop.h>

struct editor;

struct editor_events {
	void (*on_line)(const char *line, size_t len, void *user);
	void (*on_end)(void *user); /* Ctrl-D, or the terminal is gone; the editor edits no more */
};

/* Makes an editor on standard input and output, which are a terminal. Returns 0, RILL_EUNSUPPORTED (the
 * terminal cannot do it, or no editor was built in), RILL_ENOMEM, RILL_EIO. events is not copied. */
int editor_new(
	struct editor **out, rill_loop *loop, const struct editor_events *events, void *user);
/* Leaves the terminal as it was, and keeps the lines for the next time. NULL is fine. */
void editor_free(struct editor *editor);

/* Takes the line that is being edited off the screen, and puts it back below what was written. In pairs; NULL
 * is fine. */
void editor_hide(struct editor *editor);
void editor_show(struct editor *editor);

/* While it is held no line is delivered; what is typed waits. */
void editor_hold(struct editor *editor, bool held);

/* The terminal has another size; or the program was stopped, and goes on. NULL is fine. */
void editor_resized(struct editor *editor);
void editor_continued(struct editor *editor);

#endif
