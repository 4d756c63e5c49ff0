/* engine_test.c: the epoll engine at its seam: sockets, acceptors and watches without streams. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "support/memory_stream.h"
#include "support/support.h"

struct end {
	struct rl_sock sock;
	int peer; /* the other side's descriptor */
	size_t reads, got, direct, closed_told;
	uint8_t first, last;
	int end, lost, written;
	bool close_inside, stop_inside, close_in_written;
	struct end *other; /* closed inside on_read */
	uint8_t *target;
	size_t target_len;
};

static rill_loop *loop;

static const struct rl_engine_ops *ops(void)
{
	return loop->engine->ops;
}

static struct end *of(struct rl_sock *sock)
{
	return rl_container(sock, struct end, sock);
}

static void close_end(struct end *e)
{
	if (!e->sock.closed)
		ops()->close_sock(loop->engine, &e->sock);
}

static void on_read(struct rl_sock *sock, uint8_t *data, size_t n)
{
	struct end *e = of(sock);
	assert_false(sock->closed);
	assert_true(n > 0);
	assert_true(data - RL_HEADROOM >= loop->receive);
	data[-1] = 0; /* the headroom is ours */
	if (!e->got)
		e->first = data[0];
	e->last = data[n - 1];
	e->reads++;
	e->got += n;
	if (e->stop_inside)
		ops()->set_reading(loop->engine, sock, false);
	if (e->other)
		close_end(e->other);
	if (e->close_inside)
		close_end(e);
}

static void on_end(struct rl_sock *sock, int rc)
{
	struct end *e = of(sock);
	assert_false(sock->closed);
	assert_int_equal(e->lost, 0);
	if (rc == 0) {
		assert_int_equal(e->end, 0);
		e->end = 1;
	} else {
		e->lost = rc;
	}
	if (e->close_inside)
		close_end(e);
}

static void on_written(struct rl_sock *sock, ptrdiff_t n)
{
	assert_true(n >= 0);
	of(sock)->written++;
	if (of(sock)->close_in_written)
		close_end(of(sock));
}

static void on_closed(struct rl_sock *sock)
{
	of(sock)->closed_told++;
}

static uint8_t *target(struct rl_sock *sock, size_t *len)
{
	*len = of(sock)->target_len;
	return *len ? of(sock)->target : NULL;
}

static void on_target(struct rl_sock *sock, size_t n)
{
	struct end *e = of(sock);
	assert_true(n > 0 && n <= e->target_len);
	e->direct += n;
	e->target += n;
	e->target_len -= n;
}

static const struct rl_sock_events events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_written = on_written,
	.on_closed = on_closed,
	.target = target,
	.on_target = on_target,
};

static void start(void)
{
	loop = test_loop();
	assert_non_null(loop);
	loop->engine->events = &events;
}

static void tcp_pair(int fds[2])
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[1], (struct sockaddr *)&addr, len), 0);
	fds[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fds[0] >= 0);
	close(listener);
}

static void unix_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static void open_end(struct end *e, void (*make)(int fds[2]))
{
	int fds[2];
	make(fds);
	*e = (struct end){ .sock = { .reading = true }, .peer = fds[1] };
	e->sock.fd = fds[0];
	assert_int_equal(ops()->add(loop->engine, &e->sock), 0);
}

/* Turns until the condition holds. */
#define AWAIT(condition)                                                                           \
	for (int turns_ = 0; !(condition); turns_++) {                                             \
		assert_true(turns_ < 100000);                                                      \
		rill_loop_wait(loop, 1);                                                           \
	}

static void finish_end(struct end *e)
{
	if (e->peer >= 0)
		close(e->peer);
	close_end(e);
	rill_loop_turn(loop);
	assert_int_equal(e->closed_told, 1);
}

static void say(struct end *e, const char *text)
{
	assert_int_equal(write(e->peer, text, strlen(text)), strlen(text));
}

static void (*const kinds[])(int fds[2]) = { unix_pair, tcp_pair };

TEST(engine, bytes_and_the_end_are_reported_and_the_end_once)
{
	start();
	for (int k = 0; k < 2; k++) {
		struct end e;
		open_end(&e, kinds[k]);
		say(&e, "hello");
		AWAIT(e.got == 5);
		shutdown(e.peer, SHUT_WR);
		AWAIT(e.end);
		for (int i = 0; i < 10; i++)
			rill_loop_turn(loop);
		assert_int_equal(e.end, 1);
		assert_int_equal(e.lost, 0);
		finish_end(&e);
	}
	rill_loop_free(loop);
}

TEST(engine, bytes_and_the_end_that_come_together_are_reported_in_one_turn)
{
	struct end e;
	start();
	open_end(&e, unix_pair);
	say(&e, "hello");
	shutdown(e.peer, SHUT_WR);
	rill_loop_turn(loop);
	assert_int_equal(e.got, 5);
	assert_int_equal(e.end, 1);
	finish_end(&e);
	rill_loop_free(loop);
}

