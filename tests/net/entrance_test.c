/* entrance_test.c: what connections go through on listeners with PROXY headers and TLS. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/listen_fixture.h"
#include "support/tls_client.h"

static struct test_certificate certificate;

static void listen_to(struct server *s, bool proxy, bool secure)
{
	char error[300];
	rill_listen_options options;
	rill_tls_options tls;
	rill_tls_certificate one = { certificate.certificate_file, certificate.key_file, NULL };
	rill_tls_options_default(&tls);
	tls.certificates = &one;
	tls.certificate_count = 1;
	rill_listen_options_default(&options);
	options.proxy_protocol = proxy;
	options.tls = secure ? &tls : NULL;
	if (rl_listener_new(&s->listener, &s->config, &options, error, sizeof(error)) < 0)
		fail_msg("%s", error);
}

static void start(struct server *s, const char *proxies, bool proxy, bool secure)
{
	rill_loop_options options;
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	options.log = test_env()->log;
	options.log_level = RILL_LOG_DEBUG;
	*s = (struct server){ .config = { .events = &listener_events, .handshake_ms = 10000 } };
	assert_int_equal(rill_loop_new(&s->loop, &options), 0);
	rl_stream_group_init(&s->group, s->loop);
	s->config.group = &s->group;
	s->config.user = s;
	if (proxies) {
		assert_true(rl_addr_range_parse(rl_slice_str(proxies), &s->proxies[0]));
		s->config.proxies = s->proxies;
		s->config.proxy_count = 1;
	}
	if (secure && !certificate.key_file[0])
		test_make_certificate(&certificate, "entrance", "entrance", NULL, NULL);
	listen_to(s, proxy, secure);
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

#define await(s, condition)                                                                        \
	do {                                                                                       \
		int turns_ = 0;                                                                    \
		while (!(condition)) {                                                             \
			assert_int_equal(rill_loop_wait((s)->loop, 5), 0);                         \
			if (++turns_ == TURNS)                                                     \
				fail_msg("%s never came", #condition);                             \
		}                                                                                  \
	} while (0)

static int dial(const struct server *s)
{
	struct rl_addr to;
	struct sockaddr_storage at;
	assert_true(rl_addr_parse(RL_SLICE("127.0.0.1"), &to));
	to.port = rl_listener_port(s->listener);
	socklen_t len = rl_addr_to_sockaddr(&to, &at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	size_t len = strlen(text);
	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

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

static void expect_peer(const struct server *s, const char *host, uint16_t port)
{
	char text[RL_ADDR_TEXT];
	rl_addr_host(&s->streams[0]->peer, text);
	assert_string_equal(text, host);
	if (port)
		assert_int_equal(s->streams[0]->peer.port, port);
}

TEST(entrance, the_proxy_names_the_peer_and_the_rest_is_the_streams)
{
	static const char header[] = "PROXY TCP4 192.0.2.1 127.0.0.1 1234 80\r\nGET";
	for (size_t cut = 1; cut < sizeof(header) - 1; cut += 5) {
		struct server s;
		start(&s, "127.0.0.0/8", true, false);
		int fd = dial(&s);
		assert_int_equal(send(fd, header, cut, 0), cut);
		for (int i = 0; i < 3; i++)
			rill_loop_wait(s.loop, 0);
		say(fd, header + cut);
		await(&s, s.got_len == 3);
		test_expect_text(s.got, s.got_len, "GET");
		expect_peer(&s, "192.0.2.1", 1234);
		assert_int_equal(s.asked, 2); /* for the proxy, and for whom it speaks for */
		close(fd);
		finish(&s);
	}
}

TEST(entrance, a_proxy_that_speaks_for_itself_stays_the_peer)
{
	struct server s;
	start(&s, "127.0.0.1", true, false);
	int fd = dial(&s);
	say(fd, "PROXY UNKNOWN\r\n");
	await(&s, s.count == 1);
	expect_peer(&s, "127.0.0.1", 0);
	close(fd);
	finish(&s);
}

TEST(entrance, only_trusted_proxies_are_let_in)
{
	struct server s;
	start(&s, "10.0.0.0/8", true, false);
	await_closed(&s, dial(&s));
	assert_int_equal(s.asked, 0);
	assert_int_equal(s.count, 0);
	finish(&s);
}

TEST(entrance, what_begins_without_a_proxy_header_is_closed)
{
	struct server s;
	start(&s, "127.0.0.1", true, false);
	int fd = dial(&s);
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	await_closed(&s, fd);
	fd = dial(&s);
	say(fd, "PROXY TCP4 1");
	shutdown(fd, SHUT_WR);
	await_closed(&s, fd);
	assert_int_equal(s.count, 0);
	finish(&s);
}

