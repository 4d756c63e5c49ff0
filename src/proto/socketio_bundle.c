/* socketio_bundle.c: the client's files, from a folder the operator names. A fixed list of names, each opened
 * in that folder without following links; what is no regular file is not there. A file is read, and compressed
 * for those who take that, when it is first asked for, and again when it has changed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "proto/cors.h"
#include "proto/socketio.h"
#include "wire/content_coding.h"

/* The largest has a tenth of it, its map included. */
#define MAX_SIZE (8 * 1024 * 1024)

static const char *const names[] = { "socket.io.js", "socket.io.min.js", "socket.io.esm.min.js",
	"socket.io.msgpack.min.js" };

enum { NAMES = sizeof(names) / sizeof(*names), FILES = NAMES * 2, FORMS = RL_CODING_DEFLATE + 1 };

struct file {
	struct stat as; /* as it was when it was read */
	struct rl_buf forms[FORMS];
	bool made[FORMS];
	char tag[80]; /* with its quotes */
};

struct rl_sio_bundle {
	struct rill_socketio *io;
	rill_route *route;
	rill_cors_options cors;
	struct file files[FILES];
};

static void drop(struct file *file)
{
	for (size_t i = 0; i < FORMS; i++) {
		rl_buf_release(&file->forms[i]);
		file->made[i] = false;
	}
}

static int read_whole(int fd, struct rl_buf *out, size_t len)
{
	if (rl_buf_reserve_exact(out, len) < 0)
		return RILL_ENOMEM;
	while (out->len < len) {
		ssize_t n = read(fd, rl_buf_end(out), len - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return RILL_ENOENT;
		rl_buf_commit(out, (size_t)n);
	}
	return 0;
}

/* A file at its end, opened; -1: there is none. */
static int open_file(int dir, const char *name, struct stat *is)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && (fstat(fd, is) < 0 || !S_ISREG(is->st_mode) || is->st_size <= 0 ||
			       is->st_size > MAX_SIZE)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool is_tag_text(struct rl_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= 0x20 || text.data[i] >= 0x7f || text.data[i] == '"')
			return false;
	return text.len && text.len < 64;
}

/* The version in ../package.json, as the client is laid out at npm. False: there is none. */
static bool read_version(struct rill_socketio *io, int dir, char tag[80])
{
	struct rl_json package, version;
	struct rl_buf text;
	struct stat is;
	char said[64];
	int64_t n = -1;
	int fd = open_file(dir, "../package.json", &is);

	if (fd < 0)
		return false;
	rl_buf_init(&text, rl_sio_env(io));
	if (read_whole(fd, &text, (size_t)is.st_size) == 0 &&
		rl_json_read(rl_buf_slice(&text), &package) == 0 &&
		rl_json_find(&package, RL_SLICE("version"), &version) &&
		version.type == RL_JSON_STRING)
		n = rl_json_unquote_to(&version, said, sizeof(said) - 1);
	rl_buf_release(&text);
	close(fd);
	if (n <= 0 || !is_tag_text(rl_slice(said, (size_t)n)))
		return false;
	snprintf(tag, 80, "\"%.*s\"", (int)n, said);
	return true;
}

/* FNV-1a: it tells versions of a file apart, and nobody gains by two that look alike. */
static uint64_t hash(struct rl_slice s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ s.data[i]) * UINT64_C(0x100000001b3);
	return h;
}

static void name_version(struct rill_socketio *io, int dir, struct file *file)
{
	const char *version = io->options.client_version;

	if (version && is_tag_text(rl_slice_str(version)))
		snprintf(file->tag, sizeof(file->tag), "\"%s\"", version);
	else if (!read_version(io, dir, file->tag))
		snprintf(file->tag, sizeof(file->tag), "\"%016llx\"",
			(unsigned long long)hash(rl_buf_slice(&file->forms[0])));
}

