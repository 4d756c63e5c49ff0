/* socketio_program.h: the program in the tests of Socket.IO: it says what it hears, and does in its callbacks
 * what it is told to; and clients, which speak packets as they stand on the wire. */
#ifndef TEST_PROTO_SOCKETIO_PROGRAM_H
#define TEST_PROTO_SOCKETIO_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/http_peer.h"
#include "support/said.h"

static rill_socketio *io;
static rill_namespace *root;
static rill_socket *latest; /* to connect; NULL when it is gone */
static void (*in_connect)(rill_socket *s);
static void (*in_event)(rill_socket *s, rill_json args, rill_reply *reply);
static void (*in_disconnect)(rill_socket *s);

static inline void expect_said(const char *want)
{
	http_turns();
	assert_string_equal(said, want);
	said[0] = 0;
}

static inline void say_json(rill_json json)
{
	if (json.type == RILL_JSON_NONE)
		say("none");
	else
		say("%.*s", (int)json.len, json.data);
}

static inline void on_connect(rill_socket *s, void *user)
{
	(void)user;
	latest = s;
	assert_true(rill_socket_connected(s));
	say("connect:%s%s ", rill_namespace_name(rill_socket_namespace(s)),
		rill_socket_recovered(s) ? ":recovered" : "");
	if (in_connect)
		in_connect(s);
}

static inline void count_room(const char *room, void *user)
{
	(void)room;
	++*(int *)user;
}

static inline void on_disconnecting(rill_socket *s, const char *reason, void *user)
{
	int rooms = 0;
	(void)user;
	(void)reason;
	assert_false(rill_socket_connected(s));
	rill_socket_rooms(s, count_room, &rooms);
	if (rooms != 1)
		say("rooms:%d ", rooms);
}

static inline void on_disconnect(rill_socket *s, const char *reason, void *user)
{
	(void)user;
	say("gone:%s ", reason);
	assert_int_equal(rill_emit(s, "x", NULL), RILL_ECLOSED);
	if (in_disconnect)
		in_disconnect(s);
	if (s == latest)
		latest = NULL;
}

static inline void on_any(rill_socket *s, const char *event, rill_json args, void *user)
{
	(void)s;
	(void)user;
	say("%s", event);
	say_json(args);
	say(" ");
}

static inline void on_echo(rill_socket *s, rill_json args, rill_reply *reply, void *user)
{
	(void)user;
	if (in_event)
		in_event(s, args, reply);
	else if (reply)
		assert_true(rill_reply_send(reply, RILL_ARGS(rill_items(args))) >= 0);
	else
		assert_true(rill_emit(s, "echo-back", RILL_ARGS(rill_items(args))) >= 0);
}

static inline void listen_to(rill_namespace *ns)
{
	rill_namespace_on_connect(ns, on_connect, NULL);
	rill_namespace_on_disconnecting(ns, on_disconnecting, NULL);
	rill_namespace_on_disconnect(ns, on_disconnect, NULL);
	rill_namespace_on_any(ns, on_any, NULL);
	assert_int_equal(rill_namespace_on(ns, "echo", on_echo, NULL), 0);
}

static inline void start(void)
{
	said[0] = 0;
	in_connect = in_disconnect = NULL;
	in_event = NULL;
	latest = NULL;
	http_begin(NULL);
}

static inline rill_socketio_options defaults(void)
{
	rill_socketio_options options;
	rill_socketio_options_default(&options);
	return options;
}

static inline rill_engineio_options engine_defaults(void)
{
	rill_engineio_options options;
	rill_engineio_options_default(&options);
	return options;
}

static inline void serve(const rill_socketio_options *options)
{
	start();
	assert_int_equal(rill_socketio_serve(http_server, options, &io), 0);
	root = rill_socketio_of(io, "/");
	assert_non_null(root);
	listen_to(root);
}

/* Clients on WebSockets. */

static inline void send_frame(struct http_peer *p, uint8_t opcode, const void *data, size_t len)
{
	uint8_t *frame = malloc(len + 14);
	size_t n = 2;
	frame[0] = (uint8_t)(0x80 | opcode);
	if (len < 126) {
		frame[1] = (uint8_t)(0x80 | len);
	} else {
		frame[1] = 0x80 | 127;
		for (int i = 0; i < 8; i++)
			frame[n++] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
	}
	memset(frame + n, 0, 4);
	n += 4;
	if (len)
		memcpy(frame + n, data, len);
	http_send_bytes(p, frame, n + len);
	free(frame);
}

static inline void tell(struct http_peer *p, const char *text)
{
	char packet[4096];
	int n = snprintf(packet, sizeof(packet), "4%s", text);
	assert_true((size_t)n < sizeof(packet));
	send_frame(p, 1, packet, (size_t)n);
}

