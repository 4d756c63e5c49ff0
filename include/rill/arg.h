/* rill/arg.h: values of any kind as a list, for events and messages that carry such.
 *
 *     rill_emit(socket, "joined", RILL_ARGS(rill_text(name), rill_int(count)));
 */
#ifndef RILL_ARG_H
#define RILL_ARG_H

#include <rill/base.h>
#include <rill/json.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rill_arg_kind {
	RILL_ARG_END = 0,
	RILL_ARG_NULL,
	RILL_ARG_BOOL,
	RILL_ARG_INT,
	RILL_ARG_NUMBER,
	RILL_ARG_TEXT,
	RILL_ARG_JSON,
	RILL_ARG_BYTES,
	RILL_ARG_ITEMS, /* the items of a JSON array, each an argument of its own */
} rill_arg_kind;

typedef struct rill_arg {
	rill_arg_kind kind;
	union {
		bool boolean;
		int64_t integer;
		double number;
		rill_bytes bytes; /* of texts and binary ones; borrowed until the call returns */
		rill_json json;   /* as it came, or was written; bytes in it go along */
	} u;
} rill_arg;

/* RILL_ARGS(rill_text("a"), rill_int(1)); NULL: none. */
#define RILL_ARGS(...) ((const rill_arg[]){ __VA_ARGS__, { RILL_ARG_END, { false } } })

RILL_API rill_arg rill_null(void);
RILL_API rill_arg rill_bool(bool value);
RILL_API rill_arg rill_int(int64_t value);
RILL_API rill_arg rill_number(double value);
RILL_API rill_arg rill_text(const char *text); /* UTF-8; NULL: null */
RILL_API rill_arg rill_text_of(const void *text, size_t len);
RILL_API rill_arg rill_binary(const void *data, size_t len);
/* A value; NONE: null. And the items of an array, each by itself: rill_items(args) is all that came. */
RILL_API rill_arg rill_json_arg(rill_json value);
RILL_API rill_arg rill_items(rill_json array);

#ifdef __cplusplus
}
#endif

#endif
