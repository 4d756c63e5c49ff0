/* ws_session_impl.h: between the parts of a session: headers and control frames in (ws_session.c),
 * data in (ws_session_data.c), and everything out (ws_session_out.c); for these alone. */
#ifndef RL_WIRE_WS_SESSION_IMPL_H
#define RL_WIRE_WS_SESSION_IMPL_H

#include "wire/ws_session.h"

/* Close codes, RFC 6455, 7.4.1; those of failures stand in ws_fault.h. */
enum {
	RL_WS_NORMAL = 1000,
	RL_WS_NO_CODE = 1005,
	RL_WS_ABNORMAL = 1006,
};

#define CONTROL_MAX 125 /* payload of a control frame, RFC 6455, 5.5 */

static inline bool rl_ws_is_control(uint8_t opcode)
{
	return opcode & 0x8;
}

/* Notes what is wrong, for rl_ws_next() to fail the session with. Returns RILL_EPROTO. */
int rl_ws_wrong(struct rl_ws *ws, enum rl_ws_fault fault);

/* What a Close says of it. */
uint16_t rl_ws_fault_code(enum rl_ws_fault fault);

/* Likewise; returns RILL_ENOMEM. */
int rl_ws_out_of_memory(struct rl_ws *ws);

/* Takes what there is of the current frame's payload off the input, at most limit bytes. They may
 * be written (ws_session.h) and have to go through rl_ws_unmask(). */
uint8_t *rl_ws_take_payload(struct rl_ws *ws, struct rl_slice *in, size_t limit, size_t *n);

/* Makes payload as it was meant (dst) of payload as it came (src, which may be dst), and counts it
 * as done. */
void rl_ws_unmask(struct rl_ws *ws, uint8_t *dst, const uint8_t *src, size_t n);

/* Takes what is there of a data frame's payload: 1 with an event, 0, or what is wrong. */
int rl_ws_take_data(struct rl_ws *ws, struct rl_slice *in, struct rl_ws_event *ev);

void rl_ws_release_message(struct rl_ws *ws);

/* Appends a frame as it is, masked where the role wants it. 0 or RILL_ENOMEM; on
 * failure nothing is appended. */
int rl_ws_append_frame(struct rl_ws *ws, struct rl_buf *out, uint8_t first, struct rl_slice data);

/* The peer's Close has come: answers it where none was sent, state DONE. 0 or RILL_ENOMEM: nothing
 * has changed. */
int rl_ws_closed_by_peer(struct rl_ws *ws, uint16_t code, struct rl_slice reason, uint64_t now);

/* The pong to an automatic ping, or another one. */
void rl_ws_note_pong(struct rl_ws *ws, struct rl_slice data);

#endif
