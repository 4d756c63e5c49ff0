/* socketio0_send_test.c: what clients send: frames in forms, and on WebSockets. */
#include "proto/socketio0_program.h"

static struct client client;

TEST(socketio0_send, heartbeats_and_garbage_do_not_stop_what_is_good)
{
	EACH_TRANSPORT(t)
	{
		serve(NULL);
		client_open(&client, t);
		send_frames(&client, "~m~1~m~a~m~4~m~~h~1~m~1~m~b");
		send_frames(&client, "~m~1~m~cgarbage~m~1~m~d");
		send_frames(&client, "~m~5~m~~j~{]");
		send_frames(&client, "garbage");
		send_frames(&client, "");
		send_frames(&client, "~m~9~m~ef");
		expect_said("connection <a> <b> <c> json{} <ef> ");
		assert_non_null(strstr(test_log(), "15 bytes are no frame"));
		assert_non_null(strstr(test_log(), "7 bytes are no frame"));
		rill_send_text(conn, "x");
		expect_frames(&client, "~m~1~m~x");
		client_close(&client);
		finish();
	}
}

static void expect_post(const char *text, const char *want)
{
	http_close(&peer);
	http_open(&peer);
	post(&peer, &client, text);
	expect_answer(&peer, 200, "ok");
	expect_field("Content-Type", "text/plain; charset=UTF-8");
	expect_said(want);
}

TEST(socketio0_send, a_form_is_read_as_forms_are)
{
	for (int t = SERVER_EVENTS; t < TRANSPORTS; t++) {
		serve(NULL);
		client_open(&client, t);
		expect_said("connection ");
		expect_post("", "");
		expect_post("data=", "");
		expect_post("datum=~m~1~m~a", "");
		expect_post("a=b&data=~m~3~m~a+b&data=~m~1~m~c", "<a b> ");
		expect_post("data=%7Em%7E1%7Em%7E%C3%A9", "<\xc3\xa9> ");
		expect_post("data=~m~1~m~%ff", "<\xef\xbf\xbd> ");
		expect_post("data=~m~2~m~%F0%9F%98%80", "<\xf0\x9f\x98\x80> ");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_send, line_ends_that_a_form_has_changed_are_lf_again)
{
	for (int t = SERVER_EVENTS; t < TRANSPORTS; t++) {
		serve(NULL);
		client_open(&client, t);
		send_frames(&client, "~m~3~m~a\r\nb~m~1~m~c");
		expect_said(t == JSONP_POLLING ? "connection <a\nb> <c> " : "connection <a\r\n> ");
		client_close(&client);
		finish();
	}
}

static void pause_it(rill_conn *c, const rill_msg *message)
{
	(void)message;
	rill_conn_pause(c);
}

TEST(socketio0_send, the_answer_waits_until_the_program_has_taken_the_messages)
{
	for (int t = SERVER_EVENTS; t < TRANSPORTS; t++) {
		serve(NULL);
		client_open(&client, t);
		in_message = pause_it;
		post(&peer, &client, form("~m~1~m~a~m~1~m~b"));
		assert_int_equal(take_answer(&peer), 0);
		expect_said("connection <a> ");
		in_message = NULL;
		rill_conn_resume(conn);
		expect_said("<b> ");
		expect_answer(&peer, 200, "ok");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_send, messages_behind_the_end_are_dropped_and_answered)
{
	for (int t = SERVER_EVENTS; t < TRANSPORTS; t++) {
		serve(NULL);
		client_open(&client, t);
		in_message = pause_it;
		post(&peer, &client, form("~m~1~m~a~m~1~m~b"));
		rill_conn_destroy(conn);
		expect_answer(&peer, 200, "ok");
		expect_said("connection <a> 1006: ");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_send, what_is_larger_than_is_taken_is_refused)
{
	static char large[2100];
	rill_socketio0_options options = defaults();
	options.max_body = 2000;
	memset(large, 'x', sizeof(large) - 1);
	EACH_TRANSPORT(t)
	{
		serve(&options);
		client_open(&client, t);
		if (is_socket(t)) {
			send_socket(&client.in, 0x81, large);
			expect_said("connection 1002:protocol error ");
			take_in(&client);
			assert_int_equal(strncmp(client.frames, "(1009 ", 6), 0);
		} else {
			post(&peer, &client, large);
			assert_int_equal(take_answer(&peer), 413);
			expect_field("Connection", "close");
			expect_said("connection ");
		}
		client_close(&client);
		finish();
	}
}

TEST(socketio0_send, a_body_may_come_in_any_pieces_and_its_sender_may_leave)
{
	for (int t = SERVER_EVENTS; t < TRANSPORTS; t++) {
		char request[256];
		serve(NULL);
		client_open(&client, t);
		snprintf(request, sizeof(request),
			"POST /socket.io/%s/%s/send HTTP/1.1\r\nHost: a\r\n"
			"Content-Length: 13\r\n\r\ndata=~m~1~m~a",
			names[t], client.id);
		http_send_slowly(&peer, request);
		expect_answer(&peer, 200, "ok");
		expect_said("connection <a> ");
		http_send_bytes(&peer, request, strlen(request) - 1);
		http_close(&peer);
		expect_said("");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_send, a_session_may_end_while_a_body_is_on_its_way)
{
	char request[256];
	serve(NULL);
	client_open(&client, XHR_POLLING);
	int n = snprintf(request, sizeof(request),
		"POST /socket.io/xhr-polling/%s/send HTTP/1.1\r\nHost: a\r\n"
		"Content-Length: 13\r\n\r\ndata=~m~1~m~a",
		client.id);
	http_send_bytes(&peer, request, (size_t)n - 3);
	rill_conn_destroy(conn);
	http_send_bytes(&peer, request + n - 3, 3);
	expect_answer(&peer, 404, "There is no such session.");
	client_close(&client);
	finish();
}

TEST(socketio0_send, the_servers_limit_counts_when_it_is_less)
{
	rill_server_options server;
	rill_server_options_default(&server);
	server.max_body = 10;
	start(&server);
	rill_socketio0_options options = defaults();
	assert_int_equal(rill_socketio0_serve(http_server, &options, &io), 0);
	assert_int_equal(rill_socketio0_get_options(io)->max_body, 10);
	http_end();
}

TEST(socketio0_send, a_body_without_memory_is_refused_or_cut_and_may_come_again)
{
	for (int t = SERVER_EVENTS; t < TRANSPORTS; t++) {
		for (size_t n = 1; n < 16; n++) {
			serve(NULL);
			client_open(&client, t);
			test_fail_allocation(n, false);
			post(&peer, &client, form("~m~3~m~a\r\nb"));
			test_fail_allocation(0, false);
			int status = take_answer(&peer);
			assert_true(status == 200 || status == 503 || (!status && peer.ended));
			if (rill_socketio0_count(io)) {
				said[0] = 0;
				send_frames(&client, "~m~1~m~c");
				expect_said("<c> ");
			}
			client_close(&client);
			finish();
		}
	}
}
