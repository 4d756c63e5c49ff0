/* sockjs_route_test.c: which path and method stands for what. */
#include "proto/sockjs_program.h"

TEST(sockjs_route, what_is_not_below_the_prefix_passes_on)
{
	serve(NULL);
	expect("GET", "/echofoo", 404, "Nothing is found here.\n");
	expect("GET", "/", 404, "Nothing is found here.\n");
	expect("GET", "/ech", 404, "Nothing is found here.\n");
	expect("GET", "/echo", 200, "Welcome to SockJS!\n");
	expect("GET", "/echo/", 200, "Welcome to SockJS!\n");
	expect("GET", "/echo?x=1", 200, "Welcome to SockJS!\n");
	expect("GET", "/echo/?x=1", 200, "Welcome to SockJS!\n");
	finish();
}

TEST(sockjs_route, what_is_nothing_below_the_prefix_is_not_found_in_the_protocols_words)
{
	static const char *const paths[] = { "/echo/a", "/echo/a.html", "/echo//", "/echo///",
		"/echo/a/a", "/echo/a/a/", "/echo/a/", "/echo/info//", "/echo/Info",
		"/echo/x/info/y", "/echo/iframe", "/echo/iframe.htm", "/echo/iframe.xml",
		"/echo/IFRAME.HTML", "/echo/IFRAME", "/echo/iframe.HTML", "/echo/iframe-/.html",
		"/echo/iframe%20.html", "/echo/a/b/xhr_nothing", "/echo/a/b/XHR", "/echo/a/b/xhr/c",
		"/echo/a/b/c/xhr", "/echo/a/b/info", "/echo/xhr", "/echo/%69nfo" };
	serve(NULL);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		expect("GET", paths[i], 404, NOT_FOUND);
		expect_field("Content-Type", "text/plain; charset=UTF-8");
		expect("POST", paths[i], 404, NOT_FOUND);
	}
	finish();
}

TEST(sockjs_route, ids_hold_anything_but_slashes_and_dots)
{
	static const char *const good[] = { "a/a", "_/_", "1/1", "abcdefgh_i-j%20/abcdefg_i-j%20",
		"~!$&'()*+,;=:@/~!$&'()*+,;=:@", "%2e/%2F" };
	static const char *const bad[] = { "/", "a./a", "a/a.", "./.", "", "//", "/a", "a/" };
	char path[128];
	serve(NULL);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(path, sizeof(path), "/echo/%s/xhr%s", good[i], i & 1 ? "/" : "");
		expect("POST", path, 200, "o\n");
		expect_said("open ");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(path, sizeof(path), "/echo/%s/xhr", bad[i]);
		expect("GET", path, 404, NOT_FOUND);
		expect("POST", path, 404, NOT_FOUND);
	}
	expect_said("");
	finish();
}

TEST(sockjs_route, the_server_id_means_nothing_and_case_counts_in_the_other)
{
	serve(NULL);
	expect("POST", "/echo/000/s/xhr", 200, "o\n");
	ask_by(&peer, "POST", "/echo/999/s/xhr_send", "", "[\"a\"]");
	expect_answer(&peer, 204, "");
	expect("POST", "/echo/000/S/xhr", 200, "o\n");
	expect_said("open <a> open ");
	finish();
}

TEST(sockjs_route, another_method_is_told_which_there_are_and_nothing_else)
{
	static const struct {
		const char *path, *allow, *bad[4];
	} cases[] = {
		{ "", "GET", { "POST", "HEAD", "OPTIONS", "PUT" } },
		{ "/iframe.html", "GET", { "POST", "HEAD", "OPTIONS", "get" } },
		{ "/info", "OPTIONS, GET", { "POST", "HEAD", "DELETE" } },
		{ "/chunking_test", "POST, OPTIONS", { "GET", "HEAD" } },
		{ "/websocket", "GET", { "POST", "HEAD", "OPTIONS" } },
		{ "/0/a/websocket", "GET", { "POST", "HEAD", "OPTIONS" } },
		{ "/0/a/xhr", "POST, OPTIONS", { "GET", "HEAD", "PUT" } },
		{ "/0/a/xhr_streaming", "POST, OPTIONS", { "GET", "HEAD" } },
		{ "/0/a/xhr_send", "POST, OPTIONS", { "GET", "HEAD" } },
		{ "/0/a/eventsource", "GET", { "POST", "HEAD", "OPTIONS" } },
		{ "/0/a/htmlfile", "GET", { "POST", "HEAD", "OPTIONS" } },
		{ "/0/a/jsonp", "GET", { "POST", "HEAD", "OPTIONS" } },
		{ "/0/a/jsonp_send", "POST", { "GET", "HEAD", "OPTIONS" } },
	};
	char path[64];
	serve(NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(path, sizeof(path), "/echo%s", cases[i].path);
		for (size_t k = 0; k < 4 && cases[i].bad[k]; k++) {
			expect(cases[i].bad[k], path, 405, "");
			expect_field("Allow", cases[i].allow);
			expect_field("Content-Type", NULL);
			expect_field("Content-Length", "0");
			expect_field("Connection", NULL);
		}
	}
	expect_said("");
	finish();
}

TEST(sockjs_route, an_upgrade_by_another_method_ends_the_connection)
{
	serve(NULL);
	ask_by(&peer, "POST", "/echo/0/a/websocket",
		"Connection: Upgrade\r\nUpgrade: websocket\r\n", NULL);
	expect_answer(&peer, 405, "");
	expect_field("Allow", "GET");
	expect_field("Connection", "close");
	assert_true(peer.ended);
	finish();
}

