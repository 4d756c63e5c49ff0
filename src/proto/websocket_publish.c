/* websocket_publish.c: the hub's messages on a WebSocket: encoded once, shared by all connections that
 * can take the same bytes.
 *
 *   plain     header and payload of RFC 6455, unmasked: any server connection that would not compress
 *   deflated  compressed from empty, one for each window size. A connection with context takeover may be
 *             sent it if its own compressor forgets what it knew: the peer's window holds this now
 *   hixie     00, text, FF
 *
 * What passes through other extensions is transformed for each. Connections of clients have no part in
 * this: theirs is a table of its own without publish, so that each masks a copy as for any message. */
#include "conn/publication.h"
#include "proto/websocket.h"

/* As rl_stream_write_blob() has it. */
enum { COPY_BELOW = 512 };

enum { PLAIN = 0, HIXIE = 1, DEFLATED = 16 /* and the window bits */ };

static const char form_key;

static struct rl_blob *join(
	const struct rl_env *env, struct rl_slice head, struct rl_slice body, struct rl_slice tail)
{
	struct rl_blob *blob = rl_blob_new(env, head.len + body.len + tail.len);
	const struct rl_slice parts[] = { head, body, tail };
	if (!blob)
		return NULL;
	for (size_t i = 0; i < 3; i++) {
		if (parts[i].len)
			memcpy(blob->data + blob->len, parts[i].data, parts[i].len);
		blob->len += parts[i].len;
	}
	return blob;
}

static struct rl_blob *make_frame(
	const struct rl_env *env, rill_kind kind, uint8_t bits, struct rl_slice body)
{
	uint8_t head[RL_WS_HEAD_MAX];
	unsigned opcode = kind == RILL_TEXT ? RL_WS_OP_TEXT : RL_WS_OP_BINARY;
	size_t n = rl_ws_write_head(head, (uint8_t)(RL_WS_FIN | bits | opcode), body.len, NULL);
	return join(env, rl_slice(head, n), body, rl_slice(NULL, 0));
}

/* The compressor of whichever connection comes first makes it, from empty. */
static struct rl_blob *make_deflated(struct rl_ws_conn *c, rill_kind kind, struct rl_slice payload)
{
	struct rl_ws_pipeline *pipeline = c->wire.rfc.pipeline;
	const struct rl_env *env = &c->conn.loop->env;
	struct rl_blob *blob = NULL;
	struct rl_buf body;
	uint8_t bits = rl_ws_pipeline_wants(pipeline, kind == RILL_TEXT, payload.len);

	rl_ws_pipeline_shared(pipeline);
	rl_buf_init(&body, env);
	if (rl_ws_pipeline_out(pipeline, bits, kind == RILL_TEXT, payload, true, true, &body) == 0)
		blob = make_frame(env, kind, bits, rl_buf_slice(&body));
	rl_buf_release(&body);
	return blob;
}

static struct rl_blob *make_form(
	struct rl_ws_conn *c, const struct rl_publication *publication, uint32_t variant)
{
	const struct rl_env *env = &c->conn.loop->env;
	struct rl_slice payload = rl_blob_slice(publication->payload);
	if (variant == PLAIN)
		return make_frame(env, publication->kind, 0, payload);
	if (variant == HIXIE)
		return join(env, rl_slice("\0", 1), payload, rl_slice("\xff", 1));
	return make_deflated(c, publication->kind, payload);
}

/* Nearly all messages are short, and a copy into the queue costs less than a reference. */
static inline int write_form(struct rl_ws_conn *c, struct rl_blob *blob)
{
	struct rl_stream *stream = c->stream;
	size_t n = blob->len;
	uint8_t *to = n < COPY_BELOW ? rl_stream_claim(stream, n) : NULL;
	int rc;
	if (to) {
		memcpy(to, blob->data, n);
		rc = rl_stream_claimed(stream, n);
	} else {
		rc = rl_stream_write_blob(stream, rl_slice(NULL, 0), blob, rl_blob_slice(blob));
	}
	rl_conn_note_queue(&c->conn, rl_stream_queued(stream));
	return rc;
}

static __attribute__((noinline)) int write_first(
	struct rl_ws_conn *c, struct rl_publication *publication, uint32_t variant)
{
	struct rl_blob *blob = make_form(c, publication, variant);
	if (!blob)
		return RILL_ENOMEM;
	bool kept = rl_publication_add_form(publication, &form_key, variant, blob, 0);
	int rc = write_form(c, blob);
	if (!kept)
		rl_blob_unref(blob);
	return rc;
}

