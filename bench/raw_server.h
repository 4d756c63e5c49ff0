/* raw_server.h: what the protocol-free servers share: a listening socket, and an epoll loop that
 * accepts and hands out descriptors that can be read. */
#ifndef BENCH_RAW_SERVER_H
#define BENCH_RAW_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_BUFFER (128u << 10)

extern uint8_t raw_buffer[RAW_BUFFER];

/* What a server does with its connections. */
struct raw_events {
	/* n bytes have come, into raw_buffer. False: the connection is to be closed. */
	bool (*received)(int fd, size_t n);
	/* It can be written again, after raw_wait(fd, true). False likewise. */
	bool (*writable)(int fd);
	void (*opened)(int fd);
	void (*closed)(int fd); /* before its close(2) */
};

/* Listens on 127.0.0.1, says where in the first line of standard output, and serves until
 * SIGTERM. argv: [--port N]. Returns the program's status. */
int raw_serve(const struct raw_events *events, int argc, char **argv);

/* Waits for room to write instead of for bytes; or for bytes again. */
void raw_wait(int fd, bool for_room);

#endif
