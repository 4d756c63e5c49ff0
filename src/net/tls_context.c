/* tls_context.c: certificates, keys and rules as OpenSSL wants them.
 *
 * One SSL_CTX for each certificate, alike in all else; a connection begins with the first and
 * moves to another when the client names it (SNI). A context never changes: a reload builds a new
 * one from the same options, with ticket keys of its own, so that nothing resumes across it. */
#include <openssl/err.h>
#include "net/tls_context.h"

/* RFC 7301, 3.2: a client that lists protocols, none of which is ours, gets the alert
 * no_application_protocol. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned in_len, void *user)
{
	struct rl_slice list = rl_slice(in, in_len);
	(void)ssl;
	(void)user;

	while (list.len) {
		size_t len = list.data[0];
		rl_slice_skip(&list, 1);
		if (len > list.len)
			break;
		if (rl_slice_equal(rl_slice(list.data, len), RL_SLICE("http/1.1"))) {
			*out = list.data;
			*out_len = (unsigned char)len;
			return SSL_TLSEXT_ERR_OK;
		}
		rl_slice_skip(&list, len);
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int choose_certificate(SSL *ssl, int *alert, void *user)
{
	const struct rl_tls_context *context = user;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	(void)alert;

	SSL_CTX *ctx = name ? rl_tls_context_find(context, rl_slice_str(name)) : NULL;
	if (ctx && ctx != SSL_get_SSL_CTX(ssl) && !SSL_set_SSL_CTX(ssl, ctx))
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return ctx ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static void set_server_rules(SSL_CTX *ctx, struct rl_tls_context *context)
{
	static const unsigned char session_context[] = "rill";

	/* Sessions are resumed by tickets, which cost no memory here; one is enough, because a
	 * browser asks for a new one whenever it uses it. */
	SSL_CTX_set_session_id_context(ctx, session_context, sizeof(session_context) - 1);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	SSL_CTX_set_tlsext_servername_callback(ctx, choose_certificate);
	SSL_CTX_set_tlsext_servername_arg(ctx, context);
}

static int require_client_certificates(
	SSL_CTX *ctx, const char *file, const struct rl_complaint *to)
{
	int rc = rl_tls_check_readable("client CA", file, to);
	if (rc < 0)
		return rc;
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
	if (!names || SSL_CTX_load_verify_file(ctx, file) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return rl_complain(to, RILL_ETLS,
			"no usable certificates in the client CA file %s: %s", file,
			rl_tls_openssl_reason());
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return 0;
}

/* Fills hosts[i]; what it leaves half done goes with the context. */
static int add_host(struct rl_tls_context *context, size_t i, const struct rl_complaint *to)
{
	const rill_tls_options *options = &context->options->set;
	struct rl_tls_host *host = &context->hosts[i];

	host->names = options->certificates[i].names;
	host->ctx = SSL_CTX_new(TLS_server_method());
	if (!host->ctx)
		return rl_complain(to, RILL_ENOMEM, "out of memory");
	context->count = i + 1;
	int rc = rl_tls_set_rules(host->ctx, options->min_version, options->ciphers, to);
	if (rc < 0)
		return rc;
	set_server_rules(host->ctx, context);
	rc = rl_tls_load_certificate(host->ctx, options->certificates[i].certificate_file,
		options->certificates[i].key_file, to);
	if (rc < 0)
		return rc;
	const X509 *certificate = SSL_CTX_get0_certificate(host->ctx);
	host->alternatives = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	if (!options->client_ca_file)
		return 0;
	return require_client_certificates(host->ctx, options->client_ca_file, to);
}

static int build(struct rl_tls_context *context, const struct rl_complaint *to)
{
	const rill_tls_options *options = &context->options->set;

	for (size_t i = 0; i < options->certificate_count; i++) {
		int rc = add_host(context, i, to);
		if (rc < 0)
			return rc;
	}
	ERR_clear_error(); /* the end of a PEM file leaves an error behind that is none */
	return 0;
}

static void free_host(struct rl_tls_host *host)
{
	GENERAL_NAMES_free(host->alternatives);
	SSL_CTX_free(host->ctx);
}

static void free_context(struct rl_tls_common *common)
{
	struct rl_tls_context *context = rl_container(common, struct rl_tls_context, common);

	for (size_t i = 0; i < context->count; i++)
		free_host(&context->hosts[i]);
	rl_free(common->env, context->options);
	rl_free(common->env, context);
}

int rl_tls_context_new(struct rl_tls_context **context, const struct rl_env *env,
	const rill_tls_options *options, char *error, size_t error_len)
{
	struct rl_complaint to = { error, error_len };
	struct rl_tls_options *copy;

	if (options->size < sizeof(options->size))
		return rl_complain(&to, RILL_EINVAL, "TLS options: size is not set");
	int rc = rl_tls_options_copy(&copy, env, options);
	if (rc == RILL_EINVAL)
		return rl_complain(&to, rc, "TLS needs a certificate file and a key file");
	if (rc < 0)
		return rl_complain(&to, rc, "out of memory");
	size_t size = sizeof(**context) + copy->set.certificate_count * sizeof(struct rl_tls_host);
	struct rl_tls_context *made = rl_zalloc(env, size);
	if (!made) {
		rl_free(env, copy);
		return rl_complain(&to, RILL_ENOMEM, "out of memory");
	}
	made->options = copy;
	rc = rl_tls_common_init(&made->common, env, free_context);
	rc = rc < 0 ? rl_complain(&to, rc, "out of memory") : build(made, &to);
	if (rc < 0) {
		ERR_clear_error();
		rl_tls_context_unref(made);
		return rc;
	}
	*context = made;
	return 0;
}

int rl_tls_context_renew(struct rl_tls_context **fresh, const struct rl_tls_context *old,
	char *error, size_t error_len)
{
	return rl_tls_context_new(fresh, old->common.env, &old->options->set, error, error_len);
}

struct rl_tls_context *rl_tls_context_ref(struct rl_tls_context *context)
{
	rl_tls_common_ref(&context->common);
	return context;
}

void rl_tls_context_unref(struct rl_tls_context *context)
{
	if (context)
		rl_tls_common_unref(&context->common);
}
