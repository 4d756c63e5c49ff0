/* sockjs_receive_test.c: requests that come to receive: whom they are, or are not, given a session. */
#include "proto/sockjs_program.h"

#define PAYLOAD_TYPE "application/javascript; charset=UTF-8"

TEST(sockjs_receive, a_poll_opens_a_session_and_then_waits_for_messages)
{
	serve(NULL);
	open_session();
	expect_field("Content-Type", PAYLOAD_TYPE);
	expect_field("Content-Length", "2");
	assert_string_equal(rill_conn_transport(conn), "xhr-polling");
	ask("POST", "/echo/000/s/xhr");
	assert_string_equal(http_take(&peer), "");
	rill_send_text(conn, "a");
	rill_send_text(conn, "b");
	expect_answer(&peer, 200, "a[\"a\",\"b\"]\n");
	finish();
	assert_string_equal(said, "close:1006: ");
}

TEST(sockjs_receive, a_stream_has_its_prelude_and_each_frame_in_a_chunk_of_its_own)
{
	serve(NULL);
	ask("POST", "/echo/000/s/xhr_streaming");
	assert_int_equal(take_answer(&peer), 200);
	expect_field("Content-Type", PAYLOAD_TYPE);
	assert_int_equal(strlen(body), 2048 + 1 + strlen("|o\n"));
	assert_int_equal(strspn(body, "h"), 2048);
	assert_string_equal(body + 2048, "\n|o\n");
	expect_said("open ");
	assert_string_equal(rill_conn_transport(conn), "xhr-streaming");
	rill_send_text(conn, "x");
	expect_more(&peer, "a[\"x\"]\n");
	rill_close(conn, 3000, "Go away!");
	expect_more(&peer, "c[3000,\"Go away!\"]\n");
	assert_true(ended);
	expect_said("close:3000:Go away! ");
	expect("GET", "/echo", 200, "Welcome to SockJS!\n"); /* the connection lives on */
	finish();
}

TEST(sockjs_receive, an_event_stream_escapes_what_its_client_decodes)
{
	serve(NULL);
	ask("GET", "/echo/000/s/eventsource");
	assert_int_equal(take_answer(&peer), 200);
	expect_field("Content-Type", "text/event-stream");
	assert_string_equal(body, "\r\n|data: o\r\n\r\n");
	expect_said("open ");
	rill_send_text(conn, "100%\n");
	expect_more(&peer, "data: a[\"100%25\\n\"]\r\n\r\n");
	assert_string_equal(rill_conn_transport(conn), "eventsource");
	finish();
}

TEST(sockjs_receive, an_htmlfile_calls_what_it_is_told_to_and_ends_no_script)
{
	serve(NULL);
	ask("GET", "/echo/000/s/htmlfile?c=%63allback.x_1-");
	assert_int_equal(take_answer(&peer), 200);
	expect_field("Content-Type", "text/html; charset=UTF-8");
	assert_non_null(strstr(body, "var c = parent.callback.x_1-;\n"));
	char *frame = strstr(body, "\r\n\r\n|");
	assert_non_null(frame);
	assert_true(frame - body > 1024);
	assert_string_equal(frame + 5, "<script>\np(\"o\");\n</script>\r\n");
	expect_said("open ");
	rill_send_text(conn, "</script>");
	take_more(&peer);
	assert_string_equal(
		body, "<script>\np(\"a[\\\"\\u003c/script\\u003e\\\"]\");\n</script>\r\n");
	finish();
}

TEST(sockjs_receive, jsonp_calls_back_with_one_frame)
{
	serve(NULL);
	ask("GET", "/echo/000/s/jsonp?callback=a.b");
	expect_answer(&peer, 200, "/**/a.b(\"o\");\r\n");
	expect_field("Content-Type", PAYLOAD_TYPE);
	expect_field("X-Content-Type-Options", "nosniff");
	expect_said("open ");
	rill_send_text(conn, "x");
	ask("GET", "/echo/000/s/jsonp?c=other&callback=a.b");
	expect_answer(&peer, 200, "/**/other(\"a[\\\"x\\\"]\");\r\n");
	finish();
}

