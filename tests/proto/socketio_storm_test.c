/* socketio_storm_test.c: everything at any time: what clients and the program do is drawn, in callbacks too,
 * with memory that fails now and then, and the promises of rill/socketio.h hold all the same. The seeds are
 * fixed. */
#include "proto/socketio_program.h"

enum { PEERS = 6, SOCKETS = 256, STEPS = 1000, SEEDS = 100, LATER = 8, ASKS = 4096 };

static struct http_peer peers[PEERS];
static bool joined[PEERS][5]; /* as far as the client knows */
static uint64_t seed;
static bool calm;     /* nobody acts any more */
static bool detached; /* io is not the program's any more */
static rill_namespace *spaces[4];
static char pids[4][64]; /* of sockets that were connected lately */
static unsigned depth;   /* of callbacks in callbacks */

/* What a socket was promised. */
static struct life {
	rill_socket *socket; /* NULL: it is gone, or nobody's place yet */
	bool leaving;        /* on_disconnecting was told */
} lives[SOCKETS];
static unsigned connected, gone, recovered;

static rill_socket *undecided[LATER];
static rill_reply *replies[LATER];
/* How often each question was answered. */
static uint8_t answered[ASKS];
static unsigned asked;

static unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

static struct life *life_of(const rill_socket *s)
{
	for (int i = 0; i < SOCKETS; i++)
		if (lives[i].socket == s)
			return &lives[i];
	fail_msg("a callback for a socket that is not connected");
	return NULL;
}

static rill_socket *some_socket(void)
{
	for (int i = 0; i < 16; i++) {
		struct life *life = &lives[draw(SOCKETS)];
		if (life->socket)
			return life->socket;
	}
	for (int i = 0; i < SOCKETS; i++)
		if (lives[i].socket)
			return lives[i].socket;
	return NULL;
}

static void act_sometimes(void);

static const char *some_room(void)
{
	static const char *const rooms[] = { "a", "b", "c", "d", "" };
	return rooms[draw(5)];
}

static void on_answer(rill_socket *s, int rc, rill_json args, void *user)
{
	uint8_t *count = user;
	(void)s;
	assert_true(rc == 0 || rc == RILL_ETIMEDOUT || rc == RILL_ECLOSED);
	assert_int_equal(args.type, rc == 0 ? RILL_JSON_ARRAY : RILL_JSON_NONE);
	assert_int_equal(++*count, 1);
	act_sometimes();
}

static void on_answers(int rc, rill_json answers, void *user)
{
	uint8_t *count = user;
	(void)rc;
	assert_int_equal(answers.type, RILL_JSON_ARRAY);
	assert_int_equal(++*count, 1);
	act_sometimes();
	assert_true(answers.data[0] == '[' && answers.data[answers.len - 1] == ']');
}

static const rill_arg *some_args(void)
{
	static char large[60 * 1024];
	static rill_arg args[4];
	static rill_json value;
	value = json("[1,{\"a\":[]}]");
	memset(large, 'x', sizeof(large));
	args[0] = rill_int(draw(1000));
	args[1] = args[2] = args[3] = (rill_arg){ .kind = RILL_ARG_END };
	switch (draw(6)) {
	case 0:
		args[1] = rill_binary("\1\2\3", 3);
		args[2] = rill_binary(large, draw(200));
		break;
	case 1:
		args[1] = rill_text_of(large, draw(sizeof(large)));
		break;
	case 2:
		args[0] = rill_items(value);
		break;
	default:
		break;
	}
	return args;
}

static void each_one(rill_socket *s, void *user)
{
	(void)user;
	assert_true(rill_socket_connected(s));
	act_sometimes();
}

static rill_broadcast some_broadcast(rill_socket *s)
{
	static const char *rooms[3], *except[2];
	rill_broadcast to = { 0 };
	rooms[0] = some_room();
	rooms[1] = draw(2) ? some_room() : NULL;
	except[0] = some_room();
	if (s && draw(2))
		to.from = s;
	else
		to.ns = spaces[draw(4)];
	to.rooms = draw(2) ? rooms : NULL;
	to.except = draw(3) ? NULL : except;
	to.flags = draw(3) ? 0 : draw(4);
	return to;
}

