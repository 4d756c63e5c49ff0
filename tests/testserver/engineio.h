/* engineio.h: the test server's Engine.IO service. */
#ifndef TESTSERVER_ENGINEIO_H
#define TESTSERVER_ENGINEIO_H

#include <rill/rill.h>

/* Attaches /engine.io/ with what the protocol's own suites expect; eio3: with revision 3. Results of
 * rill_engineio_serve(). */
int attach_engineio_suite(rill_server *server, bool eio3);

#endif
