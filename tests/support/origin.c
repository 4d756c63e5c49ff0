/* origin.c: see origin.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "support/origin.h"
#include "wire/ws_handshake.h"

/* Turns of a millisecond each until a test that waits in vain has failed. */
enum { PATIENCE = 10000 };

static uint64_t integer_clock(void *user)
{
	(void)user;
	return test_now;
}

rill_loop *origin_loop(void)
{
	rill_loop_options options;
	rill_loop *loop;
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	options.log = test_env()->log;
	options.log_level = RILL_LOG_DEBUG;
	if (rill_loop_new(&loop, &options) < 0)
		return NULL;
	loop->env.clock = integer_clock;
	loop->now = test_now;
	rl_wheel_init(&loop->wheel, test_now);
	return loop;
}

void origin_start(struct origin *o, rill_loop *loop)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	*o = (struct origin){ .loop = loop, .fd = -1 };
	o->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(o->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(o->listener, 16), 0);
	assert_int_equal(getsockname(o->listener, (struct sockaddr *)&addr, &len), 0);
	o->port = ntohs(addr.sin_port);
}

void origin_close(struct origin *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	o->in_len = 0;
	o->ended = false;
}

void origin_stop(struct origin *o)
{
	origin_close(o);
	close(o->listener);
	o->loop = NULL;
}

void origin_shut(struct origin *o)
{
	shutdown(o->fd, SHUT_WR);
	origin_turn(o);
}

/* Takes what has come; was there anything? */
static bool receive(struct origin *o)
{
	if (o->fd < 0 || o->ended || o->in_len == sizeof(o->in))
		return false;
	ssize_t n = recv(o->fd, o->in + o->in_len, sizeof(o->in) - o->in_len, MSG_DONTWAIT);
	if (n > 0)
		o->in_len += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		o->ended = true;
	return n >= 0;
}

void origin_turn(struct origin *o)
{
	for (int idle = 0; idle < 3;) {
		assert_int_equal(rill_loop_wait(o->loop, idle ? 1 : 0), 0);
		idle = receive(o) ? 0 : idle + 1;
	}
}

static void wait_turn(struct origin *o, int *patience, const char *what)
{
	if (++*patience == PATIENCE)
		fail_msg("waited in vain for %s", what);
	assert_int_equal(rill_loop_wait(o->loop, 1), 0);
	receive(o);
}

void origin_until_said(struct origin *o, const char *said, const char *want)
{
	for (int turns = 0; o->loop && strcmp(said, want) != 0 && turns < PATIENCE / 5; turns++) {
		assert_int_equal(rill_loop_wait(o->loop, 1), 0);
		receive(o);
	}
}

void origin_pass(struct origin *o, uint64_t ms)
{
	origin_turn(o);
	test_now += ms;
	origin_turn(o);
}

void origin_accept(struct origin *o)
{
	const int on = 1;
	origin_close(o);
	for (int patience = 0; o->fd < 0;) {
		wait_turn(o, &patience, "a connection");
		o->fd = accept4(o->listener, NULL, NULL, SOCK_CLOEXEC);
	}
	setsockopt(o->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void drop(struct origin *o, size_t n)
{
	o->in_len -= n;
	memmove(o->in, o->in + n, o->in_len);
}

const char *origin_take_head(struct origin *o)
{
	static char head[65536];
	uint8_t *end = NULL;
	for (int patience = 0; !end;) {
		wait_turn(o, &patience, "a head");
		end = memmem(o->in, o->in_len, "\r\n\r\n", 4);
	}
	size_t n = (size_t)(end - o->in) + 4;
	assert_true(n < sizeof(head));
	memcpy(head, o->in, n);
	head[n] = 0;
	drop(o, n);
	const char *key = strstr(head, "Sec-WebSocket-Key: ");
	if (key)
		snprintf(o->key, sizeof(o->key), "%.24s", key + 19);
	return head;
}

static void await_bytes(struct origin *o, size_t n)
{
	for (int patience = 0; o->in_len < n && !o->ended;)
		wait_turn(o, &patience, "bytes");
}

void origin_expect_text(struct origin *o, const char *text)
{
	size_t n = strlen(text);
	await_bytes(o, n);
	test_expect_text(o->in, o->in_len < n ? o->in_len : n, text);
	drop(o, n);
}

void origin_expect_hex(struct origin *o, const char *hex)
{
	uint8_t want[4096];
	size_t n = test_unhex(hex, want, sizeof(want));
	await_bytes(o, n);
	test_expect_hex(o->in, o->in_len < n ? o->in_len : n, hex);
	drop(o, n);
}

void origin_expect_frame(struct origin *o, uint8_t first, const char *payload)
{
	size_t n = strlen(payload);
	char text[126];
	assert_true(n <= 125);
	await_bytes(o, 6 + n);
	assert_true(o->in_len >= 6 + n);
	assert_int_equal(o->in[0], first);
	assert_int_equal(o->in[1], 0x80 | n);
	for (size_t i = 0; i < n; i++)
		text[i] = (char)(o->in[6 + i] ^ o->in[2 + i % 4]);
	test_expect_text(text, n, payload);
	drop(o, 6 + n);
}

void origin_expect_end(struct origin *o)
{
	for (int patience = 0; !o->ended;)
		wait_turn(o, &patience, "the end");
	test_expect_hex(o->in, o->in_len, "");
}

void origin_send_bytes(struct origin *o, const void *data, size_t len)
{
	const char *bytes = data;
	for (int patience = 0; len;) {
		ssize_t n = send(o->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			return; /* cut: seen by what is expected next */
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
		if (len)
			wait_turn(o, &patience, "room");
	}
	origin_turn(o);
}

void origin_send(struct origin *o, const char *text)
{
	origin_send_bytes(o, text, strlen(text));
}

void origin_send_hex(struct origin *o, const char *hex)
{
	uint8_t bytes[4096];
	origin_send_bytes(o, bytes, test_unhex(hex, bytes, sizeof(bytes)));
}

size_t origin_write_101(
	const struct origin *o, const char *more, const char *hex_behind, char *out, size_t room)
{
	char accept[RL_WS_ACCEPT_LEN + 1];
	rl_ws_accept_key(rl_slice_str(o->key), accept);
	int n = snprintf(out, room,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n%s\r\n",
		accept, more);
	assert_true(n > 0 && (size_t)n < room);
	size_t len = (size_t)n;
	return len + test_unhex(hex_behind, (uint8_t *)out + len, room - len);
}

void origin_send_101(struct origin *o, const char *more)
{
	char text[8192];
	origin_send_bytes(o, text, origin_write_101(o, more, "", text, sizeof(text)));
}
