/* ws_pipeline_test.c: tests of src/wire/ws_pipeline.c: messages through extensions, alone and in a
 * session. */
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include "support/pipeline.h"
#include "wire/own_extensions.h"
#include "wire/ws_session.h"

static const rill_extension *const xor_only[] = { &own_xoring, NULL };
static const rill_extension *const reverse_only[] = { &own_reversing, NULL };
static const rill_extension *const runs_only[] = { &own_running, NULL };
static const rill_extension *const xor_reverse[] = { &own_xoring, &own_reversing, NULL };
static const rill_extension *const reverse_xor[] = { &own_reversing, &own_xoring, NULL };

static struct rl_deflate_options deflating;
static struct rl_ws_extensions *set;
static struct rl_ws_pipeline *line;
static struct rl_buf out;

static void lay_at_level(int level, bool with_deflate, const rill_extension *const *list)
{
	rl_deflate_options_default(&deflating);
	deflating.threshold = 4;
	if (level)
		deflating.level = level;
	sessions_open = 0;
	rl_buf_init(&out, test_env());
	line = test_pipeline(&set, test_env(), true, with_deflate ? &deflating : NULL, list);
	assert_non_null(line);
}

static void lay(bool with_deflate, const rill_extension *const *list)
{
	lay_at_level(0, with_deflate, list);
}

static void take_up(void)
{
	rl_ws_pipeline_free(line);
	rl_ws_extensions_free(set);
	rl_buf_release(&out);
	assert_int_equal(sessions_open, 0);
}

static void clear(void)
{
	rl_buf_release(&out);
}

static int send(uint8_t bits, const char *text, bool first, bool last)
{
	return rl_ws_pipeline_out(line, bits, true, rl_slice_str(text), first, last, &out);
}

static int receive(uint8_t bits, const void *data, size_t len, bool first, bool last, size_t cap)
{
	uint8_t *edge = test_guarded(data, len);
	return rl_ws_pipeline_in(line, bits, true, rl_slice(edge, len), first, last, &out, cap);
}

static void expect_out(const char *text)
{
	test_expect_text(out.data, out.len, text);
	clear();
}

TEST(ws_pipeline, what_goes_out_passes_in_order_and_comes_back_in_reverse)
{
	static const rill_extension *const *const lists[] = { reverse_xor, xor_reverse };
	for (size_t i = 0; i < 2; i++) {
		lay(false, lists[i]);
		session_pieces = 0;
		assert_int_equal(send(0x30, "ab", true, false), 0);
		expect_out("");
		assert_int_equal(send(0x30, "cd", false, true), 0);
		expect_out("1674");
		/* The one that comes behind what holds everything back sees one piece. */
		assert_int_equal(session_pieces, i == 0 ? 3 : 4);
		session_pieces = 0;
		assert_int_equal(receive(0x30, "16", 2, true, false, 100), 0);
		assert_int_equal(receive(0x30, "74", 2, false, true, 100), 0);
		assert_int_equal(session_pieces, i == 0 ? 4 : 3);
		expect_out("abcd");
		take_up();
	}
}

TEST(ws_pipeline, an_extension_hides_what_deflate_has_made)
{
	lay(true, xor_only);
	assert_int_equal(send(0x60, "Hello", true, true), 0);
	test_expect_hex(out.data, out.len, "a7 1d 98 9c 9c 52 55"); /* f248cdc9c90700 */
	clear();
	assert_int_equal(receive(0x60, "\xa7\x1d\x98\x9c\x9c\x52\x55", 7, true, true, 5), 0);
	expect_out("Hello");
	take_up();
}

TEST(ws_pipeline, a_message_passes_through_those_alone_whose_bits_it_has)
{
	lay(true, xor_reverse);
	assert_int_equal(rl_ws_pipeline_bits(line), 0x70);
	assert_int_equal(rl_ws_pipeline_wants(line, true, 3), 0x30);
	assert_int_equal(rl_ws_pipeline_wants(line, true, 4), 0x70);
	assert_int_equal(send(0x10, "abc", true, true), 0);
	expect_out("cba");
	assert_int_equal(receive(0x20, "476", 3, true, true, 3), 0);
	expect_out("abc");
	take_up();
}

