/* sockjs_send_test.c: what clients send by requests: which bodies are read, and how each is answered. */
#include "proto/sockjs_program.h"

#define PAYLOAD "Payload expected."
#define BROKEN  "Broken JSON encoding."

static void send_by(
	const char *path, const char *fields, const char *text, int status, const char *want)
{
	ask_by(&peer, "POST", path, fields, text);
	expect_answer(&peer, status, want);
	expect_field("Content-Type", "text/plain; charset=UTF-8");
}

static void xhr(const char *text, int status, const char *want)
{
	send_by("/echo/000/s/xhr_send", "", text, status, want);
}

static void jsonp(const char *text, int status, const char *want)
{
	send_by("/echo/000/s/jsonp_send", "Content-Type: application/x-www-form-urlencoded\r\n",
		text, status, want);
}

TEST(sockjs_send, messages_of_an_array_come_one_by_one_in_order)
{
	serve(NULL);
	open_session();
	xhr("[\"a\",\"b\\n\",\"\"]", 204, "");
	expect_field("Content-Length", NULL);
	expect_said("<a> <b\n> <> ");
	xhr(" [ \"c\" ] ", 204, "");
	xhr("[]", 204, "");
	expect_said("<c> ");
	xhr("[1,null,{\"a\":[true]},\"x\"]", 204, "");
	expect_said("<1> <null> <{\"a\":[true]}> <x> ");
	finish();
}

TEST(sockjs_send, a_body_that_is_not_in_order_is_refused_as_a_whole_and_harms_nothing)
{
	serve(NULL);
	open_session();
	xhr("", 500, PAYLOAD);
	xhr(NULL, 500, PAYLOAD);
	xhr("[\"x", 500, BROKEN);
	xhr("[\"x\"", 500, BROKEN);
	xhr("[\"x\",]", 500, BROKEN);
	xhr("[\"x\"] y", 500, BROKEN);
	xhr("['x']", 500, BROKEN);
	xhr("[\"\n\"]", 500, BROKEN);
	xhr("[\"\xff\"]", 500, BROKEN);
	xhr("[NaN]", 500, BROKEN);
	xhr(" ", 500, BROKEN);
	xhr("x", 500, BROKEN);
	xhr("\"x\"", 500, PAYLOAD);
	xhr("{}", 500, PAYLOAD);
	xhr("null", 500, PAYLOAD);
	xhr(" 0", 500, PAYLOAD);
	xhr("\"\"", 500, PAYLOAD);
	expect_said("");
	xhr("[\"good\"]", 204, "");
	expect_said("<good> ");
	finish();
}

TEST(sockjs_send, deep_nesting_is_broken_json)
{
	static char deep[200001];
	memset(deep, '[', 100000);
	memset(deep + 100000, ']', 100000);
	serve(NULL);
	open_session();
	xhr(deep, 500, BROKEN);
	memset(deep, '[', 200000);
	xhr(deep, 500, BROKEN);
	send_by("/echo/000/none/xhr_send", "", deep, 500, BROKEN);
	xhr("[\"good\"]", 204, "");
	expect_said("<good> ");
	finish();
}

TEST(sockjs_send, what_is_wrong_with_the_body_is_said_before_that_there_is_no_session)
{
	serve(NULL);
	send_by("/echo/000/s/xhr_send", "", "", 500, PAYLOAD);
	send_by("/echo/000/s/xhr_send", "", "[\"x", 500, BROKEN);
	send_by("/echo/000/s/xhr_send", "", "1", 500, PAYLOAD);
	send_by("/echo/000/s/xhr_send", "", "[\"x\"]", 404, NOT_FOUND);
	send_by("/echo/000/s/jsonp_send", "", "[\"x\"]", 404, NOT_FOUND);
	expect_said("");
	finish();
}

TEST(sockjs_send, bodies_are_read_of_the_types_that_clients_have_sent)
{
	static const char *const good[] = { "text/plain", "text/plain;charset=UTF-8", "T",
		"application/json", "application/xml", "text/xml", "", "text/xml; charset=utf-8",
		"application/json;", "TEXT/PLAIN" };
	static const char *const bad[] = { "application/x-www-form-urlencoded", "text/html",
		"application/octet-stream", "text", "text/plain2" };
	char fields[128];
	serve(NULL);
	open_session();
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(fields, sizeof(fields), "Content-Type: %s\r\n", good[i]);
		send_by("/echo/000/s/xhr_send", fields, "[\"a\"]", 204, "");
		expect_said("<a> ");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(fields, sizeof(fields), "Content-Type: %s\r\n", bad[i]);
		send_by("/echo/000/s/xhr_send", fields, "[\"a\"]", 500, PAYLOAD);
	}
	expect_said("");
	finish();
}

