/* conn.c: the promises of a connection, made in one place: what the program hears, in which
 * order and how often, whatever protocol is below and whatever the program does meanwhile.
 *
 * A conn lives on two grounds: the service's reference, dropped when on_close has returned, and
 * references of the program. The memory goes at the end of the turn in which the last one was
 * dropped, so that a callback's caller may still look at it. */
#include "conn/conn.h"
#include "base/json.h"
#include "base/utf8.h"
#include "conn/extra.h"
#include "conn/hold.h"
#include "conn/publication.h"

static void free_conns(struct rl_task *task)
{
	struct rill_loop *loop = rl_container(task, struct rill_loop, dead_conns.task);
	while (!rl_list_empty(&loop->dead_conns.nodes)) {
		struct rill_conn *conn =
			rl_container(loop->dead_conns.nodes.next, struct rill_conn, node);
		rl_list_remove(&conn->node);
		rl_conn_extra_free(conn);
		conn->ops->free(conn);
	}
}

static void drop_ref(struct rill_conn *conn)
{
	assert(conn->refs > 0);
	if (--conn->refs > 0)
		return;
	struct rill_loop *loop = conn->loop;
	assert(conn->state == RILL_CONN_CLOSED && rl_list_empty(&conn->node));
	rl_list_append(&loop->dead_conns.nodes, &conn->node);
	loop->dead_conns.task.fn = free_conns;
	rl_loop_bury(loop, &loop->dead_conns.task);
}

void rl_conn_init(struct rill_conn *conn, const struct rl_conn_ops *ops,
	const rill_handler *handler, struct rill_loop *loop)
{
	*conn = (struct rill_conn){
		.ops = ops,
		.handler = handler,
		.loop = loop,
		.id = ++loop->last_conn_id,
		.refs = 1,
		.state = RILL_CONN_CONNECTING,
	};
	rl_list_init(&conn->node);
}

void rl_conn_opened(struct rill_conn *conn, const rill_request *request)
{
	if (conn->state != RILL_CONN_CONNECTING)
		return;
	conn->state = RILL_CONN_OPEN;
	conn->opened = true;
	struct rill_loop *loop = conn->loop;
	/* A service on top of another opens its own inside the other's on_open. */
	const void *outer = loop->opening, *outer_request = loop->opening_request;
	loop->opening = conn;
	loop->opening_request = request;
	if (conn->handler->on_open)
		conn->handler->on_open(conn);
	loop->opening = outer;
	loop->opening_request = outer_request;
}

void rl_conn_message(
	struct rill_conn *conn, rill_kind kind, struct rl_slice data, bool first, bool last)
{
	if (conn->state != RILL_CONN_OPEN)
		return;
	conn->messages_in += last;
	conn->bytes_in += data.len;
	if (!conn->handler->on_message)
		return;
	struct rill_loop *loop = conn->loop;
	conn->in_message = true;
	if (kind != RILL_BINARY && first && last) {
		loop->delivered = data.data;
		loop->delivered_len = data.len;
		loop->delivered_surrogates = conn->ops->surrogates;
		loop->delivered_json = kind == RILL_JSON;
	}
	conn->handler->on_message(conn, (rill_msg){ data.data, data.len, kind, first, last, NULL });
	loop->delivered = NULL;
	conn->in_message = false;
}

void rl_conn_ping(struct rill_conn *conn, struct rl_slice data)
{
	if (conn->state == RILL_CONN_OPEN && conn->handler->on_ping)
		conn->handler->on_ping(conn, rl_bytes(data));
}

static void tell_watcher_of_room(struct rill_conn *conn)
{
	struct rl_conn_watcher *watcher = rl_conn_watcher(conn);
	if (watcher)
		watcher->ops->drained(conn, watcher);
}

static void leave_watcher(struct rill_conn *conn)
{
	struct rl_conn_watcher *watcher = rl_conn_watcher(conn);
	if (watcher)
		watcher->ops->closed(conn, watcher);
	assert(!rl_conn_watcher(conn));
}

void rl_conn_drained(struct rill_conn *conn)
{
	if (conn->state != RILL_CONN_OPEN)
		return;
	tell_watcher_of_room(conn);
	if (!conn->drain_due || conn->state != RILL_CONN_OPEN)
		return;
	conn->drain_due = false;
	if (conn->handler->on_drain)
		conn->handler->on_drain(conn);
}

static void end_ping_wait(struct rill_conn *conn, struct rl_ping_wait *wait, bool pong)
{
	rl_list_remove(&wait->node);
	wait->fn(conn, pong, wait->user);
	rl_free(&conn->loop->env, wait);
}