/* Sends a message cut at one place and receives it cut at another. */
static void bring(uint8_t bits, struct rl_slice text, size_t cut_out, size_t cut_in)
{
	struct rl_buf wire;
	rl_buf_init(&wire, test_env());
	assert_int_equal(rl_ws_pipeline_out(line, bits, true, rl_slice(text.data, cut_out), true,
				 false, &wire),
		0);
	rl_slice_skip(&text, cut_out);
	assert_int_equal(rl_ws_pipeline_out(line, bits, true, text, false, true, &wire), 0);
	if (cut_in > wire.len)
		cut_in = wire.len;
	assert_int_equal(receive(bits, wire.data, cut_in, true, false, 64), 0);
	assert_int_equal(receive(bits, wire.data + cut_in, wire.len - cut_in, false, true, 64), 0);
	rl_buf_release(&wire);
}

TEST(ws_pipeline, messages_come_through_wherever_they_are_cut)
{
	static const char text[] = "to be, or not to be, that is the question";
	static const rill_extension *const *const lists[] = { NULL, xor_only, reverse_only,
		runs_only, xor_reverse, reverse_xor };
	for (size_t l = 0; l < 6; l++) {
		/* One end of ours understands itself: both directions have the same parameters. */
		lay(true, lists[l]);
		for (size_t a = 0; a < sizeof(text); a += 5)
			for (size_t b = 0; b < 2 * sizeof(text); b++) {
				bring(rl_ws_pipeline_bits(line), rl_slice_str(text), a, b);
				expect_out(text);
			}
		take_up();
	}
}

TEST(ws_pipeline, only_the_last_piece_of_a_message_is_shown_empty)
{
	lay(false, xor_reverse);
	session_pieces = 0;
	assert_int_equal(send(0x30, "", true, false), 0);
	assert_int_equal(session_pieces, 0);
	assert_int_equal(send(0x30, "", false, true), 0);
	assert_int_equal(session_pieces, 2);
	expect_out("");
	/* The next one begins anew. */
	assert_int_equal(send(0x30, "a", true, true), 0);
	expect_out("4");
	take_up();
}

TEST(ws_pipeline, nothing_is_held_between_messages)
{
	static const char text[] = "to be, or not to be, that is the question";
	lay(false, xor_reverse);
	size_t blocks = test_live_blocks();
	bring(0x30, rl_slice_str(text), 7, 11);
	clear();
	assert_int_equal(test_live_blocks(), blocks);
	take_up();
}

TEST(ws_pipeline, what_comes_out_ends_at_the_cap)
{
	lay(false, runs_only);
	assert_int_equal(receive(0x20, "\5a\5b", 4, true, true, 10), 0);
	expect_out("aaaaabbbbb");
	assert_int_equal(receive(0x20, "\5a\6b", 4, true, true, 10), RILL_ETOOBIG);
	assert_true(out.len <= 10);
	/* That direction is lost, the other is not. */
	assert_int_equal(receive(0x20, "\1a", 2, true, true, 10), RILL_ETOOBIG);
	clear();
	assert_int_equal(send(0x20, "a", true, true), 0);
	expect_out("\1a");
	take_up();
	lay(false, runs_only);
	assert_int_equal(rl_buf_append_str(&out, "before"), 0);
	assert_int_equal(receive(0x20, "\5a", 2, true, false, 16), 0);
	assert_int_equal(receive(0x20, "\6b", 2, false, true, 16), RILL_ETOOBIG);
	take_up();
}

/* Compressed by zlib from empty, without the last four bytes. */
static size_t compress_alone(
	const void *data, size_t len, uint8_t *to, size_t room, int window_bits)
{
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -window_bits, 8, 0), Z_OK);
	z.next_in = (void *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = to;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	size_t n = room - z.avail_out - 4;
	deflateEnd(&z);
	return n;
}

