/* socketio_bundle.c: the client's files below the path of the service. */
#include <stdio.h>
#include "http/server.h"
#include "proto/client_file.h"
#include "proto/cors.h"
#include "proto/socketio.h"

static const char *const names[] = { "socket.io.js", "socket.io.min.js", "socket.io.esm.min.js",
	"socket.io.msgpack.min.js" };

enum { NAMES = sizeof(names) / sizeof(*names), FILES = NAMES * 2 };

struct rl_sio_bundle {
	struct rill_socketio *io;
	rill_route *route;
	rill_cors_options cors;
	struct rl_client_file files[FILES];
};

/* FILES: none of ours. Maps are the second half. */
static size_t find(const struct rill_socketio *io, rill_bytes path, char name[64])
{
	struct rl_slice rest = rl_slice(path.data, path.len);
	struct rl_slice base = rl_slice_str(io->options.path);

	if (base.data[base.len - 1] == '/')
		base.len--;
	if (!rl_slice_starts(rest, base) || rest.len <= base.len || rest.data[base.len] != '/')
		return FILES;
	rl_slice_skip(&rest, base.len + 1);
	for (size_t i = 0; i < FILES; i++) {
		snprintf(name, 64, "%s%s", names[i % NAMES], i < NAMES ? "" : ".map");
		if (rl_slice_equal(rest, rl_slice_str(name)))
			return i;
	}
	return FILES;
}

static int on_request(rill_request *request, void *user)
{
	struct rl_sio_bundle *bundle = user;
	struct rl_slice method;
	rill_bytes text = rill_request_method(request);
	char name[64];
	size_t i = find(bundle->io, rill_request_path(request), name);

	if (i == FILES)
		return RILL_PASS;
	method = rl_slice(text.data, text.len);
	if (rl_cors_is_preflight(&bundle->cors, request)) {
		rl_cors_preflight(&bundle->cors, request);
		return RILL_TAKE;
	}
	if (!rl_slice_equal(method, RL_SLICE("GET")) && !rl_slice_equal(method, RL_SLICE("HEAD")))
		return RILL_PASS;
	const rill_socketio_options *options = &bundle->io->options;
	int rc = rl_client_file_refresh(&bundle->files[i], rl_sio_env(bundle->io),
		options->client_dir, name, options->client_version);
	if (rc == RILL_ENOENT)
		return RILL_PASS; /* the service below has an answer to what it does not know */
	if (rc == 0)
		rc = rl_cors_add(&bundle->cors, request);
	if (rc < 0)
		rill_request_abort(request);
	else
		rl_client_file_answer(&bundle->files[i], request,
			i < NAMES ? "application/javascript; charset=utf-8"
				  : "application/json; charset=utf-8");
	return RILL_TAKE;
}

int rl_sio_bundle_new(struct rill_socketio *io, const rill_engineio_options *engine)
{
	const struct rl_env *env = rl_sio_env(io);
	struct rl_sio_bundle *bundle = rl_zalloc(env, sizeof(*bundle));

	if (!bundle)
		return RILL_ENOMEM;
	bundle->io = io;
	for (size_t i = 0; i < FILES; i++) {
		rl_client_file_init(&bundle->files[i], env);
		bundle->files[i].packaged = bundle->files[i].only_quoted = true;
	}
	bundle->cors = engine->cors;
	io->bundle = bundle;
	int rc = rl_cors_copy(env, &bundle->cors);
	if (rc == 0)
		rc = rill_server_handle(
			io->server, io->options.path, on_request, bundle, &bundle->route);
	if (rc == 0)
		rl_route_rank(bundle->route, RL_RANK_FILES);
	return rc;
}

void rl_sio_bundle_detach(struct rill_socketio *io)
{
	if (!io->bundle)
		return;
	rill_route_remove(io->bundle->route);
	io->bundle->route = NULL;
}

void rl_sio_bundle_free(struct rill_socketio *io)
{
	struct rl_sio_bundle *bundle = io->bundle;

	if (!bundle)
		return;
	for (size_t i = 0; i < FILES; i++)
		rl_client_file_fini(&bundle->files[i]);
	rl_cors_free(rl_sio_env(io), &bundle->cors);
	rl_free(rl_sio_env(io), bundle);
	io->bundle = NULL;
}
