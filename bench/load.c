#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include "http_session.h"
#include "random.h"
#include "wire/ws_pipeline.h"

/* Ports of one address: 32768 to 60999 by default, less what others hold. */
#define PORTS_OF_A_SOURCE 20000u
/* Connections closed a moment ago keep their ports. */
#define SOURCES_OF_HANDSHAKES 200u

uint64_t load_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int load_fail(struct load *load, const char *format, ...)
{
	if (!load->error[0]) {
		va_list args;
		va_start(args, format);
		vsnprintf(load->error, sizeof load->error, format, args);
		va_end(args);
	}
	return -1;
}

static bool on_this_machine(const struct options *options)
{
	return ntohl(options->server.sin_addr.s_addr) >> 24 == 127;
}

struct sockaddr_in load_source(struct load *load)
{
	const struct options *options = load->options;
	struct sockaddr_in source = { .sin_family = AF_INET };

	if (!on_this_machine(options))
		return source;
	unsigned sources = options->sources;
	if (sources == 0)
		sources = options->scenario == SCENARIO_HANDSHAKES
				  ? SOURCES_OF_HANDSHAKES
				  : load->count / PORTS_OF_A_SOURCE + 1;
	source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + load->next_source++ % sources);
	return source;
}

static int init_tls(struct load *load)
{
	load->tls = SSL_CTX_new(TLS_client_method());
	if (!load->tls)
		return load_fail(load, "OpenSSL does not start");
	/* What is sent again after a full socket is copied from the messages again. */
	SSL_CTX_set_mode(
		load->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(load->tls, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_read_ahead(load->tls, 1);
	return 0;
}

static int init_connections(struct load *load, unsigned count)
{
	unsigned depth = load->options->depth;

	load->count = count;
	load->connections = rl_zalloc(&load->env, count * sizeof *load->connections);
	uint64_t *stamps = rl_zalloc(&load->env, (size_t)count * depth * sizeof *stamps);
	if (!load->connections || !stamps) {
		rl_free(&load->env, stamps);
		return load_fail(load, "out of memory");
	}
	for (unsigned i = 0; i < count; i++)
		load->connections[i].stamps = stamps + (size_t)i * depth;
	if (!load->options->protocol->http)
		return 0;
	load->sessions = rl_zalloc(&load->env, count * sizeof *load->sessions);
	if (!load->sessions)
		return load_fail(load, "out of memory");
	for (unsigned i = 0; i < count; i++)
		load->connections[i].http = &load->sessions[i];
	return 0;
}

static int init_extensions(struct load *load)
{
	const struct rl_deflate_options *deflate = &load->options->deflate_options;
	const char *sentence;
	load->zlib = rl_deflate_pool_new(&load->env);
	if (!load->zlib)
		return -1;
	return rl_ws_extensions_new(&load->extensions, &load->env,
		load->options->deflate ? deflate : NULL, load->zlib, NULL, &sentence);
}

int load_init(struct load *load, const struct options *options, unsigned count)
{
	*load = (struct load){ .options = options, .epoll = -1, .started = load_now() };
	rl_env_init_default(&load->env);
	load->env.random = random_fill;
	rl_ws_config_default(&load->session);
	load->session.pieces = true;
	load->progress_at = load->started;

	load->input = rl_alloc(&load->env, LOAD_FRONT + LOAD_INPUT);
	load->output = rl_alloc(&load->env, LOAD_OUTPUT);
	if (!load->input || !load->output || init_extensions(load) < 0 ||
		messages_init(&load->messages, options, &load->env) < 0)
		return load_fail(load, "out of memory");
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load->epoll < 0)
		return load_fail(load, "epoll_create1: %s", strerror(errno));
	if (options->tls && init_tls(load) < 0)
		return -1;
	return init_connections(load, count);
}

void load_fini(struct load *load)
{
	if (load->connections) {
		for (unsigned i = 0; i < load->count; i++)
			connection_drop(&load->connections[i]);
		rl_free(&load->env, load->connections[0].stamps);
	}
	rl_free(&load->env, load->connections);
	rl_free(&load->env, load->sessions);
	if (load->messages.frames)
		messages_fini(&load->messages);
	rl_ws_extensions_free(load->extensions);
	rl_deflate_pool_free(load->zlib);
	rl_free(&load->env, load->input);
	rl_free(&load->env, load->output);
	SSL_CTX_free(load->tls);
	if (load->epoll >= 0)
		close(load->epoll);
}

static void show_progress(struct load *load)
{
	uint64_t now = load_now();
	if (load->options->quiet || now - load->progress_at < 1000000000u)
		return;
	double seconds = (double)(now - load->progress_at) / 1e9;
	fprintf(stderr, "%6.1f s  %u open  %llu messages  %.0f messages/s  %.0f handshakes/s\n",
		(double)(now - load->started) / 1e9, load->open, (unsigned long long)load->received,
		(double)(load->received - load->progress_received) / seconds,
		(double)(load->handshakes - load->progress_handshakes) / seconds);
	load->progress_at = now;
	load->progress_received = load->received;
	load->progress_handshakes = load->handshakes;
}

int load_turn(struct load *load, int timeout_ms)
{
	struct epoll_event events[512];

	int n = epoll_wait(load->epoll, events, 512, timeout_ms);
	if (n < 0 && errno != EINTR)
		return load_fail(load, "epoll_wait: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		struct watcher *watcher = events[i].data.ptr;
		if (watcher->ready(watcher, events[i].events) < 0)
			return -1;
	}
	show_progress(load);
	return 0;
}

/* How many more may begin to open by now. */
static unsigned may_open(const struct load *load, uint64_t began, unsigned done)
{
	double rate = load->options->connect_rate;
	unsigned opening = load->alive - load->open;
	unsigned free = opening < load->options->opening ? load->options->opening - opening : 0;

	if (rate <= 0)
		return free;
	double due = (double)(load_now() - began) / 1e9 * rate + 1;
	unsigned late = due > done ? (unsigned)(due - done) : 0;
	return late < free ? late : free;
}

int load_open(struct load *load, unsigned first, unsigned n, const char *path)
{
	const struct options *options = load->options;
	uint64_t began = load_now(), moved = began;
	unsigned target = load->open + n, opened = 0, before = load->open;

	while (load->open < target) {
		for (unsigned m = may_open(load, began, opened); m > 0 && opened < n; m--, opened++)
			if (connection_open(&load->connections[first + opened], load, path) < 0)
				return -1;
		if (load_turn(load, options->connect_rate > 0 ? 1 : 100) < 0)
			return -1;
		if (load->open != before || load->alive < target)
			moved = load_now();
		before = load->open;
		if ((double)(load_now() - moved) / 1e9 > options->timeout)
			return load_fail(load, "%u connections do not open", target - load->open);
	}
	return 0;
}

int load_close(struct load *load)
{
	uint64_t moved = load_now();

	for (unsigned i = 0; i < load->count; i++)
		if (load->connections[i].state == CONNECTION_OPEN &&
			connection_close(&load->connections[i]) < 0)
			return -1;
	for (unsigned before = load->alive; load->alive > 0; before = load->alive) {
		if (load_turn(load, 100) < 0)
			return -1;
		if (load->alive != before)
			moved = load_now();
		if ((double)(load_now() - moved) / 1e9 > load->options->timeout)
			return load_fail(load, "%u connections do not close", load->alive);
	}
	return 0;
}
