/* scenario.h: what a run does, from its first connection to its result. */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

#include "json.h"
#include "load.h"

/* Each opens, measures, closes and writes its result's members. 0, or -1 after load_fail(). */
int run_echo(struct load *load, struct json *json);
int run_idle(struct load *load, struct json *json);
int run_handshakes(struct load *load, struct json *json);
int run_fanout(struct load *load, struct json *json);

/* The time over which things are counted, and the CPU that server and load spent in it. */
struct window {
	uint64_t started, counted;
	uint64_t server_cpu, server_faults, load_cpu;
};

/* counted: of what is counted, how many so far. */
int window_open(struct window *window, struct load *load, uint64_t counted);

/* Writes what has changed since, for each of what is counted ("messages"). */
int window_close(const struct window *window, struct load *load, uint64_t counted,
	const char *units, struct json *json);

void write_latency(const struct load *load, struct json *json);

#endif
