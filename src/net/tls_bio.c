/* tls_bio.c: how OpenSSL reaches the stream below: it reads straight from the bytes that just
 * came, and what it writes is appended to the queue. Nothing is kept in between. */
#include "net/tls_stream.h"

static int bio_read(BIO *bio, char *out, int room)
{
	struct rl_tls *tls = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (room <= 0)
		return 0;
	if (!tls->in || !tls->in->len) {
		BIO_set_retry_read(bio);
		return -1;
	}
	size_t n = tls->in->len < (size_t)room ? tls->in->len : (size_t)room;
	memcpy(out, tls->in->data, n);
	rl_slice_skip(tls->in, n);
	return (int)n;
}

static int bio_write(BIO *bio, const char *data, int len)
{
	struct rl_tls *tls = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (len <= 0)
		return 0;
	/* RFC 8446, 6.1: nothing follows close_notify. What OpenSSL would still answer to the
	 * peer's records has no place to go, and does not matter. */
	if (tls->said_bye && tls->raw->shut)
		return len;
	int rc = rl_stream_write(tls->raw, rl_slice(data, (size_t)len));
	if (rc >= 0)
		return len;
	tls->write_error = rc;
	return -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *data)
{
	(void)bio;
	(void)number;
	(void)data;
	return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *rl_tls_bio_method(void)
{
	/* Without an index of its own: it is never looked for in a chain. */
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "rill stream");

	if (!method)
		return NULL;
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
	BIO_meth_set_create(method, bio_create);
	return method;
}

BIO *rl_tls_bio_new(struct rl_tls *tls)
{
	BIO *bio = BIO_new(tls->common->bio);
	if (bio)
		BIO_set_data(bio, tls);
	return bio;
}
