/* sockjs_route.c: a request below the prefix: which page or transport it is for.
 *
 * Paths are compared as they were sent, not decoded, and may have one '/' more at their end. The id of a
 * session may hold anything but '/' and '.'; so may the one in front of it, by which balancers tell
 * servers apart and which means nothing here. */
#include "proto/sockjs.h"
#include "wire/http1_char.h"

#define BIT(transport) (1u << RL_SOCKJS_##transport)
#define GET            RL_SOCKJS_GET, .allow = "GET"
#define GET_OPTIONS    RL_SOCKJS_GET | RL_SOCKJS_OPTIONS, .allow = "OPTIONS, GET"
#define POST           RL_SOCKJS_POST, .allow = "POST"
#define POST_OPTIONS   RL_SOCKJS_POST | RL_SOCKJS_OPTIONS, .allow = "POST, OPTIONS"
#define XHR            RL_SOCKJS_CORS | RL_SOCKJS_NOT_CACHED | RL_SOCKJS_COOKIE
#define SCRIPT         RL_SOCKJS_NOT_CACHED | RL_SOCKJS_COOKIE

static const struct rl_sockjs_place greeting = { RL_SLICE(""), .methods = GET, .serve = rl_sockjs_greeting,
	.fields = RL_SOCKJS_ANY_ORIGIN };
static const struct rl_sockjs_place iframe = { RL_SLICE("iframe"), .methods = GET, .serve = rl_sockjs_iframe,
	.fields = RL_SOCKJS_ANY_ORIGIN };

static const struct rl_sockjs_place places[] = {
	{ RL_SLICE("info"), .methods = GET_OPTIONS, .serve = rl_sockjs_info,
		.fields = RL_SOCKJS_CORS | RL_SOCKJS_NOT_CACHED | RL_SOCKJS_COOKIE_OPTIONS },
	{ RL_SLICE("chunking_test"), .methods = POST_OPTIONS, .serve = rl_sockjs_chunking_test,
		.fields = RL_SOCKJS_CORS },
	{ RL_SLICE("websocket"), .methods = GET, .serve = rl_sockjs_websocket, .needs = BIT(WEBSOCKET_RAW),
		.transport = RL_SOCKJS_WEBSOCKET_RAW },
	{ RL_SLICE("websocket"), true, GET, .serve = rl_sockjs_websocket, .needs = BIT(WEBSOCKET),
		.transport = RL_SOCKJS_WEBSOCKET },
	{ RL_SLICE("xhr"), true, POST_OPTIONS, .serve = rl_sockjs_receive, .fields = XHR,
		.needs = BIT(XHR_POLLING), .transport = RL_SOCKJS_XHR_POLLING },
	/* Whatever receives without a way to send. */
	{ RL_SLICE("xhr_send"), true, POST_OPTIONS, .serve = rl_sockjs_send, .fields = XHR,
		.needs = BIT(XHR_POLLING) | BIT(XHR_STREAMING) | BIT(EVENTSOURCE) | BIT(HTMLFILE),
		.transport = RL_SOCKJS_XHR_POLLING },
	{ RL_SLICE("xhr_streaming"), true, POST_OPTIONS, .serve = rl_sockjs_receive, .fields = XHR,
		.needs = BIT(XHR_STREAMING), .transport = RL_SOCKJS_XHR_STREAMING },
	{ RL_SLICE("eventsource"), true, GET, .serve = rl_sockjs_receive,
		.fields = RL_SOCKJS_CORS_LOOSE | RL_SOCKJS_NOT_CACHED | RL_SOCKJS_COOKIE,
		.needs = BIT(EVENTSOURCE), .transport = RL_SOCKJS_EVENTSOURCE },
	{ RL_SLICE("htmlfile"), true, GET, .serve = rl_sockjs_receive, .fields = SCRIPT,
		.needs = BIT(HTMLFILE), .transport = RL_SOCKJS_HTMLFILE },
	{ RL_SLICE("jsonp"), true, GET, .serve = rl_sockjs_receive, .fields = SCRIPT,
		.needs = BIT(JSONP_POLLING), .transport = RL_SOCKJS_JSONP_POLLING },
	{ RL_SLICE("jsonp_send"), true, POST, .serve = rl_sockjs_send, .fields = SCRIPT,
		.needs = BIT(JSONP_POLLING), .transport = RL_SOCKJS_JSONP_POLLING },
};

/* What stands between two '/' of a path. */
struct segment {
	struct rl_slice text;
	bool dotted;
};

/* The first '.' or '/' from at on. They differ in their lowest bit alone. */
static inline size_t find_mark(struct rl_slice path, size_t at)
{
	for (; path.len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
		uint64_t others = (rl_http1_word(path.data + at) | RL_CHAR_ONES) ^ RL_CHAR_ONES * '/';
		uint64_t found = (others - RL_CHAR_ONES) & ~others & RL_CHAR_ONES * 0x80;
		if (found)
			return at + (size_t)__builtin_ctzll(found) / 8;
	}
	while (at < path.len && (path.data[at] | 1) != '/')
		at++;
	return at;
}

