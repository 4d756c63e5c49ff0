/* eventsource_open.c: a request for events, from its head to the stream or the refusal: is the origin
 * admitted, does the program want it. */
#include "proto/eventsource.h"
#include "proto/origin.h"

static const rill_request_handler deaf = { .size = sizeof(deaf) };

/* "q=0", "q = 0.000": not wanted at all (RFC 9110, 12.4.2). */
static bool is_refusal(struct rl_slice parameter)
{
	const uint8_t *equals = memchr(parameter.data, '=', parameter.len);

	if (!equals)
		return false;
	struct rl_slice name = rl_slice(parameter.data, (size_t)(equals - parameter.data));
	struct rl_slice value = rl_slice(equals + 1, parameter.len - name.len - 1);
	value = rl_slice_trim(value);
	if (!rl_slice_equal_nocase(rl_slice_trim(name), RL_SLICE("q")) || !value.len)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] != '0' && !(value.data[i] == '.' && i == 1))
			return false;
	return true;
}

/* Takes the text up to the next semicolon off s. */
static struct rl_slice next_part(struct rl_slice *s)
{
	const uint8_t *end = s->len ? memchr(s->data, ';', s->len) : NULL;
	size_t n = end ? (size_t)(end - s->data) : s->len;
	struct rl_slice part = rl_slice_trim(rl_slice(s->data, n));

	rl_slice_skip(s, end ? n + 1 : n);
	return part;
}

static bool names_event_stream(struct rl_slice range)
{
	if (!rl_slice_equal_nocase(next_part(&range), RL_SLICE("text/event-stream")))
		return false;
	while (range.len) {
		struct rl_slice parameter = next_part(&range);
		if (parameter.len && is_refusal(parameter))
			return false;
	}
	return true;
}

static bool is_head(const rill_request *request)
{
	rill_bytes method = rill_request_method(request);

	return rl_slice_equal(rl_slice(method.data, method.len), RL_SLICE("HEAD"));
}

bool rill_eventsource_asked(const rill_request *request)
{
	rill_bytes method = rill_request_method(request);
	struct rl_slice value, range;
	size_t cursor = 0;

	if (!is_head(request) &&
		!rl_slice_equal(rl_slice(method.data, method.len), RL_SLICE("GET")))
		return false;
	while (rl_http1_next_field(rl_exchange_head(request), RL_SLICE("Accept"), &cursor, &value))
		while (rl_slice_next_element(&value, &range))
			if (names_event_stream(range))
				return true;
	return false;
}

/* Credentials go only to those who were named. 0; RILL_EREFUSED, RILL_ENOMEM. */
static int check_origin(const struct rill_eventsource *service, rill_request *request)
{
	struct rl_slice origin = rl_origin_of(request);

	if (!service->options.origins)
		return 0;
	const char *rule = rl_origin_find_rule(service->options.origins, request, origin);
	if (!rule)
		return RILL_EREFUSED;
	if (strcmp(rule, "*") == 0)
		return rl_origin_allow(request, rl_slice(NULL, 0));
	return origin.data ? rl_origin_allow(request, origin) : 0;
}

static void refuse(struct rill_eventsource *service, rill_request *request, int status)
{
	service->stats.refused++;
	if (status == 204)
		rill_respond(request, 204, NULL, NULL, 0);
	else
		rl_exchange_fail(request, status,
			status == 403   ? "This event stream is not for your origin or for you."
			: status == 503 ? "There is no room for another event stream."
					: "This event stream was refused.");
}

static int write_head_only(struct rill_eventsource *service, rill_request *request)
{
	int rc = rl_exchange_begin(request, 200, rl_buf_slice(&service->fields), rl_slice(NULL, 0));

	if (rc < 0)
		return rc;
	rill_request_follow(request, &deaf, NULL);
	rill_response_end(request);
	return 0;
}

static void open_stream(struct rill_eventsource *service, rill_request *request)
{
	struct rl_es_conn *c = NULL;
	int rc = is_head(request) ? RILL_ECLOSED : rl_es_conn_new(&c, service, request);

	/* No stream for one that asks for the head, nor for one that has sent its last byte already,
	 * behind an earlier request: but unanswered that would hold its connection for ever. */
	if (rc == RILL_ECLOSED)
		rc = write_head_only(service, request);
	if (rc == RILL_ENOMEM)
		refuse(service, request, 503);
	else if (c)
		rl_es_conn_start(c);
}

/* The program's word. It may have answered by itself, cut the request or stopped the server. */
static void decide(struct rill_eventsource *service, rill_request *request)
{
	const rill_eventsource_options *o = &service->options;
	int answer = o->on_request ? o->on_request(request, o->user) : RILL_ACCEPT;

	if (answer == RILL_ACCEPT && rl_server_stopping(service->server))
		answer = 503;
	if (answer == RILL_ACCEPT)
		open_stream(service, request);
	else
		refuse(service, request,
			answer == 204 || (answer >= 400 && answer <= 599) ? answer : 500);
}

int rl_eventsource_request(rill_request *request, void *user)
{
	struct rill_eventsource *service = user;

	if (!rill_eventsource_asked(request))
		return RILL_PASS;
	service->busy++;
	int rc = check_origin(service, request);
	if (rc == 0)
		decide(service, request);
	else
		refuse(service, request, rc == RILL_EREFUSED ? 403 : 503);
	rl_eventsource_release(service);
	return RILL_TAKE;
}

int rill_eventsource_open(rill_conn **conn, rill_request *request, const rill_handler *handler,
	const rill_eventsource_options *options, void *user)
{
	struct rill_server *server = rl_exchange_server(request);
	struct rill_eventsource *service;
	struct rl_es_conn *c = NULL;

	if (conn)
		*conn = NULL;
	if (!server)
		return RILL_ECLOSED;
	int rc = rl_eventsource_new(&service, server, handler, options);
	if (rc < 0)
		return rc;
	if (is_head(request))
		rc = write_head_only(service, request);
	else
		rc = rl_exchange_peer_ended(request) ? RILL_ECLOSED
						     : rl_es_conn_new(&c, service, request);
	if (rc == 0 && c) {
		c->conn.user = user;
		service->parting = rl_server_stopping(server) ? 1001 : 0;
		rl_es_conn_start_later(c);
		if (conn)
			*conn = &c->conn;
	}
	rl_eventsource_release(service);
	return rc;
}
