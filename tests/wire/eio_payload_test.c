/* eio_payload_test.c: tests of src/wire/eio_payload.c. */
#include <stdio.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/eio_packet.h"

/* What a reader has found: each packet as its digit and its data, bytes as 'B' and their hex, ';' behind
 * each. Then "!" where it was refused. */
static void say_packet(struct rl_buf *said, const struct rl_eio_packet *packet)
{
	char digit[3];

	if (packet->binary) {
		assert_int_equal(packet->type, RL_EIO_MESSAGE);
		assert_int_equal(rl_buf_append_str(said, "B"), 0);
		for (size_t i = 0; i < packet->data.len; i++) {
			snprintf(digit, sizeof(digit), "%02x", packet->data.data[i]);
			assert_int_equal(rl_buf_append_str(said, digit), 0);
		}
	} else {
		snprintf(digit, sizeof(digit), "%d", (int)packet->type);
		assert_int_equal(rl_buf_append_str(said, digit), 0);
		assert_int_equal(rl_buf_append_slice(said, packet->data), 0);
	}
	assert_int_equal(rl_buf_append_str(said, ";"), 0);
}

static void read_body(int revision, bool binary_body, struct rl_slice body, struct rl_buf *said)
{
	struct rl_eio_payload p;
	struct rl_eio_packet packet;
	struct rl_buf scratch;
	int rc;

	rl_buf_init(&scratch, test_env());
	rl_eio_payload_init(
		&p, revision, binary_body, rl_slice(test_guarded(body.data, body.len), body.len));
	while ((rc = rl_eio_payload_next(&p, &scratch, &packet)) == 1)
		say_packet(said, &packet);
	if (rc == RILL_EPROTO)
		assert_int_equal(rl_buf_append_str(said, "!"), 0);
	assert_int_equal(rl_eio_payload_next(&p, &scratch, &packet), rc);
	rl_buf_release(&scratch);
}

static void expect_body(int revision, bool binary_body, struct rl_slice body, const char *want)
{
	struct rl_buf said;

	rl_buf_init(&said, test_env());
	read_body(revision, binary_body, body, &said);
	test_expect_text(said.data, said.len, want);
	rl_buf_release(&said);
}

#define EXPECT_JOINED(body, want)  expect_body(4, false, RL_SLICE(body), want)
#define EXPECT_COUNTED(body, want) expect_body(3, false, RL_SLICE(body), want)
#define EXPECT_BINARY(body, want)  expect_body(3, true, RL_SLICE(body), want)

TEST(eio_payload, packets_of_revision_4_are_joined_by_1e)
{
	EXPECT_JOINED("4hello", "4hello;");
	EXPECT_JOINED("4hello\x1e"
		      "2\x1e"
		      "4world",
		"4hello;2;4world;");
	EXPECT_JOINED("4hello\x1e"
		      "4\xe2\x82\xac",
		"4hello;4\xe2\x82\xac;");
	EXPECT_JOINED("4hello\x1e"
		      "bAQIDBA==",
		"4hello;B01020304;");
	EXPECT_JOINED("b\x1e"
		      "4",
		"B;4;");
	EXPECT_JOINED("1\x1e"
		      "6",
		"1;6;");
}

TEST(eio_payload, an_empty_packet_of_revision_4_is_refused_and_all_behind_it)
{
	EXPECT_JOINED("", "!");
	EXPECT_JOINED("\x1e", "!");
	EXPECT_JOINED("4a\x1e", "4a;!");
	EXPECT_JOINED("\x1e"
		      "4a",
		"!");
	EXPECT_JOINED("4a\x1e\x1e"
		      "4b",
		"4a;!");
	EXPECT_JOINED("4a\x1e"
		      "x\x1e"
		      "4b",
		"4a;!");
	EXPECT_JOINED("4a\x1e"
		      "bAQI\x1e"
		      "4b",
		"4a;B0102;4b;");
	EXPECT_JOINED("4a\x1e"
		      "bAQIDB\x1e"
		      "4b",
		"4a;!");
	expect_body(4, false, rl_slice(NULL, 0), "!");
}

