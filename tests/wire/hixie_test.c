#include <stdlib.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/hixie.h"

static struct rl_ws_config config;

/* A session and all that came of it, written down: "text;" for a message, "CLOSE;" for the closing
 * frame. */
struct peer {
	struct rl_hixie h;
	struct rl_buf out;
	char seen[512];
	int rc;
};

static void start_75(struct peer *p)
{
	*p = (struct peer){ 0 };
	config = (struct rl_ws_config){ .max_message = 100, .close_timeout = 30000 };
	rl_buf_init(&p->out, test_env());
	rl_hixie_init_75(&p->h, test_env(), &config, &p->out);
}

/* Waiting for the challenge, with the numbers of the draft's sample. */
static void start_76(struct peer *p)
{
	start_75(p);
	rl_hixie_fini(&p->h);
	rl_hixie_init_76(&p->h, test_env(), &config, &p->out, 829309203, 259970620);
}

static void end(struct peer *p)
{
	rl_hixie_fini(&p->h);
	rl_buf_release(&p->out);
}

static void feed_piece(struct peer *p, const uint8_t *data, size_t len)
{
	struct rl_slice in = { data, len };
	struct rl_ws_event ev;
	while (p->rc >= 0 && (p->rc = rl_hixie_next(&p->h, &in, &ev, test_now)) > 0) {
		if (ev.type == RL_WS_CLOSE) {
			assert_int_equal(ev.code, 1005);
			strcat(p->seen, "CLOSE;");
			continue;
		}
		assert_int_equal(ev.type, RL_WS_MESSAGE);
		assert_true(ev.text);
		strncat(p->seen, (const char *)ev.data.data, ev.data.len);
		strcat(p->seen, ";");
	}
	if (p->rc == 0)
		assert_int_equal(in.len, 0);
}

static void feed(struct peer *p, const char *hex)
{
	uint8_t data[512];
	size_t n = test_unhex(hex, data, sizeof(data));
	feed_piece(p, test_guarded(data, n), n);
}

static void open_76(struct peer *p)
{
	start_76(p);
	feed(p, "5e 6e 3a 64 73 5b 34 55");
	rl_buf_consume(&p->out, p->out.len);
}

/* Runs a new session over the bytes, cut in two at each place, and byte by byte. */
static void expect_session(
	void (*start)(struct peer *), const char *hex, int rc, const char *seen, const char *out)
{
	uint8_t data[512];
	size_t n = test_unhex(hex, data, sizeof(data));
	for (size_t cut = 0; cut <= n + 1; cut++) {
		struct peer p;
		start(&p);
		if (cut <= n) {
			feed_piece(&p, test_guarded(data, cut), cut);
			feed_piece(&p, test_guarded(data + cut, n - cut), n - cut);
		}
		for (size_t i = 0; cut > n && i < n; i++)
			feed_piece(&p, test_guarded(data + i, 1), 1);
		assert_int_equal(p.rc, rc);
		if (rc < 0)
			assert_int_equal(p.h.state, RL_HIXIE_DONE);
		assert_string_equal(p.seen, seen);
		test_expect_hex(p.out.data, p.out.len, out);
		end(&p);
	}
}

static void expect_75(const char *hex, const char *seen)
{
	expect_session(start_75, hex, 0, seen, "");
}

static void expect_76(const char *hex, const char *seen, const char *out)
{
	expect_session(open_76, hex, 0, seen, out);
}

/* Frames. */

TEST(hixie, text_frames_are_messages)
{
	expect_75("00 48 65 6c 6c 6f ff", "Hello;");
	expect_75("00 61 ff 00 ff 00 62 ff", "a;;b;");
	expect_76("00 48 65 6c 6c 6f ff", "Hello;", "");
}

TEST(hixie, a_whole_frame_is_handed_out_where_it_lies)
{
	struct peer p;
	struct rl_ws_event ev;
	start_75(&p);
	struct rl_slice in = RL_SLICE("\0Hello\xff");
	const uint8_t *data = in.data;
	assert_int_equal(rl_hixie_next(&p.h, &in, &ev, 0), 1);
	assert_ptr_equal(ev.data.data, data + 1);
	assert_int_equal(test_live_blocks(), 0);
	end(&p);
}

