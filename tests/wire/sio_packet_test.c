/* sio_packet_test.c: tests of src/wire/sio_packet.c. */
#include <stdio.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/sio_packet.h"

#define MOST 10

static int read_slice(struct rl_slice text, struct rl_sio_packet *packet, const char **why)
{
	*why = NULL;
	int rc = rl_sio_read(
		packet, rl_slice(test_guarded(text.data, text.len), text.len), MOST, why);
	assert_int_equal(*why != NULL, rc < 0);
	return rc;
}

static struct rl_sio_packet must_read(const char *text)
{
	struct rl_sio_packet packet;
	const char *why;

	if (read_slice(rl_slice_str(text), &packet, &why) != 0)
		fail_msg("refused: %s: %s", text, why);
	return packet;
}

static void expect_refused(const char *text, int rc, const char *sentence)
{
	struct rl_sio_packet packet;
	const char *why;

	if (read_slice(rl_slice_str(text), &packet, &why) != rc)
		fail_msg("not refused: %s", text);
	if (strcmp(why, sentence) != 0)
		fail_msg("%s: %s", text, why);
}

static void expect_parts(const struct rl_sio_packet *packet, enum rl_sio_type type,
	const char *name, int64_t id, const char *data)
{
	assert_int_equal(packet->type, type);
	test_expect_text(packet->name.data, packet->name.len, name);
	assert_int_equal(packet->has_id, id >= 0);
	if (id >= 0)
		assert_int_equal(packet->id, id);
	assert_int_equal(packet->has_data, data != NULL);
	if (data)
		test_expect_text(packet->data.text.data, packet->data.text.len, data);
}

/* ... and that writing its head and its data makes the same text. */
static void expect_packet(
	const char *text, enum rl_sio_type type, const char *name, int64_t id, const char *data)
{
	struct rl_sio_packet packet = must_read(text);
	struct rl_buf out;

	expect_parts(&packet, type, name, id, data);
	assert_int_equal(packet.query.len, 0);
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sio_write_head(&out, packet.type, packet.attachments, packet.name,
				 packet.has_id, packet.id),
		0);
	if (packet.has_data)
		assert_int_equal(rl_buf_append_slice(&out, packet.data.text), 0);
	test_expect_text(out.data, out.len, text);
	rl_buf_release(&out);
}

/* socket.io-protocol, "Sample session", and the tests of the reference parser. */
TEST(sio_packet, the_examples_of_the_protocol_go_both_ways)
{
	expect_packet("0", RL_SIO_CONNECT, "/", -1, NULL);
	expect_packet("0{\"token\":\"123\"}", RL_SIO_CONNECT, "/", -1, "{\"token\":\"123\"}");
	expect_packet("0/admin,", RL_SIO_CONNECT, "/admin", -1, NULL);
	expect_packet(
		"0/admin,{\"token\":\"123\"}", RL_SIO_CONNECT, "/admin", -1, "{\"token\":\"123\"}");
	expect_packet("1", RL_SIO_DISCONNECT, "/", -1, NULL);
	expect_packet("1/admin,", RL_SIO_DISCONNECT, "/admin", -1, NULL);
	expect_packet("2[\"foo\"]", RL_SIO_EVENT, "/", -1, "[\"foo\"]");
	expect_packet("2/admin,[\"bar\"]", RL_SIO_EVENT, "/admin", -1, "[\"bar\"]");
	expect_packet("212[\"foo\"]", RL_SIO_EVENT, "/", 12, "[\"foo\"]");
	expect_packet("2/admin,456[\"project:delete\",123]", RL_SIO_EVENT, "/admin", 456,
		"[\"project:delete\",123]");
	expect_packet("3/admin,456[]", RL_SIO_ACK, "/admin", 456, "[]");
	expect_packet("4{\"message\":\"Not authorized\"}", RL_SIO_CONNECT_ERROR, "/", -1,
		"{\"message\":\"Not authorized\"}");
	expect_packet("4\"Unauthorized\"", RL_SIO_CONNECT_ERROR, "/", -1, "\"Unauthorized\"");
	expect_packet("4", RL_SIO_CONNECT_ERROR, "/", -1, NULL);
	expect_packet("51-[\"hello\",{\"_placeholder\":true,\"num\":0}]", RL_SIO_BINARY_EVENT, "/",
		-1, "[\"hello\",{\"_placeholder\":true,\"num\":0}]");
	expect_packet("51-/admin,456[\"project:delete\",{\"_placeholder\":true,\"num\":0}]",
		RL_SIO_BINARY_EVENT, "/admin", 456,
		"[\"project:delete\",{\"_placeholder\":true,\"num\":0}]");
	expect_packet("61-/admin,456[{\"_placeholder\":true,\"num\":0}]", RL_SIO_BINARY_ACK,
		"/admin", 456, "[{\"_placeholder\":true,\"num\":0}]");
	expect_packet("20[1,true,null,{}]", RL_SIO_EVENT, "/", 0, "[1,true,null,{}]");
}

