/* tls_client.h: the client's side of TLS on a stream; the stream it yields is the same as a server's
 * (tls.h). TLS inside TLS is fine: raw may be such a stream. */
#ifndef RL_NET_TLS_CLIENT_H
#define RL_NET_TLS_CLIENT_H

#include <rill/client.h>
#include "net/tls.h"

/* Whom to believe and who we are; counted, used by many connections. */
struct rl_tls_client;

/* Builds one from the options. Files are read now; the system's authorities once for a loop, for the
 * first connection that needs them. 0; RILL_ETLS, RILL_ENOENT, RILL_EINVAL, with a
 * sentence in error; RILL_ENOMEM. */
int rl_tls_client_new(struct rl_tls_client **client, const struct rl_env *env,
	const rill_client_tls_options *options, char *error, size_t error_len);
struct rl_tls_client *rl_tls_client_ref(struct rl_tls_client *client);
void rl_tls_client_unref(struct rl_tls_client *client); /* NULL is fine */

/* Puts the client's side of TLS on raw, which it takes over, asking for name (SNI; an address is not
 * sent as SNI but looked for in the certificate all the same) and ALPN "http/1.1", and calls
 * done(stream, rc, sentence, user) once, from the loop: rc 0 and a stream in the same group with
 * reading off; or NULL and RILL_ETLS ("certificate verify failed: self-signed certificate"),
 * RILL_ETIMEDOUT, RILL_ERESET or whatever raw was lost with (raw is closed). timeout_ms 0: none.
 * Returns 0, or RILL_ENOMEM (raw is still the caller's). rl_tls_cancel() ends it silently. */
int rl_tls_connect(struct rl_tls_pending **pending, struct rl_stream *raw,
	struct rl_tls_client *client, struct rl_slice name, uint32_t timeout_ms, rl_tls_done done,
	void *user);

#endif
