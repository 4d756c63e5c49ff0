/* options.h: options as programs of any age hand them in. */
#ifndef RL_PROTO_OPTIONS_H
#define RL_PROTO_OPTIONS_H

#include <string.h>

/* Lays what a program has set over the defaults, which *to holds: an older, smaller struct leaves the
 * rest as it is. Both begin with their size; from may be NULL. Returns NULL, or the sentence about what
 * makes no sense. */
static inline const char *rl_options_read(void *to, size_t room, const void *from)
{
	size_t size;

	if (!from)
		return NULL;
	memcpy(&size, from, sizeof(size));
	if (size < sizeof(size))
		return "size is not set";
	memcpy(to, from, size < room ? size : room);
	memcpy(to, &room, sizeof(room));
	return NULL;
}

#endif
