/* guest.h: what the guest tests share: an echo on a loop that somebody else's loop turns, a
 * client of it, and a timer; all has to go well without the host knowing more than a descriptor. */
#ifndef TEST_NET_GUEST_H
#define TEST_NET_GUEST_H

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "support/memory_stream.h"
#include "support/support.h"

static struct {
	rill_loop *loop;
	struct rl_stream_group group;
	struct rl_stream *stream;
	rill_timer *timer;
	int fd; /* the client's */
	int echoes, ticks;
	bool done;
} guest;

static inline void guest_read(struct rl_stream *stream, struct rl_slice *in)
{
	rl_stream_write(stream, *in);
	rl_slice_skip(in, in->len);
	guest.echoes++;
}

static inline void guest_end(struct rl_stream *stream)
{
	rl_stream_close(stream);
	guest.stream = NULL;
	guest.done = true;
}

static inline void guest_lost(struct rl_stream *stream, int rc)
{
	(void)rc;
	guest_end(stream);
}

static inline void guest_drain(struct rl_stream *stream)
{
	(void)stream;
}

static const struct rl_stream_events guest_events = {
	.on_read = guest_read,
	.on_end = guest_end,
	.on_drain = guest_drain,
	.on_lost = guest_lost,
};

/* Each tick the client says something and has its former words back; after five it ends. */
static inline void guest_tick(rill_timer *timer, void *user)
{
	char got[8];
	(void)timer;
	(void)user;
	assert_int_equal(rill_loop_turn(guest.loop), RILL_ESTATE);
	if (guest.ticks++)
		assert_int_equal(read(guest.fd, got, sizeof(got)), 5);
	if (guest.ticks < 6)
		assert_int_equal(write(guest.fd, "hello", 5), 5);
	else
		shutdown(guest.fd, SHUT_WR);
}

static inline void guest_start(void)
{
	static const struct rl_addr peer = { .family = RL_ADDR_UNIX };
	rill_loop_options options;
	int fds[2];
	memset(&guest, 0, sizeof(guest));
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	assert_int_equal(rill_loop_new(&guest.loop, &options), 0);
	rl_stream_group_init(&guest.group, guest.loop);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	guest.fd = fds[1];
	assert_int_equal(rl_socket_stream(&guest.stream, &guest.group, fds[0], &peer), 0);
	rl_stream_own(guest.stream, &guest_events, NULL);
	rl_stream_resume(guest.stream);
	assert_int_equal(rill_timer_new(&guest.timer, guest.loop, guest_tick, NULL), 0);
	rill_timer_start(guest.timer, 5, 5);
}

static inline void guest_finish(void)
{
	assert_int_equal(guest.ticks, 6);
	assert_int_equal(guest.echoes, 5);
	close(guest.fd);
	rill_timer_free(guest.timer);
	rl_stream_group_fini(&guest.group);
	rill_loop_free(guest.loop);
}

#endif
