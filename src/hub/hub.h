/* hub.h: the inside of a hub: topics, their members, what is pending, what waits.
 *
 *   hub.c         the hub, its options, publishing
 *   subscribe.c   what a program does with topics and subscribers
 *   topic.c       the table of topics, and the members of one
 *   subscriber.c  a connection's subscriptions
 *   fanout.c      what was published in this turn, to all who get it
 *   backlog.c     what waits for slow subscribers
 *   history.c     what was published, with ids
 *   mailbox.c     what other threads publish
 *   stats.c       counters
 *
 * A topic has an array of members; a member is one subscription of one connection. The connection has
 * a subscriber, which is its watcher (conn.h): all its subscriptions, in all hubs of the loop.
 *
 * Nothing here calls up but rill_topic_each(). While messages are handed out, those who are too slow are
 * closed; and taps and extensions of the program look at what is sent, and may do anything to others:
 * so that walk too is one that keeps its place, and what they publish goes by way of the mailbox. */
#ifndef RL_HUB_HUB_H
#define RL_HUB_HUB_H

#include <rill/hub.h>
#include "base/list.h"
#include "base/siphash.h"
#include "conn/conn.h"
#include "conn/publication.h"
#include "net/loop.h"

struct rl_mailbox;
struct rl_wait;

/* One subscription. */
struct rl_member {
	struct rl_topic *topic;
	struct rill_conn *conn;
	struct rl_terms *terms; /* NULL: the default options, and nothing has waited yet */
	uint32_t index;         /* in topic->members */
};

/* What few members need. */
struct rl_terms {
	rill_slow slow;
	size_t max_bytes, max_messages; /* 0: no limit */
	size_t bytes, messages;         /* what waits, but for what is replayed of a history */
	uint64_t dropped;
	struct rl_wait_queue {
		struct rl_wait *first, *last;
	} live, replayed; /* of this subscription, oldest first */
};

/* A connection's subscriptions: 64 bytes of the heap for nearly all of them. */
struct rl_subscriber {
	struct rl_conn_watcher watcher;
	struct rl_more *more;   /* NULL: one subscription, and nothing waits */
	uint64_t taken : 63;    /* what was published before this number is done for it */
	uint64_t blocked : 1;   /* its queue is full: publications wait until it drains */
	struct rl_member first; /* most have one; free while topic is NULL */
};

/* What few subscribers need. */
struct rl_more {
	struct rl_member **table; /* 1 << log_room places, by topic */
	uint32_t log_room;        /* 0: no table yet, there is the first alone */
	uint32_t count;           /* in the table */
	uint32_t used;            /* places that are or were taken */
	struct rl_list *waits; /* the oldest struct rl_wait; a ring by node. NULL: nothing waits */
};
#define RL_SUBSCRIPTIONS_MAX (1u << 26)

/* A publication that waits for a slow subscriber. */
struct rl_wait {
	struct rl_list node;  /* in the subscriber's ring: all that waits, in order */
	struct rl_wait *next; /* of the same subscription and queue */
	struct rl_member *member;
	struct rl_publication *publication;
	struct rl_list shared; /* in publication->waiting */
	uint32_t charged;      /* to the connection */
	bool pays;             /* for the publication's payload */
	bool replayed;
};

/* Messages a topic has kept, oldest first. */
struct rl_history {
	struct rl_topic *topic;
	struct rl_timer timer; /* when the oldest is too old */
	struct rl_remembered {
		struct rl_publication *publication;
		uint64_t at; /* when it was published */
	} * ring;
	size_t first, count, room; /* room: a power of two, or 0 */
	size_t bytes;
	uint64_t last; /* number of the latest message; 0: none yet */
	size_t max_messages, max_bytes;
	uint32_t max_ms;
	bool asked;                   /* by rill_topic_history(): stays without messages too */
	char prefix[RILL_MESSAGE_ID]; /* "ORIGIN-EPOCH-" */
};

struct rl_topic {
	struct rill_hub *hub;
	struct rl_topic *next; /* in its bucket */
	uint64_t hash;
	struct rl_list pending; /* in hub->topics_pending */
	uint32_t first, last;   /* of hub->pending, while in that list */
	struct rl_member **members;
	uint32_t count, room;
	struct rl_history *history; /* NULL: none */
	rill_topic_stats stats;     /* counters; the rest is filled in when it is read */
	size_t name_len;
	char name[];
};

