/* json_writer_test.c: tests of src/proto/json_writer.c. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <rill/error.h>
#include "proto/json.h"
#include "support/support.h"

static void begin(rill_json_writer *w)
{
	rill_json_begin(w);
	w->memory = &test_env()->memory;
}

static void end(rill_json_writer *w, const char *want)
{
	struct rl_json again;
	rill_json value = rill_json_end(w);

	assert_int_equal(w->rc, 0);
	test_expect_text(w->data, w->len, want);
	assert_int_equal(w->data[w->len], 0);
	assert_ptr_equal(value.data, w->data);
	assert_int_equal(value.len, w->len);
	assert_int_equal(rl_json_read(rl_slice(value.data, value.len), &again), 0);
	if (value.type != RILL_JSON_BYTES)
		assert_int_equal(value.type, rl_json_public(&again, NULL, 0).type);
	rill_json_free(w);
	assert_null(w->data);
}

static void end_with(rill_json_writer *w, int rc)
{
	assert_int_equal(rill_json_end(w).type, RILL_JSON_NONE);
	assert_int_equal(w->rc, rc);
	rill_json_free(w);
}

TEST(json_writer, commas_quotes_and_brackets_are_where_they_must)
{
	rill_json_writer w;

	begin(&w);
	rill_json_open(&w, '{');
	rill_json_name(&w, "user");
	rill_json_put_text(&w, "Ann \"A\"\n");
	rill_json_name(&w, "n\xc3\xa9");
	rill_json_open(&w, '[');
	rill_json_put_int(&w, 1);
	rill_json_put_null(&w);
	rill_json_open(&w, '[');
	rill_json_close(&w);
	rill_json_open(&w, '{');
	rill_json_close(&w);
	rill_json_put_bool(&w, true);
	rill_json_put_bool(&w, false);
	rill_json_close(&w);
	rill_json_name(&w, "");
	rill_json_put_number(&w, -0.25);
	rill_json_close(&w);
	end(&w, "{\"user\":\"Ann "
		"\\\"A\\\"\\n\",\"n\xc3\xa9\":[1,null,[],{},true,false],\"\":-0.25}");
}

TEST(json_writer, a_value_may_stand_alone)
{
	rill_json_writer w;

	begin(&w);
	rill_json_put_text(&w, NULL);
	end(&w, "null");
	rill_json_put_string(&w, "a\0b", 3);
	end(&w, "\"a\\u0000b\"");
	rill_json_put_string(&w, NULL, 0);
	end(&w, "\"\"");
	rill_json_put_bool(&w, true);
	end(&w, "true");
}

static void expect_int(int64_t value, const char *want)
{
	rill_json_writer w;

	begin(&w);
	rill_json_put_int(&w, value);
	end(&w, want);
}

TEST(json_writer, integers_have_all_their_digits)
{
	expect_int(0, "0");
	expect_int(-1, "-1");
	expect_int(INT64_MAX, "9223372036854775807");
	expect_int(INT64_MIN, "-9223372036854775808");
}

static void expect_number(double value, const char *want)
{
	rill_json_writer w;

	begin(&w);
	rill_json_put_number(&w, value);
	end(&w, want);
}

TEST(json_writer, what_is_no_number_is_null)
{
	expect_number(1.5, "1.5");
	expect_number((double)NAN, "null");
	expect_number((double)INFINITY, "null");
	expect_number(-(double)INFINITY, "null");
}

TEST(json_writer, lone_surrogates_survive)
{
	rill_json_writer w;

	begin(&w);
	rill_json_put_string(&w, "\xed\xa0\x80", 3);
	end(&w, "\"\\ud800\"");
}

TEST(json_writer, what_is_no_utf8_fails)
{
	rill_json_writer w;

	begin(&w);
	rill_json_put_text(&w, "\xff");
	end_with(&w, RILL_EUTF8);
	rill_json_open(&w, '{');
	rill_json_name(&w, "\xc3");
	end_with(&w, RILL_EUTF8);
}

/* Letters are calls: { [ } (for both) n: a name, v: a value, x: a bracket that is none. */
static void write_shape(rill_json_writer *w, const char *shape)
{
	begin(w);
	for (; *shape; shape++) {
		if (*shape == 'n')
			rill_json_name(w, "n");
		else if (*shape == 'v')
			rill_json_put_int(w, 1);
		else if (*shape == '}')
			rill_json_close(w);
		else
			rill_json_open(w, *shape);
	}
}