/* On the client's side the server's order counts: here what deflate makes is read as runs. */
static void lay_bomb_prone(void)
{
	struct rl_buf offer;
	const char *sentence;
	rl_deflate_options_default(&deflating);
	sessions_open = 0;
	rl_buf_init(&out, test_env());
	rl_buf_init(&offer, test_env());
	assert_int_equal(
		rl_ws_extensions_new(&set, test_env(), &deflating, NULL, runs_only, &sentence), 0);
	assert_int_equal(rl_ws_extensions_write_offer(set, &offer), 0);
	assert_int_equal(rl_ws_extensions_confirm(
				 set, RL_SLICE("runs, permessage-deflate"), &line, &sentence),
		0);
	rl_buf_release(&offer);
}

TEST(ws_pipeline, a_chain_of_inflaters_is_bounded_at_each_of_them)
{
	enum { MAX = 1000, RUNS = 200 * 1000 };
	static uint8_t runs[RUNS], wire[RUNS];
	/* Empty runs: nothing comes out in the end, however much lies in between. */
	memset(runs, 0, sizeof(runs));
	size_t n = compress_alone(runs, sizeof(runs), wire, sizeof(wire), 15);
	for (size_t step = 1; step <= n; step = step < 8 ? step + 1 : n + 1) {
		lay_bomb_prone();
		size_t live = test_live_bytes(), at = 0;
		int rc = 0;
		for (; rc == 0 && at < n; at += step) {
			size_t len = step < n - at ? step : n - at;
			rc = receive(0x60, wire + at, len, at == 0, at + len == n, MAX);
			/* zlib's own state is not part of it: that is the allocator's, too. */
			assert_true(test_live_bytes() - live < 64 * 1024);
		}
		assert_int_equal(rc, RILL_ETOOBIG);
		assert_int_equal(out.len, 0);
		take_up();
	}
}

TEST(ws_pipeline, what_does_not_compress_is_let_through_between_two)
{
	enum { MAX = 500 };
	uint8_t runs[2 * MAX], wire[2 * MAX + 64];
	/* Runs of one byte are twice the message, more than there is room for; of two they fit. */
	for (size_t i = 0; i < MAX; i++) {
		runs[2 * i] = 2;
		runs[2 * i + 1] = (uint8_t)(i * 7);
	}
	lay_bomb_prone();
	size_t n = compress_alone(runs, MAX, wire, sizeof(wire), 15);
	assert_int_equal(receive(0x60, wire, n, true, true, MAX), 0);
	assert_int_equal(out.len, MAX);
	clear();
	for (size_t i = 0; i < MAX; i++)
		runs[2 * i] = 1;
	n = compress_alone(runs, 2 * MAX, wire, sizeof(wire), 15);
	assert_int_equal(receive(0x60, wire, n, true, true, MAX), RILL_ETOOBIG);
	take_up();
}

static int failure;

static int fail_as_told(void *session, const rill_extension_piece *piece, rill_extension_output *to)
{
	(void)session;
	int rc = rill_extension_write(to, piece->data.data, piece->data.len);
	return failure ? failure : rc;
}

static int say_nothing(void *session, const rill_extension_piece *piece, rill_extension_output *to)
{
	(void)session;
	(void)rill_extension_write(to, piece->data.data, piece->data.len);
	(void)rill_extension_write(to, "", 0);
	return 0;
}

static rill_extension failing(void)
{
	rill_extension e = own_xoring;
	e.incoming = e.outgoing = fail_as_told;
	failure = 0;
	return e;
}

