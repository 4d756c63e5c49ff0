/* members.h: a hub whose connections are made of nothing: each notes what it is handed, "one ", with
 * a '|' where it is written out, and says that its queue is full when the test wants that. */
#ifndef TEST_HUB_MEMBERS_H
#define TEST_HUB_MEMBERS_H

#include <stdio.h>
#include <string.h>
#include "hub/hub.h"
#include "support/support.h"

struct member {
	struct rill_conn conn;
	char got[4096];
	size_t queued;
	size_t high; /* 0: the peer takes everything at once; else the high-water mark */
	ptrdiff_t charged;
	bool swift; /* the peer takes everything when it is written out */
	int result; /* what publishing says instead */
	bool typed;
	char mark[RILL_MESSAGE_ID]; /* the id it was told without a message */
	struct rl_conn_ops ops;
};

static rill_loop *loop;
static rill_hub *hub;
static char closings[1024]; /* "1008:too slow " of all */

static struct member *member_of(struct rill_conn *conn)
{
	return rl_container(conn, struct member, conn);
}

__attribute__((format(printf, 2, 3))) static inline void note(
	struct member *m, const char *format, ...)
{
	size_t n = strlen(m->got);
	va_list args;
	va_start(args, format);
	vsnprintf(m->got + n, sizeof(m->got) - n, format, args);
	va_end(args);
}

static inline int take(struct member *m, size_t len)
{
	m->queued += m->high ? len : 0;
	return m->high && m->queued > m->high;
}

static int op_send(struct rill_conn *conn, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last)
{
	(void)kind;
	(void)blob;
	note(member_of(conn), "(%.*s%s%s) ", (int)data.len, (const char *)data.data,
		first ? "" : "-", last ? "" : "+");
	return take(member_of(conn), data.len);
}

/* As an extension or a tap of the program, in the middle of being sent to. */
static void (*in_publish)(struct rill_conn *conn);

static int op_publish(struct rill_conn *conn, struct rl_publication *p)
{
	struct member *m = member_of(conn);
	if (in_publish)
		in_publish(conn);
	if (conn->state != RILL_CONN_OPEN)
		return RILL_ECLOSED;
	if (m->result < 0)
		return m->result;
	if (m->typed && p->type.len)
		note(m, "%.*s=", (int)p->type.len, (const char *)p->type.data);
	note(m, "%.*s ", (int)p->payload->len, (const char *)p->payload->data);
	return take(m, p->payload->len);
}

static void op_flush(struct rill_conn *conn)
{
	struct member *m = member_of(conn);
	size_t n = strlen(m->got);
	if (m->swift)
		m->queued = 0;
	if (!m->queued && n && m->got[n - 1] == ' ')
		m->got[n - 1] = '|';
}

static int op_close(struct rill_conn *conn, int code, struct rl_slice reason)
{
	size_t n = strlen(closings);
	(void)conn;
	snprintf(closings + n, sizeof(closings) - n, "%d:%.*s ", code, (int)reason.len,
		(const char *)reason.data);
	return 0;
}

static void op_cut(struct rill_conn *conn)
{
	(void)conn;
}

static void op_set_reading(struct rill_conn *conn, bool on)
{
	(void)conn;
	(void)on;
}

static int op_control(struct rill_conn *conn, bool ping, struct rl_slice data)
{
	note(member_of(conn), "<%s %.*s> ", ping ? "ping" : "pong", (int)data.len,
		(const char *)data.data);
	return 0;
}

static size_t op_queued(const struct rill_conn *conn)
{
	return rl_container(conn, struct member, conn)->queued;
}

static void op_charge(struct rill_conn *conn, ptrdiff_t bytes)
{
	member_of(conn)->charged += bytes;
}

static void op_free(struct rill_conn *conn)
{
	assert_int_equal(member_of(conn)->charged, 0);
	rl_free(&conn->loop->env, member_of(conn));
}

static void (*in_close)(rill_conn *conn);

