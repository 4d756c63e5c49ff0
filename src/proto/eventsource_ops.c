/* eventsource_ops.c: what a program does with a stream of events: the calls of rill/conn.h and
 * rill/eventsource.h, brought to the response. None of them calls back. */
#include "base/utf8.h"
#include "conn/publication.h"
#include "proto/eventsource.h"
#include "wire/ws_session.h"

/* What a scratch buffer may keep between calls. */
#define SCRATCH_KEEP (64 * 1024)

static int write_piece(
	struct rl_es_conn *c, struct rl_buf *out, struct rl_slice data, bool first, bool last)
{
	struct rl_sse_event bare = { 0 };
	bool cr = !first && c->piece_cr;
	int rc = first ? rl_sse_write_start(out, &bare) : 0;

	if (rc == 0)
		rc = rl_sse_write_data(out, data, &cr);
	if (rc == 0 && last)
		rc = rl_sse_write_end(out, &cr);
	if (rc == 0)
		c->piece_cr = cr;
	return rc;
}

static int write_event(struct rl_es_conn *c, struct rl_buf *out, struct rl_slice data)
{
	const struct rl_sse_event *saying = c->service->saying;
	struct rl_sse_event event = { .data = data };

	if (saying) {
		event.type = saying->type;
		event.id = saying->id;
	}
	return rl_sse_write(out, &event);
}

static bool has_room(const struct rl_es_conn *c, size_t len)
{
	size_t queued = rill_response_queued(c->request), max = c->service->options.max_queue;

	return !queued || !max || (queued <= max && len <= max - queued);
}

static int op_send(struct rill_conn *conn, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last)
{
	struct rl_es_conn *c = rl_es_conn(conn);
	struct rl_buf *scratch = &conn->loop->scratch;
	bool cr = c->piece_cr;

	(void)blob; /* lines are put in between, so there is nothing to refer to */
	if (kind != RILL_TEXT)
		return RILL_EUNSUPPORTED;
	if (!c->request)
		return RILL_ECLOSED;
	if (!has_room(c, data.len))
		return RILL_ETOOBIG;
	int rc = first && last ? write_event(c, scratch, data)
			       : write_piece(c, scratch, data, first, last);
	if (rc == 0)
		rc = rl_es_conn_write_scratch(c);
	if (rc < 0) {
		rl_buf_consume(scratch, scratch->len);
		c->piece_cr = cr;
	} else {
		rl_es_conn_put_off_ping(c);
	}
	if (scratch->cap > SCRATCH_KEEP)
		rl_buf_release(scratch);
	return rc;
}

/* An event as it stands in the response, in one piece for all: of a chunked one with the chunk's size
 * in front and its end behind. NULL when out of memory. */
static struct rl_blob *make_form(
	struct rill_loop *loop, const struct rl_publication *publication, bool chunked)
{
	struct rl_sse_event event = { publication->type, { NULL, 0 },
		rl_blob_slice(publication->payload) };
	struct rl_buf text, framed;
	struct rl_blob *blob = NULL;
	char line[20];

