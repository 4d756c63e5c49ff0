/* socketio_client.c: one Engine.IO session: which packets come, and which of its sockets they are for.
 *
 * Whatever a client may not do closes it: what cannot be read, or is out of place, with "parse error"; a packet
 * for a namespace that it is not in with "forced server close" (the reference's words). */
#include "proto/socketio.h"
#include "wire/form.h"

static const char *const texts[] = {
#define RL_X(name, text, recoverable) [name] = text,
	RL_SIO_REASONS(RL_X)
#undef RL_X
};

const char *rl_sio_reason_text(enum rl_sio_reason reason)
{
	return texts[reason];
}

static struct rill_socketio *service_of(const rill_conn *conn)
{
	return rl_container(conn->handler, struct rill_socketio, handler);
}

static void drop_pending(struct rl_sio_client *client)
{
	struct rl_sio_pending *pending = client->pending;
	const struct rl_env *env = rl_sio_env(client->io);

	if (!pending)
		return;
	client->pending = NULL;
	for (uint32_t i = 0; i < pending->have; i++)
		rl_free(env, (void *)(uintptr_t)pending->attached[i].data);
	client->conn->ops->charge(client->conn, -(ptrdiff_t)pending->bytes);
	rl_free(env, pending->text);
	rl_free(env, pending);
}

/* Nothing counts any more. */
static void mark_ended(struct rl_sio_client *client, enum rl_sio_reason reason)
{
	client->ended = true;
	drop_pending(client);
	rl_loop_clear_timer(client->io->loop, &client->timer);
	rl_list_each_safe (node, &client->sockets)
		rl_sio_socket_end(rl_container(node, struct rill_socket, of_client), reason);
}

void rl_sio_client_end(struct rl_sio_client *client, enum rl_sio_reason reason, const char *why)
{
	int code = reason == RL_SIO_PARSE_ERROR ? 1002 : 1000;

	if (client->ended)
		return;
	mark_ended(client, reason);
	if (rl_conn_close(client->conn, code, rl_slice_str(why)) < 0)
		rill_conn_destroy(client->conn);
}

void rl_sio_client_replaced(struct rl_sio_client *client)
{
	if (client->ended)
		return;
	mark_ended(client, RL_SIO_TRANSPORT_CLOSE);
	rill_conn_destroy(client->conn);
}

void rl_sio_client_disconnect(struct rl_sio_client *client)
{
	rl_list_each (node, &client->sockets) {
		const struct rill_socket *s = rl_container(node, struct rill_socket, of_client);
		if (s->state == RL_SIO_OPEN)
			rl_sio_send_control(
				client, RL_SIO_DISCONNECT, rl_sio_name(s->ns), rl_slice(NULL, 0));
	}
	rl_sio_client_end(client, RL_SIO_SERVER_LEFT, "io server disconnect");
}

void rl_sio_client_break(struct rl_sio_client *client)
{
	rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, "a packet did not go whole");
}

static void fail(struct rl_sio_client *client, const char *why)
{
	rl_sio_client_end(client, RL_SIO_PARSE_ERROR, why);
}

/* Before it has joined, the time runs from the opening. */
void rl_sio_client_watch(struct rl_sio_client *client)
{
	struct rill_socketio *io = client->io;
	uint64_t first = UINT64_MAX;

	if (!client->joined || client->ended)
		return;
	rl_list_each (node, &client->sockets) {
		const struct rill_socket *s = rl_container(node, struct rill_socket, of_client);
		if (s->state == RL_SIO_ASKING && s->begun < first)
			first = s->begun;
	}
	if (first == UINT64_MAX || !io->options.connect_timeout_ms)
		rl_loop_clear_timer(io->loop, &client->timer);
	else
		rl_loop_set_timer(io->loop, &client->timer, first + io->options.connect_timeout_ms);
}

static void on_time(struct rl_timer *timer)
{
	struct rl_sio_client *client = rl_container(timer, struct rl_sio_client, timer);
	uint64_t now = rl_loop_now(client->io->loop);

	if (!client->joined) {
		rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, "no namespace in time");
		return;
	}
	rl_list_each_safe (node, &client->sockets) {
		struct rill_socket *s = rl_container(node, struct rill_socket, of_client);
		if (s->state == RL_SIO_ASKING &&
			s->begun + client->io->options.connect_timeout_ms <= now)
			rl_sio_connect_too_late(s);
		if (client->ended)
			return;
	}
	rl_sio_client_watch(client);
}

