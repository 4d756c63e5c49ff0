/* json.h: writes one JSON object, a member at a time. Names and texts are our own and need no
 * escapes, but for error texts, which may quote a peer. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *file;
	int members; /* of the innermost object or array so far */
};

/* name NULL: an element of an array, or the whole. */
void json_open(struct json *json, const char *name, char bracket);
void json_close(struct json *json, char bracket);
void json_text(struct json *json, const char *name, const char *text);
void json_count(struct json *json, const char *name, uint64_t value);
void json_real(struct json *json, const char *name, double value);

#endif
