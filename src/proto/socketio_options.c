/* socketio_options.c: the options of a Socket.IO service: defaults, checks, copies. */
#include "proto/options.h"
#include "proto/socketio.h"

void rill_socketio_options_init(rill_socketio_options *options, size_t size)
{
	rill_socketio_options all = {
		.size = size,
		.path = "/socket.io/",
		.connect_timeout_ms = 45 * 1000, /* the reference server's, as the attachments */
		.max_attachments = 10,
		.max_namespaces = 1000,
		.max_children = 10 * 1000,
		.max_acks = 10 * 1000,
		.max_rooms = 10 * 1000,
		.max_room_name = 1024,
		.max_answers = 16 * 1024 * 1024,
		.recovery_skips_middlewares = true,
		.recovery_bytes = 64 * 1024 * 1024,
		.recovery_messages = 100 * 1000,
		.recovery_sockets = 100 * 1000,
	};

	memset(options, 0, size);
	memcpy(options, &all, size < sizeof(all) ? size : sizeof(all));
}

static const char *find_fault(const rill_socketio_options *o, const rill_engineio_options *engine)
{
	if (!o->path || o->path[0] != '/')
		return "path has to begin with \"/\"";
	if ((unsigned)o->parser > RILL_SOCKETIO_PARSER_MSGPACK)
		return "parser is none of its values";
	if (!o->max_namespaces)
		return "max_namespaces must not be 0";
	if (engine->overflow == RILL_OVERFLOW_DROP_OLDEST)
		return "engineio.overflow: a part of a packet cannot be dropped";
	return NULL;
}

const char *rl_sio_options_read(
	rill_socketio_options *to, rill_engineio_options *engine, const rill_socketio_options *from)
{
	rill_socketio_options_default(to);
	const char *why = rl_options_read(to, sizeof(*to), from);

	rill_engineio_options_default(engine);
	if (!why)
		why = rl_options_read(engine, sizeof(*engine), to->engineio);
	return why ? why : find_fault(to, engine);
}

static int copy_text(const struct rl_env *env, const char **to, const char *from)
{
	*to = from ? rl_strndup(env, from, strlen(from)) : NULL;
	return from && !*to ? RILL_ENOMEM : 0;
}

int rl_sio_options_copy(const struct rl_env *env, rill_socketio_options *o)
{
	const rill_socketio_options from = *o;

	o->engineio = NULL; /* the service below has what it needs of it */
	o->client_dir = o->client_version = NULL;
	int rc = copy_text(env, &o->path, from.path);
	if (rc == 0)
		rc = copy_text(env, &o->client_dir, from.client_dir);
	return rc == 0 ? copy_text(env, &o->client_version, from.client_version) : rc;
}

void rl_sio_options_free(const struct rl_env *env, rill_socketio_options *o)
{
	rl_free(env, (void *)o->path);
	rl_free(env, (void *)o->client_dir);
	rl_free(env, (void *)o->client_version);
}
