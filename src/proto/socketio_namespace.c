/* socketio_namespace.c: names to namespaces, and what a program sets on them. A parent stands for those that
 * are made when a client first asks; they look at it for whatever they have not got themselves. */
#include "proto/socketio.h"

struct rill_namespace *rl_sio_namespace_find(struct rill_socketio *io, struct rl_slice name)
{
	struct rl_table_node *node = rl_table_first(&io->names, rl_table_hash(&io->names, name));

	for (; node; node = rl_table_next(node)) {
		struct rill_namespace *ns = rl_container(node, struct rill_namespace, by_name);
		if (rl_slice_equal(rl_sio_name(ns), name))
			return ns;
	}
	return NULL;
}

/* Not among the names yet: a parent never is. */
static struct rill_namespace *make(struct rill_socketio *io, struct rl_slice name)
{
	const struct rl_env *env = rl_sio_env(io);
	struct rill_namespace *ns = rl_zalloc(env, sizeof(*ns) + name.len + 1);

	if (!ns)
		return NULL;
	ns->io = io;
	ns->len = name.len;
	if (name.len)
		memcpy(ns->name, name.data, name.len);
	rl_list_init(&ns->sockets);
	rl_table_init(&ns->rooms, env);
	rl_table_init(&ns->events, env);
	rl_list_append(&io->namespaces, &ns->node);
	return ns;
}

int rl_sio_namespace_new(
	struct rill_namespace **result, struct rill_socketio *io, struct rl_slice name)
{
	struct rill_namespace *ns = make(io, name);

	if (!ns)
		return RILL_ENOMEM;
	rl_table_put(&io->names, &ns->by_name, rl_table_hash(&io->names, name));
	*result = ns;
	return 0;
}

void rl_sio_namespace_free(struct rill_namespace *ns)
{
	struct rill_socketio *io = ns->io;
	const struct rl_env *env = rl_sio_env(io);
	struct rl_table_node *node;

	assert(rl_list_empty(&ns->sockets) && !ns->rooms.count);
	while ((node = rl_table_any(&ns->events))) {
		rl_table_remove(&ns->events, node);
		rl_free(env, rl_container(node, struct rl_sio_event, node));
	}
	if (!rl_sio_is_parent(ns))
		rl_table_remove(&io->names, &ns->by_name);
	if (ns->parent)
		io->children--;
	if (ns->pattern) {
		regfree(ns->pattern);
		rl_free(env, ns->pattern);
	}
	rl_list_remove(&ns->node);
	rl_table_fini(&ns->rooms);
	rl_table_fini(&ns->events);
	rl_free(env, ns->middlewares);
	rl_free(env, ns->event_middlewares);
	rl_free(env, ns);
}

static bool is_spent(const struct rill_namespace *ns)
{
	return ns->parent && !ns->pinned && !ns->users && ns->io->options.cleanup_namespaces;
}

void rl_sio_namespace_use(struct rill_namespace *ns)
{
	if (is_spent(ns)) { /* no more */
		rl_list_remove(&ns->node);
		rl_list_append(&ns->io->namespaces, &ns->node);
	}
	rl_sio_namespace_hold(ns);
}

void rl_sio_namespace_drop(struct rill_namespace *ns)
{
	if (!ns)
		return;
	ns->users--;
	if (!is_spent(ns))
		return;
	rl_list_remove(&ns->node);
	rl_list_append(&ns->io->spent, &ns->node);
	rl_sio_wake(ns->io);
}

void rl_sio_namespaces_sweep(struct rill_socketio *io)
{
	while (!rl_list_empty(&io->spent)) {
		struct rill_namespace *ns = rl_container(
			io->spent.next, struct rill_namespace, node);
		if (is_spent(ns)) {
			rl_sio_namespace_free(ns);
		} else { /* somebody has come meanwhile */
			rl_list_remove(&ns->node);
			rl_list_append(&io->namespaces, &ns->node);
		}
	}
}

rill_namespace *rill_socketio_of(rill_socketio *io, const char *name)
{
	struct rl_slice text = rl_slice_str(name);
	struct rill_namespace *ns;

	if (!text.len || text.data[0] != '/' || strpbrk(name, ",?"))
		return NULL;
	ns = rl_sio_namespace_find(io, text);
	if (!ns && rl_sio_namespace_new(&ns, io, text) < 0)
		return NULL;
	ns->pinned = true;
	return ns;
}

/* In front of the children, of which there may be thousands: whoever asks for a name that is none is not to
 * have all of them looked through. */
static void put_parent(struct rill_namespace *ns)
{
	struct rl_list *namespaces = &ns->io->namespaces, *node;

	rl_list_remove(&ns->node);
	for (node = namespaces->next; node != namespaces; node = node->next)
		if (!rl_sio_is_parent(rl_container(node, struct rill_namespace, node)))
			break;
	rl_list_append(node, &ns->node);
}

rill_namespace *rill_socketio_of_function(rill_socketio *io, rill_namespace_fn fn, void *user)
{
	struct rill_namespace *ns = fn ? make(io, rl_slice(NULL, 0)) : NULL;

	if (!ns)
		return NULL;
	ns->admits = fn;
	ns->admits_user = user;
	put_parent(ns);
	return ns;
}

rill_namespace *rill_socketio_of_pattern(rill_socketio *io, const char *pattern)
{
	const struct rl_env *env = rl_sio_env(io);
	struct rill_namespace *ns = NULL;
	regex_t *compiled = pattern ? rl_alloc(env, sizeof(*compiled)) : NULL;

	if (!compiled)
		return NULL;
	if (regcomp(compiled, pattern, REG_EXTENDED | REG_NOSUB) == 0) {
		ns = make(io, rl_slice_str(pattern));
		if (!ns)
			regfree(compiled);
	}
	if (!ns) {
		rl_free(env, compiled);
		return NULL;
	}
	ns->pattern = compiled;
	put_parent(ns);
	return ns;
}

