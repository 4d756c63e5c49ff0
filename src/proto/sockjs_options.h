/* sockjs_options.h: the options of a SockJS service, read and kept. */
#ifndef RL_PROTO_SOCKJS_OPTIONS_H
#define RL_PROTO_SOCKJS_OPTIONS_H

#include "proto/sockjs.h"

/* Options of whatever age, filled up with the defaults; what they point to is still the caller's.
 * transports: a bit for each that is on. NULL, or the sentence about what makes no sense. */
const char *rl_sockjs_options_read(
	rill_sockjs_options *to, const rill_sockjs_options *from, unsigned *transports);

/* Those of the WebSockets below it; from NULL: what SockJS has by default. Likewise. */
const char *rl_sockjs_websocket_options_read(
	rill_websocket_options *to, const rill_websocket_options *from);

/* Replaces what they point to by copies: keep_headers gets those in front that every SockJS server shows,
 * lists of transports and websocket_options are done with. 0 or RILL_ENOMEM; in any case freed by
 * rl_sockjs_options_free(). */
int rl_sockjs_options_copy(const struct rl_env *env, rill_sockjs_options *options);
void rl_sockjs_options_free(const struct rl_env *env, rill_sockjs_options *options);

/* "[/]echo", "/echo/" to "/echo"; "/" to "". 0, RILL_EINVAL, RILL_ENOMEM. */
int rl_sockjs_prefix_read(const struct rl_env *env, char **to, const char *from);

#endif
