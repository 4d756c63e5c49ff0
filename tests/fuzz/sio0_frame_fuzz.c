/* sio0_frame_fuzz.c: what a client of Socket.IO 0.5 or 0.6 sends at once, any bytes. The first byte says whether it is
 * the field of a form, and whether it came by one; the second which allocation fails. What is read, written again, has
 * to be read as the same, and to stand in each envelope as it is. */
#include <rill/error.h>
#include "base/utf16.h"
#include "base/utf8.h"
#include "fuzz/fuzz_support.h"
#include "wire/sio0_frame.h"
#include "wire/sse_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IS_FIELD  1 /* bits of the first byte */
#define BY_A_FORM 2
/* MARK 0 MARK */
#define LEAST_FRAME 7

static uint64_t count_units(struct rl_slice text)
{
	uint64_t units = 0;

	for (size_t n; text.len; rl_slice_skip(&text, n)) {
		uint8_t lead = text.data[0];
		n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
		units += n == 4 ? 2 : 1;
	}
	return units;
}

/* Each line end as LF. */
static void put_lines(struct rl_buf *out, struct rl_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool cr = text.data[i] == '\r';
		if (cr && i + 1 < text.len && text.data[i + 1] == '\n')
			continue;
		MUST(rl_buf_append(out, cr ? "\n" : (const char *)text.data + i, 1) == 0);
	}
}

static void write_again(struct rl_buf *out, const struct rl_sio0_message *message)
{
	if (message->type == RL_SIO0_HEARTBEAT)
		MUST(rl_sio0_write_heartbeat(out, message->number) == 0);
	else if (message->type == RL_SIO0_JSON)
		MUST(rl_sio0_write_json(out, message->body) == 0);
	else
		MUST(rl_sio0_write_text(out, message->body) == 0);
}

static void check_message(const struct rl_sio0_message *message)
{
	struct rl_json value;

	if (rl_utf8_valid(message->body.data, message->body.len))
		MUST(rl_utf16_units(message->body) == count_units(message->body));
	if (message->type == RL_SIO0_JSON)
		MUST(rl_json_read(message->body, &value) == 0);
	else if (message->type == RL_SIO0_TEXT)
		MUST(!rl_sio0_is_sign(message->body));
	MUST(message->type == RL_SIO0_HEARTBEAT || message->number == UINT32_MAX);
}

/* A text as lines. */
static void check_lines(struct rl_slice text, const struct rl_env *env)
{
	struct rl_sio0_message message;
	struct rl_buf frame, want, scratch;

	rl_buf_init(&frame, env);
	rl_buf_init(&want, env);
	rl_buf_init(&scratch, env);
	put_lines(&want, text);
	MUST(rl_sio0_write_lines(&frame, text) == 0);
	struct rl_slice in = rl_buf_slice(&frame);
	MUST(rl_sio0_next(&in, false, &scratch, &message) == 1 && !in.len);
	MUST(message.type == RL_SIO0_TEXT);
	MUST(rl_slice_equal(message.body, rl_buf_slice(&want)));
	rl_buf_release(&frame);
	rl_buf_release(&want);
	rl_buf_release(&scratch);
}

/* The next of what was sent. Without memory it is not taken; that happens once. */
static int next(struct rl_slice *in, bool form, struct rl_buf *scratch, bool may_fail,
	struct rl_sio0_message *message)
{
	struct rl_slice before = *in;
	int rc = rl_sio0_next(in, form, scratch, message);

	if (rc == 1) {
		MUST(before.len - in->len >= LEAST_FRAME);
		return 1;
	}
	MUST(in->data == before.data && in->len == before.len);
	if (rc != RILL_ENOMEM)
		return rc;
	MUST(may_fail);
	return next(in, form, scratch, false, message);
}

/* Reads all that was sent, and writes it again. */
static size_t read_all(struct rl_slice in, bool form, size_t fail_at, struct rl_buf *written)
{
	struct rl_sio0_message message;
	struct rl_buf scratch;
	struct rl_env env;
	size_t count = 0;
	int rc;

	fuzz_env_init(&env, fail_at);
	rl_buf_init(&scratch, &env);
	for (; (rc = next(&in, form, &scratch, fail_at > 0, &message)) == 1; count++) {
		check_message(&message);
		if (message.type == RL_SIO0_TEXT)
			check_lines(message.body, written->env);
		write_again(written, &message);
	}
	MUST(rc == 0 || (rc == RILL_EPROTO && in.len));
	rl_buf_release(&scratch);
	return count;
}

