/* sse_event_fuzz.c: a hostile stream of events: a limit, a failing allocation, then a length and so
 * many bytes in turn, each piece in memory of its own; a length of 255 begins another stream. What
 * comes out is UTF-8 and within the limit, and the same as if the stream had come in one piece. */
#include <rill/error.h>
#include "base/utf8.h"
#include "fuzz/fuzz_support.h"
#include "wire/sse_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All events so far as one number, which tells two readers apart. */
static uint64_t mix(uint64_t sum, struct rl_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		sum = (sum ^ s.data[i]) * UINT64_C(0x100000001b3);
	return (sum ^ s.len) * UINT64_C(0x100000001b3) + 1;
}

static int receive(struct rl_sse *sse, struct rl_slice in, uint64_t *sum)
{
	struct rl_sse_event ev;
	int rc;

	while ((rc = rl_sse_next(sse, &in, &ev)) > 0) {
		/* What is no UTF-8 has become three times as long at most. */
		MUST(ev.data.len + ev.type.len <= 3 * sse->max_event);
		MUST(rl_utf8_valid(ev.data.data, ev.data.len));
		MUST(rl_utf8_valid(ev.type.data, ev.type.len));
		MUST(!ev.type.len || (!memchr(ev.type.data, '\n', ev.type.len) &&
					     !memchr(ev.type.data, '\r', ev.type.len)));
		MUST(rl_utf8_valid(ev.id.data, ev.id.len) && rl_sse_fits_line(ev.id));
		MUST(!ev.id.len || ev.id.data[ev.id.len] == 0);
		*sum = mix(mix(mix(*sum, ev.type), ev.id), ev.data);
	}
	MUST(rc == RILL_ETOOBIG || rc == RILL_ENOMEM || (rc == 0 && !in.len));
	return rc;
}

/* Reads all pieces up to the next restart, and then them joined by a reader of its own. */
static void compare(struct rl_slice *in, const struct rl_env *env, size_t max_event)
{
	struct rl_sse cut, whole;
	uint64_t sum = 0, want = 0;
	struct rl_buf all;
	int rc = 0;

	rl_buf_init(&all, env);
	rl_sse_init(&cut, env, max_event);
	rl_sse_init(&whole, env, max_event);
	while (in->len && rc == 0) {
		size_t n = fuzz_byte(in);
		if (n == 255)
			break;
		struct rl_slice piece = fuzz_piece(in, n);
		rc = rl_buf_append_slice(&all, piece);
		if (rc == 0)
			rc = receive(&cut, piece, &sum);
		fuzz_free(piece);
	}
	int again = rc == RILL_ENOMEM ? rc : receive(&whole, rl_buf_slice(&all), &want);
	if (rc != RILL_ENOMEM && again != RILL_ENOMEM)
		MUST(rc == again && sum == want && cut.retry_ms == whole.retry_ms);
	rl_sse_fini(&cut);
	rl_sse_fini(&whole);
	rl_buf_release(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	struct rl_env env;

	size_t max_event = fuzz_byte(&in);
	fuzz_env_init(&env, fuzz_byte(&in) % 32);
	while (in.len)
		compare(&in, &env, max_event < 128 ? max_event : SIZE_MAX);
	return 0;
}
