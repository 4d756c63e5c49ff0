/* Proves what http.h says of responses. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "http/exchange.h"
#include "support/http_peer.h"

/* What the handler under test does with each request. */
static void (*act)(rill_request *request);
static rill_request *current;
static int closed, close_rc, drained;

static void on_close(rill_request *request, int rc, void *user)
{
	(void)user;
	assert_ptr_equal(request, current);
	closed++;
	close_rc = rc;
	current = NULL;
}

static void on_drain(rill_request *request, void *user)
{
	(void)request;
	(void)user;
	drained++;
}

static void on_body(rill_request *request, rill_bytes bytes, void *user)
{
	(void)request;
	(void)bytes;
	(void)user;
}

static const rill_request_handler follower = {
	.size = sizeof(follower), .on_close = on_close, .on_drain = on_drain
};
static const rill_request_handler body_follower = {
	.size = sizeof(body_follower), .on_body = on_body, .on_close = on_close
};

static int handle(rill_request *request, void *user)
{
	(void)user;
	current = request;
	rill_request_follow(request, &follower, NULL);
	act(request);
	return RILL_TAKE;
}

static struct http_peer peer;

static void begin(void (*what)(rill_request *request))
{
	act = what;
	closed = close_rc = drained = 0;
	http_begin(NULL);
	assert_int_equal(rill_server_handle(http_server, "/", handle, NULL, NULL), 0);
	http_open(&peer);
}

static void end(void)
{
	http_close(&peer);
	http_end();
}

static void ask(const char *method, const char *version, const char *fields)
{
	char text[1000];

	snprintf(text, sizeof(text), "%s / HTTP/%s\r\nHost: a\r\n%s\r\n", method, version, fields);
	http_send(&peer, text);
}

static void hello(rill_request *request)
{
	assert_int_equal(rill_respond(request, 200, "text/plain", "hello", 5), 0);
	assert_int_equal(rill_respond(request, 200, NULL, "", 0), RILL_ESTATE);
}

#define HELLO "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"

TEST(response, in_one_call_has_a_length)
{
	begin(hello);
	ask("GET", "1.1", "");
	http_expect(&peer, HELLO "\r\nhello");
	assert_int_equal(closed, 1);
	assert_int_equal(close_rc, 0);
	end();
}

TEST(response, to_head_has_the_same_fields_and_no_body)
{
	begin(hello);
	ask("HEAD", "1.1", "");
	http_expect(&peer, HELLO "\r\n");
	ask("GET", "1.1", "");
	http_expect(&peer, HELLO "\r\nhello");
	end();
}

TEST(response, to_old_peers_keeps_the_connection_only_when_asked)
{
	begin(hello);
	ask("GET", "1.0", "Connection: keep-alive\r\n");
	http_expect(&peer, HELLO "Connection: keep-alive\r\n\r\nhello");
	assert_false(peer.ended);
	ask("GET", "1.0", "");
	http_expect(&peer, HELLO "Connection: close\r\n\r\nhello");
	assert_true(peer.ended);
	end();
}

TEST(response, ends_the_connection_when_the_peer_says_so)
{
	begin(hello);
	ask("GET", "1.1", "Connection: close\r\n");
	http_expect(&peer, HELLO "Connection: close\r\n\r\nhello");
	assert_true(peer.ended);
	assert_int_equal(closed, 1);
	end();
}

static void no_content(rill_request *request)
{
	assert_int_equal(rill_respond(request, 204, NULL, "x", 1), RILL_EINVAL);
	assert_int_equal(rill_respond(request, 99, NULL, "x", 1), RILL_EINVAL);
	assert_int_equal(rill_respond(request, 101, NULL, NULL, 0), RILL_EINVAL);
	assert_int_equal(rill_respond(request, 204, NULL, NULL, 0), 0);
}

static void not_modified(rill_request *request)
{
	assert_int_equal(rill_response_begin(request, 304, RILL_LENGTH_UNKNOWN), 0);
	assert_int_equal(rill_response_write(request, "x", 1), 0);
	assert_int_equal(rill_response_end(request), 0);
}

TEST(response, of_204_and_304_has_no_body_and_no_framing)
{
	begin(no_content);
	ask("GET", "1.1", "");
	http_expect(&peer, "HTTP/1.1 204 No Content\r\n\r\n");
	act = not_modified;
	ask("GET", "1.1", "");
	http_expect(&peer, "HTTP/1.1 304 Not Modified\r\n\r\n");
	assert_false(peer.ended);
	end();
}

static void chunks(rill_request *request)
{
	static char large[20000];

	memset(large, 'x', sizeof(large));
	assert_int_equal(rill_response_write(request, "x", 1), RILL_ESTATE);
	assert_int_equal(rill_response_end(request), RILL_ESTATE);
	assert_int_equal(rill_response_begin(request, 200, RILL_LENGTH_UNKNOWN), 0);
	assert_int_equal(rill_response_begin(request, 200, RILL_LENGTH_UNKNOWN), RILL_ESTATE);
	assert_int_equal(rill_response_write(request, "hello", 5), 0);
	assert_int_equal(rill_response_write(request, NULL, 0), 0);
	assert_int_equal(rill_response_write(request, large, sizeof(large)), 0);
	assert_int_equal(rill_response_end(request), 0);
	assert_int_equal(rill_response_end(request), RILL_ESTATE);
	assert_int_equal(rill_response_write(request, "x", 1), RILL_ESTATE);
}

