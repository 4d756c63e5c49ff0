/* socketio_recovery.c: what was sent, and who may come back for it (connection state recovery).
 *
 * Packets are counted; the count is the offset that each carries as its last argument, and clients say the
 * last one they have seen. What a socket was sent last is known (extra->last), so that one that has seen all
 * of it is owed only what came after its loss, however old that last packet is. One that names no offset has
 * seen none, and is owed everything since its CONNECT. Who cannot be given all of what it is owed, because
 * something was forgotten since, begins anew. */
#include <stdio.h>
#include "proto/socketio.h"

enum {
	PREFIX = 6,        /* so that a text of the program's is not taken for an offset */
	PUBLICATION = 256, /* bytes of one and of its form, about */
};

struct entry {
	struct rl_list node;
	struct rill_namespace *ns;
	struct rl_sio_pack *pack;
	uint64_t offset, at;
	size_t size;
	uint32_t rooms, except;
	char text[]; /* their names, each with a NUL */
};

struct rl_sio_lost {
	struct rl_list node; /* oldest first */
	struct rl_table_node by_pid;
	struct rill_namespace *ns;
	uint64_t at;
	uint64_t since, last, now; /* offsets: at CONNECT, of the last it was sent, at its end */
	char *data;
	size_t data_len, size;
	rill_json_type data_type;
	uint32_t rooms;
	bool left_own;
	char pid[RL_SIO_ID + 1];
	uint32_t id_len;
	char text[]; /* the id, then the rooms, each with a NUL */
};

struct rl_sio_recovery {
	struct rill_socketio *io;
	struct rl_list entries; /* oldest first */
	struct rl_list lost;
	struct rl_table pids;  /* struct rl_sio_lost */
	struct rl_table known; /* struct rl_sio_extra of sockets that are there */
	struct rl_timer timer;
	uint64_t offset;    /* of the last packet */
	uint64_t forgotten; /* of the last that is not kept any more */
	size_t bytes, messages, sockets;
	char prefix[RL_SIO_ID + 1];
};

static void forget_first(struct rl_sio_recovery *r)
{
	struct entry *entry = rl_container(r->entries.next, struct entry, node);

	rl_list_remove(&entry->node);
	r->forgotten = entry->offset;
	r->bytes -= entry->size;
	r->messages--;
	rl_sio_pack_unref(entry->pack);
	rl_sio_namespace_drop(entry->ns);
	rl_free(rl_sio_env(r->io), entry);
}

static void take_out(struct rl_sio_recovery *r, struct rl_sio_lost *lost)
{
	rl_list_remove(&lost->node);
	rl_table_remove(&r->pids, &lost->by_pid);
	r->bytes -= lost->size;
	r->sockets--;
}

void rl_sio_lost_free(struct rill_socketio *io, struct rl_sio_lost *lost)
{
	if (!lost)
		return;
	rl_sio_namespace_drop(lost->ns);
	rl_free(rl_sio_env(io), lost->data);
	rl_free(rl_sio_env(io), lost);
}

static void lose_first(struct rl_sio_recovery *r)
{
	struct rl_sio_lost *lost = rl_container(r->lost.next, struct rl_sio_lost, node);

	take_out(r, lost);
	rl_sio_lost_free(r->io, lost);
}

static uint64_t first_at(const struct rl_sio_recovery *r)
{
	uint64_t at = UINT64_MAX;

	if (!rl_list_empty(&r->entries))
		at = rl_container(r->entries.next, struct entry, node)->at;
	if (!rl_list_empty(&r->lost)) {
		uint64_t lost = rl_container(r->lost.next, struct rl_sio_lost, node)->at;
		at = lost < at ? lost : at;
	}
	return at;
}

/* What is too old goes, and what is too much. */
static void tidy(struct rl_sio_recovery *r)
{
	const rill_socketio_options *o = &r->io->options;
	uint64_t now = rl_loop_now(r->io->loop);

	while (!rl_list_empty(&r->entries) &&
		(r->messages > o->recovery_messages || r->bytes > o->recovery_bytes ||
			rl_container(r->entries.next, struct entry, node)->at + o->recovery_ms <=
				now))
		forget_first(r);
	while (!rl_list_empty(&r->lost) &&
		(r->sockets > o->recovery_sockets || r->bytes > o->recovery_bytes ||
			rl_container(r->lost.next, struct rl_sio_lost, node)->at + o->recovery_ms <=
				now))
		lose_first(r);
	uint64_t at = first_at(r);
	if (at == UINT64_MAX)
		rl_loop_clear_timer(r->io->loop, &r->timer);
	else if (!rl_timer_is_set(&r->timer))
		rl_loop_set_timer(r->io->loop, &r->timer, at + o->recovery_ms);
}

