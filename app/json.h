/* json.h: the pieces of JSON (RFC 8259) that the program writes. What is written is UTF-8, whatever the
 * bytes were. */
#ifndef JSON_H
#define JSON_H

#include <rill/base.h>
#include "text.h"

/* A string with its quotes; a byte that belongs to no character becomes U+FFFD. */
void json_string(struct text *out, rill_bytes bytes);
void json_words(struct text *out, const char *words);

/* A string of the bytes in base64 (RFC 4648, 4). */
void json_base64(struct text *out, rill_bytes bytes);

#endif
