/* Connections that rest, and what they cost the server's memory while they do. A few come and go
 * before the first look, so that what the server makes once is not counted. */
#include <unistd.h>
#include "scenario.h"

#define FIRST 100u

static const struct load_events events = { 0 };

static int settle(struct load *load)
{
	uint64_t end = load_now() + (uint64_t)(load->options->settle * 1e9);
	while (load_now() < end)
		if (load_turn(load, 50) < 0)
			return -1;
	return 0;
}

/* The server may be a while behind: its descriptors tell when it has closed its ends. */
static int wait_for_descriptors(struct load *load, int most)
{
	pid_t pid = load->options->pid;
	uint64_t began = load_now();

	while (pid && process_descriptors(pid) > most) {
		if ((double)(load_now() - began) / 1e9 > load->options->timeout)
			return load_fail(
				load, "the server keeps descriptors of connections that are gone");
		usleep(20000);
	}
	return 0;
}

static int echo_on_each(struct load *load, unsigned n)
{
	for (unsigned round = 0; round < load->options->echoes; round++) {
		uint64_t target = load->received + n, moved = load_now();
		for (unsigned i = 0; i < n; i++)
			if (connection_issue(&load->connections[i], 1) < 0)
				return -1;
		for (uint64_t before = load->received; load->received < target;
			before = load->received) {
			if (load_turn(load, 100) < 0)
				return -1;
			if (load->received != before)
				moved = load_now();
			if ((double)(load_now() - moved) / 1e9 > load->options->timeout)
				return load_fail(load, "echoes never came");
		}
	}
	return 0;
}

static int look(
	struct load *load, const char *name, struct process_memory *memory, struct json *json)
{
	if (!load->options->pid)
		return 0;
	if (!process_memory(load->options->pid, memory))
		return load_fail(load, "the server's memory cannot be read");
	json_open(json, name, '{');
	json_count(json, "rss", memory->rss);
	json_count(json, "pss", memory->pss);
	json_count(json, "anonymous", memory->anonymous);
	json_count(json, "private_dirty", memory->private_dirty);
	json_close(json, '}');
	return 0;
}

static double by_connection(const struct load *load, uint64_t before, uint64_t after)
{
	return ((double)after - (double)before) / load->count;
}

static int wave(
	struct load *load, int descriptors, struct process_memory *before, struct json *json)
{
	struct process_memory open = { 0 }, closed = { 0 };

	json_open(json, NULL, '{');
	if (load_open(load, 0, load->count, load->options->path) < 0 ||
		echo_on_each(load, load->count) < 0 || settle(load) < 0 ||
		look(load, "open", &open, json) < 0)
		return -1;
	json_real(json, "bytes_per_connection",
		by_connection(load, before->anonymous, open.anonymous));
	json_real(json, "rss_per_connection", by_connection(load, before->rss, open.rss));
	if (load_close(load) < 0 || wait_for_descriptors(load, descriptors) < 0 ||
		settle(load) < 0 || look(load, "closed", &closed, json) < 0)
		return -1;
	json_real(json, "kept", (double)closed.anonymous - (double)before->anonymous);
	json_close(json, '}');
	return 0;
}

int run_idle(struct load *load, struct json *json)
{
	unsigned first = load->count < FIRST ? load->count : FIRST;
	pid_t pid = load->options->pid;
	struct process_memory before = { 0 };

	load->events = &events;
	int descriptors = pid ? process_descriptors(pid) : 0;
	if (load_open(load, 0, first, load->options->path) < 0 || echo_on_each(load, first) < 0 ||
		load_close(load) < 0 || wait_for_descriptors(load, descriptors) < 0 ||
		settle(load) < 0 || look(load, "before", &before, json) < 0)
		return -1;
	json_open(json, "waves", '[');
	for (unsigned i = 0; i < load->options->waves; i++)
		if (wave(load, descriptors, &before, json) < 0)
			return -1;
	json_close(json, ']');
	return 0;
}
