/* http1_framing_test.c: what a head says about the body and the connection. */
#include "wire/http1_reader.h"

/* A response with these fields and this status, and what comes of it. */
#define ANSWER(status_line, fields, events)                                                        \
	EVENTS(client(), "HTTP/" status_line "\r\n" fields "\r\n", events)

TEST(http1_framing, a_request_without_length_or_coding_has_no_body)
{
	EVENTS(server(), "POST / HTTP/1.1\r\nHost: a\r\n\r\nX",
		"POST / 1.1 keep none\nHost=a\n|END\n");
}

TEST(http1_framing, a_length_of_zero_is_no_body)
{
	EVENTS(server(), WITH("Content-Length: 000\r\n"),
		"GET / 1.1 keep none\nHost=a\nContent-Length=000\n|END\n");
}

TEST(http1_framing, malformed_lengths_get_400)
{
	REFUSED_WITH(400, "Content-Length:\r\n");
	REFUSED_WITH(400, "Content-Length: +5\r\n");
	REFUSED_WITH(400, "Content-Length: -5\r\n");
	REFUSED_WITH(400, "Content-Length: 5 5\r\n");
	REFUSED_WITH(400, "Content-Length: 5,5\r\n");
	REFUSED_WITH(400, "Content-Length: 5, 6\r\n");
	REFUSED_WITH(400, "Content-Length: ,5\r\n");
	REFUSED_WITH(400, "Content-Length: 0x5\r\n");
	REFUSED_WITH(400, "Content-Length: 5.0\r\n");
	REFUSED_WITH(400, "Content-Length: 5;\r\n");
	REFUSED_WITH(400, "Content-Length: 1e1\r\n");
	REFUSED_WITH(400, "Content-Length: \"5\"\r\n");
	REFUSED_WITH(400, "Content-Length: 5\xc2\xa0\r\n");
	REFUSED_WITH(400, "Content-Length: 18446744073709551616\r\n");
	REFUSED_WITH(400, "Content-Length: 99999999999999999999999999\r\n");
	REFUSED_WITH(400, "Content-Length: \v5\r\n");
	REFUSED_WITH(400, "Content-Length : 5\r\n");
}

TEST(http1_framing, unequal_lengths_get_400_and_equal_ones_are_one)
{
	REFUSED_WITH(400, "Content-Length: 1\r\nContent-Length: 2\r\n");
	REFUSED_WITH(400, "Content-Length: 1\r\nContent-Length: 01\r\n");
	REFUSED_WITH(400, "Content-Length: 1\r\nContent-Length:\r\n");
	REFUSED_WITH(400, "Content-Length: 1\r\nA: b\r\ncontent-length: 1, 1\r\n");
	EVENTS(server(), "PUT / HTTP/1.0\r\nContent-Length: 1\r\ncontent-length:1\r\n\r\nx",
		"PUT / 1.0 close length=1\nContent-Length=1\ncontent-length=1\nx|END\n");
}

TEST(http1_framing, a_length_above_the_limit_gets_413_before_the_body)
{
	REFUSED_WITH(413, "Content-Length: 16777217\r\n");
	REFUSED_WITH(413, "Content-Length: 18446744073709551615\r\n");
	EVENTS(server(), WITH("Content-Length: 16777216\r\n"),
		"GET / 1.1 keep length=16777216\nHost=a\nContent-Length=16777216\n");
}

TEST(http1_framing, chunked_is_a_coding_in_any_case)
{
	EVENTS(server(), WITH("transfer-encoding: CHUNKED \r\n"),
		"GET / 1.1 keep chunked\nHost=a\ntransfer-encoding=CHUNKED\n");
}

