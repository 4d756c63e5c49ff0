/* conn_test.c: the promises of rill/conn.h, on a service made of nothing: it notes what it is asked
 * and reports what the test tells it to. */
#include <stdio.h>
#include <string.h>
#include "conn/conn.h"
#include "conn/hold.h"
#include "conn/no_json.h"
#include "support/support.h"
#include "support/said.h"

/* All that was said, in order: "open", "message:hi", "close:1000", each with a blank behind it. */
static void expect_said(const char *want)
{
	assert_string_equal(said, want);
	said[0] = 0;
}

struct fake {
	struct rill_conn conn;
	struct rl_blob *message; /* what take_message() gives away */
	size_t queued;
	int send_result;
	ptrdiff_t charged;
	bool reading;
	bool cut;
};

static struct fake *fake_of(struct rill_conn *conn)
{
	return rl_container(conn, struct fake, conn);
}

static int fake_send(struct rill_conn *conn, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last)
{
	struct fake *f = fake_of(conn);
	(void)kind;
	say("send:%.*s%s%s%s ", (int)data.len, (const char *)data.data, blob ? "(shared)" : "",
		first ? "" : "-", last ? "" : "+");
	f->queued += data.len;
	rl_conn_note_queue(conn, f->queued);
	return f->send_result;
}

static int fake_close(struct rill_conn *conn, int code, struct rl_slice reason)
{
	(void)conn;
	if (code < 1000)
		return RILL_EINVAL;
	say("closing:%d:%.*s ", code, (int)reason.len, (const char *)reason.data);
	return 0;
}

static void fake_cut(struct rill_conn *conn)
{
	fake_of(conn)->cut = true;
	say("cut ");
}

static void fake_set_reading(struct rill_conn *conn, bool on)
{
	fake_of(conn)->reading = on;
}

static int fake_control(struct rill_conn *conn, bool ping, struct rl_slice data)
{
	(void)conn;
	say("%s:%.*s ", ping ? "ping" : "pong", (int)data.len, (const char *)data.data);
	return 0;
}

static struct rl_blob *fake_take_message(struct rill_conn *conn)
{
	struct rl_blob *blob = fake_of(conn)->message;
	fake_of(conn)->message = NULL;
	return blob;
}

static size_t fake_queued(const struct rill_conn *conn)
{
	return rl_container(conn, struct fake, conn)->queued;
}

static void fake_charge(struct rill_conn *conn, ptrdiff_t bytes)
{
	fake_of(conn)->charged += bytes;
}

static const char *fake_name(const struct rill_conn *conn)
{
	(void)conn;
	return "";
}

static struct rl_slice fake_header(const struct rill_conn *conn, struct rl_slice name)
{
	(void)conn;
	return rl_slice_equal_nocase(name, RL_SLICE("X-Test")) ? RL_SLICE("kept")
							       : rl_slice(NULL, 0);
}

static const struct rl_addr *fake_peer(const struct rill_conn *conn)
{
	static const struct rl_addr addr = { RL_ADDR_IP4, 4711, { 127, 0, 0, 1 } };
	(void)conn;
	return &addr;
}

static bool fake_secure(const struct rill_conn *conn)
{
	(void)conn;
	return true;
}

static void fake_ended(struct rill_conn *conn)
{
	(void)conn;
	say("ended ");
}

static void fake_free(struct rill_conn *conn)
{
	say("free ");
	rl_free(&conn->loop->env, fake_of(conn));
}

static const struct rl_conn_ops fake_ops = {
	.transport = "fake",
	.send = fake_send,
	.close = fake_close,
	.cut = fake_cut,
	.set_reading = fake_set_reading,
	.control = fake_control,
	.take_message = fake_take_message,
	.queued = fake_queued,
	.charge = fake_charge,
	.version = fake_name,
	.protocol = fake_name,
	.extensions = fake_name,
	.header = fake_header,
	.peer = fake_peer,
	.secure = fake_secure,
	.ended = fake_ended,
	.free = fake_free,
};

/* What the program does inside its next callback. */
static void (*in_callback)(rill_conn *conn);

static void do_in_callback(rill_conn *conn)
{
	void (*fn)(rill_conn *) = in_callback;
	in_callback = NULL;
	if (fn)
		fn(conn);
}

