/* error.c: the texts of the error codes. */
#include <rill/error.h>

const char *rill_strerror(int code)
{
	switch (code) {
#define RILL_X(name, value, text)                                                                  \
	case name:                                                                                 \
		return text;
		RILL_ERRORS(RILL_X)
#undef RILL_X
	}
	return "unknown error";
}
