/* transport.h: bytes of a connection through its socket, with TLS or without. */
#ifndef BENCH_TRANSPORT_H
#define BENCH_TRANSPORT_H

#include <sys/types.h>

struct connection;
struct load;

enum transport_result {
	TRANSPORT_END = 0, /* the peer has sent its last byte */
	TRANSPORT_AGAIN = -1,
	TRANSPORT_FAILED = -2,
};

/* A socket that connects, from one of the load's source addresses; load_fail() and -1 else. */
int transport_connect(struct load *load);

/* Goes on with the TLS handshake: 1 done, or one of the results. */
int transport_secure(struct connection *conn);

/* The bytes moved, more than 0, or one of the results. */
ssize_t transport_receive(struct connection *conn, void *data, size_t n);
ssize_t transport_send(struct connection *conn, const void *data, size_t n);

/* Why the last one failed. Static or thread-local text. */
const char *transport_error(void);

#endif
