/* socketio0_message.c: values become messages, as JavaScript makes them: to one client, and to many, for whom each is
 * encoded once. */
#include <math.h>
#include "base/utf8.h"
#include "conn/publication.h"
#include "proto/json.h"
#include "proto/socketio0.h"
#include "wire/sio_packet.h"

/* Where messages go; results of rill_send(). */
struct outlet {
	int (*give)(struct outlet *outlet, rill_kind kind, struct rl_slice data);
	const struct rl_env *env;
	struct rill_socketio0 *io; /* to all of its clients */
	rill_conn *client;         /* to this one; of many: but this one */
	const char *const *except;
	bool slow;
};

static int give(struct outlet *out, rill_kind kind, struct rl_slice data)
{
	int rc = out->give(out, kind, data);

	out->slow = out->slow || rc > 0;
	return rc < 0 ? rc : 0;
}

static int give_buf(struct outlet *out, rill_kind kind, struct rl_buf *text, int rc)
{
	if (rc == 0)
		rc = give(out, kind, rl_buf_slice(text));
	rl_buf_release(text);
	return rc;
}

/* String(value) */
static int give_number(struct outlet *out, double value)
{
	struct rl_buf text;

	if (isnan(value))
		return give(out, RILL_TEXT, RL_SLICE("NaN"));
	if (isinf(value))
		return give(
			out, RILL_TEXT, value > 0 ? RL_SLICE("Infinity") : RL_SLICE("-Infinity"));
	rl_buf_init(&text, out->env);
	return give_buf(out, RILL_TEXT, &text,
		rl_json_write_double(&text, value == 0 ? 0 : value)); /* -0 is "0" */
}

static int give_int(struct outlet *out, int64_t value)
{
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	struct rl_buf text;
	int rc = 0;

	rl_buf_init(&text, out->env);
	if (value < 0)
		rc = rl_buf_append_str(&text, "-");
	if (rc == 0)
		rc = rl_buf_append_u64(&text, magnitude);
	return give_buf(out, RILL_TEXT, &text, rc);
}

static int give_bool(struct outlet *out, bool value)
{
	return give(out, RILL_TEXT, value ? RL_SLICE("true") : RL_SLICE("false"));
}

/* Does it hold bytes that came beside it? */
static bool has_bytes(rill_json value)
{
	struct rl_slice rest = rl_slice(value.data, value.len), before = rest;
	enum rl_json_step step;
	struct rl_json piece;
	uint32_t number;

	while (value.attached_count && (step = rl_json_step(&rest, &piece)) != RL_JSON_END) {
		if (step == RL_JSON_OPEN && piece.type == RL_JSON_OBJECT &&
			rl_sio_take_placeholder(&before, &number) && number < value.attached_count)
			return true;
		before = rest;
	}
	return false;
}

static int give_json_text(struct outlet *out, rill_json string)
{
	struct rl_json from;
	struct rl_buf text;

	rl_json_private(string, &from);
	rl_buf_init(&text, out->env);
	return give_buf(out, RILL_TEXT, &text, rl_json_unquote(&from, &text));
}

static int give_json_number(struct outlet *out, rill_json number)
{
	struct rl_json from;
	double value;

	rl_json_private(number, &from);
	if (!rl_json_double(&from, &value))
		value = number.data[0] == '-' ? -INFINITY : INFINITY;
	return give_number(out, value);
}

/* What is no array, or one in another. */
static int give_item(struct outlet *out, rill_json value)
{
	switch (value.type) {
	case RILL_JSON_NONE:
	case RILL_JSON_NULL:
		return give(out, RILL_TEXT, rl_slice(NULL, 0));
	case RILL_JSON_FALSE:
	case RILL_JSON_TRUE:
		return give_bool(out, value.type == RILL_JSON_TRUE);
	case RILL_JSON_NUMBER:
		return give_json_number(out, value);
	case RILL_JSON_STRING:
		return give_json_text(out, value);
	case RILL_JSON_BYTES:
		return RILL_EUNSUPPORTED;
	default:
		if (has_bytes(value))
			return RILL_EUNSUPPORTED;
		return give(out, RILL_JSON, rl_slice(value.data, value.len));
	}
}

