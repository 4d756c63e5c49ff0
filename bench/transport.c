#include "transport.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "load.h"

/* The port is chosen at connect(2), where a pair of addresses has all of them to itself. */
static int bind_source(int fd, const struct sockaddr_in *source)
{
	int on = 1;
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0)
		return -1;
	return bind(fd, (const struct sockaddr *)source, sizeof *source);
}

static int try_connect(struct load *load)
{
	const struct sockaddr_in *server = &load->options->server;
	struct sockaddr_in source = load_source(load);
	int on = 1;

	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	bool bound = source.sin_addr.s_addr == 0 || bind_source(fd, &source) == 0;
	if (bound && (connect(fd, (const struct sockaddr *)server, sizeof *server) == 0 ||
			     errno == EINPROGRESS))
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int transport_connect(struct load *load)
{
	/* A source address whose ports are used up is passed over. */
	for (unsigned tries = 0; tries < 250; tries++) {
		int fd = try_connect(load);
		if (fd >= 0)
			return fd;
		if (errno != EADDRNOTAVAIL)
			break;
	}
	return load_fail(load, "cannot connect: %s", strerror(errno));
}

static int result_of(struct connection *conn, int rc)
{
	switch (SSL_get_error(conn->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return TRANSPORT_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return TRANSPORT_END;
	default:
		return TRANSPORT_FAILED;
	}
}

int transport_secure(struct connection *conn)
{
	ERR_clear_error();
	int rc = SSL_connect(conn->ssl);
	return rc == 1 ? 1 : result_of(conn, rc);
}

static ssize_t result_of_call(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? TRANSPORT_AGAIN : TRANSPORT_FAILED;
}

ssize_t transport_receive(struct connection *conn, void *data, size_t n)
{
	if (!conn->ssl)
		return result_of_call(recv(conn->fd, data, n, 0));
	ERR_clear_error();
	int rc = SSL_read(conn->ssl, data, (int)n);
	return rc > 0 ? rc : result_of(conn, rc);
}

ssize_t transport_send(struct connection *conn, const void *data, size_t n)
{
	if (!conn->ssl)
		return result_of_call(send(conn->fd, data, n, MSG_NOSIGNAL));
	ERR_clear_error();
	int rc = SSL_write(conn->ssl, data, (int)n);
	return rc > 0 ? rc : result_of(conn, rc);
}

const char *transport_error(void)
{
	unsigned long code = ERR_peek_error();
	if (code)
		return ERR_reason_error_string(code);
	return errno ? strerror(errno) : "ended without a word";
}
