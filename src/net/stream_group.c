/* stream_group.c: what many streams share: the peers that take nothing for too long, and the
 * memory of all together. */
#include "net/stream.h"

static struct rl_stream *by_group(struct rl_list *node)
{
	return rl_container(node, struct rl_stream, group_node);
}

/* The most that is held for one peer, by its stream or beside it. */
static size_t most_held(const struct rl_stream_group *group)
{
	size_t most = 0;

	rl_list_each (node, &group->streams) {
		size_t held = rl_stream_held(by_group(node));
		most = held > most ? held : most;
	}
	rl_list_each (node, &group->holders) {
		struct rl_holder *holder = rl_container(node, struct rl_holder, node);
		size_t held = holder->most(holder);
		most = held > most ? held : most;
	}
	return most;
}

/* The peer for whom most is held goes; when that was not enough, all go for whom it is hardly less, in one
 * walk: looked for one by one, a hundred thousand peers with as much each would hold the loop for a
 * minute. False: that has freed nothing. */
static bool cut_some(struct rl_stream_group *group, bool first)
{
	size_t most = most_held(group), least = first ? most : most - most / 8;
	size_t before = group->buffered;

	if (!most)
		return false;
	rl_log(&group->loop->env, RILL_LOG_WARN,
		"%zu bytes are held for all connections, above the limit of %zu: "
		"those holding most (%zu) are cut",
		group->buffered, group->max_buffered, most);
	rl_list_each_safe (node, &group->streams)
		if (rl_stream_group_over(group) && rl_stream_held(by_group(node)) >= least)
			rl_stream_lose(by_group(node), RILL_ELIMIT);
	rl_list_each (node, &group->holders) {
		struct rl_holder *holder = rl_container(node, struct rl_holder, node);
		holder->cut(holder, least, group);
	}
	return group->buffered < before;
}

/* Runs at the end of the turn, when what peers take at once is gone. */
static void cut_largest(struct rl_task *task)
{
	struct rl_stream_group *group = rl_container(task, struct rl_stream_group, cut);

	for (bool first = true; rl_stream_group_over(group); first = false)
		if (!cut_some(group, first))
			return;
}

/* Late enough for what was lost to be freed, and seldom enough. */
#define TRIM_AFTER_MS 200

void rl_stream_group_sank(struct rl_stream_group *group)
{
	if (!rl_timer_is_set(&group->trim))
		rl_loop_set_timer(group->loop, &group->trim, rl_loop_now(group->loop) + TRIM_AFTER_MS);
}

/* Queues that rise and fall are to find their memory again, so half of it stays. */
static void trim(struct rl_timer *timer)
{
	struct rl_stream_group *group = rl_container(timer, struct rl_stream_group, trim);
	if (group->buffered > group->peak / 2 && group->peak_count - group->count < RL_TRIM_COUNT)
		return;
	rl_env_trim(&group->loop->env);
	group->peak = group->buffered;
	group->peak_count = group->count;
}

uint32_t rl_stream_group_look_ms(const struct rl_stream_group *group)
{
	return group->stall_ms / 16 + 1;
}

static void sweep_blocked(struct rl_timer *timer)
{
	struct rl_stream_group *group = rl_container(timer, struct rl_stream_group, sweep);
	uint32_t now = (uint32_t)rl_loop_now(group->loop), next = rl_stream_group_look_ms(group);
	struct rl_list looked;

	rl_list_init(&looked);
	rl_list_splice(&looked, &group->blocked);
	while (!rl_list_empty(&looked)) {
		struct rl_stream *stream = rl_container(looked.next, struct rl_stream, work);
		if (stream->ops->taken && stream->ops->taken(stream))
			stream->progress_at = now;
		rl_list_remove(&stream->work);
		rl_list_append(&group->blocked, &stream->work);
		uint32_t waited = now - stream->progress_at;
		if (waited >= group->stall_ms)
			rl_stream_lose(stream, RILL_ETIMEDOUT);
		else if (group->stall_ms - waited < next)
			next = group->stall_ms - waited;
	}
	if (!rl_list_empty(&group->blocked))
		rl_loop_set_timer(group->loop, timer, rl_loop_now(group->loop) + next);
}

void rl_stream_group_init(struct rl_stream_group *group, struct rill_loop *loop)
{
	*group = (struct rl_stream_group){
		.loop = loop,
		.high = 1024 * 1024,
		.low = 256 * 1024,
		.stall_ms = 60 * 1000,
	};
	rl_list_init(&group->streams);
	rl_list_init(&group->holders);
	rl_list_init(&group->blocked);
	rl_timer_init(&group->sweep, sweep_blocked);
	rl_timer_init(&group->trim, trim);
	rl_task_init(&group->cut, cut_largest);
}

void rl_stream_group_fini(struct rl_stream_group *group)
{
	rl_list_each_safe (node, &group->streams)
		rl_stream_cut_lingering(by_group(node));
	assert(rl_list_empty(&group->streams));
	rl_loop_clear_timer(group->loop, &group->sweep);
	rl_loop_clear_timer(group->loop, &group->trim);
	rl_list_remove(&group->cut.node);
}
