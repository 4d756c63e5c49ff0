/* sockjs_send.c: a request that brings messages: xhr_send and jsonp_send.
 *
 * The body is gathered, checked as a whole, and handed to the session; the answer waits until the program
 * has taken the last message, which holds the client back, for it sends one request after the other. A
 * body that is not in order is refused with the sentences of the reference server, and nothing of it
 * counts. */
#include "proto/sockjs.h"

/* What memory of a body is kept for the next. */
#define SPARE_MAX ((size_t)1024)

static const char payload_expected[] = "Payload expected.";
static const char broken_json[] = "Broken JSON encoding.";
static const char no_memory[] = "There is no memory for this body.";

struct rl_sockjs_send {
	struct rl_inbound in;     /* its text is the body, or what was found in it */
	struct rl_sockjs_ask ask; /* request NULL: gone */
	bool readable;            /* the type of the body is one that is read */
	bool form;                /* ... as a form */
	size_t charged;
};

static bool is_jsonp(const struct rl_sockjs_send *s)
{
	return s->ask.place->transport == RL_SOCKJS_JSONP_POLLING;
}

static void charge_so_much(struct rl_sockjs_send *s, size_t held)
{
	if (s->ask.request)
		rl_exchange_charge(s->ask.request, (ptrdiff_t)held - (ptrdiff_t)s->charged);
	s->charged = held;
}

/* What is kept counts as held for the connection it came by, until it is a session's. */
static void charge(struct rl_sockjs_send *s)
{
	charge_so_much(s, s->in.owned.cap);
}

static void free_send(struct rl_sockjs_send *s)
{
	struct rill_sockjs *service = s->ask.service;

	rl_buf_leave_spare(&s->in.owned, &service->base.sessions.spare_body, SPARE_MAX);
	charge_so_much(s, 0);
	rl_free(&service->base.sessions.loop->env, service->spare_send);
	service->spare_send = s;
	rl_session_service_release(&service->base);
}

static void on_body(rill_request *request, rill_bytes bytes, void *user);
static void on_end(rill_request *request, void *user);
static void on_gone(rill_request *request, int rc, void *user);
static void on_gone_waiting(rill_request *request, int rc, void *user);

static const rill_request_handler reading = {
	.size = sizeof(reading),
	.on_body = on_body,
	.on_end = on_end,
	.on_close = on_gone,
};
static const rill_request_handler waiting = {
	.size = sizeof(waiting),
	.on_close = on_gone_waiting,
};
static const rill_request_handler deaf = { .size = sizeof(deaf) };

/* The last word on a request that nothing is kept of any more. */
static void end_send(struct rl_sockjs_send *s, int status, const char *text)
{
	rill_request_follow(s->ask.request, &deaf, NULL);
	if (status >= 400 && status != 404)
		rl_sockjs_refuse(&s->ask, status, text);
	else
		rl_sockjs_answer_text(&s->ask, status, text);
	free_send(s);
}

static void on_gone(rill_request *request, int rc, void *user)
{
	struct rl_sockjs_send *s = user;

	(void)request;
	(void)rc;
	s->ask.request = NULL;
	free_send(s);
}

/* What it has brought is the session's, and counts all the same. */
static void on_gone_waiting(rill_request *request, int rc, void *user)
{
	struct rl_sockjs_send *s = user;

	(void)request;
	(void)rc;
	s->ask.request = NULL;
}

static void refuse_size(struct rl_sockjs_send *s)
{
	rl_exchange_end_connection(s->ask.request);
	end_send(s, 413, "The body is larger than this service takes.");
}

