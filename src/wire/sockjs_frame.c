/* sockjs_frame.c: what stands in the frames to a client. */
#include "wire/sockjs_frame.h"

int rl_sockjs_write_element(struct rl_buf *out, struct rl_slice text)
{
	return rl_json_quote(out, text, RL_JSON_ESCAPE_SOCKJS);
}

static int put_close(struct rl_buf *out, int code, struct rl_slice reason)
{
	int rc = rl_buf_append_str(out, "c[");

	if (rc == 0)
		rc = rl_buf_append_u64(out, (uint64_t)code);
	if (rc == 0)
		rc = rl_buf_append_str(out, ",");
	if (rc == 0)
		rc = rl_json_quote(out, reason, RL_JSON_ESCAPE_SOCKJS);
	return rc == 0 ? rl_buf_append_str(out, "]") : rc;
}

int rl_sockjs_write_close(struct rl_buf *out, int code, struct rl_slice reason)
{
	size_t before = out->len;

	assert(code >= 0);
	int rc = put_close(out, code, reason);
	if (rc < 0)
		out->len = before;
	return rc;
}
