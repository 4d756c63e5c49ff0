/* engineio_program.h: the program in the tests of Engine.IO: it says what it hears, and does in its callbacks
 * what it is told to; and a client that takes answers and frames apart. */
#ifndef TEST_PROTO_ENGINEIO_PROGRAM_H
#define TEST_PROTO_ENGINEIO_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/answer.h"
#include "support/said.h"

static struct http_peer peer;
static rill_engineio *service;
static rill_conn *conn; /* the latest to open */
static char sid[21];    /* its id */
static void (*in_open)(rill_conn *conn);
static void (*in_message)(rill_conn *conn, rill_msg msg);
static void (*in_close)(rill_conn *conn);

static inline void expect_said(const char *want)
{
	http_turns();
	assert_string_equal(said, want);
	said[0] = 0;
}

static inline void on_open(rill_conn *c)
{
	conn = c;
	snprintf(sid, sizeof(sid), "%s", rill_engineio_id(c));
	say("open ");
	if (in_open)
		in_open(c);
}

static inline void on_message(rill_conn *c, rill_msg msg)
{
	say(msg.kind == RILL_TEXT ? "<%.*s> " : "[%.*s] ", (int)msg.len, (const char *)msg.data);
	if (in_message)
		in_message(c, msg);
}

static inline void on_drain(rill_conn *c)
{
	(void)c;
	say("drain ");
}

static inline void on_close(rill_conn *c, int code, rill_bytes reason)
{
	say("%d:%.*s ", code, (int)reason.len, (const char *)reason.data);
	if (in_close)
		in_close(c);
	if (c == conn)
		conn = NULL;
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_message = on_message,
	.on_drain = on_drain,
	.on_close = on_close,
};

static inline rill_engineio_options defaults(void)
{
	rill_engineio_options options;
	rill_engineio_options_default(&options);
	return options;
}

static inline void start(const rill_server_options *options)
{
	said[0] = sid[0] = 0;
	in_open = in_close = NULL;
	in_message = NULL;
	conn = NULL;
	service = NULL;
	http_begin(options);
}

static inline void serve(const rill_engineio_options *options)
{
	start(NULL);
	assert_int_equal(
		rill_engineio_serve(http_server, "/engine.io/", &handler, options, &service), 0);
	http_open(&peer);
}

static inline void finish(void)
{
	http_close(&peer);
	http_end();
}

/* An answer, taken apart. */
static char body[1200000];
static size_t body_len;

static inline int take_head(struct http_peer *p)
{
	http_take(p);
	char *end = p->text ? strstr(p->text, "\r\n\r\n") : NULL;
	if (!end)
		fail_msg("no answer in \"%s\"", p->text ? p->text : "");
	snprintf(head, sizeof(head), "%.*s", (int)(end + 2 - p->text), p->text);
	drop(p, (size_t)(end + 4 - p->text));
	return atoi(head + 9);
}

/* The next answer; its status. */
static inline int take_answer(struct http_peer *p)
{
	int status = take_head(p);
	const char *length = field("Content-Length");
	body_len = length ? strtoul(length, NULL, 10) : 0;
	assert_true(body_len < sizeof(body));
	if (p->len < body_len)
		fail_msg("%zu of %zu bytes", p->len, body_len);
	memcpy(body, p->text, body_len);
	body[body_len] = 0;
	drop(p, body_len);
	return status;
}

static inline void expect_answer(struct http_peer *p, int status, const char *want)
{
	int have = take_answer(p);
	if (have != status || body_len != strlen(want) || strcmp(body, want) != 0)
		fail_msg("want %d \"%s\", have %d \"%s\"", status, want, have, body);
	assert_int_equal(p->len, 0);
}

static inline void expect_nothing(struct http_peer *p)
{
	http_take(p);
	if (p->len)
		fail_msg("\"%s\"", p->text);
}

static inline void expect(const char *method, const char *target, int status, const char *want)
{
	ask_by(&peer, method, target, "", NULL);
	expect_answer(&peer, status, want);
}

#define ERROR_OF(code, message) "{\"code\":" #code ",\"message\":\"" message "\"}"
#define UNKNOWN_TRANSPORT       ERROR_OF(0, "Transport unknown")
#define UNKNOWN_ID              ERROR_OF(1, "Session ID unknown")
#define BAD_METHOD              ERROR_OF(2, "Bad handshake method")
#define BAD_REQUEST             ERROR_OF(3, "Bad request")
#define FORBIDDEN               ERROR_OF(4, "Forbidden")
#define UNSUPPORTED             ERROR_OF(5, "Unsupported protocol version")

/* Where the session is asked for, with what else is to stand in the query. */
static inline const char *at(const char *more)
{
	static char target[256];
	snprintf(target, sizeof(target), "/engine.io/?EIO=4&transport=polling&sid=%s%s", sid, more);
	return target;
}

