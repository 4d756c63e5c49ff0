/* session.h: a conn that outlives its transports.
 *
 *   session.c        its states: begins, has a carrier or waits for one, closes, is forgotten
 *   sessions.c       all of a service: closed, cut
 *   session_ops.c    what the program does with it, as with any conn
 *   session_out.c    what leaves: frames, signs of life, the last word
 *   session_queue.c  messages that wait for the client: the outbox
 *   session_in.c     messages that wait for the program
 *   session_pulse.c  a heartbeat that does not ask who carries it
 *   session_upgrade.c  a second carrier that is to take the place of the first
 *   session_names.c  what the program may ask of the last request
 *   session_table.c  a service's sessions by their ids, and how many there may be
 *
 * What services with sessions have besides: coming and going (session_service.h), and requests that bring messages
 * (session_body.h).
 *
 * SockJS, Engine.IO and Socket.IO of 2010 repeat one idea, and it stands here once; what differs is data
 * (struct rl_dialect, struct rl_carrier_row), and what is in the frames.
 *
 *   connecting  made, on_open is not called yet
 *   open        with a carrier: what is sent leaves at the end of the turn, joined; without: it waits, and
 *               so does the session, for its away_ms
 *   closing     the program has closed it: what waits, then the dialect's last word, go to whoever comes to
 *               receive, for its away_ms from the last one
 *   over        on_close was called (the client was told, or the time was up); one that was told is still in
 *               the table until that time is up, and repeats its last word
 *
 * A carrier that the session itself has ended, or that was spent, leaves the session waiting for the next;
 * one that was lost does what its row says. */
#ifndef RL_PROTO_SESSION_H
#define RL_PROTO_SESSION_H

#include "conn/conn.h"
#include "conn/publication.h"
#include "http/server.h"
#include "net/timer.h"
#include "proto/carrier.h"

struct rl_session;
struct rl_inbound;

/* A message that waits for the client. */
struct rl_outbound {
	uint8_t type; /* 0: a message; others are the dialect's own (control packets) */
	rill_kind kind;
	struct rl_slice data;
	bool plain;   /* not to be compressed */
	struct rl_publication *publication; /* what data belongs to, so that a form of it can be shared;
	                                     * NULL: data is the session's */
};

/* Those that wait, oldest first; memory only while there are any. (What waits in a stream is a rl_queue:
 * net/chunk.h.) */
struct rl_outbox {
	struct rl_buf entries; /* headers, each with its bytes or a reference behind it */
	size_t bytes;          /* of payload */
	size_t held;           /* of that, what the server is told: of what is shared a share */
	uint32_t count;
	uint32_t plain;        /* how many of them are not to be compressed */
};
void rl_outbox_init(struct rl_outbox *outbox, const struct rl_env *env);
/* 0; RILL_ETOOBIG, RILL_ENOMEM. data is copied; of a publication a reference is kept. */
int rl_outbox_add(struct rl_outbox *outbox, uint8_t type, rill_kind kind, struct rl_slice data);
int rl_outbox_add_publication(struct rl_outbox *outbox, struct rl_publication *publication);
/* The same of either kind. */
int rl_outbox_add_message(struct rl_outbox *outbox, const struct rl_outbound *message);
/* The oldest; false when nothing waits. Good until the outbox is touched. */
bool rl_outbox_first(const struct rl_outbox *outbox, struct rl_outbound *message);
/* One after the other in order, for packing many: cursor 0 at first. */
bool rl_outbox_next(const struct rl_outbox *outbox, size_t *cursor, struct rl_outbound *message);
void rl_outbox_drop(struct rl_outbox *outbox, uint32_t count); /* the oldest so many */
void rl_outbox_clear(struct rl_outbox *outbox);
void rl_outbox_clear_to(struct rl_outbox *outbox, struct rl_buf *spare); /* to which the memory is left */
/* What it costs, in bytes: headers too, so that millions of empty messages are no bargain. */
size_t rl_outbox_cost(const struct rl_outbox *outbox);
/* ... and what the server's memory has to do with it: one publication that waits for many is one. */
size_t rl_outbox_held(const struct rl_outbox *outbox);

