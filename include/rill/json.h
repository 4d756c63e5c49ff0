/* rill/json.h: JSON (RFC 8259) read where it lies, and written, without a tree and without a library.
 *
 *     int64_t age = rill_json_int(rill_json_get(user, "age"), -1);
 *
 * A rill_json is a slice of text that was checked: it is passed by value, owns nothing, and is good as long
 * as the text. Whatever is missing, or of another type, reads as RILL_JSON_NONE and as the fallback, so
 * that readers can be chained and looked at once. Objects and arrays are walked each time they are asked:
 * iterate (rill_json_next()) rather than count where they may be long. */
#ifndef RILL_JSON_H
#define RILL_JSON_H

#include <rill/base.h>
#include <rill/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rill_json_type {
	RILL_JSON_NONE = 0, /* there is no such value */
	RILL_JSON_NULL,
	RILL_JSON_FALSE,
	RILL_JSON_TRUE,
	RILL_JSON_NUMBER,
	RILL_JSON_STRING,
	RILL_JSON_ARRAY,
	RILL_JSON_OBJECT,
	RILL_JSON_BYTES, /* binary data that came beside the text (Socket.IO) */
} rill_json_type;

typedef struct rill_json {
	const char
		*data; /* the value as it stands, quotes and brackets included. No NUL behind it */
	size_t len;
	rill_json_type type;
	/* What the RILL_JSON_BYTES values of this text are. */
	uint32_t attached_count;
	const rill_bytes *attached;
} rill_json;

/* Checks a text, which has to be one value, at most 1,024 arrays and objects deep. 0; RILL_EPROTO: no JSON;
 * RILL_ETOOBIG: deeper. */
RILL_API int rill_json_read(rill_json *value, const void *text, size_t len);

/* The i-th item of an array; the member of that name of an object (of several the last); how many items or
 * members there are. NONE and 0 of any other value. */
RILL_API rill_json rill_json_at(rill_json array, size_t i);
RILL_API rill_json rill_json_get(rill_json object, const char *name);
RILL_API size_t rill_json_count(rill_json array_or_object);

/* Walks: *rest is the array or object at first, and moves. False behind the last, and of any other value.
 * name is a string in objects, NONE in arrays, and may be NULL.
 *
 *     rill_json rest = rill_json_get(user, "tags"), tag;
 *     while (rill_json_next(&rest, NULL, &tag))
 *             ...
 */
RILL_API bool rill_json_next(rill_json *rest, rill_json *name, rill_json *value);

/* fallback: when it is none, or a number that does not fit: an int64_t takes 5.0 and 1e3 too, up to 2^53,
 * since not every peer tells them apart; a double all but what is beyond the largest. */
RILL_API bool rill_json_bool(rill_json value, bool fallback);
RILL_API int64_t rill_json_int(rill_json number, int64_t fallback);
RILL_API double rill_json_number(rill_json number, double fallback);

/* Is it a string that says this? */
RILL_API bool rill_json_is(rill_json string, const char *text);

/* The text of a string to room bytes at text, with a NUL behind it. Its length (NULs of its own included),
 * or RILL_ETOOBIG, RILL_EINVAL (no string); text is "" then, if it has any room. It is never longer than
 * string.len - 2. UTF-8, but for lone halves of surrogate pairs, which JavaScript may send: they come as
 * three bytes each, and rill_json_put_string() takes them back. */
RILL_API int64_t rill_json_text(rill_json string, char *text, size_t room);

/* Binary data; data NULL when it is none. Good as long as the message it came with. */
RILL_API rill_bytes rill_json_bytes(rill_json value);

/* Writing. A writer keeps commas, quotes and brackets right, and remembers the first failure, so that it
 * has to be looked at once, at the end.
 *
 *     rill_json_writer w;
 *     rill_json_begin(&w);
 *     rill_json_open(&w, '{');
 *     rill_json_name(&w, "user");
 *     rill_json_put_text(&w, "Ann");
 *     rill_json_close(&w);
 *     ... rill_json_end(&w) ...
 */
typedef struct rill_json_writer {
	char *data; /* NULL when out of memory; ends with a NUL */
	size_t len;
	/* 0; RILL_ENOMEM; RILL_EINVAL (a value where a name has to be, ...); RILL_EUTF8; RILL_ETOOBIG:
	 * deeper than 1,024 */
	int rc;
	/* Where memory comes from; may be set behind rill_json_begin(). NULL: malloc */
	const rill_allocator *memory;
	/* rill's own */
	size_t room;
	uint32_t depth;
	bool comma, named;
	uint64_t kinds[16];
	rill_bytes *attached;
	size_t attached_count;
} rill_json_writer;

RILL_API void rill_json_begin(rill_json_writer *w);
RILL_API void rill_json_open(rill_json_writer *w, char bracket); /* '[' or '{' */
RILL_API void rill_json_close(rill_json_writer *w);
RILL_API void rill_json_name(rill_json_writer *w, const char *name);
RILL_API void rill_json_name_of(rill_json_writer *w, rill_json string); /* as a walk gave it */
RILL_API void rill_json_put_null(rill_json_writer *w);
RILL_API void rill_json_put_bool(rill_json_writer *w, bool value);
RILL_API void rill_json_put_int(rill_json_writer *w, int64_t value);
RILL_API void rill_json_put_number(rill_json_writer *w, double value); /* what is no number: null */
RILL_API void rill_json_put_text(rill_json_writer *w, const char *text); /* NULL: null */
RILL_API void rill_json_put_string(rill_json_writer *w, const void *text, size_t len);

/* A value as it stands, with copies of the bytes in it. NONE is null; and so is what a peer wrote to look
 * like bytes ({"_placeholder":true, ...}) where there are none: it would stand for somebody else's. */
RILL_API void rill_json_put(rill_json_writer *w, rill_json value);
RILL_API void rill_json_put_bytes(rill_json_writer *w, const void *data, size_t len); /* copied */

/* What was written, checked to be whole; NONE with w->rc set otherwise. Good until rill_json_free(), and
 * nothing can be written any more. */
RILL_API rill_json rill_json_end(rill_json_writer *w);
RILL_API void rill_json_free(rill_json_writer *w);

#ifdef __cplusplus
}
#endif

#endif
