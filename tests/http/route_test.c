/* Proves what server.h says of the row of handlers. */
#include "http/route.h"
#include "http/server.h"
#include "support/support.h"

static bool fits(const char *prefix, const char *path)
{
	return rl_prefix_fits(rl_slice_str(prefix), rl_slice_str(path));
}

TEST(route, prefixes_fit_whole_segments)
{
	assert_true(fits("/", "/"));
	assert_true(fits("/", "/chat"));
	assert_true(fits("/", "*"));
	assert_true(fits("/chat", "/chat"));
	assert_true(fits("/chat", "/chat/"));
	assert_true(fits("/chat", "/chat/x"));
	assert_false(fits("/chat", "/chatter"));
	assert_false(fits("/chat", "/cha"));
	assert_false(fits("/chat", "/x/chat"));
	assert_true(fits("/chat/", "/chat/x"));
	assert_true(fits("/chat/", "/chat/"));
	assert_false(fits("/chat/", "/chat"));
	assert_false(fits("/chat", "/CHAT"));
}

static char trace[100];
static struct rl_row row;
static rill_route *routes[4];

static void note(char c)
{
	size_t n = strlen(trace);

	assert_true(n + 1 < sizeof(trace));
	trace[n] = c;
	trace[n + 1] = 0;
}

static int pass(rill_request *request, void *user)
{
	(void)request;
	note(*(const char *)user);
	return RILL_PASS;
}

static int take(rill_request *request, void *user)
{
	(void)request;
	note(*(const char *)user);
	return RILL_TAKE;
}

static bool never(const void *holder, const rill_request *request)
{
	(void)holder;
	(void)request;
	return false;
}

static bool offer(const char *path)
{
	trace[0] = 0;
	return rl_row_offer(&row, rl_slice_str(path), NULL, never, NULL);
}

TEST(route, the_first_that_fits_and_takes_has_it)
{
	rl_row_init(&row, test_env());
	assert_int_equal(rl_row_add(&row, "/x", take, "a", NULL), 0);
	assert_int_equal(rl_row_add(&row, "/", pass, "b", NULL), 0);
	assert_int_equal(rl_row_add(&row, "/y", take, "c", NULL), 0);
	assert_int_equal(rl_row_add(&row, "/", pass, "d", NULL), 0);
	assert_true(offer("/x/1"));
	assert_string_equal(trace, "a");
	assert_true(offer("/y"));
	assert_string_equal(trace, "bc");
	assert_false(offer("/z"));
	assert_string_equal(trace, "bd");
	rl_row_fini(&row);
}

TEST(route, a_prefix_begins_with_a_slash)
{
	rl_row_init(&row, test_env());
	assert_int_equal(rl_row_add(&row, "x", take, "a", NULL), RILL_EINVAL);
	assert_int_equal(rl_row_add(&row, "", take, "a", NULL), RILL_EINVAL);
	assert_int_equal(rl_row_add(&row, NULL, take, "a", NULL), RILL_EINVAL);
	assert_int_equal(rl_row_add(&row, "/", NULL, "a", NULL), RILL_EINVAL);
	rl_row_fini(&row);
	rill_route_remove(NULL);
}

static int remove_all(rill_request *request, void *user)
{
	(void)request;
	(void)user;
	note('r');
	for (int i = 0; i < 3; i++)
		rill_route_remove(routes[i]);
	return RILL_PASS;
}

TEST(route, one_may_remove_itself_and_others_while_it_is_asked)
{
	rl_row_init(&row, test_env());
	rl_row_add(&row, "/", pass, "a", &routes[0]);
	rl_row_add(&row, "/", remove_all, NULL, &routes[1]);
	rl_row_add(&row, "/", pass, "b", &routes[2]);
	rl_row_add(&row, "/", pass, "c", &routes[3]);
	assert_false(offer("/"));
	assert_string_equal(trace, "arc");
	assert_false(offer("/"));
	assert_string_equal(trace, "c");
	rill_route_remove(routes[3]);
	assert_int_equal(test_live_blocks(), 0);
	rl_row_fini(&row);
}

static int add_and_walk(rill_request *request, void *user)
{
	(void)request;
	(void)user;
	note('w');
	rill_route_remove(routes[0]);
	rl_row_add(&row, "/", take, "n", NULL);
	assert_true(rl_row_offer(&row, RL_SLICE("/"), NULL, never, NULL));
	note('-');
	return RILL_PASS;
}

TEST(route, one_may_add_others_and_walks_may_nest)
{
	rl_row_init(&row, test_env());
	rl_row_add(&row, "/", add_and_walk, NULL, &routes[0]);
	assert_true(offer("/"));
	assert_string_equal(trace, "wn-n");
	rl_row_fini(&row);
}

TEST(route, those_of_a_higher_rank_come_before_lower_ones_that_they_share_paths_with)
{
	rl_row_init(&row, test_env());
	rl_row_add(&row, "/s/", pass, "a", &routes[0]);
	rl_route_rank(routes[0], 1);
	rl_row_add(&row, "/s", pass, "b", &routes[1]);
	rl_route_rank(routes[1], 2);
	rl_row_add(&row, "/s/x", pass, "c", &routes[2]);
	rl_route_rank(routes[2], 3);
	rl_row_add(&row, "/s/x", pass, "d", &routes[3]);
	rl_route_rank(routes[3], 2);
	offer("/s/x");
	assert_string_equal(trace, "cbda");
	rl_row_fini(&row);
}

TEST(route, those_of_a_higher_rank_stay_behind_what_has_none_or_other_paths)
{
	rl_row_init(&row, test_env());
	rl_row_add(&row, "/t", pass, "o", &routes[0]);
	rl_route_rank(routes[0], 1);
	rl_row_add(&row, "/", pass, "g", NULL);
	rl_row_add(&row, "/s", pass, "a", &routes[1]);
	rl_route_rank(routes[1], 1);
	rl_row_add(&row, "/", pass, "h", NULL);
	rl_row_add(&row, "/s", pass, "b", &routes[2]);
	rl_route_rank(routes[2], 2);
	offer("/s");
	assert_string_equal(trace, "gbah");
	offer("/t");
	assert_string_equal(trace, "ogh");
	rl_row_fini(&row);
}
