/* http1_test.c: the parser as a whole: its end, its memory, its defaults. */
#include "wire/http1_reader.h"

TEST(http1, input_may_end_between_messages_and_not_inside)
{
	struct reader r = server();
	r.ended = true;
	EVENTS(r, "GET / HTTP/1.0\r\n\r\n", "GET / 1.0 close none\n|END\n|QUIET\n");
	EVENTS(r, "G", "|CUT\n");
	EVENTS(r, "GET / HTTP/1.0\r\n\r", "|CUT\n");
	EVENTS(r, "GET / HTTP/1.0\r\nContent-Length: 2\r\n\r\na",
		"GET / 1.0 close length=2\nContent-Length=2\na|CUT\n");
}

TEST(http1, chunked_input_may_not_end_before_its_last_line)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				   "1\r\na\r\n0\r\nA: b\r\n\r\n";
	struct reader r = client();
	r.ended = true;
	for (size_t len = 1; len < sizeof(text) - 1; len++) {
		char *events = read_all(&r, text, len);
		assert_string_equal(strrchr(events, '|'), "|CUT\n");
		free(events);
	}
	EVENTS(r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"200 OK 1.1 keep chunked\nTransfer-Encoding=chunked\n|END\n|QUIET\n");
}

TEST(http1, a_failed_parser_says_so_when_input_ends)
{
	struct rl_http1_limits limits;
	struct rl_http1 p;
	struct rl_http1_event ev;
	struct rl_slice in = RL_SLICE("\n");
	bool complete = true;

	rl_http1_limits_default(&limits);
	rl_http1_init(&p, test_env(), RL_HTTP1_REQUEST, &limits);
	assert_int_equal(rl_http1_next(&p, &in, &ev), RILL_EPROTO);
	assert_int_equal(rl_http1_end_of_input(&p, &complete), RILL_EPROTO);
	assert_false(complete);
	assert_int_equal(p.error_status, 400);
	assert_string_equal(p.error_text, "A line ends with a bare LF.");
	rl_http1_fini(&p);
}

TEST(http1, it_is_busy_from_the_first_byte_of_a_message_to_its_end)
{
	struct rl_http1_limits limits;
	struct rl_http1 p;
	struct rl_http1_event ev;
	struct rl_slice none = RL_SLICE(""), first = RL_SLICE("G"),
			all = RL_SLICE("GET / HTTP/1.0\r\n\r\n");

	rl_http1_limits_default(&limits);
	rl_http1_init(&p, test_env(), RL_HTTP1_REQUEST, &limits);
	assert_int_equal(rl_http1_next(&p, &none, &ev), 0);
	assert_false(rl_http1_busy(&p));
	assert_int_equal(rl_http1_next(&p, &first, &ev), 0);
	assert_int_equal(first.len, 1);
	assert_true(rl_http1_busy(&p));
	assert_int_equal(rl_http1_next(&p, &all, &ev), 1);
	assert_int_equal(ev.type, RL_HTTP1_HEAD);
	assert_true(rl_http1_busy(&p));
	assert_int_equal(rl_http1_next(&p, &all, &ev), 1);
	assert_int_equal(ev.type, RL_HTTP1_END);
	assert_false(rl_http1_busy(&p));
	rl_http1_fini(&p);
}

TEST(http1, a_head_can_be_read_from_a_copy_of_its_bytes)
{
	struct rl_http1_limits limits;
	struct rl_http1 p;
	struct rl_http1_event ev;
	char text[] = "GET /path HTTP/1.1\r\nHost: example\r\n\r\n", copy[sizeof(text)];
	struct rl_slice in = rl_slice(text, sizeof(text) - 1), host;

	rl_http1_limits_default(&limits);
	rl_http1_init(&p, test_env(), RL_HTTP1_REQUEST, &limits);
	assert_int_equal(rl_http1_next(&p, &in, &ev), 1);
	memcpy(copy, text, p.head.len);
	memset(text, '!', sizeof(text));
	p.head.base = (const uint8_t *)copy;
	assert_int_equal(rl_http1_next(&p, &in, &ev), 1);
	assert_int_equal(ev.type, RL_HTTP1_END);
	assert_int_equal(rl_http1_next(&p, &in, &ev), 0);
	struct rl_slice target = rl_http1_text(&p.head, p.head.target);
	test_expect_text(target.data, target.len, "/path");
	assert_true(rl_http1_field(&p.head, RL_SLICE("host"), &host));
	test_expect_text(host.data, host.len, "example");
	rl_http1_fini(&p);
}

