/* tls_client.c: the client's side: whom it believes, what it asks for, and its first step. All that
 * comes then is the same for both sides.
 *
 * Sessions are not resumed: a client of this library has few connections and keeps them long. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "net/tls_client.h"
#include "net/tls_stream.h"

/* RFC 6066, 3: a name of DNS, in text, at most; with a NUL. */
#define NAME_ROOM 256

struct rl_tls_client {
	struct rl_tls_common common;
	SSL_CTX *ctx;
	bool by_system; /* the authorities believed are the system's, which the loop keeps */
};

static struct rl_tls_client *of_common(struct rl_tls_common *common)
{
	return rl_container(common, struct rl_tls_client, common);
}

static void free_client(struct rl_tls_common *common)
{
	SSL_CTX_free(of_common(common)->ctx);
	rl_free(common->env, of_common(common));
}

static int load_authorities(SSL_CTX *ctx, const char *file, const struct rl_complaint *to)
{
	int rc = rl_tls_check_readable("CA", file, to);
	if (rc < 0)
		return rc;
	if (SSL_CTX_load_verify_file(ctx, file) == 1)
		return 0;
	return rl_complain(to, RILL_ETLS, "no usable certificates in the CA file %s: %s", file,
		rl_tls_openssl_reason());
}

static int load_own(
	SSL_CTX *ctx, const rill_client_tls_options *options, const struct rl_complaint *to)
{
	if (!options->certificate_file && !options->key_file)
		return 0;
	if (!options->certificate_file || !options->key_file)
		return rl_complain(to, RILL_EINVAL,
			"a client's certificate needs a certificate file and a key file");
	return rl_tls_load_certificate(ctx, options->certificate_file, options->key_file, to);
}

static int build(struct rl_tls_client *client, const rill_client_tls_options *options,
	const struct rl_complaint *to)
{
	client->ctx = SSL_CTX_new(TLS_client_method());
	if (!client->ctx)
		return rl_complain(to, RILL_ENOMEM, "out of memory");
	int rc = rl_tls_set_rules(client->ctx, options->min_version, options->ciphers, to);
	if (rc < 0)
		return rc;
	SSL_CTX_set_options(client->ctx, SSL_OP_NO_TICKET);
	rc = load_own(client->ctx, options, to);
	if (rc < 0 || options->insecure)
		return rc;
	SSL_CTX_set_verify(client->ctx, SSL_VERIFY_PEER, NULL);
	client->by_system = !options->ca_file;
	return client->by_system ? 0 : load_authorities(client->ctx, options->ca_file, to);
}

int rl_tls_client_new(struct rl_tls_client **client, const struct rl_env *env,
	const rill_client_tls_options *options, char *error, size_t error_len)
{
	struct rl_complaint to = { error, error_len };
	struct rl_tls_client *made = rl_zalloc(env, sizeof(*made));

	if (!made)
		return rl_complain(&to, RILL_ENOMEM, "out of memory");
	int rc = rl_tls_common_init(&made->common, env, free_client);
	rc = rc < 0 ? rl_complain(&to, rc, "out of memory") : build(made, options, &to);
	ERR_clear_error(); /* the end of a PEM file leaves an error behind that is none */
	if (rc < 0) {
		rl_tls_client_unref(made);
		return rc;
	}
	*client = made;
	return 0;
}

struct rl_tls_client *rl_tls_client_ref(struct rl_tls_client *client)
{
	rl_tls_common_ref(&client->common);
	return client;
}

void rl_tls_client_unref(struct rl_tls_client *client)
{
	if (client)
		rl_tls_common_unref(&client->common);
}

/* RFC 9525, 6.4 and 6.5: an address is looked for among the certificate's addresses. */
static bool ask_for_address(SSL *ssl, const struct rl_addr *addr)
{
	size_t len = addr->family == RL_ADDR_IP4 ? 4 : 16;
	return X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), addr->ip, len) == 1;
}

/* RFC 6066, 3: without the dot at the end. */
static bool ask_for_name(SSL *ssl, struct rl_slice name)
{
	char text[NAME_ROOM];

	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	/* What can be no name must not end up as none to look for: no certificate has this one. */
	if (!name.len || name.len >= sizeof(text) || memchr(name.data, 0, name.len))
		return SSL_set1_host(ssl, "?") == 1;
	memcpy(text, name.data, name.len);
	text[name.len] = 0;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, text) == 1 && SSL_set_tlsext_host_name(ssl, text) == 1;
}

static bool believe_system(SSL *ssl, struct rl_tls_loop *shared)
{
	X509_STORE *store = rl_tls_loop_authorities(shared);
	return store && SSL_set1_verify_cert_store(ssl, store) == 1;
}

static SSL *new_ssl(struct rl_tls_client *client, struct rl_tls_loop *shared, struct rl_slice name)
{
	static const unsigned char protocols[] = "\x08http/1.1";
	SSL *ssl = SSL_new(client->ctx);
	struct rl_addr addr;

	if (!ssl)
		return NULL;
	SSL_set_connect_state(ssl);
	bool ok = rl_addr_parse(name, &addr) ? ask_for_address(ssl, &addr)
					     : ask_for_name(ssl, name);
	if (client->by_system)
		ok = ok && believe_system(ssl, shared);
	if (ok && SSL_set_alpn_protos(ssl, protocols, sizeof(protocols) - 1) == 0)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

int rl_tls_connect(struct rl_tls_pending **pending, struct rl_stream *raw,
	struct rl_tls_client *client, struct rl_slice name, uint32_t timeout_ms, rl_tls_done done,
	void *user)
{
	struct rl_tls_loop *shared = rl_tls_loop_get(raw->loop);
	SSL *ssl = shared ? new_ssl(client, shared, name) : NULL;
	uint64_t deadline = timeout_ms ? rl_loop_now(raw->loop) + timeout_ms : RL_TIMER_NEVER;

	return rl_tls_begin(pending, raw, &client->common, ssl, deadline, done, user);
}
