/* socketio_memory_test.c: out of memory at each point: nothing is lost, nobody else is disturbed; and what idle
 * clients cost. */
#include "proto/socketio_program.h"

static struct http_peer a, b, c, d;
static char lost[64]; /* the pid of b */

static void answer_anyhow(rill_socket *s, rill_json args, rill_reply *reply)
{
	rill_reply *kept = rill_reply_keep(reply);
	rill_reply_send(kept ? kept : reply, RILL_ARGS(rill_items(args)));
	rill_emit(s, "echo-back", RILL_ARGS(rill_items(args), rill_binary("b", 1)));
	rill_join(s, "later");
	rill_socket_set_data(s, rill_json_at(args, 0));
}

static void on_answer(rill_socket *s, int rc, rill_json args, void *user)
{
	(void)s;
	(void)rc;
	(void)args;
	++*(int *)user;
}

static void on_answers(int rc, rill_json answers, void *user)
{
	(void)rc;
	(void)answers;
	++*(int *)user;
}

static int later(rill_socket *s, rill_json auth, void *user)
{
	(void)auth;
	*(rill_socket **)user = s;
	return RILL_LATER;
}

static bool admit(const char *name, rill_json auth, void *user)
{
	(void)auth;
	(void)user;
	return strncmp(name, "/dyn", 4) == 0;
}

/* Everything, whatever becomes of it. */
static void exercise(void)
{
	rill_socket *s;
	int answers = 0, asked = 0;
	rill_socket *held = NULL;

	rill_namespace *auth = rill_socketio_of(io, "/auth");
	if (auth)
		rill_namespace_use(auth, later, &held);
	rill_namespace *dyn = rill_socketio_of_function(io, admit, NULL);
	if (dyn)
		rill_namespace_on(dyn, "echo", on_echo, NULL);
	tell(&a, "21[\"echo\",{\"a\":1}]");
	tell(&a, "52-2[\"echo\",{\"_placeholder\":true,\"num\":0}]");
	tell_bytes(&a, "01");
	tell_bytes(&a, "02");
	tell(&a, "0/auth,{\"x\":1}");
	tell(&a, "0/dyn1");
	tell(&a, "0/none");
	s = latest; /* NULL: it is closed */
	if (s)
		rill_join(s, "a");
	asked += s && rill_ask(s, "q", NULL, 1000, on_answer, &answers) >= 0;
	asked += s && rill_ask(s, "q", NULL, 0, on_answer, &answers) >= 0;
	asked += rill_broadcast_ask(&(rill_broadcast){ .ns = root }, "q", NULL, 1000, on_answers,
			 &answers) >= 0;
	rill_broadcast_emit(&(rill_broadcast){ .ns = root, .rooms = RILL_ROOMS("a") }, "x",
		RILL_ARGS(rill_text("t"), rill_binary("b", 1)));
	rill_broadcast_join(&(rill_broadcast){ .ns = root }, "b");
	http_turns();
	tell(&a, "30[]");
	tell(&a, "32[{\"x\":1}]");
	tell(&b, "32[1]");
	if (held)
		rill_socket_next(held);
	http_turns();
	http_close(&b);
	http_turns();
	rill_broadcast_emit(&(rill_broadcast){ .ns = root }, "missed", NULL);
	char packet[128];
	snprintf(packet, sizeof(packet), "0{\"pid\":\"%s\"}", lost);
	tell(&c, packet);
	snprintf(packet, sizeof(packet), "0{\"pid\":\"%s\"}", pid);
	tell(&d, packet);
	http_pass(1100);
	http_close(&a);
	http_close(&c);
	http_close(&d);
	http_turns();
	assert_int_equal(answers, asked);
}

static void try_open(struct http_peer *p)
{
	open_session(p);
	tell(p, "0");
	heard(p);
}

TEST(socketio_memory, any_allocation_may_fail)
{
	bool reached = true;
	for (size_t n = 1; reached; n++) {
		rill_socketio_options options = defaults();
		options.recovery_ms = 10 * 1000;
		options.recovery_replaces = true;
		options.cleanup_namespaces = true;
		serve(&options);
		in_event = answer_anyhow;
		try_open(&b);
		memcpy(lost, pid, sizeof(lost));
		try_open(&a);
		open_session(&c);
		open_session(&d);
		test_fail_allocation(n, false);
		exercise();
		reached = test_allocation_failed();
		test_fail_allocation(0, false);
		http_end();
	}
}

TEST(socketio_memory, serving_may_fail)
{
	bool reached = true;
	for (size_t n = 1; reached; n++) {
		rill_socketio_options options = defaults();
		options.recovery_ms = 10 * 1000;
		options.client_dir = "/";
		options.client_version = "4";
		start();
		test_fail_allocation(n, false);
		int rc = rill_socketio_serve(http_server, &options, &io);
		reached = test_allocation_failed();
		test_fail_allocation(0, false);
		assert_int_equal(rc, reached ? RILL_ENOMEM : 0);
		http_end();
	}
}

TEST(socketio_memory, options_that_make_no_sense_are_refused)
{
	rill_engineio_options engine = engine_defaults();
	rill_socketio_options options = defaults();
	start();
	options.path = "x";
	assert_int_equal(rill_socketio_serve(http_server, &options, &io), RILL_EINVAL);
	options = defaults();
	options.parser = (rill_socketio_parser)7;
	assert_int_equal(rill_socketio_serve(http_server, &options, &io), RILL_EINVAL);
	options = defaults();
	options.engineio = &engine;
	engine.overflow = RILL_OVERFLOW_DROP_OLDEST;
	assert_int_equal(rill_socketio_serve(http_server, &options, &io), RILL_EINVAL);
	engine = engine_defaults();
	engine.ping_interval_ms = 0;
	assert_int_equal(rill_socketio_serve(http_server, &options, &io), RILL_EINVAL);
	http_end();
}

/* The whole of what the program holds for a client with one namespace. */
TEST(socketio_memory, an_idle_client_on_a_websocket_costs_at_most_1536_bytes)
{
	enum { CLIENTS = 64 };
	static struct http_peer peers[CLIENTS];
	serve(NULL);
	try_open(&a);
	http_turns();
	size_t before = test_live_bytes();
	for (int i = 0; i < CLIENTS; i++)
		try_open(&peers[i]);
	http_turns();
	size_t each = (test_live_bytes() - before) / CLIENTS;
	if (each > 1536)
		fail_msg("%zu bytes", each);
	for (int i = 0; i < CLIENTS; i++)
		http_close(&peers[i]);
	http_close(&a);
	http_turns();
	http_end();
}
