/* proxy_protocol.c: haproxy's proxy-protocol.txt, section 2.1 (the human-readable line) and 2.2
 * (the binary block).
 *
 * A receiver must not guess whether a header is there (2: "must not try to guess"), so whatever
 * is not one is an error from its first wrong byte on. Headers are short and come in one piece
 * (2: "the sender must always ensure that the header is sent at once"), so a cut one is looked at
 * anew from its start. */
#include <rill/error.h>
#include "net/proxy_protocol.h"

#define SIGNATURE     "\r\n\r\n\0\r\nQUIT\n" /* 2.2; the NUL at its end is not part of it */
#define SIGNATURE_LEN 12
#define V2_HEADER     16

enum {
	V2_LOCAL = 0,
	V2_PROXY = 1,
	V2_INET = 1,
	V2_INET6 = 2,
	V2_UNIX = 3,
	V2_STREAM = 1,
	V2_DGRAM = 2,
	TLV_SSL = 0x20,       /* 2.2.6 */
	TLV_SSL_LEN = 5,      /* client flags and verify, sub-TLVs behind */
	TLV_SSL_CLIENT = 0x01 /* PP2_CLIENT_SSL */
};

static bool fits(struct rl_slice bytes, struct rl_slice want)
{
	size_t n = bytes.len < want.len ? bytes.len : want.len;
	return rl_slice_equal(rl_slice(bytes.data, n), rl_slice(want.data, n));
}

/* Takes what stands before the next space (or the end) off line. Two spaces make an empty one. */
static struct rl_slice next_word(struct rl_slice *line)
{
	const uint8_t *space = line->len ? memchr(line->data, ' ', line->len) : NULL;
	size_t n = space ? (size_t)(space - line->data) : line->len;
	struct rl_slice word = rl_slice(line->data, n);
	rl_slice_skip(line, space ? n + 1 : n);
	return word;
}

