/* json_test.c: tests of src/base/json*.c. */
#include <float.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <rill/error.h>
#include "base/json_impl.h"
#include "base/utf8.h"
#include "support/support.h"

static struct rl_slice guarded(struct rl_slice s)
{
	return rl_slice(test_guarded(s.data, s.len), s.len);
}

static int read_slice(struct rl_slice text, struct rl_json *value)
{
	return rl_json_read(guarded(text), value);
}

static int read_text(const char *text, struct rl_json *value)
{
	return read_slice(rl_slice_str(text), value);
}

static struct rl_json must_read(const char *text)
{
	struct rl_json value;

	if (read_text(text, &value) != 0)
		fail_msg("refused: %s", text);
	return value;
}

static void expect_refused(struct rl_slice text)
{
	struct rl_json value;

	if (read_slice(text, &value) != RILL_EPROTO)
		fail_msg("not refused: %.*s", (int)text.len, (const char *)text.data);
}

static void expect_all_refused(const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect_refused(rl_slice_str(texts[i]));
}

#define EXPECT_ALL_REFUSED(texts) expect_all_refused(texts, sizeof(texts) / sizeof((texts)[0]))

static void expect_type(const char *text, enum rl_json_type type)
{
	assert_int_equal(must_read(text).type, type);
}

/* What a string says. */
static void expect_says(const char *text, const char *hex)
{
	uint8_t want[256];
	size_t n = test_unhex(hex, want, sizeof(want));
	struct rl_json value = must_read(text);
	struct rl_buf out;

	assert_int_equal(value.type, RL_JSON_STRING);
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_json_unquote(&value, &out), 0);
	test_expect_hex(out.data, out.len, hex);
	assert_true(rl_json_is(&value, rl_slice(want, n)));
	assert_true(rl_wtf8_valid(want, n));
	rl_buf_release(&out);
}

TEST(json, each_type_is_known_by_its_beginning)
{
	expect_type("null", RL_JSON_NULL);
	expect_type("false", RL_JSON_FALSE);
	expect_type("true", RL_JSON_TRUE);
	expect_type("-0", RL_JSON_NUMBER);
	expect_type("7", RL_JSON_NUMBER);
	expect_type("\"\"", RL_JSON_STRING);
	expect_type("[]", RL_JSON_ARRAY);
	expect_type("{}", RL_JSON_OBJECT);
}

