/* connect_options.h: the command line of `rill connect`. */
#ifndef CONNECT_OPTIONS_H
#define CONNECT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <rill/client.h>

/* Strings are the command line's, but for origin. Lists end with NULL. */
struct connect_options {
	const char *url;
	bool events;   /* http or https: an event stream, unless it is Socket.IO */
	bool socketio; /* --socketio */
	const char *space, *auth;

	const char **protocols, **headers, **proxy_headers, **sends;
	char *origin; /* "Origin: O" among the headers */
	const char *proxy, *ca, *certificate, *key;
	bool insecure;
	rill_deflate_options deflate;
	uint64_t max_message; /* 0: the library's */
	uint32_t ping_ms;     /* 0: none */
	uint32_t timeout_ms;

	bool json, echo, binary;
	uint64_t count; /* 0: no end */
	bool closes;    /* --close was given */
	int close_code;
	char close_reason[124];
};

/* Returns STATUS_OK, STATUS_HELP, or STATUS_USAGE after one sentence on standard error, or
 * STATUS_FAILED (no memory). fini is fine after each. */
int connect_options_read(struct connect_options *options, int argc, char **argv);
void connect_options_fini(struct connect_options *options);

#endif
