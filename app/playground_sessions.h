/* playground_sessions.h: the playground's SockJS service, and its Socket.IO of 2010; see playground.h. */
#ifndef PLAYGROUND_SESSIONS_H
#define PLAYGROUND_SESSIONS_H

#include "playground.h"

/* 0 or a negative code. */
int serve_sessions(struct playground *playground);

#endif
