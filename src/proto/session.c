/* session.c: the states of a session: it begins, has a carrier or waits for one, closes, is forgotten.
 *
 * What the program does only notes what is to be done (session_ops.c); it is done at the end of the turn,
 * by the session's task, or when a carrier says that there is room again. So all that was sent in a turn
 * leaves in one frame, and nothing is told from inside a downcall.
 *
 * A session is one reference of its conn, and its memory goes with the last of them. Its life in the
 * service ends in rl_session_leave(), at the end of the turn in which on_close was told, or when a session that
 * repeats its last word is asked for it no longer. */
#include "proto/session_parts.h"

static void on_timer(struct rl_timer *timer);
static void on_task(struct rl_task *task);

void rl_session_wake(struct rl_session *s)
{
	if (s->sessions)
		rl_loop_defer_writes(s->conn.loop, &s->task);
}

struct rl_session_extra *rl_session_extra(struct rl_session *s)
{
	const struct rl_env *env = &s->conn.loop->env;

	if (!s->extra) {
		s->extra = rl_zalloc(env, sizeof(*s->extra));
		if (s->extra)
			rl_buf_init(&s->extra->pieces, env);
	}
	return s->extra;
}

void rl_session_account(struct rl_session *s)
{
	size_t pieces = s->extra ? s->extra->pieces.len : 0;
	/* What it is by itself counts too, for clients make them by the hundred thousand a second. */
	size_t now = sizeof(*s) + rl_outbox_held(&s->outbox) + pieces + s->waiting + s->kept +
		     s->names_room;

	if (s->gone)
		now = 0; /* its memory is as good as freed */
	if (now != s->held && s->sessions)
		rl_server_hold(s->sessions->server, (ptrdiff_t)now - (ptrdiff_t)s->held);
	s->held = now;
}

static struct rl_session *make(
	struct rl_sessions *sessions, struct rl_slice id, struct rl_slice owner)
{
	struct rl_session_place *place;
	size_t behind = id.len ? sizeof(*place) + id.len + owner.len : 0;
	struct rl_session *s = rl_alloc(&sessions->loop->env, sizeof(*s) + behind);

	if (!s || !id.len) {
		if (s)
			*s = (struct rl_session){ 0 };
		return s;
	}
	place = (struct rl_session_place *)(void *)(s + 1);
	*s = (struct rl_session){ .place = place };
	*place = (struct rl_session_place){ .id_len = (uint16_t)id.len,
		.owner_len = (uint32_t)owner.len };
	memcpy(place->text, id.data, id.len);
	if (owner.len)
		memcpy(place->text + id.len, owner.data, owner.len);
	return s;
}

struct rl_session *rl_session_new(struct rl_sessions *sessions, struct rl_slice id,
	struct rl_slice owner, const struct rl_addr *peer)
{
	const struct rl_env *env = &sessions->loop->env;

	assert(id.len <= RL_SESSION_ID_MAX);
	struct rl_session *s = make(sessions, id, owner);
	if (!s)
		return NULL;
	if (rl_session_table_enter(sessions, peer) < 0) {
		rl_free(env, s);
		return NULL;
	}
	s->sessions = sessions;
	s->peer = *peer;
	rl_timer_init(&s->timer, on_timer);
	rl_task_init(&s->task, on_task);
	rl_outbox_init(&s->outbox, env);
	rl_list_init(&s->inbound);
	const struct rl_conn_ops *ops = sessions->dialect->ops;
	rl_conn_init(&s->conn, ops ? ops : &rl_session_ops, sessions->handler, sessions->loop);
	rill_conn_ref(&s->conn); /* until rl_session_leave() */
	rl_list_append(&sessions->all, &s->conn.node);
	sessions->count++;
	if (s->place)
		rl_session_table_list(sessions, s->place);
	return s;
}

/* The service has nothing more to do with it. */
void rl_session_leave(struct rl_session *s)
{
	struct rl_sessions *sessions = s->sessions;

	rl_session_let_go(s);
	rl_session_answer(s);
	assert(!s->held);
	if (sessions->dialect->over)
		sessions->dialect->over(s);
	rl_session_table_leave(sessions, &s->peer);
	rl_list_remove(&s->conn.node);
	rl_list_remove(&s->task.node);
	s->sessions = NULL;
	rill_conn_unref(&s->conn);
	if (--sessions->count == 0 && sessions->empty)
		sessions->empty(sessions);
}

