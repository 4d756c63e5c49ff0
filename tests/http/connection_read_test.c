/* Proves what server.h promises of a hello: what is said in place of a connection's first request. */
#include <unistd.h>
#include "http/server_state.h"
#include "support/http_peer.h"

/* With its NUL. */
static const char question[] = "<who-is-there/>";
#define ANSWER "<nobody/>\n"
#define OK     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define GET    "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static int answer(struct rl_hello *hello, struct rl_buf *out)
{
	(void)hello;
	return rl_buf_append_str(out, ANSWER);
}

static int fail_to_answer(struct rl_hello *hello, struct rl_buf *out)
{
	(void)hello;
	(void)rl_buf_append_str(out, "half of it");
	return RILL_ENOMEM;
}

static struct rl_hello hello;

static int ok(rill_request *request, void *user)
{
	(void)user;
	if (rill_respond(request, 200, NULL, "ok", 2) < 0)
		rill_request_abort(request);
	return RILL_TAKE;
}

static void add_hello(void)
{
	hello = (struct rl_hello){ .question = rl_slice(question, sizeof(question)),
		.answer = answer };
	rl_server_add_hello(http_server, &hello);
}

static void begin(void)
{
	http_begin(NULL);
	assert_int_equal(rill_server_handle(http_server, "/", ok, NULL, NULL), 0);
	add_hello();
}

static void end(void)
{
	rl_server_remove_hello(&hello);
	http_end();
}

static rill_server_stats stats(void)
{
	rill_server_stats s = { .size = sizeof(s) };

	rill_server_read_stats(http_server, &s);
	return s;
}

static void expect_answer(struct http_peer *p)
{
	assert_string_equal(http_take(p), ANSWER);
	assert_true(p->ended);
	http_close(p);
}

static void expect_refusal(struct http_peer *p)
{
	http_expect_status(p, 400);
	assert_true(p->ended);
	http_close(p);
}

TEST(connection_read, a_hello_is_answered_however_it_is_cut_and_ends_the_connection)
{
	struct http_peer p;

	begin();
	for (size_t cut = 0; cut <= sizeof(question); cut++) {
		http_open(&p);
		http_send_bytes(&p, question, cut);
		if (cut < sizeof(question))
			assert_string_equal(http_take(&p), "");
		http_send_bytes(&p, question + cut, sizeof(question) - cut);
		expect_answer(&p);
	}
	http_open(&p);
	for (size_t i = 0; i < sizeof(question); i++)
		http_send_bytes(&p, question + i, 1);
	expect_answer(&p);
	assert_int_equal(stats().bad_requests, 0);
	assert_int_equal(stats().requests, 0);
	assert_int_equal(stats().connections, 0);
	end();
}

TEST(connection_read, a_hello_is_answered_to_who_ends_behind_it)
{
	struct http_peer p;

	begin();
	http_open(&p);
	assert_int_equal(send(p.fd, question, sizeof(question), MSG_NOSIGNAL), sizeof(question));
	http_shut(&p);
	expect_answer(&p);
	end();
}

TEST(connection_read, a_hello_with_anything_behind_it_is_a_bad_request)
{
	static const char more[] = "<who-is-there/>\0" GET;
	struct http_peer p;

	begin();
	for (size_t cut = 0; cut < sizeof(question); cut++) {
		http_open(&p);
		http_send_bytes(&p, more, cut);
		http_send_bytes(&p, more + cut, sizeof(more) - 1 - cut);
		expect_refusal(&p);
	}
	assert_int_equal(stats().bad_requests, sizeof(question));
	end();
}

TEST(connection_read, what_leaves_the_hello_is_refused_at_that_byte)
{
	struct http_peer p;
	char said[sizeof(question)];

	begin();
	for (size_t i = 0; i < sizeof(question); i++) {
		memcpy(said, question, sizeof(said));
		said[i] = '?';
		http_open(&p);
		http_send_bytes(&p, said, i);
		if (i)
			assert_string_equal(http_take(&p), "");
		http_send_bytes(&p, said + i, 1);
		expect_refusal(&p);
	}
	end();
}

