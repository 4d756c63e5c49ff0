/* socketio0.c: the Socket.IO service of 2010: attaching to a server, detaching, and what a program asks of it and of
 * its clients.
 *
 * What its sessions are is said by a dialect (socketio0_dialect.c); that they live on while one request follows the
 * other is the work of session.c. */
#include "proto/socketio0.h"

static struct rill_socketio0 *io_of(struct rl_session_service *service)
{
	return rl_container(service, struct rill_socketio0, service);
}

static void part(struct rl_session_service *service)
{
	rl_websocket_part(&io_of(service)->websocket);
}

static void free_service(struct rl_session_service *service)
{
	struct rill_socketio0 *io = io_of(service);
	const struct rl_env *env = rl_sio0_env(io);

	rl_sio0_policy_end(io);
	rl_sio0_files_free(io);
	rl_sio0_listeners_free(env, &io->listeners);
	rl_sio0_options_free(env, &io->options);
	rl_buf_release(&io->policy_text);
	rl_free(env, io->path);
	rl_free(env, io);
}

static void stop(struct rl_session_service *service)
{
	rl_sio0_policy_end(io_of(service));
}

static const struct rl_session_service_ops ops = {
	.part = part,
	.free = free_service,
	.stop = stop,
};

/* 0 of a program is never, or at once; of a session never. */
static uint32_t away_ms(uint32_t close_timeout_ms)
{
	return close_timeout_ms ? close_timeout_ms : RL_AWAY_NOT;
}

static void set_terms(struct rill_socketio0 *io)
{
	rill_socketio0_options *o = &io->options;
	struct rl_sessions *sessions = rl_sio0_sessions(io);
	uint64_t max_body = rl_server_options(sessions->server)->max_body;

	if (o->max_body > max_body)
		o->max_body = (size_t)max_body;
	for (unsigned i = 0; i < RL_SIO0_TRANSPORTS; i++) {
		const rill_socketio0_times *times = rl_sio0_times(o, i);
		io->times[i] = (struct rl_session_times){
			.beat_ms = rl_sio0_rows[i].one_shot ? times->duration_ms
							    : times->heartbeat_interval_ms,
			.answer_ms = times->timeout_ms,
			.away_ms = away_ms(times->close_timeout_ms),
		};
	}
	sessions->terms = (struct rl_session_terms){
		.rows = rl_sio0_rows,
		.row_times = io->times,
		.max_queue = o->max_queue,
		.overflow = o->overflow,
		.max_sessions = o->max_clients,
		.max_sessions_per_address = o->max_clients_per_address,
	};
}

static int copy_path(struct rill_socketio0 *io)
{
	size_t len = strlen(io->options.resource);

	io->path = rl_alloc(rl_sio0_env(io), len + 2);
	if (!io->path)
		return RILL_ENOMEM;
	io->path[0] = '/';
	memcpy(io->path + 1, io->options.resource, len + 1);
	return 0;
}

/* The service without its route and its WebSockets, joined to the server, with busy 1. */
static int new_service(struct rill_socketio0 **result, struct rill_server *server,
	const rill_socketio0_options *options, unsigned transports)
{
	const struct rl_env *env = &rill_server_loop(server)->env;
	struct rill_socketio0 *io = rl_zalloc(env, sizeof(*io));

	if (!io)
		return RILL_ENOMEM;
	int rc = rl_session_service_init(
		&io->service, &ops, server, &rl_sio0_dialect, &rl_sio0_handler);
	if (rc < 0) {
		rl_free(env, io);
		return rc;
	}
	io->options = *options;
	io->transports = transports;
	rl_list_init(&io->hello.node);
	rl_sio0_listeners_init(&io->listeners);
	rl_buf_init(&io->policy_text, env);
	rc = rl_sio0_options_copy(env, &io->options);
	if (rc == 0)
		rc = copy_path(io);
	if (rc == 0)
		rc = rl_sessions_keep_headers(rl_sio0_sessions(io), io->options.keep_headers);
	if (rc == 0)
		rc = rl_sio0_policy_write(io);
	if (rc == 0)
		rc = rl_sio0_files_new(io);
	if (rc < 0) {
		rl_session_service_drop(&io->service);
		return rc;
	}
	set_terms(io);
	*result = io;
	return 0;
}

static void attach(struct rill_socketio0 *io)
{
	rl_route_rank(io->route, RL_RANK_NAMES);
	rl_route_relieve(io->route, rl_sio0_relieves);
	rl_sio0_policy_begin(io);
	io->service.attached = true;
}

