/* server.c: a rill_server: making and freeing one, listening, handlers, and what it tells. */
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <rill/error.h>
#include "http/server_state.h"

static const struct rl_listener_events listener_events = {
	.may_enter = rl_server_may_enter,
	.on_stream = rl_server_accept,
};

/* The loop goes before the server does. */
static void on_loop_free(struct rl_loop_member *member, struct rill_loop *loop)
{
	(void)loop;
	rill_server_free(rl_container(member, struct rill_server, member));
}

static void init_group(struct rill_server *server)
{
	const rill_server_options *o = &server->options;
	struct rl_stream_group *group = &server->group;

	rl_stream_group_init(group, server->loop);
	group->high = o->high_water;
	group->low = o->low_water;
	group->stall_ms = o->stall_timeout_ms;
	group->max_buffered = o->max_buffered;
	group->on_freed = rl_server_on_freed;
	server->config = (struct rl_listener_config){
		.group = group,
		.events = &listener_events,
		.user = server,
		.proxies = server->trusted,
		.proxy_count = server->trusted_count,
		.handshake_ms = o->handshake_timeout_ms,
		.max_pending = o->max_handshakes,
	};
}

static void init_members(struct rill_server *server)
{
	const rill_server_options *o = &server->options;
	const struct rl_env *env = rl_server_env(server);

	server->limits = (struct rl_http1_limits){
		.head = o->max_head,
		.target = o->max_target,
		.fields = o->max_fields,
		.body = o->max_body,
		.chunk_extension = o->max_chunk_extension,
	};
	init_group(server);
	rl_row_init(&server->row, env);
	rl_list_init(&server->services);
	rl_list_init(&server->connections);
	rl_list_init(&server->hellos);
	rl_parser_pool_init(&server->parsers, env, &server->limits);
	rl_buf_init(&server->heads, env);
	rl_buf_init(&server->spare[0], env);
	rl_buf_init(&server->spare[1], env);
	rl_admission_init(
		&server->admission, env, o->max_connections, o->max_connections_per_address);
	rl_timer_init(&server->deadline, rl_server_on_deadline);
	rl_task_init(&server->task, rl_server_on_task);
	server->date.second = -1;
	server->member.free = on_loop_free;
	rl_loop_join(server->loop, &server->member);
}

int rill_server_new(rill_server **result, rill_loop *loop, const rill_server_options *options)
{
	rill_server_options all;
	int rc = rl_server_options_read(&all, options, &loop->env);
	if (rc < 0)
		return rc;
	struct rill_server *server = rl_zalloc(&loop->env, sizeof(*server));
	if (!server)
		return RILL_ENOMEM;
	server->loop = loop;
	server->options = all;
	rc = rl_server_read_trusted(server);
	if (rc < 0) {
		rl_free(&loop->env, server->trusted);
		rl_free(&loop->env, server);
		return rc;
	}
	init_members(server);
	*result = server;
	return 0;
}

static void free_services(struct rill_server *server)
{
	while (!rl_list_empty(&server->services)) {
		struct rl_service *service = rl_container(
			server->services.next, struct rl_service, node);
		rl_list_remove(&service->node);
		service->free(service);
	}
}

void rill_server_free(rill_server *server)
{
	if (!server)
		return;
	const struct rl_env *env = rl_server_env(server);
	server->stopping = server->stopped = true;
	rl_server_free_listeners(server);
	rl_server_cut(server);
	free_services(server);
	rl_stream_group_fini(&server->group);
	rl_row_fini(&server->row);
	rl_parser_pool_fini(&server->parsers);
	rl_buf_release(&server->heads);
	rl_buf_release(&server->spare[0]);
	rl_buf_release(&server->spare[1]);
	rl_admission_fini(&server->admission);
	rl_loop_clear_timer(server->loop, &server->deadline);
	rl_list_remove(&server->task.node);
	rl_loop_leave(&server->member);
	rl_free(env, server->trusted);
	rl_free(env, server);
}

rill_loop *rill_server_loop(const rill_server *server)
{
	return server->loop;
}

/* Logs a failure's sentence, which is made here where nobody below has said more. */
static int failed(struct rill_server *server, const char *what, int rc)
{
	if (!server->error[0])
		snprintf(server->error, sizeof(server->error), "%s: %s", what, rill_strerror(rc));
	rl_log(rl_server_env(server), RILL_LOG_ERROR, "%s", server->error);
	return rc;
}