static void on_time(struct rl_timer *timer)
{
	tidy(rl_container(timer, struct rl_sio_recovery, timer));
}

int rl_sio_recovery_new(struct rill_socketio *io)
{
	struct rl_sio_recovery *r = rl_zalloc(rl_sio_env(io), sizeof(*r));

	if (!r)
		return RILL_ENOMEM;
	r->io = io;
	rl_list_init(&r->entries);
	rl_list_init(&r->lost);
	rl_table_init(&r->pids, rl_sio_env(io));
	rl_table_init(&r->known, rl_sio_env(io));
	rl_timer_init(&r->timer, on_time);
	rl_sio_new_id(io, r->prefix);
	r->prefix[PREFIX] = 0;
	io->recovery = r;
	return 0;
}

void rl_sio_recovery_free(struct rill_socketio *io)
{
	struct rl_sio_recovery *r = io->recovery;

	if (!r)
		return;
	while (!rl_list_empty(&r->entries))
		forget_first(r);
	while (!rl_list_empty(&r->lost))
		lose_first(r);
	rl_loop_clear_timer(io->loop, &r->timer);
	rl_table_fini(&r->pids);
	rl_table_fini(&r->known);
	rl_free(rl_sio_env(io), r);
	io->recovery = NULL;
}

struct rl_slice rl_sio_recovery_offset(struct rill_socketio *io, char text[RL_SIO_OFFSET])
{
	const struct rl_sio_recovery *r = io->recovery;
	int n = snprintf(
		text, RL_SIO_OFFSET, "%s-%llu", r->prefix, (unsigned long long)(r->offset + 1));

	return rl_slice(text, (size_t)n);
}

uint64_t rl_sio_recovery_now(const struct rill_socketio *io)
{
	return io->recovery ? io->recovery->offset : 0;
}

static size_t length_of(const char *const *list)
{
	size_t n = 0;

	for (; list && *list; list++)
		n += strlen(*list) + 1;
	return n;
}

static char *put_name(char *to, const char *name)
{
	size_t n = strlen(name) + 1;

	memcpy(to, name, n);
	return to + n;
}

static struct entry *new_entry(
	const struct rl_env *env, const rill_broadcast *to, const struct rill_socket *one)
{
	const char *const *rooms = to ? to->rooms : NULL, *const *except = to ? to->except : NULL;
	const struct rill_socket *from = to ? to->from : NULL;
	size_t size = length_of(rooms) + length_of(except) + (one ? strlen(one->text) + 1 : 0) +
		      (from ? strlen(from->text) + 1 : 0);
	struct entry *entry = rl_alloc(env, sizeof(*entry) + size);

	if (!entry)
		return NULL;
	*entry = (struct entry){ .size = sizeof(*entry) + size };
	entry->rooms = (uint32_t)(rl_sio_count(rooms) + (one != NULL));
	entry->except = (uint32_t)(rl_sio_count(except) + (from != NULL));
	char *at = entry->text;
	for (; rooms && *rooms; rooms++)
		at = put_name(at, *rooms);
	if (one)
		at = put_name(at, one->text);
	for (; except && *except; except++)
		at = put_name(at, *except);
	if (from)
		put_name(at, from->text);
	return entry;
}

void rl_sio_recovery_keep(struct rill_socketio *io, struct rill_namespace *ns,
	const rill_broadcast *to, const struct rill_socket *one, struct rl_sio_pack *pack)
{
	struct rl_sio_recovery *r = io->recovery;
	struct entry *entry;

	r->offset++;
	if (rl_list_empty(&ns->sockets) && !r->sockets)
		return; /* whoever comes now comes after it */
	entry = new_entry(rl_sio_env(io), to, one);
	if (!entry) {
		while (!rl_list_empty(&r->entries))
			forget_first(r);
		r->forgotten = r->offset;
		return;
	}
	pack->refs++;
	entry->pack = pack;
	entry->offset = r->offset;
	entry->at = rl_loop_now(io->loop);
	/* As it was sent, and in the form it has taken on the wire. */
	entry->size += 2 * pack->bytes + pack->count * PUBLICATION;
	entry->ns = ns;
	rl_sio_namespace_hold(ns);
	rl_list_append(&r->entries, &entry->node);
	r->bytes += entry->size;
	r->messages++;
	tidy(r);
}

