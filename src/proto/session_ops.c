/* session_ops.c: what the program does with a session: the calls of rill/conn.h. What is sent waits in
 * the outbox until the end of the turn; on a raw carrier that takes it, it goes straight. None of them
 * calls back. */
#include <stdio.h>
#include "base/json.h"
#include "proto/session_parts.h"
#include "wire/ws_session.h"

static struct rl_session *of(const struct rill_conn *conn)
{
	return rl_container(conn, struct rl_session, conn);
}

static size_t held_pieces(const struct rl_session *s)
{
	return s->extra ? s->extra->pieces.len : 0;
}

static size_t op_queued(const struct rill_conn *conn)
{
	const struct rl_session *s = of(conn);
	size_t below = s->carrier ? s->carrier->row->ops->queued(s->carrier) : 0;

	return s->outbox.bytes + held_pieces(s) + below;
}

static bool fits(const struct rl_session *s, size_t len)
{
	size_t max = s->sessions->terms.max_queue;
	size_t used = rl_outbox_cost(&s->outbox) + held_pieces(s);

	return !max || !used || (used <= max && len <= max - used);
}

/* Is there room for so much, or can it be made? */
static bool make_room(struct rl_session *s, size_t len)
{
	if (fits(s, len))
		return true;
	switch (s->sessions->terms.overflow) {
	case RILL_OVERFLOW_CLOSE:
		s->broken = true;
		rl_conn_close(&s->conn, 1008, RL_SLICE("too much waits to be sent"));
		return false;
	case RILL_OVERFLOW_DROP_OLDEST:
		while (s->outbox.count && !fits(s, len))
			rl_outbox_drop(&s->outbox, 1);
		rl_session_account(s);
		return fits(s, len); /* of pieces none can be dropped */
	default:
		return false;
	}
}

static void count_out(struct rl_session *s, size_t len)
{
	s->sessions->messages_out++;
	s->sessions->bytes_out += len;
}

/* Something was taken; results of rill_send(). Whoever is told to wait hears when to go on, though all of
 * it went straight, or are pieces, which only others complete. */
static int taken(struct rl_session *s)
{
	size_t queued = op_queued(&s->conn);

	if (queued > rl_server_options(s->sessions->server)->high_water)
		s->over_high = true;
	if (s->over_high)
		rl_session_wake(s);
	rl_conn_note_queue(&s->conn, queued);
	return s->over_high;
}

static int wait_in_outbox(struct rl_session *s, int rc, size_t len)
{
	if (rc < 0)
		return rc;
	rl_session_account(s);
	rl_session_wake(s);
	count_out(s, len);
	return taken(s);
}

/* Each message is a frame, and nothing is in front of this one. */
static bool goes_straight(const struct rl_session *s)
{
	return s->carrier && (s->carrier->row->raw || s->carrier->row->single) && !s->full &&
	       !s->carrier_lost && !s->outbox.count;
}

/* True: it has gone, or was refused; *rc is as of rill_send(). A carrier that turns out to be lost leaves it to wait
 * for the next, where there may be one. */
static bool went_straight(struct rl_session *s, const struct rl_outbound *message, int *rc)
{
	if (!goes_straight(s))
		return false;
	*rc = rl_session_write_message(s, message);
	if (*rc == RILL_ECLOSED && s->row->on_loss == RL_LOSS_WAITS)
		return false;
	if (*rc < 0)
		return true;
	count_out(s, message->data.len);
	s->over_high = s->over_high || s->full;
	*rc = taken(s);
	return true;
}

static int put(struct rl_session *s, rill_kind kind, struct rl_slice data)
{
	const struct rl_outbound message = { .kind = kind, .data = data, .plain = s->plain };
	int rc = s->sessions->dialect->check(s, kind, data);

	if (rc < 0)
		return rc;
	if (went_straight(s, &message, &rc))
		return rc;
	if (!make_room(s, data.len))
		return RILL_ETOOBIG;
	rl_buf_take_spare(&s->outbox.entries, &s->sessions->spare);
	return wait_in_outbox(s, rl_outbox_add_message(&s->outbox, &message), data.len);
}

