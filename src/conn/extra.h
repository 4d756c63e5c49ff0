/* extra.h: what few connections need, kept out of rill_conn so that an idle one stays small. */
#ifndef RL_CONN_EXTRA_H
#define RL_CONN_EXTRA_H

#include "conn/conn.h"

/* A ping whose pong somebody waits for. */
struct rl_ping_wait {
	struct rl_list node;
	rill_pong_fn fn;
	void *user;
	uint8_t len;
	uint8_t data[];
};

struct rl_conn_extra {
	struct rl_list pings; /* struct rl_ping_wait, oldest first */
	struct rl_list holds; /* struct rill_hold: messages kept */
	size_t held;          /* bytes of them */
	rill_trace_fn trace;
	void *trace_user;
	void *taps; /* the service's own for it: one allocation, freed with this */
	uint32_t send_utf8; /* of a text being sent in pieces */
	bool peer_kept;
	bool local_kept;
	struct rl_addr peer; /* when peer_kept: who the service can no longer, or not, name */
	char peer_text[RL_ADDR_TEXT];
	struct rl_addr local; /* when local_kept: somebody has asked for it */
	char local_text[RL_ADDR_TEXT];
};

/* Bytes of kept messages above which reading stops; it goes on at half of that. */
#define RL_CONN_CREDIT (1024 * 1024)

/* The conn's extra, made when it is not there yet; NULL when out of memory. */
struct rl_conn_extra *rl_conn_extra(struct rill_conn *conn);

/* Gives kept bytes back to the credit, and goes on reading when there is enough. */
void rl_conn_credit(struct rill_conn *conn, size_t bytes);

/* Frees it. No ping waits any more and no hold is charged. */
void rl_conn_extra_free(struct rill_conn *conn);

#endif
