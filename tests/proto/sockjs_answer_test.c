/* sockjs_answer_test.c: what answers have in common: CORS, caching, cookies, origins, the log. */
#include "proto/sockjs_program.h"

#define NEVER "no-store, no-cache, no-transform, must-revalidate, max-age=0"

static int status_of(const char *method, const char *path, const char *fields, const char *text)
{
	ask_by(&peer, method, path, fields, text);
	int status = take_answer(&peer);
	if (!ended) { /* a stream: its connection is of no more use */
		http_close(&peer);
		http_open(&peer);
	}
	return status;
}

static void cors(const char *origin, const char *credentials)
{
	expect_field("Access-Control-Allow-Origin", origin);
	expect_field("Access-Control-Allow-Credentials", credentials);
	expect_field("Vary", origin ? "Origin" : NULL);
}

TEST(sockjs_answer, whoever_asks_may_read_by_the_origin_itself)
{
	static const struct {
		const char *method, *path;
		int status;
	} cases[] = { { "GET", "/echo/info", 200 }, { "POST", "/echo/0/a/xhr", 200 },
		{ "POST", "/echo/0/b/xhr_streaming", 200 }, { "POST", "/echo/0/c/xhr_send", 500 },
		{ "OPTIONS", "/echo/0/c/xhr_send", 204 } };
	serve(NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *method = cases[i].method, *path = cases[i].path;
		int status = cases[i].status;
		assert_int_equal(status_of(method, path, "", NULL), status);
		cors("*", NULL);
		expect_field("Access-Control-Allow-Headers", NULL);
		if (strstr(path, "/0/")) /* a session must not be there twice */
			http_pass(10000);
		assert_int_equal(status_of(method, path, "Origin: http://b\r\n", NULL), status);
		cors("http://b", "true");
		http_pass(10000);
		assert_int_equal(
			status_of(method, path,
				"Origin: null\r\nAccess-Control-Request-Headers: \r\n", NULL),
			status);
		cors("null", "true");
		expect_field("Access-Control-Allow-Headers", NULL);
		http_pass(10000);
	}
	finish();
}

TEST(sockjs_answer, an_event_stream_lets_the_null_origin_read_as_any)
{
	rill_sockjs_options options = defaults();
	options.disable_cors = true; /* which is not for it */
	serve(&options);
	assert_int_equal(status_of("GET", "/echo/0/a/eventsource", "Origin: null\r\n", NULL), 200);
	cors("*", NULL);
	assert_int_equal(status_of("GET", "/echo/0/b/eventsource", "", NULL), 200);
	cors("*", NULL);
	assert_int_equal(
		status_of("GET", "/echo/0/c/eventsource", "Origin: http://b\r\n", NULL), 200);
	cors("http://b", "true");
	expect_field("Cache-Control", NEVER);
	finish();
}

TEST(sockjs_answer, scripts_and_pages_have_no_cors)
{
	static const char *const paths[] = { "/echo", "/echo/iframe.html", "/echo/0/a/jsonp?c=x",
		"/echo/0/b/htmlfile?c=x" };
	serve(NULL);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_int_equal(status_of("GET", paths[i], "Origin: http://b\r\n", NULL), 200);
		cors(NULL, NULL);
	}
	assert_int_equal(
		status_of("POST", "/echo/0/a/jsonp_send", "Origin: http://b\r\n", "[]"), 200);
	cors(NULL, NULL);
	finish();
}

TEST(sockjs_answer, cors_may_be_left_to_others)
{
	rill_sockjs_options options = defaults();
	options.disable_cors = true;
	serve(&options);
	assert_int_equal(status_of("POST", "/echo/0/a/xhr", "Origin: http://b\r\n", NULL), 200);
	cors(NULL, NULL);
	assert_int_equal(status_of("OPTIONS", "/echo/0/a/xhr", "Origin: http://b\r\n", NULL), 204);
	cors(NULL, NULL);
	expect_field("Access-Control-Allow-Methods", NULL);
	expect_field("Access-Control-Max-Age", NULL);
	finish();
}

TEST(sockjs_answer, what_a_session_says_is_never_kept)
{
	serve(NULL);
	assert_int_equal(status_of("POST", "/echo/0/a/xhr", "", NULL), 200);
	expect_field("Cache-Control", NEVER);
	expect_field("Expires", NULL);
	assert_int_equal(status_of("POST", "/echo/0/a/xhr_send", "", "[]"), 204);
	expect_field("Cache-Control", NEVER);
	assert_int_equal(status_of("POST", "/echo/0/a/xhr_send", "", "x"), 500);
	expect_field("Cache-Control", NEVER);
	assert_int_equal(status_of("POST", "/echo/0/z/xhr_send", "", "[]"), 404);
	expect_field("Cache-Control", NEVER);
	assert_int_equal(status_of("GET", "/echo/0/b/jsonp", "", NULL), 500);
	expect_field("Cache-Control", NEVER);
	assert_int_equal(status_of("POST", "/echo/0/a/jsonp_send", "", "[]"), 200);
	expect_field("Cache-Control", NEVER);
	finish();
}

