/* Proves what forwarded.h promises. */
#include <stdio.h>
#include "http/forwarded.h"
#include "support/support.h"

/* Whom a request with these fields is from, when 10.0.0.0/8 and ::1 are trusted. */
static const char *from(const char *peer_text, const char *fields, bool *secure)
{
	static char text[RL_ADDR_TEXT];
	static char request[2000];
	struct rl_addr_range trusted[2];
	struct rl_addr peer;
	struct rl_http1_limits limits;
	struct rl_http1 parser;
	struct rl_http1_event ev;

	assert_true(rl_addr_range_parse(RL_SLICE("10.0.0.0/8"), &trusted[0]));
	assert_true(rl_addr_range_parse(RL_SLICE("::1"), &trusted[1]));
	assert_true(rl_addr_parse(rl_slice_str(peer_text), &peer));
	snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	struct rl_slice in = rl_slice_str(request);
	rl_http1_limits_default(&limits);
	rl_http1_init(&parser, test_env(), RL_HTTP1_REQUEST, &limits);
	assert_int_equal(rl_http1_next(&parser, &in, &ev), 1);
	*secure = false;
	rl_forwarded_apply(&parser.head, trusted, 2, &peer, secure);
	rl_http1_fini(&parser);
	rl_addr_host(&peer, text);
	size_t n = strlen(text);
	if (peer.port)
		snprintf(text + n, sizeof(text) - n, " %u", peer.port);
	return text;
}

static void expect(const char *peer, const char *fields, const char *want, bool want_secure)
{
	bool secure;

	assert_string_equal(from(peer, fields, &secure), want);
	assert_int_equal(secure, want_secure);
}

TEST(forwarded, nobody_but_trusted_peers_is_believed)
{
	expect("192.0.2.1",
		"X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\n"
		"Forwarded: for=192.0.2.9;proto=https\r\n",
		"192.0.2.1", false);
	expect("10.0.0.1", "", "10.0.0.1", false);
}

TEST(forwarded, the_rightmost_untrusted_address_wins)
{
	expect("10.0.0.1", "X-Forwarded-For: 192.0.2.9\r\n", "192.0.2.9", false);
	expect("10.0.0.1", "X-Forwarded-For: 1.1.1.1, 192.0.2.9, 10.1.1.1\r\n", "192.0.2.9", false);
	expect("10.0.0.1",
		"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 192.0.2.9\r\n"
		"X-Forwarded-For: 10.0.0.9\r\n",
		"192.0.2.9", false);
	expect("10.0.0.1", "X-Forwarded-For: 10.0.0.7, 10.0.0.8\r\n", "10.0.0.7", false);
	expect("::1", "X-Forwarded-For: 192.0.2.9\r\n", "192.0.2.9", false);
}

TEST(forwarded, addresses_come_with_ports_and_brackets)
{
	expect("10.0.0.1", "X-Forwarded-For: 192.0.2.9:4711\r\n", "192.0.2.9 4711", false);
	expect("10.0.0.1", "X-Forwarded-For: 2001:db8::2\r\n", "2001:db8::2", false);
	expect("10.0.0.1", "X-Forwarded-For: [2001:db8::2]:80\r\n", "2001:db8::2 80", false);
	expect("10.0.0.1", "Forwarded: For=\"[2001:db8::2]:80\"\r\n", "2001:db8::2 80", false);
	expect("10.0.0.1", "Forwarded: for=\"192.0.2.9:_x\"\r\n", "192.0.2.9", false);
}

TEST(forwarded, an_address_nobody_can_read_ends_the_chain)
{
	expect("10.0.0.1", "X-Forwarded-For: 192.0.2.9, unknown\r\n", "10.0.0.1", false);
	expect("10.0.0.1", "X-Forwarded-For: 192.0.2.9, x, 10.0.0.5\r\n", "10.0.0.5", false);
	expect("10.0.0.1", "Forwarded: for=192.0.2.9, for=_hidden\r\n", "10.0.0.1", false);
	expect("10.0.0.1", "Forwarded: for=192.0.2.9, proto=https\r\n", "10.0.0.1", false);
	expect("10.0.0.1", "Forwarded: for=\"[::1\", for\r\n", "10.0.0.1", false);
	expect("10.0.0.1", "X-Forwarded-For: [::1]x\r\n", "10.0.0.1", false);
	expect("10.0.0.1", "X-Forwarded-For: ,,\r\n", "10.0.0.1", false);
}

TEST(forwarded, the_standard_field_is_read_instead_of_the_others)
{
	expect("10.0.0.1",
		"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n"
		"Forwarded: for=192.0.2.9;by=x;proto=http\r\n",
		"192.0.2.9", false);
	expect("10.0.0.1", "Forwarded: for=1.1.1.1;proto=http, for=192.0.2.9; Proto=\"https\"\r\n",
		"192.0.2.9", true);
	expect("10.0.0.1", "Forwarded: for=192.0.2.9;host=\"a;for=1.1.1.1,b\";proto=https\r\n",
		"192.0.2.9", true);
}

TEST(forwarded, says_whether_the_client_came_over_tls)
{
	expect("10.0.0.1", "X-Forwarded-Proto: https\r\n", "10.0.0.1", true);
	expect("10.0.0.1", "X-Forwarded-Proto: WSS\r\n", "10.0.0.1", true);
	expect("10.0.0.1", "X-Forwarded-Proto: http\r\nX-Forwarded-SSL: on\r\n", "10.0.0.1", false);
	expect("10.0.0.1", "X-Forwarded-Scheme: https\r\n", "10.0.0.1", true);
	expect("10.0.0.1", "X-Forwarded-SSL: on\r\n", "10.0.0.1", true);
	expect("10.0.0.1", "X-Forwarded-SSL: off\r\n", "10.0.0.1", false);
	/* The proxy that named the client says how it came; what the client says is left of it. */
	expect("10.0.0.1",
		"X-Forwarded-For: 6.6.6.6, 192.0.2.9\r\nX-Forwarded-Proto: https, http\r\n",
		"192.0.2.9", false);
	/* Two proxies: the outer one spoke TLS with the client, the inner one plain with it. */
	expect("10.0.0.1",
		"X-Forwarded-For: 192.0.2.9, 10.0.0.2\r\nX-Forwarded-Proto: https, http\r\n",
		"192.0.2.9", true);
	expect("10.0.0.1", "X-Forwarded-For: 192.0.2.9, 10.0.0.2\r\nX-Forwarded-Proto: https\r\n",
		"192.0.2.9", true);
}
