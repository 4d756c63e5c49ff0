/* session_body_test.c: bodies below /b are handed to session 1 of the tests' program, by a service that has none itself. */
#include "proto/session_body.h"
#include "proto/session_program.h"

enum { MAX = 16 };

static struct rl_session_service *made; /* NULL: gone */
static struct http_peer poller, sender;
static bool unread, replaced;

static void end_with(struct rl_session_body *body, int status, const char *text)
{
	rill_request *request = rl_session_body_end(body);

	assert_non_null(request);
	rill_respond(request, status, NULL, text, strlen(text));
}

static void on_whole(struct rl_session_body *body)
{
	struct rl_session *session = rl_session_find(&sessions, RL_SLICE("1"));
	struct rl_buf text;
	const char *why;
	int code;

	say("whole:%zu ", body->in.owned.len);
	rl_buf_init(&text, body->in.owned.env);
	if (replaced && rl_buf_append_str(&text, "x|y") == 0) {
		rl_session_body_replace(body, &text);
		assert_int_equal(text.len, 0);
	}
	rl_buf_release(&text);
	body->in.text = rl_buf_slice(&body->in.owned);
	if (!session)
		end_with(body, 404, "none");
	else if (rl_session_body_deliver(body, session, &code, &why) < 0)
		end_with(body, 500, "broken");
}

static void on_refuse(struct rl_session_body *body, int status)
{
	say("refuse:%d ", status);
	end_with(body, status, "refused");
}

static void on_done(struct rl_session_body *body, bool taken)
{
	say("done ");
	end_with(body, 200, taken ? "ok" : "dropped");
}

static void on_left(struct rl_session_body *body)
{
	say("gone ");
	assert_null(rl_session_body_end(body));
}

static void on_over(struct rl_session_body *body)
{
	say("over ");
	rl_free(&http_loop->env, body);
}

static const struct rl_session_body_ops body_ops = {
	.whole = on_whole,
	.refuse = on_refuse,
	.done = on_done,
	.gone = on_left,
	.over = on_over,
};

static int serve_body(rill_request *request, void *user)
{
	struct rl_session_body *body = rl_zalloc(&http_loop->env, sizeof(*body));

	(void)user;
	if (!body) {
		rill_respond(request, 503, NULL, NULL, 0);
		return RILL_TAKE;
	}
	body->in.kind = RILL_TEXT;
	body->unread = unread;
	rl_session_body_begin(body, &body_ops, made, request, MAX);
	return RILL_TAKE;
}

static void told_part(struct rl_session_service *service)
{
	assert_ptr_equal(service, made);
}

static void told_free(struct rl_session_service *service)
{
	say("free ");
	made = NULL;
	rl_free(&service->sessions.loop->env, service);
}

static const struct rl_session_service_ops ops = { .part = told_part, .free = told_free };

static void begin(void)
{
	start(NULL);
	unread = replaced = false;
	made = rl_zalloc(&http_loop->env, sizeof(*made));
	assert_int_equal(rl_session_service_init(made, &ops, http_server, &dialect, &handler), 0);
	made->attached = true;
	rl_session_service_release(made);
	assert_int_equal(rill_server_handle(http_server, "/b", serve_body, NULL, NULL), 0);
	poller = sender = (struct http_peer){ 0 };
	ask(&poller, "1/poll");
	expect_poll(&poller, "o\n");
	expect_said("open ");
	http_open(&sender);
}

static void end(void)
{
	http_close(&poller);
	http_close(&sender);
	finish();
}

#define HEAD "POST /b HTTP/1.1\r\nHost: a\r\n"