static void on_open(rill_conn *conn)
{
	say("open ");
	do_in_callback(conn);
}

static void on_message(rill_conn *conn, rill_msg msg)
{
	say("message:%.*s%s%s ", (int)msg.len, (const char *)msg.data, msg.first ? "" : "-",
		msg.last ? "" : "+");
	do_in_callback(conn);
}

static void on_drain(rill_conn *conn)
{
	say("drain ");
	do_in_callback(conn);
}

static void on_close(rill_conn *conn, int code, rill_bytes reason)
{
	say("close:%d:%.*s ", code, (int)reason.len, (const char *)reason.data);
	do_in_callback(conn);
}

static void on_ping(rill_conn *conn, rill_bytes data)
{
	say("pinged:%.*s ", (int)data.len, (const char *)data.data);
	do_in_callback(conn);
}

static void on_pong(rill_conn *conn, rill_bytes data)
{
	say("ponged:%.*s ", (int)data.len, (const char *)data.data);
	do_in_callback(conn);
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_message = on_message,
	.on_drain = on_drain,
	.on_close = on_close,
	.on_ping = on_ping,
	.on_pong = on_pong,
};

static rill_loop *loop;

static struct fake *start(void)
{
	rill_loop_options options;
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	said[0] = 0;
	in_callback = NULL;
	assert_int_equal(rill_loop_new(&loop, &options), 0);
	struct fake *f = rl_zalloc(&loop->env, sizeof(*f));
	assert_non_null(f);
	rl_conn_init(&f->conn, &fake_ops, &handler, loop);
	f->reading = true;
	return f;
}

static struct fake *start_open(void)
{
	struct fake *f = start();
	rl_conn_opened(&f->conn, NULL);
	said[0] = 0;
	return f;
}

static void turn(void)
{
	assert_int_equal(rill_loop_turn(loop), 0);
}

/* What the service below says is said from inside a turn. */
static void stop(void)
{
	rill_loop_free(loop);
	loop = NULL;
}

static void message(struct fake *f, const char *text)
{
	rl_conn_message(&f->conn, RILL_TEXT, rl_slice_str(text), true, true);
}

static void lose(struct fake *f)
{
	rl_conn_closed(&f->conn, 1006, rl_slice(NULL, 0));
}

static void do_destroy(rill_conn *conn)
{
	rill_conn_destroy(conn);
	say("destroyed ");
}

static void do_close(rill_conn *conn)
{
	assert_int_equal(rill_close(conn, 1000, "bye"), 0);
	say("closed ");
}

static void do_send(rill_conn *conn)
{
	say("sent:%d ", rill_send_text(conn, "x"));
}

static void do_pause(rill_conn *conn)
{
	rill_conn_pause(conn);
}

TEST(conn, open_comes_first_and_close_once_and_last)
{
	struct fake *f = start();
	rl_conn_opened(&f->conn, NULL);
	message(f, "hi");
	rl_conn_closed(&f->conn, 1000, RL_SLICE("done"));
	rl_conn_closed(&f->conn, 1006, rl_slice(NULL, 0));
	expect_said("open message:hi ended close:1000:done ");
	turn();
	expect_said("free ");
	stop();
}

TEST(conn, one_that_never_opened_is_never_heard_of)
{
	struct fake *f = start();
	rl_conn_closed(&f->conn, 1006, rl_slice(NULL, 0));
	turn();
	expect_said("ended free ");
	stop();
}

TEST(conn, destroying_inside_open_tells_close_at_the_end_of_the_turn)
{
	struct fake *f = start();
	in_callback = do_destroy;
	rl_conn_opened(&f->conn, NULL);
	message(f, "late");
	expect_said("open cut destroyed ");
	turn();
	expect_said("ended close:1006: free ");
	stop();
}