/* Whoever is slow and stays has missed it for good; whoever goes is owed it. */
void rl_sio_recovery_sent(struct rill_socket *s, uint64_t offset, int rc)
{
	struct rl_sio_extra *x = s->extra;

	if (!x)
		return;
	if (rc >= 0) {
		x->last = offset;
		x->unsent = 0;
	} else if (!x->unsent) {
		x->unsent = offset;
	}
}

void rl_sio_recovery_know(struct rill_socket *s)
{
	struct rl_table *known = &s->ns->io->recovery->known;
	struct rl_sio_extra *x = s->extra;

	x->socket = s;
	x->known = true;
	rl_table_put(known, &x->by_pid, rl_table_hash(known, rl_slice_str(x->pid)));
}

void rl_sio_recovery_unknow(struct rill_socket *s)
{
	struct rl_sio_extra *x = s->extra;

	if (!x || !x->known)
		return;
	x->known = false;
	rl_table_remove(&s->ns->io->recovery->known, &x->by_pid);
}

static struct rl_sio_lost *new_lost(struct rill_socket *s)
{
	size_t id_len = s->id_len, size = id_len + 1;

	for (struct rl_sio_member *m = s->rooms; m; m = m->next)
		size += m->room->len + 1;
	struct rl_sio_lost *lost = rl_zalloc(rl_sio_env(s->ns->io), sizeof(*lost) + size);
	if (!lost)
		return NULL;
	lost->id_len = (uint32_t)id_len;
	lost->rooms = s->room_count;
	lost->left_own = s->left_own;
	char *at = put_name(lost->text, s->text);
	for (struct rl_sio_member *m = s->rooms; m; m = m->next)
		at = put_name(at, m->room->name);
	lost->size = sizeof(*lost) + size;
	return lost;
}

void rl_sio_recovery_lose(struct rill_socket *s)
{
	struct rill_socketio *io = s->ns->io;
	struct rl_sio_recovery *r = io->recovery;
	struct rl_sio_extra *x = s->extra;
	struct rl_sio_lost *lost;

	if (!r || !x || !x->pid[0] || io->detached)
		return;
	lost = new_lost(s);
	if (!lost)
		return;
	memcpy(lost->pid, x->pid, sizeof(lost->pid));
	lost->ns = s->ns;
	rl_sio_namespace_hold(s->ns);
	lost->at = rl_loop_now(io->loop);
	lost->since = x->since;
	lost->last = x->last;
	lost->now = x->unsent ? x->unsent - 1 : r->offset;
	lost->data = x->data;
	lost->data_len = x->data_len;
	lost->data_type = x->data_type;
	lost->size += x->data_len;
	x->data = NULL;
	x->data_type = RILL_JSON_NONE;
	rl_list_append(&r->lost, &lost->node);
	rl_table_put(&r->pids, &lost->by_pid, rl_table_hash(&r->pids, rl_slice_str(lost->pid)));
	r->bytes += lost->size;
	r->sockets++;
	tidy(r);
}

struct rl_slice rl_sio_lost_id(const struct rl_sio_lost *lost)
{
	return rl_slice(lost->text, lost->id_len);
}

static struct rl_sio_lost *find(
	const struct rl_sio_recovery *r, const struct rill_namespace *ns, struct rl_slice pid)
{
	struct rl_table_node *node = rl_table_first(&r->pids, rl_table_hash(&r->pids, pid));

	for (; node; node = rl_table_next(node)) {
		struct rl_sio_lost *lost = rl_container(node, struct rl_sio_lost, by_pid);
		if (lost->ns == ns && rl_slice_equal(rl_slice_str(lost->pid), pid))
			return lost;
	}
	return NULL;
}

/* The network is often quicker to come back than the server to notice that it was gone. */
static void lose_known(
	struct rl_sio_recovery *r, const struct rill_namespace *ns, struct rl_slice pid)
{
	struct rl_table_node *node = rl_table_first(&r->known, rl_table_hash(&r->known, pid));

	for (; node; node = rl_table_next(node)) {
		struct rl_sio_extra *x = rl_container(node, struct rl_sio_extra, by_pid);
		struct rill_socket *s = x->socket;
		if (s->ns != ns || !rl_slice_equal(rl_slice_str(x->pid), pid))
			continue;
		rl_sio_socket_ref(s);
		rl_sio_client_replaced(s->client);
		rl_sio_socket_tell(s);
		rl_sio_socket_unref(s);
		return;
	}
}