TEST(json_writer, what_cannot_stand_there_fails)
{
	static const char *const shapes[] = { "", "[", "{", "{n", "{nv", "n", "}", "vv", "v[", "v}",
		"[}}", "[}v", "[}[", "[n", "[n}", "[vn", "{v", "{nn", "{nvv", "{n}", "{nvn}", "{[",
		"{{", "{n[n", "[{v", "x", "[]", "{n[nv}}", "[[}" };
	static const char *const whole[] = { "v", "[}", "{}", "{nv}", "{n{}}", "{n[v{nv}v}nv}",
		"[[}{}v}" };
	rill_json_writer w;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		write_shape(&w, shapes[i]);
		end_with(&w, RILL_EINVAL);
	}
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		write_shape(&w, whole[i]);
		assert_int_not_equal(rill_json_end(&w).type, RILL_JSON_NONE);
		rill_json_free(&w);
	}
}

TEST(json_writer, behind_the_first_failure_nothing_is_done)
{
	rill_json_writer w;

	begin(&w);
	rill_json_open(&w, '[');
	rill_json_put_text(&w, "\xff");
	rill_json_name(&w, "n");
	rill_json_put_int(&w, 1);
	rill_json_put_bytes(&w, "x", 1);
	rill_json_open(&w, '?');
	rill_json_close(&w);
	rill_json_close(&w);
	rill_json_name_of(&w, rill_json_end(&w));
	end_with(&w, RILL_EUTF8);
}

TEST(json_writer, it_writes_as_deep_as_readers_read)
{
	rill_json_writer w;
	rill_json value;

	begin(&w);
	for (int i = 0; i < 1024; i++) {
		rill_json_open(&w, i % 3 ? '[' : '{');
		if (i % 3 == 0)
			rill_json_name(&w, "");
	}
	rill_json_put_int(&w, 1);
	for (int i = 0; i < 1024; i++)
		rill_json_close(&w);
	value = rill_json_end(&w);
	assert_int_equal(rill_json_read(&value, w.data, w.len), 0);
	rill_json_free(&w);
	for (int i = 0; i < 1025; i++)
		rill_json_open(&w, '[');
	end_with(&w, RILL_ETOOBIG);
}

TEST(json_writer, values_and_names_are_put_as_they_stand)
{
	static const char text[] = "{\"\\u0061\": [1e0,\"\\/\"] ,\"b\":null}";
	rill_json_writer w;
	rill_json rest, name, value;

	assert_int_equal(rill_json_read(&rest, text, strlen(text)), 0);
	begin(&w);
	rill_json_open(&w, '{');
	while (rill_json_next(&rest, &name, &value)) {
		rill_json_name_of(&w, name);
		rill_json_put(&w, value);
	}
	rill_json_name(&w, "none");
	rill_json_put(&w, rill_json_get(rest, "missing"));
	rill_json_close(&w);
	end(&w, "{\"\\u0061\":[1e0,\"\\/\"],\"b\":null,\"none\":null}");
	rill_json_open(&w, '{');
	rill_json_name_of(&w, value);
	end_with(&w, RILL_EINVAL);
}

#define PLACE(num) "{\"_placeholder\":true,\"num\":" #num "}"

static void expect_bytes(rill_json value, const char *want)
{
	assert_int_equal(value.type, RILL_JSON_BYTES);
	test_expect_text(rill_json_bytes(value).data, rill_json_bytes(value).len, want);
}

TEST(json_writer, bytes_are_copied_and_stand_beside_the_text)
{
	char bytes[] = "one";
	rill_json_writer w;
	rill_json value;

	begin(&w);
	rill_json_open(&w, '[');
	rill_json_put_bytes(&w, bytes, 3);
	bytes[0] = 'x';
	rill_json_open(&w, '{');
	rill_json_name(&w, "b");
	rill_json_put_bytes(&w, NULL, 0);
	rill_json_close(&w);
	rill_json_put_bytes(&w, "three", 5);
	rill_json_close(&w);
	value = rill_json_end(&w);
	assert_int_equal(value.attached_count, 3);
	expect_bytes(rill_json_at(value, 0), "one");
	expect_bytes(rill_json_get(rill_json_at(value, 1), "b"), "");
	expect_bytes(rill_json_at(value, 2), "three");
	end(&w, "[" PLACE(0) ",{\"b\":" PLACE(1) "}," PLACE(2) "]");
	rill_json_put_bytes(&w, "alone", 5);
	expect_bytes(rill_json_end(&w), "alone");
	end(&w, PLACE(0));
}

