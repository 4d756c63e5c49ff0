/* socketio0_events.c: what the program is told, and who of it: whoever wants to hear all that connections tell,
 * then the functions of the options, then those that were added, in the order they came.
 *
 * In any of them others may come and go, the client may be closed and the service detached: who goes is marked, and
 * freed behind the telling; who comes has a number that is not told yet. */
#include "proto/socketio0.h"

struct listener {
	struct rl_list node;
	rill_socketio0_event event;
	rill_socketio0_fn fn;
	void *user;
	uint64_t number;
	bool removed;
};

void rl_sio0_listeners_init(struct rl_sio0_listeners *listeners)
{
	*listeners = (struct rl_sio0_listeners){ .added = 0 };
	rl_list_init(&listeners->list);
}

static struct listener *at(struct rl_list *node)
{
	return rl_container(node, struct listener, node);
}

static void free_listener(const struct rl_env *env, struct listener *listener)
{
	rl_list_remove(&listener->node);
	rl_free(env, listener);
}

void rl_sio0_listeners_free(const struct rl_env *env, struct rl_sio0_listeners *listeners)
{
	while (!rl_list_empty(&listeners->list))
		free_listener(env, at(listeners->list.next));
}

static int add(const struct rl_env *env, struct rl_sio0_listeners *listeners,
	rill_socketio0_event event, rill_socketio0_fn fn, void *user)
{
	struct listener *listener = rl_alloc(env, sizeof(*listener));

	if (!listener)
		return RILL_ENOMEM;
	*listener = (struct listener){
		.event = event, .fn = fn, .user = user, .number = ++listeners->added
	};
	rl_list_append(&listeners->list, &listener->node);
	return 0;
}

static int take_away(const struct rl_env *env, struct rl_sio0_listeners *listeners,
	rill_socketio0_event event, rill_socketio0_fn fn, void *user)
{
	rl_list_each (node, &listeners->list) {
		struct listener *l = at(node);
		if (l->removed || l->event != event || l->fn != fn || l->user != user)
			continue;
		l->removed = true;
		if (!listeners->telling)
			free_listener(env, l);
		return 0;
	}
	return RILL_ENOENT;
}

/* What is being told, and of whom. */
struct news {
	rill_socketio0_event event;
	rill_socketio0 *io;
	rill_conn *client;
	/* NULL: it is none, and who is closed meanwhile hears it all the same. */
	const rill_msg *message;
};

static bool goes_on(const struct news *news)
{
	return !news->message || news->client->state == RILL_CONN_OPEN;
}

static void tell(struct rl_sio0_listeners *listeners, const struct news *news)
{
	const struct rl_env *env = &news->client->loop->env;
	uint64_t last = listeners->added;

	listeners->telling++;
	rl_list_each (node, &listeners->list) {
		struct listener *l = at(node);
		if (l->number > last || !goes_on(news))
			break;
		if (!l->removed && l->event == news->event)
			l->fn(news->io, news->client, news->message, l->user);
	}
	if (--listeners->telling)
		return;
	rl_list_each_safe (node, &listeners->list)
		if (at(node)->removed)
			free_listener(env, at(node));
}

static struct rl_sio0_listeners *own_listeners(rill_conn *conn)
{
	return rl_session(conn)->dialect_data;
}

static void tell_client(const struct news *news)
{
	struct rl_sio0_listeners *own = own_listeners(news->client);

	if (own)
		tell(own, news);
}

static void tell_listener(const struct news *news, rill_socketio0_fn first)
{
	if (first && goes_on(news))
		first(news->io, news->client, news->message, news->io->options.user);
	tell(&news->io->listeners, news);
}

static struct rill_socketio0 *hold_io(rill_conn *conn)
{
	struct rill_socketio0 *io = rl_sio0_of(rl_session(conn)->sessions);

	rl_session_service_hold(&io->service);
	return io;
}

static void say(struct rill_socketio0 *io, rill_conn *conn, const char *what)
{
	struct rl_env room;

	if (io->options.log)
		rl_log(rl_sio0_log(io, &room), RILL_LOG_INFO, "%s: %s has %s", rill_conn_peer(conn),
			rill_conn_transport(conn), what);
}

