/* json_double_test.c: tests of src/base/json_double.c. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <rill/error.h>
#include "base/json.h"
#include "support/support.h"

static void expect_double(double value, const char *want)
{
	struct rl_json number;
	struct rl_buf out;
	double back;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_json_write_double(&out, value), 0);
	if (want)
		test_expect_text(out.data, out.len, want);
	assert_true(out.len <= 25);
	assert_int_equal(rl_json_read(rl_buf_slice(&out), &number), 0);
	assert_int_equal(number.type, RL_JSON_NUMBER);
	assert_true(rl_json_double(&number, &back));
	assert_memory_equal(&back, &value, sizeof(value));
	rl_buf_release(&out);
}

/* What JSON.stringify() says. */
TEST(json_double, doubles_are_written_as_javascript_writes_them)
{
	expect_double(0, "0");
	expect_double(1, "1");
	expect_double(-1, "-1");
	expect_double(100, "100");
	expect_double(1.5, "1.5");
	expect_double(-0.25, "-0.25");
	expect_double(0.1, "0.1");
	expect_double(0.1 + 0.2, "0.30000000000000004");
	expect_double(1.0 / 3, "0.3333333333333333");
	expect_double(123456789.125, "123456789.125");
	expect_double(0.000001, "0.000001");
	expect_double(0.0000015, "0.0000015");
	expect_double(0.0000001, "1e-7");
	expect_double(0.00000015, "1.5e-7");
	expect_double(9007199254740992, "9007199254740992");
	expect_double(1e20, "100000000000000000000");
	expect_double(123456789012345680000.0, "123456789012345680000");
	expect_double(1e21, "1e+21");
	expect_double(-1.25e21, "-1.25e+21");
	expect_double(1e300, "1e+300");
	expect_double(DBL_MAX, "1.7976931348623157e+308");
	expect_double(DBL_MIN, "2.2250738585072014e-308");
	expect_double(5e-324, "5e-324");
	expect_double(1.5e-323, "1.5e-323");
	expect_double((double)0.1f, "0.10000000149011612");
}

TEST(json_double, a_zero_keeps_its_sign)
{
	expect_double(-0.0, "-0");
}

static void expect_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	if (isfinite(value))
		expect_double(value, NULL);
}

TEST(json_double, each_double_reads_as_itself)
{
	uint64_t bits = 88172645463325252u;

	for (int i = 0; i < 20000; i++) {
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		expect_bits(bits);
	}
	/* Powers of two, and their neighbours. */
	for (uint64_t exponent = 1; exponent < 2047; exponent++)
		for (uint64_t i = 0; i < 3; i++)
			expect_bits((exponent << 52) - 1 + i);
}

TEST(json_double, the_point_is_no_matter_of_the_locale)
{
	static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setlocale(LC_NUMERIC, names[i]);
		expect_double(-1234.5, "-1234.5");
		expect_double(1.25e-9, "1.25e-9");
	}
	setlocale(LC_NUMERIC, "C");
}

static void without_memory(void *arg)
{
	struct rl_buf out;

	(void)arg;
	rl_buf_init(&out, test_env());
	int rc = rl_json_write_double(&out, 1.5);
	assert_int_equal(rc, test_allocation_failed() ? RILL_ENOMEM : 0);
	test_expect_text(out.data, out.len, rc ? "" : "1.5");
	rl_buf_release(&out);
}

TEST(json_double, without_memory_nothing_is_written)
{
	test_each_failing_allocation(without_memory, NULL);
}
