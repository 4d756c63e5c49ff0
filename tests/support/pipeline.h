/* pipeline.h: extensions agreed on without a handshake around it. */
#ifndef TEST_PIPELINE_H
#define TEST_PIPELINE_H

#include "wire/ws_pipeline.h"

/* The names of all of them as they stand in a header. */
static inline int test_write_names(
	struct rl_buf *out, bool deflate, const rill_extension *const *list)
{
	int rc = deflate ? rl_buf_append_str(out, "permessage-deflate") : 0;
	for (; list && *list && rc == 0; list++) {
		rc = out->len ? rl_buf_append_str(out, ", ") : 0;
		if (rc == 0)
			rc = rl_buf_append_str(out, (*list)->name);
	}
	return rc;
}

/* A pipeline of all of them, whose offers and answers have no parameters; deflate and list may be
 * NULL. *set is to be freed after the pipeline. NULL when out of memory: then there is no set either. */
static inline struct rl_ws_pipeline *test_pipeline(struct rl_ws_extensions **set,
	const struct rl_env *env, bool server, const struct rl_deflate_options *deflate,
	const rill_extension *const *list)
{
	struct rl_ws_pipeline *pipeline = NULL;
	struct rl_buf names, said;
	const char *sentence;

	rl_buf_init(&names, env);
	rl_buf_init(&said, env);
	int rc = rl_ws_extensions_new(set, env, deflate, NULL, list, &sentence);
	if (rc == 0)
		rc = test_write_names(&names, deflate, list);
	if (rc == 0 && server)
		rc = rl_ws_extensions_accept(*set, rl_buf_slice(&names), &said, &pipeline);
	else if (rc == 0)
		rc = rl_ws_extensions_write_offer(*set, &said);
	if (rc == 0 && !server)
		rc = rl_ws_extensions_confirm(*set, rl_buf_slice(&names), &pipeline, &sentence);
	rl_buf_release(&names);
	rl_buf_release(&said);
	if (!pipeline) {
		rl_ws_extensions_free(*set);
		*set = NULL;
	}
	return pipeline;
}

#endif
