/* session_body.c: a body is gathered up to its limit, counts as held for the connection it comes by until it is a
 * session's, and is answered when that is done with it, or refused. */
#include "proto/session_body.h"

/* What memory of a body is kept for the next: clients that poll send a message or two at a time. */
#define SPARE_MAX ((size_t)1024)

static const rill_request_handler deaf = { .size = sizeof(deaf) };

static void charge(struct rl_session_body *body, size_t held)
{
	if (body->request)
		rl_exchange_charge(body->request, (ptrdiff_t)held - (ptrdiff_t)body->charged);
	body->charged = held;
}

/* Whatever is around it goes with it. */
static void end(struct rl_session_body *body)
{
	struct rl_session_service *service = body->service;
	struct rl_buf owned = body->in.owned;

	charge(body, 0);
	body->ops->over(body);
	rl_buf_leave_spare(&owned, &service->sessions.spare_body, SPARE_MAX);
	rl_session_service_release(service);
}

rill_request *rl_session_body_end(struct rl_session_body *body)
{
	rill_request *request = body->request;

	if (request)
		rill_request_follow(request, &deaf, NULL);
	end(body);
	return request;
}

static void refuse(struct rl_session_body *body, int status)
{
	rl_exchange_end_connection(body->request);
	body->ops->refuse(body, status);
}

static void on_body(rill_request *request, rill_bytes bytes, void *user)
{
	struct rl_session_body *body = user;

	(void)request;
	if (bytes.len > body->max - body->in.owned.len) {
		refuse(body, 413);
		return;
	}
	if (body->unread)
		return;
	if (bytes.len <= SPARE_MAX)
		rl_buf_take_spare(&body->in.owned, &body->service->sessions.spare_body);
	if (rl_buf_append(&body->in.owned, bytes.data, bytes.len) < 0)
		refuse(body, 503);
	else
		charge(body, body->in.owned.cap);
}

static void on_end(rill_request *request, void *user)
{
	struct rl_session_body *body = user;

	(void)request;
	body->ops->whole(body);
}

static void on_gone(rill_request *request, int rc, void *user)
{
	struct rl_session_body *body = user;

	(void)request;
	(void)rc;
	body->request = NULL;
	body->ops->gone(body);
}

/* What it has brought is the session's, and counts all the same. */
static void on_gone_waiting(rill_request *request, int rc, void *user)
{
	struct rl_session_body *body = user;

	(void)request;
	(void)rc;
	body->request = NULL;
}

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

static void on_done(struct rl_inbound *in, bool taken)
{
	struct rl_session_body *body = rl_container(in, struct rl_session_body, in);

	if (body->request)
		body->ops->done(body, taken);
	else
		end(body);
}

void rl_session_body_begin(struct rl_session_body *body, const struct rl_session_body_ops *ops,
	struct rl_session_service *service, rill_request *request, size_t max)
{
	const struct rl_http1_head *head = rl_exchange_head(request);

	body->ops = ops;
	body->service = service;
	body->request = request;
	body->max = max;
	body->charged = 0;
	body->in.done = on_done;
	rl_list_init(&body->in.node);
	rl_buf_init(&body->in.owned, &service->sessions.loop->env);
	rl_session_service_hold(service);
	if (head->framing == RL_HTTP1_LENGTH && head->content_length > max)
		refuse(body, 413);
	else
		rill_request_follow(request, &reading, body);
}

void rl_session_body_replace(struct rl_session_body *body, struct rl_buf *text)
{
	rl_buf_release(&body->in.owned);
	body->in.owned = *text;
	rl_buf_init(text, body->in.owned.env);
	charge(body, body->in.owned.cap);
}

int rl_session_body_deliver(
	struct rl_session_body *body, struct rl_session *session, int *code, const char **why)
{
	rill_request_follow(body->request, &waiting, body);
	int rc = rl_session_take(session, &body->in, code, why);
	if (rc == 0)
		charge(body, 0);
	return rc;
}
