/* ws_pipeline.h: the permessage extensions of a connection (RFC 6455, 9): registered, offered, agreed
 * on, and then in a row through which every message passes. permessage-deflate is a row of the same
 * table as those a program brings (rill/extension.h).
 *
 *   ws_extension.c       the grammar of the header
 *   ws_extensions.c      what a service or client has registered, and negotiation
 *   deflate_extension.c  permessage-deflate as one of them
 *   ws_pipeline.c        what was agreed: the transformations */
#ifndef RL_WIRE_WS_PIPELINE_H
#define RL_WIRE_WS_PIPELINE_H

#include <rill/extension.h>
#include "base/buf.h"
#include "base/slice.h"
#include "wire/deflate.h"

/* What one service or client has registered, in order; outlives its pipelines. */
struct rl_ws_extensions;

/* deflate NULL: permessage-deflate is not among them, else it is the first; copied, and pool is used.
 * list: NULL-terminated, may be NULL; what it points to is borrowed. 0, RILL_EINVAL (a name that is no
 * token or comes twice, no bit, a missing function), with a static sentence; RILL_ENOMEM. */
int rl_ws_extensions_new(struct rl_ws_extensions **set, const struct rl_env *env,
	const struct rl_deflate_options *deflate, struct rl_deflate_pool *pool,
	const rill_extension *const *list, const char **sentence);
void rl_ws_extensions_free(struct rl_ws_extensions *set); /* NULL is fine */

struct rl_ws_pipeline;

/* Server: judges all Sec-WebSocket-Extensions of a request, joined by commas; appends what the answer
 * says to response (nothing: none was agreed) and makes *pipeline (NULL: none). Goes through the
 * registered ones in order; for each the first offer that is taken. 0, RILL_EPROTO (grammar: answer
 * 400), RILL_ENOMEM. */
int rl_ws_extensions_accept(struct rl_ws_extensions *set, struct rl_slice header,
	struct rl_buf *response, struct rl_ws_pipeline **pipeline);

/* Client: appends the value of Sec-WebSocket-Extensions; nothing when nothing is registered. */
int rl_ws_extensions_write_offer(struct rl_ws_extensions *set, struct rl_buf *out);

/* Client: reads the answer's, joined by commas. 0 and *pipeline (NULL: none); RILL_EPROTO with a static
 * sentence (grammar, a name that was not offered or comes twice, parameters, two that share a bit);
 * RILL_ENOMEM. */
int rl_ws_extensions_confirm(struct rl_ws_extensions *set, struct rl_slice header,
	struct rl_ws_pipeline **pipeline, const char **sentence);

/* Closes all sessions. NULL is fine. */
void rl_ws_pipeline_free(struct rl_ws_pipeline *pipeline);

/* The RSV bits that may stand on a message's first frame, as in the frame's first byte. */
uint8_t rl_ws_pipeline_bits(const struct rl_ws_pipeline *pipeline);

/* Which extensions shall a message whose first (or only) piece has len bytes pass through, as RSV
 * bits; 0: none. */
uint8_t rl_ws_pipeline_wants(struct rl_ws_pipeline *pipeline, bool text, size_t len);

/* Passes a piece of a message through those whose bits are set, in order (out) or in reverse (in), and
 * appends what comes out. Pieces of one message come one behind the other, last with last. cap: what
 * out->len may reach. 0;
 *   RILL_ETOOBIG  it would go past cap (in: 1009)
 *   RILL_EPROTO   in: cannot be undone: 1007
 *   RILL_ENOMEM, RILL_EIO (an extension's own failure): 1011
 * After a failure that direction is lost: the same again on every further call. Out: RILL_ENOMEM is said
 * of messages that pass through permessage-deflate alone, and a message that was lost whole may be
 * followed by another (see deflate.h); all else is RILL_EIO. On failure nothing is appended. */
int rl_ws_pipeline_in(struct rl_ws_pipeline *pipeline, uint8_t bits, bool text, struct rl_slice in,
	bool first, bool last, struct rl_buf *out, size_t cap);
int rl_ws_pipeline_out(struct rl_ws_pipeline *pipeline, uint8_t bits, bool text,
	struct rl_slice in, bool first, bool last, struct rl_buf *out);

/* Fan-out: can one compressed form be shared with others? True when permessage-deflate is all there is
 * and a message compressed from empty with windows of *window_bits (written) may stand in this
 * stream. rl_ws_pipeline_shared() says that such a one was sent: a compressor with context takeover
 * forgets what it knew, because the peer's window now holds something else. */
bool rl_ws_pipeline_may_share(
	const struct rl_ws_pipeline *pipeline, size_t len, uint8_t *window_bits);
void rl_ws_pipeline_shared(struct rl_ws_pipeline *pipeline);

#endif
