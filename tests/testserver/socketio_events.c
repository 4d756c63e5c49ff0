/* socketio_events.c: what the APP socketio does with events that concern nobody but their sender; the last
 * argument, where it is a callback, is answered:
 *
 *     echo(...args), echo-ack(...args, cb)
 *     ask(payload), ask-timeout(ms)        the server asks in its turn
 *     kick(close), drop()                  the server ends the socket, or the session below
 *     last-reason(id, cb)                  why a socket was disconnected
 *     set-data(v, cb), get-data(cb)
 *     big-text(n), big-bin(n), nested-bin(), bin-len(v, cb), burst(n)
 *     handshake(cb), client-count(cb) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "socketio.h"

#define MAX_BIG    ((int64_t)16 * 1024 * 1024)
#define BIN_MODULO 251

void answer_socketio(rill_reply *reply, const rill_arg *args)
{
	if (reply)
		rill_reply_send(reply, args);
}

/* There and back. */

static void echo(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	rill_emit(socket, "echo-back", RILL_ARGS(rill_items(args)));
}

static void echo_ack(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)socket;
	(void)user;
	answer_socketio(reply, RILL_ARGS(rill_items(args)));
}

static void pass_answer(rill_socket *socket, int rc, rill_json args, void *user)
{
	(void)user;
	if (rc == 0)
		rill_emit(socket, "answer", RILL_ARGS(rill_items(args)));
}

static void ask(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	rill_ask(socket, "question", RILL_ARGS(rill_json_arg(rill_json_at(args, 0))), 0,
		pass_answer, NULL);
}

static void tell_time_out(rill_socket *socket, int rc, rill_json args, void *user)
{
	(void)args;
	(void)user;
	if (rc == RILL_ETIMEDOUT)
		rill_emit(socket, "ask-timed-out", RILL_ARGS(rill_bool(true)));
}

static void ask_timeout(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	int64_t ms = rill_json_int(rill_json_at(args, 0), 0);
	if (ms > 0 && ms <= UINT32_MAX)
		rill_ask(socket, "question-silent", RILL_ARGS(rill_int(1)), (uint32_t)ms,
			tell_time_out, NULL);
}

/* Ends. */

static void kick(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	rill_socket_disconnect(socket, rill_json_bool(rill_json_at(args, 0), false));
}

static void drop(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)args;
	(void)reply;
	(void)user;
	rill_close(rill_socket_conn(socket), 1000, NULL);
}

/* The last so many, in a ring. */
static struct {
	struct {
		char id[64];
		const char *reason;
	} all[1024];
	size_t count;
} ends;

static void note_end(rill_socket *socket, const char *reason, void *user)
{
	(void)user;
	size_t at = ends.count++ % (sizeof(ends.all) / sizeof(*ends.all));
	snprintf(ends.all[at].id, sizeof(ends.all[at].id), "%s", rill_socket_id(socket));
	ends.all[at].reason = reason;
}

static const char *find_end(const char *id)
{
	size_t room = sizeof(ends.all) / sizeof(*ends.all);
	for (size_t i = 0; i < room && i < ends.count; i++) {
		size_t at = (ends.count - 1 - i) % room;
		if (!strcmp(ends.all[at].id, id))
			return ends.all[at].reason;
	}
	return NULL;
}

static void last_reason(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)socket;
	(void)user;
	char id[sizeof(ends.all->id)];
	int64_t len = rill_json_text(rill_json_at(args, 0), id, sizeof(id));
	answer_socketio(reply, RILL_ARGS(rill_text(len < 0 ? NULL : find_end(id))));
}

/* Data. */

static void set_data(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)user;
	if (rill_socket_set_data(socket, rill_json_at(args, 0)) == 0)
		answer_socketio(reply, RILL_ARGS(rill_text("ok")));
}

static void get_data(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)args;
	(void)user;
	answer_socketio(reply, RILL_ARGS(rill_json_arg(rill_socket_data(socket))));
}

/* Large and binary. */

/* The wanted size, and memory for it; NULL: neither. */
static unsigned char *make_big(rill_json args, size_t *len)
{
	int64_t n = rill_json_int(rill_json_at(args, 0), -1);
	if (n < 0 || n > MAX_BIG)
		return NULL;
	*len = (size_t)n;
	return malloc(*len + 1);
}

