/* ws_handshake.c: reading a request for a WebSocket: see ws_handshake.h.
 *
 * Which fields are there says which of the protocols the client speaks: a version or a key means
 * RFC 6455 or a late draft, a first or second key hixie-76, none of them hixie-75. Everything
 * that is wrong is told in one sentence, the version by 426 (RFC 6455, 4.4), the rest by 400. */
#include <rill/error.h>
#include "wire/ws_extension.h"
#include "wire/ws_handshake.h"

/* Names are compared two by two, and nobody speaks so many languages. */
#define MAX_PROTOCOLS    256

#define KEY_LEN          24 /* base64 of 16 bytes */

#define FIELD_PROTOCOL   RL_SLICE("Sec-WebSocket-Protocol")
#define FIELD_EXTENSIONS RL_SLICE("Sec-WebSocket-Extensions")
#define FIELD_VERSION    RL_SLICE("Sec-WebSocket-Version")
#define FIELD_KEY        RL_SLICE("Sec-WebSocket-Key")
#define FIELD_KEY1       RL_SLICE("Sec-WebSocket-Key1")
#define FIELD_KEY2       RL_SLICE("Sec-WebSocket-Key2")

const char *rl_ws_version_name(enum rl_ws_version version)
{
	static const char *const names[] = {
		[RL_WS_HYBI13] = "hybi-13",
		[RL_WS_HYBI08] = "hybi-08",
		[RL_WS_HYBI07] = "hybi-07",
		[RL_WS_HIXIE76] = "hixie-76",
		[RL_WS_HIXIE75] = "hixie-75",
	};
	return names[version];
}

/* What a handshake has: GET, Connection: upgrade, Upgrade: websocket (RFC 6455, 4.2.1). */
static bool is_upgrade(const struct rl_http1_head *head)
{
	return rl_slice_equal(rl_http1_text(head, head->method), RL_SLICE("GET")) &&
	       rl_http1_has_token(head, RL_SLICE("Connection"), RL_SLICE("upgrade")) &&
	       rl_http1_has_token(head, RL_SLICE("Upgrade"), RL_SLICE("websocket"));
}

static bool has(const struct rl_http1_head *head, struct rl_slice name)
{
	struct rl_slice value;
	return rl_http1_field(head, name, &value);
}

bool rl_ws_asked(const struct rl_http1_head *head)
{
	/* Proxies that are not told better take Upgrade and Connection away and leave the rest;
	 * that is worth a sentence, and so is a client that sends the one without the other. */
	return rl_http1_has_token(head, RL_SLICE("Upgrade"), RL_SLICE("websocket")) ||
	       has(head, FIELD_KEY) || has(head, FIELD_VERSION) || has(head, FIELD_KEY1) ||
	       has(head, FIELD_KEY2);
}

static int refuse(struct rl_ws_request *request, uint16_t status, const char *text)
{
	request->error_status = status;
	request->error_text = text;
	return RILL_EPROTO;
}

/* What every version wants of the HTTP request (RFC 6455, 4.2.1). A body would be read as
 * frames. */
static int check_http(const struct rl_http1_head *head, struct rl_ws_request *request)
{
	if (!is_upgrade(head))
		return refuse(request, 400,
			"A WebSocket request is a GET with Connection: Upgrade and Upgrade: "
			"websocket.");
	if (head->minor == 0)
		return refuse(request, 400, "A WebSocket needs HTTP/1.1.");
	if (rl_http1_field_count(head, RL_SLICE("Host")) != 1)
		return refuse(request, 400, "A WebSocket request needs one Host field.");
	if (head->framing != RL_HTTP1_NO_BODY)
		return refuse(request, 400, "A WebSocket request has no body.");
	return 0;
}

/* An origin decides who gets in, so there must not be two to choose from. */
static int read_origin(
	const struct rl_http1_head *head, struct rl_slice name, struct rl_ws_request *request)
{
	size_t count = rl_http1_field_count(head, name);
	if (count > 1)
		return refuse(request, 400, "The origin is given more than once.");
	if (count == 1)
		request->has_origin = rl_http1_field(head, name, &request->origin);
	return 0;
}

