/* tls_options.h: a copy of rill_tls_options that lives as long as it is needed. */
#ifndef RL_NET_TLS_OPTIONS_H
#define RL_NET_TLS_OPTIONS_H

#include <rill/server.h>
#include "base/env.h"

struct rl_tls_options {
	rill_tls_options set; /* all it points to lies behind it, in one piece of memory */
};

/* 0, RILL_ENOMEM, RILL_EINVAL (something required is missing). Freed with rl_free(). */
int rl_tls_options_copy(
	struct rl_tls_options **copy, const struct rl_env *env, const rill_tls_options *options);

#endif
