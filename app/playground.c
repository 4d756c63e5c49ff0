/* playground.c: who says something to whom, and who looks at whose frames.
 *
 * What is said goes through topics of a hub, so that a message is encoded once for all who hear it,
 * WebSockets and event streams alike, and who reads too slowly is asked to leave. Sockets of Socket.IO hear
 * events, which are of their namespace.
 *
 * A pane is a connection of /ws, a viewer one of /trace. A pane is tapped from its start and
 * keeps its first frames, because the page can only ask for the trace once it has read its
 * number. A viewer stays a moment longer than its pane, for the frames of the close. */
#include "playground.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <rill/conn.h>
#include <rill/eventsource.h>
#include <rill/websocket.h>
#include "frame_json.h"
#include "json.h"
#include "playground_sessions.h"
#include "playground_sockets.h"

#define MAX_PING     256
#define FIRST_FRAMES 8
#define LINGER_MS    3000

/* Of what was said, for those who come back. */
#define KEPT_MESSAGES 200
#define KEPT_BYTES    ((size_t)4 * 1024 * 1024)
#define KEPT_MS       60000
#define RETRY_MS      1000

/* RFC 6455, 7.4 and its registry. */
enum { CLOSE_NORMAL = 1000, CLOSE_TRY_LATER = 1013 };

struct viewer {
	rill_conn *conn;
	rill_timer *linger;
	struct viewer *next; /* of the same pane */
	struct pane *pane;   /* NULL: it has ended */
};

struct pane {
	struct playground *playground;
	rill_conn *conn;
	struct pane *next;
	struct viewer *viewers;
	char *first[FIRST_FRAMES]; /* JSON texts, until the first viewer comes */
	size_t first_count;
	bool viewed; /* there has been a viewer */
};

/* What only one is told. */
static void deliver(rill_conn *conn, rill_msg msg)
{
	int rc = rill_send_msg(conn, msg);
	if (rc == RILL_ETOOBIG)
		rill_close(conn, CLOSE_TRY_LATER, "You read too slowly for what is said here.");
	else if (rc < 0 && rc != RILL_ECLOSED)
		rill_conn_destroy(conn);
}

void playground_tell(rill_conn *conn, const char *text, size_t len)
{
	deliver(conn, (rill_msg){ .data = text, .len = len, .kind = RILL_TEXT });
}

/* Frames. */

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void on_frame(rill_conn *conn, const rill_frame *frame, void *user)
{
	(void)conn;
	struct pane *pane = user;
	char text[FRAME_JSON_ROOM];
	size_t len = frame_json(frame, now_ms(), text);
	for (struct viewer *v = pane->viewers; v; v = v->next)
		playground_tell(v->conn, text, len);
	if (!pane->viewed && pane->first_count < FIRST_FRAMES) {
		char *kept = strdup(text);
		if (kept)
			pane->first[pane->first_count++] = kept;
	}
}

static void drop_first_frames(struct pane *pane)
{
	for (size_t i = 0; i < pane->first_count; i++)
		free(pane->first[i]);
	pane->first_count = 0;
}

/* /ws */

static void say_hello(rill_conn *conn)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "{\"hello\":{\"id\":%llu}}",
		(unsigned long long)rill_conn_id(conn));
	playground_tell(conn, text, (size_t)len);
}

/* Gives up on one that does not keep up, so that it costs neither memory nor the others' time. */
void playground_listen(
	struct playground *playground, const char *topic, rill_conn *conn, const char *since)
{
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.slow = RILL_SLOW_CLOSE;
	options.max_bytes = PLAYGROUND_MAX_BEHIND;
	options.since = since;
	if (rill_subscribe(playground->hub, topic, conn, &options) < 0)
		rill_conn_destroy(conn);
}

static void open_pane(rill_conn *conn)
{
	struct pane *pane = calloc(1, sizeof(*pane));
	if (!pane) {
		rill_conn_destroy(conn);
		return;
	}
	pane->playground = rill_request_user(rill_conn_request(conn));
	pane->conn = conn;
	pane->next = pane->playground->panes;
	pane->playground->panes = pane;
	rill_conn_set_user(conn, pane);
	rill_conn_trace(conn, on_frame, pane); /* without it there is just no trace */
	say_hello(conn);
	playground_listen(pane->playground, TOPIC_SAID, conn, NULL);
}

