/* json_test.c: tests of src/proto/json.c. */
#include <float.h>
#include <stdio.h>
#include <rill/error.h>
#include "proto/json.h"
#include "support/support.h"

static rill_json must_read(const char *text)
{
	rill_json value;

	if (rill_json_read(&value, test_guarded(text, strlen(text)), strlen(text)) != 0)
		fail_msg("refused: %s", text);
	return value;
}

static void expect_is(rill_json value, rill_json_type type, const char *text)
{
	assert_int_equal(value.type, type);
	test_expect_text(value.data, value.len, text);
}

static void expect_none(rill_json value)
{
	assert_int_equal(value.type, RILL_JSON_NONE);
	assert_null(value.data);
	assert_int_equal(value.len, 0);
}

TEST(json, a_text_is_one_value_of_a_type)
{
	expect_is(must_read(" null "), RILL_JSON_NULL, "null");
	expect_is(must_read("false"), RILL_JSON_FALSE, "false");
	expect_is(must_read("true"), RILL_JSON_TRUE, "true");
	expect_is(must_read("-1.5"), RILL_JSON_NUMBER, "-1.5");
	expect_is(must_read("\"a\""), RILL_JSON_STRING, "\"a\"");
	expect_is(must_read("[1, 2]"), RILL_JSON_ARRAY, "[1, 2]");
	expect_is(must_read("{\"a\":1}\n"), RILL_JSON_OBJECT, "{\"a\":1}");
}

TEST(json, what_is_no_json_reads_as_none)
{
	rill_json value = must_read("1");
	char deep[1025];

	assert_int_equal(rill_json_read(&value, "[1,]", 4), RILL_EPROTO);
	expect_none(value);
	assert_int_equal(rill_json_read(&value, NULL, 0), RILL_EPROTO);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(rill_json_read(&value, deep, sizeof(deep)), RILL_ETOOBIG);
	expect_none(value);
}

TEST(json, items_are_found_by_place_and_members_by_name)
{
	rill_json array = must_read("[1, \"two\", [3], {\"four\":4}]");
	rill_json object = must_read("{\"a\":1,\"b\":{\"c\":[true]},\"a\":2,\"\\u0064\":null}");

	expect_is(rill_json_at(array, 0), RILL_JSON_NUMBER, "1");
	expect_is(rill_json_at(array, 1), RILL_JSON_STRING, "\"two\"");
	expect_is(rill_json_at(rill_json_at(array, 2), 0), RILL_JSON_NUMBER, "3");
	expect_is(rill_json_get(rill_json_at(array, 3), "four"), RILL_JSON_NUMBER, "4");
	expect_is(rill_json_get(object, "a"), RILL_JSON_NUMBER, "2");
	expect_is(rill_json_at(rill_json_get(rill_json_get(object, "b"), "c"), 0), RILL_JSON_TRUE,
		"true");
	expect_is(rill_json_get(object, "d"), RILL_JSON_NULL, "null");
	assert_int_equal(rill_json_count(array), 4);
	assert_int_equal(rill_json_count(object), 4);
	assert_int_equal(rill_json_count(must_read("[]")), 0);
	assert_int_equal(rill_json_count(must_read("{ }")), 0);
}

/* Each reader of a value that it does not fit. */
static void expect_fallbacks(rill_json value)
{
	rill_json rest = value, name, item;
	char text[4] = "abc";

	expect_none(rill_json_at(value, 0));
	expect_none(rill_json_at(value, SIZE_MAX));
	expect_none(rill_json_get(value, "a"));
	expect_none(rill_json_at(rill_json_get(rill_json_at(value, 0), "b"), 7));
	assert_int_equal(rill_json_count(value), 0);
	assert_false(rill_json_next(&rest, &name, &item));
	assert_false(rill_json_next(&rest, NULL, &item));
	expect_none(name);
	expect_none(item);
	if (value.type == RILL_JSON_NUMBER)
		return;
	assert_int_equal(rill_json_int(value, -7), -7);
	assert_true(rill_json_number(value, -0.5) == -0.5);
	if (value.type == RILL_JSON_STRING)
		return;
	assert_false(rill_json_is(value, ""));
	assert_int_equal(rill_json_text(value, text, sizeof(text)), RILL_EINVAL);
	test_expect_text(text, strlen(text), "");
	assert_null(rill_json_bytes(value).data);
	if (value.type == RILL_JSON_TRUE || value.type == RILL_JSON_FALSE)
		return;
	assert_true(rill_json_bool(value, true));
	assert_false(rill_json_bool(value, false));
}

