/* msgpack_test.c: tests of src/wire/msgpack.c. */
#include <rill/error.h>
#include "support/support.h"
#include "wire/msgpack.h"

static int next_hex(const char *hex, struct rl_msgpack_item *item, size_t *left)
{
	uint8_t bytes[256];
	size_t n = test_unhex(hex, bytes, sizeof(bytes));
	struct rl_slice in = rl_slice(test_guarded(bytes, n), n);
	int rc = rl_msgpack_next(&in, item);

	*left = in.len;
	if (rc < 0)
		assert_int_equal(in.len, n);
	return rc;
}

static struct rl_msgpack_item must_take(const char *hex, enum rl_msgpack_kind kind, size_t left)
{
	struct rl_msgpack_item item;
	size_t n;

	if (next_hex(hex, &item, &n) != 0)
		fail_msg("refused: %s", hex);
	assert_int_equal(item.kind, kind);
	assert_int_equal(n, left);
	return item;
}

static void expect_refused(const char *hex)
{
	struct rl_msgpack_item item;
	size_t left;

	if (next_hex(hex, &item, &left) != RILL_EPROTO)
		fail_msg("not refused: %s", hex);
}

static void expect_uint(const char *hex, uint64_t want, bool shortest)
{
	struct rl_msgpack_item item = must_take(hex, RL_MSGPACK_UINT, 0);
	struct rl_buf out;

	assert_true(item.natural == want);
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_msgpack_write_uint(&out, want), 0);
	if (shortest)
		test_expect_hex(out.data, out.len, hex);
	rl_buf_release(&out);
}

TEST(msgpack, naturals_have_a_shortest_form)
{
	expect_uint("00", 0, true);
	expect_uint("7f", 127, true);
	expect_uint("cc80", 128, true);
	expect_uint("ccff", 255, true);
	expect_uint("cd0100", 256, true);
	expect_uint("cdffff", 65535, true);
	expect_uint("ce00010000", 65536, true);
	expect_uint("ceffffffff", UINT32_MAX, true);
	expect_uint("cf0000000100000000", (uint64_t)UINT32_MAX + 1, true);
	expect_uint("cfffffffffffffffff", UINT64_MAX, true);
	expect_uint("cf0000000000000007", 7, false);
	expect_uint("d07f", 127, false);
	expect_uint("d17fff", 32767, false);
	expect_uint("d27fffffff", INT32_MAX, false);
	expect_uint("d37fffffffffffffff", INT64_MAX, false);
}

static void expect_int(const char *hex, int64_t want, bool shortest)
{
	struct rl_msgpack_item item = must_take(hex, RL_MSGPACK_INT, 0);
	struct rl_buf out;

	assert_true(item.integer == want);
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_msgpack_write_int(&out, want), 0);
	if (shortest)
		test_expect_hex(out.data, out.len, hex);
	rl_buf_release(&out);
}

TEST(msgpack, negative_integers_have_a_shortest_form)
{
	struct rl_buf out;

	expect_int("ff", -1, true);
	expect_int("e0", -32, true);
	expect_int("d0df", -33, true);
	expect_int("d080", -128, true);
	expect_int("d1ff7f", -129, true);
	expect_int("d18000", -32768, true);
	expect_int("d2ffff7fff", -32769, true);
	expect_int("d280000000", INT32_MIN, true);
	expect_int("d3ffffffff7fffffff", (int64_t)INT32_MIN - 1, true);
	expect_int("d38000000000000000", INT64_MIN, true);
	expect_int("d3ffffffffffffffff", -1, false);
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_msgpack_write_int(&out, 300), 0);
	test_expect_hex(out.data, out.len, "cd012c");
	rl_buf_release(&out);
}

TEST(msgpack, words_are_a_byte)
{
	struct rl_buf out;

	must_take("c0", RL_MSGPACK_NIL, 0);
	must_take("c2", RL_MSGPACK_FALSE, 0);
	must_take("c3c0", RL_MSGPACK_TRUE, 1);
	expect_refused("c1");
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_msgpack_write_nil(&out), 0);
	assert_int_equal(rl_msgpack_write_bool(&out, false), 0);
	assert_int_equal(rl_msgpack_write_bool(&out, true), 0);
	test_expect_hex(out.data, out.len, "c0c2c3");
	rl_buf_release(&out);
}