static int give_json(struct outlet *out, rill_json value)
{
	rill_json item;
	int rc = 0;

	if (value.type != RILL_JSON_ARRAY)
		return give_item(out, value);
	while (rc == 0 && rill_json_next(&value, NULL, &item))
		rc = give_item(out, item);
	return rc;
}

static int give_items(struct outlet *out, rill_json array)
{
	rill_json item;
	int rc = 0;

	while (rc == 0 && rill_json_next(&array, NULL, &item))
		rc = give_json(out, item);
	return rc;
}

static int give_arg(struct outlet *out, const rill_arg *arg)
{
	switch (arg->kind) {
	case RILL_ARG_NULL:
		return give(out, RILL_TEXT, rl_slice(NULL, 0));
	case RILL_ARG_BOOL:
		return give_bool(out, arg->u.boolean);
	case RILL_ARG_INT:
		return give_int(out, arg->u.integer);
	case RILL_ARG_NUMBER:
		return give_number(out, arg->u.number);
	case RILL_ARG_TEXT:
		return give(out, RILL_TEXT, rl_slice(arg->u.bytes.data, arg->u.bytes.len));
	case RILL_ARG_JSON:
		return give_json(out, arg->u.json);
	case RILL_ARG_ITEMS:
		return give_items(out, arg->u.json);
	default:
		return RILL_EUNSUPPORTED;
	}
}

static int give_all(struct outlet *out, const rill_arg *args)
{
	int rc = 0;

	for (; rc == 0 && args && args->kind != RILL_ARG_END; args++)
		rc = give_arg(out, args);
	return rc;
}

static int send_one(struct outlet *out, rill_kind kind, struct rl_slice data)
{
	return rill_send(out->client, kind, data.data, data.len);
}

int rill_socketio0_send(rill_conn *client, const rill_arg *messages)
{
	struct outlet out = { .give = send_one, .env = &client->loop->env, .client = client };

	if (!rl_sio0_session(client))
		return RILL_EINVAL;
	int rc = give_all(&out, messages);
	return rc < 0 ? rc : out.slow;
}

static bool is_left_out(const struct outlet *out, const struct rl_session *session)
{
	const char *const *id = out->except;

	if (&session->conn == out->client)
		return true;
	for (; id && *id; id++)
		if (strcmp(*id, rl_session_id(session)) == 0)
			return true;
	return false;
}

/* One that is slow, or gone, keeps nobody else from getting it. */
static int publish(struct outlet *out, rill_kind kind, struct rl_slice data)
{
	struct rl_sessions *sessions = rl_sio0_sessions(out->io);
	struct rl_publication *publication;
	int rc = 0;

	if (kind == RILL_TEXT && !rl_utf8_valid(data.data, data.len))
		return RILL_EUTF8;
	if (kind == RILL_TEXT && rl_sio0_is_sign(data))
		return RILL_EUNSUPPORTED;
	publication = rl_publication_new(out->env, kind, data, rl_slice(NULL, 0));
	if (!publication)
		return RILL_ENOMEM;
	rl_list_each_safe (node, &sessions->all) {
		struct rl_session *s = rl_session(rl_container(node, struct rill_conn, node));
		if (!is_left_out(out, s) && rl_session_publish(s, publication) == RILL_ENOMEM)
			rc = RILL_ENOMEM;
	}
	rl_publication_unref(publication);
	return rc;
}

static int broadcast(struct rill_socketio0 *io, rill_conn *but, const char *const *except,
	const rill_arg *messages)
{
	struct outlet out = {
		.give = publish, .env = rl_sio0_env(io), .io = io, .client = but, .except = except
	};

	return give_all(&out, messages);
}

int rill_socketio0_broadcast(
	rill_socketio0 *io, const rill_arg *messages, const char *const *except)
{
	return broadcast(io, NULL, except, messages);
}

int rill_socketio0_broadcast_from(rill_conn *client, const rill_arg *messages)
{
	rill_socketio0 *io = rill_socketio0_listener(client);

	return io ? broadcast(io, client, NULL, messages) : RILL_ECLOSED;
}
