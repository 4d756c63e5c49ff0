#include <string.h>
#include "scenario.h"

static int look(struct window *window, struct load *load, uint64_t counted)
{
	pid_t pid = load->options->pid;

	*window = (struct window){ .started = load_now(), .counted = counted };
	if (pid && (!process_cpu(pid, &window->server_cpu) ||
			   !process_faults(pid, &window->server_faults)))
		return load_fail(load, "there is no process %d to measure", (int)pid);
	process_cpu(0, &window->load_cpu);
	return 0;
}

int window_open(struct window *window, struct load *load, uint64_t counted)
{
	return look(window, load, counted);
}

int window_close(const struct window *window, struct load *load, uint64_t counted,
	const char *units, struct json *json)
{
	struct window end;

	if (look(&end, load, counted) < 0)
		return -1;
	double seconds = (double)(end.started - window->started) / 1e9;
	uint64_t n = counted - window->counted;
	if (n == 0)
		return load_fail(load, "no %s came while it was measured", units);
	double server_us = (double)(end.server_cpu - window->server_cpu) / 1e3;
	double own_us = (double)(end.load_cpu - window->load_cpu) / 1e3;

	json_count(json, units, n);
	json_real(json, "seconds", seconds);
	json_real(json, "per_second", (double)n / seconds);
	if (load->options->pid) {
		json_real(json, "server_cpu_us", server_us / (double)n);
		json_real(json, "server_busy", server_us / 1e6 / seconds);
		json_real(json, "server_faults",
			(double)(end.server_faults - window->server_faults) / (double)n);
	}
	json_real(json, "load_cpu_us", own_us / (double)n);
	json_real(json, "load_busy", own_us / 1e6 / seconds);
	return 0;
}

void write_latency(const struct load *load, struct json *json)
{
	const struct histogram *h = &load->latency;

	json_open(json, "latency_us", '{');
	json_real(json, "p50", (double)histogram_quantile(h, 0.5) / 1e3);
	json_real(json, "p99", (double)histogram_quantile(h, 0.99) / 1e3);
	json_real(json, "p999", (double)histogram_quantile(h, 0.999) / 1e3);
	json_real(json, "max", (double)h->max / 1e3);
	json_close(json, '}');
}
