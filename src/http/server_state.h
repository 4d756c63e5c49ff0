/* server_state.h: what a rill_server is made of, for this room. */
#ifndef RL_HTTP_SERVER_STATE_H
#define RL_HTTP_SERVER_STATE_H

#include "http/admission.h"
#include "http/parser_pool.h"
#include "http/route.h"
#include "http/server.h"
#include "net/listen.h"

struct rill_server {
	struct rill_loop *loop;
	rill_server_options options;
	struct rl_addr_range *trusted; /* options.trusted, read */
	size_t trusted_count;
	struct rl_http1_limits limits;
	struct rl_loop_member member;
	struct rl_stream_group group;
	struct rl_listener_config config;
	struct rl_listener **listeners;
	int listener_count;
	struct rl_row row;
	struct rl_list services;    /* struct rl_service */
	struct rl_list connections; /* struct rl_connection */
	struct rl_list hellos;      /* struct rl_hello */
	struct rl_parser_pool parsers;
	struct rl_buf heads; /* where heads of responses are put together; left empty */
	struct rl_buf spare[2]; /* memory of fields that were added to one, for the next; of one that waits for
	                         * its response, and of those that are answered meanwhile */
	struct rl_admission admission;
	size_t refusing; /* connections that only hear their 503 */
	rill_server_stats stats;
	struct {
		int64_t second; /* what line says; -1: nothing yet */
		char line[sizeof("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")];
	} date;
	struct rl_timer deadline; /* of a stop */
	struct rl_task task;      /* looks whether a stop is complete */
	void (*on_stopped)(void *user);
	void *on_stopped_user;
	bool stopping;
	bool cut;     /* the deadline is over */
	bool stopped; /* on_stopped was called, or nobody is to be called any more */
	char error[256];
};

static inline const struct rl_env *rl_server_env(const struct rill_server *server)
{
	return &server->loop->env;
}

/* Options from those a program handed in, of whatever age, filled up with the defaults; what
 * they point to is the caller's. 0, or RILL_EINVAL after having logged which makes no sense. */
int rl_server_options_read(
	rill_server_options *to, const rill_server_options *from, const struct rl_env *env);

/* Reads options.trusted into server->trusted. 0, RILL_EINVAL (logged), RILL_ENOMEM. */
int rl_server_read_trusted(struct rill_server *server);

/* Takes a stream from a listener, or turns it away. */
void rl_server_accept(void *user, struct rl_stream *stream);
bool rl_server_may_enter(void *user, const struct rl_addr *peer);
void rl_server_on_freed(struct rl_stream_group *group, struct rl_stream *stream);

/* server_stop.c. Lets go of all connections and services; on_close comes from inside. */
void rl_server_cut(struct rill_server *server);
void rl_server_free_listeners(struct rill_server *server);
/* Something has gone: is a stop complete now? Looked at in the end of the turn. */
void rl_server_look(struct rill_server *server);
void rl_server_on_task(struct rl_task *task);
void rl_server_on_deadline(struct rl_timer *timer);

/* The Date field of this second, with its line end. */
struct rl_slice rl_server_date_line(struct rill_server *server);

#endif
