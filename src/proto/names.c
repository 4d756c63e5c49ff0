/* names.c: see names.h. */
#include "proto/names.h"

int rl_names_append(struct rl_buf *names, struct rl_slice text)
{
	int rc = rl_buf_append_slice(names, text);

	return rc == 0 ? rl_buf_append(names, "", 1) : rc;
}

int rl_names_append_url(struct rl_buf *names, const rill_request *request)
{
	/* Scheme and host, which may be missing, and the target: all from the head. */
	size_t room = rl_exchange_head(request)->len + sizeof("https://localhost/");
	int rc = rl_buf_reserve(names, room);

	if (rc < 0)
		return rc;
	int n = rill_request_url(request, (char *)rl_buf_end(names), room);
	assert(n >= 0 && "the head holds host and target");
	rl_buf_commit(names, (size_t)n + 1);
	return 0;
}

struct rl_slice rl_names_find(const char *pairs, struct rl_slice name)
{
	for (const char *value; *pairs; pairs = rl_names_behind(value)) {
		value = rl_names_behind(pairs);
		if (rl_slice_equal_nocase(rl_slice_str(pairs), name))
			return rl_slice_str(value);
	}
	return rl_slice(NULL, 0);
}