/* A session on polling, open. */
#define HANDSHAKE  "/engine.io/?EIO=4&transport=polling"
#define HANDSHAKE3 "/engine.io/?EIO=3&transport=polling"
static inline void open_at(const char *target)
{
	ask_by(&peer, "GET", target, "", NULL);
	assert_int_equal(take_answer(&peer), 200);
	http_turns();
	assert_int_equal(strncmp(said, "open ", 5), 0);
	memmove(said, said + 5, strlen(said + 5) + 1);
}

static inline void open_session(void)
{
	open_at(HANDSHAKE);
}

/* A GET that is held. */
static inline void hold(struct http_peer *p)
{
	ask_by(p, "GET", at(""), "", NULL);
}

/* A GET that is answered at once. */
static inline void expect_poll(const char *want)
{
	hold(&peer);
	expect_answer(&peer, 200, want);
}

/* A POST, on a connection of its own. */
static inline void post(const char *text, int status, const char *want)
{
	struct http_peer sender;
	http_open(&sender);
	ask_by(&sender, "POST", at(""), "Content-Type: text/plain;charset=UTF-8\r\n", text);
	expect_answer(&sender, status, want);
	http_close(&sender);
}

/* The session is not found any more. */
static inline void expect_gone(void)
{
	struct http_peer p;
	http_open(&p);
	ask_by(&p, "GET", at(""), "", NULL);
	expect_answer(&p, 400, UNKNOWN_ID);
	http_close(&p);
}

/* WebSockets. */
#define UPGRADE                                                                                    \
	"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"               \
	"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"
#define WEBSOCKET  "/engine.io/?EIO=4&transport=websocket"
#define WEBSOCKET3 "/engine.io/?EIO=3&transport=websocket"

static inline void upgrade_by(struct http_peer *p, const char *target, const char *fields)
{
	char all[1024];
	snprintf(all, sizeof(all), UPGRADE "%s", fields);
	ask_by(p, "GET", target, all, NULL);
	int status = take_head(p);
	if (status != 101)
		fail_msg("%d \"%s\"", status, p->text);
}

/* A short frame as a client sends it, masked with 00 00 00 00. */
static inline void send_frame(struct http_peer *p, uint8_t first, const void *data, size_t len)
{
	uint8_t bytes[200] = { first, (uint8_t)(0x80 | len) };
	assert_true(len < 126);
	if (len)
		memcpy(bytes + 6, data, len);
	http_send_bytes(p, bytes, 6 + len);
}

static inline void send_text(struct http_peer *p, const char *text)
{
	send_frame(p, 0x81, text, strlen(text));
}

/* The next frame is this. */
static inline void expect_frame(struct http_peer *p, uint8_t first, const void *data, size_t len)
{
	http_take(p);
	size_t start = p->len > 1 && (uint8_t)p->text[1] == 126 ? 4 : 2;
	if (p->len < start)
		fail_msg("no frame, want \"%s\"", (const char *)data);
	size_t have = start == 2 ? (uint8_t)p->text[1]
				 : (size_t)((uint8_t)p->text[2] << 8 | (uint8_t)p->text[3]);
	if ((uint8_t)p->text[0] != first || have != len || p->len < start + len ||
		memcmp(p->text + start, data, len) != 0)
		fail_msg("want %02x \"%.*s\", have %02x \"%.*s\"", first, (int)len,
			(const char *)data, (uint8_t)p->text[0], (int)have, p->text + start);
	drop(p, start + len);
}

static inline void expect_text(struct http_peer *p, const char *text)
{
	expect_frame(p, 0x81, text, strlen(text));
}

static inline void expect_close(struct http_peer *p, int code)
{
	uint8_t bytes[2] = { (uint8_t)(code >> 8), (uint8_t)code };
	expect_frame(p, 0x88, bytes, 2);
	assert_int_equal(p->len, 0);
}

/* A session on a WebSocket, open; what its handshake says is body. */
static inline void open_websocket_at(const char *target)
{
	upgrade_by(&peer, target, "");
	http_pass(10); /* revision 3 waits for a moment */
	http_take(&peer);
	assert_true(peer.len > 2 && (uint8_t)peer.text[0] == 0x81);
	body_len = (uint8_t)peer.text[1];
	memcpy(body, peer.text + 2, body_len);
	body[body_len] = 0;
	drop(&peer, 2 + body_len);
	http_turns();
	assert_int_equal(strncmp(said, "open ", 5), 0);
	memmove(said, said + 5, strlen(said + 5) + 1);
}

static inline void open_websocket(void)
{
	open_websocket_at(WEBSOCKET);
}

/* A WebSocket that is offered to the session. */
static inline void offer(struct http_peer *p)
{
	char target[256];
	snprintf(target, sizeof(target), "/engine.io/?EIO=4&transport=websocket&sid=%s", sid);
	http_open(p);
	upgrade_by(p, target, "");
}

#endif
