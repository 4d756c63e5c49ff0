/* tls_common.h: what a server's and a client's side of TLS have in common: the part of their
 * contexts that a connection needs, and how files and rules get into an SSL_CTX. Inside of
 * net/tls*.c only. */
#ifndef RL_NET_TLS_COMMON_H
#define RL_NET_TLS_COMMON_H

#include <stdatomic.h>
#include <openssl/ssl.h>
#include <rill/error.h>
#include "base/env.h"
#include "net/complaint.h"

/* The beginning of a context; each connection counts one reference. */
struct rl_tls_common {
	atomic_uint refs;
	const struct rl_env *env;
	BIO_METHOD *bio; /* how OpenSSL reaches the stream below */
	void (*free)(struct rl_tls_common *common);
};

/* 0 or RILL_ENOMEM; either way it has one reference, whose end calls free. */
int rl_tls_common_init(struct rl_tls_common *common, const struct rl_env *env,
	void (*free)(struct rl_tls_common *common));
void rl_tls_common_ref(struct rl_tls_common *common);
void rl_tls_common_unref(struct rl_tls_common *common);

/* Versions, ciphers (NULL: OpenSSL's default) and modes. 0 or RILL_EINVAL. */
int rl_tls_set_rules(
	SSL_CTX *ctx, int min_version, const char *ciphers, const struct rl_complaint *to);

/* 0; RILL_ENOENT or RILL_ETLS. what: "key". */
int rl_tls_check_readable(const char *what, const char *file, const struct rl_complaint *to);
/* A chain and its key. 0, RILL_ENOENT, RILL_ETLS. */
int rl_tls_load_certificate(SSL_CTX *ctx, const char *certificate_file, const char *key_file,
	const struct rl_complaint *to);

/* What OpenSSL thinks is the matter, for a sentence. */
const char *rl_tls_openssl_reason(void);

/* The methods of a BIO whose data is the struct rl_tls; NULL when out of memory (tls_bio.c). */
BIO_METHOD *rl_tls_bio_method(void);

#endif
