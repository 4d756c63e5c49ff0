/* ws_session_data.c: the payload of data frames, to messages or pieces of them.
 *
 * A frame that is a whole message and lies whole in the input stays where it is. All other payload
 * is unmasked on its way into the part.s message, whose size follows what has come and not what was
 * announced; of pieces only a cut character is kept. Text is checked as it comes, transformed text
 * as it comes out of the pipeline. */
#include <rill/error.h>
#include "base/blob.h"
#include "base/utf8.h"
#include "wire/ws_pipeline.h"
#include "wire/ws_session_impl.h"

/* From here on it is worth receiving into the message directly. */
#define LARGE_REST (16 * 1024)

/* Transformed bytes undone at a time for a piece: at zlib's best ratio, 1032, not 1 MiB. */
#define UNDONE_STEP 1000

void rl_ws_release_message(struct rl_ws *ws)
{
	rl_buf_release(&ws->part->message);
	ws->hold_message = false;
}

int rl_ws_wrong(struct rl_ws *ws, enum rl_ws_fault fault)
{
	ws->close_code = rl_ws_fault_code(fault);
	ws->fault = (uint8_t)fault;
	return RILL_EPROTO;
}

int rl_ws_out_of_memory(struct rl_ws *ws)
{
	rl_ws_wrong(ws, RL_WS_FAULT_MEMORY);
	return RILL_ENOMEM;
}

uint8_t *rl_ws_take_payload(struct rl_ws *ws, struct rl_slice *in, size_t limit, size_t *n)
{
	uint8_t *data = (uint8_t *)in->data;
	*n = in->len < ws->part->frame_left ? in->len : (size_t)ws->part->frame_left;
	if (*n > limit)
		*n = limit;
	if (*n)
		rl_slice_skip(in, *n);
	return data;
}

void rl_ws_unmask(struct rl_ws *ws, uint8_t *dst, const uint8_t *src, size_t n)
{
	if (ws->role == RL_WS_SERVER)
		rl_ws_mask(dst, src, n, ws->part->mask, ws->part->mask_phase);
	else if (dst != src)
		memcpy(dst, src, n);
	ws->part->mask_phase = (uint8_t)((ws->part->mask_phase + n) & 3);
	ws->part->frame_left -= n;
}

/* rl_ws_unmask(), with the check of text. */
static bool unmask_text(struct rl_ws *ws, uint8_t *dst, const uint8_t *src, size_t n)
{
	if (!ws->text || ws->role == RL_WS_CLIENT) {
		rl_ws_unmask(ws, dst, src, n);
		return !ws->text || rl_utf8_check(&ws->part->utf8, dst, n);
	}
	bool fine = rl_ws_mask_utf8(
		dst, src, n, ws->part->mask, ws->part->mask_phase, &ws->part->utf8);
	ws->part->mask_phase = (uint8_t)((ws->part->mask_phase + n) & 3);
	ws->part->frame_left -= n;
	return fine;
}

static int not_utf8(struct rl_ws *ws)
{
	return rl_ws_wrong(ws, RL_WS_FAULT_TEXT);
}

/* Is the message whole with this frame, whose payload is all there? Text must end between
 * characters then. */
static int end_frame(struct rl_ws *ws)
{
	ws->in_frame = false;
	if (!ws->fin)
		return 0;
	ws->in_message = false;
	if (ws->text && !rl_utf8_whole(ws->part->utf8))
		return not_utf8(ws);
	return 1;
}

static int emit_message(struct rl_ws *ws, struct rl_ws_event *ev, struct rl_slice data)
{
	*ev = (struct rl_ws_event){
		.type = RL_WS_MESSAGE,
		.text = ws->text,
		.first = true,
		.fin = true,
		.bits = ws->bits,
		.data = data,
	};
	return 1;
}

static int emit_own_message(struct rl_ws *ws, struct rl_ws_event *ev)
{
	ws->hold_message = true;
	return emit_message(ws, ev, rl_buf_slice(&ws->part->message));
}

/* Makes room for n bytes that are there (or about to be), and for as many again as the message
 * has: cost stays linear. The last frame's length is known, so that no more is taken than that. */
