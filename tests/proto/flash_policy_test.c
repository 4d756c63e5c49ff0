/* Proves what flash_policy.h promises, over loopback: whoever connects has the text, and nobody stays. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "http/server_state.h"
#include "proto/flash_policy.h"
#include "support/http_peer.h"

#define POLICY   "<?xml version=\"1.0\"?>\n<cross-domain-policy/>\n"
#define LARGE    (16 * 1024 * 1024)       /* than what the kernel takes */
#define QUESTION "<policy-file-request/>" /* and its NUL */

static struct rl_flash_policy *policy;

static void begin_with(struct rl_slice text)
{
	http_begin(NULL);
	assert_int_equal(rl_flash_policy_listen(&policy, http_server, "127.0.0.1", 0, text), 0);
	assert_int_not_equal(rl_flash_policy_port(policy), 0);
}

static void begin(void)
{
	begin_with(RL_SLICE(POLICY));
}

static void end(void)
{
	rl_flash_policy_free(policy);
	http_end();
}

/* Connects. The kernel answers for those who listen, so that this does not wait for the loop. */
static int reach(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(rl_flash_policy_port(policy)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* What comes until the other side has ended; -1 with errno when it was cut. */
static ssize_t take_all(int fd, char *text, size_t room)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = recv(fd, text + len, room - len, MSG_DONTWAIT);
		if (n > 0)
			len += (size_t)n;
		else if (n == 0)
			return (ssize_t)len;
		else if (errno != EAGAIN)
			return -1;
		assert_int_equal(rill_loop_wait(http_loop, 1), 0);
	}
}

static void expect_text(int fd)
{
	char text[sizeof(POLICY) + 1];

	assert_int_equal(take_all(fd, text, sizeof(text)), sizeof(POLICY) - 1);
	test_expect_text(text, sizeof(POLICY) - 1, POLICY);
}

/* Until it is being told, of which it takes nothing. */
static void wait_for_text(int fd)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	while (poll(&readable, 1, 0) == 0)
		assert_int_equal(rill_loop_wait(http_loop, 1), 0);
}

/* Whoever still listens drops what is said; where nobody does, the first byte is answered with a reset, which the
 * second one meets. */
static bool is_gone(int fd)
{
	return send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ||
	       send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0;
}

static void wait_until_gone(int fd)
{
	while (!is_gone(fd))
		assert_int_equal(rill_loop_wait(http_loop, 1), 0);
}

TEST(flash_policy, whoever_connects_is_told_it_whole)
{
	begin();
	int fd = reach();
	expect_text(fd);
	close(fd);
	end();
}

TEST(flash_policy, a_text_larger_than_the_kernel_takes_is_told_whole)
{
	char *text = malloc(LARGE), *got = malloc(LARGE + 1);

	assert_true(text && got);
	for (size_t i = 0; i < LARGE; i++)
		text[i] = (char)('a' + i % 23);
	begin_with(rl_slice(text, LARGE));
	int fd = reach();
	assert_int_equal(take_all(fd, got, LARGE + 1), LARGE);
	assert_int_equal(memcmp(text, got, LARGE), 0);
	close(fd);
	end();
	free(text);
	free(got);
}

TEST(flash_policy, who_asks_first_is_told_it_without_a_reset)
{
	begin();
	int fd = reach();
	assert_int_equal(send(fd, QUESTION, sizeof(QUESTION), MSG_NOSIGNAL), sizeof(QUESTION));
	expect_text(fd);
	close(fd);
	end();
}

TEST(flash_policy, who_asks_late_or_says_something_else_does_no_harm)
{
	static const char noise[64 * 1024];

	begin();
	int fd = reach();
	expect_text(fd);
	assert_int_equal(send(fd, QUESTION, sizeof(QUESTION), MSG_NOSIGNAL), sizeof(QUESTION));
	http_turns();
	for (int i = 0; i < 64; i++) {
		assert_int_equal(send(fd, noise, sizeof(noise), MSG_NOSIGNAL), sizeof(noise));
		http_turns();
	}
	assert_false(is_gone(fd));
	close(fd);
	end();
}

static void expect_ten_seconds(int fd)
{
	http_pass(9500);
	assert_false(is_gone(fd));
	http_pass(1500);
	wait_until_gone(fd);
	close(fd);
}

TEST(flash_policy, who_never_closes_is_let_go_after_ten_seconds)
{
	begin();
	int fd = reach();
	expect_text(fd);
	expect_ten_seconds(fd);
	end();
}

