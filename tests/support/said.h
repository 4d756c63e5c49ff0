/* said.h: what a test's program has heard, as one text, so that a test expects all of it and nothing else. */
#ifndef TEST_SAID_H
#define TEST_SAID_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char said[16384];

static inline void say(const char *format, ...)
{
	va_list args;
	size_t n = strlen(said);
	va_start(args, format);
	vsnprintf(said + n, sizeof(said) - n, format, args);
	va_end(args);
}

#endif
