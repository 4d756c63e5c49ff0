/* http1_field_test.c: looking fields up. */
#include <stdio.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/http1.h"

struct fixture {
	struct rl_http1_limits limits;
	struct rl_http1 p;
};

static const struct rl_http1_head *parsed(struct fixture *f, const char *text)
{
	struct rl_slice in = rl_slice_str(text);
	struct rl_http1_event ev;

	rl_http1_limits_default(&f->limits);
	rl_http1_init(&f->p, test_env(), RL_HTTP1_REQUEST, &f->limits);
	assert_int_equal(rl_http1_next(&f->p, &in, &ev), 1);
	assert_int_equal(ev.type, RL_HTTP1_HEAD);
	return &f->p.head;
}

TEST(http1_field, the_first_field_of_a_name_is_found_in_any_case)
{
	struct fixture f;
	struct rl_slice value;
	const struct rl_http1_head *head = parsed(
		&f, "GET / HTTP/1.0\r\nX-Aa: other\r\nx-a: one\r\nX-A: two\r\n\r\n");

	assert_true(rl_http1_field(head, RL_SLICE("X-A"), &value));
	test_expect_text(value.data, value.len, "one");
	assert_false(rl_http1_field(head, RL_SLICE("X"), &value));
	assert_false(rl_http1_field(head, RL_SLICE(""), &value));
	rl_http1_fini(&f.p);
}

TEST(http1_field, all_fields_of_a_name_are_walked_in_order)
{
	struct fixture f;
	struct rl_slice value;
	size_t cursor = 0;
	const struct rl_http1_head *head = parsed(
		&f, "GET / HTTP/1.0\r\nA: 1\r\nB: 2\r\na: 3\r\nB: 4\r\nA:\r\n\r\n");

	assert_int_equal(rl_http1_field_count(head, RL_SLICE("A")), 3);
	assert_int_equal(rl_http1_field_count(head, RL_SLICE("C")), 0);
	assert_true(rl_http1_next_field(head, RL_SLICE("A"), &cursor, &value));
	test_expect_text(value.data, value.len, "1");
	assert_true(rl_http1_next_field(head, RL_SLICE("A"), &cursor, &value));
	test_expect_text(value.data, value.len, "3");
	assert_true(rl_http1_next_field(head, RL_SLICE("A"), &cursor, &value));
	test_expect_text(value.data, value.len, "");
	assert_false(rl_http1_next_field(head, RL_SLICE("A"), &cursor, &value));
	assert_false(rl_http1_next_field(head, RL_SLICE("A"), &cursor, &value));
	rl_http1_fini(&f.p);
}

TEST(http1_field, every_field_of_a_head_with_more_than_a_byte_counts_is_found)
{
	struct fixture f;
	char text[16 * 1024] = "GET / HTTP/1.0\r\n", name[16];
	struct rl_slice value;
	size_t len = strlen(text), cursor = 0;

	for (int i = 0; i < 600; i++)
		len += (size_t)sprintf(text + len, "a%db: %d\r\nc%d:\r\n", i, i, i % 7);
	memcpy(text + len, "\r\n", 3);
	struct rl_slice in = rl_slice_str(text);
	struct rl_http1_event ev;
	rl_http1_limits_default(&f.limits);
	f.limits.fields = 2000;
	f.limits.head = sizeof(text);
	rl_http1_init(&f.p, test_env(), RL_HTTP1_REQUEST, &f.limits);
	assert_int_equal(rl_http1_next(&f.p, &in, &ev), 1);
	const struct rl_http1_head *head = &f.p.head;
	for (int i = 0; i < 600; i++) {
		char want[16];
		sprintf(name, "A%dB", i);
		sprintf(want, "%d", i);
		assert_true(rl_http1_field(head, rl_slice_str(name), &value));
		test_expect_text(value.data, value.len, want);
		assert_int_equal(rl_http1_field_count(head, rl_slice_str(name)), 1);
	}
	assert_int_equal(rl_http1_field_count(head, RL_SLICE("C3")), 86);
	assert_true(rl_http1_next_field(head, RL_SLICE("a599b"), &cursor, &value));
	assert_false(rl_http1_next_field(head, RL_SLICE("a599b"), &cursor, &value));
	assert_false(rl_http1_field(head, RL_SLICE("a600b"), &value));
	rl_http1_fini(&f.p);
}

TEST(http1_field, a_token_is_found_in_any_list_of_the_name)
{
	struct fixture f;
	const struct rl_http1_head *head = parsed(&f,
		"GET / HTTP/1.0\r\nConnection: keep-alive,\tUPGRADE\r\nconnection: a, \"b, c\"\r\n"
		"Other: d\r\n\r\n");
	const struct rl_slice name = RL_SLICE("Connection");

	assert_true(rl_http1_has_token(head, name, RL_SLICE("upgrade")));
	assert_true(rl_http1_has_token(head, name, RL_SLICE("Keep-Alive")));
	assert_true(rl_http1_has_token(head, name, RL_SLICE("a")));
	assert_false(rl_http1_has_token(head, name, RL_SLICE("keep")));
	assert_false(rl_http1_has_token(head, name, RL_SLICE("c\"")));
	assert_false(rl_http1_has_token(head, name, RL_SLICE("d")));
	assert_false(rl_http1_has_token(head, RL_SLICE("Upgrade"), RL_SLICE("upgrade")));
	rl_http1_fini(&f.p);
}
