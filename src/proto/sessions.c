/* sessions.c: all sessions of a service: closing them, cutting them, and which of them hold most. */
#include "proto/session_parts.h"

static struct rl_session *session_at(struct rl_list *node)
{
	return rl_session(rl_container(node, struct rill_conn, node));
}

static size_t most_held(struct rl_holder *holder)
{
	const struct rl_sessions *sessions = rl_container(holder, struct rl_sessions, holder);
	size_t most = 0;

	rl_list_each (node, &sessions->all)
		most = session_at(node)->held > most ? session_at(node)->held : most;
	return most;
}

static void cut_most(struct rl_holder *holder, size_t least, const struct rl_stream_group *group)
{
	struct rl_sessions *sessions = rl_container(holder, struct rl_sessions, holder);

	rl_list_each_safe (node, &sessions->all)
		if (rl_stream_group_over(group) && session_at(node)->held >= least)
			rill_conn_destroy(&session_at(node)->conn);
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
	rl_buf_init(&sessions->spare, &loop->env);
	rl_buf_init(&sessions->spare_body, &loop->env);
	rl_list_init(&sessions->holder.node);
	int rc = rl_session_table_new(sessions);
	if (rc == 0)
		rl_server_add_holder(server, &sessions->holder);
	return rc;
}

/* Behind those whose number is not higher. */
static void insert_header(struct rl_kept_header *kept, size_t count, struct rl_slice name)
{
	unsigned number = rl_http1_name_number(name);
	size_t i = count;

	for (; i > 0 && kept[i - 1].number > number; i--)
		kept[i] = kept[i - 1];
	kept[i] = (struct rl_kept_header){ name, number };
}

int rl_sessions_keep_headers(struct rl_sessions *sessions, const char *const *names)
{
	const struct rl_env *env = &sessions->loop->env;
	size_t most = 0, count = 0;

	while (names && names[most] && most < RL_KEPT_HEADERS_MAX)
		most++;
	struct rl_kept_header *kept = rl_alloc(env, (most + 1) * sizeof(*kept));
	if (!kept)
		return RILL_ENOMEM;
	for (size_t i = 0; i < most; i++)
		if (names[i][0])
			insert_header(kept, count++, rl_slice_str(names[i]));
	rl_free(env, sessions->kept);
	sessions->kept = kept;
	sessions->kept_count = count;
	sessions->kept_numbers = 0;
	for (size_t i = count; i > 0; i--) {
		sessions->kept_numbers |= UINT64_C(1) << kept[i - 1].number;
		sessions->kept_first[kept[i - 1].number] = (uint8_t)(i - 1);
	}
	return 0;
}

void rl_sessions_fini(struct rl_sessions *sessions)
{
	assert(rl_sessions_empty(sessions));
	rl_list_remove(&sessions->holder.node);
	rl_session_table_free(sessions);
	rl_free(&sessions->loop->env, sessions->kept);
	rl_buf_release(&sessions->scratch);
	rl_buf_release(&sessions->frame);
	rl_buf_release(&sessions->spare);
	rl_buf_release(&sessions->spare_body);
}

bool rl_sessions_empty(const struct rl_sessions *sessions)
{
	return !sessions->count;
}

/* A raw WebSocket does not take every code and every reason, and is closed all the same. */
void rl_session_part(struct rl_session *s, int code, const char *reason)
{
	if (rill_close(&s->conn, code, reason) < 0 && rill_close(&s->conn, code, NULL) < 0)
		rill_close(&s->conn, 1001, NULL);
}

void rl_sessions_close(struct rl_sessions *sessions, int code, const char *reason)
{
	sessions->parting = code;
	rl_list_each_safe (node, &sessions->all)
		rl_session_part(session_at(node), code, reason);
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
