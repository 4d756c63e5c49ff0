/* subscribe.c: what a program does with topics and their subscribers. */
#include "hub/hub.h"
#include "base/utf8.h"

void rill_subscribe_options_init(rill_subscribe_options *options, size_t size)
{
	rill_subscribe_options defaults = {
		.size = size,
		.slow = RILL_SLOW_CLOSE,
		.max_bytes = 1024 * 1024,
	};
	memcpy(options, &defaults, size < sizeof(defaults) ? size : sizeof(defaults));
}

static int read_options(rill_subscribe_options *all, const rill_subscribe_options *given)
{
	rill_subscribe_options_init(all, sizeof(*all));
	if (given) {
		if (given->size < sizeof(given->size))
			return RILL_EINVAL;
		memcpy(all, given, given->size < sizeof(*all) ? given->size : sizeof(*all));
	}
	return (unsigned)all->slow <= RILL_SLOW_LATEST ? 0 : RILL_EINVAL;
}

static struct rl_member *find_member(
	const rill_hub *hub, const char *name, const struct rill_conn *conn)
{
	const struct rl_topic *topic = rl_topic_find(hub, rl_slice_str(name));
	return topic && rl_conn_watcher(conn) ? rl_subscriber_find(rl_subscriber(conn), topic) : NULL;
}

/* The defaults need no memory. */
static int set_options(struct rl_member *member, const rill_subscribe_options *options)
{
	rill_subscribe_options usual;
	rill_subscribe_options_default(&usual);
	if (!member->terms && options->slow == usual.slow &&
		options->max_bytes == usual.max_bytes &&
		options->max_messages == usual.max_messages)
		return 0;
	struct rl_terms *terms = rl_member_terms(member);
	if (!terms)
		return RILL_ENOMEM;
	terms->slow = options->slow;
	terms->max_bytes = options->max_bytes;
	terms->max_messages = options->max_messages;
	return 0;
}

/* Tells an event stream that it has missed something. Whoever comes back with this event's id has
 * missed nothing since. */
static int tell_gap(struct rl_member *member, struct rl_slice since)
{
	const struct rl_history *history = member->topic->history;
	char id[RILL_MESSAGE_ID];
	if (!member->conn->ops->typed)
		return RILL_GAP;
	if (!rl_utf8_valid(since.data, since.len))
		since.len = 0;
	struct rl_publication *gap = rl_publication_new(
		&member->conn->loop->env, RILL_TEXT, since, RL_SLICE("gap"));
	if (!gap)
		return RILL_ENOMEM;
	if (history)
		rl_publication_set_id(gap, rl_slice(id, (size_t)rl_history_point(history, id)));
	bool there = rl_member_hand(member, gap, true);
	rl_publication_unref(gap);
	return there ? RILL_GAP : RILL_ECLOSED;
}

static int replay(struct rl_member *member, struct rl_slice since)
{
	struct rl_history *history = member->topic->history;
	/* What was asked for before is asked for anew: no limit bounds what is replayed twice. */
	rl_backlog_drop_replayed(member);
	ptrdiff_t missed = history ? rl_history_since(history, since) : -1;
	if (missed < 0)
		return tell_gap(member, since);
	for (size_t n = (size_t)missed; n > 0; n--)
		if (!rl_member_hand(member, rl_history_at(history, history->count - n), true))
			return RILL_ECLOSED;
	return 0;
}

/* An event stream that breaks before its first event can come back with nothing but this. It is only a
 * hint: one in whose way something stands does without. */
static void tell_point(struct rl_member *member)
{
	const struct rl_history *history = member->topic->history;
	struct rill_conn *conn = member->conn;
	char id[RILL_MESSAGE_ID];
	if (!history || !conn->ops->mark || conn->piece_out ||
		rl_subscriber_waits(rl_subscriber(conn)))
		return;
	conn->ops->mark(conn, rl_slice(id, (size_t)rl_history_point(history, id)));
}