TEST(session_body, is_answered_when_the_program_has_taken_the_last_message)
{
	begin();
	rill_conn_pause(conn);
	http_send(&sender, HEAD "Content-Length: 3\r\n\r\na");
	expect_said("");
	http_send(&sender, "|b");
	expect_said("whole:3 ");
	http_expect(&sender, "");
	rill_conn_resume(conn);
	expect_said("a b done over ");
	expect_answer(&sender, 200, "ok");
	/* The connection goes on, and so does the service. */
	http_send(&sender, HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nc|d\r\n0\r\n\r\n");
	expect_said("whole:3 c d done over ");
	expect_answer(&sender, 200, "ok");
	assert_int_equal(made->busy, 0);
	end();
}

TEST(session_body, above_its_limit_is_refused_by_its_length_or_by_what_has_come)
{
	begin();
	http_send(&sender, HEAD "Content-Length: 17\r\n\r\n");
	expect_said("refuse:413 over ");
	http_expect_status(&sender, 413);
	assert_non_null(strstr(http_take(&sender), "Connection: close"));
	http_close(&sender);
	http_open(&sender);
	http_send(&sender,
		HEAD "Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n");
	expect_said("");
	http_send(&sender, "1\r\n9\r\n0\r\n\r\n");
	expect_said("refuse:413 over ");
	http_expect_status(&sender, 413);
	http_close(&sender);
	http_open(&sender);
	http_send(&sender, HEAD "Content-Length: 16\r\n\r\n1234567812345678");
	expect_said("whole:16 1234567812345678 done over ");
	end();
}

TEST(session_body, of_a_client_that_leaves_within_it_is_nothing)
{
	begin();
	http_send(&sender, HEAD "Content-Length: 3\r\n\r\na");
	http_close(&sender);
	expect_said("gone over ");
	assert_int_equal(made->busy, 0);
	end();
}

TEST(session_body, of_one_that_leaves_behind_it_counts)
{
	begin();
	rill_conn_pause(conn);
	http_send(&sender, HEAD "Content-Length: 3\r\n\r\na|b");
	http_close(&sender);
	expect_said("whole:3 ");
	rill_conn_resume(conn);
	expect_said("a b over ");
	end();
}

TEST(session_body, that_the_session_does_not_want_is_the_owners_to_answer)
{
	begin();
	http_send(&sender, HEAD "Content-Length: 1\r\n\r\n!");
	expect_said("whole:1 over ");
	expect_answer(&sender, 500, "broken");
	rill_conn_pause(conn);
	http_send(&sender, HEAD "Content-Length: 1\r\n\r\na");
	rill_conn_destroy(conn);
	expect_said("whole:1 close:1006 done over ");
	expect_answer(&sender, 200, "dropped");
	http_send(&sender, HEAD "Content-Length: 1\r\n\r\na");
	expect_said("whole:1 over ");
	expect_answer(&sender, 404, "none");
	end();
}

TEST(session_body, may_be_passed_over)
{
	begin();
	unread = true;
	http_send(&sender, HEAD "Content-Length: 3\r\n\r\na|b");
	expect_said("whole:0 done over ");
	end();
}

TEST(session_body, may_be_replaced_by_what_was_read_out_of_it)
{
	begin();
	replaced = true;
	http_send(&sender, HEAD "Content-Length: 3\r\n\r\na|b");
	expect_said("whole:3 x y done over ");
	end();
}

TEST(session_body, counts_as_held_until_it_is_done_with)
{
	size_t before;

	begin();
	http_turns();
	before = http_server->group.buffered;
	rill_conn_pause(conn);
	http_send(&sender, HEAD "Content-Length: 16\r\n\r\n1234567");
	assert_true(http_server->group.buffered >= before + 7);
	http_send(&sender, "812345678");
	assert_true(http_server->group.buffered >= before + 16);
	rill_conn_resume(conn);
	http_turns();
	expect_answer(&sender, 200, "ok");
	assert_int_equal(http_server->group.buffered, before);
	end();
}

TEST(session_body, keeps_its_service)
{
	begin();
	http_send(&sender, HEAD "Content-Length: 3\r\n\r\na");
	rl_session_service_detach(made, 0, NULL);
	expect_said("");
	http_send(&sender, "|b");
	expect_said("whole:3 a b done over free ");
	expect_answer(&sender, 200, "ok");
	end();
}

TEST(session_body, every_allocation_may_fail)
{
	for (size_t n = 1;; n++) {
		begin();
		replaced = true;
		test_fail_allocation(n, false);
		http_send(&sender, HEAD "Content-Length: 16\r\n\r\n12345678");
		http_send(&sender, "12345678");
		http_turns();
		bool done = !test_allocation_failed();
		test_fail_allocation(0, false);
		http_turns();
		http_close(&sender);
		http_turns();
		assert_int_equal(made->busy, 0);
		end();
		if (done)
			return;
	}
}
