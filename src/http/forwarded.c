/* forwarded.c: see forwarded.h. The lists are walked once, from left to right; what a walk from
 * the right would stop at is the last untrusted address, and an unreadable one in between makes
 * all before it forgotten. */
#include "http/forwarded.h"

struct chain {
	const struct rl_addr_range *trusted;
	size_t trusted_count;
	bool found;
	struct rl_addr addr;   /* the client, as far as the walk has come */
	struct rl_slice proto; /* Forwarded: what stands beside that address */
	size_t behind;         /* elements to the right of it */
};

/* An address with or without port: 1.2.3.4, 1.2.3.4:80, ::1, [::1], [::1]:80. */
static bool parse_node(struct rl_slice node, struct rl_addr *addr)
{
	struct rl_slice host = node, port = { NULL, 0 };
	const uint8_t *colon = node.len ? memchr(node.data, ':', node.len) : NULL;
	uint64_t number = 0;

	if (node.len && node.data[0] == '[') {
		const uint8_t *end = memchr(node.data, ']', node.len);
		if (!end)
			return false;
		host = rl_slice(node.data + 1, (size_t)(end - node.data) - 1);
		port = rl_slice(end + 1, (size_t)(node.data + node.len - end) - 1);
		if (port.len && port.data[0] != ':')
			return false;
	} else if (colon && !memchr(colon + 1, ':', (size_t)(node.data + node.len - colon) - 1)) {
		host.len = (size_t)(colon - node.data);
		port = rl_slice(colon, node.len - host.len);
	}
	if (port.len)
		rl_slice_skip(&port, 1);
	/* RFC 7239, 6.2: a port may be obscured; then it is unknown. */
	if (port.len && (!rl_slice_to_u64(port, &number) || number > UINT16_MAX))
		number = 0;
	if (!rl_addr_parse(host, addr))
		return false;
	addr->port = (uint16_t)number;
	return true;
}

static void take_node(struct chain *chain, struct rl_slice node, struct rl_slice proto)
{
	struct rl_addr addr;

	chain->behind++;
	if (!parse_node(node, &addr)) {
		chain->found = false;
		return;
	}
	bool trusted = rl_addr_in_ranges(&addr, chain->trusted, chain->trusted_count);
	if (trusted && chain->found)
		return;
	chain->found = true;
	chain->addr = addr;
	chain->proto = proto;
	chain->behind = 0;
}

static struct rl_slice unquoted(struct rl_slice value)
{
	if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
		return rl_slice(value.data + 1, value.len - 2);
	return value;
}

/* Where the pair at the start of an element of Forwarded ends (RFC 7239, 4). */
static size_t pair_end(struct rl_slice element)
{
	bool quoted = false;
	size_t i = 0;

	for (; i < element.len && (quoted || element.data[i] != ';'); i++)
		if (element.data[i] == '"')
			quoted = !quoted;
	return i;
}

static void take_element(struct chain *chain, struct rl_slice element)
{
	struct rl_slice node = { NULL, 0 }, proto = { NULL, 0 };

	while (element.len) {
		size_t end = pair_end(element);
		struct rl_slice pair = rl_slice_trim(rl_slice(element.data, end));
		const uint8_t *equals = pair.len ? memchr(pair.data, '=', pair.len) : NULL;
		rl_slice_skip(&element, end < element.len ? end + 1 : end);
		if (!equals)
			continue;
		struct rl_slice name = rl_slice(pair.data, (size_t)(equals - pair.data));
		struct rl_slice value = rl_slice(
			equals + 1, (size_t)(pair.data + pair.len - equals) - 1);
		if (rl_slice_equal_nocase(name, RL_SLICE("for")))
			node = unquoted(value);
		else if (rl_slice_equal_nocase(name, RL_SLICE("proto")))
			proto = unquoted(value);
	}
	take_node(chain, node, proto);
}

static bool is_https(struct rl_slice s)
{
	return rl_slice_equal_nocase(s, RL_SLICE("https")) ||
	       rl_slice_equal_nocase(s, RL_SLICE("wss"));
}

/* The element of a list that has so many to its right, or the first when there are fewer: a
 * proxy that sets the field anew says what holds for all behind it. */
static bool element_from_right(const struct rl_http1_head *head, struct rl_slice name,
	size_t behind, struct rl_slice *element)
{
	struct rl_slice value, each;
	size_t cursor = 0, total = 0, at = 0;

	while (rl_http1_next_field(head, name, &cursor, &value))
		while (rl_slice_next_element(&value, &each))
			total++;
	for (cursor = 0; rl_http1_next_field(head, name, &cursor, &value);)
		while (rl_slice_next_element(&value, &each))
			if (at++ + behind + 1 >= total) {
				*element = each;
				return true;
			}
	return false;
}

static bool forwarded_secure(const struct rl_http1_head *head, size_t behind)
{
	struct rl_slice value;

	if (element_from_right(head, RL_SLICE("X-Forwarded-Proto"), behind, &value) ||
		element_from_right(head, RL_SLICE("X-Forwarded-Scheme"), behind, &value))
		return is_https(value);
	return element_from_right(head, RL_SLICE("X-Forwarded-SSL"), behind, &value) &&
	       rl_slice_equal_nocase(value, RL_SLICE("on"));
}

void rl_forwarded_apply(const struct rl_http1_head *head, const struct rl_addr_range *trusted,
	size_t count, struct rl_addr *peer, bool *secure)
{
	struct chain chain = { .trusted = trusted, .trusted_count = count };
	struct rl_slice value, element;
	size_t cursor = 0;

	if (!count || !rl_addr_in_ranges(peer, trusted, count))
		return;
	bool standard = rl_http1_field(head, RL_SLICE("Forwarded"), &value);
	struct rl_slice name = standard ? RL_SLICE("Forwarded") : RL_SLICE("X-Forwarded-For");
	while (rl_http1_next_field(head, name, &cursor, &value))
		while (rl_slice_next_element(&value, &element)) {
			if (standard)
				take_element(&chain, element);
			else
				take_node(&chain, element, (struct rl_slice){ NULL, 0 });
		}
	if (chain.found)
		*peer = chain.addr;
	if (standard ? chain.found && is_https(chain.proto)
		     : forwarded_secure(head, chain.found ? chain.behind : 0))
		*secure = true;
}
