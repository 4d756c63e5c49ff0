/* sio0_frame_test.c: tests of src/wire/sio0_frame.c. */
#include <stdio.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/sio0_frame.h"

static struct rl_slice guarded(struct rl_slice s)
{
	return rl_slice(test_guarded(s.data, s.len), s.len);
}

/* What a reader has found: 't', 'j' or 'h' and the body or the number (? for none), '|' behind each. Then "!" where
 * it was refused. */
static void say_message(struct rl_buf *said, const struct rl_sio0_message *message)
{
	static const char letters[] = "tjh";

	assert_int_equal(rl_buf_append(said, letters + message->type, 1), 0);
	if (message->type != RL_SIO0_HEARTBEAT)
		assert_int_equal(rl_buf_append_slice(said, message->body), 0);
	else if (message->number == UINT32_MAX)
		assert_int_equal(rl_buf_append_str(said, "?"), 0);
	else
		assert_int_equal(rl_buf_append_u64(said, message->number), 0);
	assert_int_equal(rl_buf_append_str(said, "|"), 0);
}

static void read_all(struct rl_slice in, bool form, struct rl_buf *said)
{
	struct rl_sio0_message message;
	struct rl_buf scratch;
	int rc;

	rl_buf_init(&scratch, test_env());
	while ((rc = rl_sio0_next(&in, form, &scratch, &message)) == 1)
		say_message(said, &message);
	assert_true(rc == RILL_EPROTO || !in.len);
	if (rc == RILL_EPROTO)
		assert_int_equal(rl_buf_append_str(said, "!"), 0);
	assert_int_equal(rl_sio0_next(&in, form, &scratch, &message), rc);
	rl_buf_release(&scratch);
}

static void expect_read(struct rl_slice in, bool form, const char *want)
{
	struct rl_buf said;

	rl_buf_init(&said, test_env());
	read_all(guarded(in), form, &said);
	test_expect_text(said.data, said.len, want);
	rl_buf_release(&said);
}

#define EXPECT(in, want)      expect_read(RL_SLICE(in), false, want)
#define EXPECT_FORM(in, want) expect_read(RL_SLICE(in), true, want)

TEST(sio0_frame, frames_stand_one_behind_the_other)
{
	EXPECT("", "");
	EXPECT("~m~5~m~abcde", "tabcde|");
	EXPECT("~m~5~m~abcde~m~9~m~123456789", "tabcde|t123456789|");
	EXPECT("~m~0~m~", "t|");
	EXPECT("~m~0~m~~m~0~m~~m~1~m~a", "t|t|ta|");
	EXPECT("~m~17~m~12345678901234567", "t12345678901234567|");
	expect_read(rl_slice(NULL, 0), false, "");
}

TEST(sio0_frame, a_body_may_hold_what_frames_are_made_of)
{
	EXPECT("~m~8~m~~m~1~m~a~m~1~m~b", "t~m~1~m~a|tb|");
	EXPECT("~m~3~m~~m~", "t~m~|");
	EXPECT("~m~4~m~a~h~~m~1~m~b", "ta~h~|tb|");
}

TEST(sio0_frame, lengths_count_utf16_units)
{
	EXPECT("~m~1~m~\xc3\xa9~m~1~m~a", "t\xc3\xa9|ta|");
	EXPECT("~m~1~m~\xe2\x82\xac~m~1~m~a", "t\xe2\x82\xac|ta|");
	EXPECT("~m~2~m~\xf0\x9f\x98\x80~m~1~m~a", "t\xf0\x9f\x98\x80|ta|");
	EXPECT("~m~5~m~\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!~m~1~m~a",
		"t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!|ta|");
}

TEST(sio0_frame, a_body_that_would_end_inside_a_character_ends_before_it)
{
	EXPECT("~m~1~m~\xf0\x9f\x98\x80", "t|!");
	EXPECT("~m~2~m~a\xf0\x9f\x98\x80~m~1~m~a", "ta|!");
	EXPECT("~m~9~m~abcdefgh\xf0\x9f\x98\x80", "tabcdefgh|!");
}

TEST(sio0_frame, heartbeats_have_their_number)
{
	EXPECT("~m~4~m~~h~1", "h1|");
	EXPECT("~m~4~m~~h~0~m~5~m~~h~12~m~1~m~a", "h0|h12|ta|");
	EXPECT("~m~6~m~~h~007", "h7|");
	EXPECT("~m~13~m~~h~4294967294", "h4294967294|");
}

