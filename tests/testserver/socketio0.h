/* socketio0.h: the test server's Socket.IO service of 2010. */
#ifndef TESTSERVER_SOCKETIO0_H
#define TESTSERVER_SOCKETIO0_H

#include <rill/rill.h>

/* Attaches /socket.io/ as the APP "socketio-0.x" has it. client_file: the client to serve, under client_name
 * (NULL: socket.io.js); may be NULL. Results of rill_socketio0_serve(). */
int attach_socketio0(
	rill_server *server, const char *client_file, const char *client_name, rill_socketio0 **io);

#endif
