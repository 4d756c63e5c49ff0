/* ws_tap.c: see ws_tap.h. */
#include "wire/ws_tap.h"

void rl_ws_tap_init(struct rl_ws_tap *tap, uint64_t skip)
{
	memset(tap, 0, sizeof(*tap));
	if (skip) { /* the rest of a frame whose header nobody saw: shown as a reserved opcode */
		tap->in_payload = true;
		tap->head.first = 0x0f;
		tap->head.len = skip;
	}
}

static bool take_header(struct rl_ws_tap *tap, struct rl_slice *in)
{
	while (in->len) {
		tap->head_bytes[tap->head_len++] = in->data[0];
		rl_slice_skip(in, 1);
		if (rl_ws_read_head(&tap->head, tap->head_bytes, tap->head_len)) {
			tap->in_payload = true;
			tap->seen = 0;
			tap->preview_len = 0;
			return true;
		}
	}
	return false;
}

static void take_payload(struct rl_ws_tap *tap, struct rl_slice *in)
{
	uint64_t left = tap->head.len - tap->seen;
	size_t n = in->len < left ? in->len : (size_t)left;
	size_t room = sizeof(tap->preview) - tap->preview_len;
	size_t keep = n < room ? n : room;
	if (keep && tap->head.masked)
		rl_ws_mask(tap->preview + tap->preview_len, in->data, keep, tap->head.mask,
			tap->preview_len);
	else if (keep)
		memcpy(tap->preview + tap->preview_len, in->data, keep);
	tap->preview_len += keep;
	tap->seen += n;
	rl_slice_skip(in, n);
}

int rl_ws_tap_next(struct rl_ws_tap *tap, struct rl_slice *in)
{
	if (!tap->in_payload && !take_header(tap, in))
		return 0;
	take_payload(tap, in);
	if (tap->seen < tap->head.len)
		return 0;
	tap->in_payload = false;
	tap->head_len = 0;
	return 1;
}