static void leave_later(struct rl_task *task)
{
	rl_session_leave(rl_container(task, struct rl_session, task));
}

void rl_session_let_go(struct rl_session *s)
{
	rl_session_table_unlist(s->sessions, s->place);
	rl_loop_clear_timer(s->conn.loop, &s->timer);
	if (s->carrier)
		s->carrier->row->ops->cut(s->carrier);
	rl_session_no_carrier(s);
	rl_session_drop_offered(s, false);
	s->gone = true;
	rl_outbox_clear(&s->outbox);
	if (s->extra)
		rl_buf_release(&s->extra->pieces);
	rl_session_account(s);
}

void rl_session_ended(struct rl_session *s)
{
	struct rl_sessions *sessions = s->sessions;

	if (s->conn.opened) {
		sessions->open--;
		sessions->closed_protocol += s->broken;
		sessions->closed_clean += s->told && !s->broken;
		sessions->closed_lost += !s->told && !s->broken;
	}
	rl_list_append(&sessions->rest, &s->conn.node);
	if (sessions->dialect->once)
		rl_session_table_unlist(sessions, s->place);
	if (s->told && rl_timer_is_set(&s->timer) && s->place && s->place->listed)
		return; /* repeats its last word until its time is up */
	rl_loop_clear_timer(s->conn.loop, &s->timer);
	rl_list_remove(&s->task.node);
	s->task.fn = leave_later;
	rl_loop_bury(s->conn.loop, &s->task);
}

void rl_session_closed(
	struct rl_session *s, enum rl_ending how, int code, struct rl_slice reason)
{
	const struct rl_ending_words *words = s->sessions->dialect->endings;

	if (words) {
		if (s->conn.state == RILL_CONN_CLOSING && !s->conn.late) {
			how = RL_ENDING_CLOSED; /* whatever has become of its client meanwhile */
			code = s->code;
		}
		code = words[how].code ? words[how].code : code;
		reason = rl_slice_str(words[how].reason);
	}
	rl_conn_closed(&s->conn, code, reason);
}

/* It is over, and was not closed in order by us. */
void rl_session_end(struct rl_session *s, enum rl_ending how, int code, struct rl_slice reason)
{
	bool once = s->sessions->dialect->once;

	rl_session_table_unlist(s->sessions, s->place);
	rl_session_drop_offered(s, true);
	if (once && s->carrier && !s->carrier_lost)
		rl_session_say_last_word(s);
	s->told = once && how == RL_ENDING_LEFT;
	rl_session_closed(s, how, code, reason);
}

void rl_session_left(struct rl_session *s)
{
	struct rl_slice nothing = rl_slice(NULL, 0);

	rl_session_release(s);
	if (s->carrier && !s->carrier_lost)
		s->carrier->row->ops->finish(s->carrier, 1000, nothing);
	if (!s->carrier_lost)
		rl_session_no_carrier(s);
	rl_session_end(s, RL_ENDING_LEFT, 1000, nothing);
}

/* Nobody receives: its time runs. */
void rl_session_await_client(struct rl_session *s)
{
	struct rill_loop *loop = s->conn.loop;
	uint32_t ms = rl_session_times(s)->away_ms;

	if (rl_session_has_pulse(s) && s->conn.state != RILL_CONN_CLOSING)
		return; /* which goes on */
	if (ms == RL_AWAY_NOT) /* but not from inside */
		rl_loop_set_timer(loop, &s->timer, rl_loop_now(loop));
	else if (ms)
		rl_loop_set_timer(loop, &s->timer, rl_loop_now(loop) + ms);
	else
		rl_loop_clear_timer(loop, &s->timer);
}

void rl_session_no_carrier(struct rl_session *s)
{
	s->carrier = NULL;
	s->full = s->held_back = s->carrier_lost = false;
	if (!rl_session_has_pulse(s))
		s->awaiting_answer = false;
}

int rl_session_wrote(struct rl_session *s, int rc)
{
	if (rc == 1) {
		s->full = true;
	} else if (rc == 2) {
		rl_session_no_carrier(s);
		rl_session_await_client(s);
	} else if (rc < 0) {
		s->carrier_lost = true;
		rl_session_wake(s);
	}
	return rc;
}