/* So many messages or bytes are handed out at once rather than at the end of the turn. */
#define RL_PENDING_MAX   256
#define RL_PENDING_BYTES ((size_t)1024 * 1024)
#define RL_PENDING_NONE  UINT32_MAX
/* Small messages up to so many bytes together are joined. */
#define RL_BUNDLE_BYTES ((size_t)16 * 1024)

/* What was published and is not handed to the receivers yet. */
struct rl_pending {
	struct rl_publication *publication;
	struct rl_topic *topic;
	uint64_t *except; /* sorted; owned */
	size_t except_count;
	uint32_t next; /* of the same topic */
};

/* What is pending of one topic, while it is handed out. */
struct rl_batch {
	uint32_t count;
	struct rl_publication *bundle; /* NULL: one by one */
	size_t bytes;
	struct rl_publication *parts[RL_PENDING_MAX];
};

/* A walk over the members of a topic in which the program may be called: see rl_topic_leave(). */
struct rl_walk {
	struct rl_walk *outer;
	struct rill_hub *hub;   /* NULL: freed meanwhile */
	struct rl_topic *topic; /* NULL: gone meanwhile */
	uint32_t next, end;     /* members[next ... end - 1] are to be visited; later ones have come since */
};

struct rill_hub {
	struct rill_loop *loop;
	rill_hub_options options;
	char origin[17];
	uint8_t key[RL_SIPHASH_KEY];
	struct rl_topic **buckets;
	size_t bucket_count; /* a power of two */
	size_t topic_count;
	uint64_t next_epoch;
	struct rl_task task; /* hands out what is pending at the end of the turn */
	struct rl_list topics_pending;
	uint64_t base; /* number of pending[0] among all that was published on the loop */
	uint32_t pending_count;
	bool handing; /* what is pending is being handed out: nothing may be added */
	size_t pending_bytes;
	struct rl_mailbox *mailbox;
	struct rl_walk *walks;
	rill_topic_stats past; /* of topics that are gone */
	struct rl_pending pending[RL_PENDING_MAX];
};

static inline const struct rl_env *rl_hub_env(const struct rill_hub *hub)
{
	return &hub->loop->env;
}

/* Publishes on the loop's thread. The publication's reference and except (sorted) are taken over,
 * whatever comes of it. 0, RILL_ELIMIT, RILL_ENOMEM. */
int rl_hub_take(struct rill_hub *hub, struct rl_slice topic, struct rl_publication *publication,
	uint64_t *except, size_t except_count, bool transient);

/* topic.c */
struct rl_topic *rl_topic_find(const struct rill_hub *hub, struct rl_slice name);
/* Finds it or makes it, with the hub's default history. 0, RILL_ELIMIT, RILL_ENOMEM. */
int rl_topic_get(struct rl_topic **topic, struct rill_hub *hub, struct rl_slice name);
/* Frees it when nothing holds it any more: no member, no history, nothing pending. */
void rl_topic_release(struct rl_topic *topic);
int rl_topic_join(struct rl_topic *topic, struct rl_member *member);
void rl_topic_leave(struct rl_member *member);
void rl_topic_free(struct rl_topic *topic);

/* subscriber.c */
extern const struct rl_conn_watcher_ops rl_subscriber_ops;
static inline struct rl_subscriber *rl_subscriber(const struct rill_conn *conn)
{
	return rl_container(rl_conn_watcher(conn), struct rl_subscriber, watcher);
}
static inline void rl_subscriber_took(struct rl_subscriber *subscriber, uint64_t before)
{
	subscriber->taken = before & (UINT64_MAX >> 1);
}
static inline bool rl_subscriber_waits(const struct rl_subscriber *subscriber)
{
	return subscriber->more && subscriber->more->waits;
}
static inline bool rl_subscriber_has_table(const struct rl_subscriber *subscriber)
{
	return subscriber->more && subscriber->more->log_room;
}
/* NULL: out of memory. */
struct rl_more *rl_subscriber_more(struct rill_conn *conn);
/* NULL: not subscribed. */
struct rl_member *rl_subscriber_find(
	const struct rl_subscriber *subscriber, const struct rl_topic *topic);
