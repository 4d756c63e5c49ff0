/* session_service.h: a service with sessions in a server: how it comes and goes. SockJS, Engine.IO and Socket.IO of
 * 2010 are such; each embeds one. */
#ifndef RL_PROTO_SESSION_SERVICE_H
#define RL_PROTO_SESSION_SERVICE_H

#include "http/server.h"
#include "proto/session.h"

struct rl_session_service;

struct rl_session_service_ops {
	/* Its WebSockets go on without it (rl_websocket_part()); they may be there or not. */
	void (*part)(struct rl_session_service *service);
	/* Frees what is its own, and itself: nothing is left that needs it. Behind rl_sessions_fini(). */
	void (*free)(struct rl_session_service *service);
	/* It is detached, or its server stops or goes: what would become a session will not. NULL: there is nothing
	 * of that kind. */
	void (*stop)(struct rl_session_service *service);
};

struct rl_session_service {
	struct rl_service in_server;
	struct rl_sessions sessions;
	const struct rl_session_service_ops *ops;
	struct rl_task task; /* freeing behind the last session */
	unsigned busy;       /* calls under way that still need it */
	bool attached;       /* it takes new sessions */
};

/* Joined to the server, with busy 1 and not attached. 0; RILL_ENOMEM: nothing was done. Its owner sets
 * sessions.terms, and attached, afterwards. */
int rl_session_service_init(struct rl_session_service *service,
	const struct rl_session_service_ops *ops, struct rill_server *server,
	const struct rl_dialect *dialect, const rill_handler *handler);

/* A call needs it; and is done with it, which frees it when it is not attached, nobody needs it and no session is
 * left. */
static inline void rl_session_service_hold(struct rl_session_service *service)
{
	service->busy++;
}
void rl_session_service_release(struct rl_session_service *service);

/* Takes no new sessions, and closes those there are with code unless that is 0. Frees it as soon as that can be. Of
 * one that is not attached nothing. */
void rl_session_service_detach(struct rl_session_service *service, int code, const char *reason);

/* ops->free at once: it could not be made whole. With busy 1. */
void rl_session_service_drop(struct rl_session_service *service);

#endif
