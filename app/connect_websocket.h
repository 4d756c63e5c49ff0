/* connect_websocket.h: what the links over a WebSocket have in common. The connection's user is the struct
 * connect. */
#ifndef CONNECT_WEBSOCKET_H
#define CONNECT_WEBSOCKET_H

#include "connect.h"

/* By the options of the command line; results of connect_link.open. */
int websocket_open(struct connect *c, const char *url, const rill_handler *handler);

/* From on_open: the frames are looked at for the server's Close. False: the connection is cut. */
bool websocket_watch(rill_conn *conn);

/* Callbacks of the connection. */
void websocket_on_drain(rill_conn *conn);
void websocket_on_close(rill_conn *conn, int code, rill_bytes reason);
void websocket_on_failed(rill_conn *conn, const rill_failure *failure);

/* Functions of the link. */
void websocket_close(struct connect *c, int code, const char *reason);
void websocket_cut(struct connect *c);
void websocket_hold(struct connect *c, bool held);

#endif
