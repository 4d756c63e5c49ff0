/* engineio_pulse_test.c: heartbeats, the server's and the older revision's. */
#include "proto/engineio_program.h"

TEST(engineio_pulse, a_ping_comes_to_whoever_waits)
{
	serve(NULL);
	open_session();
	hold(&peer);
	http_pass(24990);
	expect_nothing(&peer);
	http_pass(20);
	expect_answer(&peer, 200, "2");
	post("3", 200, "ok");
	hold(&peer);
	http_pass(24980);
	expect_nothing(&peer);
	http_pass(30);
	expect_answer(&peer, 200, "2");
	expect_said("");
	finish();
}

TEST(engineio_pulse, or_waits_with_the_messages)
{
	serve(NULL);
	open_session();
	rill_send_text(conn, "a");
	http_pass(25010);
	rill_send_text(conn, "b");
	expect_poll("4a\x1e" "2\x1e" "4b");
	http_pass(19980);
	expect_said("");
	post("3", 200, "ok");
	http_pass(20000);
	expect_said("");
	finish();
}

TEST(engineio_pulse, nobody_needs_to_poll_meanwhile)
{
	serve(NULL);
	open_session();
	http_pass(25010);
	http_pass(19980);
	expect_said("");
	http_pass(30);
	expect_said("1006:ping timeout ");
	expect_gone();
	finish();
}

TEST(engineio_pulse, whoever_waits_learns_of_the_end)
{
	rill_engineio_stats stats = { .size = sizeof(stats) };
	serve(NULL);
	open_session();
	hold(&peer);
	http_pass(25010);
	expect_answer(&peer, 200, "2");
	hold(&peer);
	http_pass(19980);
	expect_nothing(&peer);
	http_pass(20);
	expect_answer(&peer, 200, "1");
	expect_said("1006:ping timeout ");
	rill_engineio_read_stats(service, &stats);
	assert_int_equal(stats.closed_lost, 1);
	finish();
}

TEST(engineio_pulse, on_a_websocket)
{
	serve(NULL);
	open_websocket();
	http_pass(25010);
	expect_text(&peer, "2");
	send_text(&peer, "3");
	http_pass(25010);
	expect_text(&peer, "2");
	http_pass(19980);
	expect_nothing(&peer);
	http_pass(20);
	expect_close(&peer, 1000);
	expect_said("1006:ping timeout ");
	finish();
}

TEST(engineio_pulse, a_pong_that_nobody_asked_for_means_nothing)
{
	serve(NULL);
	open_websocket();
	http_pass(20000);
	send_text(&peer, "3");
	http_pass(5010);
	expect_text(&peer, "2");
	finish();
}

TEST(engineio_pulse, a_program_that_pauses_cannot_hear_it)
{
	serve(NULL);
	open_websocket();
	rill_conn_pause(conn);
	http_pass(25010);
	expect_text(&peer, "2");
	send_text(&peer, "3");
	http_pass(60000);
	expect_said("");
	rill_conn_resume(conn);
	http_turns();
	http_pass(24980);
	expect_nothing(&peer);
	http_pass(30);
	expect_text(&peer, "2");
	finish();
	serve(NULL);
	open_session();
	rill_conn_pause(conn);
	http_pass(25010);
	struct http_peer sender;
	http_open(&sender);
	ask_by(&sender, "POST", at(""), "", "3");
	http_pass(60000);
	expect_said("");
	rill_conn_resume(conn);
	test_now += 20000; /* before that is taken */
	expect_answer(&sender, 200, "ok");
	http_pass(24000);
	expect_said("");
	http_close(&sender);
	finish();
}

TEST(engineio_pulse, in_revision_3_it_is_the_clients)
{
	rill_engineio_options o = defaults();
	o.revision3 = true;
	serve(&o);
	open_at(HANDSHAKE3);
	http_pass(44980);
	expect_said("");
	post("1:2", 200, "ok");
	expect_poll("1:3");
	post("6:2probe", 200, "ok");
	expect_poll("6:3probe");
	hold(&peer);
	http_pass(44980);
	expect_nothing(&peer);
	http_pass(30);
	expect_answer(&peer, 200, "1:1");
	expect_said("1006:ping timeout ");
	finish();
}

TEST(engineio_pulse, in_revision_3_on_a_websocket)
{
	rill_engineio_options o = defaults();
	o.revision3 = true;
	serve(&o);
	open_websocket_at(WEBSOCKET3);
	http_pass(44980);
	send_text(&peer, "2");
	expect_text(&peer, "3");
	http_pass(44980);
	expect_nothing(&peer);
	http_pass(30);
	expect_close(&peer, 1000);
	expect_said("1006:ping timeout ");
	finish();
	serve(&o);
	open_websocket_at(WEBSOCKET3);
	send_text(&peer, "3");
	expect_said("1002:parse error ");
	finish();
}

TEST(engineio_pulse, a_client_that_asks_without_listening_is_let_go)
{
	static char pings[100 * 1024];
	rill_engineio_options o = defaults();
	o.revision3 = true;
	o.max_queue = 64 * 1024;
	serve(&o);
	open_at(HANDSHAKE3);
	for (size_t i = 0; i + 3 < sizeof(pings); i += 3)
		memcpy(pings + i, "1:2", 4);
	struct http_peer sender;
	http_open(&sender);
	ask_by(&sender, "POST", at(""), "", pings);
	expect_said("1006:transport error ");
	http_close(&sender);
	finish();
}
