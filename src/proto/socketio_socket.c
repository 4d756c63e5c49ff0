/* socketio_socket.c: one client in one namespace: how it ends, and what a program may ask of it.
 *
 * The end is marked where it happens and told from the loop: on_disconnecting with all rooms, then those that
 * wait for its answers, then on_disconnect. */
#include <time.h>
#include "proto/socketio.h"
#include "wire/form.h"

static int64_t wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct rill_socket *rl_sio_socket_new(struct rl_sio_client *client, struct rill_namespace *ns,
	struct rl_slice id, struct rl_slice auth)
{
	struct rill_socketio *io = client->io;
	struct rill_socket *s = rl_zalloc(rl_sio_env(io), sizeof(*s) + id.len + 1 + auth.len);

	if (!s || auth.len > UINT32_MAX) {
		rl_free(rl_sio_env(io), s);
		return NULL;
	}
	s->refs = 1;
	s->client = client;
	s->ns = ns;
	s->issued = wall_clock();
	s->begun = rl_loop_now(io->loop);
	s->id_len = (uint16_t)id.len;
	memcpy(s->text, id.data, id.len);
	if (auth.len)
		memcpy(s->text + id.len + 1, auth.data, auth.len);
	s->auth_len = (uint32_t)auth.len;
	rl_list_init(&s->of_namespace);
	rl_list_append(&client->sockets, &s->of_client);
	client->socket_count++;
	/* It is kept for as long as the socket lives, and clients say how much it is. */
	client->conn->ops->charge(client->conn, (ptrdiff_t)auth.len);
	rl_sio_namespace_hold(ns);
	return s;
}

/* It was told, or never began: only references keep its memory. */
static void free_socket(struct rill_socket *s)
{
	const struct rl_env *env = s->env;
	struct rl_sio_extra *x = s->extra;

	rl_sio_acks_free(s);
	if (x)
		rl_free(env, x->data);
	rl_free(env, x);
	rl_free(env, s);
}

void rl_sio_socket_unref(struct rill_socket *s)
{
	assert(s->refs > 0);
	if (--s->refs)
		return;
	assert(s->state == RL_SIO_GONE && !s->client);
	free_socket(s);
}

struct rl_sio_extra *rl_sio_socket_extra(struct rill_socket *s)
{
	if (!s->extra)
		s->extra = rl_zalloc(rl_sio_env(s->ns->io), sizeof(*s->extra));
	return s->extra;
}

void rl_sio_socket_part(struct rill_socket *s)
{
	struct rl_sio_client *client = s->client;
	struct rill_namespace *ns = s->ns;
	struct rl_sio_extra *x = s->extra;

	if (!client)
		return;
	rl_sio_leave_all(s);
	rl_sio_recovery_unknow(s);
	if (x && x->back)
		rl_sio_lost_free(ns->io, x->back);
	if (x)
		x->back = NULL;
	rl_list_remove(&s->of_client);
	client->socket_count--;
	client->conn->ops->charge(client->conn, -(ptrdiff_t)s->auth_len);
	s->state = RL_SIO_GONE;
	s->client = NULL;
	s->ns = NULL;
	s->env = rl_sio_env(ns->io);
	rl_sio_namespace_drop(ns);
	rl_sio_socket_unref(s);
}

void rl_sio_socket_end(struct rill_socket *s, enum rl_sio_reason reason)
{
	if (s->state == RL_SIO_ASKING) {
		rl_sio_socket_part(s);
		return;
	}
	if (s->state != RL_SIO_OPEN)
		return;
	s->state = RL_SIO_ENDING;
	s->reason = (uint8_t)reason;
	rl_sio_recovery_sent(s, rl_sio_recovery_now(s->ns->io) + 1, RILL_ECLOSED);
	s->ns->count--;
	rl_sio_due(s);
}

static bool may_come_back(enum rl_sio_reason reason)
{
	static const bool recoverable[] = {
#define RL_X(name, text, back) [name] = back,
		RL_SIO_REASONS(RL_X)
#undef RL_X
	};

	return recoverable[reason];
}

void rl_sio_socket_tell(struct rill_socket *s)
{
	const char *reason = rl_sio_reason_text(s->reason);
	struct rill_namespace *ns = s->ns;

	if (s->state != RL_SIO_ENDING)
		return;
	s->state = RL_SIO_GONE;
	rl_sio_socket_ref(s);
	if (RL_SIO_SLOT_OF(ns, on_disconnecting).fn)
		RL_SIO_SLOT_OF(ns, on_disconnecting)
			.fn(s, reason, RL_SIO_SLOT_OF(ns, on_disconnecting).user);
	rl_sio_acks_fail(s);
	rl_sio_recovery_unknow(s);
	if (may_come_back(s->reason))
		rl_sio_recovery_lose(s);
	rl_sio_leave_all(s);
	rl_table_remove(&ns->io->ids, &s->by_id);
	rl_list_remove(&s->of_namespace);
	if (RL_SIO_SLOT_OF(ns, on_disconnect).fn)
		RL_SIO_SLOT_OF(ns, on_disconnect)
			.fn(s, reason, RL_SIO_SLOT_OF(ns, on_disconnect).user);
	rl_sio_socket_part(s);
	rl_sio_socket_unref(s);
}

