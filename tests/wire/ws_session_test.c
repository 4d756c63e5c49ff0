/* ws_session_test.c: tests of src/wire/ws_session*.c.
 *
 * A case is bytes in, and a transcript of events, state and answers out. play() feeds the bytes
 * whole, byte by byte and split in two at every place, each from a new session and up to a guard
 * page, and wants the same transcript from all. */
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

static struct peer peer(enum rl_ws_role role)
{
	struct peer p = { .role = role };
	rl_ws_config_default(&p.config);
	p.edge = test_guarded(NULL, EDGE_ROOM) + EDGE_ROOM;
	return p;
}

static struct peer server(void)
{
	return peer(RL_WS_SERVER);
}

static struct peer client(void)
{
	return peer(RL_WS_CLIENT);
}

static struct rl_deflate_options deflate_options;

static void start(struct peer *p)
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

static void stop(struct peer *p)
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

static void say_piece(struct peer *p, const struct rl_ws_event *ev)
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

static void say_event(struct peer *p, const struct rl_ws_event *ev)
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
static void feed(struct peer *p, const uint8_t *data, size_t len)
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

static size_t feed_hex(struct peer *p, const char *hex)
{
	uint8_t data[4096];
	size_t n = test_unhex(hex, data, sizeof(data));
	feed(p, data, n);
	return n;
}

/* The answers, unmasked so that random keys do not show. */
static void say_out(struct peer *p)
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

static void play(struct peer *p, const char *hex, const char *want)
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

TEST(ws_session, rfc_example_of_an_unmasked_text)
{
	struct peer p = client();
	play(&p, "81 05 48656c6c6f", "text Hello\n");
}

TEST(ws_session, rfc_example_of_a_masked_text)
{
	struct peer p = server();
	play(&p, "81 85 37fa213d 7f9f4d5158", "text Hello\n");
}

TEST(ws_session, rfc_example_of_a_fragmented_text)
{
	struct peer p = client();
	play(&p, "01 03 48656c 80 02 6c6f", "text Hello\n");
}

TEST(ws_session, rfc_example_of_a_ping_and_its_pong)
{
	struct peer p = server();
	play(&p, "89 85 37fa213d 7f9f4d5158", "ping Hello\nout 8a0548656c6c6f\n");
	play(&p, "8a 85 37fa213d 7f9f4d5158", "pong Hello\n");
}

TEST(ws_session, rfc_examples_of_long_binaries)
{
	static uint8_t frame[10 + 65536];
	struct peer p = client();
	memcpy(frame, "\x82\x7e\x01\x00", 4);
	start(&p);
	feed(&p, frame, 4 + 256);
	assert_string_equal(p.log, "binary \n"); /* of zeros */
	stop(&p);
	memcpy(frame, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
	for (size_t split = 0; split < 20; split++) {
		start(&p);
		feed(&p, frame, split);
		feed(&p, frame + split, sizeof(frame) - split);
		assert_string_equal(p.log, "binary of 65536\n");
		stop(&p);
	}
}

TEST(ws_session, ping_between_fragments_is_answered_first)
{
	struct peer p = server();
	play(&p,
		"01 83 00000000 48656c"
		"89 81 00000000 21"
		"80 82 00000000 6c6f",
		"ping !\ntext Hello\nout 8a0121\n");
}

TEST(ws_session, several_frames_in_one_read_are_several_events)
{
	struct peer p = server();
	play(&p,
		"82 81 00000000 61  81 80 00000000  82 fe 0001 00000000 62"
		"8a 80 00000000  89 80 00000000  89 81 00000000 31",
		"binary a\ntext \nbinary b\npong \nping \nping 1\nout 8a008a0131\n");
}

TEST(ws_session, empty_fragments_are_legal_anywhere)
{
	struct peer p = client();
	play(&p, "01 00 00 01 61 00 00 00 01 62 80 00  82 01 63", "text ab\nbinary c\n");
	play(&p, "01 00 80 00", "text \n");
	play(&p, "01 00 80 01 61", "text a\n");
}

TEST(ws_session, a_character_may_straddle_fragments)
{
	struct peer p = server();
	play(&p, "01 82 00000000 e282  00 80 00000000  80 81 00000000 ac", "text \xe2\x82\xac\n");
	play(&p, "01 81 0f0f0f0f ff  80 83 01020304 9e9a83", "text \xf0\x9f\x98\x80\n");
}

TEST(ws_session, a_whole_message_is_handed_out_where_it_lies)
{
	struct peer p = server();
	uint8_t data[] = { 0x81, 0x82, 0, 0, 0, 0, 'h', 'i' };
	struct rl_slice in = { data, sizeof(data) };
	struct rl_ws_event ev;
	start(&p);
	size_t before = test_allocations();
	assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 1);
	assert_ptr_equal(ev.data.data, data + 6);
	assert_null(rl_ws_take_message(&p.ws));
	assert_int_equal(test_allocations(), before);
	stop(&p);
}

