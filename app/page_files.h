/* page_files.h: the files of app/page/, which the build puts into the program. */
#ifndef PAGE_FILES_H
#define PAGE_FILES_H

#include <stddef.h>

struct page_file {
	const char *name; /* "index.html" */
	const unsigned char *data;
	size_t len;
};

/* In order of name; name is NULL after the last. */
extern const struct page_file page_files[];

#endif
