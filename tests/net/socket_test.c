/* socket_test.c: streams on sockets of the kernel: what memory cannot show. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include "support/memory_stream.h"
#include "support/support.h"

struct owner {
	struct rl_stream *stream;
	struct owner *victim; /* closed in on_read */
	size_t got;
	int ends, lost, drains;
	bool echo, open;
	uint8_t *target;
	size_t target_len, direct;
};

static rill_loop *loop;
static struct rl_stream_group group;

static void close_owner(struct owner *o)
{
	if (!o->open)
		return;
	o->open = false;
	rl_stream_close(o->stream);
}

static void on_read(struct rl_stream *stream, struct rl_slice *in)
{
	struct owner *o = stream->owner;
	assert_true(o->open);
	o->got += in->len;
	if (o->echo)
		rl_stream_write(stream, *in);
	rl_slice_skip(in, in->len);
	if (o->victim)
		close_owner(o->victim);
}

static void on_end(struct rl_stream *stream)
{
	((struct owner *)stream->owner)->ends++;
}

static void on_drain(struct rl_stream *stream)
{
	((struct owner *)stream->owner)->drains++;
}

static void on_lost(struct rl_stream *stream, int rc)
{
	struct owner *o = stream->owner;
	o->lost = rc;
	close_owner(o);
}

static uint8_t *target(struct rl_stream *stream, size_t *len)
{
	struct owner *o = stream->owner;
	*len = o->target_len;
	return *len ? o->target : NULL;
}

static void on_target(struct rl_stream *stream, size_t n)
{
	struct owner *o = stream->owner;
	o->direct += n;
	o->target += n;
	o->target_len -= n;
}

static const struct rl_stream_events events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
	.target = target,
	.on_target = on_target,
};

static void start(void)
{
	loop = test_loop();
	assert_non_null(loop);
	rl_stream_group_init(&group, loop);
}

static void finish(void)
{
	rl_stream_group_fini(&group);
	rill_loop_free(loop);
}

/* Opens a stream on one end of a socket pair; returns the other end. */
static int open_owner(struct owner *o)
{
	static const struct rl_addr peer = { .family = RL_ADDR_UNIX };
	int fds[2];
	memset(o, 0, sizeof(*o));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(rl_socket_stream(&o->stream, &group, fds[0], &peer), 0);
	o->open = true;
	rl_stream_own(o->stream, &events, o);
	rl_stream_resume(o->stream);
	assert_true(fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
	return fds[1];
}

#define AWAIT(condition)                                                                           \
	for (int turns_ = 0; !(condition); turns_++) {                                             \
		assert_true(turns_ < 100000);                                                      \
		rill_loop_wait(loop, 1);                                                           \
	}

TEST(socket, an_echo_takes_one_turn)
{
	struct owner o;
	char got[16];
	start();
	int fd = open_owner(&o);
	o.echo = true;
	assert_int_equal(write(fd, "hello", 5), 5);
	rill_loop_turn(loop);
	assert_int_equal(read(fd, got, sizeof(got)), 5);
	test_expect_text(got, 5, "hello");
	close_owner(&o);
	rill_loop_turn(loop);
	assert_int_equal(read(fd, got, sizeof(got)), 0);
	close(fd);
	finish();
}

TEST(socket, an_echo_allocates_nothing_once_it_has_begun)
{
	struct owner o;
	char got[16];
	start();
	int fd = open_owner(&o);
	o.echo = true;
	size_t before = 0;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(write(fd, "hello", 5), 5);
		rill_loop_turn(loop);
		assert_int_equal(read(fd, got, sizeof(got)), 5);
		if (i == 0)
			before = test_allocations();
	}
	assert_int_equal(test_allocations(), before);
	close_owner(&o);
	close(fd);
	finish();
}

TEST(socket, it_is_one_allocation_of_at_most_192_bytes)
{
	struct owner o;
	start();
	size_t blocks = test_live_blocks(), bytes = test_live_bytes();
	int fd = open_owner(&o);
	assert_int_equal(test_live_blocks(), blocks + 1);
	assert_true(test_live_bytes() - bytes <= 192);
	close_owner(&o);
	close(fd);
	finish();
}