static void cookie(const char *method, const char *path, const char *sent, const char *want)
{
	char fields[256] = "";
	if (sent)
		snprintf(fields, sizeof(fields), "Cookie: %s\r\n", sent);
	status_of(method, path, fields, NULL);
	expect_field("Set-Cookie", want);
}

#define DUMMY "JSESSIONID=dummy; path=/"

TEST(sockjs_answer, the_cookie_for_balancers_keeps_its_value)
{
	static const struct {
		const char *method, *path, *want;
	} cases[] = { { "POST", "/echo/0/a/xhr", DUMMY },
		{ "POST", "/echo/0/b/xhr_streaming", DUMMY },
		{ "POST", "/echo/0/b/xhr_send", DUMMY }, { "GET", "/echo/0/c/eventsource", DUMMY },
		{ "GET", "/echo/0/d/htmlfile?c=x", DUMMY }, { "GET", "/echo/0/e/jsonp?c=x", DUMMY },
		{ "POST", "/echo/0/e/jsonp_send", DUMMY }, { "OPTIONS", "/echo/0/e/xhr", DUMMY },
		{ "OPTIONS", "/echo/info", DUMMY }, { "GET", "/echo/info", NULL },
		{ "GET", "/echo", NULL }, { "GET", "/echo/iframe.html", NULL },
		{ "GET", "/echo/websocket", NULL } };
	rill_sockjs_options options = defaults();
	options.jsessionid = true;
	serve(&options);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cookie(cases[i].method, cases[i].path, NULL, cases[i].want);
	cookie("OPTIONS", "/echo/0/a/xhr", "JSESSIONID=abcdef", "JSESSIONID=abcdef; path=/");
	cookie("OPTIONS", "/echo/0/a/xhr", "a=b;  JSESSIONID = x ; c", "JSESSIONID=x; path=/");
	cookie("OPTIONS", "/echo/0/a/xhr", "JSESSIONID=x=y", "JSESSIONID=x; path=/");
	cookie("OPTIONS", "/echo/0/a/xhr", "xJSESSIONID=x", DUMMY);
	cookie("OPTIONS", "/echo/0/a/xhr", "JSESSIONIDx=x", DUMMY);
	cookie("OPTIONS", "/echo/0/a/xhr", "JSESSIONID", DUMMY);
	cookie("OPTIONS", "/echo/0/a/xhr", "JSESSIONID=", DUMMY);
	cookie("OPTIONS", "/echo/0/a/xhr", ";;=;", DUMMY);
	cookie("OPTIONS", "/echo/0/a/xhr", "a=b\r\nCookie: JSESSIONID=x", "JSESSIONID=x; path=/");
	finish();
	serve(NULL);
	cookie("POST", "/echo/0/a/xhr", "JSESSIONID=x", NULL);
	finish();
}

static void stick(rill_request *request, void *user)
{
	rill_response_header(request, "X-Server", user);
}

TEST(sockjs_answer, a_program_may_say_it_to_balancers_in_its_own_way)
{
	rill_sockjs_options options = defaults();
	options.on_jsessionid = stick;
	options.user = (void *)"seven";
	serve(&options);
	assert_int_equal(status_of("POST", "/echo/0/a/xhr", "", NULL), 200);
	expect_field("Set-Cookie", NULL);
	expect_field("X-Server", "seven");
	assert_int_equal(status_of("GET", "/echo/info", "", NULL), 200);
	assert_non_null(strstr(body, "\"cookie_needed\":true"));
	finish();
}

#define UPGRADE                                                                                    \
	"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"               \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void from(const char *const *origins, const char *fields, bool good)
{
	static const struct {
		const char *method, *path;
		int good;
	} cases[] = { { "GET", "/echo/info", 200 }, { "OPTIONS", "/echo/info", 204 },
		{ "POST", "/echo/0/a/xhr", 200 }, { "POST", "/echo/0/a/xhr_send", 500 },
		{ "GET", "/echo/0/b/eventsource", 200 }, { "GET", "/echo/0/c/htmlfile?c=x", 200 },
		{ "GET", "/echo/0/d/jsonp?c=x", 200 }, { "POST", "/echo/0/d/jsonp_send", 500 },
		{ "GET", "/echo/websocket", 101 }, { "GET", "/echo/0/a/websocket", 101 } };
	rill_sockjs_options options = defaults();
	rill_sockjs_stats stats = { .size = sizeof(stats) };
	char all[512];
	options.origins = origins;
	serve(&options);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool websocket = strstr(cases[i].path, "websocket");
		snprintf(all, sizeof(all), "%s%s", websocket ? UPGRADE : "", fields);
		int status = status_of(cases[i].method, cases[i].path, all, NULL);
		if (websocket) {
			http_close(&peer);
			http_open(&peer);
		}
		assert_int_equal(status, good ? cases[i].good : 403);
		if (!good)
			cors(NULL, NULL);
	}
	rill_sockjs_read_stats(service, &stats);
	assert_int_equal(stats.refused, good ? 0 : sizeof(cases) / sizeof(*cases));
	assert_int_equal(status_of("GET", "/echo/iframe.html", fields, NULL), 200);
	finish();
}

