/* websocket_test.c: the WebSocket service, from the bytes of a request to the program's callbacks
 * and back. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "proto/websocket_program.h"

static void refused_options(const rill_websocket_options *options, const char *what)
{
	assert_int_equal(
		rill_websocket_serve(peer.server, "/ws", &handler, options, NULL), RILL_EINVAL);
	assert_non_null(strstr(test_log(), what));
}

TEST(websocket, options_that_make_no_sense_are_refused_by_name)
{
	rill_websocket_options options = defaults();
	start();
	options.max_message = 0;
	refused_options(&options, "max_message");
	options = defaults();
	options.deflate.level = -1;
	refused_options(&options, "deflate.level");
	options = defaults();
	options.headers = (const char *const[]){ "Upgrade: yes", NULL };
	refused_options(&options, "headers");
	options.size = 0;
	refused_options(&options, "size is not set");
	peer_stop(&peer);
}

TEST(websocket, the_example_of_the_rfc_opens)
{
	serve(NULL);
	peer_connect(&peer);
	peer_ask(&peer, "/ws/below?x=1", "");
	const char *head = peer_take_head(&peer);
	assert_non_null(strstr(head, "HTTP/1.1 101 Switching Protocols\r\n"));
	assert_non_null(strstr(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	assert_null(strstr(head, "Sec-WebSocket-Protocol"));
	assert_null(strstr(head, "Sec-WebSocket-Extensions"));
	expect_said("open ");
	assert_string_equal(rill_conn_version(conn), "hybi-13");
	assert_string_equal(rill_conn_transport(conn), "websocket");
	peer_stop(&peer);
	expect_said("close:1006: ");
}

TEST(websocket, messages_go_both_ways)
{
	serve_open(NULL);
	peer_send_frame(&peer, 0x81, "hello");
	peer_send_frame(&peer, 0x82, "bytes");
	expect_said("text:hello binary:bytes ");
	assert_int_equal(rill_send_text(conn, "hi"), 0);
	assert_int_equal(rill_send(conn, RILL_BINARY, "\x01", 1), 0);
	peer_expect_hex(&peer, "81 02 6869 82 01 01");
	peer_stop(&peer);
}

TEST(websocket, frames_behind_the_request_come_after_open)
{
	serve(NULL);
	peer_connect(&peer);
	peer_send(&peer,
		"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		"\r\n\x81\x82xxxx\x10\x11");
	expect_said("open text:hi ");
	peer_stop(&peer);
}

TEST(websocket, an_older_caller_gets_the_defaults_for_what_it_does_not_know)
{
	size_t known = offsetof(rill_websocket_options, close_timeout_ms);
	rill_websocket_options old;
	memset(&old, 0xee, sizeof(old));
	rill_websocket_options_init(&old, known);
	assert_int_equal(((uint8_t *)&old)[known], 0xee);
	old.max_message = 3;
	serve_open(&old);
	peer_send_hex(&peer, "81 84 00000000 61626364");
	expect_said("close:1009:frame length too large ");
	peer_stop(&peer);
}

TEST(websocket, options_that_make_no_sense_are_refused)
{
	rill_websocket_options zeros = { .max_message = 1000, .max_fragments = 1 };
	rill_websocket_options level = defaults();
	const char *const headers[] = { "Upgrade: no", NULL };
	rill_websocket_options upgrade = defaults();
	level.deflate.level = -1;
	upgrade.headers = headers;
	const struct {
		const rill_websocket_options *options;
		const char *word;
	} cases[] = { { &zeros, "size" }, { &level, "deflate.level" }, { &upgrade, "headers" } };
	start();
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
			rill_websocket_serve(peer.server, "/ws", &handler, cases[i].options, NULL),
			RILL_EINVAL);
		assert_non_null(strstr(test_log(), cases[i].word));
	}
	assert_int_equal(
		rill_websocket_serve(peer.server, "ws", &handler, NULL, NULL), RILL_EINVAL);
	peer_stop(&peer);
}

TEST(websocket, what_does_not_ask_for_a_websocket_passes_on)
{
	serve(NULL);
	peer_connect(&peer);
	peer_send(&peer, "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_non_null(strstr(peer_take_head(&peer), "HTTP/1.1 404 "));
	peer_stop(&peer);
}

TEST(websocket, a_bad_handshake_is_refused_with_a_sentence)
{
	serve(NULL);
	refused("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "400");
	refused("Sec-WebSocket-Protocol: a, a\r\n", "400");
	refused("Sec-WebSocket-Extensions: ;;\r\n", "400");
	refused("Content-Length: 4\r\n", "400");
	peer_stop(&peer);
}

TEST(websocket, another_version_is_told_which_there_are)
{
	rill_websocket_options options = defaults();
	for (int drafts = 0; drafts < 2; drafts++) {
		options.hybi_drafts = drafts;
		serve(&options);
		peer_connect(&peer);
		peer_send(&peer, "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
				 "Connection: Upgrade\r\nSec-WebSocket-Version: 12\r\n"
				 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
		const char *head = peer_take_head(&peer);
		assert_non_null(strstr(head, "HTTP/1.1 426 "));
		assert_non_null(strstr(head, drafts ? "Sec-WebSocket-Version: 13, 8, 7\r\n"
						    : "Sec-WebSocket-Version: 13\r\n"));
		peer_stop(&peer);
	}
}

TEST(websocket, a_handler_without_its_size_is_refused)
{
	static const rill_handler unsized = { .on_open = on_open };
	start();
	assert_int_equal(rill_websocket_serve(peer.server, "/", &unsized, NULL, NULL), RILL_EINVAL);
	assert_int_equal(rill_websocket_serve(peer.server, "/", NULL, NULL, NULL), RILL_EINVAL);
	peer_stop(&peer);
}

TEST(websocket, the_peers_close_is_answered_and_tcp_ended)
{
	serve_open(NULL);
	peer_send_hex(&peer, "88 85 00000000 0bb8 627965");
	expect_said("close:3000:bye ");
	peer_expect_hex(&peer, "88 05 0bb8 627965");
	peer_expect_end(&peer);
	peer_stop(&peer);
}

TEST(websocket, an_empty_close_is_reported_as_1005)
{
	serve_open(NULL);
	peer_send_hex(&peer, "88 80 00000000");
	expect_said("close:1005: ");
	peer_expect_hex(&peer, "88 02 03e8");
	peer_expect_end(&peer);
	peer_stop(&peer);
}

TEST(websocket, our_close_waits_for_the_peers)
{
	serve_open(NULL);
	assert_int_equal(rill_close(conn, 1000, "done"), 0);
	peer_expect_hex(&peer, "88 06 03e8 646f6e65");
	peer_send_frame(&peer, 0x81, "late");
	expect_said("");
	peer_send_hex(&peer, "88 82 00000000 03e8");
	expect_said("close:1000: ");
	peer_expect_end(&peer);
	peer_stop(&peer);
}

TEST(websocket, a_close_never_answered_ends_after_thirty_seconds)
{
	serve_open(NULL);
	rill_close(conn, 1000, NULL);
	peer_expect_hex(&peer, "88 02 03e8");
	peer_pass(&peer, 29 * 1000);
	expect_said("");
	peer_pass(&peer, 2 * 1000);
	expect_said("close:1006: ");
	peer_expect_end(&peer);
	peer_stop(&peer);
}

TEST(websocket, a_lost_connection_closes_with_1006)
{
	serve_open(NULL);
	peer_leave(&peer);
	peer_turn(&peer);
	expect_said("close:1006: ");
	peer_stop(&peer);
}

TEST(websocket, a_broken_frame_is_answered_with_its_code_and_told)
{
	serve_open(NULL);
	peer_send_hex(&peer, "83");
	peer_expect_hex(&peer, "88 10 03ea 756e6b6e6f776e206f70636f6465");
	expect_said("close:1002:unknown opcode ");
	peer_expect_end(&peer);
	assert_non_null(strstr(test_log(), "1002"));
	peer_stop(&peer);
}

TEST(websocket, pings_are_answered_in_order)
{
	serve_open(NULL);
	peer_send_hex(&peer, "89 81 00000000 61 89 80 00000000 89 81 00000000 62");
	peer_expect_hex(&peer, "8a 01 61 8a 00 8a 01 62");
	peer_stop(&peer);
}

static void pause_it(rill_conn *c)
{
	rill_conn_pause(c);
}

TEST(websocket, a_paused_connection_delivers_nothing_and_loses_nothing)
{
	serve_open(NULL);
	in_message = pause_it;
	peer_send_hex(&peer, "81 81 00000000 61 81 81 00000000 62 81 81 00000000 63");
	expect_said("text:a ");
	rill_conn_resume(conn);
	expect_said("");
	peer_turn(&peer);
	expect_said("text:b ");
	in_message = NULL;
	rill_conn_resume(conn);
	peer_turn(&peer);
	expect_said("text:c ");
	peer_stop(&peer);
}

TEST(websocket, one_that_is_closed_while_paused_still_sees_the_answer)
{
	serve_open(NULL);
	rill_conn_pause(conn);
	rill_close(conn, 1000, NULL);
	peer_expect_hex(&peer, "88 02 03e8");
	peer_send_hex(&peer, "81 81 00000000 61 88 82 00000000 03e8");
	expect_said("close:1000: ");
	peer_stop(&peer);
}

static void destroy_it(rill_conn *c)
{
	rill_conn_destroy(c);
	say("destroyed ");
}

static void close_it(rill_conn *c)
{
	assert_int_equal(rill_close(c, 1001, NULL), 0);
}

TEST(websocket, destroying_inside_open_and_message_is_fine)
{
	serve(NULL);
	in_open = destroy_it;
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "");
	expect_said("open destroyed close:1006: ");
	in_open = NULL;
	in_message = destroy_it;
	peer_open(&peer, "/ws", "");
	peer_send_hex(&peer, "81 81 00000000 61 81 81 00000000 62");
	expect_said("open text:a destroyed close:1006: ");
	peer_expect_end(&peer);
	peer_stop(&peer);
}

TEST(websocket, closing_inside_open_and_message_is_fine)
{
	serve(NULL);
	in_open = close_it;
	peer_open(&peer, "/ws", "");
	peer_expect_hex(&peer, "88 02 03e9");
	peer_send_hex(&peer, "88 82 00000000 03e9");
	expect_said("open close:1001: ");
	in_open = NULL;
	in_message = close_it;
	peer_open(&peer, "/ws", "");
	peer_send_hex(&peer, "81 81 00000000 61 81 81 00000000 62");
	peer_expect_hex(&peer, "88 02 03e9");
	expect_said("open text:a ");
	peer_stop(&peer);
}

TEST(websocket, automatic_pings_count_and_a_missing_pong_cuts)
{
	rill_websocket_options options = defaults();
	options.ping_interval_ms = 1000;
	options.pong_timeout_ms = 500;
	serve_open(&options);
	peer_pass(&peer, 1000);
	peer_expect_hex(&peer, "89 01 31");
	peer_send_hex(&peer, "8a 81 00000000 31");
	peer_pass(&peer, 1000);
	peer_expect_hex(&peer, "89 01 32");
	peer_pass(&peer, 499);
	expect_said("");
	peer_pass(&peer, 2);
	expect_said("close:1006: ");
	peer_stop(&peer);
}

TEST(websocket, a_message_over_the_limit_closes_with_1009)
{
	rill_websocket_options options = defaults();
	options.max_message = 4;
	serve_open(&options);
	peer_send_frame(&peer, 0x81, "four");
	peer_send_hex(&peer, "81 85");
	expect_said("text:four close:1009:frame length too large ");
	peer_stop(&peer);
}

TEST(websocket, pieces_are_handed_out_as_they_come)
{
	rill_websocket_options options = defaults();
	options.pieces = true;
	serve_open(&options);
	peer_send_hex(&peer, "01 82 00000000 6162");
	peer_send_hex(&peer, "80 81 00000000 63");
	expect_said("text:ab+ text:c ");
	peer_stop(&peer);
}

TEST(websocket, a_message_can_be_sent_in_pieces)
{
	serve_open(NULL);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "a", 1, false), 0);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "b", 1, false), 0);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "c", 1, true), 0);
	peer_expect_hex(&peer, "01 01 61 00 01 62 80 01 63");
	peer_stop(&peer);
}

TEST(websocket, a_queue_that_is_full_refuses_and_an_empty_one_takes_anything)
{
	rill_websocket_options options = defaults();
	options.max_queue = 1000;
	serve_open(&options);
	static char big[4000];
	memset(big, 'x', sizeof(big));
	assert_int_equal(rill_send(conn, RILL_TEXT, big, sizeof(big)), 0);
	assert_true(rill_conn_queued(conn) >= sizeof(big));
	assert_int_equal(rill_send(conn, RILL_TEXT, big, 1), RILL_ETOOBIG);
	peer_turn(&peer);
	assert_int_equal(rill_conn_queued(conn), 0);
	assert_int_equal(rill_send(conn, RILL_TEXT, big, 1), 0);
	peer_stop(&peer);
}

TEST(websocket, a_send_above_the_water_mark_is_told_when_it_has_sunk)
{
	rill_server_options server;
	rill_server_options_default(&server);
	server.high_water = 100 * 1000;
	server.low_water = 10 * 1000;
	said[0] = 0;
	in_open = in_message = NULL;
	peer_start(&peer, &server);
	assert_int_equal(rill_websocket_serve(peer.server, "/ws", &handler, NULL, NULL), 0);
	peer_open(&peer, "/ws", "");
	static char big[8000];
	memset(big, 'x', sizeof(big));
	int rc = 0, sent = 0;
	for (; rc == 0 && sent < 100; sent++)
		rc = rill_send(conn, RILL_BINARY, big, sizeof(big));
	assert_int_equal(rc, 1);
	expect_said("open ");
	for (size_t got = 0; got < (size_t)sent * (sizeof(big) + 4); peer.in_len = 0) {
		peer_turn(&peer);
		assert_true(peer.in_len > 0);
		got += peer.in_len;
	}
	expect_said("drain ");
	peer_stop(&peer);
}

TEST(websocket, a_large_message_comes_whole_however_it_is_cut)
{
	enum { SIZE = 200 * 1000 };
	static uint8_t frame[SIZE + 14];
	serve_open(NULL);
	memcpy(frame,
		(uint8_t[14]){ 0x82, 0xff, 0, 0, 0, 0, 0, SIZE >> 16, SIZE >> 8 & 255, SIZE & 255 },
		14);
	peer_send_bytes(&peer, frame, 7);
	peer_send_bytes(&peer, frame + 7, 60000);
	peer_send_bytes(&peer, frame + 60007, sizeof(frame) - 60007);
	expect_said("message:200000 bytes ");
	peer_send_frame(&peer, 0x81, "next");
	expect_said("text:next ");
	peer_stop(&peer);
}

static rill_msg kept;

static void keep_message(rill_conn *c, rill_msg msg)
{
	assert_int_equal(rill_msg_keep(c, &msg), 0);
	kept = msg;
}

TEST(websocket, a_kept_message_can_be_sent_back_after_its_callback)
{
	static const rill_handler keeper = {
		.size = sizeof(keeper),
		.on_open = on_open,
		.on_message = keep_message,
	};
	start();
	assert_int_equal(rill_websocket_serve(peer.server, "/ws", &keeper, NULL, NULL), 0);
	peer_open(&peer, "/ws", "");
	peer_send_hex(&peer, "01 81 00000000 61 80 81 00000000 62");
	assert_int_equal(rill_send_msg(conn, kept), 0);
	rill_msg_release(kept);
	peer_expect_hex(&peer, "81 02 6162");
	peer_stop(&peer);
}

static void send_back(rill_conn *c, rill_msg msg)
{
	rill_send_msg(c, msg);
}

TEST(websocket, an_answer_to_what_came_with_a_half_close_still_goes_out)
{
	static const rill_handler echo = {
		.size = sizeof(echo),
		.on_open = on_open,
		.on_message = send_back,
		.on_close = on_close,
	};
	start();
	assert_int_equal(rill_websocket_serve(peer.server, "/ws", &echo, NULL, NULL), 0);
	peer_open(&peer, "/ws", "");
	assert_int_equal(send(peer.fd, "\x81\x82xxxx\x10\x11", 8, 0), 8);
	assert_int_equal(shutdown(peer.fd, SHUT_WR), 0);
	peer_turn(&peer);
	expect_said("open close:1006: ");
	peer_expect_hex(&peer, "81 02 6869");
	peer_expect_end(&peer);
	peer_stop(&peer);
}

TEST(websocket, deflate_is_agreed_and_used_from_its_threshold_to_its_ceiling)
{
	rill_websocket_options options = defaults();
	options.deflate.threshold = 3;
	options.deflate.ceiling = 5;
	serve(&options);
	peer_connect(&peer);
	peer_ask(&peer, "/ws",
		"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n");
	assert_non_null(
		strstr(peer_take_head(&peer), "Sec-WebSocket-Extensions: permessage-deflate"));
	assert_non_null(strstr(rill_conn_extensions(conn), "permessage-deflate"));
	peer_send_hex(&peer, "c1 87 00000000 f248cdc9c90700");
	expect_said("open text:Hello ");
	assert_int_equal(rill_send_text(conn, "Hello"), 0);
	peer_expect_hex(&peer, "c1 07 f248cdc9c90700");
	assert_int_equal(rill_send_text(conn, "He"), 0);
	peer_expect_hex(&peer, "81 02 4865");
	assert_int_equal(rill_send_text(conn, "Hello!"), 0);
	peer_expect_hex(&peer, "81 06 48656c6c6f21");
	peer_stop(&peer);
}

TEST(websocket, deflate_can_be_switched_off)
{
	rill_websocket_options options = defaults();
	options.deflate.enabled = false;
	serve(&options);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
	assert_null(strstr(peer_take_head(&peer), "Sec-WebSocket-Extensions"));
	peer_stop(&peer);
}

static void note_frame(rill_conn *c, const rill_frame *frame, void *user)
{
	(void)c;
	(void)user;
	say("%s%x%s:%u:%.*s ", frame->out ? ">" : "<", frame->opcode, frame->fin ? "" : "+",
		(unsigned)frame->len, (int)frame->payload.len, (const char *)frame->payload.data);
}

static void trace_it(rill_conn *c)
{
	assert_int_equal(rill_conn_trace(c, note_frame, NULL), 0);
}

TEST(websocket, the_tap_sees_each_frame_both_ways_however_it_is_cut)
{
	serve(NULL);
	in_open = trace_it;
	peer_open(&peer, "/ws", "");
	peer_send_hex(&peer, "01 82 01010101 6063 8980 00000000 80");
	peer_send_hex(&peer, "81 0000");
	peer_send_hex(&peer, "0000 63");
	expect_said("open <1+:2:ab <9:0: >a:0: <0:1:c text:abc ");
	rill_send_text(conn, "out");
	expect_said(">1:3:out ");
	rill_close(conn, 1000, NULL);
	expect_said(">8:2:\x03\xe8 ");
	peer_stop(&peer);
}

static void send_hello(rill_conn *c, const rill_frame *frame, void *user)
{
	(void)c;
	if (frame->out)
		assert_int_equal(rill_send_text(user, "Hello"), 0);
}

TEST(websocket, a_tap_may_send_on_another_connection)
{
	rill_websocket_options options = defaults();
	options.deflate.threshold = 3;
	serve(&options);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
	peer_take_head(&peer);
	struct peer viewer = peer;
	rill_conn *view = conn;
	peer.fd = -1;
	peer_open(&peer, "/ws", "");
	assert_int_equal(rill_conn_trace(conn, send_hello, view), 0);
	peer_send_frame(&peer, 0x89, "ping");
	peer_expect_hex(&peer, "8a 04 70696e67");
	peer_expect_idle(&peer);
	peer_expect_hex(&viewer, "c1 07 f248cdc9c90700");
	peer_expect_idle(&viewer);
	peer_leave(&viewer);
	peer_stop(&peer);
}

TEST(websocket, hixie_75_opens_talks_and_closes)
{
	rill_websocket_options options = defaults();
	options.hixie_drafts = true;
	serve(&options);
	peer_connect(&peer);
	peer_send(&peer,
		"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
		"Origin: http://a\r\n\r\n");
	assert_non_null(strstr(peer_take_head(&peer), "101 Web Socket Protocol Handshake\r\n"));
	expect_said("open ");
	assert_string_equal(rill_conn_version(conn), "hixie-75");
	peer_send_hex(&peer, "00 6869 ff");
	expect_said("text:hi ");
	assert_int_equal(rill_send_text(conn, "ho"), 0);
	assert_int_equal(rill_send(conn, RILL_BINARY, "x", 1), RILL_EUNSUPPORTED);
	assert_int_equal(rill_ping(conn, NULL, 0, NULL, NULL), RILL_EUNSUPPORTED);
	peer_expect_hex(&peer, "00 686f ff");
	rill_close(conn, 1000, NULL);
	expect_said("");
	peer_expect_end(&peer);
	expect_said("close:1005: ");
	peer_stop(&peer);
}

/* The draft's sample, with four of the eight bytes of its challenge. */
static void ask_for_hixie_76(void)
{
	rill_websocket_options options = defaults();
	options.hixie_drafts = true;
	serve(&options);
	peer_connect(&peer);
	peer_send(&peer,
		"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n"
		"Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n^n:d");
}

