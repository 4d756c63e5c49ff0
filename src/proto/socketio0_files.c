/* socketio0_files.c: the client's files: a fixed list, below the resource. */
#include "proto/client_file.h"
#include "proto/socketio0.h"

#define VENDOR "lib/vendor/web-socket-js/"
#define SCRIPT "text/javascript; charset=utf-8"
#define FLASH  "application/x-shockwave-flash"

enum { SOCKET_IO, MAIN, INSECURE, FILES };

struct rl_sio0_files {
	struct rl_client_file files[FILES];
};

/* NULL: the option's. */
static const struct {
	const char *name, *type;
} files[FILES] = {
	[SOCKET_IO] = { NULL, SCRIPT },
	[MAIN] = { VENDOR "WebSocketMain.swf", FLASH },
	[INSECURE] = { VENDOR "WebSocketMainInsecure.swf", FLASH },
};

int rl_sio0_files_new(struct rill_socketio0 *io)
{
	const struct rl_env *env = rl_sio0_env(io);

	if (!io->options.client_dir)
		return 0;
	io->files = rl_alloc(env, sizeof(*io->files));
	if (!io->files)
		return RILL_ENOMEM;
	for (size_t i = 0; i < FILES; i++)
		rl_client_file_init(&io->files->files[i], env);
	return 0;
}

void rl_sio0_files_free(struct rill_socketio0 *io)
{
	if (!io->files)
		return;
	for (size_t i = 0; i < FILES; i++)
		rl_client_file_fini(&io->files->files[i]);
	rl_free(rl_sio0_env(io), io->files);
	io->files = NULL;
}

static size_t find(const struct rill_socketio0 *io, struct rl_slice path)
{
	if (rl_slice_equal(path, rl_slice_str(io->options.client_name)))
		return SOCKET_IO;
	if (rl_slice_equal(path, RL_SLICE("WebSocketMain.swf")))
		return MAIN;
	for (size_t i = MAIN; i < FILES; i++)
		if (rl_slice_equal(path, rl_slice_str(files[i].name)))
			return i;
	return FILES;
}

static bool is_read(const rill_request *request)
{
	rill_bytes bytes = rill_request_method(request);
	struct rl_slice method = rl_slice(bytes.data, bytes.len);

	return rl_slice_equal(method, RL_SLICE("GET")) || rl_slice_equal(method, RL_SLICE("HEAD"));
}

/* With the body that old servers send. */
static void answer_missing(
	const struct rill_socketio0 *io, rill_request *request, const char *name)
{
	struct rl_env room;

	rl_log(rl_sio0_log(io, &room), RILL_LOG_INFO, "%s: client_dir has no file %s",
		rill_request_peer(request), name);
	if (rill_respond(request, 404, "text/plain", "404", 3) == RILL_ENOMEM)
		rill_request_abort(request);
}

int rl_sio0_files_request(struct rill_socketio0 *io, rill_request *request, struct rl_slice path)
{
	const rill_socketio0_options *o = &io->options;
	size_t i = io->files && is_read(request) ? find(io, path) : FILES;

	if (i == FILES)
		return RILL_PASS;
	const char *name = files[i].name ? files[i].name : o->client_file;
	int rc = rl_client_file_refresh(
		&io->files->files[i], rl_sio0_env(io), o->client_dir, name, o->client_version);
	if (rc == RILL_ENOENT)
		answer_missing(io, request, name);
	else if (rc < 0)
		rill_request_abort(request);
	else
		rl_client_file_answer(&io->files->files[i], request, files[i].type);
	return RILL_TAKE;
}
