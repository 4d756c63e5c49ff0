/* proxy_protocol_test.c: both versions of the PROXY header, cut anywhere, and what is none. */
#include <stdio.h>
#include <rill/error.h>
#include "net/proxy_protocol.h"
#include "support/support.h"

#define SIGNATURE "0d0a0d0a000d0a515549540a"

/* Parses each prefix on its own, against a guard page: all but the whole ask for more. */
static struct rl_proxy_header parsed(const uint8_t *bytes, size_t len)
{
	struct rl_proxy_header header;
	for (size_t n = 0; n < len; n++) {
		int rc = rl_proxy_parse(rl_slice(test_guarded(bytes, n), n), &header);
		if (rc != 0)
			fail_msg("%zu of %zu bytes gave %d", n, len, rc);
	}
	assert_int_equal(rl_proxy_parse(rl_slice(test_guarded(bytes, len), len), &header), len);
	/* What follows the header is not looked at. */
	uint8_t more[RL_PROXY_V2_MAX + 3];
	memcpy(more, bytes, len);
	memcpy(more + len, "GET", 3);
	assert_int_equal(rl_proxy_parse(rl_slice(more, len + 3), &header), len);
	return header;
}

static struct rl_proxy_header parsed_text(const char *text)
{
	return parsed((const uint8_t *)text, strlen(text));
}

static struct rl_proxy_header parsed_hex(const char *hex)
{
	uint8_t bytes[RL_PROXY_V2_MAX];
	return parsed(bytes, test_unhex(hex, bytes, sizeof(bytes)));
}

static void expect_error_bytes(const void *bytes, size_t len, int error)
{
	struct rl_proxy_header header;
	int rc = rl_proxy_parse(rl_slice(test_guarded(bytes, len), len), &header);
	if (rc != error)
		fail_msg("\"%.*s\" gave %d", (int)len, (const char *)bytes, rc);
}

static void expect_error(const char *text)
{
	expect_error_bytes(text, strlen(text), RILL_EPROTO);
}

static void expect_hex_error(const char *hex, int error)
{
	uint8_t bytes[512];
	expect_error_bytes(bytes, test_unhex(hex, bytes, sizeof(bytes)), error);
}

static void expect_addr(const struct rl_addr *addr, const char *host, uint16_t port)
{
	char text[RL_ADDR_TEXT];
	rl_addr_host(addr, text);
	assert_string_equal(text, host);
	assert_int_equal(addr->port, port);
}

TEST(proxy_protocol, v1_names_an_ip4_client)
{
	struct rl_proxy_header h = parsed_text("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n");
	assert_false(h.local);
	assert_false(h.secure);
	expect_addr(&h.source, "192.0.2.1", 56324);
	expect_addr(&h.destination, "198.51.100.2", 443);
}

TEST(proxy_protocol, v1_names_an_ip6_client)
{
	struct rl_proxy_header h = parsed_text("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n");
	expect_addr(&h.source, "2001:db8::1", 0);
	expect_addr(&h.destination, "::1", 65535);
}

TEST(proxy_protocol, v1_mapped_client_is_an_ip4_client)
{
	struct rl_proxy_header h = parsed_text("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n");
	expect_addr(&h.source, "192.0.2.1", 1);
	assert_int_equal(h.source.family, RL_ADDR_IP4);
}

TEST(proxy_protocol, v1_longest_line_passes)
{
	/* 2.1, worst case: 107 bytes. */
	char line[RL_PROXY_V1_MAX + 1];
	int n = snprintf(
		line, sizeof(line), "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535");
	memset(line + n, 'x', RL_PROXY_V1_MAX - 2 - (size_t)n);
	memcpy(line + RL_PROXY_V1_MAX - 2, "\r\n", 3);
	assert_true(parsed_text(line).local);
}

TEST(proxy_protocol, v1_unknown_leaves_the_addresses_alone)
{
	struct rl_proxy_header h = parsed_text("PROXY UNKNOWN\r\n");
	assert_true(h.local);
	assert_int_equal(h.source.family, RL_ADDR_NONE);
	h = parsed_text("PROXY UNKNOWN 1.2.3.4 whatever it says\r\n");
	assert_true(h.local);
}

TEST(proxy_protocol, v1_line_without_end_is_refused_at_107_bytes)
{
	char line[RL_PROXY_V1_MAX + 1];
	struct rl_proxy_header h;
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY UNKNOWN ", 14);
	assert_int_equal(rl_proxy_parse(rl_slice(line, RL_PROXY_V1_MAX - 1), &h), 0);
	expect_error_bytes(line, RL_PROXY_V1_MAX, RILL_ETOOBIG);
	/* A CR as the 107th byte: the LF would be the 108th. */
	memcpy(line + RL_PROXY_V1_MAX - 1, "\r\n", 2);
	expect_error_bytes(line, RL_PROXY_V1_MAX, RILL_ETOOBIG);
	expect_error_bytes(line, RL_PROXY_V1_MAX + 1, RILL_ETOOBIG);
}

TEST(proxy_protocol, what_begins_otherwise_is_refused_at_its_first_wrong_byte)
{
	expect_error("G");
	expect_error("PRI");
	expect_error("proxy ");
	expect_error("PROXYx");
	expect_error(" PROXY TCP4");
	expect_error("\x16\x03\x01");
	expect_hex_error("0d0a0d0b", RILL_EPROTO);
	expect_hex_error(SIGNATURE "31", RILL_EPROTO);   /* version 3 */
	expect_hex_error(SIGNATURE "22", RILL_EPROTO);   /* no such command */
	expect_hex_error(SIGNATURE "2141", RILL_EPROTO); /* no such family */
	expect_hex_error(SIGNATURE "2113", RILL_EPROTO); /* no such transport */
}

