/* ws_session.c: the receiving half of a session: headers, control frames, and which comes when.
 *
 * rl_ws_next() alternates between two steps, a header and what is there of its payload. A header
 * is judged afresh with every byte of it, so that a frame that cannot be legal is refused at the
 * byte that shows it (RFC 6455, sections 5.2 to 5.5); for the length this means comparing the
 * least value it can still have. Mistakes travel up as values: whoever finds one notes code
 * and text, and rl_ws_next() alone fails the session. */
#include <rill/error.h>
#include "base/utf8.h"
#include "wire/ws_pipeline.h"
#include "wire/ws_session_impl.h"

#define RSV_BITS (RL_WS_RSV1 | RL_WS_RSV2 | RL_WS_RSV3)

void rl_ws_config_default(struct rl_ws_config *config)
{
	*config = (struct rl_ws_config){
		.max_message = (64u << 20) - 1,
		.max_fragments = 1u << 20,
		.close_timeout = 30000,
		.linger = 2000,
	};
}

void rl_ws_init(
	struct rl_ws *ws, const struct rl_ws_config *config, enum rl_ws_role role, uint64_t now)
{
	*ws = (struct rl_ws){
		.config = config,
		.role = role,
		.close_code = RL_WS_ABNORMAL,
		.deadline_at = config->ping_interval ? now + config->ping_interval : UINT64_MAX,
	};
}

/* The configuration may have gone before a part does, which knows its allocator. */
static const struct rl_env *env_of(const struct rl_ws_part *part)
{
	return part->message.env;
}

static void release_control(struct rl_ws *ws)
{
	rl_free(env_of(ws->part), ws->part->control);
	ws->part->control = NULL;
	ws->part->control_len = 0;
	ws->hold_control = false;
}

static bool make_part(struct rl_ws *ws)
{
	if (!ws->part) {
		const struct rl_env *env = ws->config->out->env;
		ws->part = rl_zalloc(env, sizeof(*ws->part));
		if (ws->part)
			rl_buf_init(&ws->part->message, env);
	}
	return ws->part != NULL;
}

static void drop_part(struct rl_ws *ws)
{
	if (!ws->part)
		return;
	release_control(ws);
	rl_ws_release_message(ws);
	rl_free(env_of(ws->part), ws->part);
	ws->part = NULL;
	ws->in_frame = ws->in_message = false;
}

void rl_ws_fini(struct rl_ws *ws)
{
	drop_part(ws);
	rl_ws_pipeline_free(ws->pipeline);
	ws->pipeline = NULL;
}

static int judge_first_byte(struct rl_ws *ws, uint8_t first)
{
	uint8_t opcode = first & 0x0f;
	uint8_t rsv = first & RSV_BITS;
	bool begins = opcode == RL_WS_OP_TEXT || opcode == RL_WS_OP_BINARY;

	/* Bits that were agreed on are for the first frame of a data message alone (RFC 7692, 6). */
	if (rsv && !(begins && ws->pipeline && !(rsv & ~rl_ws_pipeline_bits(ws->pipeline))))
		return rl_ws_wrong(ws, RL_WS_FAULT_RESERVED_BIT);
	if (rl_ws_is_control(opcode)) {
		if (opcode > RL_WS_OP_PONG)
			return rl_ws_wrong(ws, RL_WS_FAULT_OPCODE);
		if (!(first & RL_WS_FIN))
			return rl_ws_wrong(ws, RL_WS_FAULT_CUT_CONTROL);
		return 0;
	}
	if (opcode > RL_WS_OP_BINARY)
		return rl_ws_wrong(ws, RL_WS_FAULT_OPCODE);
	if (begins && ws->in_message)
		return rl_ws_wrong(ws, RL_WS_FAULT_NESTED);
	if (!begins && !ws->in_message)
		return rl_ws_wrong(ws, RL_WS_FAULT_NO_MESSAGE);
	if (!begins && ws->part->fragments >= ws->config->max_fragments)
		return rl_ws_wrong(ws, RL_WS_FAULT_FRAGMENTS);
	return 0;
}

/* The least length that a header of which n bytes (two or more) are there can announce. */
static uint64_t least_length(const uint8_t *data, size_t n)
{
	uint8_t seven = data[1] & 0x7f;
	if (seven < 126)
		return seven;
	size_t size = seven == 127 ? 8 : 2;
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | (2 + i < n ? data[2 + i] : 0);
	return value;
}

/* What an untransformed frame may have, after those of its message before it. */
static uint64_t most_plain(const struct rl_ws *ws)
{
	return ws->config->max_message - (ws->in_message ? ws->part->message_len : 0);
}

/* Incompressible bytes grow when compressed, with zlib's least memory by 9/64 (deflateBound()), and
 * a message within the limit is not to be refused for that. What it inflates to is watched while
 * it does. */
static uint64_t most_transformed(const struct rl_ws *ws)
{
	uint64_t max = ws->config->max_message;
	uint64_t more = max / 64 * 9 + 64;
	return max <= UINT64_MAX - more ? max + more : UINT64_MAX;
}

