/* server_accept.c: who comes in, who hears 503 at the door, and who is counted. */
#include <rill/error.h>
#include "http/connection.h"
#include "http/error_page.h"
#include "http/server_state.h"

/* So many connections at once are told why they are turned away; more are closed straight. */
#define REFUSING_MAX 128

bool rl_server_may_enter(void *user, const struct rl_addr *peer)
{
	struct rill_server *server = user;

	if (server->stopping)
		return false;
	if (server->refusing < REFUSING_MAX || rl_admission_has_room(&server->admission, peer))
		return true;
	server->stats.refused++;
	return false;
}

static void log_refusal(struct rill_server *server, const struct rl_stream *stream)
{
	char peer[RL_ADDR_TEXT];

	rl_addr_host(&stream->peer, peer);
	rl_log(rl_server_env(server), RILL_LOG_INFO,
		"%s: turned away: there are too many connections", peer);
}

static void refuse(struct rill_server *server, struct rl_stream *stream)
{
	struct rl_buf *scratch = &server->loop->scratch;
	struct rl_slice none = { NULL, 0 };

	server->stats.refused++;
	log_refusal(server, stream);
	if (server->refusing >= REFUSING_MAX) {
		rl_stream_close(stream);
		return;
	}
	stream->refused = true;
	server->refusing++;
	if (rl_error_page_write(scratch, 503, rl_server_date_line(server), none,
		    "There are too many connections.", false) == 0)
		rl_stream_write(stream, rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
	rl_stream_close_gently(stream, server->options.linger_ms);
}

void rl_server_accept(void *user, struct rl_stream *stream)
{
	struct rill_server *server = user;

	if (server->stopping) {
		rl_stream_close(stream);
		return;
	}
	int rc = rl_admission_enter(&server->admission, &stream->peer);
	if (rc == RILL_ELIMIT) {
		refuse(server, stream);
		return;
	}
	if (rc == 0) {
		stream->counted = true;
		server->stats.accepted++;
		rc = rl_connection_new(server, stream);
	}
	if (rc < 0)
		rl_stream_close(stream);
}

void rl_server_on_freed(struct rl_stream_group *group, struct rl_stream *stream)
{
	struct rill_server *server = rl_container(group, struct rill_server, group);

	if (stream->counted)
		rl_admission_leave(&server->admission, &stream->peer);
	if (stream->refused)
		server->refusing--;
	if (server->stopping)
		rl_server_look(server);
}
