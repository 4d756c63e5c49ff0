/* utf8_replace.h: text of which nobody knows whether it is UTF-8, made UTF-8. */
#ifndef RL_BASE_UTF8_REPLACE_H
#define RL_BASE_UTF8_REPLACE_H

#include "base/buf.h"
#include "base/slice.h"

/* Appends text with U+FFFD for what is no UTF-8, as browsers decode it: one for each longest piece
 * that could have begun a character (WHATWG Encoding, 8.1.1). At most three times as long. 0, or
 * RILL_ENOMEM and nothing was appended. */
int rl_utf8_replace(struct rl_buf *out, struct rl_slice text);

/* The same of all that a buffer holds; it costs memory only when there is something to replace. 0; RILL_ENOMEM: it
 * is as it was. */
int rl_utf8_repair(struct rl_buf *buf);

#endif