TEST(sockjs_answer, a_list_of_origins_holds_for_all_transports_alike)
{
	static const char *const any[] = { "*", NULL }, *const same[] = { "same", NULL },
				 *const named[] = { "http://b", "https://c:1", NULL };
	from(NULL, "Origin: http://b\r\nCookie: a=b\r\n", true);
	from(any, "Origin: http://b\r\nCookie: a=b\r\n", true);
	from(same, "Origin: http://b\r\n", false);
	from(same, "Origin: http://a\r\n", true);
	from(same, "Origin: null\r\n", false);
	from(same, "", true);
	from(named, "Origin: HTTP://B\r\n", true);
	from(named, "Origin: https://c:1\r\n", true);
	from(named, "Origin: https://c\r\n", false);
	from(named, "", true);
}

TEST(sockjs_answer, what_browsers_send_for_foreign_pages_without_an_origin_is_judged_by_its_referer)
{
	static const char *const same[] = { "same", NULL }, *const named[] = { "http://b", NULL },
				 *const any[] = { "*", NULL };
	from(named, "Sec-Fetch-Site: none\r\n", true);
	from(named, "Sec-Fetch-Site: same-origin\r\nReferer: http://c/\r\n", true);
	from(named, "Sec-Fetch-Site: cross-site\r\n", false);
	from(named, "Sec-Fetch-Site: cross-site\r\nReferer: http://b/x/y\r\n", true);
	from(named, "Sec-Fetch-Site: cross-site\r\nReferer: http://b\r\n", true);
	from(named, "Sec-Fetch-Site: cross-site\r\nReferer: http://b.c/\r\n", false);
	from(named, "Sec-Fetch-Site: cross-site\r\nReferer: about:blank\r\n", false);
	from(named, "Sec-Fetch-Site: same-site\r\nReferer: http://c/\r\n", false);
	from(same, "Sec-Fetch-Site: same-site\r\nReferer: http://a/\r\n", true);
	from(any, "Sec-Fetch-Site: cross-site\r\n", true);
	from(NULL, "Sec-Fetch-Site: cross-site\r\n", true);
}

TEST(sockjs_answer, of_two_origins_none_is_believed)
{
	static const char *const named[] = { "http://b", NULL };
	rill_sockjs_options options = defaults();
	options.origins = named;
	serve(&options);
	assert_int_equal(status_of("POST", "/echo/0/a/xhr",
				 "Origin: http://b\r\nOrigin: http://c\r\n", NULL),
		403);
	finish();
}

static char lines[4096];

static void on_line(rill_log_level level, const char *line, void *user)
{
	assert_ptr_equal(user, lines);
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%d %s\n", level, line);
}

TEST(sockjs_answer, requests_are_logged_with_their_time_and_status)
{
	rill_sockjs_options options = defaults();
	options.log = on_line;
	options.user = lines;
	lines[0] = 0;
	serve(&options);
	status_of("GET", "/echo/nothing?a", "", NULL);
	status_of("PUT", "/echo/info", "", NULL);
	status_of("POST", "/echo/0/a/xhr", "", NULL);
	http_send(
		&peer, "POST /echo/0/a/xhr_send HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
	test_now += 7;
	http_send(&peer, "[]");
	expect_answer(&peer, 204, "");
	status_of("POST", "/echo/0/a/xhr_send", "Content-Type: a/b\r\n", "[]");
	assert_string_equal(lines, "1 GET /echo/nothing?a 0ms 404\n"
				   "1 PUT /echo/info 0ms 405\n"
				   "1 POST /echo/0/a/xhr 0ms (unfinished)\n"
				   "1 POST /echo/0/a/xhr_send 7ms 204\n"
				   "3 192.0.2.1: bodies of type a/b are not read\n"
				   "1 192.0.2.1: answered 500: Payload expected.\n"
				   "1 POST /echo/0/a/xhr_send 0ms 500\n");
	finish();
}

TEST(sockjs_answer, without_a_log_of_its_own_refusals_go_to_the_loops)
{
	serve(NULL);
	status_of("POST", "/echo/0/a/xhr_send", "", NULL);
	assert_non_null(strstr(test_log(), "192.0.2.1: answered 500: Payload expected."));
	assert_null(strstr(test_log(), "/echo/"));
	finish();
}
