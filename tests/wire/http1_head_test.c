/* http1_head_test.c: start lines and fields. */
#include "wire/http1_reader.h"

TEST(http1_head, a_request_gives_its_head_and_its_end)
{
	EVENTS(server(), "GET /chat?x=1 HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n",
		"GET /chat?x=1 1.1 keep none\nHost=example.com\nAccept=*/*\n|END\n");
}

TEST(http1_head, an_incomplete_head_gives_nothing_yet)
{
	EVENTS(server(), "GET / HTTP/1.1\r\nHost: a\r\n", "");
	EVENTS(server(), "GET / HTTP/1.1\r\nHost: a\r\n\r", "");
}

TEST(http1_head, requests_may_follow_each_other_at_once)
{
	EVENTS(server(),
		"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: b\r\n"
		"Content-Length: 3\r\n\r\nabcGET /3 HTTP/1.0\r\n\r\nGET",
		"GET /1 1.1 keep none\nHost=a\n|END\n"
		"POST /2 1.1 keep length=3\nHost=b\nContent-Length=3\nabc|END\n"
		"GET /3 1.0 close none\n|END\n");
}

TEST(http1_head, empty_lines_before_a_request_are_skipped)
{
	EVENTS(server(), "\r\n\r\nGET / HTTP/1.0\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n",
		"GET / 1.0 close none\n|END\nGET / 1.0 close none\n|END\n");
}

TEST(http1_head, an_empty_line_is_not_yet_a_request)
{
	struct reader r = server();
	r.ended = true;
	EVENTS(r, "\r\n\r\n", "|QUIET\n");
}

TEST(http1_head, endless_empty_lines_get_431)
{
	struct reader r = server();
	r.limits.head = 9;
	expect_status(r, "\r\n\r\n\r\n\r\n\r\n", 10, 431);
	expect_status(r, "\r\n\r\n\r\n\r\nG", 9, 431);
	expect_events(r, "\r\n\r\n\r\n\r\n", 8, "");
}

TEST(http1_head, empty_lines_count_for_the_request_behind_them_alone)
{
	struct reader r = server();
	r.limits.head = 20;
	EVENTS(r, "\r\nGET / HTTP/1.0\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n",
		"GET / 1.0 close none\n|END\nGET / 1.0 close none\n|END\n");
	expect_status(r, "\r\n\r\nGET / HTTP/1.0\r\n\r\n", 22, 431);
}

TEST(http1_head, a_bare_line_end_before_a_request_gets_400)
{
	REFUSED(400, "\n");
	REFUSED(400, "\rG");
	REFUSED(400, "\r\r\nGET / HTTP/1.0\r\n\r\n");
}

TEST(http1_head, bytes_that_cannot_start_a_method_get_400_at_once)
{
	REFUSED(400, "\x16");
	REFUSED(400, "\x16\x03\x01\x02");
	REFUSED(400, "\0");
	REFUSED(400, " ");
	REFUSED(400, "\x80");
	REFUSED(400, "(");
	REFUSED(400, "GET\x01");
	REFUSED(400, "GE:");
	REFUSED(400, "GET\r");
	REFUSED(400, "GET\n");
	REFUSED(400, "GET\t/");
}

