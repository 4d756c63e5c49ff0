/* session_upgrade.c: a second carrier that is to take the place of the first.
 *
 * Polls go on while a WebSocket is tried. Its first word is a question, which is answered on it, so that the
 * client knows that the way is open in both directions; from then on whoever waits with a poll is sent away
 * now and then, because the client wants to have none under way when it goes over. Its second word is that it
 * has: what waits leaves by the new carrier. Anything else, and time, ends the new one alone. */
#include "proto/session_parts.h"

/* How often polls that wait are answered: what the reference server has. */
#define RELEASE_MS 100

struct rl_session_upgrade {
	struct rl_session *session;
	struct rl_carrier *carrier;
	struct rl_timer timer; /* the next release, or the end of it */
	uint64_t deadline;     /* UINT64_MAX: none */
	bool answered;
	bool due; /* the word was said, while a request was still bringing messages */
};

static void set_timer(struct rl_session_upgrade *u)
{
	struct rill_loop *loop = u->session->conn.loop;
	uint64_t due = u->answered ? rl_loop_now(loop) + RELEASE_MS : UINT64_MAX;

	if (u->deadline < due)
		due = u->deadline;
	if (due != UINT64_MAX)
		rl_loop_set_timer(loop, &u->timer, due);
}

/* What was offered is nobody's. */
static struct rl_carrier *forget(struct rl_session *s)
{
	struct rl_session_upgrade *u = s->upgrade;
	struct rl_carrier *carrier = u->carrier;

	s->upgrade = NULL;
	rl_loop_clear_timer(s->conn.loop, &u->timer);
	rl_free(&s->conn.loop->env, u);
	return carrier;
}

void rl_session_drop_offered(struct rl_session *s, bool in_order)
{
	if (!s->upgrade)
		return;
	struct rl_carrier *carrier = forget(s);
	if (in_order)
		carrier->row->ops->finish(carrier, 1000, rl_slice(NULL, 0));
	else
		carrier->row->ops->cut(carrier);
}

static void on_timer(struct rl_timer *timer)
{
	struct rl_session_upgrade *u = rl_container(timer, struct rl_session_upgrade, timer);
	struct rl_session *s = u->session;

	if (rl_loop_now(s->conn.loop) >= u->deadline) {
		rl_session_drop_offered(s, true);
		return;
	}
	if (!s->outbox.count) /* else it is about to be answered */
		rl_session_release(s);
	set_timer(u);
}

int rl_session_offer(struct rl_session *s, struct rl_carrier *carrier)
{
	struct rill_loop *loop = s->conn.loop;
	uint32_t ms = s->sessions->terms.upgrade_ms;

	if (s->upgrade || s->row->duplex || s->conn.state != RILL_CONN_OPEN)
		return RILL_ESTATE;
	struct rl_session_upgrade *u = rl_zalloc(&loop->env, sizeof(*u));
	if (!u)
		return RILL_ENOMEM;
	u->session = s;
	u->carrier = carrier;
	u->deadline = ms ? rl_loop_now(loop) + ms : UINT64_MAX;
	rl_timer_init(&u->timer, on_timer);
	s->upgrade = u;
	carrier->session = s;
	carrier->offered = true;
	set_timer(u);
	return 0;
}

/* The new carrier is the carrier. */
static void take_over(struct rl_session *s)
{
	bool held_back = s->upgrade->due;
	struct rl_carrier *carrier = forget(s);

	rl_session_release(s);
	if (s->carrier) /* it could not be told */
		s->carrier->row->ops->cut(s->carrier);
	carrier->offered = false;
	s->carrier = carrier;
	s->row = carrier->row;
	s->secure = carrier->row->ops->secure(carrier);
	s->full = s->carrier_lost = false;
	s->held_back = held_back;
	s->sessions->upgraded++;
	rl_session_wake(s);
}

static void answer(struct rl_session *s)
{
	struct rl_session_upgrade *u = s->upgrade;
	struct rl_buf *frame = &s->sessions->frame;

	if (u->carrier->row->ops->write(u->carrier, RILL_TEXT, rl_buf_slice(frame)) < 0) {
		rl_session_drop_offered(s, false);
		return;
	}
	/* Whoever has asked by two ways at once has this answer first. */
	u->carrier->row->ops->flush(u->carrier);
	u->answered = true;
	set_timer(u);
}

/* What a request still brings was sent before. */
static void wait_for_request(struct rl_session_upgrade *u)
{
	u->due = true;
	u->carrier->row->ops->set_reading(u->carrier, false);
}

void rl_session_offered_said(struct rl_session *s, rill_kind kind, struct rl_slice data)
{
	struct rl_session_upgrade *u = s->upgrade;
	struct rl_buf *frame = rl_session_frame(s);

	switch (s->sessions->dialect->probe(s, u->carrier, kind, data, frame)) {
	case RL_PROBE_ANSWER:
		answer(s);
		break;
	case RL_PROBE_TAKE:
		if (s->bringing)
			wait_for_request(u);
		else
			take_over(s);
		break;
	default:
		rl_session_drop_offered(s, true);
	}
}

/* The carrier frees itself. */
void rl_session_offered_lost(struct rl_session *s)
{
	forget(s);
}

void rl_session_bring(struct rl_session *s, bool begins)
{
	s->bringing = begins;
	if (!begins && s->upgrade && s->upgrade->due)
		take_over(s);
}
