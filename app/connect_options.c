/* connect_options.c: a table of options, each with a function that takes its value. What only the
 * library can judge (the URL's host and port, the fields, the subprotocols, the proxy's URL) it judges when
 * it is asked to connect, before anything is sent. */
#include "connect_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "command.h"
#include "connect_values.h"
#include "socketio_line.h"
#include "socketio_session.h"
#include "utf8.h"

#define TIMEOUT_MS 10000

typedef int (*take_fn)(struct connect_options *options, const char *value);

static void append(const char **list, const char *value)
{
	while (*list)
		list++;
	*list = value;
}

static int take_protocol(struct connect_options *options, const char *value)
{
	append(options->protocols, value);
	return STATUS_OK;
}

static int take_header(struct connect_options *options, const char *value)
{
	append(options->headers, value);
	return STATUS_OK;
}

static int take_origin(struct connect_options *options, const char *value)
{
	if (options->origin)
		return command_misused("--origin", "is given twice");
	if (asprintf(&options->origin, "Origin: %s", value) < 0) {
		options->origin = NULL;
		return command_failed("cannot start", rill_strerror(RILL_ENOMEM));
	}
	append(options->headers, options->origin);
	return STATUS_OK;
}

static int take_proxy(struct connect_options *options, const char *value)
{
	options->proxy = value;
	return STATUS_OK;
}

static int take_proxy_header(struct connect_options *options, const char *value)
{
	append(options->proxy_headers, value);
	return STATUS_OK;
}

static int take_ca(struct connect_options *options, const char *value)
{
	options->ca = value;
	return STATUS_OK;
}

static int take_certificate(struct connect_options *options, const char *value)
{
	options->certificate = value;
	return STATUS_OK;
}

static int take_key(struct connect_options *options, const char *value)
{
	options->key = value;
	return STATUS_OK;
}

static int take_deflate(struct connect_options *options, const char *value)
{
	rill_websocket_client_options defaults;
	const char *why;
	rill_websocket_client_options_default(&defaults);
	options->deflate = defaults.deflate;
	options->deflate.enabled = strcmp(value, "off") != 0;
	if (!strcmp(value, "on") || !strcmp(value, "off"))
		return STATUS_OK;
	options->deflate.fixed_window = true; /* unless one of them is client_max_window_bits */
	if (!value_deflate(value, &options->deflate, &why))
		return command_misused("--deflate is on, off or parameters, and here", why);
	return STATUS_OK;
}

static int take_max_message(struct connect_options *options, const char *value)
{
	if (!value_number(value, &options->max_message) || !options->max_message)
		return command_misused("--max-message", "is a number of bytes from 1");
	return STATUS_OK;
}

static int take_ping(struct connect_options *options, const char *value)
{
	if (!value_seconds(value, &options->ping_ms))
		return command_misused("--ping", "is a number of seconds up to 86400");
	return STATUS_OK;
}

static int take_timeout(struct connect_options *options, const char *value)
{
	if (!value_seconds(value, &options->timeout_ms))
		return command_misused("--timeout", "is a number of seconds up to 86400");
	return STATUS_OK;
}

static int take_send(struct connect_options *options, const char *value)
{
	append(options->sends, value);
	return STATUS_OK;
}

static int take_count(struct connect_options *options, const char *value)
{
	if (!value_number(value, &options->count) || !options->count)
		return command_misused("--count", "is a number of messages from 1");
	return STATUS_OK;
}

static int take_close(struct connect_options *options, const char *value)
{
	options->closes = true;
	if (!value_close(value, &options->close_code, options->close_reason))
		return command_misused("--close", "is 1000 or 3000 to 4999, or that with a colon "
						  "and a reason of at most 123 bytes");
	return STATUS_OK;
}

static int set_insecure(struct connect_options *options, const char *value)
{
	(void)value;
	options->insecure = true;
	return STATUS_OK;
}

static int set_json(struct connect_options *options, const char *value)
{
	(void)value;
	options->json = true;
	return STATUS_OK;
}

static int set_echo(struct connect_options *options, const char *value)
{
	(void)value;
	options->echo = true;
	return STATUS_OK;
}

static int set_binary(struct connect_options *options, const char *value)
{
	(void)value;
	options->binary = true;
	return STATUS_OK;
}

static int set_socketio(struct connect_options *options, const char *value)
{
	(void)value;
	options->socketio = true;
	return STATUS_OK;
}

static int take_namespace(struct connect_options *options, const char *value)
{
	options->space = value;
	if (!socketio_is_namespace(value) || !utf8_valid(value, strlen(value)))
		return command_misused(
			"--namespace", "is a name that begins with / and holds no comma");
	return STATUS_OK;
}

static int take_auth(struct connect_options *options, const char *value)
{
	rill_json json;
	options->auth = value;
	if (rill_json_read(&json, value, strlen(value)) < 0 || json.type != RILL_JSON_OBJECT)
		return command_misused(
			"--auth", "is a JSON object, like '{\"token\": \"secret\"}'");
	return STATUS_OK;
}

/* It takes no value; it means nothing to an event stream; it does to Socket.IO alone; it does not. */
enum { FLAG = 1, TWO_WAYS = 2, SOCKETIO = 4, NO_SOCKETIO = 8 };

/* The last options given that are of one kind alone. */
struct kinds {
	const struct option *two_ways, *socketio, *no_socketio;
};

