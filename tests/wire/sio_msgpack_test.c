/* sio_msgpack_test.c: tests of src/wire/sio_msgpack.c. Packets are those that notepack.io 2.2 writes,
 * unless said otherwise. */
#include <stdio.h>
#include <stdlib.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/msgpack.h"
#include "wire/sio_packet.h"

#define MOST 3

/* The members in front: {"type":2,"nsp":"/", and how many follow. */
#define EVENT(members) "8" members "a474797065 02 a36e7370 a12f"
#define DATA           "a464617461"

struct read {
	struct rl_sio_packet packet;
	struct rl_buf json;
	struct rl_sio_attachments attachments;
	const char *why;
	int rc;
};

static void read_bytes(struct read *r, struct rl_slice bytes)
{
	*r = (struct read){ .attachments = { .env = test_env() } };
	rl_buf_init(&r->json, test_env());
	r->rc = rl_sio_read_msgpack(&r->packet,
		rl_slice(test_guarded(bytes.data, bytes.len), bytes.len), &r->json, &r->attachments,
		MOST, &r->why);
	if (r->rc < 0) {
		assert_int_equal(r->json.len, 0);
		assert_int_equal(r->attachments.count, 0);
		assert_int_equal(r->why == NULL, r->rc == RILL_ENOMEM);
	}
}

static void read_hex(struct read *r, const char *hex)
{
	uint8_t bytes[1024];

	read_bytes(r, rl_slice(bytes, test_unhex(hex, bytes, sizeof(bytes))));
}

static void done(struct read *r)
{
	rl_buf_release(&r->json);
	rl_sio_attachments_fini(&r->attachments);
}

static void expect_packet(
	const char *hex, enum rl_sio_type type, const char *name, int64_t id, const char *data)
{
	struct read r;

	read_hex(&r, hex);
	if (r.rc < 0)
		fail_msg("refused: %s: %s", hex, r.why);
	assert_int_equal(r.packet.type, type);
	assert_int_equal(r.packet.attachments, r.attachments.count);
	test_expect_text(r.packet.name.data, r.packet.name.len, name);
	assert_int_equal(r.packet.has_id, id >= 0);
	if (id >= 0)
		assert_int_equal(r.packet.id, id);
	assert_int_equal(r.packet.has_data, data != NULL);
	if (data)
		test_expect_text(r.packet.data.text.data, r.packet.data.text.len, data);
	done(&r);
}

TEST(sio_msgpack, packets_are_maps)
{
	expect_packet("82 a474797065 00 a36e7370 a12f", RL_SIO_CONNECT, "/", -1, NULL);
	expect_packet(
		"83 a474797065 00 a464617461 81 a5746f6b656e a3313233 a36e7370 a62f61646d696e",
		RL_SIO_CONNECT, "/admin", -1, "{\"token\":\"123\"}");
	expect_packet("82 a474797065 01 a36e7370 a12f", RL_SIO_DISCONNECT, "/", -1, NULL);
	expect_packet(EVENT("3") DATA "91 a161", RL_SIO_EVENT, "/", -1, "[\"a\"]");
	expect_packet(EVENT("4") DATA "91 a161 a26964 cd0100", RL_SIO_EVENT, "/", 256, "[\"a\"]");
	expect_packet(
		"84 a26964 07 a464617461 90 a36e7370 a12f a474797065 03", RL_SIO_ACK, "/", 7, "[]");
	expect_packet("83 a474797065 04 a36e7370 a12f a464617461 81 a76d657373616765 a16e",
		RL_SIO_CONNECT_ERROR, "/", -1, "{\"message\":\"n\"}");
}

TEST(sio_msgpack, what_is_undefined_or_nil_is_not_there)
{
	expect_packet("84 a474797065 00 a464617461 d40000 a36e7370 a12f a26964 d40000",
		RL_SIO_CONNECT, "/", -1, NULL);
	expect_packet("84 a474797065 01 a464617461 c0 a36e7370 a12f a26964 c0", RL_SIO_DISCONNECT,
		"/", -1, NULL);
	expect_packet("81 a474797065 00", RL_SIO_CONNECT, "/", -1, NULL);
	expect_packet("81 a474797065 03", RL_SIO_ACK, "/", -1, "[]");
}

TEST(sio_msgpack, members_that_mean_nothing_are_passed_over)
{
	expect_packet("84 a76f7074696f6e73 81a8636f6d7072657373c3 01 9201 8101 90 a474797065 00 "
		      "a36e7370 a12f",
		RL_SIO_CONNECT, "/", -1, NULL);
}

