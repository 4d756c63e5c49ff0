/* rill/server.h: listening, and which handler or service gets which request.
 *
 * A rill_server belongs to a loop and is used on that loop's thread. Handlers and services stand
 * in a row; a request is shown to those whose prefix fits in the order they were added, until
 * one takes it. What nobody takes is answered 404. They may be added and removed at any time,
 * also from inside their own callbacks; exchanges and connections that run are not touched. */
#ifndef RILL_SERVER_H
#define RILL_SERVER_H

#include <rill/base.h>
#include <rill/error.h>
#include <rill/http.h>
#include <rill/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_server rill_server;
typedef struct rill_route rill_route;

/* Every limit of a listener; see LIMITS.md for why each is what it is. */
typedef struct rill_server_options {
	size_t size; /* set by rill_server_options_default() */

	size_t max_head;            /* bytes of a request head: 431 above. 16 KiB */
	size_t max_target;          /* bytes of a request target: 414 above. 8 KiB */
	size_t max_fields;          /* header fields: 431 above. 128 */
	uint64_t max_body;          /* bytes of a request body: 413 above. 16 MiB */
	size_t max_chunk_extension; /* bytes of chunk extensions in a body: 400 above. 4 KiB */

	/* Times; 0: no limit, but for the handshake, which has to have one, and the linger. */
	uint32_t head_timeout_ms;   /* a head from its first byte: 408. 20 s */
	uint32_t idle_timeout_ms;   /* before the first byte, between requests: closed. 60 s */
	uint32_t body_window_ms;    /* over this time a body must bring ... 20 s */
	uint32_t body_window_bytes; /* ... this many bytes: else 408. 10,240 (512 bytes/s) */
	uint32_t stall_timeout_ms;  /* a peer that takes nothing of what waits is cut. 60 s */
	uint32_t handshake_timeout_ms; /* TLS handshake and PROXY header. 10 s */
	uint32_t accept_timeout_ms; /* a deferred acceptance must be decided: 503. 30 s */
	uint32_t linger_ms;         /* reading on after an error answer. 2 s */

	size_t high_water;          /* bytes queued above which writers are told to wait. 256 KiB */
	size_t low_water;           /* ... and at which they may go on. 64 KiB */

	size_t max_connections;     /* in all: more get 503. 0: no limit. 0 */
	/* Likewise from one address, the connection's own or what a PROXY header says (forwarding
	 * fields come too late for it). IPv6 counts by /64; unix sockets do not. 0: no limit. 0 */
	size_t max_connections_per_address;
	size_t max_handshakes;      /* TLS handshakes and PROXY headers under way at one listener: more
	                             * are closed at once. 0: no limit. 1,024 */
	size_t max_buffered;        /* bytes held for all connections: near it new work gets 503,
	                             * above it those holding most are cut. 0: no limit. 1 GiB */

	/* Peers whose PROXY headers and forwarding fields (Forwarded, X-Forwarded-For, -Proto,
	 * -SSL, -Scheme) are believed: "127.0.0.1", "10.0.0.0/8", "::1", "unix"; NULL-terminated.
	 * Copied. Default: nobody. */
	const char *const *trusted;
} rill_server_options;

RILL_API void rill_server_options_init(rill_server_options *options, size_t size);
#define rill_server_options_default(options) rill_server_options_init((options), sizeof(*(options)))

/* Makes a server that listens nowhere yet. options NULL: the defaults; copied. Returns 0,
 * RILL_EINVAL (an option makes no sense; the log says which), RILL_ENOMEM. */
RILL_API int rill_server_new(
		rill_server **server, rill_loop *loop, const rill_server_options *options);

/* Cuts whatever is left (see rill_server_stop() for the gentle way) and frees. The on_close of
 * exchanges under way is called from inside with RILL_ECLOSED, that of connections with the code
 * of a cut one (1006). Outside of its callbacks but for on_stopped. NULL is fine. */
RILL_API void rill_server_free(rill_server *server);

RILL_API rill_loop *rill_server_loop(const rill_server *server);

/* One certificate with its key. PEM files. */
typedef struct rill_tls_certificate {
	const char *certificate_file; /* the chain, the server's own first. Required */
	const char *key_file;         /* required */
	/* Names it is for, NULL-terminated; "*.example.org" fits one label. NULL: the names that
	 * stand in the certificate. */
	const char *const *names;
} rill_tls_certificate;

typedef struct rill_tls_options {
	size_t size; /* set by rill_tls_options_default() */
	/* The first is shown when no name fits or none was asked for. Required. */
	const rill_tls_certificate *certificates;
	size_t certificate_count;
	int min_version;         /* 12 or 13. 12 */
	const char *ciphers;     /* OpenSSL cipher list for TLS 1.2. NULL: OpenSSL's default */
	const char *client_ca_file; /* client certificates signed by these are required. NULL: none asked */
} rill_tls_options;