TEST(json, all_forms_of_values_are_taken)
{
	static const char *const texts[] = { "0", "-0", "10", "0.0", "-1.5", "1e5", "1E+5", "0e-0",
		"1.25e-7", "123456789012345678901234567890", "[0]", "[[]]", "[[],[]]", "[{},{}]",
		"{\"a\":1}", "{\"a\":1,\"a\":2}", "{\"\":{\"\":[]}}", "[ ]", "{ }", " [ 1 , 2 ] ",
		"\t{ \"a\" : [ ] , \"b\" : { } }\r\n", "[true,false,null]",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uABCD\"", "\"\x7f\"", "\"/\"",
		"[1,[2,[3,{\"a\":[4,{\"b\":5}]}]],6]" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		must_read(texts[i]);
}

TEST(json, numbers_have_one_form)
{
	static const char *const texts[] = { "01", "-01", "00", "-", "+1", "+", "1.", ".5", "-.5",
		"1.e5", "1e", "1e+", "1e-", "1E", "0x10", "1_000", "1,000", "--1", "1.2.3", "1e5.5",
		"NaN", "Infinity", "-Infinity", "-NaN", "1 2", "0b1", "1f", "e5", "-e5",
		"\xef\xbc\x91" };

	EXPECT_ALL_REFUSED(texts);
}

TEST(json, words_are_whole_and_in_lower_case)
{
	static const char *const texts[] = { "t", "tru", "truee", "True", "TRUE", "f", "fals",
		"falsed", "n", "nul", "nulll", "NULL", "undefined", "nan", "a", "true false",
		"[truefalse]" };

	EXPECT_ALL_REFUSED(texts);
}

TEST(json, brackets_and_commas_stand_where_they_must)
{
	static const char *const texts[] = { "[", "]", "{", "}", "[1,]", "[,1]", "[,]", "[1,,2]",
		"[1 2]", "[1", "[1,", "[1}", "{1]", "[]]", "{}}", "[[]", "{,}", "{\"a\"}",
		"{\"a\" 1}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1", "{\"a\":", "{\"a\"", "{\"a",
		"{a:1}", "{1:1}", "{null:1}", "{[]:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}",
		"{\"a\"::1}", "{:1}", "{\"a\",\"b\"}", "[\"a\":1]", "{\"a\":1]", "[{]}", ",", ":",
		"[1]x", "[1] 2", "\"a\" \"b\"", "{} {}", "'a'", "['a']", "{'a':1}", "[1]//",
		"/**/1", "[1/**/]", "#", "\\", "<", "(1)", "[*]", "[1,2", "\"a\",", "[\"\",",
		"[\"a", "[\"" };

	EXPECT_ALL_REFUSED(texts);
}

TEST(json, nothing_is_no_value)
{
	static const char *const texts[] = { "", " ", "\t\r\n ", "\f", "\v", "\xc2\xa0",
		"\xe2\x80\xa8" };
	struct rl_json value;
	struct rl_slice none = { NULL, 0 };

	EXPECT_ALL_REFUSED(texts);
	assert_int_equal(rl_json_read(none, &value), RILL_EPROTO);
	assert_int_equal(rl_json_next(&none, &value), RILL_EPROTO);
}

TEST(json, other_white_space_is_none)
{
	static const char *const texts[] = { "1\f", "\v1", "1\xc2\xa0", "[1\xe2\x80\xa8]",
		"\xef\xbb\xbf[]", "[]\xef\xbb\xbf", "\xff\xfe[", "[\b]" };

	EXPECT_ALL_REFUSED(texts);
	expect_refused(RL_SLICE("[]\0"));
	expect_refused(RL_SLICE("\0[]"));
	expect_refused(RL_SLICE("[\0]"));
}

TEST(json, each_raw_control_in_a_string_is_refused)
{
	char text[64];

	for (int c = 0; c < 0x20; c++)
		for (size_t at = 1; at < sizeof(text) - 1; at++) {
			memset(text, 'x', sizeof(text));
			text[0] = text[sizeof(text) - 1] = '"';
			text[at] = (char)c;
			expect_refused(rl_slice(text, sizeof(text)));
		}
}

TEST(json, other_escapes_are_refused)
{
	static const char *const texts[] = { "\"\\\"", "\"\\", "\"\\x41\"", "\"\\a\"", "\"\\v\"",
		"\"\\0\"", "\"\\'\"", "\"\\u\"", "\"\\u1\"", "\"\\u12\"", "\"\\u123\"",
		"\"\\u123g\"", "\"\\u 123\"", "\"\\u+123\"", "\"\\U0041\"", "\"\\u{41}\"",
		"\"\\u00:0\"", "\"\\u00@0\"", "\"\\u00`0\"", "\"\\u00G0\"", "\"\\\n\"",
		"\"\\ud83d\\u\"", "\"\\ud83d\\", "\"\\u004", "\"\\B\"", "\"\\\xc3\xa9\"",
		"{\"\\x\":1}" };

	EXPECT_ALL_REFUSED(texts);
	expect_refused(RL_SLICE("\"\\\0\""));
}

TEST(json, what_is_no_utf8_is_refused_wherever_it_stands)
{
	static const char *const bad[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3",
		"\xe2\x82", "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xed\xa0\xbd\xed\xb8\x80", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf0\x9f\x98", "\xff", "\xfe",
		"\xc3\xc3\xa9", "\xc3\\n" };
	char text[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (int before = 0; before < 40; before++) {
			int n = snprintf(text, sizeof(text), "[\"%.*s%s%s\"]", before,
				"0123456789012345678901234567890123456789", bad[i],
				before % 2 ? "behind" : "");
			expect_refused(rl_slice(text, (size_t)n));
		}
}

TEST(json, utf8_passes_wherever_it_stands)
{
	char text[128];
	struct rl_json value;

	for (int before = 0; before < 40; before++) {
		int n = snprintf(text, sizeof(text),
			"\"%.*s\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf%s\"", before,
			"0123456789012345678901234567890123456789", before % 2 ? "" : "more");
		assert_int_equal(read_slice(rl_slice(text, (size_t)n), &value), 0);
		assert_true(value.plain);
	}
}

TEST(json, a_cut_text_is_refused_at_each_byte_and_stays)
{
	static const char text[] =
		"{\"a\\u00e9\" : [1.5e+7, true, null, \"\xe2\x82\xac\\n\", {\"b\":[]}], "
		"\"longer than a vector is, by far\": false}";

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct rl_slice in = guarded(rl_slice(text, n)), before = in;
		struct rl_json value;
		assert_int_equal(rl_json_next(&in, &value), RILL_EPROTO);
		assert_ptr_equal(in.data, before.data);
		assert_int_equal(in.len, before.len);
	}
	must_read(text);
}

TEST(json, values_come_off_the_front_with_the_space_around_them)
{
	struct rl_slice in = guarded(RL_SLICE(" [1] \n\"a\\n\"{}true null 12 ,"));
	static const char *const want[] = { "[1]", "\"a\\n\"", "{}", "true", "null", "12" };
	struct rl_json value;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(rl_json_next(&in, &value), 0);
		test_expect_text(value.text.data, value.text.len, want[i]);
	}
	test_expect_text(in.data, in.len, ",");
	assert_int_equal(rl_json_next(&in, &value), RILL_EPROTO);
}

