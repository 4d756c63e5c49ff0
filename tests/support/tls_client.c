/* tls_client.c: see tls_client.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/err.h>
#include "support/tls_client.h"

static void must(int ok)
{
	if (!ok)
		abort();
}

static void set_options(struct tls_client *c, const struct tls_client_options *options)
{
	if (options->max_version)
		must(SSL_set_max_proto_version(c->ssl, options->max_version) == 1);
	if (options->name)
		must(SSL_set_tlsext_host_name(c->ssl, options->name) == 1);
	if (options->alpn)
		must(!SSL_set_alpn_protos(c->ssl, (const unsigned char *)options->alpn,
			(unsigned)strlen(options->alpn)));
	if (options->own) {
		must(SSL_use_certificate_file(
			     c->ssl, options->own->certificate_file, SSL_FILETYPE_PEM) == 1);
		must(SSL_use_PrivateKey_file(c->ssl, options->own->key_file, SSL_FILETYPE_PEM) ==
			1);
	}
	if (options->session)
		must(SSL_set_session(c->ssl, options->session));
}

void tls_client_init(struct tls_client *c, int fd, const struct tls_client_options *options)
{
	*c = (struct tls_client){ .fd = fd };
	must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
	c->ctx = SSL_CTX_new(TLS_client_method());
	must(c->ctx != NULL);
	SSL_CTX_set_mode(c->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_AUTO_RETRY);
	c->ssl = SSL_new(c->ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	must(c->ssl && in && out);
	BIO_set_mem_eof_return(in, -1);
	SSL_set_bio(c->ssl, in, out);
	SSL_set_connect_state(c->ssl);
	if (options)
		set_options(c, options);
}

void tls_client_free(struct tls_client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	if (c->fd >= 0)
		close(c->fd);
	free(c->got);
}

static void receive(struct tls_client *c)
{
	char bytes[16 * 1024];
	size_t left = c->appetite ? c->appetite : SIZE_MAX;

	while (left && !c->eof) {
		ssize_t n = read(c->fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes));
		if (n > 0) {
			must(BIO_write(SSL_get_rbio(c->ssl), bytes, (int)n) == n);
			left -= (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			c->eof = true;
		} else {
			break;
		}
	}
}

static void keep(struct tls_client *c, const void *data, size_t len)
{
	if (c->got_len + len > c->got_cap) {
		c->got_cap = (c->got_len + len) * 2;
		c->got = realloc(c->got, c->got_cap);
		must(c->got != NULL);
	}
	memcpy(c->got + c->got_len, data, len);
	c->got_len += len;
}

static void note(struct tls_client *c, int rc)
{
	int error = SSL_get_error(c->ssl, rc);
	if (error == SSL_ERROR_ZERO_RETURN)
		c->bye = true;
	else if (error != SSL_ERROR_WANT_READ && !c->error)
		c->error = ERR_GET_REASON(ERR_peek_error());
	ERR_clear_error();
}

static void decrypt(struct tls_client *c)
{
	char bytes[16 * 1024];

	ERR_clear_error();
	if (!c->connected && !c->error) {
		int rc = SSL_do_handshake(c->ssl);
		c->connected = rc == 1;
		if (rc != 1)
			note(c, rc);
	}
	while (c->connected && !c->error && !c->bye) {
		int n = SSL_read(c->ssl, bytes, sizeof(bytes));
		if (n > 0) {
			keep(c, bytes, (size_t)n);
			continue;
		}
		note(c, n);
		break;
	}
}

static void send_piece(struct tls_client *c)
{
	char *bytes;
	BIO *out = SSL_get_wbio(c->ssl);
	long have = BIO_get_mem_data(out, &bytes);
	size_t n = have > 0 ? (size_t)have : 0;

	if (c->piece && n > c->piece)
		n = c->piece;
	if (!n)
		return;
	ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
	if (sent > 0) {
		char skipped[4096];
		while (sent > 0) {
			int step = sent < 4096 ? (int)sent : 4096;
			must(BIO_read(out, skipped, step) == step);
			sent -= step;
		}
	}
}

void tls_client_step(struct tls_client *c)
{
	receive(c);
	decrypt(c);
	send_piece(c);
}

void tls_client_write(struct tls_client *c, const void *data, size_t len)
{
	const char *p = data;

	ERR_clear_error();
	while (len) {
		int n = SSL_write(c->ssl, p, len < 16384 ? (int)len : 16384);
		must(n > 0);
		p += n;
		len -= (size_t)n;
	}
}

size_t tls_client_unsent(const struct tls_client *c)
{
	char *bytes;
	long have = BIO_get_mem_data(SSL_get_wbio(c->ssl), &bytes);
	return have > 0 ? (size_t)have : 0;
}

const char *tls_client_server_name(const struct tls_client *c)
{
	static char name[256];
	X509 *certificate = SSL_get1_peer_certificate(c->ssl);

	must(certificate != NULL);
	X509_NAME_get_text_by_NID(
		X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
	X509_free(certificate);
	return name;
}
