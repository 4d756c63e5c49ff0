/* eventsource.c: the EventSource service: its options, attaching to a server, stopping. */
#include "proto/eventsource.h"
#include "proto/options.h"
#include "proto/strings.h"

void rill_eventsource_options_init(rill_eventsource_options *options, size_t size)
{
	rill_eventsource_options all = {
		.size = size,
		.retry_ms = 5 * 1000, /* faye-websocket's, both */
		.ping_interval_ms = 10 * 1000,
		.max_queue = 16 * 1024 * 1024,
	};

	memset(options, 0, size);
	memcpy(options, &all, size < sizeof(all) ? size : sizeof(all));
}

/* Options from those a program handed in, of whatever age, filled up with the defaults; the sentence
 * about what makes no sense, or NULL. */
static const char *read_options(rill_eventsource_options *to, const rill_eventsource_options *from)
{
	rill_eventsource_options_default(to);
	return rl_options_read(to, sizeof(*to), from);
}

/* What an event stream needs so that nothing in between keeps or collects it: proxies of the nginx
 * kind gather an answer unless X-Accel-Buffering says otherwise. */
static int write_own_fields(struct rl_buf *fields)
{
	return rl_buf_append_str(fields, "Content-Type: text/event-stream\r\n"
					 "Cache-Control: no-cache, no-store\r\n"
					 "X-Accel-Buffering: no\r\n");
}

/* "Name: value" strings become lines of the answer. */
static int write_fields(struct rl_buf *fields, const char *const *headers)
{
	int rc = write_own_fields(fields);

	for (; rc == 0 && headers && *headers; headers++) {
		const char *colon = strchr(*headers, ':');
		if (!colon)
			return RILL_EINVAL;
		struct rl_slice name = rl_slice(*headers, (size_t)(colon - *headers));
		if (rl_exchange_own_field(name) ||
			rl_slice_equal_nocase(name, RL_SLICE("Content-Type")))
			return RILL_EINVAL;
		rc = rl_http1_write_field(fields, name, rl_slice_trim(rl_slice_str(colon + 1)));
	}
	return rc;
}

static int copy_lists(struct rill_eventsource *service)
{
	const struct rl_env *env = &service->loop->env;
	rill_eventsource_options *o = &service->options;
	rill_eventsource_options from = *o;

	o->headers = o->keep_headers = o->origins = NULL;
	int rc = rl_strings_copy(env, &o->keep_headers, from.keep_headers);
	if (rc == 0)
		rc = rl_strings_copy(env, &o->origins, from.origins);
	if (rc == 0)
		rc = write_fields(&service->fields, from.headers);
	return rc;
}

static void free_service(struct rill_eventsource *service)
{
	const struct rl_env *env = &service->loop->env;

	rl_list_remove(&service->task.node);
	rl_free(env, (void *)service->options.keep_headers);
	rl_free(env, (void *)service->options.origins);
	rl_buf_release(&service->fields);
	rl_free(env, service);
}

static void free_later(struct rl_task *task)
{
	struct rill_eventsource *service = rl_container(task, struct rill_eventsource, task);

	rl_server_leave(&service->in_server);
	free_service(service);
}

static void look(struct rill_eventsource *service)
{
	if (!service->route && !service->busy && rl_list_empty(&service->conns))
		rl_loop_bury(service->loop, &service->task);
}

void rl_eventsource_release(struct rill_eventsource *service)
{
	assert(service->busy > 0);
	service->busy--;
	look(service);
}

static struct rill_conn *conn_at(struct rl_list *node)
{
	return rl_container(node, struct rill_conn, node);
}

static void close_all(struct rill_eventsource *service, int code, const char *reason)
{
	service->parting = code;
	rl_list_each_safe (node, &service->conns)
		rill_close(conn_at(node), code, reason);
}

static void stop_service(struct rl_service *in_server)
{
	close_all(rl_container(in_server, struct rill_eventsource, in_server), 1001,
		"the server is going away");
}

/* The exchanges have been cut before, and told their conns; left are those which the program destroyed
 * in this turn, and which were to be told at its end. */
static void cut_service(struct rl_service *in_server)
{
	struct rill_eventsource *service = rl_container(
		in_server, struct rill_eventsource, in_server);

	while (!rl_list_empty(&service->conns))
		rl_conn_closed(conn_at(service->conns.next), 1006, rl_slice(NULL, 0));
}

static void server_gone(struct rl_service *in_server)
{
	free_service(rl_container(in_server, struct rill_eventsource, in_server));
}

int rl_eventsource_new(struct rill_eventsource **result, struct rill_server *server,
	const rill_handler *handler, const rill_eventsource_options *options)
{
	struct rill_loop *loop = rill_server_loop(server);
	struct rill_eventsource *service = rl_zalloc(&loop->env, sizeof(*service));

	if (!service)
		return RILL_ENOMEM;
	service->server = server;
	service->loop = loop;
	service->handler = handler;
	service->busy = 1;
	rl_list_init(&service->conns);
	rl_task_init(&service->task, free_later);
	rl_buf_init(&service->fields, &loop->env);
	const char *why = read_options(&service->options, options);
	if (!handler || handler->size < sizeof(*handler))
		why = "handler.size must be sizeof(rill_handler)";
	int rc = copy_lists(service);
	if (rc == RILL_EINVAL)
		why = "headers must be \"Name: value\" and none that an event stream sets itself";
	if (why) {
		rl_log(&loop->env, RILL_LOG_ERROR, "eventsource options: %s", why);
		rc = RILL_EINVAL;
	}
	if (rc < 0) {
		free_service(service);
		return rc;
	}
	service->in_server.stop = stop_service;
	service->in_server.cut = cut_service;
	service->in_server.free = server_gone;
	rl_server_join(server, &service->in_server);
	*result = service;
	return 0;
}

int rill_eventsource_serve(rill_server *server, const char *prefix, const rill_handler *handler,
	const rill_eventsource_options *options, rill_eventsource **result)
{
	struct rill_eventsource *service;
	int rc = rl_eventsource_new(&service, server, handler, options);

	if (rc < 0)
		return rc;
	rc = rill_server_handle(server, prefix, rl_eventsource_request, service, &service->route);
	if (rc == 0 && result)
		*result = service;
	rl_eventsource_release(service);
	return rc;
}

void rill_eventsource_detach(rill_eventsource *service, int code, const char *reason)
{
	if (!service || !service->route)
		return;
	rill_route_remove(service->route);
	service->route = NULL;
	if (code)
		close_all(service, code, reason);
	look(service);
}

void rill_eventsource_each(
	rill_eventsource *service, void (*fn)(rill_conn *conn, void *user), void *user)
{
	rl_conn_each(&service->conns, fn, user);
}

void rill_eventsource_read_stats(const rill_eventsource *service, rill_eventsource_stats *stats)
{
	rill_eventsource_stats all = service->stats;

	rl_list_each (node, (struct rl_list *)&service->conns) {
		all.messages_out += conn_at(node)->messages_out;
		all.bytes_out += conn_at(node)->bytes_out;
	}
	all.size = stats->size;
	memcpy(stats, &all, stats->size < sizeof(all) ? stats->size : sizeof(all));
}
