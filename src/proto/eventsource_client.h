/* eventsource_client.h: the inside of the EventSource client.
 *
 *   eventsource_client.c  the client: options, attempts, waiting, its end
 *   eventsource_answer.c  what a server's answer means, and the stream behind it */
#ifndef RL_PROTO_EVENTSOURCE_CLIENT_H
#define RL_PROTO_EVENTSOURCE_CLIENT_H

#include <rill/eventsource.h>
#include "http/client.h"
#include "net/loop.h"
#include "wire/sse_event.h"

struct rill_eventsource_client {
	struct rill_loop *loop;
	const rill_eventsource_client_handler *handler;
	void *user;
	struct rl_client_target *target;
	struct rl_client_call *call; /* NULL: waiting, or closed */
	struct rl_sse sse;
	struct rl_timer
		timer;       /* CONNECTING without a call: the next attempt; OPEN: nothing comes */
	struct rl_task task; /* freeing */
	rill_conn_state state;
	uint32_t failures;  /* attempts that failed one after the other */
	uint32_t redirects; /* followed by this attempt */
	uint32_t retry_min_ms, retry_max_ms, idle_timeout_ms, max_redirects;
	bool freed;
};

/* The callback of that name, if the caller's handler has it. */
#define RL_ES_CLIENT_CALLBACK(client, name)                                                        \
	((client)->handler->size > offsetof(rill_eventsource_client_handler, name)                 \
			? (client)->handler->name                                                  \
			: NULL)

/* What a server answers to an attempt. */
extern const struct rl_client_events rl_es_client_events;

/* The attempt, or the stream, came to nothing: it comes back later, or is closed for good. */
void rl_es_client_retry(struct rill_eventsource_client *client, const rill_failure *failure);
void rl_es_client_fail(struct rill_eventsource_client *client, const rill_failure *failure);

/* Begins an attempt. 0 or RILL_ENOMEM. */
int rl_es_client_attempt(struct rill_eventsource_client *client);

/* Something came: the time in which nothing does begins anew. */
void rl_es_client_heard(struct rill_eventsource_client *client);

#endif