/* Subscribes conn to a topic it is not subscribed to. 0, RILL_ELIMIT, RILL_ENOMEM. */
int rl_subscriber_add(struct rl_member **member, struct rill_conn *conn, struct rl_topic *topic);
/* Ends a subscription; the topic, and a subscriber without any, are gone then. */
void rl_member_remove(struct rl_member *member);
void rl_subscriber_remove_all(struct rill_conn *conn, const struct rill_hub *hub);

/* fanout.c */
/* This hub is about to publish: what another of the loop published before goes first. That may close
 * who is too slow, and end topics of this hub too. */
void rl_fanout_begin(struct rill_hub *hub);
void rl_fanout_add(struct rill_hub *hub, struct rl_topic *topic, const struct rl_pending *message);
/* Hands out all that is pending. */
void rl_fanout_deliver(struct rill_hub *hub);
void rl_fanout_task(struct rl_task *task);
/* Hands out what is pending for this one. */
void rl_fanout_deliver_to(struct rill_conn *conn);
/* Is something being handed out right now? For the loop's thread. */
static inline bool rl_fanout_under_way(const struct rill_loop *loop)
{
	return loop->publishing && loop->publishing->handing;
}
/* Hands one publication over, or lets it wait; or does the first without asking. False: the connection
 * was closed for it, and with it went the subscriber. */
bool rl_member_hand(struct rl_member *member, struct rl_publication *publication, bool replayed);
bool rl_member_send(struct rl_member *member, struct rl_publication *publication);

/* backlog.c */
/* The member's terms, made when they are not there yet; NULL when out of memory. */
struct rl_terms *rl_member_terms(struct rl_member *member);
bool rl_backlog_add(struct rl_member *member, struct rl_publication *publication, bool replayed);
/* Hands over what waits, as far as there is room. */
void rl_backlog_move(struct rill_conn *conn);
/* Drops what waits for a subscription, or of that what is replayed. */
void rl_backlog_drop(struct rl_member *member);
void rl_backlog_drop_replayed(struct rl_member *member);
/* A message does not fit: what the subscription's policy says. Results of rl_member_hand(). */
bool rl_member_refuse(struct rl_member *member);
/* Closes the connection; false. */
bool rl_member_give_up(struct rl_member *member, int code, const char *reason);

/* history.c */
int rl_history_new(struct rl_topic *topic, size_t messages, size_t bytes, uint32_t ms, bool asked);
void rl_history_free(struct rl_topic *topic);
/* Keeps one and gives it its id. 0 or RILL_ENOMEM. */
int rl_history_add(struct rl_history *history, struct rl_publication *publication);
void rl_history_expire(struct rl_history *history);
/* What follows a message: how many of the latest; -1: that is not known whole. */
ptrdiff_t rl_history_since(struct rl_history *history, struct rl_slice id);
/* The n-th of those kept. */
static inline struct rl_publication *rl_history_at(const struct rl_history *history, size_t n)
{
	return history->ring[(history->first + n) & (history->room - 1)].publication;
}
int rl_history_latest(const struct rl_history *history, char id[RILL_MESSAGE_ID]);
/* The same; before the first message an id that all of them come after. */
int rl_history_point(const struct rl_history *history, char id[RILL_MESSAGE_ID]);

/* mailbox.c */
int rl_mailbox_new(struct rill_hub *hub);
/* Publishes what is in it, and lets go of the hub. */
void rl_mailbox_close(struct rill_hub *hub);
/* Any thread; publication and except as in rl_hub_take(). 0, RILL_ELIMIT, RILL_ENOMEM. */
int rl_mailbox_put(struct rl_mailbox *mailbox, struct rl_slice topic,
	struct rl_publication *publication, uint64_t *except, size_t except_count, bool transient);
/* Publishes what is in it. */
void rl_mailbox_empty(struct rl_mailbox *mailbox);

/* stats.c */
void rl_stats_add(rill_topic_stats *to, const rill_topic_stats *more);

#endif
