/* deflate.h: permessage-deflate (RFC 7692) over zlib: negotiation, and the codec with a bound on
 * what it inflates.
 *
 * A direction with context takeover keeps its state between messages (about 40 KiB to inflate; to
 * deflate up to 270 KiB with the defaults, 120 where ISA-L does it); a direction without borrows one
 * from the pool for the length of a message, so that idle connections hold none. */
#ifndef RL_WIRE_DEFLATE_H
#define RL_WIRE_DEFLATE_H

#include "base/buf.h"
#include "base/slice.h"
#include "wire/ws_extension.h"

struct rl_deflate;

/* What one side wants; one per service. */
struct rl_deflate_options {
	int level;                   /* zlib's: 1 to 9, or -1; 1 may be ISA-L's, see deflate_igzip.h */
	int mem_level;               /* zlib's: 1 to 9 */
	int strategy;                /* zlib's: 0 to 4 */
	uint8_t max_window_bits;     /* of our compressor: 9 to 15 */
	uint8_t request_window_bits; /* of the peer's: 8 to 15; 15: no request */
	bool no_context_takeover;         /* ours */
	bool request_no_context_takeover; /* the peer's */
	bool fixed_window; /* client: client_max_window_bits is not offered */
	size_t threshold;            /* messages of fewer bytes are sent as they are */
	size_t ceiling;              /* likewise of more; 0: no limit */
};

/* Level 1, memory level 8, default strategy, 15, 15, takeover both ways, 1024 bytes to 1 MiB. */
void rl_deflate_options_default(struct rl_deflate_options *options);

/* What was agreed, in the server's and the client's direction. */
struct rl_deflate_params {
	uint8_t server_window_bits, client_window_bits; /* 8 to 15 */
	bool server_no_takeover, client_no_takeover;
	bool server_bits_given, client_bits_given; /* stands in the response */
};

/* The extension's name is looked at elsewhere (ws_extensions.c); here are its parameters. */

/* Server: can this offer be taken? Then params are filled. */
bool rl_deflate_accept(const struct rl_deflate_options *options, struct rl_ws_extension offer,
		struct rl_deflate_params *params);

/* Server: appends the parameters of the response ("a; b=10"; nothing when there are none). */
int rl_deflate_write_response(const struct rl_deflate_params *params, struct rl_buf *out);

/* Client: appends the parameters of the offer. */
int rl_deflate_write_offer(const struct rl_deflate_options *options, struct rl_buf *out);

/* Client: is the response what was offered (RFC 7692, 7.1.2)? Then params are filled. */
bool rl_deflate_confirm(const struct rl_deflate_options *options, struct rl_ws_extension answer,
		struct rl_deflate_params *params);

/* zlib states not in use, for directions without takeover; one per loop (not thread-safe). Keeps
 * at most a few of each kind. */
struct rl_deflate_pool;
struct rl_deflate_pool *rl_deflate_pool_new(const struct rl_env *env);
void rl_deflate_pool_free(struct rl_deflate_pool *pool);

/* The codec of one connection. server: our side compresses with the server's parameters. NULL
 * when out of memory. options, pool and env outlive it. No zlib state is made before the first
 * message needs one. */
struct rl_deflate *rl_deflate_new(const struct rl_env *env, struct rl_deflate_pool *pool,
		const struct rl_deflate_options *options, const struct rl_deflate_params *params,
		bool server);
void rl_deflate_free(struct rl_deflate *d);

/* Inflates a piece of a message onto the end of out; fin: it is the last, the four bytes that
 * the sender cut off (RFC 7692, 7.2.2) are added. cap: what out->len may reach. Returns 0,
 *   RILL_ETOOBIG  it would go past cap: 1009. At most cap bytes were produced
 *   RILL_EPROTO   not DEFLATE, or at fin not at the end of a block: 1007
 *   RILL_ENOMEM
 * and the same again on every further call: the stream is lost. */
int rl_deflate_inflate(
		struct rl_deflate *d, struct rl_slice in, bool fin, struct rl_buf *out, size_t cap);

/* Compresses a piece of a message onto the end of out; fin: it is the last, the four bytes are
 * cut off. Each piece is flushed, so that the peer can inflate all of it at once. Returns 0 or
 * RILL_ENOMEM: out is as it was, and the message is lost. Another one may follow, unless pieces of
 * the lost one are out: then every further call returns RILL_ENOMEM. */
int rl_deflate_compress(struct rl_deflate *d, struct rl_slice in, bool fin, struct rl_buf *out);

/* Is a message of len bytes to be compressed, by threshold and ceiling? Never when the compressor has
 * lost pieces of one. */
bool rl_deflate_wants(const struct rl_deflate *d, size_t len);

/* The window of our compressor: 9 to 15. */
uint8_t rl_deflate_window_bits(const struct rl_deflate *d);

/* Between two messages: our compressor begins anew, because another one's message has gone out and the
 * peer's window holds that. */
void rl_deflate_forget(struct rl_deflate *d);

#endif