TEST(json, a_string_without_escapes_is_plain)
{
	assert_true(must_read("\"\"").plain);
	assert_true(must_read("\"plain, and longer than one vector of bytes\"").plain);
	assert_true(must_read("\"\xc3\xa9\"").plain);
	assert_false(must_read("\"\\n\"").plain);
	assert_false(must_read("\"plain, and longer than one vector, but \\u0041\"").plain);
	assert_false(must_read("[\"a\"]").plain);
	assert_false(must_read("1").plain);
}

/* depth openings and as many closings, around inner. */
static int read_nested(size_t depth, const char *open, const char *inner, const char *close)
{
	struct rl_buf text;
	struct rl_json value;

	rl_buf_init(&text, test_env());
	for (size_t i = 0; i < depth; i++)
		assert_int_equal(rl_buf_append_str(&text, open), 0);
	assert_int_equal(rl_buf_append_str(&text, inner), 0);
	for (size_t i = 0; i < depth; i++)
		assert_int_equal(rl_buf_append_str(&text, close), 0);
	int rc = rl_json_read(rl_buf_slice(&text), &value);
	rl_buf_release(&text);
	return rc;
}

TEST(json, depth_has_its_limit)
{
	assert_int_equal(read_nested(RL_JSON_DEPTH, "[", "", "]"), 0);
	assert_int_equal(read_nested(RL_JSON_DEPTH, "[1,", "2", ",3]"), 0);
	assert_int_equal(read_nested(RL_JSON_DEPTH, "{\"a\":", "2", "}"), 0);
	assert_int_equal(read_nested(RL_JSON_DEPTH / 2, "[{\"a\":", "2", "}]"), 0);
	assert_int_equal(read_nested(RL_JSON_DEPTH + 1, "[", "", "]"), RILL_ETOOBIG);
	assert_int_equal(read_nested(RL_JSON_DEPTH + 1, "{\"a\":", "2", "}"), RILL_ETOOBIG);
	assert_int_equal(read_nested(RL_JSON_DEPTH / 2, "[{\"a\":", "[]", "}]"), RILL_ETOOBIG);
	assert_int_equal(read_nested(100000, "[", "", "]"), RILL_ETOOBIG);
	assert_int_equal(read_nested(100000, "[", "", ""), RILL_ETOOBIG);
	assert_int_equal(read_nested(500, "[", "", "}"), RILL_EPROTO);
}

TEST(json, what_is_side_by_side_is_not_deep)
{
	assert_int_equal(read_nested(1, "[", "[[[]]],[{\"a\":[[]]}],[[[[]]]]", "]"), 0);
	struct rl_buf text;
	struct rl_json value;

	rl_buf_init(&text, test_env());
	assert_int_equal(rl_buf_append_str(&text, "[[]"), 0);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(rl_buf_append_str(&text, i % 2 ? ",[{}]" : ",{\"a\":[]}"), 0);
	assert_int_equal(rl_buf_append_str(&text, "]"), 0);
	assert_int_equal(rl_json_read(rl_buf_slice(&text), &value), 0);
	rl_buf_release(&text);
}

static void expect_items(const char *array, const char *const *want, size_t count)
{
	struct rl_json value = must_read(array), item;
	struct rl_slice rest = value.text;

	for (size_t i = 0; i < count; i++) {
		struct rl_json again;
		assert_int_equal(rl_json_item(&rest, &item), 1);
		test_expect_text(item.text.data, item.text.len, want[i]);
		assert_int_equal(rl_json_read(item.text, &again), 0);
		assert_int_equal(again.type, item.type);
		assert_int_equal(again.plain, item.plain);
	}
	assert_int_equal(rl_json_item(&rest, &item), 0);
	assert_int_equal(rl_json_item(&rest, &item), 0);
}