static void on_open(rill_conn *conn)
{
	struct rill_socketio0 *io = hold_io(conn);
	const rill_handler *outer = io->options.handler;
	struct news news = { RILL_SOCKETIO0_CLIENT_CONNECT, io, conn, NULL };

	if (outer && outer->on_open)
		outer->on_open(conn);
	tell_listener(&news, io->options.on_client_connect);
	news.event = RILL_SOCKETIO0_CONNECTION;
	tell_listener(&news, io->options.on_connection);
	say(io, conn, "connected"); /* the log may be the program's, too, and hears of a client behind it */
	rl_session_service_release(&io->service);
}

static void on_message(rill_conn *conn, rill_msg message)
{
	struct rill_socketio0 *io = hold_io(conn);
	const rill_handler *outer = io->options.handler;
	struct news news = { RILL_SOCKETIO0_MESSAGE, io, conn, &message };

	if (outer && outer->on_message)
		outer->on_message(conn, message);
	tell_client(&news);
	news.event = RILL_SOCKETIO0_CLIENT_MESSAGE;
	tell_listener(&news, io->options.on_client_message);
	rl_session_service_release(&io->service);
}

static void on_drain(rill_conn *conn)
{
	const rill_handler *outer = rl_sio0_of(rl_session(conn)->sessions)->options.handler;

	if (outer && outer->on_drain)
		outer->on_drain(conn);
}

static void on_close(rill_conn *conn, int code, rill_bytes reason)
{
	struct rill_socketio0 *io = hold_io(conn);
	const rill_handler *outer = io->options.handler;
	struct news news = { RILL_SOCKETIO0_DISCONNECT, io, conn, NULL };

	say(io, conn, "disconnected");
	if (outer && outer->on_close)
		outer->on_close(conn, code, reason);
	tell_client(&news);
	news.event = RILL_SOCKETIO0_CLIENT_DISCONNECT;
	tell_listener(&news, io->options.on_client_disconnect);
	rl_session_service_release(&io->service);
}

const rill_handler rl_sio0_handler = {
	.size = sizeof(rl_sio0_handler),
	.on_open = on_open,
	.on_message = on_message,
	.on_drain = on_drain,
	.on_close = on_close,
};

void rl_sio0_over(struct rl_session *session)
{
	const struct rl_env *env = &session->conn.loop->env;
	struct rl_sio0_listeners *own = session->dialect_data;

	if (!own)
		return;
	rl_sio0_listeners_free(env, own);
	rl_free(env, own);
	session->dialect_data = NULL;
}

static bool is_listeners(rill_socketio0_event event)
{
	return (unsigned)event <= RILL_SOCKETIO0_CLIENT_DISCONNECT;
}

static bool is_clients(rill_socketio0_event event)
{
	return event == RILL_SOCKETIO0_MESSAGE || event == RILL_SOCKETIO0_DISCONNECT;
}

int rill_socketio0_on(
	rill_socketio0 *io, rill_socketio0_event event, rill_socketio0_fn fn, void *user)
{
	if (!is_listeners(event) || !fn)
		return RILL_EINVAL;
	return add(rl_sio0_env(io), &io->listeners, event, fn, user);
}

int rill_socketio0_remove(
	rill_socketio0 *io, rill_socketio0_event event, rill_socketio0_fn fn, void *user)
{
	return take_away(rl_sio0_env(io), &io->listeners, event, fn, user);
}

/* Most clients have none of their own, and no memory for them. */
int rill_socketio0_client_on(
	rill_conn *client, rill_socketio0_event event, rill_socketio0_fn fn, void *user)
{
	struct rl_session *session = rl_sio0_session(client);
	const struct rl_env *env = &client->loop->env;

	if (!session || !is_clients(event) || !fn)
		return RILL_EINVAL;
	if (client->state == RILL_CONN_CLOSED)
		return RILL_ECLOSED;
	if (!session->dialect_data) {
		struct rl_sio0_listeners *own = rl_alloc(env, sizeof(*own));
		if (!own)
			return RILL_ENOMEM;
		rl_sio0_listeners_init(own);
		session->dialect_data = own;
	}
	return add(env, session->dialect_data, event, fn, user);
}

int rill_socketio0_client_remove(
	rill_conn *client, rill_socketio0_event event, rill_socketio0_fn fn, void *user)
{
	struct rl_session *session = rl_sio0_session(client);
	struct rl_sio0_listeners *own = session ? session->dialect_data : NULL;

	return own ? take_away(&client->loop->env, own, event, fn, user) : RILL_ENOENT;
}
