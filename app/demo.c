/* demo.c: `rill demo`: the playground page and what it talks to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/rill.h>
#include "client_files.h"
#include "command.h"
#include "ending.h"
#include "options.h"
#include "page.h"
#include "playground.h"

#define DRAIN_MS        3000
#define MAX_CLIENT_DIRS 8

struct demo_options {
	const char *host;
	uint64_t port;
	const char *client_dirs[MAX_CLIENT_DIRS + 1]; /* NULL: no more was named */
};

struct demo {
	rill_loop *loop;
	rill_server *server;
	struct client_files client_files;
	char dir_of_setup[PATH_MAX];
	struct playground playground;
	struct ending ending;
	bool serving;
};

static int take_client_dir(void *into, const char *value)
{
	struct demo_options *options = into;
	size_t i = 0;
	while (options->client_dirs[i])
		i++;
	if (i == MAX_CLIENT_DIRS)
		return command_misused("--client-dir", "is given more than eight times");
	options->client_dirs[i] = value;
	return STATUS_OK;
}

#define FIELD(name) offsetof(struct demo_options, name)

static const struct option rows[] = {
	{ "--host", OPTION_TEXT, .field = FIELD(host) },
	{ "--port", OPTION_NUMBER, 0, FIELD(port), 0, UINT16_MAX,
		.is = "is a number from 0 to 65535" },
	{ "--client-dir", OPTION_OTHER, .take = take_client_dir },
};

static const struct option_table table = { "demo", rows, sizeof(rows) / sizeof(*rows), NULL };

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

/* In front of the services: SockJS would answer for all that is below its path. */
static int serve_files(struct demo *demo)
{
	int rc = rill_server_handle(demo->server, "/", page_answer, NULL, NULL);
	if (rc == 0)
		rc = rill_server_handle(
			demo->server, "/", client_files_answer, &demo->client_files, NULL);
	if (rc == 0)
		rc = rill_server_handle(demo->server, "/clients.json", client_files_answer_list,
			&demo->client_files, NULL);
	return rc;
}

static int make_server(struct demo *demo, const char *const *client_dirs)
{
	int rc = rill_server_new(&demo->server, demo->loop, NULL);
	if (rc < 0)
		return rc;
	rc = client_files_init(&demo->client_files, client_dirs);
	if (rc < 0)
		return rc;
	rc = serve_files(demo);
	if (rc < 0)
		return rc;
	rc = playground_init(&demo->playground, demo->server);
	if (rc < 0)
		return rc;
	return ending_init(&demo->ending, demo->server, DRAIN_MS);
}

static int cannot_listen(const struct demo *demo, const struct demo_options *options, int rc)
{
	if (rc == RILL_EADDRINUSE)
		fprintf(stderr,
			"rill: port %u is taken on %s; choose another with --port N (0: any)\n",
			(unsigned)options->port, options->host);
	else
		fprintf(stderr, "rill: %s\n", rill_server_error(demo->server));
	return STATUS_FAILED;
}

static void greet(struct demo *demo, const char *url)
{
	static const struct {
		const char *speaks, *path;
	} wanted[] = { { "SockJS", CLIENT_FILE_SOCKJS }, { "Socket.IO", CLIENT_FILE_SOCKETIO },
		{ "Socket.IO 0.6", CLIENT_FILE_SOCKETIO0 } };
	printf("listening on %s\nOpen %s/ in a browser; Ctrl-C ends it.\n", url, url);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (!client_files_have(&demo->client_files, wanted[i].path))
			printf("For %s the page needs %s, which is not here; rill help demo "
			       "says how to get it.\n",
				wanted[i].speaks, strrchr(wanted[i].path, '/') + 1);
	}
	fflush(stdout);
}

static int serve(struct demo *demo, struct demo_options *options)
{
	if (!options->client_dirs[0])
		options->client_dirs[0] = client_files_dir_of_setup(demo->dir_of_setup);
	int rc = make_loop(demo);
	if (rc == 0)
		rc = make_server(demo, options->client_dirs);
	if (rc < 0)
		return command_failed("cannot start", rill_strerror(rc));
	rc = rill_server_listen_tcp(demo->server, options->host, (uint16_t)options->port);
	if (rc < 0)
		return cannot_listen(demo, options, rc);

	greet(demo, rill_server_url(demo->server, rc));
	demo->serving = true;
	rc = rill_loop_run(demo->loop);
	return rc < 0 ? command_failed("the loop ended", rill_strerror(rc)) : STATUS_OK;
}

static int run_demo(int argc, char **argv)
{
	struct demo_options options = { .host = "127.0.0.1", .port = 8000 };
	const char *given[OPTION_TRAITS];
	int status = options_read(&table, &options, argc, argv, given);
	if (status)
		return status;
	for (const char **dir = options.client_dirs; *dir; dir++) {
		const int wrong = client_files_try_dir(*dir);
		if (wrong)
			return command_failed(*dir, strerror(wrong));
	}
	struct demo demo = { .ending.signals.fd = -1 };
	status = serve(&demo, &options);
	rill_server_free(demo.server);
	playground_fini(&demo.playground);
	client_files_fini(&demo.client_files);
	ending_fini(&demo.ending);
	rill_loop_free(demo.loop);
	return status;
}

const struct command demo_command = {
	.name = "demo",
	.summary = "serves a playground page: two connections side by side, with their frames",
	.help = "usage: rill demo [--host ADDRESS] [--port N] [--client-dir DIR]\n"
		"\n"
		"Serves the playground page: two connections to this program, side by side.\n"
		"Each is a WebSocket, an event stream, SockJS or Socket.IO by the transport you\n"
		"choose. What one says, every other hears, and each frame of a WebSocket is shown\n"
		"as the server saw it. Others can join: WebSocket clients at /ws, EventSources at\n"
		"/events, SockJS clients at /sockjs, Socket.IO clients at /socket.io (today's\n"
		"emit \"say\" and hear \"said\", those of 2010 send and hear messages).\n"
		"\n"
		"  --host ADDRESS    where to listen (127.0.0.1)\n"
		"  --port N          on which port; 0: any that is free (8000)\n"
		"  --client-dir DIR  folder of client files that the page needs for SockJS and\n"
		"                    Socket.IO; may be repeated. DIR/sockjs.min.js is served as\n"
		"                    /sockjs/sockjs.min.js, DIR/socket.io.min.js as\n"
		"                    /socket.io/socket.io.min.js, and so are sockjs.js,\n"
		"                    socket.io.js, the maps of all, and socket.io-0.6.js (the\n"
		"                    folder clients beside this program, which make demo fills)\n"
		"\n"
		"To get the client files without make demo, where npm is installed:\n"
		"\n"
		"  npm install sockjs-client socket.io-client socket.io@0.6.18\n"
		"  mkdir clients\n"
		"  cp node_modules/socket.io/support/socket.io-client/socket.io.js \\\n"
		"     clients/socket.io-0.6.js\n"
		"  rill demo --client-dir node_modules/sockjs-client/dist \\\n"
		"            --client-dir node_modules/socket.io-client/dist --client-dir clients\n"
		"\n"
		"Ctrl-C drains and ends it; a second one ends it at once.\n",
	.run = run_demo,
};