static void check_script(
	struct rl_slice script, struct rl_slice head, struct rl_slice tail, struct rl_slice frames)
{
	struct rl_json string;

	MUST(rl_slice_starts(script, head) && script.len >= head.len + tail.len);
	MUST(rl_slice_equal(rl_slice(script.data + script.len - tail.len, tail.len), tail));
	struct rl_slice said = rl_slice(script.data + head.len, script.len - head.len - tail.len);
	MUST(rl_json_read(said, &string) == 0 && rl_json_is(&string, frames));
	MUST(!memchr(said.data, '<', said.len) && !memchr(said.data, '>', said.len));
}

static void check_event(struct rl_slice event, struct rl_slice frames, const struct rl_env *env)
{
	struct rl_sse_event said;
	struct rl_buf want;
	struct rl_sse sse;

	rl_buf_init(&want, env);
	put_lines(&want, frames);
	rl_sse_init(&sse, env, SIZE_MAX);
	MUST(rl_sse_next(&sse, &event, &said) == 1);
	MUST(rl_slice_equal(said.type, RL_SLICE("socket.io")));
	MUST(rl_slice_equal(said.data, rl_buf_slice(&want)));
	MUST(rl_sse_next(&sse, &event, &said) == 0 && !event.len);
	rl_sse_fini(&sse);
	rl_buf_release(&want);
}

static void wrap(struct rl_buf *out, const struct rl_envelope *envelope, struct rl_slice frames)
{
	rl_buf_consume(out, out->len);
	MUST(envelope->wrap(out, RL_SLICE("0"), frames) == 0);
}

static void check_envelopes(struct rl_slice frames, const struct rl_env *env)
{
	struct rl_buf out;

	rl_buf_init(&out, env);
	wrap(&out, &rl_sio0_polling, frames);
	MUST(rl_slice_equal(rl_buf_slice(&out), frames));
	wrap(&out, &rl_sio0_jsonp, frames);
	check_script(rl_buf_slice(&out), RL_SLICE("io.JSONP[0]._("), RL_SLICE(");"), frames);
	wrap(&out, &rl_sio0_htmlfile, frames);
	check_script(rl_buf_slice(&out), RL_SLICE("<script>parent.s._("),
		RL_SLICE(", document);</script>"), frames);
	wrap(&out, &rl_sio0_events, frames);
	check_event(rl_buf_slice(&out), frames, env);
	rl_buf_release(&out);
}

static void check_sent(struct rl_slice sent, bool form, size_t fail_at, const struct rl_env *env)
{
	struct rl_buf written, again;

	rl_buf_init(&written, env);
	size_t count = read_all(sent, form, fail_at, &written);
	for (int by_form = 0; by_form < 2; by_form++) {
		rl_buf_init(&again, env);
		MUST(read_all(rl_buf_slice(&written), by_form, 0, &again) == count);
		MUST(rl_slice_equal(rl_buf_slice(&again), rl_buf_slice(&written)));
		rl_buf_release(&again);
	}
	if (rl_utf8_valid(written.data, written.len))
		check_envelopes(rl_buf_slice(&written), env);
	rl_buf_release(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	unsigned flags = fuzz_byte(&in);
	size_t fail_at = fuzz_byte(&in) % 4;
	struct rl_slice sent = fuzz_piece(&in, in.len);
	struct rl_env env, failing;
	struct rl_buf field;

	rl_env_init_default(&env);
	fuzz_env_init(&failing, fail_at);
	rl_buf_init(&field, &failing);
	if (flags & IS_FIELD) {
		int rc = rl_sio0_read_form(&field, sent);
		MUST(rc == 0 || rc == RILL_ENOENT || (rc == RILL_ENOMEM && fail_at));
		MUST(rc == 0 || !field.len);
		MUST(rl_utf8_valid(field.data, field.len));
		check_sent(rl_buf_slice(&field), flags & BY_A_FORM, 0, &env);
	} else {
		check_sent(sent, flags & BY_A_FORM, fail_at, &env);
	}
	rl_buf_release(&field);
	fuzz_free(sent);
	return 0;
}
