/* listen_socket.c: what listening descriptors have in common, and those that are inherited. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "net/addr.h"
#include "net/listen_socket.h"

int rl_listen_error(int error)
{
	switch (error) {
	case EADDRINUSE:
		return RILL_EADDRINUSE;
	case EACCES:
	case EPERM:
	case EROFS:
		return RILL_EACCESS;
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case ENOENT:
	case ENOTDIR:
		return RILL_EADDR;
	case ENOMEM:
	case ENOBUFS:
		return RILL_ENOMEM;
	default:
		return RILL_EIO;
	}
}

static void name_unix(struct rl_listen_socket *s, const struct sockaddr_storage *at, socklen_t len)
{
	struct sockaddr_un un = { 0 };
	size_t path = offsetof(struct sockaddr_un, sun_path);

	memcpy(&un, at, len < sizeof(un) ? len : sizeof(un));
	size_t n = len > path ? len - path : 0;
	if (n && !un.sun_path[0])
		un.sun_path[0] = '@';
	snprintf(s->where, sizeof(s->where), "unix:%.*s", (int)n, un.sun_path);
}

int rl_listen_name(struct rl_listen_socket *s)
{
	struct sockaddr_storage at = { 0 };
	struct rl_addr addr;
	char host[RL_ADDR_TEXT];
	socklen_t len = sizeof(at);

	if (getsockname(s->fd, (struct sockaddr *)&at, &len) < 0)
		return -1;
	if (at.ss_family == AF_UNIX) {
		name_unix(s, &at, len);
		return 0;
	}
	rl_addr_from_sockaddr(&addr, &at, len);
	rl_addr_host(&addr, host);
	s->port = addr.port;
	snprintf(s->where, sizeof(s->where), addr.family == RL_ADDR_IP6 ? "[%s]:%u" : "%s:%u", host,
		addr.port);
	return 0;
}

static int option(int fd, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);
	return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? -1 : value;
}

static int take_inherited(struct rl_listen_sockets *sockets, int fd, const struct rl_complaint *to)
{
	struct rl_listen_socket *s = &sockets->list[0];

	*s = (struct rl_listen_socket){ .fd = fd };
	int type = option(fd, SO_TYPE);
	if (type < 0)
		return rl_complain(
			to, RILL_EINVAL, "descriptor %d is not a socket: %s", fd, strerror(errno));
	if (type != SOCK_STREAM || option(fd, SO_ACCEPTCONN) != 1)
		return rl_complain(
			to, RILL_EINVAL, "descriptor %d is not a listening stream socket", fd);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || rl_listen_name(s) < 0)
		return rl_complain(
			to, RILL_EIO, "descriptor %d cannot be used: %s", fd, strerror(errno));
	/* Accepted sockets take this from it; a unix socket has no such thing, and no such delay. */
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	sockets->count = 1;
	return 0;
}

int rl_listen_sockets_open(struct rl_listen_sockets *sockets, const rill_listen_options *options,
	const struct rl_complaint *to)
{
	int ways = (options->host != NULL) + (options->unix_path != NULL) + (options->fd >= 0);

	sockets->count = 0;
	if (ways > 1)
		return rl_complain(
			to, RILL_EINVAL, "only one of host, unix_path and fd says where to listen");
	if (options->backlog < 1)
		return rl_complain(
			to, RILL_EINVAL, "a backlog of %d makes no sense", options->backlog);
	if (options->fd >= 0)
		return take_inherited(sockets, options->fd, to);
	if (options->unix_path)
		return rl_listen_unix(sockets, options, to);
	return rl_listen_tcp(sockets, options, to);
}

static void remove_file(const struct rl_listen_socket *s)
{
	struct stat now;

	if (!s->unix_path[0] || lstat(s->unix_path, &now) < 0)
		return;
	if (S_ISSOCK(now.st_mode) && now.st_dev == s->device && now.st_ino == s->inode)
		unlink(s->unix_path);
}

void rl_listen_sockets_close(struct rl_listen_sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++) {
		remove_file(&sockets->list[i]);
		close(sockets->list[i].fd);
	}
	sockets->count = 0;
}
