/* socketio0_program.h: the program in the tests of Socket.IO of 2010: it says what it hears, and does in its callbacks
 * what it is told to; and a client that speaks any of the transports, so that what holds for all is said once. */
#ifndef TEST_PROTO_SOCKETIO0_PROGRAM_H
#define TEST_PROTO_SOCKETIO0_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "support/answer.h"
#include "support/said.h"

static struct http_peer peer; /* for requests without a client around them */
static rill_socketio0 *io;
static rill_conn *conn; /* the latest to open */
static void (*in_connection)(rill_conn *conn);
static void (*in_message)(rill_conn *conn, const rill_msg *message);
static void (*in_disconnect)(rill_conn *conn);

static inline void expect_said(const char *want)
{
	if (http_loop)
		http_turns();
	assert_string_equal(said, want);
	said[0] = 0;
}

static inline void on_connection(
	rill_socketio0 *from, rill_conn *c, const rill_msg *message, void *user)
{
	(void)user;
	assert_ptr_equal(from, io);
	assert_null(message);
	conn = c;
	say("connection ");
	if (in_connection)
		in_connection(c);
}

static inline void on_client_message(
	rill_socketio0 *from, rill_conn *c, const rill_msg *message, void *user)
{
	(void)from;
	(void)user;
	assert_true(message->kind == RILL_TEXT || message->kind == RILL_JSON);
	say(message->kind == RILL_TEXT ? "<%.*s> " : "json%.*s ", (int)message->len,
		(const char *)message->data);
	if (in_message)
		in_message(c, message);
}

static inline void on_drain(rill_conn *c)
{
	(void)c;
	say("drain ");
}

static inline void on_close(rill_conn *c, int code, rill_bytes reason)
{
	say("%d:%.*s ", code, (int)reason.len, (const char *)reason.data);
	if (in_disconnect)
		in_disconnect(c);
	if (c == conn)
		conn = NULL;
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_drain = on_drain,
	.on_close = on_close,
};

static inline rill_socketio0_times *times_of(rill_socketio0_options *o, int transport)
{
	rill_socketio0_times *const times[] = { &o->websocket, &o->flashsocket, &o->server_events,
		&o->htmlfile, &o->xhr_multipart, &o->xhr_polling, &o->jsonp_polling };
	return times[transport];
}

static inline rill_socketio0_options defaults(void)
{
	rill_socketio0_options options;
	rill_socketio0_options_default(&options);
	options.on_connection = on_connection;
	options.on_client_message = on_client_message;
	options.handler = &handler;
	return options;
}

static inline void start(const rill_server_options *options)
{
	said[0] = 0;
	in_connection = in_disconnect = NULL;
	in_message = NULL;
	conn = NULL;
	io = NULL;
	http_begin(options);
}

static inline void serve(const rill_socketio0_options *options)
{
	rill_socketio0_options all = defaults();
	start(NULL);
	assert_int_equal(rill_socketio0_serve(http_server, options ? options : &all, &io), 0);
	http_open(&peer);
}

static inline void finish(void)
{
	http_close(&peer);
	http_end();
}

/* An answer, taken apart. */
static char body[400000];
static size_t body_len;

static inline void take_bytes(struct http_peer *p, size_t n)
{
	assert_true(n <= p->len && body_len + n < sizeof(body));
	if (n)
		memcpy(body + body_len, p->text, n);
	body_len += n;
	body[body_len] = 0;
	drop(p, n);
}

/* Takes a head off, when it is there; its status, or 0. */
static inline int take_head(struct http_peer *p)
{
	char *end = http_take(p)[0] ? strstr(p->text, "\r\n\r\n") : NULL;
	if (!end)
		return 0;
	snprintf(head, sizeof(head), "%.*s", (int)(end + 2 - p->text), p->text);
	drop(p, (size_t)(end + 4 - p->text));
	return atoi(head + 9);
}

/* An answer with a length, when it has come; its status, or 0. */
static inline int take_answer(struct http_peer *p)
{
	int status = take_head(p);
	const char *length = status ? field("Content-Length") : NULL;
	body_len = 0;
	body[0] = 0;
	if (length)
		take_bytes(p, strtoul(length, NULL, 10));
	return status;
}

static inline void expect_answer(struct http_peer *p, int status, const char *want)
{
	int have = take_answer(p);
	if (have != status || strcmp(body, want) != 0)
		fail_msg("want %d \"%s\", have %d \"%s\"", status, want, have, body);
	assert_int_equal(p->len, 0);
}

