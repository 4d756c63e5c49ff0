/* version.c: which rill is running, and what it was built with.
 *
 * The libraries' versions are those of the headers rill was compiled with: the ones of the
 * running libraries would have to be put together in memory of our own, and rill keeps none. Both
 * libraries promise that a running one of the same soname serves. */
#include <openssl/opensslv.h>
#include <zlib.h>
#include <rill/version.h>

const char *rill_version(void)
{
	return RILL_VERSION_STRING;
}

const char *rill_version_libraries(void)
{
	return "OpenSSL " OPENSSL_VERSION_STR ", zlib " ZLIB_VERSION;
}