/* False: this is no offset of ours. */
static bool read_offset(
	const struct rl_sio_recovery *r, const struct rl_json *text, uint64_t *offset)
{
	char room[RL_SIO_OFFSET];
	int64_t n = rl_json_unquote_to(text, room, sizeof(room));
	struct rl_slice s = rl_slice(room, n < 0 ? 0 : (size_t)n);

	if (s.len <= PREFIX + 1 || memcmp(s.data, r->prefix, PREFIX) != 0 || s.data[PREFIX] != '-')
		return false;
	rl_slice_skip(&s, PREFIX + 1);
	return rl_slice_to_u64(s, offset);
}

/* The offset behind which it is owed what was sent. */
static bool find_from(const struct rl_sio_recovery *r, const struct rl_sio_lost *lost,
	const struct rl_json *auth, uint64_t *from)
{
	struct rl_json text;
	uint64_t offset;

	if (!rl_json_find(auth, RL_SLICE("offset"), &text) || text.type == RL_JSON_NULL) {
		*from = lost->last ? lost->since : lost->now;
		return true;
	}
	if (text.type != RL_JSON_STRING || !read_offset(r, &text, &offset) ||
		offset <= lost->since || offset > lost->last)
		return false;
	*from = offset == lost->last ? lost->now : offset;
	return true;
}

struct rl_sio_lost *rl_sio_recovery_take(
	struct rill_namespace *ns, const struct rl_json *auth, uint64_t *from)
{
	struct rl_sio_recovery *r = ns->io->recovery;
	struct rl_sio_lost *lost;
	struct rl_json text;
	char pid[RL_SIO_ID + 1];

	if (!r || !auth || !rl_json_find(auth, RL_SLICE("pid"), &text) ||
		text.type != RL_JSON_STRING)
		return NULL;
	tidy(r);
	int64_t n = rl_json_unquote_to(&text, pid, RL_SIO_ID);
	if (n != RL_SIO_ID)
		return NULL;
	if (ns->io->options.recovery_replaces)
		lose_known(r, ns, rl_slice(pid, RL_SIO_ID));
	lost = find(r, ns, rl_slice(pid, RL_SIO_ID));
	if (!lost)
		return NULL;
	take_out(r, lost);
	if (find_from(r, lost, auth, from) && r->forgotten <= *from)
		return lost;
	rl_sio_lost_free(ns->io, lost);
	return NULL;
}

static bool is_in_any(const struct rill_socket *s, const char **names, uint32_t count)
{
	bool in = false;

	for (; count; count--) {
		struct rl_slice name = rl_slice_str(*names);
		in = in || rl_sio_is_in(s, name);
		*names += name.len + 1;
	}
	return in;
}

static bool is_for(const struct entry *entry, const struct rill_socket *s)
{
	const char *names = entry->text;

	if (entry->ns != s->ns)
		return false;
	bool in = is_in_any(s, &names, entry->rooms) || !entry->rooms;
	return in && !is_in_any(s, &names, entry->except);
}

static int send_missed(struct rill_socket *s, uint64_t from)
{
	struct rl_sio_recovery *r = s->ns->io->recovery;
	int rc = 0;

	/* Most have missed little. */
	struct rl_list *node = r->entries.prev;
	while (node != &r->entries && rl_container(node, struct entry, node)->offset > from)
		node = node->prev;
	for (node = node->next; rc >= 0 && node != &r->entries; node = node->next) {
		const struct entry *entry = rl_container(node, struct entry, node);
		if (!is_for(entry, s))
			continue;
		rc = rl_sio_pack_send(s->client, entry->pack);
		rl_sio_recovery_sent(s, entry->offset, rc);
	}
	return rc < 0 ? rc : 0;
}

int rl_sio_recovery_give_back(struct rill_socket *s)
{
	struct rill_socketio *io = s->ns->io;
	struct rl_sio_extra *x = s->extra;
	struct rl_sio_lost *lost = x->back;
	const char *name = lost->text + lost->id_len + 1;
	int rc = 0;

	s->left_own = lost->left_own;
	x->back = NULL; /* what goes half ends the socket, with all that it has */
	for (uint32_t i = 0; rc == 0 && i < lost->rooms; i++) {
		rc = rl_sio_join(s, rl_slice_str(name));
		name += strlen(name) + 1;
	}
	if (rc == 0) {
		rl_free(rl_sio_env(io), x->data);
		x->data = lost->data;
		x->data_len = lost->data_len;
		x->data_type = lost->data_type;
		lost->data = NULL;
		x->since = lost->since;
		x->last = lost->last;
		x->recovered = true;
		rc = send_missed(s, x->back_from);
	}
	if (rc == 0)
		memcpy(x->pid, lost->pid, sizeof(x->pid));
	rl_sio_lost_free(io, lost);
	return rc;
}
