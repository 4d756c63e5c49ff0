/* slow_subscribers: what subscribers that never read cost those who do, and in memory.
 *
 *     slow_subscribers [LISTENERS SLOW RATE BYTES SECONDS ROUNDS]
 *
 * One thread serves a topic and publishes RATE messages a second in it; another listens with LISTENERS
 * WebSockets and takes the time from publishing to the callback. In turn nobody is slow, and SLOW
 * sockets subscribe under each policy and never read. At the end stands for each policy the median of
 * its rounds' p99 beside that of the rounds without. Over <rill/...> alone. Needs an idle machine with
 * two cores. Status 1: somebody who read was lost, or more waited than the policies allow. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <rill/rill.h>
#include "histogram.h"

/* Long enough for the kernel's buffers, some 4 MiB for each slow one, to be full at the usual rate. */
#define WARM_NS   UINT64_C(4000000000)
#define MAX_BYTES ((size_t)256 * 1024)
#define SECOND_NS UINT64_C(1000000000)

enum { NOBODY = RILL_SLOW_LATEST + 1, KINDS, ROUNDS_MAX = 100, SLOW_MAX = 10000 };

static const char *const kinds[] = { "close", "drop oldest", "drop newest", "latest",
	"nobody slow" };

static struct {
	unsigned listeners, slow, rate, bytes, seconds, rounds;
} given = { 50, 50, 200, 8192, 5, 5 };

/* The serving thread's, but for what is atomic. */
static struct {
	rill_loop *loop;
	rill_server *server;
	rill_hub *hub;
	rill_timer *timer;
	char *message;
	uint64_t began, published;
	atomic_int policy; /* of the slow ones that come next */
	atomic_size_t most_waiting, most_queued;
} serving;

/* The listening thread's. */
static struct {
	rill_loop *loop;
	struct histogram times;
	unsigned open;
	bool measuring, lost;
	int slow[SLOW_MAX];
} hearing;

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* Serving. */

static bool is_slow(const rill_conn *conn)
{
	return rill_conn_header(conn, "X-Slow").data != NULL;
}

static void subscribe(rill_conn *conn)
{
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.max_bytes = MAX_BYTES;
	if (is_slow(conn))
		options.slow = (rill_slow)atomic_load(&serving.policy);
	else
		options.max_bytes = 0;
	if (rill_subscribe(serving.hub, "all", conn, &options) < 0)
		rill_conn_destroy(conn);
}

static const rill_handler subscriber = { sizeof(rill_handler), .on_open = subscribe };

static void look_at(rill_conn *conn, void *user)
{
	(void)user;
	size_t queued = rill_conn_queued(conn);
	if (is_slow(conn) && queued > atomic_load(&serving.most_queued))
		atomic_store(&serving.most_queued, queued);
}

static void look(void)
{
	rill_topic_stats stats = { .size = sizeof(stats) };
	if (rill_topic_read_stats(serving.hub, "all", &stats) < 0)
		return;
	if (stats.waiting > atomic_load(&serving.most_waiting))
		atomic_store(&serving.most_waiting, stats.waiting);
	rill_topic_each(serving.hub, "all", look_at, NULL);
}

/* What is due by now; what the machine was late for is not made up for. */
static void publish(rill_timer *timer, void *user)
{
	(void)timer;
	(void)user;
	uint64_t time = now(), due = (time - serving.began) * given.rate / SECOND_NS;
	if (serving.published >= due)
		return;
	serving.published = due;
	memcpy(serving.message, &time, sizeof(time));
	rill_publish(serving.hub, "all", RILL_BINARY, serving.message, given.bytes);
	if (due % given.rate == 0)
		look();
}

static int serve(void)
{
	static const char *const keep[] = { "X-Slow", NULL };
	rill_websocket_options options;
	rill_websocket_options_default(&options);
	options.keep_headers = keep;
	options.deflate.enabled = false;
	serving.message = calloc(1, given.bytes);
	serving.began = now();
	int rc = serving.message ? rill_loop_new(&serving.loop, NULL) : RILL_ENOMEM;
	if (rc == 0)
		rc = rill_server_new(&serving.server, serving.loop, NULL);
	if (rc == 0)
		rc = rill_hub_new(&serving.hub, serving.loop, NULL);
	if (rc == 0)
		rc = rill_websocket_serve(serving.server, "/", &subscriber, &options, NULL);
	if (rc == 0)
		rc = rill_server_listen_tcp(serving.server, "127.0.0.1", 0);
	if (rc == 0)
		rc = rill_timer_new(&serving.timer, serving.loop, publish, NULL);
	if (rc == 0)
		rill_timer_start(serving.timer, 1, 1);
	return rc;
}

static void *run(void *user)
{
	(void)user;
	rill_loop_run(serving.loop);
	return NULL;
}

/* Listening. */

static void opened(rill_conn *conn)
{
	(void)conn;
	hearing.open++;
}

static void heard(rill_conn *conn, rill_msg msg)
{
	uint64_t sent;
	(void)conn;
	memcpy(&sent, msg.data, sizeof(sent));
	if (hearing.measuring)
		histogram_add(&hearing.times, now() - sent);
}

