/* command.c: how commands complain. */
#include "command.h"

#include <stdio.h>

int command_misused(const char *what, const char *why)
{
	fprintf(stderr, "rill: %s %s\n", what, why);
	return STATUS_USAGE;
}

int command_failed(const char *what, const char *why)
{
	fprintf(stderr, "rill: %s: %s\n", what, why);
	return STATUS_FAILED;
}