TEST(conn, destroying_inside_any_callback_ends_it_once)
{
	const char *const names[] = { "message", "drain", "ping", "pong" };
	for (size_t i = 0; i < 4; i++) {
		struct fake *f = start_open();
		in_callback = do_destroy;
		f->conn.drain_due = true;
		if (i == 0)
			message(f, "m");
		else if (i == 1)
			rl_conn_drained(&f->conn);
		else if (i == 2)
			rl_conn_ping(&f->conn, RL_SLICE("p"));
		else
			rl_conn_pong(&f->conn, RL_SLICE("p"));
		if (!strstr(said, "cut destroyed"))
			fail_msg("%s: %s", names[i], said);
		said[0] = 0;
		turn();
		expect_said("ended close:1006: free ");
		stop();
	}
}

static struct fake *others[2];

static void do_lose_and_destroy_others(rill_conn *conn)
{
	(void)conn;
	rl_conn_closed(&others[0]->conn, 1006, rl_slice(NULL, 0));
	rill_conn_destroy(&others[1]->conn);
	say("done ");
}

TEST(conn, those_destroyed_in_one_turn_each_hear_of_it_once_whatever_the_first_does)
{
	struct fake *f = start_open();
	for (size_t i = 0; i < 2; i++) {
		others[i] = rl_zalloc(&loop->env, sizeof(*f));
		assert_non_null(others[i]);
		rl_conn_init(&others[i]->conn, &fake_ops, &handler, loop);
		rl_conn_opened(&others[i]->conn, NULL);
	}
	said[0] = 0;
	rill_conn_destroy(&f->conn);
	rill_conn_destroy(&others[0]->conn);
	expect_said("cut cut ");
	in_callback = do_lose_and_destroy_others;
	turn();
	expect_said("ended close:1006: ended close:1006: cut done ended close:1006: "
		    "free free free ");
	stop();
}

TEST(conn, destroying_and_closing_inside_close_changes_nothing)
{
	void (*actions[])(rill_conn *) = { do_destroy, do_close, do_pause };
	for (size_t i = 0; i < 3; i++) {
		struct fake *f = start_open();
		in_callback = actions[i];
		lose(f);
		assert_false(f->cut);
		assert_null(strstr(said, "closing"));
		turn();
		assert_non_null(strstr(said, "free "));
		assert_null(strstr(strstr(said, "close:1006") + 1, "close:"));
		stop();
	}
}

TEST(conn, a_connection_lost_after_destroy_is_told_once)
{
	struct fake *f = start_open();
	rill_conn_destroy(&f->conn);
	rill_conn_destroy(&f->conn);
	expect_said("cut ");
	lose(f);
	turn();
	expect_said("ended close:1006: free ");
	stop();
}

TEST(conn, no_message_is_delivered_after_close)
{
	struct fake *f = start_open();
	in_callback = do_close;
	message(f, "one");
	message(f, "two");
	assert_false(rl_conn_wants_messages(&f->conn));
	expect_said("message:one closing:1000:bye closed ");
	lose(f);
	turn();
	stop();
}

TEST(conn, closing_twice_closes_once)
{
	struct fake *f = start_open();
	assert_int_equal(rill_close(&f->conn, 3000, NULL), 0);
	assert_int_equal(rill_close(&f->conn, 3001, NULL), 0);
	expect_said("closing:3000: ");
	lose(f);
	turn();
	stop();
}

TEST(conn, a_refused_close_leaves_it_open)
{
	struct fake *f = start_open();
	assert_int_equal(rill_close(&f->conn, 12, NULL), RILL_EINVAL);
	assert_int_equal(rill_close(&f->conn, 1000, "\xff"), RILL_EUTF8);
	assert_int_equal(rill_conn_get_state(&f->conn), RILL_CONN_OPEN);
	message(f, "still");
	expect_said("message:still ");
	lose(f);
	turn();
	stop();
}

TEST(conn, a_paused_one_wants_no_messages_until_resumed)
{
	struct fake *f = start_open();
	in_callback = do_pause;
	message(f, "one");
	assert_false(rl_conn_wants_messages(&f->conn));
	assert_false(f->reading);
	rill_conn_resume(&f->conn);
	assert_true(rl_conn_wants_messages(&f->conn));
	assert_true(f->reading);
	lose(f);
	turn();
	stop();
}

