/* session_in.c: messages that wait for the program.
 *
 * What a client sends in one go is a batch, and holds many messages. They are handed over one by one as
 * long as the program wants them, and so many in a turn at most, so that millions of empty ones do not
 * hold the loop; then whoever brought the batch may answer, which is all the backpressure that requests
 * have. A duplex carrier is told to wait. */
#include "proto/session_parts.h"

#define MESSAGES_A_TURN 2048

/* A message of a duplex carrier of which something is left. */
struct rest {
	struct rl_inbound in;
	const struct rl_env *env;
};

static void free_rest(struct rl_inbound *in, bool taken)
{
	struct rest *rest = rl_container(in, struct rest, in);

	(void)taken;
	rl_buf_release(&in->owned);
	rl_free(rest->env, rest);
}

/* One message; as dialect->next. */
static int next(struct rl_session *s, struct rl_inbound *in, rill_kind *kind, struct rl_slice *data)
{
	if (!in->raw)
		return s->sessions->dialect->next(s, in, kind, data);
	*kind = in->kind;
	*data = in->text;
	return 1;
}

/* A large message has left a large buffer, which is no session's. */
static void trim_scratch(struct rl_session *s)
{
	if (s->sessions && s->sessions->scratch.cap > RL_SESSIONS_KEEP)
		rl_buf_release(&s->sessions->scratch);
}

/* 1: the program has all of it; 0: not now; negative as dialect->next. */
static int hand_over(struct rl_session *s, struct rl_inbound *in, unsigned *budget)
{
	struct rl_slice data;
	rill_kind kind = RILL_TEXT;

	while (*budget > 0 && rl_conn_wants_messages(&s->conn)) {
		int rc = next(s, in, &kind, &data);
		if (rc <= 0)
			return rc < 0 ? rc : 1;
		--*budget;
		if (rc == RL_NEXT_CONTROL)
			continue;
		s->sessions->messages_in++;
		s->sessions->bytes_in += data.len;
		rl_conn_message(&s->conn, kind, data, true, true);
		if (in->raw)
			return 1;
	}
	return 0;
}

/* There is no next one, and will be none. */
static void stop(struct rl_session *s, int rc)
{
	if (s->conn.state != RILL_CONN_OPEN)
		return;
	if (rc == RILL_ECLOSED)
		rl_session_left(s);
	else if (rc == RILL_EPROTO)
		rl_session_fail(s, 1002, "the client has broken the protocol");
	else
		rl_session_fail(s, 1011, rill_strerror(rc));
}

/* The next behind a node of the list, or its head. */
static struct rl_inbound *next_unfinished(struct rl_session *s, struct rl_list *node)
{
	for (node = node->next; node != &s->inbound; node = node->next) {
		struct rl_inbound *in = rl_container(node, struct rl_inbound, node);
		if (!in->finished)
			return in;
	}
	return NULL;
}

static struct rl_inbound *first_unfinished(struct rl_session *s)
{
	return next_unfinished(s, &s->inbound);
}

/* A duplex carrier brings more when nothing waits any more. So does a client that sends its requests one after the
 * other, without being told; its answer may stand in the next. */
static void update_reading(struct rl_session *s)
{
	bool back = first_unfinished(s) || !rl_conn_wants_messages(&s->conn);

	if (!s->carrier || back == s->held_back)
		return;
	s->held_back = back;
	s->carrier->row->ops->set_reading(s->carrier, !back);
	if (!back)
		rl_session_renew_wait(s);
}

void rl_session_deliver(struct rl_session *s)
{
	unsigned budget = MESSAGES_A_TURN;
	struct rl_inbound *in = first_unfinished(s);

	while (in && budget && rl_conn_wants_messages(&s->conn)) {
		int rc = hand_over(s, in, &budget);
		in->finished = rc == 1 || rc == RILL_ECLOSED;
		if (rc < 0)
			stop(s, rc);
		if (!in->finished)
			continue;
		budget -= budget > 0; /* those without messages are work, too */
		in = next_unfinished(s, &in->node);
	}
	trim_scratch(s);
	if (!budget)
		rl_session_wake(s);
	if (s->conn.state == RILL_CONN_OPEN)
		update_reading(s);
}