TEST(engine, a_turn_with_nothing_to_do_sleeps_even_when_the_peer_has_ended_or_gone)
{
	start();
	for (int k = 0; k < 2; k++)
		for (int paused = 0; paused < 2; paused++)
			for (int shut = 0; shut < 2; shut++) {
				struct end e;
				open_end(&e, kinds[k]);
				if (paused)
					ops()->set_reading(loop->engine, &e.sock, false);
				if (shut)
					ops()->shutdown(loop->engine, &e.sock);
				say(&e, "x");
				close(e.peer);
				e.peer = -1;
				for (int i = 0; i < 20; i++)
					rill_loop_turn(loop);
				if (!paused)
					AWAIT(e.end || e.lost);
				rill_loop_turn(loop);
				/* The engine's descriptor says whether there is anything. */
				struct pollfd p = { ops()->fd(loop->engine), POLLIN, 0 };
				assert_int_equal(poll(&p, 1, 0), 0);
				finish_end(&e);
			}
	rill_loop_free(loop);
}

TEST(engine, nothing_is_reported_while_reading_is_off_and_all_of_it_after)
{
	struct end e;
	start();
	open_end(&e, tcp_pair);
	e.stop_inside = true;
	say(&e, "one");
	AWAIT(e.reads == 1);
	say(&e, "two");
	shutdown(e.peer, SHUT_WR);
	for (int i = 0; i < 10; i++)
		rill_loop_wait(loop, 1);
	assert_int_equal(e.reads, 1);
	assert_int_equal(e.end, 0);
	e.stop_inside = false;
	ops()->set_reading(loop->engine, &e.sock, true);
	AWAIT(e.end);
	assert_int_equal(e.got, 6);
	finish_end(&e);
	rill_loop_free(loop);
}

