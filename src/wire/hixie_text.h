/* hixie_text.h: text as the hixie drafts want it read: what is not UTF-8 becomes U+FFFD. */
#ifndef RL_WIRE_HIXIE_TEXT_H
#define RL_WIRE_HIXIE_TEXT_H

#include "base/buf.h"
#include "base/slice.h"

/* Appends the text to out, with one U+FFFD for each maximal part of an ill-formed sequence
 * (Unicode, 3.9; the decoder of the WHATWG Encoding standard). Returns 0, RILL_ENOMEM, or
 * RILL_ETOOBIG when out->len would go past cap. */
int rl_hixie_repair(struct rl_buf *out, struct rl_slice text, uint64_t cap);

#endif
