/* engineio_send_test.c: posts: what their bodies hold, and how each is answered. */
#include "proto/engineio_program.h"

TEST(engineio_send, packets_of_a_body_come_one_by_one_in_order)
{
	serve(NULL);
	open_session();
	post("4a\x1e" "bAQIDBA==\x1e" "4\x1e" "4c", 200, "ok");
	expect_field("Content-Type", "text/html");
	expect_field("Cache-Control", "no-store");
	expect_said("<a> [\1\2\3\4] <> <c> ");
	finish();
}

TEST(engineio_send, an_answer_waits_for_the_program)
{
	struct http_peer sender;
	serve(NULL);
	open_session();
	rill_conn_pause(conn);
	http_open(&sender);
	ask_by(&sender, "POST", at(""), "", "4a\x1e" "4b");
	http_pass(5000);
	expect_nothing(&sender);
	expect_said("");
	rill_conn_resume(conn);
	expect_said("<a> <b> ");
	expect_answer(&sender, 200, "ok");
	http_close(&sender);
	finish();
}

TEST(engineio_send, what_is_broken_ends_the_session_behind_what_is_not)
{
	static const char *const broken[] = { "abc", "", "7", "4a\x1e", "4a\x1e\x1e" "4b", "bA",
		"b!", "4\xff", "2", "2probe" };
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		serve(NULL);
		open_session();
		post(broken[i], 400, "");
		expect_said(strncmp(broken[i], "4a", 2) ? "1002:parse error "
							: "<a> 1002:parse error ");
		expect_gone();
		finish();
	}
}

TEST(engineio_send, whoever_waits_learns_of_it)
{
	rill_engineio_stats stats = { .size = sizeof(stats) };
	serve(NULL);
	open_session();
	hold(&peer);
	post("abc", 400, "");
	expect_answer(&peer, 200, "1");
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.closed_protocol, 1);
	finish();
}

TEST(engineio_send, a_client_that_closes_is_let_go)
{
	rill_engineio_stats stats = { .size = sizeof(stats) };
	serve(NULL);
	open_session();
	hold(&peer);
	post("4a\x1e" "1\x1e" "4b", 200, "ok");
	expect_answer(&peer, 200, "6");
	expect_said("<a> 1000:transport close ");
	expect_gone();
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.closed_clean, 1);
	open_session();
	post("1", 200, "ok");
	expect_said("1000:transport close ");
	finish();
}

TEST(engineio_send, packets_that_are_of_no_use_are_no_harm)
{
	serve(NULL);
	open_session();
	post("0{}\x1e" "3\x1e" "3probe\x1e" "5\x1e" "6\x1e" "4x", 200, "ok");
	expect_said("<x> ");
	finish();
}

TEST(engineio_send, bodies_may_be_of_any_type_but_bytes)
{
	static const char *const good[] = { "", "Content-Type: text/plain\r\n",
		"Content-Type: application/json\r\n" };
	serve(NULL);
	open_session();
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		ask_by(&peer, "POST", at(""), good[i], "4x");
		expect_answer(&peer, 200, "ok");
		expect_said("<x> ");
	}
	ask_by(&peer, "POST", at(""), "Content-Type: application/octet-stream\r\n", "4x");
	expect_answer(&peer, 400, "");
	expect_said("1002:parse error ");
	expect_gone();
	finish();
}

TEST(engineio_send, a_body_that_is_too_large_is_refused_by_its_length)
{
	struct http_peer sender;
	rill_engineio_options o = defaults();
	o.max_payload = 10;
	serve(&o);
	open_session();
	post("4234567890", 200, "ok");
	expect_said("<234567890> ");
	http_open(&sender);
	ask_by(&sender, "POST", at(""), "Content-Length: 11\r\n\r\n", NULL);
	expect_answer(&sender, 413, "");
	http_close(&sender);
	post("4x", 200, "ok");
	expect_said("<x> ");
	finish();
}

TEST(engineio_send, or_by_what_has_come)
{
	struct http_peer sender;
	rill_engineio_options o = defaults();
	o.max_payload = 10;
	serve(&o);
	open_session();
	http_open(&sender);
	ask_by(&sender, "POST", at(""), "Transfer-Encoding: chunked\r\n", NULL);
	http_send(&sender, "5\r\n41234\r\n");
	expect_nothing(&sender);
	http_send(&sender, "5\r\n56789\r\n0\r\n\r\n");
	expect_answer(&sender, 200, "ok");
	expect_said("<123456789> ");
	ask_by(&sender, "POST", at(""), "Transfer-Encoding: chunked\r\n", NULL);
	http_send(&sender, "5\r\n41234\r\n6\r\n567890\r\n");
	expect_answer(&sender, 413, "");
	http_close(&sender);
	expect_said("");
	finish();
}

