/* Proves who is let in, and what the others hear. */
#include <rill/rill.h>
#include "http/server_state.h"
#include "support/http_peer.h"

static int ok(rill_request *request, void *user)
{
	(void)user;
	rill_respond(request, 200, NULL, "ok", 2);
	return RILL_TAKE;
}

static void begin(size_t all, size_t each, size_t buffered)
{
	rill_server_options options;

	rill_server_options_default(&options);
	options.max_connections = all;
	options.max_connections_per_address = each;
	options.max_buffered = buffered;
	http_begin(&options);
	rill_server_handle(http_server, "/", ok, NULL, NULL);
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

TEST(server_accept, too_many_in_all_hear_503)
{
	struct http_peer p, q, r;

	begin(1, 0, 0);
	http_open(&p);
	http_open(&q);
	http_expect_status(&q, 503);
	assert_non_null(strstr(q.text, "Connection: close"));
	assert_true(q.ended);
	http_send(&p, GET);
	http_expect_status(&p, 200);
	http_close(&p);
	http_close(&q);
	http_open(&r);
	http_send(&r, GET);
	http_expect_status(&r, 200);
	assert_int_equal(http_server->stats.refused, 1);
	assert_int_equal(http_server->stats.accepted, 2);
	http_close(&r);
	http_end();
}

TEST(server_accept, too_many_from_one_address_hear_503)
{
	const struct rl_addr other = { .family = RL_ADDR_IP4, .ip = { 192, 0, 2, 2 } };
	struct http_peer p, q, r;

	begin(0, 1, 0);
	http_open(&p);
	http_open(&q);
	http_expect_status(&q, 503);
	http_open_from(&r, &other);
	http_send(&r, GET);
	http_expect_status(&r, 200);
	http_close(&p);
	http_close(&q);
	http_close(&r);
	http_end();
}

TEST(server_accept, no_more_than_128_are_told_at_once)
{
	enum { MANY = 140 };
	static struct http_peer p[MANY];
	const struct rl_addr from = { .family = RL_ADDR_IP4, .ip = { 192, 0, 2, 1 } };
	size_t told = 0;

	begin(1, 0, 0);
	for (int i = 0; i < MANY; i++) {
		if (i == MANY - 1)
			assert_false(rl_server_may_enter(http_server, &from));
		http_open(&p[i]);
		told += strncmp(http_take(&p[i]), "HTTP/1.1 503 ", 13) == 0;
		assert_int_equal(p[i].ended, i > 0);
	}
	assert_int_equal(told, 128);
	assert_int_equal(http_server->refusing, 128);
	for (int i = 1; i < MANY; i++)
		http_close(&p[i]);
	assert_int_equal(http_server->refusing, 0);
	assert_true(rl_server_may_enter(http_server, &from));
	http_close(&p[0]);
	http_end();
}

TEST(server_accept, new_work_is_refused_while_much_is_buffered)
{
	struct http_peer p;

	begin(0, 0, 1000000);
	http_open(&p);
	http_server->group.buffered += 900000;
	assert_true(rl_server_refuses(http_server));
	http_send(&p, GET);
	http_expect_status(&p, 503);
	assert_true(p.ended);
	assert_int_equal(http_server->stats.refused, 1);
	http_server->group.buffered -= 900000;
	assert_false(rl_server_refuses(http_server));
	http_close(&p);
	http_end();
}