/* A second carrier for a session that has one. */
enum rl_overlap {
	RL_OVERLAP_REFUSE,  /* it is told so (dialect->taken) and ended; the first stays */
	RL_OVERLAP_FAIL,    /* both are ended, and the session with them: the client is at fault */
	RL_OVERLAP_REPLACE, /* the first is ended in order (a poll is sent away with nothing), the second is the
	                     * carrier */
};

/* How a session has ended, for protocols that have words of their own for it. */
enum rl_ending {
	RL_ENDING_CLOSED, /* the program, or the server, has closed it */
	RL_ENDING_LEFT,   /* the client has, in order */
	RL_ENDING_LOST,   /* it was cut */
	RL_ENDING_SILENT, /* a heartbeat stayed away, or its answer */
	RL_ENDING_BROKEN, /* the client's fault */
	RL_ENDINGS,
};

struct rl_ending_words {
	uint16_t code; /* 0: whatever it was */
	const char *reason;
};

/* What a carrier has said that may take another's place. */
enum rl_probe {
	RL_PROBE_ANSWER, /* it is answered; from now on the first is kept from waiting */
	RL_PROBE_TAKE,   /* from here on it is the carrier */
	RL_PROBE_REFUSE, /* it is ended, and nothing else has happened */
};

/* What dialect->next says of a packet that is no message: it takes its share of a turn all the same. */
#define RL_NEXT_CONTROL 2

/* What stands in the frames of a protocol. Writers append one frame: 0 or RILL_ENOMEM; a frame of no bytes
 * is not sent. None of these calls up. */
struct rl_dialect {
	enum rl_overlap overlap;
	/* The first thing a session says, to its first carrier. */
	int (*open)(struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out);
	/* One frame of what waits: takes as much of the queue as goes into one, at least one message, and
	 * says how many (dropped by the caller) and of which kind it is (RILL_TEXT when not set). room: no more
	 * bytes than about that. */
	int (*pack)(struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out,
		size_t room, uint32_t *count, rill_kind *kind);
	/* A sign of life as a frame. */
	int (*beat)(struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out);
	/* The last word. ws_code, ws_reason: what a WebSocket is then closed with. */
	int (*shut)(struct rl_session *session, const struct rl_carrier *carrier, int code,
		struct rl_slice reason, struct rl_buf *out, int *ws_code, struct rl_slice *ws_reason);
	/* The word to a second carrier (RL_OVERLAP_REFUSE). */
	int (*taken)(struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out);
	/* Begins to read what a client has sent: checks all of it. 0; negative: broken, nothing of it counts;
	 * *code and *why say what a WebSocket is closed with then. What is raw is a message already, of which
	 * there is no more to know than in->kind. */
	int (*read)(struct rl_session *session, struct rl_inbound *in, int *code, const char **why);
	/* The next message of it, as a codec's next(): 1, 0 none is left, negative RILL_ENOMEM; RILL_EPROTO:
	 * broken from here on, RILL_ECLOSED: the client has ended the session. May use in->scratch. A control
	 * packet is done here, and is no message: RL_NEXT_CONTROL. */
	int (*next)(struct rl_session *session, struct rl_inbound *in, rill_kind *kind, struct rl_slice *data);
	/* Is such a message one that this protocol can carry? 0, RILL_EUNSUPPORTED, RILL_EUTF8. */
	int (*check)(const struct rl_session *session, rill_kind kind, struct rl_slice data);
	/* The session is gone but for its memory: frees dialect_data. NULL: there is none. */
	void (*over)(struct rl_session *session);

	/* What not all have. */

