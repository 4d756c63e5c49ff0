/* dial_test.c: dialling addresses that answer, refuse or are silent, all on the loopback, under the
 * names of a resolver that follows a script, with a clock that is an integer. */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "net/dial.h"
#include "net/resolve_fixture.h"

#define FILLERS 4

/* Listens at an address; silent: its backlog is full, so that nobody who comes gets an answer. */
struct place {
	int fd;
	int fillers[FILLERS];
};

struct caller {
	rill_loop *loop;
	struct rl_stream_group group, *in;
	struct script script;
	uint16_t port;
	uint32_t attempt_ms;
	struct rl_dial *dial;
	struct rl_dial *cancels; /* when done */
	struct caller *again;    /* dials anew when done */
	int calls, rc;
	struct rl_stream *stream;
	char sentence[512];
};

static void listen_at(struct place *place, struct caller *c, const char *text, bool silent)
{
	struct rl_addr addr;
	struct sockaddr_storage at;
	*place = (struct place){ .fd = -1, .fillers = { -1, -1, -1, -1 } };
	assert_true(rl_addr_parse(rl_slice_str(text), &addr));
	addr.port = c->port;
	socklen_t len = rl_addr_to_sockaddr(&addr, &at);
	place->fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(place->fd >= 0);
	int one = 1;
	setsockopt(place->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(place->fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(place->fd, silent ? 0 : 16), 0);
	assert_int_equal(getsockname(place->fd, (struct sockaddr *)&at, &len), 0);
	rl_addr_from_sockaddr(&addr, &at, len);
	c->port = addr.port;
	for (int i = 0; silent && i < FILLERS; i++) {
		place->fillers[i] = socket(
			at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(place->fillers[i], (struct sockaddr *)&at, len);
	}
}

static void close_place(struct place *place)
{
	for (int i = 0; i < FILLERS; i++)
		if (place->fillers[i] >= 0)
			close(place->fillers[i]);
	if (place->fd >= 0)
		close(place->fd);
}

static void start(struct caller *c)
{
	*c = (struct caller){ .attempt_ms = 250, .in = &c->group };
	c->loop = test_loop();
	assert_non_null(c->loop);
	rl_stream_group_init(&c->group, c->loop);
	script_init(&c->script);
	assert_int_equal(rl_resolve_by(c->loop, follow_script, &c->script), 0);
}

static void finish(struct caller *c)
{
	if (c->stream)
		rl_stream_close(c->stream);
	test_settle(c->loop);
	rl_stream_group_fini(&c->group);
	rill_loop_free(c->loop);
	script_fini(&c->script);
}

static int dial(struct caller *c, const char *host);

static void on_done(void *user, struct rl_stream *stream, int rc, const char *sentence)
{
	struct caller *c = user;
	c->calls++;
	c->rc = rc;
	c->stream = stream;
	assert_true((rc == 0) == (stream != NULL));
	snprintf(c->sentence, sizeof(c->sentence), "%s", sentence ? sentence : "");
	if (c->cancels)
		rl_dial_cancel(c->cancels);
	if (c->again)
		assert_int_equal(dial(c->again, "127.0.0.1"), 0);
}

static int dial(struct caller *c, const char *host)
{
	struct rl_dial_target target = { rl_slice_str(host), c->port, c->attempt_ms };
	c->rc = 1;
	int rc = rl_dial_open(&c->dial, c->in, &target, on_done, c);
	assert_int_equal(c->rc, 1); /* never from inside */
	return rc;
}

static void expect_peer(struct caller *c, const char *text)
{
	char peer[RL_ADDR_TEXT];
	assert_int_equal(c->calls, 1);
	if (c->rc != 0)
		fail_msg("%s", c->sentence);
	rl_addr_host(&c->stream->peer, peer);
	assert_string_equal(peer, text);
	assert_int_equal(c->stream->peer.port, c->port);
}

static void expect_failure(struct caller *c, int rc, const char *format)
{
	char sentence[600];
	assert_int_equal(c->calls, 1);
	assert_int_equal(c->rc, rc);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(sentence, sizeof(sentence), format, c->port);
#pragma GCC diagnostic pop
	assert_string_equal(c->sentence, sentence);
}

/* Lets the clock go on, and the loop with it. */
static void pass(struct caller *c, uint64_t ms)
{
	test_now += ms;
	rill_loop_wait(c->loop, 0);
	rill_loop_wait(c->loop, 0);
}

/* How many TCP sockets are open in all: those of helper threads are others. */
static int count_sockets(void)
{
	int count = 0;
	for (int fd = 0; fd < 256; fd++) {
		int domain = AF_UNIX;
		socklen_t len = sizeof(domain);
		getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
		count += domain != AF_UNIX;
	}
	return count;
}

static void take_bytes(struct rl_stream *stream, struct rl_slice *in)
{
	*(size_t *)stream->owner += in->len;
	rl_slice_skip(in, in->len);
}

static void ignore(struct rl_stream *stream)
{
	(void)stream;
}

static void ignore_loss(struct rl_stream *stream, int rc)
{
	(void)stream;
	(void)rc;
}

static const struct rl_stream_events events = {
	.on_read = take_bytes,
	.on_end = ignore,
	.on_drain = ignore,
	.on_lost = ignore_loss,
};

TEST(dial, an_address_is_connected_to_without_a_look_up)
{
	static const char *const forms[] = { "127.0.0.1", "[::1]", "::1" };
	for (int i = 0; i < 3; i++) {
		struct caller c;
		struct place at;
		start(&c);
		listen_at(&at, &c, forms[i], false);
		assert_int_equal(dial(&c, forms[i]), 0);
		await(c.loop, c.calls);
		expect_peer(&c, i ? "::1" : "127.0.0.1");
		assert_int_equal(c.script.asked, 0);
		finish(&c);
		close_place(&at);
	}
}

TEST(dial, the_stream_is_like_an_accepted_one)
{
	struct caller c;
	struct place at;
	size_t got = 0;
	char byte;
	int one = 0;
	socklen_t len = sizeof(one);
	start(&c);
	listen_at(&at, &c, "127.0.0.1", false);
	int lowest = fcntl(0, F_DUPFD_CLOEXEC, 0); /* what the dial's socket will be */
	close(lowest);
	assert_int_equal(dial(&c, "127.0.0.1"), 0);
	await(c.loop, c.calls);
	expect_peer(&c, "127.0.0.1");
	assert_string_equal(c.stream->ops->name, "tcp");
	assert_true(c.stream->paused);
	assert_true(fcntl(lowest, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(lowest, F_GETFL) & O_NONBLOCK);
	assert_int_equal(getsockopt(lowest, IPPROTO_TCP, TCP_NODELAY, &one, &len), 0);
	assert_int_equal(one, 1);
	int fd = accept(at.fd, NULL, NULL);
	assert_true(fd >= 0);
	rl_stream_own(c.stream, &events, &got);
	rl_stream_resume(c.stream);
	assert_int_equal(rl_stream_write(c.stream, RL_SLICE("x")), 0);
	assert_int_equal(write(fd, "hello", 5), 5);
	await(c.loop, got == 5);
	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
	finish(&c);
	close_place(&at);
}

TEST(dial, a_name_is_looked_up_and_its_address_connected_to)
{
	struct caller c;
	struct place at;
	start(&c);
	listen_at(&at, &c, "127.0.0.1", false);
	c.script.addresses[0] = "127.0.0.1";
	assert_int_equal(dial(&c, "example.org"), 0);
	await(c.loop, c.calls);
	assert_string_equal(c.script.host, "example.org");
	expect_peer(&c, "127.0.0.1");
	finish(&c);
	close_place(&at);
}

TEST(dial, localhost_is_known_to_the_system)
{
	struct caller c;
	struct place at;
	c = (struct caller){ .attempt_ms = 250, .in = &c.group, .loop = test_loop() };
	rl_stream_group_init(&c.group, c.loop);
	script_init(&c.script);
	listen_at(&at, &c, "127.0.0.1", false);
	assert_int_equal(dial(&c, "localhost"), 0);
	await(c.loop, c.calls);
	expect_peer(&c, "127.0.0.1");
	finish(&c);
	close_place(&at);
}

TEST(dial, an_unknown_name_fails_with_a_sentence)
{
	struct caller c;
	start(&c);
	c.port = 80;
	c.script.code = EAI_NONAME;
	assert_int_equal(dial(&c, "nowhere.example"), 0);
	await(c.loop, c.calls);
	expect_failure(
		&c, RILL_EADDR, "connecting to nowhere.example port %u: Name or service not known");
	finish(&c);
}

TEST(dial, a_host_that_can_be_none_is_unknown)
{
	static const char *const hosts[] = { "", "[]", "[::1", "::1]", "[127.0.0.1]", "a b" };
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct caller c;
		start(&c);
		c.script.code = EAI_NONAME;
		assert_int_equal(dial(&c, hosts[i]), 0);
		await(c.loop, c.calls);
		assert_int_equal(c.rc, RILL_EADDR);
		finish(&c);
	}
}

TEST(dial, a_scope_in_brackets_is_left_to_the_resolver)
{
	struct caller c;
	start(&c);
	c.script.code = EAI_NONAME;
	assert_int_equal(dial(&c, "[fe80::1%eth7]"), 0);
	await(c.loop, c.calls);
	assert_string_equal(c.script.host, "fe80::1%eth7");
	finish(&c);
}

TEST(dial, nobody_listening_is_a_refusal)
{
	struct caller c;
	struct place at;
	start(&c);
	listen_at(&at, &c, "127.0.0.1", false); /* whose port is free at the next address */
	assert_int_equal(dial(&c, "127.0.0.9"), 0);
	await(c.loop, c.calls);
	expect_failure(&c, RILL_EREFUSED, "connecting to 127.0.0.9 port %u: Connection refused");
	finish(&c);
	close_place(&at);
}

TEST(dial, one_that_refuses_makes_room_for_the_next_at_once)
{
	struct caller c;
	struct place at;
	start(&c);
	listen_at(&at, &c, "127.0.0.1", false);
	c.script.addresses[0] = "127.0.0.8";
	c.script.addresses[1] = "127.0.0.9";
	c.script.addresses[2] = "127.0.0.1";
	assert_int_equal(dial(&c, "example.org"), 0);
	await(c.loop, c.calls); /* while the clock stands still */
	expect_peer(&c, "127.0.0.1");
	finish(&c);
	close_place(&at);
}

TEST(dial, all_that_refuse_are_one_refusal)
{
	struct caller c;
	struct place at;
	start(&c);
	listen_at(&at, &c, "127.0.0.1", false);
	c.script.addresses[0] = "127.0.0.7";
	c.script.addresses[1] = "127.0.0.8";
	c.script.addresses[2] = "::1";
	assert_int_equal(dial(&c, "example.org"), 0);
	await(c.loop, c.calls);
	expect_failure(&c, RILL_EREFUSED, "connecting to example.org port %u: Connection refused");
	finish(&c);
	close_place(&at);
}

TEST(dial, one_that_is_silent_lets_the_next_begin_after_a_while)
{
	struct caller c;
	struct place silent, at;
	start(&c);
	listen_at(&silent, &c, "127.0.0.5", true);
	listen_at(&at, &c, "127.0.0.1", false);
	c.script.addresses[0] = "127.0.0.5";
	c.script.addresses[1] = "127.0.0.1";
	int before = count_sockets();
	assert_int_equal(dial(&c, "example.org"), 0);
	await(c.loop, count_sockets() == before + 1);
	pass(&c, 240);
	assert_int_equal(count_sockets(), before + 1);
	assert_int_equal(c.calls, 0);
	pass(&c, 15);
	await(c.loop, c.calls);
	expect_peer(&c, "127.0.0.1");
	assert_int_equal(count_sockets(), before + 1); /* the silent one is closed */
	finish(&c);
	close_place(&at);
	close_place(&silent);
}

TEST(dial, one_that_was_silent_may_still_win)
{
	struct caller c;
	struct place late, silent;
	start(&c);
	listen_at(&late, &c, "127.0.0.5", true);
	listen_at(&silent, &c, "127.0.0.6", true);
	c.script.addresses[0] = "127.0.0.5";
	c.script.addresses[1] = "127.0.0.6";
	int before = count_sockets();
	assert_int_equal(dial(&c, "example.org"), 0);
	await(c.loop, count_sockets() == before + 1);
	pass(&c, 255);
	assert_int_equal(count_sockets(), before + 2);
	/* The first has room now, for those who ask again: the kernel does, after a second. */
	assert_int_equal(listen(late.fd, 64), 0);
	for (int fd; (fd = accept(late.fd, NULL, NULL)) >= 0;)
		close(fd);
	await(c.loop, c.calls);
	expect_peer(&c, "127.0.0.5");
	assert_int_equal(count_sockets(), before + 1);
	finish(&c);
	close_place(&late);
	close_place(&silent);
}

TEST(dial, families_take_turns)
{
	struct caller c;
	struct place silent, second, other;
	start(&c);
	listen_at(&silent, &c, "127.0.0.5", true);
	listen_at(&second, &c, "127.0.0.1", false);
	listen_at(&other, &c, "::1", false);
	c.script.addresses[0] = "127.0.0.5";
	c.script.addresses[1] = "127.0.0.1";
	c.script.addresses[2] = "::1";
	int before = count_sockets();
	assert_int_equal(dial(&c, "example.org"), 0);
	await(c.loop, count_sockets() == before + 1);
	pass(&c, 255);
	await(c.loop, c.calls);
	expect_peer(&c, "::1");
	finish(&c);
	close_place(&other);
	close_place(&second);
	close_place(&silent);
}

TEST(dial, what_is_left_of_one_family_follows_in_order)
{
	struct caller c;
	struct place at, last;
	start(&c);
	listen_at(&at, &c, "127.0.0.1", false);
	listen_at(&last, &c, "127.0.0.2", false);
	c.script.addresses[0] = "::1"; /* refuses */
	c.script.addresses[1] = "127.0.0.8";
	c.script.addresses[2] = "127.0.0.9";
	c.script.addresses[3] = "127.0.0.1";
	c.script.addresses[4] = "127.0.0.2";
	assert_int_equal(dial(&c, "example.org"), 0);
	await(c.loop, c.calls);
	expect_peer(&c, "127.0.0.1");
	finish(&c);
	close_place(&last);
	close_place(&at);
}

TEST(dial, attempts_are_no_closer_than_ten_milliseconds)
{
	struct caller c;
	struct place silent, at;
	start(&c);
	c.attempt_ms = 0;
	listen_at(&silent, &c, "127.0.0.5", true);
	listen_at(&at, &c, "127.0.0.1", false);
	c.script.addresses[0] = "127.0.0.5";
	c.script.addresses[1] = "127.0.0.1";
	int before = count_sockets();
	assert_int_equal(dial(&c, "example.org"), 0);
	await(c.loop, count_sockets() == before + 1);
	pass(&c, 9);
	assert_int_equal(count_sockets(), before + 1);
	pass(&c, 1);
	await(c.loop, c.calls);
	expect_peer(&c, "127.0.0.1");
	finish(&c);
	close_place(&at);
	close_place(&silent);
}

TEST(dial, a_refusal_says_more_than_a_family_without_a_way)
{
	struct caller c;
	struct place at;
	start(&c);
	listen_at(&at, &c, "127.0.0.1", false);
	c.script.addresses[0] = "127.0.0.9";
	c.script.addresses[1] = "fe80::1"; /* which needs a scope: fails at once */
	assert_int_equal(dial(&c, "example.org"), 0);
	await(c.loop, c.calls);
	expect_failure(&c, RILL_EREFUSED, "connecting to example.org port %u: Connection refused");
	finish(&c);
	close_place(&at);
}

TEST(dial, it_is_called_off_at_each_stage_without_a_word)
{
	struct caller c;
	struct place silent, other;
	start(&c);
	listen_at(&silent, &c, "127.0.0.5", true);
	listen_at(&other, &c, "127.0.0.6", true);
	int before = count_sockets();

	assert_int_equal(dial(&c, "127.0.0.5"), 0); /* before anything */
	rl_dial_cancel(c.dial);

	c.script.waits = true;
	assert_int_equal(dial(&c, "example.org"), 0); /* before the look-up */
	rl_dial_cancel(c.dial);
	test_settle(c.loop);

	assert_int_equal(dial(&c, "example.org"), 0); /* during the look-up */
	await(c.loop, c.script.asked);
	rl_dial_cancel(c.dial);
	sem_post(&c.script.go);
	await(c.loop, c.script.left == c.script.asked);
	test_settle(c.loop);
	await(c.loop, count_sockets() == before);

	c.script.waits = false;
	c.script.addresses[0] = "127.0.0.5";
	c.script.addresses[1] = "127.0.0.6";
	for (int attempts = 1; attempts <= 2; attempts++) {
		assert_int_equal(dial(&c, "example.net"), 0);
		await(c.loop, c.script.left == c.script.asked && count_sockets() == before + 1);
		if (attempts == 2)
			pass(&c, 255);
		assert_int_equal(count_sockets(), before + attempts);
		rl_dial_cancel(c.dial);
		assert_int_equal(count_sockets(), before);
	}
	pass(&c, 1000);
	test_settle(c.loop);
	assert_int_equal(c.calls, 0);
	finish(&c);
	close_place(&other);
	close_place(&silent);
}

TEST(dial, others_can_be_called_off_and_begun_inside_done)
{
	struct caller c, other, next;
	struct place at;
	start(&c);
	listen_at(&at, &c, "127.0.0.1", false);
	other = next = (struct caller){
		.loop = c.loop, .in = &c.group, .port = c.port, .attempt_ms = 250
	};
	assert_int_equal(dial(&c, "127.0.0.1"), 0);
	assert_int_equal(dial(&other, "127.0.0.1"), 0);
	c.cancels = other.dial;
	c.again = &next;
	other.cancels = c.dial; /* whoever is the first */
	other.again = &next;
	await(c.loop, next.calls);
	expect_peer(&next, "127.0.0.1");
	assert_int_equal(c.calls + other.calls, 1);
	rl_stream_close(c.calls ? c.stream : other.stream);
	rl_stream_close(next.stream);
	test_settle(c.loop);
	assert_int_equal(c.group.count, 0);
	c.stream = NULL;
	finish(&c);
	close_place(&at);
}

TEST(dial, a_guest_loop_needs_nothing_but_its_descriptor)
{
	struct caller c;
	struct place at;
	start(&c);
	listen_at(&at, &c, "127.0.0.1", false);
	c.script.addresses[0] = "127.0.0.9";
	c.script.addresses[1] = "127.0.0.1";
	struct pollfd host = { .fd = rill_loop_fd(c.loop), .events = POLLIN };
	assert_int_equal(dial(&c, "example.org"), 0);
	while (!c.calls) {
		assert_int_equal(poll(&host, 1, -1), 1);
		assert_int_equal(rill_loop_turn(c.loop), 0);
	}
	expect_peer(&c, "127.0.0.1");
	finish(&c);
	close_place(&at);
}

TEST(dial, without_descriptors_it_fails_and_says_so)
{
	struct caller c;
	struct place at;
	struct rlimit before;
	start(&c);
	listen_at(&at, &c, "127.0.0.1", false);
	int next = fcntl(0, F_DUPFD_CLOEXEC, 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	struct rlimit none = { (rlim_t)next, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	for (int name = 0; name < 2; name++) {
		c.calls = 0;
		assert_int_equal(dial(&c, name ? "example.org" : "127.0.0.1"), 0);
		await(c.loop, c.calls);
		expect_failure(&c, RILL_EIO,
			name ? "connecting to example.org port %u: Too many open files"
			     : "connecting to 127.0.0.1 port %u: Too many open files");
	}
	setrlimit(RLIMIT_NOFILE, &before);
	finish(&c);
	close_place(&at);
}

static void try_all(void *arg)
{
	struct caller c = { .attempt_ms = 250, .in = &c.group };
	struct place at;
	c.loop = test_loop();
	if (!c.loop)
		return;
	rl_stream_group_init(&c.group, c.loop);
	script_init(&c.script);
	listen_at(&at, &c, "127.0.0.1", false);
	c.script.addresses[0] = "127.0.0.9";
	c.script.addresses[1] = "127.0.0.1";
	if (rl_resolve_by(c.loop, follow_script, &c.script) == 0) {
		int rc = dial(&c, arg);
		if (rc == 0) {
			await(c.loop, c.calls);
			assert_true(c.rc == 0 || c.rc == RILL_ENOMEM);
		} else {
			assert_int_equal(rc, RILL_ENOMEM);
		}
	}
	finish(&c);
	close_place(&at);
}

TEST(dial, each_failing_allocation_is_told)
{
	test_each_failing_allocation(try_all, (void *)(uintptr_t) "127.0.0.1");
	test_each_failing_allocation(try_all, (void *)(uintptr_t) "example.org");
}