TEST(flash_policy, who_never_reads_is_let_go_after_ten_seconds)
{
	begin();
	int fd = reach();
	wait_for_text(fd);
	expect_ten_seconds(fd);
	end();
}

TEST(flash_policy, who_does_not_take_all_of_it_is_let_go_too)
{
	char *text = calloc(1, LARGE), some;

	assert_non_null(text);
	begin_with(rl_slice(text, LARGE));
	free(text);
	int fd = reach();
	wait_for_text(fd);
	assert_int_equal(recv(fd, &some, 1, MSG_DONTWAIT), 1);
	http_turns();
	expect_ten_seconds(fd);
	end();
}

TEST(flash_policy, freed_it_cuts_those_who_hang)
{
	int fds[8];
	char text[sizeof(POLICY) + 1];

	begin();
	for (size_t i = 0; i < 8; i++) {
		fds[i] = reach();
		if (i < 6)
			http_turns(); /* the last ones are not even let in */
	}
	rl_flash_policy_free(policy);
	policy = NULL;
	for (size_t i = 0; i < 8; i++) {
		ssize_t n = take_all(fds[i], text, sizeof(text));
		assert_true(n == (ssize_t)sizeof(POLICY) - 1 || i >= 6);
		close(fds[i]);
	}
	rl_flash_policy_free(NULL);
	end();
}

TEST(flash_policy, more_than_1024_at_once_are_closed)
{
	enum { MOST = 1024 };
	struct rlimit before, more;
	char text[sizeof(POLICY) + 1];
	static int fds[MOST];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	more = before;
	more.rlim_cur = MOST * 2 + 100;
	if (before.rlim_cur < more.rlim_cur)
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
	begin();
	for (size_t i = 0; i < MOST; i++) {
		fds[i] = reach();
		expect_text(fds[i]);
	}
	int one_more = reach();
	assert_true(take_all(one_more, text, sizeof(text)) <= 0);
	close(one_more);
	close(fds[0]);
	while ((fds[0] = reach()) >= 0 && take_all(fds[0], text, sizeof(text)) <= 0)
		close(fds[0]); /* its place is not free yet */
	for (size_t i = 0; i < MOST; i++)
		close(fds[i]);
	end();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(flash_policy, it_counts_for_none_of_the_servers_limits)
{
	rill_server_options options;
	rill_server_stats stats = { .size = sizeof(stats) };
	int fds[3];

	rill_server_options_default(&options);
	options.max_connections = 1;
	http_begin(&options);
	assert_int_equal(
		rl_flash_policy_listen(&policy, http_server, NULL, 0, RL_SLICE(POLICY)), 0);
	for (size_t i = 0; i < 3; i++) {
		fds[i] = reach();
		expect_text(fds[i]);
	}
	rill_server_read_stats(http_server, &stats);
	assert_int_equal(stats.connections, 0);
	assert_int_equal(stats.accepted, 0);
	assert_int_equal(stats.buffered, 0);
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
	end();
}

TEST(flash_policy, where_it_cannot_listen_it_says_so)
{
	struct rl_flash_policy *other = NULL;
	struct rl_slice text = RL_SLICE(POLICY);

	begin();
	uint16_t port = rl_flash_policy_port(policy);
	assert_int_equal(rl_flash_policy_listen(&other, http_server, "127.0.0.1", port, text),
		RILL_EADDRINUSE);
	assert_int_equal(
		rl_flash_policy_listen(&other, http_server, "no host", 0, text), RILL_EADDR);
	assert_null(other);
	assert_non_null(strstr(test_log(), "nobody will be told Flash's policy: "));
	end();
}

/* The text comes whole or not at all. */
static void tell_one(void *arg)
{
	char text[sizeof(POLICY) + 1];
	(void)arg;

	policy = NULL;
	if (!http_try_begin())
		return;
	if (rl_flash_policy_listen(&policy, http_server, NULL, 0, RL_SLICE(POLICY)) == 0) {
		int fd = reach();
		ssize_t n = take_all(fd, text, sizeof(text));
		if (n > 0)
			test_expect_text(text, (size_t)n, POLICY);
		assert_true(n > 0 || test_allocation_failed());
		close(fd);
	}
	rl_flash_policy_free(policy);
	http_end();
}

TEST(flash_policy, any_allocation_may_fail)
{
	test_each_failing_allocation(tell_one, NULL);
}
