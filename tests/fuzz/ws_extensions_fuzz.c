/* ws_extensions_fuzz.c: Sec-WebSocket-Extensions of hostile peers, both ways. Byte 0: bit 0 we are the
 * client, bit 1 permessage-deflate is registered, bits 2 to 4 which of ours; byte 1 says which
 * allocation fails; the rest is the header. */
#include <rill/error.h>
#include "fuzz/fuzz_support.h"
#include "wire/ws_pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sessions;

/* Reads all parameters, in an order that is not theirs too, and takes what has an even number. */
static bool read_all(const rill_extension_params *params)
{
	rill_bytes name, value, last = { 0 }, again;
	size_t count = 0;
	for (; rill_extension_param_at(params, count, &name, &value); count++) {
		MUST(rl_slice_is_token(rl_slice(name.data, name.len)));
		MUST(!value.data || rl_slice_is_token(rl_slice(value.data, value.len)));
		last = value;
	}
	if (count) {
		MUST(rill_extension_param_at(params, 0, &name, &again));
		MUST(rill_extension_param_at(params, count - 1, &name, &again));
		MUST(last.data == again.data && last.len == again.len);
	}
	return count % 2 == 0;
}

/* Answers the values of what it was shown. */
static int accept_some(void *user, const rill_extension_params *offer,
	rill_extension_output *answer, void **session)
{
	rill_bytes name, value;
	(void)user;
	if (!read_all(offer))
		return 0;
	for (size_t i = 0; rill_extension_param_at(offer, i, &name, &value); i++) {
		(void)rill_extension_write(answer, i ? "; " : "", i ? 2 : 0);
		(void)rill_extension_write(answer, name.data, name.len);
		(void)rill_extension_write(answer, "=", value.data ? 1 : 0);
		(void)rill_extension_write(answer, value.data, value.len);
	}
	*session = &sessions;
	sessions++;
	return 1;
}

static int offer_two(void *user, size_t i, rill_extension_output *offer)
{
	(void)user;
	(void)rill_extension_write(offer, "a; b=1", i ? 6 : 0);
	return i < 2;
}

static int confirm_some(void *user, const rill_extension_params *answer, void **session)
{
	(void)user;
	if (!read_all(answer))
		return 0;
	*session = &sessions;
	sessions++;
	return 1;
}

static int pass(void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	(void)session;
	return rill_extension_write(out, piece->data.data, piece->data.len);
}

static void close_session(void *session)
{
	MUST(session == &sessions && sessions > 0);
	sessions--;
}

#define EXTENSION                                                                                  \
	.size = sizeof(rill_extension), .accept = accept_some, .offer = offer_two,                 \
	.confirm = confirm_some, .incoming = pass, .outgoing = pass, .close = close_session

static const rill_extension ours[] = {
	{ EXTENSION, .name = "a", .rsv2 = true },
	{ EXTENSION, .name = "b", .rsv3 = true },
	{ EXTENSION, .name = "c", .rsv1 = true, .rsv3 = true },
};

/* What we answer keeps to the grammar, and names each at most once. */
static void check_answer(struct rl_slice answer, bool any)
{
	struct rl_ws_extension extension;
	size_t count = 0;
	while (rl_ws_next_extension(&answer, &extension) > 0)
		count++;
	MUST(!answer.len && count <= 3 && (count > 0) == any);
}

static void negotiate(
	struct rl_ws_extensions *set, bool client, struct rl_slice header, const struct rl_env *env)
{
	struct rl_ws_pipeline *pipeline = NULL;
	struct rl_buf said;
	const char *sentence;
	int rc;

	rl_buf_init(&said, env);
	if (client) {
		rc = rl_ws_extensions_write_offer(set, &said);
		if (rc == 0)
			rc = rl_ws_extensions_confirm(set, header, &pipeline, &sentence);
		MUST(rc != RILL_EPROTO || sentence);
	} else {
		rc = rl_ws_extensions_accept(set, header, &said, &pipeline);
		check_answer(rl_buf_slice(&said), pipeline != NULL);
		MUST(rc == RILL_ENOMEM || rc == rl_ws_check_extensions(header));
	}
	MUST(rc == 0 || (!pipeline && !sessions));
	MUST(rc == 0 || rc == RILL_ENOMEM || rc == RILL_EPROTO);
	rl_ws_pipeline_free(pipeline);
	MUST(!sessions);
	rl_buf_release(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const rill_extension *list[4];
	struct rl_deflate_options deflate;
	struct rl_ws_extensions *set;
	struct rl_slice in = rl_slice(data, size);
	const char *sentence;
	struct rl_env env;
	size_t n = 0;

	uint8_t choice = fuzz_byte(&in);
	fuzz_env_init(&env, fuzz_byte(&in) % 32);
	for (size_t i = 0; i < 3; i++)
		if (choice >> (2 + i) & 1)
			list[n++] = &ours[i];
	list[n] = NULL;
	rl_deflate_options_default(&deflate);
	if (rl_ws_extensions_new(&set, &env, choice & 2 ? &deflate : NULL, NULL, list, &sentence) ==
		0) {
		struct rl_slice header = fuzz_piece(&in, in.len);
		negotiate(set, choice & 1, header, &env);
		fuzz_free(header);
		rl_ws_extensions_free(set);
	}
	return 0;
}
