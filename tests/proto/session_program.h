/* session_program.h: a small dialect of the tests' own and a service around it, so that the engine is
 * proved without any protocol of the world's; and the program, which says what it hears and does in its
 * callbacks what it is told to.
 *
 *   /s/ID/poll, /s/ID/stream   come to receive; poll2, stream2: where the loss of one waits; poll3: and
 *                              that is released now and then; stream3: and that is asked for signs of life,
 *                              with messages that stand alone unless several have waited
 *   /s/ID/send                 brings messages: the body, by '|'; answered "ok" or "dropped"
 *   /ws, /raw                  WebSockets, framed and raw; /ws3?id=ID: as stream3
 *
 * Frames: o; a and the messages with '|' in between; s and one message; h; ? to be answered by the message ^; c and
 * the code, a colon, the reason. Messages that are JSON have a j in front, in both directions. */
#ifndef TEST_PROTO_SESSION_PROGRAM_H
#define TEST_PROTO_SESSION_PROGRAM_H

#include <stdio.h>
#include <string.h>
#include "http/server_state.h"
#include "proto/session_parts.h"
#include "proto/websocket.h"
#include "support/http_peer.h"
#include "support/said.h"

static struct rl_sessions sessions;
static struct rl_service in_server;
static rill_websocket *framed, *raw, *asked;
static rill_handler framed_handler, raw_handler, asked_handler;
static struct rl_dialect dialect;
static uint64_t stream_limit;
static const char *fields; /* of answers to those who receive */
static unsigned overs; /* calls of dialect.over */
static unsigned empties;
static bool say_messages = true;

static rill_conn *conn; /* the latest to open */
static void (*in_open)(rill_conn *conn);
static void (*in_message)(rill_conn *conn, rill_msg msg);
static void (*in_drain)(rill_conn *conn);
static void (*in_close)(rill_conn *conn);

static inline void expect_said(const char *want)
{
	http_turns();
	assert_string_equal(said, want);
	said[0] = 0;
}

/* The dialect. */

static inline int d_open(struct rl_session *s, const struct rl_carrier *carrier, struct rl_buf *out)
{
	(void)s;
	(void)carrier;
	return rl_buf_append_str(out, "o");
}

static inline int d_message(struct rl_buf *out, const struct rl_outbound *message)
{
	int rc = message->kind == RILL_JSON ? rl_buf_append_str(out, "j") : 0;

	return rc == 0 ? rl_buf_append_slice(out, message->data) : rc;
}

static inline int d_pack(struct rl_session *s, const struct rl_carrier *carrier, struct rl_buf *out,
	size_t room, uint32_t *count, rill_kind *kind)
{
	struct rl_outbound message;
	size_t cursor = 0;
	int rc = rl_buf_append_str(out, "a");

	(void)carrier;
	*kind = RILL_TEXT;
	while (rc == 0 && (!*count || out->len < room) &&
		rl_outbox_next(&s->outbox, &cursor, &message)) {
		if (*count)
			rc = rl_buf_append_str(out, "|");
		if (rc == 0)
			rc = d_message(out, &message);
		++*count;
	}
	return rc;
}

static inline int d_frame(struct rl_session *s, const struct rl_carrier *carrier,
	const struct rl_outbound *message, struct rl_buf *out, rill_kind *kind)
{
	int rc = rl_buf_append_str(out, "s");

	(void)s;
	(void)carrier;
	*kind = RILL_TEXT;
	return rc == 0 ? d_message(out, message) : rc;
}

static inline struct rl_publication *d_framed(struct rl_session *s, const struct rl_carrier *carrier,
	struct rl_publication *publication)
{
	static const char text_key, json_key;

	(void)s;
	(void)carrier;
	if (publication->kind == RILL_JSON)
		return rl_publication_framed(publication, &json_key, RL_SLICE("sj"));
	return rl_publication_framed(publication, &text_key, RL_SLICE("s"));
}

