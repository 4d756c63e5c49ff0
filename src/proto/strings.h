/* strings.h: lists of strings in options: NULL-terminated, copied. */
#ifndef RL_PROTO_STRINGS_H
#define RL_PROTO_STRINGS_H

#include "base/env.h"

/* A copy of a NULL-terminated list of strings in one allocation; *to NULL for NULL. 0 or RILL_ENOMEM. */
int rl_strings_copy(const struct rl_env *env, const char *const **to, const char *const *from);

#endif
