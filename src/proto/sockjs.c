/* sockjs.c: the SockJS service: attaching to a server, stopping, and what a program asks of a session.
 *
 * What its sessions are is said by a dialect (sockjs_dialect.c); that they live on while one request
 * follows the other is the work of session.c. */
#include "proto/sockjs_options.h"

static struct rill_sockjs *service_of(const struct rl_session_service *base)
{
	return rl_container(base, struct rill_sockjs, base);
}

static void free_service(struct rl_session_service *base)
{
	struct rill_sockjs *service = service_of(base);
	const struct rl_env *env = &base->sessions.loop->env;

	rl_sockjs_options_free(env, &service->options);
	rl_buf_release(&service->iframe);
	rl_buf_release(&service->ancestors);
	rl_free(env, service->prefix);
	rl_free(env, service->spare_send);
	rl_free(env, service);
}

static void part(struct rl_session_service *base)
{
	rl_websocket_part(&service_of(base)->framed);
	rl_websocket_part(&service_of(base)->raw);
}

static const struct rl_session_service_ops ops = { .part = part, .free = free_service };

/* No client tells the longest time from one less, which is no word of the session's. */
static uint32_t away_ms(uint32_t disconnect_ms)
{
	return disconnect_ms == RL_AWAY_NOT ? disconnect_ms - 1 : disconnect_ms;
}

static void set_terms(struct rill_sockjs *service)
{
	rill_sockjs_options *o = &service->options;
	uint64_t max_body = rl_server_options(service->base.sessions.server)->max_body;

	if (o->max_body > max_body)
		o->max_body = (size_t)max_body;
	service->base.sessions.terms = (struct rl_session_terms){
		.times = { .beat_ms = o->heartbeat_ms,
			.answer_ms = o->pong_timeout_ms,
			.away_ms = away_ms(o->disconnect_ms) },
		.max_queue = o->max_queue,
		.overflow = o->overflow,
		.max_sessions = o->max_sessions,
		.max_sessions_per_address = o->max_sessions_per_address,
	};
}

static int failed(const struct rl_env *env, const char *why)
{
	rl_log(env, RILL_LOG_ERROR, "sockjs options: %s", why);
	return RILL_EINVAL;
}

/* The service without its route and its WebSockets, joined to the server, with busy 1. */
static int new_service(struct rill_sockjs **result, struct rill_server *server, const char *prefix,
	const rill_handler *handler, const rill_sockjs_options *options, unsigned transports)
{
	struct rill_loop *loop = rill_server_loop(server);
	struct rill_sockjs *service = rl_zalloc(&loop->env, sizeof(*service));

	if (!service)
		return RILL_ENOMEM;
	int rc = rl_session_service_init(&service->base, &ops, server, &rl_sockjs_dialect, handler);
	if (rc < 0) {
		rl_free(&loop->env, service);
		return rc;
	}
	service->options = *options;
	service->transports = transports;
	service->transports_chosen = options->transports || options->disabled_transports;
	rl_buf_init(&service->iframe, &loop->env);
	rl_buf_init(&service->ancestors, &loop->env);
	rc = rl_sockjs_options_copy(&loop->env, &service->options);
	if (rc == 0)
		rc = rl_sockjs_prefix_read(&loop->env, &service->prefix, prefix);
	if (rc == 0)
		rc = rl_sessions_keep_headers(&service->base.sessions, service->options.keep_headers);
	if (rc == 0)
		rc = rl_sockjs_write_iframe(service);
	if (rc < 0) {
		rl_session_service_drop(&service->base);
		return rc;
	}
	set_terms(service);
	*result = service;
	return 0;
}

int rill_sockjs_serve(rill_server *server, const char *prefix, const rill_handler *handler,
	const rill_sockjs_options *options, rill_sockjs **result)
{
	const struct rl_env *env = &rill_server_loop(server)->env;
	rill_sockjs_options all;
	rill_websocket_options websocket;
	struct rill_sockjs *service;
	unsigned transports;
	const char *why = rl_sockjs_options_read(&all, options, &transports);

	if (!why)
		why = rl_sockjs_websocket_options_read(&websocket, all.websocket_options);
	if (!handler || handler->size < sizeof(*handler))
		why = "handler.size must be sizeof(rill_handler)";
	if (why)
		return failed(env, why);
	int rc = new_service(&service, server, prefix, handler, &all, transports);
	if (rc < 0)
		return rc == RILL_EINVAL ? failed(env, "the prefix has to begin with \"/\"") : rc;
	rc = rl_sockjs_websocket_new(service, &websocket);
	if (rc == 0)
		rc = rill_server_handle(server, service->prefix[0] ? service->prefix : "/",
			rl_sockjs_request, service, &service->route);
	service->base.attached = rc == 0;
	if (rc == 0)
		rl_route_relieve(service->route, rl_sockjs_relieves);
	if (rc == 0 && result)
		*result = service;
	rl_session_service_release(&service->base);
	return rc;
}

void rill_sockjs_detach(rill_sockjs *service, int code, const char *reason)
{
	if (!service || !service->route)
		return;
	rill_route_remove(service->route);
	service->route = NULL;
	rl_session_service_detach(&service->base, code, reason);
}

void rill_sockjs_each(rill_sockjs *service, void (*fn)(rill_conn *conn, void *user), void *user)
{
	rl_conn_each(&service->base.sessions.all, fn, user);
}

/* NULL: it is no session of such a service. */
static struct rl_session *session_of(const rill_conn *conn)
{
	struct rl_session *session = rl_session((struct rill_conn *)conn);
	bool ours = conn->ops == &rl_session_ops && session->row >= rl_sockjs_rows &&
		    session->row < rl_sockjs_rows + RL_SOCKJS_TRANSPORTS;

	return ours ? session : NULL;
}

const char *rill_sockjs_id(rill_conn *conn)
{
	struct rl_session *session = session_of(conn);
	const char *uuid = session ? rl_session_uuid(session) : NULL;

	return uuid ? uuid : "";
}

const char *rill_sockjs_url(const rill_conn *conn)
{
	const struct rl_session *session = session_of(conn);

	return session ? rl_session_url(session) : "";
}

const char *rill_sockjs_pathname(const rill_conn *conn)
{
	const struct rl_session *session = session_of(conn);

	return session ? rl_session_path(session) : "";
}

const char *rill_sockjs_prefix(const rill_conn *conn)
{
	const struct rl_session *session = session_of(conn);

	if (!session || !session->sessions)
		return "";
	return rl_container(session->sessions, struct rill_sockjs, base.sessions)->prefix;
}

void rill_sockjs_read_stats(const rill_sockjs *service, rill_sockjs_stats *stats)
{
	const struct rl_sessions *s = &service->base.sessions;
	rill_sockjs_stats all = {
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
