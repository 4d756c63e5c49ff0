/* sockjs_chunking.c: /chunking_test, by which clients of protocol 0.1 found out how soon a browser, and
 * whatever is in between, lets pieces of an answer through: pieces with longer and longer pauses between
 * them, the second of them large. */
#include "proto/sockjs.h"

#define SPACES 2048

static const uint16_t pauses_ms[] = { 0, 1, 5, 25, 125, 625, 3125 };
#define PIECES (sizeof(pauses_ms) / sizeof(*pauses_ms))

struct test {
	struct rill_sockjs *service;
	rill_request *request;
	struct rl_timer timer;
	unsigned done; /* pieces */
};

static int write_piece(struct test *t)
{
	char piece[SPACES + 2];
	size_t spaces = t->done == 1 ? SPACES : 0;

	memset(piece, ' ', spaces);
	memcpy(piece + spaces, "h\n", 2);
	t->done++;
	return rill_response_write(t->request, piece, spaces + 2);
}

static void write_due(struct rl_timer *timer)
{
	struct test *t = rl_container(timer, struct test, timer);
	struct rill_loop *loop = t->service->base.sessions.loop;

	if (write_piece(t) == RILL_ENOMEM)
		rill_request_abort(t->request);
	else if (t->done == PIECES)
		rill_response_end(t->request);
	else
		rl_loop_set_timer(loop, &t->timer, rl_loop_now(loop) + pauses_ms[t->done]);
}

static void on_gone(rill_request *request, int rc, void *user)
{
	struct test *t = user;
	struct rill_sockjs *service = t->service;

	(void)request;
	(void)rc;
	rl_loop_clear_timer(service->base.sessions.loop, &t->timer);
	rl_free(&service->base.sessions.loop->env, t);
	rl_session_service_release(&service->base);
}

static void on_peer_end(rill_request *request, void *user)
{
	struct test *t = user;

	rl_loop_clear_timer(t->service->base.sessions.loop, &t->timer);
	rill_response_end(request);
}

static const rill_request_handler following = {
	.size = sizeof(following),
	.on_close = on_gone,
	.on_peer_end = on_peer_end,
};

void rl_sockjs_chunking_test(struct rl_sockjs_ask *ask)
{
	const struct rl_env *env = &ask->service->base.sessions.loop->env;
	struct rl_slice fields = RL_SLICE(
		"Content-Type: application/javascript; charset=UTF-8\r\n");
	struct test *t = rl_zalloc(env, sizeof(*t));

	if (!t || rl_exchange_begin(ask->request, 200, fields, rl_slice(NULL, 0)) < 0) {
		rl_free(env, t);
		rl_sockjs_refuse(ask, 503, "There is no memory for another request.");
		return;
	}
	rl_sockjs_log_request(ask, 0);
	t->service = ask->service;
	t->request = ask->request;
	rl_session_service_hold(&t->service->base);
	rl_timer_init(&t->timer, write_due);
	rill_request_follow(ask->request, &following, t);
	write_due(&t->timer);
}