TEST(sockjs_receive, a_callback_is_looked_at_before_there_is_a_session)
{
	static const char *const bad[] = { "c=a%20b", "c=*", "c=abc(", "c=abc%28", "c=a%00",
		"c=%C3%BC", "c=a;b&callback=x" };
	char path[256], longer[4000];
	serve(NULL);
	expect("GET", "/echo/000/s/jsonp", 500, "\"callback\" parameter required");
	expect_field("Content-Type", "text/plain; charset=UTF-8");
	expect("GET", "/echo/000/s/htmlfile?d=x", 500, "\"callback\" parameter required");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(path, sizeof(path), "/echo/000/s/jsonp?%s", bad[i]);
		expect("GET", path, 500, "invalid \"callback\" parameter");
		snprintf(path, sizeof(path), "/echo/000/s/htmlfile?%s", bad[i]);
		expect("GET", path, 500, "invalid \"callback\" parameter");
	}
	expect("GET", "/echo/000/s/jsonp?c=a23456789012345678901234567890123", 500,
		"invalid \"callback\" parameter");
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "/echo/0/s/jsonp?c=", 18);
	longer[sizeof(longer) - 1] = 0;
	expect("GET", longer, 500, "invalid \"callback\" parameter");
	expect_said("");
	expect("GET", "/echo/000/s/jsonp?c=a2345678901234567890123456789012", 200,
		"/**/a2345678901234567890123456789012(\"o\");\r\n");
	finish();
}

TEST(sockjs_receive, a_second_receiver_is_turned_away_and_the_first_goes_on)
{
	struct http_peer other;
	serve(NULL);
	ask("POST", "/echo/000/s/xhr_streaming");
	take_answer(&peer);
	http_open(&other);
	ask_by(&other, "POST", "/echo/000/s/xhr", "", NULL);
	expect_answer(&other, 200, "c[2010,\"Another connection still open\"]\n");
	ask_by(&other, "GET", "/echo/000/s/jsonp?c=f", "", NULL);
	expect_answer(&other, 200, "/**/f(\"c[2010,\\\"Another connection still open\\\"]\");\r\n");
	ask_by(&other, "GET", "/echo/000/s/eventsource", "", NULL);
	expect_answer(&other, 200, "\r\n|data: c[2010,\"Another connection still open\"]\r\n\r\n");
	http_close(&other);
	rill_send_text(conn, "still");
	in_chunks = true;
	ended = false;
	expect_more(&peer, "a[\"still\"]\n");
	finish();
}

TEST(sockjs_receive, a_response_ends_at_its_limit_and_the_session_goes_on_with_the_next)
{
	rill_sockjs_options options = defaults();
	char message[129];
	options.response_limit = 4096;
	serve(&options);
	memset(message, 'x', 128);
	message[128] = 0;
	ask("POST", "/echo/000/s/xhr_streaming");
	take_answer(&peer);
	for (int i = 1; i <= 31; i++) { /* 2 and 31 times 134 bytes are 4,156 */
		rill_send_text(conn, message);
		take_more(&peer);
		assert_int_equal(strlen(body), 134);
		assert_int_equal(ended, i == 31);
	}
	rill_send_text(conn, "more");
	ask("POST", "/echo/000/s/xhr_streaming");
	take_answer(&peer);
	assert_string_equal(body + 2050, "a[\"more\"]\n");
	expect_said("open ");
	finish();
}

TEST(sockjs_receive, a_limit_of_one_makes_polls_of_streams_and_none_lets_them_last)
{
	rill_sockjs_options options = defaults();
	char *big = malloc(200001);
	assert_non_null(big);
	options.response_limit = 1;
	serve(&options);
	ask("GET", "/echo/000/s/eventsource");
	expect_answer(&peer, 200, "\r\n|data: o\r\n\r\n");
	finish();
	options.response_limit = 0;
	serve(&options);
	ask("POST", "/echo/000/s/xhr_streaming");
	take_answer(&peer);
	memset(big, 'x', 200000);
	big[200000] = 0;
	rill_send_text(conn, big);
	take_more(&peer);
	assert_false(ended);
	free(big);
	finish();
}

TEST(sockjs_receive, for_http_1_0_a_stream_is_not_chunked_and_ends_with_its_connection)
{
	serve(NULL);
	http_send(&peer, "POST /echo/000/s/xhr_streaming HTTP/1.0\r\nHost: a\r\n"
			 "Connection: keep-alive\r\n\r\n");
	assert_int_equal(take_answer(&peer), 200);
	expect_field("Content-Length", NULL);
	expect_field("Transfer-Encoding", NULL);
	assert_string_equal(body + 2049, "o\n");
	rill_close(conn, 3000, "x");
	expect_more(&peer, "c[3000,\"x\"]\n");
	assert_true(peer.ended);
	finish();
}

