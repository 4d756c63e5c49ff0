/* origin.h: where a browser's request comes from (RFC 6454). */
#ifndef RL_PROTO_ORIGIN_H
#define RL_PROTO_ORIGIN_H

#include "http/exchange.h"

/* Does an origin fit a rule of an origins option: "*", "same" (that of the host the request was sent
 * to), or the origin itself? */
bool rl_origin_fits(const char *rule, const rill_request *request, struct rl_slice origin);

/* The request's Origin; data NULL when there is none. */
struct rl_slice rl_origin_of(const rill_request *request);

/* Browsers send no Origin for scripts and frames, but tell where they stand in another way (Fetch Metadata, 2.3);
 * then the Referer has to speak for them. *origin: what it says, "null" when it says nothing. False: it is no
 * page of elsewhere. */
bool rl_origin_hidden(const rill_request *request, struct rl_slice *origin);

/* The host and the port of an origin; the port is its scheme's when it says none. False: it has none of both. */
bool rl_origin_split(struct rl_slice origin, struct rl_slice *host, struct rl_slice *port);

/* The rule of a list by which an origin is admitted; NULL: by none. Whoever sends no Origin (data NULL) is
 * no page of elsewhere, since browsers leave it out of a GET to the page's own host alone, and fits "*" and
 * "same". */
const char *rl_origin_find_rule(
	const char *const *rules, const rill_request *request, struct rl_slice origin);

/* Tells a browser that pages of an origin may read the answer, and may have sent the user's credentials
 * with the request (WHATWG Fetch, 3.2); data NULL: any page may, but only without. 0 or RILL_ENOMEM,
 * RILL_ESTATE. */
int rl_origin_allow(rill_request *request, struct rl_slice origin);

/* The same as lines, to out. The origin is one of a request: nothing in a head that was read can end a
 * line. 0 or RILL_ENOMEM. */
int rl_origin_write(struct rl_buf *out, struct rl_slice origin);

#endif
