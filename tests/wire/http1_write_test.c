/* http1_write_test.c: start lines, fields and chunk heads. */
#include <rill/error.h>
#include "support/support.h"
#include "wire/http1.h"

static struct rl_buf empty(void)
{
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	return out;
}

static void expect_written(struct rl_buf *out, const char *text)
{
	test_expect_text(out->data, out->len, text);
	rl_buf_release(out);
}

TEST(http1_write, a_head_is_written_line_by_line)
{
	struct rl_buf out = empty();

	assert_int_equal(rl_http1_write_status(&out, 101, NULL), 0);
	assert_int_equal(rl_http1_write_field(&out, RL_SLICE("Upgrade"), RL_SLICE("websocket")), 0);
	assert_int_equal(rl_http1_write_field(&out, RL_SLICE("X"), RL_SLICE("")), 0);
	assert_int_equal(rl_http1_write_field(&out, RL_SLICE("Y"), RL_SLICE("a\tb \x80")), 0);
	assert_int_equal(rl_http1_write_end(&out), 0);
	expect_written(&out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX: \r\n"
			     "Y: a\tb \x80\r\n\r\n");
}

TEST(http1_write, a_status_has_the_reason_that_is_given)
{
	struct rl_buf out = empty();

	assert_int_equal(rl_http1_write_status(&out, 999, "Odd one"), 0);
	assert_int_equal(rl_http1_write_status(&out, 200, ""), 0);
	assert_int_equal(rl_http1_write_status(&out, 299, NULL), 0);
	expect_written(&out, "HTTP/1.1 999 Odd one\r\nHTTP/1.1 200 \r\nHTTP/1.1 299 Unknown\r\n");
}

TEST(http1_write, a_status_that_could_not_be_read_is_refused)
{
	struct rl_buf out = empty();

	assert_int_equal(rl_http1_write_status(&out, 99, NULL), RILL_EINVAL);
	assert_int_equal(rl_http1_write_status(&out, 1000, NULL), RILL_EINVAL);
	assert_int_equal(rl_http1_write_status(&out, -200, NULL), RILL_EINVAL);
	assert_int_equal(rl_http1_write_status(&out, 200, "a\r\nb: c"), RILL_EINVAL);
	expect_written(&out, "");
}

TEST(http1_write, a_request_line_is_written)
{
	struct rl_buf out = empty();

	assert_int_equal(rl_http1_write_request_line(&out, RL_SLICE("GET"), RL_SLICE("/a?b")), 0);
	expect_written(&out, "GET /a?b HTTP/1.1\r\n");
}

TEST(http1_write, a_request_line_that_could_not_be_read_is_refused)
{
	static const struct {
		struct rl_slice method, target;
	} bad[] = {
		{ RL_SLICE(""), RL_SLICE("/") },
		{ RL_SLICE("G T"), RL_SLICE("/") },
		{ RL_SLICE("GET"), RL_SLICE("") },
		{ RL_SLICE("GET"), RL_SLICE("/a b") },
		{ RL_SLICE("GET"), RL_SLICE("/\r\n") },
		{ RL_SLICE("GET"), RL_SLICE("/\0") },
		{ RL_SLICE("GET"), RL_SLICE("/\x7f") },
		{ RL_SLICE("GET"), RL_SLICE("/\xc3\xa9") },
		{ RL_SLICE("GET"), RL_SLICE("/#a") },
	};
	struct rl_buf out = empty();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rl_http1_write_request_line(&out, bad[i].method, bad[i].target),
			RILL_EINVAL);
	expect_written(&out, "");
}

TEST(http1_write, a_field_cannot_break_out_of_its_line)
{
	struct rl_buf out = empty();

	assert_int_equal(rl_http1_write_field(&out, RL_SLICE(""), RL_SLICE("a")), RILL_EINVAL);
	assert_int_equal(rl_http1_write_field(&out, RL_SLICE("a b"), RL_SLICE("a")), RILL_EINVAL);
	assert_int_equal(rl_http1_write_field(&out, RL_SLICE("a:"), RL_SLICE("a")), RILL_EINVAL);
	assert_int_equal(
		rl_http1_write_field(&out, RL_SLICE("a"), RL_SLICE("b\r\nc: d")), RILL_EINVAL);
	assert_int_equal(rl_http1_write_field(&out, RL_SLICE("a"), RL_SLICE("b\n")), RILL_EINVAL);
	assert_int_equal(rl_http1_write_field(&out, RL_SLICE("a"), RL_SLICE("b\0")), RILL_EINVAL);
	assert_int_equal(rl_http1_write_field(&out, RL_SLICE("a"), RL_SLICE("\x7f")), RILL_EINVAL);
	expect_written(&out, "");
}

TEST(http1_write, without_memory_the_buffer_stays_as_it_was)
{
	struct rl_buf out = empty();

	test_fail_allocation(1, true);
	assert_int_equal(rl_http1_write_status(&out, 200, NULL), RILL_ENOMEM);
	assert_int_equal(
		rl_http1_write_request_line(&out, RL_SLICE("GET"), RL_SLICE("/")), RILL_ENOMEM);
	assert_int_equal(rl_http1_write_field(&out, RL_SLICE("a"), RL_SLICE("b")), RILL_ENOMEM);
	assert_int_equal(rl_http1_write_end(&out), RILL_ENOMEM);
	test_fail_allocation(0, false);
	assert_int_equal(out.len, 0);
	assert_int_equal(rl_http1_write_end(&out), 0);
	test_fail_allocation(1, true);
	while (rl_http1_write_field(&out, RL_SLICE("name"), RL_SLICE("value")) == 0)
		;
	test_fail_allocation(0, false);
	assert_int_equal((out.len - 2) % strlen("name: value\r\n"), 0);
	rl_buf_release(&out);
}

static void expect_chunk_head(uint64_t len, const char *want)
{
	char text[20];
	size_t n = rl_http1_chunk_head(text, len);
	test_expect_text(text, n, want);
}

TEST(http1_write, a_chunk_head_is_the_length_in_hex)
{
	expect_chunk_head(0, "0\r\n");
	expect_chunk_head(1, "1\r\n");
	expect_chunk_head(15, "f\r\n");
	expect_chunk_head(16, "10\r\n");
	expect_chunk_head(0x1a2b3c, "1a2b3c\r\n");
	expect_chunk_head(UINT64_MAX, "ffffffffffffffff\r\n");
}
