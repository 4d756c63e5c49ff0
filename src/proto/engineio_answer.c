/* engineio_answer.c: what answers have in common: the fields that the program, the cookie and old browsers
 * ask for, and how a refusal is said. */
#include "base/json.h"
#include "proto/engineio.h"

static const char *const messages[] = {
	[RL_EIO_UNKNOWN_TRANSPORT] = "Transport unknown",
	[RL_EIO_UNKNOWN_ID] = "Session ID unknown",
	[RL_EIO_BAD_METHOD] = "Bad handshake method",
	[RL_EIO_BAD_REQUEST] = "Bad request",
	[RL_EIO_FORBIDDEN] = "Forbidden",
	[RL_EIO_UNSUPPORTED] = "Unsupported protocol version",
};

void rl_eio_answer(rill_request *request, int status, const char *type, struct rl_slice body)
{
	if (rill_respond(request, status, type, body.data, body.len) == RILL_ENOMEM)
		rill_request_abort(request);
}

static int add_cookie(const struct rill_engineio *service, rill_request *request)
{
	const rill_engineio_options *o = &service->options;
	struct rl_buf *scratch = &service->base.sessions.loop->scratch;
	int rc = rl_buf_append_str(scratch, o->cookie);

	if (rc == 0)
		rc = rl_buf_append_str(scratch, "=");
	if (rc == 0)
		rc = rl_buf_append(scratch, service->id, RL_EIO_ID);
	if (rc == 0 && o->cookie_attributes)
		rc = rl_buf_append_str(scratch, "; ");
	if (rc == 0 && o->cookie_attributes)
		rc = rl_buf_append_str(scratch, o->cookie_attributes);
	if (rc == 0)
		rc = rl_exchange_add_field(request, RL_SLICE("Set-Cookie"), rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
	return rc;
}

static bool holds(struct rl_slice text, const char *part)
{
	return text.len && memmem(text.data, text.len, part, strlen(part));
}

/* Browsers of that kind look for scripts in what they are answered, and find them. */
static bool is_old_explorer(const rill_request *request)
{
	struct rl_slice agent;

	return rl_http1_field(rl_exchange_head(request), RL_SLICE("User-Agent"), &agent) &&
	       (holds(agent, ";MSIE") || holds(agent, "Trident/"));
}

int rl_eio_add_fields(struct rl_eio_ask *ask, bool initial)
{
	const rill_engineio_options *o = &ask->service->options;
	int rc = 0;

	if (initial && o->cookie)
		rc = add_cookie(ask->service, ask->request);
	if (rc == 0 && !ask->upgrade && is_old_explorer(ask->request))
		rc = rill_response_header(ask->request, "X-XSS-Protection", "0");
	if (rc == 0 && o->on_headers)
		o->on_headers(ask->service, ask->request, initial, o->user);
	return rc == RILL_ENOMEM ? rc : 0;
}

/* What comes behind a request for a WebSocket may be frames already, so the connection ends; and its client
 * reads no JSON. */
static void answer_upgrade(rill_request *request, const char *message)
{
	rl_exchange_end_connection(request);
	rl_eio_answer(request, 400, "text/html", rl_slice_str(message));
}

static void answer_json(struct rl_eio_ask *ask, enum rl_eio_error error, const char *message)
{
	struct rl_buf body;

	rl_buf_init(&body, &ask->service->base.sessions.loop->env);
	int rc = rl_buf_append_str(&body, "{\"code\":");
	if (rc == 0)
		rc = rl_buf_append_u64(&body, (uint64_t)error);
	if (rc == 0)
		rc = rl_buf_append_str(&body, ",\"message\":");
	if (rc == 0)
		rc = rl_json_quote(&body, rl_slice_str(message), RL_JSON_ESCAPE_LEAST);
	if (rc == 0)
		rc = rl_buf_append_str(&body, "}");
	if (rc == 0)
		rl_eio_answer(ask->request, error == RL_EIO_FORBIDDEN ? 403 : 400,
			"application/json", rl_buf_slice(&body));
	else
		rill_request_abort(ask->request);
	rl_buf_release(&body);
}

/* The program hears of it first: the request may be gone behind its answer. */
void rl_eio_refuse(struct rl_eio_ask *ask, enum rl_eio_error error, const char *message)
{
	const rill_engineio_options *o = &ask->service->options;

	if (!message)
		message = messages[error];
	ask->service->base.sessions.refused++;
	if (o->on_refused)
		o->on_refused(ask->service, ask->request, (int)error, message, o->user);
	if (ask->upgrade)
		answer_upgrade(ask->request, message);
	else
		answer_json(ask, error, message);
}

void rl_eio_turn_away(struct rl_eio_ask *ask, int status, const char *sentence)
{
	ask->service->base.sessions.refused++;
	rl_log(&ask->service->base.sessions.loop->env, RILL_LOG_INFO, "%s: answered %d: %s",
		rill_request_peer(ask->request), status, sentence);
	if (ask->upgrade)
		rl_exchange_end_connection(ask->request);
	rl_eio_answer(ask->request, status, "text/plain; charset=UTF-8", rl_slice_str(sentence));
}
