/* tls_stream.h: one TLS connection. Inside of net/tls*.c only. */
#ifndef RL_NET_TLS_STREAM_H
#define RL_NET_TLS_STREAM_H

#include <openssl/ssl.h>
#include "net/tls.h"
#include "net/tls_common.h"
#include "net/tls_loop.h"

struct rl_tls {
	struct rl_stream stream; /* set up when the handshake has ended */
	struct rl_stream *raw;
	struct rl_tls_common *common; /* of the context: referred to */
	SSL *ssl;
	struct rl_tls_pending *pending; /* while in handshake */
	struct rl_slice *in;            /* what the BIO reads from: raw's bytes, within one call */
	struct rl_task again;           /* decrypting what OpenSSL still holds */
	bool reading : 1;               /* the stream's owner wants bytes */
	bool choked : 1;                /* raw is not read: the peer does not take our answers */
	bool raw_ended : 1;
	bool end_fed : 1;
	bool flushing : 1;
	bool said_bye : 1; /* close_notify is on its way */
	int write_error;   /* why the BIO could not write */
	char *failure;     /* why TLS failed, in words; NULL: it has not */
};

/* Raw's, from the handshake on; its owner is the struct rl_tls. */
extern const struct rl_stream_events rl_tls_raw_events;

/* Begins a handshake on raw for an SSL that knows its side, which it takes over in any case; NULL
 * when there was no memory for one. As rl_tls_accept() and rl_tls_connect(), until deadline (of the
 * loop's clock; RL_TIMER_NEVER: none) (tls_handshake.c). */
int rl_tls_begin(struct rl_tls_pending **pending, struct rl_stream *raw,
	struct rl_tls_common *common, SSL *ssl, uint64_t deadline, rl_tls_done done, void *user);

/* Goes on with the handshake, or ends it. */
void rl_tls_handshake_step(struct rl_tls *tls, struct rl_slice *in);
void rl_tls_handshake_fail(struct rl_tls *tls, int rc);

/* Makes the stream ready for its owner, with reading off (tls.c). */
void rl_tls_open_stream(struct rl_tls *tls);

/* Reads from *in on behalf of the owner, as long as it wants to read. */
void rl_tls_decrypt(struct rl_tls *tls, struct rl_slice *in);

/* Stops reading raw while more than this waits there to be taken: what a peer makes us answer
 * (KeyUpdate, RFC 8446, 4.6.3) is bounded like that. Normally one record waits. */
#define RL_TLS_ANSWERS (64 * 1024)
void rl_tls_check_answers(struct rl_tls *tls);

/* Frees what lies behind; raw has been closed or was never taken. */
void rl_tls_free(struct rl_tls *tls);

/* What went wrong, from OpenSSL's error queue where rc is RILL_ETLS, as one sentence
 * (tls_reason.c). */
#define RL_TLS_REASON 256
void rl_tls_reason(const struct rl_tls *tls, int rc, char text[RL_TLS_REASON]);

/* The code for OpenSSL, or the BIO below it, not going on. */
int rl_tls_error(const struct rl_tls *tls);

/* A BIO over tls, for both directions (tls_bio.c). */
BIO *rl_tls_bio_new(struct rl_tls *tls);

#endif
