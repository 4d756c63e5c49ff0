/* ws_extension_io.h: what stands behind the handles of rill/extension.h: parameters to be read and
 * bytes to be put out. For the extensions' framework and for permessage-deflate, which needs no detour
 * through copies. */
#ifndef RL_WIRE_WS_EXTENSION_IO_H
#define RL_WIRE_WS_EXTENSION_IO_H

#include <rill/extension.h>
#include "base/buf.h"
#include "wire/deflate.h"
#include "wire/ws_extension.h"

struct rill_extension_params {
	struct rl_ws_extension extension; /* checked */
	uint8_t *
		room; /* for values without their escapes, each where it stands; NULL: no escapes */
	/* Where parameter next begins, so that asking for one after the other is linear. */
	struct rl_ws_extension rest;
	size_t next;
};

struct rill_extension_output {
	struct rl_buf *buf;
	size_t cap; /* what buf->len may reach */
	int failed; /* the first failure: it counts also when the extension keeps it to itself */
};

/* permessage-deflate as a row of the table; its user is a struct rl_deflate_offer. */
struct rl_deflate_offer {
	const struct rl_env *env;
	struct rl_deflate_options options;
	struct rl_deflate_pool *pool;
};
extern const rill_extension rl_deflate_extension;

#endif
