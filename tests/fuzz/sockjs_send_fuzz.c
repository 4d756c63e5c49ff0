/* sockjs_send_fuzz.c: what clients send: bodies of xhr_send, of jsonp_send, texts of WebSockets. The first
 * byte says which of them it is, the second which allocation fails. */
#include <rill/error.h>
#include "base/utf8.h"
#include "fuzz/fuzz_support.h"
#include "wire/sockjs_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Counts the items with rl_json alone. */
static size_t count_items(struct rl_slice text)
{
	struct rl_json value;
	size_t count = 0;

	MUST(rl_json_read(text, &value) == 0);
	if (value.type != RL_JSON_ARRAY)
		return 1;
	struct rl_slice rest = value.text;
	while (rl_json_item(&rest, &value))
		count++;
	return count;
}

static void read_messages(struct rl_slice text, bool single, struct rl_buf *scratch)
{
	struct rl_sockjs_messages m;
	struct rl_slice message;
	size_t count = 0;
	int rc = rl_sockjs_read(&m, text, single);

	MUST(rc == 0 || rc == RILL_EPROTO || rc == RILL_ETOOBIG || (rc == RILL_EINVAL && !single));
	if (rc < 0) {
		MUST(rl_sockjs_next(&m, scratch, &message) == 0);
		return;
	}
	while ((rc = rl_sockjs_next(&m, scratch, &message)) != 0) {
		if (rc == RILL_ENOMEM)
			continue; /* one allocation fails, so that the next attempt does not */
		MUST(rc == 1 && rl_wtf8_valid(message.data, message.len));
		count++;
	}
	MUST(count == count_items(text));
}

static bool lies_in(struct rl_slice s, const void *data, size_t len)
{
	const uint8_t *start = data;

	return s.data >= start && s.data + s.len <= start + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size), json;
	struct rl_buf out, scratch;
	struct rl_env env;

	uint8_t kind = fuzz_byte(&in) & 3;
	fuzz_env_init(&env, fuzz_byte(&in));
	struct rl_slice body = fuzz_piece(&in, in.len);
	rl_buf_init(&out, &env);
	rl_buf_init(&scratch, &env);
	if (kind < 2) {
		read_messages(body, kind == 0, &scratch);
	} else {
		int rc = rl_sockjs_read_jsonp(body, kind == 2, &out, &json);
		MUST(rc == 0 || rc == RILL_ENOENT || rc == RILL_EPROTO || rc == RILL_ENOMEM);
		if (rc == 0) {
			MUST(json.len && json.len <= body.len);
			MUST(lies_in(json, body.data, body.len) ||
				lies_in(json, out.data, out.len));
			read_messages(json, false, &scratch);
		}
	}
	fuzz_env_init(&env, 0);
	rl_buf_release(&out);
	rl_buf_release(&scratch);
	fuzz_free(body);
	return 0;
}