TEST(sockjs_send, jsonp_sends_forms_or_json_itself)
{
	serve(NULL);
	open_session();
	jsonp("d=%5B%22a+b%22%5D", 200, "ok");
	expect_field("Content-Length", "2");
	jsonp("i=1&d=[\"%c3%bc\"]&d=[\"no\"]", 200, "ok");
	jsonp("d=%22%5B%5C%22c%5C%22%5D%22", 200, "ok");
	expect_said("<a b> <\xc3\xbc> <c> ");
	send_by("/echo/000/s/jsonp_send", "Content-Type: text/plain\r\n", "[\"%61+b\"]", 200, "ok");
	send_by("/echo/000/s/jsonp_send", "", "[\"e\"]", 200, "ok");
	send_by("/echo/000/s/jsonp_send", "", "\"[\\\"f\\\"]\"", 200, "ok");
	expect_said("<%61+b> <e> <f> ");
	jsonp("d=[]", 200, "ok");
	jsonp("", 500, PAYLOAD);
	jsonp("d=", 500, PAYLOAD);
	jsonp("p=p", 500, PAYLOAD);
	jsonp("d", 500, PAYLOAD);
	jsonp("d=1", 500, PAYLOAD);
	jsonp("d=%22%22", 500, PAYLOAD);
	jsonp("d=%5B%22x", 500, BROKEN);
	jsonp("d=%22%5B%22", 500, BROKEN);
	send_by("/echo/000/s/jsonp_send", "Content-Type: application/json\r\n", "[\"x\"]", 500,
		PAYLOAD);
	send_by("/echo/000/s/jsonp_send", "Content-Type: text/plain\r\n", "d=[]", 500, BROKEN);
	expect_said("");
	finish();
}

TEST(sockjs_send, either_way_of_sending_feeds_any_session)
{
	serve(NULL);
	ask("GET", "/echo/000/s/jsonp?c=f");
	expect_answer(&peer, 200, "/**/f(\"o\");\r\n");
	xhr("[\"a\"]", 204, "");
	jsonp("d=[\"b\"]", 200, "ok");
	expect_said("open <a> <b> ");
	finish();
}

TEST(sockjs_send, a_body_may_come_in_any_split_and_in_chunks)
{
	serve(NULL);
	open_session();
	http_send_slowly(&peer, "POST /echo/000/s/xhr_send HTTP/1.1\r\nHost: a\r\n"
				"Content-Length: 9\r\n\r\n[\"a\",\"b\"]");
	expect_answer(&peer, 204, "");
	http_send_slowly(&peer,
		"POST /echo/000/s/xhr_send HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\n[\"c\r\n2\r\n\"]\r\n0\r\n\r\n");
	expect_answer(&peer, 204, "");
	expect_said("<a> <b> <c> ");
	finish();
}

TEST(sockjs_send, a_body_above_the_limit_is_refused_before_it_comes_or_when_it_passes)
{
	rill_sockjs_options options = defaults();
	options.max_body = 8;
	serve(&options);
	open_session();
	xhr("[\"1234\"]", 204, "");
	http_send(&peer, "POST /echo/000/s/xhr_send HTTP/1.1\r\nHost: a\r\n"
			 "Content-Length: 9\r\n\r\n");
	expect_answer(&peer, 413, "The body is larger than this service takes.");
	expect_field("Connection", "close");
	http_close(&peer);
	http_open(&peer);
	http_send(&peer, "POST /echo/000/s/xhr_send HTTP/1.1\r\nHost: a\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n5\r\n[\"123\r\n");
	assert_int_equal(peer.len, 0);
	http_send(&peer, "4\r\n\"]  \r\n");
	expect_answer(&peer, 413, "The body is larger than this service takes.");
	http_close(&peer);
	http_open(&peer);
	xhr("[]", 204, "");
	expect_said("<1234> ");
	finish();
}