/* Takes what is in front of the next '/' off *path, which begins with one. */
static inline struct segment next_segment(struct rl_slice *path)
{
	struct segment segment = { .text = rl_slice(path->data + 1, 0) };
	size_t end = find_mark(*path, 1);

	while (end < path->len && path->data[end] == '.') {
		segment.dotted = true;
		end = find_mark(*path, end + 1);
	}
	segment.text.len = end - 1;
	rl_slice_skip(path, end);
	return segment;
}

static bool is_id(const struct segment *segment)
{
	return segment->text.len && !segment->dotted;
}

static bool stands_in_iframe_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/* "iframe.html", "iframe-1.6.1.html": clients name their version, and all get the same page. */
static bool is_iframe(struct rl_slice name)
{
	const struct rl_slice start = RL_SLICE("iframe"), end = RL_SLICE(".html");

	if (name.len < start.len + end.len || !rl_slice_starts(name, start) ||
		memcmp(name.data + name.len - end.len, end.data, end.len) != 0)
		return false;
	for (size_t i = start.len; i < name.len; i++)
		if (!stands_in_iframe_name(name.data[i]))
			return false;
	return true;
}

static const struct rl_sockjs_place *find_named(struct rl_slice name, bool in_session)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (places[i].in_session == in_session &&
			rl_slice_equal(name, places[i].name))
			return &places[i];
	return NULL;
}

/* What a path behind the prefix stands for; NULL: nothing. */
static const struct rl_sockjs_place *find_place(struct rl_slice path, struct rl_slice *id)
{
	*id = rl_slice(NULL, 0);
	if (path.len && path.data[path.len - 1] == '/')
		path.len--;
	else if (!path.len)
		return &greeting;
	if (!path.len)
		return &greeting;
	struct segment first = next_segment(&path);
	if (!path.len)
		return is_iframe(first.text) ? &iframe : find_named(first.text, false);
	struct segment second = next_segment(&path);
	*id = second.text;
	if (!path.len || !is_id(&first) || !is_id(&second))
		return NULL;
	struct segment name = next_segment(&path);
	return path.len ? NULL : find_named(name.text, true);
}

static uint8_t method_of(const rill_request *request)
{
	static const struct {
		struct rl_slice name;
		uint8_t method;
	} methods[] = { { RL_SLICE("GET"), RL_SOCKJS_GET }, { RL_SLICE("POST"), RL_SOCKJS_POST },
		{ RL_SLICE("OPTIONS"), RL_SOCKJS_OPTIONS } };
	rill_bytes name = rill_request_method(request);

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (rl_slice_equal(rl_slice(name.data, name.len), methods[i].name))
			return methods[i].method;
	return 0;
}

static void refuse_method(struct rl_sockjs_ask *ask)
{
	if (rl_http1_has_token(
		    rl_exchange_head(ask->request), RL_SLICE("Upgrade"), RL_SLICE("websocket")))
		rl_exchange_end_connection(ask->request);
	rill_response_header(ask->request, "Allow", ask->place->allow);
	rl_sockjs_answer(ask, 405, NULL, rl_slice(NULL, 0));
}

static void serve(struct rl_sockjs_ask *ask, uint8_t method)
{
	bool preflight = method == RL_SOCKJS_OPTIONS;

	if (!rl_sockjs_origin_ok(ask))
		rl_sockjs_turn_away(ask, 403, "This service is not for pages of your origin.");
	else if (rl_sockjs_add_fields(ask, preflight) < 0)
		rl_sockjs_refuse(ask, 503, "There is no memory for this request.");
	else if (preflight)
		rl_sockjs_preflight(ask);
	else
		ask->place->serve(ask);
}

/* Who comes to receive what waits in a session takes it off our hands. */
bool rl_sockjs_relieves(const rill_request *request, void *user)
{
	const struct rill_sockjs *service = user;
	rill_bytes whole = rill_request_path(request);
	struct rl_slice path = rl_slice(whole.data, whole.len), id;

	if (!path.len || path.data[0] != '/')
		return false;
	rl_slice_skip(&path, strlen(service->prefix));
	const struct rl_sockjs_place *place = find_place(path, &id);
	return place && place->serve == rl_sockjs_receive &&
	       rl_session_find(&service->base.sessions, id);
}

int rl_sockjs_request(rill_request *request, void *user)
{
	struct rill_sockjs *service = user;
	struct rl_sockjs_ask ask = { service, request,
		.since = rl_loop_now(service->base.sessions.loop) };
	rill_bytes whole = rill_request_path(request);
	struct rl_slice path = rl_slice(whole.data, whole.len);
	uint8_t method = method_of(request);

	if (!path.len || path.data[0] != '/') /* "OPTIONS *" is for the whole server */
		return RILL_PASS;
	rl_slice_skip(&path, strlen(service->prefix));
	rl_session_service_hold(&service->base);
	ask.place = find_place(path, &ask.id);
	if (!ask.place || (ask.place->needs && !(ask.place->needs & service->transports)))
		rl_sockjs_not_found(&ask);
	else if (!(ask.place->methods & method))
		refuse_method(&ask);
	else
		serve(&ask, method);
	rl_session_service_release(&service->base);
	return RILL_TAKE;
}
