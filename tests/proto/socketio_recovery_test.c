/* socketio_recovery_test.c: clients that were lost come back, to what they had and what they have missed. */
#include "proto/socketio_program.h"

static rill_socketio_options recovering(void)
{
	rill_socketio_options options = defaults();
	options.recovery_ms = 30 * 1000;
	return options;
}

/* Offsets come to be "OFF"; the last is kept. */
static char offset[64];
static const char *heard_offsets(struct http_peer *p)
{
	static char text[100000];
	snprintf(text, sizeof(text), "%s", heard(p));
	for (char *from = text, *end; (end = strstr(from, "\"]")); from = end + 2) {
		char *begin = end; /* xxxxxx-n */
		while (begin > text && begin[-1] != '"')
			begin--;
		if (end - begin > 7 && begin[6] == '-') {
			snprintf(offset, sizeof(offset), "%.*s", (int)(end - begin), begin);
			memcpy(begin, "OFF", 3);
			memmove(begin + 3, end, strlen(end) + 1);
			end = begin + 3;
		}
	}
	return text;
}

static void expect_offsets(struct http_peer *p, const char *want)
{
	assert_string_equal(heard_offsets(p), want);
}

static void join_recovering(struct http_peer *p)
{
	open_session(p);
	tell(p, "0");
	expect_heard(p, "0{\"sid\":\"SID\",\"pid\":\"PID\"} ");
	expect_said("connect:/ ");
	offset[0] = 0;
}

/* Comes back by pid and, if there is one, offset. */
static void come_back(struct http_peer *p, const char *with)
{
	char packet[256];
	if (with)
		snprintf(packet, sizeof(packet), "0{\"pid\":\"%s\",\"offset\":\"%s\"}", pid, with);
	else
		snprintf(packet, sizeof(packet), "0{\"pid\":\"%s\"}", pid);
	open_session(p);
	tell(p, packet);
}

TEST(socketio_recovery, rooms_data_and_what_was_missed_are_given_back)
{
	struct http_peer a;
	char id[64], key[64];
	rill_socketio_options options = recovering();
	serve(&options);
	join_recovering(&a);
	snprintf(id, sizeof(id), "%s", sid);
	snprintf(key, sizeof(key), "%s", pid);
	rill_join(latest, "a");
	rill_socket_set_data(latest, json("{\"n\":1}"));
	rill_emit(latest, "x", RILL_ARGS(rill_int(1)));
	expect_offsets(&a, "2[\"x\",1,\"OFF\"] ");
	cut(&a);
	expect_said("rooms:2 gone:transport error ");
	rill_broadcast to_a = { .ns = root, .rooms = RILL_ROOMS("a") };
	rill_broadcast to_b = { .ns = root, .rooms = RILL_ROOMS("b") };
	rill_broadcast not_a = { .ns = root, .except = RILL_ROOMS("a") };
	rill_broadcast to_it = { .ns = root, .rooms = RILL_ROOMS(id) };
	rill_broadcast dropped = { .ns = root, .flags = RILL_VOLATILE };
	rill_broadcast_emit(&to_a, "one", RILL_ARGS(rill_binary("b", 1)));
	rill_broadcast_emit(&to_b, "not", NULL);
	rill_broadcast_emit(&not_a, "not", NULL);
	rill_broadcast_emit(&dropped, "not", NULL);
	rill_broadcast_emit(&to_it, "two", NULL);
	come_back(&a, offset);
	expect_said("connect:/:recovered ");
	expect_offsets(&a, "51-[\"one\",{\"_placeholder\":true,\"num\":0},\"OFF\"] <62> "
			   "2[\"two\",\"OFF\"] 0{\"sid\":\"SID\",\"pid\":\"PID\"} ");
	assert_string_equal(sid, id);
	assert_string_equal(pid, key);
	assert_string_equal(rill_socket_id(latest), id);
	assert_true(rill_in_room(latest, "a"));
	assert_true(rill_socket_recovered(latest));
	assert_int_equal(rill_json_int(rill_json_get(rill_socket_data(latest), "n"), 0), 1);
	/* And again, from where it is now. */
	cut(&a);
	rill_broadcast_emit(&to_it, "three", NULL);
	come_back(&a, offset);
	expect_offsets(&a, "2[\"three\",\"OFF\"] 0{\"sid\":\"SID\",\"pid\":\"PID\"} ");
	cut(&a);
	http_end();
}

TEST(socketio_recovery, who_has_seen_no_event_is_owed_all_since_its_connect)
{
	struct http_peer a, b;
	rill_socketio_options options = recovering();
	serve(&options);
	join_recovering(&b);
	rill_emit(latest, "before", NULL);
	join_recovering(&a);
	rill_socket *s = latest;
	/* Sent, but never received. */
	assert_int_equal(rill_emit(s, "lost", NULL), 0);
	http_close(&a);
	http_turns();
	rill_broadcast_emit(&(rill_broadcast){ .ns = root }, "missed", NULL);
	come_back(&a, NULL);
	expect_offsets(&a,
		"2[\"lost\",\"OFF\"] 2[\"missed\",\"OFF\"] 0{\"sid\":\"SID\",\"pid\":\"PID\"} ");
	http_close(&a);
	http_close(&b);
	http_turns();
	http_end();
}