/* The program has closed it, or it is over and repeats that. */
static bool has_last_word(const struct rl_session *s)
{
	return s->told || (s->conn.state == RILL_CONN_CLOSING && !s->conn.late);
}

/* The high and low water marks are those of streams; and a queue that is empty has sunk, whatever is
 * on its way still. */
static void tell_drained(struct rl_session *s)
{
	size_t low = rl_server_options(s->sessions->server)->low_water;

	if (!s->over_high || s->conn.state != RILL_CONN_OPEN)
		return;
	if ((s->outbox.count || s->full) && s->conn.ops->queued(&s->conn) > low)
		return;
	s->over_high = false;
	rl_conn_drained(&s->conn);
}

/* All that is to be done. From the loop. */
static void run(struct rl_session *s)
{
	if (s->carrier_lost) {
		s->carrier->row->ops->cut(s->carrier);
		rl_session_lost(s, 1006, rl_slice(NULL, 0));
	}
	rl_session_deliver(s);
	rl_session_flush(s);
	if (s->carrier && !s->full && !s->carrier_lost && !s->outbox.count && has_last_word(s))
		rl_session_say_last_word(s);
	rl_session_answer(s);
	if (s->told && s->conn.state != RILL_CONN_CLOSED)
		rl_session_closed(s, RL_ENDING_CLOSED, s->code, rl_slice_str(s->reason));
	else
		tell_drained(s);
}

static void on_task(struct rl_task *task)
{
	struct rl_session *s = rl_container(task, struct rl_session, task);

	run(s);
	if (s->carrier && s->carrier->row->ops->settle)
		s->carrier->row->ops->settle(s->carrier);
}

/* Its client did not come back, or may not. */
static void give_up(struct rl_session *s)
{
	rl_session_end(s, s->silent ? RL_ENDING_SILENT : RL_ENDING_LOST, 1006, rl_slice(NULL, 0));
}

/* A loss does not end it. */
static bool outlives_loss(const struct rl_session *s)
{
	if (s->told)
		return true;
	if (s->row->on_loss != RL_LOSS_WAITS || s->conn.state == RILL_CONN_CONNECTING)
		return false;
	if (s->broken && s->conn.state == RILL_CONN_OPEN) /* it was no loss */
		return false;
	return rl_session_has_pulse(s) || rl_session_times(s)->away_ms != RL_AWAY_NOT;
}

/* An answer stayed away. Where clients come back from a loss this is one, found out later. */
static void on_silence(struct rl_session *s)
{
	s->awaiting_answer = false;
	if (s->row->on_loss != RL_LOSS_WAITS) {
		rl_session_fail(s, 3000, "No response from heartbeat");
		return;
	}
	s->carrier->row->ops->cut(s->carrier);
	rl_session_no_carrier(s);
	s->silent = true;
	if (outlives_loss(s))
		rl_session_await_client(s);
	else
		give_up(s);
}

static void on_timer(struct rl_timer *timer)
{
	struct rl_session *s = rl_container(timer, struct rl_session, timer);

	if (rl_session_has_pulse(s)) {
		rl_session_on_pulse(s);
	} else if (!s->carrier && s->conn.state == RILL_CONN_CLOSED) {
		rl_session_leave(s);
	} else if (!s->carrier) {
		give_up(s);
	} else if (rl_session_is_silent(s)) {
		on_silence(s);
	} else if (s->awaiting_answer && s->row->beat == RL_BEAT_ASKED) {
		rl_session_renew_wait(s); /* one question at a time: another would have another answer */
	} else if (s->conn.state == RILL_CONN_OPEN) {
		s->awaiting_answer = false;
		rl_session_beat(s);
	}
}

void rl_session_drained(struct rl_session *s)
{
	s->full = false;
	rl_session_renew_wait(s);
	run(s);
}

void rl_session_lost(struct rl_session *s, int code, struct rl_slice reason)
{
	rl_session_no_carrier(s);
	if (outlives_loss(s))
		rl_session_await_client(s);
	else if (s->broken)
		rl_session_end(s, RL_ENDING_BROKEN, code, reason);
	else
		rl_session_end(s, code == 1006 ? RL_ENDING_LOST : RL_ENDING_LEFT, code, reason);
}

