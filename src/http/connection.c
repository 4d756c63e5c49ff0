/* connection.c: the life of an HTTP connection: its exchange, its timers, its end. What is read
 * is read in connection_read.c. */
#include <rill/error.h>
#include "http/connection_read.h"
#include "http/error_page.h"
#include "http/request.h"
#include "http/server_state.h"

static void on_timer(struct rl_timer *timer);
static void on_task(struct rl_task *task);
static void on_end(struct rl_stream *stream);
static void on_drain(struct rl_stream *stream);
static void on_lost(struct rl_stream *stream, int rc);
static void on_flushed(struct rl_stream *stream);

static const struct rl_stream_events stream_events = {
	.on_read = rl_connection_on_read,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
	.on_flushed = on_flushed,
};

int rl_connection_new(struct rill_server *server, struct rl_stream *stream)
{
	struct rl_connection *c = rl_zalloc(rl_server_env(server), sizeof(*c));
	if (!c)
		return RILL_ENOMEM;
	c->stream = stream;
	c->server = server;
	c->loop = server->loop;
	rl_list_append(&server->connections, &c->node);
	rl_timer_init(&c->timer, on_timer);
	rl_task_init(&c->task, on_task);
	rl_connection_await(c, RL_WAIT_REQUEST);
	rl_stream_own(stream, &stream_events, c);
	stream->tell_flushed = false; /* until somebody wants to know */
	rl_stream_resume(stream);
	return 0;
}

static uint32_t timeout_of(const struct rl_connection *c)
{
	const rill_server_options *o = &c->server->options;

	switch (c->wait) {
	case RL_WAIT_REQUEST:
		return o->idle_timeout_ms;
	case RL_WAIT_HEAD:
		return o->head_timeout_ms;
	case RL_WAIT_BODY:
		return o->body_window_ms;
	default:
		return 0;
	}
}

void rl_connection_await(struct rl_connection *c, enum rl_connection_wait wait)
{
	c->wait = (uint8_t)wait;
	c->window_bytes = 0;
	uint32_t ms = timeout_of(c);
	if (ms)
		rl_loop_set_timer(c->loop, &c->timer, rl_loop_now(c->loop) + ms);
	else
		c->wait = RL_WAIT_NOTHING;
}

void rl_connection_return_parser(struct rl_connection *c)
{
	if (c->parser)
		rl_parser_give(&c->server->parsers, c->parser);
	c->parser = NULL;
}

static void free_connection(struct rl_task *task)
{
	struct rl_connection *c = rl_container(task, struct rl_connection, task);

	rl_free(&c->loop->env, c);
}

/* The exchange stands alone from here on. */
static struct rill_request *release_exchange(struct rl_connection *c)
{
	struct rill_request *x = c->exchange;

	if (!x)
		return NULL;
	c->exchange = NULL;
	x->connection = NULL;
	rl_stream_charge(c->stream, -(ptrdiff_t)x->head.len);
	return x;
}

/* Tells whoever follows an exchange that it is over, and frees it. */
static void end_exchange(struct rill_request *x, int rc)
{
	if (!x)
		return;
	void (*on_close)(rill_request *, int, void *) = RL_REQUEST_CALLBACK(x, on_close);
	if (on_close)
		on_close(x, rc, x->handler_user);
	rl_request_free(x);
}

struct rl_stream *rl_connection_release_stream(struct rl_connection *c)
{
	struct rl_stream *stream = c->stream;

	release_exchange(c);
	rl_connection_return_parser(c);
	rl_loop_clear_timer(c->loop, &c->timer);
	rl_list_remove(&c->node);
	rl_list_remove(&c->task.node);
	rl_task_init(&c->task, free_connection);
	rl_loop_bury(c->loop, &c->task);
	c->stream = NULL;
	return stream;
}

void rl_connection_cut(struct rl_connection *c, int rc)
{
	struct rill_request *x = release_exchange(c);

	rl_stream_close(rl_connection_release_stream(c));
	end_exchange(x, rc);
}

