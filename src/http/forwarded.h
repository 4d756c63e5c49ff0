/* forwarded.h: who a request really came from, by what trusted proxies say in its head:
 * Forwarded (RFC 7239), or X-Forwarded-For, -Proto, -Scheme, -SSL. */
#ifndef RL_HTTP_FORWARDED_H
#define RL_HTTP_FORWARDED_H

#include "net/addr.h"
#include "wire/http1.h"

/* *peer holds the connection's address and *secure whether it runs over TLS; both become what
 * the head says as far as it can be believed. Does nothing unless *peer is trusted.
 *
 * Each proxy appends the address it was called from, so the rightmost address that is not
 * trusted is the client: what stands left of it is hearsay. An address nobody can read ends the
 * chain. A Forwarded field, where there is one, is read instead of the others. */
void rl_forwarded_apply(const struct rl_http1_head *head, const struct rl_addr_range *trusted,
	size_t count, struct rl_addr *peer, bool *secure);

#endif
