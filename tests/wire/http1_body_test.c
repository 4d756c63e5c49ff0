/* http1_body_test.c: bodies, chunks and trailers. */
#include "wire/http1_reader.h"

#define POST                  "POST / HTTP/1.1\r\nHost: a\r\n"
#define CODED                 POST "Transfer-Encoding: chunked\r\n\r\n"
#define CODED_HEAD            "POST / 1.1 keep chunked\nHost=a\nTransfer-Encoding=chunked\n"

#define CHUNKS(bytes, events) EVENTS(server(), CODED bytes, CODED_HEAD events)
#define BAD_CHUNKS(bytes)     REFUSED(400, CODED bytes)

TEST(http1_body, a_body_of_known_length_ends_there)
{
	EVENTS(server(), POST "Content-Length: 5\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n",
		"POST / 1.1 keep length=5\nHost=a\nContent-Length=5\nhello|END\n"
		"GET / 1.0 close none\n|END\n");
}

TEST(http1_body, chunks_are_joined)
{
	CHUNKS("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world|END\n");
	CHUNKS("00a\r\n0123456789\r\n0A\r\n0123456789\r\n00\r\n\r\nGET / HTTP/1.0\r\n\r\n",
		"01234567890123456789|END\nGET / 1.0 close none\n|END\n");
}

TEST(http1_body, chunked_data_may_look_like_framing)
{
	CHUNKS("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n|END\n");
}

TEST(http1_body, two_chunked_requests_follow_each_other)
{
	CHUNKS("1\r\na\r\n0\r\n\r\n" CODED "1\r\nb\r\n0\r\nT: u\r\n\r\n",
		"a|END\n" CODED_HEAD "b|END\n");
}

TEST(http1_body, malformed_chunk_sizes_get_400_at_once)
{
	BAD_CHUNKS("\r");
	BAD_CHUNKS("\n");
	BAD_CHUNKS(" ");
	BAD_CHUNKS("\t5");
	BAD_CHUNKS("+");
	BAD_CHUNKS("-");
	BAD_CHUNKS("0x");
	BAD_CHUNKS("g");
	BAD_CHUNKS("5g");
	BAD_CHUNKS(";");
	BAD_CHUNKS("5,");
	BAD_CHUNKS("5.");
	BAD_CHUNKS("5_");
	BAD_CHUNKS("\0");
	BAD_CHUNKS("\"5\"");
	BAD_CHUNKS("5 \r");
	BAD_CHUNKS("5\t\r");
	BAD_CHUNKS("5 5");
	BAD_CHUNKS("5\n");
	BAD_CHUNKS("5\rh");
	BAD_CHUNKS("5\r\r");
	BAD_CHUNKS("0\n");
}

TEST(http1_body, a_chunk_size_has_16_digits_at_most)
{
	CHUNKS("0000000000000001\r\na", "a");
	BAD_CHUNKS("00000000000000010");
	BAD_CHUNKS("10000000000000000");
	BAD_CHUNKS("fffffffffffffffff");
	REFUSED(400, CODED "1\r\na\r\n10000000000000005\r\n");
}

TEST(http1_body, a_chunk_is_followed_by_CRLF)
{
	BAD_CHUNKS("1\r\nab");
	BAD_CHUNKS("1\r\na\n");
	BAD_CHUNKS("1\r\na0\r\n\r\n");
	BAD_CHUNKS("1\r\na\r0");
	BAD_CHUNKS("1\r\na\r\r");
}

TEST(http1_body, chunk_extensions_are_dropped)
{
	CHUNKS("1;a\r\nx\r\n1;a=b\r\ny\r\n1;a=\"q\\\"; "
	       "\\\\\\\x80\x80=\tf(\";c;d=\"\"\r\nz\r\n0;e=f\r\n\r\n",
		"xyz|END\n");
}

TEST(http1_body, white_space_in_chunk_extensions_is_dropped_where_the_grammar_has_it)
{
	CHUNKS("1 \t; a = b ;\tc\t=\t\"d\" ; e\r\nx\r\n0 ;f\r\n\r\n", "x|END\n");
}

TEST(http1_body, malformed_chunk_extensions_get_400_at_once)
{
	BAD_CHUNKS("1;\r");
	BAD_CHUNKS("1;;");
	BAD_CHUNKS("1;=");
	BAD_CHUNKS("1;\"");
	BAD_CHUNKS("1;a\n");
	BAD_CHUNKS("1;a\r\r");
	BAD_CHUNKS("1;a \r");
	BAD_CHUNKS("1;a b");
	BAD_CHUNKS("1;a=\r");
	BAD_CHUNKS("1;a==");
	BAD_CHUNKS("1;a=;");
	BAD_CHUNKS("1;a=b=");
	BAD_CHUNKS("1;a=b c");
	BAD_CHUNKS("1;a=b \r");
	BAD_CHUNKS("1;a=\"b\r");
	BAD_CHUNKS("1;a=\"b\n");
	BAD_CHUNKS("1;a=\"\\\r");
	BAD_CHUNKS("1;a=\"\\\0");
	BAD_CHUNKS("1;a=\"b\"c");
	BAD_CHUNKS("1;a=\"b\x01");
	BAD_CHUNKS("1;a=\"b\x7f");
	BAD_CHUNKS("1;a\x80");
	BAD_CHUNKS("1;a\0");
	BAD_CHUNKS("1;a,");
}

