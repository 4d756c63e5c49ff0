/* socketio_test.c: clients in namespaces: events, acknowledgements, binary data, ends and their reasons. */
#include "proto/socketio_program.h"

TEST(socketio, a_client_joins_and_its_events_come_and_go)
{
	struct http_peer a;
	serve(NULL);
	rill_socket *s = open_client(&a);
	assert_string_equal(rill_socket_id(s), sid);
	assert_ptr_equal(rill_namespace_find(root, sid), s);
	assert_int_equal(rill_namespace_count(root), 1);
	tell(&a, "2[\"echo\",1,\"b\",{\"c\":[null,true]}]");
	expect_said("echo[1,\"b\",{\"c\":[null,true]}] ");
	expect_heard(&a, "2[\"echo-back\",1,\"b\",{\"c\":[null,true]}] ");
	tell(&a, "2 [ \"ec\\u0068o\" , \"x\" ] ");
	expect_said("echo[ \"x\" ] ");
	expect_heard(&a, "2[\"echo-back\",\"x\" ] ");
	tell(&a, "2[\"echo\"]");
	tell(&a, "2[ 17 ]");
	tell(&a, "2[5,1]");
	expect_said("echo[] 17[] 5[1] ");
	expect_heard(&a, "2[\"echo-back\"] ");
	cut(&a);
	expect_said("gone:transport error ");
	assert_int_equal(rill_namespace_count(root), 0);
	http_end();
}

TEST(socketio, arguments_of_all_kinds_are_written)
{
	struct http_peer a;
	serve(NULL);
	rill_socket *s = open_client(&a);
	assert_int_equal(rill_emit(s, "all",
				 RILL_ARGS(rill_null(), rill_bool(true), rill_int(-5),
					 rill_number(0.25), rill_number(1e300 * 1e300),
					 rill_text("a\"\xc3\xa9"), rill_text(NULL),
					 rill_text_of("xyz", 2), rill_json_arg(json("{\"k\":1}")),
					 rill_items(json("[1,[2]]")), rill_items(json("[]")))),
		0);
	expect_heard(&a,
		"2[\"all\",null,true,-5,0.25,null,\"a\\\"\xc3\xa9\",null,\"xy\",{\"k\":1},1,[2]] ");
	assert_int_equal(rill_emit(s, "", NULL), 0);
	expect_heard(&a, "2[\"\"] ");
	assert_int_equal(rill_emit(s, "x", RILL_ARGS(rill_text("\xff"))), RILL_EUTF8);
	assert_int_equal(rill_emit(s, "\xff", NULL), RILL_EUTF8);
	assert_int_equal(rill_emit(s, "disconnect", NULL), RILL_EINVAL);
	assert_int_equal(rill_emit(s, NULL, NULL), RILL_EINVAL);
	expect_heard(&a, "");
	cut(&a);
	http_end();
}

TEST(socketio, binary_data_comes_and_goes_at_any_depth)
{
	struct http_peer a;
	serve(NULL);
	rill_socket *s = open_client(&a);
	tell(&a, "52-[\"echo\",{\"a\":[{\"_placeholder\":true,\"num\":1}]},"
		 "{\"num\":0,\"_placeholder\":true}]");
	expect_said("");
	tell_bytes(&a, "0102");
	tell_bytes(&a, "03");
	http_turns();
	said[0] = 0;
	expect_heard(&a, "52-[\"echo-back\",{\"a\":[{\"_placeholder\":true,\"num\":0}]},"
			 "{\"_placeholder\":true,\"num\":1}] <03> <0102> ");
	tell(&a, "51-7[\"echo\",{\"_placeholder\":true,\"num\":0}]");
	tell_bytes(&a, "ff");
	expect_heard(&a, "61-7[{\"_placeholder\":true,\"num\":0}] <ff> ");
	assert_int_equal(rill_emit(s, "b", RILL_ARGS(rill_binary("", 0), rill_binary("x", 1))), 0);
	expect_heard(&a, "52-[\"b\",{\"_placeholder\":true,\"num\":0},"
			 "{\"_placeholder\":true,\"num\":1}] <> <78> ");
	cut(&a);
	http_end();
}