/* type: of the event that event streams make of it; NULL where texts or objects are heard. */
static void publish_about(struct playground *playground, const char *topic, rill_kind kind,
	const char *type, const char *text)
{
	rill_publication about;
	rill_publication_init(&about, sizeof(about));
	about.kind = kind;
	about.data = text;
	about.len = strlen(text);
	about.type = type;
	rill_publish_event(playground->hub, topic, &about);
}

static void tell_of_bytes(struct playground *playground, size_t len)
{
	char text[40];
	snprintf(text, sizeof(text), "%zu", len);
	publish_about(playground, TOPIC_ABOUT, RILL_TEXT, "binary", text);
	snprintf(text, sizeof(text), "{\"binary\":%zu}", len);
	publish_about(playground, TOPIC_ABOUT_TEXTS, RILL_TEXT, NULL, text);
	publish_about(playground, TOPIC_ABOUT_OBJECTS, RILL_JSON, NULL, text);
}

/* Does it look like one of the signs of Socket.IO of 2010, which has no escape for what does? */
static bool has_sign(const rill_publication *said)
{
	return said->kind == RILL_TEXT && said->len >= 3 &&
	       (!memcmp(said->data, "~h~", 3) || !memcmp(said->data, "~j~", 3));
}

static void tell_of_sign(struct playground *playground, const rill_publication *said)
{
	struct text object = { 0 };
	rill_publication about = *said;
	text_puts(&object, "{\"text\":");
	json_string(&object, (rill_bytes){ said->data, said->len });
	text_puts(&object, "}");
	about.kind = RILL_JSON;
	about.data = object.data;
	about.len = object.len;
	if (!object.failed)
		rill_publish_event(playground->hub, TOPIC_ABOUT_OBJECTS, &about);
	text_fini(&object);
}

/* One of conn and socket has said it. */
static int publish_said(
	struct playground *playground, rill_conn *conn, rill_socket *socket, rill_msg msg)
{
	const uint64_t id = conn ? rill_conn_id(conn) : 0;
	rill_publication said;
	rill_publication_init(&said, sizeof(said));
	said.kind = msg.kind;
	said.data = msg.data;
	said.len = msg.len;
	said.except = &id;
	said.except_count = conn ? 1 : 0;
	int rc = rill_publish_event(playground->hub, TOPIC_SAID, &said);
	if (rc == 0)
		rc = tell_sockets(playground, socket, msg);
	if (rc == 0 && msg.kind == RILL_BINARY)
		tell_of_bytes(playground, msg.len);
	if (rc == 0 && has_sign(&said))
		tell_of_sign(playground, &said);
	return rc;
}

/* What they become happens to be as long. */
static void mend_surrogates(unsigned char *p, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++) {
		if (p[i] == 0xed && p[i + 1] >= 0xa0)
			memcpy(p + i, "\xef\xbf\xbd", 3);
	}
}

static int publish_mended(
	struct playground *playground, rill_conn *conn, rill_socket *socket, rill_msg msg)
{
	unsigned char *copy = malloc(msg.len);
	if (!copy)
		return RILL_ENOMEM;
	memcpy(copy, msg.data, msg.len);
	mend_surrogates(copy, msg.len);
	msg.data = copy;
	const int rc = publish_said(playground, conn, socket, msg);
	free(copy);
	return rc;
}

static int say(struct playground *playground, rill_conn *conn, rill_socket *socket, rill_msg msg)
{
	if (msg.len > PLAYGROUND_MAX_SAID)
		return RILL_ETOOBIG;
	const int rc = publish_said(playground, conn, socket, msg);
	return rc == RILL_EUTF8 ? publish_mended(playground, conn, socket, msg) : rc;
}

int playground_say(struct playground *playground, rill_conn *conn, rill_msg msg)
{
	return say(playground, conn, NULL, msg);
}

