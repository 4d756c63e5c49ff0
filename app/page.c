/* page.c: the playground page, from the program itself. */
#include "page.h"

#include <string.h>
#include "answer.h"
#include "page_files.h"

/* The page loads its own files, connects to its own server, and nothing else. Frames and forms are for the
 * transports that are made of them. */
#define POLICY(scripts, ancestors)                                                                 \
	"default-src 'none'; script-src " scripts "; style-src 'self'; img-src 'self' data:; "     \
	"connect-src 'self' ws: wss:; frame-src 'self'; base-uri 'none'; form-action 'self'; "     \
	"frame-ancestors " ancestors

/* The page's hidden one is for a client that makes functions of strings. */
static const char *policy_of(const char *name)
{
	return strcmp(name, "socketio0.html") ? POLICY("'self'", "'none'")
					      : POLICY("'self' 'unsafe-eval'", "'self'");
}

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

static const struct page_file *find_file(rill_bytes path)
{
	if (bytes_are(path, "/"))
		path = (rill_bytes){ "/index.html", strlen("/index.html") };
	if (!path.len)
		return NULL;
	const rill_bytes name = { (const char *)path.data + 1, path.len - 1 };
	for (const struct page_file *file = page_files; file->name; file++) {
		if (bytes_are(name, file->name))
			return file;
	}
	return NULL;
}

int page_answer(rill_request *request, void *user)
{
	(void)user;
	const struct page_file *file = find_file(rill_request_path(request));
	if (!file)
		return RILL_PASS;
	if (!answer_asked(request))
		return answer_405(request);
	const struct answer_field fields[] = {
		{ "Content-Security-Policy", policy_of(file->name) },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		/* The files change with the program, and come from this machine. */
		{ "Cache-Control", "no-cache" },
		{ NULL, NULL },
	};
	if (answer_fields(request, fields) < 0) {
		rill_request_abort(request); /* never without its policy */
		return RILL_TAKE;
	}
	return answer(request, 200, type_of(file->name), file->data, file->len);
}
