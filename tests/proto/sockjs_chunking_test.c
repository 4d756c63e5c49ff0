/* sockjs_chunking_test.c: pieces with longer and longer pauses. */
#include "proto/sockjs_program.h"

static void begin(void)
{
	serve(NULL);
	ask_by(&peer, "POST", "/echo/chunking_test", "Origin: http://b\r\n", NULL);
	assert_int_equal(take_answer(&peer), 200);
	assert_string_equal(body, "h\n");
	assert_false(ended);
}

TEST(sockjs_chunking, pieces_come_one_by_one_and_the_second_is_large)
{
	static const unsigned pauses[] = { 5, 25, 125, 625, 3125 };
	begin();
	expect_field("Content-Type", "application/javascript; charset=UTF-8");
	expect_field("Access-Control-Allow-Origin", "http://b");
	http_pass(1);
	take_more(&peer);
	assert_int_equal(strspn(body, " "), 2048);
	assert_string_equal(body + 2048, "h\n");
	for (size_t i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
		http_pass(pauses[i] - 1);
		expect_more(&peer, "");
		http_pass(1);
		expect_more(&peer, "h\n");
	}
	assert_true(ended);
	expect("GET", "/echo", 200, "Welcome to SockJS!\n");
	finish();
}

TEST(sockjs_chunking, whoever_leaves_early_is_forgotten)
{
	begin();
	http_close(&peer);
	http_pass(100);
	http_end();
	begin();
	http_shut(&peer);
	expect_more(&peer, "");
	assert_true(ended);
	finish();
	begin();
	rill_sockjs_detach(service, 0, NULL);
	http_pass(10000);
	take_more(&peer);
	assert_true(ended);
	finish();
	begin();
	finish(); /* the server is freed meanwhile */
}

TEST(sockjs_chunking, a_preflight_allows_it)
{
	serve(NULL);
	ask_by(&peer, "OPTIONS", "/echo/chunking_test", "Origin: http://b\r\n", NULL);
	expect_answer(&peer, 204, "");
	expect_field("Access-Control-Allow-Methods", "OPTIONS, POST");
	finish();
}
