/* client_file.c: read whole, told apart by what it holds, compressed once. */
#include "client_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <rill/error.h>

/* The largest client has a tenth of it, its map included. */
#define MAX_SIZE ((off_t)8 * 1024 * 1024)

void client_file_drop(struct client_file *file)
{
	free(file->data);
	free(file->gzip);
	file->data = file->gzip = NULL;
	file->gzip_len = 0;
}

static bool is_current(const struct client_file *file, const struct stat *now)
{
	return file->data && file->device == now->st_dev && file->inode == now->st_ino &&
	       file->size == now->st_size && file->changed.tv_sec == now->st_mtim.tv_sec &&
	       file->changed.tv_nsec == now->st_mtim.tv_nsec;
}

/* Returns false when the file ends before. */
static bool read_whole(int fd, char *data, size_t len)
{
	while (len) {
		ssize_t n = read(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* FNV-1a: it tells versions of a file apart, and nobody gains by two that look alike. */
static uint64_t hash(const unsigned char *p, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Each form of a file has a tag of its own (RFC 9110, 8.8.3.3). */
static void name_forms(struct client_file *file)
{
	uint64_t h = hash(file->data, (size_t)file->size);
	snprintf(file->tag, sizeof(file->tag), "\"%016" PRIx64 "\"", h);
	snprintf(file->gzip_tag, sizeof(file->gzip_tag), "\"%016" PRIx64 "-gzip\"", h);
}

static void compress_it(struct client_file *file)
{
	z_stream z = { .next_in = file->data, .avail_in = (uInt)file->size };
	/* 16: with the head and end of gzip. */
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
		Z_OK)
		return;
	const size_t room = deflateBound(&z, (uLong)file->size);
	file->gzip = malloc(room);
	z.next_out = file->gzip;
	z.avail_out = (uInt)room;
	if (file->gzip && deflate(&z, Z_FINISH) == Z_STREAM_END)
		file->gzip_len = room - z.avail_out;
	deflateEnd(&z);
	if (!file->gzip_len || file->gzip_len >= (size_t)file->size) {
		free(file->gzip);
		file->gzip = NULL;
	}
}

static int load(struct client_file *file, int fd, const struct stat *now)
{
	client_file_drop(file);
	void *data = malloc((size_t)now->st_size);
	if (!data)
		return RILL_ENOMEM;
	if (!read_whole(fd, data, (size_t)now->st_size)) {
		free(data);
		return RILL_ENOENT;
	}
	file->device = now->st_dev;
	file->inode = now->st_ino;
	file->changed = now->st_mtim;
	file->size = now->st_size;
	file->data = data;
	name_forms(file);
	compress_it(file);
	return 0;
}

int client_file_refresh(struct client_file *file, int dir, const char *name)
{
	/* A link may lead anywhere, and a pipe be silent. */
	const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat now;
	int rc = RILL_ENOENT;
	if (fd >= 0 && fstat(fd, &now) == 0 && S_ISREG(now.st_mode) && now.st_size > 0 &&
		now.st_size <= MAX_SIZE)
		rc = is_current(file, &now) ? 0 : load(file, fd, &now);
	if (fd >= 0)
		close(fd);
	return rc;
}
