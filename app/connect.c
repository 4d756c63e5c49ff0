/* connect.c: `rill connect`: lines of standard input to a server, and what it says to standard output. */
#include "connect.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "connect_help.h"

/* Telling: append to begin_telling(), then end_telling(). */

static struct text *begin_telling(struct connect *c)
{
	editor_hide(c->editor);
	return &c->output.text;
}

static void end_telling(struct connect *c)
{
	const bool failed = c->output.text.failed;
	output_flush(&c->output);
	if (!c->over)
		editor_show(c->editor);
	/* A line that could not be told whole shall not look as if it had been. */
	if (failed && !c->over) {
		c->status = command_failed("cannot go on", rill_strerror(RILL_ENOMEM));
		c->output.gone = true;
		c->link->cut(c);
	}
}

static void remark(struct connect *c, const char *sentence)
{
	c->tell->remark(&c->telling, begin_telling(c), sentence);
	end_telling(c);
}

/* Who is held back: the connection when nobody reads what it brings; whoever sends when it does not take
 * more. */
static void update_holds(struct connect *c)
{
	if (c->over)
		return;
	const bool full = c->output.full;
	c->link->hold(c, full || (c->options.echo && c->send_full));
	if (c->editor)
		editor_hold(c->editor, full || c->send_full);
	else
		input_hold(&c->input, full || c->send_full);
}

static void on_output(void *user)
{
	struct connect *c = user;
	if (c->over)
		return;
	if (c->output.gone)
		c->link->cut(c);
	else
		update_holds(c);
}

/* Sending. */

static void say(struct connect *c, rill_kind kind, const char *data, size_t len)
{
	if (c->finishing || c->over)
		return;
	int rc = c->link->send(c, kind, data, len);
	if (rc == RILL_EUTF8) {
		fprintf(stderr,
			"rill: a line is not UTF-8 and was not sent; --binary sends any bytes\n");
		return;
	}
	if (rc == RILL_EINVAL && c->wrong) {
		fprintf(stderr, "rill: a line was not sent: %s\n", c->wrong);
		return;
	}
	if (rc < 0) {
		if (rc != RILL_ECLOSED)
			fprintf(stderr, "rill: a message was not sent: %s\n", rill_strerror(rc));
		return;
	}
	const struct told_message message = { .kind = kind, .data = { data, len } };
	c->tell->sent(&c->telling, begin_telling(c), &message);
	end_telling(c);
	if (rc == 1) {
		c->send_full = true;
		update_holds(c);
	}
}

static void on_line(const char *line, size_t len, void *user)
{
	struct connect *c = user;
	say(c, c->options.binary ? RILL_BINARY : RILL_TEXT, line, len);
}

/* What standard input has no more of the server may still have. */
static void on_input_end(const char *sentence, void *user)
{
	(void)user;
	if (sentence)
		fprintf(stderr, "rill: %s\n", sentence);
}

static void on_editor_end(void *user)
{
	remark(user, "end of input; Ctrl-C closes the connection");
}

static void start_input(struct connect *c)
{
	static const struct editor_events events = { on_line, on_editor_end };
	if (!c->options.json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
		editor_new(&c->editor, c->loop, &events, c) == 0) {
		editor_hold(c->editor, c->output.full || c->send_full);
		return;
	}
	c->input.on_line = on_line;
	c->input.on_end = on_input_end;
	c->input.user = c;
	int rc = input_init(&c->input, c->loop, STDIN_FILENO);
	if (rc < 0)
		fprintf(stderr, "rill: standard input cannot be read: %s\n", rill_strerror(rc));
}

/* What the links report. */

static void finish(struct connect *c, int code, const char *reason)
{
	c->finishing = true;
	c->link->close(c, code, reason);
}

void connect_opened(
	struct connect *c, const rill_answer *answer, const char *protocol, const char *extensions)
{
	const struct connect_options *options = &c->options;
	const bool again = c->opened;
	c->opened = true;
	c->tell->open(&c->telling, begin_telling(c), answer, protocol, extensions);
	end_telling(c);
	if (again || c->finishing || c->over)
		return;
	for (const char **send = options->sends; *send; send++)
		say(c, options->binary ? RILL_BINARY : RILL_TEXT, *send, strlen(*send));
	if (options->closes && !options->count)
		finish(c, options->close_code, options->close_reason);
	else if (c->link->send && !c->over)
		start_input(c);
}

static void count_one(struct connect *c)
{
	const struct connect_options *options = &c->options;
	if (++c->received == options->count && !c->finishing && !c->over)
		finish(c, options->close_code, options->close_reason);
}

void connect_message(struct connect *c, const struct told_message *message)
{
	if (c->finishing || c->over)
		return;
	c->tell->message(&c->telling, begin_telling(c), message);
	end_telling(c);
	if (c->options.echo)
		say(c, message->kind, message->data.data, message->data.len);
	count_one(c);
}

void connect_event(struct connect *c, const struct socketio_event *event)
{
	if (c->finishing || c->over)
		return;
	c->tell->event(&c->telling, begin_telling(c), event);
	end_telling(c);
	count_one(c);
}

