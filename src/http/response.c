/* response.c: writing a response: its head, and its body by length, in chunks or until the end
 * (RFC 9112, sections 6 and 7). */
#include <rill/error.h>
#include "http/connection.h"
#include "http/error_page.h"
#include "http/request.h"
#include "http/server_state.h"

/* From here on a body goes to the kernel without being copied, if it takes it at once. */
#define LARGE (16 * 1024)

/* What of a buffer for added fields is kept for the next, and how much more than they need it may be. */
#define SPARE_MAX  ((size_t)1024)
#define SPARE_ROOM ((size_t)64)

/* Up to here one copy more is cheaper than a write in parts. */
#define JOINED ((size_t)1024)

/* What the buffer for heads may keep behind one with large fields. */
#define KEEP_BUFFER ((size_t)64 * 1024)

bool rl_exchange_own_field(struct rl_slice name)
{
	static const struct rl_slice own[] = { RL_SLICE("Content-Length"),
		RL_SLICE("Transfer-Encoding"), RL_SLICE("Connection"), RL_SLICE("Upgrade"),
		RL_SLICE("Date") };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (rl_slice_equal_nocase(name, own[i]))
			return true;
	return false;
}

int rill_response_header(rill_request *x, const char *name, const char *value)
{
	if (!name || !value)
		return RILL_EINVAL;
	return rl_exchange_add_field(x, rl_slice_str(name), rl_slice_str(value));
}

int rl_exchange_add_field(rill_request *x, struct rl_slice name, struct rl_slice value)
{
	if (rl_exchange_own_field(name))
		return RILL_EINVAL;
	if (!x->connection || x->response != RL_RESPONSE_NONE)
		return RILL_ESTATE;
	return rl_http1_write_field(&x->added, name, value);
}

/* A spare buffer that has memory, or one that has none, if there is such a one. */
static struct rl_buf *spare_with(struct rill_server *server, bool memory)
{
	return &server->spare[(server->spare[0].data != NULL) != memory];
}

int rl_exchange_add_lines(rill_request *x, struct rl_slice lines)
{
	if (!x->connection || x->response != RL_RESPONSE_NONE)
		return RILL_ESTATE;
	/* A poll keeps them as long as it waits, so that they have no more memory than they need. */
	struct rl_buf *spare = spare_with(x->server, true);
	if (spare->cap < lines.len + SPARE_ROOM)
		rl_buf_take_spare(&x->added, spare);
	int rc = x->added.len ? 0 : rl_buf_reserve_exact(&x->added, lines.len);
	return rc == 0 ? rl_buf_append_slice(&x->added, lines) : rc;
}

void rl_response_continue(struct rill_request *x)
{
	x->want_continue = false;
	if (rl_stream_write(x->connection->stream, RL_SLICE("HTTP/1.1 100 Continue\r\n\r\n")) ==
		RILL_ENOMEM)
		x->cut = RILL_ELIMIT;
}

static bool is_head(const struct rill_request *x)
{
	return rl_slice_equal(rl_http1_text(&x->head, x->head.method), RL_SLICE("HEAD"));
}

/* RFC 9110, 15.3.5 and 15.4.5. */
static bool has_no_body(int status)
{
	return status == 204 || status == 304;
}

/* RFC 9110, 8.6: none in a 204; in a 304 it would speak of a body that was not asked for. */
static int write_framing(
	const struct rill_request *x, struct rl_buf *out, int status, uint64_t length)
{
	if (status == 204 || (status == 304 && length == 0) || x->unframed)
		return 0;
	if (length == RILL_LENGTH_UNKNOWN) {
		if (x->head.minor == 0 || has_no_body(status))
			return 0;
		return rl_buf_append_str(out, "Transfer-Encoding: chunked\r\n");
	}
	int rc = rl_buf_append_str(out, "Content-Length: ");
	if (rc == 0)
		rc = rl_buf_append_u64(out, length);
	return rc == 0 ? rl_http1_write_end(out) : rc;
}

/* RFC 9112, 9.3 and 9.6: HTTP/1.1 lives on unless told otherwise, HTTP/1.0 the other way. */
static int write_connection(struct rl_buf *out, const struct rill_request *x, bool keep)
{
	if (!keep)
		return rl_buf_append_str(out, "Connection: close\r\n");
	return x->head.minor ? 0 : rl_buf_append_str(out, "Connection: keep-alive\r\n");
}

/* A response as it begins. */
struct start {
	int status;
	const char *type;       /* NULL: none */
	struct rl_slice fields; /* lines of a service's own */
	uint64_t length;
	struct rl_slice body; /* all of it, or its first piece */
	bool whole;
};

static int write_head(
	struct rill_request *x, struct rl_buf *out, const struct start *start, bool keep)
{
	int rc = rl_http1_write_status(out, start->status, NULL);
	if (rc == 0)
		rc = rl_buf_append_slice(out, rl_server_date_line(x->server));
	if (rc == 0 && start->type)
		rc = rl_http1_write_field(out, RL_SLICE("Content-Type"), rl_slice_str(start->type));
	if (rc == 0)
		rc = rl_buf_append_slice(out, start->fields);
	if (rc == 0)
		rc = rl_buf_append_slice(out, rl_buf_slice(&x->added));
	if (rc == 0)
		rc = write_framing(x, out, start->status, start->length);
	if (rc == 0)
		rc = write_connection(out, x, keep);
	return rc == 0 ? rl_http1_write_end(out) : rc;
}

