/* strings.c: see strings.h. */
#include <string.h>
#include <rill/error.h>
#include "proto/strings.h"

int rl_strings_copy(const struct rl_env *env, const char *const **to, const char *const *from)
{
	*to = NULL;
	if (!from)
		return 0;
	size_t count = 0, bytes = 0;
	for (; from[count]; count++)
		bytes += strlen(from[count]) + 1;
	size_t table = (count + 1) * sizeof(char *);
	const char **list = rl_alloc(env, table + bytes);
	if (!list)
		return RILL_ENOMEM;
	char *text = (char *)list + table;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(from[i]) + 1;
		list[i] = memcpy(text, from[i], len);
		text += len;
	}
	list[count] = NULL;
	*to = list;
	return 0;
}
