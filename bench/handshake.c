/* RFC 6455, section 4.1. All connections use the same key: the answer to it is checked each time,
 * and worked out once. */
#include "handshake.h"

#include <arpa/inet.h>
#include "load.h"
#include "wire/http1.h"
#include "wire/ws_handshake.h"
#include "wire/ws_pipeline.h"

#define KEY "cmlsbC1iZW5jaC1rZXkhIQ==" /* 16 bytes */

static int append_host(struct rl_buf *out, const struct sockaddr_in *server)
{
	char host[64], address[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &server->sin_addr, address, sizeof address);
	snprintf(host, sizeof host, "%s:%u", address, ntohs(server->sin_port));
	return rl_http1_write_field(out, RL_SLICE("Host"), rl_slice_str(host));
}

static int append_offer(struct rl_buf *out, struct rl_ws_extensions *extensions)
{
	int rc = rl_buf_append_str(out, "Sec-WebSocket-Extensions: ");
	if (rc == 0)
		rc = rl_ws_extensions_write_offer(extensions, out);
	if (rc == 0)
		rc = rl_buf_append_str(out, "\r\n");
	return rc;
}

int handshake_ask(struct connection *conn)
{
	const struct options *options = conn->load->options;
	struct rl_slice target = rl_slice_str(conn->path);
	struct rl_buf *out = &conn->out;
	char text[SOCKJS_TARGET];

	if (options->protocol->dialect == DIALECT_SOCKETIO)
		target = socketio_target(conn, text);
	else if (options->protocol->dialect == DIALECT_SOCKJS)
		target = sockjs_target(conn, options->protocol->receive, text);
	int rc = rl_http1_write_request_line(out, RL_SLICE("GET"), target);
	if (rc == 0)
		rc = append_host(out, &options->server);
	if (rc == 0)
		rc = rl_buf_append_str(out,
			"Connection: Upgrade\r\nUpgrade: websocket\r\n"
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n");
	if (rc == 0 && options->deflate)
		rc = append_offer(out, conn->load->extensions);
	if (rc == 0)
		rc = rl_http1_write_end(out);
	return rc;
}

static bool accept_is_right(const struct rl_http1_head *head)
{
	static char expected[RL_WS_ACCEPT_LEN + 1];
	struct rl_slice accept;

	if (!expected[0])
		rl_ws_accept_key(RL_SLICE(KEY), expected);
	return rl_http1_field(head, RL_SLICE("Sec-WebSocket-Accept"), &accept) &&
	       rl_slice_equal(accept, rl_slice_str(expected));
}

/* Compression has to be what was asked for: figures of two servers of which one declined would be
 * compared as if they were alike. */
static int agree_deflate(struct connection *conn, const struct rl_http1_head *head)
{
	struct load *load = conn->load;
	const struct options *options = load->options;
	struct rl_ws_extension extension;
	struct rl_deflate_params params;
	struct rl_slice value;
	const char *why;

	bool given = rl_http1_field(head, RL_SLICE("Sec-WebSocket-Extensions"), &value);
	if (!options->deflate)
		return given ? load_fail(load, "the server answers extensions nobody offered") : 0;
	if (!given)
		return load_fail(load, "the server declines permessage-deflate");
	if (rl_ws_extensions_confirm(load->extensions, value, &conn->ws.pipeline, &why) < 0)
		return load_fail(load, "%s: %.*s", why ? why : "out of memory", (int)value.len,
			(const char *)value.data);
	/* A message compressed from empty refers at most as far back as it is long. */
	if (rl_ws_next_extension(&value, &extension) > 0 &&
		rl_deflate_confirm(&options->deflate_options, extension, &params) &&
		params.client_window_bits < options->deflate_options.max_window_bits &&
		options->size > (size_t)1 << params.client_window_bits)
		return load_fail(
			load, "the server asks for a smaller window than the messages use");
	return 0;
}

static int judge(struct connection *conn, const struct rl_http1_head *head)
{
	struct load *load = conn->load;

	if (head->status != 101)
		return load_fail(
			load, "the server answers the handshake with status %u", head->status);
	if (!rl_http1_has_token(head, RL_SLICE("Upgrade"), RL_SLICE("websocket")) ||
		!rl_http1_has_token(head, RL_SLICE("Connection"), RL_SLICE("upgrade")))
		return load_fail(load, "the server's 101 does not upgrade to a WebSocket");
	if (!accept_is_right(head))
		return load_fail(load, "Sec-WebSocket-Accept is not the one for the key");
	return agree_deflate(conn, head);
}

ssize_t handshake_read_answer(struct connection *conn)
{
	struct load *load = conn->load;
	struct rl_slice in = rl_buf_slice(&conn->head);
	struct rl_http1_limits limits;
	struct rl_http1_event ev;
	struct rl_http1 parser;
	ssize_t result = 0;

	rl_http1_limits_default(&limits);
	rl_http1_init(&parser, &load->env, RL_HTTP1_RESPONSE, &limits);
	int rc = rl_http1_next(&parser, &in, &ev);
	if (rc < 0)
		result = load_fail(load, "the server's answer: %s",
			parser.error_text ? parser.error_text : "out of memory");
	else if (rc > 0)
		result = judge(conn, &parser.head) < 0 ? -1 : (ssize_t)(conn->head.len - in.len);
	rl_http1_fini(&parser);
	return result;
}
