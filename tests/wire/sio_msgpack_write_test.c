/* sio_msgpack_write_test.c: tests of src/wire/sio_msgpack_write.c. What is wanted is what notepack.io 2.2
 * writes. */
#include <stdio.h>
#include <stdlib.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/sio_packet.h"

static const struct rl_slice attached[] = { { (const uint8_t *)"\1\2", 2 }, { NULL, 0 } };

static int write_json(struct rl_buf *out, enum rl_sio_type type, const char *json)
{
	struct rl_json data;

	if (!json)
		return rl_sio_write_msgpack(out, type, RL_SLICE("/"), false, 0, NULL, NULL, 0);
	assert_int_equal(rl_json_read(rl_slice_str(json), &data), 0);
	data.text = rl_slice(test_guarded(data.text.data, data.text.len), data.text.len);
	return rl_sio_write_msgpack(out, type, RL_SLICE("/"), false, 0, &data, attached, 2);
}

static void expect_packet(enum rl_sio_type type, const char *json, const char *hex)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(write_json(&out, type, json), 0);
	test_expect_hex(out.data, out.len, hex);
	rl_buf_release(&out);
}

static void expect_data(const char *json, const char *hex)
{
	char want[512];

	snprintf(want, sizeof(want), "83 a474797065 02 a464617461 %s a36e7370 a12f", hex);
	expect_packet(RL_SIO_EVENT, json, want);
	expect_packet(RL_SIO_BINARY_EVENT, json, want);
}

TEST(sio_msgpack_write, a_packet_is_a_map_of_what_it_has)
{
	struct rl_json data;
	struct rl_buf out;

	expect_packet(RL_SIO_DISCONNECT, NULL, "82 a474797065 01 a36e7370 a12f");
	expect_packet(RL_SIO_BINARY_ACK, "[]", "83 a474797065 03 a464617461 90 a36e7370 a12f");
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_json_read(RL_SLICE("[1]"), &data), 0);
	assert_int_equal(rl_sio_write_msgpack(
				 &out, RL_SIO_ACK, RL_SLICE("/admin"), true, 300, &data, NULL, 0),
		0);
	test_expect_hex(out.data, out.len,
		"84 a474797065 03 a464617461 9101 a36e7370 a62f61646d696e a26964 cd012c");
	rl_buf_release(&out);
}

TEST(sio_msgpack_write, values_have_their_shortest_form)
{
	expect_data("null", "c0");
	expect_data("true", "c3");
	expect_data("false", "c2");
	expect_data("0", "00");
	expect_data("-0", "00");
	expect_data("-33", "d0df");
	expect_data("65536", "ce00010000");
	expect_data("18446744073709551615", "cfffffffffffffffff");
	expect_data("-9223372036854775808", "d38000000000000000");
	expect_data("1.0", "01");
	expect_data("1e3", "cd03e8");
	expect_data("-25e-1", "cbc004000000000000");
	expect_data("0.1", "cb3fb999999999999a");
	expect_data("1e21", "cb444b1ae4d6e2ef50");
	expect_data("1e999", "cb7ff0000000000000");
	expect_data("-1e999", "cbfff0000000000000");
	expect_data("18446744073709551616", "cb43f0000000000000");
	expect_data("\"\"", "a0");
	expect_data("\"a\"", "a161");
	expect_data("\"0123456789012345678901234567890\"",
		"bf 30313233343536373839303132333435363738393031323334353637383930");
	expect_data("\"01234567890123456789012345678901\"",
		"d920 3031323334353637383930313233343536373839303132333435363738393031");
	expect_data("[]", "90");
	expect_data("{}", "80");
	expect_data("[1,[2,[]],{\"a\":{\"b\":[3]},\"\":null}]",
		"93 01 92 02 90 82 a161 81 a162 91 03 a0 c0");
	expect_data("[0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5]", "dc0010 00010203040506070809000102030405");
}

TEST(sio_msgpack_write, escapes_are_what_they_say)
{
	expect_data("\"\\n\\u00e9\\ud83d\\ude00\"", "a7 0a c3a9 f09f9880");
	expect_data("{\"\\u0061\":\"\\/\"}", "81 a161 a12f");
	expect_data("\"\\n012345678901234567890123456789\"",
		"bf 0a303132333435363738393031323334353637383930313233343536373839");
	expect_data("\"\\n0123456789012345678901234567890\"",
		"d920 0a30313233343536373839303132333435363738393031323334353637383930");
}

