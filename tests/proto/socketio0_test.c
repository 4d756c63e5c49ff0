/* socketio0_test.c: the service: clients on all transports, and how it comes and goes. */
#include "proto/socketio0_program.h"

static struct client client, other;

static rill_socketio0_stats stats(void)
{
	rill_socketio0_stats s = { .size = sizeof(s) };
	rill_socketio0_read_stats(io, &s);
	return s;
}

TEST(socketio0, a_client_is_told_its_id_and_messages_go_both_ways)
{
	EACH_TRANSPORT(t)
	{
		serve(NULL);
		client_open(&client, t);
		expect_said("connection ");
		assert_string_equal(rill_conn_transport(conn), names[t]);
		assert_string_equal(rill_socketio0_session_id(conn), client.id);
		assert_ptr_equal(rill_socketio0_client(io, client.id), conn);
		assert_ptr_equal(rill_socketio0_listener(conn), io);
		assert_int_equal(rill_socketio0_connections(conn), 1);
		send_frames(&client, "~m~2~m~hi~m~10~m~~j~{\"a\":1}~m~2~m~\xf0\x9f\x98\x80~m~0~m~");
		expect_said("<hi> json{\"a\":1} <\xf0\x9f\x98\x80> <> ");
		assert_int_equal(rill_send_text(conn, "\xc3\xa9"), 0);
		assert_int_equal(rill_send(conn, RILL_JSON, "[1]", 3), 0);
		assert_int_equal(rill_send_text(conn, ""), 0);
		if (is_socket(t)) /* each by itself, and at once */
			take_in(&client);
		expect_frames(&client, "~m~1~m~\xc3\xa9~m~6~m~~j~[1]~m~0~m~");
		client_close(&client);
		finish();
	}
}

static void send_two(rill_conn *c)
{
	rill_send_text(c, "a");
	rill_send_text(c, "b");
}

TEST(socketio0, what_is_sent_while_it_is_told_of_a_client_comes_behind_its_id)
{
	EACH_TRANSPORT(t)
	{
		serve(NULL);
		in_connection = send_two;
		client_open(&client, t);
		expect_frames(&client, "~m~1~m~a~m~1~m~b");
		client_close(&client);
		finish();
	}
}

TEST(socketio0, ids_are_digits_of_which_none_is_likelier)
{
	unsigned counts[10] = { 0 };
	serve(NULL);
	for (int i = 0; i < 300; i++) {
		client_open(&client, XHR_POLLING);
		for (const char *at = client.id; *at; at++)
			counts[*at - '0']++;
		client_close(&client);
	}
	for (int i = 0; i < 10; i++) /* 960 each, within five sigma */
		assert_in_range(counts[i], 960 - 150, 960 + 150);
	finish();
}

TEST(socketio0, what_the_protocol_cannot_say_is_not_sent)
{
	EACH_TRANSPORT(t)
	{
		serve(NULL);
		client_open(&client, t);
		assert_int_equal(rill_send(conn, RILL_BINARY, "x", 1), RILL_EUNSUPPORTED);
		assert_int_equal(rill_send_text(conn, "~h~1"), RILL_EUNSUPPORTED);
		assert_int_equal(rill_send_text(conn, "~j~{}"), RILL_EUNSUPPORTED);
		assert_int_equal(rill_send_text(conn, "a--socketio\n"),
			t == XHR_MULTIPART ? RILL_EUNSUPPORTED : 0);
		if (t != XHR_MULTIPART)
			expect_frames(&client, "~m~12~m~a--socketio\n");
		assert_int_equal(rill_send(conn, RILL_TEXT, "\xff", 1), RILL_EUTF8);
		assert_int_equal(rill_send(conn, RILL_JSON, "{", 1), RILL_EPROTO);
		assert_int_equal(rill_send_text(conn, "~m~1~m~x"), 0);
		expect_frames(&client, "~m~8~m~~m~1~m~x");
		client_close(&client);
		finish();
	}
}