static void expect_name(const char *text, const char *name, const char *query)
{
	struct rl_sio_packet packet = must_read(text);

	test_expect_text(packet.name.data, packet.name.len, name);
	test_expect_text(packet.query.data, packet.query.len, query);
}

TEST(sio_packet, a_name_ends_at_a_comma_or_with_the_text)
{
	expect_name("0/custom", "/custom", "");
	expect_name("0/", "/", "");
	expect_name("0/,", "/", "");
	expect_name("2/a/b,[\"x\"]", "/a/b", "");
	expect_name("2/,[\"x\"]", "/", "");
	expect_name("2/[\"x\",[\"x\"]", "/[\"x\"", "");
}

TEST(sio_packet, what_is_behind_a_question_mark_is_the_query)
{
	expect_name("0/auth?token=x,", "/auth", "token=x");
	expect_name("0/auth?token=x&a=?", "/auth", "token=x&a=?");
	expect_name("0/auth?,", "/auth", "");
	expect_name("0/?a=b,", "/", "a=b");
}

TEST(sio_packet, white_space_may_stand_around_data)
{
	struct rl_sio_packet packet = must_read("21 [ \"x\" ] ");

	expect_parts(&packet, RL_SIO_EVENT, "/", 1, "[ \"x\" ]");
}

TEST(sio_packet, an_unknown_type_is_refused)
{
	expect_refused("", RILL_EPROTO, "unknown packet type");
	for (unsigned c = 1; c < 256; c++) {
		char text[] = { (char)c, '[', '"', 'x', '"', ']', 0 };
		if (c < '0' || c > '6')
			expect_refused(text, RILL_EPROTO, "unknown packet type");
	}
}