static const struct option {
	const char *name;
	unsigned traits;
	take_fn take;
} known[] = {
	{ "--socketio", FLAG, set_socketio },
	{ "--namespace", SOCKETIO, take_namespace },
	{ "--auth", SOCKETIO, take_auth },
	{ "--protocol", TWO_WAYS, take_protocol },
	{ "--header", 0, take_header },
	{ "--origin", 0, take_origin },
	{ "--proxy", 0, take_proxy },
	{ "--proxy-header", 0, take_proxy_header },
	{ "--ca", 0, take_ca },
	{ "--insecure", FLAG, set_insecure },
	{ "--cert", 0, take_certificate },
	{ "--key", 0, take_key },
	{ "--deflate", TWO_WAYS, take_deflate },
	{ "--max-message", 0, take_max_message },
	{ "--ping", TWO_WAYS, take_ping },
	{ "--timeout", 0, take_timeout },
	{ "--json", FLAG, set_json },
	{ "--echo", FLAG | TWO_WAYS | NO_SOCKETIO, set_echo },
	{ "--send", TWO_WAYS, take_send },
	{ "--binary", FLAG | TWO_WAYS | NO_SOCKETIO, set_binary },
	{ "--count", 0, take_count },
	{ "--close", 0, take_close },
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

static int take_url(struct connect_options *options, const char *word)
{
	static const struct {
		const char *scheme;
		bool events;
	} schemes[] = { { "ws", false }, { "wss", false }, { "http", true }, { "https", true } };
	const size_t len = strcspn(word, ":");
	if (options->url)
		return command_misused(word, "is one URL too many");
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		if (strlen(schemes[i].scheme) == len &&
			!strncasecmp(word, schemes[i].scheme, len) && word[len] == ':') {
			options->url = word;
			options->events = schemes[i].events;
			return STATUS_OK;
		}
	}
	return command_misused(word, "is no URL with the scheme ws, wss, http or https");
}

static int take_option(
	struct connect_options *options, int argc, char **argv, int *i, struct kinds *kinds)
{
	size_t len;
	const char *word = argv[*i], *value = NULL;
	const struct option *option = find_option(word, &len);
	if (!option)
		return command_misused(
			word, "is no option of connect; rill help connect lists them");
	if (option->traits & FLAG) {
		if (word[len])
			return command_misused(option->name, "takes no value");
	} else if (word[len]) {
		value = word + len + 1;
	} else if (*i + 1 == argc) {
		return command_misused(option->name, "needs a value");
	} else {
		value = argv[++*i];
	}
	if (option->traits & TWO_WAYS)
		kinds->two_ways = option;
	if (option->traits & SOCKETIO)
		kinds->socketio = option;
	if (option->traits & NO_SOCKETIO)
		kinds->no_socketio = option;
	return option->take(options, value);
}

static int check_events(const struct connect_options *options)
{
	for (const char **send = options->sends; *send; send++) {
		struct socketio_line line;
		const char *wrong = socketio_line_read(&line, *send, strlen(*send));
		socketio_line_fini(&line);
		if (wrong)
			return command_misused("--send takes an event, and here", wrong);
	}
	return STATUS_OK;
}

static int check_kinds(const struct connect_options *options, const struct kinds *kinds)
{
	if (options->socketio && kinds->no_socketio)
		return command_misused(
			kinds->no_socketio->name, "is for WebSockets that do not speak Socket.IO");
	if (!options->socketio && kinds->socketio)
		return command_misused(kinds->socketio->name, "needs --socketio");
	if (options->events && !options->socketio && kinds->two_ways)
		return command_misused(kinds->two_ways->name,
			"is for ws and wss: an event stream takes no messages");
	return options->socketio ? check_events(options) : STATUS_OK;
}

static int check_together(const struct connect_options *options, const struct kinds *kinds)
{
	if (!options->url)
		return command_misused("connect", "needs a URL; rill help connect explains it");
	if (!options->certificate != !options->key)
		return command_misused("--cert and --key", "go together");
	if (*options->proxy_headers && !options->proxy)
		return command_misused("--proxy-header", "needs --proxy");
	for (const char **send = options->sends; *send && !options->binary; send++) {
		if (!utf8_valid(*send, strlen(*send)))
			return command_misused("--send", "takes UTF-8; --binary sends any bytes");
	}
	return check_kinds(options, kinds);
}

static int read_words(struct connect_options *options, int argc, char **argv)
{
	struct kinds kinds = { 0 };
	for (int i = 1; i < argc; i++) {
		int status;
		if (!strcmp(argv[i], "--help"))
			return STATUS_HELP;
		if (argv[i][0] == '-')
			status = take_option(options, argc, argv, &i, &kinds);
		else
			status = take_url(options, argv[i]);
		if (status)
			return status;
	}
	return check_together(options, &kinds);
}

int connect_options_read(struct connect_options *options, int argc, char **argv)
{
	*options = (struct connect_options){
		.timeout_ms = TIMEOUT_MS, .close_code = 1000, .space = "/"
	};
	const char ***lists[] = { &options->protocols, &options->headers, &options->proxy_headers,
		&options->sends };
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		*lists[i] = calloc((size_t)argc + 1, sizeof(char *));
		if (!*lists[i])
			return command_failed("cannot start", rill_strerror(RILL_ENOMEM));
	}
	int status = take_deflate(options, "on");
	return status ? status : read_words(options, argc, argv);
}

void connect_options_fini(struct connect_options *options)
{
	free(options->protocols);
	free(options->headers);
	free(options->proxy_headers);
	free(options->sends);
	free(options->origin);
}
