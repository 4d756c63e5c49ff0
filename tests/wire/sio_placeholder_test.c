/* sio_placeholder_test.c: tests of src/wire/sio_placeholder.c. */
#include <rill/error.h>
#include "support/support.h"
#include "wire/sio_packet.h"

#define NO_PLACEHOLDER (-1)

static void expect_num(const char *text, int64_t want)
{
	struct rl_json value;
	uint32_t num;

	assert_int_equal(rl_json_read(rl_slice_str(text), &value), 0);
	struct rl_slice copy = rl_slice(
		test_guarded(value.text.data, value.text.len), value.text.len);
	value.text = copy;
	assert_int_equal(rl_sio_placeholder(&value, &num), want != NO_PLACEHOLDER);
	if (want != NO_PLACEHOLDER)
		assert_int_equal(num, want);
	else
		assert_int_equal(rl_sio_take_placeholder(&copy, &num), false);
	assert_true(copy.data == value.text.data && copy.len == value.text.len);
}

TEST(sio_placeholder, it_is_an_object_that_says_so_whatever_the_order)
{
	expect_num("{\"_placeholder\":true,\"num\":0}", 0);
	expect_num("{\"num\":17,\"_placeholder\":true}", 17);
	expect_num(" { \"_placeholder\" : true , \"num\" : 3 } ", 3);
	expect_num("{\"_placeholder\":true,\"num\":1,\"more\":\"}\"}", 1);
	expect_num("{\"\\u005fplaceholder\":true,\"n\\u0075m\":2}", 2);
	expect_num("{\"_placeholder\":false,\"_placeholder\":true,\"num\":1,\"num\":4}", 4);
}

TEST(sio_placeholder, other_values_are_none)
{
	expect_num("{}", NO_PLACEHOLDER);
	expect_num("{\"num\":0}", NO_PLACEHOLDER);
	expect_num("{\"_placeholder\":1,\"num\":0}", NO_PLACEHOLDER);
	expect_num("{\"_placeholder\":\"true\",\"num\":0}", NO_PLACEHOLDER);
	expect_num("{\"_placeholder\":true,\"_placeholder\":false,\"num\":0}", NO_PLACEHOLDER);
	expect_num("{\"_placeholder\":true,\"num\":0,\"more\":[]}", NO_PLACEHOLDER);
	expect_num("{\"a\":{\"_placeholder\":true,\"num\":0}}", NO_PLACEHOLDER);
	expect_num("[\"_placeholder\",true,\"num\",0]", NO_PLACEHOLDER);
	expect_num("[]", NO_PLACEHOLDER);
	expect_num("\"{\"", NO_PLACEHOLDER);
	expect_num("1", NO_PLACEHOLDER);
}

TEST(sio_placeholder, a_number_that_is_none_is_told_apart)
{
	expect_num("{\"_placeholder\":true}", RL_SIO_NO_NUM);
	expect_num("{\"_placeholder\":true,\"num\":-1}", RL_SIO_NO_NUM);
	expect_num("{\"_placeholder\":true,\"num\":0.0}", RL_SIO_NO_NUM);
	expect_num("{\"_placeholder\":true,\"num\":\"0\"}", RL_SIO_NO_NUM);
	expect_num("{\"_placeholder\":true,\"num\":4294967294}", 4294967294);
	expect_num("{\"_placeholder\":true,\"num\":4294967295}", RL_SIO_NO_NUM);
}

TEST(sio_placeholder, one_is_taken_off_the_front_of_a_text)
{
	struct rl_slice rest = RL_SLICE("{\"_placeholder\":true,\"num\":5},7]");
	uint32_t num;

	assert_true(rl_sio_take_placeholder(&rest, &num));
	assert_int_equal(num, 5);
	test_expect_text(rest.data, rest.len, ",7]");
	assert_false(rl_sio_take_placeholder(&rest, &num));
	test_expect_text(rest.data, rest.len, ",7]");
}

static void without_memory(void *arg)
{
	struct rl_buf out;

	(void)arg;
	rl_buf_init(&out, test_env());
	int rc = rl_sio_write_placeholder(&out, 4294967294);
	assert_int_equal(rc, test_allocation_failed() ? RILL_ENOMEM : 0);
	test_expect_text(out.data, out.len, rc ? "" : "{\"_placeholder\":true,\"num\":4294967294}");
	rl_buf_release(&out);
}

TEST(sio_placeholder, it_is_written_whole_or_not_at_all)
{
	test_each_failing_allocation(without_memory, NULL);
}

#define PLACE(num) "{\"_placeholder\":true,\"num\":" #num "}"

static void expect_copy(
	const char *text, uint32_t count, uint32_t first, const char *want, uint32_t next)
{
	uint32_t places[4] = { RL_SIO_NO_NUM, RL_SIO_NO_NUM, RL_SIO_NO_NUM, RL_SIO_NO_NUM };
	struct rl_json data;
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_json_read(rl_slice_str(text), &data), 0);
	assert_int_equal(rl_sio_copy(&out, &data, places, count, &first), 0);
	test_expect_text(out.data, out.len, want);
	assert_int_equal(first, next);
	rl_buf_release(&out);
}

TEST(sio_placeholder, those_of_a_copy_are_numbered_in_their_order_each_once)
{
	expect_copy("[1, \"_placeholder\"]", 4, 7, "[1, \"_placeholder\"]", 7);
	expect_copy(PLACE(1), 4, 7, PLACE(7), 8);
	expect_copy("[" PLACE(3) " ,{\"a\":[" PLACE(0) "]}," PLACE(3) "]", 4, 2,
		"[" PLACE(2) " ,{\"a\":[" PLACE(3) "]}," PLACE(2) "]", 4);
	expect_copy("[{\"num\":2,\"\\u005fplaceholder\":true}]", 4, 0, "[" PLACE(0) "]", 1);
}

TEST(sio_placeholder, those_of_nothing_become_null_in_a_copy)
{
	expect_copy(
		"[" PLACE(2) "," PLACE(0) "," PLACE("0") "]", 2, 5, "[null," PLACE(5) ",null]", 6);
	expect_copy("{\"a\":" PLACE(0) "}", 0, 0, "{\"a\":null}", 0);
}

static void copy_without_memory(void *arg)
{
	struct rl_json data;
	struct rl_buf out;
	uint32_t places[1] = { RL_SIO_NO_NUM }, next = 0;

	(void)arg;
	rl_buf_init(&out, test_env());
	assert_int_equal(
		rl_json_read(
			RL_SLICE("[" PLACE(0) "," PLACE(0) "," PLACE(0) "," PLACE(0) "]"), &data),
		0);
	int rc = rl_sio_copy(&out, &data, places, 1, &next);
	assert_int_equal(rc, test_allocation_failed() ? RILL_ENOMEM : 0);
	assert_int_equal(out.len > 0, rc == 0);
	rl_buf_release(&out);
}

TEST(sio_placeholder, a_copy_is_written_whole_or_not_at_all)
{
	test_each_failing_allocation(copy_without_memory, NULL);
}
