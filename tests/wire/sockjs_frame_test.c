/* sockjs_frame_test.c: tests of src/wire/sockjs_*.c. */
#include <stdio.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/sockjs_frame.h"

static const struct rl_envelope *const envelopes[] = { &rl_sockjs_xhr, &rl_sockjs_xhr_streaming,
	&rl_sockjs_eventsource, &rl_sockjs_htmlfile, &rl_sockjs_jsonp };
#define ENVELOPES (sizeof(envelopes) / sizeof(envelopes[0]))

static void expect_element(struct rl_slice text, const char *want)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sockjs_write_element(&out, text), 0);
	test_expect_text(out.data, out.len, want);
	rl_buf_release(&out);
}

TEST(sockjs_frame, elements_are_strings_with_what_browsers_mangle_escaped)
{
	expect_element(RL_SLICE("x"), "\"x\"");
	expect_element(RL_SLICE(""), "\"\"");
	expect_element(RL_SLICE("\b\t\n\f\r\"\\/\x7f"), "\"\\b\\t\\n\\f\\r\\\"\\\\/\x7f\"");
	expect_element(RL_SLICE("\0\x0b\x1f"), "\"\\u0000\\u000b\\u001f\"");
	expect_element(RL_SLICE("\xf0\x9f\x98\x80"), "\"\\ud83d\\ude00\"");
	expect_element(RL_SLICE("\xed\xa0\x80"), "\"\\ud800\"");
}

/* As UTF-8, or as it would be for a surrogate. */
static size_t encode(uint32_t point, uint8_t to[4])
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

	for (size_t i = n; i > 1; point >>= 6)
		to[--i] = (uint8_t)(0x80 | (point & 0x3f));
	to[0] = (uint8_t)(lead[n] | point);
	return n;
}

static bool in(uint32_t point, uint32_t low, uint32_t high)
{
	return point >= low && point <= high;
}

/* What the protocol says of one code point, in so many words. */
static void expected_element(uint32_t point, char *want, size_t room)
{
	static const char shorts[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
	uint8_t raw[4];
	size_t n = encode(point, raw);
	const char *letter = point < 0x80 && point ? strchr(shorts, (int)point) : NULL;

	if (letter)
		snprintf(want, room, "\"\\%c\"", letters[letter - shorts]);
	else if (point >= 0x10000)
		snprintf(want, room, "\"\\u%04x\\u%04x\"",
			(unsigned)(0xd800 + ((point - 0x10000) >> 10)),
			(unsigned)(0xdc00 + (point & 0x3ff)));
	else if (point < 0x20 || in(point, 0x200c, 0x200f) || in(point, 0x2028, 0x202f) ||
		 in(point, 0x2060, 0x206f) || in(point, 0xfff0, 0xffff) ||
		 in(point, 0xd800, 0xdfff))
		snprintf(want, room, "\"\\u%04x\"", (unsigned)point);
	else
		snprintf(want, room, "\"%.*s\"", (int)n, (const char *)raw);
}

static void expect_round_trip(struct rl_buf *out, struct rl_slice text)
{
	struct rl_sockjs_messages m;
	struct rl_slice message;
	struct rl_buf frame;

	rl_buf_init(&frame, test_env());
	assert_int_equal(rl_buf_append_str(&frame, "["), 0);
	assert_int_equal(rl_sockjs_write_element(&frame, text), 0);
	assert_int_equal(rl_buf_append_str(&frame, "]"), 0);
	assert_int_equal(rl_sockjs_read(&m, rl_buf_slice(&frame), false), 0);
	assert_int_equal(rl_sockjs_next(&m, out, &message), 1);
	assert_true(rl_slice_equal(message, text));
	assert_int_equal(rl_sockjs_next(&m, out, &message), 0);
	rl_buf_release(&frame);
}

static void expect_point(uint32_t point, struct rl_buf *out)
{
	uint8_t raw[4];
	char want[24];
	size_t n = encode(point, raw);

	expected_element(point, want, sizeof(want));
	rl_buf_consume(out, out->len);
	assert_int_equal(rl_sockjs_write_element(out, rl_slice(raw, n)), 0);
	if (out->len != strlen(want) || memcmp(out->data, want, out->len) != 0)
		fail_msg("U+%04X leaves as %.*s", (unsigned)point, (int)out->len,
			(const char *)out->data);
	expect_round_trip(out, rl_slice(raw, n));
}

TEST(sockjs_frame, each_unit_leaves_as_the_protocol_says_and_comes_back)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	for (uint32_t point = 0; point <= 0xffff; point++)
		expect_point(point, &out);
	for (uint32_t point = 0x10000; point <= 0x10ffff; point += 0x3f1)
		expect_point(point, &out);
	expect_point(0x10000, &out);
	expect_point(0x10ffff, &out);
	rl_buf_release(&out);
}

