/* Proves what exchange.h and http.h promise of an exchange that is followed, ended or handed
 * over, from inside every callback. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "http/server_state.h"
#include "http/exchange.h"
#include "support/http_peer.h"

#define GET     "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define UPGRADE "GET /up HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
#define POST    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"

enum callback { IN_HANDLER, IN_BODY, IN_END, IN_CLOSE, LATER, CALLBACKS };

static struct {
	enum callback when;
	void (*act)(rill_request *request);
	rill_request *request;
	rill_route *route;
	int bodies, ends, closes, rc;
	bool in_call;
} s;

/* Acts when it is time; nothing may be told from inside. */
static void maybe(enum callback now, rill_request *request)
{
	assert_false(s.in_call);
	if (now != s.when)
		return;
	s.in_call = true;
	s.act(request);
	s.in_call = false;
}

static void on_body(rill_request *request, rill_bytes bytes, void *user)
{
	(void)bytes;
	(void)user;
	assert_int_equal(s.closes, 0);
	s.bodies++;
	maybe(IN_BODY, request);
}

static void on_end(rill_request *request, void *user)
{
	(void)user;
	assert_int_equal(s.closes, 0);
	s.ends++;
	maybe(IN_END, request);
}

static void on_close(rill_request *request, int rc, void *user)
{
	assert_ptr_equal(user, &s);
	s.closes++;
	s.rc = rc;
	maybe(IN_CLOSE, request);
	s.request = NULL;
}

static const rill_request_handler follower = { .size = sizeof(follower),
	.on_body = on_body,
	.on_end = on_end,
	.on_close = on_close };

static int handle(rill_request *request, void *user)
{
	(void)user;
	s.request = request;
	s.bodies = s.ends = s.closes = 0;
	rill_request_follow(request, &follower, &s);
	maybe(IN_HANDLER, request);
	return RILL_TAKE;
}

static void begin(void)
{
	memset(&s, 0, sizeof(s));
	http_begin(NULL);
	assert_int_equal(rill_server_handle(http_server, "/", handle, NULL, &s.route), 0);
}

/* Runs one POST with act at that point. */
static void run(enum callback when, void (*act)(rill_request *request), struct http_peer *peer)
{
	begin();
	s.when = when;
	s.act = act;
	http_open(peer);
	http_send(peer, POST);
	if (when == LATER && s.request)
		maybe(LATER, s.request);
	http_turns();
	http_take(peer);
}

static void respond(rill_request *request)
{
	assert_int_equal(rill_respond(request, 200, NULL, "ok", 2), 0);
}