static int judge_length(struct rl_ws *ws, const uint8_t *data, size_t n)
{
	uint8_t first = data[0], seven = data[1] & 0x7f;
	bool masked = data[1] & 0x80;

	/* RFC 6455, 5.1: a client masks, a server does not. */
	if (masked != (ws->role == RL_WS_SERVER))
		return rl_ws_wrong(ws, masked ? RL_WS_FAULT_MASKED : RL_WS_FAULT_UNMASKED);
	if (rl_ws_is_control(first & 0x0f)) {
		if (seven > CONTROL_MAX)
			return rl_ws_wrong(ws, RL_WS_FAULT_LONG_CONTROL);
		/* RFC 6455, 5.5.1: a code has two bytes. */
		if ((first & 0x0f) == RL_WS_OP_CLOSE && seven == 1)
			return rl_ws_wrong(ws, RL_WS_FAULT_SHORT_CLOSE);
		return 0;
	}
	uint64_t len = least_length(data, n);
	if (len >> 63)
		return rl_ws_wrong(ws, RL_WS_FAULT_TOP_BIT);
	uint8_t bits = ws->in_message ? ws->bits : first & RSV_BITS;
	if (len > (bits ? most_transformed(ws) : most_plain(ws)))
		return rl_ws_wrong(ws, RL_WS_FAULT_LONG_FRAME);
	return 0;
}

static void begin_message(struct rl_ws *ws, uint8_t first)
{
	ws->in_message = true;
	ws->text = (first & 0x0f) == RL_WS_OP_TEXT;
	ws->bits = first & RSV_BITS;
	ws->undoing = false;
	ws->piece_out = false;
	ws->part->message_len = 0;
	ws->part->fragments = 0;
	ws->part->utf8 = RL_UTF8_START;
	ws->part->carry_len = 0;
}

/* Takes a header off the input: 1, or 0 when it is not all there. */
static int take_head(struct rl_ws *ws, struct rl_slice *in)
{
	struct rl_ws_head head;
	int rc;

	if (!in->len)
		return 0;
	rc = judge_first_byte(ws, in->data[0]);
	if (rc < 0)
		return rc;
	if (in->len == 1)
		return 0;
	rc = judge_length(ws, in->data, in->len);
	if (rc < 0)
		return rc;
	size_t size = rl_ws_read_head(&head, in->data, in->len);
	if (!size)
		return 0;
	if (!make_part(ws))
		return rl_ws_out_of_memory(ws);
	rl_slice_skip(in, size);

	ws->in_frame = true;
	ws->opcode = head.first & 0x0f;
	ws->fin = head.first & RL_WS_FIN;
	ws->part->frame_left = head.len;
	ws->part->mask_phase = 0;
	if (head.masked)
		memcpy(ws->part->mask, head.mask, 4);
	if (rl_ws_is_control(ws->opcode))
		return 1;
	if (ws->opcode != RL_WS_OP_CONTINUATION)
		begin_message(ws, head.first);
	ws->part->fragments++;
	return 1;
}

/* Judges the payload of a Close, or of its beginning. */
static int judge_close(struct rl_ws *ws, const uint8_t *data, size_t n, bool whole)
{
	uint32_t state = RL_UTF8_START;

	if (n < 2)
		return 0;
	if (!rl_ws_code_sendable((unsigned)data[0] << 8 | data[1]))
		return rl_ws_wrong(ws, RL_WS_FAULT_CLOSE_CODE);
	if (!rl_utf8_check(&state, data + 2, n - 2) || (whole && !rl_utf8_whole(state)))
		return rl_ws_wrong(ws, RL_WS_FAULT_CLOSE_REASON);
	return 0;
}

/* Acts on a control frame that is all there. */
static int do_control(struct rl_ws *ws, struct rl_ws_event *ev, struct rl_slice data, uint64_t now)
{
	*ev = (struct rl_ws_event){ .fin = true, .data = data };
	switch (ws->opcode) {
	case RL_WS_OP_PING:
		ev->type = RL_WS_PING;
		if (rl_ws_append_frame(ws, ws->config->out, RL_WS_FIN | RL_WS_OP_PONG, data) < 0)
			return rl_ws_out_of_memory(ws);
		return 1;
	case RL_WS_OP_PONG:
		ev->type = RL_WS_PONG;
		rl_ws_note_pong(ws, data);
		return 1;
	}
	ev->type = RL_WS_CLOSE;
	ev->code = RL_WS_NO_CODE;
	if (data.len) {
		ev->code = (uint16_t)(data.data[0] << 8 | data.data[1]);
		rl_slice_skip(&ev->data, 2);
	}
	if (rl_ws_closed_by_peer(ws, ev->code, ev->data, now) < 0)
		return rl_ws_out_of_memory(ws);
	return 1;
}

/* Adds what is there of a cut control frame to ws->part->control. */
static int collect_control(struct rl_ws *ws, struct rl_slice *in)
{
	size_t n;
	uint8_t *data = rl_ws_take_payload(ws, in, CONTROL_MAX, &n);
	if (!n)
		return 0;
	if (!ws->part->control)
		ws->part->control = rl_alloc(env_of(ws->part), CONTROL_MAX);
	if (!ws->part->control)
		return rl_ws_out_of_memory(ws);
	rl_ws_unmask(ws, ws->part->control + ws->part->control_len, data, n);
	ws->part->control_len = (uint8_t)(ws->part->control_len + n);
	return 0;
}

