/* guest_poll_test.c: rill as a guest of a loop that is nothing but poll(2). */
#include "net/guest.h"

TEST(guest_poll, echoes_and_timers_go_on_with_nothing_but_the_descriptor)
{
	guest_start();
	struct pollfd host = { .fd = rill_loop_fd(guest.loop), .events = POLLIN };
	while (!guest.done) {
		assert_int_equal(poll(&host, 1, -1), 1);
		assert_int_equal(rill_loop_turn(guest.loop), 0);
	}
	guest_finish();
}