/* What is refused, each written up to the byte that decides it: it fails there and not before. */
static const struct {
	enum rl_ws_role role;
	unsigned code;
	const char *hex;
} refused[] = {
	/* RSV bits: on byte 0 */
	{ RL_WS_SERVER, 1002, "c1" },
	{ RL_WS_SERVER, 1002, "a1" },
	{ RL_WS_SERVER, 1002, "92" },
	{ RL_WS_SERVER, 1002, "c9" },
	{ RL_WS_SERVER, 1002, "d8" },
	{ RL_WS_SERVER, 1002, "01 80 00000000 40" },
	/* opcodes: on byte 0 */
	{ RL_WS_SERVER, 1002, "83" },
	{ RL_WS_SERVER, 1002, "84" },
	{ RL_WS_SERVER, 1002, "85" },
	{ RL_WS_SERVER, 1002, "86" },
	{ RL_WS_SERVER, 1002, "87" },
	{ RL_WS_SERVER, 1002, "8b" },
	{ RL_WS_SERVER, 1002, "8c" },
	{ RL_WS_SERVER, 1002, "8d" },
	{ RL_WS_SERVER, 1002, "8e" },
	{ RL_WS_SERVER, 1002, "8f" },
	/* control frames: fragmented on byte 0, too long on the length */
	{ RL_WS_SERVER, 1002, "08" },
	{ RL_WS_SERVER, 1002, "09" },
	{ RL_WS_SERVER, 1002, "0a" },
	{ RL_WS_SERVER, 1002, "89 fe" },
	{ RL_WS_SERVER, 1002, "8a ff" },
	{ RL_WS_SERVER, 1002, "88 fe" },
	{ RL_WS_CLIENT, 1002, "88 7e" },
	/* order of fragments: on byte 0 */
	{ RL_WS_SERVER, 1002, "80" },
	{ RL_WS_SERVER, 1002, "00" },
	{ RL_WS_SERVER, 1002, "81 80 00000000 80" },
	{ RL_WS_SERVER, 1002, "01 80 00000000 81" },
	{ RL_WS_SERVER, 1002, "02 80 00000000 01" },
	/* masking, by role: on byte 1 */
	{ RL_WS_SERVER, 1002, "81 05" },
	{ RL_WS_SERVER, 1002, "89 00" },
	{ RL_WS_CLIENT, 1002, "81 85" },
	{ RL_WS_CLIENT, 1002, "88 80" },
	/* length: top bit on its byte, size as soon as it must be above (64 MiB - 1) */
	{ RL_WS_SERVER, 1002, "82 ff 80" },
	{ RL_WS_SERVER, 1009, "82 ff 01" },
	{ RL_WS_SERVER, 1009, "82 ff 00000001" },
	{ RL_WS_SERVER, 1009, "82 ff 00000000 04" },
	{ RL_WS_CLIENT, 1009, "82 7f 00000000 04" },
	{ RL_WS_CLIENT, 1009, "02 01 00 80 7f 00000000 03ffffff" },
	/* UTF-8: at the first impossible byte */
	{ RL_WS_SERVER, 1007, "81 8a 00000000 61ff" },
	{ RL_WS_SERVER, 1007, "81 8a 00000000 c0" },
	{ RL_WS_SERVER, 1007, "81 8a 00000000 61eda0" },
	{ RL_WS_SERVER, 1007, "81 8a 00000000 f490" },
	{ RL_WS_SERVER, 1007, "81 94 00000000 cebae1bdb9cf83cebcceb5eda0" },
	{ RL_WS_CLIENT, 1007, "01 01 ce 00 00 80 01 ce" },
	{ RL_WS_CLIENT, 1007, "81 01 c3" },       /* ends within a character */
	{ RL_WS_CLIENT, 1007, "01 01 e2 80 00" }, /* likewise, on the last header */
	/* close frames */
	{ RL_WS_SERVER, 1002, "88 81" },
	{ RL_WS_SERVER, 1002, "88 82 00000000 0000" },
	{ RL_WS_SERVER, 1002, "88 82 00000000 03e7" }, /* 999 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 03ec" }, /* 1004 */
	{ RL_WS_SERVER, 1002, "88 8a 00000000 03ed" }, /* 1005, the reason still to come */
	{ RL_WS_SERVER, 1002, "88 82 00000000 03ee" }, /* 1006 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 03f7" }, /* 1015 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 03f8" }, /* 1016 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 0bb7" }, /* 2999 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 1388" }, /* 5000 */
	{ RL_WS_SERVER, 1002, "88 82 00000000 ffff" },
	{ RL_WS_SERVER, 1007, "88 8a 00000000 03e8 61c0" },
	{ RL_WS_SERVER, 1007, "88 83 00000000 03e8 c3" },
};