void rl_connection_finish(struct rl_connection *c, int rc)
{
	struct rill_request *x = release_exchange(c);
	uint32_t linger = c->server->options.linger_ms;

	rl_stream_close_gently(rl_connection_release_stream(c), linger);
	end_exchange(x, rc);
}

void rl_connection_stop(struct rl_connection *c)
{
	if (c->exchange)
		return;
	if (c->parser && !c->draining)
		rl_connection_fail(c, 503, "The server is stopping.", RILL_ECLOSED);
	else
		rl_connection_finish(c, 0);
}

void rl_connection_nudge(struct rl_connection *c)
{
	if (!c->reading)
		rl_loop_defer(c->loop, &c->task);
}

void rl_connection_pause_body(struct rl_connection *c)
{
	if (c->wait == RL_WAIT_BODY)
		c->wait = RL_WAIT_NOTHING;
}

void rl_connection_resume_body(struct rl_connection *c)
{
	if (!c->exchange->complete)
		rl_connection_await(c, RL_WAIT_BODY);
	rl_connection_nudge(c);
}

uint64_t rl_connection_body_left(const struct rl_connection *c)
{
	if (!c->parser || c->parser->http1.state == RL_HTTP1_MESSAGE_END)
		return 0;
	return c->parser->http1.head.framing == RL_HTTP1_CHUNKED ? UINT64_MAX
								 : c->parser->http1.left;
}