/* Who polls learns by the next request that there is no such session. */
TEST(socketio0, a_client_that_is_closed_gets_what_waits_and_then_the_end)
{
	EACH_TRANSPORT(t)
	{
		serve(NULL);
		client_open(&client, t);
		if (is_poll(t))
			come(&client);
		rill_send_text(conn, "x");
		rill_close(conn, 3001, "why");
		rill_socketio0_stats s = stats();
		assert_int_equal(s.open, 1);
		expect_frames(&client, is_socket(t) ? "~m~1~m~x(3001 why)" : "~m~1~m~x");
		if (is_poll(t)) {
			expect_said("connection ");
			come(&client);
			expect_said("3001: ");
			assert_string_equal(body, "");
			ask_by(&client.in, "GET", "/socket.io/xhr-polling/1/1", "", NULL);
			assert_int_equal(take_answer(&client.in), 404);
		} else {
			expect_said("connection 3001: ");
		}
		s = stats();
		assert_int_equal(s.open, 0);
		assert_int_equal(s.closed_clean, 1);
		assert_null(rill_socketio0_client(io, client.id));
		client_close(&client);
		finish();
	}
}

TEST(socketio0, clients_are_found_counted_and_gone_through_in_order)
{
	static struct client clients[TRANSPORTS];
	serve(NULL);
	EACH_TRANSPORT(t)
	client_open(&clients[t], t);
	assert_int_equal(rill_socketio0_count(io), TRANSPORTS);
	assert_null(rill_socketio0_client(io, "12345678901234567890123456789012"));
	assert_null(rill_socketio0_client(io, ""));
	assert_null(rill_socketio0_client(io, NULL));
	assert_int_equal(rill_socketio0_broadcast(io, RILL_ARGS(rill_text("t"), rill_int(5)),
				 RILL_EXCEPT(clients[1].id, clients[6].id)),
		0);
	EACH_TRANSPORT(t)
	if (t != 6)
		expect_frames(&clients[t], t == 1 ? "" : "~m~1~m~t~m~1~m~5");
	rill_socketio0_each(
		io, (void (*)(rill_conn *, void *))(void (*)(void))rill_conn_destroy, NULL);
	http_turns();
	assert_int_equal(rill_socketio0_count(io), 0);
	EACH_TRANSPORT(t)
	client_close(&clients[t]);
	finish();
}

static rill_conn *stranger;

static void keep_stranger(rill_conn *c)
{
	stranger = c;
}

TEST(socketio0, who_is_no_client_of_such_a_service_has_no_id)
{
	static const rill_handler own = { .size = sizeof(own), .on_open = keep_stranger };
	serve(NULL);
	assert_int_equal(rill_websocket_serve(http_server, "/ws", &own, NULL, NULL), 0);
	ask_by(&peer, "GET", "/ws", UPGRADE, NULL);
	assert_string_equal(rill_socketio0_session_id(stranger), "");
	assert_int_equal(rill_socketio0_connections(stranger), 0);
	assert_null(rill_socketio0_listener(stranger));
	assert_int_equal(rill_socketio0_send(stranger, RILL_ARGS(rill_text("x"))), RILL_EINVAL);
	assert_ptr_equal(rill_socketio0_server(io), http_server);
	finish();
}

TEST(socketio0, a_client_that_leaves_is_gone_at_once_where_it_may_not_come_back)
{
	for (int t = 0; t < XHR_POLLING; t++) {
		serve(NULL);
		client_open(&client, t);
		client_close(&client);
		expect_said("connection 1006:close timeout ");
		assert_int_equal(stats().closed_lost, 1);
		finish();
	}
}

TEST(socketio0, a_websocket_that_is_closed_in_order_ends_with_1000)
{
	serve(NULL);
	client_open(&client, WEBSOCKET);
	send_socket(&client.in, 0x88, "\x03\xe8");
	expect_said("connection 1000:client left ");
	client_close(&client);
	finish();
}