static enum rl_response_framing framing_of(
	const struct rill_request *x, int status, uint64_t length)
{
	if (is_head(x) || has_no_body(status))
		return RL_RESPONSE_BODILESS;
	if (x->unframed)
		return RL_RESPONSE_UNTIL_CLOSE;
	if (length != RILL_LENGTH_UNKNOWN)
		return RL_RESPONSE_LENGTH;
	return x->head.minor ? RL_RESPONSE_CHUNKED : RL_RESPONSE_UNTIL_CLOSE;
}

/* Can the connection be used again behind this response? Not when its end is the connection's, and
 * not when a body stays unread: one the peer still waits to be asked for (RFC 9110, 10.1.1), or
 * one that is too long to be dropped. */
static bool lives_on(const struct rill_request *x, enum rl_response_framing framing, bool whole)
{
	if (!x->keep || x->server->stopping || framing == RL_RESPONSE_UNTIL_CLOSE ||
		x->want_continue)
		return false;
	uint64_t left = x->complete || !whole ? 0 : rl_connection_body_left(x->connection);
	return left <= RL_DRAIN_MAX || left == UINT64_MAX;
}

static int write_bytes(struct rl_stream *stream, struct rl_slice head, struct rl_slice body)
{
	struct rl_slice parts[] = { head, body };

	if (!body.len)
		return rl_stream_write(stream, head);
	if (body.len >= LARGE)
		return rl_stream_write_large(stream, head, body);
	return rl_stream_write_parts(stream, parts, 2);
}

/* The first piece of a body goes behind the head, so that they leave, or fail, together. */
static int write_first(struct rl_buf *out, enum rl_response_framing framing, struct rl_slice piece)
{
	char line[20];
	struct rl_slice head = rl_slice(line, rl_http1_chunk_head(line, piece.len));

	if (framing != RL_RESPONSE_CHUNKED)
		return rl_buf_append_slice(out, piece);
	int rc = rl_buf_append_slice(out, head);
	if (rc == 0)
		rc = rl_buf_append_slice(out, piece);
	return rc == 0 ? rl_http1_write_end(out) : rc;
}

/* Writes the head, and with it the body if it is whole, or the first piece. */
static int begin(struct rill_request *x, const struct start *start)
{
	if (!x->connection || x->cut || x->response != RL_RESPONSE_NONE)
		return RILL_ESTATE;
	if (start->status < 200 || start->status > 999)
		return RILL_EINVAL;
	if (x->want_continue && !start->whole && RL_REQUEST_CALLBACK(x, on_body))
		rl_response_continue(x);
	enum rl_response_framing framing = framing_of(x, start->status, start->length);
	bool keep = lives_on(x, framing, start->whole);
	struct rl_buf *scratch = &x->server->heads;
	struct rl_slice body = start->body;
	int rc = write_head(x, scratch, start, keep);
	if (framing == RL_RESPONSE_BODILESS)
		body.len = 0;
	if (rc == 0 && body.len && (!start->whole || body.len <= JOINED)) {
		rc = start->whole ? rl_buf_append_slice(scratch, body)
				  : write_first(scratch, framing, body);
		body.len = 0;
	}
	if (rc == 0)
		rc = write_bytes(x->connection->stream, rl_buf_slice(scratch), body);
	rl_buf_consume(scratch, scratch->len);
	if (scratch->cap > KEEP_BUFFER)
		rl_buf_release(scratch);
	if (rc == RILL_ENOMEM || rc == RILL_EINVAL)
		return rc;
	x->keep = keep;
	x->framing = framing;
	x->length_left = start->length;
	x->response = RL_RESPONSE_BEGUN;
	rl_buf_leave_spare(&x->added, spare_with(x->server, false), SPARE_MAX);
	if (x->connection->ended)
		rl_connection_nudge(x->connection); /* on_peer_end is due */
	return rc < 0 ? rc : 0;
}

static void end(struct rill_request *x)
{
	x->response = RL_RESPONSE_ENDED;
	rl_connection_nudge(x->connection);
}

static int respond(struct rill_request *x, const struct start *start)
{
	if (has_no_body(start->status) && start->length)
		return RILL_EINVAL;
	int rc = begin(x, start);
	if (rc < 0 && rc != RILL_ECLOSED)
		return rc;
	end(x);
	return rc;
}

int rill_respond(
	rill_request *x, int status, const char *content_type, const void *body, size_t len)
{
	return respond(x, &(struct start){ .status = status,
				  .type = content_type,
				  .length = len,
				  .body = rl_slice(body, len),
				  .whole = true });
}

int rill_response_begin(rill_request *x, int status, uint64_t length)
{
	if (status == 204 && length && length != RILL_LENGTH_UNKNOWN)
		return RILL_EINVAL;
	return begin(x, &(struct start){ .status = status, .length = length });
}

