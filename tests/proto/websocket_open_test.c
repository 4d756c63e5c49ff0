/* websocket_open_test.c: openings: origins, subprotocols, fields, and a program that takes its time. */
#include "proto/websocket_program.h"

TEST(websocket_open, foreign_origins_are_refused_where_cookies_are_sent)
{
	serve(NULL);
	refused("Cookie: a=b\r\nOrigin: https://evil.example\r\n", "403");
	refused("Cookie: a=b\r\nOrigin: null\r\n", "403");
	refused("Cookie: a=b\r\nOrigin: http://example.org:81\r\n", "403");
	peer_open(&peer, "/ws", "Cookie: a=b\r\nOrigin: http://example.org\r\n");
	peer_open(&peer, "/ws", "Cookie: a=b\r\nOrigin: https://EXAMPLE.org:443\r\n");
	peer_open(&peer, "/ws", "Cookie: a=b\r\n");
	peer_open(&peer, "/ws", "Origin: https://evil.example\r\n");
	peer_stop(&peer);
}

TEST(websocket_open, a_list_of_origins_admits_those_alone)
{
	static const char *const origins[] = { "https://a.example", "same", NULL };
	rill_websocket_options options = defaults();
	options.origins = origins;
	serve(&options);
	refused("Origin: https://b.example\r\n", "403");
	refused("", "403");
	peer_open(&peer, "/ws", "Origin: https://a.example\r\n");
	peer_open(&peer, "/ws", "Origin: http://example.org\r\n");
	peer_stop(&peer);
}

TEST(websocket_open, the_clients_order_of_subprotocols_decides)
{
	static const char *const protocols[] = { "irc", "amqp", NULL };
	rill_websocket_options options = defaults();
	options.protocols = protocols;
	serve(&options);
	peer_connect(&peer);
	peer_ask(&peer, "/ws",
		"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Protocol: amqp,\tirc\r\n");
	assert_non_null(strstr(peer_take_head(&peer), "Sec-WebSocket-Protocol: amqp\r\n"));
	assert_string_equal(rill_conn_protocol(conn), "amqp");
	peer_stop(&peer);
}

TEST(websocket_open, own_fields_go_first_and_cannot_replace_the_handshakes)
{
	static const char *const headers[] = { "X-A: 1", "Set-Cookie: b=c", NULL };
	static const char *const bad[] = { "Sec-WebSocket-Accept: x", NULL };
	static const char *const split[] = { "X: a\r\nY: b", NULL };
	rill_websocket_options options = defaults();
	options.headers = headers;
	serve(&options);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "");
	assert_non_null(strstr(peer_take_head(&peer), "X-A: 1\r\nSet-Cookie: b=c\r\nUpgrade: "));
	options.headers = bad;
	assert_int_equal(
		rill_websocket_serve(peer.server, "/", &handler, &options, NULL), RILL_EINVAL);
	options.headers = split;
	assert_int_equal(
		rill_websocket_serve(peer.server, "/", &handler, &options, NULL), RILL_EINVAL);
	peer_stop(&peer);
}

TEST(websocket_open, kept_request_headers_outlive_the_opening)
{
	static const char *const keep[] = { "X-Token", "X-None", "Cookie", NULL };
	rill_websocket_options options = defaults();
	options.keep_headers = keep;
	serve(&options);
	peer_open(&peer, "/ws", "x-token: secret\r\nCookie: a=b\r\n");
	rill_bytes token = rill_conn_header(conn, "X-TOKEN"),
		   cookie = rill_conn_header(conn, "cookie");
	test_expect_text(token.data, token.len, "secret");
	test_expect_text(cookie.data, cookie.len, "a=b");
	assert_null(rill_conn_header(conn, "X-None").data);
	assert_null(rill_conn_header(conn, "Host").data);
	assert_null(rill_conn_request(conn));
	peer_stop(&peer);
}

static rill_request *waiting;
static int hook_answer;

static int hook(rill_websocket *service, rill_request *request, void *user)
{
	(void)service;
	assert_ptr_equal(user, &hook_answer);
	assert_non_null(rill_request_header(request, "Host").data);
	waiting = request;
	return hook_answer;
}

static rill_websocket *serve_hook(int answer)
{
	rill_websocket_options options = defaults();
	options.on_request = hook;
	options.user = &hook_answer;
	hook_answer = answer;
	waiting = NULL;
	return serve(&options);
}

static void abandoned(rill_request *request, void *user)
{
	assert_ptr_equal(request, waiting);
	assert_int_equal(rill_websocket_accept(request, NULL), RILL_ECLOSED);
	say("abandoned:%s ", (const char *)user);
}

TEST(websocket_open, the_program_may_refuse_with_a_status)
{
	serve_hook(401);
	refused("", "401");
	assert_non_null(waiting);
	peer_stop(&peer);
}

