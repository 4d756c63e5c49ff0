/* server_stop.c: how a server ends: gently, by a deadline, or at once. */
#include "http/connection.h"
#include "http/server_state.h"

static struct rl_connection *first_connection(struct rill_server *server)
{
	return rl_container(server->connections.next, struct rl_connection, node);
}

static struct rl_service *service_at(struct rl_list *node)
{
	return rl_container(node, struct rl_service, node);
}

void rl_server_free_listeners(struct rill_server *server)
{
	for (int i = 0; i < server->listener_count; i++)
		rl_listener_free(server->listeners[i]);
	rl_free(rl_server_env(server), server->listeners);
	server->listeners = NULL;
	server->listener_count = 0;
}

void rl_server_cut(struct rill_server *server)
{
	while (!rl_list_empty(&server->connections))
		rl_connection_cut(first_connection(server), RILL_ECLOSED);
	rl_list_each_safe (node, &server->services)
		service_at(node)->cut(service_at(node));
}

void rl_server_look(struct rill_server *server)
{
	if (server->stopping && !server->stopped)
		rl_loop_defer(server->loop, &server->task);
}

void rl_server_on_task(struct rl_task *task)
{
	struct rill_server *server = rl_container(task, struct rill_server, task);

	if (server->stopped || (server->group.count && !server->cut))
		return;
	server->stopped = true;
	rl_loop_clear_timer(server->loop, &server->deadline);
	if (server->on_stopped)
		server->on_stopped(server->on_stopped_user);
}

void rl_server_on_deadline(struct rl_timer *timer)
{
	struct rill_server *server = rl_container(timer, struct rill_server, deadline);

	rl_log(rl_server_env(server), RILL_LOG_INFO,
		"the server stops: %zu connections are cut at the deadline",
		server->admission.count);
	server->cut = true;
	rl_server_cut(server);
	rl_server_look(server);
}

/* Everything that can go now goes; what runs is told. */
static void begin_stop(struct rill_server *server)
{
	server->stopping = true;
	rl_server_free_listeners(server);
	rl_list_each_safe (node, &server->connections)
		rl_connection_stop(rl_container(node, struct rl_connection, node));
	rl_list_each_safe (service, &server->services)
		service_at(service)->stop(service_at(service));
}

void rill_server_stop(
	rill_server *server, uint32_t deadline_ms, void (*on_stopped)(void *user), void *user)
{
	uint64_t due = rl_loop_now(server->loop) + deadline_ms;

	if (server->stopped)
		return;
	if (!server->stopping) {
		server->on_stopped = on_stopped;
		server->on_stopped_user = user;
		begin_stop(server);
	}
	if (!rl_timer_is_set(&server->deadline) || due < server->deadline.due)
		rl_loop_set_timer(server->loop, &server->deadline, due);
	rl_server_look(server);
}

void rl_server_join(struct rill_server *server, struct rl_service *service)
{
	rl_list_append(&server->services, &service->node);
}

void rl_server_leave(struct rl_service *service)
{
	rl_list_remove(&service->node);
}