TEST(ws_session, what_is_illegal_is_refused_at_the_byte_that_shows_it)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct peer p = peer(refused[i].role);
		uint8_t data[64];
		size_t n = test_unhex(refused[i].hex, data, sizeof(data));
		for (size_t first = 0; first < n; first++) {
			start(&p);
			feed(&p, data, first);
			for (size_t k = first; k < n - 1; k++) {
				if (p.rc < 0)
					fail_msg("\"%s\" fails early", refused[i].hex);
				feed(&p, data + k, 1);
			}
			assert_int_equal(p.rc, 0);
			feed(&p, data + n - 1, 1);
			if (p.rc != RILL_EPROTO || p.ws.close_code != refused[i].code)
				fail_msg("\"%s\": %d, %u", refused[i].hex, p.rc, p.ws.close_code);
			/* The Close is out: its code stands behind header and key. */
			uint8_t *payload = p.out.data + (p.role == RL_WS_CLIENT ? 6 : 2);
			uint8_t close[2] = { payload[0], payload[1] };
			if (p.role == RL_WS_CLIENT)
				rl_ws_mask(close, payload, 2, p.out.data + 2, 0);
			assert_int_equal(p.out.data[0], 0x88);
			assert_int_equal(close[0] << 8 | close[1], refused[i].code);
			/* Nothing after it counts. */
			size_t out = p.out.len;
			feed_hex(&p, "89 80 00000000 81 81 00000000 61 ff");
			assert_int_equal(p.rc, 0);
			assert_int_equal(p.out.len, out);
			stop(&p);
		}
	}
}

TEST(ws_session, an_unfinished_character_waits)
{
	static const char *const cut[] = { "ed", "e2", "e282", "f0", "f09f98", "f4", "f48f", "c2" };
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		struct peer p = client();
		char hex[32];
		snprintf(hex, sizeof(hex), "81 0a 61 %s", cut[i]);
		play(&p, hex, "");
	}
}

TEST(ws_session, every_sendable_close_code_is_accepted_and_echoed)
{
	static const unsigned codes[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
		1012, 1013, 1014, 3000, 3999, 4000, 4999 };
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct peer p = server();
		char hex[64], want[64];
		snprintf(hex, sizeof(hex), "88 83 00000000 %04x 78", codes[i]);
		snprintf(want, sizeof(want), "close %u x\nout 8803%04x78\n", codes[i], codes[i]);
		play(&p, hex, want);
		assert_true(rl_ws_code_sendable(codes[i]));
	}
	for (unsigned code = 0; code < 6000; code++) {
		bool listed = (code >= 3000 && code <= 4999);
		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
			listed |= codes[i] == code;
		assert_int_equal(rl_ws_code_sendable(code), listed);
	}
}

TEST(ws_session, an_empty_close_is_1005_and_answered_with_1000)
{
	struct peer p = server();
	play(&p, "88 80 00000000", "close 1005 \nout 880203e8\n");
}

TEST(ws_session, nothing_counts_after_a_received_close)
{
	struct peer p = server();
	play(&p, "88 82 00000000 03e8  81 81 00000000 61  ff ff", "close 1000 \nout 880203e8\n");
}

