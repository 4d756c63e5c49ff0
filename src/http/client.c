/* client.c: a call: stages that follow one another, of which a target has some and others not:
 *
 *   dialing, TLS with the proxy, CONNECT, TLS with the server, the request
 *
 * Each ends with a stream that the next begins with. One timer bounds all of them together, so that
 * it does not matter where the other side stops to answer. A call that is over keeps its memory to
 * the end of the turn, because its callbacks may have come from deep inside. */
#include <rill/error.h>
#include <stdio.h>
#include "http/client_read.h"

/* A sentence about a call names its server; longer names are cut. */
enum { SENTENCE = 512 };

static void free_call(struct rl_task *task)
{
	struct rl_client_call *call = rl_container(task, struct rl_client_call, task);
	rl_http1_fini(&call->parser);
	rl_buf_release(&call->fields);
	rl_answer_free(call->answer);
	rl_free(&call->loop->env, call);
}

/* Nothing below may call up any more. */
static void let_go(struct rl_client_call *call)
{
	call->stage = RL_CLIENT_OVER;
	rl_loop_clear_timer(call->loop, &call->timer);
	if (call->dial)
		rl_dial_cancel(call->dial);
	if (call->tls)
		rl_tls_cancel(call->tls);
	if (call->stream)
		rl_stream_close(call->stream);
	call->dial = NULL;
	call->tls = NULL;
	call->stream = NULL;
	rl_loop_bury(call->loop, &call->task);
}

void rl_client_free(struct rl_client_call *call)
{
	if (call->stage != RL_CLIENT_OVER)
		let_go(call);
}

/* What streams are lost with, in the words of rill_failure. */
static int told_as(int rc)
{
	return rc == RILL_ELIMIT ? RILL_ENOMEM : rc;
}

void rl_client_fail(struct rl_client_call *call, int rc, int status, const char *sentence)
{
	const rill_failure failure = {
		.size = sizeof(failure),
		.rc = told_as(rc),
		.sentence = sentence,
		.status = status,
	};
	bool in_body = call->stage == RL_CLIENT_ANSWERED;
	let_go(call);
	if (in_body)
		call->events->on_body_end(call, failure.rc, sentence, call->user);
	else
		call->events->on_failed(call, &failure, call->user);
}

void rl_client_body_done(struct rl_client_call *call)
{
	let_go(call);
	call->events->on_body_end(call, 0, "", call->user);
}

static void fail_without_memory(struct rl_client_call *call)
{
	rl_client_fail(call, RILL_ENOMEM, 0, "there is no memory to open a connection");
}

static void on_tls(struct rl_stream *stream, int rc, const char *sentence, void *user)
{
	struct rl_client_call *call = user;
	char text[SENTENCE];
	call->tls = NULL;
	call->stream = stream;
	if (stream) {
		rl_client_advance(call);
		return;
	}
	bool proxy = call->stage == RL_CLIENT_PROXY_TLS;
	const struct rl_slice host = proxy ? call->target->proxy.url.host
					   : call->target->where.url.host;
	snprintf(text, sizeof(text), "TLS with %s%.*s: %s", proxy ? "the proxy " : "",
		(int)host.len, (const char *)host.data, sentence);
	rl_client_fail(call, rc, 0, text);
}

static void start_tls(struct rl_client_call *call, enum rl_client_stage stage,
	struct rl_tls_client *client, struct rl_slice name)
{
	struct rl_stream *raw = call->stream;
	call->stage = stage;
	/* The call's own timer bounds it. */
	if (rl_tls_connect(&call->tls, raw, client, name, 0, on_tls, call) < 0)
		fail_without_memory(call);
	else
		call->stream = NULL;
}

/* "GET /chat HTTP/1.1", Host, the protocol's fields, the program's, credentials. */
static int write_request(const struct rl_client_call *call, struct rl_buf *out)
{
	const struct rl_client_where *where = &call->target->where;
	int rc = rl_buf_append_str(out, "GET ");
	if (rc == 0)
		rc = rl_url_write_target(&where->url, out);
	if (rc == 0)
		rc = rl_buf_append_str(out, " HTTP/1.1\r\nHost: ");
	if (rc == 0)
		rc = rl_url_write_host(&where->url, where->secure ? 443 : 80, out);
	if (rc == 0)
		rc = rl_buf_append_str(out, "\r\n");
	if (rc == 0)
		rc = rl_buf_append_slice(out, rl_buf_slice(&call->fields));
	if (rc == 0)
		rc = rl_buf_append_slice(out, rl_buf_slice(&call->target->fields));
	if (rc == 0)
		rc = rl_buf_append_slice(out, rl_buf_slice(&where->authorization));
	return rc == 0 ? rl_http1_write_end(out) : rc;
}

