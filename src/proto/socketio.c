/* socketio.c: the Socket.IO service: attaching to a server, stopping, and what is due at the end of a turn. */
#include "proto/socketio.h"

/* Base64 for URLs (RFC 4648, 5), as the reference's ids have. */
void rl_sio_new_id(struct rill_socketio *io, char id[RL_SIO_ID + 1])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const struct rl_env *env = rl_sio_env(io);
	uint8_t random[RL_SIO_ID];

	env->random(random, sizeof(random), env->user);
	for (size_t i = 0; i < RL_SIO_ID; i++)
		id[i] = digits[random[i] & 63];
	id[RL_SIO_ID] = 0;
}

void rl_sio_wake(struct rill_socketio *io)
{
	rl_loop_defer_writes(io->loop, &io->task);
}

void rl_sio_due(struct rill_socket *s)
{
	struct rill_socketio *io = s->ns->io;

	if (s->due)
		return;
	s->due = true;
	s->next_due = NULL;
	rl_sio_socket_ref(s);
	if (io->last_due)
		io->last_due->next_due = s;
	else
		io->first_due = s;
	io->last_due = s;
	rl_sio_wake(io);
}

static struct rill_socket *take_due(struct rill_socketio *io)
{
	struct rill_socket *s = io->first_due;

	io->first_due = s->next_due;
	if (!io->first_due)
		io->last_due = NULL;
	s->due = false;
	return s;
}

static void do_due(struct rl_task *task)
{
	struct rill_socketio *io = rl_container(task, struct rill_socketio, task);
	struct rill_socket *last = io->last_due, *s = NULL;

	io->busy++;
	while (io->first_due && s != last) { /* what is added meanwhile has its own turn */
		s = take_due(io);
		if (s->state == RL_SIO_ENDING)
			rl_sio_socket_tell(s);
		else if (s->state == RL_SIO_ASKING && !s->waiting)
			rl_sio_connect_go_on(s);
		rl_sio_socket_unref(s);
	}
	if (io->first_due)
		rl_sio_wake(io);
	rl_sio_namespaces_sweep(io);
	rl_sio_release(io);
}

static void free_service(struct rill_socketio *io)
{
	const struct rl_env *env = rl_sio_env(io);

	assert(rl_list_empty(&io->clients));
	rl_sio_asks_end(io);
	while (io->first_due)
		rl_sio_socket_unref(take_due(io));
	rl_sio_recovery_free(io);
	rl_sio_bundle_free(io);
	rl_list_splice(&io->namespaces, &io->spent);
	while (!rl_list_empty(&io->namespaces))
		rl_sio_namespace_free(
			rl_container(io->namespaces.next, struct rill_namespace, node));
	rl_table_fini(&io->names);
	rl_table_fini(&io->ids);
	rl_buf_release(&io->out);
	rl_buf_release(&io->body);
	rl_buf_release(&io->json);
	rl_buf_release(&io->query);
	rl_free(env, io->attached.list);
	rl_sio_options_free(env, &io->options);
	rl_list_remove(&io->task.node); /* what went has woken it */
	rl_list_remove(&io->burial.node);
	rl_free(env, io);
}

static void free_later(struct rl_task *task)
{
	struct rill_socketio *io = rl_container(task, struct rill_socketio, burial);

	if (!rl_list_empty(&io->clients))
		return;
	rl_server_leave(&io->in_server);
	free_service(io);
}

void rl_sio_release(struct rill_socketio *io)
{
	assert(io->busy > 0);
	io->busy--;
	if (io->detached && !io->busy && rl_list_empty(&io->clients))
		rl_loop_bury(io->loop, &io->burial);
}

/* The sessions are closed by the service below, without a word of ours, so that clients come again. */
static void stop_service(struct rl_service *in_server)
{
	rl_container(in_server, struct rill_socketio, in_server)->stopping = true;
}

static void cut_service(struct rl_service *in_server)
{
	rl_container(in_server, struct rill_socketio, in_server)->stopping = true;
}

