/* engineio_upgrade_test.c: from polling to a WebSocket, without a message lost or out of its place. */
#include "proto/engineio_program.h"

static struct http_peer ws;

static void begin(const rill_engineio_options *options)
{
	serve(options);
	open_session();
	offer(&ws);
}

static void probe(void)
{
	send_text(&ws, "2probe");
	expect_text(&ws, "3probe");
}

static void end(void)
{
	http_close(&ws);
	finish();
}

TEST(engineio_upgrade, goes_by_question_answer_and_word)
{
	rill_engineio_stats stats = { .size = sizeof(stats) };
	begin(NULL);
	probe();
	assert_string_equal(rill_conn_transport(conn), "polling");
	send_text(&ws, "5");
	assert_string_equal(rill_conn_transport(conn), "websocket");
	send_text(&ws, "4hello");
	expect_said("<hello> ");
	rill_send_text(conn, "x");
	expect_text(&ws, "4x");
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.upgraded, 1);
	assert_int_equal(stats.opened, 1);
	send_frame(&ws, 0x88, "\x03\xe8", 2);
	expect_said("1000:transport close ");
	end();
}

TEST(engineio_upgrade, polls_are_kept_from_waiting)
{
	begin(NULL);
	hold(&peer);
	http_pass(1000);
	expect_nothing(&peer); /* nobody has asked yet */
	probe();
	http_pass(98);
	expect_nothing(&peer);
	http_pass(4);
	expect_answer(&peer, 200, "6");
	hold(&peer);
	http_pass(50);
	expect_nothing(&peer);
	http_pass(60);
	expect_answer(&peer, 200, "6");
	http_pass(1000);
	hold(&peer);
	rill_send_text(conn, "x");
	expect_answer(&peer, 200, "4x");
	expect_nothing(&ws);
	send_text(&ws, "5");
	http_pass(1000);
	expect_nothing(&peer);
	end();
}

TEST(engineio_upgrade, what_waits_goes_over)
{
	begin(NULL);
	probe();
	rill_send_text(conn, "a");
	rill_send(conn, RILL_BINARY, "\1\2", 2);
	rill_send_text(conn, "b");
	expect_nothing(&ws);
	send_text(&ws, "5");
	expect_text(&ws, "4a");
	expect_frame(&ws, 0x82, "\1\2", 2);
	expect_text(&ws, "4b");
	end();
}

TEST(engineio_upgrade, a_poll_that_waits_still_is_sent_away)
{
	begin(NULL);
	probe();
	hold(&peer);
	send_text(&ws, "5");
	expect_answer(&peer, 200, "6");
	rill_send_text(conn, "a");
	expect_text(&ws, "4a");
	end();
}

TEST(engineio_upgrade, the_word_is_enough)
{
	begin(NULL);
	send_text(&ws, "5");
	send_text(&ws, "4hello");
	expect_said("<hello> ");
	end();
}

TEST(engineio_upgrade, anything_else_ends_the_new_one_alone)
{
	static const char *const others[] = { "2", "2probe2", "3probe", "4hello", "1", "6", "abc", "" };
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		begin(NULL);
		send_text(&ws, others[i]);
		expect_close(&ws, 1000);
		expect_said("");
		post("4x", 200, "ok");
		expect_said("<x> ");
		rill_send_text(conn, "y");
		expect_poll("4y");
		end();
	}
}

TEST(engineio_upgrade, so_does_its_end)
{
	begin(NULL);
	probe();
	http_close(&ws);
	http_turns();
	hold(&peer);
	http_pass(1000);
	expect_nothing(&peer);
	rill_send_text(conn, "y");
	expect_answer(&peer, 200, "4y");
	offer(&ws);
	probe();
	send_text(&ws, "5");
	send_text(&ws, "4x");
	expect_said("<x> ");
	end();
}

TEST(engineio_upgrade, and_time)
{
	begin(NULL);
	probe();
	http_pass(9990);
	expect_nothing(&ws);
	http_pass(20);
	expect_close(&ws, 1000);
	post("4x", 200, "ok");
	expect_said("<x> ");
	end();
	begin(NULL);
	http_pass(9990);
	expect_nothing(&ws);
	http_pass(20);
	expect_close(&ws, 1000);
	end();
}

TEST(engineio_upgrade, a_second_websocket_is_closed)
{
	struct http_peer second;
	begin(NULL);
	offer(&second);
	expect_close(&second, 1000);
	http_close(&second);
	probe();
	offer(&second);
	expect_close(&second, 1000);
	http_close(&second);
	send_text(&ws, "5");
	offer(&second);
	expect_close(&second, 1000);
	http_close(&second);
	send_text(&ws, "4x");
	expect_said("<x> ");
	end();
}

