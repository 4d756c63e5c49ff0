/* Proves that an opening comes to nothing, with a sentence for people and nothing left behind, when the
 * server does not do its part, and when memory runs out anywhere. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "proto/websocket_client_program.h"
#include "wire/ws_handshake.h"

/* A client has asked; the server answers by hand. */
static void ask(const rill_websocket_client_options *options)
{
	connect_to("ws://127.0.0.1:%u/", options);
	origin_accept(&origin);
	origin_take_head(&origin);
}

static void expect_failed(int rc, const char *why)
{
	char want[32];
	origin_turn(&origin);
	snprintf(want, sizeof(want), "failed:%d ", rc);
	expect_said(want);
	assert_string_equal(sentence, why);
	origin_expect_end(&origin);
}

/* "%s" in the answer is the accept that belongs to the key. */
static void answer(const char *format)
{
	char accept[RL_WS_ACCEPT_LEN + 1], text[4096];
	const char *place = strstr(format, "%s");
	rl_ws_accept_key(rl_slice_str(origin.key), accept);
	snprintf(text, sizeof(text), "%.*s%s%s", place ? (int)(place - format) : 0, format,
		place ? accept : "", place ? place + 2 : format);
	origin_send(&origin, text);
}

static void refuses(
	const rill_websocket_client_options *options, const char *format, int rc, const char *why)
{
	ask(options);
	answer(format);
	expect_failed(rc, why);
}

TEST(websocket_client_open, other_statuses_are_told_with_the_answer)
{
	begin();
	refuses(NULL, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", RILL_EREFUSED,
		"the server answered 404 Not Found instead of 101");
	assert_int_equal(status, 404);
	assert_int_equal(answered, 404);
	refuses(NULL, "HTTP/1.1 302 \x1b[31mHa\r\nLocation: ws://elsewhere/\r\n\r\n", RILL_EPROTO,
		"the server's answer is malformed: a line holds a control character");
	refuses(NULL, "HTTP/1.1 302 Elsewhere\r\nLocation: ws://elsewhere/\r\n\r\n", RILL_EREFUSED,
		"the server answered 302 Found instead of 101");
	refuses(NULL, "HTTP/1.1 200 OK\r\n\r\n", RILL_EREFUSED,
		"the server answered 200 OK instead of 101");
	refuses(NULL, "HTTP/1.1 799 Whatever\r\n\r\n", RILL_EREFUSED,
		"the server answered 799 instead of 101");
	refuses(NULL, "HTTP/1.0 401 No\r\nWWW-Authenticate: Basic\r\n\r\n", RILL_EREFUSED,
		"the server answered 401 Unauthorized instead of 101");
	end();
}

#define GOOD "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

