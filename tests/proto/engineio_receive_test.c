/* engineio_receive_test.c: polls: what they are answered with, and when. */
#include <zlib.h>
#include "proto/engineio_program.h"

TEST(engineio_receive, a_poll_takes_all_that_waits)
{
	serve(NULL);
	open_session();
	rill_send_text(conn, "a");
	rill_send(conn, RILL_BINARY, "\1\2\3\4", 4);
	rill_send_text(conn, "");
	expect_poll("4a\x1e" "bAQIDBA==\x1e" "4");
	expect_field("Content-Type", "text/plain; charset=UTF-8");
	expect_field("Cache-Control", "no-store");
	finish();
}

TEST(engineio_receive, a_poll_waits_for_what_is_sent_in_a_turn)
{
	struct http_peer other;
	serve(NULL);
	open_session();
	hold(&peer);
	http_pass(10000);
	expect_nothing(&peer);
	rill_send_text(conn, "a");
	rill_send_text(conn, "b");
	expect_answer(&peer, 200, "4a\x1e" "4b");
	http_open(&other);
	hold(&other);
	expect_nothing(&other);
	http_close(&other);
	finish();
}

TEST(engineio_receive, a_second_poll_ends_the_session)
{
	struct http_peer second;
	serve(NULL);
	open_session();
	hold(&peer);
	http_open(&second);
	hold(&second);
	expect_answer(&second, 400, "");
	expect_answer(&peer, 200, "1");
	expect_said("1002:parse error ");
	expect_gone();
	http_close(&second);
	finish();
}

TEST(engineio_receive, a_client_that_leaves_its_poll_is_lost)
{
	rill_engineio_stats stats = { .size = sizeof(stats) };
	serve(NULL);
	open_session();
	hold(&peer);
	http_close(&peer);
	expect_said("1006:transport error ");
	http_open(&peer);
	expect_gone();
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.open, 0);
	assert_int_equal(stats.opened, 1);
	assert_int_equal(stats.closed_lost, 1);
	finish();
}

TEST(engineio_receive, closing_is_told_to_whoever_waits)
{
	rill_engineio_stats stats = { .size = sizeof(stats) };
	serve(NULL);
	open_session();
	hold(&peer);
	rill_send_text(conn, "last");
	rill_close(conn, 4000, "for the log");
	expect_answer(&peer, 200, "4last");
	assert_string_equal(said, "");
	hold(&peer);
	expect_answer(&peer, 200, "1");
	expect_said("4000:forced close ");
	expect_gone();
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.closed_clean, 1);
	finish();
}

TEST(engineio_receive, closing_waits_half_a_minute_for_somebody_to_tell)
{
	serve(NULL);
	open_session();
	rill_close(conn, 1000, NULL);
	http_pass(29990);
	assert_string_equal(said, "");
	expect_poll("1");
	expect_said("1000:forced close ");
	open_session();
	rill_close(conn, 1000, NULL);
	http_pass(29990);
	expect_said("");
	http_pass(20);
	expect_said("1000:forced close ");
	expect_gone();
	finish();
}

TEST(engineio_receive, destroying_cuts_whoever_waits)
{
	serve(NULL);
	open_session();
	hold(&peer);
	rill_conn_destroy(conn);
	expect_said("1006:forced close ");
	http_take(&peer);
	assert_true(peer.ended);
	assert_int_equal(peer.len, 0);
	expect_gone();
	finish();
}

static void close_it(rill_conn *c)
{
	rill_send_text(c, "bye");
	rill_close(c, 1000, NULL);
}

TEST(engineio_receive, closed_in_on_open_it_says_so_to_the_next)
{
	serve(NULL);
	in_open = close_it;
	open_session();
	expect_poll("4bye");
	expect_poll("1");
	expect_said("1000:forced close ");
	finish();
}

TEST(engineio_receive, other_methods_are_no_use)
{
	serve(NULL);
	open_session();
	expect("PUT", at(""), 500, "");
	expect("OPTIONS", at(""), 500, "");
	expect("DELETE", at(""), 500, "");
	post("4x", 200, "ok");
	expect_said("<x> ");
	finish();
}

