/* http1_step.h: what the files of the HTTP/1 parser share among themselves: one step of the
 * machine, and how it fails. */
#ifndef RL_WIRE_HTTP1_STEP_H
#define RL_WIRE_HTTP1_STEP_H

#include <rill/error.h>
#include "wire/http1.h"

/* What a step returns, beside a negative code. The first two are what rl_http1_next() returns. */
enum {
	RL_STEP_MORE = 0, /* needs more bytes */
	RL_STEP_EVENT = 1,
	RL_STEP_ON = 2, /* the state has changed, or an event is not due yet: take the next step */
};

/* Ends the parser: RILL_EPROTO with what to answer. text must be static. */
int rl_http1_fail(struct rl_http1 *p, uint16_t status, const char *text);

/* Enters the field i, whose name that is, into the index. */
static inline void rl_http1_index_add(struct rl_http1_index *index, struct rl_slice name, size_t i)
{
	unsigned number = rl_http1_name_number(name);
	uint64_t bit = UINT64_C(1) << number;

	if (index->present & bit) {
		index->repeated |= bit;
		return;
	}
	index->present |= bit;
	index->first[number] = i < RL_HTTP1_FAR ? (uint8_t)i : RL_HTTP1_FAR;
}

/* One step in a state of a head, http1_head.c, or of a body, http1_body.c. */
int rl_http1_head_step(struct rl_http1 *p, struct rl_slice *in, struct rl_http1_event *ev);
int rl_http1_body_step(struct rl_http1 *p, struct rl_slice *in, struct rl_http1_event *ev);

/* http1_framing.c: reads the fields of a whole head that say how the message goes on: framing,
 * content_length, keep_alive, expect_continue. 0 or RILL_EPROTO. */
int rl_http1_judge(struct rl_http1 *p);

/* http1_target.c: is the request's target of a form its method takes, and its Host what it should
 * be (RFC 9112, 3.2)? 0 or RILL_EPROTO. */
int rl_http1_judge_target(struct rl_http1 *p);
int rl_http1_judge_host(struct rl_http1 *p);

#endif