int playground_say_socket(struct playground *playground, rill_socket *socket, rill_msg msg)
{
	return say(playground, NULL, socket, msg);
}

int playground_say_value(
	struct playground *playground, rill_conn *conn, rill_socket *socket, rill_json value)
{
	rill_msg msg = { .data = value.data, .len = value.len, .kind = RILL_TEXT };
	if (value.type != RILL_JSON_STRING)
		return say(playground, conn, socket, msg);
	char *text = malloc(value.len);
	if (!text)
		return RILL_ENOMEM;
	msg.data = text;
	msg.len = (size_t)rill_json_text(value, text, value.len);
	const int rc = say(playground, conn, socket, msg);
	free(text);
	return rc;
}

static void tell_others(rill_conn *conn, rill_msg msg)
{
	const struct pane *speaker = rill_conn_user(conn);
	if (speaker && playground_say(speaker->playground, conn, msg) < 0)
		rill_conn_destroy(conn);
}

static void remove_pane(struct pane *pane)
{
	struct pane **at = &pane->playground->panes;
	while (*at != pane)
		at = &(*at)->next;
	*at = pane->next;
}

static void close_pane(rill_conn *conn, int code, rill_bytes reason)
{
	(void)code;
	(void)reason;
	struct pane *pane = rill_conn_user(conn);
	if (!pane)
		return;
	for (struct viewer *v = pane->viewers; v; v = v->next) {
		v->pane = NULL;
		rill_timer_start(v->linger, LINGER_MS, 0);
	}
	rill_conn_trace(conn, NULL, NULL);
	remove_pane(pane);
	drop_first_frames(pane);
	free(pane);
}

/* /trace */

static struct pane *find_pane(const struct playground *playground, const rill_request *request)
{
	char text[24], *end;
	if (rill_request_query_value(request, "id", text, sizeof(text)) < 1)
		return NULL;
	errno = 0;
	unsigned long long id = strtoull(text, &end, 10);
	if (errno || *end)
		return NULL;
	for (struct pane *pane = playground->panes; pane; pane = pane->next) {
		if (rill_conn_id(pane->conn) == id)
			return pane;
	}
	return NULL;
}

static void end_viewer(rill_timer *timer, void *user)
{
	(void)timer;
	struct viewer *viewer = user;
	rill_close(viewer->conn, CLOSE_NORMAL, "The traced connection has ended.");
}

static void open_viewer(rill_conn *conn)
{
	const rill_request *request = rill_conn_request(conn);
	struct pane *pane = find_pane(rill_request_user(request), request);
	struct viewer *viewer = calloc(1, sizeof(*viewer));
	if (!viewer || rill_timer_new(&viewer->linger, rill_conn_loop(conn), end_viewer, viewer)) {
		free(viewer);
		rill_conn_destroy(conn);
		return;
	}
	viewer->conn = conn;
	rill_conn_set_user(conn, viewer);
	if (!pane) { /* since its request was admitted */
		rill_timer_start(viewer->linger, 0, 0);
		return;
	}
	viewer->pane = pane;
	viewer->next = pane->viewers;
	pane->viewers = viewer;
	pane->viewed = true;
	for (size_t i = 0; i < pane->first_count; i++)
		playground_tell(conn, pane->first[i], strlen(pane->first[i]));
	drop_first_frames(pane);
}

/* {"ping":K}, where K is a number, goes back as {"pong":K}; all else is ignored. */
static void answer_ping(rill_conn *conn, rill_msg msg)
{
	static const char head[] = "{\"ping\":";
	const size_t head_len = sizeof(head) - 1;
	char text[MAX_PING + 1];
	if (msg.kind != RILL_TEXT || msg.len <= head_len || memcmp(msg.data, head, head_len) != 0)
		return;
	memcpy(text, msg.data, msg.len);
	text[msg.len] = '\0';
	size_t digits = strspn(text + head_len, "0123456789");
	if (!digits || strcmp(text + head_len + digits, "}") != 0)
		return;
	memcpy(text, "{\"pong\":", head_len);
	playground_tell(conn, text, msg.len);
}