static int take_control(struct rl_ws *ws, struct rl_slice *in, struct rl_ws_event *ev, uint64_t now)
{
	struct rl_slice payload;
	int rc;

	if (!ws->part->control && in->len >= ws->part->frame_left) {
		size_t n;
		uint8_t *data = rl_ws_take_payload(ws, in, CONTROL_MAX, &n);
		rl_ws_unmask(ws, data, data, n);
		payload = rl_slice(data, n);
	} else {
		rc = collect_control(ws, in);
		if (rc < 0)
			return rc;
		payload = rl_slice(ws->part->control, ws->part->control_len);
	}
	bool whole = !ws->part->frame_left;
	if (ws->opcode == RL_WS_OP_CLOSE) {
		rc = judge_close(ws, payload.data, payload.len, whole);
		if (rc < 0)
			return rc;
	}
	if (!whole)
		return 0;
	ws->in_frame = false;
	ws->hold_control = ws->part->control;
	return do_control(ws, ev, payload, now);
}

/* Nothing that came or comes is of use any more. */
static void discard(struct rl_ws *ws, struct rl_slice *in)
{
	rl_slice_skip(in, in->len);
	drop_part(ws);
}

/* Reads until there is an event (1), input is used up (0), or something is wrong. */
__attribute__((noinline)) static int read_on(
	struct rl_ws *ws, struct rl_slice *in, struct rl_ws_event *ev, uint64_t now)
{
	int rc = 0;
	while (rc == 0) {
		if (!ws->in_frame) {
			rc = take_head(ws, in);
			if (rc <= 0)
				break;
		}
		rc = rl_ws_is_control(ws->opcode) ? take_control(ws, in, ev, now)
						  : rl_ws_take_data(ws, in, ev);
		if (ws->in_frame && !in->len)
			break;
	}
	return rc;
}

/* Fails the session with what was noted. */
__attribute__((noinline)) static int give_up(
	struct rl_ws *ws, struct rl_slice *in, int rc, uint64_t now)
{
	rl_ws_fail(ws, ws->fault, now);
	discard(ws, in);
	return rc;
}

int rl_ws_take_short(struct rl_ws *ws, struct rl_slice *in, const struct rl_ws_short *m,
	struct rl_ws_event *ev, uint64_t now)
{
	uint8_t *payload = (uint8_t *)in->data + m->size;
	uint32_t state = RL_UTF8_START;
	bool fine = true;

	rl_slice_skip(in, m->size + m->len);
	if (ws->role == RL_WS_CLIENT)
		fine = !m->text || rl_utf8_check(&state, payload, m->len);
	else if (m->text)
		fine = rl_ws_mask_utf8(payload, payload, m->len, payload - 4, 0, &state);
	else
		rl_ws_mask(payload, payload, m->len, payload - 4, 0);
	if (!fine || !rl_utf8_whole(state))
		return give_up(ws, in, rl_ws_wrong(ws, RL_WS_FAULT_TEXT), now);
	*ev = (struct rl_ws_event){
		.type = RL_WS_MESSAGE,
		.text = m->text,
		.first = true,
		.fin = true,
		.in_place = true,
		.data = rl_slice(payload, m->len),
	};
	return 1;
}

void rl_ws_refuse_text(struct rl_ws *ws, struct rl_slice *in, uint64_t now)
{
	give_up(ws, in, rl_ws_wrong(ws, RL_WS_FAULT_TEXT), now);
}

bool rl_ws_take_large(struct rl_slice *in, struct rl_ws_short m, uint8_t *to)
{
	const uint8_t *payload = in->data + m.size;
	uint32_t state = RL_UTF8_START;
	rl_slice_skip(in, m.size + m.len);
	if (!m.text) {
		rl_ws_mask(to, payload, m.len, payload - 4, 0);
		return true;
	}
	return rl_ws_mask_utf8(to, payload, m.len, payload - 4, 0, &state) && rl_utf8_whole(state);
}

/* What the last event handed out goes back. */
static void forget_event(struct rl_ws *ws)
{
	if (!ws->in_frame && !ws->in_message)
		drop_part(ws);
	else if (ws->hold_message)
		rl_ws_release_message(ws);
	else if (ws->hold_control)
		release_control(ws);
}

int rl_ws_next(struct rl_ws *ws, struct rl_slice *in, struct rl_ws_event *ev, uint64_t now)
{
	if (ws->part)
		forget_event(ws);
	if (ws->state >= RL_WS_DONE) {
		discard(ws, in);
		return 0;
	}
	if (!in->len && !ws->in_frame)
		return 0;
	struct rl_ws_short m;
	if (rl_ws_glance(ws, *in, &m))
		return rl_ws_take_short(ws, in, &m, ev, now);
	int rc = read_on(ws, in, ev, now);
	return rc >= 0 ? rc : give_up(ws, in, rc, now);
}
