/* bench_options.c: a table of options; the URL is judged by the library. */
#include "bench_options.h"

#include <stdlib.h>
#include "command.h"
#include "options.h"
#include "socketio_session.h"

#define FIELD(name) offsetof(struct bench_options, name)

/* It means something to Socket.IO alone. */
enum { SOCKETIO = 1 };

static const struct option rows[] = {
	{ "--connections", OPTION_NUMBER, 0, FIELD(connections), 1, 1000000,
		.is = "is a number from 1 to 1000000" },
	{ "--in-flight", OPTION_NUMBER, 0, FIELD(in_flight), 1, 100000,
		.is = "is a number of messages from 1 to 100000" },
	{ "--size", OPTION_NUMBER, 0, FIELD(size), BENCH_TAG_LEN, 16 * 1024 * 1024,
		.is = "is a number of bytes from 20 to 16777216" },
	{ "--seconds", OPTION_SECONDS, 0, FIELD(run_ms), 1, OPTION_DAY_MS,
		.is = "is more than 0 and at most 86400" },
	{ "--timeout", OPTION_SECONDS, 0, FIELD(timeout_ms), 1, OPTION_DAY_MS,
		.is = "is more than 0 and at most 86400 seconds" },
	{ "--header", OPTION_LIST, .field = FIELD(headers) },
	{ "--ca", OPTION_TEXT, .field = FIELD(ca) },
	{ "--insecure", OPTION_FLAG, .field = FIELD(insecure) },
	{ "--json", OPTION_FLAG, .field = FIELD(json) },
	{ "--socketio", OPTION_FLAG, .field = FIELD(socketio) },
	{ "--namespace", OPTION_TEXT, SOCKETIO, FIELD(space), .fits = socketio_is_namespace,
		.is = SOCKETIO_NAMESPACE_IS },
	{ "--auth", OPTION_TEXT, SOCKETIO, FIELD(auth), .fits = socketio_is_auth,
		.is = "is a JSON object" },
	{ "--event", OPTION_TEXT, SOCKETIO, FIELD(event), .fits = socketio_is_event,
		.is = "is the name of an event" },
	{ "--ack", OPTION_FLAG, SOCKETIO, .field = FIELD(ack) },
};

static int take_url(void *into, const char *word)
{
	struct bench_options *options = into;
	if (options->url)
		return command_misused(word, "is one URL too many");
	options->url = word;
	return STATUS_OK;
}

static const struct option_table table = { "bench", rows, sizeof(rows) / sizeof(*rows), take_url };

static int check(const struct bench_options *options, const char *socketio)
{
	if (!options->url)
		return command_misused("bench", "needs a URL; rill help bench explains it");
	if (socketio && !options->socketio)
		return command_misused(socketio, "needs --socketio");
	if (options->socketio && !options->event)
		return command_misused("--socketio", "needs --event: what the server sends back");
	return STATUS_OK;
}

int bench_options_read(struct bench_options *options, int argc, char **argv)
{
	const char *given[OPTION_TRAITS];
	*options = (struct bench_options){ .connections = 10,
		.in_flight = 1,
		.size = 64,
		.run_ms = 5000,
		.timeout_ms = 10000,
		.space = "/" };
	options->headers = calloc((size_t)argc + 1, sizeof(*options->headers));
	if (!options->headers)
		return command_failed("cannot start", rill_strerror(RILL_ENOMEM));
	const int status = options_read(&table, options, argc, argv, given);
	return status ? status : check(options, given[0]);
}

void bench_options_fini(struct bench_options *options)
{
	free(options->headers);
}
