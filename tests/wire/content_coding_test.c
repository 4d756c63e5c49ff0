/* content_coding_test.c: which codings a request takes, and bodies in them. */
#include <rill/error.h>
#include <stdio.h>
#include <zlib.h>
#include "support/support.h"
#include "wire/content_coding.h"

static enum rl_coding accepted(const char *fields)
{
	char text[512];
	struct rl_http1_limits limits;
	struct rl_http1 parser;
	struct rl_http1_event event;
	int n = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	struct rl_slice in = rl_slice(text, (size_t)n);
	rl_http1_limits_default(&limits);
	rl_http1_init(&parser, test_env(), RL_HTTP1_REQUEST, &limits);
	assert_int_equal(rl_http1_next(&parser, &in, &event), 1);
	enum rl_coding coding = rl_coding_accepted(&parser.head);
	rl_http1_fini(&parser);
	return coding;
}

TEST(content_coding, is_one_that_the_request_takes)
{
	assert_int_equal(accepted(""), RL_CODING_NONE);
	assert_int_equal(accepted("Accept-Encoding:\r\n"), RL_CODING_NONE);
	assert_int_equal(accepted("Accept-Encoding: br, zstd\r\n"), RL_CODING_NONE);
	assert_int_equal(accepted("Accept-Encoding: gzip\r\n"), RL_CODING_GZIP);
	assert_int_equal(accepted("Accept-Encoding: br, GZip;q=0.1\r\n"), RL_CODING_GZIP);
	assert_int_equal(accepted("Accept-Encoding: deflate\r\n"), RL_CODING_DEFLATE);
	assert_int_equal(accepted("Accept-Encoding: deflate, gzip\r\n"), RL_CODING_GZIP);
	assert_int_equal(
		accepted("Accept-Encoding: deflate\r\nAccept-Encoding: gzip\r\n"), RL_CODING_GZIP);
	assert_int_equal(accepted("Accept-Encoding: gzip;q=0, deflate\r\n"), RL_CODING_DEFLATE);
	assert_int_equal(accepted("Accept-Encoding: gzip ; Q=0.000\r\n"), RL_CODING_NONE);
	assert_int_equal(accepted("Accept-Encoding: gzip;q=\r\n"), RL_CODING_GZIP);
	assert_int_equal(accepted("Accept-Encoding: gzip;\r\n"), RL_CODING_GZIP);
	assert_int_equal(accepted("Accept-Encoding: gzipped, xgzip, *\r\n"), RL_CODING_NONE);
}

static void expect_inflated(struct rl_slice coded, int window_bits, struct rl_slice body)
{
	uint8_t *out = test_guarded(NULL, body.len + 1);
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)coded.data, .avail_in = (uInt)coded.len,
		.next_out = out, .avail_out = (uInt)body.len + 1 };
	assert_int_equal(inflateInit2(&z, window_bits), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, body.len);
	assert_memory_equal(out, body.data, body.len);
	inflateEnd(&z);
}

TEST(content_coding, gives_back_what_was_put_in)
{
	static uint8_t body[300 * 1000];
	static const size_t sizes[] = { 1, 2, 1024, sizeof(body) };
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * i >> 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct rl_slice in = rl_slice(test_guarded(body, sizes[i]), sizes[i]);
		assert_int_equal(rl_coding_write(&out, RL_CODING_GZIP, in), 0);
		expect_inflated(rl_buf_slice(&out), 15 + 16, in);
		rl_buf_consume(&out, out.len);
		assert_int_equal(rl_coding_write(&out, RL_CODING_DEFLATE, in), 0);
		expect_inflated(rl_buf_slice(&out), 15, in);
		rl_buf_consume(&out, out.len);
	}
	rl_buf_release(&out);
	assert_string_equal(rl_coding_name(RL_CODING_GZIP), "gzip");
	assert_string_equal(rl_coding_name(RL_CODING_DEFLATE), "deflate");
}

static void write_one(void *arg)
{
	struct rl_buf *out = arg;
	size_t before = out->len;
	if (rl_coding_write(out, RL_CODING_GZIP, RL_SLICE("hello hello hello")) < 0)
		assert_int_equal(out->len, before);
	rl_buf_release(out);
}

TEST(content_coding, any_allocation_may_fail)
{
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	test_each_failing_allocation(write_one, &out);
}