TEST(websocket, hixie_76_opens_when_its_challenge_is_in)
{
	ask_for_hixie_76();
	assert_non_null(strstr(peer_take_head(&peer), "101 WebSocket Protocol Handshake\r\n"));
	peer_expect_idle(&peer);
	expect_said("");
	peer_send(&peer, "s[4U");
	peer_expect_text(&peer, "8jKS'y:G*Co,Wxa-");
	expect_said("open ");
	peer_send_hex(&peer, "ff 00");
	peer_expect_hex(&peer, "ff 00");
	expect_said("close:1005: ");
	peer_expect_end(&peer);
	peer_stop(&peer);
}

TEST(websocket, hixie_76_is_cut_when_its_challenge_does_not_come_in_the_time_of_a_head)
{
	ask_for_hixie_76();
	peer_take_head(&peer);
	peer_pass(&peer, 19000);
	peer_expect_idle(&peer);
	peer_pass(&peer, 2000);
	peer_expect_end(&peer);
	expect_said("");
	peer_stop(&peer);
}

TEST(websocket, hixie_76_has_all_the_time_once_its_challenge_is_in)
{
	ask_for_hixie_76();
	peer_take_head(&peer);
	peer_send(&peer, "s[4U");
	peer_expect_text(&peer, "8jKS'y:G*Co,Wxa-");
	peer_pass(&peer, 60000);
	expect_said("open ");
	peer_expect_idle(&peer);
	peer_stop(&peer);
	expect_said("close:1006: ");
}