/* The item behind the event's name. */
static void expect_item(const char *hex, const char *want)
{
	char packet[512], data[256];

	snprintf(packet, sizeof(packet), EVENT("3") DATA "92 a161 %s", hex);
	snprintf(data, sizeof(data), "[\"a\",%s]", want);
	expect_packet(packet, strstr(want, "_placeholder") ? RL_SIO_BINARY_EVENT : RL_SIO_EVENT,
		"/", -1, data);
}

TEST(sio_msgpack, values_become_json)
{
	expect_item("c0", "null");
	expect_item("c2", "false");
	expect_item("c3", "true");
	expect_item("00", "0");
	expect_item("e0", "-32");
	expect_item("cfffffffffffffffff", "18446744073709551615");
	expect_item("d38000000000000000", "-9223372036854775808");
	expect_item("cf0020000000000001", "9007199254740993");
	expect_item("cb3ff8000000000000", "1.5");
	expect_item("cb3ff0000000000000", "1");
	expect_item("cb444b1ae4d6e2ef50", "1e+21");
	expect_item("ca3dcccccd", "0.10000000149011612");
	expect_item("cb7ff8000000000000", "null");
	expect_item("cb7ff0000000000000", "null");
	expect_item("cafF800000", "null");
	expect_item("a0", "\"\"");
	expect_item("a3225c0a", "\"\\\"\\\\\\n\"");
	expect_item("d904f09f9880", "\"\xf0\x9f\x98\x80\"");
	expect_item("90", "[]");
	expect_item("80", "{}");
	expect_item("93 90 9101 80", "[[],[1],{}]");
	expect_item("82 a161 91c0 a0 81 a162 c3", "{\"a\":[null],\"\":{\"b\":true}}");
	expect_item("82 07 01 ff 02", "{\"7\":1,\"-1\":2}");
}

TEST(sio_msgpack, undefined_is_null_in_lists_and_no_member_in_objects)
{
	expect_item("93 d40000 01 d40000", "[null,1,null]");
	expect_item("81 a161 d40000", "{}");
	expect_item("83 a161 d40000 a162 01 a163 d40000", "{\"b\":1}");
	expect_item("83 a161 01 a162 d40000 a163 02", "{\"a\":1,\"c\":2}");
}

TEST(sio_msgpack, dates_are_texts)
{
	expect_item("d700 0000000000000000", "\"1970-01-01T00:00:00.000Z\"");
	expect_item("d700 00000176bb3e7000", "\"2021-01-01T00:00:00.000Z\"");
	expect_item("d700 ffffffffffffffff", "\"1969-12-31T23:59:59.999Z\"");
	expect_item("d700 001eb208c2dc0000", "\"+275760-09-13T00:00:00.000Z\"");
	expect_item("d700 ffe14df73d240000", "\"-271821-04-20T00:00:00.000Z\"");
	expect_item("d700 001eb208c2dc0001", "null");
	expect_item("d700 ffe14df73d23ffff", "null");
	expect_item("d700 8000000000000000", "null");
	expect_item("d6ff 5e0be100", "\"2020-01-01T00:00:00.000Z\"");
	expect_item("d6ff 5e5b0300", "\"2020-03-01T00:34:08.000Z\"");
	expect_item("d7ff 1dcd6500 5e0be100", "\"2020-01-01T00:00:00.125Z\"");
	expect_item("c70cff 00000000 ffffffffffffffff", "\"1969-12-31T23:59:59.000Z\"");
	expect_item("c70cff ffffffff 0000000000000000", "null");
}

static void expect_attached(const char *hex, const char *want, const char *first)
{
	char packet[512];
	struct read r;

	snprintf(packet, sizeof(packet), EVENT("3") DATA "92 a161 %s", hex);
	read_hex(&r, packet);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.packet.type, RL_SIO_BINARY_EVENT);
	test_expect_text(r.packet.data.text.data, r.packet.data.text.len, want);
	test_expect_hex(r.attachments.list[0].data, r.attachments.list[0].len, first);
	done(&r);
}

#define PLACE(num) "{\"_placeholder\":true,\"num\":" #num "}"