static int grow_message(struct rl_ws *ws, size_t n)
{
	size_t grow = ws->part->message.len > n ? ws->part->message.len : n;

	if (n <= rl_buf_room(&ws->part->message))
		return 0;
	if (ws->fin && grow > ws->part->frame_left)
		grow = (size_t)ws->part->frame_left;
	return rl_buf_reserve_exact(&ws->part->message, grow);
}

/* A whole message, or the next part of one. */
static int take_plain(struct rl_ws *ws, struct rl_slice *in, struct rl_ws_event *ev)
{
	size_t n;
	uint8_t *data = rl_ws_take_payload(ws, in, SIZE_MAX, &n);
	bool alone = ws->fin && n == ws->part->frame_left && !ws->part->message.len;

	if (alone) {
		if (!unmask_text(ws, data, data, n))
			return not_utf8(ws);
		int rc = end_frame(ws);
		ws->hold_message = ws->part->message.data; /* room made in vain */
		return rc > 0 ? emit_message(ws, ev, rl_slice(data, n)) : rc;
	}
	if (n) {
		if (grow_message(ws, n) < 0)
			return rl_ws_out_of_memory(ws);
		if (!unmask_text(ws, rl_buf_end(&ws->part->message), data, n))
			return not_utf8(ws);
		rl_buf_commit(&ws->part->message, n);
		ws->part->message_len += n;
	}
	if (ws->part->frame_left)
		return 0;
	int rc = end_frame(ws);
	return rc > 0 ? emit_own_message(ws, ev) : rc;
}

static int not_undone(struct rl_ws *ws, int rc)
{
	if (rc == RILL_ETOOBIG)
		return rl_ws_wrong(ws, RL_WS_FAULT_LONG_MESSAGE);
	if (rc == RILL_EPROTO)
		return rl_ws_wrong(ws, RL_WS_FAULT_CODED);
	if (rc == RILL_ENOMEM)
		return rl_ws_out_of_memory(ws);
	rl_ws_wrong(ws, RL_WS_FAULT_EXTENSION);
	return RILL_EIO;
}

/* Brings what is there, at most limit bytes of it, through the pipeline onto the end of
 * ws->part->message. */
static int undo_some(struct rl_ws *ws, struct rl_slice *in, size_t limit)
{
	size_t n;
	uint8_t *data = rl_ws_take_payload(ws, in, limit, &n);
	bool last = ws->fin && n == ws->part->frame_left;
	size_t had = ws->part->message.len;
	uint64_t cap = ws->config->max_message - ws->part->message_len;

	rl_ws_unmask(ws, data, data, n);
	if (!n && !last)
		return 0;
	if (cap > SIZE_MAX - had)
		cap = SIZE_MAX - had;
	bool first = !ws->undoing;
	ws->undoing = true;
	int rc = rl_ws_pipeline_in(ws->pipeline, ws->bits, ws->text, rl_slice(data, n), first, last,
		&ws->part->message, had + (size_t)cap);
	if (rc < 0)
		return not_undone(ws, rc);
	size_t made = ws->part->message.len - had;
	ws->part->message_len += made;
	if (ws->text && made && !rl_utf8_check(&ws->part->utf8, ws->part->message.data + had, made))
		return not_utf8(ws);
	return 0;
}

static int take_transformed(struct rl_ws *ws, struct rl_slice *in, struct rl_ws_event *ev)
{
	int rc = undo_some(ws, in, SIZE_MAX);
	if (rc < 0 || ws->part->frame_left)
		return rc;
	rc = end_frame(ws);
	return rc > 0 ? emit_own_message(ws, ev) : rc;
}

/* Hands a piece out; an empty one only if it is the last. */
static int emit_piece(
	struct rl_ws *ws, struct rl_ws_event *ev, const uint8_t *data, size_t n, bool last)
{
	if (!n && !last)
		return 0;
	*ev = (struct rl_ws_event){
		.type = RL_WS_PIECE,
		.text = ws->text,
		.first = !ws->piece_out,
		.fin = last,
		.bits = ws->bits,
		.data = rl_slice(data, n),
	};
	ws->piece_out = true;
	return 1;
}

/* Keeps the character that the end of a text piece cuts, and returns the length without it. */
static size_t cut_piece(struct rl_ws *ws, const uint8_t *data, size_t n)
{
	size_t whole = ws->text ? rl_utf8_whole_prefix(data, n) : n;
	ws->part->carry_len = (uint8_t)(n - whole);
	if (n > whole)
		memcpy(ws->part->carry, data + whole, n - whole);
	return whole;
}

