/* rill/error.h: the one family of error codes.
 *
 * Functions that can fail return 0 or a positive result, or one of these negative codes. */
#ifndef RILL_ERROR_H
#define RILL_ERROR_H

#include <rill/base.h>

/* X(name, value, text): each code once; the text is what rill_strerror() returns. */
#define RILL_ERRORS(X)                                                                             \
	X(RILL_ENOMEM, -1, "out of memory")                                                        \
	X(RILL_EINVAL, -2, "invalid argument")                                                     \
	X(RILL_ECLOSED, -3, "closed or closing")                                                   \
	X(RILL_ETOOBIG, -4, "above the limit for its size")                                        \
	X(RILL_EUTF8, -5, "not valid UTF-8")                                                       \
	X(RILL_EPROTO, -6, "the peer broke the protocol")                                          \
	X(RILL_ETIMEDOUT, -7, "timed out")                                                         \
	X(RILL_ESTATE, -8, "not possible in this state")                                           \
	X(RILL_EUNSUPPORTED, -9, "not supported by this protocol or build")                        \
	X(RILL_EIO, -10, "input/output error")                                                     \
	X(RILL_EADDRINUSE, -11, "address already in use")                                          \
	X(RILL_EADDR, -12, "no such address")                                                      \
	X(RILL_EACCESS, -13, "permission denied")                                                  \
	X(RILL_ETLS, -14, "TLS failure")                                                           \
	X(RILL_ENOENT, -15, "not found")                                                           \
	X(RILL_ELIMIT, -16, "a limit is reached")                                                  \
	X(RILL_ERESET, -17, "connection lost")                                                     \
	X(RILL_EREFUSED, -18, "refused")

#ifdef __cplusplus
extern "C" {
#endif

enum {
#define RILL_X(name, value, text) name = value,
	RILL_ERRORS(RILL_X)
#undef RILL_X
};

/* The text of a code; "unknown error" for anything else. Static, never NULL. Any thread. */
RILL_API const char *rill_strerror(int code);

#ifdef __cplusplus
}
#endif

#endif