static inline void tell_bytes(struct http_peer *p, const char *hex)
{
	uint8_t bytes[1024];
	send_frame(p, 2, bytes, test_unhex(hex, bytes, sizeof(bytes)));
}

static inline void drop(struct http_peer *p, size_t n)
{
	p->len -= n;
	memmove(p->text, p->text + n, p->len + 1);
}

static char sid[64], pid[64]; /* the last that came */

/* Ids come to be "SID" and "PID". */
static inline void hide(char *text, const char *name, const char *word, char id[64])
{
	char key[16];
	snprintf(key, sizeof(key), "\"%s\":\"", name);
	char *at = strstr(text, key);
	if (!at)
		return;
	at += strlen(key);
	size_t n = strcspn(at, "\"");
	assert_true(n < 64);
	snprintf(id, 64, "%.*s", (int)n, at);
	memmove(at + 3, at + n, strlen(at + n) + 1);
	memcpy(at, word, 3);
}

/* What has come, each message with a blank behind it: texts without the 4 of Engine.IO, bytes as <hex>. */
static inline const char *heard(struct http_peer *p)
{
	static char all[1200000], one[800000];
	size_t out = 0;
	http_take(p);
	all[0] = 0;
	while (p->len >= 2) {
		const uint8_t *f = (const uint8_t *)p->text;
		size_t len = f[1], head = 2;
		if (len == 126) {
			len = (size_t)(f[2] << 8 | f[3]);
			head = 4;
		} else if (len == 127) {
			len = (size_t)f[6] << 24 | (size_t)f[7] << 16 | (size_t)f[8] << 8 | f[9];
			head = 10;
		}
		if (p->len < head + len)
			break;
		const uint8_t *data = f + head;
		int opcode = f[0] & 15;
		if (!(f[0] & 0x80) || len * 2 >= sizeof(one))
			fail_msg("%02x %zu", f[0], len);
		if (opcode == 8) {
			snprintf(one, sizeof(one), "close:%d", data[0] << 8 | data[1]);
		} else if (opcode == 2) {
			char *at = one;
			*at++ = '<';
			for (size_t i = 0; i < len; i++)
				at += sprintf(at, "%02x", data[i]);
			strcpy(at, ">");
		} else {
			bool message = len && data[0] == '4';
			snprintf(one, sizeof(one), "%.*s", (int)(len - message),
				(const char *)data + message);
		}
		hide(one, "sid", "SID", sid);
		hide(one, "pid", "PID", pid);
		out += (size_t)snprintf(all + out, sizeof(all) - out, "%s ", one);
		assert_true(out < sizeof(all));
		drop(p, head + len);
	}
	return all;
}

static inline void expect_heard(struct http_peer *p, const char *want)
{
	assert_string_equal(heard(p), want);
}

/* An open session, in no namespace. */
static inline void open_session_at(struct http_peer *p, const char *target)
{
	char request[1024];
	http_open(p);
	snprintf(request, sizeof(request),
		"GET %s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		"X-Test: kept\r\n\r\n",
		target);
	http_send(p, request);
	char *end = strstr(p->text, "\r\n\r\n");
	assert_non_null(end);
	assert_int_equal(strncmp(p->text, "HTTP/1.1 101 ", 13), 0);
	drop(p, (size_t)(end + 4 - p->text));
}

static inline void open_session(struct http_peer *p)
{
	open_session_at(p, "/socket.io/?EIO=4&transport=websocket");
	assert_int_equal(strncmp(heard(p), "0{", 2), 0);
}

/* ... and one in a namespace. */
static inline rill_socket *join_namespace(struct http_peer *p, const char *ns)
{
	char want[256], packet[128];
	bool is_root = strcmp(ns, "/") == 0;
	snprintf(packet, sizeof(packet), "0%s%s", is_root ? "" : ns, is_root ? "" : ",");
	tell(p, packet);
	snprintf(want, sizeof(want), "%s{\"sid\":\"SID\"} ", packet);
	expect_heard(p, want);
	snprintf(want, sizeof(want), "connect:%s ", ns);
	expect_said(want);
	return latest;
}

static inline rill_socket *open_client(struct http_peer *p)
{
	open_session(p);
	return join_namespace(p, "/");
}

/* The client goes without a word. */
static inline void cut(struct http_peer *p)
{
	http_close(p);
	http_turns();
}

/* A JSON value of a literal. */
static inline rill_json json(const char *text)
{
	rill_json value;
	assert_int_equal(rill_json_read(&value, text, strlen(text)), 0);
	return value;
}

#endif