TEST(conn, sending_is_refused_when_closing_or_closed)
{
	struct fake *f = start_open();
	rill_conn_ref(&f->conn);
	rill_close(&f->conn, 1000, NULL);
	assert_int_equal(rill_send_text(&f->conn, "x"), RILL_ECLOSED);
	assert_int_equal(rill_ping(&f->conn, "x", 1, NULL, NULL), RILL_ECLOSED);
	lose(f);
	assert_int_equal(rill_send_text(&f->conn, "x"), RILL_ECLOSED);
	assert_int_equal(rill_send_piece(&f->conn, RILL_TEXT, "x", 1, true), RILL_ECLOSED);
	assert_int_equal(rill_pong(&f->conn, "x", 1), RILL_ECLOSED);
	assert_int_equal(rill_conn_queued(&f->conn), 0);
	rill_conn_unref(&f->conn);
	turn();
	stop();
}

TEST(conn, a_reference_keeps_the_memory_past_close)
{
	struct fake *f = start_open();
	rill_conn *conn = rill_conn_ref(&f->conn);
	lose(f);
	turn();
	expect_said("ended close:1006: ");
	assert_int_equal(rill_conn_get_state(conn), RILL_CONN_CLOSED);
	rill_conn_destroy(conn);
	rill_conn_resume(conn);
	assert_int_equal(rill_close(conn, 1000, NULL), 0);
	rill_conn_unref(conn);
	turn();
	expect_said("free ");
	stop();
}

TEST(conn, text_that_is_not_utf8_is_not_sent)
{
	struct fake *f = start_open();
	assert_int_equal(rill_send(&f->conn, RILL_TEXT, "\xc3", 1), RILL_EUTF8);
	assert_int_equal(rill_send(&f->conn, RILL_BINARY, "\xc3", 1), 0);
	said[0] = 0;
	assert_int_equal(rill_send_piece(&f->conn, RILL_TEXT, "\xc3", 1, false), 0);
	assert_int_equal(rill_send_piece(&f->conn, RILL_TEXT, "\xc3", 1, false), RILL_EUTF8);
	assert_int_equal(rill_send_piece(&f->conn, RILL_TEXT, "", 0, true), RILL_EUTF8);
	assert_int_equal(rill_send_piece(&f->conn, RILL_TEXT, "\xa9", 1, true), 0);
	lose(f);
	turn();
	stop();
}

TEST(conn, json_is_taken_where_there_is_such_a_kind)
{
	struct fake *f = start_open();
	struct rl_conn_ops ops = *f->conn.ops;
	expect_no_json(&f->conn);
	ops.json = true;
	f->conn.ops = &ops;
	assert_int_equal(rill_send(&f->conn, RILL_JSON, "{\"a\":1", 6), RILL_EPROTO);
	assert_int_equal(rill_send(&f->conn, RILL_JSON, "{\"a\":1}", 7), 0);
	/* Of pieces the service looks at what they make. */
	assert_int_equal(rill_send_piece(&f->conn, RILL_JSON, "[", 1, false), 0);
	assert_int_equal(rill_send_piece(&f->conn, RILL_TEXT, "]", 1, true), RILL_ESTATE);
	assert_int_equal(rill_send_piece(&f->conn, RILL_BINARY, "]", 1, true), RILL_ESTATE);
	assert_int_equal(rill_send_piece(&f->conn, RILL_JSON, "]", 1, true), 0);
	expect_said("send:{\"a\":1} send:[+ send:]- ");
	f->conn.state = RILL_CONN_CLOSING;
	assert_int_equal(rill_send(&f->conn, RILL_JSON, "1", 1), RILL_ECLOSED);
	f->conn.state = RILL_CONN_OPEN;
	lose(f);
	turn();
	stop();
}

TEST(conn, nothing_goes_between_the_pieces_of_a_message)
{
	struct fake *f = start_open();
	assert_int_equal(rill_send_piece(&f->conn, RILL_BINARY, "a", 1, false), 0);
	assert_int_equal(rill_send_text(&f->conn, "x"), RILL_ESTATE);
	assert_int_equal(rill_send_piece(&f->conn, RILL_TEXT, "x", 1, false), RILL_ESTATE);
	assert_int_equal(rill_send_piece(&f->conn, RILL_BINARY, "b", 1, true), 0);
	assert_int_equal(rill_send_text(&f->conn, "x"), 0);
	expect_said("send:a+ send:b- send:x ");
	lose(f);
	turn();
	stop();
}