/* Clients may bring what they like and leave: a batch counts as all of its memory, and as much again as
 * itself for what belongs to whoever has brought it. */
static size_t cost_of(const struct rl_inbound *in)
{
	size_t text = in->owned.cap > in->text.len ? in->owned.cap : in->text.len;

	return text + 2 * sizeof(*in);
}

void rl_session_answer(struct rl_session *s)
{
	rl_list_each_safe (node, &s->inbound) {
		struct rl_inbound *in = rl_container(node, struct rl_inbound, node);
		if (!in->finished && s->conn.state == RILL_CONN_OPEN)
			break;
		rl_list_remove(node);
		s->waiting -= cost_of(in);
		in->done(in, in->finished);
	}
	rl_session_account(s);
}

static void keep(struct rl_session *s, struct rl_inbound *in)
{
	rl_list_append(&s->inbound, &in->node);
	s->waiting += cost_of(in);
	rl_session_account(s);
}

int rl_session_take(struct rl_session *s, struct rl_inbound *in, int *code, const char **why)
{
	bool others = first_unfinished(s) != NULL;

	in->scratch = &s->sessions->scratch;
	in->finished = false;
	rl_list_init(&in->node);
	int rc = s->sessions->dialect->read(s, in, code, why);
	if (rc < 0)
		return rc;
	rl_session_trace(s, false, in->kind, in->text);
	keep(s, in);
	rl_session_wake(s);
	if (!others && s->conn.state == RILL_CONN_OPEN)
		rl_session_deliver(s);
	return 0;
}

/* The frames cannot be understood: the carrier is closed with what the dialect says. */
static void break_off(struct rl_session *s, int code, const char *why)
{
	struct rl_slice reason = rl_slice_str(why);
	struct rl_carrier *carrier = s->carrier;

	s->broken = true;
	if (carrier)
		carrier->row->ops->finish(carrier, code, reason);
	rl_session_lost(s, code, reason);
}

/* What is left is copied, to be read on from where it stands; without memory for that the session ends. */
static void keep_rest(struct rl_session *s, const struct rl_inbound *from)
{
	const struct rl_env *env = &s->conn.loop->env;
	struct rest *rest = rl_alloc(env, sizeof(*rest));

	if (!rest) {
		rl_session_fail(s, 1011, rill_strerror(RILL_ENOMEM));
		return;
	}
	*rest = (struct rest){ .in = *from, .env = env };
	rest->in.done = free_rest;
	rl_list_init(&rest->in.node);
	rl_buf_init(&rest->in.owned, env);
	if (rl_buf_append_slice(&rest->in.owned, from->text) < 0) {
		free_rest(&rest->in, false);
		rl_session_fail(s, 1011, rill_strerror(RILL_ENOMEM));
		return;
	}
	rest->in.text = rl_buf_slice(&rest->in.owned);
	keep(s, &rest->in);
	rl_session_wake(s);
}

void rl_session_received(struct rl_session *s, rill_kind kind, struct rl_slice data)
{
	struct rl_inbound in = { .kind = kind, .raw = rl_session_is_raw(s), .text = data };
	unsigned budget = first_unfinished(s) ? 0 : MESSAGES_A_TURN;
	const char *why = NULL;
	int code = 1002;

	if (s->conn.state != RILL_CONN_OPEN)
		return;
	rl_list_init(&in.node);
	in.scratch = &s->sessions->scratch;
	int rc = s->sessions->dialect->read(s, &in, &code, &why);
	if (rc < 0) {
		break_off(s, code, why);
		return;
	}
	rl_session_trace(s, false, kind, data);
	rc = hand_over(s, &in, &budget);
	trim_scratch(s);
	/* What the program has said to it goes in front of whatever the carrier says by itself behind it: a
	 * pong, the answer to a Close. */
	rl_session_flush(s);
	if (s->conn.state != RILL_CONN_OPEN || rc == 1)
		return;
	if (rc < 0)
		stop(s, rc);
	else
		keep_rest(s, &in);
	if (s->conn.state == RILL_CONN_OPEN)
		update_reading(s);
}
