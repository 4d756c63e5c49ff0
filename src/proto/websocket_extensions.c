/* websocket_extensions.c: the extensions that a service or a client has: permessage-deflate by its
 * options, whose zlib states all of a loop share, and those of the program. */
#include "proto/websocket.h"

const rill_deflate_options rl_ws_deflate_defaults = {
	.size = sizeof(rill_deflate_options),
	.enabled = true,
	.level = 1,
	.mem_level = 8,
	.max_window_bits = 15,
	.request_window_bits = 15,
	.threshold = 1024,
	.ceiling = 1024 * 1024,
};

/* The zlib states which all services and clients of a loop share; they go with the loop. */
struct pool_member {
	struct rl_loop_member member;
	struct rl_deflate_pool *pool;
};
static const char pool_key;

static void free_pool(struct rl_loop_member *member, struct rill_loop *loop)
{
	struct pool_member *m = rl_container(member, struct pool_member, member);
	rl_loop_leave(member);
	rl_deflate_pool_free(m->pool);
	rl_free(&loop->env, m);
}

struct rl_deflate_pool *rl_websocket_pool(struct rill_loop *loop)
{
	struct rl_loop_member *member = rl_loop_find(loop, &pool_key);
	if (member)
		return rl_container(member, struct pool_member, member)->pool;
	struct pool_member *m = rl_zalloc(&loop->env, sizeof(*m));
	if (!m)
		return NULL;
	m->pool = rl_deflate_pool_new(&loop->env);
	if (!m->pool) {
		rl_free(&loop->env, m);
		return NULL;
	}
	rl_list_init(&m->member.node);
	m->member.key = &pool_key;
	m->member.free = free_pool;
	rl_loop_join(loop, &m->member);
	return m->pool;
}

/* The sentence about the first that makes no sense; NULL when all do. */
static const char *find_fault(const rill_deflate_options *d)
{
	if (d->level < 1 || d->level > 9)
		return "deflate.level must be 1 to 9";
	if (d->mem_level < 1 || d->mem_level > 9)
		return "deflate.mem_level must be 1 to 9";
	if (d->strategy < 0 || d->strategy > 4)
		return "deflate.strategy must be 0 to 4";
	if (d->max_window_bits < 9 || d->max_window_bits > 15)
		return "deflate.max_window_bits must be 9 to 15";
	if (d->request_window_bits < 8 || d->request_window_bits > 15)
		return "deflate.request_window_bits must be 8 to 15";
	return NULL;
}

int rl_websocket_extensions(struct rl_ws_extensions **set, struct rill_loop *loop,
	const rill_deflate_options *options, const rill_extension *const *list, const char **why)
{
	const struct rl_deflate_options deflate = {
		.level = options->level,
		.mem_level = options->mem_level,
		.strategy = options->strategy,
		.max_window_bits = (uint8_t)options->max_window_bits,
		.request_window_bits = (uint8_t)options->request_window_bits,
		.no_context_takeover = options->no_context_takeover,
		.request_no_context_takeover = options->request_no_context_takeover,
		.fixed_window = options->fixed_window,
		.threshold = options->threshold,
		.ceiling = options->ceiling,
	};
	*set = NULL;
	*why = find_fault(options);
	if (*why)
		return RILL_EINVAL;
	struct rl_deflate_pool *pool = rl_websocket_pool(loop);
	if (!pool)
		return RILL_ENOMEM;
	return rl_ws_extensions_new(
		set, &loop->env, options->enabled ? &deflate : NULL, pool, list, why);
}
