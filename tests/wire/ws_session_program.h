/* ws_session_program.h: bytes in, and a transcript of events, state and answers out.
 *
 * play() feeds the bytes whole, byte by byte and split in two at every place, each from a new session and up to a
 * guard page, and wants the same transcript from all. */
#ifndef TEST_WIRE_WS_SESSION_PROGRAM_H
#define TEST_WIRE_WS_SESSION_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/error.h>
#include "base/blob.h"
#include "base/utf8.h"
#include "support/pipeline.h"
#include "support/support.h"
#include "wire/ws_session.h"

_Static_assert(sizeof(struct rl_ws) <= 48, "an idle connection is small");

struct peer {
	enum rl_ws_role role;
	struct rl_ws_config config;
	bool deflate;
	bool close_first; /* our Close is out before the bytes come */
	struct rl_ws ws;
	struct rl_ws_extensions *set;
	struct rl_buf out;
	uint8_t *edge; /* a guard page */
	uint8_t rest[RL_WS_HEAD_MAX];
	size_t rest_len;
	size_t events, last_piece;
	int rc;
	char log[8192];
	size_t log_len;
	char piece[4096];
};

#define EDGE_ROOM (512 * 1024)
#define NOT_UTF8 "failed 1007\nout 881303ef74657874206973206e6f74205554462d38\n"

static inline struct peer peer(enum rl_ws_role role)
{
	struct peer p = { .role = role };
	rl_ws_config_default(&p.config);
	p.edge = test_guarded(NULL, EDGE_ROOM) + EDGE_ROOM;
	return p;
}

static inline struct peer server(void)
{
	return peer(RL_WS_SERVER);
}

static inline struct peer client(void)
{
	return peer(RL_WS_CLIENT);
}

static struct rl_deflate_options deflate_options;

static inline void start(struct peer *p)
{
	p->set = NULL;
	rl_buf_init(&p->out, test_env());
	p->config.out = &p->out;
	rl_ws_init(&p->ws, &p->config, p->role, test_now);
	p->rest_len = p->log_len = p->events = 0;
	p->log[0] = p->piece[0] = 0;
	p->rc = 0;
	if (p->deflate) {
		rl_deflate_options_default(&deflate_options);
		deflate_options.threshold = 4;
		deflate_options.ceiling = 0;
		deflate_options.level = 6; /* a bomb is to be small */
		p->ws.pipeline = test_pipeline(
			&p->set, test_env(), p->role == RL_WS_SERVER, &deflate_options, NULL);
	}
	if (p->close_first)
		assert_int_equal(rl_ws_close(&p->ws, 1000, RL_SLICE(""), test_now), 0);
}

static inline void stop(struct peer *p)
{
	rl_ws_fini(&p->ws);
	rl_ws_extensions_free(p->set);
	rl_buf_release(&p->out);
}

__attribute__((format(printf, 2, 3))) static void say(struct peer *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	p->log_len += (size_t)vsnprintf(
		p->log + p->log_len, sizeof(p->log) - p->log_len, format, args);
	va_end(args);
	assert_true(p->log_len < sizeof(p->log));
}

static inline void say_piece(struct peer *p, const struct rl_ws_event *ev)
{
	size_t n = strlen(p->piece);
	assert_int_equal(ev->first, p->piece[0] == 0);
	assert_true(ev->data.len || ev->fin);
	if (ev->text)
		assert_true(rl_utf8_valid(ev->data.data, ev->data.len));
	snprintf(p->piece + n, sizeof(p->piece) - n, "%s%.*s", ev->first ? "|" : "",
		(int)ev->data.len, (const char *)ev->data.data);
	if (!ev->fin)
		return;
	say(p, "%s pieces %s\n", ev->text ? "text" : "binary", p->piece + 1);
	p->piece[0] = 0;
}

static inline void say_event(struct peer *p, const struct rl_ws_event *ev)
{
	static const char *const names[] = { [RL_WS_PING] = "ping", [RL_WS_PONG] = "pong" };
	int n = (int)ev->data.len;
	const char *data = (const char *)ev->data.data;
	p->events++;
	if (n > 1000)
		say(p, "%s of %d\n", ev->text ? "text" : "binary", n);
	else if (ev->type == RL_WS_PIECE)
		say_piece(p, ev);
	else if (ev->type == RL_WS_MESSAGE)
		say(p, "%s %.*s\n", ev->text ? "text" : "binary", n, data);
	else if (ev->type == RL_WS_CLOSE)
		say(p, "close %u %.*s\n", ev->code, n, data);
	else
		say(p, "%s %.*s\n", names[ev->type], n, data);
}

/* Feeds some more bytes, with what was left over before them; they end at the guard page. */
static inline void feed(struct peer *p, const uint8_t *data, size_t len)
{
	size_t n = p->rest_len + len;
	uint8_t *at = p->edge - n;
	struct rl_slice in = { at, n };
	struct rl_ws_event ev;

	assert_true(n <= EDGE_ROOM);
	memcpy(at, p->rest, p->rest_len);
	if (len)
		memcpy(at + p->rest_len, data, len);
	while ((p->rc = rl_ws_next(&p->ws, &in, &ev, test_now)) > 0)
		say_event(p, &ev);
	if (p->rc < 0) {
		say(p, "failed %u\n", p->ws.close_code);
		assert_int_equal(p->ws.state, RL_WS_FAILED);
		assert_non_null(rl_ws_error_text(&p->ws));
		assert_int_equal(in.len, 0);
	}
	assert_true(in.len < RL_WS_HEAD_MAX);
	memcpy(p->rest, in.data, in.len);
	p->rest_len = in.len;
}

static inline size_t feed_hex(struct peer *p, const char *hex)
{
	uint8_t data[4096];
	size_t n = test_unhex(hex, data, sizeof(data));
	feed(p, data, n);
	return n;
}

/* The answers, unmasked so that random keys do not show. */
static inline void say_out(struct peer *p)
{
	struct rl_slice out = rl_buf_slice(&p->out);
	struct rl_ws_head head;
	size_t size;
	if (out.len)
		say(p, "out ");
	while ((size = rl_ws_read_head(&head, out.data, out.len)) != 0) {
		uint8_t payload[125];
		assert_int_equal(head.masked, p->role == RL_WS_CLIENT);
		assert_true(head.len <= out.len - size && head.len <= sizeof(payload));
		memcpy(payload, out.data + size, (size_t)head.len);
		if (head.masked)
			rl_ws_mask(payload, payload, (size_t)head.len, head.mask, 0);
		say(p, "%02x%02x", head.first, (unsigned)head.len);
		for (size_t i = 0; i < head.len; i++)
			say(p, "%02x", payload[i]);
		rl_slice_skip(&out, size + (size_t)head.len);
	}
	assert_int_equal(out.len, 0);
	say(p, "%s", p->out.len ? "\n" : "");
}

static inline void play(struct peer *p, const char *hex, const char *want)
{
	uint8_t data[4096];
	size_t n = test_unhex(hex, data, sizeof(data));
	for (size_t split = 0; split <= n + 1; split++) {
		start(p);
		if (split <= n) {
			feed(p, data, split);
			feed(p, data + split, n - split);
		} else {
			for (size_t i = 0; i < n; i++)
				feed(p, data + i, 1);
		}
		say_out(p);
		if (strcmp(p->log, want) != 0)
			fail_msg("split at %zu of %zu:\n%swanted:\n%s", split, n, p->log, want);
		if (!p->ws.in_message && !p->ws.in_frame)
			assert_int_equal(rl_ws_held(&p->ws), 0);
		stop(p);
	}
}

#endif
