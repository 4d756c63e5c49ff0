/* form.h: application/x-www-form-urlencoded (WHATWG URL, 5.1), as queries and the bodies of forms have
 * it: "%41" and "A" are the same, "+" is a space; what is no escape stands for itself. */
#ifndef RL_WIRE_FORM_H
#define RL_WIRE_FORM_H

#include "base/slice.h"

/* Takes the next name=value off a form, both still encoded; false when it is used up. */
bool rl_form_next(struct rl_slice *form, struct rl_slice *name, struct rl_slice *value);

/* The first value of that name, still encoded; false when there is none. */
bool rl_form_find(struct rl_slice form, struct rl_slice wanted, struct rl_slice *value);

/* Does it mean exactly this text? */
bool rl_form_is(struct rl_slice encoded, struct rl_slice text);

/* What it means, into at most room bytes at to: the number of bytes, or RILL_ETOOBIG. Never more than
 * encoded.len; to may be encoded.data. */
int64_t rl_form_decode(struct rl_slice encoded, void *to, size_t room);

#endif