TEST(engineio_upgrade, later_requests_are_refused)
{
	begin(NULL);
	probe();
	send_text(&ws, "5");
	expect("GET", at(""), 400, BAD_REQUEST);
	ask_by(&peer, "POST", at(""), "", "4x");
	expect_answer(&peer, 400, BAD_REQUEST);
	expect_said("");
	end();
}

TEST(engineio_upgrade, what_a_post_has_brought_comes_first)
{
	struct http_peer sender;
	begin(NULL);
	probe();
	rill_conn_pause(conn);
	http_open(&sender);
	ask_by(&sender, "POST", at(""), "", "4a\x1e" "4b");
	send_text(&ws, "5");
	send_text(&ws, "4c");
	expect_said("");
	rill_conn_resume(conn);
	expect_said("<a> <b> <c> ");
	expect_answer(&sender, 200, "ok");
	http_close(&sender);
	end();
}

TEST(engineio_upgrade, so_does_what_one_still_brings)
{
	struct http_peer sender;
	begin(NULL);
	probe();
	http_open(&sender);
	ask_by(&sender, "POST", at(""), "Content-Length: 5\r\n", NULL);
	http_send(&sender, "4a\x1e");
	send_text(&ws, "5");
	send_text(&ws, "4c");
	expect_said("");
	http_send(&sender, "4b");
	expect_said("<a> <b> <c> ");
	expect_answer(&sender, 200, "ok");
	assert_string_equal(rill_conn_transport(conn), "websocket");
	http_close(&sender);
	end();
}

TEST(engineio_upgrade, the_end_of_a_session_is_that_of_both)
{
	begin(NULL);
	probe();
	post("abc", 400, "");
	expect_said("1002:parse error ");
	expect_close(&ws, 1000);
	end();
	begin(NULL);
	rill_conn_destroy(conn);
	expect_said("1006:forced close ");
	http_take(&ws);
	assert_true(ws.ended);
	end();
	begin(NULL);
	hold(&peer);
	rill_close(conn, 1000, NULL);
	expect_answer(&peer, 200, "1");
	expect_said("1000:forced close ");
	http_take(&ws);
	assert_true(ws.ended || (uint8_t)ws.text[0] == 0x88);
	end();
}

TEST(engineio_upgrade, one_that_is_closing_is_told_by_the_new_one)
{
	begin(NULL);
	probe();
	rill_send_text(conn, "last");
	rill_close(conn, 1000, NULL);
	expect_said("");
	send_text(&ws, "5");
	expect_text(&ws, "4last");
	expect_close(&ws, 1000);
	expect_said("1000:forced close ");
	end();
}

TEST(engineio_upgrade, a_heartbeat_goes_on)
{
	begin(NULL);
	http_pass(24000);
	send_frame(&ws, 0x88, "", 0); /* its time was up */
	http_close(&ws);
	offer(&ws);
	probe();
	http_pass(990);
	expect_nothing(&ws);
	http_pass(20); /* it is due: waits for the next poll */
	expect_nothing(&ws);
	send_text(&ws, "5");
	expect_text(&ws, "2");
	send_text(&ws, "3");
	http_pass(24990);
	expect_nothing(&ws);
	http_pass(20);
	expect_text(&ws, "2");
	http_pass(19980);
	expect_said("");
	http_pass(20);
	expect_said("1006:ping timeout ");
	end();
}

TEST(engineio_upgrade, from_revision_3)
{
	char target[128];
	rill_engineio_options o = defaults();
	o.revision3 = true;
	serve(&o);
	open_at(HANDSHAKE3);
	snprintf(target, sizeof(target), "%s&sid=%s", WEBSOCKET3, sid);
	http_open(&ws);
	upgrade_by(&ws, target, "");
	probe();
	hold(&peer);
	http_pass(110);
	expect_answer(&peer, 200, "1:6");
	send_text(&ws, "5");
	send_text(&ws, "2");
	expect_text(&ws, "3");
	rill_send(conn, RILL_BINARY, "\1", 1);
	expect_frame(&ws, 0x82, "\4\1", 2);
	end();
}

TEST(engineio_upgrade, for_ever_if_so_wished)
{
	rill_engineio_options o = defaults();
	o.upgrade_timeout_ms = 0;
	o.ping_interval_ms = 100 * 1000;
	begin(&o);
	http_pass(60000);
	probe();
	send_text(&ws, "5");
	send_text(&ws, "4x");
	expect_said("<x> ");
	end();
}
