/* listen.h: where connections come from: listening sockets (TCP, unix, inherited), adopted
 * descriptors, with the PROXY protocol and TLS done before anybody sees the stream. */
#ifndef RL_NET_LISTEN_H
#define RL_NET_LISTEN_H

#include <rill/server.h>
#include "net/stream.h"
#include "net/tls.h"

struct rl_listener;

struct rl_listener_events {
	/* May one more connection come in from that address? Asked after accept, and again after a
	 * PROXY header has named another one. False: it is closed at once. Optional. */
	bool (*may_enter)(void *user, const struct rl_addr *peer);
	/* A stream is ready (after PROXY header and TLS handshake): reading is off, the callee
	 * owns it. */
	void (*on_stream)(void *user, struct rl_stream *stream);
};

/* What a listener needs to know; the pointers outlive it. */
struct rl_listener_config {
	struct rl_stream_group *group; /* streams are made in it, those under way too */
	const struct rl_listener_events *events;
	void *user;
	const struct rl_addr_range *proxies; /* who may send PROXY headers */
	size_t proxy_count;
	uint32_t handshake_ms;         /* for PROXY header and TLS together */
	size_t max_pending;            /* connections in PROXY header or TLS handshake at once; more
	                                * are closed at once; 0: no limit */
};

/* Opens what options ask for. 0; RILL_EADDR, RILL_EADDRINUSE, RILL_EACCESS, RILL_EINVAL,
 * RILL_EIO, RILL_ENOMEM, RILL_ETLS, with a sentence in error. options are copied where needed. */
int rl_listener_new(struct rl_listener **listener, const struct rl_listener_config *config,
		const rill_listen_options *options, char *error, size_t error_len);

/* Stops accepting and closes the sockets (a unix path made here is removed). Connections in
 * handshake are cut. */
void rl_listener_free(struct rl_listener *listener);

/* "http://127.0.0.1:8000", "https://[::1]:8443", "unix:/run/rill.sock" of the i-th socket (a name
 * can stand for several addresses); NULL behind the last. The listener's. */
const char *rl_listener_url(const struct rl_listener *listener, size_t i);
uint16_t rl_listener_port(const struct rl_listener *listener);

/* Reads certificate and key files anew. What was read lies beside what is in use until it is
 * settled, so that several listeners change together or not at all. */
int rl_listener_renew(struct rl_listener *listener, char *error, size_t error_len);

/* New connections get what rl_listener_renew() has read; or it is dropped. */
void rl_listener_settle(struct rl_listener *listener, bool use);

/* Takes a connected descriptor on as if it had been accepted (without PROXY header or TLS), with
 * bytes already read from it. 0, RILL_ENOMEM, RILL_EIO (fd is still the caller's), RILL_ELIMIT.*/
int rl_adopt(const struct rl_listener_config *config, int fd, struct rl_slice bytes);

#endif