TEST(conn, drain_comes_once_after_a_send_that_said_wait)
{
	struct fake *f = start_open();
	rl_conn_drained(&f->conn);
	f->send_result = 1;
	assert_int_equal(rill_send_text(&f->conn, "x"), 1);
	in_callback = do_send;
	f->send_result = 0;
	rl_conn_drained(&f->conn);
	rl_conn_drained(&f->conn);
	expect_said("send:x drain send:x sent:0 ");
	lose(f);
	turn();
	stop();
}

TEST(conn, counts_are_kept)
{
	struct fake *f = start_open();
	rill_conn_stats stats = { .size = sizeof(stats) };
	message(f, "abc");
	rl_conn_message(&f->conn, RILL_BINARY, RL_SLICE("de"), true, false);
	rl_conn_message(&f->conn, RILL_BINARY, RL_SLICE("f"), false, true);
	rill_send_text(&f->conn, "xy");
	f->queued = 0;
	rill_send_text(&f->conn, "z");
	rill_conn_read_stats(&f->conn, &stats);
	assert_int_equal(stats.messages_in, 2);
	assert_int_equal(stats.bytes_in, 6);
	assert_int_equal(stats.messages_out, 2);
	assert_int_equal(stats.bytes_out, 3);
	assert_int_equal(stats.queue_peak, 2);
	lose(f);
	turn();
	stop();
}

static void note_pong(rill_conn *conn, bool pong, void *user)
{
	(void)conn;
	say("%s:%s ", (const char *)user, pong ? "yes" : "no");
}

TEST(conn, a_ping_hears_of_its_pong_or_of_the_end)
{
	struct fake *f = start_open();
	assert_int_equal(rill_ping(&f->conn, "a", 1, note_pong, "A"), 0);
	assert_int_equal(rill_ping(&f->conn, "b", 1, note_pong, "B"), 0);
	rl_conn_pong(&f->conn, RL_SLICE("b"));
	rl_conn_pong(&f->conn, RL_SLICE("b"));
	expect_said("ping:a ping:b B:yes ponged:b ponged:b ");
	lose(f);
	turn();
	expect_said("ended A:no close:1006: free ");
	assert_int_equal(test_live_blocks() > 0, 1);
	stop();
}

TEST(conn, a_ping_over_125_bytes_is_refused)
{
	struct fake *f = start_open();
	char data[126] = { 0 };
	assert_int_equal(rill_ping(&f->conn, data, 126, NULL, NULL), RILL_ETOOBIG);
	assert_int_equal(rill_pong(&f->conn, data, 126), RILL_ETOOBIG);
	assert_int_equal(rill_ping(&f->conn, data, 125, NULL, NULL), 0);
	lose(f);
	turn();
	stop();
}

static rill_msg kept;

static void on_message_keep(rill_conn *conn, rill_msg msg)
{
	assert_int_equal(rill_msg_keep(conn, &msg), 0);
	kept = msg;
}

static const rill_handler keeper = {
	.size = sizeof(keeper),
	.on_message = on_message_keep,
	.on_close = on_close,
};

static void *release_in_thread(void *unused)
{
	(void)unused;
	rill_msg_release(kept);
	return NULL;
}

TEST(conn, a_kept_message_outlives_its_callback_and_is_charged_until_released)
{
	struct fake *f = start_open();
	f->conn.handler = &keeper;
	char text[] = "borrowed";
	message(f, text);
	memset(text, '#', 8);
	test_expect_text(kept.data, kept.len, "borrowed");
	assert_int_equal(f->charged, 8);
	rill_msg second = rill_msg_ref(kept);
	rill_msg_release(second);
	turn();
	assert_int_equal(f->charged, 8);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, release_in_thread, NULL), 0);
	pthread_join(thread, NULL);
	turn();
	assert_int_equal(f->charged, 0);
	lose(f);
	turn();
	stop();
}

