/* socketio0_options.c: the options of a Socket.IO service of 2010: defaults, checks, copies. */
#include "proto/options.h"
#include "proto/socketio0.h"

/* The reference server's. */
#define LASTING                                                                                    \
	{                                                                                          \
		.heartbeat_interval_ms = 10 * 1000, .timeout_ms = 8 * 1000                         \
	}
#define POLLED                                                                                     \
	{                                                                                          \
		.close_timeout_ms = 8 * 1000, .duration_ms = 20 * 1000                             \
	}

void rill_socketio0_options_init(rill_socketio0_options *options, size_t size)
{
	rill_socketio0_options all = {
		.size = size,
		.resource = "socket.io",
		.websocket = LASTING,
		.flashsocket = LASTING,
		.server_events = LASTING,
		.htmlfile = LASTING,
		.xhr_multipart = LASTING,
		.xhr_polling = POLLED,
		.jsonp_polling = POLLED,
		.client_file = "socket.io.js",
		.client_name = "socket.io.js",
		.flash_policy = true,
		.max_queue = 16 * 1024 * 1024,
		.max_body = 16 * 1024 * 1024,
	};

	memset(options, 0, size);
	memcpy(options, &all, size < sizeof(all) ? size : sizeof(all));
}

const rill_socketio0_times *rl_sio0_times(
	const rill_socketio0_options *o, enum rl_sio0_transport transport)
{
	const rill_socketio0_times *times[RL_SIO0_TRANSPORTS] = {
		[RL_SIO0_WEBSOCKET] = &o->websocket,
		[RL_SIO0_FLASHSOCKET] = &o->flashsocket,
		[RL_SIO0_SERVER_EVENTS] = &o->server_events,
		[RL_SIO0_HTMLFILE] = &o->htmlfile,
		[RL_SIO0_XHR_MULTIPART] = &o->xhr_multipart,
		[RL_SIO0_XHR_POLLING] = &o->xhr_polling,
		[RL_SIO0_JSONP_POLLING] = &o->jsonp_polling,
	};

	return times[transport];
}

/* Segments between slashes, none of them empty or pointing upwards, of characters that stand in a path as they
 * are. */
static bool is_path(const char *path)
{
	if (!path || !*path)
		return false;
	for (const char *segment = path;; segment++) {
		size_t len = strcspn(segment, "/");
		if (!len || strncmp(segment, "..", len) == 0)
			return false;
		for (size_t i = 0; i < len; i++)
			if (segment[i] <= ' ' || segment[i] == 0x7f || strchr("?#%\\", segment[i]))
				return false;
		segment += len;
		if (!*segment)
			return true;
	}
}

/* False: there is a name that nobody knows. */
static bool read_transports(const char *const *names, unsigned *bits)
{
	*bits = names ? 0 : (1u << RL_SIO0_TRANSPORTS) - 1;
	for (; names && *names; names++) {
		unsigned i = 0;
		while (i < RL_SIO0_TRANSPORTS && strcmp(*names, rl_sio0_rows[i].name) != 0)
			i++;
		if (i == RL_SIO0_TRANSPORTS)
			return false;
		*bits |= 1u << i;
	}
	return true;
}

static const char *find_fault_in_times(const rill_socketio0_options *o)
{
	for (unsigned i = 0; i < RL_SIO0_TRANSPORTS; i++) {
		const rill_socketio0_times *times = rl_sio0_times(o, i);
		if (times->close_timeout_ms == RL_AWAY_NOT)
			return "close_timeout_ms is too long";
		if (!rl_sio0_rows[i].one_shot) {
			if (times->duration_ms)
				return "duration_ms must be 0 but for polls";
			continue;
		}
		if (times->heartbeat_interval_ms || times->timeout_ms)
			return "heartbeat_interval_ms and timeout_ms of polls must be 0";
		if (!times->close_timeout_ms)
			return "close_timeout_ms of polls must not be 0: they end with each answer";
	}
	return NULL;
}

static const char *find_fault(const rill_socketio0_options *o, unsigned *transports)
{
	struct rl_slice host, port;
	const char *why = find_fault_in_times(o);

	if (why)
		return why;
	if (!is_path(o->resource))
		return "resource must be a path without a slash at its ends or an empty segment";
	if (!read_transports(o->transports, transports))
		return "transports names one that there is not";
	for (const char *const *rule = o->origins; rule && *rule; rule++)
		if (!rl_sio0_split_rule(*rule, &host, &port))
			return "origins must be \"host:port\", with \"*\" for either";
	if (o->handler && o->handler->size < sizeof(*o->handler))
		return "handler.size must be sizeof(rill_handler)";
	if (!is_path(o->client_file) || !is_path(o->client_name))
		return "client_file and client_name must be the names of files";
	if (!o->max_body)
		return "max_body must not be 0";
	if ((unsigned)o->overflow > RILL_OVERFLOW_DROP_OLDEST)
		return "overflow is none of its values";
	return NULL;
}

const char *rl_sio0_options_read(
	rill_socketio0_options *to, const rill_socketio0_options *from, unsigned *transports)
{
	rill_socketio0_options_default(to);
	const char *why = rl_options_read(to, sizeof(*to), from);

	return why ? why : find_fault(to, transports);
}

const char *rl_sio0_websocket_options_read(
	rill_websocket_options *to, const rill_websocket_options *from)
{
	rill_websocket_options_default(to);
	to->deflate.enabled = false;
	return rl_options_read(to, sizeof(*to), from);
}

static int copy_list(
	const struct rl_env *env, const char *const **to, const char *const *from, int rc)
{
	*to = NULL;
	return rc == 0 ? rl_strings_copy(env, to, from) : rc;
}

static int copy_text(const struct rl_env *env, const char **to, const char *from, int rc)
{
	*to = rc == 0 && from ? rl_strndup(env, from, strlen(from)) : NULL;
	return rc == 0 && from && !*to ? RILL_ENOMEM : rc;
}

int rl_sio0_options_copy(const struct rl_env *env, rill_socketio0_options *o)
{
	const char *all[RL_SIO0_TRANSPORTS + 1] = { NULL };
	static const char *const any[] = { "*:*", NULL };
	const rill_socketio0_options from = *o;
	int rc = 0;

	for (unsigned i = 0; i < RL_SIO0_TRANSPORTS; i++)
		all[i] = rl_sio0_rows[i].name;
	o->websocket_options = NULL;
	rc = copy_list(env, &o->transports, from.transports ? from.transports : all, rc);
	rc = copy_list(env, &o->origins, from.origins ? from.origins : any, rc);
	rc = copy_list(env, &o->keep_headers, from.keep_headers, rc);
	rc = copy_text(env, &o->resource, from.resource, rc);
	rc = copy_text(env, &o->client_dir, from.client_dir, rc);
	rc = copy_text(env, &o->client_file, from.client_file, rc);
	rc = copy_text(env, &o->client_name, from.client_name, rc);
	return copy_text(env, &o->client_version, from.client_version, rc);
}

void rl_sio0_options_free(const struct rl_env *env, rill_socketio0_options *o)
{
	const void *const owned[] = { o->transports, o->origins, o->keep_headers, o->resource,
		o->client_dir, o->client_file, o->client_name, o->client_version };

	for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++)
		rl_free(env, (void *)owned[i]);
}
