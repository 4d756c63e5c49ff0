/* timer_test.c: the wheel, by itself and against a model without any cleverness. */
#include "net/timer.h"
#include "support/support.h"

enum { MANY = 40, MAX_CALLS = 4096 };

static struct {
	struct rl_wheel wheel;
	struct rl_timer timers[MANY];
	size_t called[MAX_CALLS];
	size_t calls;
	void (*inside)(size_t i);
} t;

static void on_timer(struct rl_timer *timer)
{
	size_t i = (size_t)(timer - t.timers);
	assert_false(rl_timer_is_set(timer));
	if (t.calls < MAX_CALLS)
		t.called[t.calls] = i;
	t.calls++;
	if (t.inside)
		t.inside(i);
}

static void start(uint64_t now)
{
	memset(&t, 0, sizeof(t));
	rl_wheel_init(&t.wheel, now);
	for (size_t i = 0; i < MANY; i++)
		rl_timer_init(&t.timers[i], on_timer);
}

static void set(size_t i, uint64_t due)
{
	rl_timer_set(&t.wheel, &t.timers[i], due);
}

static void run(uint64_t now)
{
	t.calls = 0;
	rl_wheel_run(&t.wheel, now);
}

TEST(timer, a_timer_is_called_once_when_it_is_due_and_not_before)
{
	for (uint64_t delay = 1; delay < UINT64_C(1) << 40; delay = delay * 3 + 1) {
		start(1000);
		set(0, 1000 + delay);
		run(1000 + delay - 1);
		assert_int_equal(t.calls, 0);
		assert_true(rl_timer_is_set(&t.timers[0]));
		run(1000 + delay);
		assert_int_equal(t.calls, 1);
		run(1000 + delay + 1);
		assert_int_equal(t.calls, 0);
	}
}

TEST(timer, the_farthest_times_are_kept_to)
{
	start(7);
	set(0, UINT64_MAX - 1);
	run(UINT64_MAX - 2);
	assert_int_equal(t.calls, 0);
	run(UINT64_MAX - 1);
	assert_int_equal(t.calls, 1);
}

TEST(timer, a_time_in_the_past_is_called_in_the_next_run_even_at_the_same_time)
{
	start(1000);
	set(0, 3);
	set(1, 1000);
	assert_int_equal(rl_wheel_next(&t.wheel), 1000);
	run(1000);
	assert_int_equal(t.calls, 2);
	assert_int_equal(rl_wheel_next(&t.wheel), RL_TIMER_NEVER);
}

static void set_itself_now(size_t i)
{
	set(i, t.wheel.now);
}

TEST(timer, one_set_for_now_inside_its_call_waits_for_the_next_run)
{
	start(0);
	t.inside = set_itself_now;
	set(0, 10);
	for (int i = 0; i < 5; i++) {
		run(500);
		assert_int_equal(t.calls, 1);
	}
}

static void set_one_between(size_t i)
{
	if (i == 0)
		set(1, 300); /* later than this timer, earlier than the run's end */
}

TEST(timer, one_set_inside_for_a_time_the_run_has_reached_waits_for_the_next_run)
{
	start(0);
	t.inside = set_one_between;
	set(0, 200);
	run(500);
	assert_int_equal(t.calls, 1);
	run(500);
	assert_int_equal(t.calls, 1);
	assert_int_equal(t.called[0], 1);
}

static void clear_the_others(size_t i)
{
	for (size_t k = 0; k < MANY; k++)
		if (k != i)
			rl_timer_clear(&t.wheel, &t.timers[k]);
}

TEST(timer, one_cleared_by_another_that_is_due_in_the_same_millisecond_is_not_called)
{
	start(0);
	t.inside = clear_the_others;
	for (size_t i = 0; i < MANY; i++)
		set(i, 5000);
	run(6000);
	assert_int_equal(t.calls, 1);
	assert_int_equal(rl_wheel_next(&t.wheel), RL_TIMER_NEVER);
}

TEST(timer, moving_a_timer_to_a_later_time_leaves_it_where_it_is)
{
	start(0);
	set(0, 5000);
	struct rl_list *before = t.timers[0].node.prev;
	set(0, 9000);
	assert_ptr_equal(t.timers[0].node.prev, before);
	run(8999);
	assert_int_equal(t.calls, 0);
	run(9000);
	assert_int_equal(t.calls, 1);
}