static void on_body(rill_request *request, rill_bytes bytes, void *user)
{
	struct rl_sockjs_send *s = user;

	(void)request;
	if (bytes.len > s->ask.service->options.max_body - s->in.owned.len) {
		refuse_size(s);
		return;
	}
	if (!s->readable) /* it counts as absent */
		return;
	if (bytes.len <= SPARE_MAX)
		rl_buf_take_spare(&s->in.owned, &s->ask.service->base.sessions.spare_body);
	if (rl_buf_append(&s->in.owned, bytes.data, bytes.len) < 0) {
		rl_exchange_end_connection(s->ask.request);
		end_send(s, 503, no_memory);
		return;
	}
	charge(s);
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
	struct rl_buf decoded;

	*rc = 0;
	s->in.text = rl_buf_slice(&s->in.owned);
	if (!s->readable || !s->in.text.len)
		return payload_expected;
	if (!is_jsonp(s))
		return NULL;
	rl_buf_init(&decoded, &s->ask.service->base.sessions.loop->env);
	*rc = rl_sockjs_read_jsonp(s->in.text, s->form, &decoded, &s->in.text);
	if (*rc == 0 && decoded.len) { /* the text is in there */
		rl_buf_release(&s->in.owned);
		s->in.owned = decoded;
	} else {
		rl_buf_release(&decoded);
	}
	if (*rc == RILL_ENOENT || (*rc == 0 && !s->in.text.len))
		return payload_expected;
	return *rc < 0 ? broken_json : NULL;
}

/* Gives it to its session. From here on it is the session's, or has been answered. */
static void deliver(struct rl_sockjs_send *s)
{
	struct rl_sockjs_ask *ask = &s->ask;
	struct rl_session *session = rl_session_find(&ask->service->base.sessions, ask->id);
	const char *why, *fault = NULL;
	int code;

	/* The rest of the checks is the session's when it can only find a broken text. */
	if (!session || !is_array(s->in.text))
		fault = find_fault(s->in.text);
	if (fault) {
		end_send(s, 500, fault);
	} else if (!session) {
		end_send(s, 404, "404 Error: Page not found\n");
	} else if (!rl_sockjs_owns(ask, session)) {
		end_send(s, 403, "This session is somebody else's.");
	} else {
		rill_request_follow(ask->request, &waiting, s);
		int rc = rl_session_take(session, &s->in, &code, &why);
		if (rc == RILL_ENOMEM)
			end_send(s, 503, no_memory);
		else if (rc < 0)
			end_send(s, 500, broken_json);
		else
			charge_so_much(s, 0);
	}
}

static void on_end(rill_request *request, void *user)
{
	struct rl_sockjs_send *s = user;
	int rc;
	const char *fault = find_text(s, &rc);

	(void)request;
	charge(s);
	if (rc == RILL_ENOMEM)
		end_send(s, 503, no_memory);
	else if (fault)
		end_send(s, 500, fault);
	else
		deliver(s);
}

/* The session is done with it. Whether the messages were taken or dropped, because it is closing, the
 * client learns by what it receives. */
static void on_done(struct rl_inbound *in, bool taken)
{
	struct rl_sockjs_send *s = rl_container(in, struct rl_sockjs_send, in);

	(void)taken;
	if (!s->ask.request)
		free_send(s);
	else if (is_jsonp(s))
		end_send(s, 200, "ok");
	else
		end_send(s, 204, "");
}

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
	s->readable = s->form || is_type(type, is_jsonp(s) ? jsonp : xhr);
	if (!s->readable)
		rl_log(rl_sockjs_log(s->ask.service, &room), RILL_LOG_ERROR,
			"%s: bodies of type %.*s are not read", rill_request_peer(s->ask.request),
			(int)type.len, (const char *)type.data);
}

void rl_sockjs_send(struct rl_sockjs_ask *ask)
{
	const struct rl_env *env = &ask->service->base.sessions.loop->env;
	const struct rl_http1_head *head = rl_exchange_head(ask->request);
	struct rl_sockjs_send *s = ask->service->spare_send;

	ask->service->spare_send = NULL;
	if (!s)
		s = rl_alloc(env, sizeof(*s));
	if (!s) {
		rl_sockjs_refuse(ask, 503, "There is no memory for another request.");
		return;
	}
	*s = (struct rl_sockjs_send){ .in = { .kind = RILL_TEXT, .done = on_done }, .ask = *ask };
	rl_list_init(&s->in.node);
	rl_buf_init(&s->in.owned, env);
	rl_session_service_hold(&ask->service->base);
	read_type(s);
	if (head->framing == RL_HTTP1_LENGTH &&
		head->content_length > ask->service->options.max_body)
		refuse_size(s);
	else
		rill_request_follow(ask->request, &reading, s);
}