TEST(engineio_send, two_posts_at_once_end_the_session)
{
	struct http_peer first, second;
	serve(NULL);
	open_session();
	hold(&peer);
	http_open(&first);
	http_open(&second);
	ask_by(&first, "POST", at(""), "Content-Length: 4\r\n", NULL);
	http_send(&first, "4a");
	ask_by(&second, "POST", at(""), "", "4b");
	expect_answer(&second, 400, "");
	expect_answer(&peer, 200, "1");
	expect_said("1002:parse error ");
	http_send(&first, "bc");
	expect_answer(&first, 400, "");
	http_close(&first);
	http_close(&second);
	finish();
}

TEST(engineio_send, a_client_that_is_cut_off_is_lost)
{
	struct http_peer sender;
	serve(NULL);
	open_session();
	hold(&peer);
	http_open(&sender);
	ask_by(&sender, "POST", at(""), "Content-Length: 4\r\n", NULL);
	http_send(&sender, "4a");
	http_close(&sender);
	expect_said("1006:transport error ");
	expect_answer(&peer, 200, "1");
	finish();
}

TEST(engineio_send, but_what_it_has_brought_counts)
{
	struct http_peer sender;
	serve(NULL);
	open_session();
	rill_conn_pause(conn);
	http_open(&sender);
	ask_by(&sender, "POST", at(""), "", "4a");
	http_close(&sender);
	http_turns();
	rill_conn_resume(conn);
	expect_said("<a> ");
	post("4b", 200, "ok");
	expect_said("<b> ");
	finish();
}

static void close_it(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_close(c, 1000, NULL);
}

static void destroy_it(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_conn_destroy(c);
}

TEST(engineio_send, the_program_may_end_it_meanwhile)
{
	serve(NULL);
	open_session();
	in_message = close_it;
	post("4a\x1e" "4b", 200, "ok");
	expect_said("<a> ");
	post("4c", 200, "ok");
	expect_poll("1");
	expect_said("1000:forced close ");
	open_session();
	in_message = destroy_it;
	post("4a\x1e" "4b", 200, "ok");
	expect_said("<a> 1006:forced close ");
	finish();
}

static rill_engineio_options with_revision3(void)
{
	rill_engineio_options o = defaults();
	o.revision3 = true;
	return o;
}

TEST(engineio_send, bodies_of_revision_3)
{
	static const uint8_t bytes[] = { 0, 6, 255, '4', 'h', 'e', 'l', 'l', 'o', 1, 5, 255, 4, 'b',
		'y', 't', 'e' };
	rill_engineio_options o = with_revision3();
	serve(&o);
	open_at(HANDSHAKE3);
	post("3:4h\xc3\xa9" "10:b4AQIDBA==", 200, "ok");
	expect_said("<h\xc3\xa9> [\1\2\3\4] ");
	ask_bytes(&peer, "POST", at(""), "Content-Type: application/octet-stream\r\n", bytes,
		sizeof(bytes));
	expect_answer(&peer, 200, "ok");
	expect_said("<hello> [byte] ");
	post("abc", 400, "");
	expect_said("1002:parse error ");
	finish();
}

TEST(engineio_send, scripts_send_forms)
{
	static const char form[] = "Content-Type: application/x-www-form-urlencoded\r\n";
	serve(NULL);
	open_at(HANDSHAKE "&j=0");
	ask_by(&peer, "POST", at("&j=0"), form, "d=4a%5Cnb%5C%5Cn+%26%1e4c&x=1");
	expect_answer(&peer, 200, "ok");
	expect_field("Content-Type", "text/html");
	expect_said("<a\nb\\n &> <c> ");
	ask_by(&peer, "POST", at("&j=0"), form, "x=4a");
	expect_answer(&peer, 400, "");
	expect_said("1002:parse error ");
	finish();
}

TEST(engineio_send, what_comes_byte_by_byte_is_the_same)
{
	char request[512];
	serve(NULL);
	open_session();
	snprintf(request, sizeof(request),
		"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n\r\n4a\x1e" "bAQIDBA==\x1e" "4",
		at(""));
	http_send_slowly(&peer, request);
	expect_answer(&peer, 200, "ok");
	expect_said("<a> [\1\2\3\4] <> ");
	snprintf(request, sizeof(request),
		"POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\n4\r\n3\r\nx\x1e" "4\r\n0\r\n\r\n", at(""));
	http_send_slowly(&peer, request);
	expect_answer(&peer, 200, "ok");
	expect_said("<x> <> ");
	finish();
}
