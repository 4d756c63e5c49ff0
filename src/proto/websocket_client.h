/* websocket_client.h: a WebSocket that a program opens: a connection as a server has them, and around
 * it what is needed until it is open.
 *
 *   websocket_client.c        options, beginning, the end
 *   websocket_client_open.c   the request, the answer judged, the connection made
 *   websocket_client_early.c  what the program sends before */
#ifndef RL_PROTO_WEBSOCKET_CLIENT_H
#define RL_PROTO_WEBSOCKET_CLIENT_H

#include <rill/client.h>
#include "http/client.h"
#include "proto/websocket.h"
#include "wire/ws_client_handshake.h"

struct rl_ws_client {
	struct rl_ws_conn c;
	struct rl_ws_terms terms;
	struct rl_client_target *target;
	struct rl_client_call *call; /* until its answer is there */
	struct rl_ws_extensions *extensions;
	const char *const *protocols; /* a copy in one allocation; NULL: none */
	struct rill_answer *answer;   /* once it is open */
	struct rl_list early;         /* what waits for that */
	size_t early_bytes;
	size_t high; /* above it who sends early is told to wait */
	void (*on_failed)(rill_conn *conn, const rill_failure *failure);
	rill_failure failure; /* what on_failed will be told, when it comes to that */
	char key[RL_WS_KEY_LEN + 1];
};

static inline struct rl_ws_client *rl_ws_client(struct rl_ws_conn *c)
{
	return rl_container(c, struct rl_ws_client, c);
}

/* Begins. Nothing is called from inside. 0 or RILL_ENOMEM. */
int rl_ws_client_ask(struct rl_ws_client *client);

/* Writes what was sent early to the stream. 0, or why that cannot be. */
int rl_ws_client_send_early(struct rl_ws_client *client);
void rl_ws_client_drop_early(struct rl_ws_client *client);

/* The calls of a program, and the end, of a connection that is not open: see rl_conn_ops. */
int rl_ws_client_keep(struct rl_ws_conn *c, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last);
int rl_ws_client_keep_control(struct rl_ws_conn *c, bool ping, struct rl_slice data);
size_t rl_ws_client_kept(const struct rl_ws_conn *c);
int rl_ws_client_give_up(struct rl_ws_conn *c, int code, struct rl_slice reason);
void rl_ws_client_cut(struct rl_ws_conn *c);
void rl_ws_client_ended(struct rill_conn *conn);
void rl_ws_client_free(struct rill_conn *conn);

#endif