TEST(engineio_receive, a_session_has_one_transport)
{
	char target[128];
	serve(NULL);
	open_session();
	snprintf(target, sizeof(target), "%s&sid=%s", WEBSOCKET, sid);
	expect("GET", target, 400, BAD_REQUEST);
	open_websocket();
	struct http_peer other;
	http_open(&other);
	ask_by(&other, "GET", at(""), "", NULL);
	expect_answer(&other, 400, BAD_REQUEST);
	ask_by(&other, "POST", at(""), "", "4x");
	expect_answer(&other, 400, BAD_REQUEST);
	snprintf(target, sizeof(target), "%s&sid=%s", WEBSOCKET, sid);
	ask_by(&other, "GET", target, "", NULL);
	expect_answer(&other, 400, BAD_REQUEST);
	expect_said("");
	http_close(&other);
	finish();
}

/* Compression. */

static void inflate_body(int window_bits)
{
	static unsigned char text[100000];
	z_stream z = { .next_in = (unsigned char *)body, .avail_in = (uInt)body_len,
		.next_out = text, .avail_out = sizeof(text) - 1 };
	assert_int_equal(inflateInit2(&z, window_bits), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	body_len = z.total_out;
	inflateEnd(&z);
	memcpy(body, text, body_len);
	body[body_len] = 0;
}

static char many[2001];

static void hold_accepting(const char *codings)
{
	char fields[128];
	memset(many, 'x', 2000);
	snprintf(fields, sizeof(fields), "Accept-Encoding: %s\r\n", codings);
	ask_by(&peer, "GET", at(""), fields, NULL);
}

TEST(engineio_receive, long_answers_are_compressed_for_those_who_take_that)
{
	static const struct {
		const char *accept, *coding;
		int bits;
	} all[] = { { "gzip, deflate, br", "gzip", 31 }, { "deflate", "deflate", 15 },
		{ "br, GZIP;q=0.5", "gzip", 31 }, { "gzip;q=0, deflate", "deflate", 15 },
		{ "br", NULL, 0 }, { "", NULL, 0 }, { "gzip;q=0.0", NULL, 0 } };
	serve(NULL);
	open_session();
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		hold_accepting(all[i].accept);
		rill_send(conn, RILL_TEXT, many, 2000);
		assert_int_equal(take_answer(&peer), 200);
		expect_field("Content-Encoding", all[i].coding);
		if (all[i].coding) {
			assert_true(body_len < 100);
			inflate_body(all[i].bits);
		}
		assert_int_equal(body_len, 2001);
		assert_int_equal(body[0], '4');
		assert_memory_equal(body + 1, many, 2000);
	}
	finish();
}

TEST(engineio_receive, short_answers_are_not_compressed_nor_what_is_not_to_be)
{
	serve(NULL);
	open_session();
	hold_accepting("gzip");
	rill_send(conn, RILL_TEXT, many, 1022);
	take_answer(&peer);
	expect_field("Content-Encoding", NULL);
	hold_accepting("gzip");
	rill_send(conn, RILL_TEXT, many, 1023);
	take_answer(&peer);
	expect_field("Content-Encoding", "gzip");
	hold_accepting("gzip");
	assert_int_equal(rill_engineio_send(conn, RILL_TEXT, many, 2000, false, false), 0);
	assert_int_equal(rill_engineio_send(conn, RILL_TEXT, "a", 1, false, false), 0);
	take_answer(&peer);
	expect_field("Content-Encoding", NULL);
	hold_accepting("gzip");
	assert_int_equal(rill_engineio_send(conn, RILL_TEXT, many, 2000, false, false), 0);
	assert_int_equal(rill_engineio_send(conn, RILL_TEXT, "a", 1, true, false), 0);
	take_answer(&peer);
	expect_field("Content-Encoding", "gzip");
	finish();
}

TEST(engineio_receive, compression_can_be_off)
{
	rill_engineio_options o = defaults();
	o.http_compression = 0;
	serve(&o);
	open_session();
	hold_accepting("gzip");
	rill_send(conn, RILL_TEXT, many, 2000);
	take_answer(&peer);
	expect_field("Content-Encoding", NULL);
	finish();
}