TEST(websocket, stopping_the_server_says_going_away)
{
	serve_open(NULL);
	rill_server_stop(peer.server, 5000, NULL, NULL);
	peer_turn(&peer);
	assert_int_equal(peer.in[0], 0x88);
	test_expect_hex(peer.in + 2, 2, "03e9");
	peer.in_len = 0;
	peer_send_hex(&peer, "88 82 00000000 03e9");
	expect_said("close:1001: ");
	peer_expect_end(&peer);
	peer_stop(&peer);
}

TEST(websocket, a_stop_cuts_what_does_not_answer)
{
	serve_open(NULL);
	rill_server_stop(peer.server, 1000, NULL, NULL);
	peer_pass(&peer, 1001);
	expect_said("close:1006: ");
	peer_stop(&peer);
}

TEST(websocket, a_destroyed_connection_that_was_not_told_yet_is_told_by_a_server_that_goes)
{
	serve_open(NULL);
	rill_conn_destroy(conn);
	expect_said("");
	peer_stop(&peer);
	expect_said("close:1006: ");
}

TEST(websocket, a_detached_service_takes_no_more_and_its_connections_live_on)
{
	rill_websocket *service = serve_open(NULL);
	struct peer first = peer;
	peer.fd = -1;
	rill_websocket_detach(service, 0, NULL);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "");
	assert_non_null(strstr(peer_take_head(&peer), "404 "));
	peer_send_frame(&first, 0x81, "still");
	expect_said("text:still ");
	peer_leave(&first);
	peer_turn(&peer);
	expect_said("close:1006: ");
	peer_stop(&peer);
}

