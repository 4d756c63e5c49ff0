/* answer.h: requests to a server, and the heads of its answers taken apart. */
#ifndef TEST_ANSWER_H
#define TEST_ANSWER_H

#include <stdio.h>
#include <string.h>
#include "support/http_peer.h"

static char head[4096]; /* of the latest answer, with its last line end */

/* NULL: there is none. */
static inline const char *field(const char *name)
{
	static char value[1024];
	char line[128];
	snprintf(line, sizeof(line), "\r\n%s: ", name);
	const char *at = strstr(head, line);
	if (!at)
		return NULL;
	at += strlen(line);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}

static inline void expect_field(const char *name, const char *want)
{
	const char *have = field(name);
	if (!want && have)
		fail_msg("%s: %s", name, have);
	else if (want && !have)
		fail_msg("no %s in \"%s\"", name, head);
	else if (want)
		assert_string_equal(have, want);
}

static inline void drop(struct http_peer *p, size_t n)
{
	assert_true(n <= p->len);
	p->len -= n;
	memmove(p->text, p->text + n, p->len + 1);
}

/* Method and target, fields, and a body of len bytes; text NULL: none. */
static inline void ask_bytes(struct http_peer *p, const char *method, const char *target,
	const char *fields, const void *text, size_t len)
{
	static char request[1200000];
	int n = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: a\r\n%s", method, target,
		fields);
	if (text)
		n += snprintf(request + n, sizeof(request) - (size_t)n, "Content-Length: %zu\r\n\r\n",
			len);
	else
		n += snprintf(request + n, sizeof(request) - (size_t)n, "\r\n");
	assert_true((size_t)n + len < sizeof(request));
	if (len)
		memcpy(request + n, text, len);
	http_send_bytes(p, request, (size_t)n + len);
}

static inline void ask_by(struct http_peer *p, const char *method, const char *target,
	const char *fields, const char *text)
{
	ask_bytes(p, method, target, fields, text, text ? strlen(text) : 0);
}

#endif
