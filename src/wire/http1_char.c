/* http1_char.c: the table behind http1_char.h, spelled as the grammars spell it. */
#include "wire/http1_char.h"

#define DIGIT(c)   ((c) >= '0' && (c) <= '9')
#define ALPHA(c)   (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))
#define HEX(c)     (DIGIT(c) || ((c) >= 'a' && (c) <= 'f') || ((c) >= 'A' && (c) <= 'F'))
#define VISIBLE(c) ((c) > 0x20 && (c) < 0x7f)

/* RFC 9110, 5.6.2: tchar. */
#define TOKEN(c)                                                                                   \
	(DIGIT(c) || ALPHA(c) || (c) == '!' || (c) == '#' || (c) == '$' || (c) == '%' ||           \
		(c) == '&' || (c) == '\'' || (c) == '*' || (c) == '+' || (c) == '-' ||             \
		(c) == '.' || (c) == '^' || (c) == '_' || (c) == '`' || (c) == '|' || (c) == '~')

/* RFC 9110, 5.5: field-vchar, space and tab. */
#define TEXT(c) (VISIBLE(c) || (c) == ' ' || (c) == '\t' || (c) >= 0x80)

/* RFC 3986, 3.2.2: unreserved and sub-delims. */
#define HOST(c)                                                                                    \
	(DIGIT(c) || ALPHA(c) || (c) == '-' || (c) == '.' || (c) == '_' || (c) == '~' ||           \
		(c) == '!' || (c) == '$' || (c) == '&' || (c) == '\'' || (c) == '(' ||             \
		(c) == ')' || (c) == '*' || (c) == '+' || (c) == ';' || (c) == '=')

#define SETS(c)                                                                                    \
	((TOKEN(c) ? RL_CHAR_TOKEN : 0) | (VISIBLE(c) && (c) != '#' ? RL_CHAR_TARGET : 0) |        \
		(TEXT(c) ? RL_CHAR_TEXT : 0) | (HOST(c) ? RL_CHAR_HOST : 0) |                      \
		(DIGIT(c) ? RL_CHAR_DIGIT : 0) | (HEX(c) ? RL_CHAR_HEX : 0))

#define FOUR(c)    SETS(c), SETS((c) + 1), SETS((c) + 2), SETS((c) + 3)
#define SIXTEEN(c) FOUR(c), FOUR((c) + 4), FOUR((c) + 8), FOUR((c) + 12)

const uint8_t rl_http1_chars[256] = {
	SIXTEEN(0x00),
	SIXTEEN(0x10),
	SIXTEEN(0x20),
	SIXTEEN(0x30),
	SIXTEEN(0x40),
	SIXTEEN(0x50),
	SIXTEEN(0x60),
	SIXTEEN(0x70),
	SIXTEEN(0x80),
	SIXTEEN(0x90),
	SIXTEEN(0xa0),
	SIXTEEN(0xb0),
	SIXTEEN(0xc0),
	SIXTEEN(0xd0),
	SIXTEEN(0xe0),
	SIXTEEN(0xf0),
};
