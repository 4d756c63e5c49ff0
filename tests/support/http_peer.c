/* http_peer.c: see http_peer.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "support/http_peer.h"
#include "http/server_state.h"

rill_loop *http_loop;
rill_server *http_server;

void http_begin(const rill_server_options *options)
{
	rill_loop_options loop_options;

	rill_loop_options_default(&loop_options);
	loop_options.allocator = test_env()->memory;
	loop_options.log = test_env()->log;
	loop_options.log_level = RILL_LOG_INFO;
	assert_int_equal(rill_loop_new(&http_loop, &loop_options), 0);
	test_now = http_loop->now;
	http_loop->env.clock = test_env()->clock;
	assert_int_equal(rill_server_new(&http_server, http_loop, options), 0);
}

void http_end(void)
{
	rill_server_free(http_server);
	rill_loop_free(http_loop);
	http_server = NULL;
	http_loop = NULL;
}

bool http_try_begin(void)
{
	rill_loop_options options;

	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	http_loop = NULL;
	http_server = NULL;
	if (rill_loop_new(&http_loop, &options) < 0)
		return false;
	if (rill_server_new(&http_server, http_loop, NULL) == 0)
		return true;
	http_end();
	return false;
}

void http_turns(void)
{
	for (int i = 0; i < 6; i++)
		assert_int_equal(rill_loop_turn(http_loop), 0);
}

void http_pass(uint64_t ms)
{
	for (int i = 0; i < 10; i++) {
		test_now += ms / 10 + (i == 0 ? ms % 10 : 0);
		http_turns();
	}
}

void http_open_from(struct http_peer *peer, const struct rl_addr *from)
{
	int fds[2];
	struct rl_stream *stream;

	*peer = (struct http_peer){ .fd = -1 };
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	peer->fd = fds[0];
	assert_int_equal(rl_socket_stream(&stream, &http_server->group, fds[1], from), 0);
	rl_server_accept(http_server, stream);
	http_turns();
}

void http_open(struct http_peer *peer)
{
	const struct rl_addr from = { .family = RL_ADDR_IP4, .port = 4711, .ip = { 192, 0, 2, 1 } };

	http_open_from(peer, &from);
}

bool http_try_open(struct http_peer *peer)
{
	const struct rl_addr from = { .family = RL_ADDR_IP4 };
	struct rl_stream *stream;
	int fds[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	*peer = (struct http_peer){ .fd = fds[0] };
	if (rl_socket_stream(&stream, &http_server->group, fds[1], &from) < 0) {
		close(fds[1]);
		http_close(peer);
		return false;
	}
	rl_server_accept(http_server, stream);
	return true;
}

const char *http_take(struct http_peer *peer)
{
	char bytes[65536];
	ssize_t n = 0;

	http_turns();
	while (peer->fd >= 0 && !peer->ended) {
		n = recv(peer->fd, bytes, sizeof(bytes), 0);
		if (n <= 0)
			break;
		peer->text = realloc(peer->text, peer->len + (size_t)n + 1);
		if (!peer->text)
			abort();
		memcpy(peer->text + peer->len, bytes, (size_t)n);
		peer->len += (size_t)n;
		peer->text[peer->len] = 0;
		http_turns();
	}
	if (n == 0 || (n < 0 && errno != EAGAIN))
		peer->ended = true;
	return peer->text ? peer->text : "";
}

void http_send_bytes(struct http_peer *peer, const void *data, size_t len)
{
	while (len) {
		ssize_t n = send(peer->fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EPIPE)
			break;
		assert_true(n > 0);
		data = (const char *)data + n;
		len -= (size_t)n;
		http_turns();
	}
	http_turns();
	http_take(peer);
}

void http_send(struct http_peer *peer, const char *text)
{
	http_send_bytes(peer, text, strlen(text));
}

void http_send_slowly(struct http_peer *peer, const char *text)
{
	for (; *text; text++)
		http_send_bytes(peer, text, 1);
}

void http_shut(struct http_peer *peer)
{
	shutdown(peer->fd, SHUT_WR);
	http_turns();
	http_take(peer);
}

void http_forget(struct http_peer *peer)
{
	free(peer->text);
	peer->text = NULL;
	peer->len = 0;
}

void http_close(struct http_peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	http_forget(peer);
	if (http_loop)
		http_turns();
}

/* Takes "Date: ...\r\n" out of the text; how many there were. */
static size_t strip_dates(char *text)
{
	size_t count = 0;
	char *line;

	while ((line = strstr(text, "\r\nDate: "))) {
		char *next = strstr(line + 2, "\r\n");
		assert_non_null(next);
		assert_int_equal(next - line, (ptrdiff_t)strlen("\r\nDate: Sun, 06 Nov 1994 "
								"08:49:37 GMT"));
		memmove(line, next, strlen(next) + 1);
		count++;
	}
	return count;
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		count++;
	return count;
}

void http_expect(struct http_peer *peer, const char *text)
{
	char *have = strdup(http_take(peer));

	if (!have)
		abort();
	size_t dates = strip_dates(have);
	if (strcmp(have, text) != 0) {
		print_error("want \"%s\"\nhave \"%s\"\n", text, have);
		free(have);
		fail();
	}
	size_t heads = count_of(have, "HTTP/1.1 ") - count_of(have, "HTTP/1.1 100 ");
	free(have);
	assert_int_equal(dates, heads);
	http_forget(peer);
}

void http_expect_status(struct http_peer *peer, int status)
{
	char want[32];

	snprintf(want, sizeof(want), "HTTP/1.1 %d ", status);
	if (strncmp(http_take(peer), want, strlen(want)) != 0)
		fail_msg("want status %d, have \"%.60s\"", status, http_take(peer));
}
