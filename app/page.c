/* page.c: the playground page, from the program itself. */
#include "page.h"

#include <string.h>
#include "page_files.h"

/* The page loads its own files, connects to its own server, and nothing else. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
			     "img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; "
			     "form-action 'none'; frame-ancestors 'none'";

static const struct {
	const char *name, *value;
} fields[] = {
	{ "Content-Security-Policy", policy },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	/* The files change with the program, and come from this machine. */
	{ "Cache-Control", "no-cache" },
};

static const struct {
	const char *ending, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
};

static const char *type_of(const char *name)
{
	const char *ending = strrchr(name, '.');
	for (size_t i = 0; ending && i < sizeof(types) / sizeof(*types); i++) {
		if (!strcmp(ending, types[i].ending))
			return types[i].type;
	}
	return "application/octet-stream";
}

static bool is(rill_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

static const struct page_file *find_file(rill_bytes path)
{
	if (is(path, "/"))
		path = (rill_bytes){ "/index.html", strlen("/index.html") };
	if (!path.len)
		return NULL;
	const rill_bytes name = { (const char *)path.data + 1, path.len - 1 };
	for (const struct page_file *file = page_files; file->name; file++) {
		if (is(name, file->name))
			return file;
	}
	return NULL;
}

/* Without memory for the response there is none; the peer shall not wait for it. */
static int respond(
	rill_request *request, int status, const char *type, const void *data, size_t len)
{
	if (rill_respond(request, status, type, data, len) < 0)
		rill_request_abort(request);
	return RILL_TAKE;
}

static int refuse_method(rill_request *request)
{
	rill_response_header(request, "Allow", "GET, HEAD");
	return respond(request, 405, NULL, NULL, 0);
}

int page_answer(rill_request *request, void *user)
{
	(void)user;
	const struct page_file *file = find_file(rill_request_path(request));
	if (!file)
		return RILL_PASS;
	const rill_bytes method = rill_request_method(request);
	if (!is(method, "GET") && !is(method, "HEAD"))
		return refuse_method(request);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (rill_response_header(request, fields[i].name, fields[i].value) < 0) {
			rill_request_abort(request); /* never without its policy */
			return RILL_TAKE;
		}
	}
	return respond(request, 200, type_of(file->name), file->data, file->len);
}
