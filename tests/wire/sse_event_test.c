/* sse_event_test.c: streams of events, read in every split. */
#include <stdio.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/sse_event.h"

#define MAX_EVENT 64

static struct rl_sse sse;
static char said[1024];

static void say(const struct rl_sse_event *ev)
{
	size_t n = strlen(said);

	snprintf(said + n, sizeof(said) - n, "[%.*s|%s|", (int)ev->type.len,
		(const char *)ev->type.data, (const char *)ev->id.data);
	for (size_t i = 0; i < ev->data.len; i++) {
		n = strlen(said);
		snprintf(said + n, sizeof(said) - n, ev->data.data[i] == '\n' ? "/" : "%c",
			ev->data.data[i]);
	}
	n = strlen(said);
	snprintf(said + n, sizeof(said) - n, "]");
}

/* Shows a piece, which ends at a guard page. */
static int show(const char *text, size_t len)
{
	struct rl_slice in = rl_slice(test_guarded(text, len), len);
	struct rl_sse_event ev;
	int rc;

	while ((rc = rl_sse_next(&sse, &in, &ev)) > 0)
		say(&ev);
	if (rc == 0)
		assert_int_equal(in.len, 0);
	return rc;
}

static void begin(void)
{
	said[0] = 0;
	rl_sse_init(&sse, test_env(), MAX_EVENT);
}

/* The stream in one piece, in two at each place, and byte by byte: the same events, "[type|id|data]"
 * with LF as "/". */
static void expect_bytes(const char *text, size_t len, const char *want)
{
	for (size_t cut = 0; cut <= len + 1; cut++) {
		begin();
		if (cut <= len) {
			assert_int_equal(show(text, cut), 0);
			assert_int_equal(show(text + cut, len - cut), 0);
		} else {
			for (size_t i = 0; i < len; i++)
				assert_int_equal(show(text + i, 1), 0);
		}
		assert_string_equal(said, want);
		rl_sse_fini(&sse);
	}
}

#define expect(text, want) expect_bytes(text, sizeof(text) - 1, want)

TEST(sse_event, the_examples_of_the_standard_are_read_as_it_says)
{
	expect("data: YHOO\ndata: +2\ndata: 10\n\n", "[||YHOO/+2/10]");
	expect(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
	       "data:  third event\n",
		"[|1|first event][||second event]");
	expect("data\n\ndata\ndata\n\ndata:", "[||][||/]");
	expect("data:test\n\ndata: test\n\n", "[||test][||test]");
}

TEST(sse_event, lines_end_with_lf_cr_or_crlf)
{
	expect("data: a\r\n\r\ndata: b\r\rdata: c\n\n", "[||a][||b][||c]");
	expect("data: a\r\n\rdata: b\n\r\n", "[||a][||b]");
	expect("data: a\rdata: b\r\ndata: c\n\r", "[||a/b/c]");
}

TEST(sse_event, one_byte_order_mark_at_the_beginning_is_dropped)
{
	expect("\xef\xbb\xbf"
	       "data: a\n\n",
		"[||a]");
	expect("\xef\xbb\xbf\xef\xbb\xbf"
	       "data: a\ndata: b\n\n",
		"[||b]");
	expect("\xef\xbb"
	       "data: a\ndata: b\n\n",
		"[||b]");
	expect("\xef\ndata: b\n\n", "[||b]");
	expect("\ndata: a\n\n", "[||a]");
	expect("\n\xef\xbb\xbf"
	       "data: a\n\n",
		"");
}

TEST(sse_event, a_type_is_for_one_event_and_the_last_counts)
{
	expect("event: x\nevent: y\ndata: a\n\ndata: b\n\n", "[y||a][||b]");
	expect("event: x\nevent\ndata: a\n\n", "[||a]");
	expect("event: x\n\ndata: a\n\n", "[||a]");
}

TEST(sse_event, an_id_stays_until_another_one_comes)
{
	expect("id: 1\ndata: a\n\ndata: b\n\nid:2\n\ndata: c\n\nid\ndata: d\n\n",
		"[|1|a][|1|b][|2|c][||d]");
	expect("id: 1\nid: 2\ndata: a\n\n", "[|2|a]");
}

TEST(sse_event, an_id_with_a_nul_is_ignored)
{
	expect("id: 1\n\nid: 2\0x\ndata: a\n\n", "[|1|a]");
	expect("id: 1\nid: \0\ndata: a\n\nid: 3\ndata: b\n\n", "[|1|a][|3|b]");
}

TEST(sse_event, an_id_counts_from_the_empty_line_on)
{
	begin();
	show("id: 1\ndata: a\n\nid: 2\ndata: b\n", 29);
	assert_string_equal(rl_sse_id(&sse), "1");
	rl_sse_restart(&sse);
	assert_string_equal(rl_sse_id(&sse), "1");
	assert_int_equal(show("data: c\n\n", 9), 0);
	assert_string_equal(said, "[|1|a][|1|c]");
	rl_sse_fini(&sse);
}

TEST(sse_event, what_is_unfinished_is_forgotten_with_its_stream)
{
	begin();
	show("event: x\nid: 9\ndata: a\nretr", 27);
	rl_sse_restart(&sse);
	show("\xef\xbb\xbf"
	     "data: b\n\n",
		12);
	assert_string_equal(said, "[||b]");
	rl_sse_fini(&sse);
}