TEST(conn, a_message_in_memory_of_its_own_is_kept_without_a_copy)
{
	struct fake *f = start_open();
	f->conn.handler = &keeper;
	f->message = rl_blob_copy(&loop->env, RL_SLICE("own"));
	const uint8_t *where = f->message->data;
	rl_conn_message(&f->conn, RILL_TEXT, rl_blob_slice(f->message), true, true);
	assert_ptr_equal(kept.data, where);
	assert_null(f->message);
	rill_msg_release(kept);
	turn();
	lose(f);
	turn();
	stop();
}

TEST(conn, a_kept_message_outlives_its_connection)
{
	struct fake *f = start_open();
	f->conn.handler = &keeper;
	message(f, "stays");
	lose(f);
	assert_int_equal(f->charged, 0);
	turn();
	test_expect_text(kept.data, kept.len, "stays");
	rill_msg_release(kept);
	turn();
	stop();
}

TEST(conn, keeping_too_much_stops_reading_until_enough_is_released)
{
	enum { SIZE = 400 * 1024, COUNT = 3 };
	struct fake *f = start_open();
	rill_msg all[COUNT];
	char *big = rl_zalloc(&loop->env, SIZE);
	f->conn.handler = &keeper;
	for (int i = 0; i < COUNT; i++) {
		assert_true(rl_conn_wants_messages(&f->conn));
		rl_conn_message(&f->conn, RILL_BINARY, rl_slice(big, SIZE), true, true);
		all[i] = kept;
	}
	assert_false(rl_conn_wants_messages(&f->conn));
	assert_false(f->reading);
	rill_msg_release(all[0]);
	turn();
	assert_false(f->reading);
	rill_msg_release(all[1]);
	turn();
	assert_true(f->reading);
	rill_conn_pause(&f->conn);
	rill_msg_release(all[2]);
	turn();
	assert_false(f->reading);
	rl_free(&loop->env, big);
	lose(f);
	turn();
	stop();
}

TEST(conn, one_counted_message_goes_to_many_by_reference)
{
	struct fake *f = start_open();
	rill_msg msg;
	assert_int_equal(rill_msg_new(&msg, loop, RILL_TEXT, "all", 3), 0);
	assert_int_equal(rill_msg_new(&kept, loop, RILL_TEXT, "\xff", 1), RILL_EUTF8);
	assert_int_equal(rill_send_msg(&f->conn, msg), 0);
	rill_msg_release(msg);
	expect_said("send:all(shared) ");
	lose(f);
	turn();
	stop();
}

TEST(conn, borrowed_messages_can_be_released_and_referred_to_without_harm)
{
	rill_msg msg = { "x", 1, RILL_TEXT, true, true, NULL };
	rill_msg_release(rill_msg_ref(msg));
}

static void note_frame(rill_conn *conn, const rill_frame *frame, void *user)
{
	(void)conn;
	say("%s:%d ", (const char *)user, frame->opcode);
}

TEST(conn, the_tap_sees_frames_while_it_is_set)
{
	struct fake *f = start_open();
	rill_frame frame = { .size = sizeof(frame), .opcode = 9 };
	assert_false(f->conn.traced);
	assert_int_equal(rill_conn_trace(&f->conn, note_frame, "tap"), 0);
	assert_true(f->conn.traced);
	rl_conn_trace(&f->conn, &frame);
	assert_int_equal(rill_conn_trace(&f->conn, NULL, NULL), 0);
	assert_false(f->conn.traced);
	rl_conn_trace(&f->conn, &frame);
	expect_said("tap:9 ");
	lose(f);
	turn();
	stop();
}

TEST(conn, it_tells_about_itself)
{
	struct fake *f = start_open();
	struct fake *g = rl_zalloc(&loop->env, sizeof(*g));
	rl_conn_init(&g->conn, &fake_ops, &handler, loop);
	assert_true(rill_conn_id(&f->conn) != rill_conn_id(&g->conn));
	rl_conn_closed(&g->conn, 1006, rl_slice(NULL, 0));
	assert_string_equal(rill_conn_peer(&f->conn), "127.0.0.1");
	assert_int_equal(rill_conn_peer_port(&f->conn), 4711);
	assert_string_equal(rill_conn_transport(&f->conn), "fake");
	assert_true(rill_conn_secure(&f->conn));
	assert_ptr_equal(rill_conn_loop(&f->conn), loop);
	rill_bytes header = rill_conn_header(&f->conn, "x-test");
	test_expect_text(header.data, header.len, "kept");
	assert_null(rill_conn_header(&f->conn, "other").data);
	rill_conn_set_user(&f->conn, &loop);
	assert_ptr_equal(rill_conn_user(&f->conn), &loop);
	lose(f);
	turn();
	stop();
}

