/* tls.c: a stream of plain bytes on a stream of records.
 *
 * In: raw's bytes are decrypted from where they lie into a buffer lent by the loop and handed on;
 * when the owner pauses, the rest of them stays with raw, and what OpenSSL has read already (as
 * much as one record may have) with OpenSSL.
 *
 * Out: a record is made when raw has nothing left to write. Small pieces that wait are joined
 * into one record, large ones are encrypted from where they lie. */
#include <openssl/err.h>
#include "net/tls_stream.h"

static const struct rl_stream_ops tls_ops;

static struct rl_tls *of_stream(struct rl_stream *stream)
{
	return rl_container(stream, struct rl_tls, stream);
}

static bool alive(const struct rl_tls *tls)
{
	return !tls->stream.closed && !tls->stream.lost;
}

int rl_tls_error(const struct rl_tls *tls)
{
	if (!tls->write_error)
		return RILL_ETLS;
	if (tls->write_error != RILL_ECLOSED)
		return tls->write_error;
	/* Raw is lost, and that has not been told yet. */
	return tls->raw && tls->raw->lost ? tls->raw->lost : RILL_ERESET;
}

/* Keeps what OpenSSL says is the matter, before something else makes it forget. Without memory for
 * that nobody will know. */
static void note_failure(struct rl_tls *tls)
{
	char why[RL_TLS_REASON];

	if (!tls->failure && rl_tls_error(tls) == RILL_ETLS) {
		rl_tls_reason(tls, RILL_ETLS, why);
		tls->failure = rl_strndup(tls->common->env, why, strlen(why));
	}
	ERR_clear_error();
}

/* OpenSSL, or the BIO below it, could not go on. */
static void lose(struct rl_tls *tls)
{
	char peer[RL_ADDR_TEXT];
	int rc = rl_tls_error(tls);

	note_failure(tls);
	rl_addr_host(&tls->stream.peer, peer);
	rl_log(&tls->stream.loop->env, RILL_LOG_DEBUG, "TLS connection of %s failed: %s", peer,
		tls->failure ? tls->failure : rill_strerror(rc));
	rl_stream_lose(&tls->stream, rc);
}

static void feed_end(struct rl_tls *tls)
{
	if (tls->end_fed)
		return;
	tls->end_fed = true;
	rl_stream_feed_end(&tls->stream);
}

/* Errors of others may lie in the thread's queue, where SSL_get_error() would take them for this
 * connection's. There are none nearly always, and looking costs a tenth of clearing. */
static void forget_errors(void)
{
	if (ERR_peek_error())
		ERR_clear_error();
}

/* Is nothing left to be read? Then OpenSSL need not find that out by trying. */
static bool is_drained(const struct rl_tls *tls)
{
	return !tls->in->len && !tls->raw_ended && !SSL_has_pending(tls->ssl);
}

/* Fills plain from what is there; how many bytes. *error: why there is no more for now, or
 * SSL_ERROR_NONE. */
static size_t fill(struct rl_tls *tls, uint8_t *plain, int *error)
{
	size_t have = 0;

	forget_errors();
	*error = SSL_ERROR_NONE;
	while (have < RL_TLS_PLAIN && !*error) {
		size_t n = 0;
		if (SSL_read_ex(tls->ssl, plain + have, RL_TLS_PLAIN - have, &n) != 1)
			*error = SSL_get_error(tls->ssl, 0);
		else if (is_drained(tls))
			*error = SSL_ERROR_WANT_READ;
		have += n;
	}
	return have;
}

/* OpenSSL had no more: is that the end, or an error? */
static void look_at_stop(struct rl_tls *tls, int error, struct rl_slice *in)
{
	if (error == SSL_ERROR_WANT_READ) {
		/* A connection that ends without close_notify is one that ends: what stands in it
		 * says where it is whole (HTTP lengths, WebSocket frames). */
		if (tls->raw_ended)
			feed_end(tls);
	} else if (error == SSL_ERROR_ZERO_RETURN) {
		rl_slice_skip(in, in->len); /* RFC 8446, 6.1: ignored behind close_notify */
		feed_end(tls);
	} else {
		lose(tls);
	}
}