TEST(sio0_frame, a_heartbeat_that_could_not_be_ours_has_none)
{
	EXPECT("~m~3~m~~h~", "h?|");
	EXPECT("~m~13~m~~h~4294967295", "h?|");
	EXPECT("~m~13~m~~h~4294967296", "h?|");
	EXPECT("~m~23~m~~h~18446744073709551617", "h?|");
	EXPECT("~m~5~m~~h~-1", "h?|");
	EXPECT("~m~5~m~~h~ 1", "h?|");
	EXPECT("~m~5~m~~h~1a~m~1~m~b", "h?|tb|");
	EXPECT("~m~9~m~~h~1", "h1|");
}

TEST(sio0_frame, what_is_behind_a_heartbeat_is_not_lost)
{
	EXPECT("~m~1~m~a~m~4~m~~h~3~m~1~m~b", "ta|h3|tb|");
}

TEST(sio0_frame, json_comes_checked)
{
	EXPECT("~m~10~m~~j~{\"a\":1}", "j{\"a\":1}|");
	EXPECT("~m~8~m~~j~[1,2]~m~4~m~~j~1~m~7~m~~j~null", "j[1,2]|j1|jnull|");
	EXPECT("~m~7~m~~j~\"\xf0\x9f\x98\x80\"", "j\"\xf0\x9f\x98\x80\"|");
	EXPECT("~m~8~m~~j~ {}\r\n", "j{}|");
}

TEST(sio0_frame, what_is_no_json_is_an_empty_object)
{
	EXPECT("~m~3~m~~j~", "j{}|");
	EXPECT("~m~4~m~~j~x~m~1~m~a", "j{}|ta|");
	EXPECT("~m~7~m~~j~{\"a\"", "j{}|");
	EXPECT("~m~9~m~~j~{} {} ", "j{}|");
	EXPECT("~m~90~m~~j~{\"a\":1", "j{}|");
	EXPECT("~m~8~m~~j~[1,\xc3]", "j{}|");
}

TEST(sio0_frame, json_that_is_too_deep_is_an_empty_object)
{
	char text[2 * 2000 + 16];
	int n = snprintf(text, sizeof(text), "~m~4003~m~~j~");

	memset(text + n, '[', 2000);
	memset(text + n + 2000, ']', 2000);
	expect_read(rl_slice(text, (size_t)n + 4000), false, "j{}|");
}

TEST(sio0_frame, a_body_that_is_cut_off_is_what_there_is_of_it)
{
	EXPECT("~m~9~m~abc", "tabc|");
	EXPECT("~m~9~m~", "t|");
	EXPECT("~m~2~m~~h~1", "t~h|!");
	EXPECT("~m~1~m~a~m~3~m~\xf0\x9f\x98\x80", "ta|t\xf0\x9f\x98\x80|");
	EXPECT("~m~18446744073709551615~m~abc", "tabc|");
}

TEST(sio0_frame, garbage_behind_a_good_frame_is_refused_there)
{
	EXPECT("~m~5~m~abcdefg", "tabcde|!");
	EXPECT("~m~5~m~abcde\n", "tabcde|!");
	EXPECT("~m~1~m~a~m~1~m~b~h~1", "ta|tb|!");
	EXPECT("~m~1~m~a ~m~1~m~b", "ta|!");
	EXPECT("garbage", "!");
	EXPECT("~j~{}", "!");
	EXPECT("\0", "!");
}

TEST(sio0_frame, a_length_is_digits_and_nothing_else)
{
	EXPECT("~m~~m~", "!");
	EXPECT("~m~~m~a", "!");
	EXPECT("~m~ 1~m~a", "!");
	EXPECT("~m~1 ~m~a", "!");
	EXPECT("~m~+1~m~a", "!");
	EXPECT("~m~-1~m~a", "!");
	EXPECT("~m~1.0~m~a", "!");
	EXPECT("~m~1e0~m~a", "!");
	EXPECT("~m~0x1~m~a", "!");
	EXPECT("~m~\xd9\xa1~m~a", "!");
	EXPECT("~m~01~m~a", "ta|");
}

TEST(sio0_frame, a_length_that_is_too_long_is_refused)
{
	char text[512];

	EXPECT("~m~18446744073709551616~m~a", "!");
	EXPECT("~m~99999999999999999999~m~a", "!");
	EXPECT("~m~00000000000000000001~m~ab", "ta|!");
	EXPECT("~m~000000000000000000001~m~a", "!");
	snprintf(text, sizeof(text), "~m~%0400d~m~a", 1);
	expect_read(rl_slice_str(text), false, "!");
	memset(text + 3, '9', 500);
	expect_read(rl_slice(text, 500), false, "!");
}

