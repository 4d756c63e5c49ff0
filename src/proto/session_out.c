/* session_out.c: what leaves: frames of what waits, signs of life, the last word. None of it calls up: a
 * carrier that is found to be lost is dealt with later. */
#include "proto/session_parts.h"

/* Frames end at about so much, so that a long queue does not stand in memory twice; those of polls, of
 * which each costs a way there and back, later. */
#define FRAME_ROOM ((size_t)1024 * 1024)
#define POLL_ROOM  (4 * FRAME_ROOM)

void rl_session_trace(struct rl_session *s, bool out, rill_kind kind, struct rl_slice bytes)
{
	if (s->conn.traced)
		rl_conn_trace(&s->conn, &(rill_frame){ .size = sizeof(rill_frame),
						.out = out,
						.opcode = kind == RILL_BINARY ? 2 : 1,
						.fin = true,
						.len = bytes.len,
						.payload = rl_bytes(bytes) });
}

struct rl_buf *rl_session_frame(struct rl_session *s)
{
	struct rl_buf *frame = &s->sessions->frame;

	rl_buf_consume(frame, frame->len);
	return frame;
}

/* Writes a frame, or what has come of writing it says why not. */
int rl_session_write_frame(struct rl_session *s, int rc, rill_kind kind)
{
	struct rl_buf *frame = &s->sessions->frame;

	/* Bytes may be none, and are a message. */
	if (rc >= 0 && (frame->len || kind == RILL_BINARY)) {
		rl_session_trace(s, true, kind, rl_buf_slice(frame));
		rc = s->carrier->row->ops->write(s->carrier, kind, rl_buf_slice(frame));
	}
	if (frame->cap > RL_SESSIONS_KEEP)
		rl_buf_release(frame);
	return rl_session_wrote(s, rc);
}

/* A frame of no bytes, in whatever stands around one: the answer to a poll for which there is nothing. */
static int write_nothing(struct rl_session *s)
{
	return rl_session_wrote(
		s, s->carrier->row->ops->write(s->carrier, RILL_TEXT, rl_slice("", 0)));
}

/* What goes to many, in the one form it has for such carriers. NULL: there is no memory for it. */
static struct rl_publication *shared_form(
	struct rl_session *s, const struct rl_outbound *message)
{
	if (!message->publication || !s->carrier->row->ops->publish)
		return NULL;
	return s->carrier->row->raw
		       ? message->publication
		       : s->sessions->dialect->framed(s, s->carrier, message->publication);
}

int rl_session_write_message(struct rl_session *s, const struct rl_outbound *message)
{
	struct rl_carrier *carrier = s->carrier;
	struct rl_publication *shared = shared_form(s, message);
	rill_kind kind = message->kind;

	carrier->plain = message->plain;
	if (shared) {
		rl_session_trace(s, true, kind, rl_blob_slice(shared->payload));
		return rl_session_wrote(s, carrier->row->ops->publish(carrier, shared));
	}
	if (carrier->row->raw) {
		rl_session_trace(s, true, kind, message->data);
		return rl_session_wrote(s, carrier->row->ops->write(carrier, kind, message->data));
	}
	int rc = s->sessions->dialect->frame(s, carrier, message, rl_session_frame(s), &kind);
	return rl_session_write_frame(s, rc, kind);
}

static int write_first(struct rl_session *s)
{
	struct rl_outbound message;

	rl_outbox_first(&s->outbox, &message);
	int rc = rl_session_write_message(s, &message);
	if (rc >= 0)
		rl_outbox_drop(&s->outbox, 1);
	return rc;
}

/* Is none of the first so many to be compressed? */
static bool are_plain(const struct rl_outbox *outbox, uint32_t count)
{
	struct rl_outbound message;
	size_t cursor = 0;

	if (!outbox->plain)
		return false;
	for (; count > 0 && rl_outbox_next(outbox, &cursor, &message); count--)
		if (!message.plain)
			return false;
	return true;
}

/* Does the first of what waits go by itself? */
static bool goes_alone(const struct rl_session *s)
{
	const struct rl_carrier_row *row = s->carrier->row;

	return row->raw || (row->single && !(row->joined && s->outbox.count > 1));
}

static int write_some(struct rl_session *s)
{
	rill_kind kind = RILL_TEXT;
	uint32_t count = 0;

	if (goes_alone(s))
		return write_first(s);
	size_t room = s->carrier->row->one_shot ? POLL_ROOM : FRAME_ROOM;
	int rc = s->sessions->dialect->pack(
		s, s->carrier, rl_session_frame(s), room, &count, &kind);
	assert(rc < 0 || count > 0);
	s->carrier->plain = rc >= 0 && are_plain(&s->outbox, count);
	rc = rl_session_write_frame(s, rc, kind);
	if (rc < 0)
		return rc;
	if (count == s->outbox.count)
		rl_outbox_clear_to(&s->outbox, &s->sessions->spare);
	else
		rl_outbox_drop(&s->outbox, count);
	return rc;
}