void rl_tls_decrypt(struct rl_tls *tls, struct rl_slice *in)
{
	struct rl_tls_loop *shared = rl_tls_loop_have(tls->stream.loop);
	uint8_t *plain = rl_tls_loop_lend(shared);
	int error = SSL_ERROR_NONE;

	if (!plain) {
		rl_stream_lose(&tls->stream, RILL_ENOMEM);
		return;
	}
	while (tls->reading && alive(tls) && !error && !tls->end_fed) {
		tls->in = in;
		size_t n = fill(tls, plain, &error);
		tls->in = NULL;
		if (error == SSL_ERROR_SSL)
			note_failure(tls);
		if (n)
			rl_stream_feed(&tls->stream, plain, n, true);
		if (error && alive(tls))
			look_at_stop(tls, error, in);
	}
	rl_tls_loop_return(shared, plain);
}

static void decrypt_again(struct rl_task *task)
{
	struct rl_tls *tls = rl_container(task, struct rl_tls, again);
	struct rl_slice none = rl_slice(NULL, 0);
	if (alive(tls))
		rl_tls_decrypt(tls, &none);
}

void rl_tls_check_answers(struct rl_tls *tls)
{
	if (!tls->raw || tls->choked || rl_stream_queued(tls->raw) <= RL_TLS_ANSWERS)
		return;
	tls->choked = true;
	rl_stream_pause(tls->raw);
}

static void answers_taken(struct rl_tls *tls)
{
	if (!tls->choked)
		return;
	tls->choked = false;
	if (tls->pending || tls->reading)
		rl_stream_resume(tls->raw);
}

/* What the next record is made of: parts behind the first skip bytes, as far as it goes. */
static struct rl_slice next_plain(
	struct rl_tls_loop *shared, const struct iovec *parts, int count, size_t skip)
{
	size_t have = 0;

	while (count && skip >= parts->iov_len) {
		skip -= parts->iov_len;
		parts++;
		count--;
	}
	for (; count && have < RL_TLS_RECORD; parts++, count--, skip = 0) {
		const uint8_t *data = (const uint8_t *)parts->iov_base + skip;
		size_t n = parts->iov_len - skip;
		if (n > RL_TLS_RECORD - have)
			n = RL_TLS_RECORD - have;
		if (!have && (count == 1 || n == RL_TLS_RECORD))
			return rl_slice(data, n);
		if (n)
			memcpy(shared->gather + have, data, n);
		have += n;
	}
	return rl_slice(shared->gather, have);
}

/* Makes a record from the front of parts, skip bytes of which are done, and hands it down.
 * Returns how many bytes went into it, or a negative code (then the stream is lost). */
static ptrdiff_t encrypt(struct rl_tls *tls, const struct iovec *parts, int count, size_t skip)
{
	struct rl_tls_loop *shared = rl_tls_loop_have(tls->stream.loop);
	struct rl_slice plain = next_plain(shared, parts, count, skip);
	size_t n;

	forget_errors();
	if (SSL_write_ex(tls->ssl, plain.data, plain.len, &n) != 1) {
		lose(tls);
		return RILL_ETLS;
	}
	rl_stream_flush(tls->raw);
	return (ptrdiff_t)n;
}

/* May another record be made? What still lies with raw (a ticket, an answer) goes first. */
static bool has_room(struct rl_tls *tls)
{
	if (!alive(tls))
		return false;
	if (rl_stream_queued(tls->raw))
		rl_stream_flush(tls->raw);
	return !rl_stream_queued(tls->raw);
}

static void flush(struct rl_stream *stream)
{
	struct rl_tls *tls = of_stream(stream);
	struct iovec parts[64];

	if (tls->flushing)
		return;
	tls->flushing = true;
	while (stream->queue.bytes && has_room(tls)) {
		int count = rl_queue_view(&stream->queue, parts, 64);
		ptrdiff_t n = encrypt(tls, parts, count, 0);
		if (n < 0)
			break;
		rl_stream_wrote(stream, (size_t)n);
	}
	tls->flushing = false;
	if (stream->queue.bytes && alive(tls))
		rl_stream_blocked(stream);
}

static ptrdiff_t write_now(struct rl_stream *stream, const struct iovec *parts, int count)
{
	struct rl_tls *tls = of_stream(stream);
	size_t taken = 0, total = 0;

	for (int i = 0; i < count; i++)
		total += parts[i].iov_len;
	while (taken < total && has_room(tls)) {
		ptrdiff_t n = encrypt(tls, parts, count, taken);
		if (n < 0)
			return n;
		taken += (size_t)n;
	}
	return (ptrdiff_t)taken;
}

static void set_reading(struct rl_stream *stream, bool on)
{
	struct rl_tls *tls = of_stream(stream);

	if (tls->reading == on || !tls->raw)
		return;
	tls->reading = on;
	if (!on) {
		rl_stream_pause(tls->raw);
		return;
	}
	if (!tls->choked)
		rl_stream_resume(tls->raw);
	if (SSL_has_pending(tls->ssl) || tls->raw_ended)
		rl_loop_defer(stream->loop, &tls->again);
}