TEST(sio_msgpack_write, half_a_pair_becomes_a_replacement_character)
{
	expect_data("\"\\ud800\"", "a3efbfbd");
	expect_data("\"\\ud7ff\\udc00a\"", "a7 ed9fbf efbfbd 61");
	expect_data("\"\\udc00\\ud800\"", "a6efbfbdefbfbd");
}

#define PLACE(num) "{\"_placeholder\":true,\"num\":" #num "}"

TEST(sio_msgpack_write, attachments_stand_in_their_places)
{
	expect_data("[" PLACE(0) "]", "91 c4020102");
	expect_data("{\"a\":" PLACE(1) ",\"b\":[" PLACE(0) "]}", "82 a161 c400 a162 91 c4020102");
	expect_data(PLACE(1), "c400");
	expect_data("[{\"num\":1,\"_placeholder\":true}," PLACE(0) "]", "92 c400 c4020102");
	expect_data("[" PLACE(2) "]", "91 82 ac5f706c616365686f6c646572 c3 a36e756d 02");
}

TEST(sio_msgpack_write, data_that_is_too_deep_is_refused)
{
	char json[2 * RL_JSON_DEPTH + 3];
	struct rl_json data = { RL_JSON_ARRAY, false,
		{ (const uint8_t *)json, 2 * RL_JSON_DEPTH } };
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	memset(json, '[', RL_JSON_DEPTH + 1);
	memset(json + RL_JSON_DEPTH, ']', RL_JSON_DEPTH);
	assert_int_equal(
		rl_sio_write_msgpack(&out, RL_SIO_ACK, RL_SLICE("/"), false, 0, &data, NULL, 0), 0);
	rl_buf_release(&out);
	memset(json, '[', RL_JSON_DEPTH + 1);
	memset(json + RL_JSON_DEPTH + 1, ']', RL_JSON_DEPTH + 1);
	data.text.len += 2;
	assert_int_equal(
		rl_sio_write_msgpack(&out, RL_SIO_ACK, RL_SLICE("/"), false, 0, &data, NULL, 0),
		RILL_ETOOBIG);
	assert_int_equal(out.len, 0);
	rl_buf_release(&out);
}

static void expect_head(size_t len, bool escaped, const char *head)
{
	struct rl_json data = { RL_JSON_STRING, !escaped, { NULL, len + 2 + escaped } };
	uint8_t *json = test_guarded(NULL, data.text.len);
	struct rl_buf out;

	memset(json, 'x', data.text.len);
	json[0] = json[data.text.len - 1] = '"';
	if (escaped)
		memcpy(json + 1, "\\n", 2);
	data.text.data = json;
	rl_buf_init(&out, test_env());
	assert_int_equal(
		rl_sio_write_msgpack(&out, RL_SIO_ACK, RL_SLICE("/"), false, 0, &data, NULL, 0), 0);
	test_expect_hex(out.data + 12, strlen(head) / 2, head);
	assert_int_equal(out.data[12 + strlen(head) / 2], escaped ? '\n' : 'x');
	assert_int_equal(out.len, 12 + strlen(head) / 2 + len + 6);
	rl_buf_release(&out);
}

TEST(sio_msgpack_write, long_strings_have_longer_heads)
{
	for (int escaped = 0; escaped < 2; escaped++) {
		expect_head(255, escaped, "d9ff");
		expect_head(256, escaped, "da0100");
		expect_head(65535, escaped, "daffff");
		expect_head(65536, escaped, "db00010000");
	}
}

static void without_memory(void *arg)
{
	struct rl_buf out;

	(void)arg;
	rl_buf_init(&out, test_env());
	int rc = write_json(&out, RL_SIO_EVENT,
		"[\"a\",{\"b\":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]},"
		"\"\\n\"," PLACE(0) ",\"a text that does not fit into a buffer's first memory, "
				    "which is not much\"]");
	assert_int_equal(rc, test_allocation_failed() ? RILL_ENOMEM : 0);
	assert_int_equal(out.len > 0, rc == 0);
	rl_buf_release(&out);
}

TEST(sio_msgpack_write, without_memory_nothing_is_half_written)
{
	test_each_failing_allocation(without_memory, NULL);
}