/* Placeholders without attachments are plain objects. */
TEST(socketio, what_looks_like_a_placeholder_in_a_text_stays_what_it_is)
{
	struct http_peer a;
	serve(NULL);
	open_client(&a);
	tell(&a, "2[\"echo\",{\"_placeholder\":true,\"num\":9}]");
	expect_heard(&a, "2[\"echo-back\",{\"_placeholder\":true,\"num\":9}] ");
	cut(&a);
	http_end();
}

TEST(socketio, namespaces_share_a_session_and_are_left_one_by_one)
{
	struct http_peer a;
	serve(NULL);
	rill_namespace *chat = rill_socketio_of(io, "/chat");
	listen_to(chat);
	assert_ptr_equal(rill_socketio_of(io, "/chat"), chat);
	assert_null(rill_socketio_of(io, "chat"));
	assert_null(rill_socketio_of(io, "/a,b"));
	rill_socket *first = open_client(&a), *second = join_namespace(&a, "/chat");
	assert_ptr_equal(rill_socket_conn(first), rill_socket_conn(second));
	assert_string_not_equal(rill_socket_id(first), rill_socket_id(second));
	tell(&a, "2/chat,[\"echo\",1]");
	expect_said("echo[1] ");
	expect_heard(&a, "2/chat,[\"echo-back\",1] ");
	tell(&a, "1");
	expect_said("gone:client namespace disconnect ");
	rill_emit(second, "still", NULL);
	expect_heard(&a, "2/chat,[\"still\"] ");
	first = join_namespace(&a, "/");
	rill_socket_disconnect(second, false);
	assert_false(rill_socket_connected(second));
	expect_said("gone:server namespace disconnect ");
	expect_heard(&a, "1/chat, ");
	tell(&a, "2/chat,[\"late\"]"); /* it did not know yet */
	rill_socket_disconnect(first, true);
	expect_said("gone:server namespace disconnect ");
	expect_heard(&a, "1 close:1000 ");
	cut(&a);
	http_end();
}

static void close_session(rill_socket *s)
{
	rill_close(rill_socket_conn(s), 1000, NULL);
}

TEST(socketio, ends_have_reasons)
{
	struct http_peer a;
	serve(NULL);
	close_session(open_client(&a));
	expect_said("gone:forced close ");
	cut(&a);
	open_client(&a);
	send_frame(&a, 1, "1", 1);
	expect_said("gone:transport close ");
	cut(&a);
	open_client(&a);
	http_pass(25 * 1000 + 100);
	http_pass(20 * 1000 + 100);
	expect_said("gone:ping timeout ");
	cut(&a);
	open_client(&a);
	rill_server_stop(http_server, 0, NULL, NULL);
	expect_said("gone:server shutting down ");
	cut(&a);
	http_end();
}

TEST(socketio, a_server_that_is_freed_tells_its_sockets)
{
	struct http_peer a, b;
	serve(NULL);
	open_client(&a);
	rill_socket_disconnect(open_client(&b), false);
	http_end();
	assert_string_equal(said, "gone:server shutting down gone:server namespace disconnect ");
	http_close(&a);
	http_close(&b);
}

static void answered(rill_socket *s, int rc, rill_json args, void *user)
{
	(void)s;
	say("%s:%d:", user ? (const char *)user : "answer", rc);
	say_json(args);
	say(" ");
}

TEST(socketio, acknowledgements_of_clients_are_answered_once)
{
	struct http_peer a;
	serve(NULL);
	open_client(&a);
	tell(&a, "212[\"echo\",\"x\"]");
	expect_heard(&a, "312[\"x\"] ");
	tell(&a, "20[\"nobody\"]");
	expect_heard(&a, "");
	cut(&a);
	http_end();
}

static rill_reply *kept;

static void keep_reply(rill_socket *s, rill_json args, rill_reply *reply)
{
	(void)s;
	(void)args;
	kept = rill_reply_keep(reply);
	assert_int_equal(rill_reply_send(reply, NULL), RILL_ESTATE);
	assert_null(rill_reply_keep(reply));
	assert_null(rill_reply_keep(NULL));
}

