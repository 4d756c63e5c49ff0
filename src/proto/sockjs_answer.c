/* sockjs_answer.c: what answers have in common: who may read them, how long they may be kept, the cookie
 * for balancers, and how a refusal is said.
 *
 * Clients send credentials with whatever they send, so that a browser wants the origin itself in the
 * answer, "*" will not do (WHATWG Fetch, 3.2.3). */
#include <stdio.h>
#include <time.h>
#include "proto/origin.h"
#include "proto/sockjs.h"

#define YEAR 31536000

static inline struct rl_slice field(const struct rl_sockjs_ask *ask, struct rl_slice name)
{
	struct rl_slice value;

	if (!rl_http1_field(rl_exchange_head(ask->request), name, &value))
		return rl_slice(NULL, 0);
	return value;
}

bool rl_sockjs_origin_ok(const struct rl_sockjs_ask *ask)
{
	const char *const *rules = ask->service->options.origins;

	if (!rules || ask->place->fields & RL_SOCKJS_ANY_ORIGIN)
		return true;
	struct rl_slice origin = rl_origin_of(ask->request);
	if (!origin.data && !rl_origin_hidden(ask->request, &origin))
		return true;
	if (rl_http1_field_count(rl_exchange_head(ask->request), RL_SLICE("Origin")) > 1)
		return false; /* nobody knows which is true */
	return rl_origin_find_rule(rules, ask->request, origin);
}

static int write_cors(const struct rl_sockjs_ask *ask, struct rl_buf *out)
{
	struct rl_slice origin = rl_origin_of(ask->request);
	struct rl_slice headers = field(ask, RL_SLICE("Access-Control-Request-Headers"));
	bool loose = ask->place->fields & RL_SOCKJS_CORS_LOOSE;

	if (loose && rl_slice_equal(origin, RL_SLICE("null")))
		origin = rl_slice(NULL, 0);
	int rc = rl_origin_write(out, origin);
	if (rc == 0)
		rc = rl_buf_append_str(out, "Vary: Origin\r\n");
	if (rc == 0 && headers.len)
		rc = rl_http1_write_field(out, RL_SLICE("Access-Control-Allow-Headers"), headers);
	return rc;
}

/* Those that most answers have, written at once, for a message over HTTP has two of them. */
static int write_fields(const struct rl_sockjs_ask *ask, bool preflight, struct rl_buf *out)
{
	unsigned fields = ask->place->fields;
	bool cors = fields & RL_SOCKJS_CORS && !ask->service->options.disable_cors;
	int rc = 0;

	if (cors || fields & RL_SOCKJS_CORS_LOOSE)
		rc = write_cors(ask, out);
	if (rc == 0 && !preflight && fields & RL_SOCKJS_NOT_CACHED)
		rc = rl_buf_append_str(out, "Cache-Control: no-store, no-cache, no-transform, "
					    "must-revalidate, max-age=0\r\n");
	return rc;
}

/* The next "name=value" of a Cookie field, as loosely as cookies are written. */
static bool next_cookie(struct rl_slice *list, struct rl_slice *name, struct rl_slice *value)
{
	if (!list->len)
		return false;
	const uint8_t *end = memchr(list->data, ';', list->len);
	size_t len = end ? (size_t)(end - list->data) : list->len;
	struct rl_slice pair = rl_slice(list->data, len);
	rl_slice_skip(list, end ? len + 1 : len);
	const uint8_t *equals = pair.len ? memchr(pair.data, '=', pair.len) : NULL;
	*name = rl_slice_trim(
		rl_slice(pair.data, equals ? (size_t)(equals - pair.data) : pair.len));
	*value = rl_slice(NULL, 0);
	if (equals) {
		rl_slice_skip(&pair, (size_t)(equals + 1 - pair.data));
		const uint8_t *second = pair.len ? memchr(pair.data, '=', pair.len) : NULL;
		*value = rl_slice_trim(
			rl_slice(pair.data, second ? (size_t)(second - pair.data) : pair.len));
	}
	return true;
}

struct rl_slice rl_sockjs_cookie(const rill_request *request, struct rl_slice wanted)
{
	struct rl_slice list, name, value;
	size_t cursor = 0;

	while (rl_http1_next_field(rl_exchange_head(request), RL_SLICE("Cookie"), &cursor, &list))
		while (next_cookie(&list, &name, &value))
			if (value.data && rl_slice_equal(name, wanted))
				return value;
	return rl_slice(NULL, 0);
}

