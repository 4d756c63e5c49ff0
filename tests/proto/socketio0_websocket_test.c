/* socketio0_websocket_test.c: WebSockets of today and of 2010. */
#include <unistd.h>
#include "proto/socketio0_program.h"

static struct client client;

/* The example of the draft (hixie-76, 1.2). */
#define HIXIE76                                                                                    \
	"Upgrade: WebSocket\r\nConnection: Upgrade\r\nOrigin: http://example.com\r\n"              \
	"Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n"   \
	"Sec-WebSocket-Protocol: sample\r\n"
#define HIXIE75 "Upgrade: WebSocket\r\nConnection: Upgrade\r\nOrigin: http://example.com\r\n"

static void expect_text(const char *want)
{
	http_take(&peer);
	if (peer.len != strlen(want) + 2 || peer.text[0] != 0 ||
		memcmp(peer.text + 1, want, strlen(want)) != 0 ||
		(uint8_t)peer.text[peer.len - 1] != 0xff)
		fail_msg("want \"%s\", have %zu bytes", want, peer.len);
	drop(&peer, peer.len);
}

static void talk_hixie(void)
{
	char frame[96];
	snprintf(frame, sizeof(frame), "~m~32~m~%s", rill_socketio0_session_id(conn));
	expect_text(frame);
	http_send_bytes(&peer, "\0~m~2~m~\xf0\x9f\x98\x80\xff", 13);
	expect_said("connection <\xf0\x9f\x98\x80> ");
	rill_send_text(conn, "x");
	expect_text("~m~1~m~x");
	rill_socketio0_broadcast(io, RILL_ARGS(rill_text("y")), NULL);
	expect_text("~m~1~m~y");
	http_pass(10000);
	expect_text("~m~4~m~~h~1");
}

TEST(socketio0_websocket, draft_76_is_spoken)
{
	for (int t = 0; t < SERVER_EVENTS; t++) {
		char path[64];
		serve(NULL);
		snprintf(path, sizeof(path), "/socket.io/%s", names[t]);
		ask_by(&peer, "GET", path, HIXIE76, NULL);
		assert_int_equal(take_head(&peer), 101);
		expect_field("Sec-WebSocket-Protocol", "sample");
		expect_field("Sec-WebSocket-Origin", "http://example.com");
		expect_said("");
		http_send_bytes(&peer, "^n:ds[4U", 8);
		assert_true(peer.len > 16);
		assert_int_equal(memcmp(peer.text, "8jKS'y:G*Co,Wxa-", 16), 0);
		drop(&peer, 16);
		talk_hixie();
		http_send_bytes(&peer, "\xff\0", 2);
		expect_said("1000:client left ");
		finish();
	}
}

TEST(socketio0_websocket, draft_75_is_spoken_and_a_client_comes_back_by_it)
{
	for (int t = 0; t < SERVER_EVENTS; t++) {
		char path[64];
		rill_socketio0_options options = defaults();
		times_of(&options, t)->close_timeout_ms = 5000;
		serve(&options);
		snprintf(path, sizeof(path), "/socket.io/%s/", names[t]);
		ask_by(&peer, "GET", path, HIXIE75, NULL);
		assert_int_equal(take_head(&peer), 101);
		expect_field("WebSocket-Location",
			t ? "ws://a/socket.io/flashsocket/" : "ws://a/socket.io/websocket/");
		talk_hixie();
		http_close(&peer);
		rill_send_text(conn, "a");
		rill_send_text(conn, "b");
		http_open(&peer);
		snprintf(path, sizeof(path), "/socket.io/%s/%s", names[t],
			rill_socketio0_session_id(conn));
		ask_by(&peer, "GET", path, HIXIE75, NULL);
		assert_int_equal(take_head(&peer), 101);
		expect_text("~m~1~m~a~m~1~m~b");
		finish();
	}
}

/* Of that size it is written at once. */
TEST(socketio0_websocket, the_message_that_finds_the_connection_cut_waits_too)
{
	static char large[20000], want[sizeof(large) + 64];
	memset(large, 'x', sizeof(large) - 1);
	snprintf(want, sizeof(want), "~m~%zu~m~%s~m~1~m~a~m~1~m~b", strlen(large), large);
	rill_socketio0_options options = defaults();
	options.websocket.close_timeout_ms = 5000;
	serve(&options);
	client_open(&client, WEBSOCKET);
	close(client.in.fd); /* of which the server has not heard */
	client.in.fd = -1;
	assert_int_equal(rill_send_text(conn, large), 0);
	assert_int_equal(rill_socketio0_broadcast(io, RILL_ARGS(rill_text("a")), NULL), 0);
	http_turns();
	assert_int_equal(rill_send_text(conn, "b"), 0);
	come(&client);
	expect_frames(&client, want);
	client_close(&client);
	finish();
}

static void pause_it(rill_conn *c, const rill_msg *message)
{
	(void)message;
	rill_conn_pause(c);
}