TEST(ws_session, our_close_is_sent_once_and_data_still_comes)
{
	struct peer p = server();
	p.close_first = true;
	play(&p, "81 81 00000000 61 89 81 00000000 62 88 82 00000000 03e9 81 80 00000000",
		"text a\nping b\nclose 1001 \nout 880203e88a0162\n");
	start(&p);
	assert_int_equal(p.ws.state, RL_WS_CLOSE_SENT);
	assert_int_equal(p.ws.close_code, 1006);
	assert_int_equal(rl_ws_close(&p.ws, 1000, RL_SLICE("again"), test_now), 0);
	test_expect_hex(p.out.data, p.out.len, "88 02 03e8");
	assert_int_equal(rl_ws_write(&p.ws, &p.out, true, true, true, RL_SLICE("x")), RILL_ECLOSED);
	assert_int_equal(
		rl_ws_write_control(&p.ws, &p.out, RL_WS_OP_PING, RL_SLICE("x")), RILL_ECLOSED);
	feed_hex(&p, "88 80 00000000");
	assert_int_equal(p.ws.state, RL_WS_DONE);
	assert_int_equal(p.ws.close_code, 1005);
	stop(&p);
}

TEST(ws_session, a_mistake_after_our_close_sends_no_second_close)
{
	struct peer p = server();
	p.close_first = true;
	play(&p, "ff", "failed 1002\nout 880203e8\n");
}

TEST(ws_session, close_takes_only_what_may_be_sent)
{
	struct peer p = server();
	char reason[125];
	memset(reason, 'r', sizeof(reason));
	start(&p);
	assert_int_equal(rl_ws_close(&p.ws, 1006, RL_SLICE(""), 0), RILL_EINVAL);
	assert_int_equal(rl_ws_close(&p.ws, 1005, RL_SLICE("x"), 0), RILL_EINVAL);
	assert_int_equal(rl_ws_close(&p.ws, 1000, rl_slice(reason, 124), 0), RILL_EINVAL);
	assert_int_equal(rl_ws_close(&p.ws, 1000, RL_SLICE("\xff"), 0), RILL_EUTF8);
	assert_int_equal(rl_ws_close(&p.ws, 1000, RL_SLICE("\xc3"), 0), RILL_EUTF8);
	assert_int_equal(p.ws.state, RL_WS_OPEN);
	assert_int_equal(p.out.len, 0);
	assert_int_equal(rl_ws_close(&p.ws, 4999, rl_slice(reason, 123), 0), 0);
	assert_int_equal(p.out.len, 2 + 125);
	stop(&p);
	start(&p);
	assert_int_equal(rl_ws_close(&p.ws, 1005, RL_SLICE(""), 0), 0);
	test_expect_hex(p.out.data, p.out.len, "88 00");
	stop(&p);
}

TEST(ws_session, max_message_bounds_frames_and_their_sum)
{
	struct peer p = client();
	p.config.max_message = 4;
	play(&p, "82 04 61626364 01 02 6162 00 02 6364 80 00", "binary abcd\ntext abcd\n");
	play(&p, "82 05",
		"failed 1009\nout 881803f16672616d65206c656e67746820746f6f206c61726765\n");
}

TEST(ws_session, fragments_are_counted)
{
	struct peer p = server();
	p.config.max_fragments = 3;
	play(&p, "01 80 00000000 00 80 00000000 80 80 00000000 82 80 00000000", "text \nbinary \n");
	start(&p);
	feed_hex(&p, "01 80 00000000 00 80 00000000 00 80 00000000");
	assert_int_equal(p.rc, 0);
	feed_hex(&p, "00");
	assert_int_equal(p.ws.close_code, 1008);
	stop(&p);
}

TEST(ws_session, a_hundred_thousand_empty_fragments_cost_no_memory)
{
	struct peer p = client();
	start(&p);
	feed_hex(&p, "01 00");
	size_t before = test_allocations();
	for (size_t i = 0; i < 100000; i++)
		feed(&p, (const uint8_t *)"\x00\x00", 2);
	assert_int_equal(test_allocations(), before);
	feed_hex(&p, "80 02 6f6b");
	assert_string_equal(p.log, "text ok\n");
	stop(&p);
}

TEST(ws_session, every_ping_of_a_flood_is_answered_in_order)
{
	struct peer p = server();
	start(&p);
	struct rl_buf want;
	rl_buf_init(&want, test_env());
	for (unsigned i = 0; i < 10000; i++) {
		uint8_t frame[10] = { 0x89, 0x84, 0, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i, 1, 2 };
		struct rl_slice in = { frame, sizeof(frame) };
		struct rl_ws_event ev;
		assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 1);
		rl_buf_append(&want, "\x8a\x04", 2);
		rl_buf_append(&want, frame + 6, 4);
	}
	assert_int_equal(p.out.len, want.len);
	assert_memory_equal(p.out.data, want.data, want.len);
	rl_buf_release(&want);
	stop(&p);
}

