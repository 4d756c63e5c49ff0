/* ws_handshake.h: the opening handshake: which WebSocket a request asks for, whether it may have
 * it, and what is answered (RFC 6455, section 4; drafts hybi-07 to hybi-12, hixie-75, hixie-76).
 *
 * Works on a head that wire/http1.h has parsed. */
#ifndef RL_WIRE_WS_HANDSHAKE_H
#define RL_WIRE_WS_HANDSHAKE_H

#include "base/buf.h"
#include "base/slice.h"
#include "wire/http1.h"

enum rl_ws_version {
	RL_WS_HYBI13,  /* RFC 6455 */
	RL_WS_HYBI08,  /* Sec-WebSocket-Version 8 */
	RL_WS_HYBI07,  /* 7 */
	RL_WS_HIXIE76,
	RL_WS_HIXIE75,
};

/* "hybi-13", "hybi-08", "hybi-07", "hixie-76", "hixie-75": as faye-websocket names them. */
const char *rl_ws_version_name(enum rl_ws_version version);

/* What a service takes beside version 13. */
struct rl_ws_versions {
	bool hybi;  /* 7 and 8 */
	bool hixie; /* 75 and 76 */
};

/* A request for a WebSocket, read and judged. The slices point into the head. */
struct rl_ws_request {
	enum rl_ws_version version;
	struct rl_slice key;        /* Sec-WebSocket-Key */
	struct rl_slice origin;     /* Origin, or Sec-WebSocket-Origin of hybi-07/08 */
	bool has_origin;
	struct rl_slice key1, key2; /* hixie-76 */
	uint32_t number1, number2;  /* hixie-76: the quotients of the two keys */
	/* Why it was refused: status (400 or 426) and one plain sentence, static. */
	uint16_t error_status;
	const char *error_text;
};

/* Does this mean to be a request for a WebSocket, in order or not: is there an Upgrade:
 * websocket, a Sec-WebSocket-Version or a key? What does not ask is left to other handlers. */
bool rl_ws_asked(const struct rl_http1_head *head);

/* Reads and judges. 0, or RILL_EPROTO with error_status and error_text set: 400 for what is
 * missing, repeated or malformed (key not base64 of 16 bytes, HTTP/1.0, a body announced, an ill
 * formed or repeated subprotocol name, ill formed extensions, keys of hixie-76 that cannot be
 * divided, hixie when it is not taken), 426 for a version that is not taken or not given. */
int rl_ws_read_request(const struct rl_http1_head *head, const struct rl_ws_versions *versions,
		struct rl_ws_request *request);

/* Walks the subprotocols the client offers, over all header fields, in its order. *cursor starts
 * all-zero. */
struct rl_ws_protocol_cursor {
	size_t field;
	struct rl_slice rest;
	bool started;
};
bool rl_ws_next_protocol(const struct rl_http1_head *head, struct rl_ws_protocol_cursor *cursor,
		struct rl_slice *name);

/* The first of the client's offers that stands in the list (NULL-terminated; NULL is an empty
 * list); an empty slice when none does. */
struct rl_slice rl_ws_pick_protocol(
		const struct rl_http1_head *head, const char *const *supported);

/* Appends all Sec-WebSocket-Extensions values, joined by commas, to out. */
int rl_ws_join_extensions(const struct rl_http1_head *head, struct rl_buf *out);

#define RL_WS_ACCEPT_LEN 28

/* Sec-WebSocket-Accept for a key (RFC 6455, 4.2.2), with a NUL behind it; empty when OpenSSL can
 * not make the digest (out of memory). The key is at most 64 bytes. */
void rl_ws_accept_key(struct rl_slice key, char accept[RL_WS_ACCEPT_LEN + 1]);

/* What goes into the answer besides the fixed fields. */
struct rl_ws_answer {
	struct rl_slice fields;     /* ready lines "Name: value\r\n", put first; hixie: last */
	struct rl_slice protocol;   /* empty: none */
	struct rl_slice extensions; /* empty: none */
	bool tls;                   /* hixie: ws or wss in the location */
	struct rl_slice host, target; /* hixie: for the location; target in origin form */
};

/* Appends the whole 101 head for the version of the request. For hixie-76 the 16-byte digest
 * follows later: see hixie.h. 0, RILL_ENOMEM. */
int rl_ws_write_answer(const struct rl_ws_request *request, const struct rl_ws_answer *answer,
		struct rl_buf *out);

#endif