TEST(engineio_receive, what_is_droppable_needs_somebody_who_waits)
{
	serve(NULL);
	open_session();
	assert_int_equal(rill_engineio_send(conn, RILL_TEXT, "a", 1, true, true), RILL_ELIMIT);
	hold(&peer);
	assert_int_equal(rill_engineio_send(conn, RILL_TEXT, "b", 1, true, true), 0);
	expect_answer(&peer, 200, "4b");
	assert_int_equal(rill_engineio_send(conn, RILL_TEXT, "\xff", 1, true, true), RILL_EUTF8);
	rill_close(conn, 1000, NULL);
	assert_int_equal(rill_engineio_send(conn, RILL_TEXT, "a", 1, true, true), RILL_ECLOSED);
	finish();
}

/* Revision 3, and scripts. */

static rill_engineio_options with_revision3(void)
{
	rill_engineio_options o = defaults();
	o.revision3 = true;
	return o;
}

TEST(engineio_receive, packets_of_revision_3_have_their_length_in_front)
{
	rill_engineio_options o = with_revision3();
	serve(&o);
	open_at(HANDSHAKE3 "&b64=1");
	rill_send_text(conn, "h\xc3\xa9\xf0\x9f\x98\x80"); /* UTF-16 units */
	rill_send(conn, RILL_BINARY, "\1\2\3\4", 4);
	expect_poll("5:4h\xc3\xa9\xf0\x9f\x98\x80" "10:b4AQIDBA==");
	expect_field("Content-Type", "text/plain; charset=UTF-8");
	finish();
}

TEST(engineio_receive, bytes_of_revision_3_go_as_they_are_to_those_who_take_that)
{
	rill_engineio_options o = with_revision3();
	serve(&o);
	open_at(HANDSHAKE3);
	rill_send_text(conn, "hello");
	rill_send(conn, RILL_BINARY, "\1\2\3\4", 4);
	hold(&peer);
	assert_int_equal(take_answer(&peer), 200);
	expect_field("Content-Type", "application/octet-stream");
	test_expect_hex(body, body_len, "00 06 ff 34 68656c6c6f 01 05 ff 04 01020304");
	rill_send_text(conn, "x");
	expect_poll("2:4x");
	expect_field("Content-Type", "text/plain; charset=UTF-8");
	finish();
}

TEST(engineio_receive, scripts_are_answered_by_a_call)
{
	rill_engineio_options o = with_revision3();
	serve(&o);
	open_at(HANDSHAKE "&j=0");
	assert_int_equal(strncmp(body, "___eio[0](\"0{\\\"sid\\\":\\\"", 22), 0);
	expect_field("Content-Type", "text/plain; charset=UTF-8");
	rill_send_text(conn, "a\"\xe2\x80\xa8");
	ask_by(&peer, "GET", at("&j=1x2);"), "", NULL);
	expect_answer(&peer, 200, "___eio[12](\"4a\\\"\\u2028\");");
	open_at(HANDSHAKE3 "&j=3");
	rill_send(conn, RILL_BINARY, "\1\2\3\4", 4);
	ask_by(&peer, "GET", at("&j=4"), "", NULL);
	expect_answer(&peer, 200, "___eio[4](\"10:b4AQIDBA==\");");
	finish();
}

TEST(engineio_receive, whoever_comes_for_what_waits_is_served_near_the_limit_of_memory)
{
	static char large[1000 * 1000];
	struct http_peer other;
	rill_server_options options;
	rill_server_options_default(&options);
	options.max_buffered = 1024 * 1024;
	start(&options);
	assert_int_equal(
		rill_engineio_serve(http_server, "/engine.io/", &handler, NULL, &service), 0);
	http_open(&peer);
	open_session();
	memset(large, 'x', sizeof(large));
	rill_send(conn, RILL_TEXT, large, sizeof(large));
	http_open(&other);
	ask_by(&other, "GET", HANDSHAKE, "", NULL);
	http_expect_status(&other, 503);
	http_close(&other);
	hold(&peer);
	http_expect_status(&peer, 200);
	assert_true(peer.len > sizeof(large));
	finish();
}
