/* listen_test.c: listeners on the loopback and on unix sockets, and adopted descriptors. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "net/listen_fixture.h"
#include "support/tls_client.h"

static int start_loop(struct server *s)
{
	rill_loop_options options;
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	options.log = test_env()->log;
	options.log_level = RILL_LOG_DEBUG;
	*s = (struct server){ .config = { .events = &listener_events, .handshake_ms = 10000 } };
	int rc = rill_loop_new(&s->loop, &options);
	if (rc < 0)
		return rc;
	rl_stream_group_init(&s->group, s->loop);
	s->config.group = &s->group;
	s->config.user = s;
	return 0;
}

static int listen_to(struct server *s, const rill_listen_options *options)
{
	return rl_listener_new(&s->listener, &s->config, options, s->error, sizeof(s->error));
}

static void start(struct server *s, const rill_listen_options *options)
{
	assert_int_equal(start_loop(s), 0);
	if (listen_to(s, options) < 0)
		fail_msg("%s", s->error);
}

static void finish(struct server *s)
{
	if (s->listener)
		rl_listener_free(s->listener);
	for (size_t i = 0; i < s->count; i++)
		rl_stream_close(s->streams[i]);
	for (int i = 0; i < 500 && s->group.count; i++)
		rill_loop_wait(s->loop, 10);
	assert_int_equal(s->group.count, 0);
	rill_loop_turn(s->loop);
	rl_stream_group_fini(&s->group);
	rill_loop_free(s->loop);
}

static rill_listen_options defaults(void)
{
	rill_listen_options options;
	rill_listen_options_default(&options);
	return options;
}

#define await(s, condition)                                                                        \
	do {                                                                                       \
		int turns_ = 0;                                                                    \
		while (!(condition)) {                                                             \
			assert_int_equal(rill_loop_wait((s)->loop, 5), 0);                         \
			if (++turns_ == TURNS)                                                     \
				fail_msg("%s never came", #condition);                             \
		}                                                                                  \
	} while (0)

static int dial_tcp(int family, uint16_t port)
{
	struct rl_addr to = { .port = port };
	struct sockaddr_storage at;
	assert_true(
		rl_addr_parse(family == AF_INET6 ? RL_SLICE("::1") : RL_SLICE("127.0.0.1"), &to));
	to.port = port;
	socklen_t len = rl_addr_to_sockaddr(&to, &at);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
	return fd;
}

static int dial(const struct server *s)
{
	return dial_tcp(AF_INET, rl_listener_port(s->listener));
}

static int dial_unix(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	memcpy(at.sun_path, path, len);
	if (path[0] == '@')
		at.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len +
				     (path[0] != '@'));
	if (connect(fd, (struct sockaddr *)&at, size) == 0)
		return fd;
	close(fd);
	return -1;
}

static void say(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

/* Has the other side closed? Turns until then. */
static void await_closed(struct server *s, int fd)
{
	char byte;
	ssize_t n = -1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < TURNS && (n = read(fd, &byte, 1)) < 0 && errno == EAGAIN; i++)
		rill_loop_wait(s->loop, 5);
	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	close(fd);
}

static void expect_host(const struct rl_addr *addr, const char *host)
{
	char text[RL_ADDR_TEXT];
	rl_addr_host(addr, text);
	assert_string_equal(text, host);
}