TEST(websocket, detaching_with_a_code_closes_its_connections)
{
	rill_websocket *service = serve_open(NULL);
	rill_websocket_detach(service, 1012, "restart");
	peer_expect_hex(&peer, "88 09 03f4 72657374617274");
	peer_send_hex(&peer, "88 82 00000000 03f4");
	expect_said("close:1012: ");
	peer_stop(&peer);
}

static void count_one(rill_conn *c, void *user)
{
	(void)c;
	++*(int *)user;
}

TEST(websocket, services_count_what_happens)
{
	rill_websocket *service = serve_open(NULL);
	rill_websocket_stats stats = { .size = sizeof(stats) };
	int open = 0;
	peer_send_frame(&peer, 0x81, "abc");
	rill_websocket_each(service, count_one, &open);
	assert_int_equal(open, 1);
	rill_websocket_read_stats(service, &stats);
	assert_int_equal(stats.open, 1);
	assert_int_equal(stats.messages_in, 1);
	assert_int_equal(stats.bytes_in, 3);
	peer_send_hex(&peer, "88 80 00000000");
	peer_open(&peer, "/ws", "");
	peer_send_hex(&peer, "83");
	said[0] = 0;
	refused("Sec-WebSocket-Key: x\r\n", "400");
	rill_websocket_read_stats(service, &stats);
	assert_int_equal(stats.open, 0);
	assert_int_equal(stats.opened, 2);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.messages_in, 1);
	assert_int_equal(stats.closed_clean, 1);
	assert_int_equal(stats.closed_protocol, 1);
	peer_stop(&peer);
}

