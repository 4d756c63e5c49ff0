/* socketio0_events_test.c: who is told what, in which order, and what may be done meanwhile. */
#include "proto/socketio0_program.h"

static struct client client;

static const char *const words[] = { "clientConnect", "connection", "clientMessage",
	"clientDisconnect", "message", "disconnect" };

/* user: what it says; in upper case of the client's own. */
static void tell(rill_socketio0 *from, rill_conn *c, const rill_msg *message, void *user)
{
	assert_ptr_equal(from, io);
	assert_ptr_equal(rill_socketio0_listener(c), io);
	say("%s ", (const char *)user);
	if (message)
		say("<%.*s> ", (int)message->len, (const char *)message->data);
}

#define TELLS(name, text)                                                                          \
	static void name(rill_socketio0 *f, rill_conn *c, const rill_msg *m, void *user)           \
	{                                                                                          \
		(void)user;                                                                        \
		tell(f, c, m, (void *)(uintptr_t)text);                                            \
	}
TELLS(first_connect, "first-clientConnect")
TELLS(first_connection, "first-connection")
TELLS(first_message, "first-clientMessage")
TELLS(first_disconnect, "first-clientDisconnect")

static void h_open(rill_conn *c)
{
	conn = c;
	say("open ");
}

static void h_message(rill_conn *c, rill_msg msg)
{
	(void)c;
	say("msg:%.*s ", (int)msg.len, (const char *)msg.data);
}

static void h_close(rill_conn *c, int code, rill_bytes reason)
{
	(void)c;
	(void)reason;
	say("close:%d ", code);
}

static const rill_handler told_first = {
	.size = sizeof(told_first),
	.on_open = h_open,
	.on_message = h_message,
	.on_close = h_close,
};

/* A listener with one function for each event. */
static void serve_all(void)
{
	rill_socketio0_options options = defaults();
	options.handler = &told_first;
	options.on_client_connect = first_connect;
	options.on_connection = first_connection;
	options.on_client_message = first_message;
	options.on_client_disconnect = first_disconnect;
	serve(&options);
	for (unsigned e = 0; e <= RILL_SOCKETIO0_CLIENT_DISCONNECT; e++)
		assert_int_equal(rill_socketio0_on(io, (rill_socketio0_event)e, tell,
					 (void *)(uintptr_t)words[e]),
			0);
}

static void hear(rill_conn *c)
{
	assert_int_equal(rill_socketio0_client_on(c, RILL_SOCKETIO0_MESSAGE, tell,
				 (void *)(uintptr_t)words[RILL_SOCKETIO0_MESSAGE]),
		0);
	assert_int_equal(rill_socketio0_client_on(c, RILL_SOCKETIO0_DISCONNECT, tell,
				 (void *)(uintptr_t)words[RILL_SOCKETIO0_DISCONNECT]),
		0);
}

TEST(socketio0_events, they_are_told_in_the_order_of_that_time)
{
	EACH_TRANSPORT(t)
	{
		serve_all();
		client_open(&client, t);
		expect_said("open first-clientConnect clientConnect first-connection connection ");
		hear(conn);
		send_frames(&client, "~m~1~m~a~m~1~m~b");
		expect_said("msg:a message <a> first-clientMessage <a> clientMessage <a> "
			    "msg:b message <b> first-clientMessage <b> clientMessage <b> ");
		rill_conn_destroy(conn);
		expect_said("close:1006 disconnect first-clientDisconnect clientDisconnect ");
		client_close(&client);
		finish();
	}
}

static rill_socketio0_event acting; /* the event in which it is done */
static void (*act)(rill_conn *c);

static void acts(rill_socketio0 *from, rill_conn *c, const rill_msg *message, void *user)
{
	(void)from;
	(void)message;
	(void)user;
	say("! ");
	act(c);
}

