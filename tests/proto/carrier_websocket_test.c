/* carrier_websocket_test.c: sessions on WebSockets, framed and raw, hixie among them. */
#include "proto/session_program.h"

static struct http_peer peer;

static void connect_to(const char *path)
{
	connect_peer(&peer, path);
}

static void expect_bytes(const char *hex)
{
	http_take(&peer);
	test_expect_hex(peer.text, peer.len, hex);
	http_forget(&peer);
}

static void frame(uint8_t first, const char *payload)
{
	say_frame(&peer, first, payload);
}

static void stop_here(void)
{
	http_close(&peer);
	finish();
}

TEST(carrier_websocket, begins_with_the_opening_frame)
{
	start(NULL);
	connect_to("/ws?x");
	expect_bytes("81 01 6f");
	expect_said("open ");
	assert_string_equal(rill_conn_transport(conn), "ws");
	assert_string_equal(rl_session_url(rl_session(conn)), "ws://a/ws?x");
	assert_memory_equal(rill_conn_header(conn, "X-Kept").data, "v", 2);
	assert_string_equal(rill_conn_peer(conn), "192.0.2.1");
	assert_false(rill_conn_secure(conn));
	assert_string_equal(rill_conn_local(conn), ""); /* a unix socket */
	stop_here();
	assert_string_equal(said, "close:1006 ");
}

TEST(carrier_websocket, carries_messages_both_ways)
{
	start(NULL);
	connect_to("/ws");
	expect_bytes("81 01 6f");
	frame(0x81, "x|y||z");
	expect_said("open x y  z ");
	frame(0x81, "");
	expect_said("");
	rill_send_text(conn, "1");
	rill_send_text(conn, "2");
	expect_bytes("81 04 61 31 7c 32");
	assert_int_equal(rill_send(conn, RILL_BINARY, "x", 1), RILL_EUNSUPPORTED);
	assert_int_equal(sessions.messages_in, 4);
	assert_int_equal(sessions.messages_out, 2);
	stop_here();
}

TEST(carrier_websocket, messages_that_come_with_the_request_come_behind_the_opening)
{
	static const char request[] = "GET /ws HTTP/1.1\r\n" UPGRADE
				      "\r\n\x81\x81\0\0\0\0x";
	start(NULL);
	http_open(&peer);
	http_send_bytes(&peer, request, sizeof(request) - 1);
	expect_said("open x ");
	stop_here();
}

TEST(carrier_websocket, closed_by_the_program_it_says_so_and_closes)
{
	start(NULL);
	connect_to("/ws");
	expect_bytes("81 01 6f");
	rill_send_text(conn, "x");
	rill_close(conn, 3456, "go");
	expect_bytes("81 02 61 78  81 08 63 33 34 35 36 3a 67 6f  88 05 03 e8 62 79 65");
	expect_said("open close:3456:go ");
	assert_int_equal(sessions.closed_clean, 1);
	assert_true(rl_sessions_empty(&sessions));
	frame(0x88, "\x03\xe8");
	http_take(&peer);
	assert_true(peer.ended);
	expect_said("");
	stop_here();
}

TEST(carrier_websocket, closed_by_the_client_it_is_over)
{
	start(NULL);
	connect_to("/ws");
	expect_bytes("81 01 6f");
	frame(0x88, "\x0f\xa0why");
	expect_said("open close:4000:why ");
	assert_int_equal(sessions.closed_lost, 1);
	assert_true(rl_sessions_empty(&sessions));
	stop_here();
}

TEST(carrier_websocket, a_client_that_is_gone_ends_it)
{
	start(NULL);
	connect_to("/ws");
	expect_said("open ");
	http_close(&peer);
	expect_said("close:1006 ");
	stop_here();
}

TEST(carrier_websocket, broken_frames_close_it_with_what_the_dialect_says)
{
	start(NULL);
	connect_to("/ws");
	expect_bytes("81 01 6f");
	frame(0x81, "x|!");
	expect_bytes("88 11 0b b8 42 72 6f 6b 65 6e 20 66 72 61 6d 69 6e 67 2e");
	expect_said("open close:3000:Broken framing. ");
	assert_int_equal(sessions.closed_protocol, 1);
	stop_here();
}