TEST(response, of_unknown_length_is_chunked)
{
	char want[21000] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
			   "4e20\r\n";
	size_t n = strlen(want);

	memset(want + n, 'x', 20000);
	memcpy(want + n + 20000, "\r\n0\r\n\r\n", 8);
	begin(chunks);
	ask("GET", "1.1", "");
	http_expect(&peer, want);
	assert_false(peer.ended);
	ask("HEAD", "1.1", "");
	http_expect(&peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	end();
}

static void unknown(rill_request *request)
{
	rill_response_begin(request, 200, RILL_LENGTH_UNKNOWN);
	rill_response_write(request, "hello", 5);
	rill_response_end(request);
}

TEST(response, of_unknown_length_to_old_peers_ends_with_the_connection)
{
	begin(unknown);
	ask("GET", "1.0", "Connection: keep-alive\r\n");
	http_expect(&peer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
	assert_true(peer.ended);
	end();
}

static void unframed(rill_request *request)
{
	rl_exchange_unframe(request);
	assert_false(rl_exchange_chunked(request));
	assert_int_equal(
		rl_exchange_begin(request, 200, RL_SLICE("X: y\r\n"), RL_SLICE("hel")), 0);
	assert_false(rl_exchange_chunked(request));
	assert_int_equal(rill_response_write(request, "lo", 2), 0);
	assert_int_equal(rill_response_end(request), 0);
}

static void unframed_whole(rill_request *request)
{
	rl_exchange_unframe(request);
	assert_int_equal(rill_respond(request, 200, NULL, "hello", 5), 0);
}

TEST(response, that_is_unframed_ends_with_the_connection)
{
	static const char *const versions[] = { "1.1", "1.0" };

	for (int i = 0; i < 4; i++) {
		begin(i < 2 ? unframed : unframed_whole);
		ask("GET", versions[i % 2], "Connection: keep-alive\r\n");
		http_expect(&peer, i < 2 ? "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nhello"
					 : "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
		assert_true(peer.ended);
		assert_int_equal(closed, 1);
		assert_int_equal(close_rc, 0);
		end();
	}
}

TEST(response, that_is_unframed_says_nothing_of_its_length_to_head_either)
{
	begin(unframed);
	ask("HEAD", "1.1", "");
	http_expect(&peer, "HTTP/1.1 200 OK\r\nX: y\r\n\r\n");
	assert_false(peer.ended);
	end();
}

static void counted(rill_request *request)
{
	assert_int_equal(rill_response_begin(request, 200, 5), 0);
	assert_int_equal(rill_response_write(request, "hel", 3), 0);
	assert_int_equal(rill_response_write(request, "lox", 3), RILL_ETOOBIG);
	assert_int_equal(rill_response_write(request, "lo", 2), 0);
	assert_int_equal(rill_response_write(request, "x", 1), RILL_ETOOBIG);
	assert_int_equal(rill_response_end(request), 0);
}

static void short_of(rill_request *request)
{
	assert_int_equal(rill_response_begin(request, 200, 5), 0);
	assert_int_equal(rill_response_write(request, "hel", 3), 0);
	assert_int_equal(rill_response_end(request), RILL_ESTATE);
}

TEST(response, never_has_more_bytes_than_its_length_and_is_cut_when_it_has_fewer)
{
	begin(counted);
	ask("GET", "1.1", "");
	http_expect(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_int_equal(close_rc, 0);
	act = short_of;
	ask("GET", "1.1", "");
	assert_true(peer.ended);
	assert_int_equal(close_rc, RILL_ECLOSED);
	end();
}

static void fields(rill_request *request)
{
	assert_int_equal(rill_response_header(request, "X-A", "1\r\nX-B: 2"), RILL_EINVAL);
	assert_int_equal(rill_response_header(request, "X-A", "1\n"), RILL_EINVAL);
	assert_int_equal(rill_response_header(request, "X A", "1"), RILL_EINVAL);
	assert_int_equal(rill_response_header(request, "", "1"), RILL_EINVAL);
	assert_int_equal(rill_response_header(request, "content-length", "1"), RILL_EINVAL);
	assert_int_equal(rill_response_header(request, "Transfer-Encoding", "x"), RILL_EINVAL);
	assert_int_equal(rill_response_header(request, "CONNECTION", "close"), RILL_EINVAL);
	assert_int_equal(rill_response_header(request, "Upgrade", "x"), RILL_EINVAL);
	assert_int_equal(rill_response_header(request, "Date", "x"), RILL_EINVAL);
	assert_int_equal(rill_response_header(request, "X-A", "1"), 0);
	assert_int_equal(rill_response_header(request, "X-A", "2"), 0);
	assert_int_equal(rill_respond(request, 200, "text/plain\r\nX: y", "", 0), RILL_EINVAL);
	assert_int_equal(rill_respond(request, 200, NULL, "", 0), 0);
	assert_int_equal(rill_response_header(request, "X-A", "3"), RILL_ESTATE);
}

TEST(response, fields_cannot_end_their_line_or_say_what_is_rills_own)
{
	begin(fields);
	ask("GET", "1.1", "");
	http_expect(&peer, "HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 0\r\n\r\n");
	end();
}

static void fill(rill_request *request)
{
	static char large[50000];

	rill_response_begin(request, 200, RILL_LENGTH_UNKNOWN);
	while (rill_response_write(request, large, sizeof(large)) == 0)
		;
	assert_true(rill_response_queued(request) > 256 * 1024);
}

TEST(response, above_the_high_water_mark_waits_for_the_drain)
{
	begin(fill);
	ask("GET", "1.1", "");
	for (int i = 0; i < 100 && !drained; i++)
		http_take(&peer);
	assert_int_equal(drained, 1);
	assert_int_equal(rill_response_end(current), 0);
	for (int i = 0; i < 100 && !closed; i++)
		http_take(&peer);
	assert_int_equal(closed, 1);
	assert_int_equal(close_rc, 0);
	end();
}

TEST(response, nobody_reads_is_cut_after_the_stall_time)
{
	begin(fill);
	assert_int_equal(send(peer.fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, 0), 27);
	http_turns();
	http_pass(59000);
	assert_int_equal(closed, 0);
	http_pass(3000);
	assert_int_equal(closed, 1);
	assert_int_equal(close_rc, RILL_ETIMEDOUT);
	end();
}

static void nothing(rill_request *request)
{
	(void)request;
}

#define EXPECT "Content-Length: 3\r\nExpect: 100-continue\r\n"
#define GO_ON  "HTTP/1.1 100 Continue\r\n\r\n"

TEST(response, of_100_comes_when_the_handler_waits_for_the_body)
{
	begin(nothing);
	ask("POST", "1.1", EXPECT);
	http_expect(&peer, GO_ON);
	http_send(&peer, "abc");
	hello(current);
	http_turns();
	http_expect(&peer, HELLO "\r\nhello");
	assert_false(peer.ended);
	end();
}

TEST(response, of_100_does_not_come_when_the_answer_is_there_and_the_body_is_refused)
{
	begin(hello);
	ask("POST", "1.1", EXPECT);
	http_expect(&peer, HELLO "Connection: close\r\n\r\nhello");
	assert_true(peer.ended);
	end();
}

TEST(response, of_100_is_not_for_old_peers_nor_for_requests_without_a_body)
{
	begin(nothing);
	ask("GET", "1.1", "Expect: 100-continue\r\n");
	hello(current);
	http_turns();
	http_expect(&peer, HELLO "\r\nhello");
	ask("POST", "1.0", EXPECT);
	http_expect(&peer, "");
	end();
}

static void stream_back(rill_request *request)
{
	rill_request_follow(request, &body_follower, NULL);
	rill_response_begin(request, 200, 0);
}

TEST(response, of_100_comes_before_one_that_is_begun_by_who_wants_the_body)
{
	begin(stream_back);
	ask("POST", "1.1", EXPECT);
	http_expect(&peer, GO_ON "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	http_send(&peer, "abc");
	assert_int_equal(rill_response_end(current), 0);
	http_turns();
	assert_int_equal(closed, 1);
	assert_false(peer.ended);
	end();
}

/* What services have of a response. */

static int begun;

static void begin_own(rill_request *request)
{
	rill_response_header(request, "B", "2");
	begun = rl_exchange_begin(request, 200, RL_SLICE("A: 1\r\n"), RL_SLICE("first"));
}

TEST(response, of_a_service_begins_with_its_fields_and_its_first_piece)
{
	begin(begin_own);
	ask("GET", "1.1", "");
	assert_int_equal(begun, 0);
	assert_true(rl_exchange_chunked(current));
	http_expect(&peer, "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "5\r\nfirst\r\n");
	rill_response_end(current);
	http_turns();
	http_expect(&peer, "0\r\n\r\n");
	ask("HEAD", "1.1", "");
	http_expect(&peer,
		"HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nTransfer-Encoding: chunked\r\n\r\n");
	rill_response_end(current);
	http_turns();
	ask("GET", "1.0", "");
	assert_false(rl_exchange_chunked(current));
	http_expect(&peer, "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nConnection: close\r\n\r\nfirst");
	end();
}

TEST(response, pieces_that_are_framed_already_are_shared)
{
	struct rl_blob *blob = rl_blob_copy(test_env(), RL_SLICE("3\r\nabc\r\n"));
	begin(begin_own);
	ask("GET", "1.1", "");
	http_forget(&peer);
	assert_int_equal(rl_exchange_write_shared(current, blob), 0);
	assert_int_equal(rl_exchange_write_shared(current, blob), 0);
	http_turns();
	http_expect(&peer, "3\r\nabc\r\n3\r\nabc\r\n");
	rill_response_end(current);
	assert_int_equal(rl_exchange_write_shared(current, blob), RILL_ECLOSED);
	http_turns();
	rl_blob_unref(blob);
	end();
}
