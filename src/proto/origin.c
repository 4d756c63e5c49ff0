/* origin.c: see origin.h. */
#include "proto/origin.h"

/* Splits "scheme://host:port" and "host:port"; port "" when there is none. */
static void split_port(struct rl_slice authority, struct rl_slice *host, struct rl_slice *port)
{
	size_t i = authority.len;
	while (i > 0 && authority.data[i - 1] >= '0' && authority.data[i - 1] <= '9')
		i--;
	if (i > 0 && authority.data[i - 1] == ':') {
		*host = rl_slice(authority.data, i - 1);
		*port = rl_slice(authority.data + i, authority.len - i);
	} else {
		*host = authority;
		*port = rl_slice(NULL, 0);
	}
}

static bool take_scheme(struct rl_slice *origin, struct rl_slice *default_port)
{
	static const struct {
		struct rl_slice start, port;
	} schemes[] = {
		{ { (const uint8_t *)"http://", 7 }, { (const uint8_t *)"80", 2 } },
		{ { (const uint8_t *)"https://", 8 }, { (const uint8_t *)"443", 3 } },
	};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct rl_slice start = rl_slice(origin->data,
			origin->len < schemes[i].start.len ? origin->len : schemes[i].start.len);
		if (rl_slice_equal_nocase(start, schemes[i].start)) {
			rl_slice_skip(origin, start.len);
			*default_port = schemes[i].port;
			return true;
		}
	}
	return false;
}

/* standard: the port of its scheme. */
static bool split_origin(struct rl_slice origin, struct rl_slice *host, struct rl_slice *port,
	struct rl_slice *standard)
{
	if (!take_scheme(&origin, standard))
		return false;
	split_port(origin, host, port);
	if (!port->len)
		*port = *standard;
	return true;
}

bool rl_origin_split(struct rl_slice origin, struct rl_slice *host, struct rl_slice *port)
{
	struct rl_slice standard;

	return split_origin(origin, host, port, &standard);
}

/* Is the origin that of the host the request was sent to? A default port may be left out on
 * either side; behind a proxy that ends TLS the schemes may differ, so they are not compared. */
static bool same_origin(struct rl_slice origin, struct rl_slice host)
{
	struct rl_slice standard, a, a_port, b, b_port;
	if (!split_origin(origin, &a, &a_port, &standard))
		return false;
	split_port(host, &b, &b_port);
	if (!b_port.len)
		b_port = standard;
	return a.len && rl_slice_equal_nocase(a, b) && rl_slice_equal(a_port, b_port);
}

bool rl_origin_fits(const char *rule, const rill_request *request, struct rl_slice origin)
{
	struct rl_slice host;

	if (strcmp(rule, "*") == 0)
		return true;
	if (strcmp(rule, "same") == 0)
		return rl_http1_field(rl_exchange_head(request), RL_SLICE("Host"), &host) &&
		       same_origin(origin, host);
	return rl_slice_equal_nocase(origin, rl_slice_str(rule));
}

struct rl_slice rl_origin_of(const rill_request *request)
{
	struct rl_slice origin;

	if (!rl_http1_field(rl_exchange_head(request), RL_SLICE("Origin"), &origin))
		return rl_slice(NULL, 0);
	return origin;
}

/* "http://b/x" to "http://b". */
static struct rl_slice origin_in_url(struct rl_slice url)
{
	const uint8_t *colon = url.len ? memchr(url.data, ':', url.len) : NULL;
	size_t n = colon ? (size_t)(colon - url.data) + 3 : url.len;

	while (n < url.len && url.data[n] != '/' && url.data[n] != '?')
		n++;
	return rl_slice(url.data, n < url.len ? n : url.len);
}

bool rl_origin_hidden(const rill_request *request, struct rl_slice *origin)
{
	const struct rl_http1_head *head = rl_exchange_head(request);
	struct rl_slice site, referer = rl_slice(NULL, 0);

	if (!rl_http1_field(head, RL_SLICE("Sec-Fetch-Site"), &site) ||
		(!rl_slice_equal(site, RL_SLICE("cross-site")) &&
			!rl_slice_equal(site, RL_SLICE("same-site"))))
		return false;
	rl_http1_field(head, RL_SLICE("Referer"), &referer);
	*origin = origin_in_url(referer);
	if (!origin->len)
		*origin = RL_SLICE("null");
	return true;
}

const char *rl_origin_find_rule(
	const char *const *rules, const rill_request *request, struct rl_slice origin)
{
	for (; *rules; rules++) {
		bool fits = origin.data ? rl_origin_fits(*rules, request, origin)
					: strcmp(*rules, "*") == 0 || strcmp(*rules, "same") == 0;
		if (fits)
			return *rules;
	}
	return NULL;
}

int rl_origin_write(struct rl_buf *out, struct rl_slice origin)
{
	if (!origin.data)
		return rl_buf_append_str(out, "Access-Control-Allow-Origin: *\r\n");
	int rc = rl_buf_append_str(out, "Access-Control-Allow-Origin: ");
	if (rc == 0)
		rc = rl_buf_append_slice(out, origin);
	if (rc == 0)
		rc = rl_buf_append_str(out, "\r\nAccess-Control-Allow-Credentials: true\r\n");
	return rc;
}

int rl_origin_allow(rill_request *request, struct rl_slice origin)
{
	struct rl_buf *scratch = &rill_request_loop(request)->scratch;
	int rc = rl_origin_write(scratch, origin);

	if (rc == 0)
		rc = rl_exchange_add_lines(request, rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
	return rc;
}
