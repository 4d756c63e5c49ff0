/* utf16.h: how long a text that is UTF-8 would be as a string of JavaScript: in UTF-16 units, of which a character
 * beyond the Basic Multilingual Plane has two. */
#ifndef RL_BASE_UTF16_H
#define RL_BASE_UTF16_H

#include "base/slice.h"

uint64_t rl_utf16_units(struct rl_slice text);

/* How many bytes the longest beginning has that is whole characters and no longer than so many units; *units is then
 * how many it has. What is no UTF-8 has some length or other. */
size_t rl_utf16_prefix(struct rl_slice text, uint64_t *units);

#endif