static rill_json with_attached(const char *text, const rill_bytes *attached, uint32_t count)
{
	struct rl_json value;

	assert_int_equal(rl_json_read(rl_slice_str(text), &value), 0);
	return rl_json_public(&value, attached, count);
}

static const rill_bytes three[] = { { "a", 1 }, { "bb", 2 }, { "ccc", 3 } };

TEST(json_writer, a_value_brings_the_bytes_it_speaks_of_each_once)
{
	rill_json args = with_attached(
		"[" PLACE(0) ",[" PLACE(2) ", " PLACE(1) "," PLACE(2) "]]", three, 3);
	rill_json_writer w;
	rill_json value;

	begin(&w);
	rill_json_open(&w, '[');
	rill_json_put_bytes(&w, "mine", 4);
	rill_json_put(&w, rill_json_at(args, 1));
	rill_json_put(&w, rill_json_at(args, 0));
	rill_json_close(&w);
	value = rill_json_end(&w);
	assert_int_equal(value.attached_count, 4);
	expect_bytes(rill_json_at(rill_json_at(value, 1), 0), "ccc");
	expect_bytes(rill_json_at(rill_json_at(value, 1), 1), "bb");
	expect_bytes(rill_json_at(rill_json_at(value, 1), 2), "ccc");
	expect_bytes(rill_json_at(value, 2), "a");
	end(&w, "[" PLACE(0) ",[" PLACE(1) ", " PLACE(2) "," PLACE(1) "]," PLACE(3) "]");
}

TEST(json_writer, what_only_looks_like_bytes_becomes_null)
{
	rill_json_writer w;

	begin(&w);
	rill_json_open(&w, '[');
	rill_json_put_bytes(&w, "secret", 6);
	rill_json_put(&w, with_attached("[" PLACE(0) ",{\"x\":" PLACE(7) "}]", NULL, 0));
	rill_json_put(&w, with_attached("{\"\\u005fplaceholder\":true,\"num\":0}", NULL, 0));
	rill_json_put(
		&w, with_attached("[" PLACE(3) "," PLACE("0") ",{\"_placeholder\":1}]", three, 3));
	rill_json_close(&w);
	end(&w, "[" PLACE(0) ",[null,{\"x\":null}],null,[null,null,{\"_placeholder\":1}]]");
}

/* Everything, and it has to fail as a whole or not at all. */
static void write_all(void *arg)
{
	rill_json args = with_attached("[" PLACE(2) "," PLACE(1) "]", three, 3);
	rill_json_writer w;

	(void)arg;
	begin(&w);
	rill_json_open(&w, '{');
	rill_json_name(
		&w, "a name that is longer than the memory a buffer takes at first does reach");
	rill_json_put_bytes(&w, "mine", 4);
	rill_json_name(&w, "b");
	rill_json_put(&w, args);
	rill_json_name(&w, "c");
	rill_json_put_text(
		&w, "a text that is longer than the memory a buffer takes at first does reach");
	rill_json_name(&w, "d");
	rill_json_put_number(&w, 0.1);
	rill_json_close(&w);
	rill_json value = rill_json_end(&w);
	if (test_allocation_failed()) {
		assert_int_equal(w.rc, RILL_ENOMEM);
		assert_null(w.data);
		assert_int_equal(value.type, RILL_JSON_NONE);
	} else {
		assert_int_equal(w.rc, 0);
		assert_int_equal(value.attached_count, 3);
	}
	rill_json_free(&w);
}

TEST(json_writer, without_memory_it_fails_once_and_for_all)
{
	test_each_failing_allocation(write_all, NULL);
}

TEST(json_writer, memory_is_mallocs_where_nothing_else_is_said)
{
	rill_json_writer w;

	rill_json_begin(&w);
	rill_json_put_int(&w, 7);
	assert_int_equal(test_allocations(), 0);
	end(&w, "7");
}