TEST(json, items_come_one_by_one)
{
	static const char *const mixed[] = { "1", "\"a,]\\\"\"", "[2,[3]]", "{\"]\":\"}\"}", "true",
		"null", "-1e5", "\"a longer string, [with] {all} of \\\\ it\"", "[]", "{}",
		"false" };

	expect_items("[]", NULL, 0);
	expect_items(" [ ] ", NULL, 0);
	expect_items("[1,\"a,]\\\"\",[2,[3]],{\"]\":\"}\"},true,null,-1e5,"
		     "\"a longer string, [with] {all} of \\\\ it\",[],{},false]",
		mixed, 11);
	expect_items(" [ 1 , \"a,]\\\"\" ,\t[2,[3]] , {\"]\":\"}\"}\r\n, true , null , -1e5 ,"
		     " \"a longer string, [with] {all} of \\\\ it\" , [] , {} , false ] ",
		mixed, 11);
}

TEST(json, members_come_one_by_one)
{
	struct rl_json object = must_read(" { \"a\" : 1 ,\"b\\n\":[ {\"c\":2} ], \"\" : \"}\" } "),
		       name, value;
	struct rl_slice rest = object.text;

	assert_int_equal(rl_json_member(&rest, &name, &value), 1);
	test_expect_text(name.text.data, name.text.len, "\"a\"");
	test_expect_text(value.text.data, value.text.len, "1");
	assert_int_equal(rl_json_member(&rest, &name, &value), 1);
	assert_true(rl_json_is(&name, RL_SLICE("b\n")));
	assert_false(name.plain);
	test_expect_text(value.text.data, value.text.len, "[ {\"c\":2} ]");
	assert_int_equal(rl_json_member(&rest, &name, &value), 1);
	assert_int_equal(name.text.len, 2);
	assert_true(value.plain);
	assert_int_equal(rl_json_member(&rest, &name, &value), 0);
	assert_int_equal(rl_json_member(&rest, &name, &value), 0);
	rest = must_read("{}").text;
	assert_int_equal(rl_json_member(&rest, &name, &value), 0);
}

TEST(json, of_members_with_one_name_the_last_is_found)
{
	struct rl_json object = must_read("{\"a\":1,\"b\":{\"x\":9},\"\\u0061\":2,\"x\":3}"), value;
	int64_t n;

	assert_true(rl_json_find(&object, RL_SLICE("a"), &value));
	assert_true(rl_json_i64(&value, &n) && n == 2);
	assert_true(rl_json_find(&object, RL_SLICE("x"), &value));
	assert_true(rl_json_i64(&value, &n) && n == 3);
	assert_false(rl_json_find(&object, RL_SLICE("A"), &value));
	assert_false(rl_json_find(&object, RL_SLICE(""), &value));
	assert_false(rl_json_find(&object, RL_SLICE("aa"), &value));
	object = must_read("[\"a\",1]");
	assert_false(rl_json_find(&object, RL_SLICE("a"), &value));
}

