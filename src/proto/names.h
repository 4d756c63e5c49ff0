/* names.h: texts one behind the other, each with a NUL, as connections keep what a program may ask for
 * later. */
#ifndef RL_PROTO_NAMES_H
#define RL_PROTO_NAMES_H

#include "base/buf.h"
#include "http/exchange.h"

/* Appends a text and a NUL. 0 or RILL_ENOMEM. */
int rl_names_append(struct rl_buf *names, struct rl_slice text);

/* Appends rill_request_url(). */
int rl_names_append_url(struct rl_buf *names, const rill_request *request);

/* The text that stands behind this one. */
static inline const char *rl_names_behind(const char *text)
{
	return text + strlen(text) + 1;
}

/* The value behind a name (any case) among pairs of them, which end with an empty name; data NULL: none. */
struct rl_slice rl_names_find(const char *pairs, struct rl_slice name);

#endif