/* The whole of a message in pieces; they stay when it is not taken. */
static int put_pieces(struct rl_session *s, rill_kind kind)
{
	struct rl_buf *pieces = &s->extra->pieces, whole = *pieces;

	if (kind == RILL_TEXT && !rl_wtf8_valid(pieces->data, pieces->len))
		return RILL_EUTF8;
	if (kind == RILL_JSON && !rl_json_valid(pieces->data, pieces->len))
		return RILL_EPROTO;
	rl_buf_init(pieces, whole.env); /* they count once */
	int rc = put(s, kind, rl_buf_slice(&whole));
	if (rc < 0) {
		*pieces = whole;
		return rc;
	}
	rl_buf_release(&whole);
	return rc;
}

/* The protocols have no messages in pieces: they are put together here. */
static int put_piece(struct rl_session *s, rill_kind kind, struct rl_slice data, bool last)
{
	struct rl_session_extra *extra = rl_session_extra(s);

	if (!extra)
		return RILL_ENOMEM;
	if (!make_room(s, data.len))
		return RILL_ETOOBIG;
	size_t before = extra->pieces.len;
	int rc = rl_buf_append_slice(&extra->pieces, data);
	if (rc == 0 && last) {
		rc = put_pieces(s, kind);
		if (rc < 0)
			extra->pieces.len = before;
	}
	rl_session_account(s);
	return rc < 0 || last ? rc : taken(s);
}

static int op_send(struct rill_conn *conn, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last)
{
	(void)blob; /* what waits is joined */
	if (first && last)
		return put(of(conn), kind, data);
	return put_piece(of(conn), kind, data, last);
}

static int op_publish(struct rill_conn *conn, struct rl_publication *publication)
{
	struct rl_session *s = of(conn);
	struct rl_slice data = rl_blob_slice(publication->payload);
	const struct rl_outbound message = { .kind = publication->kind,
		.data = data,
		.plain = publication->plain,
		.publication = publication };
	int rc = s->sessions->dialect->check(s, publication->kind, data);

	if (rc < 0 || went_straight(s, &message, &rc))
		return rc;
	return wait_in_outbox(s, rl_outbox_add_publication(&s->outbox, publication), data.len);
}

/* Pieces of a message in pieces stand aside until it is whole, and others may pass. */
int rl_session_publish(struct rl_session *s, struct rl_publication *publication)
{
	if (s->conn.state != RILL_CONN_OPEN)
		return RILL_ECLOSED;
	rl_conn_before_send(&s->conn);
	if (s->conn.state != RILL_CONN_OPEN)
		return RILL_ECLOSED;
	if (!goes_straight(s) && !make_room(s, publication->payload->len))
		return RILL_ETOOBIG;
	int rc = op_publish(&s->conn, publication);
	if (rc < 0)
		return rc;
	s->conn.messages_out++;
	s->conn.bytes_out += publication->payload->len;
	s->conn.drain_due = s->conn.drain_due || rc > 0;
	return rc;
}

/* It would leave at once. */
static bool is_writable(const struct rl_session *s)
{
	return s->carrier && !s->full && !s->carrier_lost;
}

int rl_session_send(
	struct rl_session *s, rill_kind kind, struct rl_slice data, bool plain, bool droppable)
{
	if (droppable && s->conn.state == RILL_CONN_OPEN && !is_writable(s))
		return RILL_ELIMIT;
	s->plain = plain;
	int rc = rl_conn_send(&s->conn, kind, data);
	s->plain = false;
	return rc;
}

int rl_session_send_control(struct rl_session *s, uint8_t type, struct rl_slice data)
{
	if (!fits(s, data.len))
		return RILL_ENOMEM;
	int rc = rl_outbox_add(&s->outbox, type, RILL_TEXT, data);
	if (rc < 0)
		return RILL_ENOMEM;
	rl_session_account(s);
	rl_session_wake(s);
	return 0;
}

static void op_flush(struct rill_conn *conn)
{
	struct rl_session *s = of(conn);

	rl_session_flush(s);
	if (s->carrier && s->carrier->row->ops->flush)
		s->carrier->row->ops->flush(s->carrier);
}

