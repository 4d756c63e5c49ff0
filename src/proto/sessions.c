/* sessions.c: all sessions of a service: closing them, cutting them, and which of them holds most. */
#include "proto/session_parts.h"

static struct rl_session *session_at(struct rl_list *node)
{
	return rl_session(rl_container(node, struct rill_conn, node));
}

static struct rl_session *holding_most(struct rl_sessions *sessions)
{
	struct rl_session *most = NULL;

	rl_list_each (node, &sessions->all)
		if (!most || session_at(node)->held > most->held)
			most = session_at(node);
	return most;
}

static size_t most_held(struct rl_holder *holder)
{
	const struct rl_session *s = holding_most(rl_container(holder, struct rl_sessions, holder));

	return s ? s->held : 0;
}

static void cut_most(struct rl_holder *holder)
{
	rill_conn_destroy(&holding_most(rl_container(holder, struct rl_sessions, holder))->conn);
}

int rl_sessions_init(struct rl_sessions *sessions, struct rill_server *server,
	const struct rl_dialect *dialect, const rill_handler *handler)
{
	struct rill_loop *loop = rill_server_loop(server);

	*sessions = (struct rl_sessions){
		.holder = { .most = most_held, .cut = cut_most },
		.loop = loop,
		.server = server,
		.dialect = dialect,
		.handler = handler,
	};
	rl_list_init(&sessions->all);
	rl_list_init(&sessions->rest);
	rl_buf_init(&sessions->scratch, &loop->env);
	rl_buf_init(&sessions->frame, &loop->env);
	rl_list_init(&sessions->holder.node);
	int rc = rl_session_table_new(sessions);
	if (rc == 0)
		rl_server_add_holder(server, &sessions->holder);
	return rc;
}

void rl_sessions_fini(struct rl_sessions *sessions)
{
	assert(rl_sessions_empty(sessions));
	rl_list_remove(&sessions->holder.node);
	rl_session_table_free(sessions);
	rl_buf_release(&sessions->scratch);
	rl_buf_release(&sessions->frame);
}

bool rl_sessions_empty(const struct rl_sessions *sessions)
{
	return !sessions->count;
}

void rl_sessions_close(struct rl_sessions *sessions, int code, const char *reason)
{
	sessions->parting = code;
	rl_list_each_safe (node, &sessions->all)
		rill_close(&session_at(node)->conn, code, reason);
}

void rl_sessions_cut(struct rl_sessions *sessions)
{
	while (!rl_list_empty(&sessions->all)) {
		struct rl_session *s = session_at(sessions->all.next);
		s->told = false;
		rl_session_let_go(s);
		rl_session_closed(s, RL_ENDING_CLOSED, 1006, rl_slice(NULL, 0));
	}
	while (!rl_list_empty(&sessions->rest))
		rl_session_leave(session_at(sessions->rest.next));
}