static void big_text(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	size_t len;
	unsigned char *text = make_big(args, &len);
	if (!text)
		return;
	memset(text, 'x', len);
	rill_emit(socket, "big-text", RILL_ARGS(rill_text_of(text, len)));
	free(text);
}

static void big_bin(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	size_t len;
	unsigned char *data = make_big(args, &len);
	if (!data)
		return;
	for (size_t i = 0; i < len; i++)
		data[i] = (unsigned char)(i % BIN_MODULO);
	rill_emit(socket, "big-bin", RILL_ARGS(rill_binary(data, len)));
	free(data);
}

static void nested_bin(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)args;
	(void)reply;
	(void)user;
	rill_json_writer w;
	rill_json_begin(&w);
	rill_json_open(&w, '{');
	rill_json_name(&w, "a");
	rill_json_open(&w, '[');
	rill_json_put_bytes(&w, "\1\2", 2);
	rill_json_open(&w, '{');
	rill_json_name(&w, "b");
	rill_json_put_bytes(&w, "\3", 1);
	rill_json_close(&w);
	rill_json_close(&w);
	rill_json_name(&w, "t");
	rill_json_put_text(&w, "\303\251"); /* é */
	rill_json_close(&w);
	rill_emit(socket, "nested-bin",
		RILL_ARGS(rill_json_arg(rill_json_end(&w)), rill_binary("\4\5\6", 3)));
	rill_json_free(&w);
}

static void bin_len(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)socket;
	(void)user;
	rill_json value = rill_json_at(args, 0);
	bool binary = value.type == RILL_JSON_BYTES;
	answer_socketio(
		reply, RILL_ARGS(rill_int(binary ? (int64_t)rill_json_bytes(value).len : -1)));
}

static void burst(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)reply;
	(void)user;
	int64_t n = rill_json_int(rill_json_at(args, 0), 0);
	for (int64_t i = 0; i < n && rill_emit(socket, "burst", RILL_ARGS(rill_int(i))) >= 0; i++)
		;
}

/* What is known of the client, and of all. */

static void put_parameter(const char *name, rill_bytes value, void *user)
{
	rill_json_name(user, name);
	rill_json_put_string(user, value.data, value.len);
}

static void handshake(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	(void)args;
	(void)user;
	rill_bytes header = rill_socket_header(socket, "x-test");
	rill_json_writer w;
	rill_json_begin(&w);
	rill_json_open(&w, '{');
	rill_json_name(&w, "auth");
	rill_json_put(&w, rill_socket_auth(socket));
	rill_json_name(&w, "query");
	rill_json_open(&w, '{');
	rill_socket_each_query(socket, put_parameter, &w);
	rill_json_close(&w);
	rill_json_name(&w, "header");
	if (header.data)
		rill_json_put_string(&w, header.data, header.len);
	else
		rill_json_put_null(&w);
	rill_json_close(&w);
	answer_socketio(reply, RILL_ARGS(rill_json_arg(rill_json_end(&w))));
	rill_json_free(&w);
}

static void client_count(rill_socket *socket, rill_json args, rill_reply *reply, void *io)
{
	(void)socket;
	(void)args;
	rill_engineio_stats stats = { .size = sizeof(stats) };
	rill_engineio_read_stats(rill_socketio_engine(io), &stats);
	answer_socketio(reply, RILL_ARGS(rill_int((int64_t)stats.open)));
}

int add_socketio_events(rill_namespace *ns, rill_socketio *io)
{
	static const struct {
		const char *event;
		rill_event_fn fn;
	} all[] = {
		{ "echo", echo },
		{ "echo-ack", echo_ack },
		{ "ask", ask },
		{ "ask-timeout", ask_timeout },
		{ "kick", kick },
		{ "drop", drop },
		{ "last-reason", last_reason },
		{ "set-data", set_data },
		{ "get-data", get_data },
		{ "big-text", big_text },
		{ "big-bin", big_bin },
		{ "nested-bin", nested_bin },
		{ "bin-len", bin_len },
		{ "burst", burst },
		{ "handshake", handshake },
		{ "client-count", client_count },
	};
	int rc = 0;
	rill_namespace_on_disconnect(ns, note_end, NULL);
	for (size_t i = 0; rc == 0 && i < sizeof(all) / sizeof(*all); i++)
		rc = rill_namespace_on(ns, all[i].event, all[i].fn, io);
	return rc;
}