TEST(sockjs_receive, what_a_session_remembers_is_that_of_its_last_receiver)
{
	static const char *const more[] = { "X-Mine", NULL };
	rill_sockjs_options options = defaults();
	rill_bytes value;
	options.keep_headers = more;
	serve(&options);
	ask_by(&peer, "POST", "/echo/1/s/xhr?t=1",
		"User-Agent: one\r\nOrigin: http://b\r\nCookie: a=b\r\nX-Mine: m\r\n", NULL);
	expect_answer(&peer, 200, "o\n");
	expect_said("open ");
	assert_string_equal(rill_sockjs_url(conn), "http://a/echo/1/s/xhr?t=1");
	assert_string_equal(rill_sockjs_pathname(conn), "/echo/1/s/xhr");
	assert_string_equal(rill_sockjs_prefix(conn), "/echo");
	value = rill_conn_header(conn, "user-agent");
	test_expect_text(value.data, value.len, "one");
	value = rill_conn_header(conn, "x-mine");
	test_expect_text(value.data, value.len, "m");
	value = rill_conn_header(conn, "Origin");
	test_expect_text(value.data, value.len, "http://b");
	assert_null(rill_conn_header(conn, "Cookie").data);
	ask_by(&peer, "POST", "/echo/2/s/xhr_streaming", "User-Agent: two\r\n", NULL);
	take_answer(&peer);
	assert_string_equal(rill_sockjs_url(conn), "http://a/echo/2/s/xhr_streaming");
	value = rill_conn_header(conn, "user-agent");
	test_expect_text(value.data, value.len, "two");
	assert_null(rill_conn_header(conn, "x-mine").data);
	assert_string_equal(rill_conn_peer(conn), "192.0.2.1");
	finish();
}

TEST(sockjs_receive, a_session_has_a_name_that_may_be_shown)
{
	char first[40];
	serve(NULL);
	open_session();
	const char *id = rill_sockjs_id(conn);
	assert_int_equal(strlen(id), 36);
	assert_int_equal(id[14], '4');
	assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
	strcpy(first, id);
	assert_string_equal(rill_sockjs_id(conn), first);
	expect("POST", "/echo/000/t/xhr", 200, "o\n");
	assert_string_not_equal(rill_sockjs_id(conn), first);
	finish();
}

TEST(sockjs_receive, an_id_may_be_long_but_not_endless)
{
	static char path[6000];
	serve(NULL);
	int n = snprintf(path, sizeof(path), "/echo/0/");
	memset(path + n, 'x', 4096);
	strcpy(path + n + 4096, "/xhr");
	expect("POST", path, 200, "o\n");
	memset(path + n, 'x', 4097);
	strcpy(path + n + 4097, "/xhr");
	expect("POST", path, 414, "The session id is too long.");
	finish();
}

/* Who may have a session. */

static int answer;

static int hook(rill_sockjs *s, rill_request *request, void *user)
{
	assert_ptr_equal(s, service);
	assert_ptr_equal(user, &answer);
	assert_true(rill_request_path(request).len > 0);
	rill_response_header(request, "X-Hook", "was here");
	say("hook ");
	return answer;
}

static void decided(const char *method, const char *path, const char *fields, int as, int status)
{
	rill_sockjs_options options = defaults();
	rill_sockjs_stats stats = { .size = sizeof(stats) };
	options.on_request = hook;
	options.user = &answer;
	answer = as;
	serve(&options);
	ask_by(&peer, method, path, fields, NULL);
	assert_int_equal(take_answer(&peer), status);
	expect_field("X-Hook", "was here");
	rill_sockjs_read_stats(service, &stats);
	assert_int_equal(stats.refused, as != 0);
	assert_int_equal(stats.opened, as == 0);
	if (status >= 400)
		assert_non_null(strstr(body, "This session was refused."));
	expect_said(as == 0 ? "hook open " : "hook ");
	finish();
}

#define UPGRADE                                                                                    \
	"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"               \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

TEST(sockjs_receive, the_program_is_asked_before_there_is_a_session_whatever_its_transport)
{
	decided("POST", "/echo/0/s/xhr", "", RILL_ACCEPT, 200);
	decided("POST", "/echo/0/s/xhr", "", 401, 401);
	decided("GET", "/echo/0/s/jsonp?c=x", "", 429, 429);
	decided("GET", "/echo/0/s/eventsource", "", RILL_LATER, 500);
	decided("POST", "/echo/0/s/xhr_streaming", "", 200, 500);
	decided("GET", "/echo/0/s/websocket", UPGRADE, RILL_ACCEPT, 101);
	decided("GET", "/echo/0/s/websocket", UPGRADE, 403, 403);
	decided("GET", "/echo/websocket", UPGRADE, RILL_LATER, 500);
}