static int set_up(struct rl_member *member, const rill_subscribe_options *options)
{
	struct rl_slice since = rl_slice_str(options->since);
	int rc = set_options(member, options);
	return rc < 0 || !since.len ? rc : replay(member, since);
}

int rill_subscribe(
	rill_hub *hub, const char *name, rill_conn *conn, const rill_subscribe_options *given)
{
	rill_subscribe_options options;
	struct rl_topic *topic;
	struct rl_member *member = NULL;
	struct rl_slice text = rl_slice_str(name);

	int rc = read_options(&options, given);
	if (rc < 0 || !text.len || text.len > hub->options.max_topic_name ||
		conn->loop != hub->loop)
		return RILL_EINVAL;
	/* What was published before is not for this subscription. */
	rl_conn_before_send(conn);
	if (conn->state != RILL_CONN_OPEN)
		return RILL_ECLOSED;
	rc = rl_topic_get(&topic, hub, text);
	if (rc < 0)
		return rc;
	if (rl_conn_watcher(conn))
		member = rl_subscriber_find(rl_subscriber(conn), topic);
	if (member)
		return set_up(member, &options);
	rc = rl_subscriber_add(&member, conn, topic);
	if (rc < 0) {
		rl_topic_release(topic);
		return rc;
	}
	rc = set_up(member, &options);
	if (rc == RILL_ENOMEM)
		rl_member_remove(member);
	else if (rc == 0 && !rl_slice_str(options.since).len)
		tell_point(member);
	return rc;
}

int rill_unsubscribe(rill_hub *hub, const char *topic, rill_conn *conn)
{
	if (!find_member(hub, topic, conn))
		return RILL_ENOENT;
	rl_conn_before_send(conn); /* which may close it */
	struct rl_member *member = find_member(hub, topic, conn);
	if (member)
		rl_member_remove(member);
	return 0;
}

void rill_unsubscribe_all(rill_hub *hub, rill_conn *conn)
{
	rl_conn_before_send(conn);
	if (rl_conn_watcher(conn))
		rl_subscriber_remove_all(conn, hub);
}

bool rill_subscribed(const rill_hub *hub, const char *topic, const rill_conn *conn)
{
	return find_member(hub, topic, conn) != NULL;
}

static __attribute__((noinline)) void visit(
	struct rl_walk *walk, void (*fn)(rill_conn *conn, void *user), void *user)
{
	walk->hub->walks = walk;
	while (walk->topic && walk->next < walk->end)
		fn(walk->topic->members[walk->next++]->conn, user);
	if (walk->hub)
		walk->hub->walks = walk->outer;
}

void rill_topic_each(
	rill_hub *hub, const char *name, void (*fn)(rill_conn *conn, void *user), void *user)
{
	struct rl_topic *topic = rl_topic_find(hub, rl_slice_str(name));
	if (!topic)
		return;
	struct rl_walk walk = { hub->walks, hub, topic, 0, topic->count };
	visit(&walk, fn, user);
}

int rill_topic_latest(rill_hub *hub, const char *name, char id[RILL_MESSAGE_ID])
{
	const struct rl_topic *topic = rl_topic_find(hub, rl_slice_str(name));
	id[0] = 0;
	return topic && topic->history ? rl_history_latest(topic->history, id) : 0;
}

int rill_topic_history(rill_hub *hub, const char *name, size_t messages, size_t bytes, uint32_t ms)
{
	struct rl_slice text = rl_slice_str(name);
	struct rl_topic *topic;
	if (!text.len || text.len > hub->options.max_topic_name)
		return RILL_EINVAL;
	if (!messages) {
		topic = rl_topic_find(hub, text);
		if (topic) {
			rl_history_free(topic);
			rl_topic_release(topic);
		}
		return 0;
	}
	int rc = rl_topic_get(&topic, hub, text);
	if (rc < 0)
		return rc;
	rc = rl_history_new(topic, messages, bytes, ms, true);
	if (rc < 0)
		rl_topic_release(topic);
	return rc;
}