TEST(ws_pipeline, what_an_extension_says_of_a_failure_is_kept)
{
	static const struct {
		int said, in;
	} cases[] = { { RILL_EPROTO, RILL_EPROTO }, { RILL_ETOOBIG, RILL_ETOOBIG },
		{ RILL_ENOMEM, RILL_ENOMEM }, { RILL_EINVAL, RILL_EIO }, { 1, RILL_EIO },
		{ -12345, RILL_EIO } };
	rill_extension e = failing();
	const rill_extension *const list[] = { &e, NULL };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lay(true, list);
		failure = cases[i].said;
		assert_int_equal(receive(0x20, "a", 1, true, true, 9), cases[i].in);
		assert_int_equal(send(0x20, "a", true, true), RILL_EIO);
		failure = 0;
		assert_int_equal(receive(0x20, "a", 1, true, true, 9), cases[i].in);
		clear();
		assert_int_equal(send(0x20, "a", true, true), RILL_EIO);
		assert_int_equal(send(0x40, "a", true, true), RILL_EIO);
		assert_int_equal(out.len, 0);
		/* Nothing gets past it, in particular not untransformed. */
		assert_int_equal(rl_ws_pipeline_wants(line, true, 1), 0x60);
		take_up();
		failure = 0;
	}
}

TEST(ws_pipeline, a_failed_write_counts_also_when_the_extension_does_not_say_so)
{
	rill_extension e = failing();
	const rill_extension *const list[] = { &e, NULL };
	e.incoming = say_nothing;
	lay(false, list);
	assert_int_equal(receive(0x20, "abc", 3, true, true, 3), 0);
	expect_out("abc");
	assert_int_equal(receive(0x20, "abcd", 4, true, true, 3), RILL_ETOOBIG);
	assert_int_equal(out.len, 0);
	take_up();
}

TEST(ws_pipeline, what_is_lost_on_the_way_leaves_nothing_behind_what_was_there)
{
	rill_extension e = failing();
	const rill_extension *const list[] = { &e, NULL };
	lay(true, list);
	failure = RILL_EPROTO;
	assert_int_equal(rl_buf_append_str(&out, "before"), 0);
	assert_int_equal(send(0x60, "Hello", true, true), RILL_EIO);
	expect_out("before");
	failure = 0;
	take_up();
}

static void pass_both_ways(void *list)
{
	rl_deflate_options_default(&deflating);
	deflating.threshold = 4;
	rl_buf_init(&out, test_env());
	line = test_pipeline(&set, test_env(), true, &deflating, list);
	if (line) {
		struct rl_buf wire;
		uint8_t bits = rl_ws_pipeline_bits(line);
		rl_buf_init(&wire, test_env());
		struct rl_slice text = RL_SLICE("Hello, hello");
		int rc = rl_ws_pipeline_out(line, bits, true, text, true, true, &wire);
		assert_int_equal(rc, rc == 0 ? 0 : list ? RILL_EIO : RILL_ENOMEM);
		assert_int_equal(wire.len != 0, rc == 0);
		if (rc == 0) {
			rc = rl_ws_pipeline_in(
				line, bits, true, rl_buf_slice(&wire), true, true, &out, 12);
			assert_true(rc == 0 ? out.len == 12 : rc == RILL_ENOMEM);
		}
		rl_buf_release(&wire);
	}
	take_up();
}

TEST(ws_pipeline, memory_shortage_anywhere_is_said)
{
	test_each_failing_allocation(pass_both_ways, NULL);
	test_each_failing_allocation(pass_both_ways, (void *)(uintptr_t)xor_reverse);
	test_each_failing_allocation(pass_both_ways, (void *)(uintptr_t)reverse_xor);
}

/* Inflates one message as a peer with context takeover does, that never forgets. */
static void inflate_on(z_stream *z, const void *data, size_t len, const char *want)
{
	uint8_t in[4096], text[4096];
	assert_true(len + 4 <= sizeof(in));
	memcpy(in, data, len);
	memcpy(in + len, "\0\0\xff\xff", 4);
	z->next_in = in;
	z->avail_in = (uInt)len + 4;
	z->next_out = text;
	z->avail_out = sizeof(text);
	assert_int_equal(inflate(z, Z_SYNC_FLUSH), Z_OK);
	assert_int_equal(z->avail_in, 0);
	test_expect_text(text, sizeof(text) - z->avail_out, want);
}