TEST(json, whatever_is_missing_or_of_another_type_reads_as_none_and_as_the_fallback)
{
	static const char *const texts[] = { "null", "true", "false", "7", "\"text\"", "[]", "{}" };
	rill_json none = { NULL, 0, RILL_JSON_NONE, 0, NULL };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_fallbacks(must_read(texts[i]));
	expect_fallbacks(none);
	expect_fallbacks(rill_json_get(must_read("[{}]"), "a"));
	expect_none(rill_json_get(must_read("[1]"), "0"));
	expect_none(rill_json_at(must_read("{\"a\":1}"), 0));
	expect_none(rill_json_at(must_read("[1]"), 1));
}

TEST(json, arrays_and_objects_are_walked)
{
	rill_json rest = must_read("[ 1 , [2] , \"]\" ]"), name, value;

	assert_true(rill_json_next(&rest, NULL, &value));
	expect_is(value, RILL_JSON_NUMBER, "1");
	assert_true(rill_json_next(&rest, &name, &value));
	expect_none(name);
	expect_is(value, RILL_JSON_ARRAY, "[2]");
	assert_true(rill_json_next(&rest, NULL, &value));
	expect_is(value, RILL_JSON_STRING, "\"]\"");
	assert_false(rill_json_next(&rest, &name, &value));
	expect_none(value);
	assert_false(rill_json_next(&rest, &name, &value));
	rest = must_read("{ \"a\" : { } , \"\" : -1 }");
	assert_true(rill_json_next(&rest, &name, &value));
	expect_is(name, RILL_JSON_STRING, "\"a\"");
	expect_is(value, RILL_JSON_OBJECT, "{ }");
	assert_true(rill_json_next(&rest, NULL, &value));
	expect_is(value, RILL_JSON_NUMBER, "-1");
	assert_false(rill_json_next(&rest, &name, &value));
	expect_none(name);
}

TEST(json, truth_is_true_or_false)
{
	assert_true(rill_json_bool(must_read("true"), false));
	assert_false(rill_json_bool(must_read("false"), true));
	assert_true(rill_json_bool(must_read("0"), true));
}

static void expect_int(const char *text, int64_t want)
{
	assert_int_equal(rill_json_int(must_read(text), ~want), want);
}

static void expect_no_int(const char *text)
{
	rill_json number = must_read(text);

	assert_int_equal(rill_json_int(number, 1234), 1234);
	assert_int_equal(rill_json_int(number, -1), -1);
}

TEST(json, integers_have_64_bits_and_whole_numbers_of_other_forms_53)
{
	expect_int("0", 0);
	expect_int("-0", 0);
	expect_int("-17", -17);
	expect_int("9223372036854775807", INT64_MAX);
	assert_int_equal(rill_json_int(must_read("-9223372036854775808"), 0), INT64_MIN);
	expect_int("5.0", 5);
	expect_int("1e3", 1000);
	expect_int("-250e-1", -25);
	expect_int("9007199254740992.0", 9007199254740992);
	expect_no_int("9223372036854775808");
	expect_no_int("-9223372036854775809");
	expect_no_int("9007199254740994.0");
	expect_no_int("1e300");
	expect_no_int("1e999");
	expect_no_int("-1e999");
	expect_no_int("0.5");
	expect_no_int("-2.5");
}

TEST(json, numbers_are_the_nearest_double)
{
	assert_true(rill_json_number(must_read("-0.25"), 1) == -0.25);
	assert_true(rill_json_number(must_read("1e21"), 1) == 1e21);
	assert_true(rill_json_number(must_read("7"), 1) == 7);
	assert_true(rill_json_number(must_read("1.7976931348623157e308"), 1) == DBL_MAX);
	assert_true(rill_json_number(must_read("1e309"), -1) == -1);
}

TEST(json, strings_are_compared_by_what_they_say)
{
	assert_true(rill_json_is(must_read("\"join\""), "join"));
	assert_true(rill_json_is(must_read("\"\\u006a\\u00e9\""), "j\xc3\xa9"));
	assert_true(rill_json_is(must_read("\"\""), ""));
	assert_false(rill_json_is(must_read("\"join\""), "joi"));
	assert_false(rill_json_is(must_read("\"join\""), "joins"));
	assert_false(rill_json_is(must_read("\"a\\u0000\""), "a"));
}

