/* fanout.c: what was published in this turn, to all who get it.
 *
 * It is handed out at the end of the turn, receiver by receiver: all that one gets, then its queue is
 * written out while it is in the cache, then the next. So several messages of a turn are one write to
 * each, and ten thousand connections' memory is walked through once. With so many, waiting for
 * memory costs more than all that is done with it, so what comes next is fetched ahead, in three
 * steps, because each knows only where the next lies: member, connection, stream. And it is walked in
 * the order of joining, in which the kernel's memory for them lies too.
 *
 * Small messages of one topic are joined once for all who get all of them.
 *
 * A receiver of several topics gets all of it in the order of publication, at the first of them. What
 * is sent to it by other ways during the turn has what was published before go first
 * (rl_fanout_deliver_to()); what a receiver was handed so is known by a number (taken). */
#include "hub/hub.h"
#include "net/stream.h"

/* How far ahead; and the service's own part lies right behind the connection. */
enum { FETCH_MEMBER = 8, FETCH_CONN = 5, FETCH_STREAM = 2, LINE = 64, SERVICE_PART = 2 * LINE };

static inline void prefetch(const struct rl_topic *topic, const struct rl_walk *walk)
{
	if (walk->end - walk->next <= FETCH_MEMBER)
		return;
	struct rl_member *const *members = topic->members + walk->next;
	/* Nearly always a subscriber's first, whose head may lie in the line before. */
	const struct rl_member *member = members[FETCH_MEMBER];
	__builtin_prefetch(&member->conn);
	__builtin_prefetch(&rl_container(member, struct rl_subscriber, first)->more);
	const char *conn = (const char *)members[FETCH_CONN]->conn;
	for (size_t at = 0; at < sizeof(struct rill_conn) + SERVICE_PART; at += LINE)
		__builtin_prefetch(conn + at);
	const struct rill_conn *near = members[FETCH_STREAM]->conn;
	if (near->ops->prefetch)
		near->ops->prefetch(near);
}

