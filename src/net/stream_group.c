/* stream_group.c: what many streams share: the peers that take nothing for too long, and the
 * memory of all together. */
#include "net/stream.h"

static struct rl_stream *by_group(struct rl_list *node)
{
	return rl_container(node, struct rl_stream, group_node);
}

static struct rl_stream *holding_most(struct rl_stream_group *group)
{
	struct rl_stream *most = NULL;
	rl_list_each (node, &group->streams)
		if (!most || rl_stream_held(by_group(node)) > rl_stream_held(most))
			most = by_group(node);
	return most && rl_stream_held(most) ? most : NULL;
}

/* Of those who hold beside the streams, who has the peer for whom most is held. */
static struct rl_holder *holder_of_most(struct rl_stream_group *group, size_t *held)
{
	struct rl_holder *most = NULL;

	*held = 0;
	rl_list_each (node, &group->holders) {
		struct rl_holder *holder = rl_container(node, struct rl_holder, node);
		size_t n = holder->most(holder);
		if (n > *held) {
			*held = n;
			most = holder;
		}
	}
	return most;
}

/* The peer for whom most is held goes; false: for none. */
static bool cut_one(struct rl_stream_group *group)
{
	struct rl_stream *stream = holding_most(group);
	size_t beside, most = stream ? rl_stream_held(stream) : 0;
	struct rl_holder *holder = holder_of_most(group, &beside);

	if (!stream && !holder)
		return false;
	rl_log(&group->loop->env, RILL_LOG_WARN,
		"%zu bytes are held for all connections, above the limit of %zu: "
		"the one holding most (%zu) is cut",
		group->buffered, group->max_buffered, beside > most ? beside : most);
	if (beside > most)
		holder->cut(holder);
	else
		rl_stream_lose(stream, RILL_ELIMIT);
	return true;
}

/* Runs at the end of the turn, when what peers take at once is gone. */
static void cut_largest(struct rl_task *task)
{
	struct rl_stream_group *group = rl_container(task, struct rl_stream_group, cut);

	while (group->buffered > group->max_buffered && cut_one(group))
		;
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
