/* base64_test.c: tests of src/base/base64.c. */
#include <rill/error.h>
#include "base/base64.h"
#include "support/support.h"

static void expect_pair(struct rl_slice bytes, const char *text)
{
	struct rl_slice in = rl_slice(test_guarded(bytes.data, bytes.len), bytes.len);
	struct rl_slice written = rl_slice(test_guarded(text, strlen(text)), strlen(text));
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_base64_write(&out, in), 0);
	test_expect_text(out.data, out.len, text);
	assert_int_equal(out.len, rl_base64_size(bytes.len));
	rl_buf_consume(&out, out.len);
	assert_int_equal(rl_base64_read(&out, written), 0);
	assert_true(rl_slice_equal(rl_buf_slice(&out), bytes));
	rl_buf_consume(&out, out.len);
	while (written.len && written.data[written.len - 1] == '=')
		written.len--;
	assert_int_equal(rl_base64_read(&out, written), 0);
	assert_true(rl_slice_equal(rl_buf_slice(&out), bytes));
	rl_buf_release(&out);
}

/* RFC 4648, 10. */
TEST(base64, the_vectors_of_the_standard_go_both_ways)
{
	expect_pair(RL_SLICE(""), "");
	expect_pair(RL_SLICE("f"), "Zg==");
	expect_pair(RL_SLICE("fo"), "Zm8=");
	expect_pair(RL_SLICE("foo"), "Zm9v");
	expect_pair(RL_SLICE("foob"), "Zm9vYg==");
	expect_pair(RL_SLICE("fooba"), "Zm9vYmE=");
	expect_pair(RL_SLICE("foobar"), "Zm9vYmFy");
	expect_pair(RL_SLICE("\0\0\0"), "AAAA");
	expect_pair(RL_SLICE("\xff\xff\xff"), "////");
	expect_pair(RL_SLICE("\xfb\xef\xbe"), "++++");
}

TEST(base64, each_byte_goes_both_ways_at_each_place)
{
	struct rl_buf text, back;

	rl_buf_init(&text, test_env());
	rl_buf_init(&back, test_env());
	for (unsigned i = 0; i < 3 * 256; i++) {
		uint8_t bytes[3] = { 0x5a, 0xa5, 0x3c };
		bytes[i % 3] = (uint8_t)(i / 3);
		for (size_t n = 1; n <= 3; n++) {
			rl_buf_consume(&text, text.len);
			rl_buf_consume(&back, back.len);
			assert_int_equal(rl_base64_write(&text, rl_slice(bytes, n)), 0);
			assert_int_equal(rl_base64_read(&back, rl_buf_slice(&text)), 0);
			assert_int_equal(back.len, n);
			assert_memory_equal(back.data, bytes, n);
		}
	}
	rl_buf_release(&text);
	rl_buf_release(&back);
}

static void expect_refused(struct rl_slice text)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_buf_append_str(&out, "before"), 0);
	if (rl_base64_read(&out, rl_slice(test_guarded(text.data, text.len), text.len)) !=
		RILL_EPROTO)
		fail_msg("not refused: %.*s", (int)text.len, (const char *)text.data);
	test_expect_text(out.data, out.len, "before");
	rl_buf_release(&out);
}

TEST(base64, anything_else_is_refused)
{
	static const char *const texts[] = { "A", "=",
		"==", "A=", "A==", "A===", "AA=", "AAA==", "AAAA=", "AAAA==", "AAAA====", "=AAA",
		"A=AA", "AA=A", "AA==AAAA", "AA==AA==", "AAA=AAAA", " AAA", "AAA ", "AA A",
		"AAAA\n", "AAAA\r\n", "AA-_", "AA-A", "A_AA", "A,AA", "A.AA", "{AAA", "@AAA",
		"[AAA", "`AAA", ":AAA", "*AAA",
		"\x80"
		"AAA",
		"AAA\xff", "AAAAA", "AAAAAAAAA" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_refused(rl_slice_str(texts[i]));
	expect_refused(RL_SLICE("AA\0A"));
	expect_refused(RL_SLICE("AAA\0"));
}

TEST(base64, bits_behind_the_last_byte_are_zeros)
{
	expect_refused(RL_SLICE("Zh=="));
	expect_refused(RL_SLICE("Zh"));
	expect_refused(RL_SLICE("Zm9="));
	expect_refused(RL_SLICE("Zm9"));
	expect_refused(RL_SLICE("//=="));
}

TEST(base64, each_byte_that_is_no_character_of_it_is_refused_at_each_place)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	unsigned refused = 0;

	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 0; at < 4 && !memchr(alphabet, (int)c, sizeof(alphabet) - 1);
			at++) {
			uint8_t text[8] = "AAAAAAA";
			text[at] = text[7] = (uint8_t)c;
			expect_refused(rl_slice(text, 4));
			expect_refused(rl_slice(text, 7));
			expect_refused(rl_slice(text + 4, 4));
			refused++;
		}
	}
	assert_int_equal(refused, 4 * (256 - 65));
}

static void without_memory(void *arg)
{
	struct rl_buf out;
	int rc;

	(void)arg;
	rl_buf_init(&out, test_env());
	rc = rl_base64_write(&out, RL_SLICE("some bytes"));
	assert_true(rc == 0 || (rc == RILL_ENOMEM && !out.len));
	rl_buf_release(&out);
	rc = rl_base64_read(&out, RL_SLICE("Zm9vYmFy"));
	assert_true(rc == 0 || (rc == RILL_ENOMEM && !out.len));
	rl_buf_release(&out);
}

TEST(base64, without_memory_nothing_is_written)
{
	test_each_failing_allocation(without_memory, NULL);
}