TEST(ws_session, a_flood_of_cut_control_frames_leaves_no_memory)
{
	struct peer p = server();
	start(&p);
	for (size_t i = 0; i < 1000; i++) {
		feed_hex(&p, "8a 83 00000000 61");
		assert_true(test_live_blocks() <= 2);
		feed_hex(&p, "6263");
		assert_int_equal(test_live_blocks(), 0);
		p.log_len = 0;
	}
	stop(&p);
}

TEST(ws_session, an_announced_length_costs_nothing_before_its_bytes_come)
{
	struct peer p = server();
	size_t len;
	start(&p);
	feed_hex(&p, "82 ff 0000000003ffffff 01020304");
	assert_int_equal(test_live_bytes(), sizeof(struct rl_ws_part));
	feed_hex(&p, "61");
	assert_true(test_live_bytes() <= sizeof(struct rl_ws_part) + 64);
	assert_non_null(rl_ws_receive_target(&p.ws, &len));
	assert_true(test_live_bytes() <= 32 * 1024);
	stop(&p);
}

TEST(ws_session, a_delivered_message_leaves_no_memory_behind)
{
	struct peer p = server();
	start(&p);
	feed_hex(&p, "01 81 00000000 61 80");
	assert_int_equal(test_live_blocks(), 2); /* the part, and its message */
	feed_hex(&p, "81 00000000 62");
	assert_string_equal(p.log, "text ab\n");
	assert_int_equal(test_live_blocks(), 0);
	stop(&p);
}

TEST(ws_session, the_events_bytes_outlive_all_but_the_next_reading)
{
	struct peer p = server();
	uint8_t data[] = { 0x01, 0x81, 0, 0, 0, 0, 'a', 0x80, 0x81, 0, 0, 0, 0, 'b' };
	struct rl_slice in = { data, sizeof(data) };
	struct rl_ws_event ev;
	start(&p);
	assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 1);
	rl_ws_fail(&p.ws, RL_WS_FAULT_FRAGMENTS, test_now);
	assert_int_equal(rl_ws_expire(&p.ws, test_now + 30000), RILL_ETIMEDOUT);
	test_expect_text(ev.data.data, ev.data.len, "ab");
	test_expect_hex(p.out.data, p.out.len, "88 14 03f0 746f6f206d616e7920667261676d656e7473");
	assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 0);
	assert_int_equal(rl_ws_held(&p.ws), 0);
	stop(&p);
}

TEST(ws_session, an_own_message_can_be_taken_over)
{
	struct peer p = server();
	uint8_t data[] = { 0x01, 0x81, 0, 0, 0, 0, 'a', 0x80, 0x81, 0, 0, 0, 0, 'b' };
	struct rl_slice in = { data, sizeof(data) };
	struct rl_ws_event ev;
	start(&p);
	assert_null(rl_ws_take_message(&p.ws));
	assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 1);
	test_fail_allocation(1, false);
	assert_null(rl_ws_take_message(&p.ws));
	test_fail_allocation(0, false);
	struct rl_blob *blob = rl_ws_take_message(&p.ws);
	assert_ptr_equal(blob->data, ev.data.data);
	assert_int_equal(rl_ws_next(&p.ws, &in, &ev, test_now), 0);
	stop(&p);
	test_expect_text(blob->data, blob->len, "ab");
	rl_blob_unref(blob);
}

/* Sends a frame of len bytes of text, cut after `cut` of its payload, the rest by
 * rl_ws_receive_target in steps; bad: where a byte is no text, or SIZE_MAX. */