TEST(sockjs_frame, halves_of_pairs_survive_in_any_order)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	expect_round_trip(&out, RL_SLICE("\xed\xb8\x80\xed\xa0\xbd"));
	expect_round_trip(&out, RL_SLICE("\xed\xa0\xbd\xf0\x9f\x98\x80\xed\xb8\x80"));
	expect_round_trip(&out, RL_SLICE("\xed\xa0\x80 \xed\xa0\x80\xed\xa0\x80\0"));
	rl_buf_release(&out);
}

static void expect_big(const char *piece, struct rl_buf *out)
{
	struct rl_buf text;
	size_t n = strlen(piece);

	rl_buf_init(&text, test_env());
	for (size_t i = 0; i < (1 << 20) / n; i++)
		assert_int_equal(rl_buf_append(&text, piece, n), 0);
	expect_round_trip(out, rl_buf_slice(&text));
	rl_buf_release(&text);
}

TEST(sockjs_frame, big_messages_come_through)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	expect_big("x", &out);
	expect_big("\"", &out);
	expect_big("\x01", &out);
	expect_big("\xf0\x9f\x98\x80", &out);
	expect_big("plain \xc3\xa9 and \xef\xbf\xbf, then \\ \"", &out);
	rl_buf_release(&out);
}

static void expect_close(int code, struct rl_slice reason, const char *want)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sockjs_write_close(&out, code, reason), 0);
	test_expect_text(out.data, out.len, want);
	rl_buf_release(&out);
}

TEST(sockjs_frame, a_close_has_code_and_reason)
{
	expect_close(3000, RL_SLICE("Go away!"), "c[3000,\"Go away!\"]");
	expect_close(2010, RL_SLICE("Another connection still open"),
		"c[2010,\"Another connection still open\"]");
	expect_close(1000, rl_slice(NULL, 0), "c[1000,\"\"]");
	expect_close(0, RL_SLICE("\"\0\n"), "c[0,\"\\\"\\u0000\\n\"]");
}

static void expect_wrapped(
	const struct rl_envelope *envelope, struct rl_slice frame, const char *want)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_buf_append_str(&out, "."), 0);
	assert_int_equal(envelope->wrap(&out, RL_SLICE("cb"), frame), 0);
	test_expect_text(out.data + 1, out.len - 1, want);
	rl_buf_release(&out);
}

TEST(sockjs_envelope, each_transport_wraps_frames_its_way)
{
	struct rl_slice frame = RL_SLICE("a[\"x\"]");

	expect_wrapped(&rl_sockjs_xhr, frame, "a[\"x\"]\n");
	expect_wrapped(&rl_sockjs_xhr_streaming, frame, "a[\"x\"]\n");
	expect_wrapped(&rl_sockjs_eventsource, frame, "data: a[\"x\"]\r\n\r\n");
	expect_wrapped(&rl_sockjs_htmlfile, frame, "<script>\np(\"a[\\\"x\\\"]\");\n</script>\r\n");
	expect_wrapped(&rl_sockjs_jsonp, frame, "/**/cb(\"a[\\\"x\\\"]\");\r\n");
}