#define UPGRADE                                                                                    \
	"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"               \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

TEST(sockjs_route, upgrade_headers_mean_nothing_where_there_is_no_websocket)
{
	serve(NULL);
	ask_by(&peer, "GET", "/echo/info", UPGRADE, NULL);
	assert_int_equal(take_answer(&peer), 200);
	ask_by(&peer, "GET", "/echo/iframe.html", UPGRADE, NULL);
	assert_int_equal(take_answer(&peer), 200);
	ask_by(&peer, "GET", "/echo", UPGRADE, NULL);
	expect_answer(&peer, 200, "Welcome to SockJS!\n");
	ask_by(&peer, "GET", "/echo/nothing", UPGRADE, NULL);
	expect_answer(&peer, 404, NOT_FOUND);
	ask_by(&peer, "POST", "/echo/000/s/xhr", UPGRADE, NULL);
	expect_answer(&peer, 200, "o\n");
	ask_by(&peer, "POST", "/echo/000/s/xhr_send", UPGRADE, "[\"a\"]");
	expect_answer(&peer, 204, "");
	ask_by(&peer, "OPTIONS", "/echo/000/s/xhr_send", UPGRADE, NULL);
	expect_answer(&peer, 204, "");
	ask_by(&peer, "POST", "/echo/000/t/xhr_streaming", UPGRADE, NULL);
	assert_int_equal(take_answer(&peer), 200);
	expect_said("open <a> open ");
	finish();
}

TEST(sockjs_route, a_service_may_have_the_whole_server)
{
	static const char *const prefixes[] = { "", "/", "[/]" };
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		start(NULL);
		assert_int_equal(
			rill_sockjs_serve(http_server, prefixes[i], &handler, NULL, NULL), 0);
		http_open(&peer);
		expect("GET", "/", 200, "Welcome to SockJS!\n");
		expect("POST", "/000/s/xhr", 200, "o\n");
		expect_said("open ");
		assert_string_equal(rill_sockjs_prefix(conn), "");
		expect("GET", "/nothing", 404, NOT_FOUND);
		expect("OPTIONS", "*", 404, "Nothing is found here.\n");
		finish();
	}
}

TEST(sockjs_route, a_prefix_may_be_written_as_of_old)
{
	static const char *const prefixes[] = { "/a/b", "/a/b/", "[/]a[/]b", "[/]a/b[/]" };
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		start(NULL);
		assert_int_equal(
			rill_sockjs_serve(http_server, prefixes[i], &handler, NULL, NULL), 0);
		http_open(&peer);
		expect("GET", "/a/b", 200, "Welcome to SockJS!\n");
		expect("POST", "/a/b/000/s/xhr", 200, "o\n");
		assert_string_equal(rill_sockjs_prefix(conn), "/a/b");
		finish();
	}
}

static void off(const char *const *names, bool websocket, const char *path, int status)
{
	rill_sockjs_options options = defaults();
	options.disabled_transports = names;
	options.websocket = websocket;
	serve(&options);
	ask(strstr(path, "xhr") || strstr(path, "_send") ? "POST" : "GET", path);
	assert_int_equal(take_answer(&peer), status);
	if (status == 404)
		assert_string_equal(body, NOT_FOUND);
	finish();
}

TEST(sockjs_route, what_is_switched_off_is_not_found)
{
	static const char *const
		ws[] = { "websocket", NULL },
		*const raw[] = { "websocket_raw", NULL }, *const both[] = { "websockets", NULL },
		*const xhr[] = { "xhr-polling", NULL }, *const stream[] = { "xhr_streaming", NULL },
		*const scripts[] = { "jsonp-polling", "htmlfile", NULL },
		*const no_xhr_send[] = { "xhr-polling", "xhr-streaming", "eventsource", "htmlfile",
			NULL };
	off(NULL, false, "/echo/0/a/websocket", 404);
	off(NULL, false, "/echo/websocket", 404);
	off(NULL, true, "/echo/websocket", 400);
	off(ws, true, "/echo/0/a/websocket", 404);
	off(ws, true, "/echo/websocket", 400);
	off(raw, true, "/echo/0/a/websocket", 400);
	off(raw, true, "/echo/websocket", 404);
	off(both, true, "/echo/0/a/websocket", 404);
	off(both, true, "/echo/websocket", 404);
	off(xhr, true, "/echo/0/a/xhr", 404);
	off(xhr, true, "/echo/0/a/xhr_streaming", 200);
	off(xhr, true, "/echo/0/a/xhr_send", 500);
	off(stream, true, "/echo/0/a/xhr_streaming", 404);
	off(scripts, true, "/echo/0/a/jsonp?c=x", 404);
	off(scripts, true, "/echo/0/a/htmlfile?c=x", 404);
	off(scripts, true, "/echo/0/a/jsonp_send", 404);
	off(no_xhr_send, true, "/echo/0/a/xhr_send", 404);
	off(no_xhr_send, true, "/echo/0/a/jsonp_send", 500);
}

TEST(sockjs_route, a_list_of_transports_leaves_all_others_off)
{
	static const char *const some[] = { "xhr-streaming", "websocket", NULL };
	rill_sockjs_options options = defaults();
	options.transports = some;
	serve(&options);
	expect("POST", "/echo/0/a/xhr", 404, NOT_FOUND);
	expect("GET", "/echo/0/a/eventsource", 404, NOT_FOUND);
	expect("GET", "/echo/websocket", 404, NOT_FOUND);
	expect("POST", "/echo/0/a/xhr_send", 500, "Payload expected.");
	expect("GET", "/echo/0/a/websocket", 400, "Not a valid websocket request");
	finish();
}