/* Writes rill's own answer outside of any exchange. */
static void write_page(struct rl_connection *c, int status, const char *sentence)
{
	struct rl_buf *scratch = &c->loop->scratch;
	struct rl_slice none = { NULL, 0 };

	if (rl_error_page_write(
		    scratch, status, rl_server_date_line(c->server), none, sentence, false) == 0)
		rl_stream_write(c->stream, rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
}

static void log_failure(
	const struct rl_connection *c, const char *what, int status, const char *sentence)
{
	char peer[RL_ADDR_TEXT];

	if (!c->loop->env.log)
		return;
	rl_addr_host(&c->stream->peer, peer);
	rl_log(&c->loop->env, RILL_LOG_INFO, "%s: %s %d: %s", peer, what, status, sentence);
}

void rl_connection_fail(struct rl_connection *c, int status, const char *sentence, int rc)
{
	struct rill_request *x = c->exchange;
	/* Behind a response that was begun nothing can be said any more: its end is missing. */
	bool may_answer = !c->draining && (!x || x->response == RL_RESPONSE_NONE);

	log_failure(c, may_answer ? "answered" : "closed instead of", status, sentence);
	if (status == 408)
		c->server->stats.timeouts++;
	else if (status != 503)
		c->server->stats.bad_requests++;
	if (may_answer)
		write_page(c, status, sentence);
	rl_connection_finish(c, rc);
}

/* The body has brought too little in its window. */
static void check_window(struct rl_connection *c)
{
	if (!rl_connection_can_read(c)) { /* nobody waits for it any more */
		c->wait = RL_WAIT_NOTHING;
		return;
	}
	if (c->window_bytes >= c->server->options.body_window_bytes)
		rl_connection_await(c, RL_WAIT_BODY);
	else
		rl_connection_fail(c, 408, "The request body came too slowly.", RILL_ETIMEDOUT);
}

static void on_timer(struct rl_timer *timer)
{
	struct rl_connection *c = rl_container(timer, struct rl_connection, timer);

	switch (c->wait) {
	case RL_WAIT_REQUEST:
		/* What is still queued has a time limit of its own, the group's stall_ms. */
		if (rl_stream_queued(c->stream)) {
			rl_connection_await(c, RL_WAIT_REQUEST);
			break;
		}
		c->server->stats.timeouts++;
		rl_connection_cut(c, RILL_ETIMEDOUT);
		break;
	case RL_WAIT_HEAD:
		rl_connection_fail(
			c, 408, "The request head did not come in time.", RILL_ETIMEDOUT);
		break;
	case RL_WAIT_BODY:
		check_window(c);
		break;
	default:
		break;
	}
}

/* Is the exchange's response written, as far as anybody wants to know? */
static bool response_is_out(struct rl_connection *c)
{
	const struct rill_request *x = c->exchange;

	if (x->response != RL_RESPONSE_ENDED)
		return false;
	c->stream->tell_flushed = RL_REQUEST_CALLBACK(x, on_close) && rl_stream_queued(c->stream);
	return !c->stream->tell_flushed;
}

/* The response is out: the connection goes on with what is left of the body, or with the next
 * request, or ends. */
static void complete_exchange(struct rl_connection *c)
{
	struct rill_request *x = c->exchange;
	uint64_t left = rl_connection_body_left(c);
	bool drainable = left <= RL_DRAIN_MAX || left == UINT64_MAX;

	if (!x->keep || c->server->stopping || (!x->complete && !drainable)) {
		rl_connection_finish(c, 0);
		return;
	}
	c->draining = !x->complete;
	if (!c->draining)
		rl_connection_return_parser(c);
	rl_connection_await(c, c->draining ? RL_WAIT_BODY : RL_WAIT_REQUEST);
	end_exchange(release_exchange(c), 0);
}

/* Tells on_end when the request is read and somebody follows who was not told. */
static void tell_end(struct rl_connection *c)
{
	struct rill_request *x = c->exchange;

	if (!x->complete || x->end_told || x->response == RL_RESPONSE_ENDED || !x->handler)
		return;
	x->end_told = true;
	void (*told)(rill_request *, void *) = RL_REQUEST_CALLBACK(x, on_end);
	if (told)
		told(x, x->handler_user);
}

void rl_connection_settle(struct rl_connection *c)
{
	if (c->exchange && !c->exchange->cut)
		tell_end(c);
	if (!c->exchange)
		return;
	if (c->exchange->cut)
		rl_connection_cut(c, c->exchange->cut);
	else if (response_is_out(c))
		complete_exchange(c);
}

/* Has the bytes in hand shown again, and more read. */
static void read_on(struct rl_connection *c)
{
	if (!c->stream || (!c->held && rl_stream_in_hand(c->stream) == 0))
		return;
	c->held = false;
	rl_stream_pause(c->stream);
	rl_stream_resume(c->stream);
}

/* For all that happens outside of on_read(). */
static void look(struct rl_connection *c)
{
	rl_connection_settle(c);
	if (c->stream && c->ended && rl_stream_in_hand(c->stream) == 0)
		rl_connection_check_end(c);
	if (c->stream && rl_connection_can_read(c))
		read_on(c);
}

static void on_task(struct rl_task *task)
{
	look(rl_container(task, struct rl_connection, task));
}

static void on_flushed(struct rl_stream *stream)
{
	struct rl_connection *c = stream->owner;

	if (c->exchange)
		look(c);
}

static void on_drain(struct rl_stream *stream)
{
	struct rl_connection *c = stream->owner;
	struct rill_request *x = c->exchange;

	if (x && x->response == RL_RESPONSE_BEGUN) {
		void (*drained)(rill_request *, void *) = RL_REQUEST_CALLBACK(x, on_drain);
		if (drained)
			drained(x, x->handler_user);
	}
	look(c);
}

static void on_end(struct rl_stream *stream)
{
	struct rl_connection *c = stream->owner;

	c->ended = true;
	rl_connection_check_end(c);
}

/* What an exchange hears of a lost stream. */
static int close_code(int rc)
{
	return rc == RILL_ETIMEDOUT || rc == RILL_ELIMIT ? rc : RILL_ERESET;
}

static void on_lost(struct rl_stream *stream, int rc)
{
	rl_connection_cut(stream->owner, close_code(rc));
}
