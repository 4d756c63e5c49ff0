/* client_files.c: which files, and how they are asked for: conditions (RFC 9110, 13.1.2) and codings (12.5.3).
 *
 * Every request looks whether its file is still the one that was read: it costs two system calls, and who
 * fetches the files while the demo runs need not start it anew. */
#include "client_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "answer.h"
#include "client_file.h"
#include "text.h"

#define SCRIPT "text/javascript; charset=utf-8"
#define MAP    "application/json; charset=utf-8"

static const struct known {
	const char *path, *name, *type;
} known[] = {
	{ CLIENT_FILE_SOCKJS, "sockjs.min.js", SCRIPT },
	{ "/sockjs/sockjs.min.js.map", "sockjs.min.js.map", MAP },
	{ "/sockjs/sockjs.js", "sockjs.js", SCRIPT },
	{ "/sockjs/sockjs.js.map", "sockjs.js.map", MAP },
	{ CLIENT_FILE_SOCKETIO, "socket.io.min.js", SCRIPT },
	{ "/socket.io/socket.io.min.js.map", "socket.io.min.js.map", MAP },
	{ "/socket.io/socket.io.js", "socket.io.js", SCRIPT },
	{ "/socket.io/socket.io.js.map", "socket.io.js.map", MAP },
	{ CLIENT_FILE_SOCKETIO0, "socket.io-0.6.js", SCRIPT },
};

enum { KNOWN = sizeof(known) / sizeof(*known) };

int client_files_init(struct client_files *files, const char *const *dirs)
{
	*files = (struct client_files){ .dirs = dirs,
		.files = calloc(KNOWN, sizeof(*files->files)) };
	return files->files ? 0 : RILL_ENOMEM;
}

void client_files_fini(struct client_files *files)
{
	for (size_t i = 0; files->files && i < KNOWN; i++)
		client_file_drop(&files->files[i]);
	free(files->files);
	files->files = NULL;
}

/* KNOWN: none. */
static size_t find(rill_bytes path)
{
	size_t i = 0;
	while (i < KNOWN && !bytes_are(path, known[i].path))
		i++;
	return i;
}

static int refresh_from(struct client_file *file, const char *folder, const char *name)
{
	const int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return RILL_ENOENT;
	const int rc = client_file_refresh(file, dir, name);
	close(dir);
	return rc;
}

static int refresh(struct client_files *files, size_t i)
{
	int rc = RILL_ENOENT;
	for (size_t k = 0; rc == RILL_ENOENT && files->dirs[k]; k++)
		rc = refresh_from(&files->files[i], files->dirs[k], known[i].name);
	if (rc < 0)
		client_file_drop(&files->files[i]);
	return rc;
}

bool client_files_have(struct client_files *files, const char *path)
{
	const size_t i = find((rill_bytes){ path, strlen(path) });
	return i < KNOWN && refresh(files, i) == 0;
}

/* Takes the next item, trimmed, off a list with commas. */
static bool next_item(rill_bytes *list, char separator, rill_bytes *item)
{
	if (!list->len)
		return false;
	const char *p = list->data, *end = p + list->len;
	const char *stop = memchr(p, separator, list->len);
	const char *rest = stop ? stop + 1 : end;
	*list = (rill_bytes){ rest, (size_t)(end - rest) };
	stop = stop ? stop : end;
	while (p < stop && (*p == ' ' || *p == '\t'))
		p++;
	while (stop > p && (stop[-1] == ' ' || stop[-1] == '\t'))
		stop--;
	*item = (rill_bytes){ p, (size_t)(stop - p) };
	return true;
}

/* Do the parameters of a coding say "q=0", with up to three zeros behind a point? */
static bool is_refused(rill_bytes parameters)
{
	rill_bytes one;
	while (next_item(&parameters, ';', &one)) {
		const char *p = one.data;
		if (one.len < 3 || (p[0] != 'q' && p[0] != 'Q') || p[1] != '=')
			continue;
		size_t i = 2;
		while (i < one.len && (p[i] == '0' || p[i] == '.'))
			i++;
		return i == one.len;
	}
	return false;
}

/* Names of codings have no case (RFC 9110, 8.4.1). */
static bool is_coding(rill_bytes name, const char *coding)
{
	return name.len == strlen(coding) && !strncasecmp(name.data, coding, name.len);
}