TEST(ws_pipeline, a_shared_message_and_those_behind_it_inflate_at_a_peer_that_keeps_its_window)
{
	static const char *const texts[] = { "a message of its own, with words",
		"shared words, to everybody in the room", "a message of its own, with more words" };
	z_stream z = { 0 };
	assert_int_equal(inflateInit2(&z, -15), Z_OK);
	lay(true, NULL);
	for (size_t i = 0; i < 12; i++) {
		uint8_t shared[256], bits;
		const char *text = texts[i % 3];
		if (i % 3 != 1) {
			assert_int_equal(send(0x40, text, true, true), 0);
			inflate_on(&z, out.data, out.len, text);
			clear();
			continue;
		}
		assert_true(rl_ws_pipeline_may_share(line, strlen(text), &bits));
		assert_int_equal(bits, 15);
		size_t n = compress_alone(text, strlen(text), shared, sizeof(shared), bits);
		inflate_on(&z, shared, n, text);
		rl_ws_pipeline_shared(line);
	}
	take_up();
	inflateEnd(&z);
}

TEST(ws_pipeline, a_compressor_forgets_what_the_peers_window_does_not_hold_any_more)
{
	lay_at_level(6, true, NULL); /* whose bytes are zlib's, wherever this is built */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(send(0x40, "Hello", true, true), 0);
		test_expect_hex(out.data, out.len, i == 1 ? "f200110000" : "f248cdc9c90700");
		clear();
		if (i == 1)
			rl_ws_pipeline_shared(line);
	}
	take_up();
}

TEST(ws_pipeline, compressed_forms_are_shared_where_deflate_is_all_there_is)
{
	uint8_t bits = 0;
	assert_false(rl_ws_pipeline_may_share(NULL, 100, &bits));
	lay(true, NULL);
	assert_false(rl_ws_pipeline_may_share(line, 3, &bits)); /* below the threshold */
	assert_false(rl_ws_pipeline_may_share(line, (1 << 20) + 1, &bits));
	assert_true(rl_ws_pipeline_may_share(line, 4, &bits));
	take_up();
	lay(true, xor_only);
	assert_false(rl_ws_pipeline_may_share(line, 100, &bits));
	take_up();
	lay(false, xor_only);
	assert_false(rl_ws_pipeline_may_share(line, 100, &bits));
	take_up();
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_ws_extensions_new(&set, test_env(), &deflating, NULL, NULL, NULL), 0);
	assert_int_equal(
		rl_ws_extensions_accept(set,
			RL_SLICE("permessage-deflate; server_max_window_bits=10"), &out, &line),
		0);
	assert_true(rl_ws_pipeline_may_share(line, 100, &bits));
	assert_int_equal(bits, 10);
	take_up();
}

/* A session that has such a pipeline. */
struct end {
	struct rl_ws ws;
	struct rl_ws_config config;
	struct rl_ws_extensions *set;
	struct rl_buf out;
};

static void open_end(
	struct end *e, enum rl_ws_role role, bool with_deflate, const rill_extension *const *list)
{
	rl_deflate_options_default(&deflating);
	deflating.threshold = 4;
	rl_buf_init(&e->out, test_env());
	e->config.out = &e->out;
	rl_ws_init(&e->ws, &e->config, role, test_now);
	e->ws.pipeline = test_pipeline(
		&e->set, test_env(), role == RL_WS_SERVER, with_deflate ? &deflating : NULL, list);
	assert_non_null(e->ws.pipeline);
}

static void close_end(struct end *e)
{
	rl_ws_fini(&e->ws);
	rl_ws_extensions_free(e->set);
	rl_buf_release(&e->out);
	assert_int_equal(sessions_open, 0);
}

static char heard[512];

