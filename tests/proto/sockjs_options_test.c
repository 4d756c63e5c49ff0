/* sockjs_options_test.c: which options make sense, and what becomes of them. */
#include "proto/sockjs_program.h"

static void refused(const rill_sockjs_options *options, const char *what)
{
	assert_int_equal(
		rill_sockjs_serve(http_server, "/echo", &handler, options, NULL), RILL_EINVAL);
	assert_non_null(strstr(test_log(), what));
}

TEST(sockjs_options, options_that_make_no_sense_are_refused_by_name)
{
	static const char *const urls[] = { "", "sockjs.js", "ftp://a", "/a\"b", "/a'b", "/a<b",
		"/a>b", "/a\nb", "/a\x7f" };
	static const char *const unknown[] = { "xhr-polling", "xdr", NULL };
	static const rill_handler old = { .size = 4 };
	rill_sockjs_options options = defaults();
	start(NULL);
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		options.sockjs_url = urls[i];
		refused(&options, "sockjs_url");
	}
	options = defaults();
	options.sockjs_url = NULL;
	refused(&options, "sockjs_url");
	options = defaults();
	options.transports = unknown;
	refused(&options, "transports names one that there is not");
	options = defaults();
	options.disabled_transports = unknown;
	refused(&options, "disabled_transports names");
	options = defaults();
	options.base_url = "http://\xff";
	refused(&options, "base_url is not UTF-8");
	options = defaults();
	options.max_body = 0;
	refused(&options, "max_body");
	options = defaults();
	options.overflow = (rill_overflow)7;
	refused(&options, "overflow");
	options = defaults();
	options.binding = (rill_sockjs_binding)7;
	refused(&options, "binding");
	options = defaults();
	options.binding = RILL_SOCKJS_BY_COOKIE;
	options.bind_cookie = "a b";
	refused(&options, "bind_cookie");
	options.bind_cookie = NULL;
	refused(&options, "bind_cookie");
	options.size = 0;
	refused(&options, "size is not set");
	assert_int_equal(rill_sockjs_serve(http_server, "/echo", &old, NULL, NULL), RILL_EINVAL);
	assert_int_equal(rill_sockjs_serve(http_server, "/echo", NULL, NULL, NULL), RILL_EINVAL);
	assert_non_null(strstr(test_log(), "handler.size"));
	assert_int_equal(rill_sockjs_serve(http_server, "echo", &handler, NULL, NULL), RILL_EINVAL);
	assert_int_equal(rill_sockjs_serve(http_server, NULL, &handler, NULL, NULL), RILL_EINVAL);
	assert_non_null(strstr(test_log(), "prefix"));
	http_end();
}

TEST(sockjs_options, an_older_caller_gets_the_defaults_for_what_it_does_not_know)
{
	size_t known = offsetof(rill_sockjs_options, websocket);
	rill_sockjs_options old;
	memset(&old, 0xee, sizeof(old));
	rill_sockjs_options_init(&old, known);
	assert_int_equal(((uint8_t *)&old)[known], 0xee);
	old.response_limit = 1;
	serve(&old);
	ask("POST", "/echo/000/s/xhr_streaming");
	take_answer(&peer);
	assert_true(ended);
	ask("GET", "/echo/info");
	take_answer(&peer);
	assert_non_null(strstr(body, "\"websocket\":true"));
	finish();
}

TEST(sockjs_options, options_are_copied)
{
	char url[] = "/a.js", base[] = "http://b", cookie[] = "sid", origin[] = "http://c";
	const char *origins[] = { origin, NULL };
	rill_sockjs_options options = defaults();
	options.sockjs_url = url;
	options.base_url = base;
	options.bind_cookie = cookie;
	options.binding = RILL_SOCKJS_BY_COOKIE;
	options.origins = origins;
	serve(&options);
	memset(url, 'x', 5);
	memset(base, 'x', 8);
	memset(cookie, 'x', 3);
	memset(origin, 'x', 8);
	ask_by(&peer, "GET", "/echo/info", "Origin: http://c\r\n", NULL);
	assert_int_equal(take_answer(&peer), 200);
	assert_non_null(strstr(body, "http://b"));
	ask("GET", "/echo/iframe.html");
	take_answer(&peer);
	assert_non_null(strstr(body, "\"/a.js\""));
	ask_by(&peer, "POST", "/echo/0/s/xhr", "Cookie: sid=1\r\n", NULL);
	expect_answer(&peer, 200, "o\n");
	finish();
}
