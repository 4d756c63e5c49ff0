/* tls_loop.h: what the TLS streams of a loop share: buffers for plain bytes, the turns in which
 * handshakes go on, and the system's authorities. Inside of net/tls*.c only. */
#ifndef RL_NET_TLS_LOOP_H
#define RL_NET_TLS_LOOP_H

#include <openssl/x509.h>
#include "net/loop.h"

#define RL_TLS_RECORD (16 * 1024) /* RFC 8446, 5.1: plain bytes of one record at most */

/* Plain bytes decrypted at once: two records, so that many small ones are handed on together. */
#define RL_TLS_PLAIN (2 * RL_TLS_RECORD)

/* A step of a handshake costs up to a millisecond (a signature): so many in a turn, then open
 * connections come first again. */
#define RL_TLS_STEPS 16

struct rl_tls_waiting {
	struct rl_list node;
	bool granted;
	void (*go)(struct rl_tls_waiting *waiting);
};

struct rl_tls_loop {
	struct rl_loop_member member;
	struct rill_loop *loop;
	uint8_t *plain;                /* RL_HEADROOM, RL_TLS_PLAIN and a little; NULL while lent */
	struct rl_list waiting;        /* struct rl_tls_waiting, first come first */
	struct rl_timer turn;          /* begins the next round of steps */
	unsigned steps;                /* in this round */
	X509_STORE *authorities;       /* the system's; NULL: nobody has asked */
	uint64_t complained_at;        /* plain HTTP was last logged; 0: never */
	uint8_t gather[RL_TLS_RECORD]; /* small pieces of one record, within one call */
};

/* The loop's one, made when first asked for; NULL when out of memory. */
struct rl_tls_loop *rl_tls_loop_get(struct rill_loop *loop);

/* The one that is there. */
struct rl_tls_loop *rl_tls_loop_have(struct rill_loop *loop);

/* Lends a buffer of RL_TLS_PLAIN bytes with headroom in front; NULL when out of memory. */
uint8_t *rl_tls_loop_lend(struct rl_tls_loop *shared);
void rl_tls_loop_return(struct rl_tls_loop *shared, uint8_t *plain);

/* The authorities that the system believes in, read when first asked for: there are some hundred and
 * fifty, which takes 20 ms and some megabytes. NULL when they cannot be read. */
X509_STORE *rl_tls_loop_authorities(struct rl_tls_loop *shared);

/* May this handshake take a step now? False: it stands in line and go() is called when it may;
 * the next time it asks it is let through. */
bool rl_tls_loop_may_step(struct rl_tls_loop *shared, struct rl_tls_waiting *waiting);

/* It stands in line in any case: go() is called from the loop. */
void rl_tls_loop_wait(struct rl_tls_loop *shared, struct rl_tls_waiting *waiting);

#endif