static inline int d_beat(struct rl_session *s, const struct rl_carrier *carrier, struct rl_buf *out)
{
	(void)s;
	return rl_buf_append_str(out, carrier->row->beat == RL_BEAT_ASKED ? "?" : "h");
}

static inline int d_shut(struct rl_session *s, const struct rl_carrier *carrier, int code,
	struct rl_slice reason, struct rl_buf *out, int *ws_code, struct rl_slice *ws_reason)
{
	int rc = rl_buf_append_str(out, "c");

	(void)s;
	(void)carrier;
	*ws_code = 1000;
	*ws_reason = RL_SLICE("bye");
	if (rc == 0)
		rc = rl_buf_append_u64(out, (uint64_t)code);
	if (rc == 0)
		rc = rl_buf_append_str(out, ":");
	return rc == 0 ? rl_buf_append_slice(out, reason) : rc;
}

static inline int d_taken(struct rl_session *s, const struct rl_carrier *carrier, struct rl_buf *out)
{
	(void)s;
	(void)carrier;
	return rl_buf_append_str(out, "taken");
}

/* Nothing is no message; "!" anywhere is broken. state[0]: where it stands, behind the end: done. */
static inline int d_read(struct rl_session *s, struct rl_inbound *in, int *code, const char **why)
{
	(void)s;
	in->state[0] = in->text.len ? 0 : 1;
	if (in->raw || !in->text.len || !memchr(in->text.data, '!', in->text.len))
		return 0;
	*code = 3000;
	*why = "Broken framing.";
	return RILL_EPROTO;
}

/* The next message, by way of the scratch buffer. */
static inline int d_next(
	struct rl_session *s, struct rl_inbound *in, rill_kind *kind, struct rl_slice *data)
{
	size_t at = (size_t)in->state[0];

	if (at > in->text.len)
		return 0;
	if (!in->text.len)
		return 0;
	const uint8_t *from = in->text.data + at;
	const uint8_t *end = at < in->text.len ? memchr(from, '|', in->text.len - at) : NULL;
	size_t n = end ? (size_t)(end - from) : in->text.len - at;
	rl_buf_consume(in->scratch, in->scratch->len);
	if (rl_buf_append(in->scratch, from, n) < 0)
		return RILL_ENOMEM;
	in->state[0] += n + 1;
	*kind = RILL_TEXT;
	*data = rl_buf_slice(in->scratch);
	if (rl_slice_equal(*data, RL_SLICE("^"))) {
		rl_session_answered(s);
		return RL_NEXT_CONTROL;
	}
	if (s->conn.ops->json && n && data->data[0] == 'j') {
		*kind = RILL_JSON;
		rl_slice_skip(data, 1);
	}
	return 1;
}

static inline int d_check(const struct rl_session *s, rill_kind kind, struct rl_slice data)
{
	(void)data;
	return kind == RILL_TEXT || (kind == RILL_JSON && s->conn.ops->json) ? 0 : RILL_EUNSUPPORTED;
}

static inline void d_over(struct rl_session *s)
{
	(void)s;
	overs++;
}

/* The carriers. */

static inline int e_prelude(struct rl_buf *out, struct rl_slice label)
{
	int rc = rl_buf_append_slice(out, label);

	return rc == 0 ? rl_buf_append_str(out, "p\n") : rc;
}

static inline int e_wrap(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	int rc = rl_buf_append_slice(out, label);

	if (rc == 0)
		rc = rl_buf_append_slice(out, frame);
	return rc == 0 ? rl_buf_append_str(out, "\n") : rc;
}

static const struct rl_envelope e_poll = {
	.content_type = "text/plain",
	.fields = "X-Own: 1\r\n",
	.wrap = e_wrap,
};
static const struct rl_envelope e_stream = {
	.content_type = "text/plain",
	.prelude = e_prelude,
	.wrap = e_wrap,
};