TEST(sio0_frame, both_marks_have_to_be_there)
{
	EXPECT("~m~1~x~a", "!");
	EXPECT("~m~1a", "!");
	EXPECT("~M~1~m~a", "!");
	EXPECT("m~1~m~a", "!");
	EXPECT("~m~1~m", "!");
	EXPECT("~m~1~", "!");
	EXPECT("~m~1", "!");
	EXPECT("~m~", "!");
	EXPECT("~m", "!");
	EXPECT("~", "!");
}

/* Beginnings have all frames that are whole, what there is of the next, or are refused behind the last. */
TEST(sio0_frame, each_beginning_is_read_within_its_end)
{
	static const char whole[] =
		"~m~6~m~h\xc3\xa9llo!~m~2~m~\xf0\x9f\x98\x80~m~4~m~~h~1~m~5~m~~j~{}";
	static const char *const wants[] = { "", "!" };
	struct rl_buf said;

	rl_buf_init(&said, test_env());
	for (size_t n = 0; n < sizeof(whole); n++) {
		rl_buf_consume(&said, said.len);
		read_all(guarded(rl_slice(whole, n)), n % 2, &said);
		if (n < 7)
			test_expect_text(said.data, said.len, wants[n > 0]);
		else
			assert_memory_equal(said.data, "th\xc3\xa9llo!|", n < 14 ? 1 : 9);
	}
	test_expect_text(said.data, said.len, "th\xc3\xa9llo!|t\xf0\x9f\x98\x80|h1|j{}|");
	rl_buf_release(&said);
}

TEST(sio0_frame, line_ends_of_a_form_come_back)
{
	EXPECT_FORM("~m~3~m~a\r\nb", "ta\nb|");
	EXPECT_FORM("~m~3~m~a\r\nb~m~1~m~c", "ta\nb|tc|");
	EXPECT_FORM("~m~1~m~\r\n", "t\n|");
	EXPECT_FORM("~m~2~m~a\r\n~m~2~m~\r\nb~m~2~m~\r\n\r\n", "ta\n|t\nb|t\n\n|");
	EXPECT_FORM("~m~6~m~\xc3\xa9\r\n\xf0\x9f\x98\x80\r\n\xe2\x82\xac~m~1~m~c",
		"t\xc3\xa9\n\xf0\x9f\x98\x80\n\xe2\x82\xac|tc|");
	EXPECT_FORM("~m~11~m~~j~{\"a\"\r\n:1}", "j{\"a\"\n:1}|");
}

TEST(sio0_frame, line_ends_that_were_real_stay)
{
	EXPECT_FORM("~m~4~m~a\r\nb", "ta\r\nb|");
	EXPECT_FORM("~m~4~m~a\r\nb~m~1~m~c", "ta\r\nb|tc|");
	EXPECT_FORM("~m~2~m~\r\n~m~1~m~\r\n", "t\r\n|t\n|");
	EXPECT_FORM("~m~3~m~a\nb", "ta\nb|");
	EXPECT_FORM("~m~3~m~a\rb", "ta\rb|");
	EXPECT_FORM("~m~9~m~a\r\nb", "ta\r\nb|");
}

TEST(sio0_frame, a_body_of_a_form_that_fits_in_no_way_is_taken_as_it_is)
{
	EXPECT_FORM("~m~2~m~a\r\nb", "ta\r|!");
	EXPECT_FORM("~m~3~m~a\r\nbc", "ta\r\n|!");
	EXPECT_FORM("~m~3~m~a\r\nb~m~x", "ta\r\n|!");
	EXPECT_FORM("~m~2~m~\r\n\xf0\x9f\x98\x80", "t\r\n|!");
	EXPECT_FORM("~m~0~m~\r\n", "t|!");
}

TEST(sio0_frame, what_came_by_no_form_keeps_its_line_ends)
{
	EXPECT("~m~3~m~a\r\nb", "ta\r\n|!");
	EXPECT("~m~4~m~a\r\nb", "ta\r\nb|");
}

static void expect_written(int rc, struct rl_buf *out, const char *want)
{
	assert_int_equal(rc, 0);
	test_expect_text(out->data, out->len, want);
	rl_buf_consume(out, out->len);
}