TEST(sse_event, comments_and_unknown_fields_are_passed_over)
{
	expect(":\n: data: a\n:data\nfoo: bar\ndatax: a\ndat: a\nData: a\n data: a\ndata : a\n\n",
		"");
	expect("retry-: x\neventx\nids: 1\n:\ndata:a:b\n\n", "[||a:b]");
}

TEST(sse_event, one_space_behind_the_colon_is_dropped)
{
	expect("data:a\ndata: b\ndata:  c\ndata:\td\ndata: \ndata:\n\n", "[||a/b/ c/\td//]");
}

static void expect_retry(const char *text, uint64_t want)
{
	size_t len = strlen(text);

	for (size_t cut = 0; cut <= len; cut++) {
		begin();
		show(text, cut);
		show(text + cut, len - cut);
		assert_int_equal(sse.retry_ms, want);
		rl_sse_fini(&sse);
	}
}

TEST(sse_event, retry_is_digits_alone)
{
	expect_retry("retry: 1500\n", 1500);
	expect_retry("retry:0\r\n", 0);
	expect_retry("retry: 007\n", 7);
	expect_retry("retry: 1\nretry: 2\n", 2);
	expect_retry("retry: 1500", UINT64_MAX);
	expect_retry("retry\n", UINT64_MAX);
	expect_retry("retry: \n", UINT64_MAX);
	expect_retry("retry: -1\n", UINT64_MAX);
	expect_retry("retry: 1.5\n", UINT64_MAX);
	expect_retry("retry: 10 \n", UINT64_MAX);
	expect_retry("retry:  10\n", UINT64_MAX);
	expect_retry("retry: 0x10\n", UINT64_MAX);
	expect_retry("retry: 99999999999999999999999\n", UINT64_MAX - 9);
}

TEST(sse_event, what_is_no_utf8_becomes_replacement_characters)
{
	expect("event: \xff\nid: \xc3\ndata: a\xe2\x82\ndata: \x80z\n\n",
		"[\xef\xbf\xbd|\xef\xbf\xbd|a\xef\xbf\xbd/\xef\xbf\xbdz]");
	expect("data: \xe2\x82\xac\n\n", "[||\xe2\x82\xac]");
}

static void refused(const char *text)
{
	size_t len = strlen(text);

	for (size_t cut = 0; cut <= len; cut++) {
		begin();
		int rc = show(text, cut);
		if (rc == 0)
			rc = show(text + cut, len - cut);
		assert_int_equal(rc, RILL_ETOOBIG);
		assert_int_equal(show("\n\n", 2), RILL_ETOOBIG);
		rl_sse_restart(&sse);
		assert_int_equal(show("data: a\n\n", 9), 0);
		assert_string_equal(said, "[||a]");
		rl_sse_fini(&sse);
	}
}

#define TEN "0123456789"

TEST(sse_event, an_event_above_the_limit_is_refused)
{
	refused("data: " TEN TEN TEN TEN TEN TEN "12345");
	refused("event: " TEN TEN TEN TEN TEN TEN "12345");
	refused("id: " TEN TEN TEN TEN TEN TEN "12345");
	refused("data: " TEN TEN TEN "\ndata: " TEN TEN TEN "\nid: 12345");
	expect("data: " TEN TEN TEN TEN TEN TEN "123\n\ndata: x\n\n",
		"[||" TEN TEN TEN TEN TEN TEN "123][||x]");
}

TEST(sse_event, comments_and_unknown_fields_of_any_length_cost_nothing)
{
	begin();
	assert_int_equal(show(":", 1), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(show(TEN, 10), 0);
	assert_int_equal(show("\nunknown", 8), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(show(TEN, 10), 0);
	assert_int_equal(show("\nretry: ", 8), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(show(TEN, 10), 0);
	assert_int_equal(test_live_blocks(), 0);
	assert_int_equal(show("\ndata: a\n\n", 10), 0);
	assert_string_equal(said, "[||a]");
	rl_sse_fini(&sse);
}

TEST(sse_event, the_first_id_can_be_given)
{
	begin();
	assert_string_equal(rl_sse_id(&sse), "");
	assert_int_equal(rl_sse_set_id(&sse, rl_slice("a\0b", 3)), RILL_EINVAL);
	assert_int_equal(rl_sse_set_id(&sse, RL_SLICE("seven")), 0);
	assert_string_equal(rl_sse_id(&sse), "seven");
	assert_int_equal(show("data: a\n\nid\n\n", 13), 0);
	assert_string_equal(said, "[|seven|a]");
	assert_string_equal(rl_sse_id(&sse), "");
	rl_sse_fini(&sse);
}

static void read_without_memory(void *arg)
{
	static const char text[] =
		"event: a type of some length that takes memory\nid: \xff an id of some length\n"
		"data: and data, of which a byte \xff is none of UTF-8\n\nid: 2\ndata: x\n\n";
	struct rl_sse_event ev;
	struct rl_slice in = rl_slice(text, sizeof(text) - 1);
	int rc, events = 0;

	(void)arg;
	rl_sse_init(&sse, test_env(), 1000);
	rc = rl_sse_set_id(&sse, RL_SLICE("the id that was before"));
	while (rc >= 0 && (rc = rl_sse_next(&sse, &in, &ev)) > 0)
		events++;
	if (rc == 0) {
		assert_int_equal(events, 2);
		assert_string_equal(rl_sse_id(&sse), "2");
	} else {
		assert_int_equal(rc, RILL_ENOMEM);
	}
	rl_sse_fini(&sse);
}

TEST(sse_event, without_memory_it_fails_and_leaves_nothing)
{
	test_each_failing_allocation(read_without_memory, NULL);
}