static void hear(struct end *e, const void *data, size_t len)
{
	static uint8_t rest[RL_WS_HEAD_MAX];
	static size_t rest_len;
	uint8_t *edge = test_guarded(NULL, rest_len + len);
	struct rl_slice in = { edge, rest_len + len };
	struct rl_ws_event ev;
	int rc;
	memcpy(edge, rest, rest_len);
	if (len)
		memcpy(edge + rest_len, data, len);
	while ((rc = rl_ws_next(&e->ws, &in, &ev, test_now)) > 0) {
		size_t n = strlen(heard);
		snprintf(heard + n, sizeof(heard) - n, "%.*s%s", (int)ev.data.len,
			(const char *)ev.data.data, ev.fin ? "|" : "");
	}
	if (rc < 0)
		snprintf(heard, sizeof(heard), "failed %u %s", e->ws.close_code, rl_ws_error_text(&e->ws));
	rest_len = in.len;
	memcpy(rest, in.data, in.len);
}

static void expect_heard(struct end *e, const char *hex, const char *want)
{
	uint8_t data[256];
	heard[0] = 0;
	hear(e, data, test_unhex(hex, data, sizeof(data)));
	assert_string_equal(heard, want);
}

TEST(ws_pipeline, a_session_marks_each_message_with_the_bits_of_what_it_went_through)
{
	struct end e;
	rl_ws_config_default(&e.config);
	open_end(&e, RL_WS_SERVER, true, xor_only);
	assert_int_equal(rl_ws_write(&e.ws, &e.out, true, true, true, RL_SLICE("abc")), 0);
	assert_int_equal(rl_ws_write(&e.ws, &e.out, false, true, true, RL_SLICE("Hello")), 0);
	assert_int_equal(rl_ws_write(&e.ws, &e.out, true, true, false, RL_SLICE("ab")), 0);
	assert_int_equal(rl_ws_write(&e.ws, &e.out, true, false, true, RL_SLICE("c")), 0);
	test_expect_hex(
		e.out.data, e.out.len, "a1 03 343736  e2 07 a71d989c9c5255  21 02 3437 80 01 36");
	assert_true(rl_ws_would_compress(&e.ws, 0));
	close_end(&e);
}

/* What one end writes the other reads, whole and in pieces, split at each place. */
static void talk(bool with_deflate, const rill_extension *const *list, enum rl_ws_role role)
{
	static const char want[] = "to be, \xe2\x82\xac|or not to be|not|\xc3\xa4|";
	struct end from, to;
	rl_ws_config_default(&from.config);
	open_end(&from, role, with_deflate, list);
	assert_int_equal(
		rl_ws_write(&from.ws, &from.out, true, true, true, RL_SLICE("to be, \xe2\x82\xac")),
		0);
	const char *const pieces[] = { "or ", "", "not", " to be" };
	for (int i = 0; i < 4; i++)
		assert_int_equal(rl_ws_write(&from.ws, &from.out, true, i == 0, i == 3,
					 rl_slice_str(pieces[i])),
			0);
	assert_int_equal(rl_ws_write(&from.ws, &from.out, false, true, true, RL_SLICE("not")), 0);
	assert_int_equal(rl_ws_write(&from.ws, &from.out, true, true, false, RL_SLICE("\xc3")), 0);
	assert_int_equal(rl_ws_write(&from.ws, &from.out, true, false, true, RL_SLICE("\xa4")), 0);
	rl_ws_config_default(&to.config);
	to.config.max_message = 12;
	for (int pieced = 0; pieced < 2; pieced++)
		for (size_t split = 0; split <= from.out.len; split++) {
			to.config.pieces = pieced;
			open_end(&to, role == RL_WS_SERVER ? RL_WS_CLIENT : RL_WS_SERVER,
				with_deflate, list);
			heard[0] = 0;
			hear(&to, from.out.data, split);
			hear(&to, from.out.data + split, from.out.len - split);
			assert_string_equal(heard, want);
			assert_null(to.ws.part);
			rl_ws_fini(&to.ws);
			rl_ws_extensions_free(to.set);
			rl_buf_release(&to.out);
		}
	close_end(&from);
}

TEST(ws_pipeline, two_sessions_understand_each_other_however_it_is_cut)
{
	for (int role = RL_WS_SERVER; role <= RL_WS_CLIENT; role++) {
		talk(false, xor_only, (enum rl_ws_role)role);
		talk(false, runs_only, (enum rl_ws_role)role);
		talk(true, xor_reverse, (enum rl_ws_role)role);
		talk(true, reverse_xor, (enum rl_ws_role)role);
	}
}

