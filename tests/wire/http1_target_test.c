/* http1_target_test.c: the forms of the target, and Host. */
#include "wire/http1_reader.h"

#define ASKED(method, target)                                                                      \
	EVENTS(server(), method " " target " HTTP/1.0\r\n\r\n",                                    \
		method " " target " 1.0 close none\n|END\n")
#define NOT_ASKED(method, target) REFUSED(400, method " " target " HTTP/1.0\r\n")

#define HOST(value)                                                                                \
	EVENTS(server(), "GET / HTTP/1.1\r\nHost: " value "\r\n\r\n",                              \
		"GET / 1.1 keep none\nHost=" value "\n|END\n")
#define NOT_HOST(value)                                                                            \
	REFUSED(400, "GET / HTTP/1.1\r\nHost: " value "\r\n\r\n");                                 \
	REFUSED(400, "GET / HTTP/1.0\r\nHost: " value "\r\n\r\n")

TEST(http1_target, each_method_takes_its_forms)
{
	ASKED("GET", "/");
	ASKED("GET", "//a/../b");
	ASKED("GET", "http://a");
	ASKED("GET", "http://a:80?q");
	ASKED("GET", "HTTPS://[::1]:443/x");
	ASKED("CONNECT", "example.com:443");
	ASKED("CONNECT", "[2001:db8::1]:443");
	ASKED("OPTIONS", "*");
	ASKED("OPTIONS", "/x");
}

TEST(http1_target, other_forms_get_400)
{
	NOT_ASKED("GET", "*");
	NOT_ASKED("GET", "x");
	NOT_ASKED("GET", "?x");
	NOT_ASKED("GET", "a:80");
	NOT_ASKED("OPTIONS", "**");
	NOT_ASKED("CONNECT", "/");
	NOT_ASKED("CONNECT", "*");
	NOT_ASKED("CONNECT", "a");
	NOT_ASKED("CONNECT", "a:");
	NOT_ASKED("CONNECT", ":443");
	NOT_ASKED("CONNECT", "a:65536");
	NOT_ASKED("CONNECT", "a@b:443");
	NOT_ASKED("CONNECT", "http://a:443");
	NOT_ASKED("connect", "a:443");
}

TEST(http1_target, absolute_targets_of_other_schemes_or_without_a_host_get_400)
{
	NOT_ASKED("GET", "http:/a");
	NOT_ASKED("GET", "http://");
	NOT_ASKED("GET", "http:///x");
	NOT_ASKED("GET", "http://?x");
	NOT_ASKED("GET", "http://:80/");
	NOT_ASKED("GET", "http://user@a/");
	NOT_ASKED("GET", "http://user:pass@a/");
	NOT_ASKED("GET", "http://a\\b/");
	NOT_ASKED("GET", "ftp://a/");
	NOT_ASKED("GET", "ws://a/");
	NOT_ASKED("GET", "file:///etc");
}

TEST(http1_target, hosts_are_names_addresses_and_ports)
{
	HOST("a");
	HOST("example.com:8080");
	HOST("127.0.0.1");
	HOST("[::1]");
	HOST("[::ffff:1.2.3.4]:80");
	HOST("[2001:0db8:0000:0000:0000:ffff:255.255.255.255]");
	HOST("a:");
	HOST("a:65535");
	HOST("xn--bcher-kva.example");
	HOST("a_b.c");
	HOST("%41");
	HOST("a.");
}

TEST(http1_target, ill_formed_hosts_get_400)
{
	NOT_HOST("a b");
	NOT_HOST("a,b");
	NOT_HOST("a, a");
	NOT_HOST("a/b");
	NOT_HOST("http://a");
	NOT_HOST("user@a");
	NOT_HOST("a:b");
	NOT_HOST("a:80:80");
	NOT_HOST("a:-1");
	NOT_HOST("a:+80");
	NOT_HOST("a:65536");
	NOT_HOST("a:99999999999999999999999");
	NOT_HOST(":80");
	NOT_HOST("::1");
	NOT_HOST("[::1");
	NOT_HOST("[::1]x");
	NOT_HOST("[::1]]");
	NOT_HOST("[]");
	NOT_HOST("[:]");
	NOT_HOST("[::1%25eth0]");
	NOT_HOST("[1.2.3.4]");
	NOT_HOST("[v1.a]");
	NOT_HOST("[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]");
	NOT_HOST("[0000000000000000000000000000000000000000000000]");
	NOT_HOST("a?b");
	NOT_HOST("a#b");
	NOT_HOST("a\\b");
	NOT_HOST("a%4");
	NOT_HOST("a%zz");
	NOT_HOST("a\"b");
	NOT_HOST("\x80");
	NOT_HOST("a\tb");
	NOT_HOST("<script>");
}

TEST(http1_target, a_request_of_1_1_without_host_gets_400)
{
	REFUSED(400, "GET / HTTP/1.1\r\n\r\n");
	REFUSED(400, "GET http://a/ HTTP/1.1\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.7\r\nXHost: a\r\n\r\n");
}

TEST(http1_target, a_request_of_1_0_needs_no_host_but_has_one_at_most)
{
	EVENTS(server(), "GET / HTTP/1.0\r\nhost: a\r\n\r\n",
		"GET / 1.0 close none\nhost=a\n|END\n");
	REFUSED(400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n");
}

TEST(http1_target, a_second_host_gets_400_even_when_equal)
{
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nHost:\r\n\r\n");
}

TEST(http1_target, an_empty_host_is_taken_where_the_target_names_none)
{
	EVENTS(server(), "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / 1.1 keep none\nHost=\n|END\n");
	EVENTS(server(), "OPTIONS * HTTP/1.1\r\nHost: \r\n\r\n",
		"OPTIONS * 1.1 keep none\nHost=\n|END\n");
	REFUSED(400, "GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n");
	REFUSED(400, "CONNECT a:1 HTTP/1.1\r\nHost:\r\n\r\n");
}

TEST(http1_target, a_response_needs_no_host)
{
	EVENTS(client(), "HTTP/1.1 204 No Content\r\nHost: a b\r\nHost: c\r\n\r\n",
		"204 No Content 1.1 keep none\nHost=a b\nHost=c\n|END\n");
}
