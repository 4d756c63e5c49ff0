/* rill/hub.h: topics: one message to many connections, whatever protocol carries each.
 *
 *     rill_hub_new(&hub, loop, NULL);
 *     rill_subscribe(hub, "news", conn, NULL);             // in on_open
 *     rill_publish(hub, "news", RILL_TEXT, "hello", 5);    // from any thread
 *
 * A message is encoded once for each form it needs on the wire (a WebSocket frame, that frame
 * deflated, an event of an event stream) and shared by all receivers. What is published in one turn
 * of the loop leaves each receiver in one write. A connection receives in the order in which things
 * were published and sent to it, but that rill_send() goes past what waits for it when it is slow. When
 * it closes, its subscriptions end by themselves.
 *
 * A topic exists while it has subscribers or a history. A hub belongs to a loop and is used on its
 * thread, but for rill_publish() and rill_publish_event(), which any thread may call. */
#ifndef RILL_HUB_H
#define RILL_HUB_H

#include <rill/base.h>
#include <rill/conn.h>
#include <rill/error.h>
#include <rill/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_hub rill_hub;

typedef struct rill_hub_options {
	size_t size; /* set by rill_hub_options_default() */
	size_t max_topics;       /* more are refused with RILL_ELIMIT. 0: no limit. 1,000,000 */
	size_t max_topic_name;   /* bytes. 1,024 */
	size_t max_subscriptions; /* of one connection. 0: no limit. 10,000 */
	/* History of topics for which rill_topic_history() says nothing else: how many messages, how
	 * many bytes of them, how old. 0 messages: none, which is the default. */
	size_t history_messages;
	size_t history_bytes;  /* 1 MiB */
	uint32_t history_ms;   /* 0: any age. 5 min */
	/* Bytes published from other threads and not yet taken by the loop; above it rill_publish() says
	 * RILL_ELIMIT. 64 MiB */
	size_t max_mailbox;
	/* This node in message ids: 1 to 16 of [A-Za-z0-9]. NULL: drawn at random. Copied. */
	const char *origin;
} rill_hub_options;

RILL_API void rill_hub_options_init(rill_hub_options *options, size_t size);
#define rill_hub_options_default(options) rill_hub_options_init((options), sizeof(*(options)))

/* Makes a hub without topics. options NULL: the defaults; copied. Returns 0, RILL_EINVAL, RILL_ENOMEM. */
RILL_API int rill_hub_new(rill_hub **hub, rill_loop *loop, const rill_hub_options *options);

/* Ends all subscriptions (the connections live on) and frees; before the loop is freed, when no other
 * thread publishes any more. NULL is fine. */
RILL_API void rill_hub_free(rill_hub *hub);

/* What happens when a subscriber does not take messages as fast as they are published. Its own
 * messages (rill_send()), pings and closes are not touched by any of it. */
typedef enum rill_slow {
	RILL_SLOW_CLOSE,       /* closed with 1008 "too slow"; the default */
	RILL_SLOW_DROP_OLDEST, /* of what waits the oldest make room */
	RILL_SLOW_DROP_NEWEST, /* what does not fit is dropped */
	RILL_SLOW_LATEST,      /* only the latest message waits: for states, prices, positions */
} rill_slow;

typedef struct rill_subscribe_options {
	size_t size; /* set by rill_subscribe_options_default() */
	rill_slow slow;
	/* What may wait for this subscription beyond what its connection is just sending (its queue up
	 * to the high-water mark): bytes of payload and messages. Above either it is slow. 0: no limit;
	 * but with max_bytes alone at most max_bytes / 256 messages wait, or 1,024 if that is more. What
	 * is replayed because of since does not count. 1 MiB, 0 */
	size_t max_bytes;
	size_t max_messages;
	/* The id of the last message it has (see RILL_MESSAGE_ID): what was published since follows
	 * at once, before anything newer. "" or NULL: from now on, and an event stream is told the id it
	 * begins behind, so that it can come back from there before its first event. Last-Event-ID fits. */
	const char *since;
} rill_subscribe_options;

RILL_API void rill_subscribe_options_init(rill_subscribe_options *options, size_t size);
#define rill_subscribe_options_default(options)                                                    \
	rill_subscribe_options_init((options), sizeof(*(options)))

/* Subscribes an open connection to a topic. topic: any bytes without NUL; copied. options NULL: the
 * defaults; copied. Subscribing again replaces the options. Returns 0; RILL_GAP: subscribed, but what came
 * after since is not, or no longer, known whole: nothing of it was sent (an event stream has been sent
 * an event of type "gap" whose data is since); or RILL_ECLOSED (conn is not open), RILL_ELIMIT,
 * RILL_EINVAL (topic is empty or too long, an option, a connection of another loop), RILL_ENOMEM. */
