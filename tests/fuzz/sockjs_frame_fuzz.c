/* sockjs_frame_fuzz.c: frames out. The input is pieces of text, a length before each; those that are texts
 * become elements of a frame, which has to be read as those texts again, whatever stands around it. The
 * first byte says which allocation fails. */
#include <rill/error.h>
#include "base/utf8.h"
#include "fuzz/fuzz_support.h"
#include "wire/sockjs_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLBACK "cb"

/* What stands between head and tail. */
static struct rl_slice between(struct rl_slice s, struct rl_slice head, struct rl_slice tail)
{
	MUST(s.len >= head.len + tail.len && rl_slice_starts(s, head));
	MUST(rl_slice_equal(rl_slice(s.data + s.len - tail.len, tail.len), tail));
	return rl_slice(s.data + head.len, s.len - head.len - tail.len);
}

static bool holds(struct rl_slice s, const char *bytes)
{
	for (; *bytes; bytes++)
		if (s.len && memchr(s.data, *bytes, s.len))
			return true;
	return false;
}

/* All a browser could mangle is escaped: what is not ASCII is below U+FFF0, and in no bad range. */
static void check_element(struct rl_slice element)
{
	MUST(rl_utf8_valid(element.data, element.len));
	for (size_t i = 0; i < element.len; i++) {
		const uint8_t *c = element.data + i;
		MUST(c[0] >= 0x20 && c[0] < 0xf0);
		MUST(c[0] != 0xef || c[1] != 0xbf || c[2] < 0xb0);
		MUST(c[0] != 0xe2 || c[1] != 0x80 ||
			!((c[2] >= 0x8c && c[2] <= 0x8f) || (c[2] >= 0xa8 && c[2] <= 0xaf)));
		MUST(c[0] != 0xe2 || c[1] != 0x81 || c[2] < 0xa0 || c[2] > 0xaf);
	}
}

static void check_script(struct rl_slice script, struct rl_slice head, struct rl_slice tail,
	struct rl_slice frame, bool in_page)
{
	struct rl_slice call = between(script, head, tail);
	struct rl_json string;

	MUST(rl_json_read(call, &string) == 0 && rl_json_is(&string, frame));
	MUST(!in_page || !holds(call, "<>"));
	for (size_t i = 0; i + 2 < call.len; i++)
		MUST(memcmp(call.data + i, "\xe2\x80\xa8", 3) &&
			memcmp(call.data + i, "\xe2\x80\xa9", 3));
}

static void check_event(struct rl_slice event, struct rl_slice frame)
{
	struct rl_slice line = between(event, RL_SLICE("data: "), RL_SLICE("\r\n\r\n"));

	MUST(!holds(line, "\r\n") && !(line.len && memchr(line.data, 0, line.len)));
	for (size_t i = 0; i < line.len; i++) {
		MUST(frame.len);
		if (line.data[i] == '%') {
			static const char hex[] = "0123456789ABCDEF";
			MUST(line.len - i >= 3);
			MUST(line.data[i + 1] == hex[frame.data[0] >> 4]);
			MUST(line.data[i + 2] == hex[frame.data[0] & 15]);
			i += 2;
		} else {
			MUST(line.data[i] == frame.data[0]);
		}
		rl_slice_skip(&frame, 1);
	}
	MUST(!frame.len);
}

static void wrap(struct rl_buf *out, const struct rl_envelope *envelope, struct rl_slice frame)
{
	rl_buf_consume(out, out->len);
	MUST(envelope->wrap(out, RL_SLICE(CALLBACK), frame) == 0);
}

static void check_envelopes(struct rl_slice frame, const struct rl_env *env)
{
	struct rl_buf out;

	rl_buf_init(&out, env);
	wrap(&out, &rl_sockjs_xhr, frame);
	MUST(rl_slice_equal(between(rl_buf_slice(&out), RL_SLICE(""), RL_SLICE("\n")), frame));
	wrap(&out, &rl_sockjs_eventsource, frame);
	check_event(rl_buf_slice(&out), frame);
	wrap(&out, &rl_sockjs_jsonp, frame);
	check_script(rl_buf_slice(&out), RL_SLICE("/**/" CALLBACK "("), RL_SLICE(");\r\n"), frame,
		false);
	wrap(&out, &rl_sockjs_htmlfile, frame);
	check_script(rl_buf_slice(&out), RL_SLICE("<script>\np("), RL_SLICE(");\n</script>\r\n"),
		frame, true);
	rl_buf_release(&out);
}

