/* json.h: JSON (RFC 8259) in place: scanned, checked, taken apart, quoted; no tree, no recursion.
 *
 * Strict: no trailing commas, no raw control characters in strings, no text behind the value. Texts that
 * come out of strings are UTF-8, but for halves of surrogate pairs, which come as the three bytes UTF-8
 * would have for them (WTF-8) and go the same way back.
 *
 *   json.c          a value found and checked
 *   json_walk.c     items and members
 *   json_text.c     what strings say
 *   json_number.c   what numbers say
 *   json_double.c   a double becomes a number
 *   json_quote.c    text becomes a string */
#ifndef RL_BASE_JSON_H
#define RL_BASE_JSON_H

#include "base/buf.h"
#include "base/slice.h"

/* Arrays and objects inside one another; beyond it a text is refused. */
#define RL_JSON_DEPTH 1024

enum rl_json_type {
	RL_JSON_NULL,
	RL_JSON_FALSE,
	RL_JSON_TRUE,
	RL_JSON_NUMBER,
	RL_JSON_STRING,
	RL_JSON_ARRAY,
	RL_JSON_OBJECT,
};

/* A value where it stands: text is all of it, quotes and brackets included, no space around it. */
struct rl_json {
	enum rl_json_type type;
	bool plain; /* a string without escapes: what is between its quotes is its text */
	struct rl_slice text;
};

/* Takes JSON's white space off the front. */
void rl_json_skip_space(struct rl_slice *in);

/* Takes one value, and the white space around it, off the front of *in, checking all of it, UTF-8
 * included. 0; RILL_EPROTO: no JSON (or its beginning only), *in stays; RILL_ETOOBIG: deeper than
 * RL_JSON_DEPTH. */
int rl_json_next(struct rl_slice *in, struct rl_json *value);

/* One value and nothing behind it. As rl_json_next(). */
int rl_json_read(struct rl_slice text, struct rl_json *value);

/* Is it that? */
bool rl_json_valid(const void *data, size_t len);

/* Is the text an array of one string without escapes, and no white space: ["..."]? *item is that string then,
 * checked. False says nothing. What is said by so little, as most messages are, is known after one look. */
bool rl_json_lone_string(struct rl_slice text, struct rl_json *item);

/* Takes the next item off an array, or the next member off an object, that rl_json_next() has checked:
 * *rest is value.text at first. 1; 0 behind the last. Only looks for ends: what it hands out was checked
 * before. */
int rl_json_item(struct rl_slice *rest, struct rl_json *item);
int rl_json_member(struct rl_slice *rest, struct rl_json *name, struct rl_json *value);

/* Goes through a value that was checked piece by piece, in the order of its text and in one pass however
 * deep it is: *rest is its text at first. Commas and colons are passed over; names are scalars as their
 * values are. Of what opens and closes piece has the type and the bracket. */
enum rl_json_step {
	RL_JSON_END = 0, /* *rest is used up */
	RL_JSON_SCALAR,
	RL_JSON_OPEN,
	RL_JSON_CLOSE,
};
enum rl_json_step rl_json_step(struct rl_slice *rest, struct rl_json *piece);

/* The member of that name (the last, of several); false when there is none, or object is none. Names are
 * compared by their text. */
bool rl_json_find(const struct rl_json *object, struct rl_slice name, struct rl_json *value);

/* The text of a string, to out. 0 or RILL_ENOMEM. */
int rl_json_unquote(const struct rl_json *string, struct rl_buf *out);

/* A string's text into at most room bytes at to; the number of bytes, or RILL_ETOOBIG. Never more than
 * string->text.len - 2; to may be string->text.data, which then is overwritten. */
int64_t rl_json_unquote_to(const struct rl_json *string, void *to, size_t room);

/* Does a string say exactly this? */
bool rl_json_is(const struct rl_json *string, struct rl_slice text);

/* An integer without fraction and exponent that fits; false otherwise. */
bool rl_json_i64(const struct rl_json *number, int64_t *value);

/* The nearest double; false beyond the largest. */
bool rl_json_double(const struct rl_json *number, double *value);

/* Appends a finite double as the number that reads as it and has the fewest digits (at powers of two
 * perhaps one more), in the forms of JavaScript: plain from 1e-6 to below 1e21. 0 or RILL_ENOMEM. */
int rl_json_write_double(struct rl_buf *out, double value);

/* Which characters beyond those that have to be (", \, controls) leave as \uxxxx. */
enum rl_json_escape {
	RL_JSON_ESCAPE_LEAST = 0,   /* none; a lone surrogate is escaped in any case, it is no UTF-8 */
	RL_JSON_ESCAPE_SOCKJS = 1,  /* those that browsers mangle: U+200C-200F, 2028-202F, 2060-206F,
	                             * FFF0-FFFF and every surrogate, paired or not */
	RL_JSON_ESCAPE_LINES = 2,   /* U+2028 and U+2029, which end a line of script */
	RL_JSON_ESCAPE_MARKUP = 4,  /* < and >, so that a text cannot end the element it stands in */
};

/* Writes a text (WTF-8, checked by the caller) as a string with its quotes; escapes: a sum of those
 * above, hex digits in lower case. 0 or RILL_ENOMEM (then out is as it was). */
int rl_json_quote(struct rl_buf *out, struct rl_slice text, unsigned escapes);

/* Is it UTF-8, but for lone surrogates in three bytes each? */
bool rl_wtf8_valid(const uint8_t *data, size_t n);

#endif