TEST(sockjs_receive, the_program_is_not_asked_about_a_session_there_is)
{
	rill_sockjs_options options = defaults();
	options.on_request = hook;
	options.user = &answer;
	answer = RILL_ACCEPT;
	serve(&options);
	expect("POST", "/echo/0/s/xhr", 200, "o\n");
	answer = 403;
	rill_send_text(conn, "x");
	expect("POST", "/echo/0/s/xhr", 200, "a[\"x\"]\n");
	expect_said("hook open ");
	finish();
}

static int answer_itself(rill_sockjs *s, rill_request *request, void *user)
{
	(void)s;
	(void)user;
	rill_respond(request, 302, NULL, NULL, 0);
	return RILL_ACCEPT;
}

static int abort_it(rill_sockjs *s, rill_request *request, void *user)
{
	(void)s;
	(void)user;
	rill_request_abort(request);
	return RILL_ACCEPT;
}

static int stop_all(rill_sockjs *s, rill_request *request, void *user)
{
	(void)request;
	(void)user;
	rill_server_stop(http_server, 1000, NULL, NULL);
	(void)s;
	return RILL_ACCEPT;
}

static int detach_it(rill_sockjs *s, rill_request *request, void *user)
{
	(void)request;
	(void)user;
	rill_sockjs_detach(s, 0, NULL);
	return RILL_ACCEPT;
}

static void ask_hook(
	int (*fn)(rill_sockjs *, rill_request *, void *), const char *fields, int status)
{
	static const char *const paths[] = { "/echo/0/s/xhr", "/echo/0/s/xhr_streaming" };
	rill_sockjs_options options = defaults();
	options.on_request = fn;
	for (size_t i = 0; i < 2; i++) {
		serve(&options);
		ask_by(&peer, "POST", paths[i], fields, NULL);
		if (status)
			assert_int_equal(take_answer(&peer), status);
		else
			assert_true(peer.ended && !peer.len);
		expect_said("");
		finish();
	}
	serve(&options);
	ask_by(&peer, "GET", "/echo/0/s/websocket", UPGRADE, NULL);
	if (status)
		assert_int_equal(take_answer(&peer), status);
	expect_said("");
	finish();
}

TEST(sockjs_receive, the_program_may_do_as_it_likes_while_it_is_asked)
{
	ask_hook(answer_itself, "", 302);
	ask_hook(abort_it, "", 0);
	ask_hook(stop_all, "", 503);
	ask_hook(detach_it, "", 503);
}

static void open_from(struct http_peer *p, uint8_t last)
{
	const struct rl_addr from = { .family = RL_ADDR_IP4, .port = 1, .ip = { 192, 0, 2, last } };
	http_open_from(p, &from);
}

TEST(sockjs_receive, there_is_room_for_so_many_sessions_in_all_and_from_one_address)
{
	rill_sockjs_options options = defaults();
	struct http_peer other;
	options.max_sessions = 2;
	options.max_sessions_per_address = 1;
	serve(&options);
	open_session();
	expect("POST", "/echo/0/t/xhr", 503, "There is no room for another session.");
	rill_send_text(conn, "x");
	expect("POST", "/echo/0/s/xhr", 200, "a[\"x\"]\n");
	ask_by(&peer, "GET", "/echo/0/t/websocket", UPGRADE, NULL);
	assert_int_equal(take_answer(&peer), 503);
	http_close(&peer);
	open_from(&peer, 2);
	expect("POST", "/echo/0/t/xhr", 200, "o\n");
	open_from(&other, 3);
	ask_by(&other, "POST", "/echo/0/u/xhr", "", NULL);
	expect_answer(&other, 503, "There is no room for another session.");
	http_pass(6000);
	ask_by(&other, "POST", "/echo/0/u/xhr", "", NULL);
	expect_answer(&other, 200, "o\n");
	http_close(&other);
	finish();
}

/* Whose a session is. */

TEST(sockjs_receive, a_session_may_be_bound_to_the_address_it_began_from)
{
	rill_sockjs_options options = defaults();
	struct http_peer other;
	options.binding = RILL_SOCKJS_BY_ADDRESS;
	serve(&options);
	open_session();
	open_from(&other, 2);
	ask_by(&other, "POST", "/echo/000/s/xhr", "", NULL);
	expect_answer(&other, 403, "This session is somebody else's.");
	ask_by(&other, "POST", "/echo/000/s/xhr_send", "", "[\"a\"]");
	expect_answer(&other, 403, "This session is somebody else's.");
	send_to_session("[\"b\"]", 204, "");
	expect_said("<b> ");
	rill_send_text(conn, "x");
	expect("POST", "/echo/000/s/xhr", 200, "a[\"x\"]\n");
	http_close(&other);
	finish();
}

