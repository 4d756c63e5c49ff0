/* sockjs_websocket_test.c: framed and raw WebSockets. */
#include "conn/no_json.h"
#include "proto/sockjs_program.h"

#define FIELDS                                                                                     \
	"Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"                                \
	"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"
#define UPGRADE FIELDS "Sec-WebSocket-Version: 13\r\n"
#define FRAMED  "/echo/000/s/websocket"
#define RAW     "/echo/websocket"

static void upgrade(const char *path)
{
	ask_by(&peer, "GET", path, UPGRADE, NULL);
	http_take(&peer);
	char *end = peer.text ? strstr(peer.text, "\r\n\r\n") : NULL;
	assert_non_null(end);
	snprintf(head, sizeof(head), "%.*s", (int)(end + 2 - peer.text), peer.text);
	drop(&peer, (size_t)(end + 4 - peer.text));
	assert_int_equal(strncmp(head, "HTTP/1.1 101 ", 13), 0);
}

/* A short frame as a client sends it, masked with 00 00 00 00. */
static void send_frame(uint8_t first, const char *text)
{
	uint8_t bytes[200] = { first, (uint8_t)(0x80 | strlen(text)) };
	assert_true(strlen(text) < 126);
	memcpy(bytes + 6, text, strlen(text));
	http_send_bytes(&peer, bytes, 6 + strlen(text));
}

/* The next short frame is this. */
static void expect_frame(uint8_t first, const void *text, size_t len)
{
	http_take(&peer);
	if (peer.len < 2)
		fail_msg("no frame, want \"%s\"", (const char *)text);
	assert_int_equal((uint8_t)peer.text[0], first);
	assert_int_equal((uint8_t)peer.text[1], len);
	assert_true(peer.len >= 2 + len);
	test_expect_text(peer.text + 2, len, text);
	drop(&peer, 2 + len);
}

static void expect_text(const char *text)
{
	expect_frame(0x81, text, strlen(text));
}

static void expect_close(int code, const char *reason)
{
	char text[130];
	snprintf(text, sizeof(text), "%c%c%s", code >> 8, code & 255, reason);
	http_take(&peer);
	assert_true(peer.len >= 2 + 2 + strlen(reason));
	assert_int_equal((uint8_t)peer.text[0], 0x88);
	assert_int_equal(peer.text[1], 2 + strlen(reason));
	assert_int_equal((uint8_t)peer.text[2] << 8 | (uint8_t)peer.text[3], code);
	test_expect_text(peer.text + 4, strlen(reason), reason);
	drop(&peer, 4 + strlen(reason));
	assert_int_equal(peer.len, 0);
}

static void open_framed(void)
{
	upgrade(FRAMED);
	expect_text("o");
	expect_said("open ");
}

static void open_raw(void)
{
	upgrade(RAW);
	expect_said("open ");
	assert_int_equal(peer.len, 0);
}

TEST(sockjs_websocket, what_asks_for_none_is_told_so)
{
	static const char *const fields[] = { "", "Upgrade: websocket\r\nConnection: close\r\n",
		"Connection: Upgrade\r\n", "Connection: Upgrade\r\nUpgrade: h2c\r\n",
		"Sec-WebSocket-Version: 13\r\n" };
	serve(NULL);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		bool ends = strstr(fields[i], "Upgrade: ");
		for (int k = 0; k < 2; k++) {
			ask_by(&peer, "GET", k ? RAW : FRAMED, fields[i], NULL);
			expect_answer(&peer, 400, "Not a valid websocket request");
			expect_field("Content-Type", "text/plain; charset=UTF-8");
			expect_field("Connection", ends ? "close" : NULL);
			http_close(&peer);
			http_open(&peer);
		}
	}
	finish();
}

TEST(sockjs_websocket, other_versions_are_refused)
{
	static const char *const versions[] = { "", "Sec-WebSocket-Version: 8\r\n",
		"Sec-WebSocket-Version: 7\r\n", "Sec-WebSocket-Version: 25\r\n" };
	char fields[512];
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		serve(NULL);
		snprintf(fields, sizeof(fields), FIELDS "%s", versions[i]);
		ask_by(&peer, "GET", RAW, fields, NULL);
		expect_answer(&peer, 400, "Only supported WebSocket protocol is RFC 6455.");
		http_close(&peer);
		http_open(&peer);
		ask_by(&peer, "GET", FRAMED, fields, NULL);
		assert_int_equal(take_answer(&peer), 426);
		expect_field("Sec-WebSocket-Version", "13");
		finish();
	}
}