TEST(proxy_protocol, v1_malformed_lines_are_refused)
{
	static const char *const wrong[] = {
		"PROXY \r\n",
		"PROXY TCP\r\n",
		"PROXY TCP4\r\n",
		"PROXY TCP4 1.2.3.4\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
		"PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
		"PROXY TCP4 1.2.3.400 1.2.3.4 1 2\r\n",
		"PROXY TCP4 ::1 ::1 1 2\r\n",
		"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP6 [::1] [::1] 1 2\r\n",
		"PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY UNKNOWNx\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rx",
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_error(wrong[i]);
}

TEST(proxy_protocol, v2_names_an_ip4_client)
{
	struct rl_proxy_header h = parsed_hex(SIGNATURE "21 11 000c"
							"c0000201 c6336402 dc04 01bb");
	assert_false(h.local);
	assert_false(h.secure);
	expect_addr(&h.source, "192.0.2.1", 56324);
	expect_addr(&h.destination, "198.51.100.2", 443);
}

TEST(proxy_protocol, v2_names_an_ip6_client)
{
	struct rl_proxy_header h = parsed_hex(
		SIGNATURE "21 21 0024"
			  "20010db8000000000000000000000001"
			  "00000000000000000000000000000001 0001 0002");
	expect_addr(&h.source, "2001:db8::1", 1);
	expect_addr(&h.destination, "::1", 2);
}

TEST(proxy_protocol, v2_mapped_client_is_an_ip4_client)
{
	struct rl_proxy_header h = parsed_hex(
		SIGNATURE "21 21 0024"
			  "00000000000000000000ffffc0000201"
			  "00000000000000000000000000000001 0001 0002");
	expect_addr(&h.source, "192.0.2.1", 1);
}

TEST(proxy_protocol, v2_names_a_unix_client)
{
	uint8_t bytes[16 + 216] = { 0 };
	test_unhex(SIGNATURE "21 31 00d8", bytes, sizeof(bytes));
	struct rl_proxy_header h = parsed(bytes, sizeof(bytes));
	assert_false(h.local);
	expect_addr(&h.source, "unix", 0);
}

TEST(proxy_protocol, v2_local_and_unknown_kinds_leave_the_addresses_alone)
{
	static const char *const kinds[] = {
		SIGNATURE "20 00 0000",                             /* LOCAL */
		SIGNATURE "20 11 000c c0000201 c6336402 dc04 01bb", /* LOCAL with addresses */
		SIGNATURE "20 ff 0001 00",                          /* LOCAL, anything behind */
		SIGNATURE "21 00 0003 010203",                      /* UNSPEC */
		SIGNATURE "21 12 000c c0000201 c6336402 dc04 01bb", /* UDP */
		SIGNATURE "21 10 000c c0000201 c6336402 dc04 01bb",
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct rl_proxy_header h = parsed_hex(kinds[i]);
		assert_true(h.local);
		assert_int_equal(h.source.family, RL_ADDR_NONE);
	}
}

TEST(proxy_protocol, v2_tlvs_are_skipped_and_tls_is_noticed)
{
	struct rl_proxy_header h = parsed_hex(SIGNATURE "21 11 0019"
							"c0000201 c6336402 dc04 01bb"
							"01 0002 6832"
							"20 0005 01 00000000");
	assert_true(h.secure);
	h = parsed_hex(SIGNATURE "21 11 0014 c0000201 c6336402 dc04 01bb 20 0005 00 00000000");
	assert_false(h.secure);
	h = parsed_hex(SIGNATURE "21 11 000f c0000201 c6336402 dc04 01bb 04 0000");
	assert_false(h.secure);
}

TEST(proxy_protocol, v2_malformed_blocks_are_refused)
{
	expect_hex_error(SIGNATURE "21 11 000b c0000201 c6336402 dc04 01", RILL_EPROTO);
	expect_hex_error(SIGNATURE "21 21 000c c0000201 c6336402 dc04 01bb", RILL_EPROTO);
	expect_hex_error(SIGNATURE "21 31 0000", RILL_EPROTO);
	expect_hex_error(SIGNATURE "21 11 000e c0000201 c6336402 dc04 01bb 0100", RILL_EPROTO);
	expect_hex_error(SIGNATURE "21 11 000f c0000201 c6336402 dc04 01bb 010001", RILL_EPROTO);
	expect_hex_error(
		SIGNATURE "21 11 0013 c0000201 c6336402 dc04 01bb 20 0004 01000000", RILL_EPROTO);
}

TEST(proxy_protocol, v2_block_is_refused_by_its_length_before_it_comes)
{
	uint8_t bytes[RL_PROXY_V2_MAX] = { 0 };
	test_unhex(SIGNATURE "20 00 0ff0", bytes, sizeof(bytes));
	parsed(bytes, sizeof(bytes)); /* just fits */
	expect_hex_error(SIGNATURE "20 00 0ff1", RILL_ETOOBIG);
	expect_hex_error(SIGNATURE "21 11 ffff", RILL_ETOOBIG);
}
