/* socketio_emit.c: packets that go: encoded once in the service's buffers, sent to one, or wrapped up for
 * many. A packet is one message, or one and its attachments right behind; nothing comes in between, because
 * nothing calls back while they are queued. */
#include "base/utf8.h"
#include "proto/socketio.h"

/* Buffers that were needed for something large once go. */
#define KEEP_BUFFER (64 * 1024)

void rl_sio_settle(struct rill_socketio *io)
{
	if (io->out.cap > KEEP_BUFFER)
		rl_buf_release(&io->out);
	if (io->body.cap > KEEP_BUFFER)
		rl_buf_release(&io->body);
	if (io->attached.room > 64) {
		rl_free(rl_sio_env(io), io->attached.list);
		io->attached = (struct rl_sio_list){ 0 };
	}
}

int rl_sio_check_event(const char *event)
{
	if (!event)
		return RILL_EINVAL;
	if (!rl_utf8_valid((const uint8_t *)event, strlen(event)))
		return RILL_EUTF8;
	return rl_sio_reserved(rl_slice_str(event)) ? RILL_EINVAL : 0;
}

static int encode_msgpack(struct rill_socketio *io, struct rl_sio_message *m,
	const struct rl_sio_head *head, const rill_arg *args)
{
	int rc = rl_sio_write_args(io, &io->body, head->event, args, head->offset);

	if (rc < 0)
		return rc;
	struct rl_json data = { .type = RL_JSON_ARRAY, .text = rl_buf_slice(&io->body) };
	rc = rl_sio_write_msgpack(&io->out, head->type, head->name, head->has_id, head->id, &data,
		io->attached.list, io->attached.count);
	m->kind = RILL_BINARY;
	m->json = data.text;
	m->count = 0;
	return rc;
}

static int encode_text(struct rill_socketio *io, struct rl_sio_message *m,
	const struct rl_sio_head *head, const rill_arg *args)
{
	int rc = rl_sio_write_head(&io->out, head->type, 0, head->name, head->has_id, head->id);
	size_t begin = io->out.len;

	if (rc == 0)
		rc = rl_sio_write_args(io, &io->out, head->event, args, head->offset);
	if (rc == 0)
		m->json = rl_slice(io->out.data + begin, io->out.len - begin);
	return rc;
}

/* How many there are stands in front of them. */
static int encode_binary(struct rill_socketio *io, struct rl_sio_message *m,
	const struct rl_sio_head *head, const rill_arg *args)
{
	enum rl_sio_type type = head->type;
	int rc = rl_sio_write_args(io, &io->body, head->event, args, head->offset);

	if (rc < 0)
		return rc;
	m->count = io->attached.count;
	if (m->count)
		type = type == RL_SIO_ACK ? RL_SIO_BINARY_ACK : RL_SIO_BINARY_EVENT;
	rc = rl_sio_write_head(&io->out, type, m->count, head->name, head->has_id, head->id);
	if (rc == 0)
		rc = rl_buf_append_slice(&io->out, rl_buf_slice(&io->body));
	m->json = rl_buf_slice(&io->body);
	return rc;
}

int rl_sio_encode(struct rill_socketio *io, struct rl_sio_message *m,
	const struct rl_sio_head *head, const rill_arg *args)
{
	int rc;

	*m = (struct rl_sio_message){ .kind = RILL_TEXT };
	io->out.len = io->body.len = 0;
	io->attached.count = 0;
	if (io->options.parser == RILL_SOCKETIO_PARSER_MSGPACK)
		rc = encode_msgpack(io, m, head, args);
	else if (rl_sio_args_may_attach(args))
		rc = encode_binary(io, m, head, args);
	else
		rc = encode_text(io, m, head, args);
	m->text = rl_buf_slice(&io->out);
	m->attached = io->attached.list;
	if (rc < 0)
		rl_sio_settle(io);
	return rc;
}

static int send_one(struct rill_conn *conn, rill_kind kind, struct rl_slice data, unsigned flags)
{
	if (!flags)
		return rl_conn_send(conn, kind, data);
	return rill_engineio_send(conn, kind, data.data, data.len, !(flags & RILL_NO_COMPRESS),
		flags & RILL_VOLATILE);
}

int rl_sio_send(struct rl_sio_client *client, const struct rl_sio_message *m, unsigned flags)
{
	if (client->ended)
		return RILL_ECLOSED;
	int rc = send_one(client->conn, m->kind, m->text, flags);
	for (uint32_t i = 0; rc >= 0 && i < m->count; i++) {
		/* What belongs to a packet that goes is not dropped. */
		int next = send_one(client->conn, RILL_BINARY, m->attached[i],
			flags & ~(unsigned)RILL_VOLATILE);
		if (next < 0)
			rl_sio_client_break(client);
		rc = next < 0 || next > rc ? next : rc;
	}
	return rc;
}

