/* socketio0_send.c: a request that brings messages: a form with one field, data. Whatever stands in it, the answer is
 * that of old servers: what is no frame is passed over. */
#include "proto/session_body.h"
#include "proto/socketio0.h"

static const char no_memory[] = "There is no memory for this body.";

struct send {
	struct rl_session_body body;
	struct rl_sio0_ask ask;
};

static struct send *of(struct rl_session_body *body)
{
	return rl_container(body, struct send, body);
}

/* The last word. */
static void end(struct send *s, int status, const char *text)
{
	struct rl_sio0_ask ask = s->ask;

	ask.request = rl_session_body_end(&s->body);
	if (status == 200)
		rl_sio0_answer(&ask, status, text);
	else
		rl_sio0_refuse(&ask, status, text);
}

static void deliver(struct send *s)
{
	struct rl_inbound *in = &s->body.in;
	struct rl_session *session = rl_session_find(rl_sio0_sessions(s->ask.io), s->ask.id);
	const char *why;
	int code;

	if (!session) {
		end(s, 404, "There is no such session.");
		return;
	}
	in->text = rl_buf_slice(&in->owned);
	if (rl_session_body_deliver(&s->body, session, &code, &why) < 0)
		end(s, 503, no_memory);
}

static void on_whole(struct rl_session_body *body)
{
	struct send *s = of(body);
	struct rl_buf data;

	rl_buf_init(&data, rl_sio0_env(s->ask.io));
	int rc = rl_sio0_read_form(&data, rl_buf_slice(&body->in.owned));
	if (rc == 0)
		rl_session_body_replace(body, &data);
	rl_buf_release(&data);
	if (rc == 0)
		deliver(s);
	else if (rc == RILL_ENOENT)
		end(s, 200, "ok");
	else
		end(s, 503, no_memory);
}

static void on_refuse(struct rl_session_body *body, int status)
{
	end(of(body), status,
		status == 413 ? "The body is larger than this service takes." : no_memory);
}

/* Taken or not, because the client's session is over: it learns of that by what it receives. */
static void on_done(struct rl_session_body *body, bool taken)
{
	(void)taken;
	end(of(body), 200, "ok");
}

static void on_gone(struct rl_session_body *body)
{
	rl_session_body_end(body);
}

static void on_over(struct rl_session_body *body)
{
	struct send *s = of(body);

	rl_free(rl_sio0_env(s->ask.io), s);
}

static const struct rl_session_body_ops body_ops = {
	.whole = on_whole,
	.refuse = on_refuse,
	.done = on_done,
	.gone = on_gone,
	.over = on_over,
};

void rl_sio0_send(struct rl_sio0_ask *ask)
{
	struct rill_socketio0 *io = ask->io;

	if (!rl_sio0_find(ask))
		return;
	struct send *s = rl_zalloc(rl_sio0_env(io), sizeof(*s));
	if (!s) {
		rl_sio0_refuse(ask, 503, no_memory);
		return;
	}
	s->ask = *ask;
	s->body.in.kind = RILL_TEXT;
	s->body.in.state[RL_SIO0_STATE_FORM] = ask->transport == RL_SIO0_JSONP_POLLING;
	rl_session_body_begin(
		&s->body, &body_ops, &io->service, ask->request, io->options.max_body);
}
