/* socketio_connect_test.c: how clients get into a namespace: middlewares, refusals, time limits; revision 3. */
#include "proto/socketio_program.h"

static int decision;
static rill_socket *held;
static int (*in_middleware)(rill_socket *s);

static int first(rill_socket *s, rill_json auth, void *user)
{
	(void)user;
	assert_false(rill_socket_connected(s));
	assert_int_equal(rill_emit(s, "x", NULL), RILL_ECLOSED);
	say("first:");
	say_json(auth);
	say(" ");
	held = s;
	return in_middleware ? in_middleware(s) : decision;
}

static int second(rill_socket *s, rill_json auth, void *user)
{
	(void)s;
	(void)auth;
	(void)user;
	say("second ");
	return RILL_ACCEPT;
}

static void serve_guarded(const rill_socketio_options *options)
{
	serve(options);
	in_middleware = NULL;
	decision = RILL_ACCEPT;
	rill_namespace *auth = rill_socketio_of(io, "/auth");
	listen_to(auth);
	assert_int_equal(rill_namespace_use(auth, first, NULL), 0);
	assert_int_equal(rill_namespace_use(auth, second, NULL), 0);
}

static void guarded_client(struct http_peer *a)
{
	open_client(a);
	tell(a, "0/auth,{\"token\":1}");
	http_turns();
}

TEST(socketio_connect, middlewares_are_asked_in_their_order)
{
	struct http_peer a;
	serve_guarded(NULL);
	guarded_client(&a);
	expect_said("first:{\"token\":1} second connect:/auth ");
	expect_heard(&a, "0/auth,{\"sid\":\"SID\"} ");
	cut(&a);
	http_end();
}

static int refuse_with_data(rill_socket *s)
{
	rill_socket_refuse(s, "no\"", json("{\"code\":401}"));
	rill_socket_refuse(s, "twice", json("1"));
	return RILL_ACCEPT;
}

static int refuse_plainly(rill_socket *s)
{
	(void)s;
	return 403;
}

TEST(socketio_connect, a_middleware_refuses_with_words_of_its_own_or_without)
{
	struct http_peer a;
	serve_guarded(NULL);
	in_middleware = refuse_with_data;
	guarded_client(&a);
	expect_said("first:{\"token\":1} ");
	expect_heard(&a, "4/auth,{\"message\":\"no\\\"\",\"data\":{\"code\":401}} ");
	in_middleware = refuse_plainly;
	tell(&a, "0/auth");
	expect_said("first:{} ");
	expect_heard(&a, "4/auth,{\"message\":\"not authorized\"} ");
	cut(&a);
	http_end();
}

TEST(socketio_connect, a_middleware_decides_later)
{
	struct http_peer a;
	serve_guarded(NULL);
	decision = RILL_LATER;
	guarded_client(&a);
	expect_said("first:{\"token\":1} ");
	expect_heard(&a, "");
	assert_int_equal(rill_join(held, "room"), 0);
	rill_socket_next(held);
	assert_string_equal(said, "");
	expect_said("second connect:/auth ");
	expect_heard(&a, "0/auth,{\"sid\":\"SID\"} ");
	assert_true(rill_in_room(latest, "room"));
	rill_socket_next(latest);
	rill_socket_refuse(latest, "no", json("1"));
	expect_heard(&a, "");
	tell(&a, "1/auth");
	expect_said("rooms:2 gone:client namespace disconnect ");
	tell(&a, "0/auth");
	rill_socket_refuse(held, "sorry", json("null"));
	expect_heard(&a, "4/auth,{\"message\":\"sorry\",\"data\":null} ");
	cut(&a);
	http_end();
}

static int next_at_once(rill_socket *s)
{
	rill_socket_next(s);
	return RILL_LATER;
}

TEST(socketio_connect, a_decision_may_come_inside_too)
{
	struct http_peer a;
	serve_guarded(NULL);
	in_middleware = next_at_once;
	guarded_client(&a);
	expect_said("first:{\"token\":1} second connect:/auth ");
	cut(&a);
	http_end();
}

