/* engineio_options.h: the options of an Engine.IO service, read and kept. */
#ifndef RL_PROTO_ENGINEIO_OPTIONS_H
#define RL_PROTO_ENGINEIO_OPTIONS_H

#include "proto/engineio.h"

/* Options of whatever age, filled up with the defaults; what they point to is still the caller's. NULL, or
 * the sentence about what makes no sense. */
const char *rl_eio_options_read(rill_engineio_options *to, const rill_engineio_options *from);

/* Those of the WebSockets below it; from NULL: what Engine.IO has by default. Likewise. */
const char *rl_eio_websocket_options_read(
	rill_websocket_options *to, const rill_websocket_options *from);

/* Replaces what they point to by copies; websocket_options is done with. 0 or RILL_ENOMEM; in any case freed
 * by rl_eio_options_free(). */
int rl_eio_options_copy(const struct rl_env *env, rill_engineio_options *options);
void rl_eio_options_free(const struct rl_env *env, rill_engineio_options *options);

/* "/engine.io", "/engine.io/" to what the route is, with the slash at the end or without. 0, RILL_EINVAL,
 * RILL_ENOMEM. */
int rl_eio_path_read(const struct rl_env *env, char **to, const char *from, bool trailing_slash);

#endif