static inline void expect(const char *method, const char *path, int status, const char *want)
{
	ask_by(&peer, method, path, "", NULL);
	expect_answer(&peer, status, want);
}

/* A client. */

enum {
	WEBSOCKET,
	FLASHSOCKET,
	SERVER_EVENTS,
	HTMLFILE,
	XHR_MULTIPART,
	XHR_POLLING,
	JSONP_POLLING,
	TRANSPORTS,
};
static const char *const names[TRANSPORTS] = { "websocket", "flashsocket", "server-events",
	"htmlfile", "xhr-multipart", "xhr-polling", "jsonp-polling" };

#define UPGRADE                                                                                    \
	"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"               \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

struct client {
	int transport;
	struct http_peer in; /* what receives */
	bool headed;         /* its head has come, with this: */
	int status;
	bool polling; /* a poll is held */
	char id[40];
	char frames[400000]; /* those that have come and were not looked at yet */
};

#define EACH_TRANSPORT(t) for (int t = 0; t < TRANSPORTS; t++)

static inline bool is_socket(int transport)
{
	return transport <= FLASHSOCKET;
}

static inline bool is_poll(int transport)
{
	return transport >= XHR_POLLING;
}

static inline void add_frames(struct client *c, const void *text, size_t len)
{
	size_t have = strlen(c->frames);
	assert_true(have + len < sizeof(c->frames));
	if (len)
		memcpy(c->frames + have, text, len);
	c->frames[have + len] = 0;
}

/* What is quoted in a script. */
static inline void add_quoted(struct client *c, const char *quoted)
{
	struct rl_slice rest = rl_slice_str(quoted);
	struct rl_json string;
	struct rl_buf text;
	rl_buf_init(&text, test_env());
	assert_int_equal(rl_json_next(&rest, &string), 0);
	assert_int_equal(rl_json_unquote(&string, &text), 0);
	add_frames(c, text.data, text.len);
	rl_buf_release(&text);
}

static inline void take_apart_scripts(struct client *c, char *at, const char *begin)
{
	while ((at = strstr(at, begin))) {
		at += strlen(begin);
		add_quoted(c, at);
	}
}

static inline void take_apart_parts(struct client *c, char *at)
{
	static const char begin[] = "Content-Type: text/plain\n\n", end[] = "\n--socketio\n";
	while ((at = strstr(at, begin))) {
		at += strlen(begin);
		char *to = strstr(at, end);
		assert_non_null(to);
		add_frames(c, at, (size_t)(to - at));
		at = to;
	}
}

static inline void take_apart_events(struct client *c, char *at)
{
	static const char begin[] = "event: socket.io\r\n";
	while ((at = strstr(at, begin))) {
		at += strlen(begin);
		for (bool first = true; strncmp(at, "data: ", 6) == 0; first = false) {
			size_t n = strcspn(at + 6, "\r\n");
			if (!first)
				add_frames(c, "\n", 1);
			add_frames(c, at + 6, n);
			at += 6 + n;
			at += *at == '\r' ? 2 : 1;
		}
	}
}

static inline void take_apart(struct client *c)
{
	switch (c->transport) {
	case SERVER_EVENTS:
		take_apart_events(c, body);
		break;
	case HTMLFILE:
		take_apart_scripts(c, body, "parent.s._(");
		break;
	case XHR_MULTIPART:
		take_apart_parts(c, body);
		break;
	case JSONP_POLLING:
		take_apart_scripts(c, body, "io.JSONP[7]._(");
		break;
	default:
		add_frames(c, body, body_len);
	}
}

/* Frames of RFC 6455; a Close is said as "(code reason)". */
static inline void take_socket(struct client *c)
{
	struct http_peer *p = &c->in;
	while (p->len >= 2) {
		const uint8_t *bytes = (const uint8_t *)p->text;
		size_t n = bytes[1], at = 2;
		if (n == 126) {
			n = (size_t)bytes[2] << 8 | bytes[3];
			at = 4;
		} else if (n == 127) {
			n = (size_t)bytes[7] << 16 | (size_t)bytes[8] << 8 | bytes[9];
			at = 10;
		}
		assert_true(p->len >= at + n);
		if (bytes[0] == 0x88) {
			char text[140];
			snprintf(text, sizeof(text), "(%d %.*s)",
				n ? bytes[at] << 8 | bytes[at + 1] : 0, (int)(n ? n - 2 : 0),
				p->text + at + 2);
			add_frames(c, text, strlen(text));
		} else {
			assert_int_equal(bytes[0], 0x81);
			add_frames(c, p->text + at, n);
		}
		drop(p, at + n);
	}
}

