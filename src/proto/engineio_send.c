/* engineio_send.c: a POST: packets in its body, answered when the program has taken the last, which holds the
 * client back, for it sends one after the other. One that sends two at once is at fault. */
#include "proto/engineio.h"
#include "proto/session_body.h"
#include "wire/eio_packet.h"
#include "wire/form.h"

struct sending {
	struct rl_session_body body;
	struct rill_engineio *service;
	bool jsonp;
	char id[RL_EIO_ID];
};

static struct sending *of(struct rl_session_body *body)
{
	return rl_container(body, struct sending, body);
}

static struct rl_session *session_of(const struct sending *s)
{
	return rl_session_find(&s->service->base.sessions, rl_slice(s->id, RL_EIO_ID));
}

static void on_over(struct rl_session_body *body)
{
	struct sending *s = of(body);
	struct rl_session *session = session_of(s);

	if (session)
		rl_session_bring(session, false);
	rl_free(&s->service->base.sessions.loop->env, s);
}

/* The last word. */
static void end_sending(struct sending *s, int status)
{
	rill_request *request = rl_session_body_end(&s->body);

	if (status == 200)
		rill_response_header(request, "Cache-Control", "no-store");
	rl_eio_answer(request, status, status == 200 ? "text/html" : NULL,
		status == 200 ? RL_SLICE("ok") : rl_slice(NULL, 0));
}

static void on_refuse(struct rl_session_body *body, int status)
{
	end_sending(of(body), status);
}

/* A client that is cut off while it speaks is lost. */
static void on_gone(struct rl_session_body *body)
{
	struct rl_session *session = session_of(of(body));

	if (session)
		rl_session_cut_off(session);
	rl_session_body_end(body);
}

/* The field d of a form; data NULL when there is none. */
static struct rl_slice find_field(struct rl_slice form)
{
	struct rl_slice name, value, found = rl_slice(NULL, 0);

	while (rl_form_next(&form, &name, &value))
		if (rl_form_is(name, RL_SLICE("d")))
			found = value.data ? value : rl_slice("", 0);
	return found;
}

/* A form's field replaces the form. 0; RILL_ENOMEM. */
static int read_form(struct rl_session_body *body)
{
	struct rl_slice field = find_field(rl_buf_slice(&body->in.owned));
	struct rl_buf text;

	rl_buf_init(&text, body->in.owned.env);
	if (field.len) {
		int64_t n = rl_form_decode(field, (void *)(uintptr_t)field.data, field.len);
		int rc = rl_eio_read_jsonp(&text, rl_slice(field.data, (size_t)n));
		if (rc < 0) {
			rl_buf_release(&text);
			return rc;
		}
	}
	rl_session_body_replace(body, &text);
	return 0;
}

static void on_whole(struct rl_session_body *body)
{
	struct sending *s = of(body);
	struct rl_session *session = session_of(s);
	const char *why;
	int code;

	if (!session) { /* it has ended meanwhile */
		end_sending(s, 400);
		return;
	}
	if (s->jsonp && read_form(body) < 0) {
		end_sending(s, 503);
		return;
	}
	body->in.text = rl_buf_slice(&body->in.owned);
	if (rl_session_body_deliver(body, session, &code, &why) < 0)
		end_sending(s, 503);
}

static void on_done(struct rl_session_body *body, bool taken)
{
	(void)taken; /* or dropped: the client learns of the end by what it receives */
	end_sending(of(body), body->in.state[RL_EIO_STATE_BROKEN] ? 400 : 200);
}

static const struct rl_session_body_ops body_ops = {
	.whole = on_whole,
	.refuse = on_refuse,
	.done = on_done,
	.gone = on_gone,
	.over = on_over,
};

/* Bytes came as they are in revision 3 alone. */
static bool is_binary(const rill_request *request)
{
	struct rl_slice type;

	return rl_http1_field(rl_exchange_head(request), RL_SLICE("Content-Type"), &type) &&
	       rl_slice_equal_nocase(type, RL_SLICE("application/octet-stream"));
}

/* The client is at fault, and so is all of its session. */
static void break_off(struct rl_eio_ask *ask, struct rl_session *session, const char *why)
{
	rl_eio_answer(ask->request, 400, NULL, rl_slice(NULL, 0));
	rl_session_fail(session, 1002, why);
}

static struct sending *new_sending(struct rl_eio_ask *ask, bool binary)
{
	struct sending *s = rl_zalloc(&ask->service->base.sessions.loop->env, sizeof(*s));

	if (!s)
		return NULL;
	s->service = ask->service;
	s->jsonp = ask->jsonp && !binary;
	memcpy(s->id, ask->id, RL_EIO_ID);
	s->body.in.kind = binary ? RILL_BINARY : RILL_TEXT;
	s->body.in.state[RL_EIO_STATE_BODY] = binary ? RL_EIO_BINARY_BODY : RL_EIO_BODY;
	return s;
}

static void begin(struct rl_eio_ask *ask, struct rl_session *session, bool binary)
{
	struct rill_engineio *service = ask->service;
	struct sending *s = new_sending(ask, binary);

	if (!s || rl_eio_add_fields(ask, false) < 0) {
		rl_free(&service->base.sessions.loop->env, s);
		rl_eio_turn_away(ask, 503, "There is no memory for another request.");
		return;
	}
	rl_session_bring(session, true);
	rl_session_body_begin(
		&s->body, &body_ops, &service->base, ask->request, service->options.max_payload);
}

void rl_eio_send(struct rl_eio_ask *ask, struct rl_session *session)
{
	bool binary = is_binary(ask->request);

	if (rl_session_bringing(session))
		break_off(ask, session, "two requests bring messages at once");
	else if (binary && rl_eio_revision(session->row) == 4)
		break_off(ask, session, "bytes in a body of texts");
	else
		begin(ask, session, binary);
}
