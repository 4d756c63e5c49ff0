/* engineio_websocket_test.c: sessions on WebSockets: a packet a message. */
#include "proto/engineio_program.h"

TEST(engineio_websocket, a_packet_is_a_message)
{
	serve(NULL);
	open_websocket();
	send_text(&peer, "4hello");
	send_frame(&peer, 0x82, "\1\2", 2);
	send_text(&peer, "4");
	send_frame(&peer, 0x82, "", 0);
	expect_said("<hello> [\1\2] <> [] ");
	rill_send_text(conn, "h\xc3\xa9");
	rill_send(conn, RILL_BINARY, "\1\2\3\4", 4);
	rill_send_text(conn, "");
	rill_send(conn, RILL_BINARY, "", 0);
	expect_text(&peer, "4h\xc3\xa9");
	expect_frame(&peer, 0x82, "\1\2\3\4", 4);
	expect_text(&peer, "4");
	expect_frame(&peer, 0x82, "", 0);
	finish();
}

static void say_something(rill_conn *c)
{
	rill_send_text(c, "early");
}

TEST(engineio_websocket, in_revision_3_the_opening_waits_for_a_moment)
{
	rill_engineio_options o = defaults();
	o.revision3 = true;
	serve(&o);
	in_open = say_something;
	upgrade_by(&peer, WEBSOCKET3, "");
	expect_said("open ");
	expect_nothing(&peer);
	http_pass(10);
	http_take(&peer);
	assert_int_equal(peer.text[2], '0');
	drop(&peer, 2 + (uint8_t)peer.text[1]);
	expect_text(&peer, "4early");
	http_close(&peer);
	expect_said("1006:transport error ");
	http_open(&peer);
	upgrade_by(&peer, WEBSOCKET3, "");
	rill_close(conn, 1000, NULL);
	expect_nothing(&peer);
	http_pass(10);
	expect_said("open 1000:forced close ");
	http_close(&peer);
	http_open(&peer);
	upgrade_by(&peer, WEBSOCKET3, "");
	http_close(&peer); /* before it was said */
	expect_said("open 1006:transport error ");
	http_open(&peer);
	finish();
}

TEST(engineio_websocket, what_is_broken_ends_it)
{
	static const char *const broken[] = { "abc", "", "2", "7x", "b!" };
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		serve(NULL);
		open_websocket();
		send_text(&peer, broken[i]);
		expect_said("1002:parse error ");
		http_take(&peer);
		assert_int_equal((uint8_t)peer.text[0], 0x88);
		finish();
	}
}

TEST(engineio_websocket, a_message_that_is_too_large_ends_it)
{
	rill_engineio_options o = defaults();
	rill_engineio_stats stats = { .size = sizeof(stats) };
	o.max_payload = 10;
	serve(&o);
	open_websocket();
	send_text(&peer, "4234567890");
	expect_said("<234567890> ");
	send_text(&peer, "42345678901");
	expect_said("1002:parse error ");
	http_take(&peer);
	assert_int_equal((uint8_t)peer.text[0], 0x88);
	assert_int_equal((uint8_t)peer.text[2] << 8 | (uint8_t)peer.text[3], 1009);
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.closed_protocol, 1);
	finish();
}

TEST(engineio_websocket, the_program_closes_it)
{
	serve(NULL);
	open_websocket();
	rill_send_text(conn, "last");
	rill_close(conn, 4001, "for the log");
	expect_text(&peer, "4last");
	expect_close(&peer, 1000);
	expect_said("4001:forced close ");
	expect_gone();
	finish();
}

TEST(engineio_websocket, the_client_closes_it)
{
	rill_engineio_stats stats = { .size = sizeof(stats) };
	serve(NULL);
	open_websocket();
	send_frame(&peer, 0x88, "\x03\xe8", 2);
	expect_said("1000:transport close ");
	expect_gone();
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.closed_clean, 1);
	finish();
	serve(NULL);
	open_websocket();
	send_frame(&peer, 0x88, "", 0);
	expect_said("1000:transport close ");
	finish();
}

TEST(engineio_websocket, or_says_so_by_a_packet)
{
	serve(NULL);
	open_websocket();
	send_text(&peer, "4a");
	send_text(&peer, "1");
	expect_said("<a> 1000:transport close ");
	expect_close(&peer, 1000);
	finish();
}

TEST(engineio_websocket, or_is_cut)
{
	serve(NULL);
	open_websocket();
	http_close(&peer);
	expect_said("1006:transport error ");
	http_open(&peer);
	finish();
}

TEST(engineio_websocket, a_program_that_pauses_holds_it_back)
{
	serve(NULL);
	open_websocket();
	rill_conn_pause(conn);
	send_text(&peer, "4a");
	send_text(&peer, "4b");
	expect_said("");
	rill_conn_resume(conn);
	expect_said("<a> <b> ");
	finish();
}

static void echo(rill_conn *c, rill_msg msg)
{
	rill_send_msg(c, msg);
}

TEST(engineio_websocket, what_comes_may_go_back)
{
	serve(NULL);
	in_message = echo;
	open_websocket();
	send_text(&peer, "4hello");
	expect_text(&peer, "4hello");
	send_frame(&peer, 0x82, "\1\2", 2);
	expect_frame(&peer, 0x82, "\1\2", 2);
	finish();
}

