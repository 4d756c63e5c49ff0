/* engineio_request.c: a request below the path: what it asks for by its query, and whether it may, checked
 * in the order of the reference server. */
#include "proto/cors.h"
#include "proto/engineio.h"
#include "wire/form.h"

static bool is(struct rl_slice encoded, const char *text)
{
	return rl_form_is(encoded, rl_slice_str(text));
}

static enum rl_eio_transport read_transport(struct rl_slice value)
{
	return is(value, "polling")     ? RL_EIO_POLLING
	       : is(value, "websocket") ? RL_EIO_WEBSOCKET
					: RL_EIO_UNKNOWN;
}

/* One that is longer than any there are is none of them. */
static void read_id(struct rl_eio_ask *ask, struct rl_slice value)
{
	int64_t n = rl_form_decode(value, ask->id, sizeof(ask->id));

	ask->has_id = value.len > 0;
	ask->id_len = n > 0 ? (uint8_t)n : 0;
}

static void read_label(struct rl_eio_ask *ask, struct rl_slice value)
{
	ask->jsonp = true;
	ask->label_len = 0;
	for (size_t i = 0; i < value.len && ask->label_len < sizeof(ask->label); i++)
		if (value.data[i] >= '0' && value.data[i] <= '9')
			ask->label[ask->label_len++] = (char)value.data[i];
}

/* Of a key that comes again the last value counts. */
static void read_query(struct rl_eio_ask *ask)
{
	rill_bytes whole = rill_request_query(ask->request);
	struct rl_slice query = rl_slice(whole.data, whole.len), name, value;

	while (rl_form_next(&query, &name, &value)) {
		if (is(name, "EIO"))
			ask->revision4 = is(value, "4");
		else if (is(name, "transport"))
			ask->transport = read_transport(value);
		else if (is(name, "sid"))
			read_id(ask, value);
		else if (is(name, "j"))
			read_label(ask, value);
		else if (is(name, "b64"))
			ask->base64 = value.len > 0;
	}
}

static enum rl_eio_method read_method(const rill_request *request)
{
	rill_bytes name = rill_request_method(request);
	struct rl_slice method = rl_slice(name.data, name.len);

	return rl_slice_equal(method, RL_SLICE("GET"))    ? RL_EIO_GET
	       : rl_slice_equal(method, RL_SLICE("POST")) ? RL_EIO_POST
							  : RL_EIO_OTHER;
}

void rl_eio_read_ask(struct rl_eio_ask *ask, struct rill_engineio *service, rill_request *request)
{
	struct rl_slice upgrade;
	const struct rl_http1_head *head = rl_exchange_head(request);

	*ask = (struct rl_eio_ask){ .service = service, .request = request };
	ask->method = read_method(request);
	ask->upgrade = rl_http1_field(head, RL_SLICE("Upgrade"), &upgrade) &&
		       rl_http1_has_token(head, RL_SLICE("Connection"), RL_SLICE("upgrade"));
	read_query(ask);
}

static struct rl_session *find_session(const struct rl_eio_ask *ask)
{
	return ask->has_id ? rl_session_find(&ask->service->base.sessions, rl_eio_ask_id(ask)) : NULL;
}

static bool is_enabled(const struct rl_eio_ask *ask)
{
	const rill_engineio_options *o = &ask->service->options;

	return (ask->transport == RL_EIO_POLLING && o->polling) ||
	       (ask->transport == RL_EIO_WEBSOCKET && o->websocket);
}

/* A WebSocket is what an upgrade is for, and comes by nothing else; a session has one transport, and takes
 * another by an upgrade alone. */
static bool fits(const struct rl_eio_ask *ask, const struct rl_session *session)
{
	bool websocket = ask->transport == RL_EIO_WEBSOCKET;

	if (ask->upgrade)
		return websocket && (!session || ask->service->options.upgrades);
	return session ? websocket == session->row->duplex : !websocket;
}

/* -1: it may. */
static int find_fault(const struct rl_eio_ask *ask, const struct rl_session *session)
{
	if (!is_enabled(ask))
		return RL_EIO_UNKNOWN_TRANSPORT;
	if (ask->has_id && !session)
		return RL_EIO_UNKNOWN_ID;
	if (!ask->has_id && ask->method != RL_EIO_GET)
		return RL_EIO_BAD_METHOD;
	return fits(ask, session) ? -1 : RL_EIO_BAD_REQUEST;
}

static void serve_session(struct rl_eio_ask *ask, struct rl_session *session)
{
	if (ask->upgrade) {
		rl_eio_add_fields(ask, false);
		rl_eio_upgrade(ask);
	} else if (session->row->duplex) { /* transport=websocket without an upgrade */
		rl_eio_refuse(ask, RL_EIO_BAD_REQUEST, NULL);
	} else if (ask->method == RL_EIO_GET) {
		rl_eio_receive(ask, session);
	} else if (ask->method == RL_EIO_POST) {
		rl_eio_send(ask, session);
	} else {
		rl_eio_answer(ask->request, 500, NULL, rl_slice(NULL, 0));
	}
}

static void serve(struct rl_eio_ask *ask, struct rl_session *session)
{
	const rill_cors_options *cors = &ask->service->options.cors;

	if (rl_cors_add(cors, ask->request) == RILL_ENOMEM) {
		rl_eio_turn_away(ask, 503, "There is no memory for this request.");
		return;
	}
	if (rl_cors_is_preflight(cors, ask->request)) {
		rl_cors_preflight(cors, ask->request);
		return;
	}
	int fault = find_fault(ask, session);
	if (fault >= 0)
		rl_eio_refuse(ask, (enum rl_eio_error)fault, NULL);
	else if (session)
		serve_session(ask, session);
	else
		rl_eio_open(ask);
}

/* Who comes to receive what waits in a session takes it off our hands. */
bool rl_eio_relieves(const rill_request *request, void *user)
{
	struct rl_eio_ask ask;

	rl_eio_read_ask(&ask, user, (rill_request *)request);
	const struct rl_session *session = find_session(&ask);
	return session && ask.method == RL_EIO_GET && !session->row->duplex;
}

int rl_eio_request(rill_request *request, void *user)
{
	struct rill_engineio *service = user;
	rill_bytes path = rill_request_path(request);
	struct rl_eio_ask ask;

	if (!path.len ||
		((const char *)path.data)[0] != '/') /* "OPTIONS *" is for the whole server */
		return RILL_PASS;
	rl_eio_read_ask(&ask, service, request);
	struct rl_session *session = find_session(&ask);
	if (!service->base.attached && !session)
		return RILL_PASS;
	rl_session_service_hold(&service->base);
	serve(&ask, session);
	rl_session_service_release(&service->base);
	return RILL_TAKE;
}
