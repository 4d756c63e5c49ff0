/* addr_test.c: addresses, ranges and their text. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
#include "net/addr.h"
#include "support/support.h"

static struct rl_addr parsed(const char *text)
{
	struct rl_addr addr;
	size_t len = strlen(text);
	if (!rl_addr_parse(rl_slice(test_guarded(text, len), len), &addr))
		fail_msg("%s is an address", text);
	return addr;
}

static void expect_no_addr(const char *text, size_t len)
{
	struct rl_addr addr;
	if (rl_addr_parse(rl_slice(test_guarded(text, len), len), &addr))
		fail_msg("%s is not an address", text);
}

static void expect_host(const struct rl_addr *addr, const char *text)
{
	char host[RL_ADDR_TEXT];
	rl_addr_host(addr, host);
	assert_string_equal(host, text);
}

static bool in_range(const char *text, const char *range_text)
{
	struct rl_addr_range range;
	struct rl_addr addr = parsed(text);
	if (!rl_addr_range_parse(rl_slice_str(range_text), &range))
		fail_msg("%s is a range", range_text);
	return rl_addr_in_range(&addr, &range);
}

static bool is_range(const char *text)
{
	struct rl_addr_range range;
	size_t len = strlen(text);
	return rl_addr_range_parse(rl_slice(test_guarded(text, len), len), &range);
}

TEST(addr, text_comes_back_in_its_shortest_form)
{
	static const char *const pairs[][2] = {
		{ "127.0.0.1", "127.0.0.1" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::1", "::1" },
		{ "[::1]", "::1" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "::", "::" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888",
			"1111:2222:3333:4444:5555:6666:7777:8888" },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct rl_addr addr = parsed(pairs[i][0]);
		expect_host(&addr, pairs[i][1]);
	}
}

TEST(addr, a_mapped_address_is_the_ip4_address_in_it)
{
	struct rl_addr mapped = parsed("::ffff:10.1.2.3"), plain = parsed("10.1.2.3");
	assert_int_equal(mapped.family, RL_ADDR_IP4);
	expect_host(&mapped, "10.1.2.3");
	assert_true(rl_addr_same_host(&mapped, &plain));
}

TEST(addr, what_is_no_address_is_refused)
{
	static const char *const wrong[] = { "", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1",
		"01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "[1.2.3.4]", "[::1", "::1]", "[]", "1.2.3.4:80",
		":::", "12345::", "fe80::1%eth0", "1:2:3:4:5:6:7:8:9", "unix", "10.0.0.0/8",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_no_addr(wrong[i], strlen(wrong[i]));
	expect_no_addr("1.2.3.4\0x", 9);
}

TEST(addr, sockaddrs_go_there_and_back)
{
	static const char *const hosts[] = { "192.0.2.7", "2001:db8::7" };
	for (size_t i = 0; i < 2; i++) {
		struct sockaddr_storage storage;
		struct rl_addr back, addr = parsed(hosts[i]);
		addr.port = 8443;
		socklen_t len = rl_addr_to_sockaddr(&addr, &storage);
		assert_true(len > 0);
		rl_addr_from_sockaddr(&back, &storage, len);
		assert_int_equal(back.port, 8443);
		expect_host(&back, hosts[i]);
	}
}

TEST(addr, a_mapped_sockaddr_is_kept_as_ip4)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(5) };
	struct rl_addr addr;
	assert_int_equal(inet_pton(AF_INET6, "::ffff:1.2.3.4", &in6.sin6_addr), 1);
	memcpy(&storage, &in6, sizeof(in6));
	rl_addr_from_sockaddr(&addr, &storage, sizeof(in6));
	assert_int_equal(addr.family, RL_ADDR_IP4);
	assert_int_equal(addr.port, 5);
	expect_host(&addr, "1.2.3.4");
}

TEST(addr, unix_and_unknown_peers_have_names_and_no_sockaddr)
{
	struct sockaddr_storage storage = { .ss_family = AF_UNIX };
	struct rl_addr addr;
	rl_addr_from_sockaddr(&addr, &storage, sizeof(sa_family_t));
	expect_host(&addr, "unix");
	assert_int_equal(rl_addr_to_sockaddr(&addr, &storage), 0);
	rl_addr_from_sockaddr(&addr, &storage, 0);
	expect_host(&addr, "unknown");
	storage.ss_family = AF_INET;
	rl_addr_from_sockaddr(&addr, &storage, 4);
	expect_host(&addr, "unknown");
	storage.ss_family = AF_INET6;
	rl_addr_from_sockaddr(&addr, &storage, sizeof(struct sockaddr_in));
	expect_host(&addr, "unknown");
}

TEST(addr, a_range_ignores_its_host_bits)
{
	assert_true(in_range("10.255.1.2", "10.0.0.0/8"));
	assert_true(in_range("10.255.1.2", "10.9.8.7/8"));
	assert_false(in_range("11.0.0.0", "10.0.0.0/8"));
	assert_true(in_range("192.168.130.1", "192.168.128.0/18"));
	assert_false(in_range("192.168.192.1", "192.168.128.0/18"));
	assert_true(in_range("1.2.3.4", "0.0.0.0/0"));
	assert_true(in_range("2001:db8:1::9", "2001:db8::/32"));
	assert_false(in_range("2001:db9::", "2001:db8::/32"));
	assert_true(in_range("fdff::1", "fc00::/7"));
	assert_false(in_range("fe00::1", "fc00::/7"));
}

TEST(addr, an_address_alone_is_a_range_of_one)
{
	assert_true(in_range("127.0.0.1", "127.0.0.1"));
	assert_false(in_range("127.0.0.2", "127.0.0.1"));
	assert_true(in_range("::1", "[::1]"));
	assert_false(in_range("::2", "::1"));
	assert_true(in_range("127.0.0.1", "127.0.0.1/32"));
	assert_true(in_range("::1", "::1/128"));
}

TEST(addr, a_range_holds_only_its_own_family)
{
	struct rl_addr unix_peer = { .family = RL_ADDR_UNIX }, nobody = { .family = RL_ADDR_NONE };
	struct rl_addr_range range;
	assert_false(in_range("1.2.3.4", "::/0"));
	assert_false(in_range("::1", "0.0.0.0/0"));
	assert_true(rl_addr_range_parse(rl_slice_str("unix"), &range));
	assert_true(rl_addr_in_range(&unix_peer, &range));
	assert_false(rl_addr_in_range(&nobody, &range));
	assert_true(rl_addr_range_parse(rl_slice_str("0.0.0.0/0"), &range));
	assert_false(rl_addr_in_range(&unix_peer, &range));
	assert_false(rl_addr_in_range(&nobody, &range));
}

TEST(addr, a_mapped_range_is_a_range_of_ip4_addresses)
{
	assert_true(in_range("10.2.3.4", "::ffff:10.0.0.0/104"));
	assert_false(in_range("11.2.3.4", "::ffff:10.0.0.0/104"));
	assert_true(in_range("11.2.3.4", "::ffff:0:0/96"));
	assert_false(is_range("::ffff:10.0.0.0/95"));
	assert_false(is_range("::ffff:10.0.0.0/129"));
}

TEST(addr, what_is_no_range_is_refused)
{
	static const char *const wrong[] = { "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129",
		"10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0.0/8/8", "10.0.0.0/0008", "host/8", "unix/8",
		"Unix" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (is_range(wrong[i]))
			fail_msg("%s is not a range", wrong[i]);
}

TEST(addr, any_of_several_ranges_will_do)
{
	struct rl_addr_range ranges[2];
	struct rl_addr one = parsed("10.0.0.1"), two = parsed("::1"), none = parsed("11.0.0.1");
	assert_true(rl_addr_range_parse(rl_slice_str("10.0.0.0/8"), &ranges[0]));
	assert_true(rl_addr_range_parse(rl_slice_str("::1"), &ranges[1]));
	assert_true(rl_addr_in_ranges(&one, ranges, 2));
	assert_true(rl_addr_in_ranges(&two, ranges, 2));
	assert_false(rl_addr_in_ranges(&none, ranges, 2));
	assert_false(rl_addr_in_ranges(&one, NULL, 0));
}

TEST(addr, the_same_host_is_told_without_the_port)
{
	struct rl_addr a = parsed("1.2.3.4"), b = parsed("1.2.3.4"), c = parsed("::1");
	a.port = 1;
	b.port = 2;
	assert_true(rl_addr_same_host(&a, &b));
	assert_false(rl_addr_same_host(&a, &c));
	b = parsed("1.2.3.5");
	assert_false(rl_addr_same_host(&a, &b));
}