enum { POLL, STREAM, POLL2, STREAM2, POLL3, STREAM3, WS, RAW, WS3, ROWS };

static const struct rl_carrier_row rows[] = {
	[POLL] = { .name = "poll", .ops = &rl_carrier_http_ops, .envelope = &e_poll,
		.one_shot = true, .on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_FRAME },
	[STREAM] = { .name = "stream", .ops = &rl_carrier_http_ops, .envelope = &e_stream,
		.on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_FRAME },
	[POLL2] = { .name = "poll2", .ops = &rl_carrier_http_ops, .envelope = &e_poll,
		.one_shot = true, .on_loss = RL_LOSS_WAITS, .beat = RL_BEAT_NONE },
	[STREAM2] = { .name = "stream2", .ops = &rl_carrier_http_ops, .envelope = &e_stream,
		.on_loss = RL_LOSS_WAITS, .beat = RL_BEAT_FRAME },
	[POLL3] = { .name = "poll3", .ops = &rl_carrier_http_ops, .envelope = &e_poll,
		.one_shot = true, .on_loss = RL_LOSS_WAITS, .beat = RL_BEAT_RELEASE },
	[STREAM3] = { .name = "stream3", .ops = &rl_carrier_http_ops, .envelope = &e_stream,
		.single = true, .joined = true, .on_loss = RL_LOSS_WAITS, .beat = RL_BEAT_ASKED },
	[WS] = { .name = "ws", .ops = &rl_carrier_websocket_ops, .duplex = true, .binary = true,
		.on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_PING },
	[RAW] = { .name = "raw", .ops = &rl_carrier_websocket_ops, .duplex = true, .raw = true,
		.on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_NONE },
	[WS3] = { .name = "ws3", .ops = &rl_carrier_websocket_ops, .duplex = true, .single = true,
		.joined = true, .on_loss = RL_LOSS_WAITS, .beat = RL_BEAT_ASKED },
};
static struct rl_session_times row_times[ROWS]; /* for terms.row_times */
static struct rl_carrier_row stream_row;        /* a test's own, of what asks for ID/own */

/* The program. */

static inline void on_open(rill_conn *c)
{
	conn = c;
	say("open ");
	if (in_open)
		in_open(c);
}

static inline void on_message(rill_conn *c, rill_msg msg)
{
	if (say_messages)
		say("%.*s ", (int)msg.len, (const char *)msg.data);
	if (in_message)
		in_message(c, msg);
}

static inline void on_drain(rill_conn *c)
{
	say("drain ");
	if (in_drain)
		in_drain(c);
}

static inline void on_close(rill_conn *c, int code, rill_bytes reason)
{
	say("close:%d%s%.*s ", code, reason.len ? ":" : "", (int)reason.len,
		(const char *)reason.data);
	if (in_close)
		in_close(c);
	if (c == conn)
		conn = NULL;
}

static const rill_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_message = on_message,
	.on_drain = on_drain,
	.on_close = on_close,
};

/* The service. */

/* A request that brings messages. */
struct batch {
	struct rl_inbound in;
	rill_request *request; /* NULL: gone */
	struct rl_slice id;
	char text[64];
};

static inline void batch_done(struct rl_inbound *in, bool taken)
{
	struct batch *b = rl_container(in, struct batch, in);
	const struct rl_env *env = in->owned.env;

	if (b->request) {
		static const rill_request_handler deaf = { .size = sizeof(deaf) };
		rill_request_follow(b->request, &deaf, NULL);
		rill_respond(b->request, 200, NULL, taken ? "ok" : "dropped", taken ? 2 : 7);
	}
	rl_buf_release(&in->owned);
	rl_free(env, b);
}

static inline void batch_body(rill_request *request, rill_bytes bytes, void *user)
{
	struct batch *b = user;

	if (rl_buf_append(&b->in.owned, bytes.data, bytes.len) < 0)
		rill_request_abort(request);
}