static void add_one(rill_conn *c)
{
	assert_int_equal(rill_socketio0_on(io, acting, tell, "late"), 0);
	assert_int_equal(rill_socketio0_client_on(c, RILL_SOCKETIO0_MESSAGE, tell, "LATE"), 0);
}

static void remove_next(rill_conn *c)
{
	(void)c;
	assert_int_equal(rill_socketio0_remove(io, acting, tell, "next"), 0);
	assert_int_equal(rill_socketio0_remove(io, acting, tell, "next"), RILL_ENOENT);
}

static void remove_self(rill_conn *c)
{
	(void)c;
	assert_int_equal(rill_socketio0_remove(io, acting, acts, NULL), 0);
}

static void close_client(rill_conn *c)
{
	rill_close(c, 3000, NULL);
}

static void detach(rill_conn *c)
{
	(void)c;
	rill_socketio0_detach(io, 3000, NULL);
}

/* "acts" in front of "next" in an event of a listener. */
static void serve_acts(rill_socketio0_event event, void (*what)(rill_conn *c))
{
	rill_socketio0_options options;
	rill_socketio0_options_default(&options);
	serve(&options);
	acting = event;
	act = what;
	assert_int_equal(rill_socketio0_on(io, event, acts, NULL), 0);
	assert_int_equal(rill_socketio0_on(io, event, tell, "next"), 0);
}

TEST(socketio0_events, who_is_added_hears_the_next_one)
{
	serve_acts(RILL_SOCKETIO0_CLIENT_MESSAGE, add_one);
	client_open(&client, WEBSOCKET);
	send_frames(&client, "~m~1~m~a");
	expect_said("! next <a> ");
	send_frames(&client, "~m~1~m~b");
	expect_said("LATE <b> ! next <b> late <b> ");
	client_close(&client);
	finish();
}

TEST(socketio0_events, who_is_removed_hears_nothing_more)
{
	serve_acts(RILL_SOCKETIO0_CLIENT_MESSAGE, remove_next);
	client_open(&client, WEBSOCKET);
	send_frames(&client, "~m~1~m~a");
	expect_said("! ");
	client_close(&client);
	finish();
}

TEST(socketio0_events, one_may_remove_itself)
{
	serve_acts(RILL_SOCKETIO0_CLIENT_MESSAGE, remove_self);
	client_open(&client, WEBSOCKET);
	send_frames(&client, "~m~1~m~a~m~1~m~b");
	expect_said("! next <a> next <b> ");
	client_close(&client);
	finish();
}

TEST(socketio0_events, the_same_pair_may_be_there_several_times)
{
	serve(NULL);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rill_socketio0_on(io, RILL_SOCKETIO0_CONNECTION, tell, "x"), 0);
	client_open(&client, WEBSOCKET);
	expect_said("connection x x ");
	assert_int_equal(rill_socketio0_remove(io, RILL_SOCKETIO0_CONNECTION, tell, "x"), 0);
	assert_int_equal(
		rill_socketio0_remove(io, RILL_SOCKETIO0_CONNECTION, tell, "y"), RILL_ENOENT);
	client_close(&client);
	client_open(&client, WEBSOCKET);
	expect_said("1006:close timeout connection x ");
	client_close(&client);
	finish();
}

TEST(socketio0_events, a_client_that_is_closed_meanwhile_has_no_more_messages)
{
	EACH_TRANSPORT(t)
	{
		serve_acts(RILL_SOCKETIO0_CLIENT_MESSAGE, close_client);
		client_open(&client, t);
		if (is_poll(t))
			come(&client);
		send_frames(&client, "~m~1~m~a~m~1~m~b");
		expect_said("! ");
		client_close(&client);
		finish();
	}
}

static void close_in_own(rill_socketio0 *from, rill_conn *c, const rill_msg *message, void *user)
{
	(void)from;
	(void)message;
	(void)user;
	rill_conn_destroy(c);
}