TEST(listen, any_free_port_of_the_loopback_is_the_default)
{
	struct server s;
	char url[64];
	rill_listen_options options = defaults();
	start(&s, &options);
	assert_true(rl_listener_port(s.listener) > 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", rl_listener_port(s.listener));
	assert_string_equal(rl_listener_url(s.listener, 0), url);
	assert_null(rl_listener_url(s.listener, 1));
	int fd = dial(&s);
	say(fd, "hi", 2);
	await(&s, s.got_len == 2);
	expect_host(&s.streams[0]->peer, "127.0.0.1");
	assert_true(s.streams[0]->peer.port > 0);
	assert_string_equal(s.streams[0]->ops->name, "tcp");
	close(fd);
	finish(&s);
}

TEST(listen, an_ip6_address_is_written_in_brackets)
{
	static const char *const hosts[] = { "::1", "[::1]" };
	for (size_t i = 0; i < 2; i++) {
		struct server s;
		char url[64];
		rill_listen_options options = defaults();
		options.host = hosts[i];
		assert_int_equal(start_loop(&s), 0);
		int rc = listen_to(&s, &options);
		if (rc == RILL_EADDR) { /* a machine without IPv6 */
			finish(&s);
			skip();
		}
		assert_int_equal(rc, 0);
		snprintf(url, sizeof(url), "http://[::1]:%u", rl_listener_port(s.listener));
		assert_string_equal(rl_listener_url(s.listener, 0), url);
		int fd = dial_tcp(AF_INET6, rl_listener_port(s.listener));
		await(&s, s.count == 1);
		expect_host(&s.streams[0]->peer, "::1");
		close(fd);
		finish(&s);
	}
}

TEST(listen, a_name_is_listened_to_on_all_its_addresses_with_one_port)
{
	struct server s;
	rill_listen_options options = defaults();
	options.host = "localhost";
	start(&s, &options);
	char port[16];
	snprintf(port, sizeof(port), ":%u", rl_listener_port(s.listener));
	size_t n = 0;
	for (const char *url; (url = rl_listener_url(s.listener, n)); n++)
		assert_string_equal(strrchr(url, ':'), port);
	assert_true(n >= 1);
	finish(&s);
}

TEST(listen, what_cannot_be_listened_on_is_refused_with_a_sentence)
{
	struct server s;
	rill_listen_options options = defaults();
	start(&s, &options);
	struct rl_listener *listener;
	char error[300];
	options.port = rl_listener_port(s.listener);
	assert_int_equal(rl_listener_new(&listener, &s.config, &options, error, sizeof(error)),
		RILL_EADDRINUSE);
	assert_non_null(strstr(error, "cannot listen on 127.0.0.1:"));
	options = defaults();
	options.host = "192.0.2.1"; /* RFC 5737: nobody's */
	assert_int_equal(
		rl_listener_new(&listener, &s.config, &options, error, sizeof(error)), RILL_EADDR);
	assert_non_null(strstr(error, "192.0.2.1"));
	options.host = "";
	assert_int_equal(
		rl_listener_new(&listener, &s.config, &options, error, sizeof(error)), RILL_EADDR);
	options.host = "1.2.3.4";
	options.unix_path = "/tmp/x";
	assert_int_equal(
		rl_listener_new(&listener, &s.config, &options, error, sizeof(error)), RILL_EINVAL);
	options = defaults();
	options.backlog = 0;
	assert_int_equal(rl_listener_new(&listener, &s.config, &options, NULL, 0), RILL_EINVAL);
	options = (rill_listen_options){ .host = "0.0.0.0" };
	assert_int_equal(
		rl_listener_new(&listener, &s.config, &options, error, sizeof(error)), RILL_EINVAL);
	assert_non_null(strstr(error, "size is not set"));
	finish(&s);
}

TEST(listen, reuse_port_lets_two_share_a_port)
{
	struct server s;
	struct rl_listener *second;
	rill_listen_options options = defaults();
	options.reuse_port = true;
	start(&s, &options);
	options.port = rl_listener_port(s.listener);
	assert_int_equal(
		rl_listener_new(&second, &s.config, &options, s.error, sizeof(s.error)), 0);
	rl_listener_free(second);
	finish(&s);
}

TEST(listen, a_unix_socket_has_its_mode_and_goes_with_its_listener)
{
	struct server s;
	struct stat file;
	char path[TEST_PATH], url[TEST_PATH + 8];
	rill_listen_options options = defaults();
	test_path(path, "a.sock");
	options.unix_path = path;
	options.unix_mode = 0600;
	start(&s, &options);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	snprintf(url, sizeof(url), "unix:%s", path);
	assert_string_equal(rl_listener_url(s.listener, 0), url);
	assert_int_equal(rl_listener_port(s.listener), 0);
	int fd = dial_unix(path);
	assert_true(fd >= 0);
	await(&s, s.count == 1);
	expect_host(&s.streams[0]->peer, "unix");
	assert_string_equal(s.streams[0]->ops->name, "unix");
	close(fd);
	finish(&s);
	assert_int_equal(stat(path, &file), -1);
}

TEST(listen, an_abstract_unix_socket_leaves_no_file)
{
	struct server s;
	char name[64];
	rill_listen_options options = defaults();
	snprintf(name, sizeof(name), "@rill-test-%d", (int)getpid());
	options.unix_path = name;
	start(&s, &options);
	int fd = dial_unix(name);
	assert_true(fd >= 0);
	await(&s, s.count == 1);
	close(fd);
	finish(&s);
	assert_int_equal(dial_unix(name), -1);
}

static int bind_unix(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(at.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

TEST(listen, a_dead_unix_socket_is_replaced_and_a_living_one_is_not)
{
	struct server s;
	struct rl_listener *second;
	char path[TEST_PATH];
	rill_listen_options options = defaults();
	test_path(path, "dead.sock");
	close(bind_unix(path));
	options.unix_path = path;
	start(&s, &options);
	assert_int_equal(rl_listener_new(&second, &s.config, &options, s.error, sizeof(s.error)),
		RILL_EADDRINUSE);
	int fd = dial_unix(path); /* the first is unharmed */
	assert_true(fd >= 0);
	close(fd);
	finish(&s);
}

TEST(listen, a_file_that_is_no_socket_is_left_alone)
{
	struct server s;
	struct stat file;
	char path[TEST_PATH];
	rill_listen_options options = defaults();
	test_path(path, "file");
	close(open(path, O_CREAT | O_WRONLY, 0600));
	options.unix_path = path;
	assert_int_equal(start_loop(&s), 0);
	assert_int_equal(listen_to(&s, &options), RILL_EADDRINUSE);
	assert_int_equal(stat(path, &file), 0);
	assert_true(S_ISREG(file.st_mode));
	char longer[200];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	options.unix_path = longer;
	assert_int_equal(listen_to(&s, &options), RILL_EINVAL);
	finish(&s);
}

TEST(listen, a_unix_socket_that_took_the_place_of_ours_stays)
{
	struct server s;
	struct stat file;
	char path[TEST_PATH], aside[TEST_PATH];
	rill_listen_options options = defaults();
	test_path(path, "taken.sock");
	test_path(aside, "aside.sock");
	options.unix_path = path;
	start(&s, &options);
	assert_int_equal(rename(path, aside), 0); /* so that its inode is not given out again */
	int other = bind_unix(path);
	finish(&s);
	assert_int_equal(stat(path, &file), 0);
	close(other);
	unlink(path);
	unlink(aside);
}

TEST(listen, an_inherited_descriptor_is_taken_over)
{
	struct server s;
	struct sockaddr_in at = { .sin_family = AF_INET };
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int inherited = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(inherited, (struct sockaddr *)&at, sizeof(at)), 0);
	rill_listen_options options = defaults();
	options.fd = inherited;
	assert_int_equal(start_loop(&s), 0);
	assert_int_equal(listen_to(&s, &options), RILL_EINVAL); /* nobody listens on it yet */
	assert_int_equal(listen(inherited, 8), 0);
	assert_int_equal(listen_to(&s, &options), 0);
	assert_true(rl_listener_port(s.listener) > 0);
	assert_true(fcntl(inherited, F_GETFD) & FD_CLOEXEC);
	int fd = dial(&s);
	await(&s, s.count == 1);
	close(fd);
	finish(&s);
	assert_int_equal(fcntl(inherited, F_GETFD), -1);
}

TEST(listen, a_descriptor_that_is_no_listening_socket_stays_the_callers)
{
	struct server s;
	int fds[2];
	rill_listen_options options = defaults();
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(start_loop(&s), 0);
	options.fd = fds[0];
	assert_int_equal(listen_to(&s, &options), RILL_EINVAL);
	assert_non_null(strstr(s.error, "not a socket"));
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(fds[1]), 0);
	finish(&s);
}

TEST(listen, who_may_not_enter_is_closed_at_once)
{
	struct server s;
	rill_listen_options options = defaults();
	start(&s, &options);
	s.refused.family = RL_ADDR_IP4;
	memcpy(s.refused.ip, "\x7f\0\0\1", 4);
	await_closed(&s, dial(&s));
	assert_int_equal(s.asked, 1);
	assert_int_equal(s.count, 0);
	finish(&s);
}

TEST(listen, a_listener_can_be_freed_while_it_accepts)
{
	struct server s;
	rill_listen_options options = defaults();
	start(&s, &options);
	int a = dial(&s), b = dial(&s);
	s.free_in_stream = true;
	await(&s, s.count == 1);
	assert_null(s.listener);
	await_closed(&s, b);
	assert_int_equal(s.count, 1);
	close(a);
	finish(&s);
}

TEST(listen, an_adopted_connection_begins_with_the_bytes_read_before)
{
	struct server s;
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int listening = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listening, 8), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
	int fd = dial_tcp(AF_INET, ntohs(at.sin_port));
	int accepted = accept(listening, NULL, NULL);
	assert_int_equal(start_loop(&s), 0);
	assert_int_equal(rl_adopt(&s.config, accepted, RL_SLICE("read before ")), 0);
	say(fd, "and after", 9);
	await(&s, s.got_len == 21);
	test_expect_text(s.got, s.got_len, "read before and after");
	expect_host(&s.streams[0]->peer, "127.0.0.1");
	close(fd);
	close(listening);
	finish(&s);
}

