/* ws_session_fuzz.c: a session of either role fed with whatever comes, in chunks the input itself
 * cuts, from memory of exactly their size.
 *
 * Byte 0 chooses: bit 0 client role, bit 1 permessage-deflate, bit 2 pieces, bit 3 direct
 * receiving, bit 4 our Close first, bit 5 small limits, bit 6 messages written in between, bit 7 an
 * extension of a program's own (behind permessage-deflate, if that is chosen). Then chunks: a byte
 * with the length (255: all that is left) and as many bytes. */
#include <stdlib.h>
#include <string.h>
#include <rill/error.h>
#include "base/blob.h"
#include "base/utf8.h"
#include "fuzz/fuzz_support.h"
#include "support/pipeline.h"
#include "wire/ws_session.h"

enum {
	CLIENT = 1,
	DEFLATE = 2,
	PIECES = 4,
	DIRECT = 8,
	CLOSE_FIRST = 16,
	SMALL = 32,
	WRITE = 64,
	OWN = 128,
};

struct fuzz {
	unsigned choice;
	struct rl_env env;
	struct rl_ws_config config;
	struct rl_ws ws;
	struct rl_ws_extensions *set;
	struct rl_buf out;
	bool closed;
	uint64_t now;
	uint64_t pieces_len;
	bool in_pieces;
};

static void fixed_random(void *data, size_t len, void *user)
{
	(void)user;
	memset(data, 0x5a, len);
}

/* An extension on RSV2: each byte's halves change places; what is received says 0xf0 for a sixteenfold
 * zero, 0xf1 for "wait until the end", 0xf2 for "this cannot be undone", 0xf3 for a failure. */
struct swap {
	unsigned kept;
};

static int make_swap(void **session)
{
	*session = calloc(1, sizeof(struct swap));
	return *session ? 1 : RILL_ENOMEM;
}

static int swap_accept(void *user, const rill_extension_params *offer,
	rill_extension_output *answer, void **session)
{
	(void)user;
	(void)offer;
	(void)answer;
	return make_swap(session);
}

static int swap_offer(void *user, size_t i, rill_extension_output *offer)
{
	(void)user;
	(void)offer;
	return i == 0;
}

static int swap_confirm(void *user, const rill_extension_params *answer, void **session)
{
	(void)user;
	(void)answer;
	return make_swap(session);
}

static int write_swapped(rill_extension_output *out, uint8_t byte)
{
	byte = (uint8_t)(byte << 4 | byte >> 4);
	return rill_extension_write(out, &byte, 1);
}

static int swap_in_byte(struct swap *swap, uint8_t byte, rill_extension_output *out)
{
	static const uint8_t zeros[16];
	switch (byte) {
	case 0xf0:
		return rill_extension_write(out, zeros, sizeof(zeros));
	case 0xf1:
		swap->kept++;
		return 0;
	case 0xf2:
		return RILL_EPROTO;
	case 0xf3:
		return RILL_EIO;
	}
	return write_swapped(out, byte);
}

static int swap_in(void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	struct swap *swap = session;
	const uint8_t *data = piece->data.data;
	int rc = 0;
	MUST(piece->data.len || piece->last);
	if (piece->first)
		swap->kept = 0;
	for (size_t i = 0; rc == 0 && i < piece->data.len; i++)
		rc = swap_in_byte(swap, data[i], out);
	for (; rc == 0 && piece->last && swap->kept; swap->kept--)
		rc = rill_extension_write(out, "x", 1);
	return rc;
}

static int swap_out(void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	const uint8_t *data = piece->data.data;
	int rc = 0;
	(void)session;
	for (size_t i = 0; rc == 0 && i < piece->data.len; i++)
		rc = write_swapped(out, data[i]);
	return rc;
}

static const rill_extension swapping = {
	.size = sizeof(rill_extension),
	.name = "swap",
	.rsv2 = true,
	.accept = swap_accept,
	.offer = swap_offer,
	.confirm = swap_confirm,
	.outgoing = swap_out,
	.incoming = swap_in,
	.close = free,
};

static void check_message(struct fuzz *f, const struct rl_ws_event *ev)
{
	MUST(ev->data.len <= f->config.max_message);
	MUST(!ev->text || rl_utf8_valid(ev->data.data, ev->data.len));
	if (ev->type == RL_WS_MESSAGE) {
		MUST(!f->config.pieces);
		rl_blob_unref(rl_ws_take_message(&f->ws));
		return;
	}
	MUST(f->config.pieces && ev->first != f->in_pieces && (ev->data.len || ev->fin));
	f->pieces_len = (ev->first ? 0 : f->pieces_len) + ev->data.len;
	MUST(f->pieces_len <= f->config.max_message);
	f->in_pieces = !ev->fin;
}

