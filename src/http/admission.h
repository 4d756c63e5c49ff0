/* admission.h: how many connections there are, in all and from each address.
 *
 * Addresses stand in a hash table that holds only those with a connection open, so that it is
 * never larger than what it counts. IPv6 is counted by the /64, which is what one host is given;
 * peers on unix sockets and unknown ones have no address and are counted in all only. */
#ifndef RL_HTTP_ADMISSION_H
#define RL_HTTP_ADMISSION_H

#include "base/env.h"
#include "net/addr.h"

struct rl_admission_slot {
	uint8_t key[8]; /* an IPv4 address and zeros, or the first half of an IPv6 address */
	uint32_t family;
	uint32_t count; /* 0: the slot is free */
};

struct rl_admission {
	const struct rl_env *env;
	size_t max, max_each; /* 0: no limit */
	size_t count;         /* in all */
	struct rl_admission_slot *slots;
	size_t room, used; /* room is 0 or a power of two */
	uint64_t seed;     /* peers choose their addresses: the table's order is not for them */
};

void rl_admission_init(
	struct rl_admission *a, const struct rl_env *env, size_t max, size_t max_each);
void rl_admission_fini(struct rl_admission *a);

/* Would one more from there be let in? */
bool rl_admission_has_room(const struct rl_admission *a, const struct rl_addr *addr);

/* Counts one in. 0, RILL_ELIMIT, RILL_ENOMEM. */
int rl_admission_enter(struct rl_admission *a, const struct rl_addr *addr);

/* Counts one out that was counted in with that address. */
void rl_admission_leave(struct rl_admission *a, const struct rl_addr *addr);

#endif