/* The stream below is asked by the same group. */
static bool taken(struct rl_stream *stream)
{
	return (int32_t)(of_stream(stream)->raw->progress_at - stream->progress_at) > 0;
}

static void shut(struct rl_stream *stream)
{
	struct rl_tls *tls = of_stream(stream);

	if (tls->said_bye)
		return;
	tls->said_bye = true;
	ERR_clear_error();
	SSL_shutdown(tls->ssl); /* queues close_notify; nobody waits for the peer's */
	ERR_clear_error();
	rl_stream_shutdown(tls->raw);
}

static void close_below(struct rl_stream *stream)
{
	struct rl_tls *tls = of_stream(stream);

	rl_list_remove(&tls->again.node);
	if (stream->lost)
		rl_stream_lose(tls->raw, stream->lost); /* closed for the same reason */
	rl_stream_close(tls->raw);
	tls->raw = NULL;
	rl_stream_bury(stream);
}

static void free_stream(struct rl_stream *stream)
{
	rl_tls_free(of_stream(stream));
}

void rl_tls_free(struct rl_tls *tls)
{
	struct rl_tls_common *common = tls->common;

	SSL_free(tls->ssl);
	rl_free(common->env, tls->failure);
	rl_free(common->env, tls);
	rl_tls_common_unref(common);
}

static bool local(const struct rl_stream *stream, struct rl_addr *addr)
{
	return rl_stream_local(rl_container(stream, const struct rl_tls, stream)->raw, addr);
}

static const struct rl_stream_ops tls_ops = {
	.name = "tls",
	.secure = true,
	.flush = flush,
	.write_now = write_now,
	.local = local,
	.taken = taken,
	.set_reading = set_reading,
	.shutdown = shut,
	.close = close_below,
	.free = free_stream,
};

static void on_read(struct rl_stream *raw, struct rl_slice *in)
{
	struct rl_tls *tls = raw->owner;

	if (tls->pending) {
		rl_tls_handshake_step(tls, in);
		return;
	}
	if (!alive(tls) || tls->end_fed) {
		rl_slice_skip(in, in->len);
		return;
	}
	rl_tls_decrypt(tls, in);
	rl_tls_check_answers(tls);
}

static void on_end(struct rl_stream *raw)
{
	struct rl_tls *tls = raw->owner;
	struct rl_slice none = rl_slice(NULL, 0);

	tls->raw_ended = true;
	if (tls->pending)
		rl_tls_handshake_fail(tls, RILL_ERESET);
	else if (alive(tls))
		rl_tls_decrypt(tls, &none);
}

static void on_lost(struct rl_stream *raw, int rc)
{
	struct rl_tls *tls = raw->owner;

	if (tls->pending)
		rl_tls_handshake_fail(tls, rc);
	else
		rl_stream_lose(&tls->stream, rc);
}

static void on_flushed(struct rl_stream *raw)
{
	struct rl_tls *tls = raw->owner;

	answers_taken(tls);
	if (!tls->pending && alive(tls) && tls->stream.queue.bytes)
		flush(&tls->stream);
}

static void on_drain(struct rl_stream *raw)
{
	(void)raw; /* on_flushed is what we wait for */
}

const struct rl_stream_events rl_tls_raw_events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
	.on_flushed = on_flushed,
};

void rl_tls_open_stream(struct rl_tls *tls)
{
	rl_task_init(&tls->again, decrypt_again);
	rl_stream_init(&tls->stream, &tls_ops, tls->raw->group, &tls->raw->peer);
}

struct rl_slice rl_tls_alpn(const struct rl_stream *stream)
{
	const unsigned char *name;
	unsigned len;

	if (stream->ops != &tls_ops)
		return rl_slice(NULL, 0);
	const struct rl_tls *tls = rl_container(stream, const struct rl_tls, stream);
	SSL_get0_alpn_selected(tls->ssl, &name, &len);
	return rl_slice(name, len);
}

const char *rl_tls_version(const struct rl_stream *stream)
{
	if (stream->ops != &tls_ops)
		return NULL;
	return SSL_get_version(rl_container(stream, const struct rl_tls, stream)->ssl);
}

const char *rl_tls_failure(const struct rl_stream *stream)
{
	if (stream->ops != &tls_ops || stream->lost != RILL_ETLS)
		return NULL;
	return rl_container(stream, const struct rl_tls, stream)->failure;
}