static void broadcast(rill_socket *s)
{
	rill_broadcast to = some_broadcast(s);
	unsigned mine = asked;
	switch (draw(12)) {
	case 0:
		rill_broadcast_each(&to, each_one, NULL);
		break;
	case 1:
		rill_broadcast_join(&to, some_room());
		break;
	case 2:
		rill_broadcast_leave(&to, some_room());
		break;
	case 3:
		if (draw(12) == 0)
			rill_broadcast_disconnect(&to, draw(3) == 0);
		break;
	case 4:
	case 5:
	case 6:
		if (asked == ASKS)
			break;
		asked++;
		if (rill_broadcast_ask(&to, "q", some_args(), draw(3) ? 1 + draw(3000) : 0,
			    on_answers, &answered[mine]) < 0) {
			assert_int_equal(answered[mine], 0);
			answered[mine] = 1;
		}
		break;
	default:
		rill_broadcast_emit(&to, "all", some_args());
	}
}

static void ask(rill_socket *s)
{
	unsigned mine = asked;
	if (asked == ASKS)
		return;
	asked++;
	if (rill_ask(s, "q", some_args(), draw(3) ? 1 + draw(3000) : 0, on_answer,
		    &answered[mine]) < 0) {
		assert_int_equal(answered[mine], 0);
		answered[mine] = 1;
	}
}

static void decide(void)
{
	unsigned i = draw(LATER);
	rill_socket *s = undecided[i];
	if (!s)
		return;
	undecided[i] = NULL;
	if (draw(2))
		rill_join(s, some_room());
	if (draw(3))
		rill_socket_next(s);
	else
		rill_socket_refuse(s, draw(2) ? "no" : NULL,
			draw(2) ? json("{\"code\":1}") : (rill_json){ .type = RILL_JSON_NONE });
}

static void reply_later(void)
{
	unsigned i = draw(LATER);
	rill_reply *reply = replies[i];
	replies[i] = NULL;
	if (draw(3))
		rill_reply_send(reply, some_args());
	else
		rill_reply_drop(reply);
}

/* The program does something to somebody. */
static void act(void)
{
	rill_socket *s = some_socket();
	if (detached) {
		draw(2) ? decide() : reply_later();
		return;
	}
	if (draw(2000) == 0) {
		detached = true;
		rill_socketio_detach(io, draw(2));
		return;
	}
	switch (draw(24)) {
	case 0:
	case 1:
	case 2:
		decide();
		return;
	case 3:
	case 4:
		reply_later();
		return;
	case 5:
	case 6:
	case 7:
		broadcast(s);
		return;
	case 8:
		rill_socketio_of(io, draw(2) ? "/dyn-1" : "/more");
		return;
	default:
		break;
	}
	if (!s)
		return;
	switch (draw(20)) {
	case 0:
		if (draw(3) == 0)
			rill_socket_disconnect(s, false);
		break;
	case 1:
		if (draw(6) == 0)
			rill_socket_disconnect(s, true);
		break;
	case 2:
		if (rill_socket_conn(s) && draw(8) == 0)
			rill_close(rill_socket_conn(s), 1000, NULL);
		break;
	case 3:
		if (rill_socket_conn(s) && draw(8) == 0)
			rill_conn_destroy(rill_socket_conn(s));
		break;
	case 4:
	case 5:
	case 6:
		rill_join(s, some_room());
		break;
	case 7:
		rill_leave(s, some_room());
		break;
	case 8:
		rill_leave(s, rill_socket_id(s));
		break;
	case 9:
	case 10:
	case 11:
		ask(s);
		break;
	case 12:
		rill_emit_with(s, "v", some_args(), draw(4));
		break;
	case 13:
		rill_socket_set_data(s, json("[1,2]"));
		break;
	default:
		rill_emit(s, "e", some_args());
	}
}

