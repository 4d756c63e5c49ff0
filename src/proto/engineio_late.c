/* engineio_late.c: the first word on a WebSocket of revision 3, a moment behind the 101.
 *
 * Clients tell their programs of an opening and of a message in one breath when they come in one read, and a
 * program of that time that waits for the one and then for the other never sees the message (the protocol's
 * own suite is one). Nothing saves it there, for that revision's server does not speak again unasked. */
#include "proto/engineio.h"

#define LATE_MS 2

struct late {
	struct rl_timer timer;
	struct rl_session *session;
};

static struct late *forget(struct rl_session *session)
{
	struct late *late = session->dialect_data;

	session->dialect_data = NULL;
	rl_loop_clear_timer(session->conn.loop, &late->timer);
	return late;
}

static void on_timer(struct rl_timer *timer)
{
	struct late *late = rl_container(timer, struct late, timer);
	struct rl_session *session = late->session;

	rl_free(&session->conn.loop->env, forget(session));
	rl_session_drained(session);
}

int rl_eio_open_late(struct rl_session *session, struct rl_slice handshake)
{
	struct rill_loop *loop = session->conn.loop;
	struct late *late = rl_alloc(&loop->env, sizeof(*late));

	if (!late)
		return RILL_ENOMEM;
	int rc = rl_outbox_add(&session->outbox, RL_EIO_OUTBOUND_OPEN, RILL_TEXT, handshake);
	if (rc < 0) {
		rl_free(&loop->env, late);
		return rc;
	}
	late->session = session;
	rl_timer_init(&late->timer, on_timer);
	rl_loop_set_timer(loop, &late->timer, rl_loop_now(loop) + LATE_MS);
	session->dialect_data = late;
	session->full = true; /* all else waits behind it */
	return 0;
}

void rl_eio_over(struct rl_session *session)
{
	if (session->dialect_data)
		rl_free(&session->conn.loop->env, forget(session));
}
