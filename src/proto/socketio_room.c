/* socketio_room.c: rooms, and whom a broadcast is for. A room exists while somebody is in it. That each socket
 * is in the one called by its id costs nothing: it is looked up among the ids. */
#include "proto/socketio.h"

static struct rl_sio_room *find(const struct rill_namespace *ns, struct rl_slice name)
{
	struct rl_table_node *node = rl_table_first(&ns->rooms, rl_table_hash(&ns->rooms, name));

	for (; node; node = rl_table_next(node)) {
		struct rl_sio_room *room = rl_container(node, struct rl_sio_room, node);
		if (rl_slice_equal(rl_slice(room->name, room->len), name))
			return room;
	}
	return NULL;
}

struct rill_socket *rl_sio_socket_find(const struct rill_namespace *ns, struct rl_slice id)
{
	const struct rl_table *ids = &ns->io->ids;
	struct rl_table_node *node = rl_table_first(ids, rl_table_hash(ids, id));

	for (; node; node = rl_table_next(node)) {
		struct rill_socket *s = rl_container(node, struct rill_socket, by_id);
		if (s->ns == ns && rl_slice_equal(rl_sio_id(s), id))
			return s;
	}
	return NULL;
}

/* The shorter of the two lists is looked through. */
static struct rl_sio_member *member_of(const struct rill_socket *s, const struct rl_sio_room *room)
{
	if (room->count < s->room_count) {
		rl_list_each (node, &room->members) {
			struct rl_sio_member *m = rl_container(node, struct rl_sio_member, of_room);
			if (m->socket == s)
				return m;
		}
		return NULL;
	}
	struct rl_sio_member *m = s->rooms;
	while (m && m->room != room)
		m = m->next;
	return m;
}

static void remove_room(struct rill_namespace *ns, struct rl_sio_room *room)
{
	rl_table_remove(&ns->rooms, &room->node);
	rl_free(rl_sio_env(ns->io), room);
}

static struct rl_sio_room *make(struct rill_namespace *ns, struct rl_slice name)
{
	struct rl_sio_room *room = rl_alloc(rl_sio_env(ns->io), sizeof(*room) + name.len + 1);

	if (!room)
		return NULL;
	room->count = 0;
	room->len = name.len;
	memcpy(room->name, name.data, name.len);
	room->name[name.len] = 0;
	rl_list_init(&room->members);
	rl_table_put(&ns->rooms, &room->node, rl_table_hash(&ns->rooms, name));
	return room;
}

static int enter(struct rill_socket *s, struct rl_sio_room *room)
{
	struct rl_sio_member *m = rl_alloc(rl_sio_env(s->ns->io), sizeof(*m));

	if (!m)
		return RILL_ENOMEM;
	*m = (struct rl_sio_member){ .next = s->rooms, .room = room, .socket = s };
	m->at = &s->rooms;
	if (m->next)
		m->next->at = &m->next;
	s->rooms = m;
	s->room_count++;
	rl_list_append(&room->members, &m->of_room);
	room->count++;
	return 0;
}

static bool may_join(const struct rill_socket *s)
{
	return s->client && (s->state == RL_SIO_ASKING || s->state == RL_SIO_OPEN);
}

int rl_sio_join(struct rill_socket *s, struct rl_slice name)
{
	if (!may_join(s))
		return RILL_ECLOSED;
	const rill_socketio_options *o = &s->ns->io->options;
	if (rl_slice_equal(name, rl_sio_id(s))) {
		s->left_own = false;
		return 0;
	}
	struct rl_sio_room *room = find(s->ns, name);
	if (room && member_of(s, room))
		return 0;
	if (s->room_count >= o->max_rooms || name.len > o->max_room_name)
		return RILL_ELIMIT;
	if (!room)
		room = make(s->ns, name);
	int rc = room ? enter(s, room) : RILL_ENOMEM;
	if (room && !room->count)
		remove_room(s->ns, room);
	return rc;
}

int rill_join(rill_socket *s, const char *room)
{
	return rl_sio_join(s, rl_slice_str(room));
}

