/* tls.h: TLS as a stream on a stream, over OpenSSL with BIOs of our own on memory.
 *
 * Plain bytes wait in the stream's own queue and are encrypted when it is flushed, one record
 * ahead of the stream below, so that water marks and queued figures speak of plain bytes. While
 * idle no buffer is kept (SSL_MODE_RELEASE_BUFFERS, and our BIOs hold none). */
#ifndef RL_NET_TLS_H
#define RL_NET_TLS_H

#include <rill/server.h>
#include "net/stream.h"

/* The server's certificates and rules; counted, so that a reload leaves running connections with
 * what they began with. */
struct rl_tls_context;

/* Builds one from the options (files are read now). 0; RILL_ETLS, RILL_ENOENT, RILL_EINVAL, with
 * a sentence naming the file and why in error (error_len bytes); RILL_ENOMEM. */
int rl_tls_context_new(struct rl_tls_context **context, const struct rl_env *env,
		const rill_tls_options *options, char *error, size_t error_len);

/* The same from the same options, with the files read anew; old stays as it is. Results as
 * above. */
int rl_tls_context_renew(struct rl_tls_context **fresh, const struct rl_tls_context *old,
		char *error, size_t error_len);
struct rl_tls_context *rl_tls_context_ref(struct rl_tls_context *context);
void rl_tls_context_unref(struct rl_tls_context *context);

/* How a handshake ended: rc 0 and a stream in the same group with reading off; or a NULL stream and
 * RILL_ETLS, RILL_ETIMEDOUT, RILL_ERESET or whatever raw was lost with (raw is closed), with one
 * sentence that says why, good until this returns. */
typedef void (*rl_tls_done)(struct rl_stream *stream, int rc, const char *sentence, void *user);

/* Puts the server side of TLS on raw, which it takes over, and calls done once. Bytes already in hand on raw are the first of the handshake. Returns 0, or RILL_ENOMEM
 * (raw is still the caller's).
 *
 * cancel: *pending is an opaque handle until done is called; rl_tls_cancel() ends it silently. */
struct rl_tls_pending;
int rl_tls_accept(struct rl_tls_pending **pending, struct rl_stream *raw,
		struct rl_tls_context *context, uint32_t timeout_ms, rl_tls_done done, void *user);
void rl_tls_cancel(struct rl_tls_pending *pending);

/* What was agreed: "http/1.1" or empty; "TLSv1.3". Static or the stream's. Other kinds of streams:
 * empty, NULL. */
struct rl_slice rl_tls_alpn(const struct rl_stream *stream);
const char *rl_tls_version(const struct rl_stream *stream);

/* Why a stream was lost with RILL_ETLS, one sentence ("alert from the server: certificate required",
 * which in TLS 1.3 may come behind the client's handshake); NULL for other losses and other kinds of
 * streams. The stream's. */
const char *rl_tls_failure(const struct rl_stream *stream);

#endif
