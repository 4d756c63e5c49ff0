/* A program that uses an installed rill. */
#include <stdio.h>
#include <string.h>
#include <rill/version.h>

int main(void)
{
	printf("rill %s on %s\n", rill_version(), rill_version_libraries());
	return strcmp(rill_version(), RILL_VERSION_STRING) != 0;
}
