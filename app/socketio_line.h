/* socketio_line.h: how people write what is said over Socket.IO.
 *
 *   say "hello" {"to": 2}      an event and its arguments, each of them JSON
 *   ["say it", "hello"]        ... of any name
 *   ?get-data                  before either: the server shall acknowledge it
 *   !7 "ok"                    acknowledges the server's event of that number */
#ifndef SOCKETIO_LINE_H
#define SOCKETIO_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include "text.h"

/* All zero is none. */
struct socketio_line {
	bool asks, answers;
	uint64_t number;   /* of what it answers */
	struct text array; /* JSON */
};

/* Returns NULL, or what is wrong with it: half a sentence. fini is fine after each. */
const char *socketio_line_read(struct socketio_line *line, const char *text, size_t len);
void socketio_line_fini(struct socketio_line *line);

#endif