TEST(engineio_websocket, revision_3_has_a_byte_in_front_of_bytes)
{
	rill_engineio_options o = defaults();
	o.revision3 = true;
	serve(&o);
	open_websocket_at(WEBSOCKET3);
	send_text(&peer, "4hello");
	send_frame(&peer, 0x82, "\4\1\2", 3);
	expect_said("<hello> [\1\2] ");
	rill_send_text(conn, "a");
	rill_send(conn, RILL_BINARY, "\1\2", 2);
	expect_text(&peer, "4a");
	expect_frame(&peer, 0x82, "\4\1\2", 3);
	finish();
}

TEST(engineio_websocket, clients_may_ask_for_texts_alone)
{
	rill_engineio_options o = defaults();
	o.revision3 = true;
	serve(&o);
	open_websocket_at(WEBSOCKET "&b64=1");
	rill_send(conn, RILL_BINARY, "\1\2\3\4", 4);
	expect_text(&peer, "bAQIDBA==");
	send_text(&peer, "bAQIDBA==");
	expect_said("[\1\2\3\4] ");
	http_close(&peer);
	http_open(&peer);
	expect_said("1006:transport error ");
	open_websocket_at(WEBSOCKET3 "&b64=1");
	rill_send(conn, RILL_BINARY, "\1\2\3\4", 4);
	expect_text(&peer, "b4AQIDBA==");
	finish();
}

TEST(engineio_websocket, what_is_not_to_be_compressed_is_not)
{
	static char many[2000];
	rill_websocket_options w;
	rill_engineio_options o = defaults();
	rill_websocket_options_default(&w);
	o.websocket_options = &w;
	serve(&o);
	upgrade_by(&peer, WEBSOCKET, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
	expect_field("Sec-WebSocket-Extensions", "permessage-deflate");
	http_take(&peer);
	http_forget(&peer);
	memset(many, 'x', sizeof(many));
	rill_engineio_send(conn, RILL_TEXT, many, sizeof(many), true, false);
	http_turns();
	http_take(&peer);
	assert_int_equal((uint8_t)peer.text[0], 0xc1);
	assert_true(peer.len < 100);
	http_forget(&peer);
	rill_engineio_send(conn, RILL_TEXT, many, sizeof(many), false, false);
	http_turns();
	http_take(&peer);
	assert_int_equal((uint8_t)peer.text[0], 0x81);
	assert_int_equal(peer.len, 4 + 1 + sizeof(many));
	finish();
}

TEST(engineio_websocket, compression_is_off_unless_it_is_asked_for)
{
	serve(NULL);
	upgrade_by(&peer, WEBSOCKET, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
	expect_field("Sec-WebSocket-Extensions", NULL);
	finish();
}

TEST(engineio_websocket, what_is_droppable_goes_while_there_is_room)
{
	static char many[4 * 1024 * 1024];
	serve(NULL);
	open_websocket();
	assert_int_equal(rill_engineio_send(conn, RILL_TEXT, "a", 1, true, true), 0);
	expect_text(&peer, "4a");
	assert_int_equal(rill_engineio_send(conn, RILL_BINARY, many, sizeof(many), true, true), 1);
	assert_int_equal(rill_engineio_send(conn, RILL_TEXT, "a", 1, true, true), RILL_ELIMIT);
	finish();
}

/* What goes to many. */

static rill_hub *hub;

static void subscribe(rill_conn *c)
{
	assert_int_equal(rill_subscribe(hub, "all", c, NULL), 0);
}

TEST(engineio_websocket, what_goes_to_many_is_framed_once)
{
	static char many[2000];
	struct http_peer other, polling;
	rill_engineio_options o = defaults();
	o.revision3 = true;
	serve(&o);
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	in_open = subscribe;
	open_websocket();
	http_open(&other);
	upgrade_by(&other, WEBSOCKET3, "");
	http_pass(10);
	http_take(&other);
	http_forget(&other);
	http_open(&polling);
	ask_by(&polling, "GET", HANDSHAKE, "", NULL);
	take_answer(&polling);
	rill_publish(hub, "all", RILL_TEXT, "2[\"x\"]", 6);
	expect_text(&peer, "42[\"x\"]");
	expect_text(&other, "42[\"x\"]");
	hold(&polling);
	expect_answer(&polling, 200, "42[\"x\"]");
	rill_publish(hub, "all", RILL_BINARY, "\1\2", 2);
	expect_frame(&peer, 0x82, "\1\2", 2);
	expect_frame(&other, 0x82, "\4\1\2", 3);
	hold(&polling);
	expect_answer(&polling, 200, "bAQI=");
	memset(many, 'x', sizeof(many));
	rill_publish(hub, "all", RILL_TEXT, many, sizeof(many));
	http_turns();
	http_take(&peer);
	http_take(&other);
	assert_int_equal(peer.len, 4 + 1 + sizeof(many));
	assert_int_equal(peer.text[4], '4');
	assert_int_equal(peer.len, other.len);
	assert_memory_equal(peer.text, other.text, peer.len);
	http_close(&other);
	http_close(&polling);
	in_open = NULL;
	http_close(&peer);
	http_turns();
	rill_hub_free(hub);
	http_open(&peer);
	finish();
}

TEST(engineio_websocket, what_was_published_may_outlive_its_topic)
{
	serve(NULL);
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	in_open = subscribe;
	open_session();
	rill_publish(hub, "all", RILL_TEXT, "x", 1);
	http_turns();
	rill_hub_free(hub);
	hub = NULL;
	struct http_peer ws;
	offer(&ws);
	send_text(&ws, "5"); /* it is framed now */
	expect_text(&ws, "4x");
	http_close(&ws);
	in_open = NULL;
	finish();
}