TEST(sockjs_send, a_client_that_leaves_within_its_body_has_sent_nothing)
{
	serve(NULL);
	open_session();
	http_send(&peer, "POST /echo/000/s/xhr_send HTTP/1.1\r\nHost: a\r\n"
			 "Content-Length: 9\r\n\r\n[\"a\"");
	http_close(&peer);
	expect_said("");
	http_open(&peer);
	xhr("[\"b\"]", 204, "");
	expect_said("<b> ");
	finish();
}

static void pause_it(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_conn_pause(c);
}

TEST(sockjs_send, the_answer_waits_until_the_program_has_taken_the_last_message)
{
	struct http_peer poll;
	serve(NULL);
	open_session();
	http_open(&poll);
	ask_by(&poll, "POST", "/echo/000/s/xhr", "", NULL);
	in_message = pause_it;
	ask_by(&peer, "POST", "/echo/000/s/xhr_send", "", "[\"a\",\"b\"]");
	expect_said("<a> ");
	assert_int_equal(peer.len, 0);
	rill_conn_resume(conn);
	expect_said("<b> ");
	assert_string_equal(http_take(&peer), ""); /* it has paused again */
	in_message = NULL;
	rill_conn_resume(conn);
	expect_answer(&peer, 204, "");
	expect_said("");
	ask_by(&peer, "POST", "/echo/000/s/xhr_send", "", "[\"c\"]");
	expect_said("<c> ");
	expect_answer(&peer, 204, "");
	http_close(&poll);
	finish();
}

TEST(sockjs_send, what_was_sent_whole_counts_though_its_sender_has_left)
{
	struct http_peer poll;
	serve(NULL);
	open_session();
	http_open(&poll);
	ask_by(&poll, "POST", "/echo/000/s/xhr", "", NULL);
	rill_conn_pause(conn);
	ask_by(&peer, "POST", "/echo/000/s/xhr_send", "", "[\"a\"]");
	http_close(&peer);
	expect_said("");
	rill_conn_resume(conn);
	expect_said("<a> ");
	http_close(&poll);
	finish();
}

static void close_it(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_close(c, 3000, "enough");
}

TEST(sockjs_send, a_session_that_is_closed_drops_what_comes_and_says_so_to_who_receives)
{
	serve(NULL);
	open_session();
	in_message = close_it;
	xhr("[\"a\",\"b\"]", 204, "");
	expect_said("<a> ");
	xhr("[\"c\"]", 204, "");
	expect_said("");
	expect("POST", "/echo/000/s/xhr", 200, "c[3000,\"enough\"]\n");
	expect_said("close:3000:enough ");
	xhr("[\"d\"]", 204, "");
	expect("POST", "/echo/000/s/xhr", 200, "c[3000,\"enough\"]\n");
	http_pass(6000);
	xhr("[\"e\"]", 404, NOT_FOUND);
	expect_said("");
	finish();
}

static void destroy_it(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_conn_destroy(c);
}

TEST(sockjs_send, a_session_destroyed_by_what_it_is_brought_is_gone)
{
	serve(NULL);
	open_session();
	in_message = destroy_it;
	xhr("[\"a\",\"b\"]", 204, "");
	expect_said("<a> close:1006: ");
	xhr("[\"a\"]", 404, NOT_FOUND);
	finish();
}

static void detach_it(rill_conn *c, rill_msg msg)
{
	(void)c;
	(void)msg;
	rill_sockjs_detach(service, 3001, "off");
}

TEST(sockjs_send, a_service_detached_by_what_it_is_brought_answers_that)
{
	serve(NULL);
	open_session();
	in_message = detach_it;
	xhr("[\"a\"]", 204, "");
	expect_said("<a> ");
	expect("POST", "/echo/000/s/xhr_send", 404, "Nothing is found here.\n");
	http_pass(6000);
	expect_said("close:1006: "); /* nobody came for it */
	finish();
}

TEST(sockjs_send, a_large_message_leaves_no_large_buffer_behind)
{
	static char text[200000];
	struct http_peer sender;
	serve(NULL);
	open_session();
	http_open(&sender);
	size_t before = test_live_bytes();
	snprintf(text, sizeof(text), "[\"%0199990d\\n\"]", 0);
	ask_by(&sender, "POST", "/echo/000/s/xhr_send", "", text);
	expect_answer(&sender, 204, "");
	assert_in_range(test_live_bytes(), 0, before + 100000);
	http_close(&sender);
	finish();
}
