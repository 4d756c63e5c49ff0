/* exchange.h: the inside of a rill_request: one exchange on a stream, and how a service takes the
 * stream over.
 *
 * An HTTP connection (connection.c) owns the stream, reads one request after the other and holds
 * one exchange at a time; while a response is under way nothing further is read, so that a
 * pipeline costs what is in the stream's hand. Services see exchanges and handed-over streams,
 * never the connection, so that HTTP/2 can come below them. */
#ifndef RL_HTTP_EXCHANGE_H
#define RL_HTTP_EXCHANGE_H

#include <rill/http.h>
#include "net/stream.h"
#include "wire/http1.h"

/* The request's head; its bytes live as long as the request. */
const struct rl_http1_head *rl_exchange_head(const rill_request *request);

/* Whose it is; NULL: the stream was taken over. */
struct rill_server *rl_exchange_server(const rill_request *request);

/* Who the peer is to be taken for: the connection's address, or what trusted peers say. */
const struct rl_addr *rl_exchange_peer(const rill_request *request);

/* This end's address; false: a unix socket, or the connection is gone. */
bool rl_exchange_local(const rill_request *request, struct rl_addr *addr);

/* What a service hangs on a request it has taken, looked up by the address of a static of its
 * own; NULL when another service, or none, has set it. */
void rl_exchange_set_service(rill_request *request, const void *key, void *service);
void *rl_exchange_service(const rill_request *request, const void *key);

/* What rill_response_header() has added so far, as field lines with their line ends; for those who
 * write an answer of their own on the stream. As long as the request lives. */
struct rl_slice rl_exchange_added(const rill_request *request);

/* Ends HTTP on this connection: the stream is the caller's, who makes itself its owner
 * (rl_stream_own) in the same breath. What came behind the head is in the stream's hand. The
 * request stays readable until rl_exchange_release(); nothing can be answered by it any more and
 * no callbacks come. NULL when the peer is gone (then on_close has come or comes).
 *
 * Only for requests without a body, before a response was begun. */
struct rl_stream *rl_exchange_take_stream(rill_request *request);
void rl_exchange_release(rill_request *request);

/* Is this one of the fields that rill_response_header() leaves to rill? And that function itself, for
 * text without a NUL behind it. */
bool rl_exchange_own_field(struct rl_slice name);
int rl_exchange_add_field(rill_request *request, struct rl_slice name, struct rl_slice value);

/* Adds lines of a service's own, whole ones: what they hold is not looked at. 0, RILL_ESTATE,
 * RILL_ENOMEM. */
int rl_exchange_add_lines(rill_request *request, struct rl_slice lines);

/* rill_response_begin() of unknown length for a service: fields are lines of its own in front of those
 * added, first is the first piece of the body, which leaves with the head. RILL_ENOMEM: nothing was
 * begun. */
int rl_exchange_begin(
	rill_request *request, int status, struct rl_slice fields, struct rl_slice first);

/* rill_respond() with a service's own lines; results as that. */
int rl_exchange_respond(
	rill_request *request, int status, struct rl_slice fields, struct rl_slice body);

/* The response comes much later, perhaps: on_peer_end is told before it was begun, too. */
void rl_exchange_await(rill_request *request);

/* Has the client what has this tag already (If-None-Match)? Then 304 will do. */
bool rl_exchange_has_tag(const rill_request *request, struct rl_slice tag);

/* Does a response that was begun stand in chunks on the wire? A piece that goes to many is put into its
 * frame once (rl_http1_chunk_head(), the data, CRLF) where it does. */
bool rl_exchange_chunked(const rill_request *request);

/* Queues a reference to a piece that is framed already. Results of rill_response_write(). */
int rl_exchange_write_shared(rill_request *request, struct rl_blob *blob);

/* Counts bytes that are held for this peer elsewhere as its stream's, or no longer; rl_stream_charge().
 * Nothing once the stream is gone, and with it what was charged. */
void rl_exchange_charge(rill_request *request, ptrdiff_t bytes);

/* Writes what is queued now rather than at the end of the turn. */
void rl_exchange_flush(rill_request *request);

/* Gives the memory of the request's head back: nothing of it can be read any more. For responses that
 * last, or that are awaited (rl_exchange_await()). Returns the request, which may have moved; outside of
 * its callbacks. */
rill_request *rl_exchange_forget_head(rill_request *request);

/* Has the peer sent its last byte (it may still read)? */
bool rl_exchange_peer_ended(const rill_request *request);

/* The connection ends behind the response, which says so. Before it was begun. */
void rl_exchange_end_connection(rill_request *request);

/* The body of the response ends with the connection, as with HTTP/1.0: it has neither chunks nor a length. Before
 * it was begun. */
void rl_exchange_unframe(rill_request *request);

/* Answers with an error of rill's own: a status, the sentence as text/plain, Connection: close,
 * and what rill_response_header() added; logs it, counts it as a bad request, lingers, closes. A
 * 426 says Upgrade: websocket. 0, or RILL_ESTATE when a response was begun. */
int rl_exchange_fail(rill_request *request, int status, const char *sentence);

#endif
