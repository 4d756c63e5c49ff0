/* answer.c: answers that cannot be given are no answers, and cut. */
#include "answer.h"

#include <string.h>

bool bytes_are(rill_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

bool answer_asked(const rill_request *request)
{
	const rill_bytes method = rill_request_method(request);
	return bytes_are(method, "GET") || bytes_are(method, "HEAD");
}

int answer_fields(rill_request *request, const struct answer_field *fields)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && fields[i].name; i++)
		rc = rill_response_header(request, fields[i].name, fields[i].value);
	return rc;
}

int answer(rill_request *request, int status, const char *type, const void *data, size_t len)
{
	if (rill_respond(request, status, type, data, len) < 0)
		rill_request_abort(request);
	return RILL_TAKE;
}

int answer_words(rill_request *request, int status, const char *words)
{
	return answer(request, status, "text/plain; charset=utf-8", words, strlen(words));
}

int answer_405(rill_request *request)
{
	rill_response_header(request, "Allow", "GET, HEAD");
	return answer(request, 405, NULL, NULL, 0);
}
