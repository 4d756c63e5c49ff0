/* socketio_connect.c: how a client gets into a namespace. Middlewares are asked one after the other, each of
 * which may decide later; then the answer goes out, behind what a client that comes back has missed (the
 * reference does it in that order), and the program has its socket. */
#include "base/utf8.h"
#include "proto/socketio.h"
#include "wire/form.h"

/* {"message":"...","data":...}; clients of revision 3 get data, or the message, alone. */
static int write_refusal(const struct rl_sio_client *client, struct rl_buf *out,
	struct rl_slice message, rill_json data)
{
	bool has_data = data.type != RILL_JSON_NONE;
	int rc = 0;

	if (client->old && has_data)
		return rl_buf_append(out, data.data, data.len);
	if (!client->old)
		rc = rl_buf_append_str(out, "{\"message\":");
	if (rc == 0)
		rc = rl_json_quote(out, message, RL_JSON_ESCAPE_LEAST);
	if (rc == 0 && has_data)
		rc = rl_buf_append_str(out, ",\"data\":");
	if (rc == 0 && has_data)
		rc = rl_buf_append(out, data.data, data.len);
	if (rc == 0 && !client->old)
		rc = rl_buf_append_str(out, "}");
	return rc;
}

/* A client that cannot even be told is closed. */
static void send_refusal(
	struct rl_sio_client *client, struct rl_slice name, const char *message, rill_json data)
{
	struct rl_slice text = rl_slice_str(message);
	struct rl_buf json;

	if (client->ended)
		return;
	if (!message || !rl_utf8_valid(text.data, text.len))
		text = RL_SLICE("not authorized");
	rl_buf_init(&json, rl_sio_env(client->io));
	int rc = write_refusal(client, &json, text, data);
	if (rc == 0)
		rc = rl_sio_send_control(client, RL_SIO_CONNECT_ERROR, name, rl_buf_slice(&json));
	rl_buf_release(&json);
	if (rc < 0)
		rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, rill_strerror(rc));
}

static int send_answer(struct rill_socket *s)
{
	struct rl_sio_client *client = s->client;
	struct rl_sio_extra *x = s->extra;
	struct rl_buf json;
	int rc = 0;

	rl_buf_init(&json, rl_sio_env(client->io));
	if (!client->old) { /* revision 3 knows its id from the session */
		rc = rl_buf_append_str(&json, "{\"sid\":");
		if (rc == 0)
			rc = rl_json_quote(&json, rl_sio_id(s), RL_JSON_ESCAPE_LEAST);
		if (rc == 0 && x && x->pid[0])
			rc = rl_buf_append_str(&json, ",\"pid\":");
		if (rc == 0 && x && x->pid[0])
			rc = rl_json_quote(&json, rl_slice_str(x->pid), RL_JSON_ESCAPE_LEAST);
		if (rc == 0)
			rc = rl_buf_append_str(&json, "}");
	}
	if (rc == 0)
		rc = rl_sio_send_control(
			client, RL_SIO_CONNECT, rl_sio_name(s->ns), rl_buf_slice(&json));
	rl_buf_release(&json);
	return rc;
}

/* What it needs so that it can come back; or what it had, and has missed. */
static int prepare_recovery(struct rill_socket *s)
{
	struct rill_socketio *io = s->client->io;
	struct rl_sio_extra *x;

	if (!io->recovery)
		return 0;
	x = rl_sio_socket_extra(s);
	if (!x)
		return RILL_ENOMEM;
	int rc = 0;
	if (x->back) {
		rc = rl_sio_recovery_give_back(s);
	} else if (!s->client->old) { /* revision 3 has no word for it */
		rl_sio_new_id(io, x->pid);
		x->since = rl_sio_recovery_now(io);
	}
	if (rc == 0 && x->pid[0])
		rl_sio_recovery_know(s);
	return rc;
}

static void accept_socket(struct rill_socket *s)
{
	struct rl_sio_client *client = s->client;
	struct rill_namespace *ns = s->ns;
	int rc = prepare_recovery(s);

	if (rc == 0)
		rc = send_answer(s);
	if (rc < 0) {
		rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, rill_strerror(rc));
		return;
	}
	if (s->state != RL_SIO_ASKING)
		return;
	s->state = RL_SIO_OPEN;
	s->mark = 0;
	rl_list_append(&ns->sockets, &s->of_namespace);
	rl_table_put(&ns->io->ids, &s->by_id, rl_table_hash(&ns->io->ids, rl_sio_id(s)));
	ns->count++;
	client->joined = true;
	rl_sio_client_watch(client);
	if (RL_SIO_SLOT_OF(ns, on_connect).fn)
		RL_SIO_SLOT_OF(ns, on_connect).fn(s, RL_SIO_SLOT_OF(ns, on_connect).user);
}

/* A parent's first. */
static bool next_middleware(struct rill_socket *s, struct rl_sio_middleware *m)
{
	const struct rill_namespace *ns = s->ns, *parent = ns->parent;
	uint32_t before = parent ? parent->middleware_count : 0, step = s->step;

	if (step < before)
		*m = parent->middlewares[step];
	else if (step - before < ns->middleware_count)
		*m = ns->middlewares[step - before];
	else
		return false;
	s->step++;
	return true;
}