TEST(eio_payload, a_text_that_is_no_utf8_is_refused)
{
	EXPECT_JOINED("4\xff", "!");
	EXPECT_JOINED("4a\x1e"
		      "4\xe2\x82\x1e"
		      "4\xac",
		"4a;!");
	EXPECT_JOINED("4\xed\xa0\x80", "!");
	EXPECT_COUNTED("2:4\xff", "!");
	EXPECT_COUNTED("2:4\xed\xa0\x80", "!");
	EXPECT_COUNTED("3:4\xf8\x88\x80\x80\x80", "!");
	EXPECT_COUNTED("1:\x80"
		       "4",
		"!");
	EXPECT_COUNTED("2:4\xf0\x9f", "!");
	EXPECT_BINARY("\0\2\xff"
		      "4\xff",
		"!");
	EXPECT_BINARY("\0\3\xff"
		      "4\xf0\x9f",
		"!");
}

TEST(eio_payload, packets_of_revision_3_have_their_length_in_front)
{
	EXPECT_COUNTED("6:4hello", "4hello;");
	EXPECT_COUNTED("6:4hello1:26:4world", "4hello;2;4world;");
	EXPECT_COUNTED("1:4", "4;");
	EXPECT_COUNTED("10:b4AQIDBA==6:4hello", "B01020304;4hello;");
	EXPECT_COUNTED("5:41:4a", "41:4a;");
	EXPECT_COUNTED("2:4:", "4:;");
}

TEST(eio_payload, lengths_of_revision_3_count_utf16_units)
{
	EXPECT_COUNTED("2:4\xe2\x82\xac", "4\xe2\x82\xac;");
	EXPECT_COUNTED("2:4\xc3\xa9"
		       "1:2",
		"4\xc3\xa9;2;");
	EXPECT_COUNTED("3:4\xf0\x9f\x98\x80", "4\xf0\x9f\x98\x80;");
	EXPECT_COUNTED("4:4a\xf0\x9f\x98\x80"
		       "2:4b",
		"4a\xf0\x9f\x98\x80;4b;");
	EXPECT_COUNTED("5:4\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
		       "1:2",
		"4\xf0\x9f\x98\x80\xf0\x9f\x98\x80;2;");
	EXPECT_COUNTED("2:4\xef\xbf\xbf"
		       "1:2",
		"4\xef\xbf\xbf;2;");
	EXPECT_COUNTED("3:4\xf4\x8f\xbf\xbf"
		       "1:2",
		"4\xf4\x8f\xbf\xbf;2;");
}