static void act_sometimes(void)
{
	if (depth > 3)
		return;
	depth++;
	while (!calm && draw(3) == 0)
		act();
	depth--;
}

static void storm_connect(rill_socket *s, void *user)
{
	struct life *life = life_of(NULL);
	(void)user;
	assert_true(rill_socket_connected(s));
	*life = (struct life){ .socket = s };
	connected++;
	recovered += rill_socket_recovered(s);
	act_sometimes();
}

static void storm_disconnecting(rill_socket *s, const char *reason, void *user)
{
	struct life *life = life_of(s);
	(void)user;
	assert_non_null(reason);
	assert_false(life->leaving);
	life->leaving = true;
	act_sometimes();
}

static void storm_disconnect(rill_socket *s, const char *reason, void *user)
{
	struct life *life = life_of(s);
	(void)user;
	assert_non_null(reason);
	assert_true(life->leaving);
	act_sometimes();
	assert_int_equal(rill_emit(s, "x", NULL), RILL_ECLOSED);
	life->socket = NULL;
	gone++;
	act_sometimes();
}

static void storm_drain(rill_socket *s, void *user)
{
	(void)user;
	assert_false(life_of(s)->leaving);
	act_sometimes();
}

static void storm_any(rill_socket *s, const char *event, rill_json args, void *user)
{
	(void)user;
	assert_true(life_of(s) && event[0] && args.type == RILL_JSON_ARRAY);
	act_sometimes();
}

static void storm_outgoing(rill_socket *s, const char *event, rill_json args, void *user)
{
	(void)user;
	assert_true(life_of(s) && event[0]);
	act_sometimes();
	assert_int_equal(args.type, RILL_JSON_ARRAY);
	assert_true(args.data[0] == '[' && args.data[args.len - 1] == ']');
}

static void storm_event(rill_socket *s, rill_json args, rill_reply *reply, void *user)
{
	unsigned i = draw(LATER);
	(void)user;
	assert_true(rill_socket_connected(s));
	assert_false(life_of(s)->leaving);
	act_sometimes();
	if (reply && draw(2))
		rill_reply_send(reply, RILL_ARGS(rill_items(args)));
	else if (reply && !replies[i])
		replies[i] = rill_reply_keep(reply);
	act_sometimes();
}

static bool storm_middleware(
	rill_socket *s, const char *event, rill_json args, rill_reply *reply, void *user)
{
	(void)s;
	(void)event;
	(void)args;
	(void)reply;
	(void)user;
	act_sometimes();
	return draw(8) != 0;
}

static int storm_use(rill_socket *s, rill_json auth, void *user)
{
	(void)user;
	assert_int_equal(auth.type, RILL_JSON_OBJECT);
	act_sometimes();
	switch (draw(8)) {
	case 0:
		rill_socket_refuse(s, "no", auth);
		return draw(2) ? RILL_LATER : RILL_EINVAL;
	case 1:
		rill_socket_next(s);
		return RILL_LATER;
	case 2:
		return RILL_EINVAL;
	case 3:
	case 4:
		for (int i = 0; i < LATER; i++) {
			if (undecided[i])
				continue;
			undecided[i] = s;
			act_sometimes();
			return RILL_LATER;
		}
		return RILL_ACCEPT;
	default:
		return RILL_ACCEPT;
	}
}

static bool storm_admits(const char *name, rill_json auth, void *user)
{
	(void)auth;
	(void)user;
	act_sometimes();
	return strncmp(name, "/fn-", 4) == 0;
}