TEST(json, escapes_say_what_they_mean)
{
	expect_says("\"\"", "");
	expect_says("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "22 5c 2f 08 0c 0a 0d 09");
	expect_says("\"\\u0041\\u0000\\u007f\\u0080\"", "41 00 7f c280");
	expect_says("\"\\u07ff\\u0800\\uFFFF\\uabCD\"", "dfbf e0a080 efbfbf eaaf8d");
	expect_says("\"a\\u00e9b\xc3\xa9\"", "61 c3a9 62 c3a9");
	expect_says("\"\\\\u0041\"", "5c 7530303431");
}

TEST(json, pairs_of_surrogates_are_one_character_and_halves_stay_halves)
{
	expect_says("\"\\ud83d\\ude00\"", "f09f9880");
	expect_says("\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", "f0908080 f48fbfbf");
	expect_says("\"\\ud800\"", "eda080");
	expect_says("\"\\udfff\"", "edbfbf");
	expect_says("\"\\ude00\\ud83d\"", "edb880 eda0bd");
	expect_says("\"\\ud83d\\ud83d\\ude00\"", "eda0bd f09f9880");
	expect_says("\"\\ud83d\\\\ude00\"", "eda0bd 5c 7564653030");
	expect_says("\"\\ud83d\\n\"", "eda0bd 0a");
	expect_says("\"\\ud83dx\\ude00\"", "eda0bd 78 edb880");
	expect_says("\"\\ud83d\\u0041\"", "eda0bd 41");
}

TEST(json, a_string_is_unquoted_into_room_that_suffices)
{
	struct rl_json value = must_read("\"ab\\u00e9\\ud83d\\ude00cd\"");
	uint8_t *room = test_guarded(NULL, 10);

	assert_int_equal(rl_json_unquote_to(&value, room, 10), 10);
	test_expect_hex(room, 10, "6162 c3a9 f09f9880 6364");
	for (size_t n = 0; n < 10; n++)
		assert_int_equal(
			rl_json_unquote_to(&value, test_guarded(NULL, n), n), RILL_ETOOBIG);
	value = must_read("\"\"");
	assert_int_equal(rl_json_unquote_to(&value, NULL, 0), 0);
}

TEST(json, a_string_is_unquoted_in_its_own_place)
{
	uint8_t *text = test_guarded("\"ab\\u00e9\\ud83d\\ude00 a run behind it\\n\"", 40);
	struct rl_json value;

	assert_int_equal(rl_json_read(rl_slice(text, 40), &value), 0);
	assert_int_equal(rl_json_unquote_to(&value, text, 40), 25);
	test_expect_text(text, 25, "ab\xc3\xa9\xf0\x9f\x98\x80 a run behind it\n");
}

TEST(json, a_string_is_compared_by_what_it_says)
{
	struct rl_json plain = must_read("\"abc\""), escaped = must_read("\"\\u0061b\\u0063\"");
	struct rl_json number = must_read("1"), empty = must_read("\"\"");

	assert_true(rl_json_is(&plain, RL_SLICE("abc")) && rl_json_is(&escaped, RL_SLICE("abc")));
	assert_false(rl_json_is(&plain, RL_SLICE("ab")) || rl_json_is(&escaped, RL_SLICE("ab")));
	assert_false(
		rl_json_is(&plain, RL_SLICE("abcd")) || rl_json_is(&escaped, RL_SLICE("abcd")));
	assert_false(rl_json_is(&plain, RL_SLICE("abd")) || rl_json_is(&escaped, RL_SLICE("abd")));
	assert_false(rl_json_is(&number, RL_SLICE("1")));
	assert_true(rl_json_is(&empty, rl_slice(NULL, 0)));
}

static void expect_i64(const char *text, int64_t want)
{
	struct rl_json value = must_read(text);
	int64_t n = want + (want < 0 ? 1 : -1);

	assert_true(rl_json_i64(&value, &n));
	assert_true(n == want);
}

static void expect_no_i64(const char *text)
{
	struct rl_json value = must_read(text);
	int64_t n;

	assert_false(rl_json_i64(&value, &n));
}

TEST(json, integers_that_fit_are_read)
{
	expect_i64("0", 0);
	expect_i64("-0", 0);
	expect_i64("-1", -1);
	expect_i64("12345", 12345);
	expect_i64("9223372036854775807", INT64_MAX);
	expect_i64("-9223372036854775808", INT64_MIN);
	expect_no_i64("9223372036854775808");
	expect_no_i64("-9223372036854775809");
	expect_no_i64("18446744073709551616");
	expect_no_i64("1.0");
	expect_no_i64("1e3");
	expect_no_i64("\"1\"");
	expect_no_i64("null");
}

static void expect_double(const char *text, double want)
{
	struct rl_json value = must_read(text);
	double d = want + 1;

	assert_true(rl_json_double(&value, &d));
	assert_memory_equal(&d, &want, sizeof(d));
}

TEST(json, doubles_are_the_nearest)
{
	expect_double("0", 0.0);
	expect_double("-0", -0.0);
	expect_double("-0.0e5", -0.0);
	expect_double("1", 1.0);
	expect_double("0.1", 0.1);
	expect_double("-12.5", -12.5);
	expect_double("100", 100.0);
	expect_double("0.00125", 0.00125);
	expect_double("1e23", 1e23);
	expect_double("1E+2", 100.0);
	expect_double("5e-324", 0x1p-1074);
	expect_double("2.5e-324", 0x1p-1074);
	expect_double("1e-400", 0.0);
	expect_double("1e-99999999999999999999", 0.0);
	expect_double("0e99999999999999999999", 0.0);
	expect_double("1.7976931348623157e308", DBL_MAX);
	expect_double("9007199254740993", 9007199254740992.0);
	expect_double(
		"9007199254740993.0000000000000000000000000000000000000001", 9007199254740994.0);
}

TEST(json, what_is_no_double_is_not_read)
{
	static const char *const texts[] = { "1e309", "-1e309", "1.8e308", "1e99999999999999999999",
		"\"1\"", "[1]" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct rl_json value = must_read(texts[i]);
		double d;
		assert_false(rl_json_double(&value, &d));
	}
}

/* 9007199254740993 is in the middle of two doubles; a digit far behind decides. */
TEST(json, long_numbers_are_rounded_by_their_last_digit)
{
	char text[3000];
	struct rl_json value;
	double d;

	memset(text, '0', sizeof(text));
	memcpy(text, "9007199254740993.", 17);
	assert_int_equal(rl_json_read(rl_slice(text, sizeof(text)), &value), 0);
	assert_true(rl_json_double(&value, &d) && d == 9007199254740992.0);
	text[sizeof(text) - 1] = '1';
	assert_int_equal(rl_json_read(rl_slice(text, sizeof(text)), &value), 0);
	assert_true(rl_json_double(&value, &d) && d == 9007199254740994.0);
	memset(text, '0', sizeof(text));
	text[1] = '.';
	memcpy(text + sizeof(text) - 6, "1e2993", 6);
	assert_int_equal(rl_json_read(rl_slice(text, sizeof(text)), &value), 0);
	assert_true(rl_json_double(&value, &d) && d == 1.0);
}

TEST(json, the_locale_does_not_matter_to_numbers)
{
	static const char *const commas[] = { "de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "C.UTF-8" };

	for (size_t i = 0; i < 4 && !setlocale(LC_NUMERIC, commas[i]); i++)
		;
	expect_double("1.5", 1.5);
	setlocale(LC_NUMERIC, "C");
}

static void expect_quoted(struct rl_slice text, unsigned escapes, const char *want)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_json_quote(&out, guarded(text), escapes), 0);
	test_expect_text(out.data, out.len, want);
	rl_buf_release(&out);
}