static inline void batch_end(rill_request *request, void *user)
{
	struct batch *b = user;
	struct rl_session *s = rl_session_find(&sessions, b->id);
	const char *why = "no session";
	int code, rc = RILL_ENOENT;

	b->in.text = rl_buf_slice(&b->in.owned);
	if (s)
		rc = rl_session_take(s, &b->in, &code, &why);
	if (rc == 0)
		return;
	b->request = NULL;
	batch_done(&b->in, false);
	static const rill_request_handler deaf = { .size = sizeof(deaf) };
	rill_request_follow(request, &deaf, NULL);
	rill_respond(request, s ? 500 : 404, NULL, why, strlen(why));
}

static inline void batch_gone(rill_request *request, int rc, void *user)
{
	struct batch *b = user;
	bool taken = !rl_list_empty(&b->in.node);

	(void)request;
	(void)rc;
	b->request = NULL;
	if (!taken)
		batch_done(&b->in, false);
}

static const rill_request_handler batch_handler = {
	.size = sizeof(batch_handler),
	.on_body = batch_body,
	.on_end = batch_end,
	.on_close = batch_gone,
};

static inline void serve_send(rill_request *request, struct rl_slice id)
{
	const struct rl_env *env = &http_loop->env;
	struct batch *b = rl_zalloc(env, sizeof(*b));

	if (!b) {
		rill_respond(request, 503, NULL, NULL, 0);
		return;
	}
	b->request = request;
	memcpy(b->text, id.data, id.len);
	b->id = rl_slice(b->text, id.len);
	b->in.done = batch_done;
	rl_list_init(&b->in.node);
	rl_buf_init(&b->in.owned, env);
	rill_request_follow(request, &batch_handler, b);
}

static inline void serve_receiver(
	rill_request *request, const struct rl_carrier_row *row, struct rl_slice id)
{
	const struct rl_addr *peer = rl_exchange_peer(request);
	struct rl_session *s = rl_session_find(&sessions, id);
	struct rl_carrier *carrier;
	char label[16];
	int n = rill_request_query_value(request, "label", label, sizeof(label));

	if (!s && !rl_sessions_admit(&sessions, peer)) {
		rill_respond(request, 503, NULL, "full", 4);
		return;
	}
	int rc = rl_carrier_http_new(&carrier, row, request, rl_slice_str(fields),
		rl_slice(label, n > 0 ? (size_t)n : 0), stream_limit);
	if (rc < 0) {
		rill_respond(request, 503, NULL, NULL, 0);
		return;
	}
	if (!s)
		s = rl_session_new(&sessions, id, RL_SLICE("me"), peer);
	if (s)
		rl_session_attach(s, carrier, request);
	else
		rl_carrier_say_last(carrier, RL_SLICE("full"));
}

static inline int serve(rill_request *request, void *user)
{
	static const char *const names[] = { "poll", "stream", "poll2", "stream2", "poll3", "stream3",
		NULL };
	rill_bytes path = rill_request_path(request);
	struct rl_slice rest = rl_slice(path.data, path.len);

	(void)user;
	rl_slice_skip(&rest, 3); /* "/s/" */
	const uint8_t *slash = memchr(rest.data, '/', rest.len);
	assert_non_null(slash);
	struct rl_slice id = rl_slice(rest.data, (size_t)(slash - rest.data));
	rl_slice_skip(&rest, id.len + 1);
	if (rl_slice_equal(rest, RL_SLICE("send"))) {
		serve_send(request, id);
		return RILL_TAKE;
	}
	for (int i = 0; names[i]; i++)
		if (rl_slice_equal(rest, rl_slice_str(names[i])))
			serve_receiver(request, &rows[i], id);
	if (rl_slice_equal(rest, RL_SLICE("own")))
		serve_receiver(request, &stream_row, id);
	return RILL_TAKE;
}

