/* raw_echo: every byte back, with epoll, recv and send and no protocol: the floor below any echo
 * server on this engine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "raw_server.h"

/* What a full socket did not take, by descriptor. */
static struct pending {
	uint8_t *data;
	size_t len, sent;
} * pending;
static int pending_count;

static struct pending *pending_of(int fd)
{
	if (fd >= pending_count) {
		int count = fd * 2 + 64;
		pending = realloc(pending, (size_t)count * sizeof *pending);
		if (!pending)
			abort();
		memset(pending + pending_count, 0,
			(size_t)(count - pending_count) * sizeof *pending);
		pending_count = count;
	}
	return &pending[fd];
}

static bool keep(int fd, const uint8_t *data, size_t len)
{
	struct pending *p = pending_of(fd);
	p->data = malloc(len);
	if (!p->data)
		abort();
	memcpy(p->data, data, len);
	p->len = len;
	p->sent = 0;
	raw_wait(fd, true);
	return true;
}

static bool received(int fd, size_t n)
{
	ssize_t sent = send(fd, raw_buffer, n, MSG_NOSIGNAL);
	if (sent == (ssize_t)n)
		return true;
	if (sent < 0 && errno != EAGAIN)
		return false;
	size_t done = sent > 0 ? (size_t)sent : 0;
	return keep(fd, raw_buffer + done, n - done);
}

static bool writable(int fd)
{
	struct pending *p = pending_of(fd);
	ssize_t sent = send(fd, p->data + p->sent, p->len - p->sent, MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN;
	p->sent += (size_t)sent;
	if (p->sent < p->len)
		return true;
	free(p->data);
	p->data = NULL;
	raw_wait(fd, false);
	return true;
}

static void closed(int fd)
{
	struct pending *p = pending_of(fd);
	free(p->data);
	p->data = NULL;
}

int main(int argc, char **argv)
{
	static const struct raw_events events = {
		.received = received, .writable = writable, .closed = closed
	};
	return raw_serve(&events, argc, argv);
}