TEST(sio0_frame, texts_leave_with_their_units)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	expect_written(rl_sio0_write_text(&out, rl_slice(NULL, 0)), &out, "~m~0~m~");
	expect_written(rl_sio0_write_text(&out, RL_SLICE("abcde")), &out, "~m~5~m~abcde");
	expect_written(rl_sio0_write_text(&out, RL_SLICE("\xc3\xa9")), &out, "~m~1~m~\xc3\xa9");
	expect_written(
		rl_sio0_write_text(&out, RL_SLICE("\xe2\x82\xac")), &out, "~m~1~m~\xe2\x82\xac");
	expect_written(rl_sio0_write_text(&out, RL_SLICE("\xf0\x9f\x98\x80")), &out,
		"~m~2~m~\xf0\x9f\x98\x80");
	expect_written(rl_sio0_write_text(&out, RL_SLICE("a\r\nb")), &out, "~m~4~m~a\r\nb");
	assert_int_equal(rl_sio0_write_text(&out, RL_SLICE("abcde")), 0);
	expect_written(rl_sio0_write_text(&out, RL_SLICE("123456789")), &out,
		"~m~5~m~abcde~m~9~m~123456789");
	rl_buf_release(&out);
}

TEST(sio0_frame, json_leaves_with_its_sign_counted_and_its_white_space_in_lines)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	expect_written(
		rl_sio0_write_json(&out, RL_SLICE("{\"a\":1}")), &out, "~m~10~m~~j~{\"a\":1}");
	expect_written(rl_sio0_write_json(&out, RL_SLICE("\"\xf0\x9f\x98\x80\"")), &out,
		"~m~7~m~~j~\"\xf0\x9f\x98\x80\"");
	expect_written(rl_sio0_write_json(&out, RL_SLICE("[1,\r\n2,\r3,\n\r]")), &out,
		"~m~15~m~~j~[1,\n2,\n3,\n\n]");
	rl_buf_release(&out);
}

TEST(sio0_frame, heartbeats_leave_with_their_number)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	expect_written(rl_sio0_write_heartbeat(&out, 0), &out, "~m~4~m~~h~0");
	expect_written(rl_sio0_write_heartbeat(&out, 1), &out, "~m~4~m~~h~1");
	expect_written(rl_sio0_write_heartbeat(&out, 9), &out, "~m~4~m~~h~9");
	expect_written(rl_sio0_write_heartbeat(&out, 10), &out, "~m~5~m~~h~10");
	expect_written(rl_sio0_write_heartbeat(&out, UINT32_MAX), &out, "~m~13~m~~h~4294967295");
	rl_buf_release(&out);
}

TEST(sio0_frame, lines_leave_with_lf)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	expect_written(rl_sio0_write_lines(&out, rl_slice(NULL, 0)), &out, "~m~0~m~");
	expect_written(rl_sio0_write_lines(&out, RL_SLICE("a\nb")), &out, "~m~3~m~a\nb");
	expect_written(rl_sio0_write_lines(&out, RL_SLICE("a\r\nb")), &out, "~m~3~m~a\nb");
	expect_written(rl_sio0_write_lines(&out, RL_SLICE("a\rb\r")), &out, "~m~4~m~a\nb\n");
	expect_written(
		rl_sio0_write_lines(&out, RL_SLICE("\r\r\n\n\n\r")), &out, "~m~5~m~\n\n\n\n\n");
	expect_written(rl_sio0_write_lines(&out, RL_SLICE("\xf0\x9f\x98\x80\r\n\xc3\xa9")), &out,
		"~m~4~m~\xf0\x9f\x98\x80\n\xc3\xa9");
	rl_buf_release(&out);
}

TEST(sio0_frame, what_begins_with_a_sign_would_be_misread)
{
	assert_true(rl_sio0_is_sign(RL_SLICE("~h~")));
	assert_true(rl_sio0_is_sign(RL_SLICE("~j~{}")));
	assert_false(rl_sio0_is_sign(RL_SLICE("~m~1~m~a")));
	assert_false(rl_sio0_is_sign(RL_SLICE(" ~h~1")));
	assert_false(rl_sio0_is_sign(RL_SLICE("~h")));
	assert_false(rl_sio0_is_sign(rl_slice(NULL, 0)));
}

static const char *const texts[] = { "", "a", "~m~", "~m~1~m~a", "h\xc3\xa9llo", "\xf0\x9f\x98\x80",
	"\xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x82\xac", "two\nlines", "~",
	"123456789012345678901234567890" };
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static void write_all(struct rl_buf *out, struct rl_buf *want)
{
	char line[128];

	for (size_t i = 0; i < TEXTS; i++) {
		snprintf(line, sizeof(line), "t%s|h%zu|j[%zu]|", texts[i], i * 1000, i);
		assert_int_equal(rl_buf_append_str(want, line), 0);
		assert_int_equal(rl_sio0_write_text(out, rl_slice_str(texts[i])), 0);
		assert_int_equal(rl_sio0_write_heartbeat(out, (uint32_t)i * 1000), 0);
		snprintf(line, sizeof(line), "[%zu]", i);
		assert_int_equal(rl_sio0_write_json(out, rl_slice_str(line)), 0);
	}
	assert_int_equal(rl_buf_append(want, "", 1), 0);
}

