/* engineio_send.c: a POST: packets in its body, answered when the program has taken the last, which holds the
 * client back, for it sends one after the other. One that sends two at once is at fault. */
#include "proto/engineio.h"
#include "wire/eio_packet.h"
#include "wire/form.h"

struct sending {
	struct rl_inbound in;
	struct rill_engineio *service;
	rill_request *request; /* NULL: gone */
	size_t charged;
	bool jsonp;
	char id[RL_EIO_ID];
};

static struct rl_session *session_of(const struct sending *s)
{
	return rl_session_find(&s->service->base.sessions, rl_slice(s->id, RL_EIO_ID));
}

/* What is kept counts as held for the connection it came by. */
static void charge(struct sending *s)
{
	size_t held = s->in.owned.cap;

	if (s->request)
		rl_exchange_charge(s->request, (ptrdiff_t)held - (ptrdiff_t)s->charged);
	s->charged = held;
}

static void free_sending(struct sending *s)
{
	struct rill_engineio *service = s->service;
	struct rl_session *session = session_of(s);

	if (session)
		rl_session_bring(session, false);
	rl_buf_release(&s->in.owned);
	charge(s);
	rl_free(&service->base.sessions.loop->env, s);
	rl_session_service_release(&service->base);
}

static const rill_request_handler deaf = { .size = sizeof(deaf) };

static void end_sending(struct sending *s, int status)
{
	if (s->request) {
		rill_request_follow(s->request, &deaf, NULL);
		if (status == 200)
			rill_response_header(s->request, "Cache-Control", "no-store");
		rl_eio_answer(s->request, status, status == 200 ? "text/html" : NULL,
			status == 200 ? RL_SLICE("ok") : rl_slice(NULL, 0));
	}
	free_sending(s);
}

/* A client that is cut off while it speaks is lost. */
static void on_gone(rill_request *request, int rc, void *user)
{
	struct sending *s = user;
	struct rl_session *session = session_of(s);

	(void)request;
	(void)rc;
	s->request = NULL;
	if (session)
		rl_session_cut_off(session);
	free_sending(s);
}

/* What it has brought is the session's, and counts all the same. */
static void on_gone_waiting(rill_request *request, int rc, void *user)
{
	struct sending *s = user;

	(void)request;
	(void)rc;
	s->request = NULL;
}

static void refuse_size(struct sending *s)
{
	rl_exchange_end_connection(s->request);
	end_sending(s, 413);
}

static void on_body(rill_request *request, rill_bytes bytes, void *user)
{
	struct sending *s = user;

	(void)request;
	if (bytes.len > s->service->options.max_payload - s->in.owned.len) {
		refuse_size(s);
	} else if (rl_buf_append(&s->in.owned, bytes.data, bytes.len) < 0) {
		rl_exchange_end_connection(s->request);
		end_sending(s, 503);
	} else {
		charge(s);
	}
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
static int read_form(struct sending *s)
{
	struct rl_slice field = find_field(rl_buf_slice(&s->in.owned));
	struct rl_buf text;

	rl_buf_init(&text, s->in.owned.env);
	if (field.len) {
		int64_t n = rl_form_decode(field, (void *)(uintptr_t)field.data, field.len);
		int rc = rl_eio_read_jsonp(&text, rl_slice(field.data, (size_t)n));
		if (rc < 0)
			return rc;
	}
	rl_buf_release(&s->in.owned);
	s->in.owned = text;
	charge(s);
	return 0;
}

static const rill_request_handler handing_over = {
	.size = sizeof(handing_over),
	.on_close = on_gone_waiting,
};

static void on_end(rill_request *request, void *user)
{
	struct sending *s = user;
	struct rl_session *session = session_of(s);
	const char *why;
	int code;

	if (!session) { /* it has ended meanwhile */
		end_sending(s, 400);
		return;
	}
	if (s->jsonp && read_form(s) < 0) {
		end_sending(s, 503);
		return;
	}
	s->in.text = rl_buf_slice(&s->in.owned);
	rill_request_follow(request, &handing_over, s);
	if (rl_session_take(session, &s->in, &code, &why) < 0)
		end_sending(s, 503);
}

/* The session is done with it. */
static void on_done(struct rl_inbound *in, bool taken)
{
	struct sending *s = rl_container(in, struct sending, in);

	(void)taken; /* or dropped: the client learns of the end by what it receives */
	end_sending(s, in->state[RL_EIO_STATE_BROKEN] ? 400 : 200);
}

static const rill_request_handler reading = {
	.size = sizeof(reading),
	.on_body = on_body,
	.on_end = on_end,
	.on_close = on_gone,
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
	const struct rl_env *env = &ask->service->base.sessions.loop->env;
	struct sending *s = rl_zalloc(env, sizeof(*s));

	if (!s)
		return NULL;
	s->service = ask->service;
	s->request = ask->request;
	s->jsonp = ask->jsonp && !binary;
	memcpy(s->id, ask->id, RL_EIO_ID);
	s->in.kind = binary ? RILL_BINARY : RILL_TEXT;
	s->in.done = on_done;
	s->in.state[RL_EIO_STATE_BODY] = binary ? RL_EIO_BINARY_BODY : RL_EIO_BODY;
	rl_list_init(&s->in.node);
	rl_buf_init(&s->in.owned, env);
	rl_session_service_hold(&ask->service->base);
	return s;
}

static void begin(struct rl_eio_ask *ask, struct rl_session *session, bool binary)
{
	const struct rl_http1_head *head = rl_exchange_head(ask->request);
	struct sending *s = new_sending(ask, binary);

	if (!s || rl_eio_add_fields(ask, false) < 0) {
		rl_eio_turn_away(ask, 503, "There is no memory for another request.");
		if (s)
			s->request = NULL;
		if (s)
			free_sending(s);
		return;
	}
	rl_session_bring(session, true);
	if (head->framing == RL_HTTP1_LENGTH &&
		head->content_length > ask->service->options.max_payload)
		refuse_size(s);
	else
		rill_request_follow(ask->request, &reading, s);
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
