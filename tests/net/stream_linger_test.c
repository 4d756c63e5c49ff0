/* stream_linger_test.c: a stream that is closed gently. */
#include "net/stream_program.h"

TEST(stream_linger, a_gentle_close_writes_what_is_queued_and_waits_for_the_peers_end)
{
	start();
	write_text(&t.a, "last words");
	t.a.open = false;
	rl_stream_close_gently(t.a.stream, 1000);
	test_settle(t.loop);
	expect_got(&t.b, "last words");
	assert_int_equal(t.b.ends, 1);
	assert_int_equal(t.group.count, 2);
	write_text(&t.b, "still talking");
	test_settle(t.loop);
	assert_int_equal(t.b.lost, 0);
	assert_int_equal(t.group.count, 2);
	rl_stream_shutdown(t.b.stream);
	test_settle(t.loop);
	assert_int_equal(t.group.count, 1);
	finish();
}

TEST(stream_linger, a_gentle_close_ends_in_time_when_the_peer_does_not)
{
	start();
	t.a.open = false;
	rl_stream_close_gently(t.a.stream, 1000);
	test_settle(t.loop);
	test_now += 999;
	test_settle(t.loop);
	assert_int_equal(t.group.count, 2);
	test_now += 1;
	test_settle(t.loop);
	assert_int_equal(t.group.count, 1);
	finish();
}

TEST(stream_linger, a_gentle_close_leaves_a_long_queue_its_time)
{
	start();
	memory_stream_room(t.b.stream, 0);
	write_bytes(&t.a, 100);
	t.a.open = false;
	rl_stream_close_gently(t.a.stream, 1000);
	for (int i = 0; i < 5; i++) {
		memory_stream_room(t.b.stream, 10);
		test_settle(t.loop);
		test_now += 1000;
		test_settle(t.loop);
		assert_int_equal(t.group.count, 2);
	}
	test_now += 1000;
	test_settle(t.loop);
	memory_stream_room(t.b.stream, 50);
	test_settle(t.loop);
	assert_int_equal(t.b.len, 100);
	test_now += 1000;
	test_settle(t.loop);
	assert_int_equal(t.group.count, 1);
	finish();
}

TEST(stream_linger, a_gentle_close_gives_a_peer_that_stands_still_the_time_of_the_group)
{
	start();
	t.group.stall_ms = 5000;
	memory_stream_room(t.b.stream, 0);
	write_bytes(&t.a, 100);
	t.a.open = false;
	rl_stream_close_gently(t.a.stream, 1000);
	test_settle(t.loop);
	test_now += 4900;
	test_settle(t.loop);
	assert_int_equal(t.group.count, 2);
	test_now += 200;
	test_settle(t.loop);
	assert_int_equal(t.group.count, 1);
	finish();
}

TEST(stream_linger, a_gentle_close_reads_as_much_as_comes_but_not_for_ever)
{
	start();
	t.a.open = false;
	rl_stream_close_gently(t.a.stream, 1000);
	for (int i = 0; i < 10; i++) {
		for (int j = 0; j < 10; j++) {
			assert_int_equal(t.group.count, 2);
			write_bytes(&t.b, 100000);
			test_settle(t.loop);
		}
		test_now += 100;
		test_settle(t.loop);
	}
	assert_int_equal(t.group.count, 1);
	finish();
}

static void close_gently_inside(struct peer *peer)
{
	peer->open = false;
	rl_stream_close_gently(peer->stream, 1000);
}

TEST(stream_linger, a_gentle_close_works_inside_every_upcall_and_after_the_peers_end)
{
	start();
	t.b.use = 1;
	t.b.inside = close_gently_inside;
	write_text(&t.a, "abc");
	test_settle(t.loop);
	assert_int_equal(t.a.ends, 1);
	close_peer(&t.a);
	test_settle(t.loop);
	assert_int_equal(t.group.count, 0);
	finish();

	start();
	t.b.inside = close_gently_inside;
	rl_stream_shutdown(t.a.stream);
	test_settle(t.loop);
	assert_int_equal(t.group.count, 1);
	finish();

	start();
	t.a.inside = close_gently_inside;
	memory_stream_break(t.a.stream, RILL_ERESET);
	test_settle(t.loop);
	assert_int_equal(t.group.count, 1);
	finish();
}

TEST(stream_linger, a_gentle_close_of_a_paused_stream_reads_on)
{
	start();
	rl_stream_pause(t.a.stream);
	t.a.open = false;
	rl_stream_close_gently(t.a.stream, 1000);
	rl_stream_shutdown(t.b.stream);
	test_settle(t.loop);
	assert_int_equal(t.group.count, 1);
	finish();
}

TEST(stream_linger, a_group_cuts_what_lingers_when_it_goes)
{
	start();
	write_text(&t.a, "abc");
	t.a.open = t.b.open = false;
	rl_stream_close_gently(t.a.stream, 1000);
	rl_stream_close_gently(t.b.stream, 1000);
	rl_stream_group_fini(&t.group);
	rill_loop_free(t.loop);
}
