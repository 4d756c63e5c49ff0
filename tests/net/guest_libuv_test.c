/* guest_libuv_test.c: rill as a guest of libuv. */
#include <uv.h>
#include "net/guest.h"

static void on_poll(uv_poll_t *poll, int status, int events)
{
	assert_int_equal(status, 0);
	assert_int_equal(events, UV_READABLE);
	assert_int_equal(rill_loop_turn(guest.loop), 0);
	if (guest.done)
		uv_poll_stop(poll);
}

TEST(guest_libuv, echoes_and_timers_go_on_inside_uv_run)
{
	uv_loop_t host;
	uv_poll_t handle;
	guest_start();
	assert_int_equal(uv_loop_init(&host), 0);
	assert_int_equal(uv_poll_init(&host, &handle, rill_loop_fd(guest.loop)), 0);
	assert_int_equal(uv_poll_start(&handle, UV_READABLE, on_poll), 0);
	uv_run(&host, UV_RUN_DEFAULT); /* until the poll is stopped */
	uv_close((uv_handle_t *)&handle, NULL);
	uv_run(&host, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&host), 0);
	guest_finish();
}