TEST(hixie, an_idle_session_holds_no_memory)
{
	struct peer p;
	start_75(&p);
	feed(&p, "00 48 65");
	feed(&p, "6c 6c 6f ff");
	feed(&p, "");
	assert_string_equal(p.seen, "Hello;");
	assert_int_equal(test_live_blocks(), 0);
	end(&p);
}

TEST(hixie, other_types_below_80_are_discarded)
{
	expect_75("01 48 65 ff 00 61 ff 7f ff 00 62 ff", "a;b;");
	expect_76("01 48 65 ff 00 61 ff", "a;", "");
}

TEST(hixie, length_prefixed_frames_are_skipped_whatever_they_hold)
{
	expect_75("80 03 ff 00 ff 00 61 ff", "a;");
	expect_75("81 80 80 02 00 ff 00 61 ff", "a;");
	expect_76("ff 03 ff 00 ff 00 61 ff", "a;", "");
	expect_76("fe 02 ff 00 00 61 ff", "a;", "");
}

TEST(hixie, a_length_is_in_base_128_with_the_highest_digit_first)
{
	struct peer p;
	start_75(&p);
	config.max_message = 1000;
	feed(&p, "80 81 02"); /* 130 */
	for (int i = 0; i < 130; i++)
		feed(&p, "ff");
	feed(&p, "00 61 ff");
	assert_string_equal(p.seen, "a;");
	end(&p);
}

TEST(hixie, a_length_of_0_ends_its_frame_at_once)
{
	expect_75("80 00 00 61 ff", "a;");
	expect_76("80 00 fe 80 00 00 61 ff", "a;", "");
}

TEST(hixie, what_is_not_utf8_becomes_replacement_characters)
{
	expect_75("00 61 80 62 ff", "a\xef\xbf\xbd"
				    "b;");
	/* Unicode, table 3-8 and what follows it: maximal parts. */
	expect_75("00 61 f1 80 80 e1 80 c2 62 80 63 80 bf 64 ff",
		"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		"b\xef\xbf\xbd"
		"c\xef\xbf\xbd\xef\xbf\xbd"
		"d;");
	expect_75("00 c0 af e0 80 bf 41 ff", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
					     "\xef\xbf\xbd"
					     "A;");
	expect_75("00 ed a0 80 41 ff", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
				       "A;");
	expect_75("00 f4 91 92 93 41 ff", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
					  "A;");
	expect_75("00 e2 82 ff", "\xef\xbf\xbd;");
	expect_75("00 fe ff", "\xef\xbf\xbd;");
}

TEST(hixie, what_is_utf8_stays_as_it_is)
{
	expect_75("00 c3 a9 e2 82 ac f0 9f 98 80 ed 9f bf ef bf bf f4 8f bf bf ff",
		"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf;");
	expect_75("00 c3 a9 e2 82 ac f0 9f 98 80 80 ff",
		"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd;");
}

/* Limits. */

TEST(hixie, a_message_above_the_limit_ends_the_session)
{
	struct peer p;
	for (size_t n = 100; n <= 101; n++) {
		for (int open = 0; open < 3; open++) {
			uint8_t data[128] = { open == 2 ? 0x01 : 0x00 };
			memset(data + 1, 'a', sizeof(data) - 1);
			start_75(&p);
			data[n + 1] = 0xff;
			if (open == 1) {
				feed_piece(&p, data, 50);
				feed_piece(&p, data + 50, n + 1 - 50);
			} else {
				feed_piece(&p, data, n + 2);
			}
			assert_int_equal(p.rc, n == 100 ? 0 : RILL_EPROTO);
			end(&p);
		}
	}
}

TEST(hixie, a_repaired_message_above_the_limit_ends_the_session)
{
	struct peer p;
	uint8_t data[64] = { 0 };
	memset(data + 1, 0x80, 34);
	data[34] = 0xff;
	start_75(&p);
	feed_piece(&p, data, 35); /* 33 * 3 */
	assert_int_equal(p.rc, 0);
	assert_int_equal(strlen(p.seen), 100);
	data[34] = 0x80;
	data[35] = 0xff;
	feed_piece(&p, data, 36); /* 34 * 3 */
	assert_int_equal(p.rc, RILL_EPROTO);
	end(&p);
}

