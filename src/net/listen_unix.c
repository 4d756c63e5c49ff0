/* listen_unix.c: listening on a unix socket, in the file system or the abstract namespace.
 *
 * A process that died leaves its socket's file behind. One that nobody listens on refuses
 * connections, which is how it is told from a living one. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "net/listen_socket.h"

/* Fills the address; its length, or 0 when the path is too long or empty. */
static socklen_t address_of(const char *path, struct sockaddr_un *at)
{
	size_t len = strlen(path);
	size_t start = offsetof(struct sockaddr_un, sun_path);

	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!len || len >= sizeof(at->sun_path))
		return 0;
	memcpy(at->sun_path, path, len);
	if (path[0] != '@')
		return (socklen_t)(start + len + 1);
	at->sun_path[0] = 0;
	return (socklen_t)(start + len); /* unix(7): all bytes count there, a NUL too */
}

/* Is the file at that path a socket nobody listens on? */
static bool is_dead(const char *path, const struct sockaddr_un *at, socklen_t len)
{
	struct stat there;

	if (path[0] == '@' || lstat(path, &there) < 0 || !S_ISSOCK(there.st_mode))
		return false;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	bool dead = connect(fd, (const struct sockaddr *)at, len) < 0 && errno == ECONNREFUSED;
	close(fd);
	return dead;
}

static int bind_over_dead(int fd, const char *path, const struct sockaddr_un *at, socklen_t len)
{
	if (bind(fd, (const struct sockaddr *)at, len) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -1;
	if (!is_dead(path, at, len) || unlink(path) < 0) {
		errno = EADDRINUSE;
		return -1;
	}
	return bind(fd, (const struct sockaddr *)at, len);
}

/* The mode is set before anybody can connect, which is only when listen() was called. */
static int set_up_file(struct rl_listen_socket *s, const char *path, int mode)
{
	struct stat made;

	if (path[0] == '@')
		return 0;
	if (lstat(path, &made) < 0)
		return -1;
	s->device = made.st_dev;
	s->inode = made.st_ino;
	snprintf(s->unix_path, sizeof(s->unix_path), "%s", path);
	return mode < 0 ? 0 : chmod(path, (mode_t)mode);
}

int rl_listen_unix(struct rl_listen_sockets *sockets, const rill_listen_options *options,
	const struct rl_complaint *to)
{
	const char *path = options->unix_path;
	struct rl_listen_socket *s = &sockets->list[0];
	struct sockaddr_un at;
	socklen_t len = address_of(path, &at);

	if (!len)
		return rl_complain(to, RILL_EINVAL,
			"the path of a unix socket has 1 to %zu bytes: \"%s\"",
			sizeof(at.sun_path) - 1, path);
	*s = (struct rl_listen_socket){ .fd = -1 };
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		goto fail;
	snprintf(s->where, sizeof(s->where), "unix:%s", path);
	if (bind_over_dead(s->fd, path, &at, len) < 0)
		goto fail;
	sockets->count = 1;
	if (set_up_file(s, path, options->unix_mode) < 0 || listen(s->fd, options->backlog) < 0)
		goto fail;
	return 0;
fail:;
	int error = errno;
	if (sockets->count)
		rl_listen_sockets_close(sockets);
	else if (s->fd >= 0)
		close(s->fd);
	return rl_complain(
		to, rl_listen_error(error), "cannot listen on unix:%s: %s", path, strerror(error));
}
