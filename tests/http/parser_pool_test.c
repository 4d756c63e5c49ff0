/* Proves what parser_pool.h promises. */
#include "http/parser_pool.h"
#include "support/support.h"

static struct rl_http1_limits limits;
static struct rl_parser_pool pool;

static void begin(void)
{
	rl_http1_limits_default(&limits);
	rl_parser_pool_init(&pool, test_env(), &limits);
}

static void feed(struct rl_parser *parser, const char *text)
{
	struct rl_slice in = rl_slice_str(text);
	struct rl_http1_event ev;

	while (rl_http1_next(&parser->http1, &in, &ev) > 0)
		;
}

TEST(parser_pool, lends_the_same_parser_again_without_allocating)
{
	begin();
	struct rl_parser *parser = rl_parser_take(&pool);
	feed(parser, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	rl_parser_give(&pool, parser);
	size_t before = test_allocations();
	assert_ptr_equal(rl_parser_take(&pool), parser);
	feed(parser, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	rl_parser_give(&pool, parser);
	assert_int_equal(test_allocations(), before);
	rl_parser_pool_fini(&pool);
}

TEST(parser_pool, does_not_lend_what_stopped_in_the_middle)
{
	static const char *const starts[] = { "\r\n", "GET ", "bad\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n" };

	begin();
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct rl_parser *parser = rl_parser_take(&pool);
		feed(parser, starts[i]);
		rl_parser_give(&pool, parser);
		assert_int_equal(pool.kept, 0);
	}
	rl_parser_pool_fini(&pool);
}

TEST(parser_pool, keeps_a_bounded_number)
{
	enum { MANY = 200 };
	struct rl_parser *parsers[MANY];

	begin();
	for (int i = 0; i < MANY; i++)
		parsers[i] = rl_parser_take(&pool);
	for (int i = 0; i < MANY; i++)
		rl_parser_give(&pool, parsers[i]);
	assert_true(pool.kept < MANY / 2);
	assert_int_equal(test_live_blocks(), pool.kept);
	rl_parser_pool_fini(&pool);
}
