/* Proves what http.h says of requests. */
#include <stdio.h>
#include "support/http_peer.h"

static void (*look)(rill_request *request);
static int looked;

static int handle(rill_request *request, void *user)
{
	(void)user;
	look(request);
	looked++;
	rill_respond(request, 200, NULL, NULL, 0);
	return RILL_TAKE;
}

/* Shows a request with that start line and those fields to fn. */
static void show(const char *line, const char *fields, void (*fn)(rill_request *request))
{
	const char *trusted[] = { "192.0.2.0/24", NULL };
	struct http_peer p;
	rill_server_options options;
	char text[2000];

	look = fn;
	looked = 0;
	rill_server_options_default(&options);
	options.trusted = trusted;
	http_begin(&options);
	trusted[0] = "nothing that is looked at later";
	rill_server_handle(http_server, "/", handle, NULL, NULL);
	http_open(&p);
	snprintf(text, sizeof(text), "%s\r\n%s\r\n", line, fields);
	http_send(&p, text);
	http_expect_status(&p, 200);
	assert_int_equal(looked, 1);
	http_close(&p);
	http_end();
}

static void expect_bytes(rill_bytes bytes, const char *text)
{
	test_expect_text(bytes.data, bytes.len, text);
}

static void look_parts(rill_request *request)
{
	rill_bytes name, value;

	expect_bytes(rill_request_method(request), "GET");
	expect_bytes(rill_request_target(request), "/a%20b/c?x=1?2&y");
	expect_bytes(rill_request_path(request), "/a%20b/c");
	expect_bytes(rill_request_query(request), "x=1?2&y");
	expect_bytes(rill_request_header(request, "x-one"), "1");
	assert_null(rill_request_header(request, "X-Three").data);
	assert_true(rill_request_header_at(request, 1, &name, &value));
	expect_bytes(name, "X-One");
	expect_bytes(value, "1");
	assert_true(rill_request_header_at(request, 2, &name, &value));
	expect_bytes(value, "2");
	assert_false(rill_request_header_at(request, 3, &name, &value));
	assert_int_equal(rill_request_minor_version(request), 1);
	assert_ptr_equal(rill_request_loop(request), http_loop);
	assert_null(rill_request_user(request));
	rill_request_set_user(request, &looked);
	assert_ptr_equal(rill_request_user(request), &looked);
}

TEST(request, has_its_parts_as_they_were_sent)
{
	show("GET /a%20b/c?x=1?2&y HTTP/1.1", "Host: a\r\nX-One:  1 \r\nx-one: 2\r\n", look_parts);
}

static void look_absolute(rill_request *request)
{
	char url[100];

	expect_bytes(rill_request_path(request), "/p");
	expect_bytes(rill_request_query(request), "q");
	assert_int_equal(rill_request_url(request, url, sizeof(url)), 15);
	assert_string_equal(url, "http://h:80/p?q");
}

static void look_bare(rill_request *request)
{
	char url[100];

	expect_bytes(rill_request_path(request), "/");
	expect_bytes(rill_request_query(request), "q=/");
	assert_true(rill_request_url(request, url, sizeof(url)) > 0);
	assert_string_equal(url, "http://h/?q=/");
}

static void look_star(rill_request *request)
{
	expect_bytes(rill_request_path(request), "*");
	expect_bytes(rill_request_query(request), "");
}

TEST(request, has_a_path_in_every_form_of_target)
{
	show("GET http://h:80/p?q HTTP/1.1", "Host: other\r\n", look_absolute);
	show("GET HTTP://h?q=/ HTTP/1.1", "Host: other\r\n", look_bare);
	show("OPTIONS * HTTP/1.1", "Host: a\r\n", look_star);
}

static void look_values(rill_request *request)
{
	char text[8];

	assert_int_equal(rill_request_query_value(request, "a", text, sizeof(text)), 1);
	assert_string_equal(text, "1");
	assert_int_equal(rill_request_query_value(request, "b c", text, sizeof(text)), 3);
	assert_string_equal(text, "x y");
	assert_int_equal(rill_request_query_value(request, "empty", text, sizeof(text)), 0);
	assert_int_equal(rill_request_query_value(request, "none", text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(rill_request_query_value(request, "z", text, sizeof(text)), RILL_ENOENT);
	assert_int_equal(rill_request_query_value(request, "", text, sizeof(text)), RILL_ENOENT);
	assert_int_equal(rill_request_query_value(request, "bad", text, sizeof(text)), 5);
	assert_string_equal(text, "%zz%4");
	assert_int_equal(
		rill_request_query_value(request, "long", text, sizeof(text)), RILL_ETOOBIG);
	assert_int_equal(rill_request_query_value(request, "seven", text, sizeof(text)), 7);
	assert_int_equal(rill_request_query_value(request, "seven", text, 7), RILL_ETOOBIG);
	assert_int_equal(rill_request_query_value(request, "a", text, 0), RILL_ETOOBIG);
}

TEST(request, query_values_are_decoded_and_never_cut)
{
	show("GET /?a=1&a=2&b+c=x%20y&empty=&none&bad=%zz%4&long=12345678&seven=1234567 HTTP/1.1",
		"Host: a\r\n", look_values);
}

static void look_websocket(rill_request *request)
{
	char url[20];

	assert_int_equal(rill_request_url(request, url, sizeof(url)), 16);
	assert_string_equal(url, "wss://a:9/chat?x");
	assert_int_equal(rill_request_url(request, url, 17), 16);
	assert_int_equal(rill_request_url(request, url, 16), RILL_ETOOBIG);
	assert_string_equal(rill_request_peer(request), "198.51.100.7");
	assert_int_equal(rill_request_peer_port(request), 0);
	assert_true(rill_request_secure(request));
}

TEST(request, comes_from_whom_trusted_proxies_name)
{
	show("GET /chat?x HTTP/1.1",
		"Host: a:9\r\nUpgrade: websocket\r\nX-Forwarded-For: 198.51.100.7\r\n"
		"X-Forwarded-Proto: https\r\n",
		look_websocket);
}

static void look_old(rill_request *request)
{
	char url[40];

	assert_string_equal(rill_request_peer(request), "192.0.2.1");
	assert_int_equal(rill_request_peer_port(request), 4711);
	assert_false(rill_request_secure(request));
	assert_int_equal(rill_request_minor_version(request), 0);
	assert_true(rill_request_url(request, url, sizeof(url)) > 0);
	assert_string_equal(url, "http://localhost/");
}

TEST(request, comes_from_the_connection_otherwise)
{
	show("GET / HTTP/1.0", "", look_old);
}
