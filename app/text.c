/* text.c: one buffer, doubled when it is full, and given back when it was large and has become empty. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 1024
/* What an empty text may keep. */
#define KEPT ((size_t)256 * 1024)

void text_fini(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

static bool make_room(struct text *text, size_t more)
{
	if (text->failed)
		return false;
	if (more <= text->cap - text->len)
		return true;
	size_t cap = text->cap ? text->cap : SMALLEST;
	while (cap - text->len < more)
		cap *= 2;
	char *data = realloc(text->data, cap);
	if (!data) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->cap = cap;
	return true;
}

void text_put(struct text *text, const void *data, size_t len)
{
	if (!len || !make_room(text, len))
		return;
	memcpy(text->data + text->len, data, len);
	text->len += len;
}

void text_puts(struct text *text, const char *words)
{
	text_put(text, words, strlen(words));
}

void text_putf(struct text *text, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len > 0 && make_room(text, (size_t)len + 1)) {
		vsnprintf(text->data + text->len, (size_t)len + 1, format, again);
		text->len += (size_t)len;
	}
	va_end(again);
}

void text_drop(struct text *text, size_t n)
{
	text->len -= n;
	if (text->len) {
		memmove(text->data, text->data + n, text->len);
	} else if (text->cap > KEPT) {
		free(text->data);
		text->data = NULL;
		text->cap = 0;
	}
}