static void expect_text(const char *json, size_t room, int64_t rc, const char *hex)
{
	char *text = (char *)test_guarded(NULL, room);

	memset(text, 'x', room);
	assert_int_equal(rill_json_text(must_read(json), text, room), rc);
	if (room)
		test_expect_hex(text, (size_t)(rc < 0 ? 0 : rc) + 1, hex);
}

TEST(json, the_text_of_a_string_has_a_nul_behind_it)
{
	expect_text("\"abc\"", 4, 3, "616263 00");
	expect_text("\"abc\"", 100, 3, "616263 00");
	expect_text("\"\"", 1, 0, "00");
	expect_text("\"\\n\\u00e9\"", 4, 3, "0a c3a9 00");
	expect_text("\"\\ud83d\\ude00\"", 5, 4, "f09f9880 00");
	expect_text("\"\\ud800\"", 4, 3, "eda080 00");
	expect_text("\"a\\u0000b\"", 4, 3, "61 00 62 00");
}

TEST(json, a_text_that_has_no_room_is_empty)
{
	expect_text("\"abc\"", 3, RILL_ETOOBIG, "00");
	expect_text("\"abc\"", 1, RILL_ETOOBIG, "00");
	expect_text("\"abc\"", 0, RILL_ETOOBIG, "");
	expect_text("\"\"", 0, RILL_ETOOBIG, "");
	expect_text("7", 1, RILL_EINVAL, "00");
	expect_text("7", 0, RILL_EINVAL, "");
}

#define PLACE(num) "{\"_placeholder\":true,\"num\":" #num "}"

static rill_json with_attached(const char *text, const rill_bytes *attached, uint32_t count)
{
	struct rl_json value;

	assert_int_equal(rl_json_read(rl_slice_str(text), &value), 0);
	return rl_json_public(&value, attached, count);
}

TEST(json, placeholders_are_bytes_where_something_is_attached)
{
	static const rill_bytes attached[] = { { "one", 3 }, { "", 0 } };
	rill_json args = with_attached(
		"[" PLACE(1) ",{\"deep\":[" PLACE(0) "]}," PLACE(2) ",{}]", attached, 2);
	rill_json deep = rill_json_at(rill_json_get(rill_json_at(args, 1), "deep"), 0);
	rill_json rest = args, value;

	expect_is(deep, RILL_JSON_BYTES, PLACE(0));
	test_expect_text(rill_json_bytes(deep).data, rill_json_bytes(deep).len, "one");
	assert_int_equal(rill_json_at(args, 0).type, RILL_JSON_BYTES);
	assert_non_null(rill_json_bytes(rill_json_at(args, 0)).data);
	assert_int_equal(rill_json_bytes(rill_json_at(args, 0)).len, 0);
	expect_is(rill_json_at(args, 2), RILL_JSON_OBJECT, PLACE(2));
	assert_null(rill_json_bytes(rill_json_at(args, 2)).data);
	assert_true(rill_json_next(&rest, NULL, &value));
	assert_int_equal(value.type, RILL_JSON_BYTES);
	expect_fallbacks(with_attached("{}", attached, 2));
	expect_none(rill_json_get(deep, "num"));
	assert_int_equal(rill_json_count(deep), 0);
	assert_false(rill_json_next(&deep, NULL, &value));
}

TEST(json, placeholders_are_objects_where_nothing_is_attached)
{
	rill_json value = must_read(PLACE(0));

	assert_int_equal(value.type, RILL_JSON_OBJECT);
	assert_null(rill_json_bytes(value).data);
	assert_int_equal(rill_json_int(rill_json_get(value, "num"), -1), 0);
}

TEST(json, values_go_to_the_library_and_come_back)
{
	static const char *const texts[] = { "null", "true", "false", "7", "\"a\"", "\"\\n\"", "[]",
		"{}" };
	rill_json none = { NULL, 0, RILL_JSON_NONE, 0, NULL };
	struct rl_json in, want;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		rill_json value = must_read(texts[i]);
		assert_true(rl_json_private(value, &in));
		assert_int_equal(rl_json_read(rl_slice_str(texts[i]), &want), 0);
		assert_int_equal(in.type, want.type);
		assert_int_equal(in.plain, want.plain);
		assert_int_equal(rl_json_public(&in, NULL, 0).type, value.type);
	}
	assert_false(rl_json_private(none, &in));
}