int rill_socketio0_serve(
	rill_server *server, const rill_socketio0_options *options, rill_socketio0 **result)
{
	rill_socketio0_options all;
	rill_websocket_options websocket;
	struct rill_socketio0 *io;
	unsigned transports;
	const char *why = rl_sio0_options_read(&all, options, &transports);

	if (!why)
		why = rl_sio0_websocket_options_read(&websocket, all.websocket_options);
	if (why) {
		rl_log(&rill_server_loop(server)->env, RILL_LOG_ERROR, "socketio0 options: %s",
			why);
		return RILL_EINVAL;
	}
	int rc = new_service(&io, server, &all, transports);
	if (rc < 0)
		return rc;
	rc = rl_sio0_websocket_new(io, &websocket);
	if (rc == 0)
		rc = rill_server_handle(server, io->path, rl_sio0_request, io, &io->route);
	if (rc == 0)
		attach(io);
	if (rc == 0 && result)
		*result = io;
	rl_session_service_release(&io->service);
	return rc;
}

void rill_socketio0_detach(rill_socketio0 *io, int code, const char *reason)
{
	if (!io || !io->route)
		return;
	rill_route_remove(io->route);
	io->route = NULL;
	rl_session_service_detach(&io->service, code, reason);
}

struct rl_session *rl_sio0_session(const rill_conn *conn)
{
	struct rl_session *session = rl_session((struct rill_conn *)conn);
	bool ours = conn->ops == &rl_session_json_ops && session->row >= rl_sio0_rows &&
		    session->row < rl_sio0_rows + RL_SIO0_TRANSPORTS;

	return ours ? session : NULL;
}

/* They stand behind the id and its NUL, wherever that ends. */
static void *counts_at(const struct rl_session *session)
{
	return (void *)(uintptr_t)(rl_session_id(session) + RL_SIO0_ID + 1);
}

struct rl_sio0_counts rl_sio0_counts(const struct rl_session *session)
{
	struct rl_sio0_counts counts;

	memcpy(&counts, counts_at(session), sizeof(counts));
	return counts;
}

void rl_sio0_set_counts(struct rl_session *session, const struct rl_sio0_counts *counts)
{
	memcpy(counts_at(session), counts, sizeof(*counts));
}

rill_conn *rill_socketio0_client(const rill_socketio0 *io, const char *session_id)
{
	struct rl_session *session = rl_session_find(
		&io->service.sessions, rl_slice_str(session_id));

	return session ? &session->conn : NULL;
}

void rill_socketio0_each(rill_socketio0 *io, void (*fn)(rill_conn *client, void *user), void *user)
{
	rl_conn_each(&io->service.sessions.all, fn, user);
}

size_t rill_socketio0_count(const rill_socketio0 *io)
{
	return io->service.sessions.open;
}

const char *rill_socketio0_session_id(const rill_conn *client)
{
	const struct rl_session *session = rl_sio0_session(client);

	return session ? rl_session_id(session) : "";
}

uint32_t rill_socketio0_connections(const rill_conn *client)
{
	const struct rl_session *session = rl_sio0_session(client);

	return session ? rl_sio0_counts(session).connections : 0;
}

rill_socketio0 *rill_socketio0_listener(const rill_conn *client)
{
	const struct rl_session *session = rl_sio0_session(client);

	return session && session->sessions ? rl_sio0_of(session->sessions) : NULL;
}

rill_server *rill_socketio0_server(const rill_socketio0 *io)
{
	return io->service.sessions.server;
}

const rill_socketio0_options *rill_socketio0_get_options(const rill_socketio0 *io)
{
	return &io->options;
}

void rill_socketio0_read_stats(const rill_socketio0 *io, rill_socketio0_stats *stats)
{
	const struct rl_sessions *s = &io->service.sessions;
	rill_socketio0_stats all = {
		.size = stats->size,
		.open = s->open,
		.opened = s->opened,
		.refused = s->refused,
		.messages_in = s->messages_in,
		.messages_out = s->messages_out,
		.bytes_in = s->bytes_in,
		.bytes_out = s->bytes_out,
		.closed_clean = s->closed_clean,
		.closed_protocol = s->closed_protocol,
		.closed_lost = s->closed_lost,
	};
	memcpy(stats, &all, stats->size < sizeof(all) ? stats->size : sizeof(all));
}