TEST(socketio, replies_may_come_later)
{
	struct http_peer a;
	serve(NULL);
	open_client(&a);
	in_event = keep_reply;
	tell(&a, "23[\"echo\"]");
	expect_heard(&a, "");
	assert_int_equal(rill_reply_send(kept, RILL_ARGS(rill_int(1))), 0);
	expect_heard(&a, "33[1] ");
	tell(&a, "24[\"echo\"]");
	rill_reply_drop(kept);
	tell(&a, "25[\"echo\"]");
	cut(&a);
	assert_int_equal(rill_reply_send(kept, NULL), RILL_ECLOSED);
	http_end();
}

TEST(socketio, clients_answer_what_they_are_asked)
{
	struct http_peer a;
	serve(NULL);
	rill_socket *s = open_client(&a);
	assert_int_equal(rill_ask(s, "q", RILL_ARGS(rill_int(1)), 0, answered, (void *)"one"), 0);
	assert_int_equal(rill_ask(s, "q", NULL, 1000, answered, (void *)"two"), 0);
	assert_int_equal(rill_ask(s, "q", NULL, 0, answered, (void *)"three"), 0);
	expect_heard(&a, "20[\"q\",1] 21[\"q\"] 22[\"q\"] ");
	tell(&a, "31[\"b\"]");
	tell(&a, "31[\"again\"]");
	tell(&a, "399[\"nobody\"]");
	tell(&a, "30[]");
	expect_said("two:0:[\"b\"] one:0:[] ");
	assert_int_equal(rill_ask(s, "q", NULL, 1000, answered, (void *)"four"), 0);
	expect_heard(&a, "23[\"q\"] ");
	http_pass(1100);
	expect_said("four:-7:none ");
	tell(&a, "33[\"late\"]");
	expect_said("");
	cut(&a);
	expect_said("three:-3:none gone:transport error ");
	http_end();
}

TEST(socketio, so_many_questions_wait_for_one_socket)
{
	struct http_peer a;
	rill_socketio_options options = defaults();
	options.max_acks = 3;
	serve(&options);
	rill_socket *s = open_client(&a);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rill_ask(s, "q", NULL, 0, answered, NULL), 0);
	assert_int_equal(rill_ask(s, "q", NULL, 0, answered, NULL), RILL_ELIMIT);
	tell(&a, "31[]");
	expect_said("answer:0:[] ");
	assert_int_equal(rill_ask(s, "q", NULL, 0, answered, NULL), 0);
	cut(&a);
	expect_said("answer:-3:none answer:-3:none answer:-3:none gone:transport error ");
	http_end();
}

static void refused_with(const char *packet, const char *bytes, const char *reason)
{
	struct http_peer a;
	char want[64];
	open_client(&a);
	tell(&a, packet);
	if (bytes)
		tell_bytes(&a, bytes);
	snprintf(want, sizeof(want), "gone:%s ", reason);
	expect_said(want);
	assert_int_equal(strncmp(heard(&a), "close:", 6), 0);
	cut(&a);
}

TEST(socketio, who_breaks_the_protocol_is_closed)
{
	serve(NULL);
	refused_with("", NULL, "parse error");
	refused_with("9", NULL, "parse error");
	refused_with("2", NULL, "parse error");
	refused_with("2{}", NULL, "parse error");
	refused_with("2[]", NULL, "parse error");
	refused_with("2[\"connect\"]", NULL, "parse error");
	refused_with("2[null]", NULL, "parse error");
	refused_with("2[\"x\"", NULL, "parse error");
	refused_with("0[]", NULL, "parse error");
	refused_with("511-[\"x\"]", NULL, "parse error");
	refused_with("51000000-[\"x\"]", NULL, "parse error");
	refused_with("51-[\"x\",{\"_placeholder\":true,\"num\":1}]", NULL, "parse error");
	refused_with("51-[\"x\",{\"_placeholder\":true,\"num\":-1}]", NULL, "parse error");
	refused_with("51-[\"x\",{\"_placeholder\":true,\"num\":\"0\"}]", NULL, "parse error");
	refused_with("3[]", "00", "parse error");
	refused_with("0", NULL, "forced server close");
	refused_with("2/none,[\"x\"]", NULL, "forced server close");
	refused_with("4{\"message\":\"x\"}", NULL, "forced server close");
	http_end();
}

