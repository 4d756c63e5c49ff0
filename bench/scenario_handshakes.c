/* Handshakes: connect, upgrade, close the socket, and again from the next source address. */
#include "scenario.h"

static bool again;

static int opened(struct load *load, struct connection *conn)
{
	if (load->recording)
		histogram_add(&load->latency, load_now() - conn->stamps[0]);
	connection_drop(conn);
	if (!again)
		return 0;
	uint64_t now = load_now();
	conn->stamps[0] = now;
	return connection_open(conn, load, load->options->path);
}

static const struct load_events events = { .opened = opened };

/* Until so many handshakes, or until the time has come. */
static int turn_until(struct load *load, uint64_t count, double seconds)
{
	uint64_t before = load->handshakes, moved = load_now();
	uint64_t end = moved + (uint64_t)(seconds * 1e9);

	while (load->alive > 0 && load->handshakes < count && load_now() < end) {
		if (load_turn(load, 20) < 0)
			return -1;
		if (load->handshakes != before)
			moved = load_now();
		before = load->handshakes;
		if ((double)(load_now() - moved) / 1e9 > load->options->timeout)
			return load_fail(load, "handshakes do not end");
	}
	return 0;
}

int run_handshakes(struct load *load, struct json *json)
{
	const struct options *options = load->options;
	struct window window;

	load->events = &events;
	again = true;
	for (unsigned i = 0; i < load->count; i++) {
		load->connections[i].stamps[0] = load_now();
		if (connection_open(&load->connections[i], load, options->path) < 0)
			return -1;
	}
	if (turn_until(load, UINT64_MAX, options->warmup) < 0)
		return -1;
	load->recording = true;
	if (window_open(&window, load, load->handshakes) < 0)
		return -1;
	if (options->messages > 0 ? turn_until(load, load->handshakes + options->messages, 1e6) < 0
				  : turn_until(load, UINT64_MAX, options->duration) < 0)
		return -1;
	load->recording = false;
	if (window_close(&window, load, load->handshakes, "handshakes", json) < 0)
		return -1;
	again = false;
	if (turn_until(load, UINT64_MAX, options->timeout) < 0)
		return -1;
	write_latency(load, json);
	return 0;
}
