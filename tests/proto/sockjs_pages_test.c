/* sockjs_pages_test.c: greeting, iframe, info. */
#include "proto/sockjs_program.h"

#define YEAR  "public, max-age=31536000"
#define NEVER "no-store, no-cache, no-transform, must-revalidate, max-age=0"

TEST(sockjs_pages, the_greeting_is_nineteen_bytes_of_text)
{
	rill_sockjs_options options = defaults();
	options.jsessionid = true;
	serve(&options);
	expect("GET", "/echo", 200, "Welcome to SockJS!\n");
	expect_field("Content-Type", "text/plain; charset=UTF-8");
	expect_field("Content-Length", "19");
	expect_field("Set-Cookie", NULL);
	expect_field("Access-Control-Allow-Origin", NULL);
	finish();
}

static const char page[] =
	"<!DOCTYPE html>\n<html>\n<head>\n"
	"  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n"
	"  <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n"
	"  <script src=\"/lib/sockjs.js\"></script>\n"
	"  <script>\n    document.domain = document.domain;\n    SockJS.bootstrap_iframe();\n"
	"  </script>\n</head>\n<body>\n  <h2>Don't panic!</h2>\n"
	"  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>\n"
	"</body>\n</html>";

TEST(sockjs_pages, the_iframe_is_the_same_page_by_whatever_version_it_is_asked_for)
{
	static const char *const paths[] = { "/echo/iframe.html", "/echo/iframe-.html",
		"/echo/iframe-a.html", "/echo/iframe-0.1.2abc-dirty.2144.html",
		"/echo/iframe_.html", "/echo/iframe-a.html?t=1", "/echo/iframe.html/",
		"/echo/iframe.html.html" };
	rill_sockjs_options options = defaults();
	char tag[64] = "";
	options.sockjs_url = "/lib/sockjs.js";
	options.jsessionid = true;
	serve(&options);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		expect("GET", paths[i], 200, page);
		expect_field("Content-Type", "text/html; charset=UTF-8");
		expect_field("Cache-Control", YEAR);
		expect_field("Set-Cookie", NULL);
		expect_field("Last-Modified", NULL);
		assert_non_null(field("Expires"));
		assert_non_null(field("ETag"));
		assert_int_equal(field("ETag")[0], '"');
		if (tag[0])
			assert_string_equal(field("ETag"), tag);
		strcpy(tag, field("ETag"));
	}
	finish();
}

static void with_tag(const char *tag, int status)
{
	char line[128];
	snprintf(line, sizeof(line), "If-None-Match: %s\r\n", tag);
	ask_by(&peer, "GET", "/echo/iframe.html", line, NULL);
	assert_int_equal(take_answer(&peer), status);
	if (status != 304)
		return;
	assert_string_equal(body, "");
	expect_field("Content-Type", NULL);
	expect_field("Cache-Control", YEAR);
	assert_non_null(field("ETag"));
}

TEST(sockjs_pages, whoever_has_the_iframe_is_told_that_it_is_unchanged)
{
	char tag[64], other[80];
	serve(NULL);
	ask("GET", "/echo/iframe.html");
	take_answer(&peer);
	strcpy(tag, field("ETag"));
	with_tag(tag, 304);
	with_tag("*", 304);
	snprintf(other, sizeof(other), "W/%s", tag);
	with_tag(other, 304);
	snprintf(other, sizeof(other), "\"a\", %s", tag);
	with_tag(other, 304);
	with_tag("\"a\"", 200);
	with_tag("", 200);
	snprintf(other, sizeof(other), "%.*s\"", 10, tag);
	with_tag(other, 200);
	finish();
}

TEST(sockjs_pages, the_tag_changes_with_the_page)
{
	rill_sockjs_options options = defaults();
	char tag[64];
	serve(NULL);
	ask("GET", "/echo/iframe.html");
	take_answer(&peer);
	assert_non_null(strstr(body, "\"https://cdn.jsdelivr.net/npm/sockjs-client@1/"));
	strcpy(tag, field("ETag"));
	finish();
	options.sockjs_url = "http://b/s.js";
	serve(&options);
	ask("GET", "/echo/iframe.html");
	take_answer(&peer);
	assert_string_not_equal(field("ETag"), tag);
	finish();
}

static void framed_by(const char *const *origins, const char *want)
{
	rill_sockjs_options options = defaults();
	options.origins = origins;
	serve(&options);
	ask("GET", "/echo/iframe.html");
	assert_int_equal(take_answer(&peer), 200);
	expect_field("Content-Security-Policy", want);
	finish();
}

TEST(sockjs_pages, the_iframe_may_stand_in_pages_of_admitted_origins_alone)
{
	framed_by(NULL, NULL);
	framed_by((const char *const[]){ "http://b", "*", NULL }, NULL);
	framed_by((const char *const[]){ "http://b", "same", "https://c:1", NULL },
		"frame-ancestors http://b 'self' https://c:1");
	framed_by((const char *const[]){ "null", "x y", "http://b; script-src *", NULL },
		"frame-ancestors 'none'");
	framed_by((const char *const[]){ NULL }, "frame-ancestors 'none'");
}

static unsigned long entropy(void)
{
	const char *at = strstr(body, "\"entropy\":");
	assert_non_null(at);
	return strtoul(at + 10, NULL, 10);
}