TEST(socketio, a_text_among_attachments_breaks_the_protocol)
{
	struct http_peer a;
	serve(NULL);
	open_client(&a);
	tell(&a, "52-[\"x\",{\"_placeholder\":true,\"num\":0}]");
	tell_bytes(&a, "00");
	tell(&a, "2[\"y\"]");
	expect_said("gone:parse error ");
	cut(&a);
	open_client(&a);
	tell(&a, "52-[\"x\"]");
	tell_bytes(&a, "00");
	cut(&a);
	expect_said("gone:transport error ");
	http_end();
}

TEST(socketio, deep_nesting_closes_the_session_and_nothing_else)
{
	static char deep[200020];
	struct http_peer a;
	serve(NULL);
	for (int i = 0; i < 2; i++) {
		open_client(&a);
		memcpy(deep, "42[\"x\",", 7);
		memset(deep + 7, i ? '[' : '{', 200000);
		send_frame(&a, 1, deep, 200007);
		expect_said("gone:parse error ");
		cut(&a);
	}
	http_end();
}

TEST(socketio, events_before_a_namespace_is_joined_close_the_session)
{
	struct http_peer a;
	serve(NULL);
	open_session(&a);
	tell(&a, "2[\"echo\"]");
	expect_heard(&a, "close:1000 ");
	expect_said("");
	cut(&a);
	http_end();
}

TEST(socketio, a_client_in_no_namespace_is_closed_in_time)
{
	struct http_peer a;
	serve(NULL);
	open_session(&a);
	http_pass(44 * 1000);
	send_frame(&a, 1, "3", 1);
	tell(&a, "0/none,");
	assert_non_null(strstr(heard(&a), "4/none,{\"message\":\"Invalid namespace\"} "));
	http_pass(1100);
	assert_non_null(strstr(heard(&a), "close:1000 "));
	cut(&a);
	http_end();
}

static bool is_even(const char *name, rill_json auth, void *user)
{
	(void)auth;
	(void)user;
	return (name[strlen(name) - 1] - '0') % 2 == 0;
}

static void ask_for(struct http_peer *p, const char *ns, const char *answer)
{
	char text[128];
	snprintf(text, sizeof(text), "0%s,", ns);
	tell(p, text);
	snprintf(text, sizeof(text), "%s ", answer);
	expect_heard(p, text);
}

TEST(socketio, namespaces_are_made_when_a_client_asks)
{
	struct http_peer a;
	rill_socketio_options options = defaults();
	options.max_children = 2;
	serve(&options);
	rill_namespace *even = rill_socketio_of_function(io, is_even, NULL);
	rill_namespace *dyn = rill_socketio_of_pattern(io, "^/dyn-[0-9]+$");
	assert_null(rill_socketio_of_pattern(io, "("));
	listen_to(even);
	listen_to(dyn);
	open_client(&a);
	ask_for(&a, "/x2", "0/x2,{\"sid\":\"SID\"}");
	ask_for(&a, "/dyn-7", "0/dyn-7,{\"sid\":\"SID\"}");
	ask_for(&a, "/x3", "4/x3,{\"message\":\"Invalid namespace\"}");
	ask_for(&a, "/x4", "4/x4,{\"message\":\"Invalid namespace\"}"); /* one too many */
	expect_said("connect:/x2 connect:/dyn-7 ");
	tell(&a, "2/dyn-7,[\"echo\"]");
	expect_heard(&a, "2/dyn-7,[\"echo-back\"] ");
	assert_int_equal(rill_namespace_count(dyn), 1);
	assert_int_equal(rill_broadcast_emit(&(rill_broadcast){ .ns = dyn }, "all", NULL), 0);
	expect_heard(&a, "2/dyn-7,[\"all\"] ");
	cut(&a);
	http_end();
}

TEST(socketio, children_without_sockets_are_cleaned_up_where_asked_for)
{
	struct http_peer a;
	rill_socketio_options options = defaults();
	options.max_children = 1;
	options.cleanup_namespaces = true;
	serve(&options);
	rill_namespace *even = rill_socketio_of_function(io, is_even, NULL);
	listen_to(even);
	open_client(&a);
	for (int i = 0; i < 3; i++) {
		ask_for(&a, "/x2", "0/x2,{\"sid\":\"SID\"}");
		tell(&a, "1/x2,");
		ask_for(&a, "/x4", "0/x4,{\"sid\":\"SID\"}");
		tell(&a, "1/x4,");
	}
	cut(&a);
	http_end();
}