TEST(sockjs_websocket, a_framed_one_says_o_and_its_messages_stand_in_arrays)
{
	serve(NULL);
	open_framed();
	expect_field("Sec-WebSocket-Accept", "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
	expect_field("Content-Length", NULL);
	expect_field("Set-Cookie", NULL);
	expect_field("Sec-WebSocket-Extensions", NULL);
	assert_string_equal(rill_conn_transport(conn), "websocket");
	send_frame(0x81, "[\"a\",\"b\"]");
	send_frame(0x81, "\"c\"");
	send_frame(0x81, "");
	send_frame(0x81, "[]");
	send_frame(0x81, "5");
	expect_said("<a> <b> <c> <5> ");
	rill_send_text(conn, "x");
	rill_send_text(conn, "\xf0\x9f\x98\x80");
	expect_text("a[\"x\",\"\\ud83d\\ude00\"]");
	assert_string_equal(rill_sockjs_url(conn), "ws://a" FRAMED);
	finish();
}

TEST(sockjs_websocket, a_program_closes_a_framed_one_by_a_frame_and_then_in_order)
{
	serve(NULL);
	open_framed();
	rill_send_text(conn, "x");
	rill_close(conn, 3000, "Go away!");
	expect_text("a[\"x\"]");
	expect_text("c[3000,\"Go away!\"]");
	expect_close(1000, "Normal closure");
	expect_said("close:3000:Go away! ");
	finish();
}

TEST(sockjs_websocket, a_raw_one_has_no_frames_of_its_own)
{
	serve(NULL);
	open_raw();
	assert_string_equal(rill_conn_transport(conn), "websocket-raw");
	send_frame(0x81, "[\"a\",\"b\"]");
	send_frame(0x81, "");
	send_frame(0x81, "\xef\xbf\xbf");
	expect_said("<[\"a\",\"b\"]> <> <\xef\xbf\xbf> ");
	rill_send_text(conn, "x");
	rill_send_text(conn, "");
	expect_text("x");
	expect_text("");
	http_pass(60000); /* and no sign of life */
	assert_int_equal(peer.len, 0);
	rill_close(conn, 3000, "Go away!");
	expect_close(3000, "Go away!");
	expect_said("close:3000:Go away! ");
	finish();
}

TEST(sockjs_websocket, a_raw_one_carries_no_half_of_a_surrogate_pair)
{
	serve(NULL);
	open_raw();
	assert_int_equal(rill_send(conn, RILL_TEXT, "\xed\xa0\x80", 3), RILL_EUTF8);
	assert_int_equal(rill_send(conn, RILL_BINARY, "x", 1), RILL_EUNSUPPORTED);
	finish();
	serve(NULL);
	open_framed();
	assert_int_equal(rill_send(conn, RILL_TEXT, "\xed\xa0\x80", 3), 0);
	assert_int_equal(rill_send(conn, RILL_BINARY, "x", 1), RILL_EUNSUPPORTED);
	expect_text("a[\"\\ud800\"]");
	send_frame(0x81, "[\"\\udfff\"]");
	expect_said("<\xed\xbf\xbf> ");
	finish();
}

TEST(sockjs_websocket, binary_messages_close_it)
{
	serve(NULL);
	open_framed();
	send_frame(0x82, "[\"a\"]");
	expect_close(1003, "SockJS has no binary messages");
	expect_said("close:1003:SockJS has no binary messages ");
	http_close(&peer);
	http_open(&peer);
	open_raw();
	send_frame(0x82, "a");
	expect_close(1003, "SockJS has no binary messages");
	expect_said("close:1003:SockJS has no binary messages ");
	finish();
}

TEST(sockjs_websocket, broken_json_closes_a_framed_one)
{
	static const char *const bad[] = { "[\"a", "[\"a\"]x", "a", " ", "[\"a\",]" };
	rill_sockjs_stats stats = { .size = sizeof(stats) };
	serve(NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		open_framed();
		send_frame(0x81, bad[i]);
		expect_close(3000, "Broken framing.");
		expect_said("close:3000:Broken framing. ");
		http_close(&peer);
		http_open(&peer);
	}
	rill_sockjs_read_stats(service, &stats);
	assert_int_equal(stats.closed_protocol, 5);
	finish();
}

TEST(sockjs_websocket, a_message_above_the_limit_closes_it)
{
	rill_sockjs_options options = defaults();
	options.max_body = 8;
	serve(&options);
	open_framed();
	send_frame(0x81, "[\"1234\"]");
	send_frame(0x81, "[\"12345\"]");
	http_take(&peer);
	assert_int_equal((uint8_t)peer.text[0], 0x88);
	assert_int_equal((uint8_t)peer.text[2] << 8 | (uint8_t)peer.text[3], 1009);
	http_turns();
	assert_non_null(strstr(said, "<1234> close:1009:"));
	finish();
}

TEST(sockjs_websocket, it_is_over_when_its_client_closes_it_or_leaves)
{
	serve(NULL);
	open_framed();
	send_frame(0x88, "\x03\xe8"
			 "bye");
	expect_close(1000, "bye");
	expect_said("close:1000:bye ");
	http_close(&peer);
	http_open(&peer);
	open_framed();
	http_close(&peer);
	expect_said("close:1006: ");
	http_open(&peer);
	open_raw();
	http_close(&peer);
	expect_said("close:1006: ");
	http_end();
}

TEST(sockjs_websocket, what_comes_glued_to_the_handshake_is_taken_behind_the_opening)
{
	static const char request[] = "GET " FRAMED " HTTP/1.1\r\nHost: a\r\n" UPGRADE "\r\n"
				      "\x81\x85\0\0\0\0[\"a\"]";
	serve(NULL);
	http_send_bytes(&peer, request, sizeof(request) - 1);
	expect_said("open <a> ");
	char *end = strstr(peer.text, "\r\n\r\n");
	drop(&peer, (size_t)(end + 4 - peer.text));
	expect_text("o");
	finish();
}

TEST(sockjs_websocket, ids_mean_nothing_on_a_websocket)
{
	struct http_peer first;
	serve(NULL);
	open_framed();
	first = peer;
	http_open(&peer);
	open_framed();
	send_to_session("[\"a\"]", 404, NOT_FOUND);
	expect_said("");
	http_close(&first);
	expect_said("close:1006: ");
	finish();
}

TEST(sockjs_websocket, signs_of_life_are_pings_and_without_a_pong_it_is_closed)
{
	serve(NULL);
	open_framed();
	http_pass(25000);
	expect_frame(0x89, "", 0);
	send_frame(0x8a, "");
	http_pass(25000);
	expect_frame(0x89, "", 0);
	http_pass(10000);
	expect_text("c[3000,\"No response from heartbeat\"]");
	expect_close(1000, "Normal closure");
	expect_said("close:3000:No response from heartbeat ");
	finish();
}

/* The example of the draft (hixie-76, 1.2). */
#define HIXIE                                                                                      \
	"Connection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://example.com\r\n"              \
	"Sec-WebSocket-Key1: 18x 6]8vM;54 *(5:  {   U1]8  z [  8\r\n"                              \
	"Sec-WebSocket-Key2: 1_ tx7X d  <  nw  334J702) 7]o}` 0\r\n"

TEST(sockjs_websocket, hixie_76_is_answered_before_its_eight_bytes_as_old_balancers_want_it)
{
	serve(NULL);
	ask_by(&peer, "GET", FRAMED, HIXIE, NULL);
	assert_non_null(strstr(http_take(&peer), "HTTP/1.1 101 WebSocket Protocol Handshake\r\n"));
	assert_non_null(
		strstr(http_take(&peer), "\r\nSec-WebSocket-Location: ws://a" FRAMED "\r\n"));
	expect_said("");
	http_forget(&peer);
	http_send(&peer, "Tm[K T2u");
	expect_said("open ");
	test_expect_text(peer.text, 16, "fQJ,fN/4F4!~K~MH");
	drop(&peer, 16);
	assert_int_equal(peer.len, 3);
	assert_memory_equal(peer.text, "\0o\xff", 3);
	drop(&peer, 3);
	http_send_bytes(&peer, "\0[\"a\"]\xff", 7);
	expect_said("<a> ");
	rill_close(conn, 3000, "x");
	http_take(&peer);
	assert_memory_equal(peer.text, "\0c[3000,\"x\"]\xff\xff\0", 15);
	expect_said("close:3000:x ");
	finish();
}

TEST(sockjs_websocket, hixie_is_not_for_raw_ones_and_may_be_switched_off)
{
	rill_websocket_options websocket;
	rill_sockjs_options options = defaults();
	serve(NULL);
	ask_by(&peer, "GET", RAW, HIXIE, NULL);
	expect_answer(&peer, 400, "Only supported WebSocket protocol is RFC 6455.");
	finish();
	rill_websocket_options_default(&websocket);
	options.websocket_options = &websocket;
	serve(&options);
	ask_by(&peer, "GET", FRAMED, HIXIE, NULL);
	assert_int_equal(take_answer(&peer), 400);
	finish();
}

TEST(sockjs_websocket, its_options_may_bring_extensions_and_fields)
{
	static const char *const headers[] = { "X-One: 1", NULL };
	rill_websocket_options websocket;
	rill_sockjs_options options = defaults();
	rill_websocket_options_default(&websocket);
	websocket.headers = headers;
	options.websocket_options = &websocket;
	serve(&options);
	ask_by(&peer, "GET", FRAMED,
		UPGRADE "Sec-WebSocket-Extensions: permessage-deflate\r\n"
			"Sec-WebSocket-Protocol: a, b\r\n",
		NULL);
	assert_non_null(strstr(http_take(&peer), "\r\nX-One: 1\r\n"));
	assert_non_null(strstr(peer.text, "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"));
	assert_null(strstr(peer.text, "Sec-WebSocket-Protocol"));
	finish();
	static const char *const bad[] = { "Upgrade: x", NULL };
	websocket.headers = bad;
	start(NULL);
	assert_int_equal(
		rill_sockjs_serve(http_server, "/echo", &handler, &options, NULL), RILL_EINVAL);
	assert_non_null(strstr(test_log(), "headers"));
	websocket.size = 1;
	assert_int_equal(
		rill_sockjs_serve(http_server, "/echo", &handler, &options, NULL), RILL_EINVAL);
	http_end();
}

static void pause_it(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_conn_pause(c);
}

TEST(sockjs_websocket, a_pause_holds_what_is_left_of_an_array)
{
	serve(NULL);
	open_framed();
	in_message = pause_it;
	send_frame(0x81, "[\"a\",\"b\\n\",\"c\"]");
	send_frame(0x81, "[\"d\"]");
	expect_said("<a> ");
	in_message = NULL;
	rill_conn_resume(conn);
	expect_said("<b\n> <c> <d> ");
	finish();
}

static void destroy_it(rill_conn *c, rill_msg msg)
{
	(void)msg;
	rill_conn_destroy(c);
}

TEST(sockjs_websocket, it_may_be_destroyed_by_what_it_brings)
{
	serve(NULL);
	open_framed();
	in_message = destroy_it;
	send_frame(0x81, "[\"a\",\"b\"]");
	expect_said("<a> close:1006: ");
	assert_true(peer.ended);
	http_close(&peer);
	http_open(&peer);
	open_raw();
	in_message = destroy_it;
	send_frame(0x81, "a");
	expect_said("<a> close:1006: ");
	finish();
}

static void destroy_at_once(rill_conn *c)
{
	rill_conn_destroy(c);
}

static void close_at_once(rill_conn *c)
{
	rill_close(c, 3000, "Go away!");
}

TEST(sockjs_websocket, it_may_be_ended_as_it_opens)
{
	serve(NULL);
	in_open = close_at_once;
	upgrade(FRAMED);
	expect_text("o");
	expect_text("c[3000,\"Go away!\"]");
	expect_close(1000, "Normal closure");
	expect_said("open close:3000:Go away! ");
	http_close(&peer);
	http_open(&peer);
	upgrade(RAW);
	expect_close(3000, "Go away!");
	expect_said("open close:3000:Go away! ");
	http_close(&peer);
	http_open(&peer);
	in_open = destroy_at_once;
	ask_by(&peer, "GET", FRAMED, UPGRADE, NULL);
	assert_true(peer.ended);
	expect_said("open close:1006: ");
	finish();
}

TEST(sockjs_websocket, a_service_detached_before_a_challenge_came_has_nothing_for_it)
{
	serve(NULL);
	ask_by(&peer, "GET", FRAMED, HIXIE, NULL);
	rill_sockjs_detach(service, 0, NULL);
	http_turns();
	http_forget(&peer);
	http_send(&peer, "Tm[K T2u");
	expect_said("");
	assert_memory_equal(peer.text, "fQJ,fN/4F4!~K~MH\xff\0", 18);
	finish();
}

static void detach_with_a_code_of_frames(rill_conn *c)
{
	(void)c;
	rill_sockjs_detach(service, 2010, "no");
}

TEST(sockjs_websocket, a_raw_one_is_closed_with_its_service_whatever_the_code)
{
	char long_reason[200];
	memset(long_reason, 'x', sizeof(long_reason));
	long_reason[sizeof(long_reason) - 1] = 0;
	serve(NULL);
	open_raw();
	rill_sockjs_detach(service, 4000, long_reason);
	expect_close(4000, "");
	expect_said("close:4000: ");
	finish();
	serve(NULL);
	in_open = detach_with_a_code_of_frames;
	upgrade(RAW);
	expect_close(1001, "");
	expect_said("open close:1001: ");
	finish();
}

TEST(sockjs_websocket, there_is_no_json_on_either)
{
	serve(NULL);
	open_raw();
	expect_no_json(conn);
	assert_int_equal(peer.len, 0);
	finish();
	serve(NULL);
	open_framed();
	expect_no_json(conn);
	assert_int_equal(peer.len, 0);
	finish();
}