TEST(sockjs_pages, info_says_what_clients_want_to_know)
{
	char want[512];
	serve(NULL);
	ask_by(&peer, "GET", "/echo/info", "Origin: http://b\r\n", NULL);
	assert_int_equal(take_answer(&peer), 200);
	snprintf(want, sizeof(want),
		"{\"websocket\":true,\"origins\":[\"*:*\"],\"cookie_needed\":false,"
		"\"entropy\":%lu}",
		entropy());
	assert_string_equal(body, want);
	expect_field("Content-Type", "application/json; charset=UTF-8");
	expect_field("Cache-Control", NEVER);
	expect_field("Expires", NULL);
	expect_field("Access-Control-Allow-Origin", "http://b");
	expect_field("Access-Control-Allow-Credentials", "true");
	expect_field("Vary", "Origin");
	expect_field("Set-Cookie", NULL);
	finish();
}

TEST(sockjs_pages, entropy_is_drawn_anew_each_time)
{
	serve(NULL);
	ask("GET", "/echo/info");
	take_answer(&peer);
	unsigned long first = entropy();
	assert_true(first <= UINT32_MAX);
	ask("GET", "/echo/info");
	take_answer(&peer);
	assert_int_not_equal(entropy(), first);
	finish();
}

TEST(sockjs_pages, info_tells_what_is_switched_off)
{
	static const char *const one[] = { "eventsource", NULL }, *const none[] = { NULL },
				 *const most[] = { "websockets", "xhr_polling", NULL };
	rill_sockjs_options options = defaults();
	options.websocket = false;
	options.jsessionid = true;
	serve(&options);
	ask("GET", "/echo/info");
	take_answer(&peer);
	assert_non_null(strstr(body, "{\"websocket\":false,"));
	assert_non_null(strstr(body, "\"cookie_needed\":true,"));
	assert_null(strstr(body, "transports"));
	expect_field("Set-Cookie", NULL);
	finish();
	options.transports = one;
	options.disable_cors = true;
	serve(&options);
	ask_by(&peer, "GET", "/echo/info", "Origin: http://b\r\n", NULL);
	take_answer(&peer);
	assert_null(strstr(body, "origins"));
	assert_non_null(strstr(body, ",\"transports\":[\"eventsource\"]}"));
	expect_field("Access-Control-Allow-Origin", NULL);
	expect_field("Vary", NULL);
	finish();
	options.transports = NULL;
	options.disabled_transports = most;
	serve(&options);
	ask("GET", "/echo/info");
	take_answer(&peer);
	assert_non_null(
		strstr(body, ",\"transports\":[\"xhr-streaming\",\"eventsource\",\"htmlfile\","
			     "\"jsonp-polling\"]}"));
	finish();
	options.transports = none;
	serve(&options);
	ask("GET", "/echo/info");
	take_answer(&peer);
	assert_non_null(strstr(body, ",\"transports\":[]}"));
	finish();
}

static const char *next_url(rill_request *request, void *user)
{
	assert_int_equal(rill_request_path(request).len, strlen("/echo/info"));
	return user;
}

TEST(sockjs_pages, info_may_send_clients_elsewhere)
{
	rill_sockjs_options options = defaults();
	options.base_url = "http://b/\"x\\";
	serve(&options);
	ask("GET", "/echo/info");
	take_answer(&peer);
	assert_non_null(strstr(body, ",\"base_url\":\"http://b/\\\"x\\\\\"}"));
	finish();
	options.on_base_url = next_url;
	options.user = (void *)"http://c";
	serve(&options);
	ask("GET", "/echo/info");
	take_answer(&peer);
	assert_non_null(strstr(body, ",\"base_url\":\"http://c\"}"));
	finish();
	options.user = NULL;
	serve(&options);
	ask("GET", "/echo/info");
	take_answer(&peer);
	assert_null(strstr(body, "base_url"));
	finish();
	options.user = (void *)"http://\xff";
	serve(&options);
	ask("GET", "/echo/info");
	take_answer(&peer);
	assert_null(strstr(body, "base_url"));
	assert_non_null(strstr(test_log(), "base_url is not UTF-8"));
	finish();
}

static void preflight(const char *path, const char *methods)
{
	ask_by(&peer, "OPTIONS", path, "Origin: null\r\nAccess-Control-Request-Headers: a, b\r\n",
		NULL);
	expect_answer(&peer, 204, "");
	expect_field("Cache-Control", YEAR);
	assert_non_null(field("Expires"));
	expect_field("Access-Control-Allow-Methods", methods);
	expect_field("Access-Control-Max-Age", "31536000");
	expect_field("Access-Control-Allow-Origin", "null");
	expect_field("Access-Control-Allow-Credentials", "true");
	expect_field("Access-Control-Allow-Headers", "a, b");
	expect_field("Vary", "Origin");
	expect_field("Content-Type", NULL);
}

TEST(sockjs_pages, a_preflight_allows_what_is_asked_for_and_begins_nothing)
{
	serve(NULL);
	preflight("/echo/info", "OPTIONS, GET");
	preflight("/echo/0/s/xhr", "OPTIONS, POST");
	preflight("/echo/0/s/xhr_streaming", "OPTIONS, POST");
	preflight("/echo/0/s/xhr_send", "OPTIONS, POST");
	expect("POST", "/echo/0/s/xhr_send", 500, "Payload expected.");
	expect_said("");
	finish();
}