TEST(socketio0, a_server_that_stops_tells_its_clients)
{
	EACH_TRANSPORT(t)
	{
		serve(NULL);
		client_open(&client, t);
		if (is_poll(t))
			come(&client);
		rill_server_stop(http_server, 1000, NULL, NULL);
		expect_said("connection 1001: ");
		if (is_socket(t))
			expect_frames(&client, "(1001 the server is going away)");
		client_close(&client);
		finish();
	}
}

TEST(socketio0, detached_with_a_code_it_closes_its_clients_and_takes_no_more)
{
	EACH_TRANSPORT(t)
	{
		serve(NULL);
		client_open(&client, t);
		if (is_poll(t))
			come(&client);
		rill_conn *c = rill_conn_ref(conn);
		rill_socketio0_detach(io, 3000, "off");
		expect_said("connection 3000: ");
		http_turns();
		assert_null(rill_socketio0_listener(c));
		assert_string_equal(rill_socketio0_session_id(c), client.id);
		assert_int_equal(
			rill_socketio0_broadcast_from(c, RILL_ARGS(rill_text("x"))), RILL_ECLOSED);
		rill_conn_unref(c);
		expect("GET", "/socket.io/xhr-polling/", 404, body);
		client_close(&client);
		finish();
	}
}

TEST(socketio0, detached_without_a_code_it_lives_until_the_last_of_its_clients_ends)
{
	for (int t = 0; t < XHR_POLLING; t++) {
		serve(NULL);
		client_open(&client, t);
		rill_socketio0_detach(io, 0, NULL);
		rill_socketio0_detach(io, 0, NULL);
		http_turns();
		rill_send_text(conn, "x");
		expect_frames(&client, "~m~1~m~x");
		client_close(&client);
		expect_said("connection 1006:close timeout ");
		finish();
	}
}

TEST(socketio0, clients_may_be_limited_in_all_and_from_one_address)
{
	for (int k = 0; k < 2; k++) {
		EACH_TRANSPORT(t)
		{
			rill_socketio0_options options = defaults();
			options.max_clients = k ? 0 : 1;
			options.max_clients_per_address = k ? 1 : 0;
			serve(&options);
			client_open(&other, WEBSOCKET);
			char path[64];
			snprintf(path, sizeof(path), "/socket.io/%s//1/1", names[t]);
			ask_by(&peer, "GET", path, is_socket(t) ? UPGRADE : "", NULL);
			assert_int_equal(take_answer(&peer), 503);
			assert_int_equal(stats().refused, 1);
			client_close(&other);
			finish();
		}
	}
}

static int answer;

static int on_request(rill_socketio0 *from, rill_request *request, void *user)
{
	assert_ptr_equal(from, io);
	assert_ptr_equal(user, &answer);
	rill_bytes who = rill_request_header(request, "X-Who");
	test_expect_text(who.data, who.len, "me");
	say("asked ");
	return answer;
}

TEST(socketio0, the_program_is_asked_before_a_client_is_made)
{
	EACH_TRANSPORT(t)
	{
		rill_socketio0_options options = defaults();
		options.on_request = on_request;
		options.user = &answer;
		serve(&options);
		char path[64];
		for (int i = 0; i < 3; i++) {
			static const int answers[] = { 403, 1, RILL_ACCEPT },
					 want[] = { 403, 500, 0 };
			answer = answers[i];
			http_close(&peer);
			http_open(&peer);
			snprintf(path, sizeof(path), "/socket.io/%s//1/1", names[t]);
			ask_by(&peer, "GET", path,
				is_socket(t) ? UPGRADE "X-Who: me\r\n" : "X-Who: me\r\n", NULL);
			int status = take_head(&peer);
			assert_int_equal(status, want[i] ? want[i] : is_socket(t) ? 101 : 200);
		}
		expect_said("asked asked asked connection ");
		finish();
	}
}

static int detach_in_hook(rill_socketio0 *from, rill_request *request, void *user)
{
	(void)request;
	(void)user;
	rill_socketio0_detach(from, 0, NULL);
	return RILL_ACCEPT;
}

