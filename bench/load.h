/* load.h: what the parts of the load generator share: its connections, its turn of epoll, the
 * counters, and the one error that ends a run. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <openssl/ssl.h>
#include "connection.h"
#include "histogram.h"
#include "messages.h"
#include "options.h"
#include "process.h"

struct load;

/* What a scenario is told. Any may be NULL. A negative result ends the run: see load_fail(). */
struct load_events {
	int (*opened)(struct load *load, struct connection *conn);
	/* n more messages of this connection have come whole. */
	int (*received)(struct load *load, struct connection *conn, unsigned n);
};

struct load {
	const struct options *options;
	const struct load_events *events;
	struct rl_env env;
	struct rl_ws_config session;
	struct rl_deflate_pool *zlib;
	struct rl_ws_extensions *extensions; /* permessage-deflate, if it is to be offered */
	struct messages messages;
	SSL_CTX *tls;
	int epoll;
	struct connection *connections;
	struct http_session *sessions; /* of the connections, over HTTP; else NULL */
	unsigned count;      /* of the array */
	unsigned open;       /* handshake done, not yet closed */
	unsigned alive;      /* with a socket */
	unsigned begun;      /* connections, since the program began */
	uint64_t started;    /* when the program began; ns, monotonic */
	uint64_t received;   /* messages, since the program began */
	uint64_t handshakes; /* likewise */
	bool same_messages;  /* fan-out: all connections expect the same ones */
	bool recording;      /* latencies go into the histogram */
	struct histogram latency;
	uint8_t *input;  /* LOAD_INPUT bytes behind LOAD_FRONT, for whoever reads now */
	uint8_t *output; /* LOAD_OUTPUT bytes */
	unsigned next_source;
	uint64_t progress_at, progress_received, progress_handshakes;
	char error[256];
};

#define LOAD_FRONT  16
#define LOAD_INPUT  (256u << 10)
#define LOAD_OUTPUT (64u << 10)

/* Room for count connections. On failure error says why. */
int load_init(struct load *load, const struct options *options, unsigned count);
void load_fini(struct load *load);

/* Keeps the first failure as one sentence; returns -1. */
int load_fail(struct load *load, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Waits for events, at most that long, and acts on them. */
int load_turn(struct load *load, int timeout_ms);

/* Opens the connections from first on, n of them, and returns when all are open. */
int load_open(struct load *load, unsigned first, unsigned n, const char *path);

/* The closing handshake on all; returns when no socket is left. A message that nobody waits for
 * shows up here at the latest. */
int load_close(struct load *load);

uint64_t load_now(void); /* ns, monotonic */

/* The address to connect from. */
struct sockaddr_in load_source(struct load *load);

#endif