TEST(socket, it_is_made_non_blocking_and_sends_small_writes_at_once)
{
	struct rl_stream *stream;
	int on = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(on);
	start();
	assert_int_equal(rl_socket_stream(&stream, &group, fd, NULL), 0);
	assert_string_equal(stream->ops->name, "tcp");
	assert_false(rl_stream_secure(stream));
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	assert_true(on);
	rl_stream_close(stream);
	finish();
}

TEST(socket, a_descriptor_that_cannot_be_is_still_the_callers)
{
	struct rl_stream *stream;
	start();
	assert_int_equal(rl_socket_stream(&stream, &group, -1, NULL), RILL_EIO);
	int file = open("/dev/null", O_RDWR);
	assert_int_equal(rl_socket_stream(&stream, &group, file, NULL), RILL_EIO);
	assert_int_equal(close(file), 0);
	assert_int_equal(group.count, 0);
	finish();
}

TEST(socket, a_long_queue_leaves_as_fast_as_the_peer_reads_and_tells_on_drain)
{
	enum { MUCH = 5000000 };
	static uint8_t data[MUCH], got[65536];
	struct owner o;
	start();
	for (size_t i = 0; i < MUCH; i++)
		data[i] = (uint8_t)(i % 253);
	int fd = open_owner(&o);
	assert_int_equal(rl_stream_write(o.stream, rl_slice(data, MUCH)), 1);
	rl_stream_shutdown(o.stream);
	size_t have = 0;
	for (;;) {
		ssize_t n = read(fd, got, sizeof(got));
		if (n == 0)
			break;
		for (ssize_t i = 0; i < n; i++, have++)
			assert_int_equal(got[i], have % 253);
		rill_loop_turn(loop);
	}
	assert_int_equal(have, MUCH);
	assert_int_equal(o.drains, 1);
	close_owner(&o);
	close(fd);
	finish();
}

TEST(socket, a_peer_that_reads_nothing_is_lost_after_the_stall_time)
{
	static uint8_t data[5000000];
	struct owner o;
	start();
	group.stall_ms = 1000;
	int fd = open_owner(&o);
	rl_stream_write(o.stream, rl_slice(data, sizeof(data)));
	test_settle(loop);
	test_now += 999;
	test_settle(loop);
	assert_int_equal(o.lost, 0);
	test_now += 1;
	test_settle(loop);
	assert_int_equal(o.lost, RILL_ETIMEDOUT);
	close(fd);
	finish();
}

/* As open_owner(), over TCP. */
static int open_tcp_owner(struct owner *o)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct rl_addr peer = { .family = RL_ADDR_IP4 };
	socklen_t len = sizeof(at);
	memset(o, 0, sizeof(*o));
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
	int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	close(listener);
	assert_int_equal(rl_socket_stream(&o->stream, &group, accepted, &peer), 0);
	o->open = true;
	rl_stream_own(o->stream, &events, o);
	rl_stream_resume(o->stream);
	return fd;
}

TEST(socket, a_peer_that_reads_nothing_is_reset_so_that_the_kernel_keeps_nothing_for_it)
{
	static uint8_t data[8000000];
	struct owner o;
	int error = 0;
	socklen_t len = sizeof(error);
	start();
	group.stall_ms = 1000;
	int fd = open_tcp_owner(&o);
	rl_stream_write(o.stream, rl_slice(data, sizeof(data)));
	test_settle(loop);
	test_now += 1000;
	test_settle(loop);
	assert_int_equal(o.lost, RILL_ETIMEDOUT);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	assert_int_equal(error, ECONNRESET);
	close(fd);
	finish();
}

TEST(socket, a_peer_that_reads_too_little_for_the_kernel_to_report_is_not_lost)
{
	static uint8_t data[5000000];
	struct owner o;
	uint8_t got[5000];
	start();
	group.stall_ms = 1000;
	int fd = open_owner(&o);
	rl_stream_write(o.stream, rl_slice(data, sizeof(data)));
	test_settle(loop);
	for (int i = 0; i < 5; i++) {
		test_now += 900;
		for (size_t n = 0; n < 40000; n += sizeof(got))
			assert_true(read(fd, got, sizeof(got)) > 0);
		test_settle(loop);
	}
	assert_int_equal(o.lost, 0);
	close_owner(&o);
	close(fd);
	finish();
}

