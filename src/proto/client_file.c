/* client_file.c: see client_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>
#include <rill/error.h>
#include "base/json.h"
#include "proto/client_file.h"

/* The largest client has a tenth of it, its map included. */
#define MAX_SIZE (8 * 1024 * 1024)

void rl_client_file_init(struct rl_client_file *file, const struct rl_env *env)
{
	*file = (struct rl_client_file){ 0 };
	for (size_t i = 0; i < RL_CLIENT_FILE_FORMS; i++)
		rl_buf_init(&file->forms[i], env);
}

void rl_client_file_fini(struct rl_client_file *file)
{
	for (size_t i = 0; i < RL_CLIENT_FILE_FORMS; i++) {
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

/* A file at its start, opened; -1: there is none. O_NONBLOCK: a FIFO would hold the loop. */
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

/* The folder of that name in another, but for the one above; -1: there is none, or it is a link. With O_DIRECTORY the
 * link itself, which O_PATH would open, is none. */
static int open_folder(int dir, const char *name, size_t len)
{
	char step[NAME_MAX + 1];

	if (len > NAME_MAX || rl_slice_equal(rl_slice(name, len), RL_SLICE("..")))
		return -1;
	snprintf(step, sizeof(step), "%.*s", (int)len, name);
	return openat(dir, step, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Step by step, because O_NOFOLLOW looks at the last one alone. */
static int open_below(int folder, const char *name, struct stat *is)
{
	int dir = folder, fd = -1;

	for (const char *slash; dir >= 0 && (slash = strchr(name, '/')); name = slash + 1) {
		int next = open_folder(dir, name, (size_t)(slash - name));
		if (dir != folder)
			close(dir);
		dir = next;
	}
	if (dir >= 0)
		fd = open_file(dir, name, is);
	if (dir >= 0 && dir != folder)
		close(dir);
	return fd;
}

static bool is_tag_text(struct rl_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= 0x20 || text.data[i] >= 0x7f || text.data[i] == '"')
			return false;
	return text.len && text.len < 64;
}

/* The version in ../package.json, as clients are laid out at npm. False: there is none. */
static bool read_version(const struct rl_env *env, int folder, char tag[80])
{
	struct rl_json package, version;
	struct rl_buf text;
	struct stat is;
	char said[64];
	int64_t n = -1;
	int fd = open_file(folder, "../package.json", &is);

	if (fd < 0)
		return false;
	rl_buf_init(&text, env);
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

static void name_version(
	struct rl_client_file *file, const struct rl_env *env, int folder, const char *version)
{
	if (version && is_tag_text(rl_slice_str(version)))
		snprintf(file->tag, sizeof(file->tag), "\"%s\"", version);
	else if (!file->packaged || !read_version(env, folder, file->tag))
		snprintf(file->tag, sizeof(file->tag), "\"%016llx\"",
			(unsigned long long)hash(rl_buf_slice(&file->forms[0])));
}

static bool is_current(const struct rl_client_file *file, const struct stat *is)
{
	return file->made[0] && file->as.st_dev == is->st_dev && file->as.st_ino == is->st_ino &&
	       file->as.st_size == is->st_size && file->as.st_mtim.tv_sec == is->st_mtim.tv_sec &&
	       file->as.st_mtim.tv_nsec == is->st_mtim.tv_nsec;
}

static int load(struct rl_client_file *file, int fd, const struct stat *is)
{
	rl_client_file_fini(file);
	int rc = read_whole(fd, &file->forms[0], (size_t)is->st_size);
	if (rc < 0) {
		rl_client_file_fini(file);
		return rc;
	}
	file->as = *is;
	file->made[0] = true;
	return 0;
}

int rl_client_file_refresh(struct rl_client_file *file, const struct rl_env *env,
	const char *folder, const char *name, const char *version)
{
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), rc = 0;
	struct stat is;

	if (dir < 0)
		return RILL_ENOENT;
	int fd = open_below(dir, name, &is);
	if (fd < 0) {
		rc = RILL_ENOENT;
	} else if (!is_current(file, &is)) {
		rc = load(file, fd, &is);
		if (rc == 0)
			name_version(file, env, dir, version);
	}
	if (fd >= 0)
		close(fd);
	close(dir);
	return rc;
}

/* Without memory to compress it goes as it is. */
static enum rl_coding form_for(const rill_request *request, struct rl_client_file *file)
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

static int add_fields(const struct rl_client_file *file, rill_request *request)
{
	int rc = rill_response_header(request, "Cache-Control", "public, max-age=0");

	if (rc == 0)
		rc = rill_response_header(request, "ETag", file->tag);
	return rc == 0 ? rill_response_header(request, "Vary", "Accept-Encoding") : rc;
}

static bool is_known(const struct rl_client_file *file, const rill_request *request)
{
	struct rl_slice tag = rl_slice_str(file->tag), bare = rl_slice(tag.data + 1, tag.len - 2);

	return rl_exchange_has_tag(request, tag) ||
	       (!file->only_quoted && rl_exchange_has_tag(request, bare));
}

void rl_client_file_answer(
	struct rl_client_file *file, rill_request *request, const char *content_type)
{
	int rc = add_fields(file, request);

	if (rc == 0 && is_known(file, request)) {
		rc = rill_respond(request, 304, NULL, NULL, 0);
	} else if (rc == 0) {
		enum rl_coding coding = form_for(request, file);
		struct rl_slice body = rl_buf_slice(&file->forms[coding]);
		if (coding != RL_CODING_NONE)
			rc = rill_response_header(
				request, "Content-Encoding", rl_coding_name(coding));
		if (rc == 0)
			rc = rill_respond(request, 200, content_type, body.data, body.len);
	}
	if (rc < 0)
		rill_request_abort(request); /* half of the fields would be worse than none */
}