TEST(socketio, a_client_joins_so_many_namespaces)
{
	struct http_peer a;
	rill_socketio_options options = defaults();
	options.max_namespaces = 2;
	serve(&options);
	rill_socketio_of(io, "/a");
	rill_socketio_of(io, "/b");
	open_client(&a);
	ask_for(&a, "/a", "0/a,{\"sid\":\"SID\"}");
	ask_for(&a, "/b", "4/b,{\"message\":\"too many namespaces\"}");
	cut(&a);
	http_end();
}

TEST(socketio, the_handshake_can_be_read)
{
	struct http_peer a;
	static const char *const keep[] = { "X-Test", NULL };
	rill_engineio_options engine = engine_defaults();
	rill_socketio_options options = defaults();
	engine.keep_headers = keep;
	options.engineio = &engine;
	serve(&options);
	open_session_at(&a, "/socket.io/?EIO=4&transport=websocket&a=%41b&a=c+d");
	heard(&a);
	tell(&a, "0{\"token\":\"x\"}");
	expect_said("connect:/ ");
	rill_socket *s = latest;
	rill_bytes value = rill_socket_query(s, "a");
	test_expect_text(value.data, value.len, "c d");
	assert_null(rill_socket_query(s, "b").data);
	value = rill_socket_header(s, "x-test");
	test_expect_text(value.data, value.len, "kept");
	assert_true(rill_json_is(rill_json_get(rill_socket_auth(s), "token"), "x"));
	assert_string_equal(
		rill_socket_url(s), "/socket.io/?EIO=4&transport=websocket&a=%41b&a=c+d");
	assert_string_equal(rill_conn_transport(rill_socket_conn(s)), "websocket");
	assert_true(rill_socket_issued(s) > 0);
	assert_int_equal(rill_socket_data(s).type, RILL_JSON_NONE);
	assert_int_equal(rill_socket_set_data(s, json("[1]")), 0);
	assert_int_equal(rill_json_int(rill_json_at(rill_socket_data(s), 0), 0), 1);
	cut(&a);
	http_end();
}

TEST(socketio, a_service_that_is_detached_lives_as_long_as_its_clients)
{
	struct http_peer a, b;
	serve(NULL);
	open_client(&a);
	rill_socketio_detach(io, false);
	tell(&a, "2[\"echo\"]");
	expect_heard(&a, "2[\"echo-back\"] ");
	http_open(&b);
	http_send(&b, "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n");
	http_expect_status(&b, 404);
	http_close(&b);
	cut(&a);
	http_end();
	serve(NULL);
	open_client(&a);
	rill_socketio_detach(io, true);
	expect_said("gone:server namespace disconnect ");
	expect_heard(&a, "1 close:1000 ");
	cut(&a);
	http_end();
}

TEST(socketio, one_that_cannot_be_told_to_go_is_closed)
{
	static char large[60 * 1024];
	struct http_peer a;
	rill_socketio_options options = defaults();
	rill_engineio_options engine = engine_defaults();
	engine.max_queue = sizeof(large);
	engine.overflow = RILL_OVERFLOW_REFUSE;
	options.engineio = &engine;
	serve(&options);
	open_client(&a);
	memset(large, 'x', sizeof(large));
	rill_emit(latest, "x", RILL_ARGS(rill_text_of(large, sizeof(large) - 100)));
	size_t n = sizeof(large);
	while (n > 0) /* to the last byte */
		if (rill_emit(latest, "x", RILL_ARGS(rill_text_of(large, n))) < 0)
			n /= 2;
	rill_socket_disconnect(latest, false);
	expect_said("gone:server namespace disconnect ");
	const char *all = heard(&a);
	size_t len = strlen(all);
	if (len < 2 || strcmp(all + len - 2, "1 ") != 0)
		assert_non_null(strstr(all, "close:"));
	cut(&a);
	http_end();
}