int rl_exchange_begin(
	rill_request *x, int status, struct rl_slice fields, struct rl_slice first)
{
	return begin(x, &(struct start){ .status = status,
				.fields = fields,
				.length = RILL_LENGTH_UNKNOWN,
				.body = first });
}

int rl_exchange_respond(
	rill_request *x, int status, struct rl_slice fields, struct rl_slice body)
{
	return respond(x, &(struct start){ .status = status,
				  .fields = fields,
				  .length = body.len,
				  .body = body,
				  .whole = true });
}

bool rl_exchange_chunked(const rill_request *x)
{
	return x->framing == RL_RESPONSE_CHUNKED;
}

int rl_exchange_write_shared(rill_request *x, struct rl_blob *blob)
{
	if (!x->connection || x->response != RL_RESPONSE_BEGUN || x->cut)
		return RILL_ECLOSED;
	if (x->framing == RL_RESPONSE_BODILESS)
		return 0;
	return rl_stream_write_blob(
		x->connection->stream, rl_slice(NULL, 0), blob, rl_blob_slice(blob));
}

void rl_exchange_flush(rill_request *x)
{
	if (x->connection)
		rl_stream_flush(x->connection->stream);
}

bool rl_exchange_peer_ended(const rill_request *x)
{
	return x->connection && x->connection->ended;
}

/* A chunk leaves as one write, so that half of it is never queued; large data leave by
 * themselves with only the end of the chunk behind them. */
static int write_chunk(struct rill_request *x, struct rl_slice data)
{
	struct rl_stream *stream = x->connection->stream;
	char line[20];
	struct rl_slice head = rl_slice(line, rl_http1_chunk_head(line, data.len));
	struct rl_slice parts[] = { head, data, RL_SLICE("\r\n") };

	if (data.len < LARGE)
		return rl_stream_write_parts(stream, parts, 3);
	int rc = rl_stream_write_large(stream, head, data);
	if (rc < 0)
		return rc;
	rc = rl_stream_write(stream, RL_SLICE("\r\n"));
	if (rc == RILL_ENOMEM) {
		x->cut = RILL_ELIMIT;
		rl_connection_nudge(x->connection);
	}
	return rc;
}

static int write_counted(struct rill_request *x, struct rl_slice data)
{
	if (data.len > x->length_left)
		return RILL_ETOOBIG;
	int rc = write_bytes(x->connection->stream, rl_slice(NULL, 0), data);
	if (rc >= 0)
		x->length_left -= data.len;
	return rc;
}

int rill_response_write(rill_request *x, const void *data, size_t len)
{
	struct rl_slice bytes = rl_slice(data, len);

	if (!x->connection || x->response != RL_RESPONSE_BEGUN)
		return RILL_ESTATE;
	if (x->cut)
		return RILL_ECLOSED;
	if (len == 0)
		return rl_stream_above_high(x->connection->stream);
	switch (x->framing) {
	case RL_RESPONSE_CHUNKED:
		return write_chunk(x, bytes);
	case RL_RESPONSE_LENGTH:
		return write_counted(x, bytes);
	case RL_RESPONSE_UNTIL_CLOSE:
		return write_bytes(x->connection->stream, rl_slice(NULL, 0), bytes);
	default:
		return 0;
	}
}

int rill_response_end(rill_request *x)
{
	if (!x->connection || x->response != RL_RESPONSE_BEGUN)
		return RILL_ESTATE;
	int rc = 0;
	if (x->framing == RL_RESPONSE_LENGTH && x->length_left)
		rc = RILL_ESTATE;
	else if (x->framing == RL_RESPONSE_CHUNKED)
		rc = rl_stream_write(x->connection->stream, RL_SLICE("0\r\n\r\n"));
	if (rc < 0 && !x->cut)
		x->cut = rc == RILL_ENOMEM ? RILL_ELIMIT : RILL_ECLOSED;
	end(x);
	return rc == RILL_ESTATE || rc == RILL_ENOMEM ? rc : 0;
}

size_t rill_response_queued(const rill_request *x)
{
	return x->connection ? rl_stream_queued(x->connection->stream) : 0;
}

int rl_response_fail(struct rill_request *x, int status, const char *sentence)
{
	if (!x->connection || x->response != RL_RESPONSE_NONE)
		return RILL_ESTATE;
	struct rl_buf *scratch = &x->loop->scratch;
	int rc = rl_error_page_write(scratch, status, rl_server_date_line(x->server),
		rl_buf_slice(&x->added), sentence, is_head(x));
	if (rc == 0)
		rc = rl_stream_write(x->connection->stream, rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
	if (rc == RILL_ENOMEM && !x->cut)
		x->cut = RILL_ELIMIT;
	rl_log(&x->loop->env, RILL_LOG_INFO, "%s: answered %d: %s", rill_request_peer(x), status,
		sentence);
	if (status != 503)
		x->server->stats.bad_requests++;
	x->keep = false;
	end(x);
	return 0;
}
