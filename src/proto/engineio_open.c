/* engineio_open.c: a request that begins a session, from the program's word on it to the session. The program
 * may take its time; the request waits meanwhile, with a deadline, and may vanish. */
#include "proto/engineio.h"

static const char opening_key; /* its address marks our requests */

/* One about which the program is being asked. */
struct rl_eio_opening {
	struct rl_list node;
	struct rill_engineio *service;
	rill_request *request;
	struct rl_timer timer;
	struct rl_task task; /* what was decided is done at the end of the turn */
	char *message;       /* refused: what for; NULL: nothing was said */
	bool in_hook;
	bool decided, accepted;
	void (*on_abandoned)(rill_request *request, void *user);
	void *abandoned_user;
};

/* As base64 of URLs has them (RFC 4648, 5). */
static void write_id(char *to, const uint8_t bytes[15])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < 15; i += 3) {
		uint32_t n = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			*to++ = digits[n >> shift & 63];
	}
}

/* Random bytes, so that nobody guesses it, and a count, so that none comes twice. */
static void draw_id(struct rill_engineio *service)
{
	const struct rl_env *env = &service->base.sessions.loop->env;
	uint32_t count = service->ids++;
	uint8_t bytes[15];

	env->random(bytes, 11, env->user);
	for (int i = 0; i < 4; i++)
		bytes[11 + i] = (uint8_t)(count >> (24 - 8 * i));
	write_id(service->id, bytes);
}

static void begin_polling(struct rl_eio_ask *ask)
{
	struct rill_engineio *service = ask->service;
	struct rl_addr peer = *rl_exchange_peer(ask->request);
	struct rl_carrier *carrier = rl_eio_hold(
		ask, rl_eio_polling_row(ask->revision4 ? 4 : 3, ask->jsonp, ask->base64));

	if (!carrier)
		return;
	/* The NUL that stands for an owner ends the id as a text. */
	struct rl_session *session = rl_session_new(
		&service->base.sessions, rl_slice(service->id, RL_EIO_ID), rl_slice("", 1), &peer);
	if (session)
		rl_session_attach(session, carrier, ask->request);
	else
		carrier->row->ops->cut(carrier);
}

/* Is there anybody who would take it still? What the program was asked for may have ended that. */
static bool takes_sessions(const struct rill_engineio *service)
{
	return service->base.attached && !service->base.sessions.parting &&
	       !rl_server_stopping(service->base.sessions.server);
}

/* The program has no objection. */
static void begin(struct rl_eio_ask *ask)
{
	struct rill_engineio *service = ask->service;

	if (!ask->revision4 && !service->options.revision3) {
		rl_eio_refuse(ask, RL_EIO_UNSUPPORTED, NULL);
	} else if (!takes_sessions(service) ||
		   !rl_sessions_admit(&service->base.sessions, rl_exchange_peer(ask->request))) {
		rl_eio_turn_away(ask, 503, "There is no room for another session.");
	} else {
		draw_id(service);
		if (rl_eio_add_fields(ask, true) < 0)
			rl_eio_turn_away(ask, 503, "There is no memory for another session.");
		else if (ask->upgrade)
			rl_eio_upgrade(ask);
		else
			begin_polling(ask);
	}
}

static void free_opening(struct rl_eio_opening *opening)
{
	struct rill_engineio *service = opening->service;
	const struct rl_env *env = &service->base.sessions.loop->env;

	rl_loop_clear_timer(service->base.sessions.loop, &opening->timer);
	rl_list_remove(&opening->task.node);
	rl_list_remove(&opening->node);
	rl_free(env, opening->message);
	rl_free(env, opening);
	rl_session_service_release(&service->base);
}

static const rill_request_handler deaf = { .size = sizeof(deaf) };

/* Nobody else hears of the request any more. */
static void let_go(struct rl_eio_opening *opening)
{
	rl_exchange_set_service(opening->request, &opening_key, NULL);
	rill_request_follow(opening->request, &deaf, NULL);
}

/* Nobody will be able to decide it. */
static void tell_abandoned(struct rl_eio_opening *opening)
{
	if (!opening->decided && opening->on_abandoned)
		opening->on_abandoned(opening->request, opening->abandoned_user);
	opening->decided = true;
}

static void on_gone(rill_request *request, int rc, void *user)
{
	(void)request;
	(void)rc;
	tell_abandoned(user);
	free_opening(user);
}

static const rill_request_handler waiting = {
	.size = sizeof(waiting),
	.on_close = on_gone,
};

