/* socketio_broadcast_test.c: rooms, and whom a broadcast reaches. */
#include "proto/socketio_program.h"

enum { CLIENTS = 4 };
static struct http_peer peers[CLIENTS];
static rill_socket *sockets[CLIENTS];

static void open_all(const rill_socketio_options *options)
{
	serve(options);
	for (int i = 0; i < CLIENTS; i++)
		sockets[i] = open_client(&peers[i]);
	said[0] = 0;
}

static void close_all(void)
{
	for (int i = 0; i < CLIENTS; i++)
		http_close(&peers[i]);
	http_turns();
	http_end();
}

/* who: a digit for each client that got the event, and nothing else. */
static void expect_got(const char *who, const char *packet)
{
	char have[CLIENTS + 1] = "", want[256];
	snprintf(want, sizeof(want), "%s ", packet);
	for (int i = 0; i < CLIENTS; i++) {
		const char *text = heard(&peers[i]);
		if (!*text)
			continue;
		assert_string_equal(text, want);
		have[strlen(have)] = (char)('0' + i);
	}
	assert_string_equal(have, who);
}

#define TO(...) (&(rill_broadcast){ __VA_ARGS__ })

static void emit(const rill_broadcast *to, const char *who)
{
	assert_int_equal(rill_broadcast_emit(to, "x", RILL_ARGS(rill_int(1))), 0);
	expect_got(who, "2[\"x\",1]");
}

TEST(socketio_broadcast, it_reaches_the_union_of_rooms_without_those_excepted_each_once)
{
	open_all(NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rill_join(sockets[i], "a"), 0);
	for (int i = 2; i < 4; i++)
		assert_int_equal(rill_join(sockets[i], "b"), 0);
	assert_int_equal(rill_join(sockets[0], "a"), 0);
	assert_true(rill_in_room(sockets[0], "a"));
	assert_false(rill_in_room(sockets[0], "b"));
	emit(TO(.ns = root), "0123");
	emit(TO(.from = sockets[1]), "023");
	emit(TO(.ns = root, .rooms = RILL_ROOMS("a")), "012");
	emit(TO(.ns = root, .rooms = RILL_ROOMS("a", "b", "none")), "0123");
	emit(TO(.from = sockets[2], .rooms = RILL_ROOMS("a", "b")), "013");
	emit(TO(.ns = root, .rooms = RILL_ROOMS("a"), .except = RILL_ROOMS("b")), "01");
	emit(TO(.ns = root, .except = RILL_ROOMS("b", "none")), "01");
	emit(TO(.ns = root, .rooms = RILL_ROOMS("none")), "");
	emit(TO(.ns = root, .rooms = RILL_ROOMS(rill_socket_id(sockets[3]), "b")), "23");
	emit(TO(.ns = root, .except = RILL_ROOMS(rill_socket_id(sockets[3]))), "012");
	rill_leave(sockets[2], "a");
	rill_leave(sockets[2], "none");
	emit(TO(.ns = root, .rooms = RILL_ROOMS("a")), "01");
	rill_leave(sockets[3], rill_socket_id(sockets[3]));
	assert_false(rill_in_room(sockets[3], rill_socket_id(sockets[3])));
	emit(TO(.ns = root, .rooms = RILL_ROOMS(rill_socket_id(sockets[3]))), "");
	assert_int_equal(rill_broadcast_emit(TO(.rooms = NULL), "x", NULL), RILL_EINVAL);
	assert_int_equal(rill_broadcast_emit(TO(.ns = root), "connect", NULL), RILL_EINVAL);
	close_all();
}

TEST(socketio_broadcast, sockets_that_go_are_in_no_room_any_more)
{
	open_all(NULL);
	for (int i = 0; i < CLIENTS; i++)
		rill_join(sockets[i], "a");
	http_close(&peers[0]);
	http_open(&peers[0]);
	expect_said("rooms:2 gone:transport error ");
	rill_socket_disconnect(sockets[1], false);
	assert_int_equal(rill_join(sockets[1], "b"), RILL_ECLOSED);
	assert_int_equal(
		rill_broadcast_emit(TO(.ns = root, .rooms = RILL_ROOMS("a")), "x", NULL), 0);
	expect_said("rooms:2 gone:server namespace disconnect ");
	expect_heard(&peers[1], "1 ");
	expect_got("23", "2[\"x\"]");
	close_all();
}

TEST(socketio_broadcast, rooms_have_limits)
{
	rill_socketio_options options = defaults();
	options.max_rooms = 2;
	options.max_room_name = 3;
	open_all(&options);
	assert_int_equal(rill_join(sockets[0], "long"), RILL_ELIMIT);
	assert_int_equal(rill_join(sockets[0], "a"), 0);
	assert_int_equal(rill_join(sockets[0], "b"), 0);
	assert_int_equal(rill_join(sockets[0], "c"), RILL_ELIMIT);
	assert_int_equal(rill_join(sockets[0], "b"), 0);
	assert_int_equal(rill_join(sockets[0], rill_socket_id(sockets[0])), 0);
	close_all();
}

