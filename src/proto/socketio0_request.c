/* socketio0_request.c: a request below the resource: /RESOURCE/TRANSPORT/SESSION/..., where the session is empty, or
 * missing, for a new one. What names none of the transports that are on is somebody else's: today's Socket.IO may
 * have the same path. */
#include "proto/socketio0.h"

/* Takes what is in front of the next '/' off a path that begins with one, or is empty. */
static struct rl_slice next_part(struct rl_slice *path)
{
	if (!path->len)
		return *path;
	rl_slice_skip(path, 1);
	const uint8_t *end = path->len ? memchr(path->data, '/', path->len) : NULL;
	struct rl_slice part = rl_slice(path->data, end ? (size_t)(end - path->data) : path->len);
	rl_slice_skip(path, part.len);
	return part;
}

static bool is_number(struct rl_slice text)
{
	uint64_t number;

	return text.len <= 10 && rl_slice_to_u64(text, &number);
}

static bool find_transport(
	const struct rill_socketio0 *io, struct rl_slice name, enum rl_sio0_transport *transport)
{
	for (unsigned i = 0; i < RL_SIO0_TRANSPORTS; i++) {
		if (!rl_slice_equal(name, rl_slice_str(rl_sio0_rows[i].name)))
			continue;
		*transport = i;
		return io->transports & 1u << i;
	}
	return false;
}

/* What stands behind the resource; data NULL: "OPTIONS *" is for the whole server. */
static struct rl_slice path_of(const struct rill_socketio0 *io, const rill_request *request)
{
	rill_bytes whole = rill_request_path(request);
	struct rl_slice path = rl_slice(whole.data, whole.len);

	if (!path.len || path.data[0] != '/')
		return rl_slice(NULL, 0);
	rl_slice_skip(&path, strlen(io->path));
	return path;
}

bool rl_sio0_read_ask(
	struct rl_sio0_ask *ask, struct rill_socketio0 *io, const rill_request *request)
{
	struct rl_slice path = path_of(io, request), last = { NULL, 0 };

	*ask = (struct rl_sio0_ask){ .io = io, .request = (rill_request *)request };
	if (!find_transport(io, next_part(&path), &ask->transport))
		return false;
	ask->id = next_part(&path);
	next_part(&path); /* the time, so that no cache answers */
	while (path.len) {
		struct rl_slice part = next_part(&path);
		last = part.len ? part : last; /* any may end with a '/' */
	}
	if (is_number(last))
		ask->index = last;
	return true;
}

struct rl_session *rl_sio0_find(struct rl_sio0_ask *ask)
{
	struct rl_session *session = rl_session_find(rl_sio0_sessions(ask->io), ask->id);

	if (!session) {
		rl_sio0_refuse(ask, 404, "There is no such session.");
		return NULL;
	}
	if (session->row != &rl_sio0_rows[ask->transport]) {
		rl_sio0_refuse(ask, 400, "This session is on another transport.");
		return NULL;
	}
	return session;
}

const struct rl_env *rl_sio0_log(const struct rill_socketio0 *io, struct rl_env *room)
{
	if (!io->options.log)
		return rl_sio0_env(io);
	*room = (struct rl_env){ .log = io->options.log, .log_user = io->options.user };
	return room;
}

void rl_sio0_answer(struct rl_sio0_ask *ask, int status, const char *text)
{
	const struct rl_slice type = RL_SLICE("Content-Type: text/plain; charset=UTF-8\r\n");

	if (rl_exchange_respond(ask->request, status, type, rl_slice_str(text)) == RILL_ENOMEM)
		rill_request_abort(ask->request);
}

/* What comes behind a request for a WebSocket may be frames already. The request may be gone behind its answer, so
 * the log comes first; it is the program's. */
void rl_sio0_refuse(struct rl_sio0_ask *ask, int status, const char *sentence)
{
	struct rl_slice upgrade;
	struct rl_env room;

	if (rl_http1_field(rl_exchange_head(ask->request), RL_SLICE("Upgrade"), &upgrade))
		rl_exchange_end_connection(ask->request);
	rl_log(rl_sio0_log(ask->io, &room), RILL_LOG_INFO, "%s: %s answered %d: %s",
		rill_request_peer(ask->request), rl_sio0_rows[ask->transport].name, status,
		sentence);
	rl_sio0_answer(ask, status, sentence);
}