static void adopt_one(void *arg)
{
	struct server s;
	int fds[2];
	(void)arg;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	if (start_loop(&s) == 0) {
		int rc = rl_adopt(&s.config, fds[0], RL_SLICE("bytes"));
		if (rc < 0) {
			assert_true(rc == RILL_ENOMEM || rc == RILL_EIO);
			assert_int_equal(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
			assert_int_equal(close(fds[0]), 0); /* still ours */
		}
		finish(&s);
	} else {
		close(fds[0]);
	}
	close(fds[1]);
}

TEST(listen, adopting_survives_each_failing_allocation)
{
	test_each_failing_allocation(adopt_one, NULL);
}

TEST(listen, what_cannot_be_adopted_stays_the_callers)
{
	struct server s;
	int fds[2];
	assert_int_equal(start_loop(&s), 0);
	assert_int_equal(rl_adopt(&s.config, -1, RL_SLICE("")), RILL_EIO);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(rl_adopt(&s.config, fds[0], RL_SLICE("")), RILL_EIO);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(fds[1]), 0);
	int unconnected = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(rl_adopt(&s.config, unconnected, RL_SLICE("")), RILL_EIO);
	close(unconnected);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	s.refused.family = RL_ADDR_UNIX;
	assert_int_equal(rl_adopt(&s.config, fds[0], RL_SLICE("")), RILL_ELIMIT);
	assert_int_equal(close(fds[0]), 0);
	close(fds[1]);
	finish(&s);
}

