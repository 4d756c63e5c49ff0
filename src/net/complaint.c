/* complaint.c: see complaint.h. */
#include <stdarg.h>
#include <stdio.h>
#include "net/complaint.h"

int rl_complain(const struct rl_complaint *to, int rc, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (to->room)
		vsnprintf(to->text, to->room, format, args);
	va_end(args);
	return rc;
}
