/* eio_packet_test.c: tests of src/wire/eio_packet.c. */
#include <rill/error.h>
#include "support/support.h"
#include "wire/eio_packet.h"

static struct rl_slice guarded(struct rl_slice s)
{
	return rl_slice(test_guarded(s.data, s.len), s.len);
}

static void expect_text(struct rl_slice text, int revision, enum rl_eio_type type, const char *data)
{
	struct rl_eio_packet packet;
	struct rl_buf scratch, out;

	rl_buf_init(&scratch, test_env());
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_eio_read_message(&packet, revision, guarded(text), false, &scratch), 0);
	assert_int_equal(packet.type, type);
	assert_false(packet.binary);
	test_expect_text(packet.data.data, packet.data.len, data);
	assert_null(scratch.data);
	assert_int_equal(rl_eio_write_message(&out, revision, &packet), 0);
	assert_true(rl_slice_equal(rl_buf_slice(&out), text));
	rl_buf_consume(&out, out.len);
	assert_int_equal(rl_eio_write_text(&out, revision, &packet), 0);
	assert_true(rl_slice_equal(rl_buf_slice(&out), text));
	rl_buf_release(&out);
}

TEST(eio_packet, a_text_is_a_digit_and_data)
{
	for (int revision = 3; revision <= 4; revision++) {
		expect_text(RL_SLICE("0{\"sid\":1}"), revision, RL_EIO_OPEN, "{\"sid\":1}");
		expect_text(RL_SLICE("1"), revision, RL_EIO_CLOSE, "");
		expect_text(RL_SLICE("2probe"), revision, RL_EIO_PING, "probe");
		expect_text(RL_SLICE("3probe"), revision, RL_EIO_PONG, "probe");
		expect_text(RL_SLICE("4h\xc3\xa9llo"), revision, RL_EIO_MESSAGE, "h\xc3\xa9llo");
		expect_text(RL_SLICE("4"), revision, RL_EIO_MESSAGE, "");
		expect_text(RL_SLICE("4\x1e"), revision, RL_EIO_MESSAGE, "\x1e");
		expect_text(RL_SLICE("5"), revision, RL_EIO_UPGRADE, "");
		expect_text(RL_SLICE("6"), revision, RL_EIO_NOOP, "");
	}
}

static void expect_refused(struct rl_slice message, int revision, bool binary)
{
	struct rl_eio_packet packet;
	struct rl_buf scratch;

	rl_buf_init(&scratch, test_env());
	if (rl_eio_read_message(&packet, revision, guarded(message), binary, &scratch) !=
		RILL_EPROTO)
		fail_msg("not refused: %.*s", (int)message.len, (const char *)message.data);
	rl_buf_release(&scratch);
}

TEST(eio_packet, an_unknown_type_or_nothing_is_refused)
{
	for (int revision = 3; revision <= 4; revision++) {
		expect_refused(RL_SLICE(""), revision, false);
		expect_refused(rl_slice(NULL, 0), revision, false);
		for (unsigned c = 0; c < 256; c++) {
			uint8_t text[2] = { (uint8_t)c, 'x' };
			if ((c < '0' || c > '6') && c != 'b') {
				expect_refused(rl_slice(text, 1), revision, false);
				expect_refused(rl_slice(text, 2), revision, false);
			}
		}
	}
}

static void expect_bytes(struct rl_slice message, int revision, bool binary, const char *hex)
{
	struct rl_eio_packet packet;
	struct rl_buf scratch, out;

	rl_buf_init(&scratch, test_env());
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_buf_append_str(&scratch, "what was there before"), 0);
	assert_int_equal(
		rl_eio_read_message(&packet, revision, guarded(message), binary, &scratch), 0);
	assert_int_equal(packet.type, RL_EIO_MESSAGE);
	assert_true(packet.binary);
	test_expect_hex(packet.data.data, packet.data.len, hex);
	if (binary)
		assert_int_equal(rl_eio_write_message(&out, revision, &packet), 0);
	else
		assert_int_equal(rl_eio_write_text(&out, revision, &packet), 0);
	assert_true(rl_slice_equal(rl_buf_slice(&out), message));
	rl_buf_release(&scratch);
	rl_buf_release(&out);
}

