/* bench_options.h: the command line of `rill bench`. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message begins with its connection and its number: "00000f:00000000001a:". */
#define BENCH_TAG_LEN 20

/* Strings are the command line's. */
struct bench_options {
	const char *url;
	uint64_t connections, in_flight, size;
	uint32_t run_ms, timeout_ms;
	bool socketio, ack, json;
	const char *space, *auth, *event;
	const char **headers; /* ends with NULL */
	const char *ca;
	bool insecure;
};

/* Returns STATUS_OK, STATUS_HELP, or STATUS_USAGE after one sentence on standard error, or STATUS_FAILED (no
 * memory). fini is fine after each. */
int bench_options_read(struct bench_options *options, int argc, char **argv);
void bench_options_fini(struct bench_options *options);

#endif