	/* Rows with single. One message, as a frame; kind: the message's, then the frame's. */
	int (*frame)(struct rl_session *session, const struct rl_carrier *carrier,
		const struct rl_outbound *message, struct rl_buf *out, rill_kind *kind);
	/* ... and one that goes to many: a publication that is the whole frame, made once for all; borrowed.
	 * NULL when out of memory. */
	struct rl_publication *(*framed)(struct rl_session *session, const struct rl_carrier *carrier,
		struct rl_publication *publication);
	/* Sends a receiver away, without anything for it, so that the client goes on. NULL: by a frame of no bytes. */
	int (*release)(struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out);
	/* Reads a message of a carrier that was offered; the answer is appended. */
	enum rl_probe (*probe)(struct rl_session *session, const struct rl_carrier *carrier,
		rill_kind kind, struct rl_slice data, struct rl_buf *out);
	/* RL_ENDINGS of them: what on_close is told. NULL: what there is. */
	const struct rl_ending_words *endings;
	/* Other than rl_session_ops. */
	const struct rl_conn_ops *ops;
	bool once;        /* the last word is said once: one that was told is gone, and faults end it at once */
	bool first_names; /* what is kept is of the first request, and headers alone */
};

/* What one client sends in one go: a WebSocket message, a body. */
struct rl_inbound {
	struct rl_list node; /* of the session's, while its messages wait */
	rill_kind kind;
	bool raw;             /* came by a raw carrier: is the message */
	struct rl_slice text; /* all of it; borrowed, or in owned */
	struct rl_buf *scratch; /* for the dialect: what the messages taken out are written to */
	uint64_t state[6];      /* for the dialect: where it stands in text, which may move; anything at first */
	struct rl_buf owned;
	bool finished; /* the session's: the program has all of its messages, and done is due */
	/* The last message was taken by the program, or dropped because the session is over (taken false):
	 * whoever brought it may answer now. Never from inside rl_session_take(). Frees it, owned too. */
	void (*done)(struct rl_inbound *in, bool taken);
};

/* Times, in ms; 0: none, never. */
struct rl_session_times {
	uint32_t beat_ms, answer_ms;
	uint32_t away_ms; /* how long it waits for its client; RL_AWAY_NOT: a loss ends it at once */
};
#define RL_AWAY_NOT UINT32_MAX

/* Times and limits; 0: none, never. */
struct rl_session_terms {
	struct rl_session_times times;
	/* Transports that differ in them: each of these rows has times of its own. NULL: they do not. */
	const struct rl_carrier_row *rows;
	const struct rl_session_times *row_times;
	size_t max_queue;
	rill_overflow overflow;
	size_t max_sessions, max_sessions_per_address;
	uint32_t upgrade_ms;
};

/* A header that is kept; they stand in the order of their numbers. */
struct rl_kept_header {
	struct rl_slice name;
	unsigned number; /* of the name, for the index of a head */
};

/* A service with sessions. Embedded in the service. */
struct rl_sessions {
	struct rl_holder holder; /* what waits here counts as the server's, and may be cut for it */
	struct rill_loop *loop;
	struct rill_server *server;
	const struct rl_dialect *dialect;
	const rill_handler *handler;
	struct rl_session_terms terms;
	struct rl_kept_header *kept; /* of requests that come to receive, for rill_conn_header() */
	size_t kept_count;
	uint64_t kept_numbers;       /* a bit for each number there is in kept */
	uint8_t kept_first[64];      /* ... and where the first with that number stands */
	struct rl_list all;              /* struct rill_conn, until on_close */
	struct rl_list rest;             /* struct rill_conn, behind it: those that repeat their last word */
	struct rl_buf scratch;           /* texts of messages taken out of what came */
	struct rl_buf frame;             /* one that is being packed */
	struct rl_buf spare;             /* memory of an outbox that was emptied, for the next one */
	struct rl_buf spare_body;        /* ... of a body that was taken */
	struct rl_session_table *table;
	/* Up to now, of running sessions too; refused is the service's to count. */
	uint64_t opened, refused, messages_in, messages_out, bytes_in, bytes_out;
	uint64_t closed_clean, closed_protocol, closed_lost, upgraded;
	size_t open;  /* between on_open and on_close */
	size_t count; /* all there are */
	int parting;    /* the code all are being closed with; 0: none */
	/* The last is gone; rl_sessions_fini() may follow, but not from inside. May be NULL. */
	void (*empty)(struct rl_sessions *sessions);
};