TEST(http1_head, a_method_of_32_bytes_is_read_and_one_more_gets_501_at_once)
{
	EVENTS(server(), "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.0\r\n\r\n",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / 1.0 close none\n|END\n");
	REFUSED(501, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG");
}

TEST(http1_head, any_token_is_a_method)
{
	EVENTS(server(), "!#$%&'*+-.^_`|~9aZ / HTTP/1.0\r\n\r\n",
		"!#$%&'*+-.^_`|~9aZ / 1.0 close none\n|END\n");
}

TEST(http1_head, two_spaces_or_tabs_in_a_request_line_get_400)
{
	REFUSED(400, "GET  ");
	REFUSED(400, "GET /  ");
	REFUSED(400, "GET /\t");
	REFUSED(400, "GET \t/");
	REFUSED(400, "GET / HTTP/1.1 ");
	REFUSED(400, "GET / HTTP/1.1\t");
	REFUSED(400, "GET / a HTTP/1.1\r\n");
}

TEST(http1_head, forbidden_bytes_in_a_target_get_400_at_once)
{
	REFUSED(400, "GET /\x01");
	REFUSED(400, "GET /\0");
	REFUSED(400, "GET /\x7f");
	REFUSED(400, "GET /\x80");
	REFUSED(400, "GET /\xc3\xa9");
	REFUSED(400, "GET /#");
	REFUSED(400, "GET /\v");
}

TEST(http1_head, what_browsers_leave_unescaped_is_taken)
{
	EVENTS(server(), "GET /?\"<>\\^`{|}[] HTTP/1.0\r\n\r\n",
		"GET /?\"<>\\^`{|}[] 1.0 close none\n|END\n");
}

TEST(http1_head, a_target_of_the_limit_is_read_and_one_byte_more_gets_414_without_its_end)
{
	struct reader r = server();
	r.limits.target = 5;
	EVENTS(r, "GET /1234 HTTP/1.0\r\n\r\n", "GET /1234 1.0 close none\n|END\n");
	expect_status(r, "GET /12345", 10, 414);
	expect_events(r, "GET /1234", 9, "");
}

TEST(http1_head, the_default_target_limit_is_8_kib)
{
	char *path = repeated('/', 8192);
	const char *text = formatted("GET %s HTTP/1.0\r\n\r\n", path);
	expect_events(
		server(), text, strlen(text), formatted("GET %s 1.0 close none\n|END\n", path));
	text = formatted("GET %s/", path);
	expect_status(server(), text, strlen(text), 414);
}

TEST(http1_head, a_request_line_without_version_gets_400)
{
	REFUSED(400, "GET /\r");
	REFUSED(400, "GET /\r\n\r\n");
	REFUSED(400, "GET /\n");
	REFUSED(400, "GET\r\n");
	REFUSED(400, "GET / \r\n");
}

TEST(http1_head, a_malformed_version_gets_400_at_its_first_bad_byte)
{
	REFUSED(400, "GET / h");
	REFUSED(400, "GET / HTTP 1.1");
	REFUSED(400, "GET / HTTP/1,1");
	REFUSED(400, "GET / HTTP/1.10");
	REFUSED(400, "GET / HTTP/11");
	REFUSED(400, "GET / HTTP/2\r");
	REFUSED(400, "GET / HTTP/.1");
	REFUSED(400, "GET / HTTP/1.x");
	REFUSED(400, "GET / HTTP/+1");
	REFUSED(400, "GET / HTTPS/1.1");
	REFUSED(400, "GET / http/1.1\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\n");
	REFUSED(400, "GET / HTTP/1.1\rX");
}

TEST(http1_head, a_major_version_other_than_1_gets_505)
{
	REFUSED(505, "GET / HTTP/2.0\r\n");
	REFUSED(505, "GET / HTTP/0.9\r\n");
	REFUSED(505, "GET / HTTP/3.1\r\n");
	REFUSED(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

TEST(http1_head, a_minor_version_above_1_counts_as_1)
{
	EVENTS(server(), "GET / HTTP/1.9\r\nHost: a\r\n\r\n",
		"GET / 1.1 keep none\nHost=a\n|END\n");
}

TEST(http1_head, a_head_of_the_limit_is_read_and_one_byte_more_gets_431_without_its_end)
{
	struct reader r = server();
	r.limits.head = 30;
	EVENTS(r, "GET / HTTP/1.0\r\nabcd: 1234\r\n\r\n",
		"GET / 1.0 close none\nabcd=1234\n|END\n");
	expect_status(r, "GET / HTTP/1.0\r\nabcde: 12345678", 30, 431);
	expect_status(r, "GET / HTTP/1.0\r\nabcde: 12345\r\n\r\n", 32, 431);
	expect_status(r, "GET / HTTP/1.0\r\nabcd: 12345\r\n\r\n", 31, 431);
	expect_status(r, "GET / HTTP/1.0\r\nabcdefghijklmnopqrst", 30, 431);
	expect_events(r, "GET / HTTP/1.0\r\nabcde: 1234567", 29, "");
}

TEST(http1_head, the_default_head_limit_is_16_kib)
{
	const char *text = formatted("GET / HTTP/1.0\r\nA: %s\r\n\r\n", repeated('x', 16384 - 23));
	assert_int_equal(strlen(text), 16384);
	expect_events(server(), text, 16384,
		formatted("GET / 1.0 close none\nA=%s\n|END\n", repeated('x', 16384 - 23)));
	text = formatted("GET / HTTP/1.0\r\nA: %s", repeated('x', 16384 - 19));
	expect_status(server(), text, 16384, 431);
	expect_events(server(), text, 16383, "");
}

TEST(http1_head, the_129th_field_gets_431_at_its_first_byte)
{
	char fields[128 * 5 + 1] = "";
	for (size_t i = 0; i < 128; i++)
		strcpy(fields + 5 * i, "A:b\r\n");
	const char *text = formatted("GET / HTTP/1.0\r\n%sX", fields);
	expect_status(server(), text, strlen(text), 431);
	text = formatted("GET / HTTP/1.0\r\n%s", fields);
	expect_events(server(), text, strlen(text), "");
}

TEST(http1_head, white_space_around_a_value_is_not_part_of_it)
{
	EVENTS(server(), "GET / HTTP/1.0\r\nA: \t b  c\t \r\nD:e\r\nF:\r\nG: \t \r\n\r\n",
		"GET / 1.0 close none\nA=b  c\nD=e\nF=\nG=\n|END\n");
}

TEST(http1_head, bytes_above_ascii_may_stand_in_values)
{
	EVENTS(server(), "GET / HTTP/1.0\r\nA: \x80\xff\tb\r\n\r\n",
		"GET / 1.0 close none\nA=\x80\xff\tb\n|END\n");
}

TEST(http1_head, control_characters_in_values_get_400_at_once)
{
	REFUSED(400, "GET / HTTP/1.1\r\nA: \0");
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\x01");
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\v");
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\f");
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\x7f");
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\x1b");
}

TEST(http1_head, a_bare_CR_or_LF_gets_400_at_once)
{
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\n");
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\rc");
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\r\r");
	REFUSED(400, "GET / HTTP/1.1\r\nA:\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n\rX");
}

TEST(http1_head, folded_lines_get_400_at_once)
{
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\r\n ");
	REFUSED(400, "GET / HTTP/1.1\r\nA: b\r\n\t");
	REFUSED(400, "GET / HTTP/1.1\r\n ");
}

TEST(http1_head, field_names_that_are_no_tokens_get_400_at_once)
{
	REFUSED(400, "GET / HTTP/1.1\r\n:");
	REFUSED(400, "GET / HTTP/1.1\r\nA :");
	REFUSED(400, "GET / HTTP/1.1\r\nA\t:");
	REFUSED(400, "GET / HTTP/1.1\r\nA b: c");
	REFUSED(400, "GET / HTTP/1.1\r\nA(");
	REFUSED(400, "GET / HTTP/1.1\r\nA\x80");
	REFUSED(400, "GET / HTTP/1.1\r\nA\0");
	REFUSED(400, "GET / HTTP/1.1\r\nA\r");
	REFUSED(400, "GET / HTTP/1.1\r\nA\n");
}

TEST(http1_head, a_response_gives_its_status_and_reason)
{
	EVENTS(client(), "HTTP/1.1 404 Not \x80 Found\r\nContent-Length: 2\r\n\r\nno",
		"404 Not \x80 Found 1.1 keep length=2\nContent-Length=2\nno|END\n");
	EVENTS(client(), "HTTP/1.0 999 \r\nContent-Length: 0\r\n\r\n",
		"999  1.0 close none\nContent-Length=0\n|END\n");
}

TEST(http1_head, the_space_behind_a_status_may_be_missing_with_its_reason)
{
	EVENTS(client(), "HTTP/1.1 204\r\n\r\n", "204  1.1 keep none\n|END\n");
}

TEST(http1_head, malformed_status_lines_are_refused_at_once)
{
	BAD_ANSWER("\r");
	BAD_ANSWER("h");
	BAD_ANSWER("ICY");
	BAD_ANSWER("HTTP/1.1  ");
	BAD_ANSWER("HTTP/1.1 2O");
	BAD_ANSWER("HTTP/1.1 20 ");
	BAD_ANSWER("HTTP/1.1 2000");
	BAD_ANSWER("HTTP/1.1 200\t");
	BAD_ANSWER("HTTP/1.1 200 a\x01");
	BAD_ANSWER("HTTP/1.1 200 a\n");
	BAD_ANSWER("HTTP/1.1 200\n");
	BAD_ANSWER("HTTP/1.1 200 a\rb");
	BAD_ANSWER("HTTP/1.1 099");
	BAD_ANSWER("HTTP/2.0 200");
	BAD_ANSWER("HTTP/1.1\r");
}

TEST(http1_head, too_large_a_head_of_a_response_is_refused)
{
	struct reader r = client();
	r.limits.head = 30;
	expect_status(r, "HTTP/1.1 200 OK\r\nabcdefghijklm", 30, 0);
}
