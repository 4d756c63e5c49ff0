/* log_test.c: tests of src/base/log.c. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "support/support.h"

static void expect_logged(const char *raw, const char *line)
{
	size_t before = strlen(test_log());
	char want[1200];
	rl_log(test_env(), RILL_LOG_INFO, "%s", raw);
	snprintf(want, sizeof(want), "%s\n", line);
	assert_string_equal(test_log() + before, want);
}

TEST(log, formats_one_line)
{
	rl_log(test_env(), RILL_LOG_WARN, "%s closed with %d", "peer", 1002);
	assert_string_equal(test_log(), "peer closed with 1002\n");
}

TEST(log, lines_below_the_level_are_left_out)
{
	test_env()->log_level = RILL_LOG_WARN;
	rl_log(test_env(), RILL_LOG_INFO, "no");
	rl_log(test_env(), RILL_LOG_WARN, "yes");
	assert_string_equal(test_log(), "yes\n");
	test_env()->log = NULL;
	rl_log(test_env(), RILL_LOG_ERROR, "nowhere");
	assert_string_equal(test_log(), "yes\n");
}

TEST(log, control_characters_and_invalid_bytes_are_escaped)
{
	expect_logged("a\nb\r\x1b[31m\x7f", "a\\x0ab\\x0d\\x1b[31m\\x7f");
	expect_logged(
		"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	expect_logged("\xc2\x9b", "\\xc2\\x9b"); /* C1 CSI */
	expect_logged("\xc2\xa0", "\xc2\xa0");   /* the first behind C1 */
	expect_logged("\xff\xed\xa0\x80", "\\xff\\xed\\xa0\\x80");
	expect_logged("cut \xe2\x82", "cut \\xe2\\x82");
}

TEST(log, lines_end_at_512_bytes_between_characters)
{
	char raw[1001], want[513];
	memset(raw, 'x', 1000);
	raw[1000] = 0;
	memset(want, 'x', 512);
	want[512] = 0;
	expect_logged(raw, want);

	memcpy(raw + 510, "\xe2\x82\xac", 3);
	want[510] = 0;
	expect_logged(raw, want);

	memset(raw, '\n', 1000);
	for (size_t i = 0; i < 512; i += 4)
		memcpy(want + i, "\\x0a", 4);
	expect_logged(raw, want);
}

TEST(log, the_stderr_sink_writes_level_and_line)
{
	FILE *file = tmpfile();
	char text[64] = { 0 };
	assert_non_null(file);
	int saved = dup(STDERR_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	rill_log_stderr(RILL_LOG_DEBUG, "one", NULL);
	rill_log_stderr(RILL_LOG_ERROR, "two", NULL);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	assert_int_not_equal(fread(text, 1, sizeof(text) - 1, file), 0);
	fclose(file);
	assert_string_equal(text, "debug one\nerror two\n");
}
