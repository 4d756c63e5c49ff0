/* websocket_open.c: a request for a WebSocket, from its head to the 101 or the refusal.
 *
 * In the order of their weight: is the handshake in order, is the origin admitted, does the
 * program want it. The program may take its time over the last; the request waits meanwhile, with
 * a deadline, and may vanish. */
#include "proto/websocket.h"
#include <string.h>

static const char no_memory[] = "There is no memory for another WebSocket.";
static const char not_wanted[] = "This WebSocket was refused.";
static const char opening_key; /* its address marks our requests */

static struct rl_ws_opening *find_opening(const rill_request *request)
{
	return rl_exchange_service(request, &opening_key);
}

void rl_ws_opening_free(struct rl_ws_opening *opening)
{
	struct rill_websocket *service = opening->service;
	const struct rl_env *env = &service->loop->env;
	rl_loop_clear_timer(service->loop, &opening->timer);
	rl_list_remove(&opening->task.node);
	rl_list_remove(&opening->node);
	rl_buf_release(&opening->fields);
	rl_ws_pipeline_free(opening->pipeline);
	if (opening->taken)
		rl_exchange_release(opening->request);
	else
		rl_exchange_set_service(opening->request, &opening_key, NULL);
	rl_free(env, opening);
	rl_websocket_release(service);
}

void rl_ws_opening_abandon(struct rl_ws_opening *opening)
{
	opening->decided = true;
	if (opening->on_abandoned)
		opening->on_abandoned(opening->request, opening->abandoned_user);
	rl_ws_opening_free(opening);
}

static void refuse(struct rl_ws_opening *opening, int status, const char *sentence)
{
	rill_request *request = opening->request;
	opening->service->stats.refused++;
	rl_ws_opening_free(opening);
	rl_exchange_fail(request, status, sentence);
}

/* 426 says which versions would be taken (RFC 6455, 4.4). */
static int refuse_version(
	rill_request *request, const struct rill_websocket *service, const char *sentence)
{
	rill_response_header(
		request, "Sec-WebSocket-Version", service->options.hybi_drafts ? "13, 8, 7" : "13");
	return rl_exchange_fail(request, 426, sentence);
}

/* Picks the extensions the client offers and we have: what the answer says about them is appended to
 * response; NULL: only the grammar is looked at. 0, RILL_EPROTO (a header that breaks the grammar),
 * RILL_ENOMEM. */
static int negotiate(struct rl_ws_opening *opening, struct rl_buf *response)
{
	struct rill_websocket *service = opening->service;
	struct rl_slice header;
	const struct rl_http1_head *head = rl_exchange_head(opening->request);
	if (opening->wanted.version == RL_WS_HIXIE75 || opening->wanted.version == RL_WS_HIXIE76 ||
		!rl_http1_field(head, RL_SLICE("Sec-WebSocket-Extensions"), &header))
		return 0;
	struct rl_buf offers;
	rl_buf_init(&offers, &service->loop->env);
	int rc = rl_ws_join_extensions(head, &offers);
	header = rl_buf_slice(&offers);
	if (rc >= 0 && response)
		rc = rl_ws_extensions_accept(
			service->extensions, header, response, &opening->pipeline);
	else if (rc >= 0)
		rc = rl_ws_check_extensions(header);
	rl_buf_release(&offers);
	return rc;
}

static void on_gone(rill_request *request, int rc, void *user)
{
	(void)request;
	(void)rc;
	rl_ws_opening_abandon(user);
}

static const rill_request_handler deaf = { .size = sizeof(deaf) };
static const rill_request_handler waiting = {
	.size = sizeof(waiting),
	.on_close = on_gone,
};

/* It was not decided in time, or accepted and the challenge of hixie-76 did not come. */
static void on_timer(struct rl_timer *timer)
{
	struct rl_ws_opening *opening = rl_container(timer, struct rl_ws_opening, timer);
	rill_request *request = opening->request;
	if (opening->conn) {
		rl_ws_conn_lost(opening->conn);
		return;
	}
	rill_request_follow(request, &deaf, NULL);
	opening->service->stats.refused++;
	rl_ws_opening_abandon(opening);
	rl_exchange_fail(request, 503, "The WebSocket was not accepted in time.");
}

static void open_later(struct rl_task *task)
{
	struct rl_ws_opening *opening = rl_container(task, struct rl_ws_opening, task);
	rl_ws_conn_start(opening->conn);
}

