/* sio0_envelope_test.c: tests of src/wire/sio0_envelope.c. */
#include <rill/error.h>
#include "support/support.h"
#include "wire/sio0_frame.h"
#include "wire/sse_event.h"

static const struct rl_envelope *const envelopes[] = { &rl_sio0_polling, &rl_sio0_jsonp,
	&rl_sio0_htmlfile, &rl_sio0_multipart, &rl_sio0_events };
#define ENVELOPES (sizeof(envelopes) / sizeof(envelopes[0]))

static void expect_wrapped(
	const struct rl_envelope *envelope, struct rl_slice frame, const char *want)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_buf_append_str(&out, "."), 0);
	assert_int_equal(envelope->wrap(&out, RL_SLICE("12"), frame), 0);
	test_expect_text(out.data + 1, out.len - 1, want);
	rl_buf_release(&out);
}

TEST(sio0_envelope, each_transport_wraps_frames_its_way)
{
	struct rl_slice frame = RL_SLICE("~m~3~m~\"a\"~m~0~m~");

	expect_wrapped(&rl_sio0_polling, frame, "~m~3~m~\"a\"~m~0~m~");
	expect_wrapped(&rl_sio0_jsonp, frame, "io.JSONP[12]._(\"~m~3~m~\\\"a\\\"~m~0~m~\");");
	expect_wrapped(&rl_sio0_htmlfile, frame,
		"<script>parent.s._(\"~m~3~m~\\\"a\\\"~m~0~m~\", document);</script>");
	expect_wrapped(&rl_sio0_multipart, frame,
		"Content-Type: text/plain\n\n~m~3~m~\"a\"~m~0~m~\n--socketio\n");
	expect_wrapped(
		&rl_sio0_events, frame, "event: socket.io\r\ndata: ~m~3~m~\"a\"~m~0~m~\r\n\r\n");
}

TEST(sio0_envelope, a_poll_may_be_answered_with_nothing)
{
	expect_wrapped(&rl_sio0_polling, rl_slice(NULL, 0), "");
	expect_wrapped(&rl_sio0_jsonp, rl_slice(NULL, 0), "io.JSONP[12]._(\"\");");
}

TEST(sio0_envelope, no_message_ends_the_script_it_stands_in)
{
	struct rl_slice tag = RL_SLICE("~m~13~m~</script><!--");
	struct rl_slice lines = RL_SLICE("~m~2~m~\xe2\x80\xa8\xe2\x80\xa9");

	expect_wrapped(&rl_sio0_jsonp, tag,
		"io.JSONP[12]._(\"~m~13~m~\\u003c/script\\u003e\\u003c!--\");");
	expect_wrapped(&rl_sio0_htmlfile, tag,
		"<script>parent.s._(\"~m~13~m~\\u003c/script\\u003e\\u003c!--\", "
		"document);</script>");
	expect_wrapped(&rl_sio0_jsonp, lines, "io.JSONP[12]._(\"~m~2~m~\\u2028\\u2029\");");
	expect_wrapped(&rl_sio0_htmlfile, lines,
		"<script>parent.s._(\"~m~2~m~\\u2028\\u2029\", document);</script>");
	expect_wrapped(&rl_sio0_jsonp, RL_SLICE("\"\\\n\r\0"),
		"io.JSONP[12]._(\"\\\"\\\\\\n\\r\\u0000\");");
}

TEST(sio0_envelope, each_line_of_the_frames_is_a_line_of_the_event)
{
	struct rl_slice frames = RL_SLICE("~m~4~m~a\n\nb~m~1~m~\n");
	struct rl_slice in;
	struct rl_sse_event event;
	struct rl_buf out;
	struct rl_sse sse;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sio0_events.wrap(&out, RL_SLICE(""), frames), 0);
	test_expect_text(out.data, out.len,
		"event: socket.io\r\ndata: ~m~4~m~a\ndata: \ndata: b~m~1~m~\ndata: \r\n\r\n");
	rl_sse_init(&sse, test_env(), SIZE_MAX);
	in = rl_buf_slice(&out);
	assert_int_equal(rl_sse_next(&sse, &in, &event), 1);
	test_expect_text(event.type.data, event.type.len, "socket.io");
	assert_true(rl_slice_equal(event.data, frames));
	rl_sse_fini(&sse);
	rl_buf_release(&out);
}

TEST(sio0_envelope, each_transport_has_its_type_and_none_is_stored)
{
	assert_string_equal(rl_sio0_polling.content_type, "text/plain; charset=UTF-8");
	assert_string_equal(rl_sio0_jsonp.content_type, "text/javascript; charset=UTF-8");
	assert_string_equal(rl_sio0_htmlfile.content_type, "text/html; charset=UTF-8");
	assert_string_equal(
		rl_sio0_multipart.content_type, "multipart/x-mixed-replace;boundary=\"socketio\"");
	assert_string_equal(rl_sio0_events.content_type, "text/event-stream");
	for (size_t i = 0; i < ENVELOPES; i++) {
		assert_null(envelopes[i]->binary_type);
		assert_int_equal(envelopes[i]->unframed, envelopes[i] == &rl_sio0_multipart);
		if (envelopes[i] == &rl_sio0_jsonp)
			assert_string_equal(envelopes[i]->fields,
				"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
		else
			assert_string_equal(envelopes[i]->fields, "Cache-Control: no-store\r\n");
	}
}

TEST(sio0_envelope, streams_begin_with_what_browsers_wait_for)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sio0_htmlfile.prelude(&out, rl_slice(NULL, 0)), 0);
	assert_int_equal(out.len, 256);
	test_expect_text(out.data, 12, "<html><body>");
	for (size_t i = 12; i < out.len; i++)
		assert_int_equal(out.data[i], ' ');
	rl_buf_consume(&out, out.len);
	assert_int_equal(rl_sio0_multipart.prelude(&out, rl_slice(NULL, 0)), 0);
	test_expect_text(out.data, out.len, "--socketio\n");
	assert_null(rl_sio0_polling.prelude);
	assert_null(rl_sio0_jsonp.prelude);
	assert_null(rl_sio0_events.prelude);
	rl_buf_release(&out);
}

static void write_all(void *arg)
{
	const struct rl_envelope *envelope = arg;
	struct rl_slice frame = RL_SLICE(
		"~m~60~m~\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""
		"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n");
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	int rc = envelope->prelude ? envelope->prelude(&out, RL_SLICE("12")) : 0;
	size_t before = out.len;
	assert_true(rc == 0 || (rc == RILL_ENOMEM && !before));
	rc = envelope->wrap(&out, RL_SLICE("12"), frame);
	assert_true(rc == 0 || (rc == RILL_ENOMEM && out.len == before));
	rl_buf_release(&out);
}

TEST(sio0_envelope, without_memory_nothing_is_written)
{
	for (size_t i = 0; i < ENVELOPES; i++)
		test_each_failing_allocation(write_all, (void *)envelopes[i]);
}