void rl_conn_pong(struct rill_conn *conn, struct rl_slice data)
{
	if (conn->state != RILL_CONN_OPEN)
		return;
	if (conn->extra) {
		rl_list_each (node, &conn->extra->pings) {
			struct rl_ping_wait *wait = rl_container(node, struct rl_ping_wait, node);
			if (rl_slice_equal(rl_slice(wait->data, wait->len), data)) {
				end_ping_wait(conn, wait, true);
				break;
			}
		}
	}
	if (conn->state == RILL_CONN_OPEN && conn->handler->on_pong)
		conn->handler->on_pong(conn, rl_bytes(data));
}

/* Whoever waits for a pong hears of the end before on_close does, so that on_close stays the
 * last word. */
static void end_all_ping_waits(struct rill_conn *conn)
{
	while (conn->extra && !rl_list_empty(&conn->extra->pings))
		end_ping_wait(conn,
			rl_container(conn->extra->pings.next, struct rl_ping_wait, node), false);
}

void rl_conn_closed(struct rill_conn *conn, int code, struct rl_slice reason)
{
	if (conn->state == RILL_CONN_CLOSED)
		return;
	conn->state = RILL_CONN_CLOSED;
	leave_watcher(conn);
	rl_list_remove(&conn->node);
	rl_hold_forget_all(conn);
	if (!conn->opened) /* ended() says the last word then */
		end_all_ping_waits(conn);
	conn->ops->ended(conn);
	if (conn->opened) {
		end_all_ping_waits(conn);
		if (conn->handler->on_close)
			conn->handler->on_close(conn, code, rl_bytes(reason));
	}
	drop_ref(conn);
}

/* One that was closed otherwise meanwhile hears nothing more. What comes to stand here while others
 * are told has the next round. */
static void close_late(struct rl_task *task)
{
	struct rill_loop *loop = rl_container(task, struct rill_loop, late_conns.task);
	struct rill_conn *conn = loop->late_conns.first;
	loop->late_conns.first = loop->late_conns.last = NULL;
	while (conn) {
		struct rill_conn *next = conn->next_late;
		conn->late = false;
		conn->watcher = NULL;
		rl_conn_closed(conn, conn->close_code, rl_slice_str(conn->ops->cut_reason));
		drop_ref(conn);
		conn = next;
	}
}

static void add_late(struct rill_conn *conn)
{
	struct rill_loop *loop = conn->loop;
	conn->refs++;
	conn->late = true;
	conn->next_late = NULL;
	if (loop->late_conns.last)
		loop->late_conns.last->next_late = conn;
	else
		loop->late_conns.first = conn;
	loop->late_conns.last = conn;
	loop->late_conns.task.fn = close_late;
	rl_loop_defer(loop, &loop->late_conns.task);
}

void rl_conn_closed_later(struct rill_conn *conn, int code)
{
	if (conn->state == RILL_CONN_CLOSED || conn->late)
		return;
	conn->state = RILL_CONN_CLOSING;
	leave_watcher(conn);
	conn->close_code = (uint16_t)code;
	add_late(conn);
}

void rl_conn_each(struct rl_list *conns, void (*fn)(struct rill_conn *conn, void *user), void *user)
{
	/* Connections end at the end of the turn at the earliest, so the next one stays. */
	rl_list_each_safe (node, conns) {
		struct rill_conn *conn = rl_container(node, struct rill_conn, node);
		if (conn->state == RILL_CONN_OPEN)
			fn(conn, user);
	}
}

/* The public functions. */

static int sent(struct rill_conn *conn, int rc, size_t len, bool last)
{
	if (rc < 0)
		return rc;
	conn->messages_out += last;
	conn->bytes_out += len;
	if (rc > 0)
		conn->drain_due = true;
	return rc;
}

/* Open, or a client's on its way there, whose service keeps what is sent. */
static inline bool may_send(const struct rill_conn *conn)
{
	return conn->state == RILL_CONN_OPEN ||
	       (conn->state == RILL_CONN_CONNECTING && conn->ops->early);
}

static inline bool has_kind(const struct rill_conn *conn, rill_kind kind)
{
	return kind != RILL_JSON || conn->ops->json;
}

static inline __attribute__((always_inline)) int send_whole(
	struct rill_conn *conn, rill_kind kind, struct rl_slice data, struct rl_blob *blob)
{
	if (!may_send(conn))
		return RILL_ECLOSED;
	if (!has_kind(conn, kind))
		return RILL_EUNSUPPORTED;
	if (conn->piece_out)
		return RILL_ESTATE;
	if (conn->watcher) {
		rl_conn_before_send(conn);
		if (!may_send(conn))
			return RILL_ECLOSED;
	}
	return sent(conn, conn->ops->send(conn, kind, data, blob, true, true), data.len, true);
}