/* 0 or RILL_ENOMEM. The service sets terms and empty afterwards. */
int rl_sessions_init(struct rl_sessions *sessions, struct rill_server *server,
	const struct rl_dialect *dialect, const rill_handler *handler);
/* Which headers are kept; before the first session. The names, NULL behind the last, are borrowed as long as
 * there are sessions; NULL: none. 0 or RILL_ENOMEM. */
int rl_sessions_keep_headers(struct rl_sessions *sessions, const char *const *names);
/* None is left. */
void rl_sessions_fini(struct rl_sessions *sessions);
bool rl_sessions_empty(const struct rl_sessions *sessions);
/* Closes all open ones (code), or cuts all there are, those in the table included. */
void rl_sessions_close(struct rl_sessions *sessions, int code, const char *reason);
void rl_sessions_cut(struct rl_sessions *sessions);

struct rl_session {
	struct rill_conn conn;
	struct rl_sessions *sessions; /* NULL: behind on_close, the service may be gone */
	struct rl_carrier *carrier;   /* who receives now; NULL: nobody */
	const struct rl_carrier_row *row; /* of the last one */
	struct rl_timer timer;        /* with a carrier: the next sign of life, or its answer; without: the end */
	struct rl_task task;          /* leaves at the end of the turn */
	struct rl_outbox outbox;
	struct rl_list inbound;       /* struct rl_inbound */
	char *names;                  /* URL, kept headers; of the last request that came to receive */
	struct rl_session_extra *extra; /* what few need: its UUID */
	struct rl_session_upgrade *upgrade; /* a carrier that was offered; NULL: none */
	void *dialect_data;           /* the dialect's own; see dialect->over */
	struct rl_session_place *place; /* in the table, with its id and owner; NULL: it is in none */
	char *reason;                 /* closing: what for; NULL: nothing was said, or there was no memory */
	size_t held;                  /* bytes the server was told of: the outbox, names, and: */
	size_t waiting;               /* of those, what has come and is not taken */
	size_t kept;                  /* ... and what others keep on its behalf */
	uint32_t names_len, names_room;
	uint16_t code;                /* closing: what with */
	struct rl_addr peer;          /* whose it is counted as */
	bool full : 1;                /* the carrier is: wait for rl_session_drained() */
	bool over_high : 1;           /* so much waits that senders were told to */
	bool awaiting_answer : 1;
	bool silent : 1;              /* the last carrier was cut because no answer came by it */
	bool told : 1;                /* the last word was said: on_close is due or done */
	bool broken : 1;              /* the client's fault, for the counts */
	bool held_back : 1;           /* what has come waits, and so more does; a duplex carrier was told */
	bool carrier_lost : 1;        /* found out while writing, to be dealt with at the end of the turn */
	bool bringing : 1; /* rl_session_bring() */
	bool plain : 1; /* what is being sent is not to be compressed */
	bool gone : 1; /* nothing is held for it any more */
	bool secure : 1;
};

static inline struct rl_session *rl_session(struct rill_conn *conn)
{
	return rl_container(conn, struct rl_session, conn);
}

/* Text as WTF-8 (base/json.h), or UTF-8 alone; or UTF-8, and JSON values (RILL_JSON). */
extern const struct rl_conn_ops rl_session_ops, rl_session_utf8_ops, rl_session_json_ops;

/* What a service asks before it makes one: is there room for a session from that peer? */
bool rl_sessions_admit(const struct rl_sessions *sessions, const struct rl_addr *peer);

/* The session of that id, whatever its state but gone; NULL: none. */
struct rl_session *rl_session_find(const struct rl_sessions *sessions, struct rl_slice id);

