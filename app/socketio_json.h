/* socketio_json.h: what came over Socket.IO as JSON of one line; bytes are {"base64":"..."}. */
#ifndef SOCKETIO_JSON_H
#define SOCKETIO_JSON_H

#include "socketio_session.h"
#include "text.h"

void socketio_put_json(struct text *out, rill_json value);

/* The arguments of an event or an answer, with gap between them. */
void socketio_put_args(struct text *out, const struct socketio_event *event, const char *gap);

/* The name of an event as `rill connect` takes it: without quotes where that is the same. */
void socketio_put_name(struct text *out, rill_json name);

#endif
