/* ws_tap.h: reads frames off a copy of a byte stream, for traces: headers as they stand, and the
 * beginning of each payload, unmasked. It judges nothing and keeps nothing but one frame. */
#ifndef RL_WIRE_WS_TAP_H
#define RL_WIRE_WS_TAP_H

#include "base/slice.h"
#include "wire/ws_frame.h"

#define RL_WS_TAP_PREVIEW 256 /* bytes of a payload kept */

struct rl_ws_tap {
	struct rl_ws_head head;
	uint8_t head_bytes[RL_WS_HEAD_MAX];
	uint8_t head_len; /* bytes of the header so far */
	bool in_payload;
	uint64_t seen; /* bytes of the payload so far */
	size_t preview_len;
	uint8_t preview[RL_WS_TAP_PREVIEW];
};

/* Starts at the beginning of a frame, after skip bytes of one that is under way. */
void rl_ws_tap_init(struct rl_ws_tap *tap, uint64_t skip);

/* Reads on; 1 when a frame is complete: head, head_bytes[0..head.size) and preview are good until
 * the next call. 0 when more bytes are needed. */
int rl_ws_tap_next(struct rl_ws_tap *tap, struct rl_slice *in);

#endif
