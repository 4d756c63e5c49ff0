/* playground_sockets.h: the playground's Socket.IO service; see playground.h. */
#ifndef PLAYGROUND_SOCKETS_H
#define PLAYGROUND_SOCKETS_H

#include "playground.h"

/* 0 or a negative code. */
int serve_sockets(struct playground *playground);

/* What somebody else has said, or from, which does not hear it. 0 or a negative code. */
int tell_sockets(struct playground *playground, rill_socket *from, rill_msg msg);

#endif