static void check_event(struct fuzz *f, const struct rl_ws_event *ev)
{
	MUST(!f->closed);
	switch (ev->type) {
	case RL_WS_MESSAGE:
	case RL_WS_PIECE:
		check_message(f, ev);
		break;
	case RL_WS_PING:
	case RL_WS_PONG:
		MUST(ev->data.len <= 125);
		break;
	case RL_WS_CLOSE:
		f->closed = true;
		MUST(f->ws.state == RL_WS_DONE && f->ws.close_code == ev->code);
		MUST(ev->code == 1005 || rl_ws_code_sendable(ev->code));
		MUST(rl_utf8_valid(ev->data.data, ev->data.len));
		break;
	}
	if (f->choice & WRITE)
		(void)rl_ws_write(
			&f->ws, &f->out, true, true, true, RL_SLICE("some text, said twice"));
}

/* Reads all events of the input; how much of it is left over is the result. */
static size_t read_events(struct fuzz *f, struct rl_slice in)
{
	struct rl_ws_event ev;
	int rc;

	while ((rc = rl_ws_next(&f->ws, &in, &ev, f->now++)) > 0)
		check_event(f, &ev);
	MUST(rc == 0 || f->ws.state == RL_WS_FAILED);
	MUST(in.len < RL_WS_HEAD_MAX);
	MUST(f->ws.in_message || f->ws.in_frame || !rl_ws_held(&f->ws));
	MUST(f->ws.in_frame || !f->ws.part || !f->ws.part->control);
	return in.len;
}

/* Receives where the session wants it, as far as it wants; the bytes used are the result. */
static size_t receive_directly(struct fuzz *f, struct rl_slice in)
{
	size_t room, used = 0;
	uint8_t *target;

	while (in.len && (target = rl_ws_receive_target(&f->ws, &room))) {
		size_t n = room < in.len ? room : in.len;
		memcpy(target, in.data, n);
		rl_ws_received(&f->ws, n);
		rl_slice_skip(&in, n);
		used += n;
		(void)read_events(f, rl_slice(NULL, 0));
	}
	return used;
}

static void feed(struct fuzz *f, struct rl_slice data)
{
	uint8_t rest[RL_WS_HEAD_MAX];
	size_t rest_len = 0;

	while (data.len) {
		size_t n = data.data[0] == 255 ? data.len : data.data[0];
		rl_slice_skip(&data, 1);
		if (n > data.len)
			n = data.len;
		struct rl_slice chunk = { data.data, n };
		rl_slice_skip(&data, n);
		if ((f->choice & DIRECT) && !rest_len)
			rl_slice_skip(&chunk, receive_directly(f, chunk));

		size_t len = rest_len + chunk.len;
		uint8_t *exact = malloc(len ? len : 1);
		MUST(exact);
		memcpy(exact, rest, rest_len);
		if (chunk.len)
			memcpy(exact + rest_len, chunk.data, chunk.len);
		rest_len = read_events(f, rl_slice(exact, len));
		memcpy(rest, exact + len - rest_len, rest_len);
		free(exact);
	}
}

/* What the session said must be sound frames, and nothing after a Close. */
static void check_out(struct fuzz *f)
{
	struct rl_slice out = rl_buf_slice(&f->out);
	bool close = false;

	while (out.len) {
		struct rl_ws_head head;
		size_t size = rl_ws_read_head(&head, out.data, out.len);
		MUST(size && head.len <= out.len - size);
		MUST(head.masked == (f->ws.role == RL_WS_CLIENT));
		MUST(!close || (head.first & 0x0f) == RL_WS_OP_PONG);
		close |= (head.first & 0x0f) == RL_WS_OP_CLOSE;
		rl_slice_skip(&out, size + (size_t)head.len);
	}
	MUST(close == (f->ws.state != RL_WS_OPEN));
}

static void start(struct fuzz *f)
{
	static const rill_extension *const list[] = { &swapping, NULL };
	struct rl_deflate_options options;
	enum rl_ws_role role = f->choice & CLIENT ? RL_WS_CLIENT : RL_WS_SERVER;

	rl_env_init_default(&f->env);
	f->env.random = fixed_random;
	rl_ws_config_default(&f->config);
	f->config.max_message = f->choice & SMALL ? 64 : 1 << 20;
	f->config.max_fragments = f->choice & SMALL ? 4 : 1 << 10;
	f->config.pieces = f->choice & PIECES;
	f->config.ping_interval = 3;
	rl_buf_init(&f->out, &f->env);
	f->config.out = &f->out;
	rl_ws_init(&f->ws, &f->config, role, 0);
	rl_deflate_options_default(&options);
	options.threshold = 0;
	if (f->choice & (DEFLATE | OWN)) {
		f->ws.pipeline = test_pipeline(&f->set, &f->env, role == RL_WS_SERVER,
			f->choice & DEFLATE ? &options : NULL, f->choice & OWN ? list : NULL);
		MUST(f->ws.pipeline);
	}
	if (f->choice & CLOSE_FIRST)
		MUST(rl_ws_close(&f->ws, 1000, RL_SLICE("over"), 0) == 0);
}

/* libFuzzer calls this by its name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	struct fuzz f = { .choice = data[0] };
	start(&f);
	feed(&f, rl_slice(data + 1, size - 1));
	if (rl_ws_deadline(&f.ws) <= f.now)
		(void)rl_ws_expire(&f.ws, f.now);
	check_out(&f);
	rl_ws_fini(&f.ws);
	rl_ws_extensions_free(f.set);
	rl_buf_release(&f.out);
	return 0;
}