/* A receiver of a session that there is. */
static inline bool relieves(const rill_request *request, void *user)
{
	rill_bytes path = rill_request_path(request);
	struct rl_slice rest = rl_slice(path.data, path.len);

	assert_null(user);
	rl_slice_skip(&rest, 3);
	const uint8_t *slash = memchr(rest.data, '/', rest.len);
	return slash && rl_session_find(&sessions, rl_slice(rest.data, (size_t)(slash - rest.data)));
}

static inline void open_websocket(rill_conn *inner, int row)
{
	struct rl_carrier *carrier;
	struct rl_session *s = NULL;
	char id[16];
	int n = rill_request_query_value(rill_conn_request(inner), "id", id, sizeof(id));
	struct rl_slice name = rl_slice(id, n > 0 ? (size_t)n : 0);

	if (name.len)
		s = rl_session_find(&sessions, name);
	if (!s)
		s = rl_session_new(&sessions, name, rl_slice(NULL, 0), rl_conn_peer(inner));
	if (!s || rl_carrier_websocket_new(&carrier, &rows[row], inner) < 0) {
		if (s)
			rl_conn_closed(&s->conn, 1006, rl_slice(NULL, 0));
		rill_conn_destroy(inner);
		return;
	}
	rl_session_attach(s, carrier, rill_conn_request(inner));
}

static inline void open_framed(rill_conn *inner)
{
	open_websocket(inner, WS);
}

static inline void open_raw(rill_conn *inner)
{
	open_websocket(inner, RAW);
}

static inline void open_asked(rill_conn *inner)
{
	open_websocket(inner, WS3);
}

static inline void stop_service(struct rl_service *service)
{
	(void)service;
	rl_sessions_close(&sessions, 1001, "going");
}

static inline void cut_service(struct rl_service *service)
{
	(void)service;
	rl_sessions_cut(&sessions);
}

static inline void free_service(struct rl_service *service)
{
	(void)service;
	rl_sessions_fini(&sessions);
}

static inline void is_empty(struct rl_sessions *all)
{
	assert_ptr_equal(all, &sessions);
	empties++;
}

static inline void start(const rill_server_options *options)
{
	static const char *const keep[] = { "X-Kept", NULL };
	rill_websocket_options ws;

	said[0] = 0;
	in_open = in_drain = in_close = NULL;
	in_message = NULL;
	conn = NULL;
	stream_limit = 0;
	fields = "X-More: 2\r\n";
	overs = empties = 0;
	say_messages = true;
	dialect = (struct rl_dialect){ .overlap = RL_OVERLAP_REFUSE,
		.open = d_open,
		.pack = d_pack,
		.beat = d_beat,
		.shut = d_shut,
		.taken = d_taken,
		.read = d_read,
		.next = d_next,
		.check = d_check,
		.frame = d_frame,
		.framed = d_framed,
		.over = d_over };
	http_begin(options);
	assert_int_equal(rl_sessions_init(&sessions, http_server, &dialect, &handler), 0);
	sessions.terms = (struct rl_session_terms){ .times = { .beat_ms = 25000,
			.answer_ms = 10000,
			.away_ms = 5000 },
		.rows = rows,
		.max_queue = 1 << 20,
		.overflow = RILL_OVERFLOW_CLOSE };
	for (int i = 0; i < ROWS; i++)
		row_times[i] = sessions.terms.times;
	assert_int_equal(rl_sessions_keep_headers(&sessions, keep), 0);
	sessions.empty = is_empty;
	in_server = (struct rl_service){ .stop = stop_service, .cut = cut_service,
		.free = free_service };
	rl_server_join(http_server, &in_server);
	rill_route *route;
	assert_int_equal(rill_server_handle(http_server, "/s", serve, NULL, &route), 0);
	rl_route_relieve(route, relieves);
	rill_websocket_options_default(&ws);
	ws.deflate.enabled = false;
	ws.hixie_drafts = true;
	framed_handler = raw_handler = asked_handler = (rill_handler){
		.size = sizeof(rill_handler),
		.on_message = rl_carrier_on_message,
		.on_drain = rl_carrier_on_drain,
		.on_pong = rl_carrier_on_pong,
		.on_close = rl_carrier_on_close,
	};
	framed_handler.on_open = open_framed;
	raw_handler.on_open = open_raw;
	asked_handler.on_open = open_asked;
	assert_int_equal(rl_websocket_new(&framed, http_server, &framed_handler, &ws), 0);
	assert_int_equal(rl_websocket_new(&raw, http_server, &raw_handler, &ws), 0);
	assert_int_equal(rl_websocket_new(&asked, http_server, &asked_handler, &ws), 0);
	assert_int_equal(
		rill_server_handle(http_server, "/ws", rl_websocket_request, framed, NULL), 0);
	assert_int_equal(rill_server_handle(http_server, "/raw", rl_websocket_request, raw, NULL), 0);
	assert_int_equal(rill_server_handle(http_server, "/ws3", rl_websocket_request, asked, NULL), 0);
}