/* Of a WebSocket without frames of the protocol's own, code and reason are its own close's. */
static int op_close(struct rill_conn *conn, int code, struct rl_slice reason)
{
	struct rl_session *s = of(conn);

	if (code < 0 || code > UINT16_MAX)
		return RILL_EINVAL;
	if (rl_session_is_raw(s) && (!rl_ws_code_sendable((unsigned)code) || reason.len > 123))
		return RILL_EINVAL;
	s->code = (uint16_t)code;
	s->reason = reason.len ? rl_strndup(&conn->loop->env, reason.data, reason.len) : NULL;
	if (s->extra)
		rl_buf_release(&s->extra->pieces);
	rl_session_account(s);
	rl_session_wake(s);
	if (rl_session_has_pulse(s))
		rl_session_stop_pulse(s);
	return 0;
}

static void op_cut(struct rill_conn *conn)
{
	rl_session_let_go(of(conn));
}

static void op_set_reading(struct rill_conn *conn, bool on)
{
	struct rl_session *s = of(conn);

	if (on) {
		rl_session_wake(s);
	} else if (s->carrier && s->carrier->row->duplex && !s->held_back) {
		s->held_back = true;
		s->carrier->row->ops->set_reading(s->carrier, false);
	}
}

static int op_control(struct rill_conn *conn, bool ping, struct rl_slice data)
{
	(void)conn;
	(void)ping;
	(void)data;
	return RILL_EUNSUPPORTED;
}

static struct rl_blob *op_take_message(struct rill_conn *conn)
{
	(void)conn;
	return NULL; /* it stands among others */
}

static void op_charge(struct rill_conn *conn, ptrdiff_t bytes)
{
	struct rl_session *s = of(conn);

	s->kept = (size_t)((ptrdiff_t)s->kept + bytes);
	rl_session_account(s);
}

static const char *op_transport(const struct rill_conn *conn)
{
	const struct rl_session *s = of(conn);

	return s->row ? s->row->name : "";
}

static const char *op_nothing(const struct rill_conn *conn)
{
	(void)conn;
	return "";
}

static struct rl_slice op_header(const struct rill_conn *conn, struct rl_slice name)
{
	return rl_session_name(of(conn), name);
}

static const struct rl_addr *op_peer(const struct rill_conn *conn)
{
	return &of(conn)->peer;
}

static bool op_secure(const struct rill_conn *conn)
{
	return of(conn)->secure;
}

static bool op_local(struct rill_conn *conn, struct rl_addr *addr)
{
	const struct rl_session *s = of(conn);

	return s->carrier && s->carrier->row->ops->local(s->carrier, addr);
}

static void op_ended(struct rill_conn *conn)
{
	rl_session_ended(of(conn));
}

static void op_free(struct rill_conn *conn)
{
	struct rl_session *s = of(conn);
	const struct rl_env *env = &conn->loop->env;

	rl_free(env, s->names);
	rl_free(env, s->reason);
	rl_free(env, s->extra);
	rl_free(env, s);
}

/* What all have. */
#define OPS                                                                                        \
	.transport = "session", .transport_now = op_transport, .send = op_send,                    \
	.publish = op_publish, .flush = op_flush, .close = op_close, .cut = op_cut,                \
	.set_reading = op_set_reading, .control = op_control, .take_message = op_take_message,     \
	.queued = op_queued, .charge = op_charge, .version = op_nothing, .protocol = op_nothing,   \
	.extensions = op_nothing, .header = op_header, .peer = op_peer, .secure = op_secure,       \
	.local = op_local, .ended = op_ended, .free = op_free

const struct rl_conn_ops rl_session_ops = { OPS, .surrogates = true };
const struct rl_conn_ops rl_session_utf8_ops = { OPS, .cut_reason = "forced close" };
const struct rl_conn_ops rl_session_json_ops = { OPS, .json = true };

const char *rl_session_uuid(struct rl_session *s)
{
	const struct rl_env *env = &s->conn.loop->env;
	struct rl_session_extra *extra = rl_session_extra(s);
	uint8_t r[16];

	if (!extra || extra->uuid[0])
		return extra ? extra->uuid : NULL;
	env->random(r, sizeof(r), env->user);
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40); /* RFC 9562, 5.4: version 4, */
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80); /* ... and its variant */
	snprintf(extra->uuid, sizeof(extra->uuid),
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1],
		r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14],
		r[15]);
	return extra->uuid;
}