void rl_session_fail(struct rl_session *s, int code, const char *reason)
{
	if (s->conn.state != RILL_CONN_OPEN)
		return;
	s->broken = true;
	if (s->sessions->dialect->once) /* 1011 is a fault of ours */
		rl_session_end(s, code == 1011 ? RL_ENDING_LOST : RL_ENDING_BROKEN, code,
			rl_slice_str(reason));
	else
		rl_conn_close(&s->conn, code, rl_slice_str(reason));
}

void rl_session_cut_off(struct rl_session *s)
{
	if (s->conn.state == RILL_CONN_OPEN || s->conn.state == RILL_CONN_CLOSING)
		rl_session_end(s, RL_ENDING_LOST, 1006, rl_slice(NULL, 0));
}

/* Its first carrier: the opening frame, then on_open. */
static void begin(struct rl_session *s, const rill_request *request)
{
	struct rl_sessions *sessions = s->sessions;
	int rc = 0;

	if (!s->carrier->row->raw)
		rc = rl_session_write_frame(
			s, sessions->dialect->open(s, s->carrier, rl_session_frame(s)), RILL_TEXT);
	if (rc < 0) {
		rl_session_end(s, RL_ENDING_LOST, 1006, rl_slice(NULL, 0));
		s->carrier_lost = false;
		return;
	}
	sessions->opened++;
	sessions->open++;
	rl_conn_opened(&s->conn, request);
	if (sessions->parting) /* the others were told before this one was open */
		rl_session_part(s, sessions->parting, NULL);
}

static void refuse(struct rl_session *s, struct rl_carrier *second)
{
	const struct rl_dialect *dialect = s->sessions->dialect;
	struct rl_slice reason = rl_slice_str(s->reason), ws_reason;
	struct rl_buf *frame = rl_session_frame(s);
	int ws_code, rc;

	if (s->conn.state == RILL_CONN_OPEN)
		rc = dialect->taken(s, second, frame);
	else
		rc = dialect->shut(s, second, s->code, reason, frame, &ws_code, &ws_reason);
	rl_carrier_say_last(second, rc < 0 ? rl_slice(NULL, 0) : rl_buf_slice(frame));
}

/* Another comes in its place: a poll is answered as one for which there is nothing. */
static void send_off(struct rl_session *s)
{
	if (s->carrier->row->one_shot)
		rl_session_release(s);
	if (!s->carrier)
		return;
	if (s->carrier_lost)
		s->carrier->row->ops->cut(s->carrier);
	else
		s->carrier->row->ops->finish(s->carrier, 1000, rl_slice(NULL, 0));
	rl_session_no_carrier(s);
}

/* There is a carrier already. True: the second is none. */
static bool settle_overlap(struct rl_session *s, struct rl_carrier *second)
{
	struct rl_slice nothing = rl_slice(NULL, 0);
	enum rl_overlap overlap = s->sessions->dialect->overlap;

	if (overlap == RL_OVERLAP_REPLACE && s->conn.state == RILL_CONN_OPEN) {
		send_off(s);
		return false;
	}
	if (overlap == RL_OVERLAP_FAIL && s->conn.state == RILL_CONN_OPEN) {
		second->row->ops->finish(second, 1002, nothing);
		rl_session_fail(s, 1002, "another connection is still open");
		return true;
	}
	refuse(s, second);
	return true;
}

void rl_session_attach(
	struct rl_session *s, struct rl_carrier *carrier, const rill_request *request)
{
	if (s->carrier && settle_overlap(s, carrier))
		return;
	s->carrier = carrier;
	s->row = carrier->row;
	s->secure = carrier->row->ops->secure(carrier);
	s->silent = false;
	carrier->session = s;
	rl_session_keep_names(s, request);
	if (!rl_session_has_pulse(s))
		rl_session_set_beat(s, rl_session_times(s)->beat_ms);
	else if (s->conn.state == RILL_CONN_CONNECTING)
		rl_session_start_pulse(s);
	rl_session_wake(s);
	if (s->conn.state == RILL_CONN_CONNECTING)
		begin(s, request);
}
