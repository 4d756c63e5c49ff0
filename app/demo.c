/* demo.c: `rill demo`: the playground page and what it talks to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/rill.h>
#include "command.h"
#include "ending.h"
#include "page.h"
#include "playground.h"

#define DRAIN_MS 3000

struct demo_options {
	const char *host;
	uint16_t port;
};

struct demo {
	rill_loop *loop;
	rill_server *server;
	struct playground playground;
	struct ending ending;
	bool serving;
};

static bool read_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	*port = (uint16_t)n;
	return *text >= '0' && *text <= '9' && !*end && n <= UINT16_MAX;
}

static int read_options(struct demo_options *options, int argc, char **argv)
{
	*options = (struct demo_options){ "127.0.0.1", 8000 };
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return STATUS_HELP;
		bool host = !strcmp(argv[i], "--host");
		if (!host && strcmp(argv[i], "--port") != 0)
			return command_misused(argv[i], "is no option of demo; rill help demo lists them");
		if (i + 1 == argc)
			return command_misused(argv[i], "needs a value");
		const char *value = argv[++i];
		if (host)
			options->host = value;
		else if (!read_port(value, &options->port))
			return command_misused("--port", "is a number from 0 to 65535");
	}
	return STATUS_OK;
}

/* Until it serves, what fails is said by the program itself, in one sentence. */
static void log_line(rill_log_level level, const char *line, void *user)
{
	const struct demo *demo = user;
	if (demo->serving)
		rill_log_stderr(level, line, NULL);
}

static int make_loop(struct demo *demo)
{
	rill_loop_options options;
	rill_loop_options_default(&options);
	options.log = log_line;
	options.log_user = demo;
	options.log_level = RILL_LOG_ERROR;
	return rill_loop_new(&demo->loop, &options);
}

static int make_server(struct demo *demo)
{
	int rc = rill_server_new(&demo->server, demo->loop, NULL);
	if (rc < 0)
		return rc;
	rc = playground_init(&demo->playground, demo->server);
	if (rc < 0)
		return rc;
	rc = rill_server_handle(demo->server, "/", page_answer, NULL, NULL);
	if (rc < 0)
		return rc;
	return ending_init(&demo->ending, demo->server, DRAIN_MS);
}

static int cannot_listen(const struct demo *demo, const struct demo_options *options, int rc)
{
	if (rc == RILL_EADDRINUSE)
		fprintf(stderr,
			"rill: port %u is taken on %s; choose another with --port N (0: any)\n",
			options->port, options->host);
	else
		fprintf(stderr, "rill: %s\n", rill_server_error(demo->server));
	return STATUS_FAILED;
}

static int serve(struct demo *demo, const struct demo_options *options)
{
	int rc = make_loop(demo);
	if (rc == 0)
		rc = make_server(demo);
	if (rc < 0)
		return command_failed("cannot start", rill_strerror(rc));
	rc = rill_server_listen_tcp(demo->server, options->host, options->port);
	if (rc < 0)
		return cannot_listen(demo, options, rc);

	const char *url = rill_server_url(demo->server, rc);
	printf("listening on %s\nOpen %s/ in a browser; Ctrl-C ends it.\n", url, url);
	fflush(stdout);
	demo->serving = true;
	rc = rill_loop_run(demo->loop);
	return rc < 0 ? command_failed("the loop ended", rill_strerror(rc)) : STATUS_OK;
}

static int run_demo(int argc, char **argv)
{
	struct demo_options options;
	int status = read_options(&options, argc, argv);
	if (status)
		return status;
	struct demo demo = { .ending.signals.fd = -1 };
	status = serve(&demo, &options);
	rill_server_free(demo.server);
	playground_fini(&demo.playground);
	ending_fini(&demo.ending);
	rill_loop_free(demo.loop);
	return status;
}

const struct command demo_command = {
	.name = "demo",
	.summary = "serves a playground page: two connections side by side, with their frames",
	.help = "usage: rill demo [--host ADDRESS] [--port N]\n"
		"\n"
		"Serves the playground page. It opens two connections to this program; what one says\n"
		"over its WebSocket, every other hears, event streams too, and each frame is shown as\n"
		"the server saw it. Any WebSocket client can join at /ws, any EventSource at /events.\n"
		"\n"
		"  --host ADDRESS   where to listen (127.0.0.1)\n"
		"  --port N         on which port; 0: any that is free (8000)\n"
		"\n"
		"Ctrl-C drains and ends it; a second one ends it at once.\n",
	.run = run_demo,
};
