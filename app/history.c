/* history.c: the XDG Base Directory Specification says where a program keeps its history. */
#include "history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Makes each folder above the last part of the path. */
static int make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int rc = mkdir(path, 0700);
		*slash = '/';
		if (rc < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

int history_path(const char *name, char *path, size_t room)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int len = -1;
	/* "All paths set in these variables must be absolute", others are ignored. */
	if (state && *state == '/')
		len = snprintf(path, room, "%s/rill/%s", state, name);
	else if (home && *home == '/')
		len = snprintf(path, room, "%s/.local/state/rill/%s", home, name);
	if (len < 0 || (size_t)len >= room)
		return -1;
	return make_folders(path);
}