static void storm_listen(rill_namespace *ns)
{
	assert_non_null(ns);
	rill_namespace_on_connect(ns, storm_connect, NULL);
	rill_namespace_on_disconnecting(ns, storm_disconnecting, NULL);
	rill_namespace_on_disconnect(ns, storm_disconnect, NULL);
	rill_namespace_on_drain(ns, storm_drain, NULL);
	if (draw(2))
		rill_namespace_on_any(ns, storm_any, NULL);
	if (draw(2))
		rill_namespace_on_any_outgoing(ns, storm_outgoing, NULL);
	assert_int_equal(rill_namespace_on(ns, "echo", storm_event, NULL), 0);
	if (draw(2))
		assert_int_equal(rill_namespace_use(ns, storm_use, NULL), 0);
	if (draw(2))
		assert_int_equal(rill_namespace_use_events(ns, storm_middleware, NULL), 0);
}

static void open_peer(struct http_peer *p)
{
	char request[512];
	http_open(p);
	snprintf(request, sizeof(request),
		"GET /socket.io/?EIO=%d&transport=websocket HTTP/1.1\r\nHost: a\r\nUpgrade: "
		"websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
		"dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
		draw(4) ? 4 : 3);
	http_send(p, request);
}

/* A pid and an offset that have come stay to be named. */
static void listen_in(struct http_peer *p)
{
	static char last_offset[31];
	size_t from = 0;
	http_take(p);
	for (; from + 8 < p->len; from++) {
		if (memcmp(p->text + from, "\"pid\":\"", 7) == 0)
			snprintf(pids[draw(4)], 64, "%.20s", p->text + from + 7);
		else if (p->text[from] == '"' && p->text[from + 7] == '-')
			snprintf(last_offset, sizeof(last_offset), "%.*s",
				(int)strcspn(p->text + from + 1, "\""), p->text + from + 1);
	}
	if (last_offset[0] && draw(2)) {
		size_t n = strlen(pids[0]);
		if (n == 20)
			snprintf(pids[0] + n, 64 - n, "\",\"offset\":\"%.30s", last_offset);
	}
}

/* Mostly what is in place: all else ends it. */
static void send_packet(struct http_peer *p, bool in[5])
{
	static const char *const spaces_of[] = { "", "/chat,", "/dyn-1,", "/fn-2,", "/none," };
	unsigned which = draw(draw(12) ? 4 : 5);
	const char *ns = spaces_of[which];
	char text[256];
	unsigned what = draw(32);
	if (draw(32) && what > 2 && in[which] != (what < 4 || what > 10))
		what = in[which] ? 20 : 4 + draw(7);
	switch (what) {
	case 0:
		tell(p, draw(2) ? "abc" : "3[]");
		return;
	case 1:
		if (draw(3) == 0)
			send_frame(p, 0x8, "\x03\xe8", 2);
		return;
	case 2:
		if (draw(3) == 0)
			tell_bytes(p, "010203");
		return;
	case 3:
		snprintf(text, sizeof(text), "1%s", ns);
		in[which] = false;
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		in[which] = true;
		snprintf(text, sizeof(text), "0%s{\"pid\":\"%s\"}", ns, pids[draw(4)]);
		break;
	case 8:
	case 9:
	case 10:
		in[which] = true;
		snprintf(text, sizeof(text), "0%s", ns);
		break;
	case 11:
	case 12:
	case 13:
		snprintf(text, sizeof(text), "3%s%u[%u]", ns, draw(40), draw(9));
		break;
	case 14:
		snprintf(text, sizeof(text), "52-%s7[\"echo\",{\"_placeholder\":true,\"num\":0}]",
			ns);
		tell(p, text);
		tell_bytes(p, "01");
		if (p->fd >= 0 && draw(8))
			tell_bytes(p, "02");
		return;
	default:
		snprintf(text, sizeof(text), "2%s%s[\"echo\",1,\"x\"]", ns, draw(2) ? "5" : "");
	}
	tell(p, text);
}

/* A client does something. */
static void client_step(void)
{
	unsigned i = draw(PEERS);
	struct http_peer *p = &peers[i];
	if (p->fd < 0 || p->ended) {
		http_close(p);
		memset(joined[i], 0, sizeof(joined[i]));
		open_peer(p);
		return;
	}
	if (draw(10) == 0)
		test_fail_allocation(1 + draw(12), draw(4) == 0);
	if (draw(20) == 0) {
		listen_in(p);
		http_close(p);
	} else {
		send_packet(p, joined[i]);
	}
	test_fail_allocation(0, false);
	if (p->fd >= 0 && draw(3) == 0) {
		listen_in(p);
		http_forget(p);
	}
}