TEST(carrier_websocket, a_pong_is_asked_for_now_and_then)
{
	start(NULL);
	connect_to("/ws");
	expect_bytes("81 01 6f");
	for (int i = 0; i < 3; i++) {
		http_pass(25010);
		expect_bytes("89 00");
		frame(0x8a, "");
	}
	expect_said("open ");
	http_pass(25010);
	expect_bytes("89 00");
	http_pass(9000);
	expect_said("");
	http_pass(1010);
	expect_said("close:3000:No response from heartbeat ");
	http_take(&peer);
	assert_memory_equal(peer.text + 2, "c3000:No response from heartbeat", 32);
	assert_int_equal(sessions.closed_protocol, 1);
	stop_here();
}

TEST(carrier_websocket, who_is_not_read_need_not_answer)
{
	start(NULL);
	connect_to("/ws");
	expect_bytes("81 01 6f");
	http_pass(24000);
	rill_conn_pause(conn);
	http_pass(1010);
	expect_bytes("89 00");
	frame(0x8a, "");
	http_pass(40000);
	expect_said("open ");
	rill_conn_resume(conn);
	http_turns();
	http_pass(9000);
	expect_said("");
	stop_here();
}

TEST(carrier_websocket, who_is_read_again_has_all_of_the_time_to_answer)
{
	start(NULL);
	connect_to("/ws");
	expect_bytes("81 01 6f");
	http_pass(25010);
	expect_bytes("89 00");
	rill_conn_pause(conn);
	http_pass(9900);
	rill_conn_resume(conn); /* the pong may be behind much that comes first */
	http_turns();
	http_pass(9900);
	expect_said("open ");
	http_pass(200);
	expect_said("close:3000:No response from heartbeat ");
	stop_here();
}

TEST(carrier_websocket, without_pings_in_the_version_a_frame_is_sent)
{
	start(NULL);
	http_open(&peer);
	http_send(&peer, "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: "
			 "Upgrade\r\nOrigin: http://a\r\n\r\n");
	http_expect_status(&peer, 101);
	assert_non_null(memmem(peer.text, peer.len, "\0o\xff", 3));
	http_forget(&peer);
	expect_said("open ");
	http_pass(25010);
	expect_bytes("00 68 ff");
	http_pass(25000);
	expect_bytes("00 68 ff");
	http_send_bytes(&peer, "\0hi|there\xff", 10);
	expect_said("hi there ");
	rill_close(conn, 3000, "x");
	expect_bytes("00 63 33 30 30 30 3a 78 ff");
	expect_said("close:3000:x ");
	stop_here();
}

TEST(carrier_websocket, raw_messages_stand_for_themselves)
{
	start(NULL);
	connect_to("/raw");
	expect_bytes("");
	expect_said("open ");
	frame(0x81, "x|!");
	expect_said("x|! ");
	rill_send_text(conn, "1");
	rill_send_text(conn, "2");
	expect_bytes("81 01 31 81 01 32");
	http_pass(3600 * 1000);
	expect_bytes("");
	assert_int_equal(rill_close(conn, 5, NULL), RILL_EINVAL);
	assert_int_equal(rill_close(conn, 3000, "Go away!"), 0);
	expect_bytes("88 0a 0b b8 47 6f 20 61 77 61 79 21");
	expect_said("close:3000:Go away! ");
	stop_here();
}

static void echo(rill_conn *c, rill_msg msg)
{
	assert_int_equal(rill_send_msg(c, msg), 0);
}

TEST(carrier_websocket, raw_messages_can_be_sent_back)
{
	start(NULL);
	connect_to("/raw");
	in_message = echo;
	frame(0x81, "hello");
	expect_bytes("81 05 68 65 6c 6c 6f");
	stop_here();
}

static unsigned pause_at;

static void pause_then(rill_conn *c, rill_msg msg)
{
	(void)msg;
	if (--pause_at == 0)
		rill_conn_pause(c);
}