static bool excepted(const struct rl_pending *message, uint64_t id)
{
	size_t from = 0, to = message->except_count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (message->except[middle] == id)
			return true;
		if (message->except[middle] < id)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

/* The queue is full: does the kernel take it right now? */
static bool still_full(struct rill_conn *conn)
{
	if (!conn->ops->flush)
		return true;
	conn->ops->flush(conn);
	return conn->ops->queued(conn) > 0;
}

bool rl_member_send(struct rl_member *member, struct rl_publication *publication)
{
	struct rill_conn *conn = member->conn;
	bool late = !publication->encoded; /* from a backlog or a history */
	if (late)
		publication->encoded = &member->topic->stats.encoded;
	int rc = rl_conn_publish(conn, publication);
	if (late)
		publication->encoded = NULL;
	/* One of its extensions has failed, which ends it and all its subscriptions at once. */
	if (!rl_conn_watcher(conn))
		return false;
	rill_topic_stats *stats = &member->topic->stats;
	if (rc >= 0) {
		stats->delivered++;
		if (rc > 0)
			rl_subscriber(conn)->blocked = still_full(conn);
		return true;
	}
	switch (rc) {
	case RILL_EUNSUPPORTED: /* its protocol does not have that kind */
		stats->dropped++;
		return true;
	case RILL_ECLOSED: /* lost; that will be told */
		return true;
	case RILL_ETOOBIG:
		return rl_member_refuse(member);
	default:
		return rl_member_give_up(member, 1011, rill_strerror(rc));
	}
}

bool rl_member_hand(struct rl_member *member, struct rl_publication *publication, bool replayed)
{
	const struct rill_conn *conn = member->conn;
	const struct rl_subscriber *subscriber = rl_subscriber(conn);
	if (rl_subscriber_waits(subscriber) || subscriber->blocked || conn->piece_out)
		return rl_backlog_add(member, publication, replayed);
	return rl_member_send(member, publication);
}

static inline bool hand(struct rl_member *member, const struct rl_pending *message)
{
	if (message->except_count && excepted(message, member->conn->id))
		return true;
	return rl_member_hand(member, message->publication, false);
}

/* All that is pending for a receiver of several topics, in order. */
static bool hand_all(struct rill_hub *hub, struct rill_conn *conn)
{
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	uint64_t i = subscriber->taken > hub->base ? subscriber->taken - hub->base : 0;
	rl_subscriber_took(subscriber, hub->base + hub->pending_count);
	for (; i < hub->pending_count; i++) {
		const struct rl_pending *message = &hub->pending[i];
		struct rl_member *member = rl_subscriber_find(subscriber, message->topic);
		if (member && !hand(member, message))
			return false;
	}
	return true;
}

/* Not all of a bundle went out at once. */
static __attribute__((noinline)) void wait_for_room(
	struct rill_conn *conn, const struct rl_stream *stream, bool full)
{
	rl_conn_note_queue(conn, rl_stream_queued(stream));
	if (full)
		rl_subscriber(conn)->blocked = still_full(conn);
	else if (conn->ops->flush)
		conn->ops->flush(conn);
}

/* False: it has to be sent one by one.
 *
 * From here the engine is one call away (the stream's own ends in it): behind a system call each return is
 * mispredicted, because the kernel leaves nothing of use in the processor's stack of return addresses,
 * and those through stream, service and connection cost 1 % of a delivery. */
static inline bool send_bundle(struct rill_conn *conn, const struct rl_batch *batch)
{
	struct rl_stream *stream;
	if (!conn->ops->shared || !rl_conn_takes_publications(conn))
		return false;
	struct rl_blob *blob = conn->ops->shared(conn, batch->bundle, &stream);
	if (!blob)
		return false;
	int rc = rl_stream_write_shared(stream, blob);
	if (rc < 0)
		return false;
	conn->messages_out += batch->count;
	conn->bytes_out += batch->bytes;
	if (rl_stream_queued(stream))
		wait_for_room(conn, stream, rc > 0);
	return true;
}

/* Nothing stands in the way of a receiver getting all that is pending of a topic at once; and it got it. */
static inline bool hand_bundle(
	struct rill_hub *hub, struct rl_topic *topic, struct rill_conn *conn, const struct rl_batch *batch)
{
	const struct rl_subscriber *subscriber = rl_subscriber(conn);
	if (!batch->bundle || rl_subscriber_waits(subscriber) || subscriber->blocked ||
		subscriber->taken > hub->base + topic->first || !send_bundle(conn, batch))
		return false;
	topic->stats.delivered += batch->count;
	return true;
}

/* All that is pending of the only topic of a receiver, or of the only topic of all. */
static bool hand_topic(struct rill_hub *hub, const struct rl_topic *topic, struct rl_member *member)
{
	uint64_t taken = rl_subscriber(member->conn)->taken;
	for (uint32_t i = topic->first; i != RL_PENDING_NONE; i = hub->pending[i].next)
		if (hub->base + i >= taken && !hand(member, &hub->pending[i]))
			return false;
	return true;
}

/* One message, or several small ones, for everybody: each receiver gets the same bytes in one go. Who is
 * excepted from one needs them one by one, and so does who has no kind for one. */
static void make_batch(struct rill_hub *hub, const struct rl_topic *topic, struct rl_batch *batch)
{
	bool join = topic->count > 1;
	batch->count = 0;
	batch->bytes = 0;
	batch->bundle = NULL;
	for (uint32_t i = topic->first; i != RL_PENDING_NONE && join; i = hub->pending[i].next) {
		struct rl_publication *publication = hub->pending[i].publication;
		batch->parts[batch->count++] = publication;
		batch->bytes += publication->payload->len;
		join = !hub->pending[i].except_count && publication->kind != RILL_JSON &&
		       (batch->count == 1 || batch->bytes <= RL_BUNDLE_BYTES);
	}
	if (join)
		batch->bundle = rl_publication_bundle(rl_hub_env(hub), batch->parts, batch->count);
}

static void deliver_topic(struct rill_hub *hub, struct rl_topic *topic, bool alone)
{
	struct rl_batch batch;
	struct rl_walk walk = { hub->walks, hub, topic, 0, topic->count };
	make_batch(hub, topic, &batch);
	hub->walks = &walk;
	while (walk.next < walk.end) {
		prefetch(topic, &walk);
		struct rl_member *member = topic->members[walk.next++];
		struct rill_conn *conn = member->conn;
		bool whole = alone || !rl_subscriber_has_table(rl_subscriber(conn));
		if (whole && hand_bundle(hub, topic, conn, &batch))
			continue;
		bool there = whole ? hand_topic(hub, topic, member) : hand_all(hub, conn);
		if (there && conn->ops->flush)
			conn->ops->flush(conn);
	}
	hub->walks = walk.outer;
	rl_publication_unref(batch.bundle);
}

static void drop_pending(struct rill_hub *hub)
{
	for (uint32_t i = 0; i < hub->pending_count; i++) {
		hub->pending[i].publication->encoded = NULL;
		rl_publication_unref(hub->pending[i].publication);
		rl_free(rl_hub_env(hub), hub->pending[i].except);
	}
	hub->pending_count = 0;
	hub->pending_bytes = 0;
	hub->loop->publishing = NULL;
}

void rl_fanout_deliver(struct rill_hub *hub)
{
	struct rl_list *topics = &hub->topics_pending;
	if (!hub->pending_count)
		return;
	assert(!hub->handing);
	hub->handing = true;
	bool alone = topics->next == topics->prev;
	rl_list_each (node, topics)
		deliver_topic(hub, rl_container(node, struct rl_topic, pending), alone);
	drop_pending(hub);
	hub->handing = false;
	while (!rl_list_empty(topics)) {
		struct rl_topic *topic = rl_container(topics->next, struct rl_topic, pending);
		rl_list_remove(&topic->pending);
		rl_topic_release(topic);
	}
}

void rl_fanout_task(struct rl_task *task)
{
	rl_fanout_deliver(rl_container(task, struct rill_hub, task));
}

void rl_fanout_deliver_to(struct rill_conn *conn)
{
	struct rill_hub *hub = conn->loop->publishing;
	if (!hub || !rl_conn_watcher(conn))
		return;
	bool outer = hub->handing;
	hub->handing = true;
	hand_all(hub, conn);
	hub->handing = outer;
}

void rl_fanout_begin(struct rill_hub *hub)
{
	struct rill_hub *publishing = hub->loop->publishing;
	if (publishing && publishing != hub)
		rl_fanout_deliver(publishing);
}

void rl_fanout_add(struct rill_hub *hub, struct rl_topic *topic, const struct rl_pending *message)
{
	struct rill_loop *loop = hub->loop;
	assert(!loop->publishing || loop->publishing == hub);
	if (!hub->pending_count) {
		hub->base = loop->published;
		loop->publishing = hub;
		rl_loop_defer_writes(loop, &hub->task);
	}
	uint32_t i = hub->pending_count++;
	loop->published++;
	hub->pending[i] = *message;
	hub->pending[i].topic = topic;
	hub->pending[i].next = RL_PENDING_NONE;
	if (rl_list_empty(&topic->pending)) {
		rl_list_append(&hub->topics_pending, &topic->pending);
		topic->first = i;
	} else {
		hub->pending[topic->last].next = i;
	}
	topic->last = i;
	hub->pending_bytes += message->publication->payload->len;
	if (hub->pending_count == RL_PENDING_MAX || hub->pending_bytes > RL_PENDING_BYTES)
		rl_fanout_deliver(hub);
}
