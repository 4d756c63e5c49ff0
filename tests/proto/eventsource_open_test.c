/* eventsource_open_test.c: which requests become a stream of events, and how each answer begins. */
#include <unistd.h>
#include "proto/eventsource_program.h"

TEST(eventsource_open, the_head_leaves_at_once_with_what_keeps_proxies_from_buffering)
{
	serve(NULL);
	http_send(&peer, ASK "\r\n");
	http_expect(&peer, HEAD CHUNKED RETRY);
	assert_false(peer.ended);
	expect_said("open ");
	finish();
	assert_string_equal(said, "close:1006 ");
}

TEST(eventsource_open, for_http_1_0_the_stream_is_not_chunked_and_its_end_is_the_connections)
{
	serve(NULL);
	http_send(&peer, "GET /sse HTTP/1.0\r\nAccept: text/event-stream\r\n"
			 "Connection: keep-alive\r\n\r\n");
	http_expect(&peer, HEAD "Connection: close\r\n\r\nretry: 5000\r\n\r\n");
	rill_send_text(conn, "x");
	http_expect(&peer, "data: x\r\n\r\n");
	rill_close(conn, 1000, NULL);
	expect_said("open close:1000 ");
	http_expect(&peer, "");
	assert_true(peer.ended);
	finish();
}