void rl_session_flush(struct rl_session *s)
{
	if (!s->outbox.count)
		return;
	while (s->carrier && !s->full && !s->carrier_lost && s->outbox.count)
		write_some(s);
	rl_session_account(s);
}

static int beat_by_frame(struct rl_session *s)
{
	return rl_session_write_frame(
		s, s->sessions->dialect->beat(s, s->carrier, rl_session_frame(s)), RILL_TEXT);
}

void rl_session_set_beat(struct rl_session *s, uint32_t ms)
{
	struct rill_loop *loop = s->conn.loop;

	if (ms && s->carrier && s->carrier->row->beat != RL_BEAT_NONE)
		rl_loop_set_timer(loop, &s->timer, rl_loop_now(loop) + ms);
	else if (s->carrier)
		rl_loop_clear_timer(loop, &s->timer);
}

/* True: an answer will come. */
static bool beat_by_row(struct rl_session *s)
{
	const struct rl_carrier_row *row = s->carrier->row;
	int rc = RILL_EUNSUPPORTED;

	if (row->beat == RL_BEAT_RELEASE) {
		rl_session_release(s);
		return false;
	}
	if (row->beat == RL_BEAT_PING)
		rc = row->ops->ping(s->carrier);
	if (rc != RILL_EUNSUPPORTED)
		return rc >= 0;
	rc = beat_by_frame(s);
	return row->beat == RL_BEAT_ASKED && (rc == 0 || rc == 1);
}

/* A sign of life. What waits is as good as one, and would only grow. */
void rl_session_beat(struct rl_session *s)
{
	const struct rl_session_times *times = rl_session_times(s);

	if (!s->full && !s->outbox.count)
		s->awaiting_answer = beat_by_row(s) && times->answer_ms;
	rl_session_set_beat(s, s->awaiting_answer ? times->answer_ms : times->beat_ms);
}

/* Whose messages are not read, whose answers neither; and one that has much to take first has the time
 * that any peer has for that. */
bool rl_session_is_silent(const struct rl_session *s)
{
	if (!s->awaiting_answer || s->held_back || s->full)
		return false;
	/* What stands among messages waits with them, whoever brings it. */
	return s->row->beat != RL_BEAT_ASKED || s->conn.state != RILL_CONN_OPEN ||
	       !rl_session_is_behind(s);
}

void rl_session_renew_wait(struct rl_session *s)
{
	if (!s->awaiting_answer)
		return;
	if (s->row->beat == RL_BEAT_AWAITED)
		rl_session_start_pulse(s);
	else
		rl_session_set_beat(s, rl_session_times(s)->answer_ms);
}

void rl_session_answered(struct rl_session *s)
{
	if (!s->awaiting_answer)
		return;
	s->awaiting_answer = false;
	if (rl_session_has_pulse(s))
		rl_session_start_pulse(s);
	else
		rl_session_set_beat(s, rl_session_times(s)->beat_ms);
}

void rl_session_release(struct rl_session *s)
{
	if (!s->carrier || s->carrier->row->duplex || s->full || s->carrier_lost)
		return;
	const struct rl_dialect *dialect = s->sessions->dialect;
	if (dialect->release)
		rl_session_write_frame(
			s, dialect->release(s, s->carrier, rl_session_frame(s)), RILL_TEXT);
	else
		write_nothing(s);
}

/* The carrier, if there is one behind the frame, is ended in order. */
void rl_session_say_last_word(struct rl_session *s)
{
	struct rl_slice reason = rl_slice_str(s->reason), ws_reason = rl_slice(NULL, 0);
	int ws_code = 1000, rc = 0;

	if (s->carrier->row->raw) {
		ws_code = s->code;
		ws_reason = reason;
	} else {
		rc = s->sessions->dialect->shut(
			s, s->carrier, s->code, reason, rl_session_frame(s), &ws_code, &ws_reason);
		rc = rl_session_write_frame(s, rc, RILL_TEXT);
	}
	if (rc < 0)
		return;
	if (s->carrier) {
		s->carrier->row->ops->finish(s->carrier, ws_code, ws_reason);
		rl_session_no_carrier(s);
		rl_session_await_client(s);
	}
	s->told = true;
}
