/* ws_answer_fuzz.c: what a server answers to a client's handshake: a response's head, cut as the input
 * says, judged with its extensions. An answer that opens has to be one that RFC 6455, 4.1 lets open.
 *
 * The first byte says what was offered and how the rest is cut. */
#include <rill/error.h>
#include "fuzz/fuzz_support.h"
#include "wire/deflate_pool.h"
#include "wire/ws_client_handshake.h"
#include "wire/ws_pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char key[] = "dGhlIHNhbXBsZSBub25jZQ=="; /* RFC 6455, 1.3 */
static const char *const protocols[] = { "chat", "superchat", NULL };

static void check_open(const struct rl_http1_head *head, struct rl_slice protocol, bool offered)
{
	struct rl_slice accept;
	MUST(head->status == 101 && head->minor == 1);
	MUST(rl_http1_field(head, RL_SLICE("Sec-WebSocket-Accept"), &accept));
	MUST(rl_slice_equal(accept, RL_SLICE("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
	MUST(!protocol.len ||
		(offered && (rl_slice_equal(protocol, RL_SLICE("chat")) ||
				    rl_slice_equal(protocol, RL_SLICE("superchat")))));
}

static void judge_extensions(
	const struct rl_env *env, const struct rl_http1_head *head, bool deflate)
{
	const struct rl_deflate_options options = {
		.level = 1, .mem_level = 8, .max_window_bits = 15, .request_window_bits = 15
	};
	struct rl_deflate_pool *pool = rl_deflate_pool_new(env);
	struct rl_ws_pipeline *pipeline = NULL;
	struct rl_ws_extensions *set;
	const char *sentence = NULL;
	struct rl_buf names;
	MUST(pool);
	MUST(rl_ws_extensions_new(&set, env, deflate ? &options : NULL, pool, NULL, &sentence) ==
		0);
	rl_buf_init(&names, env);
	MUST(rl_ws_join_extensions(head, &names) == 0);
	int rc = rl_ws_extensions_confirm(set, rl_buf_slice(&names), &pipeline, &sentence);
	MUST(rc == 0 || (rc == RILL_EPROTO && sentence && !pipeline));
	MUST(deflate || !pipeline);
	rl_ws_pipeline_free(pipeline);
	rl_buf_release(&names);
	rl_ws_extensions_free(set);
	rl_deflate_pool_free(pool);
}

static void judge(const struct rl_env *env, const struct rl_http1_head *head, uint8_t flags)
{
	char sentence[RL_WS_SENTENCE] = "";
	struct rl_slice protocol;
	const struct rl_ws_wish wish = { .key = key, .protocols = flags & 1 ? protocols : NULL };
	int rc = rl_ws_judge_answer(head, &wish, &protocol, sentence);
	MUST(rc == 0 || rc == RILL_EPROTO || rc == RILL_EREFUSED);
	if (rc < 0) {
		MUST(sentence[0] && strlen(sentence) < RL_WS_SENTENCE - 1);
		return;
	}
	check_open(head, protocol, flags & 1);
	judge_extensions(env, head, flags & 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	struct rl_http1_limits limits;
	struct rl_http1_event ev;
	struct rl_http1 parser;
	struct rl_env env;
	uint8_t flags = fuzz_byte(&in);
	size_t step = flags >> 2, shown = 0, all = in.len;
	const uint8_t *start = in.data;
	int rc = 0;

	fuzz_env_init(&env, 0);
	rl_http1_limits_default(&limits);
	rl_http1_init(&parser, &env, RL_HTTP1_RESPONSE, &limits);
	while (rc == 0 && shown < all) {
		shown = step && all - shown > step ? shown + step : all;
		struct rl_slice whole = rl_slice(start, shown), piece = fuzz_piece(&whole, shown);
		struct rl_slice rest = piece;
		rc = rl_http1_next(&parser, &rest, &ev);
		if (rc > 0)
			judge(&env, &parser.head, flags);
		fuzz_free(piece);
	}
	rl_http1_fini(&parser);
	return 0;
}
