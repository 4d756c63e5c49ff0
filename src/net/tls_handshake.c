/* tls_handshake.c: from a raw stream to a TLS stream, or to nothing.
 *
 * Each step is one SSL_accept() on the bytes that came. Steps are rationed by the loop; one that
 * has to wait leaves the bytes with raw. */
#include <openssl/err.h>
#include "net/tls_stream.h"

/* How long an alert may take to leave before the connection is closed behind it. */
#define LINGER_MS 500

/* Plain HTTP on a TLS port is worth a line to whoever set it up, but not one for each. */
#define COMPLAINT_MS 1000

struct rl_tls_pending {
	struct rl_tls *tls;
	struct rl_tls_waiting waiting;
	struct rl_timer timer;
	void (*done)(struct rl_stream *stream, int rc, void *user);
	void *user;
};

/* Ends the handshake's part of it; what to call is left in *p. */
static void take_pending(struct rl_tls *tls, struct rl_tls_pending *p)
{
	rl_loop_clear_timer(tls->raw->loop, &tls->pending->timer);
	rl_list_remove(&tls->pending->waiting.node);
	*p = *tls->pending;
	rl_free(tls->context->env, tls->pending);
	tls->pending = NULL;
}

static void complain_of_http(struct rl_tls *tls, const char *peer)
{
	struct rl_tls_loop *shared = rl_tls_loop_have(tls->raw->loop);
	uint64_t now = tls->raw->loop->now;

	if (shared->complained_at && now - shared->complained_at < COMPLAINT_MS)
		return;
	shared->complained_at = now;
	rl_log(tls->context->env, RILL_LOG_INFO, "plain HTTP on a TLS port, from %s", peer);
}

static void log_failure(struct rl_tls *tls, int rc)
{
	char peer[RL_ADDR_TEXT];
	unsigned long code = rc == RILL_ETLS ? ERR_peek_error() : 0;
	const char *why = code ? ERR_reason_error_string(code) : NULL;

	rl_addr_host(&tls->raw->peer, peer);
	if (code && ERR_GET_LIB(code) == ERR_LIB_SSL &&
		(ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST ||
			ERR_GET_REASON(code) == SSL_R_HTTPS_PROXY_REQUEST))
		complain_of_http(tls, peer);
	else
		rl_log(tls->context->env, RILL_LOG_DEBUG, "TLS handshake with %s failed: %s", peer,
			why ? why : rill_strerror(rc));
	ERR_clear_error();
}

void rl_tls_handshake_fail(struct rl_tls *tls, int rc)
{
	struct rl_tls_pending p;

	log_failure(tls, rc);
	take_pending(tls, &p);
	/* The alert that says why should reach the peer. */
	if (rc == RILL_ETLS && rl_stream_queued(tls->raw))
		rl_stream_close_gently(tls->raw, LINGER_MS);
	else
		rl_stream_close(tls->raw);
	rl_tls_free(tls);
	p.done(NULL, rc, p.user);
}

static void succeed(struct rl_tls *tls, struct rl_slice *in)
{
	struct rl_tls_pending p;

	take_pending(tls, &p);
	rl_stream_pause(tls->raw);
	rl_tls_open_stream(tls);
	p.done(&tls->stream, 0, p.user);
	if (tls->reading)
		rl_tls_decrypt(tls, in);
}

void rl_tls_handshake_step(struct rl_tls *tls, struct rl_slice *in)
{
	struct rl_tls_loop *shared = rl_tls_loop_have(tls->raw->loop);

	if (!rl_tls_loop_may_step(shared, &tls->pending->waiting)) {
		rl_stream_pause(tls->raw);
		return;
	}
	ERR_clear_error();
	tls->in = in;
	int rc = SSL_accept(tls->ssl);
	tls->in = NULL;
	int error = SSL_get_error(tls->ssl, rc);
	if (rc == 1)
		succeed(tls, in);
	else if (error == SSL_ERROR_WANT_READ)
		rl_tls_check_answers(tls);
	else
		rl_tls_handshake_fail(tls, RILL_ETLS);
}

static void go(struct rl_tls_waiting *waiting)
{
	struct rl_tls_pending *p = rl_container(waiting, struct rl_tls_pending, waiting);
	if (!p->tls->choked)
		rl_stream_resume(p->tls->raw);
}

static void expire(struct rl_timer *timer)
{
	struct rl_tls_pending *p = rl_container(timer, struct rl_tls_pending, timer);
	rl_tls_handshake_fail(p->tls, RILL_ETIMEDOUT);
}

static struct rl_tls *new_tls(struct rl_tls_context *context)
{
	struct rl_tls *tls = rl_zalloc(context->env, sizeof(*tls));

	if (!tls)
		return NULL;
	tls->context = rl_tls_context_ref(context);
	tls->ssl = SSL_new(context->hosts[0].ctx);
	BIO *bio = tls->ssl ? rl_tls_bio_new(tls) : NULL;
	if (!bio) {
		rl_tls_free(tls);
		return NULL;
	}
	SSL_set_bio(tls->ssl, bio, bio);
	SSL_set_accept_state(tls->ssl);
	return tls;
}

int rl_tls_accept(struct rl_tls_pending **pending, struct rl_stream *raw,
	struct rl_tls_context *context, uint32_t timeout_ms,
	void (*done)(struct rl_stream *stream, int rc, void *user), void *user)
{
	if (!rl_tls_loop_get(raw->loop))
		return RILL_ENOMEM;
	struct rl_tls_pending *p = rl_zalloc(context->env, sizeof(*p));
	if (!p)
		return RILL_ENOMEM;
	p->tls = new_tls(context);
	if (!p->tls) {
		ERR_clear_error();
		rl_free(context->env, p);
		return RILL_ENOMEM;
	}
	rl_list_init(&p->waiting.node);
	p->waiting.go = go;
	p->done = done;
	p->user = user;
	rl_timer_init(&p->timer, expire);
	rl_loop_set_timer(raw->loop, &p->timer, rl_loop_now(raw->loop) + timeout_ms);
	p->tls->pending = p;
	p->tls->raw = raw;
	*pending = p;
	rl_stream_own(raw, &rl_tls_raw_events, p->tls);
	rl_stream_resume(raw);
	return 0;
}

void rl_tls_cancel(struct rl_tls_pending *pending)
{
	struct rl_tls *tls = pending->tls;
	struct rl_tls_pending p;

	take_pending(tls, &p);
	rl_stream_close(tls->raw);
	rl_tls_free(tls);
}
