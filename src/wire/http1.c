/* http1.c: the frame of the HTTP/1 parser: making one, taking its steps, ending it.
 *
 * Each state has a step that goes strictly from left to right and decides by the bytes it has
 * passed, never by how many lie behind them. So a message gives the same events, and a bad one
 * fails at the same byte with the same status, however it was cut. */
#include "wire/http1.h"
#include "wire/http1_step.h"

void rl_http1_limits_default(struct rl_http1_limits *limits)
{
	*limits = (struct rl_http1_limits){
		.head = 16 * 1024,
		.target = 8 * 1024,
		.fields = 128,
		.body = 16 * 1024 * 1024,
		.chunk_extension = 4 * 1024,
	};
}

void rl_http1_init(struct rl_http1 *p, const struct rl_env *env, enum rl_http1_role role,
	const struct rl_http1_limits *limits)
{
	assert(limits->head <= UINT32_MAX); /* spans are of 32 bits */
	*p = (struct rl_http1){ .env = env, .limits = limits, .role = role };
}

void rl_http1_fini(struct rl_http1 *p)
{
	rl_free(p->env, p->head.fields);
	p->head.fields = NULL;
	p->fields_room = p->head.field_count = 0;
}

int rl_http1_fail(struct rl_http1 *p, uint16_t status, const char *text)
{
	p->state = RL_HTTP1_FAILED;
	p->error_status = p->role == RL_HTTP1_REQUEST ? status : 0;
	p->error_text = text;
	return RILL_EPROTO;
}

int rl_http1_next(struct rl_http1 *p, struct rl_slice *in, struct rl_http1_event *ev)
{
	int rc;

	*ev = (struct rl_http1_event){ 0 };
	do {
		if (p->state < RL_HTTP1_BODY_LENGTH)
			rc = rl_http1_head_step(p, in, ev);
		else
			rc = rl_http1_body_step(p, in, ev);
	} while (rc == RL_STEP_ON);
	return rc;
}

int rl_http1_end_of_input(struct rl_http1 *p, bool *complete)
{
	*complete = false;
	if (p->state == RL_HTTP1_START)
		return 0;
	if (p->state == RL_HTTP1_BODY_CLOSE) {
		p->state = RL_HTTP1_START;
		*complete = true;
		return 0;
	}
	if (p->state == RL_HTTP1_FAILED)
		return RILL_EPROTO;
	return rl_http1_fail(p, 400, "The connection ended inside a message.");
}

bool rl_http1_busy(const struct rl_http1 *p)
{
	return p->state != RL_HTTP1_START && p->state != RL_HTTP1_FAILED;
}
