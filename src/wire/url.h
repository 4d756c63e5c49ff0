/* url.h: the URLs that a client connects to: scheme, credentials, host, port, target (RFC 3986).
 *
 *   url.c          taken apart, and its parts as requests want them
 *   url_resolve.c  what a reference means */
#ifndef RL_WIRE_URL_H
#define RL_WIRE_URL_H

#include "base/buf.h"
#include "base/slice.h"

/* The slices point into the text that was parsed. */
struct rl_url {
	struct rl_slice scheme; /* as written */
	bool has_credentials;
	struct rl_slice user, password; /* as written, percent-encoded */
	struct rl_slice host; /* a name, an IPv4 address, or an IPv6 address without its brackets */
	bool ip6;
	uint16_t port;        /* 0: none is named */
	struct rl_slice path; /* with its '/'; empty when there is none */
	struct rl_slice query; /* without '?' */
	bool has_query, has_fragment;
};

/* Splits and checks an absolute URL with a host. Characters that may not stand in a URL (space,
 * controls, what is not ASCII, '"', '<', '>', '\\', '^', '`', '{', '|', '}') are refused, as is a
 * broken percent escape. 0, or RILL_EINVAL with a static sentence ("the port is not a number"). */
int rl_url_parse(struct rl_slice text, struct rl_url *url, const char **sentence);

/* Appends the request target: path or "/", then the query. */
int rl_url_write_target(const struct rl_url *url, struct rl_buf *out);

/* Appends what stands in Host: brackets around IPv6, the port unless it is default_port. */
int rl_url_write_host(const struct rl_url *url, uint16_t default_port, struct rl_buf *out);

/* Appends "Basic " and base64 of user:password, percent-decoded. RILL_EINVAL: a ':' in the user, or a
 * control character (RFC 7617, 2). */
int rl_url_write_basic(const struct rl_url *url, struct rl_buf *out);

/* Appends the URL that reference means when it stands in base (RFC 3986, 5.2). RILL_EINVAL. */
int rl_url_resolve(struct rl_slice base, struct rl_slice reference, struct rl_buf *out);

#endif
