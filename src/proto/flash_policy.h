/* flash_policy.h: a port on which everybody who connects is told one text and let go: the policy that Flash looks for
 * before it connects anywhere (its masters are on port 843). It does not wait for the question, which some versions
 * send late. */
#ifndef RL_PROTO_FLASH_POLICY_H
#define RL_PROTO_FLASH_POLICY_H

#include "base/slice.h"
#include "http/server.h"

struct rl_flash_policy;

/* Listens. text is copied. 0, or as rill_server_listen() (logged). It counts as the server's connections do for
 * none of its limits, has 1,024 peers at most, and each for 10 s at most. */
int rl_flash_policy_listen(struct rl_flash_policy **policy, struct rill_server *server,
	const char *host, uint16_t port, struct rl_slice text);
uint16_t rl_flash_policy_port(const struct rl_flash_policy *policy);

/* Ends it, and cuts those who are being told. From wherever. NULL is fine. */
void rl_flash_policy_free(struct rl_flash_policy *policy);

#endif