TEST(carrier_websocket, paused_inside_a_batch_the_rest_waits_and_nothing_is_read)
{
	start(NULL);
	connect_to("/ws");
	in_message = pause_then;
	pause_at = 2;
	frame(0x81, "a|b|c|d");
	frame(0x81, "e");
	expect_said("open a b ");
	pause_at = 2;
	rill_conn_resume(conn);
	expect_said("c d ");
	rill_conn_resume(conn);
	expect_said("e ");
	frame(0x81, "f");
	expect_said("f ");
	stop_here();
}

TEST(carrier_websocket, raw_ones_can_be_paused_too)
{
	start(NULL);
	connect_to("/raw");
	in_message = pause_then;
	pause_at = 1;
	frame(0x81, "a");
	frame(0x81, "b");
	expect_said("open a ");
	rill_conn_resume(conn);
	expect_said("b ");
	stop_here();
}

static void destroy_there(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_conn_destroy(c);
}

static void close_there(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_close(c, 3000, "enough");
}

TEST(carrier_websocket, destroyed_or_closed_inside_a_batch_the_rest_is_dropped)
{
	start(NULL);
	in_message = destroy_there;
	connect_to("/ws");
	frame(0x81, "a|b");
	expect_said("open a close:1006 ");
	http_close(&peer);
	in_message = close_there;
	connect_to("/ws");
	frame(0x81, "a|b");
	frame(0x81, "c");
	expect_said("open a close:3000:enough ");
	http_close(&peer);
	in_message = destroy_there;
	connect_to("/raw");
	frame(0x81, "a");
	expect_said("open a close:1006 ");
	stop_here();
}

TEST(carrier_websocket, millions_of_messages_in_one_do_not_hold_the_loop)
{
	enum { N = 20000 };
	static uint8_t bytes[8 + 6 + N];
	start(NULL);
	say_messages = false;
	connect_to("/ws");
	memcpy(bytes, (uint8_t[]){ 0x81, 0xfe, N >> 8, N & 0xff, 0, 0, 0, 0 }, 8);
	memset(bytes + 8, '|', N);
	assert_int_equal(send(peer.fd, bytes, 8 + N, 0), 8 + N);
	assert_int_equal(rill_loop_turn(http_loop), 0);
	assert_true(sessions.messages_in > 0 && sessions.messages_in < 8192);
	for (int i = 0; i < 30; i++)
		http_turns();
	assert_int_equal(sessions.messages_in, N + 1);
	frame(0x81, "x");
	assert_int_equal(sessions.messages_in, N + 2);
	stop_here();
}

TEST(carrier_websocket, a_full_one_waits_and_says_when_it_has_drained)
{
	static char large[64 * 1024];
	rill_server_options options;
	rill_server_options_default(&options);
	options.high_water = 64 * 1024;
	options.low_water = 1024;
	start(&options);
	connect_to("/ws");
	expect_said("open ");
	size_t before = http_server->group.buffered;
	memset(large, 'x', sizeof(large) - 1);
	sessions.terms.max_queue = 0;
	int rc = 0, sent = 0;
	for (; sent < 200 && rc == 0; sent++) {
		rc = rill_send_text(conn, large);
		assert_int_equal(rill_loop_turn(http_loop), 0);
	}
	assert_int_equal(rc, 1);
	for (int i = 0; i < 5; i++, sent++)
		assert_int_equal(rill_send_text(conn, large), 1);
	assert_int_equal(rill_loop_turn(http_loop), 0);
	assert_true(rl_session(conn)->outbox.count > 0);
	http_take(&peer);
	expect_said("drain ");
	assert_int_equal(rill_conn_queued(conn), 0);
	assert_int_equal(http_server->group.buffered, before);
	stop_here();
}

TEST(carrier_websocket, a_server_that_stops_lets_sessions_say_their_last_word)
{
	start(NULL);
	connect_to("/ws");
	expect_bytes("81 01 6f");
	rill_server_stop(http_server, 10000, NULL, NULL);
	expect_said("open close:1001:going ");
	expect_bytes("81 0b 63 31 30 30 31 3a 67 6f 69 6e 67  88 05 03 e8 62 79 65");
	stop_here();
}

