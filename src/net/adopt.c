/* adopt.c: taking on a connection that somebody else has accepted and perhaps read from.
 *
 * Until all is well the stream works on a duplicate of the descriptor: the caller's stays open and
 * its own when anything fails. */
#include <fcntl.h>
#include <unistd.h>
#include "net/listen.h"

/* Whom it is connected to, if it is a connected stream socket. */
static bool find_peer(int fd, struct rl_addr *peer)
{
	struct sockaddr_storage at = { 0 };
	socklen_t at_len = sizeof(at);
	int type = 0;
	socklen_t type_len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0 || type != SOCK_STREAM)
		return false;
	if (getpeername(fd, (struct sockaddr *)&at, &at_len) < 0)
		return false;
	rl_addr_from_sockaddr(peer, &at, at_len);
	return peer->family != RL_ADDR_NONE;
}

static int make_stream(struct rl_stream **stream, struct rl_stream_group *group, int fd,
	const struct rl_addr *peer, struct rl_slice bytes)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (own < 0)
		return RILL_EIO;
	int rc = rl_socket_stream(stream, group, own, peer);
	if (rc < 0) {
		close(own);
		return rc;
	}
	rc = rl_stream_unread(*stream, bytes);
	if (rc < 0)
		rl_stream_close(*stream);
	return rc;
}

int rl_adopt(const struct rl_listener_config *config, int fd, struct rl_slice bytes)
{
	struct rl_stream *stream;
	struct rl_addr peer;

	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || !find_peer(fd, &peer))
		return RILL_EIO;
	if (config->events->may_enter && !config->events->may_enter(config->user, &peer))
		return RILL_ELIMIT;
	int rc = make_stream(&stream, config->group, fd, &peer, bytes);
	if (rc < 0) {
		fcntl(fd, F_SETFL, flags); /* the duplicate shares them */
		return rc;
	}
	close(fd);
	config->events->on_stream(config->user, stream);
	return 0;
}
