/* url.c: URLs with a host, taken apart by the generic syntax (RFC 3986, section 3). How a reference
 * is resolved is in url_resolve.c.
 *
 * A client shows parts of its URL to proxies and servers, so whatever has two readings is refused
 * here rather than repaired: browsers take a "\" for a "/" and the last "@" for the end of the
 * credentials, other readers do not, and what lies in between them is an attack. */
#include <arpa/inet.h>
#include <rill/error.h>
#include "base/base64.h"
#include "wire/http1_char.h"
#include "wire/url.h"

static int refuse(const char **sentence, const char *text)
{
	*sentence = text;
	return RILL_EINVAL;
}

static bool is_alpha(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
	return rl_http1_char_is(c, RL_CHAR_DIGIT);
}

static unsigned hex_value(uint8_t c)
{
	return (unsigned)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Characters that may stand in no URL, and escapes that are none. */
static int check_text(struct rl_slice text, const char **sentence)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c))
			return refuse(sentence,
				"the URL holds a space, a control character or another that has to "
				"be percent-encoded");
		if (c == '%' &&
			(i + 2 >= text.len || !rl_http1_char_is(text.data[i + 1], RL_CHAR_HEX) ||
				!rl_http1_char_is(text.data[i + 2], RL_CHAR_HEX)))
			return refuse(sentence, "the URL holds a broken percent escape");
	}
	return 0;
}

/* Takes what stands in front of the first of these characters off; all of it when there is none. */
static struct rl_slice take_until(struct rl_slice *rest, const char *ends)
{
	size_t n = 0;
	while (n < rest->len && !strchr(ends, rest->data[n]))
		n++;
	struct rl_slice taken = rl_slice(rest->data, n);
	rl_slice_skip(rest, n);
	return taken;
}

static bool take_char(struct rl_slice *rest, char c)
{
	if (!rest->len || rest->data[0] != (uint8_t)c)
		return false;
	rl_slice_skip(rest, 1);
	return true;
}

static int read_scheme(struct rl_slice *rest, struct rl_url *url, const char **sentence)
{
	url->scheme = take_until(rest, ":/?#");
	bool good = url->scheme.len && is_alpha(url->scheme.data[0]);
	for (size_t i = 0; good && i < url->scheme.len; i++) {
		uint8_t c = url->scheme.data[i];
		good = is_alpha(c) || is_digit(c) || strchr("+-.", c);
	}
	if (!good || !take_char(rest, ':'))
		return refuse(sentence, "the URL has no scheme");
	if (!take_char(rest, '/') || !take_char(rest, '/'))
		return refuse(sentence, "the URL has no \"//\" behind its scheme");
	return 0;
}

static int read_credentials(struct rl_slice *authority, struct rl_url *url, const char **sentence)
{
	struct rl_slice rest = *authority, user = take_until(&rest, "@");
	if (!take_char(&rest, '@'))
		return 0;
	if (rest.len && memchr(rest.data, '@', rest.len))
		return refuse(sentence, "the URL has two \"@\": one has to be written as %40");
	url->has_credentials = true;
	url->password = user;
	url->user = take_until(&url->password, ":");
	take_char(&url->password, ':');
	*authority = rest;
	return 0;
}

/* RFC 3986, 3.2.2. Zones (RFC 6874) mean nothing to the other end, and are left out. */
static int read_ip6(struct rl_slice *authority, struct rl_url *url, const char **sentence)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr unused;

	url->ip6 = true;
	url->host = take_until(authority, "]");
	if (url->host.len < sizeof(text)) {
		memcpy(text, url->host.data, url->host.len);
		text[url->host.len] = 0;
		if (take_char(authority, ']') && inet_pton(AF_INET6, text, &unused) == 1)
			return 0;
	}
	return refuse(sentence, "the URL's IPv6 address is malformed");
}

/* A name is what the system's resolver and the certificates know: no escapes in it. */
static int read_host(struct rl_slice *authority, struct rl_url *url, const char **sentence)
{
	if (take_char(authority, '['))
		return read_ip6(authority, url, sentence);
	url->host = take_until(authority, ":");
	if (!url->host.len)
		return refuse(sentence, "the URL has no host");
	for (size_t i = 0; i < url->host.len; i++) {
		uint8_t c = url->host.data[i];
		if (!is_alpha(c) && !is_digit(c) && !strchr("-._~", c))
			return refuse(sentence, "the URL's host holds a forbidden character");
	}
	return 0;
}

