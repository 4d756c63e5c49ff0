/* socketio0_receive_test.c: clients that are cut off and come back, heartbeats, and what becomes of who stays away. */
#include "proto/socketio0_program.h"

static struct client client;

static void serve_with(int transport, rill_socketio0_times times)
{
	rill_socketio0_options options = defaults();
	*times_of(&options, transport) = times;
	serve(&options);
}

/* Where a heartbeat would only disturb. */
static rill_socketio0_times away(int transport, uint32_t ms)
{
	return (rill_socketio0_times){ .close_timeout_ms = ms,
		.duration_ms = is_poll(transport) ? 20000 : 0 };
}

TEST(socketio0_receive, who_comes_back_in_time_gets_what_was_sent_meanwhile_once_and_in_order)
{
	EACH_TRANSPORT(t)
	{
		char text[16];
		serve_with(t, away(t, 5000));
		client_open(&client, t);
		for (int round = 0; round < 3; round++) {
			client_close(&client);
			for (int i = 0; i < 3; i++) {
				snprintf(text, sizeof(text), "%d", i);
				assert_int_equal(rill_send_text(conn, text), 0);
				http_pass(1000);
			}
			assert_int_equal(rill_send(conn, RILL_JSON, "[]", 2), 0);
			come(&client);
			expect_frames(&client, "~m~1~m~0~m~1~m~1~m~1~m~2~m~5~m~~j~[]");
			assert_int_equal(rill_socketio0_connections(conn), (uint32_t)round + 2);
		}
		send_frames(&client, "~m~1~m~x");
		rill_send_text(conn, "y");
		expect_frames(&client, "~m~1~m~y");
		expect_said("connection <x> ");
		client_close(&client);
		http_pass(5000);
		expect_said("1006:close timeout ");
		come(&client);
		assert_int_equal(rill_socketio0_count(io), 0);
		client_close(&client);
		finish();
	}
}

/* What has waited leaves as one. */
TEST(socketio0_receive, a_websocket_that_comes_back_gets_one_message_of_many_frames)
{
	serve_with(WEBSOCKET, away(WEBSOCKET, 5000));
	client_open(&client, WEBSOCKET);
	client_close(&client);
	rill_send_text(conn, "a");
	rill_socketio0_broadcast(io, RILL_ARGS(rill_text("b")), NULL);
	http_open(&client.in);
	char path[96];
	snprintf(path, sizeof(path), "/socket.io/websocket/%s", client.id);
	ask_by(&client.in, "GET", path, UPGRADE, NULL);
	assert_int_equal(take_head(&client.in), 101);
	test_expect_text(client.in.text, client.in.len, "\x81\x10~m~1~m~a~m~1~m~b");
	client_close(&client);
	finish();
}

