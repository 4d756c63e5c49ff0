/* backlog.c: what waits for slow subscribers.
 *
 * When a connection's queue is above its high-water mark, publications for it wait here, as references,
 * until the queue has sunk: in one ring for the connection, which keeps the order of all its topics,
 * and in one queue for each subscription, which has its own limits and policy. What is replayed of a
 * history waits too but counts against no limit: it was there before the subscriber could be slow, and
 * the history's limits bound it. */
#include "hub/hub.h"

/* Without a limit on messages, small ones are counted as this many bytes, lest remembering them costs
 * many times what they hold; but so many may wait in any case. */
enum { SMALLEST = 256, ALWAYS = 1024 };

struct rl_terms *rl_member_terms(struct rl_member *member)
{
	if (!member->terms) {
		rill_subscribe_options options;
		rill_subscribe_options_default(&options);
		member->terms = rl_zalloc(&member->conn->loop->env, sizeof(*member->terms));
		if (!member->terms)
			return NULL;
		member->terms->slow = options.slow;
		member->terms->max_bytes = options.max_bytes;
		member->terms->max_messages = options.max_messages;
	}
	return member->terms;
}

static size_t most_messages(const struct rl_terms *terms)
{
	if (terms->max_messages || !terms->max_bytes)
		return terms->max_messages ? terms->max_messages : SIZE_MAX;
	size_t most = terms->max_bytes / SMALLEST;
	return most > ALWAYS ? most : ALWAYS;
}

static bool fits(const struct rl_terms *terms, size_t len)
{
	if (terms->messages >= most_messages(terms))
		return false;
	return !terms->max_bytes ||
	       (terms->bytes <= terms->max_bytes && len <= terms->max_bytes - terms->bytes);
}

static void push(struct rl_wait_queue *queue, struct rl_wait *wait)
{
	wait->next = NULL;
	if (queue->last)
		queue->last->next = wait;
	else
		queue->first = wait;
	queue->last = wait;
}

static struct rl_wait_queue *queue_of(struct rl_terms *terms, bool replayed)
{
	return replayed ? &terms->replayed : &terms->live;
}

static void charge(struct rl_wait *wait, size_t cost)
{
	struct rill_conn *conn = wait->member->conn;
	if (cost > UINT32_MAX - wait->charged)
		cost = UINT32_MAX - wait->charged;
	wait->charged += (uint32_t)cost;
	conn->ops->charge(conn, (ptrdiff_t)cost);
}

static void pay(struct rl_wait *wait)
{
	wait->pays = true;
	charge(wait, wait->publication->payload->len);
}

/* A publication that waits for many is one in memory: the first pays for it, and who has it no longer
 * leaves that to the next. */
static void begin_waiting(struct rl_wait *wait)
{
	struct rl_list *others = &wait->publication->waiting;
	charge(wait, sizeof(*wait));
	if (rl_list_empty(others))
		pay(wait);
	rl_list_append(others, &wait->shared);
}

static void end_waiting(struct rl_wait *wait)
{
	struct rill_conn *conn = wait->member->conn;
	struct rl_list *others = &wait->publication->waiting;
	rl_list_remove(&wait->shared);
	conn->ops->charge(conn, -(ptrdiff_t)wait->charged);
	if (wait->pays && !rl_list_empty(others))
		pay(rl_container(others->next, struct rl_wait, shared));
}

static int put(struct rl_member *member, struct rl_publication *publication, bool replayed)
{
	struct rl_more *more = rl_subscriber_more(member->conn);
	struct rl_terms *terms = member->terms;
	size_t len = publication->payload->len;
	struct rl_wait *wait = more ? rl_alloc(&member->conn->loop->env, sizeof(*wait)) : NULL;
	if (!wait)
		return RILL_ENOMEM;
	*wait = (struct rl_wait){
		.member = member,
		.publication = rl_publication_ref(publication),
		.replayed = replayed,
	};
	rl_list_init(&wait->node);
	rl_list_init(&wait->shared);
	if (more->waits)
		rl_list_append(more->waits, &wait->node); /* in front of the oldest: last */
	else
		more->waits = &wait->node;
	push(queue_of(terms, replayed), wait);
	if (!replayed) {
		terms->bytes += len;
		terms->messages++;
	}
	member->topic->stats.waiting += len;
	begin_waiting(wait);
	return 0;
}