static void with_cookie(const char *method, const char *path, const char *cookie, const char *text,
	int status, const char *want)
{
	char fields[128] = "";
	if (cookie)
		snprintf(fields, sizeof(fields), "Cookie: %s\r\n", cookie);
	ask_by(&peer, method, path, fields, text);
	expect_answer(&peer, status, want);
}

TEST(sockjs_receive, a_session_may_be_bound_to_a_cookie)
{
	rill_sockjs_options options = defaults();
	options.binding = RILL_SOCKJS_BY_COOKIE;
	options.bind_cookie = "sid";
	serve(&options);
	with_cookie("POST", "/echo/0/s/xhr", NULL, NULL, 403,
		"The cookie that sessions are bound to is missing.");
	with_cookie("POST", "/echo/0/s/xhr", "sid=", NULL, 403,
		"The cookie that sessions are bound to is missing.");
	with_cookie("POST", "/echo/0/s/xhr", "sid=1", NULL, 200, "o\n");
	with_cookie("POST", "/echo/0/s/xhr_send", "sid=2", "[\"a\"]", 403,
		"This session is somebody else's.");
	with_cookie("POST", "/echo/0/s/xhr_send", NULL, "[\"a\"]", 403,
		"This session is somebody else's.");
	with_cookie(
		"POST", "/echo/0/s/xhr", "sid=11", NULL, 403, "This session is somebody else's.");
	with_cookie("POST", "/echo/0/s/xhr_send", "a=b; sid=1", "[\"c\"]", 204, "");
	expect_said("open <c> ");
	finish();
}

TEST(sockjs_receive, without_a_binding_whoever_knows_the_id_has_the_session)
{
	struct http_peer other;
	serve(NULL);
	open_session();
	open_from(&other, 2);
	ask_by(&other, "POST", "/echo/000/s/xhr_send", "Cookie: a=b\r\n", "[\"a\"]");
	expect_answer(&other, 204, "");
	expect_said("<a> ");
	http_close(&other);
	finish();
}

static void destroy_in_log(rill_log_level level, const char *line, void *user)
{
	(void)level;
	(void)line;
	(void)user;
	if (conn)
		rill_conn_destroy(conn);
}

TEST(sockjs_receive, a_session_may_be_destroyed_while_its_request_is_logged)
{
	rill_sockjs_options options = defaults();
	options.log = destroy_in_log;
	serve(&options);
	open_session();
	expect("POST", "/echo/000/s/xhr", 200, "o\n");
	expect_said("open close:1006: ");
	ask_by(&peer, "POST", "/echo/000/s/xhr_send", "", "[\"a\"]");
	expect_answer(&peer, 204, "");
	finish();
}

TEST(sockjs_receive, near_the_limit_of_memory_only_who_comes_for_messages_is_served)
{
	static char large[950 * 1024];
	struct http_peer other;
	rill_server_options options;
	rill_server_options_default(&options);
	options.max_buffered = 1024 * 1024;
	start(&options);
	assert_int_equal(rill_sockjs_serve(http_server, "/echo", &handler, NULL, &service), 0);
	http_open(&peer);
	open_session();
	memset(large, 'x', sizeof(large));
	rill_send(conn, RILL_TEXT, large, sizeof(large));
	static const char *const others[] = { "/echo/000/t/xhr", "/echo/000/s/xhr_send", "/echo", "/x" };
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		http_open(&other);
		ask_by(&other, "POST", others[i], "", "");
		http_expect_status(&other, 503);
		http_close(&other);
	}
	ask("POST", "/echo/000/s/xhr");
	http_expect_status(&peer, 200);
	assert_true(peer.len > sizeof(large));
	http_forget(&peer);
	expect("GET", "/echo", 200, "Welcome to SockJS!\n");
	finish();
}

TEST(sockjs_receive, sessions_count_as_memory_that_is_held)
{
	rill_server_options options;
	unsigned made = 0;
	rill_server_options_default(&options);
	options.max_buffered = 256 * 1024;
	start(&options);
	assert_int_equal(rill_sockjs_serve(http_server, "/echo", &handler, NULL, &service), 0);
	http_open(&peer);
	for (int status = 200; status == 200 && made < 1000; made++) {
		char path[64];
		snprintf(path, sizeof(path), "/echo/000/%u/xhr", made);
		ask("POST", path);
		status = take_answer(&peer);
		assert_true(status == 200 || status == 503);
	}
	assert_in_range(made, 100, 999);
	http_close(&peer);
	http_pass(6000);
	http_open(&peer);
	expect("POST", "/echo/000/s/xhr", 200, "o\n");
	finish();
}