TEST(eventsource_open, a_head_request_gets_the_head_alone)
{
	serve(NULL);
	http_send(&peer, "HEAD /sse HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
	http_expect(&peer, HEAD CHUNKED);
	expect_said("");
	http_send(&peer, ASK "\r\n");
	http_expect(&peer, HEAD CHUNKED RETRY);
	finish();
}

static void asked(const char *method, const char *fields, bool want)
{
	char request[512];
	http_open(&peer);
	snprintf(request, sizeof(request), "%s /sse HTTP/1.1\r\nHost: a\r\n%s\r\n", method, fields);
	http_send(&peer, request);
	http_expect_status(&peer, want ? 200 : 404);
	http_close(&peer);
}

TEST(eventsource_open, what_asks_for_events_is_read_off_accept)
{
	serve(NULL);
	http_close(&peer);
	asked("GET", "Accept: text/event-stream\r\n", true);
	asked("GET", "Accept: Text/Event-Stream\r\n", true);
	asked("GET", "Accept: text/html, text/event-stream;q=0.9\r\n", true);
	asked("GET", "Accept: text/html\r\nAccept: text/event-stream ; charset=utf-8\r\n", true);
	asked("GET", "Accept: text/event-stream;q=0, text/event-stream\r\n", true);
	asked("GET", "Accept: text/event-stream;q=0\r\n", false);
	asked("GET", "Accept: text/event-stream; a=b; Q = 0.000\r\n", false);
	asked("GET", "Accept: text/event-stream;q=0.001\r\n", true);
	asked("GET", "Accept: text/event-stream;q\r\n", true);
	asked("GET", "Accept: text/event-stream;;q=\r\n", true);
	asked("GET", "Accept: */*\r\n", false);
	asked("GET", "Accept: text/*\r\n", false);
	asked("GET", "Accept: text/event-streams\r\n", false);
	asked("GET", "Accept: \r\n", false);
	asked("GET", "", false);
	asked("POST", "Accept: text/event-stream\r\n", false);
	asked("HEAD", "Accept: text/event-stream\r\n", true);
	http_end();
}

TEST(eventsource_open, options_choose_retry_and_fields)
{
	static const char *const headers[] = { "X-One: 1", "X-Two:2 ", NULL };
	rill_eventsource_options options = defaults();
	options.retry_ms = UINT32_MAX;
	options.headers = headers;
	serve(&options);
	http_send(&peer, ASK "\r\n");
	http_expect(&peer,
		HEAD "X-One: 1\r\nX-Two: 2\r\n" CHUNKED "15\r\nretry: 4294967295\r\n\r\n\r\n");
	finish();
}

/* The Access-Control fields of the answer, or its status when it is none of 200. */
static void origin(const char *const *origins, const char *field, const char *want)
{
	rill_eventsource_options options = defaults();
	char request[256];
	options.origins = origins;
	serve(&options);
	snprintf(request, sizeof(request), "%s%s\r\n", ASK, field);
	http_send(&peer, request);
	const char *text = http_take(&peer), *have = strstr(text, "Access-Control");
	if (strncmp(text, "HTTP/1.1 200", 12) != 0)
		have = text + 9;
	else if (!have)
		have = "";
	assert_int_equal(strncmp(have, want, strlen(want)), 0);
	assert_true(want[0] || !have[0]);
	finish();
}

TEST(eventsource_open, origins_that_may_read_are_told_so_and_others_are_refused)
{
	static const char *const any[] = { "*", NULL }, *const same[] = { "same", NULL },
				 *const one[] = { "http://b", "same", NULL },
				 *const named[] = { "http://b", NULL };
	origin(NULL, "Origin: http://b\r\n", "");
	origin(any, "Origin: http://b\r\n", "Access-Control-Allow-Origin: *\r\nTransfer");
	origin(any, "", "Access-Control-Allow-Origin: *\r\nTransfer");
	origin(same, "Origin: http://b\r\n", "403");
	origin(same, "Origin: http://a\r\n",
		"Access-Control-Allow-Origin: http://a\r\n"
		"Access-Control-Allow-Credentials: true\r\n");
	origin(same, "", "");
	origin(one, "Origin: http://b\r\n",
		"Access-Control-Allow-Origin: http://b\r\n"
		"Access-Control-Allow-Credentials: true\r\n");
	origin(one, "Origin: null\r\n", "403");
	origin(named, "", "403");
}

static int answer;

static int hook(rill_request *request, void *user)
{
	assert_ptr_equal(user, &answer);
	rill_response_header(request, "X-Hook", "was here");
	return answer;
}

static void decided(int as, const char *want)
{
	rill_eventsource_options options = defaults();
	rill_eventsource_stats stats = { .size = sizeof(stats) };
	options.on_request = hook;
	options.user = &answer;
	answer = as;
	rill_eventsource *service = serve(&options);
	http_send(&peer, ASK "\r\n");
	assert_int_equal(strncmp(http_take(&peer) + 9, want, 3), 0);
	assert_non_null(strstr(http_take(&peer), "X-Hook: was here\r\n"));
	rill_eventsource_read_stats(service, &stats);
	assert_int_equal(stats.refused, as != RILL_ACCEPT);
	finish();
}

TEST(eventsource_open, the_hook_decides)
{
	decided(RILL_ACCEPT, "200");
	decided(204, "204");
	decided(401, "401");
	decided(599, "599");
	decided(200, "500");
	decided(RILL_LATER, "500");
}

static int answer_in_hook(rill_request *request, void *user)
{
	(void)user;
	rill_respond(request, 418, NULL, "tea", 3);
	return RILL_ACCEPT;
}

static int stop_in_hook(rill_request *request, void *user)
{
	(void)request;
	(void)user;
	rill_server_stop(http_server, 1000, NULL, NULL);
	return RILL_ACCEPT;
}

static int abort_in_hook(rill_request *request, void *user)
{
	(void)user;
	rill_request_abort(request);
	return RILL_ACCEPT;
}

TEST(eventsource_open, the_hook_may_answer_cut_or_stop)
{
	rill_eventsource_options options = defaults();
	options.on_request = answer_in_hook;
	serve(&options);
	http_send(&peer, ASK "\r\n");
	http_expect_status(&peer, 418);
	finish();
	options.on_request = stop_in_hook;
	serve(&options);
	http_send(&peer, ASK "\r\n");
	http_expect_status(&peer, 503);
	finish();
	options.on_request = abort_in_hook;
	serve(&options);
	http_send(&peer, ASK "\r\n");
	http_expect(&peer, "");
	assert_true(peer.ended);
	finish();
	assert_string_equal(said, "");
}

/* rill_eventsource_open() by a handler of the program's own. */

static rill_request *held;
static int held_closed;

static void held_on_close(rill_request *request, int rc, void *user)
{
	(void)request;
	(void)rc;
	(void)user;
	held_closed++;
	held = NULL;
}

static int hold(rill_request *request, void *user)
{
	static const rill_request_handler follower = { sizeof(follower),
		.on_close = held_on_close };
	(void)user;
	held = request;
	rill_request_follow(request, &follower, NULL);
	return RILL_TAKE;
}

static void start_held(const char *request)
{
	start(NULL);
	held_closed = 0;
	assert_int_equal(rill_server_handle(http_server, "/", hold, NULL, NULL), 0);
	http_open(&peer);
	http_send(&peer, request);
	assert_non_null(held);
}

TEST(eventsource_open, any_request_can_be_made_a_stream_later)
{
	int user;
	rill_conn *made;
	rill_eventsource_options options = defaults();
	options.retry_ms = 7;
	start_held("POST /x?y HTTP/1.1\r\nHost: h:1\r\nContent-Length: 0\r\n"
		   "Last-Event-ID: seven\r\n\r\n");
	rill_response_header(held, "X-More", "yes");
	assert_int_equal(rill_eventsource_open(&made, held, &handler, &options, &user), 0);
	assert_string_equal(said, "");
	expect_said("open ");
	assert_ptr_equal(made, conn);
	assert_ptr_equal(rill_conn_user(conn), &user);
	assert_string_equal(rill_eventsource_last_id(conn), "seven");
	assert_string_equal(rill_eventsource_url(conn), "http://h:1/x?y");
	http_expect(&peer, HEAD "X-More: yes\r\n" CHUNKED "c\r\nretry: 7\r\n\r\n\r\n");
	rill_close(conn, 1000, NULL);
	expect_said("close:1000 ");
	assert_int_equal(held_closed, 0);
	finish();
}

TEST(eventsource_open, what_is_sent_before_on_open_follows_the_head)
{
	rill_conn *made;
	start_held(ASK "\r\n");
	assert_int_equal(rill_eventsource_open(&made, held, &handler, NULL, NULL), 0);
	assert_int_equal(rill_eventsource_send(made, "a", 1, &(rill_event){ NULL, "1" }), 0);
	assert_int_equal(rill_send_text(made, "b"), 0);
	assert_int_equal(rill_close(made, 1000, NULL), 0);
	assert_int_equal(rill_send_text(made, "c"), RILL_ECLOSED);
	assert_int_equal(rill_close(made, 3000, NULL), 0); /* the first word counts */
	expect_said("open close:1000 ");
	http_expect(&peer, HEAD CHUNKED RETRY "12\r\nid: 1\r\ndata: a\r\n\r\n\r\n"
					      "b\r\ndata: b\r\n\r\n\r\n0\r\n\r\n");
	finish();
}

TEST(eventsource_open, one_that_is_destroyed_before_on_open_is_not_told_of)
{
	rill_conn *made;
	start_held(ASK "\r\n");
	assert_int_equal(rill_eventsource_open(&made, held, &handler, NULL, NULL), 0);
	rill_conn_destroy(made);
	expect_said("");
	assert_null(strstr(http_take(&peer), "\n0\r\n"));
	assert_true(peer.ended);
	finish();
}

TEST(eventsource_open, an_opened_stream_is_closed_when_the_server_stops)
{
	start_held(ASK "\r\n");
	assert_int_equal(rill_eventsource_open(NULL, held, &handler, NULL, NULL), 0);
	expect_said("open ");
	rill_server_stop(http_server, 1000, NULL, NULL);
	expect_said("close:1001 ");
	finish();
}

TEST(eventsource_open, a_stream_opened_while_the_server_stops_is_closed_behind_its_opening)
{
	start_held(ASK "\r\n");
	rill_server_stop(http_server, 1000, NULL, NULL);
	assert_int_equal(rill_eventsource_open(NULL, held, &handler, NULL, NULL), 0);
	expect_said("open close:1001 ");
	finish();
}

TEST(eventsource_open, whoever_leaves_before_on_open_is_told_of_all_the_same)
{
	rill_conn *made;
	start_held(ASK "\r\n");
	close(peer.fd);
	peer.fd = -1;
	assert_int_equal(rill_eventsource_open(&made, held, &handler, NULL, NULL), 0);
	expect_said("open close:1006 ");
	finish();
}

TEST(eventsource_open, a_client_that_is_gone_gets_no_stream)
{
	rill_conn *made;
	start_held(ASK "\r\n");
	http_shut(&peer);
	assert_int_equal(rill_eventsource_open(&made, held, &handler, NULL, NULL), RILL_ECLOSED);
	assert_null(made);
	rill_respond(held, 200, NULL, "x", 1);
	http_expect_status(&peer, 200);
	expect_said("");
	assert_int_equal(held_closed, 1);
	finish();
}

TEST(eventsource_open, a_client_that_ends_behind_an_earlier_request_is_answered)
{
	start(NULL);
	assert_int_equal(rill_eventsource_serve(http_server, "/sse", &handler, NULL, NULL), 0);
	assert_int_equal(rill_server_handle(http_server, "/", hold, NULL, NULL), 0);
	http_open(&peer);
	http_send(&peer, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" ASK "\r\n");
	http_shut(&peer);
	assert_non_null(held);
	rill_respond(held, 204, NULL, NULL, 0);
	http_turns();
	http_expect_status(&peer, 204);
	assert_non_null(strstr(http_take(&peer), "HTTP/1.1 200"));
	assert_true(peer.ended);
	expect_said("open close:1006 ");
	finish();
}

TEST(eventsource_open, a_response_that_was_begun_stays)
{
	start_held(ASK "\r\n");
	assert_int_equal(rill_response_begin(held, 200, 3), 0);
	assert_int_equal(rill_eventsource_open(NULL, held, &handler, NULL, NULL), RILL_ESTATE);
	rill_response_write(held, "abc", 3);
	rill_response_end(held);
	http_turns();
	assert_int_equal(held_closed, 1);
	finish();
}

TEST(eventsource_open, a_head_request_that_is_opened_ends_at_once)
{
	rill_conn *made = (rill_conn *)&held;
	start_held("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_int_equal(rill_eventsource_open(&made, held, &handler, NULL, NULL), 0);
	assert_null(made);
	http_expect(&peer, HEAD CHUNKED);
	expect_said("");
	finish();
}

static void open_without_memory(size_t n)
{
	rill_conn *made;
	start_held(ASK "\r\n");
	test_fail_allocation(n, false);
	int rc = rill_eventsource_open(&made, held, &handler, NULL, NULL);
	test_fail_allocation(0, false);
	if (rc < 0) {
		assert_int_equal(rc, RILL_ENOMEM);
		assert_null(made);
		rill_respond(held, 503, NULL, NULL, 0);
		http_expect_status(&peer, 503);
		expect_said("");
	}
	finish();
}

TEST(eventsource_open, without_memory_the_request_is_still_the_callers)
{
	for (size_t n = 1; n < 12; n++)
		open_without_memory(n);
}