TEST(http1_framing, both_framings_get_400)
{
	REFUSED_WITH(400, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: x\r\nContent-Length: 5\r\n");
	REFUSED_WITH(400, "Transfer-Encoding:\r\nContent-Length: 5\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: gzip, chunked\r\nContent-Length: 5\r\n");
	BAD_ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");
}

TEST(http1_framing, disguised_codings_get_400)
{
	REFUSED_WITH(400, "Transfer-Encoding : chunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding\t: chunked\r\n");
	REFUSED_WITH(400, " Transfer-Encoding: chunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding:\r\n chunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: xchunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunkedx\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunke\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: \vchunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked\v\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: \0chunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: \"chunked\"\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: 'chunked'\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked;\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked;a=b\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: ,chunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked,\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked\xa0\r\n");
	REFUSED_WITH(400, "Transfer-Encoding:\r\n");
	REFUSED_WITH(400, "X: y\nTransfer-Encoding: chunked\r\n");
	REFUSED_WITH(400, "X: y\rTransfer-Encoding: chunked\r\n");
}

TEST(http1_framing, chunked_that_is_repeated_or_not_last_gets_400)
{
	REFUSED_WITH(400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked, chunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked, identity\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked, gzip\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: gzip, chunked, chunked\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: identity\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: gzip\r\n");
	REFUSED_WITH(400, "Transfer-Encoding: (x), chunked\r\n");
}

TEST(http1_framing, an_unknown_coding_before_chunked_gets_501)
{
	REFUSED_WITH(501, "Transfer-Encoding: gzip, chunked\r\n");
	REFUSED_WITH(501, "Transfer-Encoding: gzip;q=\"a,b\", chunked\r\n");
	REFUSED_WITH(501, "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n");
	BAD_ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
}

TEST(http1_framing, a_coding_in_http_1_0_is_refused)
{
	REFUSED(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
	BAD_ANSWER("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(http1_framing, connections_of_1_1_live_on_unless_closed)
{
	EVENTS(server(), WITH("Connection: Close\r\n"),
		"GET / 1.1 close none\nHost=a\nConnection=Close\n|END\n");
	EVENTS(server(), WITH("Connection: x,\tclose ,\r\n"),
		"GET / 1.1 close none\nHost=a\nConnection=x,\tclose ,\n|END\n");
	EVENTS(server(), WITH("Connection: closed\r\nConnection: x-close\r\n"),
		"GET / 1.1 keep none\nHost=a\nConnection=closed\nConnection=x-close\n|END\n");
}

TEST(http1_framing, connections_of_1_0_live_on_only_when_asked_for)
{
	EVENTS(server(), "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
		"GET / 1.0 keep none\nConnection=Keep-Alive\n|END\n");
	EVENTS(server(), "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
		"GET / 1.0 close none\nConnection=keep-alive\nConnection=close\n|END\n");
}

TEST(http1_framing, a_request_to_continue_is_seen_in_1_1_alone)
{
	EVENTS(server(), WITH("Expect: 100-Continue\r\nContent-Length: 1\r\n"),
		"GET / 1.1 keep length=1 expect\nHost=a\nExpect=100-Continue\n"
		"Content-Length=1\n");
	EVENTS(server(), "PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
		"PUT / 1.0 close none\nExpect=100-continue\n|END\n");
}

TEST(http1_framing, an_unknown_expectation_gets_417)
{
	REFUSED_WITH(417, "Expect: 200-ok\r\n");
	REFUSED_WITH(417, "Expect: 100-continue, x\r\n");
	REFUSED_WITH(417, "Expect: 100-continue\r\nExpect: x\r\n");
	REFUSED_WITH(417, "Expect: 100-continue;a=b\r\n");
}

TEST(http1_framing, a_response_without_length_lasts_until_the_connection_closes)
{
	struct reader r = client();
	r.ended = true;
	EVENTS(r, "HTTP/1.1 200 OK\r\n\r\nabc", "200 OK 1.1 close until-close\nabc|COMPLETE\n");
	EVENTS(r, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
		"200 OK 1.0 close until-close\nConnection=keep-alive\n|COMPLETE\n");
}

TEST(http1_framing, responses_of_1xx_204_and_304_have_no_body)
{
	ANSWER("1.1 100 Continue", "", "100 Continue 1.1 keep none\n|END\n");
	ANSWER("1.1 101 X", "Content-Length: 5\r\n",
		"101 X 1.1 keep none\nContent-Length=5\n|END\n");
	ANSWER("1.1 204 X", "Transfer-Encoding: chunked\r\n",
		"204 X 1.1 keep none\nTransfer-Encoding=chunked\n|END\n");
	ANSWER("1.1 304 X", "Content-Length: 99999999999\r\n",
		"304 X 1.1 keep none\nContent-Length=99999999999\n|END\n");
}

TEST(http1_framing, a_response_to_HEAD_has_no_body)
{
	struct reader r = client();
	r.head_method = true;
	EVENTS(r, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 404 No\r\n\r\n",
		"200 OK 1.1 keep none\nContent-Length=5\n|END\n"
		"404 No 1.1 keep none\n|END\n");
}

TEST(http1_framing, an_accepted_CONNECT_has_no_body_and_a_refused_one_has)
{
	struct reader r = client();
	r.connect_method = true;
	EVENTS(r, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		"200 OK 1.1 keep none\nContent-Length=5\n|END\n");
	EVENTS(r, "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno",
		"407 No 1.1 keep length=2\nContent-Length=2\nno|END\n");
}

TEST(http1_framing, an_interim_response_is_followed_by_the_final_one)
{
	EVENTS(client(),
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
		"100 Continue 1.1 keep none\n|END\n"
		"200 OK 1.1 keep length=1\nContent-Length=1\nx|END\n");
}

TEST(http1_framing, malformed_framings_of_responses_are_refused)
{
	BAD_ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n");
	BAD_ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n");
	BAD_ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n");
	BAD_ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n");
}