	if (publication->id.len)
		event.id = publication->id;
	rl_buf_init(&text, &loop->env);
	rl_buf_init(&framed, &loop->env);
	int rc = rl_sse_write(&text, &event);
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

static int op_publish(struct rill_conn *conn, struct rl_publication *publication)
{
	static const char form_key;
	struct rl_es_conn *c = rl_es_conn(conn);

	if (publication->kind != RILL_TEXT)
		return RILL_EUNSUPPORTED;
	if (!c->request)
		return RILL_ECLOSED;
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

/* Nothing of the code and the reason goes to the client, but on_close tells the code. */
static int op_close(struct rill_conn *conn, int code, struct rl_slice reason)
{
	struct rl_es_conn *c = rl_es_conn(conn);

	if (code < 0 || !rl_ws_code_sendable((unsigned)code) || reason.len > 123)
		return RILL_EINVAL;
	c->code = (uint16_t)code;
	rl_loop_clear_timer(conn->loop, &c->timer);
	rill_response_end(c->request);
	return 0;
}

static void op_cut(struct rill_conn *conn)
{
	struct rl_es_conn *c = rl_es_conn(conn);

	if (!c->request)
		return;
	rl_conn_keep_peer(conn, rl_exchange_peer(c->request));
	rill_request_abort(rl_es_conn_let_go(c));
}

static void op_set_reading(struct rill_conn *conn, bool on)
{
	(void)conn;
	(void)on; /* nothing comes in */
}

static int op_control(struct rill_conn *conn, bool ping, struct rl_slice data)
{
	(void)conn;
	(void)ping;
	(void)data;
	return RILL_EUNSUPPORTED;
}

static struct rl_blob *op_take_message(struct rill_conn *conn)
{
	(void)conn;
	return NULL;
}

static const struct rl_es_conn *const_conn(const struct rill_conn *conn)
{
	return rl_container(conn, const struct rl_es_conn, conn);
}

static size_t op_queued(const struct rill_conn *conn)
{
	const struct rl_es_conn *c = const_conn(conn);

	return c->request ? rill_response_queued(c->request) : 0;
}

static void op_charge(struct rill_conn *conn, ptrdiff_t bytes)
{
	struct rl_es_conn *c = rl_es_conn(conn);

	if (c->request)
		rl_exchange_charge(c->request, bytes);
}

static const char *op_nothing(const struct rill_conn *conn)
{
	(void)conn;
	return "";
}

static const char *behind(const char *text)
{
	return text + strlen(text) + 1;
}

static struct rl_slice op_header(const struct rill_conn *conn, struct rl_slice name)
{
	const char *p = behind(behind(const_conn(conn)->names));

	for (; *p; p = behind(behind(p)))
		if (rl_slice_equal_nocase(rl_slice_str(p), name))
			return rl_slice_str(behind(p));
	return rl_slice(NULL, 0);
}

static const struct rl_addr *op_peer(const struct rill_conn *conn)
{
	static const struct rl_addr nobody = { .family = RL_ADDR_NONE };
	const struct rl_es_conn *c = const_conn(conn);

	return c->request ? rl_exchange_peer(c->request) : &nobody;
}

static bool op_secure(const struct rill_conn *conn)
{
	return const_conn(conn)->secure;
}

static void op_ended(struct rill_conn *conn)
{
	struct rl_es_conn *c = rl_es_conn(conn);
	struct rill_eventsource *service = c->service;

	if (conn->opened) {
		service->stats.open--;
		service->stats.closed++;
		service->stats.messages_out += conn->messages_out;
		service->stats.bytes_out += conn->bytes_out;
	}
	service->busy++;
	rl_eventsource_release(service);
	c->service = NULL;
}

static void op_free(struct rill_conn *conn)
{
	rl_free(&conn->loop->env, rl_es_conn(conn));
}

const struct rl_conn_ops rl_es_conn_ops = {
	.transport = "eventsource",
	.early = true,
	.send = op_send,
	.publish = op_publish,
	.typed = true,
	.close = op_close,
	.cut = op_cut,
	.set_reading = op_set_reading,
	.control = op_control,
	.take_message = op_take_message,
	.queued = op_queued,
	.charge = op_charge,
	.version = op_nothing,
	.protocol = op_nothing,
	.extensions = op_nothing,
	.header = op_header,
	.peer = op_peer,
	.secure = op_secure,
	.ended = op_ended,
	.free = op_free,
};

/* The functions of rill/eventsource.h. */

static bool is_stream(const rill_conn *conn)
{
	return conn->ops == &rl_es_conn_ops;
}

static int check_field(struct rl_slice text)
{
	if (text.len > RL_ES_FIELD_MAX || !rl_sse_fits_line(text))
		return RILL_EINVAL;
	return rl_utf8_valid(text.data, text.len) ? 0 : RILL_EUTF8;
}

int rill_eventsource_send(rill_conn *conn, const void *data, size_t len, const rill_event *event)
{
	struct rl_sse_event saying = { 0 };

	if (!is_stream(conn))
		return RILL_EINVAL;
	if (event) {
		saying.type = rl_slice_str(event->type);
		saying.id = rl_slice_str(event->id);
	}
	int rc = check_field(saying.type);
	if (rc == 0)
		rc = check_field(saying.id);
	if (rc < 0)
		return rc;
	struct rill_eventsource *service = rl_es_conn(conn)->service;
	if (!service)
		return RILL_ECLOSED;
	service->saying = &saying;
	rc = rill_send(conn, RILL_TEXT, data, len);
	service->saying = NULL;
	return rc;
}

/* Lines beside the events: not inside of one that is sent in pieces. */
static int send_line(rill_conn *conn, int rc)
{
	struct rl_es_conn *c = rl_es_conn(conn);
	struct rl_buf *scratch = &conn->loop->scratch;

	if (rc == 0)
		rc = rl_es_conn_write_scratch(c);
	rl_buf_consume(scratch, scratch->len);
	if (rc >= 0)
		rl_es_conn_put_off_ping(c);
	if (rc > 0)
		conn->drain_due = true;
	return rc;
}

static int check_line(rill_conn *conn)
{
	if (!is_stream(conn))
		return RILL_EINVAL;
	if (conn->state == RILL_CONN_OPEN && !conn->piece_out)
		rl_conn_before_send(conn);
	if (conn->state != RILL_CONN_OPEN || !const_conn(conn)->request)
		return RILL_ECLOSED;
	return conn->piece_out ? RILL_ESTATE : 0;
}

int rill_eventsource_ping(rill_conn *conn)
{
	int rc = check_line(conn);

	return rc < 0 ? rc : send_line(conn, rl_sse_write_ping(&conn->loop->scratch));
}

int rill_eventsource_retry(rill_conn *conn, uint32_t retry_ms)
{
	int rc = check_line(conn);

	return rc < 0 ? rc : send_line(conn, rl_sse_write_retry(&conn->loop->scratch, retry_ms));
}

const char *rill_eventsource_last_id(const rill_conn *conn)
{
	return is_stream(conn) ? behind(const_conn(conn)->names) : "";
}

const char *rill_eventsource_url(const rill_conn *conn)
{
	return is_stream(conn) ? const_conn(conn)->names : "";
}