TEST(carrier_websocket, the_service_below_goes_behind_its_last_connection)
{
	start(NULL);
	connect_to("/ws");
	rl_websocket_part(&framed);
	rl_websocket_part(&raw);
	frame(0x81, "x");
	expect_said("open x ");
	rill_close(conn, 3000, NULL);
	http_turns();
	frame(0x88, "\x03\xe8");
	expect_said("close:3000 ");
	stop_here();
}

TEST(carrier_websocket, frames_may_come_byte_by_byte)
{
	static const uint8_t bytes[] = { 0x81, 0x83, 0, 0, 0, 0, 'x', '|', 'y' };
	start(NULL);
	connect_to("/ws");
	for (size_t i = 0; i < sizeof(bytes); i++)
		http_send_bytes(&peer, bytes + i, 1);
	expect_said("open x y ");
	stop_here();
}

TEST(carrier_websocket, who_has_much_to_take_need_not_answer_before)
{
	static char large[64 * 1024];
	start(NULL);
	sessions.terms.max_queue = 0;
	connect_to("/ws");
	memset(large, 'x', sizeof(large) - 1);
	for (int i = 0; i < 40; i++) {
		rill_send_text(conn, large);
		assert_int_equal(rill_loop_turn(http_loop), 0);
	}
	http_pass(50000);
	expect_said("open ");
	stop_here();
}

TEST(carrier_websocket, the_hub_reaches_framed_and_raw_ones)
{
	rill_hub *hub;
	start(NULL);
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	connect_to("/ws");
	expect_bytes("81 01 6f");
	rill_subscribe(hub, "t", conn, NULL);
	rill_publish(hub, "t", RILL_TEXT, "1", 1);
	rill_publish(hub, "t", RILL_TEXT, "2", 1);
	expect_bytes("81 04 61 31 7c 32");
	http_close(&peer);
	connect_to("/raw");
	rill_subscribe(hub, "t", conn, NULL);
	rill_publish(hub, "t", RILL_TEXT, "1", 1);
	rill_publish(hub, "t", RILL_TEXT, "2", 1);
	expect_bytes("81 01 31 81 01 32");
	http_close(&peer);
	rill_hub_free(hub);
	finish();
}

/* An answer or none, but never a crash, a leak, or a session that stays. */
TEST(carrier_websocket, every_allocation_may_fail)
{
	static const char request[] = "GET /ws HTTP/1.1\r\n" UPGRADE "X-Kept: v\r\n\r\n";
	for (size_t n = 1; n < 300; n++) {
		start(NULL);
		in_message = pause_then;
		pause_at = 2;
		http_open(&peer);
		test_fail_allocation(n, false);
		http_send(&peer, request);
		http_send_bytes(&peer, (uint8_t[]){ 0x81, 0x85, 0, 0, 0, 0, 'a', '|', 'b', '|', 'c' }, 11);
		if (conn) {
			rill_send_text(conn, "hello");
			rill_conn_resume(conn);
			http_turns();
		}
		http_pass(26000);
		http_pass(12000);
		bool done = !test_allocation_failed();
		test_fail_allocation(0, false);
		if (conn)
			rill_close(conn, 3000, "why");
		http_turns();
		http_close(&peer);
		http_turns();
		assert_true(rl_sessions_empty(&sessions));
		finish();
		if (done)
			return;
	}
	fail();
}

static bool tried;

static void send_without_memory_then_destroy(rill_conn *c, rill_msg msg)
{
	static char large[300 * 1024];

	(void)msg;
	memset(large, 'x', sizeof(large));
	test_fail_allocation(1, true);
	tried = rill_send(c, RILL_TEXT, large, sizeof(large)) < 0;
	test_fail_allocation(0, false);
	rill_conn_destroy(c);
}

TEST(carrier_websocket, a_raw_one_whose_loss_was_found_while_sending_may_be_destroyed)
{
	start(NULL);
	say_messages = false;
	in_message = send_without_memory_then_destroy;
	connect_to("/raw");
	frame(0x81, "a");
	expect_said("open close:1006 ");
	assert_true(tried);
	stop_here();
}
