/* socketio0_policy.c: the policy that Flash asks for before it connects: one line for each rule of the origins. It is
 * told on the server, to who asks in place of a request, and on a port of its own. */
#include "proto/socketio0.h"

int rl_sio0_policy_write(struct rill_socketio0 *io)
{
	const struct rl_env *env = rl_sio0_env(io);
	const char *const *rules = io->options.origins;
	size_t count = 0;
	int rc = RILL_ENOMEM;

	while (rules[count])
		count++;
	struct rl_slice *slices = rl_alloc(env, (2 * count + 1) * sizeof(*slices));
	if (!slices)
		return rc;
	for (size_t i = 0; i < count; i++)
		rl_sio0_split_rule(rules[i], &slices[i], &slices[count + i]);
	rc = rl_sio0_write_policy(&io->policy_text, slices, slices + count, count);
	rl_free(env, slices);
	return rc;
}

static int answer(struct rl_hello *hello, struct rl_buf *out)
{
	struct rill_socketio0 *io = rl_container(hello, struct rill_socketio0, hello);

	return rl_buf_append_slice(out, rl_buf_slice(&io->policy_text));
}

void rl_sio0_policy_begin(struct rill_socketio0 *io)
{
	if (!io->options.flash_policy || !(io->transports & 1u << RL_SIO0_FLASHSOCKET))
		return;
	io->hello.question = RL_SIO0_POLICY_REQUEST;
	io->hello.answer = answer;
	rl_server_add_hello(io->service.sessions.server, &io->hello);
}

void rl_sio0_policy_end(struct rill_socketio0 *io)
{
	rl_server_remove_hello(&io->hello);
	rl_flash_policy_free(io->policy);
	io->policy = NULL;
}

int rill_socketio0_listen_policy(rill_socketio0 *io, const char *host, uint16_t port)
{
	if (io->policy || !io->route)
		return RILL_ESTATE;
	return rl_flash_policy_listen(&io->policy, io->service.sessions.server, host, port,
		rl_buf_slice(&io->policy_text));
}

uint16_t rill_socketio0_policy_port(const rill_socketio0 *io)
{
	return io->policy ? rl_flash_policy_port(io->policy) : 0;
}
