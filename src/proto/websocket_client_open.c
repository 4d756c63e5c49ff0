/* websocket_client_open.c: the opening of a client's WebSocket: what is asked for, whether the answer
 * gives it, and the connection that follows.
 *
 * The bytes behind the 101 are frames; they are in the stream's hand, and its new owner is shown them.
 * What the program sent before goes out in front of on_open: nobody can tell from outside, and
 * what on_open sends stands behind it. */
#include <stdio.h>
#include "proto/websocket_client.h"

static const char no_memory[] = "there is no memory for another WebSocket";

static void fail(struct rl_ws_client *client, const rill_failure *failure)
{
	struct rill_conn *conn = &client->c.conn;
	rl_log(&conn->loop->env, RILL_LOG_INFO, "websocket: %s: %s",
		rl_client_target_url(client->target), failure->sentence);
	client->failure = *failure;
	rl_conn_closed(conn, 1006, rl_slice(NULL, 0));
}

static void on_failed(struct rl_client_call *call, const rill_failure *failure, void *user)
{
	struct rl_ws_client *client = user;
	(void)call;
	client->call = NULL;
	fail(client, failure);
}

/* Reads which extensions the server has taken; names becomes what it says. */
static int confirm_extensions(struct rl_ws_client *client, const struct rl_http1_head *head,
	struct rl_buf *names, const char **sentence)
{
	struct rl_slice unused;
	*sentence = no_memory;
	if (!rl_http1_field(head, RL_SLICE("Sec-WebSocket-Extensions"), &unused))
		return 0;
	int rc = rl_ws_join_extensions(head, names);
	if (rc < 0)
		return rc;
	return rl_ws_extensions_confirm(
		client->extensions, rl_buf_slice(names), &client->c.wire.rfc.pipeline, sentence);
}

/* What rill_conn_protocol() and _extensions() say: see rl_ws_conn.names. */
static int keep_names(struct rl_ws_conn *c, struct rl_slice protocol, struct rl_slice extensions)
{
	size_t len = protocol.len + extensions.len + 3;
	if (!protocol.len && !extensions.len)
		return 0;
	c->names = rl_zalloc(&c->conn.loop->env, len);
	if (!c->names)
		return RILL_ENOMEM;
	if (protocol.len)
		memcpy(c->names, protocol.data, protocol.len);
	if (extensions.len)
		memcpy(c->names + protocol.len + 1, extensions.data, extensions.len);
	return 0;
}

/* Is this the answer that opens it? Then what was agreed on is the connection's. */
static int judge(struct rl_ws_client *client, const struct rl_http1_head *head,
	char sentence[RL_WS_SENTENCE])
{
	const struct rl_ws_wish wish = { .key = client->key, .protocols = client->protocols };
	struct rl_slice protocol;
	struct rl_buf names;
	const char *why;
	int rc = rl_ws_judge_answer(head, &wish, &protocol, sentence);
	if (rc < 0)
		return rc;
	rl_buf_init(&names, &client->c.conn.loop->env);
	rc = confirm_extensions(client, head, &names, &why);
	if (rc == 0)
		rc = keep_names(&client->c, protocol, rl_buf_slice(&names));
	rl_buf_release(&names);
	if (rc < 0)
		snprintf(sentence, RL_WS_SENTENCE, "%s", rc == RILL_ENOMEM ? no_memory : why);
	return rc;
}

/* Early messages may have been above the high-water mark when the stream is not: compressed, or
 * because each of them was reckoned with its costs. */
static void tell_room(struct rl_ws_client *client)
{
	struct rl_ws_conn *c = &client->c;
	if (c->stream && !rl_stream_above_high(c->stream))
		rl_conn_drained(&c->conn);
}

/* The session begins now: so do its pings. */
static void begin_session(struct rl_ws_client *client)
{
	struct rl_ws_conn *c = &client->c;
	struct rill_loop *loop = c->conn.loop;
	struct rl_ws_pipeline *pipeline = c->wire.rfc.pipeline;
	rl_ws_init(&c->wire.rfc, &client->terms.config, RL_WS_CLIENT, rl_loop_now(loop));
	c->wire.rfc.pipeline = pipeline;
	rl_ws_conn_update_timer(c);
}

/* What was sent early cannot be written: there is no memory, or an extension has failed, which has
 * ended the connection already. */
static void fail_early(struct rl_ws_client *client)
{
	struct rl_ws_conn *c = &client->c;
	const rill_failure failure = {
		.size = sizeof(failure),
		.rc = c->stream ? RILL_ENOMEM : RILL_EIO,
		.sentence = "what was sent before it was open could not be written",
		.status = rill_answer_status(client->answer),
		.answer = client->answer,
	};
	client->failure = failure;
	if (!c->stream)
		return; /* on_failed comes at the end of the turn */
	rl_ws_conn_let_go(c);
	rl_stream_close(c->stream);
	c->stream = NULL;
	fail(client, &failure);
}

static void open_up(struct rl_ws_client *client, struct rl_stream *stream)
{
	struct rl_ws_conn *c = &client->c;
	c->stream = stream;
	rl_stream_own(stream, &rl_ws_stream_events, c);
	stream->tell_flushed = false;
	begin_session(client);
	if (rl_ws_client_send_early(client) < 0) {
		fail_early(client);
		return;
	}
	rl_conn_opened(&c->conn, NULL);
	tell_room(client);
	rl_ws_conn_start(c);
}

static void on_answer(struct rl_client_call *call, struct rill_answer *answer, void *user)
{
	struct rl_ws_client *client = user;
	const struct rl_http1_head *head = rl_answer_head(answer);
	char sentence[RL_WS_SENTENCE];
	rill_failure failure = {
		.size = sizeof(failure),
		.sentence = sentence,
		.status = head->status,
		.answer = answer,
	};
	client->call = NULL; /* taken, or gone when this returns */
	failure.rc = judge(client, head, sentence);
	if (failure.rc < 0)
		fail(client, &failure);
	else
		open_up(client, rl_client_take_stream(call, &client->answer));
}

static const struct rl_client_events events = {
	.on_answer = on_answer,
	.on_failed = on_failed,
};

int rl_ws_client_ask(struct rl_ws_client *client)
{
	struct rill_loop *loop = client->c.conn.loop;
	struct rl_buf offer, fields;
	rl_buf_init(&offer, &loop->env);
	rl_buf_init(&fields, &loop->env);
	rl_ws_make_key(&loop->env, client->key);
	int rc = rl_ws_extensions_write_offer(client->extensions, &offer);
	if (rc == 0) {
		const struct rl_ws_wish wish = {
			.key = client->key,
			.protocols = client->protocols,
			.extensions = rl_buf_slice(&offer),
		};
		rc = rl_ws_write_request_fields(&wish, &fields);
	}
	if (rc == 0)
		rc = rl_client_open(
			&client->call, client->target, rl_buf_slice(&fields), &events, client);
	rl_buf_release(&offer);
	rl_buf_release(&fields);
	return rc;
}