TEST(entrance, whom_the_proxy_names_may_be_refused)
{
	struct server s;
	start(&s, "127.0.0.1", true, false);
	assert_true(rl_addr_parse(RL_SLICE("192.0.2.1"), &s.refused));
	int fd = dial(&s);
	say(fd, "PROXY TCP4 192.0.2.1 127.0.0.1 1234 80\r\n");
	await_closed(&s, fd);
	assert_int_equal(s.asked, 2);
	finish(&s);
}

TEST(entrance, proxy_header_and_handshake_share_one_deadline)
{
	struct server s;
	start(&s, "127.0.0.1", true, true);
	test_now = s.loop->now + 1;
	s.loop->env.clock = test_env()->clock;
	int fd = dial(&s), silent = dial(&s);
	await(&s, s.asked == 2);
	test_now += 6000;
	say(fd, "PROXY UNKNOWN\r\n\x16");
	for (int i = 0; i < 20; i++)
		rill_loop_wait(s.loop, 5);
	assert_int_equal(s.group.count, 2);
	test_now += 4100;
	await_closed(&s, fd);
	await_closed(&s, silent);
	assert_int_equal(s.count, 0);
	finish(&s);
}

TEST(entrance, more_than_may_wait_are_closed_at_once)
{
	struct server s;
	start(&s, NULL, false, true);
	rl_listener_free(s.listener);
	s.config.max_pending = 2;
	listen_to(&s, false, true);
	int a = dial(&s), b = dial(&s);
	await(&s, s.group.count == 2);
	await_closed(&s, dial(&s));
	assert_int_equal(s.group.count, 2);
	close(a);
	await(&s, s.group.count == 1); /* which makes room for another */
	int c = dial(&s);
	await(&s, s.group.count == 2);
	close(b);
	close(c);
	finish(&s);
}

TEST(entrance, tls_comes_behind_the_proxy_header)
{
	struct server s;
	struct tls_client c;
	start(&s, "127.0.0.1", true, true);
	int fd = dial(&s);
	say(fd, "PROXY TCP6 2001:db8::5 ::1 99 443\r\n");
	tls_client_init(&c, fd, NULL);
	for (int i = 0; i < TURNS && !c.connected; i++) {
		tls_client_step(&c);
		rill_loop_wait(s.loop, 1);
	}
	tls_client_write(&c, "secret", 6);
	tls_client_step(&c);
	await(&s, s.got_len == 6);
	assert_true(rl_stream_secure(s.streams[0]));
	expect_peer(&s, "2001:db8::5", 99);
	assert_non_null(strstr(rl_listener_url(s.listener, 0), "https://127.0.0.1:"));
	tls_client_free(&c);
	finish(&s);
}

TEST(entrance, freeing_the_listener_cuts_what_is_under_way)
{
	struct server s;
	start(&s, "127.0.0.1", true, true);
	int header = dial(&s), handshake = dial(&s);
	say(handshake, "PROXY UNKNOWN\r\n\x16\x03");
	await(&s, s.group.count == 2);
	for (int i = 0; i < 5; i++)
		rill_loop_wait(s.loop, 1);
	rl_listener_free(s.listener);
	s.listener = NULL;
	await_closed(&s, header);
	await_closed(&s, handshake);
	finish(&s);
}

static const char *shown_name(struct server *s)
{
	struct tls_client c;
	static char name[64];
	tls_client_init(&c, dial(s), NULL);
	for (int i = 0; i < TURNS && !c.connected; i++) {
		tls_client_step(&c);
		rill_loop_wait(s->loop, 1);
	}
	assert_true(c.connected);
	strncpy(name, tls_client_server_name(&c), sizeof(name) - 1);
	tls_client_free(&c);
	return name;
}

TEST(entrance, reloading_shows_new_connections_the_new_certificate)
{
	struct server s;
	char error[300];
	start(&s, NULL, false, true);
	assert_string_equal(shown_name(&s), "entrance");
	test_make_certificate(&certificate, "entrance", "renewed", NULL, NULL);
	assert_string_equal(shown_name(&s), "entrance");
	assert_int_equal(rl_listener_renew(s.listener, error, sizeof(error)), 0);
	assert_string_equal(shown_name(&s), "entrance");
	rl_listener_settle(s.listener, false);
	assert_string_equal(shown_name(&s), "entrance");
	assert_int_equal(rl_listener_renew(s.listener, error, sizeof(error)), 0);
	rl_listener_settle(s.listener, true);
	assert_string_equal(shown_name(&s), "renewed");
	assert_int_equal(unlink(certificate.certificate_file), 0);
	assert_int_equal(rl_listener_renew(s.listener, error, sizeof(error)), RILL_ENOENT);
	rl_listener_settle(s.listener, false);
	assert_string_equal(shown_name(&s), "renewed");
	finish(&s);
	certificate.key_file[0] = 0;
}

TEST(entrance, a_plain_listener_has_nothing_to_reload)
{
	struct server s;
	start(&s, NULL, false, false);
	assert_int_equal(rl_listener_renew(s.listener, NULL, 0), 0);
	rl_listener_settle(s.listener, true);
	finish(&s);
}
