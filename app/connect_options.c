/* connect_options.c: a table of options, and what they mean together. What only the
 * library can judge (the URL's host and port, the fields, the subprotocols, the proxy's URL) it judges when
 * it is asked to connect, before anything is sent. */
#include "connect_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "command.h"
#include "connect_values.h"
#include "options.h"
#include "socketio_line.h"
#include "socketio_session.h"
#include "utf8.h"

#define TIMEOUT_MS 10000

static int take_origin(void *into, const char *value)
{
	struct connect_options *options = into;
	if (options->origin)
		return command_misused("--origin", "is given twice");
	if (asprintf(&options->origin, "Origin: %s", value) < 0) {
		options->origin = NULL;
		return command_failed("cannot start", rill_strerror(RILL_ENOMEM));
	}
	const char **end = options->headers;
	while (*end)
		end++;
	*end = options->origin;
	return STATUS_OK;
}

static int take_deflate(void *into, const char *value)
{
	struct connect_options *options = into;
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

static int take_close(void *into, const char *value)
{
	struct connect_options *options = into;
	options->closes = true;
	if (!value_close(value, &options->close_code, options->close_reason))
		return command_misused("--close", "is 1000 or 3000 to 4999, or that with a colon "
						  "and a reason of at most 123 bytes");
	return STATUS_OK;
}

#define FIELD(name) offsetof(struct connect_options, name)

/* Traits: it means nothing to an event stream; it does to Socket.IO alone; it does not. */
enum { TWO_WAYS = 1, SOCKETIO = 2, NO_SOCKETIO = 4 };
enum { GIVEN_TWO_WAYS, GIVEN_SOCKETIO, GIVEN_NO_SOCKETIO };

static const struct option rows[] = {
	{ "--socketio", OPTION_FLAG, .field = FIELD(socketio) },
	{ "--namespace", OPTION_TEXT, SOCKETIO, FIELD(space), .fits = socketio_is_namespace,
		.is = SOCKETIO_NAMESPACE_IS },
	{ "--auth", OPTION_TEXT, SOCKETIO, FIELD(auth), .fits = socketio_is_auth,
		.is = "is a JSON object, like '{\"token\": \"secret\"}'" },
	{ "--protocol", OPTION_LIST, TWO_WAYS, .field = FIELD(protocols) },
	{ "--header", OPTION_LIST, .field = FIELD(headers) },
	{ "--origin", OPTION_OTHER, .take = take_origin },
	{ "--proxy", OPTION_TEXT, .field = FIELD(proxy) },
	{ "--proxy-header", OPTION_LIST, .field = FIELD(proxy_headers) },
	{ "--ca", OPTION_TEXT, .field = FIELD(ca) },
	{ "--insecure", OPTION_FLAG, .field = FIELD(insecure) },
	{ "--cert", OPTION_TEXT, .field = FIELD(certificate) },
	{ "--key", OPTION_TEXT, .field = FIELD(key) },
	{ "--deflate", OPTION_OTHER, TWO_WAYS, .take = take_deflate },
	{ "--max-message", OPTION_NUMBER, 0, FIELD(max_message), 1, UINT64_MAX,
		.is = "is a number of bytes from 1" },
	{ "--ping", OPTION_SECONDS, TWO_WAYS, FIELD(ping_ms), 0, OPTION_DAY_MS,
		.is = "is a number of seconds up to 86400" },
	{ "--timeout", OPTION_SECONDS, 0, FIELD(timeout_ms), 0, OPTION_DAY_MS,
		.is = "is a number of seconds up to 86400" },
	{ "--json", OPTION_FLAG, .field = FIELD(json) },
	{ "--echo", OPTION_FLAG, TWO_WAYS | NO_SOCKETIO, .field = FIELD(echo) },
	{ "--send", OPTION_LIST, TWO_WAYS, .field = FIELD(sends) },
	{ "--binary", OPTION_FLAG, TWO_WAYS | NO_SOCKETIO, .field = FIELD(binary) },
	{ "--count", OPTION_NUMBER, 0, FIELD(count), 1, UINT64_MAX,
		.is = "is a number of messages from 1" },
	{ "--close", OPTION_OTHER, .take = take_close },
};

static int take_url(void *into, const char *word)
{
	struct connect_options *options = into;
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

static const struct option_table table = { "connect", rows, sizeof(rows) / sizeof(*rows),
	take_url };

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

static int check_traits(
	const struct connect_options *options, const char *const given[OPTION_TRAITS])
{
	if (options->socketio && given[GIVEN_NO_SOCKETIO])
		return command_misused(
			given[GIVEN_NO_SOCKETIO], "is for WebSockets that do not speak Socket.IO");
	if (!options->socketio && given[GIVEN_SOCKETIO])
		return command_misused(given[GIVEN_SOCKETIO], "needs --socketio");
	if (options->events && !options->socketio && given[GIVEN_TWO_WAYS])
		return command_misused(given[GIVEN_TWO_WAYS],
			"is for ws and wss: an event stream takes no messages");
	return options->socketio ? check_events(options) : STATUS_OK;
}

static int check_together(
	const struct connect_options *options, const char *const given[OPTION_TRAITS])
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
	return check_traits(options, given);
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
	const char *given[OPTION_TRAITS];
	int status = take_deflate(options, "on");
	if (status == STATUS_OK)
		status = options_read(&table, options, argc, argv, given);
	return status ? status : check_together(options, given);
}

void connect_options_fini(struct connect_options *options)
{
	free(options->protocols);
	free(options->headers);
	free(options->proxy_headers);
	free(options->sends);
	free(options->origin);
}
