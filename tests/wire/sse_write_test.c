/* sse_write_test.c: events as bytes. */
#include <rill/error.h>
#include "support/support.h"
#include "wire/sse_event.h"

static struct rl_sse_event event_of(const char *type, const char *id, const char *data)
{
	return (struct rl_sse_event){ rl_slice_str(type), rl_slice_str(id), rl_slice_str(data) };
}

static void expect(const char *type, const char *id, const char *data, const char *want)
{
	struct rl_sse_event event = event_of(type, id, data);
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sse_write(&out, &event), 0);
	test_expect_text(out.data, out.len, want);
	rl_buf_release(&out);
}

TEST(sse_write, an_event_has_the_lines_it_needs)
{
	expect(NULL, NULL, "hello", "data: hello\r\n\r\n");
	expect("", NULL, "hello", "data: hello\r\n\r\n");
	expect("tick", NULL, "1", "event: tick\r\ndata: 1\r\n\r\n");
	expect("tick", "7", "1", "event: tick\r\nid: 7\r\ndata: 1\r\n\r\n");
	expect(NULL, NULL, "", "data: \r\n\r\n");
	expect(NULL, NULL, " two", "data:  two\r\n\r\n");
}

TEST(sse_write, an_empty_id_clears_the_last_one)
{
	expect(NULL, "", "x", "id: \r\ndata: x\r\n\r\n");
}

TEST(sse_write, each_kind_of_line_end_in_the_data_stays_and_begins_a_line)
{
	expect(NULL, NULL, "a\nb\rc\r\nd", "data: a\ndata: b\rdata: c\r\ndata: d\r\n\r\n");
	expect(NULL, NULL, "a\n", "data: a\ndata: \r\n\r\n");
	expect(NULL, NULL, "a\r", "data: a\rdata: \r\n\r\n");
	expect(NULL, NULL, "a\r\n", "data: a\r\ndata: \r\n\r\n");
	expect(NULL, NULL, "\n\r\r\n", "data: \ndata: \rdata: \r\ndata: \r\n\r\n");
	expect(NULL, NULL, "event: x", "data: event: x\r\n\r\n");
}

/* Writes data in two pieces cut at each place: the same bytes as in one. */
TEST(sse_write, pieces_of_the_data_may_be_cut_anywhere)
{
	static const char data[] = "a\r\nb\rc\nd\r\r\n\n\r";
	struct rl_sse_event event = event_of("t", "1", data), head = event_of("t", "1", NULL);
	struct rl_buf want, have;

	rl_buf_init(&want, test_env());
	rl_buf_init(&have, test_env());
	assert_int_equal(rl_sse_write(&want, &event), 0);
	for (size_t cut = 0; cut < sizeof(data); cut++) {
		bool cr = false;
		rl_buf_consume(&have, have.len);
		assert_int_equal(rl_sse_write_start(&have, &head), 0);
		assert_int_equal(rl_sse_write_data(&have, rl_slice(data, cut), &cr), 0);
		assert_int_equal(
			rl_sse_write_data(&have, rl_slice(data + cut, sizeof(data) - 1 - cut), &cr),
			0);
		assert_int_equal(rl_sse_write_end(&have, &cr), 0);
		assert_false(cr);
		assert_int_equal(have.len, want.len);
		assert_memory_equal(have.data, want.data, want.len);
	}
	rl_buf_release(&want);
	rl_buf_release(&have);
}

static void refused(struct rl_slice type, struct rl_slice id)
{
	struct rl_sse_event event = { type, id, RL_SLICE("x") };
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sse_write(&out, &event), RILL_EINVAL);
	assert_int_equal(out.len, 0);
	rl_buf_release(&out);
}

TEST(sse_write, what_would_end_its_line_is_refused)
{
	static const struct rl_slice bad[] = { { (const uint8_t *)"a\rdata: b", 9 },
		{ (const uint8_t *)"a\n", 2 }, { (const uint8_t *)"\r\n", 2 },
		{ (const uint8_t *)"a\0b", 3 } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(rl_sse_fits_line(bad[i]));
		refused(bad[i], rl_slice(NULL, 0));
		refused(rl_slice(NULL, 0), bad[i]);
	}
}

TEST(sse_write, a_ping_is_an_empty_comment_and_retry_a_number)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sse_write_ping(&out), 0);
	assert_int_equal(rl_sse_write_retry(&out, 5000), 0);
	assert_int_equal(rl_sse_write_retry(&out, 0), 0);
	test_expect_text(out.data, out.len, ":\r\n\r\nretry: 5000\r\n\r\nretry: 0\r\n\r\n");
	rl_buf_release(&out);
}

TEST(sse_write, an_id_may_stand_without_an_event)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sse_write_id(&out, RL_SLICE("a-1")), 0);
	assert_int_equal(rl_sse_write_id(&out, RL_SLICE("a\nb")), RILL_EINVAL);
	assert_int_equal(rl_sse_write_id(&out, RL_SLICE("a\rb")), RILL_EINVAL);
	test_expect_text(out.data, out.len, "id: a-1\r\n\r\n");
	rl_buf_release(&out);
}

static void write_without_memory(void *arg)
{
	static const char data[] = "a line\nanother\r\nand one that is long enough to need more "
				   "memory than the one before it did";
	struct rl_sse_event event = event_of("type", "id", data);
	struct rl_buf out;

	(void)arg;
	rl_buf_init(&out, test_env());
	int rc = rl_sse_write(&out, &event);
	if (rc < 0) {
		assert_int_equal(rc, RILL_ENOMEM);
		assert_int_equal(out.len, 0);
	}
	size_t before = out.len;
	rc = rl_sse_write_retry(&out, UINT64_MAX);
	if (rc < 0)
		assert_int_equal(out.len, before);
	before = out.len;
	rc = rl_sse_write_id(&out, RL_SLICE("one that is long enough to need more memory"));
	if (rc < 0)
		assert_int_equal(out.len, before);
	rl_buf_release(&out);
}

TEST(sse_write, without_memory_nothing_is_appended)
{
	test_each_failing_allocation(write_without_memory, NULL);
}