TEST(http1_body, chunk_extensions_are_counted_over_the_whole_body)
{
	struct reader r = server();
	r.limits.chunk_extension = 6;
	EVENTS(r, CODED "1;a\r\nx\r\n1;bcd\r\ny\r\n0\r\n\r\n" CODED "1;abcde\r\nz",
		CODED_HEAD "xy|END\n" CODED_HEAD "z");
	expect_status(r, CODED "1;a\r\nx\r\n1;bcde", sizeof(CODED "1;a\r\nx\r\n1;bcde") - 1, 400);
	expect_status(r, CODED "1      ;", sizeof(CODED "1      ;") - 1, 400);
}

TEST(http1_body, the_default_limit_of_chunk_extensions_is_4_kib)
{
	const char *text = formatted(CODED "1;%s\r\n", repeated('a', 4095));
	expect_events(server(), text, strlen(text), CODED_HEAD);
	text = formatted(CODED "1;%s", repeated('a', 4096));
	expect_status(server(), text, strlen(text), 400);
}

TEST(http1_body, a_chunk_past_the_limit_gets_413_before_its_data)
{
	struct reader r = server();
	r.limits.body = 10;
	EVENTS(r, CODED "4\r\nabcd\r\n6\r\nefghij\r\n0\r\n\r\n", CODED_HEAD "abcdefghij|END\n");
	EVENTS(r, CODED "4\r\nabcd\r\n7\r\n", CODED_HEAD "abcd|413 The body is too large.\n");
	EVENTS(r, CODED "ffffffffffffffff\r\n", CODED_HEAD "|413 The body is too large.\n");
	EVENTS(r, CODED "a\r\n0123456789\r\nffffffffffffffff\r\n",
		CODED_HEAD "0123456789|413 The body is too large.\n");
}

TEST(http1_body, the_limit_counts_anew_for_each_message)
{
	struct reader r = server();
	r.limits.body = 4;
	EVENTS(r, CODED "4\r\nabcd\r\n0\r\n\r\n" CODED "4\r\nefgh\r\n0\r\n\r\n",
		CODED_HEAD "abcd|END\n" CODED_HEAD "efgh|END\n");
}

TEST(http1_body, the_default_limit_of_a_body_is_16_mib)
{
	CHUNKS("1000000\r\n", "");
	REFUSED(413, CODED "1000001\r\n");
	REFUSED(413, CODED "1\r\nx\r\n1000000\r\n");
}

TEST(http1_body, a_body_until_the_end_has_the_limit_too)
{
	struct reader r = client();
	r.limits.body = 3;
	EVENTS(r, "HTTP/1.0 200 OK\r\n\r\nabc", "200 OK 1.0 close until-close\nabc");
	EVENTS(r, "HTTP/1.0 200 OK\r\n\r\nabcd",
		"200 OK 1.0 close until-close\nabc|0 The body is too large.\n");
}

TEST(http1_body, trailers_are_dropped)
{
	CHUNKS("0\r\nA: b\r\nTransfer-Encoding: gzip\r\nContent-Length:5\r\nHost:\r\n\r\n"
	       "GET / HTTP/1.0\r\n\r\n",
		"|END\nGET / 1.0 close none\n|END\n");
}

TEST(http1_body, malformed_trailers_get_400_at_once)
{
	BAD_CHUNKS("0\r\n\n");
	BAD_CHUNKS("0\r\n\rX");
	BAD_CHUNKS("0\r\n ");
	BAD_CHUNKS("0\r\n\t");
	BAD_CHUNKS("0\r\n:");
	BAD_CHUNKS("0\r\nA ");
	BAD_CHUNKS("0\r\nA\r");
	BAD_CHUNKS("0\r\nA\x80");
	BAD_CHUNKS("0\r\nA: b\n");
	BAD_CHUNKS("0\r\nA: b\rc");
	BAD_CHUNKS("0\r\nA: b\r\n ");
	BAD_CHUNKS("0\r\nA: \0");
	BAD_CHUNKS("0\r\nA: b\x7f");
	BAD_CHUNKS("0\r\nGET / HTTP/1.1\r\n");
}

TEST(http1_body, trailers_have_the_limits_of_a_head)
{
	struct reader r = server();
	r.limits.head = sizeof(CODED) - 1;
	const char *text = formatted(CODED "0\r\nA:%s\r\n\r\n", repeated('b', r.limits.head - 6));
	expect_events(r, text, strlen(text), CODED_HEAD "|END\n");
	text = formatted(CODED "0\r\nA:%s", repeated('b', r.limits.head - 1));
	expect_status(r, text, strlen(text), 431);
}

TEST(http1_body, the_trailer_past_the_count_gets_431)
{
	struct reader r = server();
	r.limits.fields = 2;
	EVENTS(r, CODED "0\r\nA:b\r\nC:d\r\n\r\n", CODED_HEAD "|END\n");
	expect_status(
		r, CODED "0\r\nA:b\r\nC:d\r\nE", sizeof(CODED "0\r\nA:b\r\nC:d\r\nE") - 1, 431);
}