/* 2.1: decimal, 0 to 65535, without leading zeros. */
static bool parse_port(struct rl_slice word, uint16_t *port)
{
	uint64_t value;
	if (word.len > 5 || (word.len > 1 && word.data[0] == '0'))
		return false;
	if (!rl_slice_to_u64(word, &value) || value > 65535)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* A TCP6 line may name a mapped address, which is kept as IP4: text decides, not the family. */
static bool parse_host(struct rl_slice word, bool ip6, struct rl_addr *addr)
{
	bool colon = word.len && memchr(word.data, ':', word.len) != NULL;
	bool bracket = word.len && word.data[0] == '[';
	return colon == ip6 && !bracket && rl_addr_parse(word, addr);
}

/* What stands between "PROXY " and CRLF. */
static int parse_v1_line(struct rl_slice line, struct rl_proxy_header *header)
{
	struct rl_slice family = next_word(&line);
	bool ip6 = rl_slice_equal(family, RL_SLICE("TCP6"));

	if (rl_slice_equal(family, RL_SLICE("UNKNOWN"))) {
		header->local = true; /* 2.1: anything behind it is ignored */
		return 0;
	}
	if (!ip6 && !rl_slice_equal(family, RL_SLICE("TCP4")))
		return RILL_EPROTO;
	if (!parse_host(next_word(&line), ip6, &header->source) ||
		!parse_host(next_word(&line), ip6, &header->destination) ||
		!parse_port(next_word(&line), &header->source.port))
		return RILL_EPROTO;
	/* The last one is the whole rest: nothing may follow it. */
	return parse_port(line, &header->destination.port) ? 0 : RILL_EPROTO;
}

static int parse_v1(struct rl_slice bytes, struct rl_proxy_header *header)
{
	struct rl_slice prefix = RL_SLICE("PROXY ");
	if (!fits(bytes, prefix))
		return RILL_EPROTO;
	if (bytes.len <= prefix.len)
		return 0;
	size_t seen = bytes.len < RL_PROXY_V1_MAX ? bytes.len : RL_PROXY_V1_MAX;
	const uint8_t *cr = memchr(bytes.data, '\r', seen);
	if (!cr || (size_t)(cr - bytes.data) + 1 == seen)
		return seen < RL_PROXY_V1_MAX ? 0 : RILL_ETOOBIG;
	if (cr[1] != '\n')
		return RILL_EPROTO;
	size_t len = (size_t)(cr - bytes.data);
	int rc = parse_v1_line(rl_slice(bytes.data + prefix.len, len - prefix.len), header);
	return rc < 0 ? rc : (int)len + 2;
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void read_ip(struct rl_addr *addr, const uint8_t *ip, bool ip6, const uint8_t *port)
{
	if (ip6) {
		static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
		ip6 = memcmp(ip, mapped, sizeof(mapped)) != 0;
		ip += ip6 ? 0 : sizeof(mapped);
	}
	addr->family = ip6 ? RL_ADDR_IP6 : RL_ADDR_IP4;
	addr->port = be16(port);
	memcpy(addr->ip, ip, ip6 ? 16 : 4);
}

/* 2.2: the addresses, then the ports. Takes them off body. */
static int parse_v2_addresses(struct rl_slice *body, int family, struct rl_proxy_header *header)
{
	static const uint8_t lengths[] = { [V2_INET] = 12, [V2_INET6] = 36, [V2_UNIX] = 216 };
	size_t len = lengths[family];

	if (body->len < len)
		return RILL_EPROTO;
	if (family == V2_UNIX) {
		header->source.family = header->destination.family = RL_ADDR_UNIX;
	} else {
		bool ip6 = family == V2_INET6;
		size_t ip = ip6 ? 16 : 4;
		const uint8_t *p = body->data;
		read_ip(&header->source, p, ip6, p + 2 * ip);
		read_ip(&header->destination, p + ip, ip6, p + 2 * ip + 2);
	}
	rl_slice_skip(body, len);
	return 0;
}

/* 2.2.x: type, length, value. Those we have no use for are skipped. */
static int parse_tlvs(struct rl_slice body, struct rl_proxy_header *header)
{
	while (body.len) {
		if (body.len < 3)
			return RILL_EPROTO;
		uint8_t type = body.data[0];
		size_t len = be16(body.data + 1);
		rl_slice_skip(&body, 3);
		if (len > body.len || (type == TLV_SSL && len < TLV_SSL_LEN))
			return RILL_EPROTO;
		if (type == TLV_SSL && (body.data[0] & TLV_SSL_CLIENT))
			header->secure = true;
		rl_slice_skip(&body, len);
	}
	return 0;
}

/* The block behind its 16 bytes of header. */
static int parse_v2_body(
	struct rl_slice body, int command, uint8_t kind, struct rl_proxy_header *header)
{
	int family = kind >> 4, transport = kind & 15;

	/* 2.2: LOCAL is the proxy's own connection (a health check); the rest is discarded. What
	 * is no stream between known addresses is taken like that too. */
	if (command == V2_LOCAL || !family || transport != V2_STREAM) {
		header->local = true;
		return 0;
	}
	int rc = parse_v2_addresses(&body, family, header);
	return rc < 0 ? rc : parse_tlvs(body, header);
}

static int parse_v2(struct rl_slice bytes, struct rl_proxy_header *header)
{
	if (!fits(bytes, rl_slice(SIGNATURE, SIGNATURE_LEN)))
		return RILL_EPROTO;
	if (bytes.len > 12) {
		uint8_t command = bytes.data[12] & 15;
		if (bytes.data[12] >> 4 != 2 || command > V2_PROXY)
			return RILL_EPROTO;
		/* LOCAL may come with any family (2.2: "the receiver must ... discard"). */
		if (bytes.len > 13 && command == V2_PROXY &&
			(bytes.data[13] >> 4 > V2_UNIX || (bytes.data[13] & 15) > V2_DGRAM))
			return RILL_EPROTO;
	}
	if (bytes.len < V2_HEADER)
		return 0;
	size_t len = be16(bytes.data + 14);
	if (V2_HEADER + len > RL_PROXY_V2_MAX)
		return RILL_ETOOBIG;
	if (bytes.len < V2_HEADER + len)
		return 0;
	int rc = parse_v2_body(
		rl_slice(bytes.data + V2_HEADER, len), bytes.data[12] & 15, bytes.data[13], header);
	return rc < 0 ? rc : (int)(V2_HEADER + len);
}

int rl_proxy_parse(struct rl_slice bytes, struct rl_proxy_header *header)
{
	*header = (struct rl_proxy_header){ .local = false };
	if (!bytes.len)
		return 0;
	return bytes.data[0] == SIGNATURE[0] ? parse_v2(bytes, header) : parse_v1(bytes, header);
}