/* The eight bytes behind a request of hixie-76 are the end of its head, and have its time. */
static void await_challenge(struct rl_ws_opening *opening)
{
	struct rill_websocket *service = opening->service;
	uint32_t ms = rl_server_options(service->server)->head_timeout_ms;
	if (opening->wanted.version == RL_WS_HIXIE76 && ms)
		rl_loop_set_timer(service->loop, &opening->timer, rl_loop_now(service->loop) + ms);
}

/* The stream is ours; what fails from here on can only be cut. */
static int make_conn(struct rl_ws_opening *opening, struct rl_stream *stream, void *user,
	struct rl_slice extensions)
{
	struct rl_ws_conn *c;
	int rc = rl_ws_conn_new(&c, opening, stream, extensions);
	if (rc < 0) {
		rl_stream_close(stream);
		rl_ws_opening_free(opening);
		return rc;
	}
	opening->conn = c;
	c->conn.user = user;
	await_challenge(opening);
	return 0;
}

/* Takes the stream and answers 101; on_open is for the caller to bring about. On failure the
 * opening is gone, and the request has been answered or cut. */
static int accept_opening(struct rl_ws_opening *opening, void *user)
{
	struct rill_websocket *service = opening->service;
	struct rl_buf extensions;
	rl_buf_init(&extensions, &service->loop->env);
	if (negotiate(opening, &extensions) < 0) {
		rl_buf_release(&extensions);
		refuse(opening, 503, no_memory);
		return RILL_ENOMEM;
	}
	rl_loop_clear_timer(service->loop, &opening->timer);
	rl_list_remove(&opening->node);
	rill_request_follow(opening->request, &deaf, NULL);
	struct rl_stream *stream = rl_exchange_take_stream(opening->request);
	int rc = RILL_ECLOSED;
	opening->taken = stream != NULL;
	if (stream)
		rc = make_conn(opening, stream, user, rl_buf_slice(&extensions));
	else
		rl_ws_opening_free(opening);
	rl_buf_release(&extensions);
	return rc;
}

static struct rl_ws_opening *new_opening(
	struct rill_websocket *service, rill_request *request, const struct rl_ws_request *wanted)
{
	struct rl_ws_opening *opening = rl_zalloc(&service->loop->env, sizeof(*opening));
	if (!opening)
		return NULL;
	opening->service = service;
	opening->request = request;
	opening->wanted = *wanted;
	opening->protocol = rl_ws_pick_protocol(
		rl_exchange_head(request), service->options.protocols);
	rl_buf_init(&opening->fields, &service->loop->env);
	rl_timer_init(&opening->timer, on_timer);
	rl_task_init(&opening->task, open_later);
	rl_list_append(&service->openings, &opening->node);
	rl_exchange_set_service(request, &opening_key, opening);
	return opening;
}

static void wait_for_decision(struct rl_ws_opening *opening)
{
	struct rill_websocket *service = opening->service;
	uint32_t ms = rl_server_options(service->server)->accept_timeout_ms;
	rill_request_follow(opening->request, &waiting, opening);
	if (ms)
		rl_loop_set_timer(service->loop, &opening->timer, rl_loop_now(service->loop) + ms);
}

/* The program's word: accepted, refused, or later. */
static void decide(struct rl_ws_opening *opening)
{
	const rill_websocket_options *options = &opening->service->options;
	int answer = RILL_ACCEPT;
	if (options->on_request) {
		opening->in_hook = true;
		answer = options->on_request(opening->service, opening->request, options->user);
		opening->in_hook = false;
	}
	if (opening->refused) { /* in the hook, which has refused it or stopped the server */
		rl_ws_opening_free(opening);
		return;
	}
	if (opening->decided || answer == RILL_ACCEPT) {
		opening->decided = true;
		if (accept_opening(opening, opening->user) == 0)
			rl_ws_conn_start(opening->conn);
	} else if (answer == RILL_LATER) {
		wait_for_decision(opening);
	} else {
		refuse(opening, answer >= 400 && answer <= 599 ? answer : 500, not_wanted);
	}
}

