/* listen_socket.h: opening and closing listening descriptors, and what they are called. Inside of
 * net/listen*.c only. */
#ifndef RL_NET_LISTEN_SOCKET_H
#define RL_NET_LISTEN_SOCKET_H

#include <rill/server.h>
#include <sys/stat.h>
#include "base/env.h"
#include "net/complaint.h"

#define RL_LISTEN_URL 160

struct rl_listen_socket {
	int fd;
	uint16_t port;             /* 0 for unix sockets */
	char where[RL_LISTEN_URL]; /* "127.0.0.1:8000", "[::1]:8000", "unix:/path" */
	char unix_path[128];       /* a file made here; "": none */
	dev_t device;              /* of that file, so that only ours is removed */
	ino_t inode;
};

/* A name stands for so many addresses at most; more are left out. */
#define RL_LISTEN_SOCKETS 16

struct rl_listen_sockets {
	size_t count;
	struct rl_listen_socket list[RL_LISTEN_SOCKETS];
};

/* Opens all that options ask for, or nothing. Descriptors are non-blocking. Results as
 * rl_listener_new(). A descriptor handed in stays the caller's on failure. */
int rl_listen_sockets_open(struct rl_listen_sockets *sockets, const rill_listen_options *options,
	const struct rl_complaint *to);

void rl_listen_sockets_close(struct rl_listen_sockets *sockets);

/* The three ways, each opening what it is for (listen_tcp.c, listen_unix.c, listen_socket.c). */
int rl_listen_tcp(struct rl_listen_sockets *sockets, const rill_listen_options *options,
	const struct rl_complaint *to);
int rl_listen_unix(struct rl_listen_sockets *sockets, const rill_listen_options *options,
	const struct rl_complaint *to);

/* Asks the kernel what the descriptor is called; fills port and where. -1 with errno. */
int rl_listen_name(struct rl_listen_socket *s);

/* The code for an errno. */
int rl_listen_error(int error);

#endif
