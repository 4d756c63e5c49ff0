/* topic.c: the table of topics, and the members of one.
 *
 * Topics may be named by strangers, so the table is keyed with bytes nobody knows. */
#include "hub/hub.h"

enum { FIRST_BUCKETS = 64, FIRST_MEMBERS = 4 };

static struct rl_topic **bucket(const struct rill_hub *hub, uint64_t hash)
{
	return &hub->buckets[hash & (hub->bucket_count - 1)];
}

struct rl_topic *rl_topic_find(const struct rill_hub *hub, struct rl_slice name)
{
	if (!hub->bucket_count)
		return NULL;
	uint64_t hash = rl_siphash(hub->key, name);
	struct rl_topic *topic = *bucket(hub, hash);
	while (topic && (topic->hash != hash ||
				!rl_slice_equal(rl_slice(topic->name, topic->name_len), name)))
		topic = topic->next;
	return topic;
}

static void link_topic(struct rill_hub *hub, struct rl_topic *topic)
{
	struct rl_topic **place = bucket(hub, topic->hash);
	topic->next = *place;
	*place = topic;
}

/* Without memory for a larger table the chains grow longer; only the first has to be there. */
static int grow_table(struct rill_hub *hub)
{
	size_t old_count = hub->bucket_count, count = old_count ? old_count * 2 : FIRST_BUCKETS;
	struct rl_topic **old = hub->buckets, **buckets;

	if (hub->topic_count < old_count)
		return 0;
	buckets = rl_zalloc(rl_hub_env(hub), count * sizeof(struct rl_topic *));
	if (!buckets)
		return old_count ? 0 : RILL_ENOMEM;
	hub->buckets = buckets;
	hub->bucket_count = count;
	for (size_t i = 0; i < old_count; i++) {
		for (struct rl_topic *topic = old[i], *next; topic; topic = next) {
			next = topic->next;
			link_topic(hub, topic);
		}
	}
	rl_free(rl_hub_env(hub), old);
	return 0;
}

static int make_topic(struct rl_topic **result, struct rill_hub *hub, struct rl_slice name)
{
	const rill_hub_options *options = &hub->options;
	if (options->max_topics && hub->topic_count >= options->max_topics)
		return RILL_ELIMIT;
	int rc = grow_table(hub);
	if (rc < 0)
		return rc;
	struct rl_topic *topic = rl_zalloc(rl_hub_env(hub), sizeof(*topic) + name.len);
	if (!topic)
		return RILL_ENOMEM;
	topic->hub = hub;
	topic->hash = rl_siphash(hub->key, name);
	topic->name_len = name.len;
	memcpy(topic->name, name.data, name.len);
	rl_list_init(&topic->pending);
	link_topic(hub, topic);
	hub->topic_count++;
	if (options->history_messages)
		rc = rl_history_new(topic, options->history_messages, options->history_bytes,
			options->history_ms, false);
	if (rc < 0) {
		rl_topic_free(topic);
		return rc;
	}
	*result = topic;
	return 0;
}

int rl_topic_get(struct rl_topic **topic, struct rill_hub *hub, struct rl_slice name)
{
	*topic = rl_topic_find(hub, name);
	return *topic ? 0 : make_topic(topic, hub, name);
}

void rl_topic_free(struct rl_topic *topic)
{
	struct rill_hub *hub = topic->hub;
	struct rl_topic **place = bucket(hub, topic->hash);

	assert(!topic->count);
	while (*place != topic)
		place = &(*place)->next;
	*place = topic->next;
	hub->topic_count--;
	for (struct rl_walk *walk = hub->walks; walk; walk = walk->outer)
		if (walk->topic == topic)
			walk->topic = NULL;
	rl_history_free(topic);
	rl_stats_add(&hub->past, &topic->stats);
	rl_list_remove(&topic->pending);
	rl_free(rl_hub_env(hub), topic->members);
	rl_free(rl_hub_env(hub), topic);
}

void rl_topic_release(struct rl_topic *topic)
{
	const struct rl_history *history = topic->history;
	if (!topic->count && rl_list_empty(&topic->pending) &&
		!(history && (history->asked || history->count)))
		rl_topic_free(topic);
}

int rl_topic_join(struct rl_topic *topic, struct rl_member *member)
{
	if (topic->count == topic->room) {
		if (topic->room > UINT32_MAX / 2)
			return RILL_ELIMIT;
		uint32_t room = topic->room ? topic->room * 2 : FIRST_MEMBERS;
		struct rl_member **members = rl_resize(
			rl_hub_env(topic->hub), topic->members, room * sizeof(struct rl_member *));
		if (!members)
			return RILL_ENOMEM;
		topic->members = members;
		topic->room = room;
	}
	member->topic = topic;
	member->index = topic->count;
	topic->members[topic->count++] = member;
	return 0;
}

static void put_at(struct rl_topic *topic, uint32_t index, struct rl_member *member)
{
	topic->members[index] = member;
	member->index = index;
}

static void look_at(uint32_t **nearest, uint32_t *border, uint32_t index)
{
	if (*border > index && (!*nearest || *border < **nearest))
		*nearest = border;
}

/* The first border of a walk behind this place; NULL: none. */
static uint32_t *border_behind(const struct rl_topic *topic, uint32_t index)
{
	uint32_t *nearest = NULL;
	for (struct rl_walk *walk = topic->hub->walks; walk; walk = walk->outer) {
		if (walk->topic != topic)
			continue;
		look_at(&nearest, &walk->next, index);
		look_at(&nearest, &walk->end, index);
	}
	return nearest;
}

/* The last takes the place of the one that goes. But nobody may come over a border of a walk, which
 * would visit it twice or not at all: so of what lies between two borders the last closes the gap, and
 * that makes the next. */
void rl_topic_leave(struct rl_member *member)
{
	struct rl_topic *topic = member->topic;
	uint32_t hole = member->index, *border;

	while ((border = border_behind(topic, hole))) {
		uint32_t last = --*border;
		if (last != hole)
			put_at(topic, hole, topic->members[last]);
		hole = last;
	}
	if (hole != --topic->count)
		put_at(topic, hole, topic->members[topic->count]);
}
