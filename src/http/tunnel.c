/* tunnel.c: CONNECT through a proxy (RFC 9110, 9.3.6): what is said to it, and what it has to say.
 *
 * The proxy gets the server's name as it was written, and looks it up itself; of the request that
 * goes through the tunnel it is told nothing. */
#include <stdio.h>
#include "http/client_call.h"

/* "example.org:443", "[::1]:80": always with the port. */
static int write_authority(const struct rl_client_where *where, struct rl_buf *out)
{
	struct rl_url url = where->url;
	url.port = rl_client_port(where);
	return rl_url_write_host(&url, 0, out);
}

int rl_tunnel_write_connect(const struct rl_client_target *target, struct rl_buf *out)
{
	size_t before = out->len;
	int rc = rl_buf_append_str(out, "CONNECT ");
	if (rc == 0)
		rc = write_authority(&target->where, out);
	if (rc == 0)
		rc = rl_buf_append_str(out, " HTTP/1.1\r\nHost: ");
	if (rc == 0)
		rc = write_authority(&target->where, out);
	/* The second for proxies of the nineties, which some still are. */
	if (rc == 0)
		rc = rl_buf_append_str(out, "\r\nConnection: keep-alive\r\n"
					    "Proxy-Connection: keep-alive\r\n");
	if (rc == 0)
		rc = rl_buf_append_slice(out, rl_buf_slice(&target->proxy.authorization));
	if (rc == 0)
		rc = rl_buf_append_slice(out, rl_buf_slice(&target->proxy_fields));
	if (rc == 0)
		rc = rl_http1_write_end(out);
	if (rc < 0)
		out->len = before;
	return rc;
}

bool rl_tunnel_opened(const struct rl_http1_head *head, char *sentence, size_t size)
{
	char status[RL_STATUS_TEXT];
	if (head->status >= 200 && head->status <= 299)
		return true;
	rl_status_text(head->status, status);
	snprintf(sentence, size, "the proxy answered %s", status);
	return false;
}