TEST(socketio0_events, nor_one_that_is_closed_in_a_function_of_its_own)
{
	serve_acts(RILL_SOCKETIO0_CLIENT_MESSAGE, close_client);
	client_open(&client, WEBSOCKET);
	rill_conn *c = rill_socketio0_client(io, client.id);
	assert_int_equal(
		rill_socketio0_client_on(c, RILL_SOCKETIO0_MESSAGE, close_in_own, NULL), 0);
	assert_int_equal(rill_socketio0_client_on(c, RILL_SOCKETIO0_MESSAGE, tell, "never"), 0);
	assert_int_equal(rill_socketio0_client_on(c, RILL_SOCKETIO0_DISCONNECT, tell, "gone"), 0);
	send_frames(&client, "~m~1~m~a");
	expect_said("gone ");
	client_close(&client);
	finish();
}

TEST(socketio0_events, a_client_may_be_closed_and_the_service_detached_in_any_event)
{
	void (*const what[])(rill_conn *) = { close_client, detach, rill_conn_destroy };
	for (size_t k = 0; k < 3; k++) {
		for (unsigned e = 0; e <= RILL_SOCKETIO0_CLIENT_DISCONNECT; e++) {
			EACH_TRANSPORT(t)
			{
				serve_acts((rill_socketio0_event)e, what[k]);
				char path[64];
				snprintf(path, sizeof(path), "/socket.io/%s//1/1", names[t]);
				ask_by(&peer, "GET", path, is_socket(t) ? UPGRADE : "", NULL);
				if (is_socket(t) && !peer.ended)
					send_socket(&peer, 0x81, "~m~1~m~a");
				http_close(&peer);
				http_pass(10000);
				finish();
				if (e != RILL_SOCKETIO0_CLIENT_MESSAGE)
					assert_non_null(strstr(said, "! "));
			}
		}
	}
}

TEST(socketio0_events, events_are_those_of_whom_they_are_asked_of)
{
	serve(NULL);
	client_open(&client, WEBSOCKET);
	for (unsigned e = 0; e < 7; e++) {
		bool own = e == RILL_SOCKETIO0_MESSAGE || e == RILL_SOCKETIO0_DISCONNECT;
		rill_socketio0_event event = (rill_socketio0_event)e;
		assert_int_equal(rill_socketio0_on(io, event, tell, "x"),
			e <= RILL_SOCKETIO0_CLIENT_DISCONNECT ? 0 : RILL_EINVAL);
		assert_int_equal(
			rill_socketio0_client_on(conn, event, tell, "x"), own ? 0 : RILL_EINVAL);
	}
	assert_int_equal(rill_socketio0_on(io, RILL_SOCKETIO0_CONNECTION, NULL, "x"), RILL_EINVAL);
	rill_conn *c = rill_conn_ref(conn);
	client_close(&client);
	assert_int_equal(
		rill_socketio0_client_on(c, RILL_SOCKETIO0_DISCONNECT, tell, "x"), RILL_ECLOSED);
	assert_int_equal(
		rill_socketio0_client_remove(c, RILL_SOCKETIO0_DISCONNECT, tell, "x"), RILL_ENOENT);
	rill_conn_unref(c);
	finish();
}

TEST(socketio0_events, without_memory_nobody_is_added)
{
	serve(NULL);
	client_open(&client, WEBSOCKET);
	for (size_t n = 1; n <= 2; n++) {
		test_fail_allocation(n, false);
		assert_int_equal(rill_socketio0_client_on(conn, RILL_SOCKETIO0_MESSAGE, tell, "x"),
			RILL_ENOMEM);
		test_fail_allocation(0, false);
	}
	test_fail_allocation(1, false);
	assert_int_equal(
		rill_socketio0_on(io, RILL_SOCKETIO0_CLIENT_MESSAGE, tell, "x"), RILL_ENOMEM);
	test_fail_allocation(0, false);
	send_frames(&client, "~m~1~m~a");
	expect_said("connection <a> ");
	client_close(&client);
	finish();
}