/* The frame holds just these texts. */
static void check_frame(struct rl_slice frame, struct rl_slice texts, const struct rl_env *env)
{
	struct rl_sockjs_messages m;
	struct rl_slice message;
	struct rl_buf scratch;

	rl_buf_init(&scratch, env);
	rl_slice_skip(&frame, 1);
	MUST(rl_sockjs_read(&m, frame, false) == 0);
	while (rl_sockjs_next(&m, &scratch, &message) == 1) {
		MUST(rl_slice_starts(texts, message));
		rl_slice_skip(&texts, message.len);
	}
	MUST(!texts.len);
	rl_buf_release(&scratch);
}

static void check_close(struct rl_slice reason, const struct rl_env *env)
{
	struct rl_slice rest;
	struct rl_json json;
	struct rl_buf out;
	int64_t code;

	rl_buf_init(&out, env);
	MUST(rl_sockjs_write_close(&out, 3000, reason) == 0 && out.data[0] == 'c');
	rl_buf_consume(&out, 1);
	MUST(rl_json_read(rl_buf_slice(&out), &json) == 0);
	rest = json.text;
	MUST(rl_json_item(&rest, &json) && rl_json_i64(&json, &code) && code == 3000);
	MUST(rl_json_item(&rest, &json) && rl_json_is(&json, reason));
	MUST(!rl_json_item(&rest, &json));
	rl_buf_release(&out);
}

/* Whatever fails, nothing is half written. */
static void check_failing(struct rl_slice text, size_t fail_at)
{
	struct rl_env env;
	struct rl_buf out;

	fuzz_env_init(&env, fail_at);
	rl_buf_init(&out, &env);
	int rc = rl_sockjs_write_element(&out, text);
	MUST(rc == 0 || (rc == RILL_ENOMEM && !out.len));
	size_t before = out.len;
	rc = rl_sockjs_htmlfile.wrap(&out, RL_SLICE(CALLBACK), text);
	MUST(rc == 0 || (rc == RILL_ENOMEM && out.len == before));
	before = out.len;
	rc = rl_sockjs_write_close(&out, 1000, text);
	MUST(rc == 0 || (rc == RILL_ENOMEM && out.len == before));
	rl_buf_release(&out);
	fuzz_env_init(&env, 0);
}

static void add_element(struct rl_buf *frame, struct rl_buf *texts, struct rl_slice text)
{
	size_t before;

	MUST(rl_buf_append_str(frame, frame->len == 2 ? "" : ",") == 0);
	before = frame->len;
	MUST(rl_sockjs_write_element(frame, text) == 0);
	check_element(rl_slice(frame->data + before, frame->len - before));
	MUST(rl_buf_append_slice(texts, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	struct rl_buf frame, texts;
	struct rl_env env;

	size_t fail_at = fuzz_byte(&in);
	fuzz_env_init(&env, 0);
	rl_buf_init(&frame, &env);
	rl_buf_init(&texts, &env);
	MUST(rl_buf_append_str(&frame, "a[") == 0);
	while (in.len) {
		struct rl_slice text = fuzz_piece(&in, fuzz_byte(&in));
		if (rl_wtf8_valid(text.data, text.len)) {
			check_failing(text, fail_at);
			add_element(&frame, &texts, text);
			check_close(text, &env);
		}
		rl_sockjs_callback_fault(text, fail_at);
		fuzz_free(text);
	}
	MUST(rl_buf_append_str(&frame, "]") == 0);
	check_frame(rl_buf_slice(&frame), rl_buf_slice(&texts), &env);
	check_envelopes(rl_buf_slice(&frame), &env);
	rl_buf_release(&frame);
	rl_buf_release(&texts);
	return 0;
}
