/* websocket_program.h: the program in the tests of the service: it says what it hears, and does in its
 * callbacks what it is told to. */
#ifndef TEST_PROTO_WEBSOCKET_PROGRAM_H
#define TEST_PROTO_WEBSOCKET_PROGRAM_H

#include <stdio.h>
#include <string.h>
#include "support/peer.h"
#include "support/said.h"

static struct peer peer;
static rill_conn *conn; /* the latest to open */
static void (*in_open)(rill_conn *conn);
static void (*in_message)(rill_conn *conn);

static inline void expect_said(const char *want)
{
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
	if (msg.len > 64)
		say("message:%zu bytes ", msg.len);
	else
		say("%s:%.*s%s ", msg.kind == RILL_TEXT ? "text" : "binary", (int)msg.len,
			(const char *)msg.data, msg.last ? "" : "+");
	if (in_message)
		in_message(c);
}

static inline void on_drain(rill_conn *c)
{
	(void)c;
	say("drain ");
}

static inline void on_close(rill_conn *c, int code, rill_bytes reason)
{
	(void)c;
	say("close:%d:%.*s ", code, (int)reason.len, (const char *)reason.data);
	conn = NULL;
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_message = on_message,
	.on_drain = on_drain,
	.on_close = on_close,
};

static inline void start(void)
{
	said[0] = 0;
	in_open = in_message = NULL;
	conn = NULL;
	peer_start(&peer, NULL);
}

static inline rill_websocket *serve(const rill_websocket_options *options)
{
	rill_websocket *service;
	start();
	assert_int_equal(rill_websocket_serve(peer.server, "/ws", &handler, options, &service), 0);
	return service;
}

/* A service with these options, and a client that is open. */
static inline rill_websocket *serve_open(const rill_websocket_options *options)
{
	rill_websocket *service = serve(options);
	peer_open(&peer, "/ws", "");
	expect_said("open ");
	return service;
}

static inline rill_websocket_options defaults(void)
{
	rill_websocket_options options;
	rill_websocket_options_default(&options);
	return options;
}

static inline void refused(const char *more, const char *status)
{
	peer_connect(&peer);
	peer_ask(&peer, "/ws", more);
	const char *head = peer_take_head(&peer);
	if (strncmp(head + 9, status, 3) != 0)
		fail_msg("want %s, have %s", status, head);
	peer.in_len = 0; /* the sentence */
	peer_expect_end(&peer);
	expect_said("");
}

#endif
