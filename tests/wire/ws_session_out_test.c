/* ws_session_out_test.c: tests of src/wire/ws_session_out.c: what a session sends, and its
 * deadlines. */
#include <string.h>
#include <rill/error.h>
#include "support/pipeline.h"
#include "support/support.h"
#include "wire/ws_session.h"

struct end {
	struct rl_ws ws;
	struct rl_ws_config config;
	struct rl_buf out;
	struct rl_ws_extensions *set;
};

static struct rl_deflate_options options;

static void start(struct end *e, enum rl_ws_role role, bool deflate)
{
	e->set = NULL;
	rl_buf_init(&e->out, test_env());
	e->config.out = &e->out;
	rl_ws_init(&e->ws, &e->config, role, test_now);
	if (!deflate)
		return;
	rl_deflate_options_default(&options);
	options.threshold = 4;
	options.level = 6; /* zlib's in every build, so that the bytes are known */
	e->ws.pipeline = test_pipeline(&e->set, test_env(), role == RL_WS_SERVER, &options, NULL);
}

static void open_end(struct end *e, enum rl_ws_role role)
{
	rl_ws_config_default(&e->config);
	start(e, role, false);
}

static void stop(struct end *e)
{
	rl_ws_fini(&e->ws);
	rl_ws_extensions_free(e->set);
	rl_buf_release(&e->out);
}

static void expect_out(struct end *e, const char *hex)
{
	test_expect_hex(e->out.data, e->out.len, hex);
	rl_buf_consume(&e->out, e->out.len);
}

static int feed(struct end *e, const char *hex, struct rl_ws_event *ev)
{
	static uint8_t data[256];
	struct rl_slice in = { data, test_unhex(hex, data, sizeof(data)) };
	return rl_ws_next(&e->ws, &in, ev, test_now);
}

static void feed_end(struct end *e, const char *hex)
{
	struct rl_ws_event ev;
	assert_int_equal(feed(e, hex, &ev), 1);
}

TEST(ws_session_out, a_server_sends_as_it_is)
{
	struct end e;
	uint8_t head[RL_WS_HEAD_MAX];
	open_end(&e, RL_WS_SERVER);
	rl_ws_write(&e.ws, &e.out, true, true, true, RL_SLICE("Hello"));
	expect_out(&e, "81 05 48656c6c6f");
	rl_ws_write(&e.ws, &e.out, false, true, false, RL_SLICE("a"));
	rl_ws_write(&e.ws, &e.out, false, false, false, rl_slice(NULL, 0));
	rl_ws_write(&e.ws, &e.out, false, false, true, RL_SLICE("b"));
	expect_out(&e, "02 01 61 00 00 80 01 62");
	test_expect_hex(head, rl_ws_write_message_head(&e.ws, head, true, 300), "81 7e 012c");
	test_expect_hex(head, rl_ws_write_message_head(&e.ws, head, false, 3), "82 03");
	stop(&e);
}

TEST(ws_session_out, a_client_masks_a_copy_with_a_new_key_each_time)
{
	struct end e;
	uint8_t text[] = "Hello", key[4];
	open_end(&e, RL_WS_CLIENT);
	for (int i = 0; i < 2; i++) {
		rl_ws_write(&e.ws, &e.out, true, true, true, rl_slice(text, 5));
		test_expect_text(text, 5, "Hello");
		assert_int_equal(e.out.len, 11);
		assert_int_equal(e.out.data[1], 0x85);
		if (i)
			assert_memory_not_equal(key, e.out.data + 2, 4);
		memcpy(key, e.out.data + 2, 4);
		rl_ws_mask(e.out.data + 6, e.out.data + 6, 5, key, 0);
		test_expect_text(e.out.data + 6, 5, "Hello");
		rl_buf_consume(&e.out, 11);
	}
	stop(&e);
}

TEST(ws_session_out, control_frames_have_at_most_125_bytes)
{
	struct end e;
	uint8_t data[126] = { 0 };
	open_end(&e, RL_WS_SERVER);
	assert_int_equal(rl_ws_write_control(&e.ws, &e.out, RL_WS_OP_PING, rl_slice(data, 126)),
		RILL_ETOOBIG);
	assert_int_equal(e.out.len, 0);
	assert_int_equal(rl_ws_write_control(&e.ws, &e.out, RL_WS_OP_PONG, rl_slice(data, 125)), 0);
	assert_int_equal(e.out.len, 127);
	rl_buf_consume(&e.out, 127);
	assert_int_equal(rl_ws_write_control(&e.ws, &e.out, RL_WS_OP_PING, RL_SLICE("hi")), 0);
	expect_out(&e, "89 02 6869");
	stop(&e);
}

