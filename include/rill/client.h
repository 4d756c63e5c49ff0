/* rill/client.h: connections that a program opens: the WebSocket client, and how the other end is
 * reached: names, proxies, TLS. (rill/eventsource.h has the client for event streams.)
 *
 *     static const rill_handler handler = { sizeof(rill_handler), .on_open = on_open, ... };
 *     rill_conn *conn;
 *     rill_websocket_connect(&conn, loop, "wss://example.org/chat", &handler, NULL);
 *
 * Nothing here blocks: names are looked up on a helper thread, and all addresses of a name are tried,
 * IPv6 and IPv4 in turn, the next one a moment after the one before (RFC 8305). */
#ifndef RILL_CLIENT_H
#define RILL_CLIENT_H

#include <rill/base.h>
#include <rill/conn.h>
#include <rill/error.h>
#include <rill/extension.h>
#include <rill/loop.h>
#include <rill/websocket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who is believed to be the other end, and who we say we are. */
typedef struct rill_client_tls_options {
	/* PEM file of the authorities believed. NULL: the system's. */
	const char *ca_file;
	/* PEM files of our own certificate (the chain, ours first) and its key, for servers that ask
	 * for one. Both or none. */
	const char *certificate_file, *key_file;
	/* The name asked for (SNI) and looked for in the certificate. NULL: the URL's host. */
	const char *name;
	/* Takes any certificate, for tests: whoever is in between can read and write. false */
	bool insecure;
	int min_version;     /* 12 or 13. 12 */
	const char *ciphers; /* OpenSSL cipher list for TLS 1.2. NULL: OpenSSL's default */
	uint64_t reserved[4];
} rill_client_tls_options;

/* How a server is reached. Strings and lists are optional and copied. */
typedef struct rill_connect_options {
	/* Bounds everything until open: name, TCP, proxy, TLS, and a head that trickles. 0: no limit.
	 * 10 s */
	uint32_t timeout_ms;
	/* The next address is tried when the one before has not answered for so long (RFC 8305, 5).
	 * 250 ms */
	uint32_t attempt_ms;
	/* "http://user:password@proxy:3128" or https: tunnels through it by CONNECT. The password is
	 * percent-decoded and sent as Basic credentials. NULL: no proxy */
	const char *proxy;
	/* Fields for the proxy alone: "Name: value" strings, NULL-terminated. */
	const char *const *proxy_headers;
	/* Fields of the request: "Name: value" strings, NULL-terminated, Origin and Cookie among
	 * them. Those which the handshake itself sets are refused. They are never shown to the
	 * proxy. */
	const char *const *headers;
	/* For an https proxy and for a wss or https URL; name is not used for a proxy. */
	rill_client_tls_options tls, proxy_tls;
	size_t max_head; /* bytes of the answer's head, 1xx heads before it included. 16 KiB */
	uint64_t reserved[8];
} rill_connect_options;

/* What a server answered to the opening request. Good as long as what it came with says. */
typedef struct rill_answer rill_answer;

/* 101, 200, 404, ... */
RILL_API int rill_answer_status(const rill_answer *answer);
/* All fields of that name (any case), joined by ", " when there are several (RFC 9110, 5.3); data
 * NULL when there is none. */
RILL_API rill_bytes rill_answer_header(const rill_answer *answer, const char *name);
/* The i-th field, in the order they came. False behind the last. */
RILL_API bool rill_answer_header_at(
	const rill_answer *answer, size_t i, rill_bytes *name, rill_bytes *value);

/* Why an opening came to nothing. */
typedef struct rill_failure {
	size_t size;
	/* RILL_EADDR        the name is not known
	 * RILL_EREFUSED     nobody listens at any of its addresses, or the server or the proxy answered
	 *                   with another status than the one that opens
	 * RILL_ERESET, RILL_EIO  the connection was lost before it was open
	 * RILL_ETIMEDOUT    timeout_ms is over
	 * RILL_ETLS         no TLS, or the certificate is not to be believed
	 * RILL_EPROTO       the answer breaks the protocol
	 * RILL_ETOOBIG      its head is longer than max_head
	 * RILL_ECLOSED      the program closed it
	 * RILL_ENOMEM */
	int rc;
	/* One plain sentence, without a full stop at its end. */
	const char *sentence;
	/* Of the server's answer, or of the proxy's when that refused; 0: there was none. */
	int status;
	/* The server's answer; NULL: there was none. Until the callback returns. */
	const rill_answer *answer;
} rill_failure;

typedef struct rill_websocket_client_options {
	size_t size; /* set by rill_websocket_client_options_default() */
	rill_connect_options connect;

	/* Subprotocols offered, in order of preference, NULL-terminated. Optional. Copied. */
	const char *const *protocols;
	/* Extensions offered besides permessage-deflate, in order, NULL-terminated. Optional. The list
	 * is copied, what it points to lives as long as the connection. */
	const rill_extension *const *extensions;
	rill_deflate_options deflate; /* enabled: offered. As rill_websocket_options.deflate */

	/* As in rill_websocket_options. */
	uint64_t max_message;   /* 64 MiB - 1 */
	uint32_t max_fragments; /* 2^20 */
	size_t max_send;        /* 0 */
	size_t max_queue;       /* what waits for the opening included. 16 MiB */
	bool pieces;            /* false */
	uint32_t ping_interval_ms, pong_timeout_ms; /* 0, 0 */
	uint32_t close_timeout_ms; /* 30 s */
	/* How long the server may take to end TCP after the closing handshake; then we do. 2 s */
	uint32_t linger_ms;

	/* The opening came to nothing: there was no on_open, and there will be no on_close. Once, from
	 * the loop; the conn is gone when it returns. */
	void (*on_failed)(rill_conn *conn, const rill_failure *failure);
	/* The connection's user pointer from the start (see rill_conn_user()). */
	void *user;
} rill_websocket_client_options;

RILL_API void rill_websocket_client_options_init(
	rill_websocket_client_options *options, size_t size);
#define rill_websocket_client_options_default(options)                                             \
	rill_websocket_client_options_init((options), sizeof(*(options)))

/* Opens a WebSocket to a ws or wss URL; a user:password in it becomes Basic credentials. conn is the
 * caller's at once, in state CONNECTING: what is sent then is kept and follows the opening, in
 * order; rill_close() and rill_conn_destroy() give it up (on_failed with RILL_ECLOSED follows).
 *
 * handler is not copied: it must live as long as the connection. options NULL: the defaults; copied.
 * conn may be NULL. Returns 0 and nothing is called from inside; later either on_open or on_failed
 * is. Or
 *   RILL_EINVAL  the URL (scheme, host, port, a fragment), a header, a protocol that is no token or
 *                comes twice, an option: the log says which, and so does rill_loop_error()
 *   RILL_ETLS, RILL_ENOENT  a certificate, key or authority file cannot be used
 *   RILL_ECLOSED  the loop is being freed
 *   RILL_ENOMEM, RILL_EIO */
RILL_API int rill_websocket_connect(rill_conn **conn, rill_loop *loop, const char *url,
	const rill_handler *handler, const rill_websocket_client_options *options);

/* The server's answer to the handshake; from on_open until on_close returns. NULL for connections
 * that were not opened by rill_websocket_connect(). */
RILL_API const rill_answer *rill_conn_answer(const rill_conn *conn);

#ifdef __cplusplus
}
#endif

#endif
