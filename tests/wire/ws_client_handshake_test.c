/* Proves what wire/ws_client_handshake.h promises. (Answers of every kind, over a connection, are in
 * proto/websocket_client_open_test.c.) */
#include <rill/error.h>
#include <string.h>
#include "support/support.h"
#include "wire/ws_client_handshake.h"

static const char rfc_key[] = "dGhlIHNhbXBsZSBub25jZQ=="; /* RFC 6455, 1.3 */

TEST(ws_client_handshake, a_key_is_base64_of_16_random_bytes)
{
	char key[RL_WS_KEY_LEN + 1], other[RL_WS_KEY_LEN + 1];
	rl_ws_make_key(test_env(), key);
	rl_ws_make_key(test_env(), other);
	assert_int_equal(strlen(key), RL_WS_KEY_LEN);
	assert_string_equal(key + 22, "==");
	assert_string_not_equal(key, other);
}

TEST(ws_client_handshake, the_fields_say_what_is_wished_for)
{
	static const char *const protocols[] = { "a", "b", NULL };
	static const char *const none[] = { NULL };
	struct rl_ws_wish wish = { .key = rfc_key };
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_ws_write_request_fields(&wish, &out), 0);
	test_expect_text(out.data, out.len,
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
	size_t plain = out.len;
	rl_buf_release(&out);
	wish.protocols = none;
	assert_int_equal(rl_ws_write_request_fields(&wish, &out), 0);
	assert_int_equal(out.len, plain);
	wish.protocols = protocols;
	wish.extensions = RL_SLICE("x; y=1");
	out.len = 0;
	assert_int_equal(rl_ws_write_request_fields(&wish, &out), 0);
	test_expect_text(out.data + plain, out.len - plain,
		"Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: x; y=1\r\n");
	rl_buf_release(&out);
}

static void write_fields(void *arg)
{
	static const char *const protocols[] = { "a-protocol-of-some-length", "another", NULL };
	const struct rl_ws_wish wish = { rfc_key, protocols,
		RL_SLICE("some; extension=\"of mine\"") };
	struct rl_buf out;
	(void)arg;
	rl_buf_init(&out, test_env());
	if (rl_ws_write_request_fields(&wish, &out) < 0)
		assert_int_equal(out.len, 0);
	rl_buf_release(&out);
}

TEST(ws_client_handshake, nothing_is_written_when_memory_is_short)
{
	test_each_failing_allocation(write_fields, NULL);
}

TEST(ws_client_handshake, its_own_fields_are_known_in_any_case)
{
	assert_true(rl_ws_own_request_field(RL_SLICE("upgrade")));
	assert_true(rl_ws_own_request_field(RL_SLICE("SEC-WEBSOCKET-Key")));
	assert_true(rl_ws_own_request_field(RL_SLICE("Sec-WebSocket-Anything")));
	assert_false(rl_ws_own_request_field(RL_SLICE("Sec-WebSocket")));
	assert_false(rl_ws_own_request_field(RL_SLICE("Origin")));
	assert_false(rl_ws_own_request_field(RL_SLICE("")));
}

/* Judges an answer read from memory that ends with it. */
static int judge(const char *text, struct rl_slice *protocol, char sentence[RL_WS_SENTENCE])
{
	static const char *const protocols[] = { "chat", NULL };
	const struct rl_ws_wish wish = { .key = rfc_key, .protocols = protocols };
	struct rl_http1_limits limits;
	struct rl_http1_event ev;
	struct rl_http1 parser;
	size_t len = strlen(text);
	struct rl_slice in = rl_slice(test_guarded(text, len), len);
	rl_http1_limits_default(&limits);
	rl_http1_init(&parser, test_env(), RL_HTTP1_RESPONSE, &limits);
	assert_int_equal(rl_http1_next(&parser, &in, &ev), 1);
	int rc = rl_ws_judge_answer(&parser.head, &wish, protocol, sentence);
	rl_http1_fini(&parser);
	return rc;
}

TEST(ws_client_handshake, the_answer_of_the_standard_opens)
{
	struct rl_slice protocol;
	char sentence[RL_WS_SENTENCE];
	assert_int_equal(judge("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			       "Connection: Upgrade\r\n"
			       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
			       "Sec-WebSocket-Protocol: chat\r\n\r\n",
				 &protocol, sentence),
		0);
	test_expect_text(protocol.data, protocol.len, "chat");
}

TEST(ws_client_handshake, an_accept_is_compared_with_its_case)
{
	struct rl_slice protocol;
	char sentence[RL_WS_SENTENCE];
	assert_int_equal(judge("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			       "Connection: Upgrade\r\n"
			       "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
				 &protocol, sentence),
		RILL_EPROTO);
	assert_string_equal(
		sentence, "the server's Sec-WebSocket-Accept does not belong to our key");
}

TEST(ws_client_handshake, faults_of_subprotocols_are_found)
{
	static const char *const good[] = { "a", "A", "b.c", NULL };
	static const char *const twice[] = { "a", "b", "a", NULL };
	static const char *const empty[] = { "", NULL };
	assert_null(rl_ws_protocols_fault(NULL));
	assert_null(rl_ws_protocols_fault(good));
	assert_string_equal(rl_ws_protocols_fault(twice), "a subprotocol is named twice");
	assert_string_equal(rl_ws_protocols_fault(empty), "a subprotocol's name is not a token");
}