TEST(ws_pipeline, text_is_checked_when_it_is_out_of_the_pipeline)
{
	struct end e;
	rl_ws_config_default(&e.config);
	open_end(&e, RL_WS_CLIENT, false, xor_only);
	/* On the wire this is no UTF-8. */
	expect_heard(&e, "a1 02 96f1", "\xc3\xa4|");
	/* And this is, but not behind it. */
	expect_heard(&e, "a1 02 c2aa", "failed 1007 text is not UTF-8");
	close_end(&e);
}

TEST(ws_pipeline, bits_that_nobody_agreed_on_are_refused_at_the_first_byte)
{
	static const char *const wrong[] = { "91", "c1", "f1", "a9", "a8", "21 01 34 a0",
		"21 01 34 90" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct end e;
		uint8_t data[16];
		rl_ws_config_default(&e.config);
		open_end(&e, RL_WS_CLIENT, false, xor_only);
		heard[0] = 0;
		hear(&e, data, test_unhex(wrong[i], data, sizeof(data)));
		assert_int_equal(e.ws.close_code, 1002);
		assert_string_equal(rl_ws_error_text(&e.ws), "a reserved bit is set");
		close_end(&e);
	}
}

TEST(ws_pipeline, what_an_extension_says_closes_with_its_code)
{
	static const struct {
		int said;
		uint16_t code;
		const char *text;
	} cases[] = { { RILL_EPROTO, 1007, "data cannot be decoded" },
		{ RILL_ETOOBIG, 1009, "message too large" }, { RILL_ENOMEM, 1011, "out of memory" },
		{ RILL_EIO, 1011, "an extension failed" },
		{ RILL_ESTATE, 1011, "an extension failed" } };
	rill_extension extension = failing();
	const rill_extension *const list[] = { &extension, NULL };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int pieces = 0; pieces < 2; pieces++) {
			struct end e;
			uint8_t data[] = { 0xa1, 0x01, 'a' };
			rl_ws_config_default(&e.config);
			e.config.pieces = pieces;
			open_end(&e, RL_WS_CLIENT, false, list);
			failure = cases[i].said;
			hear(&e, data, sizeof(data));
			assert_int_equal(e.ws.state, RL_WS_FAILED);
			assert_int_equal(e.ws.close_code, cases[i].code);
			assert_string_equal(rl_ws_error_text(&e.ws), cases[i].text);
			failure = 0;
			close_end(&e);
		}
}

TEST(ws_pipeline, a_session_says_when_an_extension_fails_to_send)
{
	rill_extension extension = failing();
	const rill_extension *const list[] = { &extension, NULL };
	struct end e;
	rl_ws_config_default(&e.config);
	open_end(&e, RL_WS_SERVER, true, list);
	failure = RILL_ENOMEM;
	assert_int_equal(rl_ws_write(&e.ws, &e.out, true, true, true, RL_SLICE("Hello")), RILL_EIO);
	failure = 0;
	assert_int_equal(rl_ws_write(&e.ws, &e.out, true, true, true, RL_SLICE("a")), RILL_EIO);
	assert_int_equal(e.out.len, 0);
	rl_ws_fail(&e.ws, RL_WS_FAULT_EXTENSION, test_now);
	assert_int_equal(e.out.data[0], 0x88);
	close_end(&e);
}

TEST(ws_pipeline, a_message_ends_at_max_message_when_it_is_out_of_the_pipeline)
{
	struct end e;
	rl_ws_config_default(&e.config);
	e.config.max_message = 10;
	open_end(&e, RL_WS_CLIENT, false, runs_only);
	expect_heard(&e, "a2 04 05610562", "aaaaabbbbb|");
	expect_heard(&e, "22 02 0561 80 02 0662", "failed 1009 message too large");
	close_end(&e);
}
