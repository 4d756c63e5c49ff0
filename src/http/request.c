/* request.c: a request in memory, and what a program reads of it. */
#include <stdio.h>
#include <rill/error.h>
#include "http/connection.h"
#include "http/forwarded.h"
#include "http/request.h"
#include "http/server_state.h"
#include "wire/form.h"

static struct rl_slice target_of(const rill_request *request)
{
	return rl_http1_text(&request->head, request->head.target);
}

/* The authority of an absolute-form target (RFC 9112, 3.2.2), which the parser has looked at;
 * empty for the other forms. */
static struct rl_slice authority_of(struct rl_slice target)
{
	if (!target.len || target.data[0] == '/')
		return rl_slice(NULL, 0);
	const uint8_t *mark = memchr(target.data, ':', target.len);
	size_t skip = mark ? (size_t)(mark - target.data) + 3 : 0, len = 0;
	if (!mark || target.len < skip || mark[1] != '/' || mark[2] != '/')
		return rl_slice(NULL, 0);
	rl_slice_skip(&target, skip);
	while (len < target.len && target.data[len] != '/' && target.data[len] != '?')
		len++;
	return rl_slice(target.data, len);
}

/* Path and query as in origin-form; without a path it starts with '?' or is empty. */
static struct rl_slice origin_of(struct rl_slice target)
{
	struct rl_slice authority = authority_of(target);

	if (authority.data)
		rl_slice_skip(&target, (size_t)(authority.data + authority.len - target.data));
	return target;
}

static size_t path_length(struct rl_slice origin)
{
	const uint8_t *mark = origin.len ? memchr(origin.data, '?', origin.len) : NULL;

	return mark ? (size_t)(mark - origin.data) : origin.len;
}

static struct rl_http1_span find_path(const struct rill_request *request)
{
	struct rl_slice origin = origin_of(target_of(request));

	return (struct rl_http1_span){ (uint32_t)(origin.data - request->head.base),
		(uint32_t)path_length(origin) };
}

struct rill_request *rl_request_new(struct rl_connection *c, const struct rl_http1_head *head)
{
	struct rill_server *server = c->server;
	size_t fields = head->field_count * sizeof(*head->fields);
	struct rill_request *x = rl_alloc(rl_server_env(server), sizeof(*x) + fields + head->len);

	if (!x)
		return NULL;
	*x = (struct rill_request){ .connection = c, .server = server, .loop = server->loop };
	x->head = *head;
	x->head.fields = (struct rl_http1_field *)(void *)(x + 1);
	uint8_t *base = (uint8_t *)(x + 1) + fields;
	if (fields)
		memcpy(x->head.fields, head->fields, fields);
	memcpy(base, head->base, head->len);
	x->head.base = base;
	x->path = find_path(x);
	x->keep = head->keep_alive;
	x->want_continue = head->expect_continue && head->framing != RL_HTTP1_NO_BODY;
	rl_buf_init(&x->added, rl_server_env(server));
	x->peer = c->stream->peer;
	x->secure = rl_stream_secure(c->stream);
	rl_forwarded_apply(&x->head, server->trusted, server->trusted_count, &x->peer, &x->secure);
	return x;
}

void rl_request_free(struct rill_request *x)
{
	rl_buf_release(&x->added);
	rl_free(&x->loop->env, x->texts);
	rl_free(&x->loop->env, x);
}

void rill_request_set_user(rill_request *request, void *user)
{
	request->user = user;
}

void *rill_request_user(const rill_request *request)
{
	return request->user;
}

rill_loop *rill_request_loop(const rill_request *request)
{
	return request->loop;
}

rill_bytes rill_request_method(const rill_request *request)
{
	return rl_bytes(rl_http1_text(&request->head, request->head.method));
}

rill_bytes rill_request_target(const rill_request *request)
{
	return rl_bytes(target_of(request));
}

struct rl_slice rl_request_path(const struct rill_request *request)
{
	return request->path.len ? rl_http1_text(&request->head, request->path) : RL_SLICE("/");
}

rill_bytes rill_request_path(const rill_request *request)
{
	return rl_bytes(rl_request_path(request));
}