static void leave(struct rill_socket *s, struct rl_sio_member *m)
{
	struct rl_sio_room *room = m->room;

	*m->at = m->next;
	if (m->next)
		m->next->at = m->at;
	s->room_count--;
	rl_list_remove(&m->of_room);
	if (!--room->count)
		remove_room(s->ns, room);
	rl_free(rl_sio_env(s->ns->io), m);
}

void rill_leave(rill_socket *s, const char *name)
{
	struct rl_slice text = rl_slice_str(name);
	struct rl_sio_room *room;
	struct rl_sio_member *m;

	if (!may_join(s))
		return;
	if (rl_slice_equal(text, rl_sio_id(s)))
		s->left_own = true;
	room = find(s->ns, text);
	m = room ? member_of(s, room) : NULL;
	if (m)
		leave(s, m);
}

void rl_sio_leave_all(struct rill_socket *s)
{
	while (s->rooms)
		leave(s, s->rooms);
}

bool rl_sio_is_in(const struct rill_socket *s, struct rl_slice name)
{
	if (!s->ns)
		return false;
	if (rl_slice_equal(name, rl_sio_id(s)))
		return !s->left_own;
	struct rl_sio_room *room = find(s->ns, name);
	return room && member_of(s, room);
}

bool rill_in_room(const rill_socket *s, const char *room)
{
	return rl_sio_is_in(s, rl_slice_str(room));
}

void rill_socket_rooms(const rill_socket *s, void (*fn)(const char *room, void *user), void *user)
{
	struct rl_sio_member *m = s->rooms, *next;

	if (!s->left_own)
		fn(s->text, user);
	for (; m; m = next) {
		next = m->next; /* fn may leave the one it is told of */
		fn(m->room->name, user);
	}
}

size_t rl_sio_count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* All in a room, those on their way out too. */
struct walk {
	struct rill_namespace *ns;
	uint64_t serial;
	int (*fn)(struct rill_socket *s, void *arg);
	void *arg;
};

/* Each is looked at once. fn NULL: it is not to be looked at any more. */
static int visit(struct walk *walk, struct rill_socket *s)
{
	if (s->state != RL_SIO_OPEN || s->mark == walk->serial)
		return 0;
	s->mark = walk->serial;
	return walk->fn ? walk->fn(s, walk->arg) : 0;
}

static int visit_room(struct walk *walk, struct rl_slice name)
{
	struct rl_sio_room *room = find(walk->ns, name);
	struct rill_socket *own = rl_sio_socket_find(walk->ns, name);
	int rc = own && !own->left_own ? visit(walk, own) : 0;

	if (!room)
		return rc;
	for (struct rl_list *node = room->members.next; rc == 0 && node != &room->members;
		node = node->next)
		rc = visit(walk, rl_container(node, struct rl_sio_member, of_room)->socket);
	return rc;
}

static int visit_all(struct walk *walk)
{
	struct rl_list *sockets = &walk->ns->sockets;
	int rc = 0;

	for (struct rl_list *node = sockets->next; rc == 0 && node != sockets; node = node->next)
		rc = visit(walk, rl_container(node, struct rill_socket, of_namespace));
	return rc;
}

int rl_sio_select(struct rill_namespace *ns, const rill_broadcast *to,
	int (*fn)(struct rill_socket *s, void *arg), void *arg)
{
	struct walk walk = { .ns = ns, .serial = ++ns->io->serial };
	int rc = 0;

	for (size_t i = 0; to->except && to->except[i]; i++)
		visit_room(&walk, rl_slice_str(to->except[i]));
	if (to->from && to->from->state == RL_SIO_OPEN)
		to->from->mark = walk.serial;
	walk.fn = fn;
	walk.arg = arg;
	if (!to->rooms)
		return visit_all(&walk);
	for (size_t i = 0; rc == 0 && to->rooms[i]; i++)
		rc = visit_room(&walk, rl_slice_str(to->rooms[i]));
	return rc;
}