TEST(sockjs_envelope, eventsource_escapes_what_clients_would_decode_or_take_for_an_end)
{
	expect_wrapped(
		&rl_sockjs_eventsource, RL_SLICE("a[\"100%25\"]"), "data: a[\"100%2525\"]\r\n\r\n");
	expect_wrapped(&rl_sockjs_eventsource, RL_SLICE("%%"), "data: %25%25\r\n\r\n");
	expect_wrapped(&rl_sockjs_eventsource, RL_SLICE("\r\n\0x"), "data: %0D%0A%00x\r\n\r\n");
	expect_wrapped(&rl_sockjs_eventsource, RL_SLICE(""), "data: \r\n\r\n");
}

TEST(sockjs_envelope, no_message_ends_the_script_it_stands_in)
{
	expect_wrapped(&rl_sockjs_htmlfile, RL_SLICE("a[\"</script><!--\"]"),
		"<script>\np(\"a[\\\"\\u003c/script\\u003e\\u003c!--\\\"]\");\n</script>\r\n");
	expect_wrapped(&rl_sockjs_htmlfile, RL_SLICE("\xe2\x80\xa8\xe2\x80\xa9"),
		"<script>\np(\"\\u2028\\u2029\");\n</script>\r\n");
	expect_wrapped(&rl_sockjs_jsonp, RL_SLICE("\xe2\x80\xa8<\xe2\x80\xa9"),
		"/**/cb(\"\\u2028<\\u2029\");\r\n");
}

static void expect_facts(const struct rl_envelope *envelope, const char *type, const char *fields)
{
	assert_string_equal(envelope->content_type, type);
	if (fields)
		assert_string_equal(envelope->fields, fields);
	else
		assert_null(envelope->fields);
}

TEST(sockjs_envelope, each_transport_has_its_type)
{
	expect_facts(&rl_sockjs_xhr, "application/javascript; charset=UTF-8", NULL);
	expect_facts(&rl_sockjs_xhr_streaming, "application/javascript; charset=UTF-8", NULL);
	expect_facts(&rl_sockjs_eventsource, "text/event-stream", NULL);
	expect_facts(&rl_sockjs_htmlfile, "text/html; charset=UTF-8", NULL);
	expect_facts(&rl_sockjs_jsonp, "application/javascript; charset=UTF-8",
		"X-Content-Type-Options: nosniff\r\n");
	assert_null(rl_sockjs_xhr.prelude);
	assert_null(rl_sockjs_jsonp.prelude);
}

TEST(sockjs_envelope, streams_begin_with_what_browsers_wait_for)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sockjs_xhr_streaming.prelude(&out, rl_slice(NULL, 0)), 0);
	assert_int_equal(out.len, 2049);
	for (size_t i = 0; i < 2048; i++)
		assert_int_equal(out.data[i], 'h');
	assert_int_equal(out.data[2048], '\n');
	rl_buf_consume(&out, out.len);
	assert_int_equal(rl_sockjs_eventsource.prelude(&out, rl_slice(NULL, 0)), 0);
	test_expect_text(out.data, out.len, "\r\n");
	rl_buf_release(&out);
}

TEST(sockjs_envelope, htmlfile_begins_with_a_page_that_names_the_callback)
{
	static const char page[] =
		"<!doctype html>\n"
		"<html><head>\n"
		"  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n"
		"  <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n"
		"</head><body><h2>Don't panic!</h2>\n"
		"  <script>\n"
		"    document.domain = document.domain;\n"
		"    var c = parent.callback;\n"
		"    c.start();\n"
		"    function p(d) {c.message(d);};\n"
		"    window.onload = function() {c.stop();};\n"
		"  </script>";
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sockjs_htmlfile.prelude(&out, RL_SLICE("callback")), 0);
	assert_int_equal(out.len, 1027 + 8);
	test_expect_text(out.data, sizeof(page) - 1, page);
	for (size_t i = sizeof(page) - 1; i < out.len - 4; i++)
		assert_int_equal(out.data[i], ' ');
	test_expect_text(out.data + out.len - 4, 4, "\r\n\r\n");
	rl_buf_release(&out);
}