static struct rl_sio_client *new_client(struct rill_socketio *io, rill_conn *conn)
{
	const rill_request *request = rill_conn_request(conn);
	rill_bytes target = request ? rill_request_target(request) : (rill_bytes){ NULL, 0 };
	struct rl_sio_client *client = rl_zalloc(rl_sio_env(io), sizeof(*client) + target.len + 1);

	if (!client)
		return NULL;
	client->io = io;
	client->conn = conn;
	client->old = rill_engineio_revision(conn) == 3;
	client->target_len = (uint32_t)target.len;
	if (target.len)
		memcpy(client->target, target.data, target.len);
	rl_list_init(&client->sockets);
	rl_timer_init(&client->timer, on_time);
	rl_list_append(&io->clients, &client->node);
	rill_conn_set_user(conn, client);
	return client;
}

void rl_sio_on_open(rill_conn *conn)
{
	struct rill_socketio *io = service_of(conn);
	struct rl_sio_client *client = new_client(io, conn);

	if (!client) {
		rill_conn_destroy(conn);
		return;
	}
	if (io->options.connect_timeout_ms)
		rl_loop_set_timer(io->loop, &client->timer,
			rl_loop_now(io->loop) + io->options.connect_timeout_ms);
	if (client->old) /* protocol 4 asks for nothing */
		rl_sio_connect(client, RL_SLICE("/"), NULL);
}

void rl_sio_on_drain(rill_conn *conn)
{
	struct rl_sio_client *client = rill_conn_user(conn);

	/* One after the other goes to the end, since each may take others away. */
	for (uint32_t n = client ? client->socket_count : 0; n && !client->ended; n--) {
		if (rl_list_empty(&client->sockets))
			return;
		struct rill_socket *s = rl_container(
			client->sockets.next, struct rill_socket, of_client);
		rl_list_remove(&s->of_client);
		rl_list_append(&client->sockets, &s->of_client);
		if (s->state == RL_SIO_OPEN && RL_SIO_SLOT_OF(s->ns, on_drain).fn)
			RL_SIO_SLOT_OF(s->ns, on_drain).fn(s, RL_SIO_SLOT_OF(s->ns, on_drain).user);
	}
}

static enum rl_sio_reason reason_of(const struct rill_socketio *io, int code, rill_bytes reason)
{
	struct rl_slice said = rl_slice(reason.data, reason.len);

	if (io->stopping || code == 1001)
		return RL_SIO_SHUTTING_DOWN;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (rl_slice_equal(said, rl_slice_str(texts[i])))
			return (enum rl_sio_reason)i;
	return code == 1006 ? RL_SIO_TRANSPORT_ERROR : RL_SIO_FORCED_CLOSE;
}

void rl_sio_on_close(rill_conn *conn, int code, rill_bytes reason)
{
	struct rl_sio_client *client = rill_conn_user(conn);
	struct rill_socketio *io;

	if (!client)
		return;
	io = client->io;
	io->busy++;
	if (!client->ended)
		mark_ended(client, reason_of(io, code, reason));
	while (!rl_list_empty(&client->sockets))
		rl_sio_socket_tell(
			rl_container(client->sockets.next, struct rill_socket, of_client));
	rl_list_remove(&client->node);
	rill_conn_set_user(conn, NULL);
	rl_free(rl_sio_env(io), client);
	rl_sio_release(io);
}

/* The one that is there, or on its way in. */
static struct rill_socket *socket_in(struct rl_sio_client *client, struct rl_slice name)
{
	rl_list_each (node, &client->sockets) {
		struct rill_socket *s = rl_container(node, struct rill_socket, of_client);
		if ((s->state == RL_SIO_OPEN || s->state == RL_SIO_ASKING) &&
			rl_slice_equal(rl_sio_name(s->ns), name))
			return s;
	}
	return NULL;
}

