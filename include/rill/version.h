/* rill/version.h: which rill this is. */
#ifndef RILL_VERSION_H
#define RILL_VERSION_H

#include <rill/base.h>

#define RILL_VERSION_MAJOR  0
#define RILL_VERSION_MINOR  1
#define RILL_VERSION_PATCH  0
#define RILL_VERSION_STRING "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is running, as "0.1.0"; it may differ from
 * RILL_VERSION_STRING, which is what the program was compiled with. Static, never NULL. */
RILL_API const char *rill_version(void);

/* The versions of what rill stands on, for logs and --version: "OpenSSL 3.0.15, zlib 1.2.13", and
 * ", ISA-L 2.30.0" where that was found. Static, never NULL. */
RILL_API const char *rill_version_libraries(void);

#ifdef __cplusplus
}
#endif

#endif