static void server_gone(struct rl_service *in_server)
{
	free_service(rl_container(in_server, struct rill_socketio, in_server));
}

static int failed(const struct rl_env *env, const char *why)
{
	rl_log(env, RILL_LOG_ERROR, "socketio options: %s", why);
	return RILL_EINVAL;
}

static void init(struct rill_socketio *io, struct rill_server *server)
{
	const struct rl_env *env;

	io->server = server;
	io->loop = rill_server_loop(server);
	env = rl_sio_env(io);
	io->handler = (rill_handler){
		.size = sizeof(rill_handler),
		.on_open = rl_sio_on_open,
		.on_message = rl_sio_on_message,
		.on_drain = rl_sio_on_drain,
		.on_close = rl_sio_on_close,
	};
	rl_list_init(&io->clients);
	rl_list_init(&io->namespaces);
	rl_list_init(&io->spent);
	rl_list_init(&io->asks);
	rl_table_init(&io->names, env);
	rl_table_init(&io->ids, env);
	rl_task_init(&io->task, do_due);
	rl_task_init(&io->burial, free_later);
	rl_buf_init(&io->out, env);
	rl_buf_init(&io->body, env);
	rl_buf_init(&io->json, env);
	rl_buf_init(&io->query, env);
}

/* All but the service below. */
static int new_service(struct rill_socketio **result, struct rill_server *server,
	const rill_socketio_options *options, const rill_engineio_options *engine)
{
	const struct rl_env *env = &rill_server_loop(server)->env;
	struct rill_socketio *io = rl_zalloc(env, sizeof(*io));
	struct rill_namespace *root;

	if (!io)
		return RILL_ENOMEM;
	init(io, server);
	io->options = *options;
	io->max_queue = engine->max_queue;
	io->overflow = engine->overflow;
	int rc = rl_sio_options_copy(env, &io->options);
	if (rc == 0)
		rc = rl_sio_namespace_new(&root, io, RL_SLICE("/"));
	if (rc == 0)
		root->pinned = true;
	if (rc == 0 && options->recovery_ms)
		rc = rl_sio_recovery_new(io);
	if (rc == 0 && options->client_dir)
		rc = rl_sio_bundle_new(io, engine);
	if (rc < 0) {
		free_service(io);
		return rc;
	}
	*result = io;
	return 0;
}

int rill_socketio_serve(
	rill_server *server, const rill_socketio_options *options, rill_socketio **result)
{
	const struct rl_env *env = &rill_server_loop(server)->env;
	rill_socketio_options all;
	rill_engineio_options engine;
	struct rill_socketio *io;
	const char *why = rl_sio_options_read(&all, &engine, options);

	if (why)
		return failed(env, why);
	int rc = new_service(&io, server, &all, &engine);
	if (rc < 0)
		return rc;
	io->in_server.stop = stop_service;
	io->in_server.cut = cut_service;
	io->in_server.free = server_gone;
	rl_server_join(server, &io->in_server); /* before the one below: it has to know first */
	rc = rill_engineio_serve(server, io->options.path, &io->handler, &engine, &io->engine);
	if (rc < 0) {
		rl_server_leave(&io->in_server);
		rl_sio_bundle_detach(io);
		free_service(io);
		return rc;
	}
	if (result)
		*result = io;
	return 0;
}

void rill_socketio_detach(rill_socketio *io, bool disconnect)
{
	if (!io || io->detached)
		return;
	io->detached = true;
	io->busy++;
	rl_sio_bundle_detach(io);
	rill_engineio_detach(io->engine, 0, NULL);
	io->engine = NULL;
	rl_list_each_safe (node, &io->clients) {
		struct rl_sio_client *client = rl_container(node, struct rl_sio_client, node);
		if (!disconnect)
			break;
		rl_sio_client_disconnect(client);
	}
	rl_sio_release(io);
}

rill_engineio *rill_socketio_engine(rill_socketio *io)
{
	return io->engine;
}

rill_loop *rill_socketio_loop(const rill_socketio *io)
{
	return io->loop;
}
