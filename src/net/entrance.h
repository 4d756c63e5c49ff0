/* entrance.h: what a connection goes through between accept and being somebody's: the PROXY
 * header, then the TLS handshake, with one deadline. Inside of net/listen*.c only. */
#ifndef RL_NET_ENTRANCE_H
#define RL_NET_ENTRANCE_H

#include "net/listen.h"

struct rl_entrances {
	const struct rl_listener_config *config;
	struct rl_tls_context *tls; /* NULL: plain */
	bool proxy;
	struct rl_list list; /* those under way */
	size_t count;
};

/* Takes fd through; it is closed when it may not come in. */
void rl_entrance_begin(struct rl_entrances *all, int fd, const struct rl_addr *peer);

/* Cuts all that are under way. */
void rl_entrances_cut(struct rl_entrances *all);

#endif
