/* websocket_client_program.h: the program in the tests of the client: it says what it hears, and does
 * in its callbacks what it is told to. */
#ifndef TEST_PROTO_WEBSOCKET_CLIENT_PROGRAM_H
#define TEST_PROTO_WEBSOCKET_CLIENT_PROGRAM_H

#include <stdio.h>
#include <string.h>
#include "support/origin.h"
#include "support/said.h"

static struct origin origin;
static rill_conn *conn; /* the latest to be made */
static char sentence[512]; /* of the latest failure */
static int status, answered;
static void (*in_open)(rill_conn *conn);
static void (*in_failed)(void);

static inline void expect_said(const char *want)
{
	origin_until_said(&origin, said, want);
	assert_string_equal(said, want);
	said[0] = 0;
}

static inline void on_open(rill_conn *c)
{
	say("open ");
	if (in_open)
		in_open(c);
}

static inline void on_message(rill_conn *c, rill_msg msg)
{
	(void)c;
	if (msg.len > 64)
		say("message:%zu bytes ", msg.len);
	else
		say("%s:%.*s ", msg.kind == RILL_TEXT ? "text" : "binary", (int)msg.len,
			(const char *)msg.data);
}

static inline void on_drain(rill_conn *c)
{
	(void)c;
	say("drain ");
}

static inline void on_close(rill_conn *c, int code, rill_bytes reason)
{
	assert_non_null(rill_conn_answer(c));
	say("close:%d:%.*s ", code, (int)reason.len, (const char *)reason.data);
}

static inline void on_failed(rill_conn *c, const rill_failure *failure)
{
	assert_int_equal(rill_conn_get_state(c), RILL_CONN_CLOSED);
	assert_int_equal(rill_send_text(c, "x"), RILL_ECLOSED);
	assert_null(rill_conn_user(c));
	say("failed:%d ", failure->rc);
	snprintf(sentence, sizeof(sentence), "%s", failure->sentence);
	status = failure->status;
	answered = failure->answer ? rill_answer_status(failure->answer) : 0;
	if (in_failed)
		in_failed();
}

static inline void on_pong_wait(rill_conn *c, bool pong, void *user)
{
	(void)c;
	(void)user;
	say("pong:%d ", pong);
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_message = on_message,
	.on_drain = on_drain,
	.on_close = on_close,
};

static inline rill_websocket_client_options defaults(void)
{
	rill_websocket_client_options options;
	rill_websocket_client_options_default(&options);
	options.on_failed = on_failed;
	return options;
}

static inline void begin(void)
{
	said[0] = sentence[0] = 0;
	in_open = NULL;
	in_failed = NULL;
	rill_loop *loop = origin_loop();
	assert_non_null(loop);
	origin_start(&origin, loop);
}

static inline void end(void)
{
	rill_loop_free(origin.loop);
	origin_stop(&origin);
}

/* format holds one %u, for the port. options NULL: the defaults without permessage-deflate. */
static inline void connect_to(const char *format, const rill_websocket_client_options *options)
{
	rill_websocket_client_options plain = defaults();
	char url[256];
	plain.deflate.enabled = false;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(url, sizeof(url), format, origin.port);
#pragma GCC diagnostic pop
	int rc = rill_websocket_connect(
		&conn, origin.loop, url, &handler, options ? options : &plain);
	if (rc < 0)
		fail_msg("%d: %s", rc, rill_loop_error(origin.loop));
}

static inline void open_up(const rill_websocket_client_options *options)
{
	connect_to("ws://127.0.0.1:%u/", options);
	origin_accept(&origin);
	origin_take_head(&origin);
	origin_send_101(&origin, "");
}

static inline void refused(
	const char *url, const rill_websocket_client_options *options, const char *why)
{
	rill_conn *none = NULL;
	assert_int_equal(
		rill_websocket_connect(&none, origin.loop, url, &handler, options), RILL_EINVAL);
	assert_null(none);
	assert_string_equal(rill_loop_error(origin.loop), why);
	assert_non_null(strstr(test_log(), why));
}

static inline void send_three(rill_conn *c)
{
	assert_int_equal(rill_send_text(c, "three"), 0);
}

static inline void connect_again(void)
{
	say("again:%d ",
		rill_websocket_connect(NULL, origin.loop, "ws://127.0.0.1:1/", &handler, NULL));
}

#endif
