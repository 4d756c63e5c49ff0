/* eventsource_publish.c: the hub's messages on streams of events: encoded once for all whose responses
 * are framed alike. */
#include "conn/publication.h"
#include "proto/eventsource.h"

static int write_published(struct rl_buf *out, const struct rl_publication *publication)
{
	struct rl_sse_event event = { publication->type, { NULL, 0 },
		rl_blob_slice(publication->payload) };

	if (publication->id.len)
		event.id = publication->id;
	return rl_sse_write(out, &event);
}

/* An event as it stands in the response, in one piece for all: of a chunked one with the chunk's size
 * in front and its end behind. NULL when out of memory. */
static struct rl_blob *make_form(
	struct rill_loop *loop, const struct rl_publication *publication, bool chunked)
{
	struct rl_buf text, framed;
	struct rl_blob *blob = NULL;
	char line[20];

	rl_buf_init(&text, &loop->env);
	rl_buf_init(&framed, &loop->env);
	int rc = write_published(&text, publication);
	if (rc == 0 && chunked) {
		size_t n = rl_http1_chunk_head(line, text.len);
		rc = rl_buf_reserve_exact(&framed, n + text.len + 2);
		if (rc == 0)
			rc = rl_buf_append(&framed, line, n);
		if (rc == 0)
			rc = rl_buf_append_slice(&framed, rl_buf_slice(&text));
		if (rc == 0)
			rc = rl_buf_append_str(&framed, "\r\n");
	}
	if (rc == 0)
		blob = rl_blob_take_buf(chunked ? &framed : &text);
	rl_buf_release(&text);
	rl_buf_release(&framed);
	return blob;
}

static int write_shared(struct rl_es_conn *c, struct rl_blob *blob)
{
	int rc = rl_exchange_write_shared(c->request, blob);

	rl_conn_note_queue(&c->conn, rill_response_queued(c->request));
	if (rc >= 0)
		rl_es_conn_put_off_ping(c);
	return rc;
}

int rl_es_op_publish(struct rill_conn *conn, struct rl_publication *publication)
{
	static const char form_key;
	struct rl_es_conn *c = rl_es_conn(conn);

	if (publication->kind != RILL_TEXT)
		return RILL_EUNSUPPORTED;
	if (!c->request)
		return RILL_ECLOSED;
	if (conn->traced) /* the tap sees what only the event itself shows */
		return rl_es_conn_send_scratch(
			c, write_published(&conn->loop->scratch, publication));
	uint32_t variant = rl_exchange_chunked(c->request);
	const struct rl_form *form = rl_publication_form(publication, &form_key, variant);
	if (form)
		return write_shared(c, form->bytes);
	struct rl_blob *blob = make_form(conn->loop, publication, variant);
	if (!blob)
		return RILL_ENOMEM;
	bool kept = rl_publication_add_form(publication, &form_key, variant, blob, 0);
	int rc = write_shared(c, blob);
	if (!kept)
		rl_blob_unref(blob);
	return rc;
}
