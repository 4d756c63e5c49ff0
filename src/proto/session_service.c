/* session_service.c: a service with sessions in a server: it joins, stops, is cut, and goes behind its last session
 * and the last call that needs it. */
#include "proto/session_service.h"

static struct rl_session_service *of(struct rl_service *in_server)
{
	return rl_container(in_server, struct rl_session_service, in_server);
}

static void free_all(struct rl_session_service *service)
{
	rl_list_remove(&service->task.node);
	rl_sessions_fini(&service->sessions);
	service->ops->free(service);
}

void rl_session_service_drop(struct rl_session_service *service)
{
	rl_server_leave(&service->in_server);
	free_all(service);
}

static void free_later(struct rl_task *task)
{
	struct rl_session_service *service = rl_container(task, struct rl_session_service, task);

	service->ops->part(service);
	rl_session_service_drop(service);
}

static void look(struct rl_session_service *service)
{
	if (!service->attached && !service->busy && rl_sessions_empty(&service->sessions))
		rl_loop_bury(service->sessions.loop, &service->task);
}

void rl_session_service_release(struct rl_session_service *service)
{
	assert(service->busy > 0);
	service->busy--;
	look(service);
}

static void on_empty(struct rl_sessions *sessions)
{
	look(rl_container(sessions, struct rl_session_service, sessions));
}

/* What is no session yet will be none. */
static void stop(struct rl_session_service *service)
{
	if (service->ops->stop)
		service->ops->stop(service);
}

static void on_stop(struct rl_service *in_server)
{
	stop(of(in_server));
	rl_sessions_close(&of(in_server)->sessions, 1001, "the server is going away");
}

static void on_cut(struct rl_service *in_server)
{
	stop(of(in_server));
	rl_sessions_cut(&of(in_server)->sessions);
}

/* Its WebSockets go with the server, too. */
static void on_free(struct rl_service *in_server)
{
	free_all(of(in_server));
}

int rl_session_service_init(struct rl_session_service *service,
	const struct rl_session_service_ops *ops, struct rill_server *server,
	const struct rl_dialect *dialect, const rill_handler *handler)
{
	int rc = rl_sessions_init(&service->sessions, server, dialect, handler);

	if (rc < 0)
		return rc;
	service->sessions.empty = on_empty;
	service->ops = ops;
	service->busy = 1;
	service->attached = false;
	rl_task_init(&service->task, free_later);
	service->in_server = (struct rl_service){ .stop = on_stop, .cut = on_cut, .free = on_free };
	rl_server_join(server, &service->in_server);
	return 0;
}

void rl_session_service_detach(struct rl_session_service *service, int code, const char *reason)
{
	if (!service->attached)
		return;
	service->attached = false;
	rl_session_service_hold(service);
	stop(service);
	if (code)
		rl_sessions_close(&service->sessions, code, reason);
	rl_session_service_release(service);
}
