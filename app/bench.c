/* bench.c: `rill bench`: how many messages a second, and how long each takes.
 *
 * All is done by one thread, which is as busy as the server at least: what it used of its processor is said, for
 * near the whole of one it is this program that was measured. */
#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "command.h"
#include "json.h"

/* Opened at a time: listeners have queues of a hundred and more. */
#define OPENING_AT_ONCE 64
#define CLOSE_MS        2000
/* The library's own limit of time for a WebSocket comes first, with a better sentence. */
#define GRACE_MS 500

uint64_t bench_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static uint64_t used_us(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000U +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void remember(struct bench *bench, const char *sentence)
{
	if (!*bench->trouble)
		snprintf(bench->trouble, sizeof(bench->trouble), "%s", sentence);
}

static void close_all(struct bench *bench)
{
	bench->state = BENCH_CLOSING;
	for (uint64_t i = 0; i < bench->begun; i++)
		bench_client_close(&bench->clients[i]);
	if (bench->open + bench->opening == 0)
		rill_loop_stop(bench->loop);
	else
		rill_timer_start(bench->timer, CLOSE_MS, 0);
}

static void start(struct bench *bench)
{
	bench->state = BENCH_RUNNING;
	bench->used_us = used_us();
	bench->from_ns = bench_now_ns();
	for (uint64_t i = 0; i < bench->begun; i++) {
		if (bench->clients[i].ready && bench->clients[i].conn)
			bench_client_start(&bench->clients[i]);
	}
	rill_timer_start(bench->timer, bench->options.run_ms, 0);
}

static void finish(struct bench *bench)
{
	if (bench->state == BENCH_RUNNING) {
		bench->run_ns = bench_now_ns() - bench->from_ns;
		bench->used_us = used_us() - bench->used_us;
	}
	close_all(bench);
}

/* Opens as many as may be at a time. Returns 0, or why none can be opened. */
static int open_more(struct bench *bench)
{
	while (bench->begun < bench->options.connections && bench->opening < OPENING_AT_ONCE) {
		struct bench_client *client = &bench->clients[bench->begun];
		*client = (struct bench_client){ .bench = bench, .index = bench->begun++ };
		const int rc = bench_client_open(client);
		if (rc < 0) {
			const char *said = rill_loop_error(bench->loop);
			remember(bench, *said ? said : rill_strerror(rc));
			bench->failed += bench->options.connections - bench->begun + 1;
			bench->options.connections = bench->begun;
			return rc;
		}
		bench->opening++;
	}
	rill_timer_start(bench->timer, bench->options.timeout_ms + GRACE_MS, 0);
	return 0;
}

static void opened_one(struct bench *bench)
{
	bench->opening--;
	if (bench->state != BENCH_OPENING)
		return;
	open_more(bench);
	if (bench->opening)
		return;
	if (bench->open)
		start(bench);
	else
		rill_loop_stop(bench->loop);
}

void bench_ready(struct bench_client *client)
{
	client->ready = true;
	client->bench->ready++;
	client->bench->open++;
	opened_one(client->bench);
}

void bench_gone(struct bench_client *client, const char *sentence)
{
	struct bench *bench = client->bench;
	const bool closing = bench->state == BENCH_CLOSING;
	if (!closing)
		remember(bench, sentence);
	if (!client->ready) {
		bench->failed += !closing;
		opened_one(bench);
	} else {
		bench->open--;
		bench->lost += !closing;
	}
	if (bench->state == BENCH_RUNNING && !bench->open)
		finish(bench);
	else if (closing && bench->open + bench->opening == 0)
		rill_loop_stop(bench->loop);
}

/* Nothing has happened for the time an opening may take. */
static void drop_late(struct bench *bench)
{
	remember(bench, "the server has not let us in in time");
	for (uint64_t i = 0; i < bench->begun; i++) {
		if (!bench->clients[i].ready && bench->clients[i].conn)
			rill_conn_destroy(bench->clients[i].conn);
	}
}

static void on_timer(rill_timer *timer, void *user)
{
	(void)timer;
	struct bench *bench = user;
	if (bench->state == BENCH_OPENING)
		drop_late(bench);
	else if (bench->state == BENCH_RUNNING)
		finish(bench);
	else
		rill_loop_stop(bench->loop);
}

static void on_signal(int number, void *user)
{
	(void)number;
	struct bench *bench = user;
	if (bench->state == BENCH_CLOSING)
		rill_loop_stop(bench->loop);
	else
		finish(bench);
}

/* What came of it. */

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static double mean_ms(const struct latency *latency)
{
	return latency->count ? latency->sum / (double)latency->count / 1e6 : 0;
}

static void print_json(const struct bench *bench)
{
	const struct bench_options *o = &bench->options;
	const struct latency *l = &bench->latency;
	const double seconds = (double)bench->run_ns / 1e9;
	printf("{\"protocol\":\"%s\",\"connections\":%llu,\"in_flight\":%llu,\"size\":%llu,"
	       "\"seconds\":%.3f,\"sent\":%llu,\"answered\":%llu,\"per_second\":%.1f,",
		o->socketio ? "socketio" : "websocket", (unsigned long long)bench->ready,
		(unsigned long long)o->in_flight, (unsigned long long)o->size, seconds,
		(unsigned long long)bench->sent, (unsigned long long)bench->answered,
		(double)bench->answered / seconds);
	printf("\"latency_ms\":{\"mean\":%.4f,\"p50\":%.4f,\"p90\":%.4f,\"p99\":%.4f,"
	       "\"p99.9\":%.4f,\"max\":%.4f},",
		mean_ms(l), ms(latency_at(l, 0.5)), ms(latency_at(l, 0.9)), ms(latency_at(l, 0.99)),
		ms(latency_at(l, 0.999)), ms(l->max));
	printf("\"other_messages\":%llu,\"failed\":%llu,\"lost\":%llu,\"threads\":1,"
	       "\"processor\":%.3f}\n",
		(unsigned long long)bench->strange, (unsigned long long)bench->failed,
		(unsigned long long)bench->lost, (double)bench->used_us / 1e6 / seconds);
}

static void print_words(const struct bench *bench)
{
	const struct bench_options *o = &bench->options;
	const struct latency *l = &bench->latency;
	const double seconds = (double)bench->run_ns / 1e9;
	const double rate = (double)bench->answered / seconds;
	const double share = (double)bench->used_us / 1e6 / seconds;
	printf("%llu %s of %s, %llu %s of %llu bytes under way on each, for %.2f s\n",
		(unsigned long long)bench->ready, bench->ready == 1 ? "connection" : "connections",
		o->socketio ? "Socket.IO" : "WebSocket", (unsigned long long)o->in_flight,
		o->in_flight == 1 ? "message" : "messages", (unsigned long long)o->size, seconds);
	printf("answered  %llu messages, %.0f a second, %.2f MB/s each way\n",
		(unsigned long long)bench->answered, rate, rate * (double)o->size / 1e6);
	printf("latency   p50 %.3f ms, p90 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms\n",
		ms(latency_at(l, 0.5)), ms(latency_at(l, 0.9)), ms(latency_at(l, 0.99)),
		ms(latency_at(l, 0.999)), ms(l->max));
	if (bench->strange)
		printf("besides   %llu %s\n", (unsigned long long)bench->strange,
			bench->strange == 1 ? "message came that was no answer"
					    : "messages came that were no answers");
	printf("this end  one thread, %.0f %% of a processor%s\n", share * 100,
		share > 0.9 ? ": the server may be faster than what is measured here" : "");
}

static int say_silent(const struct bench *bench)
{
	fprintf(stderr, "rill: the server does not echo: %llu %s sent, and none came back%s\n",
		(unsigned long long)bench->sent, bench->sent == 1 ? "message was" : "messages were",
		!bench->options.socketio ? ""
		: bench->options.ack     ? "; does it acknowledge the event of --event?"
					 : "; --event names what it sends back, --ack what it "
					   "acknowledges");
	return STATUS_FAILED;
}

static int report(const struct bench *bench)
{
	if (!bench->ready && *bench->trouble)
		return command_failed("no connection was opened", bench->trouble);
	if (!bench->run_ns)
		return command_failed("nothing was measured", "it was ended before");
	if (!bench->answered && !bench->lost)
		return say_silent(bench);
	if (bench->options.json)
		print_json(bench);
	else
		print_words(bench);
	if (!bench->failed && !bench->lost)
		return STATUS_OK;
	fprintf(stderr, "rill: connections not opened: %llu, lost: %llu; the first: %s\n",
		(unsigned long long)bench->failed, (unsigned long long)bench->lost, bench->trouble);
	return STATUS_FAILED;
}

/* As many descriptors as there may be. */
static void raise_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int prepare(struct bench *bench)
{
	static const int wanted[] = { SIGINT, SIGTERM, 0 };
	int rc = rill_loop_new(&bench->loop, NULL);
	if (rc == 0)
		rc = rill_timer_new(&bench->timer, bench->loop, on_timer, bench);
	if (rc == 0)
		rc = signals_init(&bench->signals, bench->loop, wanted, on_signal, bench);
	if (bench->options.socketio)
		socketio_url(&bench->url, bench->options.url);
	else
		text_put(&bench->url, bench->options.url, strlen(bench->options.url) + 1);
	bench->clients = calloc(bench->options.connections, sizeof(*bench->clients));
	if (rc == 0 && (!bench->clients || bench->url.failed))
		rc = RILL_ENOMEM;
	return rc;
}

static int run(struct bench *bench)
{
	raise_limit();
	int rc = prepare(bench);
	if (rc < 0)
		return command_failed("cannot start", rill_strerror(rc));
	rc = open_more(bench);
	if (rc == RILL_EINVAL)
		return fprintf(stderr, "rill: %s\n", bench->trouble), STATUS_USAGE;
	if (rc < 0 && !bench->opening)
		return report(bench);
	rc = rill_loop_run(bench->loop);
	return rc < 0 ? command_failed("the loop ended", rill_strerror(rc)) : report(bench);
}

static int run_bench(int argc, char **argv)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	if (!bench)
		return command_failed("cannot start", rill_strerror(RILL_ENOMEM));
	bench->signals.fd = -1;
	int status = bench_options_read(&bench->options, argc, argv);
	if (status == STATUS_OK)
		status = run(bench);
	for (uint64_t i = 0; i < bench->begun; i++)
		bench_client_fini(&bench->clients[i]);
	rill_timer_free(bench->timer);
	signals_fini(&bench->signals);
	rill_loop_free(bench->loop);
	free(bench->clients);
	text_fini(&bench->url);
	text_fini(&bench->message);
	bench_options_fini(&bench->options);
	free(bench);
	return status;
}