int rl_sio_send_control(struct rl_sio_client *client, enum rl_sio_type type, struct rl_slice name,
	struct rl_slice json)
{
	struct rill_socketio *io = client->io;
	struct rl_sio_message m = { .kind = RILL_TEXT };
	struct rl_json data = { .text = json };
	int rc = 0;

	io->out.len = 0;
	if (io->options.parser == RILL_SOCKETIO_PARSER_MSGPACK) {
		if (json.len)
			rc = rl_json_read(json, &data); /* what is put into it may be too deep */
		m.kind = RILL_BINARY;
		if (rc == 0)
			rc = rl_sio_write_msgpack(&io->out, type, name, false, 0,
				json.len ? &data : NULL, NULL, 0);
	} else {
		rc = rl_sio_write_head(&io->out, type, 0, name, false, 0);
		if (rc == 0)
			rc = rl_buf_append_slice(&io->out, json);
	}
	m.text = rl_buf_slice(&io->out);
	if (rc == 0)
		rc = rl_sio_send(client, &m, 0);
	rl_sio_settle(io);
	return rc;
}

struct rl_sio_pack *rl_sio_pack_new(struct rill_socketio *io, const struct rl_sio_message *m)
{
	const struct rl_env *env = rl_sio_env(io);
	struct rl_sio_pack *pack = rl_zalloc(
		env, sizeof(*pack) + (m->count + 1) * sizeof(struct rl_publication *));

	if (!pack)
		return NULL;
	pack->refs = 1;
	pack->env = env;
	for (uint32_t i = 0; i <= m->count; i++) {
		struct rl_slice data = i ? m->attached[i - 1] : m->text;
		pack->parts[i] = rl_publication_new(
			env, i ? RILL_BINARY : m->kind, data, rl_slice(NULL, 0));
		if (!pack->parts[i]) {
			rl_sio_pack_unref(pack);
			return NULL;
		}
		pack->bytes += data.len;
		pack->count++;
	}
	return pack;
}

void rl_sio_pack_unref(struct rl_sio_pack *pack)
{
	if (!pack || --pack->refs)
		return;
	for (uint32_t i = 0; i < pack->count; i++)
		rl_publication_unref(pack->parts[i]);
	rl_free(pack->env, pack);
}

/* The session's limit, which publications pass by (conn/conn.h: publish). */
static int make_room(struct rl_sio_client *client, size_t bytes)
{
	struct rill_socketio *io = client->io;
	size_t queued;

	if (!io->max_queue || !(queued = rill_conn_queued(client->conn)))
		return 0;
	if (queued <= io->max_queue && bytes <= io->max_queue - queued)
		return 0;
	if (io->overflow == RILL_OVERFLOW_CLOSE)
		rl_conn_close(client->conn, 1008, RL_SLICE("too much waits to be sent"));
	return RILL_ETOOBIG;
}

int rl_sio_pack_send(struct rl_sio_client *client, const struct rl_sio_pack *pack)
{
	struct rill_conn *conn = client->conn;
	int rc = client->ended ? RILL_ECLOSED : make_room(client, pack->bytes);

	if (rc < 0)
		return rc;
	rl_conn_before_send(conn);
	for (uint32_t i = 0; rc >= 0 && i < pack->count; i++) {
		int next = rl_conn_publish(conn, pack->parts[i]);
		if (next < 0 && i)
			rl_sio_client_break(client);
		if (next > 0)
			conn->drain_due = true;
		rc = next < 0 || next > rc ? next : rc;
	}
	return rc;
}

bool rl_sio_outgoing_wanted(const struct rill_namespace *ns)
{
	return !ns->io->in_outgoing && RL_SIO_SLOT_OF(ns, on_any_outgoing).fn;
}

/* The message as it came to be in the buffers, which the program may need for others meanwhile. */
struct kept {
	struct rl_buf out, body;
	struct rl_sio_list attached;
};

static struct kept take_buffers(struct rill_socketio *io)
{
	struct kept kept = { io->out, io->body, io->attached };

	rl_buf_init(&io->out, rl_sio_env(io));
	rl_buf_init(&io->body, rl_sio_env(io));
	io->attached = (struct rl_sio_list){ 0 };
	return kept;
}

static void give_back(struct rill_socketio *io, struct kept *kept)
{
	rl_buf_release(&io->out);
	rl_buf_release(&io->body);
	rl_free(rl_sio_env(io), io->attached.list);
	io->out = kept->out;
	io->body = kept->body;
	io->attached = kept->attached;
	rl_sio_settle(io);
}

/* ["event",...] without its event. */
static rill_json args_of(struct rl_slice json, const rill_bytes *attached, uint32_t count)
{
	struct rl_slice rest = json;
	struct rl_json name, none = { .type = RL_JSON_ARRAY, .text = RL_SLICE("[]") };

	rl_json_item(&rest, &name);
	if (rest.len <= 1)
		return rl_json_public(&none, NULL, 0);
	*(uint8_t *)(uintptr_t)rest.data = '['; /* instead of the comma; it was sent already */
	struct rl_json args = { .type = RL_JSON_ARRAY, .text = rest };
	return rl_json_public(&args, attached, count);
}

