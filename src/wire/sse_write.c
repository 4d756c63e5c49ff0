/* sse_write.c: events of text/event-stream as bytes.
 *
 * What a program hands in as type or id must not end its line: the rest of it would be read as
 * fields of its own (a NUL makes clients ignore an id, so it is refused with the line ends). */
#include <rill/error.h>
#include "wire/sse_event.h"

bool rl_sse_fits_line(struct rl_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\r' || text.data[i] == '\n' || text.data[i] == 0)
			return false;
	return true;
}

static int put_field(struct rl_buf *out, struct rl_slice name, struct rl_slice value)
{
	const struct rl_slice parts[] = { name, RL_SLICE(": "), value, RL_SLICE("\r\n") };

	return rl_buf_append_parts(out, parts, sizeof(parts) / sizeof(parts[0]));
}

static int start(struct rl_buf *out, const struct rl_sse_event *event)
{
	int rc = 0;

	if (event->type.len)
		rc = put_field(out, RL_SLICE("event"), event->type);
	if (rc == 0 && event->id.data)
		rc = put_field(out, RL_SLICE("id"), event->id);
	return rc == 0 ? rl_buf_append_str(out, "data: ") : rc;
}

int rl_sse_write_start(struct rl_buf *out, const struct rl_sse_event *event)
{
	size_t before = out->len;

	if (!rl_sse_fits_line(event->type) || !rl_sse_fits_line(event->id))
		return RILL_EINVAL;
	int rc = start(out, event);
	if (rc < 0)
		out->len = before;
	return rc;
}

/* The bytes up to and with the next line end, or all. *ended: there was one; a CR at the very end is
 * none yet, because its LF may follow. */
static size_t line_of(struct rl_slice s, bool *ended)
{
	size_t n = 0;

	while (n < s.len && s.data[n] != '\r' && s.data[n] != '\n')
		n++;
	if (n == s.len || (s.data[n] == '\r' && n + 1 == s.len)) {
		*ended = false;
		return s.len;
	}
	*ended = true;
	return n + 1 + (s.data[n] == '\r' && s.data[n + 1] == '\n');
}

static int put_lines(struct rl_buf *out, struct rl_slice data)
{
	bool ended;
	int rc = 0;

	for (size_t n; data.len && rc == 0; rl_slice_skip(&data, n)) {
		n = line_of(data, &ended);
		rc = rl_buf_append(out, data.data, n);
		if (rc == 0 && ended)
			rc = rl_buf_append_str(out, "data: ");
	}
	return rc;
}

int rl_sse_write_data(struct rl_buf *out, struct rl_slice data, bool *cr)
{
	size_t before = out->len;
	int rc = 0;

	if (!data.len)
		return 0;
	/* The piece before ended with a CR: with an LF in front of this one they are one line end. */
	struct rl_slice rest = data;
	if (*cr && rest.data[0] == '\n') {
		rc = rl_buf_append_str(out, "\n");
		rl_slice_skip(&rest, 1);
	}
	if (rc == 0 && *cr)
		rc = rl_buf_append_str(out, "data: ");
	if (rc == 0)
		rc = put_lines(out, rest);
	if (rc < 0)
		out->len = before;
	else
		*cr = data.data[data.len - 1] == '\r';
	return rc;
}

int rl_sse_write_end(struct rl_buf *out, bool *cr)
{
	int rc = rl_buf_append_str(out, *cr ? "data: \r\n\r\n" : "\r\n\r\n");

	if (rc == 0)
		*cr = false;
	return rc;
}

int rl_sse_write(struct rl_buf *out, const struct rl_sse_event *event)
{
	size_t before = out->len;
	bool cr = false;
	int rc = rl_sse_write_start(out, event);

	if (rc == 0)
		rc = rl_buf_reserve(out, event->data.len + 4);
	if (rc == 0)
		rc = rl_sse_write_data(out, event->data, &cr);
	if (rc == 0)
		rc = rl_sse_write_end(out, &cr);
	if (rc < 0)
		out->len = before;
	return rc;
}

int rl_sse_write_ping(struct rl_buf *out)
{
	return rl_buf_append_str(out, ":\r\n\r\n");
}

int rl_sse_write_retry(struct rl_buf *out, uint64_t ms)
{
	size_t before = out->len;
	int rc = rl_buf_append_str(out, "retry: ");

	if (rc == 0)
		rc = rl_buf_append_u64(out, ms);
	if (rc == 0)
		rc = rl_buf_append_str(out, "\r\n\r\n");
	if (rc < 0)
		out->len = before;
	return rc;
}

int rl_sse_write_id(struct rl_buf *out, struct rl_slice id)
{
	const struct rl_slice parts[] = { RL_SLICE("id: "), id, RL_SLICE("\r\n\r\n") };

	if (!rl_sse_fits_line(id))
		return RILL_EINVAL;
	return rl_buf_append_parts(out, parts, sizeof(parts) / sizeof(parts[0]));
}
