/* ws_extension.h: the grammar of Sec-WebSocket-Extensions (RFC 6455, 9.1): a comma-separated list
 * of extensions, each a token with parameters. What the parameters mean is the extension's. */
#ifndef RL_WIRE_WS_EXTENSION_H
#define RL_WIRE_WS_EXTENSION_H

#include "base/slice.h"

/* One extension of the list. The slices point into the header. */
struct rl_ws_extension {
	struct rl_slice name;
	struct rl_slice params; /* used up by rl_ws_next_param() */
};

struct rl_ws_param {
	struct rl_slice name;
	struct rl_slice value; /* of a quoted one what is between the quotes, as it is written */
	bool has_value;
	bool quoted;
};

/* Takes the next extension, checked whole, off *header; empty elements are skipped (RFC 9110,
 * 5.6.1.2), and an empty header is an empty list. Returns 1; 0 when the list is used up;
 * RILL_EPROTO when the header breaks the grammar: *header is not to be read on. */
int rl_ws_next_extension(struct rl_slice *header, struct rl_ws_extension *extension);

/* Takes the next parameter off an extension that rl_ws_next_extension() gave; false when there
 * are no more. */
bool rl_ws_next_param(struct rl_ws_extension *extension, struct rl_ws_param *param);

/* The value with its quoting undone, in value->data or, where there were escapes, in room. False
 * when it does not fit into size bytes. */
bool rl_ws_param_value(
	const struct rl_ws_param *param, uint8_t *room, size_t size, struct rl_slice *value);

/* Does the whole header keep to the grammar? 0 or RILL_EPROTO. */
int rl_ws_check_extensions(struct rl_slice header);

#endif
