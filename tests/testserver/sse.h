/* sse.h: the test server's event streams. */
#ifndef TESTSERVER_SSE_H
#define TESTSERVER_SSE_H

#include <rill/rill.h>

/* Attaches /sse. Results of rill_server_handle(). */
int attach_sse(rill_server *server);

#endif
