/* Proves how a server ends: gently, by a deadline, at once, with its loop. */
#include <rill/rill.h>
#include "http/server_state.h"
#include "support/http_peer.h"

static rill_request *request;
static int closes, close_rc, stopped;

static void on_close(rill_request *r, int rc, void *user)
{
	(void)r;
	(void)user;
	closes++;
	close_rc = rc;
}

static const rill_request_handler follower = { .size = sizeof(follower), .on_close = on_close };

static int wait_for_answer(rill_request *r, void *user)
{
	(void)user;
	request = r;
	rill_request_follow(r, &follower, NULL);
	return RILL_TAKE;
}

static void on_stopped(void *user)
{
	assert_ptr_equal(user, &stopped);
	stopped++;
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static void begin(void)
{
	closes = close_rc = stopped = 0;
	http_begin(NULL);
	rill_server_handle(http_server, "/", wait_for_answer, NULL, NULL);
}

TEST(server_stop, with_nothing_open_is_told_from_a_turn_once)
{
	begin();
	rill_server_stop(http_server, 1000, on_stopped, &stopped);
	assert_int_equal(stopped, 0);
	http_turns();
	assert_int_equal(stopped, 1);
	rill_server_stop(http_server, 0, on_stopped, &stopped);
	http_pass(3000);
	assert_int_equal(stopped, 1);
	http_end();
}

TEST(server_stop, closes_the_idle_at_once_and_lets_exchanges_finish)
{
	struct http_peer idle, busy, half;

	begin();
	http_open(&idle);
	http_open(&busy);
	http_open(&half);
	http_send(&busy, GET);
	http_send(&half, "GET / HT");
	rill_server_stop(http_server, 10000, on_stopped, &stopped);
	http_turns();
	assert_string_equal(http_take(&idle), "");
	assert_true(idle.ended);
	http_expect_status(&half, 503);
	assert_true(half.ended);
	http_close(&half);
	http_close(&idle);
	assert_int_equal(stopped, 0);
	rill_respond(request, 200, NULL, "ok", 2);
	http_turns();
	http_expect(&busy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
	assert_true(busy.ended);
	assert_int_equal(close_rc, 0);
	http_close(&busy);
	assert_int_equal(stopped, 1);
	http_end();
}

TEST(server_stop, cuts_what_is_left_at_the_deadline_which_can_be_shortened)
{
	struct http_peer p;

	begin();
	http_open(&p);
	http_send(&p, GET);
	rill_server_stop(http_server, 10000, on_stopped, &stopped);
	rill_server_stop(http_server, 20000, NULL, NULL);
	http_pass(4000);
	assert_int_equal(stopped + closes, 0);
	rill_server_stop(http_server, 1000, NULL, NULL);
	http_pass(1500);
	assert_int_equal(closes, 1);
	assert_int_equal(close_rc, RILL_ECLOSED);
	assert_int_equal(stopped, 1);
	http_take(&p);
	assert_true(p.ended);
	http_close(&p);
	http_end();
}

static void free_server(void *user)
{
	on_stopped(user);
	rill_server_free(http_server);
	http_server = NULL;
}

TEST(server_stop, the_server_may_be_freed_when_it_has_stopped)
{
	struct http_peer p;

	begin();
	http_open(&p);
	http_send(&p, GET);
	rill_server_stop(http_server, 100, free_server, &stopped);
	http_pass(300);
	assert_int_equal(stopped, 1);
	assert_null(http_server);
	http_close(&p);
	http_end();
}

TEST(server_stop, freeing_cuts_all_and_tells_those_who_follow)
{
	struct http_peer idle, busy, lingering;

	begin();
	http_open(&idle);
	http_open(&busy);
	http_open(&lingering);
	http_send(&busy, GET);
	http_send(&lingering, "bad\r\n\r\n");
	rill_server_free(http_server);
	http_server = NULL;
	assert_int_equal(closes, 1);
	assert_int_equal(close_rc, RILL_ECLOSED);
	http_turns();
	http_take(&idle);
	assert_true(idle.ended);
	http_close(&idle);
	http_close(&busy);
	http_close(&lingering);
	http_end();
}

TEST(server_stop, a_loop_frees_the_servers_on_it)
{
	struct http_peer p;

	begin();
	http_open(&p);
	http_send(&p, GET);
	rill_loop_free(http_loop);
	http_loop = NULL;
	assert_int_equal(closes, 1);
	assert_int_equal(close_rc, RILL_ECLOSED);
	http_close(&p);
}

struct service {
	struct rl_service base;
	int stops, cuts, frees;
};

static void stop_service(struct rl_service *service)
{
	rl_container(service, struct service, base)->stops++;
}

static void cut_service(struct rl_service *service)
{
	rl_container(service, struct service, base)->cuts++;
}

static void free_service(struct rl_service *service)
{
	rl_container(service, struct service, base)->frees++;
}

TEST(server_stop, services_are_stopped_then_cut_then_freed)
{
	struct service one = {
		.base = { .stop = stop_service, .cut = cut_service, .free = free_service }
	};
	struct service two = one;
	struct http_peer p;

	begin();
	rl_server_join(http_server, &one.base);
	rl_server_join(http_server, &two.base);
	rl_server_leave(&two.base);
	http_open(&p);
	http_send(&p, GET);
	rill_server_stop(http_server, 1000, NULL, NULL);
	assert_int_equal(one.stops, 1);
	assert_int_equal(one.cuts, 0);
	http_pass(1100);
	assert_int_equal(one.cuts, 1);
	http_close(&p);
	http_end();
	assert_int_equal(one.frees, 1);
	assert_int_equal(two.stops + two.cuts + two.frees, 0);
}
