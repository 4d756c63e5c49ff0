/* client.h: one outgoing request up to its answer's head, and what comes behind it: the stream itself
 * after a 101, or a body.
 *
 *   client_target.c  where to: URL, proxy, fields, TLS, checked and copied once
 *   client_group.c   the streams of all clients of a loop
 *   client.c         the call: dial, proxy, TLS, request
 *   client_read.c    ... and what comes back
 *   tunnel.c         CONNECT through a proxy
 *   answer.c         rill_answer */
#ifndef RL_HTTP_CLIENT_H
#define RL_HTTP_CLIENT_H

#include <rill/client.h>
#include "net/dial.h"
#include "net/tls_client.h"
#include "wire/http1.h"
#include "wire/url.h"

/* Where a call goes and how; made once, used for every attempt. */
struct rl_client_target;

/* The defaults of rill/client.h, for the options that hold these. */
void rl_connect_options_default(rill_connect_options *options);

/* What a kind of client asks for. */
struct rl_client_kind {
	const char *const *schemes; /* pairs: "ws", "wss"; plain first; NULL-terminated */
	/* Is this a field the client sets itself, which a program may not? */
	bool (*own_field)(struct rl_slice name);
};

/* Checks and copies URL and options; reads the TLS files. 0; RILL_EINVAL, RILL_ETLS, RILL_ENOENT with
 * a sentence in error; RILL_ENOMEM. */
int rl_client_target_new(struct rl_client_target **target, struct rill_loop *loop,
	const struct rl_client_kind *kind, const char *url, const rill_connect_options *options,
	char *error, size_t error_len);
void rl_client_target_free(struct rl_client_target *target);

/* Follows a redirect: the same options with the URL that location means; credentials, Cookie and
 * Authorization fields, our own certificate and the name asked for in TLS stay behind when host, port
 * or scheme are others. 0, RILL_EINVAL, RILL_ENOMEM:
 * target is as it was. */
int rl_client_target_redirect(struct rl_client_target *target, struct rl_slice location);

/* Back to where it was before all redirects. */
void rl_client_target_restore(struct rl_client_target *target);

/* The URL in use, without credentials. The target's. */
const char *rl_client_target_url(const struct rl_client_target *target);
/* Is it reached by TLS? */
bool rl_client_target_secure(const struct rl_client_target *target);
/* The group its streams are in. */
const struct rl_stream_group *rl_client_target_group(const struct rl_client_target *target);

struct rl_client_call;

struct rl_client_events {
	/* The answer's final head (1xx are skipped, 101 is final). The call goes on as its callee says
	 * before returning: rl_client_take_stream(), or rl_client_read_body(), or rl_client_free().
	 * Doing nothing frees the call. */
	void (*on_answer)(struct rl_client_call *call, struct rill_answer *answer, void *user);
	/* A piece of the body, borrowed; transfer coding is undone. */
	void (*on_body)(struct rl_client_call *call, struct rl_slice bytes, void *user);
	/* 0: the body is whole; else it was cut short as by on_failed. The call is gone when it returns. */
	void (*on_body_end)(struct rl_client_call *call, int rc, const char *sentence, void *user);
	/* It came to nothing before the answer. failure is filled in but for answer. The call is gone
	 * when it returns. */
	void (*on_failed)(
		struct rl_client_call *call, const rill_failure *failure, void *user);
};

/* Begins a GET with these field lines ("Name: value\r\n"...; copied) behind Host and before the
 * options' own fields and Authorization. Bounded by the options' timeout up to the answer's head. target
 * outlives the call. Nothing is called from inside. 0 or RILL_ENOMEM. */
int rl_client_open(struct rl_client_call **call, struct rl_client_target *target,
	struct rl_slice fields, const struct rl_client_events *events, void *user);

/* Inside on_answer: the stream is the caller's, who makes itself its owner in the same breath; what
 * came behind the head is in the stream's hand, reading is off. The answer outlives the call, which
 * is gone: rl_answer_free(). */
struct rl_stream *rl_client_take_stream(struct rl_client_call *call, struct rill_answer **answer);

/* Inside on_answer: the body follows by on_body. */
void rl_client_read_body(struct rl_client_call *call);

/* Ends it silently, from anywhere; the stream is closed. */
void rl_client_free(struct rl_client_call *call);

const struct rl_http1_head *rl_answer_head(const struct rill_answer *answer);
void rl_answer_free(struct rill_answer *answer);

#endif