RILL_API void rill_tls_options_init(rill_tls_options *options, size_t size);
#define rill_tls_options_default(options) rill_tls_options_init((options), sizeof(*(options)))

typedef struct rill_listen_options {
	size_t size; /* set by rill_listen_options_default() */
	/* Where: one of these three. */
	const char *host;      /* a name or an address. A name that stands for several addresses is
	                        * listened to on all (looking it up may block). NULL, with the
	                        * other two not set either: "127.0.0.1". NULL */
	const char *unix_path; /* a unix socket; "@name" is in the abstract namespace. A dead one
	                        * left there is replaced */
	int fd;                /* an inherited listening descriptor, taken over; -1: none. -1 */

	uint16_t port;         /* with host; 0: any free one, see rill_server_port(). 0 */
	int backlog;           /* 4096 (the kernel lowers it to net.core.somaxconn) */
	bool reuse_port;       /* SO_REUSEPORT. false */
	int unix_mode;         /* file mode of unix_path; -1: as the umask has it. -1 */
	bool proxy_protocol;   /* connections begin with a PROXY header (v1 or v2), and trusted peers
	                        * only are let in, of which there have to be any. false */
	const rill_tls_options *tls; /* NULL: plain */
} rill_listen_options;

RILL_API void rill_listen_options_init(rill_listen_options *options, size_t size);
#define rill_listen_options_default(options) rill_listen_options_init((options), sizeof(*(options)))

/* Listens. May be called several times. Returns the listener's number (0, 1, ...), or
 * RILL_EADDR, RILL_EADDRINUSE, RILL_EACCESS, RILL_EINVAL, RILL_ETLS, RILL_ENOENT (a file),
 * RILL_EIO, RILL_ENOMEM; the log has the sentence, and so has rill_server_error(). */
RILL_API int rill_server_listen(rill_server *server, const rill_listen_options *options);

/* rill_server_listen() on a host and port, plain. */
RILL_API int rill_server_listen_tcp(rill_server *server, const char *host, uint16_t port);

/* The sentence behind the last failure of rill_server_listen() or _reload(); "" when none. */
RILL_API const char *rill_server_error(const rill_server *server);

/* "http://127.0.0.1:8000", "https://...", "unix:/path" of a listener; NULL when there is none of
 * that number. Its port; 0 likewise and for unix sockets. */
RILL_API const char *rill_server_url(const rill_server *server, int listener);
RILL_API uint16_t rill_server_port(const rill_server *server, int listener);

/* Reads all certificate and key files anew, for connections from now on. Returns 0 or a code as
 * rill_server_listen(); the old ones of all listeners stay in use then. */
RILL_API int rill_server_reload(rill_server *server);

/* Takes over a connection which another HTTP server accepted: its descriptor, and all bytes that
 * were read from it so far (from the first of the request on; copied). The request goes through
 * the handlers like any other. Returns 0; RILL_EINVAL (no socket), RILL_ELIMIT, RILL_ENOMEM,
 * RILL_EIO: fd is still the caller's. */
RILL_API int rill_server_adopt(rill_server *server, int fd, const void *read, size_t len);

/* Shows requests whose path begins with prefix to fn: "/" fits all, "/chat" fits "/chat",
 * "/chat/x" and not "/chatter". Copied. Handlers and services are shown a request in the order in
 * which they were attached, until one takes it; of Socket.IO services that share a path, though, the
 * client's files come first, then what names a transport of 2010 (rill/socketio0.h). Returns 0,
 * RILL_EINVAL (does not begin with '/'), RILL_ENOMEM. route may be NULL. */
RILL_API int rill_server_handle(rill_server *server, const char *prefix, rill_request_fn fn,
		void *user, rill_route **route);

/* Takes a handler or service out of the row. Its exchanges and connections live on, so what they
 * point to must, too. NULL is fine. */
RILL_API void rill_route_remove(rill_route *route);

/* Stops gently: accepts nothing more, closes idle connections, lets exchanges that run finish,
 * closes WebSockets with 1001, and cuts what is left after deadline_ms. Then, or at once when
 * there is nothing, on_stopped(user) is called (may be NULL), from a turn; rill_server_free() is
 * fine there. A second call only shortens the deadline. */
RILL_API void rill_server_stop(
		rill_server *server, uint32_t deadline_ms, void (*on_stopped)(void *user),
		void *user);

typedef struct rill_server_stats {
	size_t size;              /* sizeof(rill_server_stats), set by the caller */
	size_t connections;       /* open now */
	uint64_t accepted;        /* connections since the start */
	uint64_t refused;         /* turned away by a limit */
	uint64_t requests;        /* heads read whole */
	uint64_t bad_requests;    /* answered 4xx or 5xx by rill itself for what was sent */
	uint64_t timeouts;        /* 408, and idle connections closed without a word */
	size_t buffered;          /* bytes held for all connections */
} rill_server_stats;

RILL_API void rill_server_read_stats(const rill_server *server, rill_server_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
