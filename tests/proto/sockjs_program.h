/* sockjs_program.h: the program in the tests of SockJS: it says what it hears, and does in its callbacks
 * what it is told to; and a client that takes answers apart. */
#ifndef TEST_PROTO_SOCKJS_PROGRAM_H
#define TEST_PROTO_SOCKJS_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/answer.h"
#include "support/said.h"

static struct http_peer peer;
static rill_sockjs *service;
static rill_conn *conn; /* the latest to open */
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
	say("open ");
	if (in_open)
		in_open(c);
}

static inline void on_message(rill_conn *c, rill_msg msg)
{
	assert_int_equal(msg.kind, RILL_TEXT);
	say("<%.*s> ", (int)msg.len, (const char *)msg.data);
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
	say("close:%d:%.*s ", code, (int)reason.len, (const char *)reason.data);
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

static inline rill_sockjs_options defaults(void)
{
	rill_sockjs_options options;
	rill_sockjs_options_default(&options);
	return options;
}

static inline void start(const rill_server_options *options)
{
	said[0] = 0;
	in_open = in_close = NULL;
	in_message = NULL;
	conn = NULL;
	service = NULL;
	http_begin(options);
}

static inline void serve(const rill_sockjs_options *options)
{
	start(NULL);
	assert_int_equal(rill_sockjs_serve(http_server, "/echo", &handler, options, &service), 0);
	http_open(&peer);
}

static inline void finish(void)
{
	http_close(&peer);
	http_end();
}

/* An answer, taken apart. */
static char body[400000]; /* of a chunked one the chunks, with '|' in between */
static bool ended;        /* it is complete */
static bool in_chunks;

static inline void take_bytes(struct http_peer *p, size_t n)
{
	size_t have = strlen(body);
	if (n > p->len)
		fail_msg("%zu bytes are missing in \"%.200s\"", n - p->len, p->text ? p->text : "");
	assert_true(have + n < sizeof(body));
	memcpy(body + have, p->text, n);
	body[have + n] = 0;
	drop(p, n);
}

static inline void take_chunks(struct http_peer *p)
{
	while (p->len && !ended) {
		char *end;
		unsigned long n = strtoul(p->text, &end, 16);
		assert_true(end > p->text && end[0] == '\r' && end[1] == '\n');
		drop(p, (size_t)(end + 2 - p->text));
		if (n && body[0])
			strcat(body, "|");
		take_bytes(p, n);
		assert_int_equal(strncmp(p->text, "\r\n", 2), 0);
		drop(p, 2);
		ended = n == 0;
	}
}

/* What has come besides of an answer that lasts. */
static inline const char *take_more(struct http_peer *p)
{
	http_take(p);
	body[0] = 0;
	if (in_chunks)
		take_chunks(p);
	else
		take_bytes(p, p->len);
	return body;
}

/* The next answer, or its beginning; its status. */
static inline int take_answer(struct http_peer *p)
{
	http_take(p);
	char *end = p->text ? strstr(p->text, "\r\n\r\n") : NULL;
	if (!end)
		fail_msg("no answer in \"%s\"", p->text ? p->text : "");
	snprintf(head, sizeof(head), "%.*s", (int)(end + 2 - p->text), p->text);
	drop(p, (size_t)(end + 4 - p->text));
	body[0] = 0;
	ended = true;
	const char *length = field("Content-Length"), *coding = field("Transfer-Encoding");
	in_chunks = coding != NULL;
	if (in_chunks) {
		ended = false;
		take_chunks(p);
	} else if (length) {
		take_bytes(p, strtoul(length, NULL, 10));
	} else if (p->len) {
		take_bytes(p, p->len);
	}
	return atoi(head + 9);
}

static inline void expect_answer(struct http_peer *p, int status, const char *want)
{
	int have = take_answer(p);
	if (have != status || strcmp(body, want) != 0)
		fail_msg("want %d \"%s\", have %d \"%s\"", status, want, have, body);
	assert_true(ended);
	assert_int_equal(p->len, 0);
}

static inline void expect_more(struct http_peer *p, const char *want)
{
	assert_string_equal(take_more(p), want);
}

static inline void ask(const char *method, const char *path)
{
	ask_by(&peer, method, path, "", NULL);
}

static inline void expect(const char *method, const char *path, int status, const char *want)
{
	ask(method, path);
	expect_answer(&peer, status, want);
}

#define NOT_FOUND "404 Error: Page not found\n"

/* A session on polling, open. */
static inline void open_session(void)
{
	expect("POST", "/echo/000/s/xhr", 200, "o\n");
	expect_said("open ");
}

static inline void send_to_session(const char *text, int status, const char *want)
{
	struct http_peer sender;
	http_open(&sender);
	ask_by(&sender, "POST", "/echo/000/s/xhr_send", "Content-Type: text/plain\r\n", text);
	expect_answer(&sender, status, want);
	http_close(&sender);
}

#endif
