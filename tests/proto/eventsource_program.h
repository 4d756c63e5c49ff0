/* eventsource_program.h: the program in the tests of event streams: it says what it hears, and does in
 * its callbacks what it is told to. */
#ifndef TEST_PROTO_EVENTSOURCE_PROGRAM_H
#define TEST_PROTO_EVENTSOURCE_PROGRAM_H

#include <stdio.h>
#include <string.h>
#include "support/http_peer.h"
#include "support/said.h"

static struct http_peer peer;
static rill_conn *conn; /* the latest to open */
static void (*in_open)(rill_conn *conn);
static void (*in_drain)(rill_conn *conn);
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

static inline void on_drain(rill_conn *c)
{
	say("drain ");
	if (in_drain)
		in_drain(c);
}

static inline void on_close(rill_conn *c, int code, rill_bytes reason)
{
	assert_int_equal(reason.len, 0);
	say("close:%d ", code);
	if (in_close)
		in_close(c);
	conn = NULL;
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_drain = on_drain,
	.on_close = on_close,
};

#define HEAD                                                                                       \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"                                   \
	"Cache-Control: no-cache, no-store\r\nX-Accel-Buffering: no\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define RETRY   "f\r\nretry: 5000\r\n\r\n\r\n"
#define ASK     "GET /sse HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n"

static inline rill_eventsource_options defaults(void)
{
	rill_eventsource_options options;
	rill_eventsource_options_default(&options);
	return options;
}

static inline void start(const rill_server_options *options)
{
	said[0] = 0;
	in_open = in_drain = in_close = NULL;
	conn = NULL;
	http_begin(options);
}

static inline rill_eventsource *serve(const rill_eventsource_options *options)
{
	rill_eventsource *service;
	start(NULL);
	assert_int_equal(
		rill_eventsource_serve(http_server, "/sse", &handler, options, &service), 0);
	http_open(&peer);
	return service;
}

/* A stream that is open, its head and retry taken. */
static inline rill_eventsource *serve_open(const rill_eventsource_options *options)
{
	rill_eventsource *service = serve(options);
	http_send(&peer, ASK "\r\n");
	http_expect_status(&peer, 200);
	http_forget(&peer);
	expect_said("open ");
	return service;
}

static inline void finish(void)
{
	http_close(&peer);
	http_end();
}

static inline void expect_chunk(const char *text)
{
	char chunk[2048];
	snprintf(chunk, sizeof(chunk), "%zx\r\n%s\r\n", strlen(text), text);
	http_expect(&peer, chunk);
}

#endif
