/* socketio.h: the test server's Socket.IO services. */
#ifndef TESTSERVER_SOCKETIO_H
#define TESTSERVER_SOCKETIO_H

#include <rill/rill.h>

/* Attaches /socket.io/ as the APPs "socketio" and "socketio-suite" have it. client_dir may be NULL. Results of
 * rill_socketio_serve(). */
int attach_socketio(rill_server *server, const char *client_dir);
int attach_socketio_suite(rill_server *server);

/* Inside: what a namespace does with the events of one socket, and with those about rooms. Results of
 * rill_namespace_on(). */
int add_socketio_events(rill_namespace *ns, rill_socketio *io);
int add_socketio_rooms(rill_namespace *ns);

/* Inside: answers, if the client asked for that. */
void answer_socketio(rill_reply *reply, const rill_arg *args);

#endif
