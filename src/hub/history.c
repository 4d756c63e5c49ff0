/* history.c: what a topic has kept, and message ids.
 *
 * An id is ORIGIN-EPOCH-SEQUENCE. The epoch is drawn when the history begins, so that a topic that was
 * forgotten, or a process that was started again, does not take another's ids for its own. */
#include <stdio.h>
#include "hub/hub.h"

enum { FIRST_ROOM = 8 };

/* 36^10: an epoch has ten characters. */
#define EPOCHS 3656158440062976u

static void write_prefix(struct rl_history *history, struct rill_hub *hub)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	char epoch[11] = { 0 };
	uint64_t number = hub->next_epoch++ % EPOCHS;
	for (size_t i = sizeof(epoch) - 1; i-- > 0; number /= 36)
		epoch[i] = digits[number % 36];
	snprintf(history->prefix, sizeof(history->prefix), "%s-%s-", hub->origin, epoch);
}

static void drop_first(struct rl_history *history)
{
	struct rl_remembered *kept = &history->ring[history->first];
	history->bytes -= kept->publication->payload->len;
	rl_publication_unref(kept->publication);
	history->first = (history->first + 1) & (history->room - 1);
	history->count--;
}

static void set_timer(struct rl_history *history)
{
	struct rill_loop *loop = history->topic->hub->loop;
	if (history->count && history->max_ms)
		rl_loop_set_timer(
			loop, &history->timer, history->ring[history->first].at + history->max_ms);
	else
		rl_loop_clear_timer(loop, &history->timer);
}

static void trim(struct rl_history *history)
{
	while (history->count &&
		(history->count > history->max_messages ||
			(history->max_bytes && history->bytes > history->max_bytes)))
		drop_first(history);
}

void rl_history_expire(struct rl_history *history)
{
	uint64_t now = rl_loop_now(history->topic->hub->loop);
	while (history->count && history->max_ms &&
		now - history->ring[history->first].at >= history->max_ms)
		drop_first(history);
}

static void on_timer(struct rl_timer *timer)
{
	struct rl_history *history = rl_container(timer, struct rl_history, timer);
	rl_history_expire(history);
	set_timer(history);
	rl_topic_release(history->topic);
}

int rl_history_new(struct rl_topic *topic, size_t messages, size_t bytes, uint32_t ms, bool asked)
{
	struct rl_history *history = topic->history;
	if (!history) {
		history = rl_zalloc(rl_hub_env(topic->hub), sizeof(*history));
		if (!history)
			return RILL_ENOMEM;
		history->topic = topic;
		rl_timer_init(&history->timer, on_timer);
		write_prefix(history, topic->hub);
		topic->history = history;
	}
	history->max_messages = messages;
	history->max_bytes = bytes;
	history->max_ms = ms;
	history->asked = asked;
	rl_history_expire(history);
	trim(history);
	set_timer(history);
	return 0;
}

void rl_history_free(struct rl_topic *topic)
{
	struct rl_history *history = topic->history;
	if (!history)
		return;
	while (history->count)
		drop_first(history);
	set_timer(history);
	rl_free(rl_hub_env(topic->hub), history->ring);
	rl_free(rl_hub_env(topic->hub), history);
	topic->history = NULL;
}

static int make_room(struct rl_history *history)
{
	size_t old_room = history->room, room = old_room ? old_room * 2 : FIRST_ROOM;
	if (history->count < old_room)
		return 0;
	const struct rl_env *env = rl_hub_env(history->topic->hub);
	struct rl_remembered *ring = rl_alloc(env, room * sizeof(*ring));
	if (!ring)
		return RILL_ENOMEM;
	for (size_t i = 0; i < history->count; i++)
		ring[i] = history->ring[(history->first + i) & (old_room - 1)];
	rl_free(env, history->ring);
	history->ring = ring;
	history->room = room;
	history->first = 0;
	return 0;
}

int rl_history_add(struct rl_history *history, struct rl_publication *publication)
{
	char id[RILL_MESSAGE_ID];
	if (history->count && history->count == history->max_messages)
		drop_first(history); /* it would go anyway, and its place serves */
	int rc = make_room(history);
	if (rc < 0)
		return rc;
	history->last++;
	rl_publication_set_id(publication, rl_slice(id, (size_t)rl_history_latest(history, id)));
	history->ring[(history->first + history->count++) & (history->room - 1)] = (struct rl_remembered){
		.publication = rl_publication_ref(publication),
		.at = rl_loop_now(history->topic->hub->loop),
	};
	history->bytes += publication->payload->len;
	rl_history_expire(history);
	trim(history);
	if (!rl_timer_is_set(&history->timer))
		set_timer(history);
	return 0;
}

int rl_history_point(const struct rl_history *history, char id[RILL_MESSAGE_ID])
{
	return snprintf(
		id, RILL_MESSAGE_ID, "%s%llu", history->prefix, (unsigned long long)history->last);
}

int rl_history_latest(const struct rl_history *history, char id[RILL_MESSAGE_ID])
{
	if (history->last)
		return rl_history_point(history, id);
	id[0] = 0;
	return 0;
}

ptrdiff_t rl_history_since(struct rl_history *history, struct rl_slice id)
{
	struct rl_slice prefix = rl_slice_str(history->prefix);
	uint64_t number;
	if (!rl_slice_starts(id, prefix))
		return -1;
	rl_slice_skip(&id, prefix.len);
	if (!rl_slice_to_u64(id, &number) || (id.data[0] == '0' && id.len > 1) ||
		number > history->last)
		return -1;
	rl_history_expire(history);
	return history->last - number <= history->count ? (ptrdiff_t)(history->last - number) : -1;
}