/* Revision 3 says what it has to say in the namespace's query. */
static int write_query(struct rl_buf *out, struct rl_slice query)
{
	struct rl_slice key, value;
	struct rl_buf text;
	bool first = true;
	int rc = rl_buf_append_str(out, "{");

	rl_buf_init(&text, out->env);
	while (rc == 0 && rl_form_next(&query, &key, &value)) {
		struct rl_slice parts[2] = { key, value };
		for (int i = 0; rc == 0 && i < 2; i++) {
			rc = rl_buf_reserve(&text, parts[i].len + 1);
			if (rc < 0)
				break;
			int64_t n = rl_form_decode(parts[i], text.data, parts[i].len);
			if (!rl_wtf8_valid(text.data, (size_t)n))
				n = 0;
			rc = rl_buf_append_str(out, i ? ":" : first ? "" : ",");
			if (rc == 0)
				rc = rl_json_quote(
					out, rl_slice(text.data, (size_t)n), RL_JSON_ESCAPE_LEAST);
		}
		first = false;
	}
	rl_buf_release(&text);
	return rc == 0 ? rl_buf_append_str(out, "}") : rc;
}

static void connect_old(struct rl_sio_client *client, const struct rl_sio_packet *packet)
{
	struct rl_json auth = { .type = RL_JSON_OBJECT };
	struct rl_buf json;

	rl_buf_init(&json, rl_sio_env(client->io));
	int rc = write_query(&json, packet->query);
	auth.text = rl_buf_slice(&json);
	if (rc == 0)
		rl_sio_connect(client, packet->name, &auth);
	else
		rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, rill_strerror(rc));
	rl_buf_release(&json);
}

static void on_packet(struct rl_sio_client *client, const struct rl_sio_packet *packet,
	const rill_bytes *attached)
{
	struct rill_socket *s = socket_in(client, packet->name);
	bool open = s && s->state == RL_SIO_OPEN;

	if (packet->type == RL_SIO_CONNECT && !s) {
		if (client->old && packet->query.len)
			connect_old(client, packet);
		else
			rl_sio_connect(
				client, packet->name, packet->has_data ? &packet->data : NULL);
	} else if (open && packet->type == RL_SIO_DISCONNECT) {
		rl_sio_socket_end(s, RL_SIO_CLIENT_LEFT);
		rl_sio_socket_tell(s);
	} else if (open && (packet->type == RL_SIO_EVENT || packet->type == RL_SIO_BINARY_EVENT)) {
		rl_sio_on_event(s, packet, attached);
	} else if (open && (packet->type == RL_SIO_ACK || packet->type == RL_SIO_BINARY_ACK)) {
		rl_sio_on_ack(s, packet, attached);
	} else if (s || !client->left_behind || packet->type == RL_SIO_CONNECT_ERROR) {
		rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, "not in this namespace");
	}
}

static struct rl_slice moved(struct rl_slice s, const uint8_t *from, const uint8_t *to, size_t len)
{
	bool inside = s.data >= from && s.data < from + len;

	return inside ? rl_slice(to + (s.data - from), s.len) : s;
}

/* The text is kept until its attachments are there, and counted as held for this client. */
static int await(
	struct rl_sio_client *client, const struct rl_sio_packet *packet, struct rl_slice text)
{
	const struct rl_env *env = rl_sio_env(client->io);
	struct rl_sio_pending *pending = rl_zalloc(
		env, sizeof(*pending) + packet->attachments * sizeof(rill_bytes));

	if (!pending)
		return RILL_ENOMEM;
	pending->text = (uint8_t *)rl_strndup(env, text.data, text.len);
	if (!pending->text) {
		rl_free(env, pending);
		return RILL_ENOMEM;
	}
	pending->packet = *packet;
	pending->packet.name = moved(packet->name, text.data, pending->text, text.len);
	pending->packet.query = moved(packet->query, text.data, pending->text, text.len);
	pending->packet.data.text = moved(packet->data.text, text.data, pending->text, text.len);
	pending->bytes = text.len;
	client->pending = pending;
	client->conn->ops->charge(client->conn, (ptrdiff_t)text.len);
	return 0;
}