TEST(socketio_connect, who_is_held_stays_until_it_is_decided_although_the_client_is_gone)
{
	struct http_peer a;
	for (int end = 0; end < 4; end++) {
		serve_guarded(NULL);
		decision = RILL_LATER;
		guarded_client(&a);
		rill_socket *s = held;
		if (end < 3)
			cut(&a);
		assert_int_equal(rill_socket_conn(s) == NULL, end < 3);
		said[0] = 0;
		if (end == 0)
			rill_socket_next(s);
		if (end == 1)
			rill_socket_refuse(s, "x", json("1"));
		if (end == 3)
			rill_socket_disconnect(s, true);
		http_turns();
		if (end != 3)
			assert_string_equal(said, "");
		if (end == 3)
			http_close(&a);
		http_turns();
		if (end == 2) { /* the server goes first */
			rill_server_free(http_server);
			http_server = NULL;
		}
		if (end >= 2)
			rill_socket_next(s);
		http_end();
	}
}

TEST(socketio_connect, what_is_not_decided_in_time_is_refused)
{
	struct http_peer a;
	rill_socketio_options options = defaults();
	options.connect_timeout_ms = 1500;
	serve_guarded(&options);
	decision = RILL_LATER;
	guarded_client(&a);
	http_pass(1600);
	expect_heard(&a, "4/auth,{\"message\":\"timed out\"} ");
	rill_socket_refuse(held, "late", json("1"));
	expect_heard(&a, "");
	tell(&a, "2[\"still\"]");
	cut(&a);
	http_end();
}

TEST(socketio_connect, a_second_connect_meanwhile_or_anything_else_closes_the_client)
{
	struct http_peer a;
	static const char *const packets[] = { "0/auth,", "2/auth,[\"x\"]", "1/auth," };
	serve_guarded(NULL);
	decision = RILL_LATER;
	for (int i = 0; i < 3; i++) {
		guarded_client(&a);
		said[0] = 0;
		tell(&a, packets[i]);
		expect_said("gone:forced server close ");
		rill_socket_next(held);
		cut(&a);
	}
	http_end();
}

static void emit_in_connect(rill_socket *s)
{
	rill_emit(s, "welcome", NULL);
}

TEST(socketio_connect, what_is_emitted_on_connect_comes_behind_the_answer)
{
	struct http_peer a;
	serve(NULL);
	in_connect = emit_in_connect;
	open_session(&a);
	tell(&a, "0");
	expect_heard(&a, "0{\"sid\":\"SID\"} 2[\"welcome\"] ");
	cut(&a);
	http_end();
}

static void disconnect_it(rill_socket *s)
{
	rill_socket_disconnect(s, true);
}

TEST(socketio_connect, a_socket_may_be_sent_away_on_connect)
{
	struct http_peer a;
	serve(NULL);
	in_connect = disconnect_it;
	open_session(&a);
	tell(&a, "0");
	expect_said("connect:/ gone:server namespace disconnect ");
	expect_heard(&a, "0{\"sid\":\"SID\"} 1 close:1000 ");
	cut(&a);
	http_end();
}

static int disconnect_and_wait(rill_socket *s)
{
	rill_socket_disconnect(s, true);
	return RILL_LATER;
}

TEST(socketio_connect, who_is_sent_away_by_a_middleware_that_decides_later_stays_until_it_has)
{
	struct http_peer a;
	serve_guarded(NULL);
	in_middleware = disconnect_and_wait;
	guarded_client(&a);
	assert_null(rill_socket_conn(held));
	rill_socket_refuse(held, "x", json("1"));
	cut(&a);
	http_end();
}

static int detach_all(rill_socket *s)
{
	(void)s;
	rill_socketio_detach(io, true);
	return RILL_ACCEPT;
}

