/* eventsource_say.c: what rill/eventsource.h offers for a stream beyond any conn: types and ids, lines
 * beside the events, and where it came from. */
#include "base/utf8.h"
#include "proto/eventsource.h"

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

int rl_es_op_mark(struct rill_conn *conn, struct rl_slice id)
{
	if (!rl_es_conn(conn)->request)
		return RILL_ECLOSED;
	return send_line(conn, rl_sse_write_id(&conn->loop->scratch, id));
}

static int check_line(rill_conn *conn)
{
	if (!is_stream(conn))
		return RILL_EINVAL;
	if (conn->state == RILL_CONN_OPEN && !conn->piece_out)
		rl_conn_before_send(conn);
	if (conn->state != RILL_CONN_OPEN || !rl_es_const_conn(conn)->request)
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
	return is_stream(conn) ? rl_names_behind(rl_es_const_conn(conn)->names) : "";
}

const char *rill_eventsource_url(const rill_conn *conn)
{
	return is_stream(conn) ? rl_es_const_conn(conn)->names : "";
}