TEST(socketio0_websocket, what_is_left_of_a_batch_waits_also_for_one_that_comes_back)
{
	rill_socketio0_options options = defaults();
	options.websocket.close_timeout_ms = 5000;
	serve(&options);
	client_open(&client, WEBSOCKET);
	in_message = pause_it;
	http_pass(10000);
	expect_frames(&client, "~m~4~m~~h~1");
	send_socket(&client.in, 0x81, "~m~1~m~a~m~4~m~~h~1~m~4~m~~j~1~m~4~m~~h~1~m~1~m~b~m~4~m~~h~1");
	expect_said("connection <a> ");
	http_pass(8000); /* its answer stands behind that */
	come(&client);
	send_socket(&client.in, 0x81, "~m~1~m~d");
	expect_said("");
	rill_conn_resume(conn);
	expect_said("json1 ");
	rill_conn_resume(conn);
	expect_said("<b> ");
	rill_conn_resume(conn);
	expect_said("<d> ");
	rill_conn_resume(conn);
	http_pass(10000);
	expect_frames(&client, "~m~4~m~~h~2");
	in_message = NULL;
	send_socket(&client.in, 0x81, "~m~4~m~~h~2~m~1~m~e");
	expect_said("<e> ");
	client_close(&client);
	finish();
}

TEST(socketio0_websocket, a_session_that_ends_before_its_challenge_comes_is_over)
{
	char path[96];
	rill_socketio0_options options = defaults();
	options.websocket.close_timeout_ms = 5000;
	serve(&options);
	client_open(&client, WEBSOCKET);
	client_close(&client);
	snprintf(path, sizeof(path), "/socket.io/websocket/%s", client.id);
	ask_by(&peer, "GET", path, HIXIE76, NULL);
	assert_int_equal(take_head(&peer), 101);
	rill_conn_destroy(conn);
	http_send_bytes(&peer, "^n:ds[4U", 8);
	assert_int_equal(peer.len, 18);
	test_expect_hex(peer.text + 16, 2, "ff00");
	expect_said("connection 1006: ");
	finish();
}

TEST(socketio0_websocket, no_client_is_made_of_a_handshake_that_ends_behind_the_service)
{
	for (int others = 0; others < 2; others++) {
		serve(NULL);
		if (others)
			client_open(&client, WEBSOCKET);
		ask_by(&peer, "GET", "/socket.io/websocket", HIXIE76, NULL);
		assert_int_equal(take_head(&peer), 101);
		rill_socketio0_detach(io, 0, NULL);
		http_turns();
		http_send_bytes(&peer, "^n:ds[4U", 8);
		assert_int_equal(peer.len, 18);
		expect_said(others ? "connection " : "");
		if (others)
			client_close(&client);
		finish();
	}
}

TEST(socketio0_websocket, the_first_subprotocol_that_is_offered_is_taken)
{
	serve(NULL);
	ask_by(&peer, "GET", "/socket.io/websocket",
		UPGRADE "Sec-WebSocket-Protocol: a, b\r\nOrigin: http://b\r\n", NULL);
	assert_int_equal(take_head(&peer), 101);
	expect_field("Sec-WebSocket-Protocol", "a");
	expect_field("Access-Control-Allow-Origin", NULL);
	finish();
}

TEST(socketio0_websocket, its_options_are_those_of_the_websockets_below)
{
	static const char *const headers[] = { "X-A: b", NULL };
	rill_websocket_options below;
	rill_websocket_options_default(&below);
	below.headers = headers;
	rill_socketio0_options options = defaults();
	options.websocket_options = &below;
	serve(&options);
	ask_by(&peer, "GET", "/socket.io/websocket",
		UPGRADE "Sec-WebSocket-Extensions: permessage-deflate\r\n", NULL);
	assert_int_equal(take_head(&peer), 101);
	expect_field("X-A", "b");
	assert_non_null(field("Sec-WebSocket-Extensions"));
	finish();
	serve(NULL);
	ask_by(&peer, "GET", "/socket.io/websocket",
		UPGRADE "Sec-WebSocket-Extensions: permessage-deflate\r\n", NULL);
	assert_int_equal(take_head(&peer), 101);
	expect_field("Sec-WebSocket-Extensions", NULL);
	finish();
}

TEST(socketio0_websocket, binary_messages_are_refused)
{
	for (int t = 0; t < SERVER_EVENTS; t++) {
		serve(NULL);
		client_open(&client, t);
		send_socket(&client.in, 0x82, "~m~1~m~a");
		expect_frames(&client, "(1003 Socket.IO of 2010 has no binary messages)");
		expect_said("connection 1002:protocol error ");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_websocket, a_version_that_nobody_speaks_is_told_which_there_is)
{
	serve(NULL);
	ask_by(&peer, "GET", "/socket.io/websocket",
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 99\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
		NULL);
	assert_int_equal(take_head(&peer), 426);
	finish();
}

static rill_hub *hub;

TEST(socketio0_websocket, what_a_hub_publishes_reaches_all_transports_in_one_form)
{
	static struct client clients[TRANSPORTS];
	serve(NULL);
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	EACH_TRANSPORT(t)
	{
		client_open(&clients[t], t);
		assert_int_equal(rill_subscribe(hub, "t", conn, NULL), 0);
	}
	rill_publish(hub, "t", RILL_TEXT, "\xf0\x9f\x98\x80", 4);
	rill_publish(hub, "t", RILL_JSON, "[\r\n1]", 5);
	EACH_TRANSPORT(t)
	expect_frames(&clients[t], "~m~2~m~\xf0\x9f\x98\x80~m~7~m~~j~[\n1]");
	EACH_TRANSPORT(t)
	client_close(&clients[t]);
	rill_hub_free(hub);
	finish();
}
