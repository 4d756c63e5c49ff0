/* answer.h: what the demo's answers have in common. */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <rill/http.h>

bool bytes_are(rill_bytes bytes, const char *text);

/* Is it GET or HEAD? */
bool answer_asked(const rill_request *request);

/* Fields of an answer, until one whose name is NULL. Negative: there was no memory for one. */
struct answer_field {
	const char *name, *value;
};
int answer_fields(rill_request *request, const struct answer_field *fields);

/* Answers, or without memory for it cuts the connection: the peer shall not wait. RILL_TAKE. */
int answer(rill_request *request, int status, const char *type, const void *data, size_t len);
int answer_words(rill_request *request, int status, const char *words);
int answer_405(rill_request *request);

#endif