static int read_version(const struct rl_http1_head *head, const struct rl_ws_versions *versions,
	struct rl_ws_request *request)
{
	struct rl_slice value = RL_SLICE("");
	rl_http1_field(head, FIELD_VERSION, &value);
	if (rl_slice_equal(value, RL_SLICE("13"))) {
		request->version = RL_WS_HYBI13;
		return 0;
	}
	if (versions->hybi && rl_slice_equal(value, RL_SLICE("8"))) {
		request->version = RL_WS_HYBI08;
		return 0;
	}
	if (versions->hybi && rl_slice_equal(value, RL_SLICE("7"))) {
		request->version = RL_WS_HYBI07;
		return 0;
	}
	return refuse(request, 426,
		value.len ? "This Sec-WebSocket-Version is not supported."
			  : "Sec-WebSocket-Version is missing.");
}

static bool is_base64(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/';
}

/* Base64 of 16 bytes: 22 symbols and "==". The last symbol carries four bits that mean nothing;
 * RFC 4648, 3.5 lets a decoder insist that they are 0. We do not: the key is only echoed, and
 * clients that draw 22 symbols at random are about. */
static bool is_key(struct rl_slice key)
{
	if (key.len != KEY_LEN || memcmp(key.data + KEY_LEN - 2, "==", 2) != 0)
		return false;
	for (size_t i = 0; i < KEY_LEN - 2; i++)
		if (!is_base64(key.data[i]))
			return false;
	return true;
}

static int read_key(const struct rl_http1_head *head, struct rl_ws_request *request)
{
	if (!rl_http1_field(head, FIELD_KEY, &request->key))
		return refuse(request, 400, "Sec-WebSocket-Key is missing.");
	if (!is_key(request->key))
		return refuse(request, 400, "Sec-WebSocket-Key is not the base64 of 16 bytes.");
	return 0;
}

/* Names of subprotocols are tokens and unique, and the field is there to hold at least one
 * (RFC 6455, 4.1, item 10). */
static int check_protocols(const struct rl_http1_head *head, struct rl_ws_request *request)
{
	struct rl_ws_protocol_cursor cursor = { 0 };
	struct rl_slice names[MAX_PROTOCOLS];
	size_t count = 0;

	if (!rl_http1_field_count(head, FIELD_PROTOCOL))
		return 0;
	while (count < MAX_PROTOCOLS && rl_ws_next_protocol(head, &cursor, &names[count])) {
		if (!rl_slice_is_token(names[count]))
			return refuse(request, 400, "A subprotocol's name is not a token.");
		for (size_t i = 0; i < count; i++)
			if (rl_slice_equal(names[i], names[count]))
				return refuse(request, 400, "A subprotocol is named twice.");
		count++;
	}
	if (count == MAX_PROTOCOLS)
		return refuse(request, 400, "Too many subprotocols are named.");
	if (count == 0)
		return refuse(request, 400, "Sec-WebSocket-Protocol names no subprotocol.");
	return 0;
}

/* Each field is a list by itself, and so is what they are joined to. */
static int check_extensions(const struct rl_http1_head *head, struct rl_ws_request *request)
{
	struct rl_slice value;
	size_t cursor = 0;

	while (rl_http1_next_field(head, FIELD_EXTENSIONS, &cursor, &value))
		if (rl_ws_check_extensions(value) < 0)
			return refuse(request, 400, "Sec-WebSocket-Extensions is malformed.");
	return 0;
}

/* RFC 6455, 4.2.1, and the drafts that differ from it only in where the origin stands. */
static int read_hybi(const struct rl_http1_head *head, const struct rl_ws_versions *versions,
	struct rl_ws_request *request)
{
	if (rl_http1_field_count(head, FIELD_VERSION) > 1)
		return refuse(request, 400, "Sec-WebSocket-Version is repeated.");
	if (rl_http1_field_count(head, FIELD_KEY) > 1)
		return refuse(request, 400, "Sec-WebSocket-Key is repeated.");
	int rc = read_version(head, versions, request);
	if (rc == 0)
		rc = read_key(head, request);
	if (rc == 0 && request->version != RL_WS_HYBI13)
		rc = read_origin(head, RL_SLICE("Sec-WebSocket-Origin"), request);
	if (rc == 0 && !request->has_origin)
		rc = read_origin(head, RL_SLICE("Origin"), request);
	if (rc == 0)
		rc = check_protocols(head, request);
	if (rc == 0)
		rc = check_extensions(head, request);
	return rc;
}