void connect_ping(struct connect *c, bool pong, rill_bytes data)
{
	c->tell->ping(&c->telling, begin_telling(c), pong, data);
	end_telling(c);
}

void connect_drained(struct connect *c)
{
	c->send_full = false;
	update_holds(c);
}

void connect_error(struct connect *c, const char *sentence, int status)
{
	/* People look for the reason of a failure there; and nothing was told before. */
	if (!c->options.json && !c->opened) {
		fprintf(stderr, "rill: %s\n", sentence);
		return;
	}
	c->tell->error(&c->telling, begin_telling(c), sentence, status);
	end_telling(c);
}

void connect_ended(struct connect *c, int code, rill_bytes reason, bool clean)
{
	if (c->over)
		return;
	const struct told_close end = {
		.code = code, .reason = reason, .ours = c->finishing, .never = !c->opened
	};
	const bool counted = c->options.count && c->received >= c->options.count;
	c->over = true;
	c->status = !c->output.gone && (clean || counted) ? STATUS_OK : STATUS_FAILED;
	c->tell->close(&c->telling, begin_telling(c), &end);
	end_telling(c);
	rill_loop_stop(c->loop);
}

/* The run. */

static void on_signal(int number, void *user)
{
	struct connect *c = user;
	if (number == SIGWINCH)
		editor_resized(c->editor);
	else if (number == SIGCONT)
		editor_continued(c->editor);
	else if (c->over)
		rill_loop_stop(c->loop);
	else if (c->finishing)
		c->link->cut(c);
	else
		finish(c, 1000, "");
}

static int make_loop(struct connect *c)
{
	static const int wanted[] = { SIGINT, SIGTERM, SIGWINCH, SIGCONT, 0 };
	rill_loop_options options;
	rill_loop_options_default(&options);
	int rc = rill_loop_new(&c->loop, &options);
	if (rc < 0)
		return rc;
	signal(SIGPIPE, SIG_IGN); /* a reader that has gone is seen when writing */
	return signals_init(&c->signals, c->loop, wanted, on_signal, c);
}

/* "ws://user:password@host" without what is between. The caller's to free. */
static char *without_credentials(const char *url)
{
	char *copy = strdup(url);
	char *host = copy ? strstr(copy, "://") : NULL;
	if (!host)
		return copy;
	host += 3;
	char *end = host + strcspn(host, "/?#"), *at = end;
	while (at > host && at[-1] != '@')
		at--;
	if (at > host)
		memmove(host, at, strlen(at) + 1);
	return copy;
}

static void prepare_telling(struct connect *c, const char *url)
{
	const bool terminal = isatty(STDOUT_FILENO);
	const char *no_colour = getenv("NO_COLOR"), *kind = getenv("TERM");
	c->tell = c->options.json ? &telling_json : &telling_text;
	c->telling.url = url;
	c->telling.brief = terminal;
	/* no-color.org: "when present and not an empty string". */
	c->telling.colour = terminal && !(no_colour && *no_colour) &&
			    !(kind && !strcmp(kind, "dumb"));
	output_init(&c->output, c->loop, STDOUT_FILENO, on_output, c);
}

static int cannot_open(struct connect *c, int rc)
{
	const char *said = rill_loop_error(c->loop);
	const char *sentence = *said ? said : rill_strerror(rc);
	if (rc == RILL_EINVAL) {
		fprintf(stderr, "rill: %s\n", sentence);
		return STATUS_USAGE;
	}
	connect_error(c, sentence, 0);
	connect_ended(c, 1006, (rill_bytes){ 0 }, false);
	return c->status;
}

static int converse(struct connect *c)
{
	c->link = c->options.socketio ? &socketio_link
		  : c->options.events ? &events_link
				      : &websocket_link;
	int rc = c->link->open(c);
	if (rc < 0)
		return cannot_open(c, rc);
	if (c->telling.brief)
		remark(c, "connecting; Ctrl-C ends it");
	rc = rill_loop_run(c->loop);
	return rc < 0 ? command_failed("the loop ended", rill_strerror(rc)) : c->status;
}

static int run(struct connect *c)
{
	int rc = make_loop(c);
	char *url = without_credentials(c->options.url);
	if (rc < 0 || !url) {
		free(url);
		return command_failed("cannot start", rill_strerror(rc < 0 ? rc : RILL_ENOMEM));
	}
	prepare_telling(c, url);
	int status = converse(c);
	output_drain(&c->output, c->signals.fd);
	c->link->fini(c);
	editor_free(c->editor);
	input_fini(&c->input);
	output_fini(&c->output);
	free(url);
	return status;
}

static int run_connect(int argc, char **argv)
{
	struct connect c = { .signals.fd = -1, .status = STATUS_FAILED };
	int status = connect_options_read(&c.options, argc, argv);
	if (status == STATUS_OK)
		status = run(&c);
	signals_fini(&c.signals);
	rill_loop_free(c.loop);
	connect_options_fini(&c.options);
	return status;
}

const struct command connect_command = {
	.name = "connect",
	.summary = "talks to a WebSocket or Socket.IO server, or listens to an event stream",
	.help = connect_help,
	.run = run_connect,
};