static void act_without_memory(void)
{
	if (draw(4) == 0)
		test_fail_allocation(1 + draw(12), draw(4) == 0);
	act();
	test_fail_allocation(0, false);
}

static void step(void)
{
	switch (draw(12)) {
	case 0:
		http_pass(draw(4) ? 50 : draw(8000));
		break;
	case 1:
	case 2:
		act_without_memory();
		break;
	case 3:
		http_turns();
		break;
	default:
		client_step();
	}
}

static void begin_storm(uint64_t from)
{
	rill_socketio_options o = defaults();
	rill_engineio_options engine = engine_defaults();
	start();
	seed = from;
	memset(lives, 0, sizeof(lives));
	memset(pids, 0, sizeof(pids));
	memset(answered, 0, sizeof(answered));
	connected = gone = recovered = asked = depth = 0;
	memset(joined, 0, sizeof(joined));
	calm = detached = false;
	engine.max_queue = draw(2) ? 0 : 100 * 1024;
	engine.overflow = draw(2) ? RILL_OVERFLOW_CLOSE : RILL_OVERFLOW_REFUSE;
	engine.revision3 = true;
	o.engineio = &engine;
	o.connect_timeout_ms = 3000;
	o.recovery_ms = draw(3) ? 20 * 1000 : 0;
	o.recovery_skips_middlewares = draw(2);
	o.recovery_replaces = draw(2);
	o.recovery_messages = draw(2) ? 20 : 1000;
	o.recovery_sockets = draw(2) ? 3 : 1000;
	o.cleanup_namespaces = draw(2);
	o.max_acks = draw(2) ? 5 : 1000;
	o.max_rooms = draw(2) ? 2 : 1000;
	assert_int_equal(rill_socketio_serve(http_server, &o, &io), 0);
	spaces[0] = rill_socketio_of(io, "/");
	spaces[1] = rill_socketio_of(io, "/chat");
	spaces[2] = rill_socketio_of_pattern(io, "^/dyn-[0-9]+$");
	spaces[3] = rill_socketio_of_function(io, storm_admits, NULL);
	for (int i = 0; i < 4; i++)
		storm_listen(spaces[i]);
	for (int i = 0; i < PEERS; i++)
		peers[i] = (struct http_peer){ .fd = -1 };
}

static void let_go(void)
{
	for (int i = 0; i < LATER; i++) {
		if (undecided[i])
			rill_socket_next(undecided[i]);
		undecided[i] = NULL;
		rill_reply_drop(replies[i]);
		replies[i] = NULL;
	}
}

static void run_storm(uint64_t from)
{
	begin_storm(from);
	for (int i = 0; i < STEPS; i++)
		step();
	calm = draw(2);
	if (draw(2))
		let_go();
	for (int i = 0; draw(2) && i < PEERS; i++)
		http_close(&peers[i]);
	if (!detached && draw(2)) {
		detached = true;
		rill_socketio_detach(io, draw(2));
	}
	if (draw(2))
		http_pass(60000);
	calm = true;
	for (int i = 0; i < PEERS; i++)
		http_close(&peers[i]);
	rill_server_free(http_server);
	let_go();
	rill_loop_free(http_loop);
	http_server = NULL;
	http_loop = NULL;
	assert_int_equal(connected, gone);
	for (unsigned i = 0; i < asked; i++)
		assert_int_equal(answered[i], 1);
}

static unsigned total, returned;

TEST(socketio_storm, the_promises_hold_whatever_happens)
{
	total = returned = 0;
	for (uint64_t i = 1; i <= SEEDS; i++) {
		run_storm(i);
		total += connected;
		returned += recovered;
	}
	assert_true(total > 1000 && returned > 50);
}