int rl_websocket_request(rill_request *request, void *user)
{
	struct rill_websocket *service = user;
	const struct rl_http1_head *head = rl_exchange_head(request);
	const struct rl_ws_versions versions = {
		service->options.hybi_drafts,
		service->options.hixie_drafts,
	};
	struct rl_ws_request wanted;
	if (!rl_ws_asked(head))
		return RILL_PASS;
	if (rl_ws_read_request(head, &versions, &wanted) < 0) {
		service->stats.refused++;
		if (wanted.error_status == 426)
			refuse_version(request, service, wanted.error_text);
		else
			rl_exchange_fail(request, wanted.error_status, wanted.error_text);
		return RILL_TAKE;
	}
	struct rl_ws_opening *opening = new_opening(service, request, &wanted);
	if (!opening) {
		rl_exchange_fail(request, 503, no_memory);
		return RILL_TAKE;
	}
	if (!rl_websocket_origin_ok(service, request, &wanted)) {
		refuse(opening, 403, "WebSockets from this origin are not admitted.");
		return RILL_TAKE;
	}
	int rc = negotiate(opening, NULL);
	if (rc < 0) {
		bool broken = rc == RILL_EPROTO;
		refuse(opening, broken ? 400 : 503,
			broken ? "Sec-WebSocket-Extensions is malformed." : no_memory);
		return RILL_TAKE;
	}
	decide(opening);
	return RILL_TAKE;
}

int rill_websocket_accept(rill_request *request, void *user)
{
	struct rl_ws_opening *opening = find_opening(request);
	if (!opening || opening->decided)
		return RILL_ECLOSED;
	opening->decided = true;
	if (opening->in_hook) {
		opening->user = user;
		return 0;
	}
	struct rill_loop *loop = opening->service->loop;
	int rc = accept_opening(opening, user);
	if (rc == 0)
		rl_loop_defer(loop, &opening->task);
	return rc;
}

int rill_websocket_refuse(rill_request *request, int status, const char *sentence)
{
	struct rl_ws_opening *opening = find_opening(request);
	if (status < 400 || status > 599)
		return RILL_EINVAL;
	if (!opening || opening->decided)
		return RILL_ECLOSED;
	if (!sentence)
		sentence = not_wanted;
	opening->decided = true;
	if (opening->in_hook) {
		opening->refused = true;
		opening->service->stats.refused++;
		return rl_exchange_fail(request, status, sentence);
	}
	rill_request_follow(request, &deaf, NULL);
	refuse(opening, status, sentence);
	return 0;
}

void rill_websocket_on_abandoned(
	rill_request *request, void (*fn)(rill_request *request, void *user), void *user)
{
	struct rl_ws_opening *opening = find_opening(request);
	if (!opening)
		return;
	opening->on_abandoned = fn;
	opening->abandoned_user = user;
}

int rill_websocket_choose_protocol(rill_request *request, const char *protocol)
{
	struct rl_ws_opening *opening = find_opening(request);
	if (!opening || opening->decided)
		return RILL_ESTATE;
	struct rl_ws_protocol_cursor cursor = { 0 };
	struct rl_slice name;
	while (rl_ws_next_protocol(rl_exchange_head(request), &cursor, &name)) {
		if (rl_slice_equal(name, rl_slice_str(protocol))) {
			opening->protocol = name;
			return 0;
		}
	}
	return RILL_EINVAL;
}

void rl_websocket_take_offered(rill_request *request)
{
	struct rl_ws_opening *opening = find_opening(request);
	struct rl_ws_protocol_cursor cursor = { 0 };
	struct rl_slice name;
	if (rl_ws_next_protocol(rl_exchange_head(request), &cursor, &name))
		opening->protocol = name;
}

int rill_websocket_add_header(rill_request *request, const char *name, const char *value)
{
	struct rl_ws_opening *opening = find_opening(request);
	if (!opening || opening->decided)
		return RILL_ESTATE;
	if (rl_websocket_own_field(rl_slice_str(name)))
		return RILL_EINVAL;
	return rl_http1_write_field(&opening->fields, rl_slice_str(name), rl_slice_str(value));
}

/* The hook that is being asked about it has stopped the server: decide() frees it. */
static void abandon_in_hook(struct rl_ws_opening *opening)
{
	rl_list_remove(&opening->node);
	opening->decided = opening->refused = true;
	if (opening->on_abandoned)
		opening->on_abandoned(opening->request, opening->abandoned_user);
}

void rl_websocket_drop_openings(struct rill_websocket *service)
{
	while (!rl_list_empty(&service->openings)) {
		struct rl_ws_opening *opening = rl_container(
			service->openings.next, struct rl_ws_opening, node);
		rill_request *request = opening->request;
		rill_request_follow(request, &deaf, NULL);
		service->stats.refused++;
		if (opening->in_hook)
			abandon_in_hook(opening);
		else
			rl_ws_opening_abandon(opening);
		rl_exchange_fail(request, 503, "The server is stopping.");
	}
}