static int write_variant(struct rl_ws_conn *c, struct rl_publication *publication, uint32_t variant)
{
	const struct rl_form *form = rl_publication_form(publication, &form_key, variant);
	return form ? write_form(c, form->bytes) : write_first(c, publication, variant);
}

static int write_own(struct rl_ws_conn *c, struct rl_publication *publication)
{
	struct rl_blob *payload = publication->payload;
	int rc = rl_ws_framing(c)->send(
		c, publication->kind, rl_blob_slice(payload), payload, true, true);
	if (c->stream)
		rl_conn_note_queue(&c->conn, rl_stream_queued(c->stream));
	return rc;
}

static __attribute__((noinline)) int publish_deflated(
	struct rl_ws_conn *c, struct rl_publication *publication)
{
	struct rl_ws_pipeline *pipeline = c->wire.rfc.pipeline;
	uint8_t bits;
	if (!rl_ws_pipeline_may_share(pipeline, publication->payload->len, &bits))
		return write_own(c, publication);
	bool made = rl_publication_form(publication, &form_key, DEFLATED + bits) != NULL;
	int rc = write_variant(c, publication, DEFLATED + bits);
	/* The one that made it has compressed it and knows it, if it went out. */
	if (made || rc < 0)
		rl_ws_pipeline_shared(pipeline);
	return rc;
}

int rl_ws_op_publish(struct rill_conn *conn, struct rl_publication *publication)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	if (!c->stream)
		return RILL_ECLOSED;
	if (c->hixie && publication->kind != RILL_TEXT)
		return RILL_EUNSUPPORTED;
	if (conn->traced)
		return write_own(c, publication);
	if (c->hixie)
		return write_variant(c, publication, HIXIE);
	if (!publication->plain && rl_ws_would_compress(&c->wire.rfc, publication->payload->len))
		return publish_deflated(c, publication);
	return write_variant(c, publication, PLAIN);
}

/* The plain form of one part of a bundle; NULL when out of memory. *made: the caller's reference. */
static struct rl_blob *part_form(
	struct rl_ws_conn *c, struct rl_publication *part, struct rl_blob **made)
{
	const struct rl_form *form = rl_publication_form(part, &form_key, PLAIN);
	*made = NULL;
	if (form)
		return form->bytes;
	struct rl_blob *blob = make_form(c, part, PLAIN);
	if (blob && !rl_publication_add_form(part, &form_key, PLAIN, blob, 0))
		*made = blob;
	return blob;
}

static struct rl_blob *join_parts(struct rl_ws_conn *c, struct rl_publication *bundle)
{
	if (bundle->part_count == 1) {
		struct rl_blob *made, *form = part_form(c, bundle->parts[0], &made);
		return made || !form ? made : rl_blob_ref(form);
	}
	struct rl_buf joined;
	int rc = 0;
	rl_buf_init(&joined, &c->conn.loop->env);
	for (uint32_t i = 0; i < bundle->part_count && rc == 0; i++) {
		struct rl_blob *made, *form = part_form(c, bundle->parts[i], &made);
		rc = form ? rl_buf_append_slice(&joined, rl_blob_slice(form)) : RILL_ENOMEM;
		rl_blob_unref(made);
	}
	struct rl_blob *blob = rc == 0 ? rl_blob_take_buf(&joined) : NULL;
	rl_buf_release(&joined);
	return blob;
}

static __attribute__((noinline)) struct rl_blob *make_shared(
	struct rl_ws_conn *c, struct rl_publication *bundle)
{
	struct rl_blob *blob = join_parts(c, bundle);
	if (blob && !rl_publication_add_form(bundle, &form_key, PLAIN, blob, 0)) {
		rl_blob_unref(blob);
		return NULL;
	}
	return blob;
}

struct rl_blob *rl_ws_op_shared(
	struct rill_conn *conn, struct rl_publication *bundle, struct rl_stream **stream)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	if (!c->stream || conn->traced || c->hixie || c->wire.rfc.pipeline)
		return NULL;
	const struct rl_form *form = rl_publication_form(bundle, &form_key, PLAIN);
	*stream = c->stream;
	return form ? form->bytes : make_shared(c, bundle);
}

void rl_ws_op_flush(struct rill_conn *conn)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	if (c->stream)
		rl_stream_flush(c->stream);
}

void rl_ws_op_prefetch(const struct rill_conn *conn)
{
	rl_stream_prefetch(rl_container(conn, struct rl_ws_conn, conn)->stream);
}
