/* subscriber.c: a connection's subscriptions: most have one, which lies in the subscriber; of more
 * there is a table by topic (open addressing). */
#include "hub/hub.h"

/* A place that was taken; a search goes on behind it. */
static struct rl_member removed;

enum { FIRST_LOG_ROOM = 2 };

static uint32_t room_of(const struct rl_subscriber *subscriber)
{
	return subscriber->log_room ? 1u << subscriber->log_room : 0;
}

/* Fibonacci hashing: topics are made by us, where malloc puts them. */
static uint32_t home(const struct rl_topic *topic, uint32_t log_room)
{
	return (uint32_t)(((uint64_t)(uintptr_t)topic * 0x9e3779b97f4a7c15u) >> (64 - log_room));
}

struct rl_member *rl_subscriber_find(
	const struct rl_subscriber *subscriber, const struct rl_topic *topic)
{
	if (!subscriber->log_room) {
		struct rl_member *one = subscriber->members.one;
		return one && one->topic == topic ? one : NULL;
	}
	uint32_t mask = room_of(subscriber) - 1, i = home(topic, subscriber->log_room);
	struct rl_member *member;
	while ((member = subscriber->members.table[i & mask])) {
		if (member->topic == topic)
			return member;
		i++;
	}
	return NULL;
}

static void place(struct rl_member **table, uint32_t log_room, struct rl_member *member)
{
	uint32_t mask = (1u << log_room) - 1, i = home(member->topic, log_room);
	while (table[i & mask])
		i++;
	table[i & mask] = member;
}

/* A table with room for one more, without the places that were taken once. */
static int remake_table(struct rl_subscriber *subscriber, const struct rl_env *env)
{
	uint32_t log_room = FIRST_LOG_ROOM, old_room = room_of(subscriber);
	while ((1u << log_room) / 2 <= subscriber->count)
		log_room++;
	struct rl_member **table = rl_zalloc(env, sizeof(struct rl_member *) << log_room);
	if (!table)
		return RILL_ENOMEM;
	if (!old_room) {
		place(table, log_room, subscriber->members.one);
	} else {
		for (uint32_t i = 0; i < old_room; i++) {
			struct rl_member *member = subscriber->members.table[i];
			if (member && member != &removed)
				place(table, log_room, member);
		}
		rl_free(env, subscriber->members.table);
	}
	subscriber->members.table = table;
	subscriber->log_room = log_room & 31;
	subscriber->used = subscriber->count;
	return 0;
}

/* A place for one more; a quarter of the places stays empty, so that searches end. */
static int make_place(struct rl_subscriber *subscriber, const struct rl_env *env)
{
	uint32_t room = room_of(subscriber);
	if (room ? subscriber->used < room - room / 4 : !subscriber->count)
		return 0;
	return remake_table(subscriber, env);
}

static void free_subscriber(struct rill_conn *conn)
{
	const struct rl_env *env = &conn->loop->env;
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	if (subscriber->log_room)
		rl_free(env, subscriber->members.table);
	rl_free(env, subscriber);
	conn->watcher = NULL;
}

static struct rl_member *new_member(struct rl_subscriber *subscriber, const struct rl_env *env)
{
	if (subscriber->first.topic)
		return rl_zalloc(env, sizeof(struct rl_member));
	subscriber->first = (struct rl_member){ 0 };
	return &subscriber->first;
}

static void free_member(struct rl_member *member)
{
	struct rill_conn *conn = member->conn;
	rl_free(&conn->loop->env, member->terms);
	if (member == &rl_subscriber(conn)->first)
		member->topic = NULL;
	else
		rl_free(&conn->loop->env, member);
}

static int add_to(struct rl_member **result, struct rl_subscriber *subscriber,
	struct rill_conn *conn, struct rl_topic *topic)
{
	const struct rl_env *env = &conn->loop->env;
	int rc = make_place(subscriber, env);
	if (rc < 0)
		return rc;
	struct rl_member *member = new_member(subscriber, env);
	if (!member)
		return RILL_ENOMEM;
	member->conn = conn;
	rc = rl_topic_join(topic, member);
	if (rc < 0) {
		free_member(member);
		return rc;
	}
	if (subscriber->log_room)
		place(subscriber->members.table, subscriber->log_room, member);
	else
		subscriber->members.one = member;
	subscriber->used++;
	subscriber->count++;
	*result = member;
	return 0;
}

int rl_subscriber_add(struct rl_member **member, struct rill_conn *conn, struct rl_topic *topic)
{
	if (!conn->watcher) {
		struct rl_subscriber *subscriber = rl_zalloc(&conn->loop->env, sizeof(*subscriber));
		if (!subscriber)
			return RILL_ENOMEM;
		subscriber->watcher.ops = &rl_subscriber_ops;
		subscriber->taken = conn->loop->published;
		conn->watcher = &subscriber->watcher;
	}
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	size_t limit = topic->hub->options.max_subscriptions;
	int rc = RILL_ELIMIT;
	if (subscriber->count < RL_SUBSCRIPTIONS_MAX && (!limit || subscriber->count < limit))
		rc = add_to(member, subscriber, conn, topic);
	if (!subscriber->count)
		free_subscriber(conn);
	return rc;
}

/* Ends a subscription that its subscriber has forgotten already. */
static void end(struct rl_member *member)
{
	struct rl_topic *topic = member->topic;
	rl_backlog_drop(member);
	rl_topic_leave(member);
	free_member(member);
	rl_topic_release(topic);
}

static void forget(struct rl_subscriber *subscriber, struct rl_member *member)
{
	subscriber->count--;
	if (!subscriber->log_room) {
		subscriber->members.one = NULL;
		subscriber->used = 0;
		return;
	}
	uint32_t mask = room_of(subscriber) - 1, i = home(member->topic, subscriber->log_room);
	while (subscriber->members.table[i & mask] != member)
		i++;
	subscriber->members.table[i & mask] = &removed;
}

void rl_member_remove(struct rl_member *member)
{
	struct rill_conn *conn = member->conn;
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	forget(subscriber, member);
	end(member);
	if (!subscriber->count)
		free_subscriber(conn);
}

void rl_subscriber_remove_all(struct rill_conn *conn, const struct rill_hub *hub)
{
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	struct rl_member **table = subscriber->members.table;
	uint32_t room = room_of(subscriber);

	if (!room) {
		struct rl_member *one = subscriber->members.one;
		if (!hub || one->topic->hub == hub)
			rl_member_remove(one);
		return;
	}
	for (uint32_t i = 0; i < room; i++) {
		struct rl_member *member = table[i];
		if (!member || member == &removed || (hub && member->topic->hub != hub))
			continue;
		table[i] = &removed;
		subscriber->count--;
		end(member);
	}
	if (!subscriber->count)
		free_subscriber(conn);
}

static void before_send(struct rill_conn *conn, struct rl_conn_watcher *watcher)
{
	(void)watcher;
	if (conn->loop->publishing)
		rl_fanout_deliver_to(conn);
}

static void drained(struct rill_conn *conn, struct rl_conn_watcher *watcher)
{
	rl_container(watcher, struct rl_subscriber, watcher)->blocked = 0;
	rl_backlog_move(conn);
}

static void closed(struct rill_conn *conn, struct rl_conn_watcher *watcher)
{
	(void)watcher;
	rl_subscriber_remove_all(conn, NULL);
}

const struct rl_conn_watcher_ops rl_subscriber_ops = {
	.before_send = before_send,
	.drained = drained,
	.closed = closed,
};
