/* tls_common.c: see tls_common.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>
#include "net/tls_common.h"

int rl_tls_common_init(struct rl_tls_common *common, const struct rl_env *env,
	void (*free)(struct rl_tls_common *common))
{
	atomic_init(&common->refs, 1);
	common->env = env;
	common->free = free;
	common->bio = rl_tls_bio_method();
	return common->bio ? 0 : RILL_ENOMEM;
}

void rl_tls_common_ref(struct rl_tls_common *common)
{
	atomic_fetch_add_explicit(&common->refs, 1, memory_order_relaxed);
}

void rl_tls_common_unref(struct rl_tls_common *common)
{
	if (atomic_fetch_sub_explicit(&common->refs, 1, memory_order_acq_rel) != 1)
		return;
	BIO_meth_free(common->bio);
	common->free(common);
}

const char *rl_tls_openssl_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	return reason ? reason : "unknown reason";
}

int rl_tls_check_readable(const char *what, const char *file, const struct rl_complaint *to)
{
	if (access(file, R_OK) == 0)
		return 0;
	int rc = errno == ENOENT || errno == ENOTDIR ? RILL_ENOENT : RILL_ETLS;
	return rl_complain(to, rc, "cannot read the %s file %s: %s", what, file, strerror(errno));
}

/* A key with a passphrase is an error: nobody is there to be asked. */
static int no_passphrase(char *buf, int size, int writing, void *user)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)user;
	return -1;
}

int rl_tls_set_rules(
	SSL_CTX *ctx, int min_version, const char *ciphers, const struct rl_complaint *to)
{
	if (min_version != 12 && min_version != 13)
		return rl_complain(
			to, RILL_EINVAL, "the lowest TLS version is 12 or 13, not %d", min_version);
	SSL_CTX_set_min_proto_version(ctx, min_version == 13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* The head of a record and its body in one reading; also the records behind it, as long as
	 * there is room for one. */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (ciphers && SSL_CTX_set_cipher_list(ctx, ciphers) != 1)
		return rl_complain(to, RILL_EINVAL, "no usable cipher in \"%s\"", ciphers);
	return 0;
}

int rl_tls_load_certificate(SSL_CTX *ctx, const char *certificate_file, const char *key_file,
	const struct rl_complaint *to)
{
	int rc = rl_tls_check_readable("certificate", certificate_file, to);
	if (rc < 0)
		return rc;
	rc = rl_tls_check_readable("key", key_file, to);
	if (rc < 0)
		return rc;
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate_file) != 1)
		return rl_complain(to, RILL_ETLS, "no usable certificate in %s: %s",
			certificate_file, rl_tls_openssl_reason());
	if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
		return rl_complain(to, RILL_ETLS, "no usable key for %s in %s: %s",
			certificate_file, key_file, rl_tls_openssl_reason());
	if (SSL_CTX_check_private_key(ctx) != 1)
		return rl_complain(to, RILL_ETLS, "the key in %s is not that of %s", key_file,
			certificate_file);
	return 0;
}