int rl_conn_publish(struct rill_conn *conn, struct rl_publication *publication)
{
	struct rl_blob *payload = publication->payload;
	int rc;
	if (!rl_conn_takes_publications(conn))
		return conn->piece_out ? RILL_ESTATE : RILL_ECLOSED;
	if (!has_kind(conn, publication->kind))
		return RILL_EUNSUPPORTED;
	if (conn->ops->publish)
		rc = conn->ops->publish(conn, publication);
	else
		rc = conn->ops->send(conn, publication->kind, rl_blob_slice(payload), payload, true, true);
	if (rc < 0)
		return rc;
	conn->messages_out++;
	conn->bytes_out += payload->len;
	return rc;
}

int rl_conn_send(struct rill_conn *conn, rill_kind kind, struct rl_slice data)
{
	return send_whole(conn, kind, data, NULL);
}

static inline bool is_text(const struct rill_conn *conn, const void *data, size_t len)
{
	return conn->ops->surrogates ? rl_wtf8_valid(data, len) : rl_utf8_valid(data, len);
}

/* Is it what its kind says? Where there is no such kind that is all that is said of it. */
static inline int check_kind(
	const struct rill_conn *conn, rill_kind kind, const void *data, size_t len)
{
	if (kind == RILL_TEXT)
		return is_text(conn, data, len) ? 0 : RILL_EUTF8;
	if (kind == RILL_JSON && conn->ops->json)
		return rl_json_valid(data, len) ? 0 : RILL_EPROTO;
	return 0;
}

int rill_send(rill_conn *conn, rill_kind kind, const void *data, size_t len)
{
	int rc = check_kind(conn, kind, data, len);
	if (rc < 0)
		return rc;
	return send_whole(conn, kind, rl_slice(data, len), NULL);
}

int rill_send_text(rill_conn *conn, const char *text)
{
	return rill_send(conn, RILL_TEXT, text, strlen(text));
}

/* A message that is being delivered has been checked as a whole, and so has a kept one; what a program
 * put together itself has not. Those of some services may hold more than others can take. */
static bool was_checked(const struct rill_conn *conn, const rill_msg *msg)
{
	const struct rill_loop *loop = conn->loop;
	bool surrogates, json;

	if (msg->hold) {
		surrogates = msg->hold->surrogates;
		json = msg->hold->json;
	} else if (msg->data && msg->data == loop->delivered && msg->len == loop->delivered_len) {
		surrogates = loop->delivered_surrogates;
		json = loop->delivered_json;
	} else {
		return false;
	}
	if (msg->kind == RILL_JSON)
		return json;
	return !surrogates || conn->ops->surrogates;
}

int rill_send_msg(rill_conn *conn, rill_msg msg)
{
	int rc = was_checked(conn, &msg) ? 0 : check_kind(conn, msg.kind, msg.data, msg.len);
	if (rc < 0)
		return rc;
	return send_whole(
		conn, msg.kind, rl_slice(msg.data, msg.len), msg.hold ? msg.hold->blob : NULL);
}

int rill_send_piece(rill_conn *conn, rill_kind kind, const void *data, size_t len, bool last)
{
	if (!may_send(conn))
		return RILL_ECLOSED;
	if (!has_kind(conn, kind))
		return RILL_EUNSUPPORTED;
	bool first = !conn->piece_out, text = kind == RILL_TEXT;
	if (!first && kind != (rill_kind)conn->piece_kind)
		return RILL_ESTATE;
	uint32_t utf8 = RL_UTF8_START;
	struct rl_conn_extra *extra = NULL;
	if (text) {
		extra = rl_conn_extra(conn);
		if (!extra)
			return RILL_ENOMEM;
		utf8 = first ? RL_UTF8_START : extra->send_utf8;
		if (!conn->ops->surrogates &&
			(!rl_utf8_check(&utf8, data, len) || (last && !rl_utf8_whole(utf8))))
			return RILL_EUTF8;
	}
	if (first)
		rl_conn_before_send(conn);
	if (!may_send(conn))
		return RILL_ECLOSED;
	int rc = conn->ops->send(conn, kind, rl_slice(data, len), NULL, first, last);
	if (rc < 0)
		return rc;
	if (extra)
		extra->send_utf8 = utf8;
	conn->piece_out = !last;
	conn->piece_kind = kind & 3;
	rc = sent(conn, rc, len, last);
	if (last && !first && rc == 0)
		tell_watcher_of_room(conn); /* else when it has drained */
	return rc;
}

int rill_close(rill_conn *conn, int code, const char *reason)
{
	return rl_conn_close(conn, code, rl_slice_str(reason));
}