TEST(socketio0, no_client_is_made_when_the_service_is_detached_as_it_is_asked)
{
	EACH_TRANSPORT(t)
	{
		rill_socketio0_options options = defaults();
		char path[64];
		options.on_request = detach_in_hook;
		serve(&options);
		snprintf(path, sizeof(path), "/socket.io/%s//1/1", names[t]);
		ask_by(&peer, "GET", path, is_socket(t) ? UPGRADE : "", NULL);
		assert_int_equal(take_answer(&peer), 503);
		expect_said("");
		finish();
	}
}

TEST(socketio0, headers_of_the_last_request_that_came_to_receive_are_kept)
{
	static const char *const keep[] = { "X-Who", NULL };
	rill_socketio0_options options = defaults();
	options.keep_headers = keep;
	serve(&options);
	ask_by(&peer, "GET", "/socket.io/xhr-polling/", "X-Who: me\r\n", NULL);
	rill_bytes who = rill_conn_header(conn, "X-Who");
	test_expect_text(who.data, who.len, "me");
	finish();
}

static void check_fault(void (*set)(rill_socketio0_options *o), const char *why)
{
	rill_socketio0_options options = defaults();
	set(&options);
	start(NULL);
	assert_int_equal(rill_socketio0_serve(http_server, &options, &io), RILL_EINVAL);
	assert_non_null(strstr(test_log(), why));
	http_end();
}

static const char *const odd[] = { "websocket", "carrier-pigeon", NULL };
static const char *const portless[] = { "*:*", "example.org", NULL };
static const char *const quoted[] = { "a\"b:80", NULL };
static const rill_handler sizeless = { .size = 1 };
static const char *resource;

static void set_resource(rill_socketio0_options *o)
{
	o->resource = resource;
}
static void set_transports(rill_socketio0_options *o)
{
	o->transports = odd;
}
static void set_origins(rill_socketio0_options *o)
{
	o->origins = portless;
}
static void set_quoted(rill_socketio0_options *o)
{
	o->origins = quoted;
}
static void set_handler(rill_socketio0_options *o)
{
	o->handler = &sizeless;
}
static void set_body(rill_socketio0_options *o)
{
	o->max_body = 0;
}
static void set_overflow(rill_socketio0_options *o)
{
	o->overflow = (rill_overflow)9;
}
static void set_beat(rill_socketio0_options *o)
{
	o->xhr_polling.heartbeat_interval_ms = 1;
}
static void set_timeout(rill_socketio0_options *o)
{
	o->jsonp_polling.timeout_ms = 1;
}
static void set_duration(rill_socketio0_options *o)
{
	o->htmlfile.duration_ms = 1;
}
static void set_close(rill_socketio0_options *o)
{
	o->jsonp_polling.close_timeout_ms = 0;
}
static void set_forever(rill_socketio0_options *o)
{
	o->websocket.close_timeout_ms = UINT32_MAX;
}
static void set_file(rill_socketio0_options *o)
{
	o->client_file = "../x";
}
static void set_size(rill_socketio0_options *o)
{
	o->size = 0;
}

TEST(socketio0, options_that_make_no_sense_are_refused_with_a_sentence)
{
	static const char *const resources[] = { "", "/socket.io", "a/", "a//b", "a?b", "a#b", "..",
		"a/./b", "a b" };
	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++) {
		resource = resources[i];
		check_fault(set_resource, "resource must be a path");
	}
	check_fault(set_transports, "transports names one");
	check_fault(set_origins, "origins must be \"host:port\"");
	check_fault(set_quoted, "origins must be \"host:port\"");
	check_fault(set_handler, "handler.size");
	check_fault(set_body, "max_body must not be 0");
	check_fault(set_overflow, "overflow is none");
	check_fault(set_beat, "of polls must be 0");
	check_fault(set_timeout, "of polls must be 0");
	check_fault(set_duration, "duration_ms must be 0 but for polls");
	check_fault(set_close, "close_timeout_ms of polls must not be 0");
	check_fault(set_forever, "close_timeout_ms is too long");
	check_fault(set_file, "client_file and client_name");
	check_fault(set_size, "size is not set");
}