static void receive_directly(enum rl_ws_role role, size_t len, size_t cut, size_t step, size_t bad)
{
	struct peer p = peer(role);
	uint8_t head[RL_WS_HEAD_MAX], key[4] = { 1, 2, 3, 4 };
	uint8_t *wire = malloc(len);
	bool masked = role == RL_WS_SERVER;
	assert_non_null(wire);
	for (size_t i = 0; i < len; i++)
		wire[i] = (uint8_t)("\xe2\x82\xac"[i % 3]);
	if (bad < len)
		wire[bad] = 0xff;
	if (masked)
		rl_ws_mask(wire, wire, len, key, 0);
	start(&p);
	feed(&p, head, rl_ws_write_head(head, 0x81, len, masked ? key : NULL));
	feed(&p, wire, cut);
	size_t at = cut, room;
	uint8_t *target;
	while (!p.rc && (target = rl_ws_receive_target(&p.ws, &room))) {
		size_t n = room < step ? room : step;
		assert_true(n <= len - at);
		memcpy(target, wire + at, n);
		rl_ws_received(&p.ws, n);
		at += n;
		assert_true(test_live_bytes() <= 2 * at + 32 * 1024);
		feed(&p, NULL, 0);
	}
	if (bad >= len) {
		char want[32];
		snprintf(want, sizeof(want), "text of %zu\n", len);
		assert_true(len - at < 16 * 1024);
		feed(&p, wire + at, len - at);
		assert_string_equal(p.log, want);
	} else {
		assert_int_equal(p.ws.close_code, 1007);
		assert_true(at <= bad + step);
	}
	free(wire);
	stop(&p);
}

TEST(ws_session, large_frames_can_be_received_where_they_belong)
{
	receive_directly(RL_WS_SERVER, 60000, 0, 7777, SIZE_MAX);
	receive_directly(RL_WS_SERVER, 300000, 5, 100000, SIZE_MAX);
	receive_directly(RL_WS_CLIENT, 300000, 1, 4001, SIZE_MAX);
	receive_directly(RL_WS_SERVER, 300000, 5, 5000, 100001);
	receive_directly(RL_WS_CLIENT, 300000, 5, 5000, 5);
	receive_directly(RL_WS_CLIENT, 16386, 0, 16384, SIZE_MAX);
	receive_directly(RL_WS_CLIENT, 16384 * 3, 0, SIZE_MAX, SIZE_MAX);
}

TEST(ws_session, only_large_rests_are_received_directly)
{
	struct peer p = client();
	size_t len;
	start(&p);
	assert_null(rl_ws_receive_target(&p.ws, &len));
	feed_hex(&p, "82 7e 3fff");
	assert_null(rl_ws_receive_target(&p.ws, &len));
	assert_int_equal(len, 0);
	stop(&p);
	p.config.pieces = true;
	start(&p);
	feed_hex(&p, "82 7e ffff");
	assert_null(rl_ws_receive_target(&p.ws, &len));
	stop(&p);
}

TEST(ws_session, room_made_for_a_frame_that_then_lies_whole_in_the_input_goes_back)
{
	static uint8_t data[4 + 20000] = { 0x82, 0x7e, 20000 >> 8, 20000 & 0xff };
	struct peer p = client();
	size_t len;
	start(&p);
	feed(&p, data, 4);
	assert_non_null(rl_ws_receive_target(&p.ws, &len));
	feed(&p, data + 4, 20000);
	assert_string_equal(p.log, "binary of 20000\n");
	assert_int_equal(test_live_blocks(), 0);
	stop(&p);
}

TEST(ws_session, pieces_come_as_bytes_do_and_end_between_characters)
{
	struct peer p = server();
	p.config.pieces = true;
	play(&p,
		"01 84 00000000 61e282ac 89 80 00000000 00 82 01020304 f19d 80 83 00000000 988062"
		"82 80 00000000  81 81 00000000 63  02 81 00000000 64 80 80 00000000",
		"ping \ntext pieces a\xe2\x82\xac\xf0\x9f\x98\x80"
		"b\nbinary pieces \ntext pieces c\nbinary pieces d\nout 8a00\n");
	play(&p, "01 82 00000000 61e2 80 80 00000000",
		"failed 1007\nout 8813"
		"03ef74657874206973206e6f74205554462d38\n");
	start(&p);
	feed_hex(&p, "01 82 00000000 61e2");
	assert_int_equal(p.events, 1);
	assert_int_equal(
		test_live_blocks(), 1); /* the part: a piece that was handed out is not kept */
	stop(&p);
}

TEST(ws_session, pieces_obey_max_message)
{
	struct peer p = server();
	p.config.pieces = true;
	p.config.max_message = 3;
	start(&p);
	feed_hex(&p, "02 82 00000000 6162 00 82");
	assert_int_equal(p.ws.close_code, 1009);
	stop(&p);
}

