/* Proves what server.h promises on real sockets, through the public interface. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <rill/rill.h>
#include "support/certificate.h"
#include "support/support.h"

static rill_loop *loop;
static rill_server *server;

static int say_path(rill_request *request, void *user)
{
	rill_bytes path = rill_request_path(request);

	(void)user;
	rill_respond(request, 200, rill_request_peer(request), path.data, path.len);
	return RILL_TAKE;
}

static void begin_with(const rill_server_options *server_options)
{
	rill_loop_options options;

	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	options.log = test_env()->log;
	assert_int_equal(rill_loop_new(&loop, &options), 0);
	assert_int_equal(rill_server_new(&server, loop, server_options), 0);
	assert_int_equal(rill_server_handle(server, "/", say_path, NULL, NULL), 0);
}

static void begin(void)
{
	begin_with(NULL);
}

/* A server that believes these, listening for PROXY headers on any free port. */
static int begin_behind_proxies(const char *const *trusted)
{
	rill_server_options options;
	rill_listen_options where;

	rill_server_options_default(&options);
	options.trusted = trusted;
	begin_with(&options);
	rill_listen_options_default(&where);
	where.proxy_protocol = true;
	return rill_server_listen(server, &where);
}

static void end(void)
{
	rill_server_free(server);
	rill_loop_free(loop);
}