TEST(timer, a_timer_moved_to_an_earlier_time_is_called_then)
{
	start(0);
	set(0, 100000);
	set(0, 50);
	assert_true(rl_wheel_next(&t.wheel) <= 50);
	run(50);
	assert_int_equal(t.calls, 1);
	run(200000);
	assert_int_equal(t.calls, 0);
}

TEST(timer, setting_it_to_never_clears_it)
{
	start(0);
	set(0, 10);
	set(0, RL_TIMER_NEVER);
	assert_false(rl_timer_is_set(&t.timers[0]));
	run(100);
	assert_int_equal(t.calls, 0);
}

TEST(timer, a_clock_that_goes_back_harms_nothing)
{
	start(1000);
	set(0, 1010);
	run(1005);
	run(900);
	assert_int_equal(t.calls, 0);
	run(1010);
	assert_int_equal(t.calls, 1);
}

static uint64_t pick(uint64_t below)
{
	uint64_t n;
	test_env()->random(&n, sizeof(n), NULL);
	return n % below;
}

/* Delays of all magnitudes, many on the edges of slots. */
static uint64_t pick_due(uint64_t now)
{
	uint64_t delay = pick(UINT64_C(1) << pick(44));
	if (pick(4) == 0)
		return now - pick(now < 100 ? now : 100);
	if (pick(3) == 0)
		return (now + delay) & ~((UINT64_C(1) << (6 * pick(6))) - 1);
	return now + delay;
}

static uint64_t model[MANY]; /* when each is due */

/* Compares what a run called with what the model says is due. */
static void expect_run(uint64_t now)
{
	uint64_t last = 0;
	bool seen[MANY] = { false };

	run(now);
	for (size_t k = 0; k < t.calls; k++) {
		size_t i = t.called[k];
		assert_false(seen[i]);
		seen[i] = true;
		assert_true(model[i] <= now);
		assert_true(model[i] >= last);
		last = model[i];
		model[i] = RL_TIMER_NEVER;
	}
	for (size_t i = 0; i < MANY; i++) {
		assert_true(model[i] > now);
		assert_int_equal(t.timers[i].due, model[i]);
	}
}

static void expect_next(void)
{
	uint64_t first = RL_TIMER_NEVER;
	for (size_t i = 0; i < MANY; i++)
		if (model[i] < first)
			first = model[i];
	assert_true(rl_wheel_next(&t.wheel) <= first);
	if (first == RL_TIMER_NEVER)
		assert_int_equal(rl_wheel_next(&t.wheel), RL_TIMER_NEVER);
}

TEST(timer, any_sequence_of_operations_ends_as_in_a_plain_list)
{
	uint64_t now = pick(UINT64_C(1) << 37);
	start(now);
	for (size_t i = 0; i < MANY; i++)
		model[i] = RL_TIMER_NEVER;
	for (int step = 0; step < 200000; step++) {
		size_t i = pick(MANY);
		switch (pick(4)) {
		case 0:
		case 1:
			model[i] = pick_due(now);
			set(i, model[i]);
			if (model[i] < now)
				model[i] = now; /* the past is now */
			break;
		case 2:
			rl_timer_clear(&t.wheel, &t.timers[i]);
			model[i] = RL_TIMER_NEVER;
			break;
		default:
			now += pick(UINT64_C(1) << pick(30));
			expect_run(now);
			break;
		}
		expect_next();
	}
}

TEST(timer, sleeping_until_next_again_and_again_reaches_each_timer_on_time)
{
	start(12345);
	for (size_t i = 0; i < MANY; i++)
		set(i, 12346 + pick(UINT64_C(1) << (i + 1)));
	uint64_t next;
	size_t calls = 0, turns = 0;
	while ((next = rl_wheel_next(&t.wheel)) != RL_TIMER_NEVER) {
		uint64_t due[MANY];
		for (size_t i = 0; i < MANY; i++)
			due[i] = t.timers[i].due;
		run(next);
		for (size_t k = 0; k < t.calls; k++)
			assert_int_equal(due[t.called[k]], next);
		calls += t.calls;
		assert_true(++turns < MANY * RL_WHEEL_LEVELS);
	}
	assert_int_equal(calls, MANY);
}