TEST(exchange, can_be_answered_in_every_callback)
{
	static const enum callback when[] = { IN_HANDLER, IN_BODY, IN_END, LATER };
	struct http_peer p;

	for (size_t i = 0; i < sizeof(when) / sizeof(when[0]); i++) {
		run(when[i], respond, &p);
		http_expect(&p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		assert_int_equal(s.closes, 1);
		assert_int_equal(s.rc, 0);
		assert_false(p.ended);
		http_send(&p, GET);
		assert_int_equal(s.request != NULL, when[i] != IN_HANDLER && when[i] != IN_END);
		http_close(&p);
		http_end();
	}
}

static void abort_it(rill_request *request)
{
	rill_request_abort(request);
	rill_request_abort(request);
	assert_int_equal(rill_respond(request, 200, NULL, "", 0), RILL_ESTATE);
}

TEST(exchange, can_be_aborted_in_every_callback)
{
	static const enum callback when[] = { IN_HANDLER, IN_BODY, IN_END, LATER };
	struct http_peer p;

	for (size_t i = 0; i < sizeof(when) / sizeof(when[0]); i++) {
		run(when[i], abort_it, &p);
		assert_string_equal(http_take(&p), "");
		assert_true(p.ended);
		assert_int_equal(s.closes, 1);
		assert_int_equal(s.rc, RILL_ECLOSED);
		http_close(&p);
		http_end();
	}
}

static void use_the_dead(rill_request *request)
{
	rill_request_pause(request);
	rill_request_resume(request);
	rill_request_abort(request);
	rill_request_follow(request, &follower, &s);
	assert_int_equal(rill_respond(request, 200, NULL, "", 0), RILL_ESTATE);
	assert_int_equal(rill_response_header(request, "A", "b"), RILL_ESTATE);
	assert_int_equal(rill_response_write(request, "x", 1), RILL_ESTATE);
	assert_int_equal(rill_response_end(request), RILL_ESTATE);
	assert_int_equal(rill_response_queued(request), 0);
	assert_null(rl_exchange_take_stream(request));
	assert_int_equal(rill_request_method(request).len, 4);
	rill_route_remove(s.route);
	s.route = NULL;
}

TEST(exchange, takes_every_call_in_on_close)
{
	struct http_peer p;

	run(IN_CLOSE, use_the_dead, &p);
	http_close(&p);
	assert_int_equal(s.closes, 1);
	assert_int_equal(s.rc, RILL_ERESET);
	http_end();
}

static void pause_it(rill_request *request)
{
	rill_request_pause(request);
}

TEST(exchange, that_is_paused_hears_nothing_until_it_is_resumed)
{
	struct http_peer p;

	run(IN_HANDLER, pause_it, &p);
	assert_int_equal(s.bodies, 0);
	rill_request_resume(s.request);
	rill_request_pause(s.request);
	http_turns();
	assert_int_equal(s.bodies, 0);
	rill_request_resume(s.request);
	http_turns();
	assert_int_equal(s.bodies, 1);
	assert_int_equal(s.ends, 1);
	rill_request_abort(s.request);
	http_turns();
	http_close(&p);
	http_end();
}

static void stop_server(rill_request *request)
{
	rill_server_stop(http_server, 1000, NULL, NULL);
	if (s.when != IN_CLOSE)
		respond(request);
}

TEST(exchange, may_stop_the_server_in_every_callback)
{
	struct http_peer p;

	for (int when = IN_HANDLER; when < CALLBACKS; when++) {
		run((enum callback)when, stop_server, &p);
		if (when == IN_CLOSE)
			rill_request_abort(s.request);
		http_turns();
		http_take(&p);
		assert_true(p.ended);
		assert_int_equal(s.closes, 1);
		http_close(&p);
		http_end();
	}
}

static int follow_late(rill_request *request, void *user)
{
	(void)user;
	s.request = request;
	return RILL_TAKE;
}

TEST(exchange, followed_later_hears_its_end_and_its_close)
{
	struct http_peer p;

	begin();
	rill_route_remove(s.route);
	rill_server_handle(http_server, "/", follow_late, NULL, NULL);
	http_open(&p);
	http_send(&p, POST);
	rill_request_follow(s.request, &follower, &s);
	assert_int_equal(s.ends, 0);
	http_turns();
	assert_int_equal(s.ends, 1);
	respond(s.request);
	http_turns();
	assert_int_equal(s.closes, 1);
	http_close(&p);
	http_end();
}

TEST(exchange, nobody_takes_is_404_and_the_connection_lives_on)
{
	struct http_peer p;

	begin();
	rill_route_remove(s.route);
	http_open(&p);
	http_send(&p, GET POST "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	http_expect(&p, "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 23"
			"\r\n\r\nNothing is found here.\n"
			"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 23"
			"\r\n\r\nNothing is found here.\n"
			"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 23"
			"\r\n\r\n");
	assert_false(p.ended);
	http_close(&p);
	http_end();
}

TEST(exchange, that_asks_for_an_upgrade_nobody_gives_is_an_ordinary_one)
{
	struct http_peer p;

	begin();
	s.act = respond;
	http_open(&p);
	http_send(&p, UPGRADE);
	http_expect(&p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	http_close(&p);
	http_end();
}

/* A service that echoes bytes on a stream it has taken over. */
static struct rl_stream *taken;
static bool lost;
static char read_bytes[100];

static void echo_read(struct rl_stream *stream, struct rl_slice *in)
{
	strncat(read_bytes, (const char *)in->data, in->len);
	rl_stream_write(stream, *in);
	rl_slice_skip(in, in->len);
}

static void echo_end(struct rl_stream *stream)
{
	rl_stream_close(stream);
	taken = NULL;
	lost = true;
}

static void echo_drain(struct rl_stream *stream)
{
	(void)stream;
}

static void echo_lost(struct rl_stream *stream, int rc)
{
	(void)rc;
	echo_end(stream);
}

static const struct rl_stream_events echo_events = {
	.on_read = echo_read, .on_end = echo_end, .on_drain = echo_drain, .on_lost = echo_lost
};

static void take_over(rill_request *request)
{
	taken = rl_exchange_take_stream(request);
	assert_non_null(taken);
	rl_stream_own(taken, &echo_events, NULL);
	rl_stream_resume(taken);
	rl_stream_write(taken, RL_SLICE("HTTP/1.1 101 Up\r\n\r\n"));
	assert_null(rl_exchange_take_stream(request));
	assert_int_equal(rill_respond(request, 200, NULL, "", 0), RILL_ESTATE);
	test_expect_text(rill_request_path(request).data, rill_request_path(request).len, "/up");
	rl_exchange_release(request);
}

static int take_stream_now(rill_request *request, void *user)
{
	(void)user;
	rill_request_follow(request, &follower, &s);
	take_over(request);
	return RILL_TAKE;
}

static void begin_upgrade(int (*fn)(rill_request *request, void *user), struct http_peer *peer)
{
	begin();
	read_bytes[0] = 0;
	lost = false;
	rill_route_remove(s.route);
	rill_server_handle(http_server, "/", fn, NULL, NULL);
	http_open(peer);
}

TEST(exchange, hands_its_stream_over_with_all_that_came_behind_the_head)
{
	static const char bytes[] = UPGRADE "abc";
	struct http_peer p;

	for (size_t cut = 1; cut < sizeof(bytes); cut++) {
		begin_upgrade(take_stream_now, &p);
		http_send_bytes(&p, bytes, cut);
		http_send_bytes(&p, bytes + cut, sizeof(bytes) - 1 - cut);
		http_send(&p, "de");
		assert_string_equal(http_take(&p), "HTTP/1.1 101 Up\r\n\r\nabcde");
		assert_int_equal(http_server->admission.count, 1);
		http_shut(&p);
		assert_true(lost);
		assert_int_equal(http_server->admission.count, 0);
		assert_int_equal(s.closes + s.ends, 0);
		http_close(&p);
		http_end();
	}
}

TEST(exchange, hands_its_stream_over_later)
{
	struct http_peer p;

	begin_upgrade(follow_late, &p);
	http_send(&p, UPGRADE "abc");
	http_send(&p, "de");
	http_pass(100000);
	take_over(s.request);
	http_turns();
	assert_string_equal(http_take(&p), "HTTP/1.1 101 Up\r\n\r\nabcde");
	rl_stream_close(taken);
	http_close(&p);
	http_end();
}

static int wait_as_service(rill_request *request, void *user)
{
	static const int key, other;

	rl_exchange_set_service(request, &key, &s);
	assert_ptr_equal(rl_exchange_service(request, &key), &s);
	assert_null(rl_exchange_service(request, &other));
	return handle(request, user);
}

TEST(exchange, that_waits_for_an_upgrade_notices_that_the_client_left)
{
	struct http_peer p;

	begin_upgrade(wait_as_service, &p);
	s.when = LATER;
	http_send(&p, UPGRADE);
	assert_int_equal(s.closes, 0);
	http_close(&p);
	assert_int_equal(s.closes, 1);
	assert_int_equal(s.rc, RILL_ERESET);
	http_end();
}

static void fail_it(rill_request *request)
{
	assert_int_equal(rill_response_header(request, "Sec-WebSocket-Version", "13"), 0);
	assert_int_equal(rl_exchange_fail(request, 426, "Only version 13 is spoken here."), 0);
	assert_int_equal(rl_exchange_fail(request, 426, "x"), RILL_ESTATE);
}

TEST(exchange, fails_with_a_sentence)
{
	struct http_peer p;

	run(IN_HANDLER, fail_it, &p);
	http_expect(&p, "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\n"
			"Content-Type: text/plain\r\nContent-Length: 32\r\nUpgrade: websocket\r\n"
			"Connection: upgrade, close\r\n\r\nOnly version 13 is spoken here.\n");
	assert_true(p.ended);
	assert_int_equal(s.closes, 1);
	assert_int_equal(s.rc, 0);
	assert_int_equal(http_server->stats.bad_requests, 1);
	http_close(&p);
	http_end();
}

/* Does anything at any time, by a seed: to the exchange in hand, from every callback. */
static struct {
	uint64_t seed;
	rill_request *held;
	rill_route *route;
	size_t opened, closed;
} monkey;

static unsigned dice(unsigned sides)
{
	monkey.seed = monkey.seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(monkey.seed >> 33) % sides;
}

static int monkey_handle(rill_request *request, void *user);

static void meddle(rill_request *request)
{
	static char bytes[30000];

	switch (dice(12)) {
	case 0:
		rill_respond(request, 200, NULL, bytes, dice(sizeof(bytes)));
		break;
	case 1:
		rill_response_begin(request, 200, dice(2) ? RILL_LENGTH_UNKNOWN : dice(1000));
		break;
	case 2:
	case 3:
		rill_response_write(request, bytes, dice(dice(4) ? 300 : sizeof(bytes)));
		break;
	case 4:
		rill_response_end(request);
		break;
	case 5:
		rill_request_pause(request);
		break;
	case 6:
	case 7:
		rill_request_resume(request);
		break;
	case 8:
		if (dice(4) == 0)
			rill_request_abort(request);
		break;
	case 9:
		rl_exchange_fail(request, 400, "No.");
		break;
	case 10:
		rill_route_remove(monkey.route);
		rill_server_handle(http_server, "/", monkey_handle, NULL, &monkey.route);
		break;
	default:
		rill_response_header(request, "X-Y", "z");
	}
}

static void monkey_body(rill_request *request, rill_bytes bytes, void *user)
{
	(void)bytes;
	(void)user;
	meddle(request);
}

static void monkey_any(rill_request *request, void *user)
{
	(void)user;
	meddle(request);
}

static void monkey_close(rill_request *request, int rc, void *user)
{
	(void)rc;
	(void)user;
	meddle(request);
	monkey.closed++;
	monkey.held = NULL;
}

static const rill_request_handler monkey_follower = { sizeof(monkey_follower), monkey_body,
	monkey_any, monkey_any, monkey_close, monkey_any };

static int monkey_handle(rill_request *request, void *user)
{
	(void)user;
	if (dice(10) == 0)
		return RILL_PASS;
	assert_null(monkey.held);
	monkey.opened++;
	monkey.held = request;
	rill_request_follow(request, &monkey_follower, NULL);
	for (unsigned n = dice(3); n; n--)
		meddle(request);
	return RILL_TAKE;
}

static void monkey_session(void)
{
	static const char *const pieces[] = { GET, POST, UPGRADE,
		("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n"),
		"0\r\n\r\n", "3\r\nabc\r\n", "POST / HTTP/1.1\r\nHost: a\r\n",
		"Content-Length: 5\r\n\r\nabcde", "HEAD / HTTP/1.0\r\n\r\n", "G" };
	struct http_peer p;

	http_begin(NULL);
	rill_server_handle(http_server, "/", monkey_handle, NULL, &monkey.route);
	http_open(&p);
	for (unsigned n = dice(40); n; n--) {
		if (p.ended) {
			http_close(&p);
			http_open(&p);
		}
		if (dice(3)) {
			const char *piece = pieces[dice(dice(8) ? 5 : 10)];
			if (send(p.fd, piece, strlen(piece), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
				http_take(&p);
		}
		if (dice(2))
			http_turns();
		if (monkey.held && dice(2))
			meddle(monkey.held);
		if (dice(4) == 0)
			http_take(&p);
		if (dice(10) == 0)
			http_pass(dice(30000));
		if (dice(60) == 0)
			shutdown(p.fd, SHUT_WR);
	}
	if (dice(4) == 0)
		rill_server_stop(http_server, dice(100), NULL, NULL);
	if (dice(2))
		http_close(&p);
	http_end();
	http_close(&p);
	assert_null(monkey.held);
	assert_int_equal(monkey.opened, monkey.closed);
}

TEST(exchange, whatever_is_done_to_it_is_closed_once_and_leaves_nothing)
{
	size_t exchanges = 0;

	for (uint64_t seed = 1; seed <= 3000; seed++) {
		memset(&monkey, 0, sizeof(monkey));
		monkey.seed = seed * 7919;
		monkey_session();
		exchanges += monkey.opened;
		if (test_live_blocks())
			fail_msg("seed %u leaves %zu blocks", (unsigned)seed, test_live_blocks());
	}
	if (exchanges <= 5000)
		fail_msg("only %zu exchanges", exchanges);
}

/* A response piece by piece, for as long as somebody reads it. */

static int peer_ends;

static void end_it(rill_request *request, void *user)
{
	(void)user;
	peer_ends++;
	rill_response_write(request, "bye", 3);
	rill_response_end(request);
}

static void note_end(rill_request *request, void *user)
{
	(void)request;
	(void)user;
	peer_ends++;
}

static const rill_request_handler leaving = { .size = sizeof(leaving), .on_peer_end = end_it };
static const rill_request_handler noting = { .size = sizeof(noting), .on_peer_end = note_end };

static int stream_leaving(rill_request *request, void *user)
{
	rill_request_follow(request, user, NULL);
	s.request = request;
	rill_response_begin(request, 200, RILL_LENGTH_UNKNOWN);
	return RILL_TAKE;
}

static void begin_leaving(const rill_request_handler *with, struct http_peer *p)
{
	peer_ends = 0;
	http_begin(NULL);
	assert_int_equal(
		rill_server_handle(http_server, "/", stream_leaving, (void *)(uintptr_t)with, NULL),
		0);
	http_open(p);
}

#define CHUNKED_HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

TEST(exchange, whose_peer_sends_no_more_says_so_once_and_can_still_be_ended)
{
	struct http_peer p;
	begin_leaving(&leaving, &p);
	http_send(&p, GET);
	assert_int_equal(peer_ends, 0);
	http_shut(&p);
	assert_int_equal(peer_ends, 1);
	http_expect(&p, CHUNKED_HEAD "3\r\nbye\r\n0\r\n\r\n");
	assert_true(p.ended);
	http_close(&p);
	http_end();
}

TEST(exchange, may_go_on_behind_the_peers_end)
{
	struct http_peer p;
	begin_leaving(&noting, &p);
	http_send(&p, GET);
	http_shut(&p);
	rill_response_write(s.request, "more", 4);
	http_turns();
	assert_int_equal(peer_ends, 1);
	rill_response_end(s.request);
	http_expect(&p, CHUNKED_HEAD "4\r\nmore\r\n0\r\n\r\n");
	http_close(&p);
	http_end();
}

static int wait_first(rill_request *request, void *user)
{
	(void)user;
	s.request = request;
	rill_request_follow(request, &noting, NULL);
	return RILL_TAKE;
}

TEST(exchange, begun_behind_the_peers_end_hears_of_it_too)
{
	struct http_peer p;
	peer_ends = 0;
	http_begin(NULL);
	assert_int_equal(rill_server_handle(http_server, "/", wait_first, NULL, NULL), 0);
	http_open(&p);
	http_send(&p, GET);
	http_shut(&p);
	assert_int_equal(peer_ends, 0);
	assert_true(rl_exchange_peer_ended(s.request));
	rill_response_begin(s.request, 200, RILL_LENGTH_UNKNOWN);
	http_turns();
	assert_int_equal(peer_ends, 1);
	rill_response_end(s.request);
	http_close(&p);
	http_end();
}

static int peer_ends;

static void on_awaited_end(rill_request *request, void *user)
{
	(void)user;
	peer_ends++;
	assert_int_equal(rl_exchange_respond(request, 200, RL_SLICE("X: y\r\n"), RL_SLICE("late")), 0);
}

static const rill_request_handler awaiting = { .size = sizeof(awaiting),
	.on_close = on_close,
	.on_peer_end = on_awaited_end };

static int await_it(rill_request *request, void *user)
{
	(void)user;
	s.request = request;
	rill_request_follow(request, &awaiting, &s);
	rl_exchange_await(request);
	return RILL_TAKE;
}

static void begin_awaiting(struct http_peer *peer)
{
	memset(&s, 0, sizeof(s));
	s.when = LATER;
	peer_ends = 0;
	http_begin(NULL);
	assert_int_equal(rill_server_handle(http_server, "/", await_it, NULL, NULL), 0);
	http_open(peer);
}

#define LATE "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 4\r\n\r\nlate"

TEST(exchange, one_that_is_awaited_hears_of_its_peers_end_before_it_is_answered)
{
	struct http_peer peer;
	begin_awaiting(&peer);
	http_send(&peer, GET);
	assert_int_equal(peer_ends, 0);
	http_shut(&peer);
	assert_int_equal(peer_ends, 1);
	http_expect(&peer, LATE);
	assert_true(peer.ended);
	assert_int_equal(s.closes, 1);
	assert_int_equal(s.rc, 0);
	http_close(&peer);
	http_end();
}

TEST(exchange, one_that_is_awaited_by_a_peer_that_has_ended_hears_so)
{
	struct http_peer peer;
	begin_awaiting(&peer);
	assert_int_equal(send(peer.fd, GET, sizeof(GET) - 1, 0), sizeof(GET) - 1);
	http_shut(&peer);
	assert_int_equal(peer_ends, 1);
	http_expect(&peer, LATE);
	http_close(&peer);
	http_end();
}

TEST(exchange, one_that_is_awaited_may_forget_its_head)
{
	static char request[2000];
	struct http_peer peer;
	begin_awaiting(&peer);
	snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\nX: %01500d\r\n\r\n", 0);
	http_send(&peer, request);
	size_t before = test_live_bytes();
	rill_request *smaller = rl_exchange_forget_head(s.request);
	assert_true(test_live_bytes() + 1500 < before);
	assert_int_equal(http_server->group.buffered, 0);
	rl_exchange_respond(smaller, 200, RL_SLICE("X: y\r\n"), RL_SLICE("late"));
	http_expect(&peer, LATE);
	http_send(&peer, GET); /* the connection lives on */
	assert_non_null(s.request);
	http_close(&peer);
	http_end();
}

TEST(exchange, what_is_to_have_no_body_keeps_the_head_that_says_so)
{
	struct http_peer peer;
	begin_awaiting(&peer);
	http_send(&peer, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	rill_request *same = rl_exchange_forget_head(s.request);
	assert_ptr_equal(same, s.request);
	rl_exchange_respond(same, 200, RL_SLICE("X: y\r\n"), RL_SLICE("late"));
	http_expect(&peer, "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 4\r\n\r\n");
	http_close(&peer);
	http_end();
}
