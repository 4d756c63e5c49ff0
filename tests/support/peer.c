/* peer.c: see peer.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "support/peer.h"

static uint64_t integer_clock(void *user)
{
	(void)user;
	return test_now;
}

void peer_start(struct peer *p, const rill_server_options *options)
{
	rill_loop_options loop_options;
	rill_loop_options_default(&loop_options);
	loop_options.allocator = test_env()->memory;
	loop_options.log = test_env()->log;
	loop_options.log_level = RILL_LOG_DEBUG;
	memset(p, 0, sizeof(*p));
	p->fd = -1;
	assert_int_equal(rill_loop_new(&p->loop, &loop_options), 0);
	p->loop->env.clock = integer_clock;
	p->loop->now = test_now;
	rl_wheel_init(&p->loop->wheel, test_now);
	assert_int_equal(rill_server_new(&p->server, p->loop, options), 0);
}

void peer_leave(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->in_len = 0;
	p->ended = false;
}

void peer_stop(struct peer *p)
{
	peer_leave(p);
	rill_server_free(p->server);
	rill_loop_free(p->loop);
}

void peer_connect(struct peer *p)
{
	int fds[2];
	peer_leave(p);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	p->fd = fds[0];
	assert_int_equal(rill_server_adopt(p->server, fds[1], NULL, 0), 0);
}

/* Takes what has come; was there anything? */
static bool receive(struct peer *p)
{
	if (p->fd < 0 || p->ended || p->in_len == sizeof(p->in))
		return false;
	ssize_t n = recv(p->fd, p->in + p->in_len, sizeof(p->in) - p->in_len, 0);
	if (n > 0)
		p->in_len += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		p->ended = true;
	return n >= 0;
}

void peer_turn(struct peer *p)
{
	for (int idle = 0; idle < 3;) {
		assert_int_equal(rill_loop_turn(p->loop), 0);
		idle = receive(p) ? 0 : idle + 1;
	}
}

void peer_pass(struct peer *p, uint64_t ms)
{
	peer_turn(p);
	test_now += ms;
	peer_turn(p);
}

void peer_send_bytes(struct peer *p, const void *data, size_t len)
{
	const char *bytes = data;
	while (len) {
		ssize_t n = send(p->fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return; /* the server has cut it: seen by what is expected next */
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
		peer_turn(p);
	}
	peer_turn(p);
}

void peer_send(struct peer *p, const char *text)
{
	peer_send_bytes(p, text, strlen(text));
}

void peer_send_hex(struct peer *p, const char *hex)
{
	uint8_t bytes[4096];
	peer_send_bytes(p, bytes, test_unhex(hex, bytes, sizeof(bytes)));
}

void peer_send_frame(struct peer *p, uint8_t first, const char *payload)
{
	uint8_t frame[6 + 125];
	size_t n = strlen(payload);
	assert_true(n <= 125);
	memcpy(frame, (uint8_t[6]){ first, (uint8_t)(0x80 | n) }, 6);
	memcpy(frame + 6, payload, n);
	peer_send_bytes(p, frame, 6 + n);
}

static void drop(struct peer *p, size_t n)
{
	p->in_len -= n;
	memmove(p->in, p->in + n, p->in_len);
}

void peer_expect_hex(struct peer *p, const char *hex)
{
	uint8_t want[4096];
	size_t n = test_unhex(hex, want, sizeof(want));
	peer_turn(p);
	test_expect_hex(p->in, p->in_len < n ? p->in_len : n, hex);
	drop(p, n);
}

void peer_expect_text(struct peer *p, const char *text)
{
	size_t n = strlen(text);
	peer_turn(p);
	test_expect_text(p->in, p->in_len < n ? p->in_len : n, text);
	drop(p, n);
}

const char *peer_take_head(struct peer *p)
{
	static char head[16384];
	peer_turn(p);
	uint8_t *end = memmem(p->in, p->in_len, "\r\n\r\n", 4);
	if (!end)
		fail_msg("no head in \"%.*s\"", (int)p->in_len, (const char *)p->in);
	size_t n = (size_t)(end - p->in) + 4;
	assert_true(n < sizeof(head));
	memcpy(head, p->in, n);
	head[n] = 0;
	drop(p, n);
	return head;
}

void peer_expect_idle(struct peer *p)
{
	peer_turn(p);
	test_expect_hex(p->in, p->in_len, "");
	assert_false(p->ended);
}

void peer_expect_end(struct peer *p)
{
	peer_turn(p);
	test_expect_hex(p->in, p->in_len, "");
	assert_true(p->ended);
}

void peer_ask(struct peer *p, const char *target, const char *more)
{
	char request[4096];
	snprintf(request, sizeof(request),
			"GET %s HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n"
			"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			"Sec-WebSocket-Version: 13\r\n%s\r\n",
			target, more);
	peer_send(p, request);
}

void peer_open(struct peer *p, const char *target, const char *more)
{
	peer_connect(p);
	peer_ask(p, target, more);
	const char *head = peer_take_head(p);
	if (strncmp(head, "HTTP/1.1 101 ", 13) != 0)
		fail_msg("not opened: %s", head);
}