TEST(socketio_broadcast, binary_data_is_shared_and_stays_in_a_row)
{
	open_all(NULL);
	rill_emit(sockets[0], "before", NULL);
	rill_broadcast_emit(TO(.ns = root), "b",
		RILL_ARGS(rill_binary("\1", 1), rill_text("t"), rill_binary("", 0)));
	rill_emit(sockets[0], "behind", NULL);
	const char *packet = "52-[\"b\",{\"_placeholder\":true,\"num\":0},\"t\","
			     "{\"_placeholder\":true,\"num\":1}] <01> <>";
	char want[256];
	snprintf(want, sizeof(want), "2[\"before\"] %s 2[\"behind\"] ", packet);
	expect_heard(&peers[0], want);
	expect_got("123", packet);
	close_all();
}

static void answered(int rc, rill_json answers, void *user)
{
	(void)user;
	say("answers:%d:", rc);
	say_json(answers);
	say(" ");
}

static void ask(const rill_broadcast *to, uint32_t ms)
{
	assert_int_equal(rill_broadcast_ask(to, "q", NULL, ms, answered, NULL), 0);
	assert_string_equal(said, "");
}

TEST(socketio_broadcast, all_are_asked_and_their_first_arguments_gathered)
{
	open_all(NULL);
	ask(TO(.from = sockets[0]), 0);
	expect_got("123", "20[\"q\"]");
	tell(&peers[2], "30[\"two\",5]");
	tell(&peers[1], "30[]");
	tell(&peers[1], "30[\"again\"]");
	expect_said("");
	tell(&peers[3], "61-0[{\"_placeholder\":true,\"num\":0}]");
	tell_bytes(&peers[3], "07");
	expect_said("answers:0:[\"two\",null,{\"_placeholder\":true,\"num\":0}] ");
	ask(TO(.ns = root), 1000);
	expect_got("0123", "21[\"q\"]");
	tell(&peers[0], "31[1]");
	http_pass(1100);
	expect_said("answers:-7:[1] ");
	tell(&peers[1], "31[1]");
	ask(TO(.ns = root, .rooms = RILL_ROOMS("none")), 1000);
	expect_said("answers:0:[] ");
	ask(TO(.ns = root, .rooms = RILL_ROOMS("none")), 0);
	expect_said("answers:0:[] ");
	close_all();
}

TEST(socketio_broadcast, those_who_go_are_not_waited_for)
{
	open_all(NULL);
	ask(TO(.ns = root), 0);
	for (int i = 1; i < CLIENTS; i++)
		tell(&peers[i], "30[1]");
	http_close(&peers[0]);
	http_open(&peers[0]);
	expect_said("answers:-3:[1,1,1] gone:transport error ");
	ask(TO(.ns = root), 0);
	close_all();
	assert_non_null(strstr(said, "answers:-3:[] "));
}

TEST(socketio_broadcast, answers_have_a_limit_and_so_have_questions)
{
	rill_socketio_options options = defaults();
	options.max_answers = 12;
	options.max_acks = 1;
	open_all(&options);
	ask(TO(.ns = root), 0);
	tell(&peers[0], "30[\"12345\"]");
	tell(&peers[1], "30[\"1234567\"]");
	tell(&peers[2], "30[1]");
	tell(&peers[3], "30[2]");
	expect_said("answers:-4:[\"12345\",1,2] ");
	ask(TO(.from = sockets[0]), 100);
	http_pass(200);
	expect_said("answers:-7:[] ");
	ask(TO(.ns = root), 0); /* what was asked before makes room: it is over */
	assert_int_equal(rill_broadcast_ask(TO(.ns = root), "q", NULL, 0, answered, NULL), 0);
	expect_said("answers:0:[] "); /* but this one is not */
	close_all();
}

TEST(socketio_broadcast, sockets_can_be_moved_and_sent_away)
{
	open_all(NULL);
	for (int i = 0; i < 3; i++)
		rill_join(sockets[i], "a");
	assert_int_equal(rill_broadcast_join(TO(.ns = root, .rooms = RILL_ROOMS("a")), "b"), 0);
	assert_int_equal(
		rill_broadcast_leave(TO(.from = sockets[0], .rooms = RILL_ROOMS("b")), "a"), 0);
	emit(TO(.ns = root, .rooms = RILL_ROOMS("a")), "0");
	emit(TO(.ns = root, .rooms = RILL_ROOMS("b")), "012");
	assert_int_equal(
		rill_broadcast_disconnect(TO(.from = sockets[0], .rooms = RILL_ROOMS("b")), false),
		0);
	expect_got("12", "1");
	assert_int_equal(
		rill_broadcast_disconnect(TO(.ns = root, .rooms = RILL_ROOMS("b")), true), 0);
	expect_got("0", "1 close:1000");
	emit(TO(.ns = root), "3");
	close_all();
}

