/* listen_tcp.c: listening on all addresses a name stands for, on one port.
 *
 * The name is looked up with getaddrinfo(), which may block; that is while the program starts to
 * listen, not while it serves. Addresses in numbers never block. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/listen_socket.h"

/* The first free port of the first address may be taken at the second: then another is tried. */
#define TRIES 32

static int look_up(const char *host, int flags, struct addrinfo **found)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | flags, .ai_socktype = SOCK_STREAM };
	return getaddrinfo(host, NULL, &hints, found);
}

/* "[::1]" as well as "::1". */
static int resolve(const char *host, struct addrinfo **found, const struct rl_complaint *to)
{
	char bare[256];
	size_t len = strlen(host);
	bool brackets = len > 2 && host[0] == '[' && host[len - 1] == ']';

	if (!len || len >= sizeof(bare))
		return rl_complain(to, RILL_EADDR, "\"%s\" is no host to listen on", host);
	snprintf(bare, sizeof(bare), "%.*s", (int)(brackets ? len - 2 : len), host + brackets);
	int rc = look_up(bare, AI_NUMERICHOST, found);
	if (rc == EAI_NONAME && !brackets)
		rc = look_up(bare, 0, found);
	if (rc == 0)
		return 0;
	return rl_complain(to, rc == EAI_MEMORY ? RILL_ENOMEM : RILL_EADDR,
		"cannot find the address of \"%s\": %s", host, gai_strerror(rc));
}

static int set_options(int fd, int family, bool reuse_port)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
		return -1;
	/* Each family has its own socket, so that "::" beside "0.0.0.0" works everywhere. */
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -1;
	/* Accepted sockets inherit it, which saves a call for each. */
	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void set_port(struct sockaddr_storage *at, uint16_t port)
{
	if (at->ss_family == AF_INET6)
		((struct sockaddr_in6 *)at)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)at)->sin_port = htons(port);
}

/* Fills s. 0, or -1 with errno and no descriptor left. */
static int open_one(struct rl_listen_socket *s, const struct addrinfo *where, uint16_t port,
	const rill_listen_options *options)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = where->ai_addrlen;
	int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

	memcpy(&at, where->ai_addr, len);
	set_port(&at, port);
	*s = (struct rl_listen_socket){ .fd = socket(where->ai_family, type, 0) };
	if (s->fd < 0)
		return -1;
	if (set_options(s->fd, where->ai_family, options->reuse_port) < 0 ||
		bind(s->fd, (struct sockaddr *)&at, len) < 0 ||
		listen(s->fd, options->backlog) < 0 || rl_listen_name(s) < 0) {
		int error = errno;
		close(s->fd);
		errno = error;
		return -1;
	}
	return 0;
}

/* The same address can stand in a resolver's answer more than once. */
static bool is_repeated(const struct addrinfo *first, const struct addrinfo *one)
{
	for (; first != one; first = first->ai_next)
		if (first->ai_addrlen == one->ai_addrlen &&
			memcmp(first->ai_addr, one->ai_addr, one->ai_addrlen) == 0)
			return true;
	return false;
}

/* Of several addresses those will do which this machine has. */
static bool is_absent(int error)
{
	return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

/* Opens all on one port. 0, or an errno with nothing left open. */
static int open_all(struct rl_listen_sockets *sockets, const struct addrinfo *found,
	const rill_listen_options *options)
{
	uint16_t port = options->port;
	int error = EADDRNOTAVAIL;

	for (const struct addrinfo *one = found; one; one = one->ai_next) {
		if (sockets->count == RL_LISTEN_SOCKETS)
			break;
		if ((one->ai_family != AF_INET && one->ai_family != AF_INET6) ||
			is_repeated(found, one))
			continue;
		struct rl_listen_socket *s = &sockets->list[sockets->count];
		if (open_one(s, one, port, options) == 0) {
			sockets->count++;
			port = s->port;
			continue;
		}
		error = errno;
		if (!is_absent(error)) {
			rl_listen_sockets_close(sockets);
			return error;
		}
	}
	return sockets->count ? 0 : error;
}

int rl_listen_tcp(struct rl_listen_sockets *sockets, const rill_listen_options *options,
	const struct rl_complaint *to)
{
	const char *host = options->host ? options->host : "127.0.0.1";
	struct addrinfo *found = NULL;

	int rc = resolve(host, &found, to);
	if (rc < 0)
		return rc;
	int error = EADDRINUSE;
	for (int i = 0; i < (options->port ? 1 : TRIES) && error == EADDRINUSE; i++)
		error = open_all(sockets, found, options);
	freeaddrinfo(found);
	if (!error)
		return 0;
	bool ip6 = strchr(host, ':') && host[0] != '[';
	return rl_complain(to, rl_listen_error(error),
		ip6 ? "cannot listen on [%s]:%u: %s" : "cannot listen on %s:%u: %s", host,
		options->port, strerror(error));
}
