/* http1_write.c: start lines, fields and chunk heads. What could not be parsed again is refused,
 * so that no value handed in by a program can end its line and begin another. */
#include <rill/error.h>
#include "wire/http1.h"
#include "wire/http1_char.h"

static bool all_of(struct rl_slice s, enum rl_http1_char set)
{
	return rl_http1_span_of(s.data, 0, s.len, set) == s.len;
}

int rl_http1_write_status(struct rl_buf *out, int status, const char *reason)
{
	struct rl_slice line = rl_http1_status_line(status);

	if (!reason && line.len)
		return rl_buf_append_slice(out, line);
	struct rl_slice text = rl_slice_str(reason ? reason : rl_http1_reason(status));
	if (status < 100 || status > 999 || !all_of(text, RL_CHAR_TEXT))
		return RILL_EINVAL;
	const char digits[] = { (char)('0' + status / 100), (char)('0' + status / 10 % 10),
		(char)('0' + status % 10) };
	const struct rl_slice parts[] = { RL_SLICE("HTTP/1.1 "), rl_slice(digits, sizeof(digits)),
		RL_SLICE(" "), text, RL_SLICE("\r\n") };
	return rl_buf_append_parts(out, parts, sizeof(parts) / sizeof(parts[0]));
}

int rl_http1_write_request_line(struct rl_buf *out, struct rl_slice method, struct rl_slice target)
{
	if (!rl_slice_is_token(method) || !target.len || !all_of(target, RL_CHAR_TARGET))
		return RILL_EINVAL;
	const struct rl_slice parts[] = { method, RL_SLICE(" "), target,
		RL_SLICE(" HTTP/1.1\r\n") };
	return rl_buf_append_parts(out, parts, sizeof(parts) / sizeof(parts[0]));
}

int rl_http1_write_field(struct rl_buf *out, struct rl_slice name, struct rl_slice value)
{
	if (!rl_slice_is_token(name) || !all_of(value, RL_CHAR_TEXT))
		return RILL_EINVAL;
	const struct rl_slice parts[] = { name, RL_SLICE(": "), value, RL_SLICE("\r\n") };
	return rl_buf_append_parts(out, parts, sizeof(parts) / sizeof(parts[0]));
}

int rl_http1_write_end(struct rl_buf *out)
{
	return rl_buf_append_str(out, "\r\n");
}

size_t rl_http1_chunk_head(char *text, uint64_t len)
{
	size_t digits = 1;

	while (digits < 16 && len >> (4 * digits))
		digits++;
	for (size_t i = digits; i > 0; i--, len >>= 4)
		text[i - 1] = "0123456789abcdef"[len & 15];
	memcpy(text + digits, "\r\n", 2);
	return digits + 2;
}