TEST(socketio0_receive, a_second_receiver_takes_the_place_of_the_first)
{
	EACH_TRANSPORT(t)
	{
		struct http_peer first;
		serve_with(t, away(t, 8000));
		client_open(&client, t);
		if (is_poll(t))
			come(&client);
		first = client.in;
		client.in = (struct http_peer){ .fd = -1 };
		come(&client);
		http_take(&first);
		if (t == XHR_POLLING) {
			assert_int_equal(take_answer(&first), 200);
			assert_string_equal(body, "");
		} else if (t == JSONP_POLLING) {
			assert_int_equal(take_answer(&first), 200);
			assert_string_equal(body, "io.JSONP[7]._(\"\");");
		} else {
			assert_true(t == XHR_MULTIPART ? first.ended : first.len > 0);
		}
		http_close(&first);
		rill_send_text(conn, "x");
		expect_frames(&client, "~m~1~m~x");
		expect_said("connection ");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_receive, a_poll_for_which_there_is_nothing_is_answered_with_nothing)
{
	for (int t = XHR_POLLING; t < TRANSPORTS; t++) {
		serve(NULL);
		client_open(&client, t);
		for (int i = 0; i < 3; i++) {
			come(&client);
			http_pass(19990);
			take_in(&client);
			assert_true(client.polling);
			http_pass(10);
			take_in(&client);
			assert_false(client.polling);
			assert_string_equal(body, t == XHR_POLLING ? "" : "io.JSONP[7]._(\"\");");
		}
		http_pass(7990);
		expect_said("connection ");
		http_pass(10);
		expect_said("1006:close timeout ");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_receive, a_poll_without_a_duration_is_held_for_ever)
{
	for (int t = XHR_POLLING; t < TRANSPORTS; t++) {
		serve_with(t, (rill_socketio0_times){ .close_timeout_ms = 8000 });
		client_open(&client, t);
		come(&client);
		http_pass(3600 * 1000);
		take_in(&client);
		assert_true(client.polling);
		expect_said("connection ");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_receive, heartbeats_are_numbered_and_the_next_comes_behind_the_answer_to_the_last)
{
	for (int t = 0; t < XHR_POLLING; t++) {
		char asked[32];
		serve(NULL);
		client_open(&client, t);
		for (int i = 1; i <= 3; i++) {
			http_pass(9990);
			expect_frames(&client, "");
			http_pass(10);
			snprintf(asked, sizeof(asked), "~m~4~m~~h~%d", i);
			expect_frames(&client, asked);
			http_pass(7990);
			send_frames(&client, "~m~4~m~~h~9"); /* another's */
			send_frames(&client, asked);
		}
		expect_said("connection ");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_receive, a_heartbeat_without_an_answer_is_the_end)
{
	for (int t = 0; t < XHR_POLLING; t++) {
		serve(NULL);
		client_open(&client, t);
		http_pass(10000);
		send_frames(&client, "~m~4~m~~h~2~m~3~m~~h~~m~4~m~~h~x");
		http_pass(7990);
		expect_said("connection ");
		http_pass(10);
		expect_said("1006:heartbeat timeout ");
		http_take(&client.in);
		assert_true(client.in.ended);
		client_close(&client);
		finish();
	}
}

TEST(socketio0_receive, who_was_silent_may_come_back_and_is_asked_the_next_number)
{
	for (int t = 0; t < XHR_POLLING; t++) {
		serve_with(t, (rill_socketio0_times){ .heartbeat_interval_ms = 10000,
				      .timeout_ms = 8000,
				      .close_timeout_ms = 5000 });
		client_open(&client, t);
		http_pass(10000);
		http_pass(8000);
		http_take(&client.in);
		assert_true(client.in.ended);
		expect_said("connection ");
		client.frames[0] = 0;
		come(&client);
		http_pass(10000);
		expect_frames(&client, "~m~4~m~~h~2");
		http_pass(8000);
		http_pass(4990);
		expect_said("");
		http_pass(10);
		expect_said("1006:heartbeat timeout ");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_receive, without_a_timeout_heartbeats_need_no_answer)
{
	serve_with(WEBSOCKET, (rill_socketio0_times){ .heartbeat_interval_ms = 1000 });
	client_open(&client, WEBSOCKET);
	http_pass(1000);
	http_pass(1000);
	expect_frames(&client, "~m~4~m~~h~1~m~4~m~~h~2");
	expect_said("connection ");
	client_close(&client);
	finish();
}

TEST(socketio0_receive, line_ends_that_an_event_stream_would_change_leave_as_lf)
{
	EACH_TRANSPORT(t)
	{
		serve(NULL);
		client_open(&client, t);
		rill_send_text(conn, "a\r\nb\rc\nd");
		rill_socketio0_broadcast(io, RILL_ARGS(rill_text("e\r\nf")), NULL);
		expect_frames(&client, t == SERVER_EVENTS ? "~m~7~m~a\nb\nc\nd~m~3~m~e\nf"
							  : "~m~8~m~a\r\nb\rc\nd~m~4~m~e\r\nf");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_receive, a_sender_that_was_told_to_wait_is_told_when_there_is_room)
{
	static char large[60000];
	rill_server_options server;
	rill_server_options_default(&server);
	server.high_water = 50000;
	server.low_water = 1000;
	memset(large, 'x', sizeof(large) - 1);
	for (int t = XHR_POLLING; t < TRANSPORTS; t++) {
		rill_socketio0_options options = defaults();
		start(&server);
		assert_int_equal(rill_socketio0_serve(http_server, &options, &io), 0);
		client_open(&client, t);
		assert_int_equal(rill_send_text(conn, large), 1);
		expect_said("connection ");
		come(&client);
		expect_said("drain ");
		client_close(&client);
		http_end();
	}
}

/* Near max_buffered the server refuses new work. */
TEST(socketio0_receive, who_comes_for_what_waits_is_let_in_when_memory_is_short)
{
	static char large[300000];
	rill_server_options server;
	rill_server_options_default(&server);
	server.max_buffered = 300000;
	memset(large, 'x', sizeof(large) - 1);
	start(&server);
	rill_socketio0_options options = defaults();
	assert_int_equal(rill_socketio0_serve(http_server, &options, &io), 0);
	client_open(&client, XHR_POLLING);
	assert_int_equal(rill_send(conn, RILL_TEXT, large, 280000) >= 0, true);
	http_open(&peer);
	ask_by(&peer, "GET", "/socket.io/xhr-polling/", "", NULL);
	assert_int_equal(take_answer(&peer), 503);
	come(&client);
	assert_true(strlen(client.frames) > 280000);
	client_close(&client);
	finish();
}

TEST(socketio0_receive, a_slow_client_is_closed_when_too_much_waits_for_it)
{
	EACH_TRANSPORT(t)
	{
		static char large[70000];
		rill_socketio0_options options = defaults();
		*times_of(&options, t) = away(t, 5000);
		options.max_queue = 100000;
		memset(large, 'x', sizeof(large) - 1);
		serve(&options);
		client_open(&client, t);
		client_close(&client);
		assert_int_equal(rill_send_text(conn, large) >= 0, true);
		assert_int_equal(
			rill_socketio0_broadcast(io, RILL_ARGS(rill_text(large)), NULL), 0);
		http_pass(5000);
		expect_said("connection 1008: ");
		finish();
	}
}
