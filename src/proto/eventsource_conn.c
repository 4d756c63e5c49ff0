/* eventsource_conn.c: a running stream of events: a conn on a response that is written piece by
 * piece.
 *
 * It ends in one of three ways: the program closes it (the response is ended in order, and the
 * connection may live on), the exchange is over before (the client is gone, a limit, the server),
 * or the client has sent its last byte: one that merely closed its sending side gets the end of the
 * response, but as a rule that is all one sees of a client that left while nothing was sent. */
#include <stdio.h>
#include "proto/eventsource.h"

static void on_timer(struct rl_timer *timer);

static void on_drain(rill_request *request, void *user)
{
	struct rl_es_conn *c = user;

	(void)request;
	rl_conn_drained(&c->conn);
}

/* Whoever was promised an on_open gets it before on_close. */
static void tell_close(struct rl_es_conn *c, int code)
{
	if (c->conn.state == RILL_CONN_CONNECTING)
		rl_es_conn_start(c);
	rl_conn_closed(&c->conn, code, rl_slice(NULL, 0));
}

static void on_gone(rill_request *request, int rc, void *user)
{
	struct rl_es_conn *c = user;

	(void)request;
	tell_close(c, rc == 0 && c->code ? c->code : 1006);
	rl_es_conn_let_go(c);
}

static void on_peer_end(rill_request *request, void *user)
{
	struct rl_es_conn *c = user;

	(void)request;
	tell_close(c, 1006);
	rill_request *left = rl_es_conn_let_go(c);
	if (left)
		rill_response_end(left);
}

static const rill_request_handler following = {
	.size = sizeof(following),
	.on_drain = on_drain,
	.on_close = on_gone,
	.on_peer_end = on_peer_end,
};
static const rill_request_handler deaf = { .size = sizeof(deaf) };

rill_request *rl_es_conn_let_go(struct rl_es_conn *c)
{
	rill_request *request = c->request;

	rl_loop_clear_timer(c->conn.loop, &c->timer);
	c->request = NULL;
	if (request)
		rill_request_follow(request, &deaf, NULL);
	return request;
}

void rl_es_conn_put_off_ping(struct rl_es_conn *c)
{
	uint32_t ms = c->service->options.ping_interval_ms;

	if (ms && c->conn.state == RILL_CONN_OPEN)
		rl_loop_set_timer(c->conn.loop, &c->timer, rl_loop_now(c->conn.loop) + ms);
}

void rl_es_conn_start(struct rl_es_conn *c)
{
	struct rill_eventsource *service = c->service;

	service->stats.opened++;
	service->stats.open++;
	rl_conn_opened(&c->conn, c->request);
	rl_es_conn_put_off_ping(c);
	/* The others were told before this one was open. */
	if (service->parting)
		rill_close(&c->conn, service->parting, NULL);
}

void rl_es_conn_start_later(struct rl_es_conn *c)
{
	rl_loop_set_timer(c->conn.loop, &c->timer, rl_loop_now(c->conn.loop));
}

/* Nothing was sent for an interval. What still waits is as good as a ping, and would only grow. */
static void on_timer(struct rl_timer *timer)
{
	struct rl_es_conn *c = rl_container(timer, struct rl_es_conn, timer);

	if (c->conn.state == RILL_CONN_CONNECTING) {
		rl_es_conn_start(c);
		return;
	}
	if (c->conn.state != RILL_CONN_OPEN)
		return;
	/* It idles: half of what it costs is a head that nobody asks for any more. */
	c->request = rl_exchange_forget_head(c->request);
	if (!c->conn.piece_out && !rill_response_queued(c->request))
		rill_eventsource_ping(&c->conn);
	rl_es_conn_put_off_ping(c);
}

int rl_es_conn_write_scratch(struct rl_es_conn *c)
{
	struct rl_buf *scratch = &c->conn.loop->scratch;
	struct rl_slice bytes = rl_buf_slice(scratch);

	if (c->conn.traced)
		rl_conn_trace(&c->conn, &(rill_frame){ .size = sizeof(rill_frame),
						.out = true,
						.opcode = 1,
						.fin = true,
						.len = bytes.len,
						.payload = rl_bytes(bytes) });
	int rc = rill_response_write(c->request, bytes.data, bytes.len);
	rl_buf_consume(scratch, scratch->len);
	rl_conn_note_queue(&c->conn, rill_response_queued(c->request));
	return rc == RILL_ESTATE ? RILL_ECLOSED : rc;
}

/* What the program may ask for later. */
static int append_names(struct rl_buf *out, const rill_request *request, const char *const *keep)
{
	const struct rl_http1_head *head = rl_exchange_head(request);
	struct rl_slice value = { NULL, 0 };
	int rc = rl_names_append_url(out, request);

	rl_http1_field(head, RL_SLICE("Last-Event-ID"), &value);
	if (rc == 0)
		rc = rl_names_append(out, value);
	for (; rc == 0 && keep && *keep; keep++) {
		if (!rl_http1_field(head, rl_slice_str(*keep), &value))
			continue;
		rc = rl_names_append(out, rl_slice_str(*keep));
		if (rc == 0)
			rc = rl_names_append(out, value);
	}
	return rc == 0 ? rl_names_append(out, rl_slice(NULL, 0)) : rc;
}

static struct rl_es_conn *make(struct rill_eventsource *service, rill_request *request)
{
	struct rill_loop *loop = service->loop;
	struct rl_buf *scratch = &loop->scratch;
	struct rl_es_conn *c = NULL;

	if (append_names(scratch, request, service->options.keep_headers) == 0)
		c = rl_alloc(&loop->env, sizeof(*c) + scratch->len);
	if (c) {
		*c = (struct rl_es_conn){ .request = request, .service = service };
		memcpy(c->names, scratch->data, scratch->len);
		rl_conn_init(&c->conn, &rl_es_conn_ops, service->handler, loop);
		rl_timer_init(&c->timer, on_timer);
		c->secure = rill_request_secure(request);
	}
	rl_buf_consume(scratch, scratch->len);
	return c;
}

/* The head, and behind it what the client is to wait before it comes back. */
static int write_head(struct rill_eventsource *service, rill_request *request)
{
	char text[sizeof("retry: 4294967295\r\n\r\n")];
	int n = snprintf(text, sizeof(text), "retry: %u\r\n\r\n", service->options.retry_ms);

	return rl_exchange_begin(
		request, 200, rl_buf_slice(&service->fields), rl_slice(text, (size_t)n));
}

int rl_es_conn_new(
	struct rl_es_conn **conn, struct rill_eventsource *service, rill_request *request)
{
	struct rl_es_conn *c = make(service, request);
	if (!c)
		return RILL_ENOMEM;
	int rc = write_head(service, request);
	if (rc < 0) {
		rl_free(&service->loop->env, c);
		return rc;
	}
	rl_list_append(&service->conns, &c->conn.node);
	rill_request_follow(request, &following, c);
	*conn = c;
	return 0;
}
