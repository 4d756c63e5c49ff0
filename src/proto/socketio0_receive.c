/* socketio0_receive.c: a request that comes to receive: it makes a client, or takes the place of the one that
 * received last for it. */
#include "proto/socketio0.h"

/* What the program says about it. It may have answered by itself, cut the request or stopped the server. */
static int ask_program(struct rill_socketio0 *io, rill_request *request)
{
	const rill_socketio0_options *o = &io->options;
	int answer = o->on_request ? o->on_request(io, request, o->user) : RILL_ACCEPT;

	if (answer == RILL_ACCEPT && (!io->route || io->service.sessions.parting ||
					     rl_server_stopping(io->service.sessions.server)))
		return 503;
	return answer == RILL_ACCEPT || (answer >= 400 && answer <= 599) ? answer : 500;
}

int rl_sio0_admit(struct rill_socketio0 *io, rill_request *request, const char **sentence)
{
	*sentence = "There is no room for another client.";
	if (!rl_sessions_admit(&io->service.sessions, rl_exchange_peer(request)))
		return 503;
	*sentence = "This client was refused.";
	return ask_program(io, request);
}

/* Each digit is as likely as the others: of bytes those are taken that fall into whole hundreds. */
static void draw_id(const struct rl_env *env, char id[RL_SIO0_ID])
{
	uint8_t bytes[RL_SIO0_ID];
	size_t n = 0;

	while (n < RL_SIO0_ID) {
		env->random(bytes, sizeof(bytes), env->user);
		for (size_t i = 0; i < sizeof(bytes) && n < RL_SIO0_ID; i++) {
			if (bytes[i] >= 200)
				continue;
			id[n++] = (char)('0' + bytes[i] / 10 % 10);
			id[n++] = (char)('0' + bytes[i] % 10);
		}
	}
}

void rl_sio0_resume(struct rl_sio0_ask *ask, struct rl_session *session, struct rl_carrier *carrier)
{
	struct rl_sio0_counts counts = rl_sio0_counts(session);

	counts.connections++;
	rl_sio0_set_counts(session, &counts);
	rl_session_attach(session, carrier, ask->request);
}

/* Behind the id stand a NUL, which ends it as a text, and what is counted. */
void rl_sio0_begin(struct rl_sio0_ask *ask, struct rl_carrier *carrier, const struct rl_addr *peer)
{
	static const uint8_t behind[1 + sizeof(struct rl_sio0_counts)];
	char id[RL_SIO0_ID];

	draw_id(rl_sio0_env(ask->io), id);
	struct rl_session *session = rl_session_new(rl_sio0_sessions(ask->io),
		rl_slice(id, sizeof(id)), rl_slice(behind, sizeof(behind)), peer);
	if (session)
		rl_sio0_resume(ask, session, carrier);
	else
		carrier->row->ops->cut(carrier);
}

/* A response begins with the carrier, so that the session comes behind it. */
static struct rl_carrier *make_carrier(struct rl_sio0_ask *ask)
{
	struct rl_carrier *carrier;
	int rc = rl_carrier_http_new(&carrier, &rl_sio0_rows[ask->transport], ask->request,
		rl_slice(NULL, 0), ask->index, 0);

	if (rc == 0)
		return carrier;
	if (rc == RILL_ENOMEM)
		rl_sio0_turn_away(ask, 503, "There is no memory for another request.");
	return NULL; /* RILL_ESTATE, RILL_ECLOSED: the program has answered it, or it is gone */
}

static void begin(struct rl_sio0_ask *ask)
{
	const char *sentence;
	int status = rl_sio0_admit(ask->io, ask->request, &sentence);

	if (status) {
		rl_sio0_turn_away(ask, status, sentence);
		return;
	}
	struct rl_addr peer = *rl_exchange_peer(ask->request);
	struct rl_carrier *carrier = make_carrier(ask);
	if (carrier)
		rl_sio0_begin(ask, carrier, &peer);
}

void rl_sio0_receive(struct rl_sio0_ask *ask)
{
	struct rl_session *session = NULL;

	if (ask->transport == RL_SIO0_JSONP_POLLING && !ask->index.len) {
		rl_sio0_turn_away(ask, 400, "The number of the script's callback is missing.");
		return;
	}
	if (ask->id.len) {
		session = rl_sio0_find(ask);
		if (!session)
			return;
	}
	struct rl_carrier *carrier = session ? make_carrier(ask) : NULL;
	if (carrier)
		rl_sio0_resume(ask, session, carrier);
	else if (!session)
		begin(ask);
}