/* The value that is there stays, so that a balancer finds what it has put into it. */
static int add_cookie(struct rl_sockjs_ask *ask)
{
	const rill_sockjs_options *o = &ask->service->options;
	struct rl_slice value = rl_sockjs_cookie(ask->request, RL_SLICE("JSESSIONID"));
	struct rl_buf *scratch = &ask->service->base.sessions.loop->scratch;

	if (o->on_jsessionid) {
		o->on_jsessionid(ask->request, o->user);
		return 0;
	}
	int rc = rl_buf_append_str(scratch, "JSESSIONID=");
	if (rc == 0)
		rc = rl_buf_append_slice(scratch, value.len ? value : RL_SLICE("dummy"));
	if (rc == 0)
		rc = rl_buf_append_str(scratch, "; path=/");
	if (rc == 0)
		rc = rl_exchange_add_field(
			ask->request, RL_SLICE("Set-Cookie"), rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
	return rc;
}

int rl_sockjs_add_year(rill_request *request)
{
	char date[30];

	rl_http1_date(date, (int64_t)time(NULL) + YEAR);
	int rc = rill_response_header(request, "Cache-Control", "public, max-age=31536000");
	return rc == 0 ? rill_response_header(request, "Expires", date) : rc;
}

int rl_sockjs_add_fields(struct rl_sockjs_ask *ask, bool preflight)
{
	const rill_sockjs_options *o = &ask->service->options;
	struct rl_buf *scratch = &ask->service->base.sessions.loop->scratch;
	unsigned fields = ask->place->fields;
	int rc = write_fields(ask, preflight, scratch);

	if (rc == 0 && scratch->len)
		rc = rl_exchange_add_lines(ask->request, rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
	if (rc == 0 && preflight)
		rc = rl_sockjs_add_year(ask->request);
	bool cookie = fields & RL_SOCKJS_COOKIE ||
		      (preflight && (fields & RL_SOCKJS_COOKIE_OPTIONS));
	if (rc == 0 && cookie && (o->jsessionid || o->on_jsessionid))
		rc = add_cookie(ask);
	return rc;
}

const struct rl_env *rl_sockjs_log(const struct rill_sockjs *service, struct rl_env *room)
{
	if (!service->options.log)
		return &service->base.sessions.loop->env;
	*room = (struct rl_env){ .log = service->options.log, .log_user = service->options.user };
	return room;
}

void rl_sockjs_log_request(const struct rl_sockjs_ask *ask, int status)
{
	struct rl_env room;
	char said[sizeof("(unfinished)")];
	rill_bytes method = rill_request_method(ask->request),
		   target = rill_request_target(ask->request);

	if (!ask->service->options.log)
		return;
	if (status)
		snprintf(said, sizeof(said), "%d", status);
	rl_log(rl_sockjs_log(ask->service, &room), RILL_LOG_INFO, "%.*s %.*s %llums %s",
		(int)method.len, (const char *)method.data, (int)target.len,
		(const char *)target.data,
		(unsigned long long)(rl_loop_now(ask->service->base.sessions.loop) - ask->since),
		status ? said : "(unfinished)");
}

/* The request may be gone behind its answer, so the log comes first. */
void rl_sockjs_answer(struct rl_sockjs_ask *ask, int status, const char *type, struct rl_slice body)
{
	rl_sockjs_log_request(ask, status);
	if (rill_respond(ask->request, status, type, body.data, body.len) == RILL_ENOMEM)
		rill_request_abort(ask->request);
}

void rl_sockjs_answer_text(struct rl_sockjs_ask *ask, int status, const char *text)
{
	const struct rl_slice type = RL_SLICE("Content-Type: text/plain; charset=UTF-8\r\n");

	rl_sockjs_log_request(ask, status);
	if (rl_exchange_respond(ask->request, status, type, rl_slice_str(text)) == RILL_ENOMEM)
		rill_request_abort(ask->request);
}

void rl_sockjs_refuse(struct rl_sockjs_ask *ask, int status, const char *sentence)
{
	struct rl_env room;

	rl_log(rl_sockjs_log(ask->service, &room), RILL_LOG_INFO, "%s: answered %d: %s",
		rill_request_peer(ask->request), status, sentence);
	rl_sockjs_answer_text(ask, status, sentence);
}

void rl_sockjs_turn_away(struct rl_sockjs_ask *ask, int status, const char *sentence)
{
	ask->service->base.sessions.refused++;
	rl_sockjs_refuse(ask, status, sentence);
}

void rl_sockjs_not_found(struct rl_sockjs_ask *ask)
{
	rl_sockjs_answer_text(ask, 404, "404 Error: Page not found\n");
}
