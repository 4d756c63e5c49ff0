/* version.c: which rill is running, and what it was built with.
 *
 * The libraries' versions are those of the headers rill was compiled with: the ones of the
 * running libraries would have to be put together in memory of our own, and rill keeps none. The
 * libraries promise that a running one of the same soname serves. */
#include <openssl/opensslv.h>
#include <zlib.h>
#ifdef RL_HAVE_ISAL
#include <isa-l.h>
#endif
#include <rill/version.h>

#define TEXT_OF(x) #x
#define NUMBER(x)  TEXT_OF(x)

#ifdef RL_HAVE_ISAL
#define WITH_ISAL                                                                                  \
	", ISA-L " NUMBER(ISAL_MAJOR_VERSION) "." NUMBER(ISAL_MINOR_VERSION) "." NUMBER(           \
		ISAL_PATCH_VERSION)
#else
#define WITH_ISAL ""
#endif

const char *rill_version(void)
{
	return RILL_VERSION_STRING;
}

const char *rill_version_libraries(void)
{
	return "OpenSSL " OPENSSL_VERSION_STR ", zlib " ZLIB_VERSION WITH_ISAL;
}
