/* tls_context.h: what all TLS connections of a listener share. Inside of net/tls*.c only. */
#ifndef RL_NET_TLS_CONTEXT_H
#define RL_NET_TLS_CONTEXT_H

#include <openssl/x509v3.h>
#include "net/tls.h"
#include "net/tls_common.h"
#include "net/tls_options.h"

/* One certificate: an SSL_CTX of its own, and the names it is shown for. */
struct rl_tls_host {
	SSL_CTX *ctx;
	const char *const *names;    /* from the options; NULL: those in the certificate: */
	GENERAL_NAMES *alternatives; /* its subjectAltName, NULL when it has none */
};

struct rl_tls_context {
	struct rl_tls_common common;
	struct rl_tls_options *options; /* a copy, for reading the files anew */
	size_t count;
	struct rl_tls_host hosts[];
};

/* The first certificate with that name, exact ones before wildcards; or NULL (tls_sni.c). */
SSL_CTX *rl_tls_context_find(const struct rl_tls_context *context, struct rl_slice name);

/* Does "*.example.org" or "example.org" stand for that name (RFC 6125, 6.4.3)? The wildcard is a
 * whole first label and fits one. */
bool rl_tls_name_fits(struct rl_slice pattern, struct rl_slice name);

#endif
