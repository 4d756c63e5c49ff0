/* bench_options.c: a table of options; the URL is judged by the library. */
#include "bench_options.h"

#include <stdlib.h>
#include <string.h>
#include <rill/json.h>
#include "command.h"
#include "connect_values.h"
#include "socketio_session.h"
#include "utf8.h"

#define MAX_CONNECTIONS 1000000
#define MAX_IN_FLIGHT   100000
#define MAX_SIZE        (16 * 1024 * 1024)

typedef int (*take_fn)(struct bench_options *options, const char *value);

static bool is_from_to(const char *text, uint64_t from, uint64_t to, uint64_t *number)
{
	return value_number(text, number) && *number >= from && *number <= to;
}

static int take_connections(struct bench_options *options, const char *value)
{
	if (!is_from_to(value, 1, MAX_CONNECTIONS, &options->connections))
		return command_misused("--connections", "is a number from 1 to 1000000");
	return STATUS_OK;
}

static int take_in_flight(struct bench_options *options, const char *value)
{
	if (!is_from_to(value, 1, MAX_IN_FLIGHT, &options->in_flight))
		return command_misused("--in-flight", "is a number of messages from 1 to 100000");
	return STATUS_OK;
}

static int take_size(struct bench_options *options, const char *value)
{
	if (!is_from_to(value, BENCH_TAG_LEN, MAX_SIZE, &options->size))
		return command_misused("--size", "is a number of bytes from 20 to 16777216");
	return STATUS_OK;
}

static int take_seconds(struct bench_options *options, const char *value)
{
	if (!value_seconds(value, &options->run_ms) || !options->run_ms)
		return command_misused("--seconds", "is more than 0 and at most 86400");
	return STATUS_OK;
}

static int take_timeout(struct bench_options *options, const char *value)
{
	if (!value_seconds(value, &options->timeout_ms) || !options->timeout_ms)
		return command_misused("--timeout", "is more than 0 and at most 86400 seconds");
	return STATUS_OK;
}

static int take_namespace(struct bench_options *options, const char *value)
{
	options->space = value;
	if (!socketio_is_namespace(value) || !utf8_valid(value, strlen(value)))
		return command_misused(
			"--namespace", "is a name that begins with / and holds no comma");
	return STATUS_OK;
}

static int take_auth(struct bench_options *options, const char *value)
{
	rill_json json;
	options->auth = value;
	if (rill_json_read(&json, value, strlen(value)) < 0 || json.type != RILL_JSON_OBJECT)
		return command_misused("--auth", "is a JSON object");
	return STATUS_OK;
}

static int take_event(struct bench_options *options, const char *value)
{
	options->event = value;
	if (!*value || !utf8_valid(value, strlen(value)))
		return command_misused("--event", "is the name of an event");
	return STATUS_OK;
}

static int take_header(struct bench_options *options, const char *value)
{
	const char **at = options->headers;
	while (*at)
		at++;
	*at = value;
	return STATUS_OK;
}

static int take_ca(struct bench_options *options, const char *value)
{
	options->ca = value;
	return STATUS_OK;
}

static int set_insecure(struct bench_options *options, const char *value)
{
	(void)value;
	options->insecure = true;
	return STATUS_OK;
}

static int set_json(struct bench_options *options, const char *value)
{
	(void)value;
	options->json = true;
	return STATUS_OK;
}

static int set_socketio(struct bench_options *options, const char *value)
{
	(void)value;
	options->socketio = true;
	return STATUS_OK;
}

static int set_ack(struct bench_options *options, const char *value)
{
	(void)value;
	options->ack = true;
	return STATUS_OK;
}

static const struct option {
	const char *name;
	bool flag, socketio;
	take_fn take;
} known[] = {
	{ "--connections", false, false, take_connections },
	{ "--in-flight", false, false, take_in_flight },
	{ "--size", false, false, take_size },
	{ "--seconds", false, false, take_seconds },
	{ "--timeout", false, false, take_timeout },
	{ "--header", false, false, take_header },
	{ "--ca", false, false, take_ca },
	{ "--insecure", true, false, set_insecure },
	{ "--json", true, false, set_json },
	{ "--socketio", true, false, set_socketio },
	{ "--namespace", false, true, take_namespace },
	{ "--auth", false, true, take_auth },
	{ "--event", false, true, take_event },
	{ "--ack", true, true, set_ack },
};
#define KNOWN (sizeof(known) / sizeof(*known))

/* Also "--name=value". len: of the name. */
static const struct option *find_option(const char *word, size_t *len)
{
	*len = strcspn(word, "=");
	for (size_t i = 0; i < KNOWN; i++) {
		if (strlen(known[i].name) == *len && !memcmp(known[i].name, word, *len))
			return &known[i];
	}
	return NULL;
}

static int take_option(struct bench_options *options, int argc, char **argv, int *i,
	const struct option **socketio)
{
	size_t len;
	const char *word = argv[*i], *value = NULL;
	const struct option *option = find_option(word, &len);
	if (!option)
		return command_misused(word, "is no option of bench; rill help bench lists them");
	if (option->flag) {
		if (word[len])
			return command_misused(option->name, "takes no value");
	} else if (word[len]) {
		value = word + len + 1;
	} else if (*i + 1 == argc) {
		return command_misused(option->name, "needs a value");
	} else {
		value = argv[++*i];
	}
	if (option->socketio)
		*socketio = option;
	return option->take(options, value);
}

static int check(const struct bench_options *options, const struct option *socketio)
{
	if (!options->url)
		return command_misused("bench", "needs a URL; rill help bench explains it");
	if (socketio && !options->socketio)
		return command_misused(socketio->name, "needs --socketio");
	if (options->socketio && !options->event)
		return command_misused("--socketio", "needs --event: what the server sends back");
	return STATUS_OK;
}

int bench_options_read(struct bench_options *options, int argc, char **argv)
{
	const struct option *socketio = NULL;
	*options = (struct bench_options){ .connections = 10,
		.in_flight = 1,
		.size = 64,
		.run_ms = 5000,
		.timeout_ms = 10000,
		.space = "/" };
	options->headers = calloc((size_t)argc + 1, sizeof(*options->headers));
	if (!options->headers)
		return command_failed("cannot start", rill_strerror(RILL_ENOMEM));
	for (int i = 1; i < argc; i++) {
		int status = STATUS_OK;
		if (!strcmp(argv[i], "--help"))
			return STATUS_HELP;
		if (argv[i][0] == '-')
			status = take_option(options, argc, argv, &i, &socketio);
		else if (options->url)
			status = command_misused(argv[i], "is one URL too many");
		else
			options->url = argv[i];
		if (status)
			return status;
	}
	return check(options, socketio);
}

void bench_options_fini(struct bench_options *options)
{
	free(options->headers);
}