void rill_socket_disconnect(rill_socket *s, bool close)
{
	struct rl_sio_client *client = s->client;

	if (!client || (s->state != RL_SIO_OPEN && !close))
		return;
	if (!close) {
		int rc = rl_sio_send_control(
			client, RL_SIO_DISCONNECT, rl_sio_name(s->ns), rl_slice(NULL, 0));
		client->left_behind = true;
		rl_sio_socket_end(s, RL_SIO_SERVER_LEFT);
		if (rc < 0) /* it would take itself for connected */
			rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, rill_strerror(rc));
		return;
	}
	rl_sio_client_disconnect(client);
}

const char *rill_socket_id(const rill_socket *s)
{
	return s->text;
}

rill_namespace *rill_socket_namespace(const rill_socket *s)
{
	return s->ns;
}

rill_conn *rill_socket_conn(const rill_socket *s)
{
	return s->client ? s->client->conn : NULL;
}

bool rill_socket_connected(const rill_socket *s)
{
	return s->state == RL_SIO_OPEN;
}

bool rill_socket_recovered(const rill_socket *s)
{
	return s->extra && s->extra->recovered;
}

rill_json rill_socket_auth(const rill_socket *s)
{
	struct rl_json auth = { .type = RL_JSON_OBJECT, .text = RL_SLICE("{}") };

	if (s->auth_len)
		auth.text = rl_slice(s->text + s->id_len + 1, s->auth_len);
	return rl_json_public(&auth, NULL, 0);
}

rill_bytes rill_socket_header(const rill_socket *s, const char *name)
{
	return s->client ? rill_conn_header(s->client->conn, name) : (rill_bytes){ NULL, 0 };
}

static struct rl_slice query_of(const struct rill_socket *s)
{
	const struct rl_sio_client *client = s->client;
	struct rl_slice target = rl_slice(
		client ? client->target : "", client ? client->target_len : 0);
	const uint8_t *mark = target.len ? memchr(target.data, '?', target.len) : NULL;

	if (!mark)
		return rl_slice(NULL, 0);
	rl_slice_skip(&target, (size_t)(mark - target.data) + 1);
	return target;
}

/* Appends what an encoded text means, and a NUL, to the service's buffer. */
static int decode(struct rl_buf *text, struct rl_slice encoded)
{
	int rc = rl_buf_reserve(text, encoded.len + 1);

	if (rc < 0)
		return rc;
	rl_buf_commit(text, (size_t)rl_form_decode(encoded, rl_buf_end(text), encoded.len));
	*rl_buf_end(text) = 0;
	rl_buf_commit(text, 1);
	return 0;
}

rill_bytes rill_socket_query(rill_socket *s, const char *name)
{
	struct rl_slice query = query_of(s), key, value, found = { NULL, 0 };
	bool any = false;

	while (rl_form_next(&query, &key, &value)) {
		if (!rl_form_is(key, rl_slice_str(name)))
			continue;
		found = value;
		any = true; /* of several the last counts */
	}
	if (!any)
		return (rill_bytes){ NULL, 0 };
	struct rl_buf *text = &s->client->io->query;
	text->len = 0;
	if (decode(text, found) < 0)
		return (rill_bytes){ NULL, 0 };
	return (rill_bytes){ text->data, text->len - 1 };
}

void rill_socket_each_query(
	rill_socket *s, void (*fn)(const char *name, rill_bytes value, void *user), void *user)
{
	struct rl_slice query = query_of(s), key, value;
	struct rl_buf text;

	if (!s->client)
		return;
	rl_buf_init(&text, rl_sio_env(s->client->io));
	while (rl_form_next(&query, &key, &value)) {
		text.len = 0;
		if (decode(&text, key) < 0)
			break;
		size_t at = text.len;
		if (decode(&text, value) < 0)
			break;
		fn((const char *)text.data, (rill_bytes){ text.data + at, text.len - at - 1 },
			user);
	}
	rl_buf_release(&text);
}

const char *rill_socket_url(const rill_socket *s)
{
	return s->client ? s->client->target : "";
}

int64_t rill_socket_issued(const rill_socket *s)
{
	return s->issued;
}

void rill_socket_set_user(rill_socket *s, void *user)
{
	s->user = user;
}

void *rill_socket_user(const rill_socket *s)
{
	return s->user;
}

int rill_socket_set_data(rill_socket *s, rill_json data)
{
	struct rl_sio_extra *x = s->ns ? rl_sio_socket_extra(s) : NULL;
	char *copy = NULL;

	if (!s->ns)
		return RILL_ECLOSED;
	const struct rl_env *env = rl_sio_env(s->ns->io);
	if (x && data.type != RILL_JSON_NONE)
		copy = rl_strndup(env, data.data, data.len);
	if (!x || (!copy && data.type != RILL_JSON_NONE))
		return RILL_ENOMEM;
	rl_free(env, x->data);
	x->data = copy;
	x->data_len = copy ? data.len : 0;
	x->data_type = data.type;
	return 0;
}

rill_json rill_socket_data(const rill_socket *s)
{
	const struct rl_sio_extra *x = s->extra;

	if (!x || !x->data)
		return rl_sio_no_json();
	return (rill_json){ .data = x->data, .len = x->data_len, .type = x->data_type };
}
