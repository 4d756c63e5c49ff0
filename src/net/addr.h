/* addr.h: an address as rill keeps it, ranges of addresses, and their text. */
#ifndef RL_NET_ADDR_H
#define RL_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "base/slice.h"

enum rl_addr_family {
	RL_ADDR_NONE, /* unknown */
	RL_ADDR_IP4,
	RL_ADDR_IP6,
	RL_ADDR_UNIX,
};

struct rl_addr {
	uint8_t family; /* enum rl_addr_family */
	uint16_t port;  /* host order */
	uint8_t ip[16]; /* network order; the first four for IP4. Mapped addresses
	                 * (::ffff:a.b.c.d) are kept as IP4 */
};

void rl_addr_from_sockaddr(struct rl_addr *addr, const struct sockaddr_storage *from, socklen_t len);

/* Fills a sockaddr; returns its length, 0 for families that have none here. */
socklen_t rl_addr_to_sockaddr(const struct rl_addr *addr, struct sockaddr_storage *to);

/* "127.0.0.1", "::1", "unix" or "unknown" without the port, with a NUL; text has RL_ADDR_TEXT. */
#define RL_ADDR_TEXT 48
void rl_addr_host(const struct rl_addr *addr, char text[RL_ADDR_TEXT]);

/* An IPv4 or IPv6 address in text, the latter with or without brackets; no name is looked up. */
bool rl_addr_parse(struct rl_slice text, struct rl_addr *addr);

bool rl_addr_same_host(const struct rl_addr *a, const struct rl_addr *b);

/* "10.0.0.0/8", "::1", "unix" (any peer on a unix socket). */
struct rl_addr_range {
	struct rl_addr addr;
	uint8_t bits;
};
bool rl_addr_range_parse(struct rl_slice text, struct rl_addr_range *range);
bool rl_addr_in_range(const struct rl_addr *addr, const struct rl_addr_range *range);
bool rl_addr_in_ranges(
		const struct rl_addr *addr, const struct rl_addr_range *ranges, size_t count);

#endif
