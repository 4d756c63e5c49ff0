/* error_page.c: see error_page.h. */
#include "http/error_page.h"
#include "wire/http1.h"

/* RFC 9110, 15.5.22: a 426 says what to upgrade to, and Upgrade is named in Connection (7.8). */
static int write_connection(struct rl_buf *out, int status)
{
	if (status == 426)
		return rl_buf_append_str(
			out, "Upgrade: websocket\r\nConnection: upgrade, close\r\n");
	return rl_buf_append_str(out, "Connection: close\r\n");
}

static int write_head(
	struct rl_buf *out, int status, struct rl_slice date, struct rl_slice fields, size_t len)
{
	int rc = rl_http1_write_status(out, status, NULL);
	if (rc == 0)
		rc = rl_buf_append_slice(out, date);
	if (rc == 0)
		rc = rl_buf_append_slice(out, fields);
	if (rc == 0)
		rc = rl_buf_append_str(out, "Content-Type: text/plain\r\nContent-Length: ");
	if (rc == 0)
		rc = rl_buf_append_u64(out, len);
	if (rc == 0)
		rc = rl_http1_write_end(out);
	if (rc == 0)
		rc = write_connection(out, status);
	return rc == 0 ? rl_http1_write_end(out) : rc;
}

int rl_error_page_write(struct rl_buf *out, int status, struct rl_slice date,
	struct rl_slice fields, const char *sentence, bool without_body)
{
	int rc = write_head(out, status, date, fields, strlen(sentence) + 1);
	if (rc < 0 || without_body)
		return rc;
	rc = rl_buf_append_str(out, sentence);
	return rc == 0 ? rl_buf_append_str(out, "\n") : rc;
}
