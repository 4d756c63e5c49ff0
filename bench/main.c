/* load: a load generator for WebSocket, SockJS and Socket.IO servers. It runs one scenario with one thread
 * and its own epoll loop, over the library's codecs, checks what comes back, and prints one JSON object. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "scenario.h"

static const struct {
	const char *name;
	int (*run)(struct load *load, struct json *json);
} scenarios[] = {
	[SCENARIO_ECHO] = { "echo", run_echo },
	[SCENARIO_IDLE] = { "idle", run_idle },
	[SCENARIO_HANDSHAKES] = { "handshakes", run_handshakes },
	[SCENARIO_FANOUT] = { "fanout", run_fanout },
};

static void describe(const struct options *options, struct json *json)
{
	static const char *const kinds[] = { "text", "binary", "varied" };

	json_text(json, "scenario", scenarios[options->scenario].name);
	json_text(json, "protocol", options->protocol->name);
	json_text(json, "kind", kinds[options->kind]);
	json_count(json, "connections", options->connections);
	json_count(json, "size", options->size);
	json_count(json, "depth", options->depth);
	json_count(json, "tls", options->tls);
	json_count(json, "deflate", options->deflate);
}

/* The result goes out whole or not at all: after a failure only the error does. */
static int run(struct load *load, const struct options *options, struct json *json)
{
	unsigned publishers = options->scenario == SCENARIO_FANOUT;

	json_open(json, NULL, '{');
	describe(options, json);
	if (load_init(load, options, options->connections + publishers) < 0)
		return -1;
	return scenarios[options->scenario].run(load, json);
}

static void print_error(const struct load *load)
{
	struct json json = { .file = stdout };

	json_open(&json, NULL, '{');
	describe(load->options, &json);
	json_text(&json, "error", load->error);
	json_close(&json, '}');
	putchar('\n');
	fprintf(stderr, "load: %s\n", load->error);
}

int main(int argc, char **argv)
{
	struct options options;
	struct load *load = calloc(1, sizeof *load);
	char *text = NULL;
	size_t len = 0;
	struct json json = { .file = open_memstream(&text, &len) };

	if (!load || !json.file) {
		fputs("load: out of memory\n", stderr);
		return 1;
	}
	options_read(&options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();

	int rc = run(load, &options, &json);
	json_close(&json, '}');
	fclose(json.file);
	if (rc == 0)
		printf("%s\n", text);
	else
		print_error(load);
	load_fini(load);
	free(load);
	free(text);
	return rc == 0 ? 0 : 1;
}