static int keep_attachment(struct rl_sio_client *client, struct rl_slice data)
{
	struct rl_sio_pending *pending = client->pending;
	char *copy = rl_strndup(rl_sio_env(client->io), data.data, data.len);

	if (!copy)
		return RILL_ENOMEM;
	pending->attached[pending->have++] = (rill_bytes){ copy, data.len };
	pending->bytes += data.len;
	client->conn->ops->charge(client->conn, (ptrdiff_t)data.len);
	return 0;
}

/* The last one stays where it came. */
static void complete(struct rl_sio_client *client, struct rl_slice data)
{
	struct rl_sio_pending *pending = client->pending;
	const struct rl_env *env = rl_sio_env(client->io);
	struct rill_conn *conn = client->conn;

	client->pending = NULL;
	pending->attached[pending->have] = rl_bytes(data);
	on_packet(client, &pending->packet, pending->attached);
	conn->ops->charge(conn, -(ptrdiff_t)pending->bytes);
	for (uint32_t i = 0; i < pending->have; i++)
		rl_free(env, (void *)(uintptr_t)pending->attached[i].data);
	rl_free(env, pending->text);
	rl_free(env, pending);
}

static void on_binary(struct rl_sio_client *client, struct rl_slice data)
{
	struct rl_sio_pending *pending = client->pending;

	if (!pending)
		fail(client, "bytes that nothing was said of");
	else if (pending->have + 1 == pending->packet.attachments)
		complete(client, data);
	else if (keep_attachment(client, data) < 0)
		rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, rill_strerror(RILL_ENOMEM));
}

static void on_text(struct rl_sio_client *client, struct rl_slice text)
{
	struct rl_sio_packet packet;
	const char *why = NULL;

	if (client->pending) {
		fail(client, "a text instead of bytes");
		return;
	}
	if (rl_sio_read(&packet, text, client->io->options.max_attachments, &why) < 0)
		fail(client, why);
	else if (!packet.attachments)
		on_packet(client, &packet, NULL);
	else if (await(client, &packet, text) < 0)
		rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, rill_strerror(RILL_ENOMEM));
}

static int attach_all(
	const struct rl_env *env, const struct rl_sio_attachments *from, rill_bytes **to)
{
	*to = NULL;
	if (!from->count)
		return 0;
	*to = rl_alloc(env, from->count * sizeof(**to));
	if (!*to)
		return RILL_ENOMEM;
	for (uint32_t i = 0; i < from->count; i++)
		(*to)[i] = rl_bytes(from->list[i]);
	return 0;
}

static void on_msgpack(struct rl_sio_client *client, struct rl_slice data)
{
	struct rill_socketio *io = client->io;
	const struct rl_env *env = rl_sio_env(io);
	struct rl_sio_attachments list = { .env = env };
	struct rl_sio_packet packet;
	rill_bytes *attached = NULL;
	const char *why = NULL;

	io->json.len = 0;
	int rc = rl_sio_read_msgpack(
		&packet, data, &io->json, &list, io->options.max_attachments, &why);
	if (rc == 0)
		rc = attach_all(env, &list, &attached);
	packet.attachments = list.count;
	if (rc == 0)
		on_packet(client, &packet, attached);
	else if (rc == RILL_ENOMEM)
		rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, rill_strerror(rc));
	else
		fail(client, why);
	rl_free(env, attached);
	rl_sio_attachments_fini(&list);
	if (io->json.cap > 64 * 1024)
		rl_buf_release(&io->json);
}

void rl_sio_on_message(rill_conn *conn, rill_msg msg)
{
	struct rl_sio_client *client = rill_conn_user(conn);
	struct rl_slice data = rl_slice(msg.data, msg.len);
	bool msgpack;

	if (!client || client->ended)
		return;
	msgpack = client->io->options.parser == RILL_SOCKETIO_PARSER_MSGPACK;
	if (msgpack && msg.kind == RILL_BINARY)
		on_msgpack(client, data);
	else if (msgpack)
		fail(client, "a text instead of MessagePack");
	else if (msg.kind == RILL_TEXT)
		on_text(client, data);
	else
		on_binary(client, data);
}