/* Does it go on with the next one? */
static bool pass(struct rill_socket *s, const struct rl_sio_middleware *m)
{
	s->decision = RL_SIO_UNDECIDED;
	s->in_middleware = true;
	int rc = m->fn(s, rill_socket_auth(s), m->user);
	s->in_middleware = false;
	if (rc == RILL_LATER && s->decision == RL_SIO_UNDECIDED) {
		s->waiting = true; /* also when the client is gone: it will be decided */
		rl_sio_socket_ref(s);
		return false;
	}
	if (s->state != RL_SIO_ASKING)
		return false;
	if (s->decision == RL_SIO_REFUSED) {
		rl_sio_socket_part(s);
		return false;
	}
	if (rc == RILL_ACCEPT || rc == RILL_LATER)
		return true;
	send_refusal(s->client, rl_sio_name(s->ns), NULL, rl_sio_no_json());
	rl_sio_socket_end(s, RL_SIO_FORCED_SERVER_CLOSE);
	return false;
}

void rl_sio_connect_go_on(struct rill_socket *s)
{
	struct rl_sio_middleware m;
	bool on = true;

	rl_sio_socket_ref(s);
	while (on && s->state == RL_SIO_ASKING && next_middleware(s, &m))
		on = pass(s, &m);
	if (on && s->state == RL_SIO_ASKING)
		accept_socket(s);
	rl_sio_socket_unref(s);
}

void rill_socket_next(rill_socket *s)
{
	if (s->in_middleware) {
		if (s->decision == RL_SIO_UNDECIDED)
			s->decision = RL_SIO_NEXT;
		return;
	}
	if (!s->waiting)
		return;
	s->waiting = false;
	if (s->state == RL_SIO_ASKING)
		rl_sio_due(s);
	rl_sio_socket_unref(s);
}

void rill_socket_refuse(rill_socket *s, const char *message, rill_json data)
{
	bool asking = s->state == RL_SIO_ASKING && (s->in_middleware || s->waiting);

	if (s->in_middleware && s->decision != RL_SIO_UNDECIDED)
		return;
	if (asking)
		send_refusal(s->client, rl_sio_name(s->ns), message, data);
	if (s->in_middleware) {
		s->decision = RL_SIO_REFUSED; /* it goes when the middleware returns */
		return;
	}
	if (!s->waiting)
		return;
	s->waiting = false;
	if (s->state == RL_SIO_ASKING)
		rl_sio_socket_part(s);
	rl_sio_socket_unref(s);
}

void rl_sio_connect_too_late(struct rill_socket *s)
{
	send_refusal(s->client, rl_sio_name(s->ns), "timed out", rl_sio_no_json());
	if (s->state == RL_SIO_ASKING)
		rl_sio_socket_part(s);
}

/* The id: of revision 3 the session's, with the namespace in front. */
static struct rl_slice write_id(
	struct rl_sio_client *client, struct rl_slice name, char text[RL_SIO_NAME_MAX + 64])
{
	struct rl_slice session = rl_slice_str(rill_engineio_id(client->conn));
	size_t n = 0;

	if (!client->old) {
		rl_sio_new_id(client->io, text);
		return rl_slice(text, RL_SIO_ID);
	}
	if (!rl_slice_equal(name, RL_SLICE("/"))) {
		memcpy(text, name.data, name.len);
		text[name.len] = '#';
		n = name.len + 1;
	}
	memcpy(text + n, session.data, session.len);
	return rl_slice(text, n + session.len);
}

static void begin(
	struct rl_sio_client *client, struct rill_namespace *ns, const struct rl_json *auth)
{
	struct rill_socketio *io = client->io;
	struct rl_sio_lost *lost = NULL;
	struct rill_socket *s = NULL;
	char text[RL_SIO_NAME_MAX + 64];
	uint64_t from = 0;

	if (ns->len <= RL_SIO_NAME_MAX) {
		lost = rl_sio_recovery_take(ns, auth, &from);
		if (client->ended) { /* by the program, when it was told of that */
			rl_sio_lost_free(io, lost);
			return;
		}
		struct rl_slice id = lost ? rl_sio_lost_id(lost)
					  : write_id(client, rl_sio_name(ns), text);
		s = rl_sio_socket_new(client, ns, id, auth ? auth->text : rl_slice(NULL, 0));
	}
	struct rl_sio_extra *x = s && lost ? rl_sio_socket_extra(s) : NULL;
	if (x) {
		x->back = lost;
		x->back_from = from;
	} else {
		rl_sio_lost_free(io, lost);
	}
	if (!s || (lost && !x)) {
		rl_sio_client_end(client, RL_SIO_FORCED_SERVER_CLOSE, rill_strerror(RILL_ENOMEM));
		return;
	}
	rl_sio_client_watch(client);
	rl_sio_socket_ref(s); /* what it has missed may go half, and end it */
	if (lost && io->options.recovery_skips_middlewares)
		accept_socket(s);
	else
		rl_sio_connect_go_on(s);
	rl_sio_socket_unref(s);
}

static void ask_for(struct rl_sio_client *client, struct rill_namespace *ns, struct rl_slice name,
	const struct rl_json *auth)
{
	if (!ns)
		send_refusal(client, name, "Invalid namespace", rl_sio_no_json());
	else if (client->socket_count >= client->io->options.max_namespaces)
		send_refusal(client, name, "too many namespaces", rl_sio_no_json());
	else
		begin(client, ns, auth);
}

void rl_sio_connect(struct rl_sio_client *client, struct rl_slice name, const struct rl_json *auth)
{
	struct rl_json none = { .type = RL_JSON_OBJECT, .text = RL_SLICE("{}") };
	struct rill_socketio *io = client->io;
	struct rill_namespace *ns = rl_sio_namespace_ask(
		io, name, rl_json_public(auth ? auth : &none, NULL, 0));

	if (ns)
		rl_sio_namespace_use(ns); /* nobody may come into it, and then it goes */
	if (!client->ended)
		ask_for(client, ns, name, auth);
	rl_sio_namespace_drop(ns);
}