TEST(eio_packet, bytes_of_revision_4_are_a_message_as_they_stand)
{
	expect_bytes(RL_SLICE("\1\2\3"), 4, true, "010203");
	expect_bytes(RL_SLICE("\4\2\3"), 4, true, "040203");
	expect_bytes(RL_SLICE(""), 4, true, "");
}

TEST(eio_packet, bytes_of_revision_3_begin_with_the_number_of_a_message)
{
	expect_bytes(RL_SLICE("\4\1\2\3"), 3, true, "010203");
	expect_bytes(RL_SLICE("\4"), 3, true, "");
	expect_refused(RL_SLICE(""), 3, true);
	for (unsigned c = 0; c < 256; c++) {
		uint8_t message[2] = { (uint8_t)c, 1 };
		if (c != RL_EIO_MESSAGE)
			expect_refused(rl_slice(message, 2), 3, true);
	}
}

TEST(eio_packet, bytes_come_and_go_as_base64_where_a_client_wants_that)
{
	expect_bytes(RL_SLICE("bAQIDBA=="), 4, false, "01020304");
	expect_bytes(RL_SLICE("b"), 4, false, "");
	expect_bytes(RL_SLICE("b4AQIDBA=="), 3, false, "01020304");
	expect_bytes(RL_SLICE("b4"), 3, false, "");
	expect_refused(RL_SLICE("bAQIDBA="), 4, false);
	expect_refused(RL_SLICE("b!"), 4, false);
	expect_refused(RL_SLICE("b4!"), 3, false);
	expect_refused(RL_SLICE("b"), 3, false);
	expect_refused(RL_SLICE("b2AQID"), 3, false);
	expect_refused(RL_SLICE("bAQID"), 3, false);
}

static void expect_handshake(bool upgrades, const char *want)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_eio_write_handshake(&out, RL_SLICE("lv_VI97HAXpY6yYWAAAC"), upgrades,
				 25000, 20000, 1000000),
		0);
	test_expect_text(out.data, out.len, want);
	rl_buf_release(&out);
}

TEST(eio_packet, the_handshake_has_five_members)
{
	expect_handshake(true, "{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],"
			       "\"pingInterval\":25000,\"pingTimeout\":20000,"
			       "\"maxPayload\":1000000}");
	expect_handshake(false, "{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[],"
				"\"pingInterval\":25000,\"pingTimeout\":20000,"
				"\"maxPayload\":1000000}");
}

static void expect_nothing_half(struct rl_buf *out, int rc)
{
	assert_true(rc == 0 || rc == RILL_ENOMEM);
	assert_int_equal(out->len > 3, rc == 0);
	rl_buf_release(out);
}

static void without_memory(void *arg)
{
	struct rl_eio_packet text = { RL_EIO_MESSAGE, false, RL_SLICE("some text") };
	struct rl_eio_packet bytes = { RL_EIO_MESSAGE, true, RL_SLICE("some bytes") };
	struct rl_buf out;

	(void)arg;
	rl_buf_init(&out, test_env());
	for (int revision = 3; revision <= 4; revision++) {
		expect_nothing_half(&out, rl_eio_write_message(&out, revision, &text));
		expect_nothing_half(&out, rl_eio_write_message(&out, revision, &bytes));
		expect_nothing_half(&out, rl_eio_write_text(&out, revision, &text));
		expect_nothing_half(&out, rl_eio_write_text(&out, revision, &bytes));
	}
	expect_nothing_half(&out, rl_eio_write_handshake(&out, RL_SLICE("sid"), true, 1, 2, 3));
	int rc = rl_eio_read_message(&text, 4, RL_SLICE("bAQIDBA=="), false, &out);
	assert_true(rc == 0 || rc == RILL_ENOMEM);
	rl_buf_release(&out);
}

TEST(eio_packet, without_memory_nothing_is_half_written)
{
	test_each_failing_allocation(without_memory, NULL);
}
