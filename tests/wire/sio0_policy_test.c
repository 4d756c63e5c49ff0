/* sio0_policy_test.c: tests of src/wire/sio0_policy.c. */
#include <rill/error.h>
#include "support/support.h"
#include "wire/sio0_frame.h"

#define HEAD                                                                                       \
	"<?xml version=\"1.0\"?>\n"                                                                \
	"<!DOCTYPE cross-domain-policy SYSTEM "                                                    \
	"\"http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd\">\n"                        \
	"<cross-domain-policy>\n"
#define TAIL "</cross-domain-policy>\n"

static const struct rl_slice hosts[] = { { (const uint8_t *)"*", 1 },
	{ (const uint8_t *)"a.example", 9 } };
static const struct rl_slice ports[] = { { (const uint8_t *)"*", 1 },
	{ (const uint8_t *)"8080", 4 } };

static void expect_policy(size_t count, const char *want)
{
	struct rl_buf out;

	rl_buf_init(&out, test_env());
	assert_int_equal(rl_sio0_write_policy(&out, hosts, ports, count), 0);
	test_expect_text(out.data, out.len, want);
	rl_buf_release(&out);
}

TEST(sio0_policy, there_is_a_line_for_each_who_may_connect)
{
	expect_policy(1, HEAD "<allow-access-from domain=\"*\" to-ports=\"*\"/>\n" TAIL);
	expect_policy(2, HEAD "<allow-access-from domain=\"*\" to-ports=\"*\"/>\n"
			      "<allow-access-from domain=\"a.example\" to-ports=\"8080\"/>\n" TAIL);
	expect_policy(0, HEAD TAIL);
}

TEST(sio0_policy, the_question_has_a_nul_behind)
{
	struct rl_slice question = RL_SIO0_POLICY_REQUEST;

	assert_int_equal(question.len, 23);
	assert_memory_equal(question.data, "<policy-file-request/>", 23);
}

static void write_without_memory(void *arg)
{
	struct rl_buf out;

	(void)arg;
	rl_buf_init(&out, test_env());
	int rc = rl_sio0_write_policy(&out, hosts, ports, 2);
	assert_true(rc == 0 || (rc == RILL_ENOMEM && !out.len));
	rl_buf_release(&out);
}

TEST(sio0_policy, without_memory_nothing_is_written)
{
	test_each_failing_allocation(write_without_memory, NULL);
}
