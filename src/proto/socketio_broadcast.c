/* socketio_broadcast.c: what is done to many sockets at once. What is sent is encoded once and shared; what
 * may call the program, or changes rooms, works on a list of the sockets that was made before. */
#include "proto/socketio.h"

static struct rill_namespace *namespace_of(const rill_broadcast *to)
{
	return to->ns ? to->ns : to->from ? to->from->ns : NULL;
}

/* Calls fn for the namespace, or for each child of a parent. */
static int each_namespace(
	struct rill_namespace *ns, int (*fn)(struct rill_namespace *ns, void *arg), void *arg)
{
	int rc = 0;

	if (!rl_sio_is_parent(ns))
		return fn(ns, arg);
	struct rl_list *node = ns->io->namespaces.next;
	while (rc == 0 && node != &ns->io->namespaces) {
		struct rill_namespace *child = rl_container(node, struct rill_namespace, node);
		rl_sio_namespace_hold(child); /* fn may see its last socket go */
		if (child->parent == ns)
			rc = fn(child, arg);
		node = node->next;
		rl_sio_namespace_drop(child);
	}
	return rc;
}

/* The sockets a broadcast is for, each with a reference. */
struct sockets {
	const rill_broadcast *to;
	const struct rl_env *env;
	struct rill_socket **list;
	size_t count, room;
};

static int add(struct rill_socket *s, void *arg)
{
	struct sockets *sockets = arg;

	if (sockets->count == sockets->room) {
		size_t room = sockets->room ? sockets->room * 2 : 16;
		struct rill_socket **more = rl_resize(
			sockets->env, sockets->list, room * sizeof(struct rill_socket *));
		if (!more)
			return RILL_ENOMEM;
		sockets->list = more;
		sockets->room = room;
	}
	rl_sio_socket_ref(s);
	sockets->list[sockets->count++] = s;
	return 0;
}

static int add_all(struct rill_namespace *ns, void *arg)
{
	struct sockets *sockets = arg;

	return rl_sio_select(ns, sockets->to, add, sockets);
}

static void drop_sockets(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		rl_sio_socket_unref(sockets->list[i]);
	rl_free(sockets->env, sockets->list);
}

static int list_sockets(const rill_broadcast *to, struct sockets *sockets)
{
	struct rill_namespace *ns = namespace_of(to);

	*sockets = (struct sockets){ .to = to };
	if (!ns)
		return to->from ? 0 : RILL_EINVAL;
	sockets->env = rl_sio_env(ns->io);
	int rc = each_namespace(ns, add_all, sockets);
	if (rc < 0)
		drop_sockets(sockets);
	return rc;
}

int rill_broadcast_each(const rill_broadcast *to, rill_socket_fn fn, void *user)
{
	struct sockets sockets;
	int rc = list_sockets(to, &sockets);

	if (rc < 0 || !sockets.list)
		return rc;
	for (size_t i = 0; i < sockets.count; i++)
		if (sockets.list[i]->state == RL_SIO_OPEN)
			fn(sockets.list[i], user);
	drop_sockets(&sockets);
	return 0;
}

struct change {
	const char *room;
	bool close;
	int rc;
};

static void join_one(struct rill_socket *s, void *arg)
{
	struct change *change = arg;
	int rc = rill_join(s, change->room);

	if (rc < 0)
		change->rc = rc;
}

static void leave_one(struct rill_socket *s, void *arg)
{
	rill_leave(s, ((struct change *)arg)->room);
}

static void disconnect_one(struct rill_socket *s, void *arg)
{
	rill_socket_disconnect(s, ((struct change *)arg)->close);
}

int rill_broadcast_join(const rill_broadcast *to, const char *room)
{
	struct change change = { .room = room };
	int rc = rill_broadcast_each(to, join_one, &change);

	return rc < 0 ? rc : change.rc;
}

int rill_broadcast_leave(const rill_broadcast *to, const char *room)
{
	struct change change = { .room = room };

	return rill_broadcast_each(to, leave_one, &change);
}

int rill_broadcast_disconnect(const rill_broadcast *to, bool close)
{
	struct change change = { .close = close };

	return rill_broadcast_each(to, disconnect_one, &change);
}

/* An event on its way to one namespace. */
struct event {
	const rill_broadcast *to;
	const char *name;
	const rill_arg *args;
	struct rill_namespace *ns;
	struct rl_sio_message message;
	struct rl_sio_pack *pack; /* NULL: each gets a copy */
	struct rl_sio_ask *ask;
	uint64_t id;
	uint64_t offset; /* 0: none */
	int rc;
};