TEST(sio_msgpack, bytes_are_attachments)
{
	expect_attached("c403010203", "[\"a\"," PLACE(0) "]", "010203");
	expect_attached("c50003010203", "[\"a\"," PLACE(0) "]", "010203");
	expect_attached("c600000003010203", "[\"a\"," PLACE(0) "]", "010203");
	expect_attached("c400", "[\"a\"," PLACE(0) "]", "");
	expect_attached("c70200 0102", "[\"a\"," PLACE(0) "]", "0102");
	expect_attached("c8000200 0102", "[\"a\"," PLACE(0) "]", "0102");
	expect_attached("c90000000200 0102", "[\"a\"," PLACE(0) "]", "0102");
	expect_attached("93 c40107 81 a162 c40108 c40109",
		"[\"a\",[" PLACE(0) ",{\"b\":" PLACE(1) "}," PLACE(2) "]]", "07");
	expect_packet("83 a474797065 03 a36e7370 a12f a464617461 91 c40107", RL_SIO_BINARY_ACK, "/",
		-1, "[" PLACE(0) "]");
}

TEST(sio_msgpack, other_extensions_are_their_type_and_bytes)
{
	expect_attached("d40507", "[\"a\",[5," PLACE(0) "]]", "07");
	expect_attached("c70280 0102", "[\"a\",[-128," PLACE(0) "]]", "0102");
	expect_attached("d500 0102", "[\"a\",[0," PLACE(0) "]]", "0102");
}

static void expect_refused(const char *hex, int rc, const char *sentence)
{
	struct read r;

	read_hex(&r, hex);
	if (r.rc != rc)
		fail_msg("not refused: %s", hex);
	if (strcmp(r.why, sentence) != 0)
		fail_msg("%s: %s", hex, r.why);
	done(&r);
}

#define LOOKS "82 ac5f706c616365686f6c646572 c3 a36e756d 00"

TEST(sio_msgpack, what_only_looks_like_bytes_cannot_stand_beside_bytes)
{
	expect_packet(
		EVENT("3") DATA "92 a161" LOOKS, RL_SIO_EVENT, "/", -1, "[\"a\"," PLACE(0) "]");
	expect_refused(EVENT("3") DATA "93 a161 c400" LOOKS, RILL_EPROTO, "illegal attachments");
	expect_refused(
		EVENT("3") DATA "93 a161 91" LOOKS "c400", RILL_EPROTO, "illegal attachments");
}

TEST(sio_msgpack, more_attachments_than_most_are_refused)
{
	expect_refused(EVENT("3") DATA "95 a161 c400 c400 c400 c400", RILL_ETOOBIG,
		"too many attachments");
}

TEST(sio_msgpack, what_is_no_packet_is_refused)
{
	expect_refused("", RILL_EPROTO, "the packet is no MessagePack");
	expect_refused("90", RILL_EPROTO, "the packet is no map");
	expect_refused("7b", RILL_EPROTO, "the packet is no map");
	expect_refused("80", RILL_EPROTO, "invalid packet type");
	expect_refused("82 a474797065 05 a36e7370 a12f", RILL_EPROTO, "invalid packet type");
	expect_refused("82 a474797065 ff a36e7370 a12f", RILL_EPROTO, "invalid packet type");
	expect_refused("82 a474797065 a130 a36e7370 a12f", RILL_EPROTO, "invalid packet type");
	expect_refused("82 a474797065 00 a36e7370 01", RILL_EPROTO, "invalid namespace");
	expect_refused("82 a474797065 00 a36e7370 a0", RILL_EPROTO, "invalid namespace");
	expect_refused("82 a474797065 00 a36e7370 a22fff", RILL_EPROTO, "invalid namespace");
	expect_refused("82 a474797065 00 a36e7370 a161", RILL_EPROTO, "invalid namespace");
	expect_refused(EVENT("4") DATA "91a161 a26964 ff", RILL_EPROTO, "invalid packet id");
	expect_refused(EVENT("4") DATA "91a161 a26964 a131", RILL_EPROTO, "invalid packet id");
	expect_refused(EVENT("2") "00", RILL_EPROTO, "something stands behind the packet");
	expect_refused(EVENT("4") DATA "91a161" DATA "91a161", RILL_EPROTO,
		"a member of the packet is there twice");
	expect_refused(EVENT("3") DATA "92a161 a1ff", RILL_EPROTO, "a text is not UTF-8");
	expect_refused(EVENT("3") DATA "92a161 a3eda080", RILL_EPROTO, "a text is not UTF-8");
	expect_refused(EVENT("3") DATA "92a161 81 c0 01", RILL_EPROTO, "a name is no text");
	expect_refused(EVENT("3") DATA "92a161 81 90 01", RILL_EPROTO, "a name is no text");
	expect_refused(EVENT("3") DATA "92a161 c1", RILL_EPROTO, "the packet is no MessagePack");
	expect_refused(EVENT("3") "a178 ddffffffff", RILL_EPROTO, "the packet is no MessagePack");
}

