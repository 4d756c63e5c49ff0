/* ws_pipeline_impl.h: a pipeline's inside: for ws_extensions.c, which agrees on one, and
 * ws_pipeline.c, which runs it. */
#ifndef RL_WIRE_WS_PIPELINE_IMPL_H
#define RL_WIRE_WS_PIPELINE_IMPL_H

#include "wire/ws_pipeline.h"

/* Each has a bit of its own, and there are three. */
#define RL_WS_STAGES_MAX 3

struct rl_ws_stage {
	const rill_extension *extension;
	void *session;
	size_t in_left; /* bytes of the message being received that may still come out of it */
	uint8_t mark;   /* the RSV bit that its messages carry */
	bool in_begun, out_begun; /* it has seen a piece of the message */
};

struct rl_ws_pipeline {
	const struct rl_env *env;
	struct rl_deflate *deflate; /* the session of permessage-deflate; NULL: not agreed on */
	int in_failed, out_failed;  /* the code of the failure */
	uint8_t marks;
	uint8_t deflate_mark;
	uint8_t count;
	struct rl_ws_stage stages[]; /* in the order in which they were agreed on */
};

/* Takes the stages' sessions over; NULL when out of memory: they are still the caller's. */
struct rl_ws_pipeline *rl_ws_pipeline_new(
	const struct rl_env *env, const struct rl_ws_stage *stages, size_t count);

void rl_ws_stage_close(const struct rl_ws_stage *stage);

#endif
