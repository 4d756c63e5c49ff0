/* listen_fixture.h: a listener's other side: takes the streams that come in, and their bytes. */
#ifndef TEST_NET_LISTEN_FIXTURE_H
#define TEST_NET_LISTEN_FIXTURE_H

#include "net/listen.h"
#include "support/support.h"

#define TURNS 2000
#define MOST  8

struct server {
	rill_loop *loop;
	struct rl_stream_group group;
	struct rl_listener_config config;
	struct rl_listener *listener;
	char error[300];
	struct rl_addr_range proxies[1];
	struct rl_addr refused; /* who may not enter; RL_ADDR_NONE: nobody */
	int asked;
	struct rl_stream *streams[MOST];
	size_t count;
	bool free_in_stream; /* frees the listener when the next stream comes */
	uint8_t got[256];
	size_t got_len;
};

static void on_read(struct rl_stream *stream, struct rl_slice *in)
{
	struct server *s = stream->owner;
	assert_true(s->got_len + in->len <= sizeof(s->got));
	memcpy(s->got + s->got_len, in->data, in->len);
	s->got_len += in->len;
	rl_slice_skip(in, in->len);
}

static void on_end(struct rl_stream *stream)
{
	(void)stream;
}

static void on_lost(struct rl_stream *stream, int rc)
{
	(void)stream;
	(void)rc;
}

static const struct rl_stream_events stream_events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_drain = on_end,
	.on_lost = on_lost,
};

static bool may_enter(void *user, const struct rl_addr *peer)
{
	struct server *s = user;
	s->asked++;
	return s->refused.family == RL_ADDR_NONE || !rl_addr_same_host(peer, &s->refused);
}

static void on_stream(void *user, struct rl_stream *stream)
{
	struct server *s = user;
	assert_true(s->count < MOST);
	s->streams[s->count++] = stream;
	rl_stream_own(stream, &stream_events, s);
	rl_stream_resume(stream);
	if (s->free_in_stream) {
		rl_listener_free(s->listener);
		s->listener = NULL;
		s->free_in_stream = false;
	}
}

static const struct rl_listener_events listener_events = { may_enter, on_stream };

#endif