TEST(hixie, a_length_above_the_limit_ends_the_session_before_its_bytes)
{
	expect_session(start_75, "80 65", RILL_EPROTO, "", "");
	expect_session(start_75, "80 81 80", RILL_EPROTO, "", "");
	expect_session(open_76, "ff ff ff ff", RILL_EPROTO, "", "");
}

TEST(hixie, a_length_that_overflows_ends_the_session)
{
	struct peer p;
	start_75(&p);
	config.max_message = UINT64_MAX;
	feed(&p, "80 81 ff ff ff ff ff ff ff ff ff"); /* 64 bits */
	assert_int_equal(p.rc, 0);
	feed(&p, "ff");
	assert_int_equal(p.rc, RILL_EPROTO);
	end(&p);
}

/* Draft 76: challenge. */

TEST(hixie, the_sample_challenge_is_answered)
{
	expect_session(start_76, "5e 6e 3a 64 73 5b 34 55", 0, "",
		"38 6a 4b 53 27 79 3a 47 2a 43 6f 2c 57 78 61 2d"); /* 8jKS'y:G*Co,Wxa- */
}

TEST(hixie, frames_glued_to_the_challenge_are_read)
{
	expect_session(start_76, "5e 6e 3a 64 73 5b 34 55 00 48 69 ff", 0, "Hi;",
		"38 6a 4b 53 27 79 3a 47 2a 43 6f 2c 57 78 61 2d");
	expect_session(start_76, "5e 6e 3a 64 73 5b 34 55 ff 00 00 61 ff", 0, "CLOSE;",
		"38 6a 4b 53 27 79 3a 47 2a 43 6f 2c 57 78 61 2d ff 00");
}

TEST(hixie, nothing_is_said_or_written_before_the_challenge_is_there)
{
	struct peer p;
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	start_76(&p);
	feed(&p, "5e 6e 3a 64 73 5b 34");
	assert_int_equal(p.h.state, RL_HIXIE_CHALLENGE);
	assert_int_equal(p.out.len, 0);
	assert_int_equal(rl_hixie_write(&p.h, &out, RL_SLICE("a")), RILL_ESTATE);
	feed(&p, "55");
	assert_int_equal(p.h.state, RL_HIXIE_OPEN);
	assert_int_equal(rl_hixie_write(&p.h, &out, RL_SLICE("a")), 0);
	rl_buf_release(&out);
	end(&p);
}

TEST(hixie, closing_before_the_challenge_says_nothing)
{
	struct peer p;
	start_76(&p);
	rl_hixie_close(&p.h, 0);
	assert_int_equal(p.h.state, RL_HIXIE_DONE);
	feed(&p, "5e 6e 3a 64 73 5b 34 55 00 61 ff");
	assert_int_equal(p.out.len, 0);
	assert_string_equal(p.seen, "");
	end(&p);
}

/* Writing. */

TEST(hixie, a_text_leaves_between_00_and_ff)
{
	struct peer p;
	start_75(&p);
	assert_int_equal(rl_hixie_write(&p.h, &p.out, RL_SLICE("Hi")), 0);
	assert_int_equal(rl_hixie_write(&p.h, &p.out, RL_SLICE("")), 0);
	assert_int_equal(rl_hixie_write(&p.h, &p.out, rl_slice(NULL, 0)), 0);
	test_expect_hex(p.out.data, p.out.len, "00 48 69 ff 00 ff 00 ff");
	end(&p);
}

TEST(hixie, a_text_that_would_break_out_of_its_frame_is_refused)
{
	struct peer p;
	start_75(&p);
	assert_int_equal(rl_hixie_write(&p.h, &p.out, RL_SLICE("a\xff\x00z")), RILL_EUTF8);
	assert_int_equal(p.out.len, 0);
	end(&p);
}

/* Closing. */

TEST(hixie, in_draft_75_ff_00_is_one_more_frame_to_skip)
{
	expect_75("ff 00 00 61 ff", "a;");
}

TEST(hixie, in_draft_76_ff_00_is_answered_and_ends_the_session)
{
	expect_76("00 61 ff ff 00", "a;CLOSE;", "ff 00");
	expect_76("ff 00 00 62 ff ff 00", "CLOSE;", "ff 00");
}

