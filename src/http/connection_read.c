/* connection_read.c: the reading side of an HTTP connection: from bytes to heads, bodies and
 * ends, one exchange at a time.
 *
 * Each step takes one event from the parser and hands it up. A program's callbacks may do
 * anything to the exchange; what they did is looked at by rl_connection_settle() after each. */
#include <rill/error.h>
#include "http/connection_read.h"
#include "http/request.h"
#include "http/server_state.h"

bool rl_connection_can_read(const struct rl_connection *c)
{
	const struct rill_request *x = c->exchange;

	if (c->draining)
		return true;
	if (!x)
		return !rl_stream_above_high(c->stream);
	if (x->response == RL_RESPONSE_ENDED)
		return !x->complete && x->keep;
	return !x->complete && !x->paused;
}

/* RFC 9112, 9.6: whoever waits to be upgraded and has sent its last byte is gone. */
static bool waits_for_upgrade(const struct rill_request *x)
{
	struct rl_slice value;

	return x->service && x->response == RL_RESPONSE_NONE &&
	       rl_http1_field(&x->head, RL_SLICE("Upgrade"), &value);
}

/* Whoever writes a response piece by piece may want to stop. */
static void tell_peer_end(struct rill_request *x)
{
	void (*told)(rill_request *, void *) = RL_REQUEST_CALLBACK(x, on_peer_end);

	bool lasts = x->response == RL_RESPONSE_BEGUN || (x->awaited && !x->response);

	if (!told || !lasts || x->cut || x->peer_end_told)
		return;
	x->peer_end_told = true;
	told(x, x->handler_user);
}

/* Has something begun that is not whole? (The parser has failed where a hello was half said.) */
static bool is_inside(const struct rl_connection *c)
{
	return c->parser && (rl_http1_busy(&c->parser->http1) ||
				    c->parser->http1.state == RL_HTTP1_FAILED);
}

void rl_connection_check_end(struct rl_connection *c)
{
	struct rill_request *x = c->exchange;

	if (x && x->complete) {
		if (waits_for_upgrade(x))
			rl_connection_cut(c, RILL_ERESET);
		else
			tell_peer_end(x);
		return;
	}
	if (!rl_connection_can_read(c))
		return;
	if (is_inside(c))
		rl_connection_fail(c, 400, "The connection ended inside a request.", RILL_EPROTO);
	else
		rl_connection_finish(c, 0);
}

/* Nobody can look at what is left to decide once the exchange is not the connection's. */
static bool is_decided(const void *connection, const rill_request *request)
{
	const struct rl_connection *c = connection;

	return c->exchange != request || request->cut || request->response != RL_RESPONSE_NONE;
}

static void not_found(struct rill_request *x)
{
	static const char text[] = "Nothing is found here.\n";

	if (rill_respond(x, 404, "text/plain", text, sizeof(text) - 1) < 0)
		x->cut = RILL_ECLOSED;
}

/* Shows a request to the handlers, if it comes to that. */
static void dispatch(struct rl_connection *c, struct rill_request *x)
{
	struct rill_server *server = c->server;

	if (rl_slice_equal(rl_http1_text(&x->head, x->head.method), RL_SLICE("CONNECT"))) {
		/* What follows would be for another host; a handler could not tell. */
		rl_response_fail(x, 501, "This is no proxy.");
	} else if (rl_server_refuses(server) &&
		   (server->stopping ||
			   !rl_row_relieves(&server->row, rl_request_path(x), x))) {
		server->stats.refused++;
		rl_response_fail(x, 503, "The server is too busy.");
	} else if (!rl_row_offer(&server->row, rl_request_path(x), x, is_decided, c)) {
		not_found(x);
	}
}

/* The parser has a whole head. */
static void begin_exchange(struct rl_connection *c)
{
	struct rl_http1_event end;
	struct rl_slice nothing = { NULL, 0 };
	struct rill_request *x = rl_request_new(c, &c->parser->http1.head);

	if (!x) {
		rl_connection_cut(c, RILL_ELIMIT);
		return;
	}
	c->server->stats.requests++;
	c->exchange = x;
	c->begun = true;
	c->wait = RL_WAIT_NOTHING;
	c->dropped = 0;
	rl_stream_charge(c->stream, (ptrdiff_t)x->head.len);
	if (x->head.framing == RL_HTTP1_NO_BODY) {
		rl_http1_next(&c->parser->http1, &nothing, &end);
		rl_connection_return_parser(c);
		x->complete = true;
	}
	dispatch(c, x);
	if (c->exchange != x)
		return;
	if (x->want_continue && x->response == RL_RESPONSE_NONE)
		rl_response_continue(x);
	if (!x->complete && !x->paused)
		rl_connection_await(c, RL_WAIT_BODY);
}