TEST(msgpack, floats_have_32_bits_or_64)
{
	struct rl_buf out;

	assert_true(must_take("ca3fc00000", RL_MSGPACK_FLOAT, 0).number == 1.5);
	assert_true(must_take("cb3ff8000000000000", RL_MSGPACK_FLOAT, 0).number == 1.5);
	assert_true(must_take("ca3dcccccd", RL_MSGPACK_FLOAT, 0).number == (double)0.1f);
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_msgpack_write_double(&out, -0.25), 0);
	test_expect_hex(out.data, out.len, "cbbfd0000000000000");
	rl_buf_release(&out);
}

static void expect_bytes(const char *hex, enum rl_msgpack_kind kind, size_t want)
{
	assert_int_equal(must_take(hex, kind, 0).bytes.len, want);
}

TEST(msgpack, strings_and_bytes_have_their_length_in_front)
{
	expect_bytes("a0", RL_MSGPACK_STR, 0);
	expect_bytes("a3616263", RL_MSGPACK_STR, 3);
	expect_bytes("d903616263", RL_MSGPACK_STR, 3);
	expect_bytes("da0003616263", RL_MSGPACK_STR, 3);
	expect_bytes("db00000003616263", RL_MSGPACK_STR, 3);
	expect_bytes("c403010203", RL_MSGPACK_BIN, 3);
	expect_bytes("c50003010203", RL_MSGPACK_BIN, 3);
	expect_bytes("c600000003010203", RL_MSGPACK_BIN, 3);
}

static void expect_ext(const char *hex, int type, size_t len, bool fixed)
{
	struct rl_msgpack_item item = must_take(hex, RL_MSGPACK_EXT, 0);

	assert_int_equal(item.type, type);
	assert_int_equal(item.bytes.len, len);
	assert_int_equal(item.fixed, fixed);
}

TEST(msgpack, extensions_have_a_type)
{
	expect_ext("d40001", 0, 1, true);
	expect_ext("d5ff0102", -1, 2, true);
	expect_ext("d68001020304", -128, 4, true);
	expect_ext("d77f0102030405060708", 127, 8, true);
	expect_ext("d80101020304050607080910111213141516", 1, 16, true);
	expect_ext("c70005", 5, 0, false);
	expect_ext("c702000102", 0, 2, false);
	expect_ext("c80002000102", 0, 2, false);
	expect_ext("c900000002000102", 0, 2, false);
}

TEST(msgpack, arrays_and_maps_say_how_many_follow)
{
	struct rl_buf out;

	assert_int_equal(must_take("90", RL_MSGPACK_ARRAY, 0).count, 0);
	assert_int_equal(must_take("920102", RL_MSGPACK_ARRAY, 2).count, 2);
	assert_int_equal(must_take("dc00020102", RL_MSGPACK_ARRAY, 2).count, 2);
	assert_int_equal(must_take("dd000000020102", RL_MSGPACK_ARRAY, 2).count, 2);
	assert_int_equal(must_take("80", RL_MSGPACK_MAP, 0).count, 0);
	assert_int_equal(must_take("810102", RL_MSGPACK_MAP, 2).count, 1);
	assert_int_equal(must_take("de00010102", RL_MSGPACK_MAP, 2).count, 1);
	assert_int_equal(must_take("df000000010102", RL_MSGPACK_MAP, 2).count, 1);
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_msgpack_write_array(&out, 15), 0);
	assert_int_equal(rl_msgpack_write_array(&out, 16), 0);
	assert_int_equal(rl_msgpack_write_array(&out, 65536), 0);
	assert_int_equal(rl_msgpack_write_map(&out, 15), 0);
	assert_int_equal(rl_msgpack_write_map(&out, 65535), 0);
	assert_int_equal(rl_msgpack_write_map(&out, 65536), 0);
	test_expect_hex(out.data, out.len, "9f dc0010 dd00010000 8f deffff df00010000");
	rl_buf_release(&out);
}

TEST(msgpack, a_count_of_more_than_could_follow_is_refused)
{
	expect_refused("ddffffffff");
	expect_refused("dfffffffff");
	expect_refused("dcffff00");
	expect_refused("9301 02");
	expect_refused("82010203");
	expect_refused("dfffffffff01020304");
	expect_refused("dbffffffff61");
	expect_refused("c6ffffffff61");
	expect_refused("c9ffffffff0061");
}