static int connect_tcp(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static int connect_unix(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(to.sun_path, path, strlen(path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Sends a request and turns until the whole answer has come, which ends with the connection. */
static void ask(int fd, const char *want_path, const char *want_peer)
{
	static const char rest[] = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	char text[2000], body[200];
	size_t n = 0;

	snprintf(text, sizeof(text), "GET %s%s", want_path, rest);
	assert_true(send(fd, text, strlen(text), MSG_NOSIGNAL) > 0);
	for (;;) {
		ssize_t got = recv(fd, text + n, sizeof(text) - 1 - n, MSG_DONTWAIT);
		if (got == 0)
			break;
		if (got > 0)
			n += (size_t)got;
		else
			assert_int_equal(rill_loop_wait(loop, 1000), 0);
	}
	text[n] = 0;
	close(fd);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
	snprintf(body, sizeof(body), "\r\n\r\n%s", want_path);
	assert_non_null(strstr(text, body));
	snprintf(body, sizeof(body), "Content-Type: %s\r\n", want_peer);
	assert_non_null(strstr(text, body));
}

TEST(server, listens_on_several_ports_at_once)
{
	char url[100];

	begin();
	assert_int_equal(rill_server_listen_tcp(server, "127.0.0.1", 0), 0);
	assert_int_equal(rill_server_listen_tcp(server, "127.0.0.1", 0), 1);
	assert_true(rill_server_port(server, 0) != rill_server_port(server, 1));
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", rill_server_port(server, 1));
	assert_string_equal(rill_server_url(server, 1), url);
	assert_null(rill_server_url(server, 2));
	assert_null(rill_server_url(server, -1));
	assert_int_equal(rill_server_port(server, 2), 0);
	ask(connect_tcp(rill_server_port(server, 0)), "/one", "127.0.0.1");
	ask(connect_tcp(rill_server_port(server, 1)), "/two", "127.0.0.1");
	end();
}

TEST(server, listens_on_a_unix_socket_and_an_inherited_descriptor_beside_a_port)
{
	rill_listen_options here, inherited;
	struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char path[TEST_PATH], url[TEST_PATH + 8];

	begin();
	test_path(path, "server.sock");
	rill_listen_options_default(&here);
	here.unix_path = path;
	rill_listen_options_default(&inherited);
	inherited.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(inherited.fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(inherited.fd, 10), 0);
	assert_int_equal(rill_server_listen(server, &here), 0);
	assert_int_equal(rill_server_listen(server, &inherited), 1);
	assert_int_equal(rill_server_listen_tcp(server, "127.0.0.1", 0), 2);
	snprintf(url, sizeof(url), "unix:%s", path);
	assert_string_equal(rill_server_url(server, 0), url);
	assert_int_equal(rill_server_port(server, 0), 0);
	ask(connect_unix(path), "/unix", "unix");
	ask(connect_tcp(rill_server_port(server, 1)), "/inherited", "127.0.0.1");
	ask(connect_tcp(rill_server_port(server, 2)), "/tcp", "127.0.0.1");
	end();
	assert_int_equal(access(path, F_OK), -1);
}

TEST(server, an_older_caller_listens_with_the_defaults_for_what_it_does_not_know)
{
	size_t known = offsetof(rill_listen_options, backlog);
	rill_listen_options old;

	begin();
	memset(&old, 0xee, sizeof(old));
	rill_listen_options_init(&old, known);
	assert_int_equal(((uint8_t *)&old)[known], 0xee);
	assert_int_equal(rill_server_listen(server, &old), 0);
	ask(connect_tcp(rill_server_port(server, 0)), "/old", "127.0.0.1");
	end();
}

TEST(server, listen_options_that_were_never_initialised_are_refused)
{
	const rill_listen_options zeros = { .port = 8000 };

	begin();
	assert_int_equal(rill_server_listen(server, &zeros), RILL_EINVAL);
	assert_non_null(strstr(rill_server_error(server), "size"));
	end();
}

TEST(server, the_client_is_whom_a_trusted_proxy_names)
{
	static const char v1[] = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n";
	static const char v2[] = "\r\n\r\n\0\r\nQUIT\n"
				 "\x21\x11\0\x0c\xc0\0\2\x08\xc0\0\2\1\x12\x67\0\x50";
	const char *const trusted[] = { "127.0.0.0/8", NULL };

	assert_int_equal(begin_behind_proxies(trusted), 0);
	int fd = connect_tcp(rill_server_port(server, 0));
	assert_int_equal(send(fd, v1, sizeof(v1) - 1, 0), sizeof(v1) - 1);
	ask(fd, "/v1", "192.0.2.7");
	fd = connect_tcp(rill_server_port(server, 0));
	assert_int_equal(send(fd, v2, sizeof(v2) - 1, 0), sizeof(v2) - 1);
	ask(fd, "/v2", "192.0.2.8");
	end();
}

TEST(server, nobody_but_trusted_proxies_comes_in_where_their_headers_are_awaited)
{
	const char *const trusted[] = { "10.0.0.0/8", NULL };
	char byte;

	assert_int_equal(begin_behind_proxies(trusted), 0);
	int fd = connect_tcp(rill_server_port(server, 0));
	while (recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
		assert_int_equal(rill_loop_wait(loop, 1000), 0);
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
	close(fd);
	end();
}

TEST(server, waiting_for_proxies_without_trusting_any_is_refused)
{
	assert_int_equal(begin_behind_proxies(NULL), RILL_EINVAL);
	assert_non_null(strstr(rill_server_error(server), "no proxy is trusted"));
	end();
}

TEST(server, says_why_it_cannot_listen)
{
	begin();
	assert_string_equal(rill_server_error(server), "");
	assert_int_equal(rill_server_listen_tcp(server, "127.0.0.1", 0), 0);
	assert_int_equal(rill_server_listen_tcp(server, "127.0.0.1", rill_server_port(server, 0)),
		RILL_EADDRINUSE);
	assert_true(strlen(rill_server_error(server)) > 10);
	char line[300];
	snprintf(line, sizeof(line), "\n%s\n", rill_server_error(server));
	assert_non_null(strstr(test_log(), line));
	assert_int_equal(rill_server_reload(server), 0);
	assert_string_equal(rill_server_error(server), "");
	end();
}

TEST(server, adopts_a_connection_with_what_was_read_from_it)
{
	static const char read[] = "GET /adopted HTTP/1.1\r\nHost: a\r\n";
	char text[1000];
	int fds[2];
	ssize_t n;

	begin();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(rill_server_adopt(server, fds[1], read, sizeof(read) - 1), 0);
	assert_int_equal(send(fds[0], "\r\n", 2, 0), 2);
	while ((n = recv(fds[0], text, sizeof(text) - 1, MSG_DONTWAIT)) < 0)
		assert_int_equal(rill_loop_wait(loop, 1000), 0);
	text[n] = 0;
	assert_non_null(strstr(text, "\r\n\r\n/adopted"));
	close(fds[0]);
	assert_int_equal(rill_server_adopt(server, -1, "", 0), RILL_EINVAL);
	end();
}

TEST(server, takes_nobody_in_after_it_was_told_to_stop)
{
	int fds[2];

	begin();
	assert_int_equal(rill_server_listen_tcp(server, "127.0.0.1", 0), 0);
	rill_server_stop(server, 0, NULL, NULL);
	assert_null(rill_server_url(server, 0));
	assert_true(rill_server_listen_tcp(server, "127.0.0.1", 0) < 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(rill_server_adopt(server, fds[1], "", 0), RILL_ELIMIT);
	close(fds[0]);
	close(fds[1]);
	end();
}