TEST(socketio_connect, everything_may_be_closed_inside_of_a_middleware)
{
	struct http_peer a;
	serve_guarded(NULL);
	in_middleware = detach_all;
	guarded_client(&a);
	expect_said("first:{\"token\":1} gone:server namespace disconnect ");
	cut(&a);
	http_end();
}

/* Revision 3: Socket.IO 2. */

static void open_old(struct http_peer *p)
{
	open_session_at(p, "/socket.io/?EIO=3&transport=websocket");
	http_pass(10); /* the first word comes a moment later */
}

static void serve_old(void)
{
	static rill_engineio_options engine;
	rill_socketio_options options = defaults();
	engine = engine_defaults();
	engine.revision3 = true;
	options.engineio = &engine;
	serve_guarded(&options);
}

TEST(socketio_connect, clients_of_revision_3_are_connected_unasked)
{
	struct http_peer a;
	serve_old();
	open_old(&a);
	const char *text = heard(&a);
	if (strncmp(text, "0{\"sid\":\"SID\"", 13) != 0)
		fail_msg("%s", text);
	assert_string_equal(strstr(text, "} ") + 2, "0 ");
	expect_said("connect:/ ");
	assert_string_equal(rill_socket_id(latest), sid);
	tell(&a, "2[\"echo\",1]");
	expect_said("echo[1] ");
	expect_heard(&a, "2[\"echo-back\",1] ");
	tell(&a, "0/auth?token=%22x&a=b,");
	expect_said("first:{\"token\":\"\\\"x\",\"a\":\"b\"} second connect:/auth ");
	expect_heard(&a, "0/auth, ");
	char want[128];
	snprintf(want, sizeof(want), "/auth#%s", sid);
	assert_string_equal(rill_socket_id(latest), want);
	cut(&a);
	http_end();
}

TEST(socketio_connect, clients_of_revision_3_hear_the_data_or_the_message_of_a_refusal)
{
	struct http_peer a;
	serve_old();
	open_old(&a);
	heard(&a);
	in_middleware = refuse_with_data;
	tell(&a, "0/auth,");
	expect_heard(&a, "4/auth,{\"code\":401} ");
	in_middleware = refuse_plainly;
	tell(&a, "0/auth,");
	expect_heard(&a, "4/auth,\"not authorized\" ");
	tell(&a, "0/none,");
	expect_heard(&a, "4/none,\"Invalid namespace\" ");
	cut(&a);
	http_end();
}

/* MessagePack. */

TEST(socketio_connect, the_msgpack_parser_is_spoken_where_it_is_set)
{
	struct http_peer a;
	rill_socketio_options options = defaults();
	options.parser = RILL_SOCKETIO_PARSER_MSGPACK;
	serve(&options);
	open_session(&a);
	/* {type: 0, nsp: "/"} */
	tell_bytes(&a, "82 a474797065 00 a36e7370 a12f");
	expect_said("connect:/ ");
	/* {type: 0, nsp: "/", data: {sid: ...}} */
	assert_non_null(strstr(heard(&a), "a474797065"));
	/* {type: 2, nsp: "/", data: ["echo", <01>, 5], id: 3} */
	tell_bytes(
		&a, "84 a474797065 02 a36e7370 a12f a464617461 93 a46563686f c40101 05 a26964 03");
	expect_said("echo[{\"_placeholder\":true,\"num\":0},5] ");
	const char *answer = heard(&a);
	assert_non_null(strstr(answer, "92c4010105"));
	assert_non_null(strstr(answer, "a26964"));
	tell(&a, "2[\"echo\"]");
	expect_said("gone:parse error ");
	cut(&a);
	open_session(&a);
	tell_bytes(&a, "c1");
	assert_int_equal(strncmp(heard(&a), "close:", 6), 0);
	cut(&a);
	http_end();
}