/* RFC 3986, 3.2.3: nothing behind the colon is no port. */
static int read_port(struct rl_slice authority, struct rl_url *url, const char **sentence)
{
	uint64_t port;

	if (!authority.len)
		return 0;
	if (!take_char(&authority, ':'))
		return refuse(sentence, "the URL's host is followed by something else than a port");
	if (!authority.len)
		return 0;
	if (!rl_slice_to_u64(authority, &port))
		return refuse(sentence, "the URL's port is not a number");
	if (port == 0 || port > UINT16_MAX)
		return refuse(sentence, "the URL's port is not between 1 and 65535");
	url->port = (uint16_t)port;
	return 0;
}

int rl_url_parse(struct rl_slice text, struct rl_url *url, const char **sentence)
{
	*url = (struct rl_url){ 0 };
	int rc = check_text(text, sentence);
	if (rc == 0)
		rc = read_scheme(&text, url, sentence);
	if (rc < 0)
		return rc;
	struct rl_slice authority = take_until(&text, "/?#");
	rc = read_credentials(&authority, url, sentence);
	if (rc == 0)
		rc = read_host(&authority, url, sentence);
	if (rc == 0)
		rc = read_port(authority, url, sentence);
	if (rc < 0)
		return rc;
	url->path = take_until(&text, "?#");
	url->has_query = take_char(&text, '?');
	if (url->has_query)
		url->query = take_until(&text, "#");
	url->has_fragment = text.len > 0;
	return 0;
}

/* Writers leave the buffer as it was when they fail. */
static int undo(struct rl_buf *out, size_t before, int rc)
{
	if (rc < 0)
		out->len = before;
	return rc;
}

int rl_url_write_target(const struct rl_url *url, struct rl_buf *out)
{
	size_t before = out->len;
	int rc = url->path.len ? rl_buf_append_slice(out, url->path) : rl_buf_append_str(out, "/");
	if (rc == 0 && url->has_query)
		rc = rl_buf_append_str(out, "?");
	if (rc == 0 && url->has_query)
		rc = rl_buf_append_slice(out, url->query);
	return undo(out, before, rc);
}

int rl_url_write_host(const struct rl_url *url, uint16_t default_port, struct rl_buf *out)
{
	size_t before = out->len;
	int rc = rl_buf_append_str(out, url->ip6 ? "[" : "");
	if (rc == 0)
		rc = rl_buf_append_slice(out, url->host);
	if (rc == 0)
		rc = rl_buf_append_str(out, url->ip6 ? "]" : "");
	if (rc == 0 && url->port && url->port != default_port) {
		rc = rl_buf_append_str(out, ":");
		if (rc == 0)
			rc = rl_buf_append_u64(out, url->port);
	}
	return undo(out, before, rc);
}

/* RFC 7617, 2: neither part holds control characters, and the user no colon. */
static int append_decoded(struct rl_buf *out, struct rl_slice text, bool colon_too)
{
	int rc = rl_buf_reserve(out, text.len);
	while (rc == 0 && text.len) {
		size_t n = text.data[0] == '%' ? 3 : 1;
		uint8_t c = text.data[0];
		if (n == 3)
			c = (uint8_t)(hex_value(text.data[1]) << 4 | hex_value(text.data[2]));
		if (c < ' ' || c == 0x7f || (c == ':' && !colon_too))
			return RILL_EINVAL;
		*rl_buf_end(out) = c;
		rl_buf_commit(out, 1);
		rl_slice_skip(&text, n);
	}
	return rc;
}

int rl_url_write_basic(const struct rl_url *url, struct rl_buf *out)
{
	struct rl_buf plain;
	size_t before = out->len;

	rl_buf_init(&plain, out->env);
	int rc = append_decoded(&plain, url->user, false);
	if (rc == 0)
		rc = rl_buf_append_str(&plain, ":");
	if (rc == 0)
		rc = append_decoded(&plain, url->password, true);
	if (rc == 0)
		rc = rl_buf_append_str(out, "Basic ");
	if (rc == 0)
		rc = rl_base64_write(out, rl_buf_slice(&plain));
	rl_buf_release(&plain);
	return undo(out, before, rc);
}