/* What was decided is done. */
static void settle(struct rl_eio_opening *opening)
{
	struct rl_eio_ask ask;

	rl_eio_read_ask(&ask, opening->service, opening->request);
	let_go(opening);
	if (opening->accepted)
		begin(&ask);
	else
		rl_eio_refuse(&ask, RL_EIO_FORBIDDEN, opening->message);
	free_opening(opening);
}

static void settle_later(struct rl_task *task)
{
	settle(rl_container(task, struct rl_eio_opening, task));
}

static void on_timer(struct rl_timer *timer)
{
	struct rl_eio_opening *opening = rl_container(timer, struct rl_eio_opening, timer);
	struct rl_eio_ask ask;

	tell_abandoned(opening);
	rl_eio_read_ask(&ask, opening->service, opening->request);
	let_go(opening);
	rl_eio_turn_away(&ask, 503, "The session was not accepted in time.");
	free_opening(opening);
}

static struct rl_eio_opening *new_opening(const struct rl_eio_ask *ask)
{
	struct rill_engineio *service = ask->service;
	struct rl_eio_opening *opening = rl_zalloc(&service->base.sessions.loop->env, sizeof(*opening));

	if (!opening)
		return NULL;
	opening->service = service;
	opening->request = ask->request;
	rl_timer_init(&opening->timer, on_timer);
	rl_task_init(&opening->task, settle_later);
	rl_list_append(&service->openings, &opening->node);
	rl_exchange_set_service(ask->request, &opening_key, opening);
	rl_session_service_hold(&service->base);
	return opening;
}

static void wait_for_decision(struct rl_eio_opening *opening)
{
	struct rl_sessions *sessions = &opening->service->base.sessions;
	uint32_t ms = rl_server_options(sessions->server)->accept_timeout_ms;

	rill_request_follow(opening->request, &waiting, opening);
	if (ms)
		rl_loop_set_timer(
			sessions->loop, &opening->timer, rl_loop_now(sessions->loop) + ms);
}

static void ask_program(struct rl_eio_ask *ask)
{
	const rill_engineio_options *o = &ask->service->options;
	struct rl_eio_opening *opening = new_opening(ask);

	if (!opening) {
		rl_eio_turn_away(ask, 503, "There is no memory for another session.");
		return;
	}
	opening->in_hook = true;
	int answer = o->on_request(ask->service, ask->request, o->user);
	opening->in_hook = false;
	if (!opening->decided && answer == RILL_LATER) {
		wait_for_decision(opening);
		return;
	}
	if (!opening->decided)
		opening->accepted = answer == RILL_ACCEPT;
	settle(opening);
}

void rl_eio_open(struct rl_eio_ask *ask)
{
	if (ask->service->options.on_request)
		ask_program(ask);
	else
		begin(ask);
}

/* Decides once. NULL: it was, or there is nothing to decide. */
static struct rl_eio_opening *decide(rill_request *request, bool accepted)
{
	struct rl_eio_opening *opening = rl_exchange_service(request, &opening_key);

	if (!opening || opening->decided)
		return NULL;
	opening->decided = true;
	opening->accepted = accepted;
	if (!opening->in_hook)
		rl_loop_defer(opening->service->base.sessions.loop, &opening->task);
	return opening;
}

int rill_engineio_accept(rill_request *request)
{
	return decide(request, true) ? 0 : RILL_ECLOSED;
}

/* Without memory for the message there is the usual one. */
int rill_engineio_refuse(rill_request *request, const char *message)
{
	struct rl_eio_opening *opening = decide(request, false);

	if (!opening)
		return RILL_ECLOSED;
	if (message)
		opening->message = rl_strndup(
			&opening->service->base.sessions.loop->env, message, strlen(message));
	return 0;
}

void rill_engineio_on_abandoned(
	rill_request *request, void (*fn)(rill_request *request, void *user), void *user)
{
	struct rl_eio_opening *opening = rl_exchange_service(request, &opening_key);

	if (!opening)
		return;
	opening->on_abandoned = fn;
	opening->abandoned_user = user;
}

void rl_eio_drop_openings(struct rill_engineio *service)
{
	rl_list_each_safe (node, &service->openings) {
		struct rl_eio_opening *opening = rl_container(node, struct rl_eio_opening, node);
		if (opening->in_hook) /* which has brought this about: what follows is refused */
			continue;
		on_timer(&opening->timer);
	}
}