static void write_all(void *arg)
{
	const struct rl_envelope *envelope = arg;
	struct rl_slice frame = RL_SLICE(
		"a[\"%%%%%%%%%%%%%%%%%%%%%%%%%%%%\\\"\\\"\\\"\\\"\\\"\\\"\\\"\"]");
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	int rc = envelope->prelude ? envelope->prelude(&out, RL_SLICE("callback")) : 0;
	size_t before = out.len;
	assert_true(rc == 0 || (rc == RILL_ENOMEM && !before));
	rc = envelope->wrap(&out, RL_SLICE("callback"), frame);
	assert_true(rc == 0 || (rc == RILL_ENOMEM && out.len == before));
	before = out.len;
	rc = rl_sockjs_write_close(
		&out, 3000, RL_SLICE("\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""));
	assert_true(rc == 0 || (rc == RILL_ENOMEM && out.len == before));
	rl_buf_release(&out);
}

TEST(sockjs_envelope, without_memory_nothing_is_written)
{
	for (size_t i = 0; i < ENVELOPES; i++)
		test_each_failing_allocation(write_all, (void *)envelopes[i]);
}

static const char *callback_fault(const char *callback, size_t max)
{
	return rl_sockjs_callback_fault(rl_slice_str(callback), max);
}

TEST(sockjs_envelope, callbacks_are_names_of_limited_length)
{
	static const char *const bad[] = { "a b", "*", "abc(", "a%28", "%28", "a;", "a[0]", "a\n",
		"<", "\xc3\xa9", "@", "`", "{", "/", ":", "a\x7f", " a" };

	assert_null(callback_fault("callback", 32));
	assert_null(callback_fault("_jp.a0-Z_z.9A", 32));
	assert_null(callback_fault("12345678901234567890123456789012", 32));
	assert_null(callback_fault("123456789012345678901234567890123", 0));
	assert_string_equal(callback_fault("123456789012345678901234567890123", 32),
		"invalid \"callback\" parameter");
	assert_string_equal(callback_fault(NULL, 32), "\"callback\" parameter required");
	assert_string_equal(callback_fault("", 0), "\"callback\" parameter required");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(callback_fault(bad[i], 32), "invalid \"callback\" parameter");
	assert_string_equal(
		rl_sockjs_callback_fault(RL_SLICE("a\0b"), 0), "invalid \"callback\" parameter");
}

static struct rl_slice guarded(struct rl_slice s)
{
	return rl_slice(test_guarded(s.data, s.len), s.len);
}

static int read_status(const char *text, bool single)
{
	struct rl_sockjs_messages m;

	return rl_sockjs_read(&m, guarded(rl_slice_str(text)), single);
}

static void expect_messages(
	struct rl_slice text, bool single, const char *const *want, size_t count)
{
	struct rl_sockjs_messages m;
	struct rl_slice message;
	struct rl_buf scratch;

	rl_buf_init(&scratch, test_env());
	assert_int_equal(rl_sockjs_read(&m, guarded(text), single), 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(rl_sockjs_next(&m, &scratch, &message), 1);
		test_expect_text(message.data, message.len, want[i]);
	}
	assert_int_equal(rl_sockjs_next(&m, &scratch, &message), 0);
	assert_int_equal(rl_sockjs_next(&m, &scratch, &message), 0);
	rl_buf_release(&scratch);
}

TEST(sockjs_messages, strings_of_an_array_come_in_order)
{
	static const char *const want[] = { "a", "", "b\n\"", "\xc3\xa9\xf0\x9f\x98\x80", "c" };

	expect_messages(RL_SLICE("[\"a\",\"\",\"b\\n\\\"\",\"\\u00e9\\ud83d\\ude00\",\"c\"]"),
		false, want, 5);
	expect_messages(
		RL_SLICE(
			" [ \"a\" ,\"\",\t\"b\\n\\\"\",\n\"\\u00e9\\ud83d\\ude00\" , \"c\" ] \r\n"),
		true, want, 5);
	expect_messages(RL_SLICE("[]"), false, NULL, 0);
	expect_messages(RL_SLICE(" [ ] "), true, NULL, 0);
}

TEST(sockjs_messages, what_is_no_string_comes_as_its_json)
{
	static const char *const want[] = { "null", "1.50", "[ \"x\\n\", [] ]",
		"{\"a\":\"\\ud800\"}", "true" };

	expect_messages(RL_SLICE("[null,1.50,[ \"x\\n\", [] ] , {\"a\":\"\\ud800\"},true]"), false,
		want, 5);
}

TEST(sockjs_messages, a_value_by_itself_is_a_message_where_that_is_allowed)
{
	static const char *const want[] = { "a\"", "{\"a\":[1]}", "17", "" };

	expect_messages(RL_SLICE("\"a\\\"\""), true, want, 1);
	expect_messages(RL_SLICE(" {\"a\":[1]} "), true, want + 1, 1);
	expect_messages(RL_SLICE("17"), true, want + 2, 1);
	expect_messages(RL_SLICE("\"\""), true, want + 3, 1);
	assert_int_equal(read_status("\"a\"", false), RILL_EINVAL);
	assert_int_equal(read_status("null", false), RILL_EINVAL);
	assert_int_equal(read_status("0", false), RILL_EINVAL);
	assert_int_equal(read_status("\"\"", false), RILL_EINVAL);
	assert_int_equal(read_status("{\"length\":1}", false), RILL_EINVAL);
}

TEST(sockjs_messages, nothing_of_a_broken_array_is_taken)
{
	static const char *const texts[] = { "", " ", "[", "[\"a", "[\"a\"", "[\"a\",", "[\"a\",]",
		"[\"a\"]x", "a", "['a']", "[\"\n\"]", "[\"\\x\"]", "[\"\\ud8\"]", "[\"\xff\"]",
		"[\"\xed\xa0\x80\"]", "[NaN]" };
	struct rl_sockjs_messages m;
	struct rl_slice message;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(read_status(texts[i], true), RILL_EPROTO);
		assert_int_equal(rl_sockjs_read(&m, rl_slice_str(texts[i]), false), RILL_EPROTO);
		assert_int_equal(rl_sockjs_next(&m, NULL, &message), 0);
	}
}

TEST(sockjs_messages, an_array_too_deep_is_refused)
{
	char text[100001];

	memset(text, '[', sizeof(text));
	text[100000] = 0;
	assert_int_equal(read_status(text, true), RILL_ETOOBIG);
	assert_int_equal(read_status(text, false), RILL_ETOOBIG);
}

static void read_without_memory(void *arg)
{
	struct rl_slice text = RL_SLICE("[\"a\",\"b\\n\",\"cc\\ncc\"]"), message;
	struct rl_sockjs_messages m;
	struct rl_buf scratch;
	int failed = 0;

	(void)arg;
	rl_buf_init(&scratch, test_env());
	assert_int_equal(rl_sockjs_read(&m, text, false), 0);
	assert_int_equal(rl_sockjs_next(&m, &scratch, &message), 1);
	int rc = rl_sockjs_next(&m, &scratch, &message);
	if (rc == RILL_ENOMEM) {
		failed++;
		rc = rl_sockjs_next(&m, &scratch, &message);
	}
	assert_int_equal(rc, 1);
	test_expect_text(message.data, message.len, "b\n");
	assert_int_equal(rl_sockjs_next(&m, &scratch, &message), 1);
	test_expect_text(message.data, message.len, "cc\ncc");
	assert_int_equal(failed, test_allocation_failed());
	rl_buf_release(&scratch);
}

TEST(sockjs_messages, without_memory_a_message_stays)
{
	test_each_failing_allocation(read_without_memory, NULL);
}

static int read_jsonp(const char *body, bool form, const char *want)
{
	struct rl_slice json;
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_buf_append_str(&out, "before"), 0);
	int rc = rl_sockjs_read_jsonp(guarded(rl_slice_str(body)), form, &out, &json);
	if (rc == 0)
		test_expect_text(json.data, json.len, want);
	test_expect_text(out.data, 6, "before");
	rl_buf_release(&out);
	return rc;
}

