/* utf8.h: where characters end (RFC 3629). */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at p, of which len are there; 0: none, or cut off. */
size_t utf8_character(const unsigned char *p, size_t len);

/* Bytes of whole characters at the front; stops where there is none. */
size_t utf8_prefix(const unsigned char *p, size_t len);

bool utf8_valid(const void *data, size_t len);

/* The code point of a character of n bytes, as utf8_character() found it. */
uint32_t utf8_code_point(const unsigned char *p, size_t n);

#endif
