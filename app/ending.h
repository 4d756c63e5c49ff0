/* ending.h: how a server program ends: SIGINT or SIGTERM drains it, a second one ends it at once. */
#ifndef ENDING_H
#define ENDING_H

#include <stdbool.h>
#include <stdint.h>
#include <rill/loop.h>
#include <rill/server.h>
#include "signals.h"

struct ending {
	rill_server *server;
	uint32_t drain_ms; /* what is left after this is cut */
	struct signals signals;
	bool asked;
};

/* Blocks the two signals and takes them in the server's loop, which is stopped when the server
 * has ended. Returns 0 or a negative code; fini is fine either way. */
int ending_init(struct ending *ending, rill_server *server, uint32_t drain_ms);
void ending_fini(struct ending *ending);

#endif