static void close_viewer(rill_conn *conn, int code, rill_bytes reason)
{
	(void)code;
	(void)reason;
	struct viewer *viewer = rill_conn_user(conn);
	if (!viewer)
		return;
	if (viewer->pane) {
		struct viewer **at = &viewer->pane->viewers;
		while (*at != viewer)
			at = &(*at)->next;
		*at = viewer->next;
	}
	rill_timer_free(viewer->linger);
	free(viewer);
}

/* /events */

static void open_stream(rill_conn *conn)
{
	struct playground *playground = rill_conn_user(conn);
	const rill_event hello = { .type = "hello" };
	char text[32];
	int len = snprintf(
		text, sizeof(text), "{\"id\":%llu}", (unsigned long long)rill_conn_id(conn));
	if (rill_eventsource_send(conn, text, (size_t)len, &hello) < 0) {
		rill_conn_destroy(conn);
		return;
	}
	playground_listen(playground, TOPIC_SAID, conn, rill_eventsource_last_id(conn));
	playground_listen(playground, TOPIC_ABOUT, conn, NULL);
}

/* All. */

static int admit_pane(rill_websocket *service, rill_request *request, void *user)
{
	(void)service;
	rill_request_set_user(request, user);
	return RILL_ACCEPT;
}

static int admit_viewer(rill_websocket *service, rill_request *request, void *user)
{
	(void)service;
	rill_request_set_user(request, user);
	return find_pane(user, request) ? RILL_ACCEPT : 404;
}

static int serve_panes(struct playground *playground)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_open = open_pane,
		.on_message = tell_others, .on_close = close_pane };
	static const char *const protocols[] = { "rill-playground", NULL };
	rill_websocket_options o;
	rill_websocket_options_default(&o);
	o.max_message = PLAYGROUND_MAX_SAID;
	o.max_queue = PLAYGROUND_MAX_BEHIND;
	o.protocols = protocols;
	o.on_request = admit_pane;
	o.user = playground;
	return rill_websocket_serve(playground->server, "/ws", &handler, &o, NULL);
}

static int serve_viewers(struct playground *playground)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_open = open_viewer,
		.on_message = answer_ping, .on_close = close_viewer };
	static const char *const protocols[] = { "rill-trace", NULL };
	rill_websocket_options o;
	rill_websocket_options_default(&o);
	o.max_message = MAX_PING;
	o.max_queue = PLAYGROUND_MAX_BEHIND;
	o.protocols = protocols;
	o.on_request = admit_viewer;
	o.user = playground;
	return rill_websocket_serve(playground->server, "/trace", &handler, &o, NULL);
}

static int answer_stream(rill_request *request, void *user)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_open = open_stream };
	rill_eventsource_options o;
	if (!rill_eventsource_asked(request))
		return RILL_PASS;
	rill_eventsource_options_default(&o);
	o.retry_ms = RETRY_MS;
	o.max_queue = PLAYGROUND_MAX_BEHIND;
	if (rill_eventsource_open(NULL, request, &handler, &o, user) < 0)
		rill_request_abort(request);
	return RILL_TAKE;
}

int playground_init(struct playground *playground, rill_server *server)
{
	*playground = (struct playground){ .server = server };
	int rc = rill_hub_new(&playground->hub, rill_server_loop(server), NULL);
	if (rc == 0)
		rc = rill_topic_history(
			playground->hub, TOPIC_SAID, KEPT_MESSAGES, KEPT_BYTES, KEPT_MS);
	if (rc == 0)
		rc = serve_panes(playground);
	if (rc == 0)
		rc = serve_viewers(playground);
	if (rc == 0)
		rc = rill_server_handle(server, "/events", answer_stream, playground, NULL);
	if (rc == 0)
		rc = serve_sessions(playground);
	if (rc == 0)
		rc = serve_sockets(playground);
	return rc;
}

void playground_fini(struct playground *playground)
{
	rill_hub_free(playground->hub);
	playground->hub = NULL;
}