TEST(sockjs_messages, a_form_has_its_json_in_the_field_d)
{
	assert_int_equal(read_jsonp("d=%5B%22x%22%5D", true, "[\"x\"]"), 0);
	assert_int_equal(read_jsonp("i=1&d=[%22a+b%2b%22]&e=f", true, "[\"a b+\"]"), 0);
	assert_int_equal(read_jsonp("%64=[]", true, "[]"), 0);
	assert_int_equal(read_jsonp("dd=1&d=[]&d=2", true, "[]"), 0);
	assert_int_equal(read_jsonp("d=%5B%22%e2%82%AC%22%5D", true, "[\"\xe2\x82\xac\"]"), 0);
	assert_int_equal(read_jsonp("d=%5B%22x", true, "[\"x"), 0); /* found; read, it is broken */
	assert_int_equal(read_jsonp("", true, NULL), RILL_ENOENT);
	assert_int_equal(read_jsonp("d=", true, NULL), RILL_ENOENT);
	assert_int_equal(read_jsonp("d", true, NULL), RILL_ENOENT);
	assert_int_equal(read_jsonp("p=p", true, NULL), RILL_ENOENT);
	assert_int_equal(read_jsonp("[\"x\"]", true, NULL), RILL_ENOENT);
}

TEST(sockjs_messages, a_plain_body_is_json_as_it_stands)
{
	assert_int_equal(read_jsonp("[\"%61+b\"]", false, "[\"%61+b\"]"), 0);
	assert_int_equal(read_jsonp("d=[]", false, "d=[]"), 0);
	assert_int_equal(read_jsonp("", false, NULL), RILL_ENOENT);
}

