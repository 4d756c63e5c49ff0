/* client_file.h: one file in memory, as it is and compressed. */
#ifndef CLIENT_FILE_H
#define CLIENT_FILE_H

#include <stddef.h>
#include <sys/stat.h>
#include <rill/base.h>

/* All zero holds nothing. */
struct client_file {
	dev_t device; /* what was read, so that a change is noticed */
	ino_t inode;
	struct timespec changed;
	off_t size;
	void *data;
	void *gzip; /* NULL: not smaller, or no memory for it */
	size_t gzip_len;
	char tag[40], gzip_tag[40]; /* entity tags: "\"...\"" */
};

/* Brings it up to date with the regular file of that name in the folder, whose descriptor dir is. Returns 0,
 * RILL_ENOENT (no such file, or none that would be served), RILL_ENOMEM; what it holds then is of before. */
int client_file_refresh(struct client_file *file, int dir, const char *name);

void client_file_drop(struct client_file *file);

#endif
