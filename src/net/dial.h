/* dial.h: a connected stream to a host and port: its names looked up off the loop, its addresses
 * tried one after the other without waiting for each to fail (RFC 8305, "Happy Eyeballs").
 *
 *   resolve.c  names to addresses, on a helper thread
 *   dial.c     the attempts, and the winner */
#ifndef RL_NET_DIAL_H
#define RL_NET_DIAL_H

#include "net/stream.h"

struct rl_dial;

struct rl_dial_target {
	struct rl_slice host; /* a name or an address, the latter with or without brackets */
	uint16_t port;
	uint32_t attempt_ms; /* the next address is tried when one has not answered for so long */
};

/* How it went: rc 0 and a stream in the group with reading off, the callee's; or a NULL stream and
 * RILL_EADDR (not known), RILL_EREFUSED, RILL_ERESET, RILL_EIO, RILL_ENOMEM with one sentence that
 * names host and port ("connecting to example.org port 80: Connection refused"), good until this
 * returns. The dial is gone when it is called. */
typedef void (*rl_dial_done)(void *user, struct rl_stream *stream, int rc, const char *sentence);

/* Begins; target is copied. done is called once, from the loop, never from inside. No timeout of its
 * own: whoever waits cancels. 0 or RILL_ENOMEM. */
int rl_dial_open(struct rl_dial **dial, struct rl_stream_group *group,
	const struct rl_dial_target *target, rl_dial_done done, void *user);

/* Ends it silently; a look-up under way ends by itself later. */
void rl_dial_cancel(struct rl_dial *dial);

#endif
