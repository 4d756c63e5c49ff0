/* tls_handshake.c: from a raw stream to a TLS stream, or to nothing, for both sides.
 *
 * Each step is one SSL_do_handshake() on the bytes that came; a client's first is without any. Steps
 * are rationed by the loop; one that has to wait leaves the bytes with raw. */
#include <openssl/err.h>
#include "net/tls_context.h"
#include "net/tls_stream.h"

/* How long an alert may take to leave before the connection is closed behind it. */
#define LINGER_MS 500

/* Plain HTTP on a TLS port is worth a line to whoever set it up, but not one for each. */
#define COMPLAINT_MS 1000

struct rl_tls_pending {
	struct rl_tls *tls;
	struct rl_tls_waiting waiting;
	struct rl_timer timer;
	bool speaks_first; /* and has not yet */
	rl_tls_done done;
	void *user;
};

/* Ends the handshake's part of it; what to call is left in *p. */
static void take_pending(struct rl_tls *tls, struct rl_tls_pending *p)
{
	rl_loop_clear_timer(tls->raw->loop, &tls->pending->timer);
	rl_list_remove(&tls->pending->waiting.node);
	*p = *tls->pending;
	rl_free(tls->common->env, tls->pending);
	tls->pending = NULL;
}

static void complain_of_http(struct rl_tls *tls, const char *peer)
{
	struct rl_tls_loop *shared = rl_tls_loop_have(tls->raw->loop);
	uint64_t now = rl_loop_now(tls->raw->loop);

	if (shared->complained_at && now - shared->complained_at < COMPLAINT_MS)
		return;
	shared->complained_at = now;
	rl_log(tls->common->env, RILL_LOG_INFO, "plain HTTP on a TLS port, from %s", peer);
}

static bool is_plain_http(int rc)
{
	unsigned long code = rc == RILL_ETLS ? ERR_peek_error() : 0;

	return code && ERR_GET_LIB(code) == ERR_LIB_SSL &&
	       (ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST ||
		       ERR_GET_REASON(code) == SSL_R_HTTPS_PROXY_REQUEST);
}

static void log_failure(struct rl_tls *tls, int rc, const char *why)
{
	char peer[RL_ADDR_TEXT];

	rl_addr_host(&tls->raw->peer, peer);
	if (is_plain_http(rc))
		complain_of_http(tls, peer);
	else
		rl_log(tls->common->env, RILL_LOG_DEBUG, "TLS handshake with %s failed: %s", peer,
			why);
}

void rl_tls_handshake_fail(struct rl_tls *tls, int rc)
{
	struct rl_tls_pending p;
	char why[RL_TLS_REASON];

	rl_tls_reason(tls, rc, why);
	log_failure(tls, rc, why);
	ERR_clear_error();
	take_pending(tls, &p);
	/* The alert that says why should reach the peer. */
	if (rc == RILL_ETLS && rl_stream_queued(tls->raw))
		rl_stream_close_gently(tls->raw, LINGER_MS);
	else
		rl_stream_close(tls->raw);
	rl_tls_free(tls);
	p.done(NULL, rc, why, p.user);
}

static void succeed(struct rl_tls *tls, struct rl_slice *in)
{
	struct rl_tls_pending p;

	take_pending(tls, &p);
	rl_stream_pause(tls->raw);
	rl_tls_open_stream(tls);
	p.done(&tls->stream, 0, NULL, p.user);
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
	int rc = SSL_do_handshake(tls->ssl);
	tls->in = NULL;
	int error = SSL_get_error(tls->ssl, rc);
	if (rc == 1)
		succeed(tls, in);
	else if (error == SSL_ERROR_WANT_READ)
		rl_tls_check_answers(tls);
	else
		rl_tls_handshake_fail(tls, rl_tls_error(tls));
}

static void go(struct rl_tls_waiting *waiting)
{
	struct rl_tls_pending *p = rl_container(waiting, struct rl_tls_pending, waiting);
	struct rl_slice none = rl_slice(NULL, 0);

	if (!p->tls->choked)
		rl_stream_resume(p->tls->raw);
	if (p->speaks_first) {
		p->speaks_first = false;
		rl_tls_handshake_step(p->tls, &none);
	}
}

static void expire(struct rl_timer *timer)
{
	struct rl_tls_pending *p = rl_container(timer, struct rl_tls_pending, timer);
	rl_tls_handshake_fail(p->tls, RILL_ETIMEDOUT);
}

static struct rl_tls *new_tls(struct rl_tls_common *common, SSL *ssl)
{
	struct rl_tls *tls = ssl ? rl_zalloc(common->env, sizeof(*tls)) : NULL;

	if (!tls) {
		SSL_free(ssl);
		return NULL;
	}
	rl_tls_common_ref(common);
	tls->common = common;
	tls->ssl = ssl;
	BIO *bio = rl_tls_bio_new(tls);
	if (!bio) {
		rl_tls_free(tls);
		return NULL;
	}
	SSL_set_bio(ssl, bio, bio);
	return tls;
}

static struct rl_tls_pending *new_pending(struct rl_tls *tls, rl_tls_done done, void *user)
{
	struct rl_tls_pending *p = rl_zalloc(tls->common->env, sizeof(*p));

	if (!p)
		return NULL;
	p->tls = tls;
	rl_list_init(&p->waiting.node);
	p->waiting.go = go;
	p->speaks_first = !SSL_is_server(tls->ssl);
	p->done = done;
	p->user = user;
	rl_timer_init(&p->timer, expire);
	return p;
}

int rl_tls_begin(struct rl_tls_pending **pending, struct rl_stream *raw,
	struct rl_tls_common *common, SSL *ssl, uint64_t deadline, rl_tls_done done, void *user)
{
	struct rl_tls_loop *shared = rl_tls_loop_get(raw->loop);
	struct rl_tls *tls = new_tls(common, ssl);
	struct rl_tls_pending *p = tls && shared ? new_pending(tls, done, user) : NULL;

	if (!p) {
		ERR_clear_error();
		if (tls)
			rl_tls_free(tls);
		return RILL_ENOMEM;
	}
	if (deadline != RL_TIMER_NEVER)
		rl_loop_set_timer(raw->loop, &p->timer, deadline);
	tls->pending = p;
	tls->raw = raw;
	*pending = p;
	rl_stream_own(raw, &rl_tls_raw_events, tls);
	if (p->speaks_first) {
		rl_stream_pause(raw);
		rl_tls_loop_wait(shared, &p->waiting);
	} else {
		rl_stream_resume(raw);
	}
	return 0;
}

int rl_tls_accept(struct rl_tls_pending **pending, struct rl_stream *raw,
	struct rl_tls_context *context, uint32_t timeout_ms, rl_tls_done done, void *user)
{
	SSL *ssl = SSL_new(context->hosts[0].ctx);

	if (ssl)
		SSL_set_accept_state(ssl);
	return rl_tls_begin(pending, raw, &context->common, ssl,
		rl_loop_now(raw->loop) + timeout_ms, done, user);
}

void rl_tls_cancel(struct rl_tls_pending *pending)
{
	struct rl_tls *tls = pending->tls;
	struct rl_tls_pending p;

	take_pending(tls, &p);
	rl_stream_close(tls->raw);
	rl_tls_free(tls);
}