TEST(ws_session_out, messages_from_the_threshold_on_are_compressed)
{
	struct end e;
	rl_ws_config_default(&e.config);
	start(&e, RL_WS_SERVER, true);
	assert_false(rl_ws_would_compress(&e.ws, 3));
	assert_true(rl_ws_would_compress(&e.ws, 4));
	rl_ws_write(&e.ws, &e.out, true, true, true, RL_SLICE("abc"));
	expect_out(&e, "81 03 616263");
	rl_ws_write(&e.ws, &e.out, true, true, true, RL_SLICE("Hello"));
	expect_out(&e, "c1 07 f248cdc9c90700");
	rl_ws_write(&e.ws, &e.out, true, true, true, RL_SLICE("Hello"));
	expect_out(&e, "c1 05 f200110000");
	/* Pings and Closes never are. */
	rl_ws_write_control(&e.ws, &e.out, RL_WS_OP_PING, RL_SLICE("Hello"));
	expect_out(&e, "89 05 48656c6c6f");
	stop(&e);
}

/* What a session of the other role reads from e's output. */
static void expect_read(struct end *e, enum rl_ws_role role, size_t frames, struct rl_slice want)
{
	struct end other;
	struct rl_ws_event ev;
	struct rl_slice in = rl_buf_slice(&e->out);
	rl_ws_config_default(&other.config);
	start(&other, role, true);
	assert_int_equal(rl_ws_next(&other.ws, &in, &ev, test_now), 1);
	assert_int_equal(other.ws.part->fragments, frames);
	assert_int_equal(ev.bits, RL_WS_RSV1);
	assert_int_equal(ev.data.len, want.len);
	assert_memory_equal(ev.data.data, want.data, want.len);
	assert_int_equal(rl_ws_next(&other.ws, &in, &ev, test_now), 0);
	assert_int_equal(in.len, 0);
	stop(&other);
}

TEST(ws_session_out, the_first_fragment_decides_about_compression)
{
	struct end e;
	rl_ws_config_default(&e.config);
	for (int role = RL_WS_SERVER; role <= RL_WS_CLIENT; role++) {
		start(&e, (enum rl_ws_role)role, true);
		rl_ws_write(&e.ws, &e.out, true, true, false, RL_SLICE("Hello "));
		rl_ws_write(&e.ws, &e.out, true, false, false, RL_SLICE("w"));
		rl_ws_write(&e.ws, &e.out, true, false, true, RL_SLICE("orld"));
		expect_read(&e, role == RL_WS_SERVER ? RL_WS_CLIENT : RL_WS_SERVER, 3,
			RL_SLICE("Hello world"));
		stop(&e);
	}
	start(&e, RL_WS_SERVER, true);
	rl_ws_write(&e.ws, &e.out, true, true, false, RL_SLICE("a"));
	rl_ws_write(&e.ws, &e.out, true, false, true, RL_SLICE("bcdefghi"));
	expect_out(&e, "01 01 61 80 08 6263646566676869");
	stop(&e);
}

TEST(ws_session_out, compressed_frames_of_every_header_size_are_read_back)
{
	static const size_t sizes[] = { 60, 500, 70000 };
	static uint8_t data[70000];
	struct end e;
	rl_ws_config_default(&e.config);
	test_env()->random(data, sizeof(data), NULL);
	for (size_t i = 0; i < 3; i++)
		for (int role = RL_WS_SERVER; role <= RL_WS_CLIENT; role++) {
			start(&e, (enum rl_ws_role)role, true);
			struct rl_slice want = { data, sizes[i] };
			assert_int_equal(rl_ws_write(&e.ws, &e.out, false, true, true, want), 0);
			expect_read(
				&e, role == RL_WS_SERVER ? RL_WS_CLIENT : RL_WS_SERVER, 1, want);
			stop(&e);
		}
}

static void write_all(void *arg)
{
	struct end *e = arg;
	start(e, RL_WS_CLIENT, true);
	if (e->ws.pipeline) {
		size_t before = e->out.len;
		if (rl_ws_write(&e->ws, &e->out, true, true, false, RL_SLICE("Hello ")) < 0) {
			assert_int_equal(e->out.len, before);
		} else {
			before = e->out.len;
			int rc = rl_ws_write(&e->ws, &e->out, true, false, true, RL_SLICE("world"));
			assert_true(rc == 0 || e->out.len == before);
		}
		/* A new message can be sent all the same, and the Close. */
		before = e->out.len;
		int rc = rl_ws_write(&e->ws, &e->out, true, true, true, RL_SLICE("again"));
		assert_true(rc == 0 ? e->out.len > before : e->out.len == before);
		rc = rl_ws_close(&e->ws, 1000, RL_SLICE("bye"), test_now);
		assert_true(rc == 0 || rc == RILL_ENOMEM);
		assert_int_equal(e->ws.state, RL_WS_CLOSE_SENT);
	}
	stop(e);
}

