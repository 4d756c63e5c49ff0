/* ws_client_handshake.c: see ws_client_handshake.h.
 *
 * An answer is judged in the order of RFC 6455, 4.1, and whatever is not as it says fails the
 * opening: a server, or something in between, that has not understood the request must not be
 * spoken to in frames. Sentences name statuses by their registered phrase, never by what the
 * server wrote there. */
#include <openssl/evp.h>
#include <rill/error.h>
#include <stdio.h>
#include "wire/ws_client_handshake.h"

#define FIELD_PROTOCOL RL_SLICE("Sec-WebSocket-Protocol")
#define FIELD_ACCEPT   RL_SLICE("Sec-WebSocket-Accept")

void rl_ws_make_key(const struct rl_env *env, char key[RL_WS_KEY_LEN + 1])
{
	uint8_t random[16];
	env->random(random, sizeof(random), env->user);
	EVP_EncodeBlock((uint8_t *)key, random, sizeof(random));
}

const char *rl_ws_protocols_fault(const char *const *protocols)
{
	for (const char *const *p = protocols; p && *p; p++) {
		if (!rl_slice_is_token(rl_slice_str(*p)))
			return "a subprotocol's name is not a token";
		for (const char *const *q = protocols; q < p; q++)
			if (strcmp(*p, *q) == 0)
				return "a subprotocol is named twice";
	}
	return NULL;
}

static int write_protocols(const char *const *protocols, struct rl_buf *out)
{
	if (!protocols || !*protocols)
		return 0;
	int rc = rl_buf_append_str(out, "Sec-WebSocket-Protocol: ");
	for (const char *const *p = protocols; rc == 0 && *p; p++) {
		rc = rl_buf_append_str(out, p > protocols ? ", " : "");
		if (rc == 0)
			rc = rl_buf_append_str(out, *p);
	}
	return rc == 0 ? rl_buf_append_str(out, "\r\n") : rc;
}

int rl_ws_write_request_fields(const struct rl_ws_wish *wish, struct rl_buf *out)
{
	size_t before = out->len;
	int rc = rl_buf_append_str(out, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
					"Sec-WebSocket-Version: 13\r\n");
	if (rc == 0)
		rc = rl_http1_write_field(
			out, RL_SLICE("Sec-WebSocket-Key"), rl_slice_str(wish->key));
	if (rc == 0)
		rc = write_protocols(wish->protocols, out);
	if (rc == 0 && wish->extensions.len)
		rc = rl_http1_write_field(
			out, RL_SLICE("Sec-WebSocket-Extensions"), wish->extensions);
	if (rc < 0)
		out->len = before;
	return rc;
}

bool rl_ws_own_request_field(struct rl_slice name)
{
	return rl_slice_equal_nocase(name, RL_SLICE("Upgrade")) ||
	       rl_slice_equal_nocase(rl_slice(name.data, name.len < 14 ? name.len : 14),
		       RL_SLICE("Sec-WebSocket-"));
}

static int refuse(char sentence[RL_WS_SENTENCE], const char *text)
{
	snprintf(sentence, RL_WS_SENTENCE, "%s", text);
	return RILL_EPROTO;
}

static int judge_status(const struct rl_http1_head *head, char sentence[RL_WS_SENTENCE])
{
	const char *phrase = rl_http1_reason(head->status);
	if (head->status != 101) {
		bool known = strcmp(phrase, "Unknown") != 0;
		snprintf(sentence, RL_WS_SENTENCE, "the server answered %d%s%s instead of 101",
			head->status, known ? " " : "", known ? phrase : "");
		return RILL_EREFUSED;
	}
	/* RFC 9110, 7.8: an upgrade is not HTTP/1.0's. */
	if (head->minor == 0)
		return refuse(sentence, "the server answered 101 in HTTP/1.0");
	return 0;
}

static int judge_upgrade(const struct rl_http1_head *head, char sentence[RL_WS_SENTENCE])
{
	struct rl_slice value;
	if (!rl_http1_field(head, RL_SLICE("Upgrade"), &value))
		return refuse(sentence, "the server's answer has no Upgrade field");
	if (rl_http1_field_count(head, RL_SLICE("Upgrade")) > 1 ||
		!rl_slice_equal_nocase(value, RL_SLICE("websocket")))
		return refuse(sentence, "the server upgrades to something else than a WebSocket");
	if (!rl_http1_has_token(head, RL_SLICE("Connection"), RL_SLICE("upgrade")))
		return refuse(sentence, "the server's answer has no Connection: Upgrade");
	return 0;
}

static int judge_accept(
	const struct rl_http1_head *head, const char *key, char sentence[RL_WS_SENTENCE])
{
	char accept[RL_WS_ACCEPT_LEN + 1];
	struct rl_slice value;
	if (!rl_http1_field(head, FIELD_ACCEPT, &value))
		return refuse(sentence, "the server's answer has no Sec-WebSocket-Accept");
	if (rl_http1_field_count(head, FIELD_ACCEPT) > 1)
		return refuse(sentence, "the server's answer has two Sec-WebSocket-Accept fields");
	rl_ws_accept_key(rl_slice_str(key), accept);
	if (!accept[0]) {
		refuse(sentence, "out of memory");
		return RILL_ENOMEM;
	}
	if (!rl_slice_equal(value, rl_slice_str(accept)))
		return refuse(
			sentence, "the server's Sec-WebSocket-Accept does not belong to our key");
	return 0;
}

/* None is fine, also where some were offered: RFC 6455, 4.1 asks no more. */
static int judge_protocol(const struct rl_http1_head *head, const char *const *offered,
	struct rl_slice *protocol, char sentence[RL_WS_SENTENCE])
{
	*protocol = rl_slice(NULL, 0);
	if (!rl_http1_field(head, FIELD_PROTOCOL, protocol))
		return 0;
	if (rl_http1_field_count(head, FIELD_PROTOCOL) > 1)
		return refuse(
			sentence, "the server's answer has several Sec-WebSocket-Protocol fields");
	for (; offered && *offered; offered++)
		if (rl_slice_equal(*protocol, rl_slice_str(*offered)))
			return 0;
	return refuse(sentence, "the server chose a subprotocol that was not offered");
}

int rl_ws_judge_answer(const struct rl_http1_head *head, const struct rl_ws_wish *wish,
	struct rl_slice *protocol, char sentence[RL_WS_SENTENCE])
{
	int rc = judge_status(head, sentence);
	if (rc == 0)
		rc = judge_upgrade(head, sentence);
	if (rc == 0)
		rc = judge_accept(head, wish->key, sentence);
	if (rc == 0)
		rc = judge_protocol(head, wish->protocols, protocol, sentence);
	return rc;
}
