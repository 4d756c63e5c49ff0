/* session_body.h: a request that brings messages. Its body is gathered and handed to a session, and the answer waits
 * until the program has taken the last message, which holds the client back, for it sends one request after the
 * other. What stands in the body, and how it is answered, is its owner's. */
#ifndef RL_PROTO_SESSION_BODY_H
#define RL_PROTO_SESSION_BODY_H

#include "proto/session_service.h"

struct rl_session_body;

/* None of them is called from inside of a call to it. In each but done and gone the request is there. */
struct rl_session_body_ops {
	/* All of it has come, as in->owned: finds the text (in->text), then rl_session_body_deliver() or an answer. */
	void (*whole)(struct rl_session_body *body);
	/* Answers what cannot be taken: 413: it is longer than max; 503: no memory. The connection ends behind it. */
	void (*refuse)(struct rl_session_body *body, int status);
	/* The session is done with it, and there is somebody to answer. */
	void (*done)(struct rl_session_body *body, bool taken);
	/* The client left before all of it had come; rl_session_body_end() is still to be called. */
	void (*gone)(struct rl_session_body *body);
	/* It is over in one way or the other: frees what is around it. in->owned is released behind that. */
	void (*over)(struct rl_session_body *body);
};

/* Embedded in what its owner needs besides, who has set in.kind and, if they matter, in.state and unread before it
 * begins. */
struct rl_session_body {
	struct rl_inbound in;
	const struct rl_session_body_ops *ops;
	struct rl_session_service *service; /* held as long as this is */
	rill_request *request;              /* NULL: gone */
	size_t max, charged;
	bool unread; /* its bytes are not kept: nothing is made of them */
};

/* Follows the request from now on; ops->refuse may have been called, and it may be over, when this returns. */
void rl_session_body_begin(struct rl_session_body *body, const struct rl_session_body_ops *ops,
	struct rl_session_service *service, rill_request *request, size_t max);

/* What was read out of the body takes its place, and text is left empty; in->text may lie in it then. */
void rl_session_body_replace(struct rl_session_body *body, struct rl_buf *text);

/* Hands it to a session. Results of rl_session_take(); negative: it is still to be answered. */
int rl_session_body_deliver(
	struct rl_session_body *body, struct rl_session *session, int *code, const char **why);

/* The last thing: lets go of the request, which the caller is about to answer, or has nobody to; then it is over.
 * Returns the request, NULL when it is gone. */
rill_request *rl_session_body_end(struct rl_session_body *body);

#endif
