/* http1_text_test.c: reason phrases and dates. */
#include <time.h>
#include "support/support.h"
#include "wire/http1.h"

TEST(http1_text, statuses_have_their_registered_phrases)
{
	assert_string_equal(rl_http1_reason(100), "Continue");
	assert_string_equal(rl_http1_reason(200), "OK");
	assert_string_equal(rl_http1_reason(413), "Content Too Large");
	assert_string_equal(rl_http1_reason(431), "Request Header Fields Too Large");
	assert_string_equal(rl_http1_reason(511), "Network Authentication Required");
}

TEST(http1_text, other_statuses_are_unknown)
{
	static const int unknown[] = { -1, 0, 99, 306, 418, 599, 600, 1000 };
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_string_equal(rl_http1_reason(unknown[i]), "Unknown");
}

static void expect_date(int64_t seconds, const char *want)
{
	char text[30];
	rl_http1_date(text, seconds);
	assert_string_equal(text, want);
}

TEST(http1_text, dates_are_written_as_in_the_RFC)
{
	expect_date(784111777, "Sun, 06 Nov 1994 08:49:37 GMT");
	expect_date(0, "Thu, 01 Jan 1970 00:00:00 GMT");
	expect_date(951782400, "Tue, 29 Feb 2000 00:00:00 GMT");
	expect_date(-1, "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(http1_text, dates_outside_of_four_digit_years_become_the_nearest)
{
	expect_date(INT64_C(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT");
	expect_date(INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
	expect_date(INT64_C(-62135596800), "Mon, 01 Jan 0001 00:00:00 GMT");
	expect_date(INT64_MIN, "Mon, 01 Jan 0001 00:00:00 GMT");
}

TEST(http1_text, every_day_of_a_thousand_years_is_the_one_the_C_library_says)
{
	for (int64_t day = -500 * 365; day < 500 * 365; day++) {
		time_t seconds = (time_t)(day * 86400 + (day & 0xffff));
		struct tm tm;
		char want[64];

		assert_non_null(gmtime_r(&seconds, &tm));
		assert_true(strftime(want, sizeof(want), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
		expect_date(seconds, want);
	}
}