TEST(sio0_frame, what_is_written_is_read_again)
{
	struct rl_buf out, want;

	rl_buf_init(&out, test_env());
	rl_buf_init(&want, test_env());
	write_all(&out, &want);
	expect_read(rl_buf_slice(&out), false, (const char *)want.data);
	expect_read(rl_buf_slice(&out), true, (const char *)want.data);
	rl_buf_release(&out);
	rl_buf_release(&want);
}

/* A form as a browser sends it: each LF has become CRLF. */
TEST(sio0_frame, what_is_written_and_went_through_a_form_is_read_again)
{
	struct rl_buf out, want, form;

	rl_buf_init(&out, test_env());
	rl_buf_init(&want, test_env());
	rl_buf_init(&form, test_env());
	write_all(&out, &want);
	for (size_t i = 0; i < out.len; i++)
		assert_int_equal(
			rl_buf_append(&form, out.data[i] == '\n' ? "\r\n" : (char *)out.data + i,
				out.data[i] == '\n' ? 2 : 1),
			0);
	assert_true(form.len > out.len);
	expect_read(rl_buf_slice(&form), true, (const char *)want.data);
	rl_buf_release(&out);
	rl_buf_release(&want);
	rl_buf_release(&form);
}

TEST(sio0_frame, a_big_text_comes_through)
{
	static const char piece[] = "h\xc3\xa9llo \xf0\x9f\x98\x80\n";
	struct rl_sio0_message message;
	struct rl_buf text, out, scratch;

	rl_buf_init(&text, test_env());
	rl_buf_init(&out, test_env());
	rl_buf_init(&scratch, test_env());
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(rl_buf_append_str(&text, piece), 0);
	assert_int_equal(rl_sio0_write_text(&out, rl_buf_slice(&text)), 0);
	struct rl_slice in = rl_buf_slice(&out);
	test_expect_text(in.data, 12, "~m~900000~m~");
	assert_int_equal(rl_sio0_next(&in, true, &scratch, &message), 1);
	assert_true(rl_slice_equal(message.body, rl_buf_slice(&text)));
	assert_int_equal(rl_sio0_next(&in, true, &scratch, &message), 0);
	rl_buf_release(&text);
	rl_buf_release(&out);
	rl_buf_release(&scratch);
}

static int (*const writers[])(struct rl_buf *, struct rl_slice) = { rl_sio0_write_text,
	rl_sio0_write_json, rl_sio0_write_lines };

static void write_without_memory(void *arg)
{
	struct rl_slice text = RL_SLICE(
		"[\"a text that is longer than what a buffer takes at first\r\n\"]");
	struct rl_buf out;

	(void)arg;
	rl_buf_init(&out, test_env());
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		size_t before = out.len;
		int rc = writers[i](&out, text);
		assert_true(rc == 0 || (rc == RILL_ENOMEM && out.len == before));
		before = out.len;
		rc = rl_sio0_write_heartbeat(&out, 7);
		assert_true(rc == 0 || (rc == RILL_ENOMEM && out.len == before));
	}
	rl_buf_release(&out);
}

TEST(sio0_frame, without_memory_nothing_is_half_written)
{
	test_each_failing_allocation(write_without_memory, NULL);
}

static void read_without_memory(void *arg)
{
	struct rl_slice in = RL_SLICE("~m~1~m~a~m~3~m~b\r\nc~m~1~m~d"), before = in;
	struct rl_sio0_message message;
	struct rl_buf scratch;

	(void)arg;
	rl_buf_init(&scratch, test_env());
	assert_int_equal(rl_sio0_next(&in, true, &scratch, &message), 1);
	before = in;
	int rc = rl_sio0_next(&in, true, &scratch, &message);
	if (rc == RILL_ENOMEM) {
		assert_true(in.data == before.data && in.len == before.len);
		rc = rl_sio0_next(&in, true, &scratch, &message);
	}
	assert_int_equal(rc, 1);
	test_expect_text(message.body.data, message.body.len, "b\nc");
	assert_int_equal(rl_sio0_next(&in, true, &scratch, &message), 1);
	assert_int_equal(rl_sio0_next(&in, true, &scratch, &message), 0);
	rl_buf_release(&scratch);
}

TEST(sio0_frame, without_memory_no_frame_is_lost)
{
	test_each_failing_allocation(read_without_memory, NULL);
}
