/* resolve.h: names to addresses, off the loop: getaddrinfo() blocks, so it is asked on a thread of
 * its own.
 *
 * The thread shares no memory with the loop: question and answer are messages on a pair of sockets,
 * whose other end the loop watches. So nobody waits for anybody: a thread whose loop has gone finds
 * nobody to answer, and ends. Look-ups of the same name at the same time are one. */
#ifndef RL_NET_RESOLVE_H
#define RL_NET_RESOLVE_H

#include <netinet/in.h>
#include "base/list.h"
#include "base/slice.h"
#include "net/loop.h"

#define RL_ADDRESSES 16  /* of one name; the rest are left out */
#define RL_NAME_MAX  253 /* RFC 1035, 2.3.4, in text */

/* So many names are looked up at the same time, the rest wait in line: each has a thread and two
 * descriptors. */
#define RL_LOOK_UPS 16

/* With the scope that a link-local IPv6 address needs, and without a port. */
struct rl_endpoint {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in ip4;
		struct sockaddr_in6 ip6;
	};
};

struct rl_addresses {
	int code;  /* getaddrinfo's: 0 or EAI_...; */
	int error; /* errno with EAI_SYSTEM */
	int count;
	struct rl_endpoint list[RL_ADDRESSES]; /* in the order to try them in, RFC 6724 */
};

/* RILL_EADDR, RILL_ENOMEM or RILL_EIO; what the resolver said, static text. For code != 0. */
int rl_addresses_rc(const struct rl_addresses *found);
const char *rl_addresses_text(const struct rl_addresses *found);

/* Somebody's wish to know; lives in its owner. */
struct rl_resolve {
	struct rl_list node;
	/* Once, from the loop, never from inside. found is good until it returns. */
	void (*done)(struct rl_resolve *resolve, const struct rl_addresses *found);
};

/* Begins; done is set. host is a name, or an address in a form that only the system knows. 0 or
 * RILL_ENOMEM. */
int rl_resolve(struct rill_loop *loop, struct rl_resolve *resolve, struct rl_slice host);

/* Nobody wants to know any more: done is not called. Harmless for one that is done or, with its node
 * set up, was never begun. The look-up ends by itself. */
void rl_resolve_cancel(struct rl_resolve *resolve);

/* How the loop's look-ups are done, for tests: fills what is zeroed. Runs on the helper thread, which
 * may outlive the loop; must not use the loop or its memory. */
typedef void (*rl_look_up)(const char *host, struct rl_addresses *found, void *user);

/* Of this loop, from now on. 0 or RILL_ENOMEM. */
int rl_resolve_by(struct rill_loop *loop, rl_look_up look_up, void *user);

#endif
