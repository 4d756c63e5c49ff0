/* flash_policy.c: see flash_policy.h. A peer is a stream that lingers from its first moment on: the text, the end of
 * this side, and whatever comes is dropped until that of the peer, because a reset could swallow the text. */
#include <rill/error.h>
#include "net/listen.h"
#include "proto/flash_policy.h"

#define PEERS_MAX 1024
#define PEER_MS   10000

struct rl_flash_policy {
	struct rl_stream_group group; /* of its own: the server neither counts nor limits these */
	struct rl_listener_config config;
	struct rl_listener *listener;
	size_t len;
	char text[];
};

static bool may_enter(void *user, const struct rl_addr *peer)
{
	const struct rl_flash_policy *policy = user;

	(void)peer;
	return policy->group.count < PEERS_MAX;
}

static void tell(void *user, struct rl_stream *stream)
{
	struct rl_flash_policy *policy = user;

	if (rl_stream_write(stream, rl_slice(policy->text, policy->len)) < 0)
		rl_stream_close(stream);
	else
		rl_stream_close_gently(stream, PEER_MS);
}

static const struct rl_listener_events listener_events = {
	.may_enter = may_enter,
	.on_stream = tell,
};

static struct rl_flash_policy *new_policy(struct rill_loop *loop, struct rl_slice text)
{
	struct rl_flash_policy *policy = rl_zalloc(&loop->env, sizeof(*policy) + text.len);

	if (!policy)
		return NULL;
	rl_stream_group_init(&policy->group, loop);
	policy->group.stall_ms = PEER_MS;
	policy->config = (struct rl_listener_config){
		.group = &policy->group,
		.events = &listener_events,
		.user = policy,
	};
	policy->len = text.len;
	if (text.len)
		memcpy(policy->text, text.data, text.len);
	return policy;
}

int rl_flash_policy_listen(struct rl_flash_policy **result, struct rill_server *server,
	const char *host, uint16_t port, struct rl_slice text)
{
	struct rill_loop *loop = rill_server_loop(server);
	struct rl_flash_policy *policy = new_policy(loop, text);
	rill_listen_options where;
	char why[256] = "out of memory";

	rill_listen_options_default(&where);
	where.host = host;
	where.port = port;
	int rc = RILL_ENOMEM;
	if (policy)
		rc = rl_listener_new(&policy->listener, &policy->config, &where, why, sizeof(why));
	if (rc < 0) {
		rl_log(&loop->env, RILL_LOG_ERROR, "nobody will be told Flash's policy: %s", why);
		rl_free(&loop->env, policy);
		return rc;
	}
	rl_log(&loop->env, RILL_LOG_INFO, "telling Flash's policy on port %d",
		rl_listener_port(policy->listener));
	*result = policy;
	return 0;
}

uint16_t rl_flash_policy_port(const struct rl_flash_policy *policy)
{
	return rl_listener_port(policy->listener);
}

void rl_flash_policy_free(struct rl_flash_policy *policy)
{
	if (!policy)
		return;
	struct rill_loop *loop = policy->group.loop;
	rl_listener_free(policy->listener);
	rl_stream_group_fini(&policy->group);
	rl_free(&loop->env, policy);
}