TEST(socketio_recovery, an_old_offset_is_good_when_nothing_came_behind_it)
{
	struct http_peer a;
	rill_socketio_options options = recovering();
	options.recovery_messages = 1;
	serve(&options);
	join_recovering(&a);
	rill_emit(latest, "x", NULL);
	expect_offsets(&a, "2[\"x\",\"OFF\"] ");
	for (int i = 0; i < 5; i++) /* for nobody who is there */
		rill_broadcast_emit(
			&(rill_broadcast){ .ns = root, .rooms = RILL_ROOMS("none") }, "y", NULL);
	cut(&a);
	said[0] = 0;
	come_back(&a, offset);
	expect_said("connect:/:recovered ");
	/* But not when something was forgotten since it went. */
	cut(&a);
	said[0] = 0;
	for (int i = 0; i < 2; i++)
		rill_broadcast_emit(&(rill_broadcast){ .ns = root }, "y", NULL);
	come_back(&a, offset);
	expect_said("connect:/ ");
	cut(&a);
	http_end();
}

TEST(socketio_recovery, events_with_acknowledgements_and_volatile_ones_have_no_offset)
{
	struct http_peer a;
	rill_socketio_options options = recovering();
	serve(&options);
	join_recovering(&a);
	rill_emit_with(latest, "v", NULL, RILL_VOLATILE);
	rill_emit_with(latest, "c", NULL, RILL_NO_COMPRESS);
	expect_offsets(&a, "2[\"v\"] 2[\"c\",\"OFF\"] ");
	tell(&a, "27[\"echo\",\"x\"]");
	expect_heard(&a, "37[\"x\"] ");
	cut(&a);
	http_end();
}

static void not_recovered(struct http_peer *a, const char *with)
{
	said[0] = 0;
	come_back(a, with);
	expect_said("connect:/ ");
	expect_heard(a, "0{\"sid\":\"SID\",\"pid\":\"PID\"} ");
}

TEST(socketio_recovery, who_cannot_be_given_all_begins_anew)
{
	struct http_peer a, b;
	rill_socketio_options options = recovering();
	options.recovery_sockets = 1;
	serve(&options);
	join_recovering(&a);
	rill_emit(latest, "x", NULL);
	heard_offsets(&a);
	cut(&a);
	not_recovered(&a, "no offset");
	rill_emit(latest, "x", NULL);
	heard_offsets(&a);
	char *digit = offset + strlen(offset) - 1;
	*digit = '9'; /* of the future */
	cut(&a);
	not_recovered(&a, offset);
	cut(&a);
	http_pass(31 * 1000); /* too late */
	not_recovered(&a, NULL);
	tell(&a, "1"); /* it has left */
	http_close(&a);
	not_recovered(&a, NULL);
	rill_socket_disconnect(latest, true); /* it was sent away */
	http_turns();
	heard(&a);
	cut(&a);
	not_recovered(&a, NULL);
	/* Only so many are kept. */
	char first[64];
	snprintf(first, sizeof(first), "%s", pid);
	join_recovering(&b);
	cut(&a);
	cut(&b);
	char last[64];
	snprintf(last, sizeof(last), "%s", pid);
	snprintf(pid, sizeof(pid), "%s", first);
	not_recovered(&a, NULL);
	snprintf(pid, sizeof(pid), "%s", last);
	come_back(&b, NULL);
	assert_true(rill_socket_recovered(latest));
	http_close(&a);
	cut(&b);
	http_end();
}

TEST(socketio_recovery, memory_is_given_back_in_time)
{
	struct http_peer a;
	rill_socketio_options options = recovering();
	serve(&options);
	join_recovering(&a);
	for (int i = 0; i < 100; i++)
		rill_emit(latest, "x", NULL);
	heard(&a);
	cut(&a);
	http_turns();
	size_t before = test_live_blocks();
	http_pass(31 * 1000);
	assert_true(test_live_blocks() + 200 <= before);
	http_end();
}

static int count_calls;
static int count_and_accept(rill_socket *s, rill_json auth, void *user)
{
	(void)s;
	(void)auth;
	(void)user;
	count_calls++;
	return RILL_ACCEPT;
}

TEST(socketio_recovery, middlewares_are_passed_by_or_asked)
{
	struct http_peer a;
	for (int skips = 0; skips < 2; skips++) {
		rill_socketio_options options = recovering();
		options.recovery_skips_middlewares = skips;
		serve(&options);
		rill_namespace_use(root, count_and_accept, NULL);
		count_calls = 0;
		join_recovering(&a);
		cut(&a);
		come_back(&a, NULL);
		assert_true(rill_socket_recovered(latest));
		assert_int_equal(count_calls, skips ? 1 : 2);
		cut(&a);
		http_end();
	}
}