TEST(sio_packet, data_has_to_fit_the_type)
{
	static const char *const texts[] = { "0[]", "0\"\"", "0null", "0/,\"x\"", "1{}", "1[]",
		"1\"x\"", "1null", "2", "2/ns,", "27", "2{}", "2null", "2\"x\"", "2[]", "2[null]",
		"2[true]", "2[[]]", "2[{}]", "3{}", "3\"x\"", "3null", "31\"\"", "4[]", "4null",
		"4true", "50-", "50-{}", "51-[]", "51-[{\"_placeholder\":true,\"num\":0}]", "60-{}",
		"2/[\"x\"]" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_refused(texts[i], RILL_EPROTO, "invalid payload");
}

TEST(sio_packet, data_has_to_be_json)
{
	static const char *const texts[] = { "2x", "2[", "2[\"x\"", "2[\"x\"]]", "2[\"x\",]",
		"2['x']", "abc", "0{", "0/ns,{\"a\"}", "1x", "3[", "4abc", "2-[\"x\"]", "2\xff",
		"2[\"\xff\"]", "0/ns,/ns2,", "22-[\"x\"]", "2 ", "2[\"x\"]\x1e" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_refused(texts[i], RILL_EPROTO,
			texts[i][0] == 'a' ? "unknown packet type" : "the payload is no JSON");
}

TEST(sio_packet, an_acknowledgement_without_data_is_one_without_arguments)
{
	struct rl_sio_packet packet = must_read("3/ns,12");

	expect_parts(&packet, RL_SIO_ACK, "/ns", 12, "[]");
	packet = must_read("60-12");
	expect_parts(&packet, RL_SIO_BINARY_ACK, "/", 12, "[]");
}

TEST(sio_packet, names_of_events_that_are_the_protocols_are_refused)
{
	static const char *const names[] = { "connect", "connect_error", "disconnect",
		"disconnecting", "newListener", "removeListener", "\\u0063onnect" };
	static const char *const free[] = { "", "connec", "connects", "Connect", "connection",
		"error", "message", "disconnected", "new_listener" };
	char text[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "2[\"%s\"]", names[i]);
		expect_refused(text, RILL_EPROTO, "invalid payload");
		snprintf(text, sizeof(text), "50-[\"%s\"]", names[i]);
		expect_refused(text, RILL_EPROTO, "invalid payload");
		assert_int_equal(rl_sio_reserved(rl_slice_str(names[i])), names[i][0] != '\\');
		snprintf(text, sizeof(text), "3[\"%s\"]", names[i]);
		must_read(text);
	}
	for (size_t i = 0; i < sizeof(free) / sizeof(free[0]); i++) {
		snprintf(text, sizeof(text), "2[\"%s\"]", free[i]);
		must_read(text);
		assert_false(rl_sio_reserved(rl_slice_str(free[i])));
	}
}

TEST(sio_packet, ids_are_numbers_of_64_bits)
{
	struct rl_sio_packet packet = must_read("218446744073709551615[\"x\"]");

	assert_true(packet.has_id && packet.id == UINT64_MAX);
	packet = must_read("2007[\"x\"]");
	assert_true(packet.has_id && packet.id == 7);
	expect_refused("218446744073709551616[\"x\"]", RILL_EPROTO, "the packet's id is too large");
}

TEST(sio_packet, attachments_are_counted_in_front_of_binary_packets)
{
	assert_int_equal(must_read("50-[\"x\"]").attachments, 0);
	assert_int_equal(must_read("510-[\"x\"]").attachments, 10);
	assert_int_equal(must_read("5002-[\"x\"]").attachments, 2);
	assert_int_equal(must_read("63-[]").attachments, 3);
	assert_int_equal(must_read("63-12[]").attachments, 3);
	assert_int_equal(must_read("212[\"x\"]").attachments, 0);
}

TEST(sio_packet, an_attachment_count_that_is_none_is_refused)
{
	static const char *const texts[] = { "5", "51", "5-[\"x\"]", "51[\"x\"]", "5[\"x\"]",
		"51.5-[\"x\"]", "5+1-[\"x\"]", "5-1-[\"x\"]", "5 1-[\"x\"]", "51 -[\"x\"]",
		"50x1-[\"x\"]", "51e0-[\"x\"]", "5/ns,1-[\"x\"]", "6", "6[]", "5a-[\"x\"]" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_refused(texts[i], RILL_EPROTO, "illegal attachments");
}

TEST(sio_packet, more_attachments_than_most_are_refused)
{
	char text[512];

	expect_refused("511-[\"x\"]", RILL_ETOOBIG, "too many attachments");
	expect_refused("54294967296-[\"x\"]", RILL_ETOOBIG, "too many attachments");
	expect_refused("518446744073709551617-[\"x\"]", RILL_ETOOBIG, "too many attachments");
	snprintf(text, sizeof(text), "5%0400d-[\"x\"]", 1);
	assert_int_equal(must_read(text).attachments, 1);
	memset(text + 1, '9', 400);
	expect_refused(text, RILL_ETOOBIG, "too many attachments");
}

#define PLACE(num) "{\"_placeholder\":true,\"num\":" #num "}"

TEST(sio_packet, placeholders_have_an_attachment_at_any_depth)
{
	must_read("52-[\"x\"," PLACE(0) "," PLACE(1) "]");
	must_read("52-[\"x\",{\"a\":[[" PLACE(1) "]],\"b\":{\"c\":" PLACE(0) "}}]");
	must_read("52-[\"x\"," PLACE(1) "]");
	must_read("52-[\"x\"," PLACE(1) "," PLACE(1) "]");
	must_read("62-[" PLACE(0) "," PLACE(1) "]");
	expect_refused("52-[\"x\"," PLACE(2) "]", RILL_EPROTO, "illegal attachments");
	expect_refused(
		"52-[\"x\",[[{\"a\":{\"b\":" PLACE(2) "}}]]]", RILL_EPROTO, "illegal attachments");
	expect_refused("60-[" PLACE(0) "]", RILL_EPROTO, "illegal attachments");
	expect_refused("52-[\"x\"," PLACE(0) ",{},{\"a\":1}," PLACE(2) "]", RILL_EPROTO,
		"illegal attachments");
}

TEST(sio_packet, more_placeholders_than_attachments_are_refused)
{
	must_read("61-[" PLACE(0) "]");
	expect_refused("61-[" PLACE(0) "," PLACE(0) "]", RILL_EPROTO, "illegal attachments");
	expect_refused("52-[\"x\"," PLACE(0) ",{\"a\":" PLACE(1) "}," PLACE(1) "]", RILL_EPROTO,
		"illegal attachments");
}

TEST(sio_packet, the_number_of_a_placeholder_is_an_integer)
{
	static const char *const texts[] = { "51-[\"x\"," PLACE(-1) "]",
		"51-[\"x\"," PLACE(0.5) "]", "51-[\"x\"," PLACE("0") "]",
		"51-[\"x\"," PLACE(null) "]", "51-[\"x\"," PLACE(true) "]",
		"51-[\"x\"," PLACE(4294967295) "]", "51-[\"x\"," PLACE(4294967296) "]",
		"51-[\"x\"," PLACE(18446744073709551616) "]",
		"51-[\"x\",{\"_placeholder\":true}]" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_refused(texts[i], RILL_EPROTO, "illegal attachments");
}

TEST(sio_packet, packets_that_are_not_binary_have_no_placeholders)
{
	struct rl_sio_packet packet = must_read("2[\"x\"," PLACE(7) "]");

	assert_int_equal(packet.attachments, 0);
}

TEST(sio_packet, data_that_is_too_deep_is_refused)
{
	char text[2 * RL_JSON_DEPTH + 8];

	text[0] = '3';
	memset(text + 1, '[', RL_JSON_DEPTH);
	memset(text + 1 + RL_JSON_DEPTH, ']', RL_JSON_DEPTH);
	text[2 * RL_JSON_DEPTH + 1] = 0;
	must_read(text);
	memset(text + 1, '[', RL_JSON_DEPTH + 1);
	memset(text + 2 + RL_JSON_DEPTH, ']', RL_JSON_DEPTH + 1);
	text[2 * RL_JSON_DEPTH + 3] = 0;
	expect_refused(text, RILL_ETOOBIG, "the payload is too deep");
}

TEST(sio_packet, each_beginning_of_a_packet_is_read_within_its_end)
{
	struct rl_slice text = RL_SLICE(
		"52-/admin?a=b,17[\"x\"," PLACE(0) ",{\"a\":" PLACE(1) "}]");
	struct rl_sio_packet packet;
	const char *why;

	for (size_t n = 0; n < text.len; n++)
		assert_int_equal(read_slice(rl_slice(text.data, n), &packet, &why), RILL_EPROTO);
	assert_int_equal(read_slice(text, &packet, &why), 0);
}

static void without_memory(void *arg)
{
	struct rl_buf out;
	int rc;

	(void)arg;
	rl_buf_init(&out, test_env());
	rc = rl_sio_write_head(&out, RL_SIO_BINARY_EVENT, 7,
		RL_SLICE("/a name of a namespace that does not fit into a buffer's first memory"),
		true, 17);
	assert_true(rc == 0 || (rc == RILL_ENOMEM && !out.len));
	rl_buf_release(&out);
}

TEST(sio_packet, without_memory_no_head_is_half_written)
{
	test_each_failing_allocation(without_memory, NULL);
}