static inline void take_chunks(struct http_peer *p)
{
	while (p->len) {
		char *end;
		unsigned long n = strtoul(p->text, &end, 16);
		assert_true(end > p->text && end[0] == '\r' && end[1] == '\n');
		drop(p, (size_t)(end + 2 - p->text));
		take_bytes(p, n);
		drop(p, 2);
	}
}

/* Takes what has come to it. */
static inline void take_in(struct client *c)
{
	http_take(&c->in);
	if (is_poll(c->transport)) {
		if (!c->polling || take_answer(&c->in) == 0)
			return;
		c->polling = false;
		take_apart(c);
		return;
	}
	if (!c->headed) {
		int status = take_head(&c->in);
		if (!status)
			return;
		c->headed = true;
		c->status = status;
	}
	if (c->status >= 400)
		return;
	body_len = 0;
	body[0] = 0;
	if (is_socket(c->transport)) {
		take_socket(c);
	} else if (c->in.len) {
		if (c->transport == XHR_MULTIPART)
			take_bytes(&c->in, c->in.len);
		else
			take_chunks(&c->in);
		take_apart(c);
	}
}

/* Comes to receive, on a connection of its own but for polls. */
static inline void come(struct client *c)
{
	char path[128];
	bool socket = is_socket(c->transport);
	if (!is_poll(c->transport) || c->in.fd < 0 || c->in.ended || c->polling) {
		http_close(&c->in);
		http_open(&c->in);
	}
	snprintf(path, sizeof(path),
		socket ? "/socket.io/%s/%s" : "/socket.io/%s/%s/1290000000000/7",
		names[c->transport], c->id);
	c->headed = false;
	c->polling = true;
	ask_by(&c->in, "GET", path, socket ? UPGRADE : "", NULL);
	take_in(c);
}

/* The next frames are these, for which a poll is sent where none is held. */
static inline void expect_frames(struct client *c, const char *want)
{
	http_turns();
	take_in(c);
	if (is_poll(c->transport) && !c->polling && !c->frames[0])
		come(c);
	if (strcmp(c->frames, want) != 0)
		fail_msg("%s: want \"%s\", have \"%s\"", names[c->transport], want, c->frames);
	c->frames[0] = 0;
}

/* A new one, with its id. */
static inline void client_open(struct client *c, int transport)
{
	memset(c, 0, sizeof(*c));
	c->transport = transport;
	c->in.fd = -1;
	come(c);
	if (strncmp(c->frames, "~m~32~m~", 8) != 0)
		fail_msg("%s: \"%s\" in \"%s\"", names[transport], c->frames, body);
	assert_true(strlen(c->frames) >= 40);
	memcpy(c->id, c->frames + 8, 32);
	assert_int_equal(strspn(c->id, "0123456789"), 32);
	memmove(c->frames, c->frames + 40, strlen(c->frames + 40) + 1);
}

static inline void client_close(struct client *c)
{
	http_close(&c->in);
}

/* A frame as a client sends it, masked with 00 00 00 00. */
static inline void send_socket(struct http_peer *p, uint8_t first, const char *text)
{
	static uint8_t bytes[70000];
	size_t n = strlen(text), at = 2;
	assert_true(n < 65000);
	bytes[0] = first;
	bytes[1] = (uint8_t)(0x80 | (n < 126 ? n : 126));
	if (n >= 126) {
		bytes[2] = (uint8_t)(n >> 8);
		bytes[3] = (uint8_t)n;
		at = 4;
	}
	memset(bytes + at, 0, 4);
	memcpy(bytes + at + 4, text, n);
	http_send_bytes(p, bytes, at + 4 + n);
}

/* data=..., with all escaped that could be. */
static inline const char *form(const char *frames)
{
	static char text[400000];
	size_t n = (size_t)snprintf(text, sizeof(text), "data=");
	for (; *frames; frames++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "%%%02X", (unsigned)(uint8_t)*frames);
	return text;
}

static inline void post(struct http_peer *p, const struct client *c, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "/socket.io/%s/%s/send", names[c->transport], c->id);
	ask_by(p, "POST", path, "Content-Type: application/x-www-form-urlencoded\r\n", text);
}

static inline void send_frames(struct client *c, const char *frames)
{
	struct http_peer sender;
	if (is_socket(c->transport)) {
		send_socket(&c->in, 0x81, frames);
		return;
	}
	http_open(&sender);
	post(&sender, c, form(frames));
	expect_answer(&sender, 200, "ok");
	http_close(&sender);
}

#endif
