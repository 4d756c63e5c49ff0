/* sockjs.h: the test server's SockJS services. */
#ifndef TESTSERVER_SOCKJS_H
#define TESTSERVER_SOCKJS_H

#include <rill/rill.h>

/* Attaches /echo, /disabled_websocket_echo, /cookie_needed_echo, /close, /amplify, /broadcast and
 * /ticker. 0 or what the first that failed has returned. */
int attach_sockjs(rill_server *server);

#endif
