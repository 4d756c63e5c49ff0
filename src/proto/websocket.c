/* websocket.c: the WebSocket service: its options, attaching to a server, stopping. */
#include "proto/options.h"
#include "proto/websocket.h"
#include <string.h>

void rill_websocket_options_init(rill_websocket_options *options, size_t size)
{
	rill_websocket_options all = {
		.size = size,
		.max_message = RL_WS_MAX_MESSAGE,
		.max_fragments = RL_WS_MAX_FRAGMENTS,
		.max_queue = RL_WS_MAX_QUEUE,
		.close_timeout_ms = RL_WS_CLOSE_MS,
		.deflate = rl_ws_deflate_defaults,
	};
	memset(options, 0, size);
	memcpy(options, &all, size < sizeof(all) ? size : sizeof(all));
}

bool rl_websocket_own_field(struct rl_slice name)
{
	static const char *const own[] = { "Connection", "Upgrade", "Content-Length",
		"Transfer-Encoding" };
	struct rl_slice start = rl_slice(name.data, name.len < 14 ? name.len : 14);
	if (rl_slice_equal_nocase(start, RL_SLICE("Sec-WebSocket-")))
		return true;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (rl_slice_equal_nocase(name, rl_slice_str(own[i])))
			return true;
	return false;
}

/* "Name: value" strings become lines of the 101. */
static int build_fields(struct rill_websocket *service, const char *const *headers)
{
	for (; headers && *headers; headers++) {
		const char *colon = strchr(*headers, ':');
		if (!colon)
			return RILL_EINVAL;
		struct rl_slice name = rl_slice(*headers, (size_t)(colon - *headers));
		struct rl_slice value = rl_slice_trim(rl_slice_str(colon + 1));
		if (rl_websocket_own_field(name))
			return RILL_EINVAL;
		int rc = rl_http1_write_field(&service->fields, name, value);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The sentence about the first that makes no sense; NULL when all do. */
static const char *find_fault(const rill_websocket_options *o)
{
	if (!o->max_message)
		return "max_message must not be 0";
	if (!o->max_fragments)
		return "max_fragments must not be 0";
	for (const char *const *p = o->protocols; p && *p; p++)
		if (!rl_slice_is_token(rl_slice_str(*p)))
			return "protocols must be tokens";
	return NULL;
}

/* Options from those a program handed in, of whatever age, filled up with the defaults; the sentence
 * about what makes no sense, or NULL. */
static const char *read_options(rill_websocket_options *to, const rill_websocket_options *from)
{
	rill_websocket_options_default(to);
	const char *why = rl_options_read(to, sizeof(*to), from);
	return why ? why : find_fault(to);
}

static int copy_lists(struct rill_websocket *service, const rill_websocket_options *from)
{
	const struct rl_env *env = &service->loop->env;
	rill_websocket_options *to = &service->options;
	to->protocols = to->headers = to->keep_headers = to->origins = NULL;
	int rc = rl_strings_copy(env, &to->protocols, from->protocols);
	if (rc == 0)
		rc = rl_strings_copy(env, &to->keep_headers, from->keep_headers);
	if (rc == 0)
		rc = rl_strings_copy(env, &to->origins, from->origins);
	return rc;
}

static void set_terms(struct rill_websocket *service)
{
	const rill_websocket_options *o = &service->options;
	struct rl_ws_config *config = &service->terms.config;
	rl_ws_config_default(config);
	config->out = &service->loop->scratch;
	config->max_message = o->max_message;
	config->max_fragments = o->max_fragments;
	config->pieces = o->pieces;
	config->close_timeout = o->close_timeout_ms;
	config->ping_interval = o->ping_interval_ms;
	config->pong_timeout = o->pong_timeout_ms;
	service->terms.max_send = o->max_send;
	service->terms.max_queue = o->max_queue;
}

static void free_service(struct rill_websocket *service)
{
	const struct rl_env *env = &service->loop->env;
	rl_list_remove(&service->task.node);
	rl_free(env, (void *)service->options.protocols);
	rl_free(env, (void *)service->options.keep_headers);
	rl_free(env, (void *)service->options.origins);
	rl_ws_extensions_free(service->extensions);
	rl_buf_release(&service->fields);
	rl_free(env, service);
}

static void free_later(struct rl_task *task)
{
	struct rill_websocket *service = rl_container(task, struct rill_websocket, task);
	rl_server_leave(&service->in_server);
	free_service(service);
}

void rl_websocket_release(struct rill_websocket *service)
{
	if (!service->held && rl_list_empty(&service->conns) &&
		rl_list_empty(&service->openings))
		rl_loop_bury(service->loop, &service->task);
}

static void close_all(struct rill_websocket *service, int code, const char *reason)
{
	service->parting = code;
	rl_list_each_safe (node, &service->conns)
		rill_close(rl_container(node, struct rill_conn, node), code, reason);
}

static void stop_service(struct rl_service *in_server)
{
	struct rill_websocket *service = rl_container(in_server, struct rill_websocket, in_server);
	rl_websocket_drop_openings(service);
	close_all(service, 1001, "the server is going away");
}

/* What runs is for the owner to close. */
static void stop_owned(struct rl_service *in_server)
{
	rl_websocket_drop_openings(rl_container(in_server, struct rill_websocket, in_server));
}

static void cut_service(struct rl_service *in_server)
{
	struct rill_websocket *service = rl_container(in_server, struct rill_websocket, in_server);
	rl_websocket_drop_openings(service);
	while (!rl_list_empty(&service->conns)) {
		struct rill_conn *conn = rl_container(service->conns.next, struct rill_conn, node);
		if (rl_ws_conn(conn)->stream)
			rl_ws_conn_lost(rl_ws_conn(conn));
		else /* destroyed by the program in this turn, which was to be told at its end */
			rl_conn_closed(conn, 1006, rl_slice(NULL, 0));
	}
}

static void server_gone(struct rl_service *in_server)
{
	struct rill_websocket *service = rl_container(in_server, struct rill_websocket, in_server);
	free_service(service);
}

/* The sentence about what makes no sense, or NULL; *rc: 0, RILL_EINVAL, RILL_ENOMEM. */
static const char *set_up(struct rill_websocket *service, const rill_websocket_options *options, int *rc)
{
	rill_websocket_options given;
	const char *why = read_options(&given, options);

	service->options = given;
	service->options.extensions = NULL; /* the caller's list */
	*rc = copy_lists(service, &given);
	if (*rc == 0)
		*rc = build_fields(service, given.headers);
	if (*rc == RILL_EINVAL)
		why = "headers must be \"Name: value\" and none of the handshake's own";
	if (*rc == 0 && !why)
		*rc = rl_websocket_extensions(&service->extensions, service->loop, &given.deflate,
			given.extensions, &why);
	set_terms(service);
	return why;
}

static int make(struct rill_websocket **result, struct rill_server *server,
	const rill_handler *handler, const rill_websocket_options *options)
{
	struct rill_loop *loop = rill_server_loop(server);
	struct rill_websocket *service = rl_zalloc(&loop->env, sizeof(*service));
	if (!service)
		return RILL_ENOMEM;
	service->server = server;
	service->loop = loop;
	service->handler = handler;
	service->held = true;
	rl_list_init(&service->conns);
	rl_list_init(&service->openings);
	rl_task_init(&service->task, free_later);
	rl_buf_init(&service->fields, &loop->env);
	int rc;
	const char *why = set_up(service, options, &rc);
	if (!handler || handler->size < sizeof(*handler))
		why = "handler.size must be sizeof(rill_handler)";
	if (why) {
		rl_log(&loop->env, RILL_LOG_ERROR, "websocket options: %s", why);
		rc = RILL_EINVAL;
	}
	if (rc < 0) {
		free_service(service);
		return rc;
	}
	*result = service;
	return 0;
}

static void join_server(struct rill_websocket *service, void (*stop)(struct rl_service *in_server))
{
	service->in_server.stop = stop;
	service->in_server.cut = cut_service;
	service->in_server.free = server_gone;
	rl_server_join(service->server, &service->in_server);
}

int rl_websocket_new(struct rill_websocket **result, struct rill_server *server,
	const rill_handler *handler, const rill_websocket_options *options)
{
	int rc = make(result, server, handler, options);
	if (rc < 0)
		return rc;
	/* The owner has a queue of its own, with its limits. */
	(*result)->terms.max_queue = (*result)->terms.max_send = 0;
	join_server(*result, stop_owned);
	return 0;
}

static void let_go(struct rill_websocket *service)
{
	service->held = false;
	rl_websocket_release(service);
}

void rl_websocket_part(struct rill_websocket **service)
{
	struct rill_websocket *parted = *service;

	if (!parted)
		return;
	*service = NULL;
	parted->options.user = NULL;
	let_go(parted);
}

int rill_websocket_serve(rill_server *server, const char *prefix, const rill_handler *handler,
	const rill_websocket_options *options, rill_websocket **result)
{
	struct rill_websocket *service;
	int rc = make(&service, server, handler, options);
	if (rc < 0)
		return rc;
	rc = rill_server_handle(server, prefix, rl_websocket_request, service, &service->route);
	if (rc < 0) {
		free_service(service);
		return rc;
	}
	join_server(service, stop_service);
	if (result)
		*result = service;
	return 0;
}

void rill_websocket_detach(rill_websocket *service, int code, const char *reason)
{
	if (!service || !service->route)
		return;
	rill_route_remove(service->route);
	service->route = NULL;
	if (code)
		close_all(service, code, reason);
	let_go(service);
}

void rill_websocket_each(
	rill_websocket *service, void (*fn)(rill_conn *conn, void *user), void *user)
{
	rl_conn_each(&service->conns, fn, user);
}

void rill_websocket_read_stats(const rill_websocket *service, rill_websocket_stats *stats)
{
	rill_websocket_stats all = service->stats;
	rl_list_each (node, (struct rl_list *)&service->conns) {
		const struct rill_conn *conn = rl_container(node, struct rill_conn, node);
		all.messages_in += conn->messages_in;
		all.messages_out += conn->messages_out;
		all.bytes_in += conn->bytes_in;
		all.bytes_out += conn->bytes_out;
	}
	all.size = stats->size;
	memcpy(stats, &all, stats->size < sizeof(all) ? stats->size : sizeof(all));
}
