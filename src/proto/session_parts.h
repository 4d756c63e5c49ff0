/* session_parts.h: what the files of the session engine have of each other. */
#ifndef RL_PROTO_SESSION_PARTS_H
#define RL_PROTO_SESSION_PARTS_H

#include "http/admission.h"
#include "proto/session.h"

/* A session's place in its service's table, behind it in one piece of memory. */
struct rl_session_place {
	struct rl_session_place *next; /* in its bucket */
	uint64_t hash;
	uint32_t owner_len;
	uint16_t id_len;
	bool listed;    /* it can be found */
	uint8_t text[]; /* the id, then the owner */
};

struct rl_session_table {
	struct rl_session_place **buckets;
	size_t room, count; /* room is a power of two */
	uint8_t key[16];
	struct rl_admission admission;
};

/* Headers behind so many in the list of those to be kept are not: their number is one byte. */
#define RL_KEPT_HEADERS_MAX 255

/* What a buffer of the service's may keep between calls. */
#define RL_SESSIONS_KEEP ((size_t)64 * 1024)

/* What few sessions need. */
struct rl_session_extra {
	char uuid[37];
	struct rl_buf pieces; /* of a message that is being sent in pieces */
};

/* session_table.c */
int rl_session_table_new(struct rl_sessions *sessions);
void rl_session_table_free(struct rl_sessions *sessions);
/* Counts one in. 0, RILL_ELIMIT, RILL_ENOMEM. */
int rl_session_table_enter(struct rl_sessions *sessions, const struct rl_addr *peer);
void rl_session_table_leave(struct rl_sessions *sessions, const struct rl_addr *peer);
/* From here on it is found, or no longer. */
void rl_session_table_list(struct rl_sessions *sessions, struct rl_session_place *place);
void rl_session_table_unlist(struct rl_sessions *sessions, struct rl_session_place *place);

/* session_names.c: keeps what the program may ask of a request that came to receive. */
void rl_session_keep_names(struct rl_session *session, const rill_request *request);
struct rl_slice rl_session_name(const struct rl_session *session, struct rl_slice name);

/* The times of the transport it is on, or was last. */
static inline const struct rl_session_times *rl_session_times(const struct rl_session *session)
{
	const struct rl_session_terms *terms = &session->sessions->terms;

	return terms->row_times && session->row ? &terms->row_times[session->row - terms->rows]
						: &terms->times;
}

/* session.c */
struct rl_session_extra *rl_session_extra(struct rl_session *session); /* NULL: out of memory */
/* There is something to do at the end of the turn. */
void rl_session_wake(struct rl_session *session);
/* Has the server's sum follow what the session holds. */
void rl_session_account(struct rl_session *session);
/* The carrier is gone, or let go of; nobody receives, and the session's time runs. */
void rl_session_no_carrier(struct rl_session *session);
void rl_session_await_client(struct rl_session *session);
/* Has a frame, or a raw message, gone this way? Results of write(): keeps the states that follow. */
int rl_session_wrote(struct rl_session *session, int rc);
/* It cannot be found and receives nothing any more; who carried it is cut. Calls nobody up. */
void rl_session_let_go(struct rl_session *session);
/* on_close is being told: lingers, or is gone at the end of the turn. */
void rl_session_ended(struct rl_session *session);
/* The service has nothing more to do with it. */
void rl_session_leave(struct rl_session *session);

/* It is over: on_close, in the words of the dialect. */
void rl_session_closed(
	struct rl_session *session, enum rl_ending how, int code, struct rl_slice reason);
/* Likewise, and cannot be found any more; whoever receives is told (once). */
void rl_session_end(struct rl_session *session, enum rl_ending how, int code, struct rl_slice reason);
/* The client has ended it in order. */
void rl_session_left(struct rl_session *session);

/* session_pulse.c: RL_BEAT_QUEUED and _AWAITED */
static inline bool rl_session_has_pulse(const struct rl_session *session)
{
	return session->row && session->row->beat >= RL_BEAT_QUEUED;
}
/* The next is due from now. */
void rl_session_start_pulse(struct rl_session *session);
void rl_session_on_pulse(struct rl_session *session);
/* It is being closed: there is away_ms to tell the client. */
void rl_session_stop_pulse(struct rl_session *session);

/* session_upgrade.c: the carrier that was offered is ended, in order or cut. */
void rl_session_drop_offered(struct rl_session *session, bool in_order);
/* sessions.c */
/* Closes one because the service or the server goes. */
void rl_session_part(struct rl_session *session, int code, const char *reason);

/* session_out.c */
/* Nobody who receives gets more than the dialect's release: one on polls is gone, a duplex carrier stays. */
void rl_session_release(struct rl_session *session);
/* One message straight to a carrier with frames of their own for each (raw, single). As rl_session_wrote(). */
int rl_session_write_message(struct rl_session *session, const struct rl_outbound *message);
/* A frame begins, in a buffer of the service's. */
struct rl_buf *rl_session_frame(struct rl_session *session);
/* Writes it, unless rc, which is what has come of making it, is negative. As rl_session_wrote(). */
int rl_session_write_frame(struct rl_session *session, int rc, rill_kind kind);
/* Frames of what waits, as far as the carrier takes them. */
void rl_session_flush(struct rl_session *session);
/* A sign of life; the next, or its answer, is due in so many ms. */
void rl_session_beat(struct rl_session *session);
void rl_session_set_beat(struct rl_session *session, uint32_t ms);
/* An answer that is due should have come. */
bool rl_session_is_silent(const struct rl_session *session);
/* What has held the answer back is gone: it has all of its time from here on. */
void rl_session_renew_wait(struct rl_session *session);
/* The last word; the carrier, if there is one behind the frame, is ended in order. */
void rl_session_say_last_word(struct rl_session *session);
/* Shows the tap a frame, or all that a client has sent in one go. */
void rl_session_trace(struct rl_session *session, bool out, rill_kind kind, struct rl_slice bytes);

/* session_in.c */
/* Hands over what has come, as much as is right for one turn. */
void rl_session_deliver(struct rl_session *session);
/* Tells those whose batches are done with, in one way or the other; drops what nobody will take. */
void rl_session_answer(struct rl_session *session);
/* What comes has to wait, for a program that has paused or for the next turn; an answer may stand in it. */
static inline bool rl_session_is_behind(const struct rl_session *session)
{
	return !rl_list_empty(&session->inbound) || !rl_conn_wants_messages(&session->conn);
}

static inline bool rl_session_is_raw(const struct rl_session *session)
{
	return session->row && session->row->raw;
}

#endif
