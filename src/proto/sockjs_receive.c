/* sockjs_receive.c: a request that comes to receive: it makes a session, or takes the place of the one
 * that received last.
 *
 * What the request itself lacks is said before any session is looked at. */
#include "proto/sockjs.h"

/* Browsers and proxies keep what a script's callback is called for a while. */
#define JSONP_CALLBACK_MAX 32
#define CALLBACK_ROOM      4096

/* What the program says about it. It may have answered by itself, cut the request or stopped the server. */
static int ask_program(struct rill_sockjs *service, rill_request *request)
{
	const rill_sockjs_options *o = &service->options;
	int answer = o->on_request ? o->on_request(service, request, o->user) : RILL_ACCEPT;

	if (answer == RILL_ACCEPT && (!service->base.attached || service->base.sessions.parting ||
					     rl_server_stopping(service->base.sessions.server)))
		return 503;
	return answer == RILL_ACCEPT || (answer >= 400 && answer <= 599) ? answer : 500;
}

int rl_sockjs_admit(struct rill_sockjs *service, rill_request *request, const char **sentence)
{
	*sentence = "There is no room for another session.";
	if (!rl_sessions_admit(&service->base.sessions, rl_exchange_peer(request)))
		return 503;
	*sentence = "This session was refused.";
	return ask_program(service, request);
}

/* Whoever owns the session that such a request begins; false: it lacks what would tell. */
static bool owner_of(const struct rl_sockjs_ask *ask, struct rl_slice *owner)
{
	const rill_sockjs_options *o = &ask->service->options;

	*owner = rl_slice(NULL, 0);
	if (o->binding == RILL_SOCKJS_BY_ADDRESS)
		*owner = rl_slice_str(rill_request_peer(ask->request));
	if (o->binding == RILL_SOCKJS_BY_COOKIE)
		*owner = rl_sockjs_cookie(ask->request, rl_slice_str(o->bind_cookie));
	return o->binding == RILL_SOCKJS_UNBOUND || owner->len;
}

bool rl_sockjs_owns(const struct rl_sockjs_ask *ask, const struct rl_session *session)
{
	struct rl_slice owner;

	if (ask->service->options.binding == RILL_SOCKJS_UNBOUND)
		return true;
	return owner_of(ask, &owner) && rl_session_owned_by(session, owner);
}

/* A response begins with the carrier, so that the session comes behind it. */
static struct rl_carrier *make_carrier(struct rl_sockjs_ask *ask, struct rl_slice callback)
{
	const struct rl_carrier_row *row = &rl_sockjs_rows[ask->place->transport];
	uint64_t limit = row->one_shot ? 0 : ask->service->options.response_limit;
	struct rl_carrier *carrier;
	int rc = rl_carrier_http_new(
		&carrier, row, ask->request, rl_slice(NULL, 0), callback, limit);

	if (rc == 0)
		return carrier;
	if (rc == RILL_ENOMEM)
		rl_sockjs_turn_away(ask, 503, "There is no memory for another request.");
	return NULL; /* RILL_ESTATE, RILL_ECLOSED: the program has answered it, or it is gone */
}

static void begin_session(
	struct rl_sockjs_ask *ask, struct rl_slice owner, struct rl_slice callback)
{
	struct rill_sockjs *service = ask->service;
	const char *sentence;
	int status = rl_sockjs_admit(service, ask->request, &sentence);

	if (status) {
		rl_sockjs_turn_away(ask, status, sentence);
		return;
	}
	struct rl_addr peer = *rl_exchange_peer(ask->request);
	struct rl_carrier *carrier = make_carrier(ask, callback);
	if (!carrier)
		return;
	struct rl_session *session = rl_session_new(&service->base.sessions, ask->id, owner, &peer);
	if (session)
		rl_session_attach(session, carrier, ask->request);
	else
		carrier->row->ops->cut(carrier);
}

static void receive(struct rl_sockjs_ask *ask, struct rl_session *session, struct rl_slice owner,
	struct rl_slice callback)
{
	if (ask->service->options.log) { /* the program's, which may end the session in it */
		rl_sockjs_log_request(ask, 0);
		session = rl_session_find(&ask->service->base.sessions, ask->id);
	}
	if (!session) {
		begin_session(ask, owner, callback);
		return;
	}
	struct rl_carrier *carrier = make_carrier(ask, callback);
	if (carrier)
		rl_session_attach(session, carrier, ask->request);
}

static void look_whose(struct rl_sockjs_ask *ask, struct rl_slice callback)
{
	struct rl_session *session = rl_session_find(&ask->service->base.sessions, ask->id);
	struct rl_slice owner;
	bool known = owner_of(ask, &owner);

	if (ask->id.len > RL_SESSION_ID_MAX)
		rl_sockjs_turn_away(ask, 414, "The session id is too long.");
	else if (session && !rl_sockjs_owns(ask, session))
		rl_sockjs_turn_away(ask, 403, "This session is somebody else's.");
	else if (!known)
		rl_sockjs_turn_away(ask, 403, "The cookie that sessions are bound to is missing.");
	else
		receive(ask, session, owner, callback);
}

/* "c" or, if there is none, "callback"; data NULL: neither. */
static struct rl_slice find_callback(const rill_request *request, char *room)
{
	int n = rill_request_query_value(request, "c", room, CALLBACK_ROOM);

	if (n == RILL_ENOENT)
		n = rill_request_query_value(request, "callback", room, CALLBACK_ROOM);
	if (n == RILL_ETOOBIG)
		return RL_SLICE("("); /* which none may hold */
	return n < 0 ? rl_slice(NULL, 0) : rl_slice(room, (size_t)n);
}

static bool needs_callback(enum rl_sockjs_transport transport)
{
	return transport == RL_SOCKJS_HTMLFILE || transport == RL_SOCKJS_JSONP_POLLING;
}

void rl_sockjs_receive(struct rl_sockjs_ask *ask)
{
	char room[CALLBACK_ROOM];
	struct rl_slice callback = rl_slice(NULL, 0);
	const char *fault = NULL;

	if (needs_callback(ask->place->transport)) {
		bool jsonp = ask->place->transport == RL_SOCKJS_JSONP_POLLING;
		callback = find_callback(ask->request, room);
		fault = rl_sockjs_callback_fault(callback, jsonp ? JSONP_CALLBACK_MAX : 0);
	}
	if (fault)
		rl_sockjs_answer_text(ask, 500, fault);
	else
		look_whose(ask, callback);
}
