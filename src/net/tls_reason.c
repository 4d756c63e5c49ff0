/* tls_reason.c: why TLS came to nothing, as a sentence for those who read logs and error messages. */
#include <stdio.h>
#include <openssl/err.h>
#include "net/tls_stream.h"

/* RFC 8446, 6: those that SSL_alert_desc_string_long() does not know. */
static const char *alert_name(int alert)
{
	switch (alert) {
	case SSL_AD_MISSING_EXTENSION:
		return "missing extension";
	case SSL_AD_CERTIFICATE_REQUIRED:
		return "certificate required";
	default:
		return SSL_alert_desc_string_long(alert);
	}
}

static void openssl_reason(const struct rl_tls *tls, char text[RL_TLS_REASON])
{
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_REASON(code);
	const char *peer = SSL_is_server(tls->ssl) ? "client" : "server";
	const char *name = code ? ERR_reason_error_string(code) : NULL;

	if (code && ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
		snprintf(text, RL_TLS_REASON, "alert from the %s: %s", peer,
			alert_name(reason - SSL_AD_REASON_OFFSET));
	else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		snprintf(text, RL_TLS_REASON, "certificate verify failed: %s",
			X509_verify_cert_error_string(SSL_get_verify_result(tls->ssl)));
	else if (reason == SSL_R_WRONG_VERSION_NUMBER)
		snprintf(text, RL_TLS_REASON, "the %s does not speak TLS (%s)", peer, name);
	else
		snprintf(text, RL_TLS_REASON, "%s", name ? name : rill_strerror(RILL_ETLS));
}

void rl_tls_reason(const struct rl_tls *tls, int rc, char text[RL_TLS_REASON])
{
	switch (rc) {
	case RILL_ETLS:
		openssl_reason(tls, text);
		break;
	case RILL_ERESET:
		snprintf(text, RL_TLS_REASON, "the connection ended during the TLS handshake");
		break;
	case RILL_ETIMEDOUT:
		snprintf(text, RL_TLS_REASON, "the TLS handshake took too long");
		break;
	default:
		snprintf(text, RL_TLS_REASON, "%s", rill_strerror(rc));
	}
}
