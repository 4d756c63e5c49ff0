/* rill/http.h: requests and responses.
 *
 * A rill_request is one HTTP exchange, the request and its response. It is yours from the handler
 * that takes it until its on_close returns, on the loop's thread. Strings and bytes it returns
 * are good as long. */
#ifndef RILL_HTTP_H
#define RILL_HTTP_H

#include <rill/base.h>
#include <rill/error.h>
#include <rill/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_request rill_request;

/* A handler's answer. */
enum {
	RILL_PASS = 0, /* not mine: the next handler is asked; nothing was done to the request */
	RILL_TAKE = 1, /* mine: the response comes now or later, from this or another callback */
};

/* Looks at a request whose head has arrived. Returns RILL_TAKE or RILL_PASS. */
typedef int (*rill_request_fn)(rill_request *request, void *user);

/* What an exchange tells whoever took it. All optional. */
typedef struct rill_request_handler {
	size_t size; /* sizeof(rill_request_handler) */
	/* The next piece of the request's body, borrowed. */
	void (*on_body)(rill_request *request, rill_bytes bytes, void *user);
	/* The request is complete. */
	void (*on_end)(rill_request *request, void *user);
	/* What was written has gone out to below the low-water mark. */
	void (*on_drain)(rill_request *request, void *user);
	/* The exchange is over: 0, its response was written whole; RILL_ERESET, RILL_ETIMEDOUT,
	 * RILL_EPROTO (a broken body), RILL_ETOOBIG (a body above the limit), RILL_ECLOSED (the
	 * server stops), RILL_ELIMIT: it was not. Once, last; the request is gone afterwards. */
	void (*on_close)(rill_request *request, int rc, void *user);
	/* While a response is written piece by piece: the peer has sent its last byte. It may still
	 * read, as one that asked and then closed its sending side does; for a response without an end
	 * it is the sign that nobody waits any more. At most once. */
	void (*on_peer_end)(rill_request *request, void *user);
} rill_request_handler;

/* Follows an exchange. Called in the handler that takes it, or later as long as no response was
 * ended; without it a body is read and dropped, and the request is gone when its response was
 * ended, or the peer leaves: who answers later has to follow. The struct is not copied: it must
 * live as long as the request (usually it is static const). */
RILL_API void rill_request_follow(
		rill_request *request, const rill_request_handler *handler, void *user);

/* The program's own pointer, NULL at first. */
RILL_API void rill_request_set_user(rill_request *request, void *user);
RILL_API void *rill_request_user(const rill_request *request);

RILL_API rill_loop *rill_request_loop(const rill_request *request);

/* "GET". */
RILL_API rill_bytes rill_request_method(const rill_request *request);
/* As it was sent: "/a%20b?x=1". */
RILL_API rill_bytes rill_request_target(const rill_request *request);
/* The target's path without query, as sent (not decoded): "/a%20b". */
RILL_API rill_bytes rill_request_path(const rill_request *request);
/* What follows the path's '?'; empty when there is none. */
RILL_API rill_bytes rill_request_query(const rill_request *request);
/* 0 or 1 for HTTP/1.0, HTTP/1.1. */
RILL_API int rill_request_minor_version(const rill_request *request);

/* The first field of that name (any case); data NULL when there is none. */
RILL_API rill_bytes rill_request_header(const rill_request *request, const char *name);
/* The i-th field, in the order they came. False behind the last. */
RILL_API bool rill_request_header_at(
		const rill_request *request, size_t i, rill_bytes *name, rill_bytes *value);

/* The value of a parameter in the query, percent-decoded into text (room bytes, NUL added).
 * Returns its length, RILL_ENOENT, or RILL_ETOOBIG when it does not fit. */
RILL_API int rill_request_query_value(
		const rill_request *request, const char *name, char *text, size_t room);

/* The peer's address as text, "127.0.0.1": the connection's, or what a trusted proxy says (see
 * rill_server_options.trusted); "unknown" also when there is no memory for the text. And its port; 0
 * when unknown. */
RILL_API const char *rill_request_peer(const rill_request *request);
RILL_API uint16_t rill_request_peer_port(const rill_request *request);

/* The address and port of this end of the connection; "" and 0 for unix sockets, and when it is gone. */
RILL_API const char *rill_request_local(rill_request *request);
RILL_API uint16_t rill_request_local_port(const rill_request *request);

/* Did it come over TLS (here, or at a trusted proxy)? */
RILL_API bool rill_request_secure(const rill_request *request);

/* Writes to text (room bytes, NUL added) "http://host/target" or, for a WebSocket, "ws://...",
 * from secure, Host and target. Returns its length or RILL_ETOOBIG. */
RILL_API int rill_request_url(const rill_request *request, char *text, size_t room);

/* A response in one call: status, type and body (copied). content_type NULL: none. The
 * Content-Length and Date are added; to a HEAD request the body is left out. Returns 0,
 * RILL_ESTATE (a response was begun already), RILL_EINVAL (status not 200 to 999, a control
 * character in content_type, a body with 204 or 304), RILL_ECLOSED (the peer is gone; on_close
 * follows), RILL_ENOMEM (nothing was begun). */
RILL_API int rill_respond(rill_request *request, int status, const char *content_type,
		const void *body, size_t len);

/* Adds a field to the response before it is begun. Content-Length, Transfer-Encoding, Connection,
 * Upgrade and Date are rill's own. Copied. Returns 0, RILL_EINVAL (name no token, a control
 * character in value, or one of rill's own), RILL_ESTATE, RILL_ENOMEM. */
RILL_API int rill_response_header(rill_request *request, const char *name, const char *value);

#define RILL_LENGTH_UNKNOWN UINT64_MAX

/* Begins a response whose body is written piece by piece. With RILL_LENGTH_UNKNOWN it is chunked
 * (HTTP/1.0: ended by closing). Returns as rill_respond(). */
RILL_API int rill_response_begin(rill_request *request, int status, uint64_t length);

/* Queues the next piece (copied). Returns 0; 1: queued, above the high-water mark, on_drain
 * follows; RILL_ESTATE (not begun, ended), RILL_ETOOBIG (more than the length said),
 * RILL_ECLOSED (the peer is gone; on_close follows), RILL_ENOMEM. */
RILL_API int rill_response_write(rill_request *request, const void *data, size_t len);

/* Ends the response; on_close follows when it has been written out. Returns 0; RILL_ESTATE (not
 * begun, or fewer bytes than its length: the connection is then cut, so that the peer can tell);
 * RILL_ENOMEM (cut likewise). */
RILL_API int rill_response_end(rill_request *request);

/* Bytes of this response not yet taken by the kernel. */
RILL_API size_t rill_response_queued(const rill_request *request);

/* Stops and goes on reading the request's body. */
RILL_API void rill_request_pause(rill_request *request);
RILL_API void rill_request_resume(rill_request *request);

/* Cuts the connection without an answer. on_close follows with RILL_ECLOSED. */
RILL_API void rill_request_abort(rill_request *request);

#ifdef __cplusplus
}
#endif

#endif
