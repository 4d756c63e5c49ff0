/* page.h: the files of app/page/ over HTTP. */
#ifndef PAGE_H
#define PAGE_H

#include <rill/http.h>

/* A request handler: takes requests for "/" and the names of the files, passes all others. */
int page_answer(rill_request *request, void *user);

#endif
