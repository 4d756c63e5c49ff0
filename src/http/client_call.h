/* client_call.h: what a call and its target are made of, for the files of client.h. */
#ifndef RL_HTTP_CLIENT_CALL_H
#define RL_HTTP_CLIENT_CALL_H

#include "http/client.h"

/* A URL, and what of it stands in requests. */
struct rl_client_where {
	char *text;  /* the URL as it was given, which url points into */
	char *shown; /* without its credentials */
	struct rl_url url;
	bool secure;
	struct rl_buf authorization; /* a line; empty: none */
};

struct rl_client_target {
	struct rill_loop *loop;
	struct rl_stream_group *group;
	const struct rl_client_kind *kind;
	struct rl_client_where where, proxy;   /* proxy.text NULL: there is none */
	struct rl_buf fields, proxy_fields;    /* the options' own, as lines */
	bool moved, stripped; /* by a redirect; then what where and fields were is in these: */
	struct rl_client_where first_where;
	struct rl_buf first_fields;
	rill_client_tls_options tls_options;   /* its strings are copies */
	/* For the first server; for those elsewhere, to whom we are nobody; for the proxy. NULL: not
	 * needed so far. */
	struct rl_tls_client *tls, *stranger_tls, *proxy_tls;
	uint32_t timeout_ms, attempt_ms;
	size_t max_head;
};

/* The port in use: the one that is named, or the scheme's. */
uint16_t rl_client_port(const struct rl_client_where *where);

/* What the server at hand is reached with, and the name it is to show. */
struct rl_tls_client *rl_client_target_tls(const struct rl_client_target *target);
struct rl_slice rl_client_target_name(const struct rl_client_target *target);

/* The streams that a loop's clients have opened form one group. NULL when out of memory. */
struct rl_stream_group *rl_client_group(struct rill_loop *loop);

enum rl_client_stage {
	RL_CLIENT_DIALING,
	RL_CLIENT_PROXY_TLS, /* a TLS handshake with the proxy */
	RL_CLIENT_PROXY,     /* CONNECT was sent */
	RL_CLIENT_TLS,       /* a TLS handshake with the server */
	RL_CLIENT_ASKED,     /* the request was sent */
	RL_CLIENT_ANSWERED,  /* on_answer was called; the body follows */
	RL_CLIENT_OVER,
};

struct rl_client_call {
	struct rill_loop *loop;
	struct rl_client_target *target;
	const struct rl_client_events *events;
	void *user;
	enum rl_client_stage stage;
	bool wants_body;
	/* What is under way: one of them. */
	struct rl_dial *dial;
	struct rl_tls_pending *tls;
	struct rl_stream *stream;
	struct rl_buf fields;
	struct rl_timer timer; /* until the answer's head is there */
	struct rl_task task;   /* freeing */
	struct rl_http1_limits limits;
	struct rl_http1 parser;
	struct rill_answer *answer;
};

/* tunnel.c. Appends the CONNECT that asks the target's proxy for a tunnel to its server. 0,
 * RILL_ENOMEM. */
int rl_tunnel_write_connect(const struct rl_client_target *target, struct rl_buf *out);
/* Does this open it? If not, why. */
bool rl_tunnel_opened(const struct rl_http1_head *head, char *sentence, size_t size);

/* answer.c. A copy of a head; NULL when out of memory. */
struct rill_answer *rl_answer_new(const struct rl_env *env, const struct rl_http1_head *head);

/* "404 Not Found"; a status nobody has registered stands alone. What the peer wrote beside it is not
 * shown. text has RL_STATUS_TEXT. */
#define RL_STATUS_TEXT 64
void rl_status_text(int status, char text[RL_STATUS_TEXT]);

#endif
