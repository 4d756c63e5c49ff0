/* sockjs_send.c: a request that brings messages: xhr_send and jsonp_send.
 *
 * A body is checked as a whole. One that is not in order is refused with the sentences of the reference
 * server, and nothing of it counts. */
#include "proto/session_body.h"
#include "proto/sockjs.h"

static const char payload_expected[] = "Payload expected.";
static const char broken_json[] = "Broken JSON encoding.";
static const char no_memory[] = "There is no memory for this body.";

struct rl_sockjs_send {
	struct rl_session_body body;
	struct rl_sockjs_ask ask;
	bool form; /* the body is one */
};

static struct rl_sockjs_send *of(struct rl_session_body *body)
{
	return rl_container(body, struct rl_sockjs_send, body);
}

static bool is_jsonp(const struct rl_sockjs_send *s)
{
	return s->ask.place->transport == RL_SOCKJS_JSONP_POLLING;
}

/* The last word. */
static void end_send(struct rl_sockjs_send *s, int status, const char *text)
{
	struct rl_sockjs_ask ask = s->ask;

	rl_session_body_end(&s->body);
	if (status >= 400 && status != 404)
		rl_sockjs_refuse(&ask, status, text);
	else
		rl_sockjs_answer_text(&ask, status, text);
}

static void on_refuse(struct rl_session_body *body, int status)
{
	end_send(of(body), status,
		status == 413 ? "The body is larger than this service takes." : no_memory);
}

static void on_gone(struct rl_session_body *body)
{
	rl_session_body_end(body);
}

static void on_over(struct rl_session_body *body)
{
	struct rill_sockjs *service = of(body)->ask.service;

	rl_free(&service->base.sessions.loop->env, service->spare_send);
	service->spare_send = of(body);
}

/* 0, or the sentence about what is wrong with a text by itself. */
static const char *find_fault(struct rl_slice text)
{
	struct rl_sockjs_messages messages;
	int rc = rl_sockjs_read(&messages, text, false);

	return rc == 0 ? NULL : rc == RILL_EINVAL ? payload_expected : broken_json;
}

static bool is_array(struct rl_slice text)
{
	rl_json_skip_space(&text);
	return text.len && text.data[0] == '[';
}

/* Finds the JSON in what has come. NULL, or the sentence about its lack. */
static const char *find_text(struct rl_sockjs_send *s, int *rc)
{
	struct rl_inbound *in = &s->body.in;
	struct rl_buf decoded;

	*rc = 0;
	in->text = rl_buf_slice(&in->owned);
	if (!in->text.len) /* or it is of a type that is not read */
		return payload_expected;
	if (!is_jsonp(s))
		return NULL;
	rl_buf_init(&decoded, &s->ask.service->base.sessions.loop->env);
	*rc = rl_sockjs_read_jsonp(in->text, s->form, &decoded, &in->text);
	if (*rc == 0 && decoded.len) /* the text is in there */
		rl_session_body_replace(&s->body, &decoded);
	rl_buf_release(&decoded);
	if (*rc == RILL_ENOENT || (*rc == 0 && !in->text.len))
		return payload_expected;
	return *rc < 0 ? broken_json : NULL;
}

/* Gives it to its session. From here on it is the session's, or has been answered. */
static void deliver(struct rl_sockjs_send *s)
{
	struct rl_sockjs_ask *ask = &s->ask;
	struct rl_session *session = rl_session_find(&ask->service->base.sessions, ask->id);
	struct rl_slice text = s->body.in.text;
	const char *why, *fault = NULL;
	int code;

	/* The rest of the checks is the session's when it can only find a broken text. */
	if (!session || !is_array(text))
		fault = find_fault(text);
	if (fault) {
		end_send(s, 500, fault);
	} else if (!session) {
		end_send(s, 404, "404 Error: Page not found\n");
	} else if (!rl_sockjs_owns(ask, session)) {
		end_send(s, 403, "This session is somebody else's.");
	} else {
		int rc = rl_session_body_deliver(&s->body, session, &code, &why);
		if (rc == RILL_ENOMEM)
			end_send(s, 503, no_memory);
		else if (rc < 0)
			end_send(s, 500, broken_json);
	}
}

static void on_whole(struct rl_session_body *body)
{
	struct rl_sockjs_send *s = of(body);
	int rc;
	const char *fault = find_text(s, &rc);

	if (rc == RILL_ENOMEM)
		end_send(s, 503, no_memory);
	else if (fault)
		end_send(s, 500, fault);
	else
		deliver(s);
}

/* Whether the messages were taken or dropped, because the session is closing, the client learns by what it
 * receives. */
static void on_done(struct rl_session_body *body, bool taken)
{
	(void)taken;
	if (is_jsonp(of(body)))
		end_send(of(body), 200, "ok");
	else
		end_send(of(body), 204, "");
}

static const struct rl_session_body_ops body_ops = {
	.whole = on_whole,
	.refuse = on_refuse,
	.done = on_done,
	.gone = on_gone,
	.over = on_over,
};

static bool is_type(struct rl_slice type, const char *const *types)
{
	for (; *types; types++)
		if (rl_slice_equal_nocase(type, rl_slice_str(*types)))
			return true;
	return false;
}

/* Which bodies are read is what clients have sent over the years. */
static void read_type(struct rl_sockjs_send *s)
{
	static const char *const xhr[] = { "", "text/plain", "T", "application/json",
		"application/xml", "text/xml", NULL };
	static const char *const jsonp[] = { "", "text/plain", NULL };
	struct rl_slice type = rl_slice(NULL, 0);
	struct rl_env room;

	rl_http1_field(rl_exchange_head(s->ask.request), RL_SLICE("Content-Type"), &type);
	const uint8_t *end = type.len ? memchr(type.data, ';', type.len) : NULL;
	if (end)
		type.len = (size_t)(end - type.data);
	type = rl_slice_trim(type);
	s->form = is_jsonp(s) &&
		  rl_slice_equal_nocase(type, RL_SLICE("application/x-www-form-urlencoded"));
	s->body.unread = !s->form && !is_type(type, is_jsonp(s) ? jsonp : xhr);
	if (s->body.unread) /* it counts as absent */
		rl_log(rl_sockjs_log(s->ask.service, &room), RILL_LOG_ERROR,
			"%s: bodies of type %.*s are not read", rill_request_peer(s->ask.request),
			(int)type.len, (const char *)type.data);
}

void rl_sockjs_send(struct rl_sockjs_ask *ask)
{
	struct rill_sockjs *service = ask->service;
	struct rl_sockjs_send *s = service->spare_send;

	service->spare_send = NULL;
	if (!s)
		s = rl_alloc(&service->base.sessions.loop->env, sizeof(*s));
	if (!s) {
		rl_sockjs_refuse(ask, 503, "There is no memory for another request.");
		return;
	}
	*s = (struct rl_sockjs_send){ .body.in.kind = RILL_TEXT, .ask = *ask };
	read_type(s);
	rl_session_body_begin(
		&s->body, &body_ops, &service->base, ask->request, service->options.max_body);
}
