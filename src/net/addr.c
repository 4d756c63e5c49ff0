/* addr.c: addresses between the kernel's form, text and ours.
 *
 * An IPv4 peer on an IPv6 socket shows up as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). It is the same
 * peer however it came in, so it is kept as IP4 from the start: limits and ranges see one form. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "net/addr.h"

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static void set_ip4(struct rl_addr *addr, const uint8_t ip[4])
{
	addr->family = RL_ADDR_IP4;
	memcpy(addr->ip, ip, 4);
}

/* True when it was a mapped address. */
static bool set_ip6(struct rl_addr *addr, const uint8_t ip[16])
{
	if (memcmp(ip, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		set_ip4(addr, ip + sizeof(mapped_prefix));
		return true;
	}
	addr->family = RL_ADDR_IP6;
	memcpy(addr->ip, ip, 16);
	return false;
}

void rl_addr_from_sockaddr(struct rl_addr *addr, const struct sockaddr_storage *from, socklen_t len)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	*addr = (struct rl_addr){ .family = RL_ADDR_NONE };
	if (len < sizeof(sa_family_t))
		return;
	if (from->ss_family == AF_UNIX) {
		addr->family = RL_ADDR_UNIX;
	} else if (from->ss_family == AF_INET && len >= sizeof(in)) {
		memcpy(&in, from, sizeof(in));
		addr->port = ntohs(in.sin_port);
		set_ip4(addr, (const uint8_t *)&in.sin_addr);
	} else if (from->ss_family == AF_INET6 && len >= sizeof(in6)) {
		memcpy(&in6, from, sizeof(in6));
		addr->port = ntohs(in6.sin6_port);
		set_ip6(addr, in6.sin6_addr.s6_addr);
	}
}

socklen_t rl_addr_to_sockaddr(const struct rl_addr *addr, struct sockaddr_storage *to)
{
	memset(to, 0, sizeof(*to));
	if (addr->family == RL_ADDR_IP4) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(addr->port) };
		memcpy(&in.sin_addr, addr->ip, 4);
		memcpy(to, &in, sizeof(in));
		return sizeof(in);
	}
	if (addr->family == RL_ADDR_IP6) {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
			.sin6_port = htons(addr->port) };
		memcpy(&in6.sin6_addr, addr->ip, 16);
		memcpy(to, &in6, sizeof(in6));
		return sizeof(in6);
	}
	return 0;
}

void rl_addr_host(const struct rl_addr *addr, char text[RL_ADDR_TEXT])
{
	switch (addr->family) {
	case RL_ADDR_IP4:
		inet_ntop(AF_INET, addr->ip, text, RL_ADDR_TEXT);
		break;
	case RL_ADDR_IP6:
		inet_ntop(AF_INET6, addr->ip, text, RL_ADDR_TEXT);
		break;
	case RL_ADDR_UNIX:
		snprintf(text, RL_ADDR_TEXT, "unix");
		break;
	default:
		snprintf(text, RL_ADDR_TEXT, "unknown");
	}
}

static struct rl_slice without_brackets(struct rl_slice text)
{
	if (text.len >= 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
		return rl_slice(text.data + 1, text.len - 2);
	return text;
}

/* Parses what addr->ip is made of; *mapped: it was written as ::ffff:a.b.c.d. */
static bool parse(struct rl_slice text, struct rl_addr *addr, bool *mapped)
{
	char copy[INET6_ADDRSTRLEN + 1];
	uint8_t ip[16];

	*addr = (struct rl_addr){ .family = RL_ADDR_NONE };
	*mapped = false;
	struct rl_slice bare = without_brackets(text);
	bool bracketed = bare.len != text.len;
	if (!bare.len || bare.len >= sizeof(copy) || memchr(bare.data, 0, bare.len))
		return false;
	memcpy(copy, bare.data, bare.len);
	copy[bare.len] = 0;
	if (inet_pton(AF_INET6, copy, ip) == 1) {
		*mapped = set_ip6(addr, ip);
		return true;
	}
	if (bracketed || inet_pton(AF_INET, copy, ip) != 1)
		return false;
	set_ip4(addr, ip);
	return true;
}

bool rl_addr_parse(struct rl_slice text, struct rl_addr *addr)
{
	bool mapped;
	return parse(text, addr, &mapped);
}

bool rl_addr_same_host(const struct rl_addr *a, const struct rl_addr *b)
{
	if (a->family != b->family)
		return false;
	if (a->family == RL_ADDR_IP4)
		return memcmp(a->ip, b->ip, 4) == 0;
	if (a->family == RL_ADDR_IP6)
		return memcmp(a->ip, b->ip, 16) == 0;
	return true;
}

/* Puts the number behind the slash into range, whose address is known. A mapped address counts
 * its bits from the start of the IPv6 form it was written in. */
static bool parse_bits(struct rl_slice text, struct rl_addr_range *range, bool mapped)
{
	uint64_t bits;
	uint64_t skip = mapped ? 96 : 0;
	uint64_t most = range->addr.family == RL_ADDR_IP4 ? 32 : 128;

	if (text.len > 3 || !rl_slice_to_u64(text, &bits))
		return false;
	if (bits < skip || bits - skip > most)
		return false;
	range->bits = (uint8_t)(bits - skip);
	return true;
}

bool rl_addr_range_parse(struct rl_slice text, struct rl_addr_range *range)
{
	bool mapped;

	*range = (struct rl_addr_range){ .bits = 0 };
	if (rl_slice_equal(text, RL_SLICE("unix"))) {
		range->addr.family = RL_ADDR_UNIX;
		return true;
	}
	const uint8_t *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
	size_t host_len = slash ? (size_t)(slash - text.data) : text.len;
	if (!parse(rl_slice(text.data, host_len), &range->addr, &mapped))
		return false;
	if (slash)
		return parse_bits(rl_slice(slash + 1, text.len - host_len - 1), range, mapped);
	range->bits = range->addr.family == RL_ADDR_IP4 ? 32 : 128;
	return true;
}

bool rl_addr_in_range(const struct rl_addr *addr, const struct rl_addr_range *range)
{
	if (addr->family != range->addr.family || addr->family == RL_ADDR_NONE)
		return false;
	size_t whole = range->bits / 8;
	unsigned rest = range->bits % 8;
	if (memcmp(addr->ip, range->addr.ip, whole) != 0)
		return false;
	if (!rest)
		return true;
	return ((addr->ip[whole] ^ range->addr.ip[whole]) >> (8 - rest)) == 0;
}

bool rl_addr_in_ranges(const struct rl_addr *addr, const struct rl_addr_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rl_addr_in_range(addr, &ranges[i]))
			return true;
	return false;
}