TEST(http1, no_memory_is_taken_before_the_first_field_and_kept_for_the_next_head)
{
	struct rl_http1_limits limits;
	struct rl_http1 p;
	struct rl_http1_event ev;
	struct rl_slice in = RL_SLICE("GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\nA: b\r\n\r\n"
				      "GET / HTTP/1.0\r\nA: b\r\nC: d\r\n\r\n");

	rl_http1_limits_default(&limits);
	rl_http1_init(&p, test_env(), RL_HTTP1_REQUEST, &limits);
	assert_int_equal(rl_http1_next(&p, &in, &ev), 1);
	assert_int_equal(rl_http1_next(&p, &in, &ev), 1);
	assert_int_equal(test_allocations(), 0);
	while (rl_http1_next(&p, &in, &ev) > 0)
		;
	assert_int_equal(test_allocations(), 1);
	rl_http1_fini(&p);
	assert_int_equal(test_live_blocks(), 0);
}

#define TEN_FIELDS "A:1\r\nA:2\r\nA:3\r\nA:4\r\nA:5\r\nA:6\r\nA:7\r\nA:8\r\nA:9\r\nA:10\r\n"
#define TEN_SEEN   "A=1\nA=2\nA=3\nA=4\nA=5\nA=6\nA=7\nA=8\nA=9\nA=10\n"

TEST(http1, when_memory_fails_the_same_call_can_be_made_again)
{
	struct rl_http1_limits limits;
	struct rl_http1 p;
	struct rl_http1_event ev;
	struct rl_slice in = RL_SLICE("GET / HTTP/1.0\r\n" TEN_FIELDS TEN_FIELDS "\r\n");

	rl_http1_limits_default(&limits);
	rl_http1_init(&p, test_env(), RL_HTTP1_REQUEST, &limits);
	for (size_t n = 0; n < 2; n++) {
		test_fail_allocation(n + 1, false);
		assert_int_equal(rl_http1_next(&p, &in, &ev), RILL_ENOMEM);
		assert_int_equal(p.head.field_count, n * 16);
	}
	test_fail_allocation(0, false);
	assert_int_equal(rl_http1_next(&p, &in, &ev), 1);
	assert_int_equal(p.head.field_count, 20);
	rl_http1_fini(&p);
}

static void read_forty_fields(void *arg)
{
	struct reader *r = arg;
	struct rl_http1 p;
	struct rl_http1_event ev;
	struct rl_slice in = RL_SLICE(
		"GET / HTTP/1.0\r\n" TEN_FIELDS TEN_FIELDS TEN_FIELDS TEN_FIELDS "\r\n");

	rl_http1_init(&p, test_env(), RL_HTTP1_REQUEST, &r->limits);
	int rc = rl_http1_next(&p, &in, &ev);
	assert_int_equal(rc, test_allocation_failed() ? RILL_ENOMEM : 1);
	rl_http1_fini(&p);
}

TEST(http1, every_allocation_may_fail)
{
	struct reader r = server();
	r.limits.fields = 40; /* room for 16, 32, 40 */
	size_t before = test_allocations();
	read_forty_fields(&r);
	assert_int_equal(test_allocations() - before, 3);
	test_each_failing_allocation(read_forty_fields, &r);
}

TEST(http1, the_fields_stay_right_while_their_memory_grows)
{
	EVENTS(server(), "GET / HTTP/1.0\r\n" TEN_FIELDS TEN_FIELDS TEN_FIELDS TEN_FIELDS "\r\n",
		"GET / 1.0 close none\n" TEN_SEEN TEN_SEEN TEN_SEEN TEN_SEEN "|END\n");
}
