/* session_pulse.c: a heartbeat that is the session's and not its carrier's, because clients come and go with
 * their requests and nobody can tell one that is on its way from one that is lost. It goes on whoever
 * carries the session, nobody as well, and is all that ends one that nobody asks for.
 *
 * The packet waits with the messages (RL_BEAT_QUEUED), so that it shares their answer; or it is the client
 * who has to speak up (RL_BEAT_AWAITED). */
#include "proto/session_parts.h"

static void set_timer(struct rl_session *s, uint64_t ms)
{
	struct rill_loop *loop = s->conn.loop;

	rl_loop_set_timer(loop, &s->timer, rl_loop_now(loop) + ms);
}

void rl_session_start_pulse(struct rl_session *s)
{
	const struct rl_session_times *times = rl_session_times(s);
	bool awaited = s->row->beat == RL_BEAT_AWAITED;

	s->awaiting_answer = awaited;
	set_timer(s, (uint64_t)times->beat_ms + (awaited ? times->answer_ms : 0));
}

void rl_session_stop_pulse(struct rl_session *s)
{
	const struct rl_session_times *times = rl_session_times(s);
	uint64_t silence = (uint64_t)times->beat_ms + times->answer_ms;

	s->awaiting_answer = false;
	if (times->away_ms == RL_AWAY_NOT && !s->carrier)
		set_timer(s, 0);
	else /* Who would be silent for too long by now will not come to be told. */
		set_timer(s, silence < times->away_ms ? silence : times->away_ms);
}

/* Whose messages wait for the program, whose answers do too; and one that has much to take first has the
 * time that any peer has for that. */
static bool is_unheard(const struct rl_session *s)
{
	return s->held_back || s->full || rl_session_is_behind(s);
}

/* Without memory for it there is another try when the answer would be due. */
static void beat(struct rl_session *s)
{
	s->awaiting_answer = rl_outbox_add(&s->outbox, RL_OUTBOUND_BEAT, RILL_TEXT,
				     rl_slice(NULL, 0)) == 0;
	rl_session_account(s);
	rl_session_wake(s);
	set_timer(s, rl_session_times(s)->answer_ms);
}

void rl_session_on_pulse(struct rl_session *s)
{
	struct rl_slice nothing = rl_slice(NULL, 0);

	if (s->conn.state == RILL_CONN_CLOSING)
		rl_session_end(s, RL_ENDING_CLOSED, s->code, nothing); /* nobody came to be told */
	else if (s->conn.state != RILL_CONN_OPEN)
		return;
	else if (!s->awaiting_answer)
		beat(s);
	else if (is_unheard(s))
		set_timer(s, rl_session_times(s)->answer_ms);
	else
		rl_session_end(s, RL_ENDING_SILENT, 1006, nothing);
}
