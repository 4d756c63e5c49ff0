/* client_read.c: what comes back on a call's stream: the proxy's answer to CONNECT, the server's
 * answer with the interim ones in front of it, and its body. */
#include <rill/error.h>
#include <stdio.h>
#include "http/client_read.h"

enum { SENTENCE = 256 };

/* The parser's sentences are whole ones, about requests and responses alike. */
static void fail_malformed(struct rl_client_call *call, const char *who)
{
	char text[SENTENCE];
	const char *why = call->parser.error_text;
	int len = (int)strlen(why);
	if (call->parser.head_too_large) {
		snprintf(text, sizeof(text), "the head of the %s's answer is longer than %zu bytes",
			who, call->target->max_head);
		rl_client_fail(call, RILL_ETOOBIG, 0, text);
		return;
	}
	if (len && why[len - 1] == '.')
		len--;
	snprintf(text, sizeof(text), "the %s's answer is malformed: %c%.*s", who, why[0] | 0x20,
		len ? len - 1 : 0, why + 1);
	rl_client_fail(call, RILL_EPROTO, 0, text);
}

static const char *who_answers(const struct rl_client_call *call)
{
	return call->stage == RL_CLIENT_PROXY ? "proxy" : "server";
}

/* 100, 103 and the like are passed over (RFC 9110, 15.2), but not for ever. */
static bool skip_interim(struct rl_client_call *call)
{
	const struct rl_http1_head *head = &call->parser.head;
	if (head->status >= 200 || head->status == 101)
		return false;
	call->limits.head -= head->len;
	return true;
}

static void on_proxy_head(struct rl_client_call *call)
{
	char text[SENTENCE];
	int status = call->parser.head.status;
	if (!rl_tunnel_opened(&call->parser.head, text, sizeof(text))) {
		rl_client_fail(call, RILL_EREFUSED, status, text);
		return;
	}
	rl_stream_pause(call->stream);
	rl_client_advance(call);
}

static void on_final_head(struct rl_client_call *call)
{
	call->answer = rl_answer_new(&call->loop->env, &call->parser.head);
	if (!call->answer) {
		rl_client_fail(call, RILL_ENOMEM, 0, "there is no memory for the answer");
		return;
	}
	rl_loop_clear_timer(call->loop, &call->timer);
	rl_stream_pause(call->stream);
	call->stage = RL_CLIENT_ANSWERED;
	call->events->on_answer(call, call->answer, call->user);
	if (call->stage == RL_CLIENT_OVER)
		return;
	if (call->wants_body)
		rl_stream_resume(call->stream);
	else
		rl_client_free(call);
}

static void on_event(struct rl_client_call *call, const struct rl_http1_event *ev)
{
	if (call->stage == RL_CLIENT_ANSWERED) {
		if (ev->type == RL_HTTP1_BODY)
			call->events->on_body(call, ev->data, call->user);
		else
			rl_client_body_done(call);
	} else if (ev->type != RL_HTTP1_HEAD || skip_interim(call)) {
		return;
	} else if (call->stage == RL_CLIENT_PROXY) {
		on_proxy_head(call);
	} else {
		on_final_head(call);
	}
}

static void on_read(struct rl_stream *stream, struct rl_slice *in)
{
	struct rl_client_call *call = stream->owner;
	enum rl_client_stage asked = call->stage;
	struct rl_http1_event ev;
	int rc = 0;

	/* Behind the proxy's head the parser is another, and the bytes may be TLS's. */
	while (call->stream == stream && (call->stage == asked || asked == RL_CLIENT_ASKED)) {
		rc = rl_http1_next(&call->parser, in, &ev);
		if (rc <= 0)
			break;
		on_event(call, &ev);
	}
	if (call->stream != stream || rc == 0)
		return;
	if (rc == RILL_ENOMEM)
		rl_client_fail(call, rc, 0, "there is no memory for the answer");
	else if (rc < 0)
		fail_malformed(call, who_answers(call));
}

static void on_end(struct rl_stream *stream)
{
	struct rl_client_call *call = stream->owner;
	char text[SENTENCE];
	bool complete;
	if (call->stage == RL_CLIENT_ANSWERED) {
		if (rl_http1_end_of_input(&call->parser, &complete) == 0 && complete)
			rl_client_body_done(call);
		else
			rl_client_fail(call, RILL_ERESET, 0, "the server cut its answer short");
		return;
	}
	snprintf(text, sizeof(text), "the %s ended the connection before it had answered",
		who_answers(call));
	rl_client_fail(call, RILL_ERESET, 0, text);
}

static void on_lost(struct rl_stream *stream, int rc)
{
	struct rl_client_call *call = stream->owner;
	char text[SENTENCE];
	/* A server may refuse our certificate only behind the handshake (RFC 8446, 4.4.2.4). */
	const char *why = rl_tls_failure(stream);
	snprintf(text, sizeof(text), "the connection to the %s was lost: %s", who_answers(call),
		why ? why : rill_strerror(rc));
	rl_client_fail(call, rc, 0, text);
}

static void on_drain(struct rl_stream *stream)
{
	(void)stream; /* a request is short */
}

const struct rl_stream_events rl_client_stream_events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
};

struct rl_stream *rl_client_take_stream(struct rl_client_call *call, struct rill_answer **answer)
{
	struct rl_stream *stream = call->stream;
	assert(call->stage == RL_CLIENT_ANSWERED && stream);
	*answer = call->answer;
	call->answer = NULL;
	call->stream = NULL;
	rl_client_free(call);
	return stream;
}

void rl_client_read_body(struct rl_client_call *call)
{
	call->wants_body = true;
}