static void ask(struct rl_client_call *call, enum rl_client_stage stage)
{
	struct rl_buf *scratch = &call->loop->scratch;
	bool tunnel = stage == RL_CLIENT_PROXY;
	call->stage = stage;
	rl_http1_fini(&call->parser);
	call->limits.head = call->target->max_head;
	rl_http1_init(&call->parser, &call->loop->env, RL_HTTP1_RESPONSE, &call->limits);
	call->parser.connect_method = tunnel;
	rl_stream_own(call->stream, &rl_client_stream_events, call);
	int rc = tunnel ? rl_tunnel_write_connect(call->target, scratch)
			: write_request(call, scratch);
	if (rc == 0)
		rc = rl_stream_write(call->stream, rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
	if (rc == RILL_ENOMEM)
		fail_without_memory(call);
	else /* where the stream is lost, on_lost says so */
		rl_stream_resume(call->stream);
}

void rl_client_advance(struct rl_client_call *call)
{
	const struct rl_client_target *target = call->target;
	if (call->stage < RL_CLIENT_PROXY_TLS && target->proxy.secure)
		start_tls(call, RL_CLIENT_PROXY_TLS, target->proxy_tls, target->proxy.url.host);
	else if (call->stage < RL_CLIENT_PROXY && target->proxy.text)
		ask(call, RL_CLIENT_PROXY);
	else if (call->stage < RL_CLIENT_TLS && target->where.secure)
		start_tls(call, RL_CLIENT_TLS, rl_client_target_tls(target),
			rl_client_target_name(target));
	else
		ask(call, RL_CLIENT_ASKED);
}

static void on_dialed(void *user, struct rl_stream *stream, int rc, const char *sentence)
{
	struct rl_client_call *call = user;
	call->dial = NULL;
	call->stream = stream;
	if (stream)
		rl_client_advance(call);
	else
		rl_client_fail(call, rc, 0, sentence);
}

static void on_timer(struct rl_timer *timer)
{
	static const char *const waited_for[] = {
		[RL_CLIENT_DIALING] = "there was no connection",
		[RL_CLIENT_PROXY_TLS] = "the TLS handshake with the proxy was not done",
		[RL_CLIENT_PROXY] = "the proxy had not answered",
		[RL_CLIENT_TLS] = "the TLS handshake was not done",
		[RL_CLIENT_ASKED] = "the server had not answered",
	};
	struct rl_client_call *call = rl_container(timer, struct rl_client_call, timer);
	uint32_t ms = call->target->timeout_ms;
	char text[SENTENCE];
	if (ms % 1000)
		snprintf(text, sizeof(text), "%s after %u ms", waited_for[call->stage], ms);
	else
		snprintf(text, sizeof(text), "%s after %u s", waited_for[call->stage], ms / 1000);
	rl_client_fail(call, RILL_ETIMEDOUT, 0, text);
}

int rl_client_open(struct rl_client_call **result, struct rl_client_target *target,
	struct rl_slice fields, const struct rl_client_events *events, void *user)
{
	struct rill_loop *loop = target->loop;
	struct rl_client_call *call = rl_zalloc(&loop->env, sizeof(*call));
	if (!call)
		return RILL_ENOMEM;
	call->loop = loop;
	call->target = target;
	call->events = events;
	call->user = user;
	rl_buf_init(&call->fields, &loop->env);
	rl_timer_init(&call->timer, on_timer);
	rl_task_init(&call->task, free_call);
	rl_http1_limits_default(&call->limits);
	call->limits.body = UINT64_MAX; /* an event stream ends when it likes */
	rl_http1_init(&call->parser, &loop->env, RL_HTTP1_RESPONSE, &call->limits);
	const struct rl_client_where *hop = target->proxy.text ? &target->proxy : &target->where;
	const struct rl_dial_target to = {
		.host = hop->url.host,
		.port = rl_client_port(hop),
		.attempt_ms = target->attempt_ms,
	};
	int rc = rl_buf_append_slice(&call->fields, fields);
	if (rc == 0)
		rc = rl_dial_open(&call->dial, target->group, &to, on_dialed, call);
	if (rc < 0) {
		free_call(&call->task);
		return rc;
	}
	if (target->timeout_ms)
		rl_loop_set_timer(loop, &call->timer, rl_loop_now(loop) + target->timeout_ms);
	*result = call;
	return 0;
}