TEST(ws_session_out, memory_shortage_appends_nothing)
{
	struct end e;
	rl_ws_config_default(&e.config);
	test_each_failing_allocation(write_all, &e);
}

TEST(ws_session_out, a_compressor_that_lost_output_is_not_used_again)
{
	struct end e;
	rl_ws_config_default(&e.config);
	start(&e, RL_WS_SERVER, true);
	rl_ws_write(&e.ws, &e.out, true, true, false, RL_SLICE("Hello "));
	rl_buf_consume(&e.out, e.out.len);
	rl_buf_release(&e.out);
	static uint8_t large[5000];
	test_env()->random(large, sizeof(large), NULL);
	test_fail_allocation(2, true);
	assert_int_equal(
		rl_ws_write(&e.ws, &e.out, true, false, true, rl_slice(large, 5000)), RILL_ENOMEM);
	test_fail_allocation(0, false);
	assert_int_equal(rl_ws_write(&e.ws, &e.out, true, false, true, RL_SLICE("x")), RILL_ENOMEM);
	assert_false(rl_ws_would_compress(&e.ws, 1000));
	assert_int_equal(rl_ws_write(&e.ws, &e.out, true, true, true, RL_SLICE("Hello")), 0);
	expect_out(&e, "81 05 48656c6c6f");
	stop(&e);
}

TEST(ws_session_out, without_pings_an_open_session_has_no_deadline)
{
	struct end e;
	open_end(&e, RL_WS_SERVER);
	assert_true(rl_ws_deadline(&e.ws) == UINT64_MAX);
	assert_int_equal(rl_ws_expire(&e.ws, UINT64_MAX - 1), 0);
	stop(&e);
}

TEST(ws_session_out, automatic_pings_count_from_one)
{
	struct end e;
	rl_ws_config_default(&e.config);
	e.config.ping_interval = 100;
	start(&e, RL_WS_SERVER, false);
	assert_int_equal(rl_ws_deadline(&e.ws), 1100);
	assert_int_equal(rl_ws_expire(&e.ws, 1099), 0);
	assert_int_equal(e.out.len, 0);
	assert_int_equal(rl_ws_expire(&e.ws, 1100), 0);
	expect_out(&e, "89 01 31");
	assert_int_equal(rl_ws_deadline(&e.ws), 1200);
	for (unsigned i = 2; i <= 9; i++)
		assert_int_equal(rl_ws_expire(&e.ws, rl_ws_deadline(&e.ws)), 0);
	rl_buf_consume(&e.out, e.out.len);
	/* Missing pongs are not acted on, and a late turn does not bring a burst. */
	assert_int_equal(rl_ws_expire(&e.ws, 5000), 0);
	expect_out(&e, "89 02 3130");
	assert_int_equal(rl_ws_deadline(&e.ws), 5100);
	stop(&e);
}

TEST(ws_session_out, only_the_pong_of_the_latest_ping_counts)
{
	struct end e;
	rl_ws_config_default(&e.config);
	e.config.ping_interval = 100;
	e.config.pong_timeout = 30;
	start(&e, RL_WS_SERVER, false);
	rl_ws_expire(&e.ws, 1100);
	assert_int_equal(rl_ws_deadline(&e.ws), 1130);
	feed_end(&e, "8a 80 00000000");
	feed_end(&e, "8a 81 00000000 32");
	feed_end(&e, "8a 82 00000000 3131");
	assert_int_equal(rl_ws_deadline(&e.ws), 1130);
	feed_end(&e, "8a 81 00000000 31");
	assert_int_equal(rl_ws_deadline(&e.ws), 1200);
	rl_ws_expire(&e.ws, 1200);
	feed_end(&e, "8a 81 00000000 31");
	assert_int_equal(rl_ws_deadline(&e.ws), 1230);
	assert_int_equal(rl_ws_expire(&e.ws, 1230), RILL_ETIMEDOUT);
	assert_string_equal(rl_ws_error_text(&e.ws), "a ping was not answered");
	assert_int_equal(e.ws.close_code, 1006);
	assert_int_equal(e.ws.state, RL_WS_FAILED);
	assert_true(rl_ws_deadline(&e.ws) == UINT64_MAX);
	stop(&e);
}