static void on_close(rill_conn *conn, int code, rill_bytes reason)
{
	(void)code;
	(void)reason;
	if (in_close)
		in_close(conn);
}

static const rill_handler handler = { .size = sizeof(handler), .on_close = on_close };

/* A connection that is open. */
static inline struct member *new_member(void)
{
	struct member *m = rl_zalloc(&loop->env, sizeof(*m));
	assert_non_null(m);
	m->ops = (struct rl_conn_ops){
		.transport = "fake",
		.send = op_send,
		.publish = op_publish,
		.flush = op_flush,
		.close = op_close,
		.cut = op_cut,
		.set_reading = op_set_reading,
		.control = op_control,
		.queued = op_queued,
		.charge = op_charge,
		.ended = op_cut,
		.free = op_free,
	};
	rl_conn_init(&m->conn, &m->ops, &handler, loop);
	rl_conn_opened(&m->conn, NULL);
	return m;
}

static int op_mark(struct rill_conn *conn, struct rl_slice id)
{
	struct member *m = member_of(conn);
	assert_true(id.len < sizeof(m->mark) && !conn->piece_out);
	memcpy(m->mark, id.data, id.len);
	m->mark[id.len] = 0;
	return 0;
}

/* One that takes text with a type, and ids. */
static inline struct member *new_stream(void)
{
	struct member *m = new_member();
	m->typed = m->ops.typed = true;
	m->ops.mark = op_mark;
	return m;
}

static inline void lose(struct member *m)
{
	rl_conn_closed(&m->conn, 1006, rl_slice(NULL, 0));
}

static uint64_t integer_clock(void *user)
{
	(void)user;
	return test_now;
}

static inline void start_with(const rill_hub_options *options)
{
	rill_loop_options loop_options;
	rill_loop_options_default(&loop_options);
	loop_options.allocator = test_env()->memory;
	closings[0] = 0;
	in_close = NULL;
	in_publish = NULL;
	assert_int_equal(rill_loop_new(&loop, &loop_options), 0);
	loop->env.clock = integer_clock;
	loop->now = test_now;
	rl_wheel_init(&loop->wheel, test_now);
	assert_int_equal(rill_hub_new(&hub, loop, options), 0);
}

static inline void start(void)
{
	start_with(NULL);
}

/* Of connections that are still there the test takes care before. */
static inline void stop(void)
{
	rill_hub_free(hub);
	rill_loop_free(loop);
	hub = NULL;
	loop = NULL;
}

static inline void call_it(void *user)
{
	void (**fn)(void) = user;
	(*fn)();
}

/* Does this inside a turn. */
static inline void turn(void (*fn)(void))
{
	if (fn)
		assert_int_equal(rill_loop_post(loop, call_it, &fn), 0);
	assert_int_equal(rill_loop_turn(loop), 0);
}

static inline void pass(uint64_t ms)
{
	test_now += ms;
	turn(NULL);
}

static inline void publish(const char *topic, const char *text)
{
	assert_int_equal(rill_publish(hub, topic, RILL_TEXT, text, strlen(text)), 0);
}

/* In a turn of its own. */
static inline void publish_now(const char *topic, const char *text)
{
	publish(topic, text);
	turn(NULL);
}

static inline void subscribe(const char *topic, struct member *m)
{
	assert_int_equal(rill_subscribe(hub, topic, &m->conn, NULL), 0);
}

static inline void expect_got(struct member *m, const char *want)
{
	assert_string_equal(m->got, want);
	m->got[0] = 0;
}

static inline void expect_closings(const char *want)
{
	assert_string_equal(closings, want);
	closings[0] = 0;
}

/* The peer takes what is queued. */
static inline void drain(struct member *m)
{
	m->queued = 0;
	rl_conn_drained(&m->conn);
}

static inline rill_topic_stats stats_of(const char *topic)
{
	rill_topic_stats stats = { .size = sizeof(stats) };
	assert_int_equal(rill_topic_read_stats(hub, topic, &stats), 0);
	return stats;
}

#endif
