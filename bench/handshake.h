/* handshake.h: the client's opening handshake. */
#ifndef BENCH_HANDSHAKE_H
#define BENCH_HANDSHAKE_H

#include "connection.h"

/* Appends the request to conn->out; 0 or RILL_ENOMEM. */
int handshake_ask(struct connection *conn);

/* Reads the answer in conn->head: how many bytes it takes, and the session is ready; 0 when it
 * is not whole; -1 after load_fail(). */
ssize_t handshake_read_answer(struct connection *conn);

#endif
