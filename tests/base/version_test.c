#include <stdio.h>
#include <string.h>
#include <rill/version.h>
#include "support/support.h"

TEST(version, the_string_is_made_of_the_three_numbers)
{
	char text[32];
	snprintf(text, sizeof(text), "%d.%d.%d", RILL_VERSION_MAJOR, RILL_VERSION_MINOR,
		RILL_VERSION_PATCH);
	assert_string_equal(rill_version(), text);
}

TEST(version, the_libraries_are_named_with_their_versions)
{
	const char *libraries = rill_version_libraries();
	int major, minor, patch;
	assert_int_equal(sscanf(libraries, "OpenSSL %d.%d.%d", &major, &minor, &patch), 3);
	assert_true(major >= 3);
	const char *zlib = strstr(libraries, ", zlib ");
	assert_non_null(zlib);
	assert_int_equal(sscanf(zlib, ", zlib %d.%d", &major, &minor), 2);
}
