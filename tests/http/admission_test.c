/* Proves what admission.h promises. */
#include <rill/error.h>
#include "http/admission.h"
#include "support/support.h"

static struct rl_addr ip4(uint32_t number)
{
	struct rl_addr addr = { .family = RL_ADDR_IP4 };
	memcpy(addr.ip, &number, 4);
	return addr;
}

TEST(admission, all_together_are_limited)
{
	struct rl_admission a;
	struct rl_addr x = ip4(1), y = ip4(2), z = { .family = RL_ADDR_UNIX };

	rl_admission_init(&a, test_env(), 2, 0);
	assert_int_equal(rl_admission_enter(&a, &x), 0);
	assert_int_equal(rl_admission_enter(&a, &z), 0);
	assert_int_equal(rl_admission_enter(&a, &y), RILL_ELIMIT);
	rl_admission_leave(&a, &x);
	assert_int_equal(rl_admission_enter(&a, &y), 0);
	assert_int_equal(a.count, 2);
	rl_admission_fini(&a);
}

TEST(admission, each_address_is_limited_by_itself)
{
	struct rl_admission a;
	struct rl_addr x = ip4(1), y = ip4(2);

	rl_admission_init(&a, test_env(), 0, 2);
	assert_int_equal(rl_admission_enter(&a, &x), 0);
	assert_int_equal(rl_admission_enter(&a, &x), 0);
	assert_int_equal(rl_admission_enter(&a, &x), RILL_ELIMIT);
	assert_false(rl_admission_has_room(&a, &x));
	assert_int_equal(rl_admission_enter(&a, &y), 0);
	rl_admission_leave(&a, &x);
	assert_int_equal(rl_admission_enter(&a, &x), 0);
	rl_admission_fini(&a);
}

TEST(admission, addresses_of_one_ipv6_network_count_together)
{
	struct rl_admission a;
	struct rl_addr x = { .family = RL_ADDR_IP6, .ip = { 0x20, 1, [15] = 1 } };
	struct rl_addr y = { .family = RL_ADDR_IP6, .ip = { 0x20, 1, [15] = 2 } };
	struct rl_addr z = { .family = RL_ADDR_IP6, .ip = { 0x20, 2, [15] = 2 } };

	rl_admission_init(&a, test_env(), 0, 1);
	assert_int_equal(rl_admission_enter(&a, &x), 0);
	assert_int_equal(rl_admission_enter(&a, &y), RILL_ELIMIT);
	assert_int_equal(rl_admission_enter(&a, &z), 0);
	rl_admission_fini(&a);
}

TEST(admission, unix_peers_have_no_address_to_limit)
{
	struct rl_admission a;
	struct rl_addr u = { .family = RL_ADDR_UNIX };

	rl_admission_init(&a, test_env(), 0, 1);
	assert_int_equal(rl_admission_enter(&a, &u), 0);
	assert_int_equal(rl_admission_enter(&a, &u), 0);
	rl_admission_leave(&a, &u);
	rl_admission_leave(&a, &u);
	rl_admission_fini(&a);
}

TEST(admission, thousands_come_and_go_in_any_order_and_leave_nothing)
{
	enum { MANY = 5000 };
	struct rl_admission a;
	static uint8_t open[MANY];
	size_t count = 0;
	uint64_t seed = 1;

	memset(open, 0, sizeof(open));
	rl_admission_init(&a, test_env(), 0, 3);
	for (int i = 0; i < 100000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		uint32_t n = (uint32_t)(seed >> 33) % MANY;
		struct rl_addr addr = ip4(n);
		if (seed >> 63 && open[n]) {
			rl_admission_leave(&a, &addr);
			open[n]--, count--;
		} else {
			int rc = rl_admission_enter(&a, &addr);
			assert_int_equal(rc, open[n] < 3 ? 0 : RILL_ELIMIT);
			open[n] = (uint8_t)(open[n] + (rc == 0));
			count += rc == 0;
		}
		assert_int_equal(a.count, count);
	}
	for (uint32_t n = 0; n < MANY; n++) {
		struct rl_addr addr = ip4(n);
		for (; open[n]; open[n]--)
			rl_admission_leave(&a, &addr);
	}
	assert_int_equal(a.count, 0);
	assert_int_equal(test_live_blocks(), 0);
}

static void enter_two(void *arg)
{
	struct rl_admission a;
	struct rl_addr x = ip4(1);
	(void)arg;

	rl_admission_init(&a, test_env(), 0, 2);
	if (rl_admission_enter(&a, &x) == 0) {
		assert_int_equal(a.count, 1);
		rl_admission_leave(&a, &x);
	} else {
		assert_int_equal(a.count, 0);
	}
	rl_admission_fini(&a);
}

TEST(admission, a_failing_allocation_counts_nothing)
{
	test_each_failing_allocation(enter_two, NULL);
}