TEST(websocket, unread_pongs_stop_the_reading)
{
	serve_open(NULL);
	/* A peer that pings and does not read: the kernel's buffers fill, then ours may not. */
	static uint8_t pings[131 * 256];
	size_t sent = 0, most = 0;
	for (size_t i = 0; i < sizeof(pings); i += 131) {
		memset(pings + i, 0, 131);
		pings[i] = 0x89;
		pings[i + 1] = 0xfd;
	}
	for (int stuck = 0; stuck < 50;) {
		ssize_t n = send(peer.fd, pings, sizeof(pings), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			/* keep whole pings: what was cut is completed */
			size_t rest = ((size_t)n + 130) / 131 * 131 - (size_t)n;
			for (size_t done = 0; done < rest;) {
				ssize_t m = send(peer.fd, pings + 131 - rest + done, rest - done,
					MSG_NOSIGNAL | MSG_DONTWAIT);
				if (m > 0)
					done += (size_t)m;
				else if (++stuck == 50)
					break;
				rill_loop_turn(peer.loop);
			}
			sent += (size_t)n + rest;
			stuck = 0;
		} else {
			stuck++;
		}
		rill_loop_turn(peer.loop);
		if (conn && rill_conn_queued(conn) > most)
			most = rill_conn_queued(conn);
		assert_true(sent < 64 * 1024 * 1024);
	}
	assert_non_null(conn);
	assert_true(most < 256 * 1024);
	peer_stop(&peer);
}

