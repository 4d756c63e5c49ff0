/* input.c: one read a turn, so that standard input does not starve the connection. */
#include "input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)64 * 1024)
/* As long as a message that rill's other end takes by default. */
#define LONGEST ((size_t)64 * 1024 * 1024 - 1)

static void deliver(struct input *input)
{
	while (!input->held && !input->ended) {
		const char *from = input->text.data + input->taken;
		const size_t there = input->text.len - input->taken;
		const char *end = there > input->searched ? memchr(from + input->searched, '\n',
								    there - input->searched)
							  : NULL;
		if (!end) {
			input->searched = there;
			break;
		}
		input->taken += (size_t)(end - from) + 1;
		input->searched = 0;
		input->on_line(from, (size_t)(end - from), input->user);
	}
	/* Moved to the front only when most of it is done with. */
	if (input->taken && input->taken >= input->text.len - input->taken) {
		text_drop(&input->text, input->taken);
		input->taken = 0;
	}
}

/* A last line without a line end is a line. */
static void end(struct input *input, const char *sentence)
{
	const size_t there = input->text.len - input->taken;
	input->ended = true;
	rill_watch_free(input->watch);
	input->watch = NULL;
	if (there && !sentence)
		input->on_line(input->text.data + input->taken, there, input->user);
	input->on_end(sentence, input->user);
}

static void read_piece(struct input *input)
{
	char piece[PIECE];
	ssize_t n = read(input->fd, piece, sizeof(piece));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* A terminal that is gone says EIO. */
	if (n <= 0) {
		end(input, NULL);
		return;
	}
	text_put(&input->text, piece, (size_t)n);
	if (input->text.failed)
		end(input, "no memory for a line of standard input");
	else
		deliver(input);
	if (!input->ended && !input->held && input->text.len - input->taken > LONGEST)
		end(input, "a line of standard input is longer than 64 MiB");
}

static void on_readable(rill_watch *watch, int events, void *user)
{
	(void)watch;
	(void)events;
	read_piece(user);
}

static void post(struct input *input);

static void on_posted(void *user)
{
	struct input *input = user;
	input->posted = false;
	if (input->held || input->ended)
		return;
	read_piece(input);
	post(input);
}

static void post(struct input *input)
{
	if (input->watch || input->posted || input->held || input->ended)
		return;
	input->posted = true;
	if (rill_loop_post(input->loop, on_posted, input) < 0)
		end(input, "no memory to read standard input");
}

int input_init(struct input *input, rill_loop *loop, int fd)
{
	input->loop = loop;
	input->fd = fd;
	int rc = rill_watch_new(&input->watch, loop, fd, RILL_READABLE, on_readable, input);
	if (rc == RILL_ENOMEM)
		return rc;
	if (rc < 0) {
		input->watch = NULL;
		post(input);
	} else if (input->held) {
		rill_watch_set(input->watch, 0);
	}
	return 0;
}

void input_fini(struct input *input)
{
	rill_watch_free(input->watch);
	input->watch = NULL;
	text_fini(&input->text);
}

void input_hold(struct input *input, bool held)
{
	if (input->held == held || input->ended)
		return;
	input->held = held;
	if (!input->loop) /* it has not begun */
		return;
	if (input->watch)
		rill_watch_set(input->watch, held ? 0 : RILL_READABLE);
	if (held)
		return;
	deliver(input);
	post(input);
}