int rl_conn_close(struct rill_conn *conn, int code, struct rl_slice text)
{
	if (!may_send(conn))
		return 0;
	if (!rl_utf8_valid(text.data, text.len))
		return RILL_EUTF8;
	rl_conn_before_send(conn);
	if (!may_send(conn))
		return 0;
	int rc = conn->ops->close(conn, code, text);
	if (rc < 0)
		return rc;
	if (conn->state == RILL_CONN_OPEN)
		conn->state = RILL_CONN_CLOSING;
	leave_watcher(conn);
	return 0;
}

void rill_conn_destroy(rill_conn *conn)
{
	if (conn->state == RILL_CONN_CLOSED || conn->late)
		return;
	conn->ops->cut(conn);
	rl_conn_closed_later(conn, 1006);
}

static void update_reading(struct rill_conn *conn)
{
	if (conn->state != RILL_CONN_CLOSED && !conn->late)
		conn->ops->set_reading(conn, !conn->paused && !conn->starved);
}

void rill_conn_pause(rill_conn *conn)
{
	conn->paused = true;
	update_reading(conn);
}

void rill_conn_resume(rill_conn *conn)
{
	conn->paused = false;
	update_reading(conn);
}

/* A pong tells that what was published before its ping has arrived, as for what was sent. */
static int send_control(struct rill_conn *conn, bool ping, struct rl_slice data)
{
	rl_conn_before_send(conn);
	return may_send(conn) ? conn->ops->control(conn, ping, data) : RILL_ECLOSED;
}

int rill_ping(rill_conn *conn, const void *data, size_t len, rill_pong_fn fn, void *user)
{
	if (len > 125)
		return RILL_ETOOBIG;
	if (!may_send(conn))
		return RILL_ECLOSED;
	struct rl_ping_wait *wait = NULL;
	if (fn) {
		if (!rl_conn_extra(conn))
			return RILL_ENOMEM;
		wait = rl_alloc(&conn->loop->env, sizeof(*wait) + len);
		if (!wait)
			return RILL_ENOMEM;
		*wait = (struct rl_ping_wait){ .fn = fn, .user = user, .len = (uint8_t)len };
		if (len)
			memcpy(wait->data, data, len);
	}
	int rc = send_control(conn, true, rl_slice(data, len));
	if (rc < 0)
		rl_free(&conn->loop->env, wait);
	else if (wait)
		rl_list_append(&conn->extra->pings, &wait->node);
	return rc < 0 ? rc : 0;
}

int rill_pong(rill_conn *conn, const void *data, size_t len)
{
	if (len > 125)
		return RILL_ETOOBIG;
	if (!may_send(conn))
		return RILL_ECLOSED;
	int rc = send_control(conn, false, rl_slice(data, len));
	return rc < 0 ? rc : 0;
}

rill_conn *rill_conn_ref(rill_conn *conn)
{
	conn->refs++;
	return conn;
}

void rill_conn_unref(rill_conn *conn)
{
	if (conn)
		drop_ref(conn);
}

void rl_conn_credit(struct rill_conn *conn, size_t bytes)
{
	struct rl_conn_extra *extra = conn->extra;
	assert(extra && extra->held >= bytes);
	extra->held -= bytes;
	conn->ops->charge(conn, -(ptrdiff_t)bytes);
	if (conn->starved && extra->held <= RL_CONN_CREDIT / 2) {
		conn->starved = false;
		update_reading(conn);
	}
}

int rill_msg_keep(rill_conn *conn, rill_msg *msg)
{
	if (msg->hold) {
		rill_msg_ref(*msg);
		return 0;
	}
	struct rl_conn_extra *extra = rl_conn_extra(conn);
	if (!extra)
		return RILL_ENOMEM;
	const struct rl_env *env = &conn->loop->env;
	bool json = msg->kind == RILL_JSON && was_checked(conn, msg);
	struct rl_blob *blob = conn->in_message ? conn->ops->take_message(conn) : NULL;
	bool taken = blob != NULL;
	if (!taken)
		blob = rl_blob_copy(env, rl_slice(msg->data, msg->len));
	if (!blob)
		return RILL_ENOMEM;
	struct rill_hold *hold = rl_hold_new(env, blob);
	if (!hold) {
		rl_blob_unref(blob);
		return RILL_ENOMEM;
	}
	if (!taken)
		msg->data = blob->data;
	msg->hold = hold;
	hold->surrogates = conn->ops->surrogates;
	hold->json = json;
	rl_hold_charge(hold, conn, msg->len);
	extra->held += msg->len;
	conn->ops->charge(conn, (ptrdiff_t)msg->len);
	if (extra->held > RL_CONN_CREDIT && !conn->starved) {
		conn->starved = true;
		update_reading(conn);
	}
	return 0;
}