/* One that is slow, or gone, keeps nobody else from getting it. */
static int send_to(struct rill_socket *s, void *arg)
{
	struct event *event = arg;
	int rc;

	if (event->ask) {
		rc = rl_sio_ask_add(event->ask, s, event->id);
		if (rc == RILL_ENOMEM)
			event->rc = rc;
		if (rc < 0)
			return 0;
	}
	if (event->pack)
		rc = rl_sio_pack_send(s->client, event->pack);
	else
		rc = rl_sio_send(s->client, &event->message, event->to->flags);
	if (rc < 0 && event->ask)
		rl_sio_ask_undo(event->ask, s, event->id);
	if (event->offset)
		rl_sio_recovery_sent(s, event->offset, rc);
	if (rc == RILL_ENOMEM)
		event->rc = rc;
	return 0;
}

static bool is_remembered(const struct event *event)
{
	return event->ns->io->recovery && !event->ask && !(event->to->flags & RILL_VOLATILE);
}

static int encode(struct event *event, bool remembered)
{
	struct rill_namespace *ns = event->ns;
	char offset[RL_SIO_OFFSET];
	struct rl_sio_head head = {
		.type = RL_SIO_EVENT,
		.name = rl_sio_name(ns),
		.has_id = event->ask != NULL,
		.event = rl_slice_str(event->name),
	};

	if (event->ask)
		event->id = head.id = ns->last_ack++;
	if (remembered)
		head.offset = rl_sio_recovery_offset(ns->io, offset);
	int rc = rl_sio_encode(ns->io, &event->message, &head, event->args);
	if (rc < 0)
		return rc;
	event->offset = remembered ? rl_sio_recovery_now(ns->io) + 1 : 0;
	event->pack = NULL;
	/* A publication has no options of its own: what is dropped or not deflated goes to each. */
	if (remembered || !event->to->flags)
		event->pack = rl_sio_pack_new(ns->io, &event->message);
	return (remembered || !event->to->flags) && !event->pack ? RILL_ENOMEM : 0;
}

/* Those that were told of before are not told, and those that were not yet cannot be in it. */
static void tell_outgoing(struct event *event)
{
	struct sockets sockets = { .to = event->to, .env = rl_sio_env(event->ns->io) };

	if (!rl_sio_outgoing_wanted(event->ns)) {
		rl_sio_settle(event->ns->io);
		return;
	}
	if (add_all(event->ns, &sockets) == 0)
		rl_sio_tell_outgoing(
			sockets.list, sockets.count, event->ns, event->name, &event->message);
	drop_sockets(&sockets);
}

static int publish(struct rill_namespace *ns, void *arg)
{
	struct event *event = arg;

	event->ns = ns;
	bool remembered = is_remembered(event);
	if (!ns->count && !remembered)
		return 0;
	int rc = encode(event, remembered);
	if (rc < 0)
		return rc;
	rl_sio_select(ns, event->to, send_to, event);
	if (remembered)
		rl_sio_recovery_keep(ns->io, ns, event->to, NULL, event->pack);
	rl_sio_pack_unref(event->pack);
	tell_outgoing(event);
	return 0;
}

static int send_event(struct event *event)
{
	struct rill_namespace *ns = namespace_of(event->to);
	int rc = rl_sio_check_event(event->name);

	if (rc < 0)
		return rc;
	if (!ns)
		return event->to->from ? RILL_ECLOSED : RILL_EINVAL;
	rc = each_namespace(ns, publish, event);
	return rc < 0 ? rc : event->rc;
}

int rill_broadcast_emit(const rill_broadcast *to, const char *name, const rill_arg *args)
{
	struct event event = { .to = to, .name = name, .args = args };

	return send_event(&event);
}

int rill_broadcast_ask(const rill_broadcast *to, const char *name, const rill_arg *args,
	uint32_t timeout_ms, rill_answers_fn fn, void *user)
{
	struct rill_namespace *ns = namespace_of(to);
	struct event event = { .to = to, .name = name, .args = args };

	if (!fn)
		return RILL_EINVAL;
	if (!ns)
		return to->from ? RILL_ECLOSED : RILL_EINVAL;
	int rc = rl_sio_ask_new(&event.ask, ns->io, timeout_ms);
	if (rc < 0)
		return rc;
	rl_sio_ask_many(event.ask, fn, user);
	rc = send_event(&event);
	if (rc < 0 && rc != event.rc) { /* nobody was asked, as far as anybody will hear */
		rl_sio_ask_drop(event.ask);
		return rc;
	}
	if (event.rc < 0)
		rl_sio_ask_failed(event.ask, event.rc);
	rl_sio_ask_begin(event.ask);
	return 0;
}