TEST(ws_session_out, a_slow_pong_makes_the_next_ping_due_at_once)
{
	struct end e;
	rl_ws_config_default(&e.config);
	e.config.ping_interval = 100;
	e.config.pong_timeout = 500;
	start(&e, RL_WS_SERVER, false);
	rl_ws_expire(&e.ws, 1100);
	assert_int_equal(rl_ws_deadline(&e.ws), 1600);
	rl_buf_consume(&e.out, e.out.len);
	feed_end(&e, "8a 81 00000000 31");
	assert_int_equal(rl_ws_expire(&e.ws, 1400), 0);
	expect_out(&e, "89 01 32");
	stop(&e);
}

TEST(ws_session_out, a_ping_that_memory_is_short_for_is_left_out)
{
	struct end e;
	rl_ws_config_default(&e.config);
	e.config.ping_interval = 100;
	e.config.pong_timeout = 30;
	start(&e, RL_WS_SERVER, false);
	test_fail_allocation(1, false);
	assert_int_equal(rl_ws_expire(&e.ws, 1100), 0);
	assert_int_equal(e.out.len, 0);
	assert_int_equal(rl_ws_deadline(&e.ws), 1200);
	assert_int_equal(rl_ws_expire(&e.ws, 1200), 0);
	expect_out(&e, "89 01 32");
	stop(&e);
}

TEST(ws_session_out, the_closing_handshake_has_its_deadline)
{
	struct end e;
	rl_ws_config_default(&e.config);
	e.config.ping_interval = 100;
	start(&e, RL_WS_SERVER, false);
	rl_ws_close(&e.ws, 1001, RL_SLICE("gone"), 1050);
	assert_int_equal(rl_ws_deadline(&e.ws), 31050);
	assert_int_equal(rl_ws_expire(&e.ws, 31049), 0);
	assert_int_equal(rl_ws_expire(&e.ws, 31050), RILL_ETIMEDOUT);
	assert_string_equal(rl_ws_error_text(&e.ws), "the closing handshake was not finished");
	assert_int_equal(e.ws.close_code, 1006);
	expect_out(&e, "88 06 03e9 676f6e65");
	stop(&e);
}

TEST(ws_session_out, a_pong_after_our_close_moves_no_deadline)
{
	struct end e;
	rl_ws_config_default(&e.config);
	e.config.ping_interval = 100;
	e.config.pong_timeout = 30;
	start(&e, RL_WS_SERVER, false);
	rl_ws_expire(&e.ws, 1100);
	rl_ws_close(&e.ws, 1000, RL_SLICE(""), 1110);
	feed_end(&e, "8a 81 00000000 31");
	assert_int_equal(rl_ws_deadline(&e.ws), 31110);
	stop(&e);
}

TEST(ws_session_out, after_the_handshake_a_client_lingers_and_a_server_has_time_to_end)
{
	struct end e;
	open_end(&e, RL_WS_CLIENT);
	feed_end(&e, "88 02 03e8");
	assert_int_equal(e.ws.state, RL_WS_DONE);
	assert_int_equal(rl_ws_deadline(&e.ws), 3000);
	assert_int_equal(rl_ws_expire(&e.ws, 3000), RILL_ETIMEDOUT);
	assert_int_equal(e.ws.close_code, 1000);
	stop(&e);
	open_end(&e, RL_WS_SERVER);
	rl_ws_close(&e.ws, 1000, RL_SLICE(""), 900);
	feed_end(&e, "88 82 00000000 03e9");
	assert_int_equal(rl_ws_deadline(&e.ws), 31000);
	assert_int_equal(e.ws.close_code, 1001);
	stop(&e);
}

TEST(ws_session_out, the_wait_after_a_failure_is_bounded)
{
	struct end e;
	struct rl_ws_event ev;
	open_end(&e, RL_WS_SERVER);
	assert_int_equal(feed(&e, "ff", &ev), RILL_EPROTO);
	assert_int_equal(rl_ws_deadline(&e.ws), 31000);
	assert_int_equal(rl_ws_expire(&e.ws, 31000), RILL_ETIMEDOUT);
	assert_int_equal(e.ws.close_code, 1002);
	assert_string_equal(rl_ws_error_text(&e.ws), "a reserved bit is set");
	assert_true(rl_ws_deadline(&e.ws) == UINT64_MAX);
	rl_ws_fail(&e.ws, RL_WS_FAULT_FRAGMENTS, 40000);
	assert_int_equal(e.ws.close_code, 1002);
	stop(&e);
}
