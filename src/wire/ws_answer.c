/* ws_answer.c: the 101 that opens a WebSocket, for each version: see ws_handshake.h.
 *
 * The clients of hixie-75 and hixie-76 read the first lines by their place and letter by letter,
 * so nothing of the application's comes before them. */

/* OpenSSL 3 would have SHA-1 asked for by name: SHA1() looks the algorithm up, takes locks and
 * allocates each time, which costs more than the digest of 60 bytes does. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <rill/error.h>
#include "wire/ws_handshake.h"

/* RFC 6455, 1.3; the drafts hybi-07 to hybi-12 have the same. */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static bool digest_of(const uint8_t *text, size_t len, uint8_t digest[SHA_DIGEST_LENGTH])
{
#ifdef OPENSSL_NO_DEPRECATED_3_0
	return SHA1(text, len, digest);
#else
	SHA_CTX sha;

	return SHA1_Init(&sha) && SHA1_Update(&sha, text, len) && SHA1_Final(digest, &sha);
#endif
}

void rl_ws_accept_key(struct rl_slice key, char accept[RL_WS_ACCEPT_LEN + 1])
{
	uint8_t text[64 + sizeof(GUID)];
	uint8_t digest[SHA_DIGEST_LENGTH];

	assert(key.len <= 64);
	memcpy(text, key.data, key.len);
	memcpy(text + key.len, GUID, sizeof(GUID) - 1);
	accept[0] = 0;
	if (digest_of(text, key.len + sizeof(GUID) - 1, digest))
		EVP_EncodeBlock((uint8_t *)accept, digest, sizeof(digest));
}

static int write_field(struct rl_buf *out, const char *name, struct rl_slice value)
{
	return value.len ? rl_http1_write_field(out, rl_slice_str(name), value) : 0;
}

static int write_hybi(
	const struct rl_ws_request *request, const struct rl_ws_answer *answer, struct rl_buf *out)
{
	char accept[RL_WS_ACCEPT_LEN + 1];

	rl_ws_accept_key(request->key, accept);
	if (!accept[0])
		return RILL_ENOMEM;
	int rc = rl_buf_append_slice(out, RL_SLICE("HTTP/1.1 101 Switching Protocols\r\n"));
	if (rc == 0)
		rc = rl_buf_append_slice(out, answer->fields);
	if (rc == 0)
		rc = rl_buf_append_slice(
			out, RL_SLICE("Upgrade: websocket\r\nConnection: Upgrade\r\n"
				      "Sec-WebSocket-Accept: "));
	if (rc == 0)
		rc = rl_buf_append(out, accept, RL_WS_ACCEPT_LEN);
	if (rc == 0)
		rc = rl_buf_append_slice(out, RL_SLICE("\r\n"));
	if (rc == 0)
		rc = write_field(out, "Sec-WebSocket-Protocol", answer->protocol);
	if (rc == 0)
		rc = write_field(out, "Sec-WebSocket-Extensions", answer->extensions);
	return rc;
}

/* What the two drafts call the parts of their answer. */
struct hixie_words {
	const char *status, *origin, *location, *protocol;
};

static const struct hixie_words words_75 = { "HTTP/1.1 101 Web Socket Protocol Handshake\r\n",
	"WebSocket-Origin", "WebSocket-Location", "WebSocket-Protocol" };
static const struct hixie_words words_76 = { "HTTP/1.1 101 WebSocket Protocol Handshake\r\n",
	"Sec-WebSocket-Origin", "Sec-WebSocket-Location", "Sec-WebSocket-Protocol" };

static int write_location(const char *name, const struct rl_ws_answer *answer, struct rl_buf *out)
{
	int rc = rl_buf_append_str(out, name);
	if (rc == 0)
		rc = rl_buf_append_str(out, answer->tls ? ": wss://" : ": ws://");
	if (rc == 0)
		rc = rl_buf_append_slice(out, answer->host);
	if (rc == 0)
		rc = rl_buf_append_slice(out, answer->target);
	if (rc == 0)
		rc = rl_buf_append_str(out, "\r\n");
	return rc;
}

static int write_hixie(const struct hixie_words *words, const struct rl_ws_request *request,
	const struct rl_ws_answer *answer, struct rl_buf *out)
{
	int rc = rl_buf_append_str(out, words->status);
	if (rc == 0)
		rc = rl_buf_append_str(out, "Upgrade: WebSocket\r\nConnection: Upgrade\r\n");
	if (rc == 0)
		rc = write_field(out, words->origin, request->origin);
	if (rc == 0)
		rc = write_location(words->location, answer, out);
	if (rc == 0)
		rc = write_field(out, words->protocol, answer->protocol);
	if (rc == 0)
		rc = rl_buf_append_slice(out, answer->fields);
	return rc;
}

int rl_ws_write_answer(
	const struct rl_ws_request *request, const struct rl_ws_answer *answer, struct rl_buf *out)
{
	size_t before = out->len;
	int rc;

	if (request->version == RL_WS_HIXIE75)
		rc = write_hixie(&words_75, request, answer, out);
	else if (request->version == RL_WS_HIXIE76)
		rc = write_hixie(&words_76, request, answer, out);
	else
		rc = write_hybi(request, answer, out);
	if (rc == 0)
		rc = rl_buf_append_str(out, "\r\n");
	if (rc < 0)
		out->len = before;
	return rc;
}