/* A new one, connecting. id: what it is found by, at most RL_SESSION_ID_MAX bytes; empty: it is not in the
 * table, and its life is that of its carrier. owner: whose it is, compared by rl_session_owned_by(); may be
 * empty. NULL when out of memory. */
#define RL_SESSION_ID_MAX 4096
struct rl_session *rl_session_new(struct rl_sessions *sessions, struct rl_slice id, struct rl_slice owner,
	const struct rl_addr *peer);
bool rl_session_owned_by(const struct rl_session *session, struct rl_slice owner);

/* Gives it a carrier, which is the session's from now on, whatever becomes of it; request is what it came
 * by, readable in on_open. From an upcall only. The first one opens the session: the opening frame, then
 * on_open. One that closes says so. */
void rl_session_attach(
	struct rl_session *session, struct rl_carrier *carrier, const rill_request *request);

/* Takes what a client sent (dialect->read first: negative when that says so, and in is still the caller's);
 * 0: in is the session's until in->done, which never comes from inside. Messages are delivered at once
 * unless the program has paused or others wait in front, and so many in a turn at most. A session that is
 * closing or over takes and drops them. From an upcall only. */
int rl_session_take(struct rl_session *session, struct rl_inbound *in, int *code, const char **why);

/* Told by carriers. From upcalls only. */
void rl_session_drained(struct rl_session *session);
void rl_session_answered(struct rl_session *session);
/* The client or the network has ended it; the carrier frees itself. code, reason: a WebSocket's. */
void rl_session_lost(struct rl_session *session, int code, struct rl_slice reason);
/* A message came by a duplex carrier; borrowed. */
void rl_session_received(struct rl_session *session, rill_kind kind, struct rl_slice data);

/* Ends an open one from within, as rill_close() but with any code: the client's fault. From an upcall
 * only. */
void rl_session_fail(struct rl_session *session, int code, const char *reason);

/* A duplex carrier that is to take the place of one that is not, when it says the dialect's word for that
 * within terms.upgrade_ms; the session's from now on. RILL_ESTATE: there is one already, or none can be;
 * RILL_ENOMEM: the carrier is still the caller's. */
int rl_session_offer(struct rl_session *session, struct rl_carrier *carrier);
/* Told by carriers that were offered. */
void rl_session_offered_said(struct rl_session *session, rill_kind kind, struct rl_slice data);
void rl_session_offered_lost(struct rl_session *session);

/* A request is bringing messages; it was answered, or is gone. What another carrier brings goes behind them.
 * From upcalls only. */
void rl_session_bring(struct rl_session *session, bool begins);
static inline bool rl_session_bringing(const struct rl_session *session)
{
	return session->bringing;
}

/* The client was found to be gone, by others than its carrier. From an upcall only. */
void rl_session_cut_off(struct rl_session *session);

/* What it is found by, with what its service has put behind it as owner; it has one. */
const char *rl_session_id(const struct rl_session *session);

/* rill_send() with what a protocol's own call may say: see rill_engineio_send(). */
int rl_session_send(struct rl_session *session, rill_kind kind, struct rl_slice data, bool plain,
	bool droppable);
/* ... of what goes to many; what does not fit is refused or makes room as what the program sends. */
int rl_session_publish(struct rl_session *session, struct rl_publication *publication);
/* Queues a control packet of the dialect's. 0; RILL_ENOMEM. */
int rl_session_send_control(struct rl_session *session, uint8_t type, struct rl_slice data);
/* What outbound.type is of the beat of RL_BEAT_QUEUED. */
#define RL_OUTBOUND_BEAT 255

/* "http://host/target" of the last request that came to receive; "" when there was no memory for it. */
const char *rl_session_url(const struct rl_session *session);
/* ... and the path of its target. */
const char *rl_session_path(const struct rl_session *session);
/* A random UUID as text; NULL when out of memory. */
const char *rl_session_uuid(struct rl_session *session);

#endif