/* hixie-76, 5.2: the digits of a key are a number, which its spaces divide. */
static bool divide_key(struct rl_slice key, uint32_t *quotient)
{
	uint64_t number = 0, spaces = 0;

	for (size_t i = 0; i < key.len; i++) {
		uint8_t c = key.data[i];
		if (c == ' ')
			spaces++;
		if (c < '0' || c > '9')
			continue;
		if (__builtin_mul_overflow(number, 10u, &number) ||
			__builtin_add_overflow(number, (uint64_t)(c - '0'), &number))
			return false;
	}
	if (!spaces || !number || number % spaces || number / spaces > UINT32_MAX)
		return false;
	*quotient = (uint32_t)(number / spaces);
	return true;
}

static int read_hixie76(const struct rl_http1_head *head, struct rl_ws_request *request)
{
	request->version = RL_WS_HIXIE76;
	if (rl_http1_field_count(head, FIELD_KEY1) != 1 ||
		rl_http1_field_count(head, FIELD_KEY2) != 1)
		return refuse(request, 400,
			"Sec-WebSocket-Key1 and Sec-WebSocket-Key2 have to be there once.");
	rl_http1_field(head, FIELD_KEY1, &request->key1);
	rl_http1_field(head, FIELD_KEY2, &request->key2);
	if (!divide_key(request->key1, &request->number1) ||
		!divide_key(request->key2, &request->number2))
		return refuse(request, 400, "The keys of the WebSocket request are invalid.");
	return read_origin(head, RL_SLICE("Origin"), request);
}

static int read_hixie75(const struct rl_http1_head *head, struct rl_ws_request *request)
{
	request->version = RL_WS_HIXIE75;
	return read_origin(head, RL_SLICE("Origin"), request);
}

int rl_ws_read_request(const struct rl_http1_head *head, const struct rl_ws_versions *versions,
	struct rl_ws_request *request)
{
	*request = (struct rl_ws_request){ 0 };
	int rc = check_http(head, request);
	if (rc < 0)
		return rc;
	if (has(head, FIELD_VERSION) || has(head, FIELD_KEY))
		return read_hybi(head, versions, request);
	if (!versions->hixie)
		return refuse(request, 400, "Sec-WebSocket-Key is missing.");
	if (has(head, FIELD_KEY1) || has(head, FIELD_KEY2))
		return read_hixie76(head, request);
	return read_hixie75(head, request);
}

bool rl_ws_next_protocol(const struct rl_http1_head *head, struct rl_ws_protocol_cursor *cursor,
	struct rl_slice *name)
{
	while (!cursor->started || !rl_slice_next_element(&cursor->rest, name)) {
		if (!rl_http1_next_field(head, FIELD_PROTOCOL, &cursor->field, &cursor->rest))
			return false;
		cursor->started = true;
	}
	return true;
}

struct rl_slice rl_ws_pick_protocol(const struct rl_http1_head *head, const char *const *supported)
{
	struct rl_ws_protocol_cursor cursor = { 0 };
	struct rl_slice name;

	while (supported && rl_ws_next_protocol(head, &cursor, &name))
		for (const char *const *s = supported; *s; s++)
			if (rl_slice_equal(name, rl_slice_str(*s)))
				return name;
	return rl_slice(NULL, 0);
}

int rl_ws_join_extensions(const struct rl_http1_head *head, struct rl_buf *out)
{
	size_t before = out->len, cursor = 0;
	struct rl_slice value;
	int rc = 0;

	while (rc == 0 && rl_http1_next_field(head, FIELD_EXTENSIONS, &cursor, &value)) {
		if (out->len > before)
			rc = rl_buf_append_str(out, ", ");
		if (rc == 0)
			rc = rl_buf_append_slice(out, value);
	}
	if (rc < 0)
		out->len = before;
	return rc;
}
