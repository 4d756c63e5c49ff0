/* exchange.c: following an exchange, pausing and ending it, and what services have of it. */
#include <rill/error.h>
#include "http/connection.h"
#include "http/request.h"

void rill_request_follow(rill_request *request, const rill_request_handler *handler, void *user)
{
	request->handler = handler;
	request->handler_user = user;
	/* What has happened before is told from the loop. */
	if (request->connection && request->complete && !request->end_told)
		rl_connection_nudge(request->connection);
}

void rill_request_pause(rill_request *request)
{
	if (!request->connection || request->paused)
		return;
	request->paused = true;
	rl_connection_pause_body(request->connection);
}

void rill_request_resume(rill_request *request)
{
	if (!request->connection || !request->paused)
		return;
	request->paused = false;
	rl_connection_resume_body(request->connection);
}

void rill_request_abort(rill_request *request)
{
	if (!request->connection || request->cut)
		return;
	request->cut = RILL_ECLOSED;
	rl_connection_nudge(request->connection);
}

const struct rl_http1_head *rl_exchange_head(const rill_request *request)
{
	return &request->head;
}

struct rill_server *rl_exchange_server(const rill_request *request)
{
	return request->connection ? request->server : NULL;
}

const struct rl_addr *rl_exchange_peer(const rill_request *request)
{
	return &request->peer;
}

void rl_exchange_set_service(rill_request *request, const void *key, void *service)
{
	request->service_key = key;
	request->service = service;
}

void *rl_exchange_service(const rill_request *request, const void *key)
{
	return request->service_key == key ? request->service : NULL;
}

void rl_exchange_charge(rill_request *request, ptrdiff_t bytes)
{
	if (request->connection)
		rl_stream_charge(request->connection->stream, bytes);
}

void rl_exchange_await(rill_request *request)
{
	request->awaited = true;
	if (request->connection && request->connection->ended)
		rl_connection_nudge(request->connection); /* on_peer_end is due */
}

bool rl_exchange_local(const rill_request *request, struct rl_addr *addr)
{
	return request->connection && rl_stream_local(request->connection->stream, addr);
}

/* What is to be answered depends on the head in two ways: is a body left out, may an upgrade follow? */
static bool may_forget(const rill_request *request)
{
	return request->awaited && !request->service &&
	       !rl_slice_equal(rl_http1_text(&request->head, request->head.method), RL_SLICE("HEAD"));
}

rill_request *rl_exchange_forget_head(rill_request *request)
{
	struct rl_connection *c = request->connection;

	if (!c || !request->head.len || (request->response == RL_RESPONSE_NONE && !may_forget(request)))
		return request;
	rl_stream_charge(c->stream, -(ptrdiff_t)request->head.len);
	request->head = (struct rl_http1_head){ .base = (const uint8_t *)"",
		.minor = request->head.minor,
		.framing = request->head.framing };
	request->path = (struct rl_http1_span){ 0 };
	rl_buf_shrink(&request->added);
	rill_request *smaller = rl_resize(&request->loop->env, request, sizeof(*request));
	if (!smaller)
		return request;
	c->exchange = smaller;
	return smaller;
}

struct rl_slice rl_exchange_added(const rill_request *request)
{
	return rl_buf_slice(&request->added);
}

struct rl_stream *rl_exchange_take_stream(rill_request *request)
{
	struct rl_connection *c = request->connection;

	if (!c || request->cut || request->response != RL_RESPONSE_NONE ||
		request->head.framing != RL_HTTP1_NO_BODY)
		return NULL;
	if (c->ended || c->stream->lost) {
		request->cut = RILL_ERESET;
		rl_connection_nudge(c);
		return NULL;
	}
	request->handler = NULL;
	return rl_connection_release_stream(c);
}

void rl_exchange_release(rill_request *request)
{
	assert(!request->connection);
	rl_request_free(request);
}

void rl_exchange_end_connection(rill_request *request)
{
	request->keep = false;
}

void rl_exchange_unframe(rill_request *request)
{
	request->unframed = true;
}

int rl_exchange_fail(rill_request *request, int status, const char *sentence)
{
	return rl_response_fail(request, status, sentence);
}

/* RFC 9110, 13.1.2: compared weakly. */
bool rl_exchange_has_tag(const rill_request *x, struct rl_slice tag)
{
	struct rl_slice list, element;
	size_t cursor = 0;

	while (rl_http1_next_field(&x->head, RL_SLICE("If-None-Match"), &cursor, &list)) {
		while (rl_slice_next_element(&list, &element)) {
			if (rl_slice_starts(element, RL_SLICE("W/")))
				rl_slice_skip(&element, 2);
			if (rl_slice_equal(element, tag) || rl_slice_equal(element, RL_SLICE("*")))
				return true;
		}
	}
	return false;
}
