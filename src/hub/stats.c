/* stats.c: counters of topics and subscriptions, as a program reads them. */
#include "hub/hub.h"

void rl_stats_add(rill_topic_stats *to, const rill_topic_stats *more)
{
	to->subscribers += more->subscribers;
	to->published += more->published;
	to->delivered += more->delivered;
	to->dropped += more->dropped;
	to->closed += more->closed;
	to->encoded += more->encoded;
	to->waiting += more->waiting;
	to->history += more->history;
}

static void add_topic(rill_topic_stats *stats, const struct rl_topic *topic)
{
	rl_stats_add(stats, &topic->stats);
	stats->subscribers += topic->count;
	stats->history += topic->history ? topic->history->count : 0;
}

int rill_topic_read_stats(const rill_hub *hub, const char *name, rill_topic_stats *stats)
{
	rill_topic_stats all = { .size = stats->size };
	if (name) {
		const struct rl_topic *topic = rl_topic_find(hub, rl_slice_str(name));
		if (!topic)
			return RILL_ENOENT;
		add_topic(&all, topic);
	} else {
		rl_stats_add(&all, &hub->past);
		for (size_t i = 0; i < hub->bucket_count; i++)
			for (const struct rl_topic *t = hub->buckets[i]; t; t = t->next)
				add_topic(&all, t);
	}
	memcpy(stats, &all, all.size < sizeof(all) ? all.size : sizeof(all));
	return 0;
}

int rill_subscription_dropped(
	const rill_hub *hub, const char *name, const rill_conn *conn, uint64_t *dropped)
{
	const struct rl_topic *topic = rl_topic_find(hub, rl_slice_str(name));
	const struct rl_member *member = topic && rl_conn_watcher(conn)
						 ? rl_subscriber_find(rl_subscriber(conn), topic)
						 : NULL;
	if (!member)
		return RILL_ENOENT;
	*dropped = member->terms ? member->terms->dropped : 0;
	return 0;
}
