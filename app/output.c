/* output.c: a shared descriptor is not made non-blocking, for that would make it so for everybody who
 * shares it. A pipe that is ready takes PIPE_BUF bytes without blocking, so it is asked before each piece. */
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Above this the owner is told; what one message may be comes on top. */
#define FULL ((size_t)256 * 1024)
#define ROOM ((size_t)64 * 1024)

void output_init(
	struct output *output, rill_loop *loop, int fd, void (*on_change)(void *user), void *user)
{
	struct stat st;
	*output = (struct output){ .loop = loop, .fd = fd, .on_change = on_change, .user = user };
	if (fstat(fd, &st) < 0)
		return;
	output->socket = S_ISSOCK(st.st_mode);
	output->patient = output->socket || S_ISFIFO(st.st_mode);
}

void output_fini(struct output *output)
{
	rill_watch_free(output->watch);
	text_fini(&output->text);
}

static bool is_ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	return poll(&p, 1, 0) > 0;
}

static ssize_t write_some(const struct output *output, const char *data, size_t len)
{
	if (output->socket)
		return send(output->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (!output->patient)
		return write(output->fd, data, len);
	errno = EAGAIN;
	return is_ready(output->fd) ? write(output->fd, data, len < PIPE_BUF ? len : PIPE_BUF) : -1;
}

static size_t left(const struct output *output)
{
	return output->text.len - output->done;
}

/* Moved to the front only when as much has been written, so that a large text stays cheap. */
static void forget_written(struct output *output)
{
	if (output->gone)
		output->done = output->text.len;
	if (output->done < left(output))
		return;
	text_drop(&output->text, output->done);
	output->done = 0;
}

/* Everything, or as much as is taken at once. */
static void write_out(struct output *output)
{
	while (left(output) && !output->gone) {
		ssize_t n = write_some(output, output->text.data + output->done, left(output));
		if (n >= 0)
			output->done += (size_t)n;
		else if (errno == EAGAIN && output->patient)
			break;
		else if (errno != EINTR && errno != EAGAIN)
			output->gone = true;
	}
	forget_written(output);
}

static void on_writable(rill_watch *watch, int events, void *user)
{
	(void)watch;
	(void)events;
	output_flush(user);
}

static void watch(struct output *output, bool on)
{
	if (on == output->watching)
		return;
	int rc = 0;
	if (!output->watch)
		rc = rill_watch_new(&output->watch, output->loop, output->fd, RILL_WRITABLE,
			on_writable, output);
	else
		rc = rill_watch_set(output->watch, on ? RILL_WRITABLE : 0);
	/* Unwatched it would stand still for ever. */
	if (rc < 0)
		output->gone = true;
	output->watching = on && rc == 0;
}

void output_flush(struct output *output)
{
	const bool full = output->full, gone = output->gone;
	write_out(output);
	watch(output, left(output) > 0);
	output->full = left(output) > (output->full ? ROOM : FULL);
	if (output->full != full || output->gone != gone)
		output->on_change(output->user);
}

void output_drain(struct output *output, int stop_fd)
{
	write_out(output);
	while (left(output) && !output->gone) {
		struct pollfd p[] = { { .fd = output->fd, .events = POLLOUT },
			{ .fd = stop_fd, .events = POLLIN } };
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (p[1].revents)
			return;
		write_out(output);
	}
}