static void work_with_short_memory(void *unused)
{
	(void)unused;
	rill_loop_options options;
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	if (rill_loop_new(&loop, &options) < 0)
		return;
	struct fake *f = rl_zalloc(&loop->env, sizeof(*f));
	if (f) {
		static const rill_handler plain = { .size = sizeof(plain) };
		rill_msg msg = { "m", 1, RILL_TEXT, true, true, NULL };
		rl_conn_init(&f->conn, &fake_ops, &plain, loop);
		rl_conn_opened(&f->conn, NULL);
		rill_ping(&f->conn, "a", 1, note_pong, "A");
		rill_conn_peer(&f->conn);
		rill_conn_trace(&f->conn, note_frame, NULL);
		rill_send_piece(&f->conn, RILL_TEXT, "x", 1, false);
		if (rill_msg_keep(&f->conn, &msg) == 0)
			rill_msg_release(msg);
		if (rill_msg_new(&msg, loop, RILL_TEXT, "x", 1) == 0)
			rill_msg_release(msg);
		rill_loop_turn(loop);
		lose(f);
	}
	rill_loop_turn(loop);
	stop();
	said[0] = 0;
}

TEST(conn, each_failing_allocation_is_survived)
{
	test_each_failing_allocation(work_with_short_memory, NULL);
}

TEST(conn, before_it_is_open_takes_nothing)
{
	struct fake *f = start();
	assert_int_equal(rill_send_text(&f->conn, "a"), RILL_ECLOSED);
	assert_int_equal(rill_send_piece(&f->conn, RILL_TEXT, "a", 1, true), RILL_ECLOSED);
	assert_int_equal(rill_ping(&f->conn, "a", 1, note_pong, "A"), RILL_ECLOSED);
	assert_int_equal(rill_pong(&f->conn, "a", 1), RILL_ECLOSED);
	assert_int_equal(rill_close(&f->conn, 1000, NULL), 0);
	expect_said("");
	lose(f);
	turn();
	expect_said("ended free ");
	stop();
}

/* A client's. */
TEST(conn, of_an_early_service_is_used_before_it_is_open)
{
	struct rl_conn_ops early = fake_ops;
	struct fake *f = start();
	early.early = true;
	f->conn.ops = &early;
	assert_int_equal(rill_send_text(&f->conn, "a"), 0);
	assert_int_equal(rill_send_piece(&f->conn, RILL_TEXT, "b", 1, false), 0);
	assert_int_equal(rill_send_text(&f->conn, "c"), RILL_ESTATE);
	assert_int_equal(rill_send_piece(&f->conn, RILL_TEXT, "d", 1, true), 0);
	assert_int_equal(rill_ping(&f->conn, "e", 1, note_pong, "E"), 0);
	assert_int_equal(rill_ping(&f->conn, "f", 1, note_pong, "F"), 0);
	rl_conn_opened(&f->conn, NULL);
	rl_conn_pong(&f->conn, RL_SLICE("e"));
	expect_said("send:a send:b+ send:d- ping:e ping:f open E:yes ponged:e ");
	lose(f);
	turn();
	expect_said("ended F:no close:1006: free ");
	stop();
}

TEST(conn, of_an_early_service_that_never_opens_ends_with_the_services_word)
{
	struct rl_conn_ops early = fake_ops;
	struct fake *f = start();
	early.early = true;
	f->conn.ops = &early;
	assert_int_equal(rill_ping(&f->conn, "a", 1, note_pong, "A"), 0);
	assert_int_equal(rill_close(&f->conn, 999, NULL), RILL_EINVAL);
	assert_int_equal(rill_close(&f->conn, 1000, "\xff"), RILL_EUTF8);
	lose(f);
	turn();
	expect_said("ping:a A:no ended free ");
	stop();
}
