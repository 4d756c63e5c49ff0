/* ws_pipeline.c: what was agreed on, in a row through which messages pass piece by piece; see
 * ws_pipeline.h.
 *
 * What comes out of one extension goes into the next at once, through memory that lasts for the call.
 * It is bounded on the way in as the message itself is, with the allowance that the session makes for
 * what grows when transformed: else an extension could blow up what the next one, hiding it, makes
 * small again. */
#include <rill/error.h>
#include "wire/ws_extension_io.h"
#include "wire/ws_pipeline_impl.h"

void rl_ws_stage_close(const struct rl_ws_stage *stage)
{
	if (stage->extension->close)
		stage->extension->close(stage->session);
}

struct rl_ws_pipeline *rl_ws_pipeline_new(
	const struct rl_env *env, const struct rl_ws_stage *stages, size_t count)
{
	size_t size = count * sizeof(*stages);
	struct rl_ws_pipeline *p = rl_zalloc(env, sizeof(*p) + size);
	if (!p)
		return NULL;
	p->env = env;
	p->count = (uint8_t)count;
	memcpy(p->stages, stages, size);
	for (size_t i = 0; i < count; i++) {
		p->marks |= stages[i].mark;
		if (stages[i].extension == &rl_deflate_extension) {
			p->deflate = stages[i].session;
			p->deflate_mark = stages[i].mark;
		}
	}
	return p;
}

void rl_ws_pipeline_free(struct rl_ws_pipeline *pipeline)
{
	if (!pipeline)
		return;
	for (size_t i = 0; i < pipeline->count; i++)
		rl_ws_stage_close(&pipeline->stages[i]);
	rl_free(pipeline->env, pipeline);
}

uint8_t rl_ws_pipeline_bits(const struct rl_ws_pipeline *pipeline)
{
	return pipeline->marks;
}

uint8_t rl_ws_pipeline_wants(struct rl_ws_pipeline *pipeline, bool text, size_t len)
{
	rill_kind kind = text ? RILL_TEXT : RILL_BINARY;
	uint8_t bits = 0;

	if (pipeline->out_failed)
		return pipeline->marks; /* nothing gets past them */
	for (size_t i = 0; i < pipeline->count; i++) {
		const struct rl_ws_stage *s = &pipeline->stages[i];
		if (!s->extension->wants || s->extension->wants(s->session, kind, len))
			bits |= s->mark;
	}
	return bits;
}

/* Shows one extension a piece. */
static int pass(struct rl_ws_stage *stage, bool incoming, rill_extension_piece *piece,
	struct rill_extension_output *out)
{
	const rill_extension *e = stage->extension;
	bool *begun = incoming ? &stage->in_begun : &stage->out_begun;

	piece->first = !*begun;
	*begun = true;
	int rc = incoming ? e->incoming(stage->session, piece, out)
			  : e->outgoing(stage->session, piece, out);
	if (out->failed)
		rc = out->failed;
	return rc == 0 || rc == RILL_EPROTO || rc == RILL_ETOOBIG || rc == RILL_ENOMEM ? rc
										       : RILL_EIO;
}

/* Brings a piece through all whose bits are set. Empty ones end where they are, unless the message
 * ends with them. */
static int pass_all(struct rl_ws_pipeline *p, bool incoming, uint8_t bits,
	rill_extension_piece *piece, struct rl_buf *out, size_t cap)
{
	struct rl_buf between[2];
	size_t turn = 0;
	int rc = 0;

	rl_buf_init(&between[0], p->env);
	rl_buf_init(&between[1], p->env);
	for (size_t i = 0; rc == 0 && i < p->count && (piece->data.len || piece->last); i++) {
		struct rl_ws_stage *stage = &p->stages[incoming ? p->count - 1 - i : i];
		if (!(bits & stage->mark))
			continue;
		bits &= (uint8_t)~stage->mark;
		if (!bits) {
			struct rill_extension_output output = { out, cap, 0 };
			rc = pass(stage, incoming, piece, &output);
			break;
		}
		struct rl_buf *to = &between[turn++ & 1];
		size_t most = incoming ? stage->in_left : SIZE_MAX;
		struct rill_extension_output output = { to, most, 0 };
		to->len = 0;
		rc = pass(stage, incoming, piece, &output);
		stage->in_left -= incoming && rc == 0 ? to->len : 0;
		piece->data = rl_bytes(rl_buf_slice(to));
	}
	rl_buf_release(&between[0]);
	rl_buf_release(&between[1]);
	return rc;
}

/* A message of at most len bytes begins: so much may lie between two extensions all in all. */
static void begin_in(struct rl_ws_pipeline *p, size_t len)
{
	size_t more = len / 64 * 9 + 64; /* as in ws_session.c */
	for (size_t i = 0; i < p->count; i++) {
		p->stages[i].in_left = len <= SIZE_MAX - more ? len + more : SIZE_MAX;
		p->stages[i].in_begun = false;
	}
}

int rl_ws_pipeline_in(struct rl_ws_pipeline *pipeline, uint8_t bits, bool text, struct rl_slice in,
	bool first, bool last, struct rl_buf *out, size_t cap)
{
	rill_extension_piece piece = { rl_bytes(in), text ? RILL_TEXT : RILL_BINARY, false, last };

	if (pipeline->in_failed)
		return pipeline->in_failed;
	if (first)
		begin_in(pipeline, cap > out->len ? cap - out->len : 0);
	pipeline->in_failed = pass_all(pipeline, true, bits, &piece, out, cap);
	return pipeline->in_failed;
}

int rl_ws_pipeline_out(struct rl_ws_pipeline *pipeline, uint8_t bits, bool text, struct rl_slice in,
	bool first, bool last, struct rl_buf *out)
{
	rill_extension_piece piece = { rl_bytes(in), text ? RILL_TEXT : RILL_BINARY, false, last };
	size_t before = out->len;

	if (pipeline->out_failed)
		return pipeline->out_failed;
	for (size_t i = 0; first && i < pipeline->count; i++)
		pipeline->stages[i].out_begun = false;
	int rc = pass_all(pipeline, false, bits, &piece, out, SIZE_MAX);
	if (rc == 0)
		return 0;
	out->len = before;
	if (bits == pipeline->deflate_mark)
		return RILL_ENOMEM; /* it knows by itself whether it can go on */
	pipeline->out_failed = RILL_EIO;
	return RILL_EIO;
}

bool rl_ws_pipeline_may_share(
	const struct rl_ws_pipeline *pipeline, size_t len, uint8_t *window_bits)
{
	if (!pipeline || !pipeline->deflate || pipeline->count > 1 ||
		!rl_deflate_wants(pipeline->deflate, len))
		return false;
	*window_bits = rl_deflate_window_bits(pipeline->deflate);
	return true;
}

void rl_ws_pipeline_shared(struct rl_ws_pipeline *pipeline)
{
	rl_deflate_forget(pipeline->deflate);
}
