/* connect_output.h: what `rill connect` tells: to programs in JSON, a line for each thing that happens, or
 * to people.
 *
 *   connect_output_json.c   {"event":"message","kind":"text","data":"hello"}
 *   connect_output_text.c   14:02:11.123 < hello */
#ifndef CONNECT_OUTPUT_H
#define CONNECT_OUTPUT_H

#include <rill/client.h>
#include "socketio_session.h"
#include "text.h"

/* A message that came or went. */
struct told_message {
	rill_kind kind;
	rill_bytes data;
	bool event; /* of an event stream: it has a type, and an id or an empty one */
	rill_bytes type, id;
};

/* How a connection ended. */
struct told_close {
	int code;
	rill_bytes reason;
	bool ours;  /* we began it */
	bool never; /* it had not been open */
};

struct telling {
	bool colour;
	bool brief;      /* long messages are cut: somebody looks on */
	const char *url; /* what was connected to */
	/* Socket.IO: the namespace, and the id one has in it. NULL: something else */
	const char *space, *id;
};

/* Each function appends whole lines to out. */
struct telling_ops {
	void (*open)(const struct telling *telling, struct text *out, const rill_answer *answer,
		const char *protocol, const char *extensions);
	void (*message)(const struct telling *telling, struct text *out,
		const struct told_message *message);
	void (*event)(const struct telling *telling, struct text *out,
		const struct socketio_event *event);
	void (*sent)(const struct telling *telling, struct text *out,
		const struct told_message *message);
	void (*ping)(const struct telling *telling, struct text *out, bool pong, rill_bytes data);
	/* status 0: there was no answer */
	void (*error)(
		const struct telling *telling, struct text *out, const char *sentence, int status);
	void (*close)(
		const struct telling *telling, struct text *out, const struct told_close *end);
	/* Something for people alone. */
	void (*remark)(const struct telling *telling, struct text *out, const char *sentence);
};

extern const struct telling_ops telling_json;
extern const struct telling_ops telling_text;

#endif