TEST(websocket_client_open, each_field_of_the_101_has_to_be_as_it_should)
{
	begin();
	refuses(NULL,
		"HTTP/1.0 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n\r\n",
		RILL_EPROTO, "the server answered 101 in HTTP/1.0");
	assert_int_equal(status, 101);
	refuses(NULL, "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		RILL_EPROTO, "the server's answer has no Upgrade field");
	refuses(NULL,
		"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n\r\n",
		RILL_EPROTO, "the server upgrades to something else than a WebSocket");
	refuses(NULL,
		"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: close\r\n"
		"Sec-WebSocket-Accept: %s\r\n\r\n",
		RILL_EPROTO, "the server's answer has no Connection: Upgrade");
	refuses(NULL, GOOD "\r\n", RILL_EPROTO, "the server's answer has no Sec-WebSocket-Accept");
	refuses(NULL, GOOD "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
		RILL_EPROTO, "the server's Sec-WebSocket-Accept does not belong to our key");
	refuses(NULL, GOOD "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Accept: x\r\n\r\n",
		RILL_EPROTO, "the server's answer has two Sec-WebSocket-Accept fields");
	end();
}

TEST(websocket_client_open, the_case_of_the_tokens_and_more_tokens_do_not_matter)
{
	begin();
	ask(NULL);
	answer("HTTP/1.1 101\r\nUpgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n"
	       "Sec-WebSocket-Accept: %s\r\n\r\n");
	expect_said("open ");
	end();
}

TEST(websocket_client_open, what_was_not_offered_is_not_taken)
{
	static const char *const protocols[] = { "chat", "other", NULL };
	rill_websocket_client_options options = defaults();
	begin();
	refuses(NULL, GOOD "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
		RILL_EPROTO, "the server chose a subprotocol that was not offered");
	refuses(NULL,
		GOOD
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
		RILL_EPROTO, "the server answers an extension that was not offered");
	options.protocols = protocols;
	refuses(&options, GOOD "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: Chat\r\n\r\n",
		RILL_EPROTO, "the server chose a subprotocol that was not offered");
	refuses(&options,
		GOOD "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: chat, other\r\n\r\n",
		RILL_EPROTO, "the server chose a subprotocol that was not offered");
	refuses(&options,
		GOOD "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: chat\r\n"
		     "Sec-WebSocket-Protocol: other\r\n\r\n",
		RILL_EPROTO, "the server's answer has several Sec-WebSocket-Protocol fields");
	refuses(&options,
		GOOD "Sec-WebSocket-Accept: %s\r\n"
		     "Sec-WebSocket-Extensions: permessage-deflate; x=1\r\n\r\n",
		RILL_EPROTO, "the server answers parameters that were not offered");
	refuses(&options,
		GOOD "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
		     "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
		RILL_EPROTO, "the server answers an extension twice");
	refuses(&options, GOOD "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Extensions: ;;\r\n\r\n",
		RILL_EPROTO, "the server's Sec-WebSocket-Extensions is malformed");
	ask(&options);
	answer(GOOD "Sec-WebSocket-Accept: %s\r\n\r\n");
	expect_said("open "); /* none of the subprotocols is fine */
	end();
}

TEST(websocket_client_open, what_is_no_http_is_refused_at_its_first_impossible_byte)
{
	begin();
	refuses(NULL, "SSH-2.0-OpenSSH_9.2\r\n", RILL_EPROTO,
		"the server's answer is malformed: the start line is malformed");
	refuses(NULL, "HTTP/2.0 101 X\r\n", RILL_EPROTO,
		"the server's answer is malformed: only HTTP/1 is spoken here");
	refuses(NULL, "HTTP/1.1 101 X\r\nUp grade: x", RILL_EPROTO,
		"the server's answer is malformed: white space stands in front of a colon");
	refuses(NULL, "HTTP/1.1 101 X\nUpgrade: websocket\n\n", RILL_EPROTO,
		"the server's answer is malformed: a line ends with a bare LF");
	end();
}

TEST(websocket_client_open, a_head_without_end_is_refused_at_its_limit)
{
	char line[1024];
	begin();
	ask(NULL);
	origin_send(&origin, "HTTP/1.1 101 X\r\n");
	memset(line, 'x', sizeof(line));
	memcpy(line, "X: ", 3);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	for (int i = 0; i < 15; i++)
		origin_send_bytes(&origin, line, sizeof(line));
	expect_said("");
	origin_send_bytes(&origin, line, sizeof(line) - 16);
	expect_failed(RILL_ETOOBIG, "the head of the server's answer is longer than 16384 bytes");
	end();
}

TEST(websocket_client_open, interim_heads_count_as_one_with_the_last)
{
	rill_websocket_client_options options = defaults();
	options.connect.max_head = 200;
	begin();
	ask(&options);
	for (int i = 0; i < 8; i++)
		origin_send(&origin, "HTTP/1.1 100 Continue\r\n\r\n"); /* 25 bytes */
	expect_failed(RILL_ETOOBIG, "the head of the server's answer is longer than 200 bytes");
	end();
}

TEST(websocket_client_open, many_fields_are_refused)
{
	begin();
	ask(NULL);
	origin_send(&origin, "HTTP/1.1 101 X\r\n");
	for (int i = 0; i < 13 && !said[0]; i++)
		origin_send(
			&origin, "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n");
	expect_failed(
		RILL_EPROTO, "the server's answer is malformed: there are too many header fields");
	end();
}

TEST(websocket_client_open, a_server_that_hangs_up_is_told_of)
{
	begin();
	ask(NULL);
	origin_shut(&origin);
	expect_failed(RILL_ERESET, "the server ended the connection before it had answered");
	assert_int_equal(status, 0);
	assert_int_equal(answered, 0);
	ask(NULL);
	origin_send(&origin, "HTTP/1.1 101 X\r\nUpgr");
	origin_shut(&origin);
	expect_failed(RILL_ERESET, "the server ended the connection before it had answered");
	ask(NULL);
	const struct linger now = { 1, 0 };
	setsockopt(origin.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	origin_close(&origin);
	origin_turn(&origin);
	expect_said("failed:-17 ");
	assert_string_equal(sentence, "the connection to the server was lost: connection lost");
	end();
}

TEST(websocket_client_open, nobody_listening_is_told_of)
{
	begin();
	close(origin.listener);
	connect_to("ws://127.0.0.1:%u/", NULL);
	expect_said("");
	origin_turn(&origin);
	expect_said("failed:-18 ");
	assert_non_null(strstr(sentence, "connecting to 127.0.0.1 port "));
	rill_loop_free(origin.loop);
	origin.loop = NULL;
}

TEST(websocket_client_open, a_silent_server_has_its_time_and_no_more)
{
	rill_websocket_client_options options = defaults();
	begin();
	ask(NULL);
	origin_pass(&origin, 9990);
	expect_said("");
	origin_pass(&origin, 20);
	expect_failed(RILL_ETIMEDOUT, "the server had not answered after 10 s");
	options.connect.timeout_ms = 1500;
	ask(&options);
	for (int i = 0; i < 14; i++) { /* a head that trickles */
		origin_send(&origin, i ? "X: y\r\n" : "HTTP/1.1 101 X\r\n");
		origin_pass(&origin, 100);
	}
	expect_said("");
	origin_pass(&origin, 120);
	expect_failed(RILL_ETIMEDOUT, "the server had not answered after 1500 ms");
	options.connect.timeout_ms = 0;
	ask(&options);
	origin_pass(&origin, 1000 * 1000);
	expect_said("");
	end();
	expect_said("failed:-3 ");
}

TEST(websocket_client_open, the_timeout_is_over_when_it_is_open)
{
	begin();
	open_up(NULL);
	origin_pass(&origin, 100 * 1000);
	expect_said("open ");
	end();
}

TEST(websocket_client_open, without_on_failed_nothing_is_told)
{
	rill_websocket_client_options options = defaults();
	options.on_failed = NULL;
	begin();
	ask(&options);
	answer("HTTP/1.1 500 X\r\n\r\n");
	expect_said("");
	assert_non_null(strstr(test_log(), "the server answered 500 Internal Server Error"));
	end();
}

/* The test's part of an opening in which anything may go wrong on the other side. */
static void serve_step(bool *answered_it)
{
	char text[1024];
	ssize_t n;
	if (origin.fd < 0)
		origin.fd = accept4(origin.listener, NULL, NULL, SOCK_CLOEXEC);
	if (origin.fd < 0)
		return;
	n = recv(origin.fd, origin.in + origin.in_len, sizeof(origin.in) - origin.in_len - 1,
		MSG_DONTWAIT);
	if (n > 0)
		origin.in_len += (size_t)n;
	origin.in[origin.in_len] = 0;
	const char *key = strstr((char *)origin.in, "Sec-WebSocket-Key: ");
	if (*answered_it || !strstr((char *)origin.in, "\r\n\r\n") || !key)
		return;
	snprintf(origin.key, sizeof(origin.key), "%.24s", key + 19);
	size_t len = origin_write_101(&origin,
		"Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: permessage-deflate\r\nX: "
		"1\r\n"
		"X: 2\r\n",
		"81 02 6869 c1 07 f248cdc9c90700 01 01 61", text, sizeof(text));
	send(origin.fd, text, len, MSG_NOSIGNAL);
	send(origin.fd, "\x80\x01\x62\x88\x02\x03\xe8", 7, MSG_NOSIGNAL);
	*answered_it = true;
}

static void whole_life(void *arg)
{
	static const char *const protocols[] = { "a", "b", NULL };
	static const char *const headers[] = { "Cookie: a=b", NULL };
	rill_websocket_client_options options = defaults();
	char url[64];
	bool answered_it = false;

	(void)arg;
	said[0] = 0;
	in_open = NULL;
	in_failed = NULL;
	rill_loop *loop = origin_loop();
	if (!loop)
		return;
	origin_start(&origin, loop);
	options.protocols = protocols;
	options.connect.headers = headers;
	options.deflate.threshold = 3;
	snprintf(url, sizeof(url), "ws://u:p@127.0.0.1:%u/", origin.port);
	int rc = rill_websocket_connect(&conn, loop, url, &handler, &options);
	if (rc == 0) {
		rill_ping(conn, "x", 1, NULL, NULL);
		rill_send_text(conn, "to be compressed");
		for (int i = 0; !strstr(said, "failed") && !strstr(said, "close"); i++) {
			assert_true(i < 5000);
			serve_step(&answered_it);
			rill_loop_wait(loop, 1);
		}
	} else {
		assert_int_equal(rc, RILL_ENOMEM);
		assert_string_not_equal(rill_loop_error(loop), "");
	}
	if (!test_allocation_failed())
		assert_string_equal(said, "open text:hi text:Hello text:ab close:1000: ");
	end();
}

TEST(websocket_client_open, each_failing_allocation_is_survived)
{
	test_each_failing_allocation(whole_life, NULL);
}
