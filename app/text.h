/* text.h: text that grows as it is written. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty text. Without memory nothing more is written and failed says so. */
struct text {
	char *data;
	size_t len, cap;
	bool failed;
};

void text_fini(struct text *text);

void text_put(struct text *text, const void *data, size_t len);
void text_puts(struct text *text, const char *words);
__attribute__((format(printf, 2, 3))) void text_putf(struct text *text, const char *format, ...);

/* Drops the first n bytes. */
void text_drop(struct text *text, size_t n);

#endif