TEST(json, text_is_quoted_with_the_least_escapes)
{
	expect_quoted(RL_SLICE(""), 0, "\"\"");
	expect_quoted(rl_slice(NULL, 0), 0, "\"\"");
	expect_quoted(RL_SLICE("plain, and longer than a vector of bytes is"), 0,
		"\"plain, and longer than a vector of bytes is\"");
	expect_quoted(RL_SLICE("\"\\/\b\f\n\r\t"), 0, "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
	expect_quoted(RL_SLICE("\0\x01\x0b\x1f \x7f"), 0, "\"\\u0000\\u0001\\u000b\\u001f \x7f\"");
	expect_quoted(RL_SLICE("\xc3\xa9\xe2\x80\xa8\xed\x9f\xbf\xef\xbf\xbf\xf0\x9f\x98\x80<>"), 0,
		"\"\xc3\xa9\xe2\x80\xa8\xed\x9f\xbf\xef\xbf\xbf\xf0\x9f\x98\x80<>\"");
	expect_quoted(RL_SLICE("\xed\xa0\x80x\xed\xbf\xbf"), 0, "\"\\ud800x\\udfff\"");
}

TEST(json, more_is_escaped_where_it_is_asked_for)
{
	expect_quoted(RL_SLICE("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"),
		RL_JSON_ESCAPE_LINES, "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\"");
	expect_quoted(RL_SLICE("</script> 2 ><="), RL_JSON_ESCAPE_MARKUP,
		"\"\\u003c/script\\u003e 2 \\u003e\\u003c=\"");
	expect_quoted(RL_SLICE("and a long one </script> that takes a vector"),
		RL_JSON_ESCAPE_MARKUP,
		"\"and a long one \\u003c/script\\u003e that takes a vector\"");
	expect_quoted(RL_SLICE("\xf0\x9f\x98\x80\xef\xbf\xb0<"), RL_JSON_ESCAPE_SOCKJS,
		"\"\\ud83d\\ude00\\ufff0<\"");
	expect_quoted(RL_SLICE("<\xe2\x80\xa8\xef\xbf\xbf"),
		RL_JSON_ESCAPE_SOCKJS | RL_JSON_ESCAPE_MARKUP | RL_JSON_ESCAPE_LINES,
		"\"\\u003c\\u2028\\uffff\"");
}

TEST(json, quoting_appends)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_buf_append_str(&out, "a["), 0);
	assert_int_equal(rl_json_quote(&out, RL_SLICE("x\n"), 0), 0);
	assert_int_equal(rl_buf_append_str(&out, ","), 0);
	assert_int_equal(rl_json_quote(&out, RL_SLICE("y"), 0), 0);
	test_expect_text(out.data, out.len, "a[\"x\\n\",\"y\"");
	rl_buf_release(&out);
}

static void quote_and_unquote(void *arg)
{
	struct rl_slice text = *(struct rl_slice *)arg;
	struct rl_buf quoted, back;
	struct rl_json value;

	rl_buf_init(&quoted, test_env());
	rl_buf_init(&back, test_env());
	if (rl_buf_append_str(&quoted, "<") == 0) {
		int rc = rl_json_quote(&quoted, text, RL_JSON_ESCAPE_SOCKJS);
		if (rc == 0) {
			rl_buf_consume(&quoted, 1);
			assert_int_equal(rl_json_read(rl_buf_slice(&quoted), &value), 0);
			rc = rl_json_unquote(&value, &back);
			assert_int_equal(back.len, rc < 0 ? 0 : text.len);
			assert_memory_equal(back.data, text.data, back.len);
		} else {
			assert_int_equal(quoted.len, 1);
		}
		assert_true(rc == 0 || rc == RILL_ENOMEM);
	}
	rl_buf_release(&quoted);
	rl_buf_release(&back);
}