/* name has a NUL behind it. */
static bool admits(struct rill_namespace *parent, const char *name, rill_json auth)
{
	if (parent->admits)
		return parent->admits(name, auth, parent->admits_user);
	return parent->pattern && regexec(parent->pattern, name, 0, NULL, 0) == 0;
}

static struct rill_namespace *parent_for(struct rill_socketio *io, const char *name, rill_json auth)
{
	for (struct rl_list *node = io->namespaces.next; node != &io->namespaces;
		node = node->next) {
		struct rill_namespace *ns = rl_container(node, struct rill_namespace, node);
		if (!rl_sio_is_parent(ns))
			break;
		if (admits(ns, name, auth))
			return ns;
	}
	return NULL;
}

struct rill_namespace *rl_sio_namespace_ask(
	struct rill_socketio *io, struct rl_slice name, rill_json auth)
{
	char text[RL_SIO_NAME_MAX + 1];
	struct rill_namespace *ns = rl_sio_namespace_find(io, name), *parent;

	if (ns || name.len > RL_SIO_NAME_MAX || memchr(name.data, 0, name.len))
		return ns;
	memcpy(text, name.data, name.len);
	text[name.len] = 0;
	parent = parent_for(io, text, auth);
	ns = rl_sio_namespace_find(io, name); /* the function may have made it */
	if (ns || !parent || io->children >= io->options.max_children)
		return ns;
	if (rl_sio_namespace_new(&ns, io, name) < 0)
		return NULL;
	ns->parent = parent;
	io->children++;
	return ns;
}

const char *rill_namespace_name(const rill_namespace *ns)
{
	return ns->name;
}

size_t rill_namespace_count(const rill_namespace *ns)
{
	size_t count = ns->count;

	if (!rl_sio_is_parent(ns))
		return count;
	rl_list_each (node, &ns->io->namespaces) {
		const struct rill_namespace *child = rl_container(
			node, struct rill_namespace, node);
		count += child->parent == ns ? child->count : 0;
	}
	return count;
}

rill_socket *rill_namespace_find(const rill_namespace *ns, const char *id)
{
	struct rill_socket *s = rl_sio_socket_find(ns, rl_slice_str(id));

	return s && s->state == RL_SIO_OPEN ? s : NULL;
}

#define SETTER(slot, type)                                                                         \
	void rill_namespace_##slot(rill_namespace *ns, type fn, void *user)                        \
	{                                                                                          \
		ns->slot.fn = fn;                                                                  \
		ns->slot.user = user;                                                              \
	}

SETTER(on_connect, rill_socket_fn)
SETTER(on_drain, rill_socket_fn)
SETTER(on_disconnecting, rill_socket_end_fn)
SETTER(on_disconnect, rill_socket_end_fn)
SETTER(on_any, rill_any_fn)
SETTER(on_any_outgoing, rill_any_fn)

static struct rl_sio_event *find_event(const struct rill_namespace *ns, struct rl_slice name)
{
	struct rl_table_node *node = rl_table_first(&ns->events, rl_table_hash(&ns->events, name));

	for (; node; node = rl_table_next(node)) {
		struct rl_sio_event *event = rl_container(node, struct rl_sio_event, node);
		if (rl_slice_equal(rl_slice(event->name, event->len), name))
			return event;
	}
	return NULL;
}

const struct rl_sio_event *rl_sio_event_find(const struct rill_namespace *ns, struct rl_slice name)
{
	for (; ns; ns = ns->parent) {
		const struct rl_sio_event *event = ns->events.count ? find_event(ns, name) : NULL;
		if (event)
			return event;
	}
	return NULL;
}

int rill_namespace_on(rill_namespace *ns, const char *name, rill_event_fn fn, void *user)
{
	struct rl_slice text = rl_slice_str(name);

	if (!name || rl_sio_reserved(text))
		return RILL_EINVAL;
	struct rl_sio_event *event = find_event(ns, text);
	if (!fn && event) {
		rl_table_remove(&ns->events, &event->node);
		rl_free(rl_sio_env(ns->io), event);
	}
	if (!fn)
		return 0;
	if (!event) {
		event = rl_alloc(rl_sio_env(ns->io), sizeof(*event) + text.len + 1);
		if (!event)
			return RILL_ENOMEM;
		event->len = text.len;
		memcpy(event->name, name, text.len + 1);
		rl_table_put(&ns->events, &event->node, rl_table_hash(&ns->events, text));
	}
	event->fn = fn;
	event->user = user;
	return 0;
}

int rill_namespace_use(rill_namespace *ns, rill_middleware_fn fn, void *user)
{
	uint32_t n = ns->middleware_count;
	struct rl_sio_middleware *more = rl_resize(
		rl_sio_env(ns->io), ns->middlewares, (n + 1) * sizeof(*more));

	if (!more)
		return RILL_ENOMEM;
	more[n] = (struct rl_sio_middleware){ fn, user };
	ns->middlewares = more;
	ns->middleware_count = n + 1;
	return 0;
}

int rill_namespace_use_events(rill_namespace *ns, rill_event_middleware_fn fn, void *user)
{
	uint32_t n = ns->event_middleware_count;
	struct rl_sio_event_middleware *more = rl_resize(
		rl_sio_env(ns->io), ns->event_middlewares, (n + 1) * sizeof(*more));

	if (!more)
		return RILL_ENOMEM;
	more[n] = (struct rl_sio_event_middleware){ fn, user };
	ns->event_middlewares = more;
	ns->event_middleware_count = n + 1;
	return 0;
}
