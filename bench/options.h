/* options.h: the command line of the load generator. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "wire/deflate.h"

enum kind {
	KIND_TEXT,   /* printable ASCII */
	KIND_BINARY, /* random bytes */
	KIND_VARIED, /* texts that compress like texts, no two alike */
};

/* What is spoken on top of WebSocket or HTTP. */
enum dialect {
	DIALECT_NONE,
	DIALECT_SOCKJS,
	DIALECT_SOCKETIO,
};

/* What is spoken: a row of a table in options.c. */
struct protocol {
	const char *name;
	const char *path;    /* unless --path says another */
	enum dialect dialect;
	const char *receive; /* of a dialect: the transport, as it stands in its URLs */
	bool raw;            /* none: the same bytes, and as many of them back */
	bool http;           /* requests and responses instead of a stream both ways */
};

enum scenario_name {
	SCENARIO_ECHO,
	SCENARIO_IDLE,
	SCENARIO_HANDSHAKES,
	SCENARIO_FANOUT,
};

struct options {
	struct sockaddr_in server;
	const struct protocol *protocol;
	const char *path;
	const char *publish_path; /* fan-out; NULL: path */
	enum scenario_name scenario;
	enum kind kind;
	unsigned connections;   /* fan-out: receivers; the publisher comes on top */
	unsigned depth;         /* messages in flight on a connection */
	unsigned check;         /* one in so many echoes is compared byte by byte */
	unsigned sources;       /* addresses 127.0.0.1 ... to connect from; 0: as many as needed */
	unsigned opening;       /* connections that open at a time */
	double connect_rate;    /* a second; 0: as fast as they open */
	unsigned waves, echoes; /* idle: times all come and go; echoes before they rest */
	size_t size;
	uint64_t messages;                        /* in all; 0: as many as fit into duration */
	double duration, warmup, settle, timeout; /* seconds */
	pid_t pid; /* the server, for its CPU and memory; 0: not measured */
	bool tls, deflate, quiet;
	struct rl_deflate_options deflate_options;
};

/* Fills options, or says what is wrong on standard error and ends the program with status 2. */
void options_read(struct options *options, int argc, char **argv);

#endif