TEST(engine, a_reset_is_reported_also_while_reading_is_off)
{
	start();
	for (int paused = 0; paused < 2; paused++) {
		struct end e;
		struct linger reset = { 1, 0 };
		open_end(&e, tcp_pair);
		if (paused)
			ops()->set_reading(loop->engine, &e.sock, false);
		rill_loop_turn(loop);
		setsockopt(e.peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(e.peer);
		e.peer = -1;
		AWAIT(e.lost);
		assert_int_equal(e.lost, RILL_ERESET);
		assert_int_equal(e.end, 0);
		finish_end(&e);
	}
	rill_loop_free(loop);
}

TEST(engine, a_reset_after_the_peers_end_is_still_reported)
{
	struct end e;
	struct linger reset = { 1, 0 };
	start();
	open_end(&e, tcp_pair);
	shutdown(e.peer, SHUT_WR);
	AWAIT(e.end);
	setsockopt(e.peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(e.peer);
	e.peer = -1;
	AWAIT(e.lost);
	assert_int_equal(e.lost, RILL_ERESET);
	finish_end(&e);
	rill_loop_free(loop);
}

TEST(engine, more_than_the_buffer_comes_in_several_reads_and_others_have_their_turn)
{
	enum { MUCH = 3000000 };
	static uint8_t data[MUCH];
	struct end e, small;
	start();
	open_end(&e, tcp_pair);
	open_end(&small, unix_pair);
	size_t sent = 0;
	int flags = MSG_DONTWAIT;
	while (sent < MUCH) {
		ssize_t n = send(e.peer, data + sent, MUCH - sent, flags);
		if (n > 0)
			sent += (size_t)n;
		size_t before = e.got;
		say(&small, "x");
		rill_loop_turn(loop);
		assert_true(e.got - before <= 4 * loop->receive_size);
	}
	AWAIT(e.got == MUCH);
	AWAIT(small.reads >= 1);
	finish_end(&e);
	finish_end(&small);
	rill_loop_free(loop);
}

TEST(engine, large_bytes_go_into_the_owners_memory_and_the_rest_behind_it)
{
	static uint8_t memory[10];
	struct end e;
	start();
	open_end(&e, unix_pair);
	e.target = memory;
	e.target_len = sizeof(memory);
	e.sock.aimed = true;
	say(&e, "0123");
	rill_loop_turn(loop);
	assert_int_equal(e.direct, 4);
	assert_int_equal(e.reads, 0);
	say(&e, "456789abc");
	rill_loop_turn(loop);
	assert_int_equal(e.direct, 10);
	test_expect_text(memory, 10, "0123456789");
	assert_int_equal(e.got, 3);
	assert_int_equal(e.first, 'a');
	assert_int_equal(e.last, 'c');
	finish_end(&e);
	rill_loop_free(loop);
}

TEST(engine, closing_itself_or_another_inside_a_report_ends_all_reports)
{
	start();
	for (int other = 0; other < 2; other++) {
		struct end a, b;
		open_end(&a, unix_pair);
		open_end(&b, unix_pair);
		say(&a, "x");
		say(&b, "x");
		a.close_inside = b.close_inside = !other;
		a.other = other ? &b : NULL;
		b.other = other ? &a : NULL;
		rill_loop_turn(loop);
		assert_int_equal(a.reads + b.reads, other ? 1 : 2);
		assert_int_equal(a.closed_told + b.closed_told, other ? 1 : 2);
		if (other)
			close_end(a.sock.closed ? &b : &a);
		rill_loop_turn(loop);
		assert_int_equal(a.closed_told, 1);
		assert_int_equal(b.closed_told, 1);
		close(a.peer);
		close(b.peer);
	}
	rill_loop_free(loop);
}

TEST(engine, on_closed_does_not_come_from_inside_close)
{
	struct end e;
	start();
	open_end(&e, unix_pair);
	close_end(&e);
	assert_int_equal(e.closed_told, 0);
	rill_loop_wait(loop, -1); /* which does not sleep */
	assert_int_equal(e.closed_told, 1);
	close(e.peer);
	rill_loop_free(loop);
}

static ptrdiff_t fill(struct end *e)
{
	static uint8_t block[65536];
	struct iovec part = { block, sizeof(block) };
	ptrdiff_t n, sum = 0;
	while ((n = ops()->write(loop->engine, &e->sock, &part, 1)) > 0)
		sum += n;
	assert_int_equal(n, RL_PENDING);
	return sum;
}

static size_t drain(int fd)
{
	static uint8_t block[65536];
	size_t sum = 0;
	ssize_t n;
	while ((n = recv(fd, block, sizeof(block), MSG_DONTWAIT)) > 0)
		sum += (size_t)n;
	return sum;
}

TEST(engine, a_full_socket_is_pending_until_there_is_room)
{
	start();
	for (int k = 0; k < 2; k++) {
		struct end e;
		open_end(&e, kinds[k]);
		size_t sent = (size_t)fill(&e), got = 0;
		assert_true(e.sock.writing);
		rill_loop_turn(loop);
		assert_int_equal(e.written, 0);
		while (!e.written) {
			got += drain(e.peer);
			rill_loop_wait(loop, 1);
		}
		assert_false(e.sock.writing);
		while (got < sent)
			got += drain(e.peer);
		/* Having told, it waits for nothing more. */
		rill_loop_turn(loop);
		rill_loop_turn(loop);
		assert_int_equal(e.written, 1);
		finish_end(&e);
	}
	rill_loop_free(loop);
}

TEST(engine, a_pending_write_of_a_paused_socket_ends_when_the_peer_goes)
{
	start();
	for (int k = 0; k < 2; k++) {
		struct end e;
		struct iovec part = { (void *)(uintptr_t) "x", 1 };
		open_end(&e, kinds[k]);
		ops()->set_reading(loop->engine, &e.sock, false);
		fill(&e);
		close(e.peer); /* with bytes unread: a reset */
		e.peer = -1;
		AWAIT(e.written);
		assert_true(ops()->write(loop->engine, &e.sock, &part, 1) == RILL_ERESET || e.lost);
		finish_end(&e);
	}
	rill_loop_free(loop);
}

TEST(engine, closing_inside_on_written_is_fine)
{
	struct end e;
	start();
	open_end(&e, unix_pair);
	e.close_in_written = true;
	fill(&e);
	drain(e.peer);
	AWAIT(e.closed_told);
	close(e.peer);
	rill_loop_free(loop);
}

TEST(engine, write_now_takes_what_fits_and_0_when_nothing_does)
{
	struct end e;
	struct iovec parts[2] = { { (void *)(uintptr_t) "ab", 2 }, { (void *)(uintptr_t) "c", 1 } };
	char got[8];
	start();
	open_end(&e, unix_pair);
	assert_int_equal(ops()->write_now(loop->engine, &e.sock, parts, 2), 3);
	assert_int_equal(read(e.peer, got, sizeof(got)), 3);
	test_expect_text(got, 3, "abc");
	fill(&e);
	assert_int_equal(ops()->write_now(loop->engine, &e.sock, parts, 2), 0);
	close(e.peer);
	e.peer = -1;
	assert_int_equal(ops()->write_now(loop->engine, &e.sock, parts, 2), RILL_ERESET);
	finish_end(&e);
	rill_loop_free(loop);
}

TEST(engine, a_detached_socket_is_the_callers_again)
{
	struct end e;
	start();
	open_end(&e, unix_pair);
	int fd = ops()->detach(loop->engine, &e.sock);
	say(&e, "x");
	rill_loop_turn(loop);
	assert_int_equal(e.reads, 0);
	char c;
	assert_int_equal(read(fd, &c, 1), 1);
	close(fd);
	close(e.peer);
	rill_loop_free(loop);
}

/* Accepting. */

struct door {
	struct rl_acceptor acceptor;
	struct sockaddr_in addr;
	int accepted, exhausted;
	bool stop_inside, remove_inside;
};

static void on_accept(
	struct rl_acceptor *acceptor, int fd, const struct sockaddr_storage *peer, socklen_t len)
{
	struct door *door = rl_container(acceptor, struct door, acceptor);
	assert_int_equal(peer->ss_family, AF_INET);
	assert_int_equal(len, sizeof(struct sockaddr_in));
	door->accepted++;
	close(fd);
	if (door->stop_inside)
		ops()->set_accepting(loop->engine, acceptor, false);
	if (door->remove_inside) {
		ops()->remove_acceptor(loop->engine, acceptor);
		close(acceptor->fd);
		free(door);
	}
}

static void on_exhausted(struct rl_acceptor *acceptor, int error)
{
	assert_int_equal(error, EMFILE);
	assert_false(acceptor->accepting);
	rl_container(acceptor, struct door, acceptor)->exhausted++;
}

static struct door *open_door(void)
{
	struct door *door = calloc(1, sizeof(*door));
	assert_non_null(door);
	socklen_t len = sizeof(door->addr);
	door->addr = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	door->acceptor = (struct rl_acceptor){ .on_accept = on_accept,
		.on_exhausted = on_exhausted,
		.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
		.accepting = true };
	assert_int_equal(bind(door->acceptor.fd, (struct sockaddr *)&door->addr, len), 0);
	assert_int_equal(listen(door->acceptor.fd, 64), 0);
	getsockname(door->acceptor.fd, (struct sockaddr *)&door->addr, &len);
	assert_int_equal(ops()->add_acceptor(loop->engine, &door->acceptor), 0);
	return door;
}

static void close_door(struct door *door)
{
	ops()->remove_acceptor(loop->engine, &door->acceptor);
	close(door->acceptor.fd);
	free(door);
}

static void knock(const struct door *door, int fds[], int n)
{
	for (int i = 0; i < n; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(
			connect(fds[i], (const struct sockaddr *)&door->addr, sizeof(door->addr)),
			0);
	}
}

static void close_all(int fds[], int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

TEST(engine, all_waiting_connections_are_accepted_in_a_turn)
{
	int fds[10];
	start();
	struct door *door = open_door();
	knock(door, fds, 10);
	rill_loop_wait(loop, -1);
	assert_int_equal(door->accepted, 10);
	close_all(fds, 10);
	close_door(door);
	rill_loop_free(loop);
}

TEST(engine, accepting_can_be_stopped_inside_and_goes_on_later)
{
	int fds[3];
	start();
	struct door *door = open_door();
	knock(door, fds, 3);
	door->stop_inside = true;
	rill_loop_wait(loop, -1);
	rill_loop_turn(loop);
	assert_int_equal(door->accepted, 1);
	door->stop_inside = false;
	ops()->set_accepting(loop->engine, &door->acceptor, true);
	rill_loop_wait(loop, -1);
	assert_int_equal(door->accepted, 3);
	close_all(fds, 3);
	close_door(door);
	rill_loop_free(loop);
}

TEST(engine, an_acceptor_may_be_freed_inside_on_accept)
{
	int fds[2];
	start();
	struct door *door = open_door();
	knock(door, fds, 2);
	door->remove_inside = true;
	rill_loop_wait(loop, -1);
	rill_loop_turn(loop);
	close_all(fds, 2);
	rill_loop_free(loop);
}

TEST(engine, without_descriptors_accepting_stops_and_tells_and_does_not_spin)
{
	enum { MANY = 4096 };
	static int taken[MANY];
	int fds[1], n = 0;
	start();
	struct door *door = open_door();
	knock(door, fds, 1);
	struct rlimit old, low;
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 256;
	setrlimit(RLIMIT_NOFILE, &low);
	while (n < MANY && (taken[n] = dup(fds[0])) >= 0)
		n++;
	rill_loop_wait(loop, -1);
	for (int i = 0; i < 5; i++)
		rill_loop_turn(loop);
	int exhausted = door->exhausted, accepted = door->accepted;
	close_all(taken, n);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(exhausted, 1);
	assert_int_equal(accepted, 0);
	ops()->set_accepting(loop->engine, &door->acceptor, true);
	rill_loop_wait(loop, -1);
	assert_int_equal(door->accepted, 1);
	close_all(fds, 1);
	close_door(door);
	rill_loop_free(loop);
}
