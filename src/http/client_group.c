/* client_group.c: the streams that a loop's clients have opened: one group, with the limits that a
 * server has for its own by default. It goes with the loop. */
#include "http/client_call.h"

#define KIB 1024u

struct group_member {
	struct rl_loop_member member;
	struct rl_stream_group group;
};
static const char group_key;

static void free_group(struct rl_loop_member *member, struct rill_loop *loop)
{
	struct group_member *m = rl_container(member, struct group_member, member);
	rl_loop_leave(member);
	rl_stream_group_fini(&m->group);
	rl_free(&loop->env, m);
}

struct rl_stream_group *rl_client_group(struct rill_loop *loop)
{
	struct rl_loop_member *member = rl_loop_find(loop, &group_key);
	if (member)
		return &rl_container(member, struct group_member, member)->group;
	struct group_member *m = rl_zalloc(&loop->env, sizeof(*m));
	if (!m)
		return NULL;
	rl_stream_group_init(&m->group, loop);
	m->group.high = 256 * KIB;
	m->group.low = 64 * KIB;
	m->group.max_buffered = 1024 * KIB * KIB;
	rl_list_init(&m->member.node);
	m->member.key = &group_key;
	m->member.free = free_group;
	rl_loop_join(loop, &m->member);
	return &m->group;
}
