/* entrance.c: see entrance.h. */
#include <unistd.h>
#include "net/entrance.h"
#include "net/proxy_protocol.h"

struct entrance {
	struct rl_list node;
	struct rl_entrances *all;
	struct rl_stream *raw;      /* while its PROXY header is awaited */
	struct rl_tls_pending *tls; /* while in TLS handshake */
	struct rl_timer timer;      /* for the PROXY header */
	uint64_t deadline;          /* for both */
};

static struct rill_loop *loop_of(const struct rl_entrances *all)
{
	return all->config->group->loop;
}

static bool may_enter(const struct rl_entrances *all, const struct rl_addr *peer)
{
	const struct rl_listener_config *config = all->config;
	return !config->events->may_enter || config->events->may_enter(config->user, peer);
}

static void hand_over(struct rl_entrances *all, struct rl_stream *stream)
{
	all->config->events->on_stream(all->config->user, stream);
}

static void free_entrance(struct entrance *e)
{
	struct rill_loop *loop = loop_of(e->all);

	rl_loop_clear_timer(loop, &e->timer);
	rl_list_remove(&e->node);
	e->all->count--;
	rl_free(&loop->env, e);
}

/* The end of a connection whose raw stream is still here. */
static void refuse(struct entrance *e, const char *why)
{
	struct rl_stream *raw = e->raw;
	char peer[RL_ADDR_TEXT];

	rl_addr_host(&raw->peer, peer);
	rl_log(&raw->loop->env, RILL_LOG_DEBUG, "connection of %s closed: %s", peer, why);
	free_entrance(e);
	rl_stream_close(raw);
}

static void tls_done(struct rl_stream *stream, int rc, const char *sentence, void *user)
{
	struct entrance *e = user;
	struct rl_entrances *all = e->all;
	(void)rc;
	(void)sentence; /* it has been logged */

	free_entrance(e);
	if (stream)
		hand_over(all, stream);
}

/* What is left to do when the peer is known: TLS, or nothing. */
static void go_on(struct entrance *e)
{
	struct rl_entrances *all = e->all;
	struct rl_stream *raw = e->raw;
	uint64_t now = rl_loop_now(loop_of(all));

	if (!all->tls) {
		rl_stream_pause(raw);
		free_entrance(e);
		hand_over(all, raw);
		return;
	}
	rl_loop_clear_timer(loop_of(all), &e->timer);
	uint32_t left = e->deadline > now ? (uint32_t)(e->deadline - now) : 0;
	if (rl_tls_accept(&e->tls, raw, all->tls, left, tls_done, e) < 0)
		refuse(e, "out of memory");
	else
		e->raw = NULL;
}

static void on_read(struct rl_stream *raw, struct rl_slice *in)
{
	struct entrance *e = raw->owner;
	struct rl_proxy_header header;

	int n = rl_proxy_parse(*in, &header);
	if (n == 0)
		return;
	if (n < 0) {
		refuse(e, "no PROXY header");
		return;
	}
	rl_slice_skip(in, (size_t)n);
	if (!header.local) {
		raw->peer = header.source;
		raw->told_secure = header.secure;
		if (!may_enter(e->all, &raw->peer)) {
			refuse(e, "not let in");
			return;
		}
	}
	go_on(e);
}

static void on_end(struct rl_stream *raw)
{
	refuse(raw->owner, "it ended before its PROXY header did");
}

static void on_lost(struct rl_stream *raw, int rc)
{
	refuse(raw->owner, rill_strerror(rc));
}

static void on_drain(struct rl_stream *raw)
{
	(void)raw; /* nothing is written here */
}

static const struct rl_stream_events header_events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
};

static void expire(struct rl_timer *timer)
{
	refuse(rl_container(timer, struct entrance, timer), "no PROXY header in time");
}

static struct entrance *new_entrance(struct rl_entrances *all, struct rl_stream *raw)
{
	struct rill_loop *loop = loop_of(all);
	struct entrance *e = rl_zalloc(&loop->env, sizeof(*e));

	if (!e)
		return NULL;
	e->all = all;
	e->raw = raw;
	e->deadline = rl_loop_now(loop) + all->config->handshake_ms;
	rl_timer_init(&e->timer, expire);
	rl_list_init(&e->node);
	rl_list_append(&all->list, &e->node);
	all->count++;
	return e;
}

static void await_header(struct entrance *e)
{
	rl_loop_set_timer(loop_of(e->all), &e->timer, e->deadline);
	rl_stream_own(e->raw, &header_events, e);
	rl_stream_resume(e->raw);
}

/* Who is turned away before a stream is made for it. */
static bool is_turned_away(const struct rl_entrances *all, const struct rl_addr *peer)
{
	const struct rl_listener_config *config = all->config;

	if (all->proxy && !rl_addr_in_ranges(peer, config->proxies, config->proxy_count)) {
		char host[RL_ADDR_TEXT];
		rl_addr_host(peer, host);
		rl_log(&loop_of(all)->env, RILL_LOG_DEBUG,
			"connection of %s closed: not a proxy of ours", host);
		return true;
	}
	bool waits = all->proxy || all->tls;
	if (waits && config->max_pending && all->count >= config->max_pending)
		return true;
	return !may_enter(all, peer);
}

void rl_entrance_begin(struct rl_entrances *all, int fd, const struct rl_addr *peer)
{
	struct rl_stream *raw;

	if (is_turned_away(all, peer) ||
		rl_accepted_stream(&raw, all->config->group, fd, peer) < 0) {
		close(fd);
		return;
	}
	if (!all->proxy && !all->tls) {
		hand_over(all, raw);
		return;
	}
	struct entrance *e = new_entrance(all, raw);
	if (!e)
		rl_stream_close(raw);
	else if (all->proxy)
		await_header(e);
	else
		go_on(e);
}

void rl_entrances_cut(struct rl_entrances *all)
{
	rl_list_each_safe (node, &all->list) {
		struct entrance *e = rl_container(node, struct entrance, node);
		if (e->raw)
			rl_stream_close(e->raw);
		else
			rl_tls_cancel(e->tls);
		free_entrance(e);
	}
}