static inline void finish(void)
{
	http_end();
}

/* A request, on a connection of its own unless it has one. */
static inline void ask(struct http_peer *peer, const char *what)
{
	char request[512];

	if (!peer->fd && !peer->text)
		http_open(peer);
	snprintf(request, sizeof(request), "POST /s/%s HTTP/1.1\r\nHost: a\r\n\r\n", what);
	http_send(peer, request);
}

/* Messages are brought. */
static inline void bring(struct http_peer *peer, const char *id, const char *body)
{
	char request[512];

	if (!peer->fd && !peer->text)
		http_open(peer);
	snprintf(request, sizeof(request),
		"POST /s/%s/send HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s", id,
		strlen(body), body);
	http_send(peer, request);
}

/* The whole answer to a poll was this. */
static inline void expect_poll(struct http_peer *peer, const char *body)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Own: 1\r\nX-More: 2\r\n"
		"Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	http_expect(peer, text);
}

#define UPGRADE                                                                                    \
	"Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                                 \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

/* A WebSocket; what has come behind its 101 stays. */
static inline void connect_peer(struct http_peer *peer, const char *path)
{
	char request[512];

	http_open(peer);
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" UPGRADE "X-Kept: v\r\n\r\n", path);
	http_send(peer, request);
	http_expect_status(peer, 101);
	size_t head = (size_t)(strstr(peer->text, "\r\n\r\n") + 4 - peer->text);
	peer->len -= head;
	memmove(peer->text, peer->text + head, peer->len + 1);
}

/* A frame of a client, masked with zeros. */
static inline void say_frame(struct http_peer *peer, uint8_t first, const char *payload)
{
	uint8_t bytes[6 + 125] = { first, (uint8_t)(0x80 | strlen(payload)) };

	memcpy(bytes + 6, payload, strlen(payload));
	http_send_bytes(peer, bytes, 6 + strlen(payload));
}

/* A text frame of the server's is all that has come. */
static inline void expect_frame(struct http_peer *peer, const char *text)
{
	char frame[256];

	snprintf(frame, sizeof(frame), "\x81%c%s", (int)strlen(text), text);
	http_expect(peer, text[0] ? frame : "");
}

#define STREAM_HEAD                                                                                \
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-More: 2\r\nTransfer-Encoding: chunked\r\n\r\n" \
	"2\r\np\n\r\n"
static inline void expect_chunk(struct http_peer *peer, const char *text)
{
	char chunk[2048];

	snprintf(chunk, sizeof(chunk), "%zx\r\n%s\r\n", strlen(text), text);
	http_expect(peer, chunk);
}

/* The answer to bring(). */
static inline void expect_answer(struct http_peer *peer, int status, const char *body)
{
	http_expect_status(peer, status);
	const char *end = strstr(http_take(peer), "\r\n\r\n");
	assert_non_null(end);
	assert_string_equal(end + 4, body);
	http_forget(peer);
}

#endif