const struct command bench_command = {
	.name = "bench",
	.summary = "loads a server that echoes, and says how fast it answers",
	.help = "usage: rill bench [OPTION...] URL\n"
		"\n"
		"Opens connections to a server, keeps messages under way on each, and says how "
		"many a\n"
		"second came back and how long that took. The server has to send back what it is "
		"sent.\n"
		"\n"
		"  rill bench ws://127.0.0.1:8000/echo\n"
		"  rill bench --connections 1000 --size 1024 --seconds 20 wss://example.org/echo\n"
		"  rill bench --socketio --event echo --ack http://127.0.0.1:3000\n"
		"\n"
		"  --connections N        how many (10)\n"
		"  --in-flight N          messages under way on each: the next leaves when one has "
		"come\n"
		"                         back (1)\n"
		"  --size BYTES           of a message, from 20 on (64)\n"
		"  --seconds S            for how long (5)\n"
		"  --json                 the result as one JSON object\n"
		"\n"
		"  --socketio             speaks Socket.IO over a WebSocket; http: and https: "
		"URLs, too\n"
		"  --event NAME           the event that is sent, with the message as its "
		"argument; an\n"
		"                         answer is any event with that argument\n"
		"  --ack                  asks for an acknowledgement instead, which is the "
		"answer\n"
		"  --namespace NAME       the namespace (/)\n"
		"  --auth JSON            what is said to get in: an object\n"
		"\n"
		"  --header 'NAME: VALUE' adds a field to the requests; may be repeated\n"
		"  --ca FILE              believes these authorities (PEM) instead of the "
		"system's\n"
		"  --insecure             believes any certificate\n"
		"  --timeout SECONDS      for each connection to be opened (10)\n"
		"\n"
		"Nothing is compressed. Messages that are under way at the end are not counted. "
		"All is\n"
		"done by one thread: when that is near the whole of a processor, which is said, "
		"the\n"
		"server could do more. Ctrl-C ends it earlier.\n"
		"\n"
		"Exit status: 0 it was measured; 1 the server was not reached, does not echo, or "
		"lost\n"
		"connections; 2 the command line was not understood.\n",
	.run = run_bench,
};
