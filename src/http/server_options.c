/* server_options.c: the limits of a server, their defaults, and which of them make sense. */
#include <rill/error.h>
#include "http/server_state.h"

#define KIB 1024u
#define MIB (1024u * 1024u)

void rill_server_options_init(rill_server_options *options, size_t size)
{
	const rill_server_options defaults = {
		.size = size,
		.max_head = 16 * KIB,
		.max_target = 8 * KIB,
		.max_fields = 128,
		.max_body = 16 * MIB,
		.max_chunk_extension = 4 * KIB,
		.head_timeout_ms = 20 * 1000,
		.idle_timeout_ms = 60 * 1000,
		.body_window_ms = 20 * 1000,
		.body_window_bytes = 20 * 512,
		.stall_timeout_ms = 60 * 1000,
		.handshake_timeout_ms = 10 * 1000,
		.accept_timeout_ms = 30 * 1000,
		.linger_ms = 2 * 1000,
		.high_water = 256 * KIB,
		.low_water = 64 * KIB,
		.max_handshakes = 1024,
		.max_buffered = 1024 * MIB,
	};

	memset(options, 0, size);
	memcpy(options, &defaults, size < sizeof(defaults) ? size : sizeof(defaults));
}

/* The sentence about the first that makes no sense; NULL when all do. */
static const char *find_fault(const rill_server_options *o)
{
	/* A head is kept in one piece while it comes, and counted in 32 bits. */
	if (o->max_head == 0 || o->max_head > 64 * MIB)
		return "max_head is not between 1 byte and 64 MiB";
	if (o->max_target == 0)
		return "max_target is 0";
	if (o->max_fields == 0 || o->max_fields > 64 * KIB)
		return "max_fields is not between 1 and 65,536";
	if (o->handshake_timeout_ms == 0)
		return "handshake_timeout_ms is 0";
	if (o->high_water == 0 || o->low_water > o->high_water)
		return "low_water is above high_water, or that is 0";
	return NULL;
}

int rl_server_options_read(
	rill_server_options *to, const rill_server_options *from, const struct rl_env *env)
{
	rill_server_options_init(to, sizeof(*to));
	if (from && from->size < sizeof(from->size)) {
		rl_log(env, RILL_LOG_ERROR, "server options: size is not set");
		return RILL_EINVAL;
	}
	if (from)
		memcpy(to, from, from->size < sizeof(*to) ? from->size : sizeof(*to));
	to->size = sizeof(*to);
	const char *fault = find_fault(to);
	if (!fault)
		return 0;
	rl_log(env, RILL_LOG_ERROR, "server options: %s", fault);
	return RILL_EINVAL;
}

int rl_server_read_trusted(struct rill_server *server)
{
	const struct rl_env *env = rl_server_env(server);
	const char *const *names = server->options.trusted;
	size_t count = 0;

	server->options.trusted = NULL; /* the caller's; what counts is read here */
	while (names && names[count])
		count++;
	if (!count)
		return 0;
	server->trusted = rl_zalloc(env, count * sizeof(*server->trusted));
	if (!server->trusted)
		return RILL_ENOMEM;
	for (; server->trusted_count < count; server->trusted_count++) {
		const char *name = names[server->trusted_count];
		if (rl_addr_range_parse(
			    rl_slice_str(name), &server->trusted[server->trusted_count]))
			continue;
		rl_log(env, RILL_LOG_ERROR, "server options: \"%s\" in trusted is no address",
			name);
		return RILL_EINVAL;
	}
	return 0;
}
