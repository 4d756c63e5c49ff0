/* client_read.h: between client.c and client_read.c. */
#ifndef RL_HTTP_CLIENT_READ_H
#define RL_HTTP_CLIENT_READ_H

#include "http/client_call.h"

/* What a call's stream tells it while an answer is awaited and read. */
extern const struct rl_stream_events rl_client_stream_events;

/* The call has come one stage further: goes on to the next that its target has. */
void rl_client_advance(struct rl_client_call *call);

/* It came to nothing: on_failed, or on_body_end. status: of the proxy; 0: none. */
void rl_client_fail(struct rl_client_call *call, int rc, int status, const char *sentence);

/* The body is whole. */
void rl_client_body_done(struct rl_client_call *call);

#endif
