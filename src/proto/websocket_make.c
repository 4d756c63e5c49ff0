/* websocket_make.c: a connection is made of an opening that was accepted: what the program may ask
 * for later is copied from the request, the 101 is written, the stream changes hands. */
#include "conn/extra.h"
#include "proto/websocket.h"

/* Copies what the program may ask for later: the agreed names and the kept headers. */
static int keep_names(
	struct rl_ws_conn *c, const struct rl_ws_opening *opening, struct rl_slice extensions)
{
	const struct rl_env *env = &c->conn.loop->env;
	const char *const *keep = rl_ws_service(c)->options.keep_headers;
	struct rl_slice end = rl_slice("", 1), value;
	struct rl_buf names;
	int rc = 0;
	if (!opening->protocol.len && !extensions.len && !keep)
		return 0;
	rl_buf_init(&names, env);
	if ((rc = rl_buf_append_slice(&names, opening->protocol)) < 0 ||
		(rc = rl_buf_append_slice(&names, end)) < 0 ||
		(rc = rl_buf_append_slice(&names, extensions)) < 0 ||
		(rc = rl_buf_append_slice(&names, end)) < 0)
		goto fail;
	for (; keep && *keep; keep++) {
		struct rl_slice name = rl_slice_str(*keep);
		if (!rl_http1_field(rl_exchange_head(opening->request), name, &value))
			continue;
		if ((rc = rl_buf_append(&names, name.data, name.len + 1)) < 0 ||
			(rc = rl_buf_append_slice(&names, value)) < 0 ||
			(rc = rl_buf_append_slice(&names, end)) < 0)
			goto fail;
	}
	if ((rc = rl_buf_append_slice(&names, end)) < 0)
		goto fail;
	c->names = (char *)names.data; /* nothing was consumed: data is the allocation */
	return 0;
fail:
	rl_buf_release(&names);
	return rc;
}

static int init_hixie(struct rl_ws_conn *c, const struct rl_ws_request *wanted)
{
	struct rill_loop *loop = c->conn.loop;
	const struct rl_ws_config *config = c->wire.config;
	c->hixie = true;
	c->wire.hixie = rl_alloc(&loop->env, sizeof(*c->wire.hixie));
	if (!c->wire.hixie)
		return RILL_ENOMEM;
	if (wanted->version == RL_WS_HIXIE75)
		rl_hixie_init_75(c->wire.hixie, &loop->env, config, &loop->scratch);
	else
		rl_hixie_init_76(c->wire.hixie, &loop->env, config, &loop->scratch, wanted->number1,
			wanted->number2);
	return 0;
}

static int init_framing(struct rl_ws_conn *c, struct rl_ws_opening *opening)
{
	struct rill_loop *loop = c->conn.loop;
	enum rl_ws_version version = opening->wanted.version;
	if (version == RL_WS_HIXIE75 || version == RL_WS_HIXIE76)
		return init_hixie(c, &opening->wanted);
	rl_ws_init(&c->wire.rfc, c->wire.config, RL_WS_SERVER, rl_loop_now(loop));
	c->wire.rfc.pipeline = opening->pipeline;
	opening->pipeline = NULL;
	return 0;
}

static int write_answer(
	struct rl_ws_conn *c, struct rl_ws_opening *opening, struct rl_slice extensions)
{
	const struct rl_http1_head *head = rl_exchange_head(opening->request);
	struct rl_buf *scratch = &c->conn.loop->scratch;
	struct rl_ws_answer answer = {
		.protocol = opening->protocol,
		.extensions = extensions,
		.tls = c->secure,
		.target = rl_http1_text(head, head->target),
	};
	rl_http1_field(head, RL_SLICE("Host"), &answer.host);
	int rc = rl_buf_append_slice(&opening->fields, rl_exchange_added(opening->request));
	if (rc >= 0)
		rc = rl_buf_append_slice(&opening->fields, rl_buf_slice(&rl_ws_service(c)->fields));
	if (rc < 0)
		return rc;
	answer.fields = rl_buf_slice(&opening->fields);
	rc = rl_ws_write_answer(&opening->wanted, &answer, scratch);
	if (rc >= 0)
		rc = rl_stream_write(c->stream, rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
	return rc < 0 ? rc : 0;
}

int rl_ws_conn_new(struct rl_ws_conn **conn, struct rl_ws_opening *opening,
	struct rl_stream *stream, struct rl_slice extensions)
{
	struct rill_websocket *service = opening->service;
	struct rill_loop *loop = service->loop;
	struct rl_ws_conn *c = rl_zalloc(&loop->env, sizeof(*c));
	if (!c)
		return RILL_ENOMEM;
	rl_conn_init(&c->conn, &rl_ws_conn_ops, service->handler, loop);
	c->wire.config = &service->terms.config;
	c->stream = stream;
	c->version = opening->wanted.version;
	c->secure = rill_request_secure(opening->request);
	const struct rl_addr *peer = rl_exchange_peer(opening->request);
	if (memcmp(peer, &stream->peer, sizeof(*peer)) != 0)
		rl_conn_keep_peer(&c->conn, peer);
	int rc = init_framing(c, opening);
	if (rc < 0)
		goto fail;
	rc = keep_names(c, opening, extensions);
	if (rc < 0)
		goto fail;
	rc = write_answer(c, opening, extensions);
	if (rc < 0)
		goto fail;
	c->opening = opening;
	c->unopened = true;
	rl_stream_own(stream, &rl_ws_stream_events, c);
	stream->tell_flushed = false;
	rl_list_append(&service->conns, &c->conn.node);
	*conn = c;
	return 0;
fail:
	rl_ws_framing(c)->fini(c);
	rl_conn_extra_free(&c->conn);
	rl_free(&loop->env, c->names);
	rl_free(&loop->env, c);
	return rc;
}