static bool is_current(const struct file *file, const struct stat *is)
{
	return file->made[0] && file->as.st_dev == is->st_dev && file->as.st_ino == is->st_ino &&
	       file->as.st_size == is->st_size && file->as.st_mtim.tv_sec == is->st_mtim.tv_sec &&
	       file->as.st_mtim.tv_nsec == is->st_mtim.tv_nsec;
}

static int load(struct rill_socketio *io, int dir, struct file *file, int fd, const struct stat *is)
{
	drop(file);
	for (size_t i = 0; i < FORMS; i++)
		rl_buf_init(&file->forms[i], rl_sio_env(io));
	int rc = read_whole(fd, &file->forms[0], (size_t)is->st_size);
	if (rc < 0) {
		drop(file);
		return rc;
	}
	file->as = *is;
	file->made[0] = true;
	name_version(io, dir, file);
	return 0;
}

static int refresh(struct rill_socketio *io, struct file *file, const char *name)
{
	int dir = open(io->options.client_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd, rc = RILL_ENOENT;
	struct stat is;

	if (dir < 0)
		return RILL_ENOENT;
	fd = open_file(dir, name, &is);
	if (fd >= 0)
		rc = is_current(file, &is) ? 0 : load(io, dir, file, fd, &is);
	if (fd >= 0)
		close(fd);
	close(dir);
	return rc;
}

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

/* Without memory to compress it goes as it is. */
static enum rl_coding form_for(const rill_request *request, struct file *file)
{
	enum rl_coding coding = rl_coding_accepted(rl_exchange_head(request));
	struct rl_buf *form = &file->forms[coding];

	if (coding == RL_CODING_NONE || file->made[coding])
		return coding;
	if (rl_coding_write(form, coding, rl_buf_slice(&file->forms[0])) < 0)
		return RL_CODING_NONE;
	file->made[coding] = true;
	return coding;
}

static int add_fields(struct rl_sio_bundle *bundle, rill_request *request, const struct file *file)
{
	int rc = rl_cors_add(&bundle->cors, request);

	if (rc == 0)
		rc = rill_response_header(request, "Cache-Control", "public, max-age=0");
	if (rc == 0)
		rc = rill_response_header(request, "ETag", file->tag);
	return rc == 0 ? rill_response_header(request, "Vary", "Accept-Encoding") : rc;
}

static void answer(
	struct rl_sio_bundle *bundle, rill_request *request, struct file *file, const char *type)
{
	int rc = add_fields(bundle, request, file);

	if (rc == 0 && rl_exchange_has_tag(request, rl_slice_str(file->tag))) {
		rill_respond(request, 304, NULL, NULL, 0);
		return;
	}
	enum rl_coding coding = form_for(request, file);
	if (rc == 0 && coding != RL_CODING_NONE)
		rc = rill_response_header(request, "Content-Encoding", rl_coding_name(coding));
	if (rc < 0) {
		rill_request_abort(request); /* compressed and not said so, it were noise */
		return;
	}
	rill_respond(request, 200, type, file->forms[coding].data, file->forms[coding].len);
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
	int rc = refresh(bundle->io, &bundle->files[i], name);
	if (rc == RILL_ENOENT)
		return RILL_PASS; /* the service below has an answer to what it does not know */
	if (rc < 0)
		rill_request_abort(request);
	else
		answer(bundle, request, &bundle->files[i],
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
	for (size_t i = 0; i < FILES; i++)
		for (size_t form = 0; form < FORMS; form++)
			rl_buf_init(&bundle->files[i].forms[form], env);
	bundle->cors = engine->cors;
	io->bundle = bundle;
	int rc = rl_cors_copy(env, &bundle->cors);
	if (rc == 0)
		rc = rill_server_handle(
			io->server, io->options.path, on_request, bundle, &bundle->route);
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
		drop(&bundle->files[i]);
	rl_cors_free(rl_sio_env(io), &bundle->cors);
	rl_free(rl_sio_env(io), bundle);
	io->bundle = NULL;
}