/* "*" stands for the codings that are not named. */
static bool takes_gzip(const rill_request *request)
{
	rill_bytes list = rill_request_header(request, "Accept-Encoding"), coding, name;
	bool any = false;
	while (next_item(&list, ',', &coding)) {
		if (!next_item(&coding, ';', &name))
			continue;
		if (is_coding(name, "gzip") || is_coding(name, "x-gzip"))
			return !is_refused(coding);
		if (bytes_are(name, "*"))
			any = !is_refused(coding);
	}
	return any;
}

/* Has the client one of the forms already? Weak tags fit as well (RFC 9110, 13.1.2). */
static bool has_it(const rill_request *request, const struct client_file *file)
{
	rill_bytes list = rill_request_header(request, "If-None-Match"), tag;
	while (next_item(&list, ',', &tag)) {
		if (tag.len > 2 && !memcmp(tag.data, "W/", 2))
			tag = (rill_bytes){ (const char *)tag.data + 2, tag.len - 2 };
		if (bytes_are(tag, "*") || bytes_are(tag, file->tag) ||
			bytes_are(tag, file->gzip_tag))
			return true;
	}
	return false;
}

static int answer_file(rill_request *request, const struct client_file *file, const char *type)
{
	const bool gzip = file->gzip && takes_gzip(request);
	const bool unchanged = has_it(request, file);
	const struct answer_field fields[] = {
		/* The file may change any time; to ask for it anew costs a 304. */
		{ "Cache-Control", "no-cache" },
		{ "ETag", gzip ? file->gzip_tag : file->tag },
		{ "Vary", "Accept-Encoding" },
		{ "X-Content-Type-Options", "nosniff" },
		{ gzip && !unchanged ? "Content-Encoding" : NULL, "gzip" },
		{ NULL, NULL },
	};
	if (answer_fields(request, fields) < 0) {
		rill_request_abort(request); /* compressed and not said so, it were noise */
		return RILL_TAKE;
	}
	if (unchanged)
		return answer(request, 304, NULL, NULL, 0);
	if (gzip)
		return answer(request, 200, type, file->gzip, file->gzip_len);
	return answer(request, 200, type, file->data, (size_t)file->size);
}

int client_files_answer(rill_request *request, void *user)
{
	struct client_files *files = user;
	const size_t i = find(rill_request_path(request));
	if (i == KNOWN)
		return RILL_PASS;
	if (!answer_asked(request))
		return answer_405(request);
	const int rc = refresh(files, i);
	if (rc == 0)
		return answer_file(request, &files->files[i], known[i].type);
	if (rc == RILL_ENOENT)
		return answer_words(request, 404, "This file is not in the folder of clients.\n");
	rill_request_abort(request);
	return RILL_TAKE;
}

int client_files_answer_list(rill_request *request, void *user)
{
	struct client_files *files = user;
	struct text list = { 0 };
	if (!bytes_are(rill_request_path(request), "/clients.json"))
		return RILL_PASS;
	if (!answer_asked(request))
		return answer_405(request);
	text_puts(&list, "{\"files\":[");
	for (size_t i = 0, n = 0; i < KNOWN; i++) {
		if (refresh(files, i) == 0)
			text_putf(&list, n++ ? ",\"%s\"" : "\"%s\"", known[i].path);
	}
	text_puts(&list, "]}\n");
	rill_response_header(request, "Cache-Control", "no-store");
	int taken = list.failed ? answer(request, 503, NULL, NULL, 0)
				: answer(request, 200, MAP, list.data, list.len);
	text_fini(&list);
	return taken;
}

const char *client_files_dir_of_setup(char path[PATH_MAX])
{
	static const char folder[] = "clients";
	const ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
	path[len < 0 ? 0 : len] = '\0';
	char *slash = strrchr(path, '/');
	if (!slash || (size_t)(path + PATH_MAX - slash) <= sizeof(folder))
		return "";
	memcpy(slash + 1, folder, sizeof(folder));
	return path;
}

int client_files_try_dir(const char *dir)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	const int rc = faccessat(fd, ".", X_OK, AT_EACCESS) < 0 ? errno : 0;
	close(fd);
	return rc;
}
