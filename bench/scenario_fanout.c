/* Fan-out: depth messages are published together; when all receivers have them, the next. What is
 * counted is a delivery: one message at one receiver. */
#include "scenario.h"

static int received(struct load *load, struct connection *conn, unsigned n)
{
	(void)load;
	(void)conn;
	(void)n;
	return 0;
}

static const struct load_events events = { .received = received };

static int round_trip(struct load *load, unsigned receivers)
{
	unsigned depth = load->options->depth;
	uint64_t target = load->received + (uint64_t)receivers * depth;
	uint64_t now = load_now(), moved = now;

	for (unsigned i = 0; i < receivers; i++)
		connection_expect(&load->connections[i], depth, now);
	if (connection_publish(&load->connections[receivers], depth) < 0)
		return -1;
	for (uint64_t before = load->received; load->received < target; before = load->received) {
		if (load_turn(load, 20) < 0)
			return -1;
		if (load->received != before)
			moved = load_now();
		if ((double)(load_now() - moved) / 1e9 > load->options->timeout)
			return load_fail(load, "%llu deliveries never came",
				(unsigned long long)(target - load->received));
	}
	return 0;
}

static int rounds(struct load *load, unsigned receivers, uint64_t messages, double seconds)
{
	uint64_t end = load_now() + (uint64_t)(seconds * 1e9);
	for (uint64_t sent = 0; sent < messages && load_now() < end; sent += load->options->depth)
		if (round_trip(load, receivers) < 0)
			return -1;
	return 0;
}

int run_fanout(struct load *load, struct json *json)
{
	const struct options *options = load->options;
	unsigned receivers = load->count - 1;
	struct window window;

	load->events = &events;
	load->same_messages = true;
	if (load_open(load, 0, receivers, options->path) < 0 ||
		load_open(load, receivers, 1,
			options->publish_path ? options->publish_path : options->path) < 0)
		return -1;
	if (rounds(load, receivers, UINT64_MAX, options->warmup) < 0)
		return -1;
	load->recording = true;
	if (window_open(&window, load, load->received) < 0)
		return -1;
	if (options->messages > 0 ? rounds(load, receivers, options->messages, 1e6) < 0
				  : rounds(load, receivers, UINT64_MAX, options->duration) < 0)
		return -1;
	load->recording = false;
	if (window_close(&window, load, load->received, "deliveries", json) < 0)
		return -1;
	if (load_close(load) < 0)
		return -1;
	write_latency(load, json);
	return 0;
}