TEST(json, without_memory_nothing_is_written)
{
	uint8_t text[1000];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i % 128);
	struct rl_slice slice = rl_slice(text, sizeof(text));
	test_each_failing_allocation(quote_and_unquote, &slice);
}

/* n bytes of text that has everything in it. */
static void fill(uint8_t *text, size_t n, uint32_t seed)
{
	static const char *const pieces[] = { "a", "plain text ", "\"", "\\", "\n", "\x01", "<",
		">", " ", "\x7f", "\xc3\xa9", "\xe2\x82\xac", "\xe2\x80\xa8", "\xee\x80\x80",
		"\xef\xbf\xbe", "\xf0\x9f\x98\x80", "\xd0\x94\xd0\xb0", "\xe6\xbc\xa2" };
	size_t at = 0;

	memset(text, '.', n);
	for (;;) {
		seed = seed * 1664525 + 1013904223;
		const char *piece = pieces[(seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))];
		if (strlen(piece) > n - at)
			return;
		memcpy(text + at, piece, strlen(piece));
		at += strlen(piece);
	}
}

TEST(json, whatever_is_quoted_says_the_same)
{
	uint8_t text[200];

	for (uint32_t seed = 0; seed < 2000; seed++) {
		struct rl_slice slice = rl_slice(text, seed % sizeof(text));
		fill(text, slice.len, seed);
		quote_and_unquote(&slice);
	}
}

static size_t naive_run(struct rl_slice s, bool *high)
{
	size_t n = 0;

	for (; n < s.len && s.data[n] >= 0x20 && s.data[n] != '"' && s.data[n] != '\\'; n++)
		*high |= s.data[n] >= 0x80;
	return n;
}

static size_t naive_copy_run(struct rl_slice s, bool markup)
{
	size_t n = 0;

	for (; n < s.len; n++) {
		uint8_t c = s.data[n];
		if (c < 0x20 || c == '"' || c == '\\' || c == 0xe2 || c >= 0xed)
			break;
		if (markup && (c == '<' || c == '>'))
			break;
	}
	return n;
}

static void expect_copied(struct rl_slice s, uint8_t markup)
{
	static uint8_t word[64], vector[64];
	size_t run = naive_copy_run(s, markup);

	memset(word, 0xaa, sizeof(word));
	memset(vector, 0xaa, sizeof(vector));
	assert_int_equal(rl_json_copy_run_plain(word, s.data, s.len, markup), run);
	assert_int_equal(rl_json_copy_run(vector, s.data, s.len, markup), run);
	assert_memory_equal(word, s.data, run);
	assert_memory_equal(vector, s.data, run);
	assert_int_equal(word[s.len], 0xaa);
	assert_int_equal(vector[s.len], 0xaa);
}

static void expect_runs(struct rl_slice s)
{
	bool want = false, word = false, vector = false;
	size_t run = naive_run(s, &want);

	assert_int_equal(rl_json_run_plain(s.data, s.len, &word), run);
	assert_int_equal(rl_json_run(s.data, s.len, &vector), run);
	assert_int_equal(word, want);
	assert_int_equal(vector, want);
	expect_copied(s, 0);
	expect_copied(s, '<');
}

/* The first len bytes of text, ending at the unreadable page that end is the begin of. */
static void expect_runs_at(uint8_t *end, const uint8_t *text, size_t len)
{
	memcpy(end - len, text, len);
	expect_runs(rl_slice(end - len, len));
}

TEST(json, words_and_vectors_find_what_bytes_find)
{
	uint8_t text[40], *end = test_guarded(NULL, sizeof(text)) + sizeof(text);

	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < sizeof(text); at++) {
			memset(text, 'x', sizeof(text));
			text[at] = (uint8_t)c;
			expect_runs_at(end, text, sizeof(text));
			text[sizeof(text) - 1 - at / 2] = 0xc3;
			expect_runs_at(end, text, at + 1);
		}
	uint32_t seed = 1;
	for (size_t i = 0; i < 20000; i++) {
		for (size_t k = 0; k < sizeof(text); k++) {
			seed = seed * 1664525 + 1013904223;
			text[k] = (uint8_t)(seed >> 24);
			if (seed >> 8 & 3)
				text[k] = (uint8_t)(0x20 + text[k] % 0x40);
		}
		expect_runs_at(end, text, i % (sizeof(text) + 1));
	}
}

