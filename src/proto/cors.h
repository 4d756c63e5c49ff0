/* cors.h: which pages of elsewhere may ask, and read the answer (WHATWG Fetch, 3.2): the fields that say so,
 * and the preflights. */
#ifndef RL_PROTO_CORS_H
#define RL_PROTO_CORS_H

#include <rill/engineio.h>
#include "http/exchange.h"

/* NULL, or the sentence about what makes no sense. */
const char *rl_cors_fault(const rill_cors_options *options);

/* Replaces what the options point to by copies. 0 or RILL_ENOMEM; in any case freed by rl_cors_free(). */
int rl_cors_copy(const struct rl_env *env, rill_cors_options *options);
void rl_cors_free(const struct rl_env *env, rill_cors_options *options);

/* Adds the fields to the answer of a request; nothing when there is no list of origins. 0, RILL_ENOMEM,
 * RILL_ESTATE. */
int rl_cors_add(const rill_cors_options *options, rill_request *request);

/* Is it a preflight, of which nobody else needs to know? Then rl_cors_preflight() answers it. */
bool rl_cors_is_preflight(const rill_cors_options *options, const rill_request *request);
void rl_cors_preflight(const rill_cors_options *options, rill_request *request);

#endif
