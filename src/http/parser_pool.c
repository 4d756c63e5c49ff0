/* parser_pool.c: see parser_pool.h. */
#include "http/parser_pool.h"

/* As many as are inside a message at once on a busy loop; the rest is given back. */
#define KEPT_MAX 64

/* A parser that stopped in the middle is not worth a way back. */
static bool is_reusable(const struct rl_parser *parser)
{
	return parser->http1.state == RL_HTTP1_START && parser->http1.skipped == 0;
}

void rl_parser_pool_init(
	struct rl_parser_pool *pool, const struct rl_env *env, const struct rl_http1_limits *limits)
{
	*pool = (struct rl_parser_pool){ .env = env, .limits = limits };
}

static void free_parser(struct rl_parser_pool *pool, struct rl_parser *parser)
{
	rl_http1_fini(&parser->http1);
	rl_free(pool->env, parser);
}

void rl_parser_pool_fini(struct rl_parser_pool *pool)
{
	while (pool->free) {
		struct rl_parser *parser = pool->free;
		pool->free = parser->next;
		free_parser(pool, parser);
	}
	pool->kept = 0;
}

struct rl_parser *rl_parser_take(struct rl_parser_pool *pool)
{
	struct rl_parser *parser = pool->free;

	if (parser) {
		pool->free = parser->next;
		pool->kept--;
		return parser;
	}
	parser = rl_alloc(pool->env, sizeof(*parser));
	if (parser)
		rl_http1_init(&parser->http1, pool->env, RL_HTTP1_REQUEST, pool->limits);
	return parser;
}

void rl_parser_give(struct rl_parser_pool *pool, struct rl_parser *parser)
{
	if (!is_reusable(parser) || pool->kept == KEPT_MAX) {
		free_parser(pool, parser);
		return;
	}
	parser->next = pool->free;
	pool->free = parser;
	pool->kept++;
}
