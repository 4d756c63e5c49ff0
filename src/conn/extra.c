/* extra.c: see extra.h. */
#include "conn/extra.h"

struct rl_conn_extra *rl_conn_extra(struct rill_conn *conn)
{
	if (!conn->extra) {
		conn->extra = rl_zalloc(&conn->loop->env, sizeof(*conn->extra));
		if (!conn->extra)
			return NULL;
		rl_list_init(&conn->extra->pings);
		rl_list_init(&conn->extra->holds);
	}
	return conn->extra;
}

void rl_conn_extra_free(struct rill_conn *conn)
{
	if (!conn->extra)
		return;
	assert(rl_list_empty(&conn->extra->pings) && rl_list_empty(&conn->extra->holds));
	rl_free(&conn->loop->env, conn->extra->taps);
	rl_free(&conn->loop->env, conn->extra);
	conn->extra = NULL;
}
