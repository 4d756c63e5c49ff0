/* raw_fanout: what one connection sends, all others get, by a loop of send(2): the floor below
 * fan-out with this call. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "raw_server.h"

static int *members;
static int count, room;

static void opened(int fd)
{
	if (count == room) {
		room = room * 2 + 64;
		members = realloc(members, (size_t)room * sizeof *members);
		if (!members)
			abort();
	}
	members[count++] = fd;
}

static void closed(int fd)
{
	for (int i = 0; i < count; i++) {
		if (members[i] == fd) {
			members[i] = members[--count];
			return;
		}
	}
}

/* Waits where a socket is full; the load always reads. A lost one shows at its next event. */
static void send_all(int fd, const uint8_t *data, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);
		if (sent < 0) {
			if (errno != EAGAIN && errno != EINTR)
				return;
			struct pollfd wait = { .fd = fd, .events = POLLOUT };
			poll(&wait, 1, 1000);
			continue;
		}
		data += sent;
		n -= (size_t)sent;
	}
}

static bool received(int fd, size_t n)
{
	for (int i = 0; i < count; i++)
		if (members[i] != fd)
			send_all(members[i], raw_buffer, n);
	return true;
}

int main(int argc, char **argv)
{
	static const struct raw_events events = {
		.received = received, .opened = opened, .closed = closed
	};
	return raw_serve(&events, argc, argv);
}