/* How many bytes the kept character lacks. */
static size_t carry_lacks(const struct rl_ws *ws)
{
	uint8_t lead = ws->part->carry[0];
	return (lead < 0xe0 ? 2u : lead < 0xf0 ? 3u : 4u) - ws->part->carry_len;
}

static int take_piece(struct rl_ws *ws, struct rl_slice *in, struct rl_ws_event *ev)
{
	size_t n;
	/* A kept character is completed and handed out by itself, so that nothing is moved. */
	uint8_t *data = rl_ws_take_payload(
		ws, in, ws->part->carry_len ? carry_lacks(ws) : SIZE_MAX, &n);
	int last = 0;

	if (!unmask_text(ws, data, data, n))
		return not_utf8(ws);
	ws->part->message_len += n;
	if (!ws->part->frame_left)
		last = end_frame(ws);
	if (last < 0)
		return last;
	if (!ws->part->carry_len)
		return emit_piece(ws, ev, data, cut_piece(ws, data, n), last);

	if (n)
		memcpy(ws->part->carry + ws->part->carry_len, data, n);
	ws->part->carry_len = (uint8_t)(ws->part->carry_len + n);
	if (carry_lacks(ws))
		return 0;
	n = ws->part->carry_len;
	ws->part->carry_len = 0;
	return emit_piece(ws, ev, ws->part->carry, n, last);
}

static int take_transformed_piece(struct rl_ws *ws, struct rl_slice *in, struct rl_ws_event *ev)
{
	if (rl_buf_append(&ws->part->message, ws->part->carry, ws->part->carry_len) < 0)
		return rl_ws_out_of_memory(ws);
	ws->part->carry_len = 0;
	int rc = undo_some(ws, in, UNDONE_STEP);
	if (rc < 0)
		return rc;
	if (!ws->part->frame_left) {
		rc = end_frame(ws);
		if (rc < 0)
			return rc;
	}
	size_t whole = cut_piece(ws, ws->part->message.data, ws->part->message.len);
	rc = emit_piece(ws, ev, ws->part->message.data, whole, rc);
	if (rc)
		ws->hold_message = true;
	else
		rl_ws_release_message(ws);
	return rc;
}

int rl_ws_take_data(struct rl_ws *ws, struct rl_slice *in, struct rl_ws_event *ev)
{
	if (ws->bad_text)
		return not_utf8(ws);
	if (ws->config->pieces)
		return ws->bits ? take_transformed_piece(ws, in, ev) : take_piece(ws, in, ev);
	return ws->bits ? take_transformed(ws, in, ev) : take_plain(ws, in, ev);
}

bool rl_ws_wants_target(const struct rl_ws *ws)
{
	return ws->in_frame && ws->part->frame_left >= LARGE_REST &&
	       ws->state <= RL_WS_CLOSE_SENT && !rl_ws_is_control(ws->opcode) && !ws->bits &&
	       !ws->config->pieces && !ws->bad_text;
}

uint8_t *rl_ws_receive_target(struct rl_ws *ws, size_t *len)
{
	*len = 0;
	if (!rl_ws_wants_target(ws))
		return NULL;
	if (rl_buf_room(&ws->part->message) < LARGE_REST / 2 && grow_message(ws, LARGE_REST) < 0)
		return NULL;
	size_t room = rl_buf_room(&ws->part->message);
	*len = room < ws->part->frame_left ? room : (size_t)ws->part->frame_left;
	return rl_buf_end(&ws->part->message);
}

void rl_ws_received(struct rl_ws *ws, size_t n)
{
	uint8_t *data = rl_buf_end(&ws->part->message);
	assert(n <= ws->part->frame_left);
	if (!unmask_text(ws, data, data, n))
		ws->bad_text = true;
	rl_buf_commit(&ws->part->message, n);
	ws->part->message_len += n;
}

struct rl_blob *rl_ws_take_message(struct rl_ws *ws)
{
	if (!ws->part || !ws->hold_message || !ws->part->message.len)
		return NULL;
	return rl_blob_take_buf(&ws->part->message);
}