TEST(socketio_recovery, a_socket_that_is_there_is_not_given_to_another)
{
	struct http_peer a, b;
	rill_socketio_options options = recovering();
	serve(&options);
	join_recovering(&a);
	not_recovered(&b, NULL);
	assert_int_equal(rill_namespace_count(root), 2);
	http_close(&a);
	cut(&b);
	http_end();
}

static void send_to_all(rill_socket *s)
{
	(void)s;
	rill_broadcast_emit(&(rill_broadcast){ .ns = root }, "left", NULL);
}

TEST(socketio_recovery, a_client_may_be_back_before_its_loss_was_noticed)
{
	struct http_peer a, b;
	rill_socketio_options options = recovering();
	options.recovery_replaces = true;
	serve(&options);
	join_recovering(&a);
	in_disconnect = send_to_all;
	rill_join(latest, "room");
	rill_emit(latest, "sent", NULL); /* into the void */
	come_back(&b, NULL);
	expect_said("rooms:2 gone:transport close connect:/:recovered ");
	expect_offsets(
		&b, "2[\"sent\",\"OFF\"] 2[\"left\",\"OFF\"] 0{\"sid\":\"SID\",\"pid\":\"PID\"} ");
	assert_true(rill_in_room(latest, "room"));
	assert_int_equal(rill_namespace_count(root), 1);
	http_take(&a);
	assert_true(a.ended);
	http_close(&a);
	cut(&b);
	http_end();
}

static void detach_it(rill_socket *s)
{
	(void)s;
	rill_socketio_detach(io, true);
}

TEST(socketio_recovery, everything_may_be_closed_when_the_old_one_goes)
{
	struct http_peer a, b;
	rill_socketio_options options = recovering();
	options.recovery_replaces = true;
	serve(&options);
	join_recovering(&a);
	in_disconnect = detach_it;
	come_back(&b, NULL);
	expect_said("gone:transport close ");
	expect_heard(&b, "close:1000 ");
	http_close(&a);
	cut(&b);
	http_end();
}

static rill_broadcast to_all;
static void say_goodbye(rill_socket *s, const char *reason, void *user)
{
	(void)s;
	(void)reason;
	(void)user;
	rill_broadcast_emit(&to_all, "left", NULL);
}

TEST(socketio_recovery, what_is_sent_while_it_goes_is_missed_too)
{
	struct http_peer a;
	rill_socketio_options options = recovering();
	serve(&options);
	to_all = (rill_broadcast){ .ns = root };
	rill_namespace_on_disconnecting(root, say_goodbye, NULL);
	join_recovering(&a);
	rill_emit(latest, "x", NULL);
	expect_offsets(&a, "2[\"x\",\"OFF\"] ");
	cut(&a);
	expect_said("gone:transport error ");
	come_back(&a, offset);
	expect_offsets(&a, "2[\"left\",\"OFF\"] 0{\"sid\":\"SID\",\"pid\":\"PID\"} ");
	expect_said("connect:/:recovered ");
	/* Its session is closed already, and it was not told yet. */
	rill_close(rill_socket_conn(latest), 1000, NULL);
	rill_broadcast_emit(&to_all, "behind", NULL);
	expect_said("gone:forced close ");
	http_close(&a);
	come_back(&a, offset);
	expect_offsets(&a, "2[\"behind\",\"OFF\"] 2[\"left\",\"OFF\"] 0{\"sid\":\"SID\",\"pid\":\"PID\"} ");
	expect_said("connect:/:recovered ");
	rill_namespace_on_disconnecting(root, NULL, NULL);
	http_close(&a);
	http_end();
}

/* At each point at which memory may fail. */
TEST(socketio_recovery, what_was_missed_may_go_half)
{
	for (int n = 1; n < 40; n++) {
		struct http_peer a;
		rill_socketio_options options = recovering();
		serve(&options);
		join_recovering(&a);
		rill_broadcast to = { .ns = root };
		rill_emit(latest, "x", NULL);
		expect_offsets(&a, "2[\"x\",\"OFF\"] ");
		cut(&a);
		rill_broadcast_emit(&to, "bytes", RILL_ARGS(rill_binary("a", 1), rill_binary("b", 1)));
		char packet[256];
		snprintf(packet, sizeof(packet), "0{\"pid\":\"%s\",\"offset\":\"%s\"}", pid, offset);
		open_session(&a);
		test_fail_allocation((unsigned)n, false);
		tell(&a, packet);
		test_fail_allocation(0, false);
		http_close(&a);
		http_end();
	}
}

TEST(socketio_recovery, who_has_left_its_own_room_stays_out_of_it)
{
	struct http_peer a;
	rill_socketio_options options = recovering();
	serve(&options);
	join_recovering(&a);
	rill_leave(latest, rill_socket_id(latest));
	cut(&a);
	expect_said("rooms:0 gone:transport error ");
	come_back(&a, NULL);
	expect_said("connect:/:recovered ");
	assert_false(rill_in_room(latest, rill_socket_id(latest)));
	http_close(&a);
	http_end();
}
