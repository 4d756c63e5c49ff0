/* tls_sni.c: which certificate for which name (RFC 6066, section 3; RFC 6125, 6.4). */
#include "net/tls_context.h"

bool rl_tls_name_fits(struct rl_slice pattern, struct rl_slice name)
{
	if (pattern.len < 3 || pattern.data[0] != '*' || pattern.data[1] != '.')
		return rl_slice_equal_nocase(pattern, name);
	const uint8_t *dot = name.len ? memchr(name.data, '.', name.len) : NULL;
	if (!dot || dot == name.data)
		return false;
	rl_slice_skip(&name, (size_t)(dot - name.data));
	rl_slice_skip(&pattern, 1);
	return rl_slice_equal_nocase(pattern, name);
}

static bool pattern_fits(struct rl_slice pattern, struct rl_slice name, bool wildcard)
{
	bool has_star = pattern.len && pattern.data[0] == '*';
	return has_star == wildcard && rl_tls_name_fits(pattern, name);
}

static bool string_fits(const ASN1_STRING *string, struct rl_slice name, bool wildcard)
{
	size_t len = (size_t)ASN1_STRING_length(string);
	return pattern_fits(rl_slice(ASN1_STRING_get0_data(string), len), name, wildcard);
}

/* RFC 6125, 6.4.4: the common name counts only when there is no DNS name among the alternative
 * ones. */
static bool common_name_fits(const X509 *certificate, struct rl_slice name, bool wildcard)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (at < 0)
		return false;
	const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, at);
	return string_fits(X509_NAME_ENTRY_get_data(entry), name, wildcard);
}

static bool certificate_fits(const struct rl_tls_host *host, struct rl_slice name, bool wildcard)
{
	bool any = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(host->alternatives); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(host->alternatives, i);
		if (one->type != GEN_DNS)
			continue;
		any = true;
		if (string_fits(one->d.dNSName, name, wildcard))
			return true;
	}
	return !any && common_name_fits(SSL_CTX_get0_certificate(host->ctx), name, wildcard);
}

static bool host_fits(const struct rl_tls_host *host, struct rl_slice name, bool wildcard)
{
	if (!host->names)
		return certificate_fits(host, name, wildcard);
	for (const char *const *one = host->names; *one; one++)
		if (pattern_fits(rl_slice_str(*one), name, wildcard))
			return true;
	return false;
}

SSL_CTX *rl_tls_context_find(const struct rl_tls_context *context, struct rl_slice name)
{
	for (int wildcard = 0; wildcard < 2; wildcard++)
		for (size_t i = 0; i < context->count; i++)
			if (host_fits(&context->hosts[i], name, wildcard))
				return context->hosts[i].ctx;
	return NULL;
}