/* Takes the oldest of a subscription's queue out of everything; the publication is the caller's. */
static struct rl_publication *take_first(struct rl_member *member, struct rl_wait_queue *queue)
{
	struct rl_more *more = rl_subscriber(member->conn)->more;
	struct rl_wait *wait = queue->first;
	struct rl_publication *publication = wait->publication;
	size_t len = publication->payload->len;

	queue->first = wait->next;
	if (!queue->first)
		queue->last = NULL;
	if (more->waits == &wait->node)
		more->waits = rl_list_empty(&wait->node) ? NULL : wait->node.next;
	rl_list_remove(&wait->node);
	if (!wait->replayed) {
		member->terms->bytes -= len;
		member->terms->messages--;
	}
	member->topic->stats.waiting -= len;
	end_waiting(wait);
	rl_free(&member->conn->loop->env, wait);
	return publication;
}

static size_t drop_queue(struct rl_member *member, struct rl_wait_queue *queue)
{
	size_t n = 0;
	for (; queue->first; n++)
		rl_publication_unref(take_first(member, queue));
	return n;
}

void rl_backlog_drop_replayed(struct rl_member *member)
{
	if (member->terms)
		drop_queue(member, &member->terms->replayed);
}

void rl_backlog_drop(struct rl_member *member)
{
	rl_backlog_drop_replayed(member);
	if (member->terms)
		drop_queue(member, &member->terms->live);
}

static void count_dropped(struct rl_member *member, size_t n)
{
	member->topic->stats.dropped += n;
	member->terms->dropped += n;
}

bool rl_member_give_up(struct rl_member *member, int code, const char *reason)
{
	struct rill_conn *conn = member->conn;
	rl_subscriber_took(
		rl_subscriber(conn), conn->loop->published); /* nothing more goes in front of it */
	if (rill_close(conn, code, reason) < 0)
		rill_conn_destroy(conn);
	return false;
}

bool rl_member_refuse(struct rl_member *member)
{
	struct rl_terms *terms = rl_member_terms(member);
	if (!terms)
		return rl_member_give_up(member, 1011, rill_strerror(RILL_ENOMEM));
	if (terms->slow == RILL_SLOW_CLOSE) {
		member->topic->stats.closed++;
		return rl_member_give_up(member, 1008, "too slow");
	}
	count_dropped(member, 1);
	return true;
}

/* Makes room as the policy says. */
static void make_room(struct rl_member *member, size_t len)
{
	struct rl_terms *terms = member->terms;
	if (terms->slow == RILL_SLOW_LATEST) {
		size_t n = drop_queue(member, &terms->replayed);
		count_dropped(member, n + drop_queue(member, &terms->live));
	} else if (terms->slow == RILL_SLOW_DROP_OLDEST &&
		   (!terms->max_bytes || len <= terms->max_bytes)) {
		for (; terms->live.first && !fits(terms, len); count_dropped(member, 1))
			rl_publication_unref(take_first(member, &terms->live));
	}
}

bool rl_backlog_add(struct rl_member *member, struct rl_publication *publication, bool replayed)
{
	size_t len = publication->payload->len;
	struct rl_terms *terms = rl_member_terms(member);
	int rc = RILL_ENOMEM;

	if (terms) {
		bool latest = terms->slow == RILL_SLOW_LATEST;
		if (!replayed || latest)
			make_room(member, len);
		/* The latest is always kept: without it there would be none. */
		if (!replayed && !latest && !fits(terms, len))
			return rl_member_refuse(member);
		rc = put(member, publication, replayed);
	}
	return rc < 0 ? rl_member_give_up(member, 1011, rill_strerror(rc)) : true;
}

void rl_backlog_move(struct rill_conn *conn)
{
	struct rl_subscriber *subscriber = rl_subscriber(conn);
	bool there = true, any = false;
	while (there && rl_subscriber_waits(subscriber) && !subscriber->blocked &&
		rl_conn_takes_publications(conn)) {
		struct rl_wait *wait = rl_container(subscriber->more->waits, struct rl_wait, node);
		struct rl_member *member = wait->member;
		struct rl_publication *publication = take_first(
			member, queue_of(member->terms, wait->replayed));
		there = rl_member_send(member, publication);
		rl_publication_unref(publication);
		any = true;
	}
	if (there && any && conn->ops->flush)
		conn->ops->flush(conn);
}
