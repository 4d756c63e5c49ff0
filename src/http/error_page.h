/* error_page.h: the answers rill gives by itself: a status and one plain sentence. */
#ifndef RL_HTTP_ERROR_PAGE_H
#define RL_HTTP_ERROR_PAGE_H

#include "base/buf.h"

/* Appends a whole response that ends its connection. date is the Date line; fields are field lines
 * to put in, NULL data for none; without_body is for HEAD. 0 or RILL_ENOMEM. */
int rl_error_page_write(struct rl_buf *out, int status, struct rl_slice date,
	struct rl_slice fields, const char *sentence, bool without_body);

#endif