void rl_sio0_turn_away(struct rl_sio0_ask *ask, int status, const char *sentence)
{
	rl_sio0_sessions(ask->io)->refused++;
	rl_sio0_refuse(ask, status, sentence);
}

/* All that is asked for is granted: what may be read is said by each answer. */
static void answer_preflight(struct rl_sio0_ask *ask, struct rl_slice method)
{
	struct rl_slice headers;
	int rc = rl_exchange_add_field(
		ask->request, RL_SLICE("Access-Control-Allow-Methods"), method);

	if (rc == 0 && rl_http1_field(rl_exchange_head(ask->request),
			       RL_SLICE("Access-Control-Request-Headers"), &headers))
		rc = rl_exchange_add_field(
			ask->request, RL_SLICE("Access-Control-Allow-Headers"), headers);
	if (rc < 0)
		rl_sio0_refuse(ask, 503, "There is no memory for this request.");
	else
		rl_sio0_answer(ask, 200, "ok");
}

/* Of scripts nothing is seen but what they do. */
static void answer_alert(struct rl_sio0_ask *ask)
{
	static const char alert[] = "alert('Cross domain security restrictions not met');";

	rl_sio0_sessions(ask->io)->refused++;
	if (rill_respond(ask->request, 200, "text/javascript; charset=UTF-8", alert,
		    sizeof(alert) - 1) == RILL_ENOMEM)
		rill_request_abort(ask->request);
}

static void refuse_origin(struct rl_sio0_ask *ask, bool post)
{
	if (post)
		rl_sio0_refuse(ask, 401, "unauthorized");
	else if (ask->transport == RL_SIO0_JSONP_POLLING)
		answer_alert(ask);
	else
		rl_sio0_turn_away(ask, 403, "This service is not for pages of your origin.");
}

static void serve(struct rl_sio0_ask *ask)
{
	bool duplex = rl_sio0_rows[ask->transport].duplex, ok = rl_sio0_origin_ok(ask);
	rill_bytes bytes = rill_request_method(ask->request);
	struct rl_slice method = rl_slice(bytes.data, bytes.len), wanted;
	bool get = rl_slice_equal(method, RL_SLICE("GET")),
	     post = !duplex && rl_slice_equal(method, RL_SLICE("POST"));

	if (ok && !duplex && rl_sio0_allow(ask) < 0) {
		rl_sio0_refuse(ask, 503, "There is no memory for this request.");
	} else if (rl_http1_field(rl_exchange_head(ask->request),
			   RL_SLICE("Access-Control-Request-Method"), &wanted)) {
		answer_preflight(ask, wanted);
	} else if (!get && !post) {
		rill_response_header(ask->request, "Allow", duplex ? "GET" : "GET, POST");
		rl_sio0_refuse(ask, 405, "This is not how messages come and go.");
	} else if (!ok) {
		refuse_origin(ask, post);
	} else if (post) {
		rl_sio0_send(ask);
	} else if (duplex) {
		rl_sio0_upgrade(ask);
	} else {
		rl_sio0_receive(ask);
	}
}

/* Who comes to receive what waits takes it off our hands. */
bool rl_sio0_relieves(const rill_request *request, void *user)
{
	struct rill_socketio0 *io = user;
	rill_bytes method = rill_request_method(request);
	struct rl_sio0_ask ask;

	return rl_slice_equal(rl_slice(method.data, method.len), RL_SLICE("GET")) &&
	       rl_sio0_read_ask(&ask, io, request) && rl_session_find(rl_sio0_sessions(io), ask.id);
}

int rl_sio0_request(rill_request *request, void *user)
{
	struct rill_socketio0 *io = user;
	struct rl_slice path = path_of(io, request);
	struct rl_sio0_ask ask;
	int rc = RILL_TAKE;

	if (!path.len)
		return RILL_PASS;
	rl_session_service_hold(&io->service);
	if (rl_sio0_read_ask(&ask, io, request))
		serve(&ask);
	else
		rc = rl_sio0_files_request(io, request, rl_slice(path.data + 1, path.len - 1));
	rl_session_service_release(&io->service);
	return rc;
}