TEST(msgpack, a_beginning_is_refused)
{
	static const char *const items[] = { "cc80", "cd0100", "ce00010000", "cf0000000100000000",
		"d0df", "d1ff7f", "d2ffff7fff", "d3ffffffff7fffffff", "ca3fc00000",
		"cb3ff8000000000000", "a3616263", "d903616263", "da0003616263", "db00000003616263",
		"c403010203", "c50003010203", "c600000003010203", "d40001", "d5ff0102",
		"d68001020304", "d77f0102030405060708", "d80101020304050607080910111213141516",
		"c702000102", "c80002000102", "c900000002000102", "9101", "dc000101",
		"dd0000000101", "810102", "de00010102", "df000000010102" };
	char cut[80];

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		struct rl_msgpack_item item;
		size_t left;
		assert_int_equal(next_hex(items[i], &item, &left), 0);
		for (size_t n = 0; n < strlen(items[i]); n += 2) {
			memcpy(cut, items[i], n);
			cut[n] = 0;
			if (item.kind < RL_MSGPACK_ARRAY)
				expect_refused(cut);
		}
	}
}

static void expect_skipped(const char *hex, int rc, size_t left)
{
	uint8_t bytes[256];
	size_t n = test_unhex(hex, bytes, sizeof(bytes));
	struct rl_slice in = rl_slice(test_guarded(bytes, n), n);

	assert_int_equal(rl_msgpack_skip(&in), rc);
	assert_int_equal(in.len, left);
}

TEST(msgpack, an_item_is_skipped_with_all_that_is_in_it)
{
	expect_skipped("01c0", 0, 1);
	expect_skipped("90c0", 0, 1);
	expect_skipped("9201a161c0", 0, 1);
	expect_skipped("82a16193010203a1628100c3c0", 0, 1);
	expect_skipped("9191919190", 0, 0);
	expect_skipped("92919101", RILL_EPROTO, 4);
	expect_skipped("", RILL_EPROTO, 0);
	expect_skipped("93c1", RILL_EPROTO, 2);
}

static void expect_time(const char *hex, bool is, int64_t want)
{
	struct rl_msgpack_item item = must_take(hex, RL_MSGPACK_EXT, 0);
	int64_t ms = 0;

	assert_int_equal(rl_msgpack_timestamp(&item, &ms), is);
	if (is)
		assert_true(ms == want);
}

TEST(msgpack, timestamps_have_three_forms)
{
	expect_time("d6ff00000000", true, 0);
	expect_time("d6ffffffffff", true, 4294967295000);
	expect_time("d7ff0000000000000001", true, 1000);
	expect_time("d7ff1dcd650000000001", true, 1125);
	expect_time("d7ffee6b27ffffffffff", true, 17179869183999);
	expect_time("d7ffee6b280000000000", false, 0);
	expect_time("c70cff000f4240ffffffffffffffff", true, -999);
	expect_time("c70cff000000000000000000000002", true, 2000);
	expect_time("c70cff3b9ac9ffffffffffffffffff", true, -1);
	expect_time("c70cff3b9aca00ffffffffffffffff", false, 0);
	expect_time("c70cff00000000000007dba8218000", true, 8640000000000000);
	expect_time("c70cff000f4240000007dba8218000", false, 0);
	expect_time("c70cff000000007fffffffffffffff", false, 0);
	expect_time("c70cff000000008000000000000000", false, 0);
	expect_time("d5ff0102", false, 0);
	expect_time("d60000000000", false, 0);
}

static void without_memory(void *arg)
{
	struct rl_buf out;

	(void)arg;
	rl_buf_init(&out, test_env());
	int rc = rl_msgpack_write_str(&out, RL_SLICE("text"));
	assert_int_equal(out.len, rc == 0 ? 5 : 0);
	rl_buf_release(&out);
	rc = rl_msgpack_write_bin(&out, RL_SLICE("bytes"));
	assert_int_equal(out.len, rc == 0 ? 7 : 0);
	rl_buf_release(&out);
	rc = rl_msgpack_write_uint(&out, 256);
	assert_int_equal(out.len, rc == 0 ? 3 : 0);
	rl_buf_release(&out);
}

TEST(msgpack, without_memory_nothing_is_half_written)
{
	test_each_failing_allocation(without_memory, NULL);
}
