/* sse_write_fuzz.c: whatever event is written is read as that event and nothing else. A length and
 * so many bytes each for type, id and data, over and over; the data are written in two pieces. */
#include <rill/error.h>
#include "base/utf8.h"
#include "base/utf8_replace.h"
#include "fuzz/fuzz_support.h"
#include "wire/sse_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The data as a reader has them: LF for each line end, U+FFFD for what is no UTF-8. */
static void normalize(struct rl_slice data, struct rl_buf *out)
{
	struct rl_buf text;

	rl_buf_init(&text, out->env);
	for (size_t i = 0; i < data.len; i++) {
		if (data.data[i] == '\r' && i + 1 < data.len && data.data[i + 1] == '\n')
			continue;
		MUST(rl_buf_append(&text, data.data[i] == '\r' ? "\n" : (const char *)&data.data[i],
			     1) == 0);
	}
	MUST(rl_utf8_replace(out, rl_buf_slice(&text)) == 0);
	rl_buf_release(&text);
}

static void expect_read(
	struct rl_buf *bytes, const struct rl_sse_event *wrote, struct rl_slice data)
{
	struct rl_slice in = rl_buf_slice(bytes);
	struct rl_buf type, id;
	struct rl_sse_event ev;
	struct rl_sse sse;

	rl_buf_init(&type, bytes->env);
	rl_buf_init(&id, bytes->env);
	MUST(rl_utf8_replace(&type, wrote->type) == 0 && rl_utf8_replace(&id, wrote->id) == 0);
	rl_sse_init(&sse, bytes->env, SIZE_MAX);
	MUST(rl_sse_next(&sse, &in, &ev) == 1);
	MUST(rl_slice_equal(ev.type, rl_buf_slice(&type)));
	MUST(rl_slice_equal(ev.id, rl_buf_slice(&id)));
	MUST(rl_slice_equal(ev.data, data));
	MUST(rl_sse_next(&sse, &in, &ev) == 0 && !in.len && sse.retry_ms == UINT64_MAX);
	rl_sse_fini(&sse);
	rl_buf_release(&type);
	rl_buf_release(&id);
}

static void round_trip(const struct rl_env *env, const struct rl_sse_event *event, size_t cut)
{
	struct rl_sse_event head = { event->type, event->id, { NULL, 0 } };
	struct rl_buf out, want;
	bool cr = false;

	rl_buf_init(&out, env);
	rl_buf_init(&want, env);
	cut = cut < event->data.len ? cut : event->data.len;
	int rc = rl_sse_write_start(&out, &head);
	if (rc == RILL_EINVAL) {
		MUST(!out.len && (!rl_sse_fits_line(event->type) || !rl_sse_fits_line(event->id)));
	} else {
		struct rl_slice rest = event->data;
		rl_slice_skip(&rest, cut);
		MUST(rl_sse_write_data(&out, rl_slice(event->data.data, cut), &cr) == 0);
		MUST(rl_sse_write_data(&out, rest, &cr) == 0);
		MUST(rl_sse_write_end(&out, &cr) == 0);
		normalize(event->data, &want);
		expect_read(&out, event, rl_buf_slice(&want));
	}
	rl_buf_release(&out);
	rl_buf_release(&want);
}

/* No event comes of it, but its id is kept. */
static void id_alone(const struct rl_env *env, struct rl_slice id)
{
	struct rl_buf out, want;
	struct rl_sse_event ev;
	struct rl_sse sse;

	rl_buf_init(&out, env);
	rl_buf_init(&want, env);
	rl_sse_init(&sse, env, SIZE_MAX);
	int rc = rl_sse_write_id(&out, id);
	MUST((rc == 0) == rl_sse_fits_line(id) && (rc == 0) == (out.len > 0));
	if (rc == 0) {
		struct rl_slice in = rl_buf_slice(&out);
		MUST(rl_utf8_replace(&want, id) == 0);
		MUST(rl_sse_next(&sse, &in, &ev) == 0 && !in.len);
		MUST(rl_slice_equal(rl_slice_str(rl_sse_id(&sse)), rl_buf_slice(&want)));
	}
	rl_sse_fini(&sse);
	rl_buf_release(&out);
	rl_buf_release(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	struct rl_env env;

	fuzz_env_init(&env, 0);
	while (in.len) {
		struct rl_sse_event event;
		size_t cut = fuzz_byte(&in);
		event.type = fuzz_piece(&in, fuzz_byte(&in));
		event.id = fuzz_piece(&in, fuzz_byte(&in));
		event.data = fuzz_piece(&in, fuzz_byte(&in));
		round_trip(&env, &event, cut);
		id_alone(&env, event.id);
		fuzz_free(event.type);
		fuzz_free(event.id);
		fuzz_free(event.data);
	}
	return 0;
}