static void closed(rill_conn *conn, int code, rill_bytes reason)
{
	(void)conn;
	(void)code;
	(void)reason;
	hearing.lost = true;
}

static void failed(rill_conn *conn, const rill_failure *failure)
{
	(void)conn;
	fprintf(stderr, "%s\n", failure->sentence);
	hearing.lost = true;
}

static const rill_handler listener = { sizeof(rill_handler), .on_open = opened, .on_message = heard,
	.on_close = closed };

static void listen_for(uint64_t ns)
{
	for (uint64_t end = now() + ns; now() < end;)
		rill_loop_wait(hearing.loop, 5);
}

static int connect_listeners(void)
{
	rill_websocket_client_options options;
	char url[64];
	rill_websocket_client_options_default(&options);
	options.deflate.enabled = false;
	options.on_failed = failed;
	snprintf(url, sizeof(url), "ws://127.0.0.1:%u/", rill_server_port(serving.server, 0));
	int rc = rill_loop_new(&hearing.loop, NULL);
	for (unsigned i = 0; i < given.listeners && rc == 0; i++)
		rc = rill_websocket_connect(NULL, hearing.loop, url, &listener, &options);
	while (rc == 0 && !hearing.lost && hearing.open < given.listeners)
		rc = rill_loop_wait(hearing.loop, -1);
	return rc;
}

/* One that asks, waits for the answer's first byte, and takes no more. */
static int connect_slow(void)
{
	static const char request[] =
		"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		"X-Slow: 1\r\n\r\n";
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(rill_server_port(serving.server, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
	char first;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
		send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 ||
		recv(fd, &first, 1, 0) != 1) {
		perror("a slow subscriber");
		exit(2);
	}
	return fd;
}

/* Its p99 in microseconds. */
static double measure(int kind)
{
	unsigned slow = kind == NOBODY ? 0 : given.slow;
	atomic_store(&serving.policy, kind);
	for (unsigned i = 0; i < slow; i++)
		hearing.slow[i] = connect_slow();
	hearing.times = (struct histogram){ .total = 0 };
	listen_for(WARM_NS);
	hearing.measuring = true;
	listen_for(given.seconds * SECOND_NS);
	hearing.measuring = false;
	for (unsigned i = 0; i < slow; i++)
		close(hearing.slow[i]);
	double p50 = (double)histogram_quantile(&hearing.times, 0.5) / 1000,
	       p99 = (double)histogram_quantile(&hearing.times, 0.99) / 1000;
	printf("%-12s p50 %8.1f us, p99 %8.1f us\n", kinds[kind], p50, p99);
	fflush(stdout);
	return p99;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static double median(double *of, unsigned count)
{
	qsort(of, count, sizeof(*of), ascending);
	return of[count / 2];
}

/* A queue may be just below its high-water mark when another message comes. */
static bool tell_memory(void)
{
	size_t waiting = atomic_load(&serving.most_waiting),
	       queued = atomic_load(&serving.most_queued);
	bool kept = waiting <= given.slow * MAX_BYTES &&
		    queued <= (size_t)256 * 1024 + 2 * ((size_t)given.bytes + 16);
	printf("at most %zu bytes waited for all slow ones, and %zu stood in one's queue%s\n",
		waiting, queued, kept ? "" : ": more than allowed");
	return kept;
}

static bool read_arguments(int argc, char **argv)
{
	unsigned *const all[] = { &given.listeners, &given.slow, &given.rate, &given.bytes,
		&given.seconds, &given.rounds };
	if (argc > 7)
		return false;
	for (int i = 1; i < argc; i++)
		*all[i - 1] = (unsigned)strtoul(argv[i], NULL, 10);
	return given.listeners && given.rate && given.bytes >= 8 && given.seconds && given.rounds &&
	       given.rounds <= ROUNDS_MAX && given.slow <= SLOW_MAX;
}

int main(int argc, char **argv)
{
	static double p99[KINDS][ROUNDS_MAX];
	struct rlimit files;
	pthread_t thread;

	if (!read_arguments(argc, argv)) {
		fprintf(stderr, "usage: %s [LISTENERS SLOW RATE BYTES SECONDS ROUNDS]\n", argv[0]);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (serve() < 0 || pthread_create(&thread, NULL, run, NULL) != 0 || connect_listeners() < 0)
		return 2;
	for (unsigned round = 0; round < given.rounds; round++)
		for (int kind = NOBODY; kind >= 0; kind--)
			p99[kind][round] = measure(kind);
	double alone = median(p99[NOBODY], given.rounds);
	for (int kind = 0; kind < NOBODY; kind++) {
		double with = median(p99[kind], given.rounds);
		printf("%-12s p99 %8.1f us, nobody slow %8.1f us: %+.1f %%\n", kinds[kind], with,
			alone, (with / alone - 1) * 100);
	}
	bool fine = tell_memory() && !hearing.lost;
	rill_loop_stop(serving.loop);
	pthread_join(thread, NULL);
	rill_timer_free(serving.timer);
	rill_hub_free(serving.hub);
	rill_server_free(serving.server);
	rill_loop_free(serving.loop);
	rill_loop_free(hearing.loop);
	free(serving.message);
	return !fine;
}
