/* history.h: where the lines typed in earlier sessions are kept. */
#ifndef HISTORY_H
#define HISTORY_H

#include <stddef.h>

/* Lines kept. */
#define HISTORY_LINES 1000

/* Writes the file's path: $XDG_STATE_HOME/rill/NAME, or ~/.local/state/rill/NAME. Makes the folders
 * that are missing, for their owner alone. Returns 0, or -1 when there is no place for it. */
int history_path(const char *name, char *path, size_t room);

#endif
