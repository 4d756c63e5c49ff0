/* connection_read.h: what connection.c and connection_read.c have of each other. */
#ifndef RL_HTTP_CONNECTION_READ_H
#define RL_HTTP_CONNECTION_READ_H

#include "http/connection.h"

/* Starts the timer for that. */
void rl_connection_await(struct rl_connection *c, enum rl_connection_wait wait);

/* Ends the connection for what was sent: an answer of rill's own if there can be one, the log,
 * the counts; an exchange under way is told rc. */
void rl_connection_fail(struct rl_connection *c, int status, const char *sentence, int rc);

/* Does what calls on the exchange have made due: on_end, its end, its abortion. */
void rl_connection_settle(struct rl_connection *c);

void rl_connection_return_parser(struct rl_connection *c);

/* Can bytes be used now? */
bool rl_connection_can_read(const struct rl_connection *c);

/* The peer has sent its last byte and what could be used of it has been: what does that mean? */
void rl_connection_check_end(struct rl_connection *c);

void rl_connection_on_read(struct rl_stream *stream, struct rl_slice *in);

#endif