static bool wtf8(const char *hex)
{
	uint8_t bytes[64];
	size_t n = test_unhex(hex, bytes, sizeof(bytes));

	return rl_wtf8_valid(test_guarded(bytes, n), n);
}

TEST(json, wtf8_is_utf8_with_halves_that_are_alone)
{
	assert_true(wtf8("") && wtf8("61 c3a9 f09f9880"));
	assert_true(wtf8("eda080") && wtf8("edbfbf") && wtf8("61 edb080 62"));
	assert_true(wtf8("edb080 eda080")); /* in the wrong order they are no pair */
	assert_true(wtf8("eda080 eda080") && wtf8("eda080 61 edb080") && wtf8("eda080 f0908080"));
	assert_true(wtf8("ed9fbf eda080 c3a9 edafbf"));
	assert_false(wtf8("eda080 edb080"));
	assert_false(wtf8("edafbf edbfbf") || wtf8("edb080 eda080 edb080"));
	assert_false(wtf8("eda0") || wtf8("ed") || wtf8("eda080 ed") || wtf8("eda041"));
	assert_false(wtf8("c3 eda080") || wtf8("eda080 80") || wtf8("e282 eda080") || wtf8("ff"));
	assert_false(wtf8("c080") || wtf8("f4908080") || wtf8("eda080 c3"));
}

static void expect_steps(const char *text, const char *want)
{
	struct rl_json value = must_read(text), piece;
	struct rl_slice rest = guarded(value.text);
	enum rl_json_step step;
	struct rl_buf said;

	rl_buf_init(&said, test_env());
	while ((step = rl_json_step(&rest, &piece)) != RL_JSON_END) {
		uint8_t c = piece.text.data[0];
		assert_int_equal(step == RL_JSON_OPEN, c == '[' || c == '{');
		assert_int_equal(step == RL_JSON_CLOSE, c == ']' || c == '}');
		if (step != RL_JSON_SCALAR)
			assert_int_equal(piece.type,
				c == '[' || c == ']' ? RL_JSON_ARRAY : RL_JSON_OBJECT);
		assert_int_equal(rl_buf_append_slice(&said, piece.text), 0);
		assert_int_equal(rl_buf_append_str(&said, " "), 0);
	}
	assert_int_equal(rl_json_step(&rest, &piece), RL_JSON_END);
	test_expect_text(said.data, said.len, want);
	rl_buf_release(&said);
}

TEST(json, a_value_is_gone_through_piece_by_piece)
{
	expect_steps("1", "1 ");
	expect_steps("\"a,:\\\"\"", "\"a,:\\\"\" ");
	expect_steps("[]", "[ ] ");
	expect_steps(" [ 1 , [ ] , { } , null ] ", "[ 1 [ ] { } null ] ");
	expect_steps("{\"a\":{\"b\":[true,-1.5e3]},\"\":\"]\"}",
		"{ \"a\" { \"b\" [ true -1.5e3 ] } \"\" \"]\" } ");
}

/* Whatever it takes for a lone string is an array of that one string. */
static void expect_lone(const char *text, size_t len, bool lone)
{
	struct rl_slice whole = rl_slice(test_guarded(text, len), len);
	struct rl_json item, array, only;

	assert_int_equal(rl_json_lone_string(whole, &item), lone);
	if (!lone)
		return;
	assert_int_equal(rl_json_read(whole, &array), 0);
	struct rl_slice rest = array.text;
	assert_int_equal(rl_json_item(&rest, &only), 1);
	assert_int_equal(item.type, only.type);
	assert_int_equal(item.plain, only.plain);
	assert_ptr_equal(item.text.data, only.text.data);
	assert_int_equal(item.text.len, only.text.len);
	assert_int_equal(rl_json_item(&rest, &only), 0);
}

TEST(json, an_array_of_one_plain_string_is_known_at_a_glance)
{
	static const char *const lone[] = { "[\"\"]", "[\"a\"]", "[\"twenty letters or more, said plainly\"]",
		"[\"gr\xc3\xbc\xc3\x9f\x65\"]", "[\"],[\"]" };
	static const char *const others[] = { "", "[", "[]", "[\"]", "\"a\"", "[\"a\",\"b\"]", "[ \"a\"]",
		"[\"a\"] ", "[\"a\\n\"]", "[\"\\\"]", "[\"a\x01\"]", "[\"\xff\"]", "[\"\xed\xa0\x80\"]", "[1]" };

	for (size_t i = 0; i < sizeof(lone) / sizeof(*lone); i++)
		expect_lone(lone[i], strlen(lone[i]), true);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		expect_lone(others[i], strlen(others[i]), false);
}