TEST(eio_payload, a_length_in_the_middle_of_a_pair_is_refused)
{
	EXPECT_COUNTED("2:4\xf0\x9f\x98\x80", "!");
	EXPECT_COUNTED("4:4\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "!");
	EXPECT_COUNTED("1:2"
		       "3:4a\xf0\x9f\x98\x80",
		"2;!");
}

TEST(eio_payload, a_length_that_is_none_or_not_there_is_refused)
{
	EXPECT_COUNTED("", "!");
	EXPECT_COUNTED(":4a", "!");
	EXPECT_COUNTED("4a", "!");
	EXPECT_COUNTED("2", "!");
	EXPECT_COUNTED("-2:4a", "!");
	EXPECT_COUNTED("+2:4a", "!");
	EXPECT_COUNTED(" 2:4a", "!");
	EXPECT_COUNTED("2 :4a", "!");
	EXPECT_COUNTED("2.0:4a", "!");
	EXPECT_COUNTED("0x2:4a", "!");
	EXPECT_COUNTED("2e0:4a", "!");
	EXPECT_COUNTED("\2:4a", "!");
	EXPECT_COUNTED("2:4a\n", "4a;!");
	EXPECT_COUNTED("2:4a2", "4a;!");
}

TEST(eio_payload, a_length_beyond_the_body_is_refused)
{
	EXPECT_COUNTED("3:4a", "!");
	EXPECT_COUNTED("2:", "!");
	EXPECT_COUNTED("4294967298:4a", "!");
	EXPECT_COUNTED("18446744073709551616:4a", "!");
	EXPECT_COUNTED("18446744073709551618:4a", "!");
	EXPECT_BINARY("\0\3\xff"
		      "4a",
		"!");
	EXPECT_BINARY("\1\3\xff\4a", "!");
	EXPECT_BINARY("\0\1\x8\4\4\6\7\4\4\0\7\3\7\0\x9\5\5\1\6\1\x8\xff"
		      "4a",
		"!");
}

/* The reference lets zeros in front pass, of any number in this form. */
TEST(eio_payload, zeros_in_front_of_a_length_do_not_count)
{
	char body[512];

	EXPECT_COUNTED("02:4a", "4a;");
	EXPECT_COUNTED("0000000000000000000000000002:4a1:2", "4a;2;");
	EXPECT_BINARY("\0\0\0\2\xff"
		      "4a",
		"4a;");
	snprintf(body, sizeof(body), "%0400d:4a", 2);
	expect_body(3, false, rl_slice_str(body), "4a;");
}

TEST(eio_payload, four_hundred_digits_are_no_length)
{
	uint8_t body[408];

	memset(body, '9', sizeof(body));
	expect_body(3, false, rl_slice(body, sizeof(body)), "!");
	memcpy(body + 400, ":4aaaaaa", 8);
	expect_body(3, false, rl_slice(body, sizeof(body)), "!");
	memset(body, 9, sizeof(body));
	body[0] = 0;
	expect_body(3, true, rl_slice(body, sizeof(body)), "!");
	body[400] = 0xff;
	expect_body(3, true, rl_slice(body, sizeof(body)), "!");
}

TEST(eio_payload, a_packet_of_no_length_is_passed_over_in_texts_of_revision_3)
{
	EXPECT_COUNTED("0:", "");
	EXPECT_COUNTED("0:0:", "");
	EXPECT_COUNTED("0:2:4a0:", "4a;");
	EXPECT_COUNTED("0:x", "!");
	EXPECT_BINARY("\0\0\xff", "!");
}

TEST(eio_payload, the_binary_form_says_for_each_packet_which_it_is_and_counts_bytes)
{
	EXPECT_BINARY("", "");
	EXPECT_BINARY("\0\6\xff"
		      "4hello",
		"4hello;");
	EXPECT_BINARY("\1\5\xff\4\1\2\3\4\0\6\xff"
		      "4hello",
		"B01020304;4hello;");
	EXPECT_BINARY("\0\4\xff"
		      "4\xe2\x82\xac\1\1\xff\4",
		"4\xe2\x82\xac;B;");
	EXPECT_BINARY("\0\1\0\xff"
		      "4123456789",
		"4123456789;");
	EXPECT_BINARY("\0\6\xff"
		      "b4AQID",
		"B010203;");
}

TEST(eio_payload, the_binary_form_is_refused_where_it_is_broken)
{
	EXPECT_BINARY("\2\2\xff"
		      "4a",
		"!");
	EXPECT_BINARY("0\2\xff"
		      "4a",
		"!");
	EXPECT_BINARY("\0\xff"
		      "4a",
		"!");
	EXPECT_BINARY("\0\xa\xff"
		      "4aaaaaaaaa",
		"!");
	EXPECT_BINARY("\0"
		      "2\xff"
		      "4a",
		"!");
	EXPECT_BINARY("\0", "!");
	EXPECT_BINARY("\0\2", "!");
	EXPECT_BINARY("\0\2\xff", "!");
	EXPECT_BINARY("\1\2\xff"
		      "4a",
		"!");
	EXPECT_BINARY("\1\2\xff\2a", "!");
	EXPECT_BINARY("\1\0\xff", "!");
	EXPECT_BINARY("\0\2\xff"
		      "4a\0",
		"4a;!");
	EXPECT_BINARY("\0\2\xff"
		      "xa",
		"!");
}

/* Beginnings are refused, or have all packets that are whole, and nothing else. */
TEST(eio_payload, each_beginning_of_a_body_is_read_within_its_end)
{
	struct rl_slice counted = RL_SLICE("6:4h\xc3\xa9llo10:b4AQIDBA==3:4\xf0\x9f\x98\x80");
	struct rl_slice binary = RL_SLICE("\1\5\xff\4\1\2\3\4\0\6\xff"
					  "4hello");
	struct rl_buf said;

	rl_buf_init(&said, test_env());
	for (size_t n = 1; n < counted.len; n++) {
		rl_buf_consume(&said, said.len);
		read_body(3, false, rl_slice(counted.data, n), &said);
		assert_int_equal(said.data[said.len - 1], n == 9 || n == 22 ? ';' : '!');
	}
	for (size_t n = 1; n < binary.len; n++) {
		rl_buf_consume(&said, said.len);
		read_body(3, true, rl_slice(binary.data, n), &said);
		assert_int_equal(said.data[said.len - 1], n == 8 ? ';' : '!');
	}
	rl_buf_release(&said);
}

static const struct rl_eio_packet packets[] = {
	{ RL_EIO_MESSAGE, false, { (const uint8_t *)"a\xf0\x9f\x98\x80", 5 } },
	{ RL_EIO_PING, false, { (const uint8_t *)"probe", 5 } },
	{ RL_EIO_MESSAGE, true, { (const uint8_t *)"\1\2\3\4", 4 } },
	{ RL_EIO_NOOP, false, { NULL, 0 } },
	{ RL_EIO_MESSAGE, true, { NULL, 0 } },
	{ RL_EIO_MESSAGE, false, { (const uint8_t *)"0123456789", 10 } },
};
#define PACKETS (sizeof(packets) / sizeof(packets[0]))

static void expect_written(int revision, bool binary_body, struct rl_slice want)
{
	struct rl_buf out, said;

	rl_buf_init(&out, test_env());
	rl_buf_init(&said, test_env());
	for (size_t i = 0; i < PACKETS; i++)
		assert_int_equal(
			rl_eio_write_part(&out, revision, binary_body, i == 0, &packets[i]), 0);
	assert_int_equal(out.len, want.len);
	assert_memory_equal(out.data, want.data, want.len);
	read_body(revision, binary_body, rl_buf_slice(&out), &said);
	test_expect_text(
		said.data, said.len, "4a\xf0\x9f\x98\x80;2probe;B01020304;6;B;40123456789;");
	rl_buf_release(&out);
	rl_buf_release(&said);
}

TEST(eio_payload, what_is_written_is_read_again)
{
	expect_written(4, false,
		RL_SLICE("4a\xf0\x9f\x98\x80\x1e"
			 "2probe\x1e"
			 "bAQIDBA==\x1e"
			 "6\x1e"
			 "b\x1e"
			 "40123456789"));
	expect_written(3, false,
		RL_SLICE("4:4a\xf0\x9f\x98\x80"
			 "6:2probe"
			 "10:b4AQIDBA=="
			 "1:6"
			 "2:b4"
			 "11:40123456789"));
	expect_written(3, true,
		RL_SLICE("\0\6\xff"
			 "4a\xf0\x9f\x98\x80"
			 "\0\6\xff"
			 "2probe"
			 "\1\5\xff\4\1\2\3\4"
			 "\0\1\xff"
			 "6"
			 "\1\1\xff\4"
			 "\0\1\1\xff"
			 "40123456789"));
}

static void without_memory(void *arg)
{
	struct rl_buf out, scratch;
	struct rl_eio_payload p;
	struct rl_eio_packet packet;
	int rc;

	(void)arg;
	rl_buf_init(&out, test_env());
	rl_buf_init(&scratch, test_env());
	for (int form = 0; form < 3; form++) {
		for (size_t i = 0; i < PACKETS; i++) {
			rc = rl_eio_write_part(&out, form ? 3 : 4, form == 2, true, &packets[i]);
			assert_true(rc == 0 || (rc == RILL_ENOMEM && !out.len));
			rl_buf_release(&out);
		}
	}
	rl_eio_payload_init(&p, 4, false,
		RL_SLICE("4a\x1e"
			 "bAQID\x1e"
			 "4b"));
	assert_int_equal(rl_eio_payload_next(&p, &scratch, &packet), 1);
	rc = rl_eio_payload_next(&p, &scratch, &packet);
	if (rc == RILL_ENOMEM)
		rc = rl_eio_payload_next(&p, &scratch, &packet);
	assert_int_equal(rc, 1);
	test_expect_hex(packet.data.data, packet.data.len, "010203");
	assert_int_equal(rl_eio_payload_next(&p, &scratch, &packet), 1);
	assert_int_equal(rl_eio_payload_next(&p, &scratch, &packet), 0);
	rl_buf_release(&scratch);
}

TEST(eio_payload, without_memory_nothing_is_half_written_and_no_packet_is_lost)
{
	test_each_failing_allocation(without_memory, NULL);
}