TEST(websocket_open, the_program_may_accept_later)
{
	serve_hook(RILL_LATER);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "Sec-WebSocket-Protocol: a, b\r\n");
	peer_expect_idle(&peer);
	expect_said("");
	assert_int_equal(rill_websocket_choose_protocol(waiting, "c"), RILL_EINVAL);
	assert_int_equal(rill_websocket_choose_protocol(waiting, "b"), 0);
	assert_int_equal(rill_websocket_add_header(waiting, "X-Later", "yes"), 0);
	assert_int_equal(rill_websocket_add_header(waiting, "Upgrade", "no"), RILL_EINVAL);
	assert_int_equal(rill_websocket_accept(waiting, &peer), 0);
	expect_said(""); /* no callback from inside a call */
	const char *head = peer_take_head(&peer);
	assert_non_null(strstr(head, "101 "));
	assert_non_null(strstr(head, "Sec-WebSocket-Protocol: b\r\n"));
	assert_non_null(strstr(head, "X-Later: yes\r\n"));
	expect_said("open ");
	assert_ptr_equal(rill_conn_user(conn), &peer);
	peer_send_frame(&peer, 0x81, "x");
	expect_said("text:x ");
	peer_stop(&peer);
}

TEST(websocket_open, frames_sent_while_the_program_decides_come_after_open)
{
	serve_hook(RILL_LATER);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "");
	peer_send_frame(&peer, 0x81, "early");
	expect_said("");
	assert_int_equal(rill_websocket_accept(waiting, NULL), 0);
	peer_turn(&peer);
	expect_said("open text:early ");
	peer_stop(&peer);
}

TEST(websocket_open, one_that_opens_while_the_server_stops_is_told_at_once)
{
	serve_hook(RILL_LATER);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "");
	assert_int_equal(rill_websocket_accept(waiting, NULL), 0);
	rill_server_stop(peer.server, 5000, NULL, NULL);
	assert_non_null(strstr(peer_take_head(&peer), "101 "));
	peer_expect_hex(&peer, "88 02 03e9");
	expect_said("open ");
	peer_stop(&peer);
}

TEST(websocket_open, response_fields_set_in_the_hook_stand_in_the_101)
{
	serve_hook(RILL_LATER);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "");
	assert_int_equal(rill_response_header(waiting, "Set-Cookie", "a=b"), 0);
	assert_int_equal(rill_websocket_accept(waiting, NULL), 0);
	const char *head = peer_take_head(&peer);
	assert_non_null(strstr(head, "101 "));
	assert_non_null(strstr(head, "Set-Cookie: a=b\r\n"));
	peer_stop(&peer);
}

TEST(websocket_open, the_program_may_refuse_later)
{
	serve_hook(RILL_LATER);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "");
	assert_int_equal(rill_websocket_refuse(waiting, 200, NULL), RILL_EINVAL);
	assert_int_equal(rill_websocket_refuse(waiting, 403, "Not today."), 0);
	assert_non_null(strstr(peer_take_head(&peer), "HTTP/1.1 403 "));
	peer_expect_text(&peer, "Not today.");
	expect_said("");
	peer_stop(&peer);
}

TEST(websocket_open, an_undecided_request_is_answered_503_in_time)
{
	serve_hook(RILL_LATER);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "");
	rill_websocket_on_abandoned(waiting, abandoned, "late");
	peer_pass(&peer, 29 * 1000);
	peer_expect_idle(&peer);
	peer_pass(&peer, 2 * 1000);
	assert_non_null(strstr(peer_take_head(&peer), "HTTP/1.1 503 "));
	expect_said("abandoned:late ");
	peer_stop(&peer);
}

TEST(websocket_open, a_client_that_leaves_undecided_is_told)
{
	serve_hook(RILL_LATER);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "");
	rill_websocket_on_abandoned(waiting, abandoned, "gone");
	peer_leave(&peer);
	peer_turn(&peer);
	expect_said("abandoned:gone ");
	peer_stop(&peer);
}

TEST(websocket_open, stopping_the_server_answers_the_undecided)
{
	serve_hook(RILL_LATER);
	peer_connect(&peer);
	peer_ask(&peer, "/ws", "");
	rill_websocket_on_abandoned(waiting, abandoned, "stop");
	rill_server_stop(peer.server, 1000, NULL, NULL);
	assert_non_null(strstr(peer_take_head(&peer), "HTTP/1.1 503 "));
	expect_said("abandoned:stop ");
	peer_stop(&peer);
}

static int stop_in_hook(rill_websocket *service, rill_request *request, void *user)
{
	(void)service;
	(void)user;
	waiting = request;
	rill_websocket_on_abandoned(request, abandoned, "stop");
	rill_server_stop(peer.server, 1000, NULL, NULL);
	return hook_answer;
}

TEST(websocket_open, the_hook_may_stop_the_server_whatever_it_says_then)
{
	static const int answers[] = { RILL_ACCEPT, RILL_LATER, 401 };
	rill_websocket_options options = defaults();
	options.on_request = stop_in_hook;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		hook_answer = answers[i];
		serve(&options);
		peer_connect(&peer);
		peer_ask(&peer, "/ws", "");
		assert_non_null(strstr(peer_take_head(&peer), "HTTP/1.1 503 "));
		expect_said("abandoned:stop ");
		peer_stop(&peer);
	}
}
