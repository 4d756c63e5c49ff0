/* parser_pool.h: HTTP/1 parsers, lent to connections while they are inside a message, so that
 * idle ones hold none and a request costs no allocation for its parser. */
#ifndef RL_HTTP_PARSER_POOL_H
#define RL_HTTP_PARSER_POOL_H

#include "wire/http1.h"

struct rl_parser {
	struct rl_parser *next; /* in the pool */
	struct rl_http1 http1;
};

struct rl_parser_pool {
	const struct rl_env *env;
	const struct rl_http1_limits *limits;
	struct rl_parser *free;
	size_t kept;
};

void rl_parser_pool_init(struct rl_parser_pool *pool, const struct rl_env *env,
	const struct rl_http1_limits *limits);
void rl_parser_pool_fini(struct rl_parser_pool *pool);

/* One that waits for the start of a request, or NULL. */
struct rl_parser *rl_parser_take(struct rl_parser_pool *pool);

/* Gives it back, in whatever state it is. */
void rl_parser_give(struct rl_parser_pool *pool, struct rl_parser *parser);

#endif
