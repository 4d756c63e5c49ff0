/* socketio_event_test.c: who is told of an event, and in which order; and what hostile clients make of packets. */
#include "proto/socketio_program.h"

static bool forbid(rill_socket *s, const char *event, rill_json args, rill_reply *reply, void *user)
{
	say("%s:%s", (const char *)user, event);
	say_json(args);
	say(" ");
	if (strcmp(event, "go") == 0)
		rill_socket_disconnect(s, false);
	if (strcmp(event, "answer") == 0)
		rill_reply_send(reply, RILL_ARGS(rill_text("no")));
	return strcmp(event, "answer") != 0;
}

TEST(socketio_event, middlewares_stand_between_and_may_stop_it)
{
	struct http_peer a;
	serve(NULL);
	open_client(&a);
	assert_int_equal(rill_namespace_use_events(root, forbid, (void *)"one"), 0);
	assert_int_equal(rill_namespace_use_events(root, forbid, (void *)"two"), 0);
	tell(&a, "2[\"echo\",1]");
	expect_said("echo[1] one:echo[1] two:echo[1] ");
	expect_heard(&a, "2[\"echo-back\",1] ");
	tell(&a, "20[\"answer\"]");
	expect_said("answer[] one:answer[] ");
	expect_heard(&a, "30[\"no\"] ");
	assert_int_equal(rill_namespace_on(root, "go", on_echo, NULL), 0);
	tell(&a, "2[\"go\"]");
	expect_said("go[] one:go[] gone:server namespace disconnect ");
	expect_heard(&a, "1 ");
	cut(&a);
	http_end();
}

static void never(rill_socket *s, rill_json args, rill_reply *reply, void *user)
{
	(void)s;
	(void)args;
	(void)reply;
	(void)user;
	fail_msg("called");
}

TEST(socketio_event, a_listener_can_be_replaced_and_taken_away)
{
	struct http_peer a;
	serve(NULL);
	open_client(&a);
	assert_int_equal(rill_namespace_on(root, "x", never, NULL), 0);
	assert_int_equal(rill_namespace_on(root, "x", on_echo, NULL), 0);
	tell(&a, "2[\"x\"]");
	expect_heard(&a, "2[\"echo-back\"] ");
	assert_int_equal(rill_namespace_on(root, "x", NULL, NULL), 0);
	assert_int_equal(rill_namespace_on(root, "y", NULL, NULL), 0);
	assert_int_equal(rill_namespace_on(root, "disconnect", never, NULL), RILL_EINVAL);
	assert_int_equal(rill_namespace_on(root, NULL, never, NULL), RILL_EINVAL);
	tell(&a, "2[\"x\"]");
	expect_heard(&a, "");
	rill_namespace_on_any(root, NULL, NULL);
	said[0] = 0;
	tell(&a, "2[\"x\"]");
	tell(&a, "2[\"\\u0065cho\\u0000\"]"); /* another name than echo */
	expect_heard(&a, "");
	expect_said("");
	cut(&a);
	http_end();
}

static bool any_child(const char *name, rill_json auth, void *user)
{
	(void)name;
	(void)auth;
	(void)user;
	return true;
}

static void told(rill_socket *s, rill_json args, rill_reply *reply, void *user)
{
	(void)s;
	(void)args;
	(void)reply;
	say("%s ", (const char *)user);
}

static void child_connected(rill_socket *s, void *user)
{
	rill_namespace *ns = rill_socket_namespace(s);
	(void)user;
	rill_namespace_on(ns, "mine", told, (void *)"child");
	rill_namespace_on(ns, "both", told, (void *)"child");
}

TEST(socketio_event, children_have_what_their_parent_has_and_more)
{
	struct http_peer a;
	serve(NULL);
	rill_namespace *parent = rill_socketio_of_function(io, any_child, NULL);
	rill_namespace_on_connect(parent, child_connected, NULL);
	rill_namespace_on(parent, "both", told, (void *)"parent");
	rill_namespace_on(parent, "theirs", told, (void *)"parent");
	rill_namespace_use_events(parent, forbid, (void *)"m");
	open_client(&a);
	tell(&a, "0/c,");
	expect_heard(&a, "0/c,{\"sid\":\"SID\"} ");
	tell(&a, "2/c,[\"mine\"]");
	tell(&a, "2/c,[\"both\"]");
	tell(&a, "2/c,[\"theirs\"]");
	expect_said("m:mine[] child m:both[] child m:theirs[] parent ");
	cut(&a);
	http_end();
}

static void drained(rill_socket *s, void *user)
{
	(void)s;
	++*(int *)user;
}

TEST(socketio_event, a_socket_hears_when_there_is_room_again)
{
	static char big[300000];
	struct http_peer a;
	int count = 0, rc = 0;
	memset(big, 'x', sizeof(big) - 1);
	serve(NULL);
	rill_namespace_on_drain(root, drained, &count);
	rill_socket *s = open_client(&a);
	while (rc == 0)
		rc = rill_emit(s, "x", RILL_ARGS(rill_text(big)));
	assert_int_equal(rc, 1);
	assert_int_equal(count, 0);
	for (int i = 0; i < 20; i++) {
		http_take(&a);
		http_turns();
	}
	assert_int_equal(count, 1);
	cut(&a);
	http_end();
}

static void say_query(const char *name, rill_bytes value, void *user)
{
	(void)user;
	say("%s=%.*s ", name, (int)value.len, (const char *)value.data);
}

