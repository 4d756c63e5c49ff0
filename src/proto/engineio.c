/* engineio.c: the Engine.IO service: attaching to a server, stopping, and what a program asks of a session.
 *
 * What its sessions are is said by a dialect (engineio_dialect.c); that they live on while one request
 * follows the other, and go over to a WebSocket, is the work of session.c. */
#include "base/utf8.h"
#include "proto/engineio_options.h"

static struct rill_engineio *service_of(const struct rl_session_service *base)
{
	return rl_container(base, struct rill_engineio, base);
}

static void free_service(struct rl_session_service *base)
{
	struct rill_engineio *service = service_of(base);
	const struct rl_env *env = &base->sessions.loop->env;

	assert(rl_list_empty(&service->openings));
	rl_eio_options_free(env, &service->options);
	rl_free(env, service->path);
	rl_free(env, service);
}

static void part(struct rl_session_service *base)
{
	rill_route_remove(service_of(base)->route);
	rl_websocket_part(&service_of(base)->websocket);
}

static void stop(struct rl_session_service *base)
{
	rl_eio_drop_openings(service_of(base));
}

static const struct rl_session_service_ops ops = {
	.part = part, .free = free_service, .stop = stop
};

/* A client that is to be told of the end has so long to come for it: the reference server's. */
#define AWAY_MS (30 * 1000)

static void set_terms(struct rill_engineio *service)
{
	rill_engineio_options *o = &service->options;
	uint64_t max_body = rl_server_options(service->base.sessions.server)->max_body;

	if (o->max_payload > max_body)
		o->max_payload = (size_t)max_body;
	service->base.sessions.terms = (struct rl_session_terms){
		.times = { .beat_ms = o->ping_interval_ms,
			.answer_ms = o->ping_timeout_ms,
			.away_ms = AWAY_MS },
		.max_queue = o->max_queue,
		.overflow = o->overflow,
		.max_sessions = o->max_sessions,
		.max_sessions_per_address = o->max_sessions_per_address,
		.upgrade_ms = o->upgrade_timeout_ms,
	};
}

static int failed(const struct rl_env *env, const char *why)
{
	rl_log(env, RILL_LOG_ERROR, "engineio options: %s", why);
	return RILL_EINVAL;
}

/* The service without its route and its WebSockets, joined to the server, with busy 1. */
static int new_service(struct rill_engineio **result, struct rill_server *server, const char *path,
	const rill_handler *handler, const rill_engineio_options *options)
{
	const struct rl_env *env = &rill_server_loop(server)->env;
	struct rill_engineio *service = rl_zalloc(env, sizeof(*service));

	if (!service)
		return RILL_ENOMEM;
	int rc = rl_session_service_init(&service->base, &ops, server, &rl_eio_dialect, handler);
	if (rc < 0) {
		rl_free(env, service);
		return rc;
	}
	service->options = *options;
	rl_list_init(&service->openings);
	rc = rl_eio_options_copy(env, &service->options);
	if (rc == 0)
		rc = rl_eio_path_read(env, &service->path, path, options->trailing_slash);
	if (rc == 0)
		rc = rl_sessions_keep_headers(&service->base.sessions, service->options.keep_headers);
	if (rc < 0) {
		rl_session_service_drop(&service->base);
		return rc;
	}
	set_terms(service);
	*result = service;
	return 0;
}

int rill_engineio_serve(rill_server *server, const char *path, const rill_handler *handler,
	const rill_engineio_options *options, rill_engineio **result)
{
	const struct rl_env *env = &rill_server_loop(server)->env;
	rill_engineio_options all;
	rill_websocket_options websocket;
	struct rill_engineio *service;
	const char *why = rl_eio_options_read(&all, options);

	if (!why)
		why = rl_eio_websocket_options_read(&websocket, all.websocket_options);
	if (!handler || handler->size < sizeof(*handler))
		why = "handler.size must be sizeof(rill_handler)";
	if (why)
		return failed(env, why);
	int rc = new_service(&service, server, path, handler, &all);
	if (rc < 0)
		return rc == RILL_EINVAL ? failed(env, "the path has to begin with \"/\"") : rc;
	rc = rl_eio_websocket_new(service, &websocket);
	if (rc == 0)
		rc = rill_server_handle(
			server, service->path, rl_eio_request, service, &service->route);
	service->base.attached = rc == 0;
	if (rc == 0) {
		rl_route_rank(service->route, RL_RANK_SERVICE);
		rl_route_relieve(service->route, rl_eio_relieves);
	}
	if (rc == 0 && result)
		*result = service;
	rl_session_service_release(&service->base);
	return rc;
}

void rill_engineio_detach(rill_engineio *service, int code, const char *reason)
{
	if (service)
		rl_session_service_detach(&service->base, code, reason);
}

void rill_engineio_each(rill_engineio *service, void (*fn)(rill_conn *conn, void *user), void *user)
{
	rl_conn_each(&service->base.sessions.all, fn, user);
}

/* NULL: it is no session of such a service. */
static struct rl_session *session_of(const rill_conn *conn)
{
	struct rl_session *session = rl_session((struct rill_conn *)conn);
	bool ours = conn->ops == &rl_session_utf8_ops && session->row >= rl_eio_rows &&
		    session->row < rl_eio_rows + RL_EIO_ROWS;

	return ours ? session : NULL;
}

const char *rill_engineio_id(const rill_conn *conn)
{
	const struct rl_session *session = session_of(conn);

	return session ? rl_session_id(session) : "";
}

int rill_engineio_revision(const rill_conn *conn)
{
	const struct rl_session *session = session_of(conn);

	return session ? rl_eio_revision(session->row) : 0;
}

int rill_engineio_send(rill_conn *conn, rill_kind kind, const void *data, size_t len, bool compress,
	bool droppable)
{
	struct rl_session *session = session_of(conn);

	if (!session)
		return RILL_EINVAL;
	if (kind == RILL_TEXT && !rl_utf8_valid(data, len))
		return RILL_EUTF8;
	return rl_session_send(session, kind, rl_slice(data, len), !compress, droppable);
}

void rill_engineio_read_stats(const rill_engineio *service, rill_engineio_stats *stats)
{
	const struct rl_sessions *s = &service->base.sessions;
	rill_engineio_stats all = {
		.size = stats->size,
		.open = s->open,
		.opened = s->opened,
		.refused = s->refused,
		.upgraded = s->upgraded,
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
