/* stream_group_test.c: what streams that belong together may cost: stalled peers, and bytes held for all. */
#include "net/stream_program.h"

TEST(stream_group, a_peer_that_takes_nothing_for_the_stall_time_is_lost)
{
	start();
	t.group.stall_ms = 500;
	memory_stream_room(t.b.stream, 0);
	write_text(&t.a, "abc");
	test_settle(t.loop);
	test_now += 499;
	test_settle(t.loop);
	assert_int_equal(t.a.lost, 0);
	test_now += 1;
	test_settle(t.loop);
	assert_int_equal(t.a.lost, RILL_ETIMEDOUT);
	assert_int_equal(rl_wheel_next(&t.loop->wheel), RL_TIMER_NEVER);
	finish();
}

TEST(stream_group, a_peer_that_takes_a_little_now_and_then_is_not_lost)
{
	start();
	t.group.stall_ms = 500;
	memory_stream_room(t.b.stream, 0);
	write_bytes(&t.a, 100);
	test_settle(t.loop);
	for (int i = 0; i < 20; i++) {
		test_now += 400;
		memory_stream_room(t.b.stream, 1);
		test_settle(t.loop);
	}
	assert_int_equal(t.a.lost, 0);
	assert_int_equal(t.b.len, 20);
	test_now += 500;
	test_settle(t.loop);
	assert_int_equal(t.a.lost, RILL_ETIMEDOUT);
	finish();
}

TEST(stream_group, nobody_is_swept_while_nothing_is_blocked)
{
	start();
	t.group.stall_ms = 500;
	write_text(&t.a, "abc");
	test_settle(t.loop);
	assert_int_equal(rl_wheel_next(&t.loop->wheel), RL_TIMER_NEVER);
	test_now += 100000;
	test_settle(t.loop);
	assert_int_equal(t.a.lost, 0);
	finish();
}

TEST(stream_group, above_the_limit_of_all_together_the_one_holding_most_is_lost)
{
	start();
	t.group.max_buffered = 1000;
	memory_stream_room(t.a.stream, 0);
	memory_stream_room(t.b.stream, 0);
	write_bytes(&t.a, 400);
	rl_stream_charge(t.a.stream, 100);
	write_bytes(&t.b, 450);
	test_settle(t.loop);
	assert_int_equal(t.a.lost + t.b.lost, 0);
	write_bytes(&t.b, 51);
	test_settle(t.loop);
	assert_int_equal(t.b.lost, RILL_ELIMIT);
	assert_int_equal(t.a.lost, 0);
	assert_int_equal(t.group.buffered, 500);
	assert_non_null(strstr(test_log(), "above the limit of 1000"));
	rl_stream_charge(t.a.stream, -100);
	finish();
}

/* Bytes that are held beside the streams, for some peers. */
static struct beside {
	struct rl_holder holder;
	size_t bytes[100];
	unsigned looks;
} beside;

static size_t *most_beside(void)
{
	size_t *most = beside.bytes;

	for (size_t i = 0; i < 100; i++)
		most = beside.bytes[i] > *most ? &beside.bytes[i] : most;
	return most;
}

static size_t most_of_beside(struct rl_holder *holder)
{
	assert_ptr_equal(holder, &beside.holder);
	beside.looks++;
	return *most_beside();
}

static void cut_beside(
	struct rl_holder *holder, size_t least, const struct rl_stream_group *group)
{
	assert_ptr_equal(holder, &beside.holder);
	while (rl_stream_group_over(group) && *most_beside() >= least) {
		rl_stream_group_give(&t.group, *most_beside());
		*most_beside() = 0;
	}
}

static void hold_beside(size_t first, size_t second)
{
	beside = (struct beside){ { .most = most_of_beside, .cut = cut_beside }, { first, second }, 0 };
	rl_list_append(&t.group.holders, &beside.holder.node);
	rl_stream_group_hold(&t.group, first + second);
}

TEST(stream_group, above_the_limit_who_holds_more_beside_the_streams_goes_first)
{
	start();
	t.group.max_buffered = 1000;
	memory_stream_room(t.b.stream, 0);
	write_bytes(&t.a, 400);
	hold_beside(300, 500);
	test_settle(t.loop);
	assert_int_equal(t.a.lost, 0);
	assert_int_equal(beside.bytes[0], 300);
	assert_int_equal(beside.bytes[1], 0);
	assert_int_equal(t.group.buffered, 700);
	rl_stream_group_hold(&t.group, 301);
	beside.bytes[1] = 301;
	test_settle(t.loop); /* now it is the stream's turn */
	assert_int_equal(t.a.lost, RILL_ELIMIT);
	assert_int_equal(t.group.buffered, 601);
	rl_stream_group_give(&t.group, 601);
	rl_list_remove(&beside.holder.node);
	finish();
}

TEST(stream_group, above_the_limit_those_who_hold_much_alike_go_in_one_walk)
{
	start();
	t.group.max_buffered = 1000;
	hold_beside(0, 0);
	for (size_t i = 0; i < 100; i++)
		beside.bytes[i] = 1000 + i;
	rl_stream_group_hold(&t.group, 100 * 1000 + 4950);
	test_settle(t.loop);
	assert_int_equal(beside.looks, 2);
	assert_int_equal(t.group.buffered, 1000);
	assert_int_equal(beside.bytes[0], 1000);
	rl_stream_group_give(&t.group, 1000);
	rl_list_remove(&beside.holder.node);
	finish();
}

TEST(stream_group, what_peers_take_at_once_is_not_held_against_anybody)
{
	start();
	t.group.max_buffered = 1000;
	write_bytes(&t.a, 4000);
	test_settle(t.loop);
	assert_int_equal(t.a.lost, 0);
	assert_int_equal(t.b.len, 4000);
	finish();
}

TEST(stream_group, bytes_in_hand_count_against_the_limit)
{
	start();
	t.group.max_buffered = 1000;
	t.b.use = 0;
	write_bytes(&t.a, 1001);
	test_settle(t.loop);
	assert_int_equal(t.b.lost, RILL_ELIMIT);
	finish();
}
