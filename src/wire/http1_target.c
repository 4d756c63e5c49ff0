/* http1_target.c: whom and what a request asks: the forms of its target and its Host
 * (RFC 9112, section 3.2; RFC 3986, section 3.2). */
#include <arpa/inet.h>
#include "wire/http1_char.h"
#include "wire/http1_step.h"

/* "[" IPv6 "]". The IPvFuture of RFC 3986 has no future, and zones are the sender's business. */
static bool is_ipv6_literal(struct rl_slice s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.len < 4 || s.len - 2 >= sizeof(text) || s.data[s.len - 1] != ']')
		return false;
	memcpy(text, s.data + 1, s.len - 2);
	text[s.len - 2] = 0;
	return strlen(text) == s.len - 2 && inet_pton(AF_INET6, text, &address) == 1;
}

/* A name or an IPv4 address; the one grammar holds the other. Not empty. */
static bool is_name(struct rl_slice s)
{
	size_t at = 0;

	while ((at = rl_http1_span_of(s.data, at, s.len, RL_CHAR_HOST)) < s.len) {
		if (s.data[at] != '%' || s.len - at < 3 ||
			!rl_http1_char_is(s.data[at + 1], RL_CHAR_HEX) ||
			!rl_http1_char_is(s.data[at + 2], RL_CHAR_HEX))
			return false;
		at += 3;
	}
	return s.len > 0;
}

/* Of digits alone, or empty (RFC 3986, 3.2.3). */
static bool is_port(struct rl_slice s)
{
	const struct rl_slice last = RL_SLICE("65535");
	uint64_t port;

	if (s.len > last.len)
		return rl_slice_to_u64(s, &port) && port <= UINT16_MAX;
	return s.len < last.len || s.data[0] < last.data[0] ||
	       memcmp(s.data, last.data, last.len) <= 0;
}

/* host [ ":" port ], without user information, the host not empty. */
static bool is_authority(struct rl_slice s, bool with_port)
{
	struct rl_slice host = s, port;
	size_t colon = s.len;

	for (size_t at = s.len; at > 0 && colon == s.len; at--) {
		if (s.data[at - 1] == ':')
			colon = at - 1;
		else if (!rl_http1_char_is(s.data[at - 1], RL_CHAR_DIGIT))
			break;
	}
	host.len = colon;
	port = colon < s.len ? rl_slice(s.data + colon + 1, s.len - colon - 1) : rl_slice(NULL, 0);
	if (!is_port(port) || (with_port && port.len == 0) || host.len == 0)
		return false;
	return host.data[0] == '[' ? is_ipv6_literal(host) : is_name(host);
}

/* absolute-form: http://authority and what follows; false when it is something else. */
static bool is_absolute(struct rl_slice target)
{
	static const struct rl_slice schemes[] = { RL_SLICE("http://"), RL_SLICE("https://") };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct rl_slice rest = target;
		if (target.len < schemes[i].len ||
			!rl_slice_equal_nocase(rl_slice(target.data, schemes[i].len), schemes[i]))
			continue;
		rl_slice_skip(&rest, schemes[i].len);
		size_t len = 0;
		while (len < rest.len && rest.data[len] != '/' && rest.data[len] != '?')
			len++;
		return is_authority(rl_slice(rest.data, len), false);
	}
	return false;
}

int rl_http1_judge_target(struct rl_http1 *p)
{
	struct rl_slice method = rl_http1_text(&p->head, p->head.method);
	struct rl_slice target = rl_http1_text(&p->head, p->head.target);
	bool fits;

	if (rl_slice_equal(method, RL_SLICE("CONNECT")))
		fits = is_authority(target, true);
	else if (rl_slice_equal(target, RL_SLICE("*")))
		fits = rl_slice_equal(method, RL_SLICE("OPTIONS"));
	else
		fits = target.data[0] == '/' || is_absolute(target);
	return fits ? 0 : rl_http1_fail(p, 400, "The request target is malformed.");
}

/* RFC 9112, 3.2: no Host in HTTP/1.1, more than one, or one that is no host gets 400. It is empty
 * when what is asked for has no authority (RFC 9110, 7.2), which a target that names one
 * contradicts. */
int rl_http1_judge_host(struct rl_http1 *p)
{
	struct rl_slice host, second;
	size_t cursor = 0;

	if (!rl_http1_next_field(&p->head, RL_SLICE("Host"), &cursor, &host))
		return p->head.minor == 0 ? 0 : rl_http1_fail(p, 400, "There is no Host.");
	if (rl_http1_next_field(&p->head, RL_SLICE("Host"), &cursor, &second))
		return rl_http1_fail(p, 400, "There is more than one Host.");
	uint8_t first = p->head.base[p->head.target.start];
	if (host.len == 0 && (first == '/' || first == '*'))
		return 0;
	return is_authority(host, false) ? 0 : rl_http1_fail(p, 400, "The Host is malformed.");
}
