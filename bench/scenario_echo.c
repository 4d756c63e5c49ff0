/* Echoes: each connection keeps depth messages in flight; what came in one read is answered by as
 * many new messages in one write. */
#include "scenario.h"

/* How many may still be issued; with --duration until that has passed. */
static uint64_t left_to_issue;

static int received(struct load *load, struct connection *conn, unsigned n)
{
	(void)load;
	if (n > left_to_issue)
		n = (unsigned)left_to_issue;
	left_to_issue -= n;
	return n > 0 ? connection_issue(conn, n) : 0;
}

static const struct load_events events = { .received = received };

static int start(struct load *load)
{
	for (unsigned i = 0; i < load->count; i++)
		if (received(load, &load->connections[i], load->options->depth) < 0)
			return -1;
	return 0;
}

static int turn_for(struct load *load, double seconds)
{
	uint64_t end = load_now() + (uint64_t)(seconds * 1e9);
	while (load_now() < end)
		if (load_turn(load, 20) < 0)
			return -1;
	return 0;
}

static bool in_flight(const struct load *load)
{
	for (unsigned i = 0; i < load->count; i++)
		if (load->connections[i].receiving < load->connections[i].expected)
			return true;
	return false;
}

/* Until everything issued has come back. */
static int drain(struct load *load)
{
	uint64_t before = load->received, moved = load_now();

	while (in_flight(load)) {
		/* Looking at all connections each turn would be most of the load's work. */
		for (unsigned i = 0; i < 1 + load->count / 64; i++)
			if (load_turn(load, 20) < 0)
				return -1;
		if (load->received != before)
			moved = load_now();
		before = load->received;
		if ((double)(load_now() - moved) / 1e9 > load->options->timeout)
			return load_fail(load, "echoes never came");
	}
	return 0;
}

static int measure(struct load *load, struct json *json)
{
	const struct options *options = load->options;
	struct window window;

	if (options->messages == 0) {
		left_to_issue = UINT64_MAX;
		if (start(load) < 0 || turn_for(load, options->warmup) < 0)
			return -1;
	}
	load->recording = true;
	if (window_open(&window, load, load->received) < 0)
		return -1;
	if (options->messages > 0) {
		left_to_issue = options->messages;
		if (start(load) < 0 || drain(load) < 0)
			return -1;
	} else if (turn_for(load, options->duration) < 0) {
		return -1;
	}
	load->recording = false;
	return window_close(&window, load, load->received, "messages", json);
}

int run_echo(struct load *load, struct json *json)
{
	load->events = &events;
	if (load_open(load, 0, load->count, load->options->path) < 0 || measure(load, json) < 0)
		return -1;
	left_to_issue = 0;
	if (drain(load) < 0 || load_close(load) < 0)
		return -1;
	write_latency(load, json);
	return 0;
}
