/* deflate_fuzz.c: permessage-deflate against hostile peers. The first byte says what is fuzzed:
 * the negotiation, inflating what a peer sent, or a conversation of two ends of ours. The pieces
 * are cut, and memory runs short, as the input itself says. */
#include <rill/error.h>
#include "base/buf.h"
#include "fuzz/fuzz_support.h"
#include "wire/deflate.h"
#include "wire/ws_extension.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next piece of the input, as long as its first byte says; 255: all the rest. */
static struct rl_slice take_piece(struct rl_slice *in)
{
	size_t n = fuzz_byte(in);
	return fuzz_piece(in, n < 255 ? n : in->len);
}

static void take_options(struct rl_slice *in, struct rl_deflate_options *options)
{
	uint8_t byte = fuzz_byte(in);
	rl_deflate_options_default(options);
	options->max_window_bits = (uint8_t)(9 + byte % 7);
	options->no_context_takeover = byte & 0x40;
	options->request_no_context_takeover = byte & 0x80;
	byte = fuzz_byte(in);
	options->request_window_bits = (uint8_t)(8 + byte % 8);
	options->level = 1 + (byte >> 4) % 9;
	options->mem_level = 1 + byte % 9;
}

/* The answer to an offer that was taken is one that its client takes. */
static void answer(const struct rl_deflate_options *options, const struct rl_deflate_params *params,
	const struct rl_env *env)
{
	struct rl_deflate_options client;
	struct rl_deflate_params confirmed;
	struct rl_ws_extension extension;
	struct rl_buf out;

	MUST(params->server_window_bits >= 9 &&
		params->server_window_bits <= options->max_window_bits);
	MUST(params->client_window_bits >= 8 && params->client_window_bits <= 15);
	MUST(!options->no_context_takeover || params->server_no_takeover);
	rl_deflate_options_default(&client);
	rl_buf_init(&out, env);
	int rc = rl_buf_append_str(&out, "x; ");
	if (rc == 0)
		rc = rl_deflate_write_response(params, &out);
	MUST(rc == 0 || rc == RILL_ENOMEM);
	if (rc == 0) {
		if (out.len == 3)
			out.len = 1; /* no parameters */
		struct rl_slice text = rl_buf_slice(&out);
		MUST(rl_ws_next_extension(&text, &extension) == 1 && !text.len);
		MUST(rl_deflate_confirm(&client, extension, &confirmed) ==
			!(params->client_bits_given && params->client_window_bits < 9));
	}
	rl_buf_release(&out);
}

static void negotiate(struct rl_slice in, const struct rl_env *env)
{
	struct rl_deflate_options options;
	struct rl_deflate_params params;
	struct rl_ws_extension extension;

	take_options(&in, &options);
	struct rl_slice header = take_piece(&in), rest = header;
	int rc, checked = rl_ws_check_extensions(header);
	while ((rc = rl_ws_next_extension(&rest, &extension)) > 0) {
		if (rl_deflate_accept(&options, extension, &params))
			answer(&options, &params, env);
		rl_deflate_confirm(&options, extension, &params);
	}
	MUST(checked == rc);
	fuzz_free(header);
}

/* Whatever a peer sends, no more than the cap comes out of it. */
static void inflate_hostile(struct rl_slice in, const struct rl_env *env)
{
	struct rl_deflate_pool *pool = rl_deflate_pool_new(env);
	struct rl_deflate_options options;
	struct rl_deflate_params params = { .server_window_bits = 15 };
	struct rl_buf out;
	int rc = 0;

	rl_buf_init(&out, env);
	rl_deflate_options_default(&options);
	uint8_t byte = fuzz_byte(&in);
	params.client_window_bits = (uint8_t)(8 + byte % 8);
	params.client_no_takeover = byte & 0x80;
	size_t cap = (size_t)fuzz_byte(&in) << (fuzz_byte(&in) % 9);
	struct rl_deflate *d = rl_deflate_new(env, pool, &options, &params, true);
	while (d && in.len && rc == 0) {
		bool fin = fuzz_byte(&in) & 1;
		struct rl_slice piece = take_piece(&in);
		rc = rl_deflate_inflate(d, piece, fin, &out, cap);
		fuzz_free(piece);
		MUST(out.len <= cap);
		MUST(rc == 0 || rc == RILL_ETOOBIG || rc == RILL_EPROTO || rc == RILL_ENOMEM);
		if (fin)
			rl_buf_release(&out);
	}
	rl_buf_release(&out);
	rl_deflate_free(d);
	rl_deflate_pool_free(pool);
}

struct talk {
	struct rl_deflate *from, *to;
	struct rl_buf said, wire, heard;
};

/* Brings over one piece: what went in comes out at once, and nothing else. */
static int say(struct talk *t, struct rl_slice piece, bool fin)
{
	int rc = rl_buf_append_slice(&t->said, piece);
	if (rc == 0)
		rc = rl_deflate_compress(t->from, piece, fin, &t->wire);
	if (rc == 0)
		rc = rl_deflate_inflate(t->to, rl_buf_slice(&t->wire), fin, &t->heard, t->said.len);
	if (rc < 0)
		return rc;
	MUST(t->heard.len == t->said.len);
	MUST(!t->said.len || memcmp(t->heard.data, t->said.data, t->said.len) == 0);
	rl_buf_release(&t->wire);
	if (fin) {
		rl_buf_release(&t->said);
		rl_buf_release(&t->heard);
	}
	return 0;
}

static void converse(struct rl_slice in, const struct rl_env *env)
{
	struct rl_deflate_pool *pool = rl_deflate_pool_new(env);
	struct rl_deflate_options options;
	struct talk t;
	int rc = 0;

	take_options(&in, &options);
	struct rl_deflate_params params = {
		.server_window_bits = options.max_window_bits,
		.client_window_bits = 15,
		.server_no_takeover = options.no_context_takeover,
	};
	t.from = rl_deflate_new(env, pool, &options, &params, true);
	t.to = rl_deflate_new(env, pool, &options, &params, false);
	rl_buf_init(&t.said, env);
	rl_buf_init(&t.wire, env);
	rl_buf_init(&t.heard, env);
	while (t.from && t.to && in.len && rc == 0) {
		bool fin = fuzz_byte(&in) & 1;
		struct rl_slice piece = take_piece(&in);
		rc = say(&t, piece, fin);
		fuzz_free(piece);
		MUST(rc == 0 || rc == RILL_ENOMEM);
	}
	rl_buf_release(&t.said);
	rl_buf_release(&t.wire);
	rl_buf_release(&t.heard);
	rl_deflate_free(t.from);
	rl_deflate_free(t.to);
	rl_deflate_pool_free(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const modes[])(
		struct rl_slice, const struct rl_env *) = { negotiate, inflate_hostile, converse };
	struct rl_slice in = rl_slice(data, size);
	struct rl_env env;

	uint8_t mode = fuzz_byte(&in);
	fuzz_env_init(&env, fuzz_byte(&in) % 32);
	modes[mode % 3](in, &env);
	return 0;
}