static struct rl_slice query_of(const rill_request *request)
{
	struct rl_slice origin = origin_of(target_of(request));
	size_t len = path_length(origin);

	rl_slice_skip(&origin, len < origin.len ? len + 1 : len);
	return origin;
}

rill_bytes rill_request_query(const rill_request *request)
{
	return rl_bytes(query_of(request));
}

int rill_request_minor_version(const rill_request *request)
{
	return request->head.minor;
}

rill_bytes rill_request_header(const rill_request *request, const char *name)
{
	struct rl_slice value;

	if (!rl_http1_field(&request->head, rl_slice_str(name), &value))
		return (rill_bytes){ NULL, 0 };
	return rl_bytes(value);
}

bool rill_request_header_at(
	const rill_request *request, size_t i, rill_bytes *name, rill_bytes *value)
{
	const struct rl_http1_head *head = &request->head;

	if (i >= head->field_count)
		return false;
	*name = rl_bytes(rl_http1_text(head, head->fields[i].name));
	*value = rl_bytes(rl_http1_text(head, head->fields[i].value));
	return true;
}

int rill_request_query_value(const rill_request *request, const char *name, char *text, size_t room)
{
	struct rl_slice value;

	if (!rl_form_find(query_of(request), rl_slice_str(name), &value))
		return RILL_ENOENT;
	int64_t n = room ? rl_form_decode(value, text, room - 1) : RILL_ETOOBIG;
	if (n >= 0)
		text[n] = 0;
	return (int)n;
}

/* NULL when out of memory. */
static struct rl_request_texts *texts_of(struct rill_request *request)
{
	if (!request->texts)
		request->texts = rl_zalloc(&request->loop->env, sizeof(*request->texts));
	return request->texts;
}

const char *rill_request_peer(const rill_request *request)
{
	/* A text made when it is first asked for is no change to the request. */
	struct rl_request_texts *texts = texts_of((struct rill_request *)request);

	if (!texts)
		return "unknown";
	if (!texts->peer[0])
		rl_addr_host(&request->peer, texts->peer);
	return texts->peer;
}

uint16_t rill_request_peer_port(const rill_request *request)
{
	return request->peer.port;
}

const char *rill_request_local(rill_request *request)
{
	struct rl_request_texts *texts = texts_of(request);
	struct rl_addr local;

	if (texts && !texts->local[0] && rl_exchange_local(request, &local))
		rl_addr_host(&local, texts->local);
	return texts ? texts->local : "";
}

uint16_t rill_request_local_port(const rill_request *request)
{
	struct rl_addr local;

	return rl_exchange_local(request, &local) ? local.port : 0;
}

bool rill_request_secure(const rill_request *request)
{
	return request->secure;
}

/* RFC 9112, 3.3: the authority is the target's own, or Host's. */
static struct rl_slice host_of(const rill_request *request)
{
	struct rl_slice host = authority_of(target_of(request));

	if (!host.len && !rl_http1_field(&request->head, RL_SLICE("Host"), &host))
		host.len = 0;
	return host.len ? host : RL_SLICE("localhost");
}

int rill_request_url(const rill_request *request, char *text, size_t room)
{
	static const struct rl_slice schemes[2][2] = {
		{ RL_SLICE("http://"), RL_SLICE("https://") },
		{ RL_SLICE("ws://"), RL_SLICE("wss://") },
	};
	bool websocket = rl_http1_has_token(
		&request->head, RL_SLICE("Upgrade"), RL_SLICE("websocket"));
	struct rl_slice host = host_of(request), origin = origin_of(target_of(request));
	struct rl_slice slash = rl_slice("/", !origin.len || origin.data[0] != '/');
	const struct rl_slice parts[] = { schemes[websocket][request->secure], host, slash, origin };
	size_t len = 0;

	/* Each poll of a session is asked for its URL. */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].len >= room - len)
			return RILL_ETOOBIG;
		if (parts[i].len)
			memcpy(text + len, parts[i].data, parts[i].len);
		len += parts[i].len;
	}
	text[len] = '\0';
	return (int)len;
}
