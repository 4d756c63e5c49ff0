/* request.h: what a rill_request is made of, for this room. */
#ifndef RL_HTTP_REQUEST_H
#define RL_HTTP_REQUEST_H

#include "base/buf.h"
#include "http/exchange.h"

struct rl_connection;

enum rl_response_state {
	RL_RESPONSE_NONE,
	RL_RESPONSE_BEGUN, /* its head is written */
	RL_RESPONSE_ENDED,
};

enum rl_response_framing {
	RL_RESPONSE_BODILESS, /* whatever is written is left out: HEAD, 204, 304 */
	RL_RESPONSE_LENGTH,
	RL_RESPONSE_CHUNKED,
	RL_RESPONSE_UNTIL_CLOSE,
};

struct rl_request_texts {
	char peer[RL_ADDR_TEXT], local[RL_ADDR_TEXT]; /* "": not asked for yet */
};

/* One piece of memory with the fields and the bytes of the head behind it. */
struct rill_request {
	struct rl_connection *connection; /* NULL: taken over, or about to be told on_close */
	struct rill_server *server;
	struct rill_loop *loop;
	struct rl_http1_head head;
	struct rl_http1_span path; /* of the target, asked for again and again; empty: "/" */
	struct rl_addr peer;
	bool secure;

	const rill_request_handler *handler;
	void *handler_user;
	void *user;
	const void *service_key;
	void *service;

	struct rl_buf added;  /* response fields, written out */
	uint64_t length_left; /* RL_RESPONSE_LENGTH, and bodiless ones with a length */
	enum rl_response_state response;
	enum rl_response_framing framing;
	bool keep : 1;          /* the connection lives on after this exchange */
	bool want_continue : 1; /* the peer waits for 100 before it sends the body */
	bool complete : 1;      /* the request has been read to its end */
	bool end_told : 1;
	bool paused : 1;
	bool peer_end_told : 1;
	bool unframed : 1;      /* the response ends with the connection, whoever asks */
	bool awaited : 1; /* on_peer_end is told before the response was begun, too */
	int cut; /* not 0: the connection is to be cut, and on_close told this */
	struct rl_request_texts *texts; /* made when one of them is asked for */
};

/* Copies the parser's head into a new request; NULL when out of memory. */
struct rill_request *rl_request_new(
	struct rl_connection *connection, const struct rl_http1_head *head);
void rl_request_free(struct rill_request *x);

/* The callback of that name, if there is a follower who has one. */
#define RL_REQUEST_CALLBACK(x, name)                                                               \
	((x)->handler && (x)->handler->size > offsetof(rill_request_handler, name)                 \
			? (x)->handler->name                                                       \
			: NULL)

struct rl_slice rl_request_path(const struct rill_request *request);

/* Tells the peer to go on with the body, if it waits for that (RFC 9110, 10.1.1). */
void rl_response_continue(struct rill_request *x);

/* rill's own answer: the sentence as text/plain; the connection closes behind it. */
int rl_response_fail(struct rill_request *x, int status, const char *sentence);

#endif