static void whole_life(void *unused)
{
	(void)unused;
	rill_loop_options options;
	rill_server *server = NULL;
	rill_loop *loop = NULL;
	int fds[2];
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	said[0] = 0;
	in_open = in_message = NULL;
	if (rill_loop_new(&loop, &options) < 0)
		return;
	static const char request[] =
		"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
		"\x01\x81\0\0\0\0a\x80\x81\0\0\0\0b\x88\x80\0\0\0\0";
	if (rill_server_new(&server, loop, NULL) == 0 &&
		rill_websocket_serve(server, "/ws", &handler, NULL, NULL) == 0 &&
		socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0) {
		if (rill_server_adopt(server, fds[1], request, sizeof(request) - 1) < 0)
			close(fds[1]);
		for (int i = 0; i < 4; i++)
			rill_loop_turn(loop);
		close(fds[0]);
		for (int i = 0; i < 4; i++)
			rill_loop_turn(loop);
	}
	rill_server_free(server);
	rill_loop_free(loop);
	/* Whatever failed: who was told of an opening was told of the end. */
	if (strstr(said, "open"))
		assert_non_null(strstr(said, "close:"));
	else
		assert_string_equal(said, "");
}

TEST(websocket, each_failing_allocation_is_survived)
{
	test_each_failing_allocation(whole_life, NULL);
}