TEST(socket, large_bytes_come_straight_into_the_owners_memory)
{
	uint8_t memory[100];
	struct owner o;
	start();
	int fd = open_owner(&o);
	o.target = memory;
	o.target_len = sizeof(memory);
	rl_stream_aim(o.stream, true);
	uint8_t data[150];
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	assert_int_equal(write(fd, data, 70), 70);
	rill_loop_turn(loop);
	assert_int_equal(write(fd, data + 70, 80), 80);
	rill_loop_turn(loop);
	assert_int_equal(o.direct, 100);
	assert_memory_equal(memory, data, 100);
	assert_int_equal(o.got, 50);
	close_owner(&o);
	close(fd);
	finish();
}

TEST(socket, closing_another_stream_whose_bytes_came_in_the_same_turn_is_fine)
{
	struct owner a, b;
	start();
	int one = open_owner(&a), other = open_owner(&b);
	a.victim = &b;
	b.victim = &a;
	assert_int_equal(write(one, "x", 1), 1);
	assert_int_equal(write(other, "x", 1), 1);
	rill_loop_turn(loop);
	assert_int_equal(a.got + b.got, 1);
	close_owner(a.open ? &a : &b);
	close(one);
	close(other);
	finish();
}

TEST(socket, closing_gently_lets_the_peer_read_the_last_words_though_it_still_sends)
{
	struct owner o;
	char got[16];
	start();
	int fd = open_owner(&o);
	assert_int_equal(write(fd, "unread", 6), 6);
	rl_stream_write(o.stream, RL_SLICE("go away"));
	o.open = false;
	rl_stream_close_gently(o.stream, 1000);
	rill_loop_turn(loop);
	assert_int_equal(write(fd, "more", 4), 4);
	rill_loop_turn(loop);
	assert_int_equal(read(fd, got, sizeof(got)), 7);
	assert_int_equal(read(fd, got, sizeof(got)), 0);
	close(fd);
	AWAIT(group.count == 0);
	finish();
}

TEST(socket, a_write_outside_of_a_turn_makes_the_guests_descriptor_readable)
{
	struct owner o;
	char got[16];
	start();
	int fd = open_owner(&o);
	struct rl_engine *engine = loop->engine;
	assert_int_equal(rill_loop_fd(loop), engine->ops->fd(engine));
	rill_loop_turn(loop);
	fd_set set;
	struct timeval none = { 0, 0 };
	int guest = rill_loop_fd(loop);
	FD_ZERO(&set);
	FD_SET(guest, &set);
	assert_int_equal(select(guest + 1, &set, NULL, NULL, &none), 0);
	rl_stream_write(o.stream, RL_SLICE("hi"));
	FD_SET(guest, &set);
	assert_int_equal(select(guest + 1, &set, NULL, NULL, &none), 1);
	rill_loop_turn(loop);
	assert_int_equal(read(fd, got, sizeof(got)), 2);
	close_owner(&o);
	close(fd);
	finish();
}

/* Whatever is refused: a code, or a lost stream, and all memory given back. */
static void echo_once(void *arg)
{
	struct owner o = { 0 };
	struct rl_stream *stream;
	static const struct rl_addr peer = { .family = RL_ADDR_UNIX };
	int fds[2];
	char got[16];
	(void)arg;
	loop = test_loop();
	if (!loop)
		return;
	rl_stream_group_init(&group, loop);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	if (rl_socket_stream(&stream, &group, fds[0], &peer) == 0) {
		o = (struct owner){ .stream = stream, .open = true, .echo = true };
		rl_stream_own(stream, &events, &o);
		rl_stream_resume(stream);
		assert_int_equal(write(fds[1], "hello", 5), 5);
		rill_loop_turn(loop);
		if (!test_allocation_failed())
			assert_int_equal(read(fds[1], got, sizeof(got)), 5);
		o.open = false;
		rl_stream_close_gently(stream, 0);
		test_settle(loop);
	} else {
		close(fds[0]);
	}
	close(fds[1]);
	finish();
}

TEST(socket, memory_that_is_refused_harms_nothing)
{
	test_each_failing_allocation(echo_once, NULL);
}