TEST(hixie, in_draft_76_only_ff_closes)
{
	expect_76("fe 00 80 00 00 61 ff", "a;", "");
}

TEST(hixie, in_draft_75_closing_ends_at_once)
{
	struct peer p;
	start_75(&p);
	rl_hixie_close(&p.h, 0);
	assert_int_equal(p.h.state, RL_HIXIE_DONE);
	assert_int_equal(p.out.len, 0);
	assert_int_equal(rl_hixie_write(&p.h, &p.out, RL_SLICE("a")), RILL_ECLOSED);
	assert_true(rl_hixie_deadline(&p.h) == UINT64_MAX);
	end(&p);
}

TEST(hixie, in_draft_76_our_close_waits_for_the_answer_and_still_delivers)
{
	struct peer p;
	open_76(&p);
	rl_hixie_close(&p.h, 1000);
	rl_hixie_close(&p.h, 2000);
	test_expect_hex(p.out.data, p.out.len, "ff 00");
	assert_int_equal(rl_hixie_deadline(&p.h), 31000);
	assert_int_equal(rl_hixie_write(&p.h, &p.out, RL_SLICE("a")), RILL_ECLOSED);
	feed(&p, "00 61 ff ff 00 00 62 ff");
	assert_string_equal(p.seen, "a;CLOSE;");
	test_expect_hex(p.out.data, p.out.len, "ff 00");
	assert_int_equal(p.h.state, RL_HIXIE_DONE);
	assert_true(rl_hixie_deadline(&p.h) == UINT64_MAX);
	end(&p);
}

TEST(hixie, a_close_that_is_never_answered_times_out)
{
	struct peer p;
	open_76(&p);
	rl_hixie_close(&p.h, 1000);
	assert_int_equal(rl_hixie_expire(&p.h, 30999), 0);
	assert_int_equal(p.h.state, RL_HIXIE_CLOSING);
	assert_int_equal(rl_hixie_expire(&p.h, 31000), RILL_ETIMEDOUT);
	assert_int_equal(p.h.state, RL_HIXIE_DONE);
	assert_non_null(p.h.error_text);
	assert_int_equal(rl_hixie_expire(&p.h, 99999), 0);
	end(&p);
}

TEST(hixie, closing_in_the_middle_of_a_message_frees_it_at_the_end)
{
	struct peer p;
	open_76(&p);
	feed(&p, "00 61 62 63");
	rl_hixie_close(&p.h, 0);
	end(&p);
}

/* Memory. */

static void run_session(void *arg)
{
	struct peer p;
	(void)arg;
	start_76(&p);
	feed(&p, "5e 6e 3a 64 73 5b 34 55 00 61");
	feed(&p, "62 63 ff 00 80 ff 00 64");
	feed(&p, "80 ff ff 00");
	if (test_allocation_failed()) {
		assert_int_equal(p.rc, RILL_ENOMEM);
		assert_int_equal(p.h.state, RL_HIXIE_DONE);
		assert_non_null(p.h.error_text);
	} else {
		assert_string_equal(p.seen, "abc;\xef\xbf\xbd;d\xef\xbf\xbd;CLOSE;");
	}
	end(&p);
}

TEST(hixie, every_failing_allocation_ends_the_session_and_leaves_nothing_behind)
{
	test_each_failing_allocation(run_session, NULL);
}

TEST(hixie, writing_without_memory_appends_nothing)
{
	struct peer p;
	start_75(&p);
	test_fail_allocation(1, true);
	assert_int_equal(rl_hixie_write(&p.h, &p.out, RL_SLICE("a")), RILL_ENOMEM);
	test_fail_allocation(0, false);
	assert_int_equal(p.out.len, 0);
	end(&p);
}

TEST(hixie, closing_without_memory_ends_at_once)
{
	struct peer p;
	open_76(&p);
	rl_buf_release(&p.out);
	test_fail_allocation(1, true);
	rl_hixie_close(&p.h, 0);
	test_fail_allocation(0, false);
	assert_int_equal(p.h.state, RL_HIXIE_DONE);
	end(&p);
}