static void listen_once(void *arg)
{
	struct server s;
	if (start_loop(&s) < 0)
		return;
	int rc = listen_to(&s, arg);
	assert_true(rc == 0 || rc == RILL_ENOMEM);
	if (rc < 0)
		s.listener = NULL;
	else
		assert_true(rl_listener_port(s.listener) > 0);
	finish(&s);
}

TEST(listen, listening_survives_each_failing_allocation)
{
	struct test_certificate certificate;
	rill_tls_options tls;
	rill_listen_options options = defaults();
	test_each_failing_allocation(listen_once, &options);
	test_make_certificate(&certificate, "listen", "listen", NULL, NULL);
	rill_tls_certificate one = { certificate.certificate_file, certificate.key_file, NULL };
	rill_tls_options_default(&tls);
	tls.certificates = &one;
	tls.certificate_count = 1;
	options.tls = &tls;
	test_each_failing_allocation(listen_once, &options);
}

TEST(listen, when_descriptors_run_out_accepting_goes_on_later)
{
	struct server s;
	struct rlimit before, none;
	rill_listen_options options = defaults();
	start(&s, &options);
	test_now = s.loop->now + 1;
	s.loop->env.clock = test_env()->clock;
	int fd = dial(&s);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (int i = 0; i < 20; i++)
		rill_loop_wait(s.loop, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_non_null(strstr(test_log(), "no connections are accepted on http://127.0.0.1:"));
	assert_null(strstr(strstr(test_log(), "no connections") + 1, "no connections"));
	rill_loop_wait(s.loop, 0);
	assert_int_equal(s.count, 0); /* it does not spin */
	test_now += 1000;
	for (int i = 0; i < TURNS && !s.count; i++)
		rill_loop_wait(s.loop, 0);
	assert_int_equal(s.count, 1);
	close(fd);
	finish(&s);
}

/* So that n more can be opened, and no others. */
static void leave_descriptors(struct rlimit *before, int n)
{
	struct rlimit few;
	int free_one = dup(0);
	assert_true(free_one >= 0);
	close(free_one);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
	few = (struct rlimit){ (rlim_t)(free_one + n), before->rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

TEST(listen, while_a_backlog_moves_the_next_try_comes_soon)
{
	struct server s;
	struct rlimit before;
	int fds[4];
	rill_listen_options options = defaults();
	start(&s, &options);
	test_now = s.loop->now + 1;
	s.loop->env.clock = test_env()->clock;
	for (int i = 0; i < 4; i++)
		fds[i] = dial(&s);
	leave_descriptors(&before, 1);
	for (int i = 0; i < TURNS && !s.count; i++)
		rill_loop_wait(s.loop, 0);
	for (int i = 0; i < 20; i++)
		rill_loop_wait(s.loop, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(s.count, 1);
	test_now += 20;
	for (int i = 0; i < TURNS && s.count < 4; i++)
		rill_loop_wait(s.loop, 0);
	assert_int_equal(s.count, 4);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	finish(&s);
}