TEST(connection_read, nobody_says_hello_behind_a_request_or_an_empty_line)
{
	struct http_peer p;

	begin();
	http_open(&p);
	http_send(&p, GET);
	http_expect(&p, OK);
	http_send_bytes(&p, question, sizeof(question));
	expect_refusal(&p);
	http_open(&p);
	http_send(&p, "\r\n");
	http_send_bytes(&p, question, sizeof(question));
	expect_refusal(&p);
	end();
}

TEST(connection_read, half_a_hello_at_the_end_is_a_bad_request)
{
	struct http_peer p;

	begin();
	http_open(&p);
	http_send(&p, "<who");
	http_shut(&p);
	expect_refusal(&p);
	assert_int_equal(stats().bad_requests, 1);
	end();
}

TEST(connection_read, a_hello_has_the_time_of_a_head)
{
	struct http_peer p;

	begin();
	http_open(&p);
	http_pass(30000);
	for (int i = 0; i < 9; i++) {
		http_send_bytes(&p, question + i, 1);
		http_pass(2000);
		assert_string_equal(http_take(&p), "");
	}
	http_pass(2200);
	http_expect_status(&p, 408);
	assert_true(p.ended);
	assert_int_equal(stats().timeouts, 1);
	assert_int_equal(stats().bad_requests, 0);
	http_close(&p);
	end();
}

TEST(connection_read, half_a_hello_ends_when_the_server_stops)
{
	struct http_peer p;

	begin();
	http_open(&p);
	http_send(&p, "<who");
	rill_server_stop(http_server, 1000, NULL, NULL);
	http_expect_status(&p, 503);
	assert_true(p.ended);
	http_close(&p);
	end();
}

TEST(connection_read, a_hello_that_was_taken_out_meanwhile_is_nobodys)
{
	struct http_peer p;

	begin();
	http_open(&p);
	http_send(&p, "<who");
	rl_server_remove_hello(&hello);
	http_send(&p, "-");
	expect_refusal(&p);
	end();
}

TEST(connection_read, one_hello_may_begin_as_another_does)
{
	struct rl_hello longer = { .question = RL_SLICE("<who-is-there/>\0!"),
		.answer = fail_to_answer };
	struct rl_hello shorter = { .question = RL_SLICE("<who"), .answer = answer };
	struct http_peer p;

	http_begin(NULL);
	rl_server_add_hello(http_server, &longer);
	add_hello();
	http_open(&p);
	http_send_bytes(&p, question, sizeof(question));
	expect_answer(&p);
	rl_server_add_hello(http_server, &shorter);
	http_open(&p);
	http_send(&p, "<wh");
	assert_string_equal(http_take(&p), "");
	http_send(&p, "o");
	expect_answer(&p);
	rl_server_remove_hello(&longer);
	rl_server_remove_hello(&shorter);
	end();
}

TEST(connection_read, who_cannot_be_answered_is_cut)
{
	struct http_peer p;

	begin();
	hello.answer = fail_to_answer;
	http_open(&p);
	http_send_bytes(&p, question, sizeof(question));
	assert_string_equal(http_take(&p), "");
	assert_true(p.ended);
	http_close(&p);
	assert_int_equal(http_loop->scratch.len, 0);
	end();
}

static void say_hello(void *arg)
{
	struct http_peer p;
	(void)arg;

	if (!http_try_begin())
		return;
	add_hello();
	if (http_try_open(&p)) {
		http_send_bytes(&p, question, 3);
		http_send_bytes(&p, question + 3, sizeof(question) - 3);
		if (!test_allocation_failed())
			assert_string_equal(http_take(&p), ANSWER);
		else if (p.len)
			assert_true(strcmp(p.text, ANSWER) == 0);
		http_close(&p);
	}
	rl_server_remove_hello(&hello);
	http_end();
}

TEST(connection_read, any_allocation_of_a_hello_may_fail)
{
	test_each_failing_allocation(say_hello, NULL);
}
