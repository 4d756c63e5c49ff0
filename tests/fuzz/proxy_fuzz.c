/* proxy_fuzz.c: any bytes as a PROXY header, and the same shown byte by byte: the two must agree.
 * Whatever address comes out has to survive its own text. */
#include <stdint.h>
#include <stdlib.h>
#include "net/proxy_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_addr(const struct rl_addr *addr)
{
	char text[RL_ADDR_TEXT];
	struct rl_addr back;

	rl_addr_host(addr, text);
	if (addr->family != RL_ADDR_IP4 && addr->family != RL_ADDR_IP6)
		return;
	if (!rl_addr_parse(rl_slice_str(text), &back) || !rl_addr_same_host(addr, &back))
		abort();
}

/* Shows each prefix in memory of its own length; what a prefix says, the whole has to say. */
static void check_prefixes(const uint8_t *data, size_t size, int whole)
{
	struct rl_proxy_header header;

	for (size_t n = 0; n < size; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		if (!copy)
			return;
		if (n)
			memcpy(copy, data, n);
		int rc = rl_proxy_parse(rl_slice(copy, n), &header);
		free(copy);
		if (rc == 0)
			continue;
		if (rc != whole || (rc > 0 && (size_t)rc != n))
			abort();
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_proxy_header header;

	int rc = rl_proxy_parse(rl_slice(data, size), &header);
	if (rc > 0) {
		if ((size_t)rc > size || rc > RL_PROXY_V2_MAX)
			abort();
		if (header.local && (header.secure || header.source.family != RL_ADDR_NONE))
			abort();
		check_addr(&header.source);
		check_addr(&header.destination);
	}
	if (size <= RL_PROXY_V2_MAX)
		check_prefixes(data, size, rc);
	return 0;
}
