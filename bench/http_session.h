/* http_session.h: one session of SockJS or Socket.IO over HTTP: a connection that receives, answer after
 * answer, and one that sends, a request at a time; what there is to send meanwhile leaves with the next one,
 * as the clients do it. The second is opened with the first message.
 *
 * Or, with the protocol "http", no session at all: a connection that has asked once and rests. */
#ifndef BENCH_HTTP_SESSION_H
#define BENCH_HTTP_SESSION_H

#include "http_link.h"

struct connection;

struct http_session {
	struct connection *conn;
	struct http_link receiver, sender;
	char said[64]; /* packets of Socket.IO that go ahead of messages, joined */
	size_t said_len;
	uint64_t told; /* messages that the scenario knows of */
};

int http_session_open(struct http_session *session, struct connection *conn);

/* Sends what was issued, as soon as the sender is free. */
int http_session_send(struct http_session *session);

/* Sends a packet of Socket.IO likewise. */
int http_session_say(struct http_session *session, struct rl_slice packet);

/* Ends it behind a last echo: echoes come in order, so one that nobody waits for shows up in front. */
int http_session_close(struct http_session *session);

void http_session_drop(struct http_session *session);

#endif