void rl_sio_tell_outgoing(struct rill_socket *const *sockets, size_t count,
	struct rill_namespace *ns, const char *event, const struct rl_sio_message *m)
{
	struct rill_socketio *io = ns->io;
	const struct rl_env *env = rl_sio_env(io);
	struct kept kept = take_buffers(io);
	uint32_t attached = kept.attached.count;
	rill_bytes *bytes = attached ? rl_alloc(env, attached * sizeof(*bytes)) : NULL;

	io->in_outgoing = true;
	for (uint32_t i = 0; bytes && i < attached; i++)
		bytes[i] = rl_bytes(kept.attached.list[i]);
	rill_json args = args_of(m->json, bytes, attached);
	for (size_t i = 0; (bytes || !attached) && i < count; i++) {
		rill_any_fn fn = RL_SIO_SLOT_OF(ns, on_any_outgoing).fn;
		if (fn)
			fn(sockets[i], event, args, RL_SIO_SLOT_OF(ns, on_any_outgoing).user);
	}
	io->in_outgoing = false;
	rl_free(env, bytes);
	give_back(io, &kept);
}

/* Where sockets may come back, what they are sent has an offset, and is kept for them. */
static bool is_remembered(const struct rill_socketio *io, unsigned flags)
{
	return io->recovery && !(flags & RILL_VOLATILE);
}

static int send_remembered(struct rill_socket *s, const struct rl_sio_message *m)
{
	struct rill_socketio *io = s->client->io;
	struct rl_sio_pack *pack = rl_sio_pack_new(io, m);

	if (!pack)
		return RILL_ENOMEM;
	int rc = rl_sio_pack_send(s->client, pack);
	if (rc >= 0)
		rl_sio_recovery_sent(s, rl_sio_recovery_now(io) + 1, rc);
	if (rc >= 0)
		rl_sio_recovery_keep(io, s->ns, NULL, s, pack);
	rl_sio_pack_unref(pack);
	return rc;
}

/* Tells of it what is told, with a reference to the socket over it. */
static int sent(struct rill_socket *s, int rc, const char *event, const struct rl_sio_message *m)
{
	struct rill_socketio *io = s->client->io;

	if (rc >= 0 && rl_sio_outgoing_wanted(s->ns)) {
		rl_sio_socket_ref(s);
		rl_sio_tell_outgoing(&s, 1, s->ns, event, m);
		rl_sio_socket_unref(s);
	} else {
		rl_sio_settle(io);
	}
	return rc;
}

int rill_emit_with(rill_socket *s, const char *event, const rill_arg *args, unsigned flags)
{
	int rc = rl_sio_check_event(event);

	if (rc < 0)
		return rc;
	if (s->state != RL_SIO_OPEN)
		return RILL_ECLOSED;
	struct rill_socketio *io = s->client->io;
	struct rl_sio_head head = {
		.type = RL_SIO_EVENT,
		.name = rl_sio_name(s->ns),
		.event = rl_slice_str(event),
	};
	struct rl_sio_message m;
	char offset[RL_SIO_OFFSET];
	bool remembered = is_remembered(io, flags);
	if (remembered)
		head.offset = rl_sio_recovery_offset(io, offset);
	rc = rl_sio_encode(io, &m, &head, args);
	if (rc < 0)
		return rc;
	rc = remembered ? send_remembered(s, &m) : rl_sio_send(s->client, &m, flags);
	return sent(s, rc, event, &m);
}

int rill_emit(rill_socket *s, const char *event, const rill_arg *args)
{
	return rill_emit_with(s, event, args, 0);
}

int rill_ask(rill_socket *s, const char *event, const rill_arg *args, uint32_t timeout_ms,
	rill_answer_fn fn, void *user)
{
	int rc = fn ? rl_sio_check_event(event) : RILL_EINVAL;

	if (rc < 0)
		return rc;
	if (s->state != RL_SIO_OPEN)
		return RILL_ECLOSED;
	struct rill_socketio *io = s->client->io;
	struct rl_sio_head head = {
		.type = RL_SIO_EVENT,
		.name = rl_sio_name(s->ns),
		.has_id = true,
		.id = s->ns->last_ack++,
		.event = rl_slice_str(event),
	};
	struct rl_sio_message m;
	struct rl_sio_ask *ask;
	rc = rl_sio_ask_new(&ask, io, timeout_ms);
	if (rc < 0)
		return rc;
	rc = rl_sio_ask_add(ask, s, head.id);
	if (rc == 0)
		rc = rl_sio_encode(io, &m, &head, args);
	if (rc == 0) {
		rc = rl_sio_send(s->client, &m, 0);
		if (rc < 0)
			rl_sio_settle(io);
	}
	if (rc < 0) {
		rl_sio_ask_undo(ask, s, head.id);
		rl_sio_ask_drop(ask);
		return rc;
	}
	rl_sio_ask_one(ask, s, fn, user);
	rl_sio_ask_begin(ask);
	return sent(s, rc, event, &m);
}