/* Counts what nobody reads any more; too much of it is not worth the connection. */
static void drop_body(struct rl_connection *c, size_t len)
{
	c->dropped += (uint32_t)len;
	if (c->dropped <= RL_DRAIN_MAX)
		return;
	if (c->exchange)
		c->exchange->keep = false;
	else
		rl_connection_finish(c, 0);
}

static void take_body(struct rl_connection *c, struct rl_slice data)
{
	struct rill_request *x = c->exchange;

	if (__builtin_add_overflow(c->window_bytes, (uint32_t)data.len, &c->window_bytes))
		c->window_bytes = UINT32_MAX;
	if (!x || x->response == RL_RESPONSE_ENDED) {
		drop_body(c, data.len);
		return;
	}
	void (*on_body)(rill_request *, rill_bytes, void *) = RL_REQUEST_CALLBACK(x, on_body);
	if (on_body)
		on_body(x, rl_bytes(data), x->handler_user);
}

static void end_body(struct rl_connection *c)
{
	rl_connection_return_parser(c);
	if (c->exchange) {
		c->exchange->complete = true;
		c->wait = RL_WAIT_NOTHING;
	} else {
		c->draining = false;
		rl_connection_await(c, RL_WAIT_REQUEST);
	}
}

static void refuse(struct rl_connection *c, int rc)
{
	if (rc == RILL_ENOMEM) {
		rl_connection_cut(c, RILL_ELIMIT);
		return;
	}
	const struct rl_http1 *p = &c->parser->http1;
	rl_connection_fail(c, p->error_status, p->error_text,
		p->error_status == 413 ? RILL_ETOOBIG : RILL_EPROTO);
}

/* A head has begun and is not whole: its time runs from here on. */
static void await_head(struct rl_connection *c)
{
	bool in_head = !c->exchange && !c->draining && is_inside(c);

	if (in_head && c->wait != RL_WAIT_HEAD)
		rl_connection_await(c, RL_WAIT_HEAD);
}

/* Who answers what was said; NULL: nobody, but *half: they may still go on to what somebody answers. */
static struct rl_hello *find_hello(
	const struct rill_server *server, struct rl_slice said, bool *half)
{
	*half = false;
	rl_list_each (node, &server->hellos) {
		struct rl_hello *hello = rl_container(node, struct rl_hello, node);
		if (rl_slice_equal(hello->question, said))
			return hello;
		*half = *half || rl_slice_starts(hello->question, said);
	}
	return NULL;
}

static void answer_hello(struct rl_connection *c, struct rl_hello *hello)
{
	struct rl_buf *scratch = &c->loop->scratch;
	int rc = hello->answer(hello, scratch);

	if (rc == 0)
		rc = rl_stream_write(c->stream, rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
	if (rc == RILL_ENOMEM)
		rl_connection_cut(c, RILL_ELIMIT);
	else
		rl_connection_finish(c, 0);
}

/* The parser wants no more. With its first bytes a connection may have said hello; who speaks HTTP does not pay
 * for that, because nobody looks for it before. False: more bytes are needed. */
static bool take_failure(struct rl_connection *c, struct rl_slice said, int rc)
{
	bool first = rc == RILL_EPROTO && !c->begun && !c->parser->http1.skipped, half = false;
	struct rl_hello *hello = first ? find_hello(c->server, said, &half) : NULL;

	if (hello)
		answer_hello(c, hello);
	else if (half)
		await_head(c);
	else
		refuse(c, rc);
	return !half;
}

/* Takes one event. False when there is none. */
static bool step(struct rl_connection *c, struct rl_slice *in)
{
	struct rl_http1_event ev;

	if (!c->parser) {
		if (in->len == 0)
			return false;
		c->parser = rl_parser_take(&c->server->parsers);
	}
	int rc = c->parser ? rl_http1_next(&c->parser->http1, in, &ev) : RILL_ENOMEM;
	if (rc == 0) {
		await_head(c);
		return false;
	}
	if (rc < 0)
		return take_failure(c, *in, rc);
	if (ev.type == RL_HTTP1_HEAD)
		begin_exchange(c);
	else if (ev.type == RL_HTTP1_BODY)
		take_body(c, ev.data);
	else
		end_body(c);
	return true;
}

void rl_connection_on_read(struct rl_stream *stream, struct rl_slice *in)
{
	struct rl_connection *c = stream->owner;

	c->reading = true;
	while (c->stream && rl_connection_can_read(c) && step(c, in))
		if (c->stream)
			rl_connection_settle(c);
	c->reading = false;
	if (c->stream && c->ended)
		rl_connection_check_end(c);
	if (c->stream && !c->held && in->len > RL_HEADROOM && !rl_connection_can_read(c)) {
		c->held = true;
		rl_stream_pause(stream);
	}
}
