#include <stdio.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/ws_extension.h"

/* The list as it was read: "name(param=value,param)" for each extension, "!" for an error. */
static void read_list(struct rl_slice header, char *text)
{
	struct rl_ws_extension extension;
	struct rl_ws_param param;
	int rc;

	*text = 0;
	while ((rc = rl_ws_next_extension(&header, &extension)) > 0) {
		text += sprintf(
			text, "%.*s(", (int)extension.name.len, (const char *)extension.name.data);
		while (rl_ws_next_param(&extension, &param)) {
			uint8_t room[64];
			struct rl_slice value;
			text += sprintf(
				text, "%.*s", (int)param.name.len, (const char *)param.name.data);
			assert_true(rl_ws_param_value(&param, room, sizeof(room), &value));
			if (param.has_value)
				text += sprintf(
					text, "=%.*s", (int)value.len, (const char *)value.data);
			text += sprintf(text, ",");
		}
		text += sprintf(text, ")");
	}
	if (rc < 0)
		strcpy(text, "!");
}

static void expect(const char *header, const char *list)
{
	char text[512];
	size_t n = strlen(header);
	read_list(rl_slice(test_guarded(header, n), n), text);
	assert_string_equal(text, list);
}

static void expect_refused(const char *header)
{
	size_t n = strlen(header);
	assert_int_equal(rl_ws_check_extensions(rl_slice(test_guarded(header, n), n)), RILL_EPROTO);
}

TEST(ws_extension, a_list_comes_back_in_its_order)
{
	expect("foo", "foo()");
	expect("foo, bar;a; b=1 ,baz", "foo()bar(a,b=1,)baz()");
	expect("permessage-deflate; client_max_window_bits", "permessage-deflate("
							     "client_max_window_bits,)");
}

TEST(ws_extension, blanks_may_stand_around_every_separator)
{
	expect(" \tfoo \t;\t a \t=\t 1 \t,\t bar ", "foo(a=1,)bar()");
}

TEST(ws_extension, an_empty_header_is_an_empty_list)
{
	expect("", "");
	expect(" \t", "");
}

TEST(ws_extension, empty_elements_are_skipped)
{
	expect(",foo,, ,bar, ", "foo()bar()");
	expect(",", "");
}

TEST(ws_extension, a_repeated_parameter_is_shown_each_time)
{
	expect("foo; a=1; a=2", "foo(a=1,a=2,)");
}

TEST(ws_extension, a_quoted_value_is_the_token_in_it)
{
	expect("foo; a=\"10\"", "foo(a=10,)");
	expect("foo; a=\"1\\0\"; b", "foo(a=10,b,)");
}

TEST(ws_extension, a_quoted_value_that_is_no_token_breaks_the_grammar)
{
	expect_refused("foo; a=\"\"");
	expect_refused("foo; a=\"1 0\"");
	expect_refused("foo; a=\"1,0\"");
	expect_refused("foo; a=\"1\\,0\"");
	expect_refused("foo; a=\"10");
	expect_refused("foo; a=\"10\\");
	expect_refused("foo; a=\"10\\\"");
	expect_refused("foo; a=\"10\"1");
}

TEST(ws_extension, what_is_no_token_breaks_the_grammar)
{
	expect_refused("foo bar");
	expect_refused("foo;");
	expect_refused("foo;;a");
	expect_refused("foo; a=");
	expect_refused("foo; =1");
	expect_refused("foo; a=1 2");
	expect_refused("foo; a b");
	expect_refused("foo=1");
	expect_refused(";a");
	expect_refused("\"foo\"");
	expect_refused("foo, b\x01r");
	expect_refused("foo, \xc3\xa9");
	expect_refused("foo, bar;");
	expect_refused("foo; a=1=2");
	expect_refused("foo; a\\");
}

TEST(ws_extension, a_value_that_does_not_fit_is_refused)
{
	struct rl_slice header = RL_SLICE("foo; a=\"1\\00\"; b=100");
	struct rl_ws_extension extension;
	struct rl_ws_param param;
	uint8_t room[2];
	struct rl_slice value;

	assert_int_equal(rl_ws_next_extension(&header, &extension), 1);
	while (rl_ws_next_param(&extension, &param))
		assert_false(rl_ws_param_value(&param, room, sizeof(room), &value));
}