static void disconnect_all(rill_socket *s, void *user)
{
	(void)s;
	++*(int *)user;
	for (int i = 0; i < CLIENTS; i++)
		rill_socket_disconnect(sockets[i], true);
}

TEST(socketio_broadcast, who_is_told_of_a_socket_may_do_anything)
{
	int count = 0;
	open_all(NULL);
	assert_int_equal(rill_broadcast_each(TO(.ns = root), disconnect_all, &count), 0);
	assert_int_equal(count, 1);
	http_turns();
	assert_int_equal(rill_namespace_count(root), 0);
	close_all();
}

static void tap(rill_socket *s, const char *event, rill_json args, void *user)
{
	(void)user;
	say("out:%s", event);
	say_json(args);
	say(" ");
	rill_leave(s, "a");
	assert_true(rill_emit(s, "nested", RILL_ARGS(rill_text("something else"))) >= 0);
}

TEST(socketio_broadcast, all_that_is_sent_can_be_seen_once_for_each_receiver)
{
	open_all(NULL);
	rill_join(sockets[0], "a");
	rill_join(sockets[1], "a");
	rill_namespace_on_any_outgoing(root, tap, NULL);
	rill_broadcast_emit(TO(.ns = root, .rooms = RILL_ROOMS("a")), "x",
		RILL_ARGS(rill_int(1), rill_binary("b", 1)));
	expect_said("out:x[1,{\"_placeholder\":true,\"num\":0}] "
		    "out:x[1,{\"_placeholder\":true,\"num\":0}] ");
	rill_emit(sockets[2], "y", NULL);
	expect_said("out:y[] ");
	expect_heard(&peers[2], "2[\"y\"] 2[\"nested\",\"something else\"] ");
	close_all();
}

TEST(socketio_broadcast, a_queue_that_is_full_closes_its_client_or_is_passed_by)
{
	static char big[300000];
	memset(big, 'x', sizeof(big) - 1);
	for (int refuse = 0; refuse < 2; refuse++) {
		rill_engineio_options engine = engine_defaults();
		rill_socketio_options options = defaults();
		engine.max_queue = 400 * 1000;
		engine.overflow = refuse ? RILL_OVERFLOW_REFUSE : RILL_OVERFLOW_CLOSE;
		options.engineio = &engine;
		open_all(&options);
		/* Nobody reads, and no turn comes in between. */
		for (int i = 0; i < 4; i++)
			assert_int_equal(
				rill_broadcast_emit(TO(.ns = root), "x", RILL_ARGS(rill_text(big))),
				0);
		assert_int_equal(rill_socket_connected(sockets[0]), true);
		http_turns();
		for (int i = 0; i < CLIENTS; i++)
			http_take(&peers[i]);
		http_turns();
		assert_int_equal(rill_namespace_count(root), refuse ? CLIENTS : 0);
		close_all();
	}
}

TEST(socketio_broadcast, what_is_volatile_is_dropped_when_it_cannot_leave)
{
	static char big[300000];
	memset(big, 'x', sizeof(big) - 1);
	open_all(NULL);
	assert_int_equal(rill_emit_with(sockets[0], "v", NULL, RILL_VOLATILE), 0);
	expect_heard(&peers[0], "2[\"v\"] ");
	for (int i = 0; i < 3; i++)
		assert_true(rill_emit(sockets[0], "x", RILL_ARGS(rill_text(big))) >= 0);
	assert_int_equal(rill_emit_with(sockets[0], "v", NULL, RILL_VOLATILE), RILL_ELIMIT);
	assert_int_equal(rill_broadcast_emit(TO(.ns = root, .flags = RILL_VOLATILE), "v",
				 RILL_ARGS(rill_int(1))),
		0);
	for (int i = 1; i < CLIENTS; i++)
		expect_heard(&peers[i], "2[\"v\",1] ");
	assert_null(strstr(heard(&peers[0]), "\"v\""));
	close_all();
}

static int again_count, again_rc;
static void ask_again(int rc, rill_json answers, void *user)
{
	rill_broadcast to = { .ns = root };
	(void)rc;
	(void)answers;
	(void)user;
	if (again_count++ < 100)
		again_rc = rill_broadcast_ask(&to, "q", NULL, 0, ask_again, NULL);
}

TEST(socketio_broadcast, who_asks_again_does_not_keep_the_service)
{
	struct http_peer a;
	serve(NULL);
	open_client(&a);
	again_count = 0;
	rill_broadcast to = { .ns = root };
	assert_int_equal(rill_broadcast_ask(&to, "q", NULL, 0, ask_again, NULL), 0);
	http_end();
	assert_int_equal(again_rc, RILL_ECLOSED);
	assert_true(again_count < 10);
	http_close(&a);
}