TEST(socketio_event, all_of_the_query_can_be_read)
{
	struct http_peer a;
	serve(NULL);
	open_session_at(&a, "/socket.io/?EIO=4&transport=websocket&%61=%00x&b");
	tell(&a, "0");
	said[0] = 0;
	rill_socket_each_query(latest, say_query, NULL);
	assert_int_equal(strncmp(said, "EIO=4 transport=websocket a=", 28), 0);
	cut(&a);
	http_end();
}

/* Packets put together from what packets are made of. */

static uint32_t seed;
static uint32_t draw(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static const char *const pieces[] = { "0", "1", "2", "3", "4", "5", "6", "51-", "52-", "61-", "50-",
	"9-", "/", "/chat,", "/none,", "/x?a=b,", "12", "0", "[", "]", "{", "}", "\"echo\"", "\"",
	",", ":", "[\"echo\",1]", "[\"echo\",{\"_placeholder\":true,\"num\":0}]",
	"{\"_placeholder\":true,\"num\":1}", "[\"ec\\u0068o\",\"\\ud800\"]", "[1]", "[1,2]", "[]",
	"null", "\\", "\xff", "1e999", "-", "{\"pid\":\"\",\"offset\":1}", "{\"token\":[[[]]]}",
	"\x1e", "[ \"echo\" , [ ] ]" };

/* Most of it is right, so that something stands when the rest comes. */
static void tell_anything(struct http_peer *p)
{
	static const char *const good[] = { "2[\"echo\",1]", "21[\"echo\"]",
		"2/chat,[\"echo\",{\"a\":[1]}]", "20[\"none\"]", "30[1]", "31[]", "39[\"x\",{}]",
		"3/chat,1[[]]", "2[7,8]", "50-[\"echo\",{\"_placeholder\":true,\"num\":0}]" };
	static const char *const binary[] = { "51-[\"echo\",{\"_placeholder\":true,\"num\":0}]",
		"51-3[\"echo\",{\"x\":[{\"num\":0,\"_placeholder\":true}]}]", "51-/chat,[\"echo\"]",
		"61-0[{\"_placeholder\":true,\"num\":0}]" };
	char text[512] = "4";
	uint32_t shape = draw(100);
	if (shape < 70) {
		tell(p, good[draw(sizeof(good) / sizeof(*good))]);
		return;
	}
	if (shape < 95) {
		char bytes[4] = { 1, 2, 3, 4 };
		tell(p, binary[draw(sizeof(binary) / sizeof(*binary))]);
		if (draw(50))
			send_frame(p, 2, bytes, draw(5));
		return;
	}
	for (uint32_t n = draw(6); n; n--)
		strcat(text, pieces[draw(sizeof(pieces) / sizeof(*pieces))]);
	send_frame(p, 1, text, strlen(text));
}

static void open_and_join(struct http_peer *p)
{
	open_session(p);
	if (draw(10))
		tell(p, "0");
	if (draw(10))
		tell(p, "0/chat,");
}

static void ignore_answer(rill_socket *s, int rc, rill_json args, void *user)
{
	(void)s;
	(void)rc;
	(void)args;
	(void)user;
}

static int asked_back;

static void ask_back(rill_socket *s, rill_json args, rill_reply *reply)
{
	said[0] = 0;
	asked_back++;
	rill_ask(s, "q", RILL_ARGS(rill_items(args)), draw(100), ignore_answer, NULL);
	rill_broadcast_emit(&(rill_broadcast){ .from = s }, "all", RILL_ARGS(rill_json_arg(args)));
	rill_reply_send(reply, RILL_ARGS(rill_items(args)));
	rill_join(s, draw(2) ? "a" : "b");
	if (draw(50) == 0)
		rill_socket_disconnect(s, draw(2));
}

TEST(socketio_event, whatever_comes_harms_nobody_else)
{
	enum { PEERS = 3 };
	struct http_peer peers[PEERS];
	rill_socketio_options options = defaults();
	options.recovery_ms = 1000;
	serve(&options);
	listen_to(rill_socketio_of(io, "/chat"));
	in_event = ask_back;
	seed = 7;
	for (int i = 0; i < PEERS; i++)
		open_and_join(&peers[i]);
	for (int i = 0; i < 6000; i++) {
		struct http_peer *p = &peers[draw(PEERS)];
		said[0] = 0;
		tell_anything(p);
		http_take(p);
		if (p->ended || strstr(heard(p), "close:")) {
			http_close(p);
			http_turns();
			open_and_join(p);
		}
		if (draw(100) == 0)
			http_pass(50);
	}
	for (int i = 0; i < PEERS; i++)
		http_close(&peers[i]);
	http_turns();
	http_end();
	assert_true(asked_back > 1000);
}

TEST(socketio_event, namespaces_by_the_thousand_are_too_many)
{
	struct http_peer a;
	rill_socketio_options options = defaults();
	options.max_namespaces = 5000;
	options.max_children = 1500;
	serve(&options);
	rill_namespace *parent = rill_socketio_of_function(io, any_child, NULL);
	open_session(&a);
	for (int i = 0; i < 2000; i++) {
		char packet[64];
		snprintf(packet, sizeof(packet), "0/n%d,", i);
		tell(&a, packet);
		assert_true((strstr(heard(&a), "Invalid namespace") != NULL) == (i >= 1500));
	}
	assert_int_equal(rill_namespace_count(parent), 1500);
	cut(&a);
	assert_int_equal(rill_namespace_count(parent), 0);
	http_end();
}