#define RILL_GAP 1
RILL_API int rill_subscribe(rill_hub *hub, const char *topic, rill_conn *conn,
	const rill_subscribe_options *options);

/* Ends one subscription; what waited for it is dropped, what was published before in this turn is sent.
 * Returns 0 or RILL_ENOENT. */
RILL_API int rill_unsubscribe(rill_hub *hub, const char *topic, rill_conn *conn);
/* All of one connection in this hub. */
RILL_API void rill_unsubscribe_all(rill_hub *hub, rill_conn *conn);
RILL_API bool rill_subscribed(const rill_hub *hub, const char *topic, const rill_conn *conn);

/* Calls fn for each subscriber of a topic; fn may close, send, subscribe and unsubscribe. */
RILL_API void rill_topic_each(rill_hub *hub, const char *topic,
	void (*fn)(rill_conn *conn, void *user), void *user);

/* Publishes one message to all subscribers of a topic. Any thread; the bytes are the caller's again
 * when this returns. From inside a turn of the hub's loop (a callback of rill) it stands in line with
 * what is sent there; from elsewhere, and from a trace tap, it is brought to the loop, in the order of
 * the calls of one thread. A kind that a subscriber's protocol does not have (RILL_JSON, say) is not sent to it
 * and counted as dropped.
 *
 * Returns 0, RILL_EUTF8 (a text or type that is none), RILL_EPROTO (kind is RILL_JSON and the bytes are no
 * JSON), RILL_EINVAL (topic, kind or type), RILL_ELIMIT (the mailbox is full, or with a default history there
 * are too many topics), RILL_ENOMEM. */
RILL_API int rill_publish(
	rill_hub *hub, const char *topic, rill_kind kind, const void *data, size_t len);

/* A message with more to say. Borrowed until the call returns. */
typedef struct rill_publication {
	size_t size; /* sizeof(rill_publication), set by rill_publication_init() */
	rill_kind kind;
	const void *data;
	size_t len;
	/* Event streams: the event's type; other protocols do not say it. Optional; as rill_event.type. */
	const char *type;
	/* Connections that do not get it, by rill_conn_id(). */
	const uint64_t *except;
	size_t except_count;
	bool transient; /* not kept in the topic's history */
} rill_publication;
RILL_API void rill_publication_init(rill_publication *publication, size_t size);

/* rill_publish() of such a message. */
RILL_API int rill_publish_event(
	rill_hub *hub, const char *topic, const rill_publication *publication);

/* Message ids: each message of a topic with a history has one. Event streams carry it as "id"; others
 * ask for the latest. An id is ORIGIN-EPOCH-SEQUENCE: the node, its topic's life (a topic that was
 * forgotten and came back has another), and the message's number in it; in printable characters
 * without '-' inside, at most 48 bytes. */
#define RILL_MESSAGE_ID 49

/* Writes the id of the latest message of a topic, "" when there is none or no history. From inside
 * on_open of a subscriber: what is published afterwards is after it. Returns its length. */
RILL_API int rill_topic_latest(rill_hub *hub, const char *topic, char id[RILL_MESSAGE_ID]);

/* Keeps a history for a topic from now on, which then exists without subscribers too; messages 0: no
 * longer. bytes and ms 0: no limit. Returns 0, RILL_EINVAL, RILL_ELIMIT, RILL_ENOMEM. */
RILL_API int rill_topic_history(
	rill_hub *hub, const char *topic, size_t messages, size_t bytes, uint32_t ms);

typedef struct rill_topic_stats {
	size_t size; /* sizeof(rill_topic_stats), set by the caller */
	size_t subscribers;
	uint64_t published;  /* messages */
	uint64_t delivered;  /* handed to connections */
	uint64_t dropped;    /* by slow subscribers' policies, or for want of the kind */
	uint64_t closed;     /* subscribers closed for being slow */
	uint64_t encoded;    /* wire forms made */
	size_t waiting;      /* bytes that wait for slow subscribers now */
	size_t history;      /* messages kept */
} rill_topic_stats;
/* Of one topic, or with topic NULL of all together. Returns 0 or RILL_ENOENT. */
RILL_API int rill_topic_read_stats(
	const rill_hub *hub, const char *topic, rill_topic_stats *stats);

/* What one subscription has lost to its policy. Returns 0 or RILL_ENOENT. */
RILL_API int rill_subscription_dropped(
	const rill_hub *hub, const char *topic, const rill_conn *conn, uint64_t *dropped);

#ifdef __cplusplus
}
#endif

#endif