TEST(socketio_connect, msgpack_goes_to_many_and_says_no)
{
	struct http_peer a, b;
	rill_socketio_options options = defaults();
	options.parser = RILL_SOCKETIO_PARSER_MSGPACK;
	serve(&options);
	open_session(&a);
	open_session(&b);
	tell_bytes(&a, "82 a474797065 00 a36e7370 a12f");
	tell_bytes(&b, "82 a474797065 00 a36e7370 a12f");
	heard(&a);
	heard(&b);
	assert_int_equal(rill_broadcast_emit(&(rill_broadcast){ .ns = root }, "x",
				 RILL_ARGS(rill_binary("\1", 1))),
		0);
	/* {type: 2, data: ["x", <01>], nsp: "/"}, in one message */
	assert_non_null(strstr(heard(&a), "92a178c40101"));
	assert_non_null(strstr(heard(&b), "92a178c40101"));
	/* {type: 0, nsp: "/no"} */
	tell_bytes(&a, "82 a474797065 00 a36e7370 a32f6e6f");
	assert_non_null(strstr(heard(&a), "496e76616c6964206e616d657370616365")); /* Invalid namespace */
	rill_socket_disconnect(latest, true);
	heard(&b);
	http_close(&a);
	cut(&b);
	http_end();
}

static char deep[2 * 1024 + 1];
static int refuse_deeply(rill_socket *s)
{
	rill_socket_refuse(s, "no", json(deep));
	return RILL_EINVAL;
}

TEST(socketio_connect, a_refusal_too_deep_to_be_written_closes_the_client)
{
	struct http_peer a;
	rill_socketio_options options = defaults();
	options.parser = RILL_SOCKETIO_PARSER_MSGPACK;
	memset(deep, '[', 1024);
	memset(deep + 1024, ']', 1024);
	serve(&options);
	in_middleware = refuse_deeply;
	assert_int_equal(rill_namespace_use(root, first, NULL), 0);
	open_session(&a);
	tell_bytes(&a, "82a47479706500a36e7370a12f"); /* {type: 0, nsp: "/"} */
	expect_said("first:{} ");
	assert_null(strstr(heard(&a), "<"));
	cut(&a);
	http_end();
}

static rill_namespace *children;
static void hail(rill_socket *s)
{
	(void)s;
	rill_broadcast to = { .ns = children };
	rill_broadcast_emit(&to, "hail", NULL);
}

TEST(socketio_connect, a_child_that_is_left_and_joined_in_one_turn_is_still_a_child)
{
	struct http_peer a;
	rill_socketio_options options = defaults();
	options.cleanup_namespaces = true;
	serve(&options);
	children = rill_socketio_of_pattern(io, "^/dyn-[0-9]+$");
	listen_to(children);
	open_session(&a);
	join_namespace(&a, "/dyn-1");
	in_connect = hail;
	/* Two frames. */
	http_send_bytes(&a, "\x81\x89\0\0\0\0" "41/dyn-1," "\x81\x89\0\0\0\0" "40/dyn-1,", 30);
	expect_said("gone:client namespace disconnect connect:/dyn-1 ");
	expect_heard(&a, "0/dyn-1,{\"sid\":\"SID\"} 2/dyn-1,[\"hail\"] ");
	in_connect = NULL;
	cut(&a);
	http_end();
}

TEST(socketio_connect, a_child_that_nobody_comes_into_goes)
{
	struct http_peer a, b;
	rill_socketio_options options = defaults();
	options.cleanup_namespaces = true;
	options.max_namespaces = 1;
	options.max_children = 1;
	serve(&options);
	assert_non_null(rill_socketio_of_pattern(io, "^/dyn-[0-9]+$"));
	open_client(&a);
	tell(&a, "0/dyn-1,");
	expect_heard(&a, "4/dyn-1,{\"message\":\"too many namespaces\"} ");
	open_session(&b);
	tell(&b, "0/dyn-2,");
	expect_heard(&b, "0/dyn-2,{\"sid\":\"SID\"} ");
	http_close(&a);
	http_close(&b);
	http_end();
}
