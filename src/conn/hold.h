/* hold.h: the counted memory behind a rill_msg. */
#ifndef RL_CONN_HOLD_H
#define RL_CONN_HOLD_H

#include <stdatomic.h>
#include <rill/conn.h>
#include "base/blob.h"
#include "base/list.h"
#include "net/loop.h"

struct rill_hold {
	atomic_uint refs;
	struct rl_blob *blob;
	const struct rl_env *env;
	bool surrogates; /* a text may hold lone ones: it is kept from a service that has them */
	bool json;       /* it is known to be JSON */
	/* A message that was kept is charged to its connection until its last release. That comes
	 * from any thread and is brought to the loop, where all of this is read and written. */
	struct {
		struct rill_loop *loop; /* NULL: charged to nobody, freed where it is released */
		struct rill_conn *conn; /* NULL: the connection is gone */
		struct rl_list node;    /* in the connection's extra->holds */
		struct rl_post post;
		size_t size;
	} on_loop;
};

/* A hold with one reference that takes over the caller's reference to blob; NULL when out of
 * memory (blob is still the caller's). */
struct rill_hold *rl_hold_new(const struct rl_env *env, struct rl_blob *blob);

/* Charges a hold to a conn until it is released. */
void rl_hold_charge(struct rill_hold *hold, struct rill_conn *conn, size_t size);

/* The conn is going: its holds are charged to nobody from now on. */
void rl_hold_forget_all(struct rill_conn *conn);

#endif