TEST(socketio0, options_in_force_are_told_with_their_defaults)
{
	serve(NULL);
	const rill_socketio0_options *o = rill_socketio0_get_options(io);
	assert_string_equal(o->resource, "socket.io");
	EACH_TRANSPORT(t)
	assert_string_equal(o->transports[t], names[t]);
	assert_string_equal(o->origins[0], "*:*");
	assert_int_equal(o->websocket.heartbeat_interval_ms, 10000);
	assert_int_equal(o->xhr_polling.duration_ms, 20000);
	finish();
}

TEST(socketio0, two_may_stand_side_by_side)
{
	rill_socketio0_options options = defaults();
	rill_socketio0 *second, *first;
	options.resource = "deep/er";
	serve(NULL);
	first = io;
	assert_int_equal(rill_socketio0_serve(http_server, &options, &second), 0);
	ask_by(&peer, "GET", "/socket.io/xhr-polling/", "", NULL);
	assert_int_equal(take_answer(&peer), 200);
	io = second;
	ask_by(&peer, "GET", "/deep/er/xhr-polling/", "", NULL);
	assert_int_equal(take_answer(&peer), 200);
	assert_int_equal(rill_socketio0_count(second), 1);
	assert_int_equal(rill_socketio0_count(first), 1);
	finish();
}

static void serve_once(void *arg)
{
	rill_socketio0_options options = defaults();
	rill_loop_options loop_options;
	(void)arg;
	options.client_dir = "/";
	options.flash_policy = true;
	rill_loop_options_default(&loop_options);
	loop_options.allocator = test_env()->memory;
	if (rill_loop_new(&http_loop, &loop_options) == 0 &&
		rill_server_new(&http_server, http_loop, NULL) == 0) {
		if (rill_socketio0_serve(http_server, &options, &io) == 0)
			rill_socketio0_listen_policy(io, "127.0.0.1", 0);
		rill_loop_turn(http_loop);
		rill_server_free(http_server);
	}
	rill_loop_free(http_loop);
	http_loop = NULL;
}

TEST(socketio0, without_memory_there_is_no_service_and_nothing_is_lost)
{
	test_each_failing_allocation(serve_once, NULL);
}

/* A client comes, speaks and is spoken to; whatever becomes of it, nothing is lost, and it hears of its end. */
static void talk(size_t n, bool all_after, int t)
{
	char path[96];
	serve(NULL);
	test_fail_allocation(n, all_after);
	snprintf(path, sizeof(path), "/socket.io/%s//1/1", names[t]);
	ask_by(&peer, "GET", path, is_socket(t) ? UPGRADE : "Origin: http://a\r\nCookie: a=b\r\n",
		NULL);
	if (conn) {
		struct http_peer sender;
		snprintf(client.id, sizeof(client.id), "%s", rill_socketio0_session_id(conn));
		client.transport = t;
		rill_socketio0_send(conn, RILL_ARGS(rill_text("x"), rill_int(7)));
		rill_socketio0_broadcast(io, RILL_ARGS(rill_text("y")), NULL);
		if (is_socket(t)) {
			send_socket(&peer, 0x81, "~m~1~m~a~m~6~m~~j~[1]");
		} else {
			test_fail_allocation(0, false);
			http_open(&sender);
			test_fail_allocation(n, all_after);
			post(&sender, &client, form("~m~1~m~a"));
			http_close(&sender);
		}
		if (is_poll(t) && !peer.ended) {
			snprintf(path, sizeof(path), "/socket.io/%s/%s/1/1", names[t], client.id);
			ask_by(&peer, "GET", path, "", NULL);
		}
	}
	test_fail_allocation(0, false);
	bool opened = strstr(said, "connection ");
	finish();
	assert_int_equal(opened, strstr(said, "1006:") != NULL || strstr(said, "1011:") != NULL ||
					 strstr(said, "1002:") != NULL);
}

TEST(socketio0, a_request_without_memory_is_refused_or_cut)
{
	EACH_TRANSPORT(t)
	for (size_t n = 1; n < 50; n++) {
		talk(n, false, t);
		talk(n, true, t);
	}
}