TEST(sio_msgpack, data_has_to_fit_the_type)
{
	expect_refused(EVENT("2"), RILL_EPROTO, "invalid payload");
	expect_refused(EVENT("3") DATA "90", RILL_EPROTO, "invalid payload");
	expect_refused(EVENT("3") DATA "80", RILL_EPROTO, "invalid payload");
	expect_refused(EVENT("3") DATA "91 a7636f6e6e656374", RILL_EPROTO, "invalid payload");
	expect_refused("83 a474797065 00 a36e7370 a12f" DATA "90", RILL_EPROTO, "invalid payload");
	expect_refused("83 a474797065 01 a36e7370 a12f" DATA "80", RILL_EPROTO, "invalid payload");
	expect_refused("83 a474797065 03 a36e7370 a12f" DATA "80", RILL_EPROTO, "invalid payload");
}

TEST(sio_msgpack, a_count_of_billions_costs_nothing)
{
	size_t before = test_allocations();

	expect_refused("dfffffffff", RILL_EPROTO, "the packet is no MessagePack");
	expect_refused("81 a464617461 ddffffffff", RILL_EPROTO, "the packet is no MessagePack");
	expect_refused(
		"82 a464617461 dfffffffff a161 00", RILL_EPROTO, "the packet is no MessagePack");
	expect_refused("81 a464617461 dbffffffff", RILL_EPROTO, "the packet is no MessagePack");
	assert_int_equal(test_allocations(), before);
}

TEST(sio_msgpack, each_beginning_of_a_packet_is_refused)
{
	uint8_t bytes[256];
	size_t n = test_unhex(EVENT("4") DATA
		"95 a161 82 a162 cb3ff8000000000000 a163 c0 c403010203"
		" d7000000000000000000 d40507 a26964 cd0100",
		bytes, sizeof(bytes));
	struct read r;

	for (size_t i = 0; i < n; i++) {
		read_bytes(&r, rl_slice(bytes, i));
		assert_int_equal(r.rc, RILL_EPROTO);
		done(&r);
	}
	read_bytes(&r, rl_slice(bytes, n));
	assert_int_equal(r.rc, 0);
	done(&r);
}

/* An event with arrays of one, so many of them, and something in the innermost. */
static void expect_deep(size_t depth, const char *innermost, int rc)
{
	uint8_t bytes[2048];
	struct read r;
	struct rl_json again;
	size_t n = test_unhex(EVENT("3") DATA "92 a161", bytes, sizeof(bytes));

	memset(bytes + n, 0x91, depth - 1);
	n += depth - 1;
	n += test_unhex(innermost, bytes + n, sizeof(bytes) - n);
	read_bytes(&r, rl_slice(bytes, n));
	assert_int_equal(r.rc, rc);
	if (rc == 0)
		assert_int_equal(rl_json_read(r.packet.data.text, &again), 0);
	else
		assert_string_equal(r.why, "the payload is too deep");
	done(&r);
}

TEST(sio_msgpack, what_would_be_too_deep_as_json_is_refused)
{
	expect_deep(1024, "01", 0);
	expect_deep(1025, "01", RILL_ETOOBIG);
	expect_deep(1024, "90", RILL_ETOOBIG);
	expect_deep(1024, "80", RILL_ETOOBIG);
	expect_deep(1023, "c40101", 0);
	expect_deep(1024, "c40101", RILL_ETOOBIG);
	expect_deep(1022, "d40501", 0);
	expect_deep(1023, "d40501", RILL_ETOOBIG);
}

static void without_memory(void *arg)
{
	struct read r;

	(void)arg;
	read_hex(&r, EVENT("4") DATA "99 a161 82 a162 cb3ff8000000000000 a163 c0 c403010203"
				     " d7000000000000000000 d40507 c40109 93e0e1e2 81a161d40000"
				     " ae6120746578742061732077656c6c a26964 cd0100");
	assert_int_equal(r.rc, test_allocation_failed() ? RILL_ENOMEM : 0);
	done(&r);
}

TEST(sio_msgpack, without_memory_nothing_is_left_behind)
{
	test_each_failing_allocation(without_memory, NULL);
}
