/* ws_client_handshake.h: the client's side of the opening handshake (RFC 6455, 4.1): the fields of
 * the request, and whether what the server answered opens a WebSocket. The extensions in both are
 * ws_pipeline.h's. */
#ifndef RL_WIRE_WS_CLIENT_HANDSHAKE_H
#define RL_WIRE_WS_CLIENT_HANDSHAKE_H

#include "wire/ws_handshake.h"

/* Sec-WebSocket-Key: base64 of 16 random bytes, with a NUL behind it. */
#define RL_WS_KEY_LEN 24
void rl_ws_make_key(const struct rl_env *env, char key[RL_WS_KEY_LEN + 1]);

/* What a client asks for. */
struct rl_ws_wish {
	const char *key;
	const char *const *protocols; /* NULL-terminated; NULL: none */
	struct rl_slice extensions;   /* the offer; empty: none */
};

/* The sentence about the first of these names that is no token or comes twice (RFC 6455, 4.1, item
 * 10); NULL when all are fine. Static. */
const char *rl_ws_protocols_fault(const char *const *protocols);

/* Appends the handshake's fields, each with its line end. 0, RILL_ENOMEM. */
int rl_ws_write_request_fields(const struct rl_ws_wish *wish, struct rl_buf *out);

/* Is this a field which the handshake sets, so that a program may not? */
bool rl_ws_own_request_field(struct rl_slice name);

#define RL_WS_SENTENCE 160

/* Judges the final head that came in answer. 0 and the subprotocol, as it stands in the head or
 * empty; RILL_EREFUSED: another status than 101; RILL_EPROTO: it breaks the protocol; RILL_ENOMEM; with one
 * sentence about why. What extensions it names is not looked at. */
int rl_ws_judge_answer(const struct rl_http1_head *head, const struct rl_ws_wish *wish,
	struct rl_slice *protocol, char sentence[RL_WS_SENTENCE]);

#endif
