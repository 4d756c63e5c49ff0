/* subscriber.c: a connection's subscriptions: most have one, which lies in the subscriber; of more
 * there is a table by topic (open addressing). */
#include "hub/hub.h"

/* A place that was taken; a search goes on behind it. Nobody looks at it or writes to it. */
static const struct rl_member place_that_was_taken;
#define REMOVED ((struct rl_member *)(uintptr_t)&place_that_was_taken)

enum { FIRST_LOG_ROOM = 2 };

struct rl_more *rl_subscriber_more(struct rill_conn *conn)
{
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	if (!subscriber->more)
		subscriber->more = rl_zalloc(&conn->loop->env, sizeof(*subscriber->more));
	return subscriber->more;
}

static uint32_t count_of(const struct rl_subscriber *subscriber)
{
	return rl_subscriber_has_table(subscriber) ? subscriber->more->count
						   : subscriber->first.topic != NULL;
}

/* Fibonacci hashing: topics are made by us, where malloc puts them. */
static uint32_t home(const struct rl_topic *topic, uint32_t log_room)
{
	return (uint32_t)(((uint64_t)(uintptr_t)topic * 0x9e3779b97f4a7c15u) >> (64 - log_room));
}

struct rl_member *rl_subscriber_find(
	const struct rl_subscriber *subscriber, const struct rl_topic *topic)
{
	const struct rl_more *more = subscriber->more;
	if (!rl_subscriber_has_table(subscriber))
		return subscriber->first.topic == topic ? (struct rl_member *)&subscriber->first
							: NULL;
	uint32_t mask = (1u << more->log_room) - 1, i = home(topic, more->log_room);
	struct rl_member *member;
	while ((member = more->table[i & mask])) {
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
	struct rl_more *more = subscriber->more;
	uint32_t log_room = FIRST_LOG_ROOM, count = count_of(subscriber);
	while ((1u << log_room) / 2 <= count)
		log_room++;
	struct rl_member **table = rl_zalloc(env, sizeof(struct rl_member *) << log_room);
	if (!table)
		return RILL_ENOMEM;
	if (!more->log_room)
		place(table, log_room, &subscriber->first);
	for (uint32_t i = 0; more->log_room && i < 1u << more->log_room; i++)
		if (more->table[i] && more->table[i] != REMOVED)
			place(table, log_room, more->table[i]);
	rl_free(env, more->table);
	more->table = table;
	more->log_room = log_room;
	more->count = more->used = count;
	return 0;
}

/* A place for one more; a quarter of the places stays empty, so that searches end. */
static int make_place(struct rill_conn *conn)
{
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	if (!count_of(subscriber))
		return 0;
	struct rl_more *more = rl_subscriber_more(conn);
	if (!more)
		return RILL_ENOMEM;
	uint32_t room = more->log_room ? 1u << more->log_room : 0;
	return more->used < room - room / 4 ? 0 : remake_table(subscriber, &conn->loop->env);
}

static void free_subscriber(struct rill_conn *conn)
{
	const struct rl_env *env = &conn->loop->env;
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	if (subscriber->more)
		rl_free(env, subscriber->more->table);
	rl_free(env, subscriber->more);
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
	int rc = make_place(conn);
	if (rc < 0)
		return rc;
	struct rl_member *member = new_member(subscriber, &conn->loop->env);
	if (!member)
		return RILL_ENOMEM;
	member->conn = conn;
	rc = rl_topic_join(topic, member);
	if (rc < 0) {
		free_member(member);
		return rc;
	}
	if (rl_subscriber_has_table(subscriber)) {
		place(subscriber->more->table, subscriber->more->log_room, member);
		subscriber->more->used++;
		subscriber->more->count++;
	}
	*result = member;
	return 0;
}

int rl_subscriber_add(struct rl_member **member, struct rill_conn *conn, struct rl_topic *topic)
{
	if (!rl_conn_watcher(conn)) {
		struct rl_subscriber *subscriber = rl_zalloc(&conn->loop->env, sizeof(*subscriber));
		if (!subscriber)
			return RILL_ENOMEM;
		subscriber->watcher.ops = &rl_subscriber_ops;
		rl_subscriber_took(subscriber, conn->loop->published);
		conn->watcher = &subscriber->watcher;
	}
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	size_t limit = topic->hub->options.max_subscriptions;
	uint32_t count = count_of(subscriber);
	int rc = RILL_ELIMIT;
	if (count < RL_SUBSCRIPTIONS_MAX && (!limit || count < limit))
		rc = add_to(member, subscriber, conn, topic);
	if (!count_of(subscriber))
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

static void forget(struct rl_subscriber *subscriber, const struct rl_member *member)
{
	struct rl_more *more = subscriber->more;
	if (!rl_subscriber_has_table(subscriber))
		return;
	uint32_t mask = (1u << more->log_room) - 1, i = home(member->topic, more->log_room);
	while (more->table[i & mask] != member)
		i++;
	more->table[i & mask] = REMOVED;
	more->count--;
}

void rl_member_remove(struct rl_member *member)
{
	struct rill_conn *conn = member->conn;
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	forget(subscriber, member);
	end(member);
	if (!count_of(subscriber))
		free_subscriber(conn);
}

void rl_subscriber_remove_all(struct rill_conn *conn, const struct rill_hub *hub)
{
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	struct rl_more *more = subscriber->more;

	if (!rl_subscriber_has_table(subscriber)) {
		if (!hub || subscriber->first.topic->hub == hub)
			rl_member_remove(&subscriber->first);
		return;
	}
	for (uint32_t i = 0; i < 1u << more->log_room; i++) {
		struct rl_member *member = more->table[i];
		if (!member || member == REMOVED || (hub && member->topic->hub != hub))
			continue;
		more->table[i] = REMOVED;
		more->count--;
		end(member);
	}
	if (!more->count)
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