TEST(sockjs_messages, a_string_stands_for_its_text_once)
{
	assert_int_equal(read_jsonp("\"[\\\"x\\\"]\"", false, "[\"x\"]"), 0);
	assert_int_equal(read_jsonp(" \"[]\" ", false, "[]"), 0);
	assert_int_equal(read_jsonp("d=%22[%5c%22x+y%5c%22]%22", true, "[\"x y\"]"), 0);
	assert_int_equal(read_jsonp("d=%20%22[]%22", true, "[]"), 0);
	assert_int_equal(read_jsonp("\"\\\"[]\\\"\"", false, "\"[]\""), 0);
	assert_int_equal(read_jsonp("\"\"", false, NULL), RILL_ENOENT);
	assert_int_equal(read_jsonp("d=%22%22", true, NULL), RILL_ENOENT);
	assert_int_equal(read_jsonp("\"[\\\"x\\\"]", false, NULL), RILL_EPROTO);
	assert_int_equal(read_jsonp("\"a\"b", false, NULL), RILL_EPROTO);
	assert_int_equal(read_jsonp("d=%22\n%22", true, NULL), RILL_EPROTO);
}

static void read_jsonp_without_memory(void *arg)
{
	const char *body = arg;
	struct rl_slice json;
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	int rc = rl_sockjs_read_jsonp(rl_slice_str(body), body[0] == 'd', &out, &json);
	if (rc == 0)
		test_expect_text(json.data, json.len, "[\"x\"]");
	else
		assert_int_equal(rc, RILL_ENOMEM);
	rl_buf_release(&out);
}

TEST(sockjs_messages, without_memory_no_json_is_found)
{
	test_each_failing_allocation(read_jsonp_without_memory, (void *)"d=%22[%5c%22x%5c%22]%22");
	test_each_failing_allocation(read_jsonp_without_memory, (void *)"\"[\\\"x\\\"]\"");
}
