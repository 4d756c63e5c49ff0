/* arrival.h: what comes back on a connection, held against what was sent. */
#ifndef BENCH_ARRIVAL_H
#define BENCH_ARRIVAL_H

#include "connection.h"

/* The message that is coming, as it was sent. */
struct rl_slice arrival_payload(const struct connection *conn);

/* Its next bytes: 0, or -1 after load_fail(). */
int arrival_bytes(struct connection *conn, struct rl_slice expected, struct rl_slice data);

/* It is whole, and counted. Likewise. */
int arrival_end(struct connection *conn, struct rl_slice expected, uint64_t now);

#endif
