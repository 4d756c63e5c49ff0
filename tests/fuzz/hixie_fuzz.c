/* hixie_fuzz.c: hixie-75 and hixie-76 against hostile peers. The first byte chooses the draft and
 * the limit; then a length and so many bytes in turn, each piece in memory of its own. Now and
 * then our side writes or closes. */
#include <rill/error.h>
#include "base/utf8.h"
#include "fuzz/fuzz_support.h"
#include "wire/hixie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One event each: a message is UTF-8 and within the limit, and nothing follows a close. */
static void look_at(const struct rl_hixie *h, const struct rl_ws_event *ev, bool *closed)
{
	MUST(!*closed);
	if (ev->type == RL_WS_CLOSE) {
		MUST(h->draft76 && h->state == RL_HIXIE_DONE && ev->code == 1005);
		*closed = true;
		return;
	}
	MUST(ev->type == RL_WS_MESSAGE && ev->text);
	MUST(ev->data.len <= h->config->max_message);
	MUST(rl_utf8_valid(ev->data.data, ev->data.len));
}

static void receive(struct rl_hixie *h, struct rl_slice in, bool *closed)
{
	struct rl_ws_event ev;
	int rc;

	while ((rc = rl_hixie_next(h, &in, &ev, 0)) > 0)
		look_at(h, &ev, closed);
	if (rc == 0)
		MUST(!in.len);
	else
		MUST(h->state == RL_HIXIE_DONE && h->error_text);
	MUST(h->message.len <= h->config->max_message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	struct rl_ws_config config = { .close_timeout = 1000 };
	struct rl_env env;
	struct rl_hixie h;
	struct rl_buf out;
	bool closed = false;

	uint8_t mode = fuzz_byte(&in);
	fuzz_env_init(&env, fuzz_byte(&in) % 16);
	config.max_message = mode & 2 ? UINT64_MAX : mode >> 2;
	rl_buf_init(&out, &env);
	if (mode & 1)
		rl_hixie_init_76(&h, &env, &config, &out, 1, 2);
	else
		rl_hixie_init_75(&h, &env, &config, &out);
	while (in.len) {
		size_t n = fuzz_byte(&in);
		if (n == 255)
			rl_hixie_close(&h, 0);
		if (n == 254)
			rl_hixie_write(&h, &out, in);
		struct rl_slice piece = fuzz_piece(&in, n);
		receive(&h, piece, &closed);
		fuzz_free(piece);
	}
	if (h.state == RL_HIXIE_CLOSING)
		MUST(rl_hixie_expire(&h, 1000) == RILL_ETIMEDOUT);
	rl_hixie_fini(&h);
	rl_buf_release(&out);
	return 0;
}