TEST(ws_session, compressed_messages_are_inflated)
{
	struct peer p = client();
	p.deflate = true;
	/* RFC 7692, 7.2.3: plain, with takeover, in fragments, stored, with BFINAL, empty. */
	play(&p, "c1 07 f248cdc9c90700  c1 05 f200110000  81 02 6869",
		"text Hello\ntext Hello\ntext hi\n");
	play(&p, "41 03 f248cd 89 00 80 04 c9c90700  82 01 61",
		"ping \ntext Hello\nbinary a\nout 8a00\n");
	play(&p, "c1 0b 000500faff48656c6c6f00", "text Hello\n");
	play(&p, "c1 08 f348cdc9c9070000", "text Hello\n");
	play(&p, "c1 01 00 41 00 00 00 80 01 00", "text \ntext \n");
}

TEST(ws_session, compressed_texts_are_checked_as_they_are_inflated)
{
	struct peer p = client();
	p.deflate = true;
	/* Stored blocks: "a" and half a character; a surrogate's first two bytes. */
	play(&p, "41 07 00 0200 fdff 61e2 80 08 00 0200 fdff 82ac 00", "text a\xe2\x82\xac\n");
	play(&p, "41 08 00 0200 fdff eda0 00",
		"failed 1007\nout "
		"881303ef74657874206973206e6f74205554462d38\n");
	play(&p, "c1 08 00 0200 fdff 61e2 00",
		"failed 1007\nout "
		"881303ef74657874206973206e6f74205554462d38\n");
}

TEST(ws_session, what_is_not_deflate_is_refused)
{
	struct peer p = client();
	p.deflate = true;
	play(&p, "c2 03 ffffff",
		"failed 1007\nout "
		"881803ef646174612063616e6e6f74206265206465636f646564\n");
}

TEST(ws_session, rsv1_is_for_the_first_data_frame_alone)
{
	static const char *const wrong[] = { "c9", "c8", "ca", "41 03 f248cd c0", "a1", "91",
		"e1" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct peer p = client();
		p.deflate = true;
		start(&p);
		feed_hex(&p, wrong[i]);
		assert_int_equal(p.ws.close_code, 1002);
		stop(&p);
	}
}

TEST(ws_session, inflating_ends_at_max_message)
{
	struct peer p = client();
	p.deflate = true;
	p.config.max_message = 5;
	play(&p, "c1 07 f248cdc9c90700", "text Hello\n");
	p.config.max_message = 4;
	play(&p, "41 04 f248cdc9 80 03 c90700",
		"failed 1009\nout "
		"881303f16d65737361676520746f6f206c61726765\n");
}

/* A bomb: zeros, compressed by a session of the other role. */
static size_t bomb(size_t len, uint8_t *out, size_t room)
{
	struct peer s = server();
	uint8_t *zeros = calloc(1, len);
	s.deflate = true;
	start(&s);
	assert_int_equal(rl_ws_write(&s.ws, &s.out, false, true, true, rl_slice(zeros, len)), 0);
	assert_true(s.out.len <= room);
	size_t n = s.out.len;
	memcpy(out, s.out.data, n);
	free(zeros);
	stop(&s);
	return n;
}

TEST(ws_session, a_bomb_ends_at_max_message_without_its_memory)
{
	static uint8_t frame[16384];
	size_t n = bomb(8 << 20, frame, sizeof(frame));
	struct peer p = client();
	p.deflate = true;
	p.config.max_message = 100000;
	for (size_t split = 0; split < n; split += 997) {
		start(&p);
		feed(&p, frame, split);
		feed(&p, frame + split, n - split);
		assert_string_equal(p.log, "failed 1009\n");
		assert_int_equal(rl_ws_held(&p.ws), 0);
		stop(&p);
	}
}

TEST(ws_session, pieces_of_a_compressed_message_are_inflated_in_small_steps)
{
	static uint8_t frame[16384];
	size_t n = bomb(8 << 20, frame, sizeof(frame)), total = 0;
	struct rl_slice in = { frame, n };
	struct rl_ws_event ev;
	struct peer p = client();
	p.deflate = true;
	p.config.pieces = true;
	start(&p);
	while (rl_ws_next(&p.ws, &in, &ev, test_now) > 0) {
		assert_true(ev.data.len <= 2 << 20);
		assert_int_equal(ev.first, total == 0);
		total += ev.data.len;
		assert_int_equal(ev.fin, total == 8 << 20);
	}
	assert_int_equal(total, 8 << 20);
	assert_int_equal(rl_ws_held(&p.ws), 0);
	stop(&p);
}

TEST(ws_session, compressed_pieces_end_between_characters)
{
	struct peer p = client();
	p.deflate = true;
	p.config.pieces = true;
	play(&p, "41 07 00 0200 fdff 61e2 80 08 00 0200 fdff 82ac 00  c1 01 00",
		"text pieces a\xe2\x82\xac\ntext pieces \n");
}