int rill_server_listen(rill_server *server, const rill_listen_options *options)
{
	const struct rl_env *env = rl_server_env(server);

	server->error[0] = 0;
	if (server->stopping || !options)
		return failed(server, "cannot listen", RILL_EINVAL);
	struct rl_listener **listeners = rl_resize(env, server->listeners,
		((size_t)server->listener_count + 1) * sizeof(struct rl_listener *));
	if (!listeners)
		return failed(server, "cannot listen", RILL_ENOMEM);
	server->listeners = listeners;
	int rc = rl_listener_new(&listeners[server->listener_count], &server->config, options,
		server->error, sizeof(server->error));
	if (rc < 0)
		return failed(server, "cannot listen", rc);
	rl_log(env, RILL_LOG_INFO, "listening on %s",
		rl_listener_url(listeners[server->listener_count], 0));
	return server->listener_count++;
}

int rill_server_listen_tcp(rill_server *server, const char *host, uint16_t port)
{
	rill_listen_options options;

	rill_listen_options_default(&options);
	options.host = host;
	options.port = port;
	return rill_server_listen(server, &options);
}

const char *rill_server_error(const rill_server *server)
{
	return server->error;
}

static const struct rl_listener *listener_at(const rill_server *server, int i)
{
	return i >= 0 && i < server->listener_count ? server->listeners[i] : NULL;
}

const char *rill_server_url(const rill_server *server, int listener)
{
	const struct rl_listener *l = listener_at(server, listener);

	return l ? rl_listener_url(l, 0) : NULL;
}

uint16_t rill_server_port(const rill_server *server, int listener)
{
	const struct rl_listener *l = listener_at(server, listener);

	return l ? rl_listener_port(l) : 0;
}

int rill_server_reload(rill_server *server)
{
	int rc = 0;

	server->error[0] = 0;
	for (int i = 0; i < server->listener_count && rc == 0; i++)
		rc = rl_listener_renew(server->listeners[i], server->error, sizeof(server->error));
	for (int i = 0; i < server->listener_count; i++)
		rl_listener_settle(server->listeners[i], rc == 0);
	return rc < 0 ? failed(server, "cannot read the certificates anew", rc) : 0;
}

static bool is_stream_socket(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

int rill_server_adopt(rill_server *server, int fd, const void *read, size_t len)
{
	if (server->stopping)
		return RILL_ELIMIT;
	if (!is_stream_socket(fd))
		return RILL_EINVAL;
	return rl_adopt(&server->config, fd, rl_slice(read, len));
}

int rill_server_handle(
	rill_server *server, const char *prefix, rill_request_fn fn, void *user, rill_route **route)
{
	return rl_row_add(&server->row, prefix, fn, user, route);
}

void rill_server_read_stats(const rill_server *server, rill_server_stats *stats)
{
	rill_server_stats now = server->stats;
	size_t size = stats->size < sizeof(now) ? stats->size : sizeof(now);

	now.size = stats->size;
	now.connections = server->admission.count;
	now.buffered = server->group.buffered;
	memcpy(stats, &now, size);
}

const rill_server_options *rl_server_options(const struct rill_server *server)
{
	return &server->options;
}

bool rl_server_refuses(const struct rill_server *server)
{
	size_t max = server->options.max_buffered;

	return server->stopping || (max && server->group.buffered > max - max / 8);
}

void rl_server_hold(struct rill_server *server, ptrdiff_t bytes)
{
	if (bytes >= 0)
		rl_stream_group_hold(&server->group, (size_t)bytes);
	else
		rl_stream_group_give(&server->group, (size_t)-bytes);
}

void rl_server_add_holder(struct rill_server *server, struct rl_holder *holder)
{
	rl_list_append(&server->group.holders, &holder->node);
}

void rl_server_add_hello(struct rill_server *server, struct rl_hello *hello)
{
	rl_list_append(&server->hellos, &hello->node);
}

void rl_server_remove_hello(struct rl_hello *hello)
{
	rl_list_remove(&hello->node);
}

bool rl_server_stopping(const struct rill_server *server)
{
	return server->stopping;
}

struct rl_slice rl_server_date_line(struct rill_server *server)
{
	char *line = server->date.line;
	int64_t now = time(NULL);

	if (now != server->date.second) {
		server->date.second = now;
		memcpy(line, "Date: ", 6);
		rl_http1_date(line + 6, now);
		memcpy(line + sizeof(server->date.line) - 3, "\r\n", 3);
	}
	return rl_slice(line, sizeof(server->date.line) - 1);
}
