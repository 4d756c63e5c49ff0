/* origin.h: where a browser's request comes from (RFC 6454). */
#ifndef RL_PROTO_ORIGIN_H
#define RL_PROTO_ORIGIN_H

#include "http/exchange.h"

/* Does an origin fit a rule of an origins option: "*", "same" (that of the host the request was sent
 * to), or the origin itself? */
bool rl_origin_fits(const char *rule, const rill_request *request, struct rl_slice origin);

#endif
