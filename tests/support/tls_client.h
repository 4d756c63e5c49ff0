/* tls_client.h: OpenSSL's client on a descriptor, a step at a time, so that one thread can turn
 * the server's loop in between, and the bytes can be cut as a test likes. */
#ifndef TEST_TLS_CLIENT_H
#define TEST_TLS_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "support/certificate.h"

struct tls_client {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;          /* non-blocking; closed by free */
	bool connected;  /* the handshake has ended */
	bool bye;        /* the server's close_notify has come */
	bool eof;        /* the connection has ended */
	int error;       /* the reason code of the error that ended it (ERR_GET_REASON) */
	size_t piece;    /* bytes written to the descriptor in one step; 0: all */
	size_t appetite; /* bytes read from the descriptor in one step; 0: all */
	uint8_t *got;    /* plain bytes received */
	size_t got_len, got_cap;
};

struct tls_client_options {
	const char *name;                   /* SNI; NULL: none */
	const char *alpn;                   /* in wire form: "\x08http/1.1"; NULL: none */
	int max_version;                    /* 0: the highest */
	const struct test_certificate *own; /* the client's certificate; NULL: none */
	SSL_SESSION *session;               /* to resume; NULL: none */
};

/* Takes fd over. options NULL: none of them. */
void tls_client_init(struct tls_client *c, int fd, const struct tls_client_options *options);

/* Closes the descriptor without a word. */
void tls_client_free(struct tls_client *c);

/* Moves what can be moved. */
void tls_client_step(struct tls_client *c);

/* Encrypts; it leaves with the next steps. */
void tls_client_write(struct tls_client *c, const void *data, size_t len);

/* Encrypted bytes that still wait for steps. */
size_t tls_client_unsent(const struct tls_client *c);

/* The common name of the server's certificate, in static memory. */
const char *tls_client_server_name(const struct tls_client *c);

#endif