/* Everything that takes memory, in one conversation. Whatever fails, it ends orderly. */
static void converse(void *arg)
{
	struct peer *p = arg;
	start(p);
	if (p->deflate && !p->ws.pipeline) {
		stop(p);
		return;
	}
	const char *const steps[] = { "01 83 00000000 e282", "ac 89 83 00000000 61",
		"6263 00 81 00000000", "78 80 80 00000000", "c1 87 00000000 f248cd", "c9c90700",
		"c2 85 00000000 f200110000", "82 fe 7000 00000000 61", "88 85 00000000 03e8",
		"616263" };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && p->rc == 0; i++) {
		size_t len;
		feed_hex(p, steps[i]);
		uint8_t *target = rl_ws_receive_target(&p->ws, &len);
		if (target) {
			memset(target, 'x', len);
			rl_ws_received(&p->ws, len);
			feed(p, NULL, 0);
		}
		while (p->rc == 0 && p->ws.part && p->ws.part->frame_left > 4) {
			uint8_t more[512] = { 0 };
			size_t left = (size_t)p->ws.part->frame_left;
			feed(p, more, left < sizeof(more) ? left : sizeof(more));
		}
	}
	if (p->rc < 0) {
		if (p->rc != RILL_ENOMEM)
			fail_msg("%d: %s", p->rc, rl_ws_error_text(&p->ws));
		assert_int_equal(p->ws.close_code, 1011);
		assert_true(test_allocation_failed());
	} else {
		assert_int_equal(p->ws.state, RL_WS_DONE);
	}
	assert_int_equal(rl_ws_held(&p->ws), 0);
	stop(p);
}

TEST(ws_session, memory_shortage_anywhere_fails_the_session_with_1011)
{
	struct peer p = server();
	p.deflate = true;
	test_each_failing_allocation(converse, &p);
	p.config.pieces = true;
	test_each_failing_allocation(converse, &p);
}

#define NOT_UTF8 "failed 1007\nout 881303ef74657874206973206e6f74205554462d38\n"

TEST(ws_session, a_whole_text_that_is_not_utf8_is_refused)
{
	struct peer s = server(), c = client();
	play(&s, "81 84 37fa213d 569b4342", "text aab\x7f\n");
	play(&s, "81 84 00000000 6162ff64", NOT_UTF8);
	play(&s, "81 84 00000000 616263c3", NOT_UTF8);
	play(&s, "81 fe 0006 00000000 616263e282ac", "text abc\xe2\x82\xac\n");
	play(&c, "81 06 616263e282ac", "text abc\xe2\x82\xac\n");
	play(&c, "81 06 616263e28261", NOT_UTF8);
	play(&c, "81 06 61626364e282", NOT_UTF8);
	play(&c, "01 01 61 80 02 ff61", NOT_UTF8);
}

TEST(ws_session, compressed_text_pieces_are_checked)
{
	struct peer p = client();
	p.deflate = true;
	p.config.pieces = true;
	play(&p, "c1 08 00 0200 fdff ffff 00", NOT_UTF8);
	play(&p, "c1 07 00 0100 feff e2 00", NOT_UTF8);
	play(&p, "c1 03 ffffff",
		"failed 1007\nout "
		"881803ef646174612063616e6e6f74206265206465636f646564\n");
}

/* One of a few frames by itself, so that nothing before it has made room. */
static void hear_one(void *arg)
{
	static const char *const frames[] = { "88 82 00000000 03e8", "89 81 00000000 61",
		"88 82 00", "8a 83 00000000 61", "41 86 00000000 00010000ffe2", "ff" };
	struct peer *p = arg;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		start(p);
		if (p->ws.pipeline) {
			feed_hex(p, frames[i]);
			if (p->rc == 0)
				feed_hex(p, frames[i][0] == '4' ? "00 80 00000000" : "000000 03e8");
			assert_true(p->rc >= 0 || p->ws.state == RL_WS_FAILED);
			assert_true(p->rc != RILL_ENOMEM || p->ws.close_code == 1011);
		}
		stop(p);
	}
}

TEST(ws_session, memory_shortage_at_any_single_frame_is_orderly)
{
	struct peer p = server();
	p.deflate = true;
	test_each_failing_allocation(hear_one, &p);
	p.config.pieces = true;
	test_each_failing_allocation(hear_one, &p);
}
