/* rill/rill.h: all of rill.
 *
 *   base.h       borrowed bytes, memory and log handed in
 *   error.h      the error codes
 *   loop.h       loops, timers, other threads, foreign loops
 *   http.h       requests and responses
 *   server.h     listening, TLS, handlers
 *   conn.h       connections and messages
 *   websocket.h  the WebSocket service
 *   client.h     the WebSocket client, proxies, TLS
 *   extension.h  WebSocket extensions of your own
 *   eventsource.h  event streams, server and client
 *   sockjs.h     the SockJS service
 *   arg.h        values of any kind as a list
 *   json.h       JSON read where it lies, and written
 *   engineio.h   the Engine.IO service
 *   socketio.h   the Socket.IO service
 *   socketio0.h  the Socket.IO service of 2010 (0.5, 0.6)
 *   hub.h        topics: one message to many
 *   version.h    which rill this is */
#ifndef RILL_RILL_H
#define RILL_RILL_H

#include <rill/arg.h>
#include <rill/base.h>
#include <rill/client.h>
#include <rill/conn.h>
#include <rill/engineio.h>
#include <rill/error.h>
#include <rill/eventsource.h>
#include <rill/extension.h>
#include <rill/http.h>
#include <rill/hub.h>
#include <rill/json.h>
#include <rill/loop.h>
#include <rill/server.h>
#include <rill/socketio.h>
#include <rill/socketio0.h>
#include <rill/sockjs.h>
#include <rill/version.h>
#include <rill/websocket.h>

#endif
