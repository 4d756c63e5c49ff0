/* socketio_session.c: the texts of Engine.IO 4 over a WebSocket ("2", "4...") and of Socket.IO 5 inside them
 * ("2/chat,7["name",...]").
 *
 * A ping that does not come is what tells that the server is gone: the client has nothing to ask it. */
#include "socketio_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "utf8.h"

/* Until the server says otherwise: pingInterval and pingTimeout of the reference server. */
#define PATIENCE_MS 45000
#define DAY_MS      86400000
/* What JavaScript counts to. */
#define MAX_NUMBER UINT64_C(9007199254740991)
/* Of one event. The reference parser's own limit is 10. */
#define MAX_PARTS  1000
#define PARTS_ROOM ((uint64_t)64 * 1024 * 1024)

/* What a packet says behind its type. */
struct packet {
	char type;
	uint64_t parts;
	bool foreign; /* it is of another namespace */
	bool numbered;
	uint64_t number;
	const char *json;
	size_t len;
};

static void over(struct socketio_session *s)
{
	s->state = SOCKETIO_OVER;
	rill_timer_stop(s->timer);
}

static void broken(struct socketio_session *s, const char *sentence)
{
	over(s);
	s->events->broken(sentence, s->user);
}

static void on_timer(rill_timer *timer, void *user)
{
	(void)timer;
	struct socketio_session *s = user;
	char sentence[80];
	snprintf(sentence, sizeof(sentence), "the server has not pinged for %g s",
		(double)s->patience_ms / 1000);
	broken(s, sentence);
}

int socketio_session_init(struct socketio_session *s, rill_loop *loop,
	const struct socketio_events *events, void *user)
{
	s->events = events;
	s->user = user;
	s->patience_ms = PATIENCE_MS;
	if (!s->parts.room)
		s->parts.room = PARTS_ROOM;
	return rill_timer_new(&s->timer, loop, on_timer, s);
}

static void drop_parts(struct socketio_session *s)
{
	for (uint32_t i = 0; i < s->parts.count; i++)
		free((void *)s->parts.list[i].data);
	free(s->parts.list);
	text_fini(&s->parts.text);
	s->parts.list = NULL;
	s->parts.count = s->parts.wanted = 0;
	s->parts.bytes = 0;
}

void socketio_session_fini(struct socketio_session *s)
{
	drop_parts(s);
	text_fini(&s->out);
	rill_timer_free(s->timer);
	s->timer = NULL;
}

void socketio_session_begin(struct socketio_session *s, rill_conn *conn)
{
	s->conn = conn;
	s->state = SOCKETIO_OPENING;
	rill_timer_start(s->timer, s->patience_ms, 0);
}

void socketio_session_hold(struct socketio_session *s, bool held)
{
	if (s->state == SOCKETIO_OVER || !s->conn)
		return;
	if (held)
		rill_timer_stop(s->timer);
	else
		rill_timer_start(s->timer, s->patience_ms, 0);
}

/* Sending. */

static void begin_packet(struct socketio_session *s, char type)
{
	text_drop(&s->out, s->out.len);
	text_put(&s->out, (char[]){ '4', type }, 2);
	if (strcmp(s->space, "/") != 0) {
		text_puts(&s->out, s->space);
		text_puts(&s->out, ",");
	}
}

static int send_packet(struct socketio_session *s)
{
	if (s->out.failed) {
		text_fini(&s->out);
		return RILL_ENOMEM;
	}
	return rill_send(s->conn, RILL_TEXT, s->out.data, s->out.len);
}

int socketio_session_emit(
	struct socketio_session *s, const char *array, size_t len, uint64_t *number)
{
	if (s->state != SOCKETIO_JOINED)
		return RILL_ECLOSED;
	begin_packet(s, '2');
	if (number)
		text_putf(&s->out, "%llu", (unsigned long long)(*number = s->next++));
	text_put(&s->out, array, len);
	return send_packet(s);
}

int socketio_session_answer(
	struct socketio_session *s, uint64_t number, const char *array, size_t len)
{
	if (s->state != SOCKETIO_JOINED)
		return RILL_ECLOSED;
	begin_packet(s, '3');
	text_putf(&s->out, "%llu", (unsigned long long)number);
	text_put(&s->out, array, len);
	return send_packet(s);
}

void socketio_session_leave(struct socketio_session *s)
{
	if (s->state == SOCKETIO_JOINED) {
		begin_packet(s, '1');
		send_packet(s);
	}
	over(s);
}

static void join(struct socketio_session *s)
{
	s->state = SOCKETIO_JOINING;
	begin_packet(s, '0');
	if (s->auth)
		text_puts(&s->out, s->auth);
	if (send_packet(s) < 0)
		broken(s, "there is no memory to ask for the namespace");
}

/* Receiving. */

static uint64_t read_digits(const char **p, const char *end, bool *any)
{
	uint64_t n = 0;
	for (*any = false; *p < end && **p >= '0' && **p <= '9'; ++*p) {
		n = n > MAX_NUMBER ? n : n * 10 + (uint64_t)(**p - '0');
		*any = true;
	}
	return n;
}

/* "51-/chat,12[...]". False when it is none. */
static bool read_packet(const struct socketio_session *s, struct packet *packet, rill_bytes bytes)
{
	const char *p = bytes.data, *end = p + bytes.len;
	bool any;
	*packet = (struct packet){ .type = p < end ? *p++ : '?' };
	if (packet->type == '5' || packet->type == '6') {
		packet->parts = read_digits(&p, end, &any);
		if (!any || p == end || *p++ != '-')
			return false;
	}
	const char *name = "/";
	size_t len = 1;
	if (p < end && *p == '/') {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		name = p;
		len = (size_t)((comma ? comma : end) - p);
		p = comma ? comma + 1 : end;
	}
	/* Servers may say a namespace with a query back. */
	packet->foreign = len != strlen(s->space) || memcmp(name, s->space, len) != 0;
	packet->number = read_digits(&p, end, &packet->numbered);
	packet->json = p;
	packet->len = (size_t)(end - p);
	return packet->number <= MAX_NUMBER;
}

/* Text of a member; false when there is none. */
static bool read_text(rill_json value, struct text *out)
{
	char *text = malloc(value.len + 1);
	const int64_t len = text ? rill_json_text(value, text, value.len + 1) : -1;
	if (len >= 0)
		text_put(out, text, (size_t)len);
	text_put(out, "", 1);
	free(text);
	return len >= 0 && !out->failed;
}

static void take_joined(struct socketio_session *s, const struct packet *packet)
{
	struct text id = { 0 };
	rill_json value;
	if (s->state != SOCKETIO_JOINING) {
		broken(s, "the server let us in twice");
	} else if (rill_json_read(&value, packet->json, packet->len) < 0 ||
		   !read_text(rill_json_get(value, "sid"), &id)) {
		broken(s, "the server broke the protocol: it let us in without an id");
	} else {
		s->state = SOCKETIO_JOINED;
		s->events->joined(id.data, s->user);
	}
	text_fini(&id);
}

static void take_refusal(struct socketio_session *s, const struct packet *packet)
{
	struct text sentence = { 0 }, words = { 0 };
	rill_json value;
	text_putf(&sentence, "the server refused the namespace %s", s->space);
	if (rill_json_read(&value, packet->json, packet->len) == 0) {
		const rill_json data = rill_json_get(value, "data");
		if (read_text(rill_json_get(value, "message"), &words))
			text_putf(&sentence, ": %s", words.data);
		if (data.type != RILL_JSON_NONE) {
			text_puts(&sentence, ", ");
			text_put(&sentence, data.data, data.len);
		}
	}
	text_put(&sentence, "", 1);
	over(s);
	s->events->refused(
		sentence.failed ? "the server refused the namespace" : sentence.data, s->user);
	text_fini(&sentence);
	text_fini(&words);
}

static void tell_event(struct socketio_session *s, const struct packet *packet, rill_json args)
{
	const bool answer = packet->type == '3' || packet->type == '6';
	struct socketio_event event = {
		.args = args, .numbered = packet->numbered, .number = packet->number
	};
	if (!answer)
		event.name = rill_json_at(args, 0);
	if (answer && !packet->numbered)
		return; /* as the reference client has it */
	if (args.type != RILL_JSON_ARRAY || (!answer && event.name.type != RILL_JSON_STRING))
		broken(s, "the server broke the protocol: an event without a name");
	else
		s->events->event(&event, s->user);
}

static void take_event(struct socketio_session *s, const struct packet *packet)
{
	rill_json args;
	if (rill_json_read(&args, packet->json, packet->len) < 0)
		broken(s, "the server broke the protocol: an event that is no JSON");
	else
		tell_event(s, packet, args);
}

/* All parts are there. */
static void take_whole(struct socketio_session *s)
{
	struct packet packet;
	rill_json args;
	const struct text text = s->parts.text;
	if (!read_packet(s, &packet, (rill_bytes){ text.data, text.len }) ||
		rill_json_read(&args, packet.json, packet.len) < 0) {
		broken(s, "the server broke the protocol: an event that is no JSON");
	} else {
		args.attached = s->parts.list;
		args.attached_count = s->parts.count;
		tell_event(s, &packet, args);
	}
	drop_parts(s);
}

static void take_parted(struct socketio_session *s, const struct packet *packet, rill_bytes bytes)
{
	if (!packet->parts) {
		take_event(s, packet);
		return;
	}
	if (packet->parts > MAX_PARTS) {
		broken(s, "the server announced more than 1000 attachments of an event");
		return;
	}
	s->parts.wanted = (uint32_t)packet->parts;
	s->parts.list = calloc(s->parts.wanted, sizeof(*s->parts.list));
	text_put(&s->parts.text, bytes.data, bytes.len);
	if (!s->parts.list || s->parts.text.failed)
		broken(s, "there is no memory for what the server sent");
}

static void take_part(struct socketio_session *s, rill_msg msg)
{
	if (!s->parts.wanted) {
		broken(s, "the server broke the protocol: bytes that belong to no event");
		return;
	}
	if (msg.len > s->parts.room - s->parts.bytes) {
		broken(s, "what the server attached to an event is longer than is taken");
		return;
	}
	void *copy = malloc(msg.len ? msg.len : 1);
	if (!copy) {
		broken(s, "there is no memory for what the server sent");
		return;
	}
	if (msg.len)
		memcpy(copy, msg.data, msg.len);
	s->parts.list[s->parts.count++] = (rill_bytes){ copy, msg.len };
	s->parts.bytes += msg.len;
	if (s->parts.count == s->parts.wanted)
		take_whole(s);
}

static void take_packet(struct socketio_session *s, rill_bytes bytes)
{
	struct packet packet;
	if (s->parts.wanted) {
		broken(s, "the server broke the protocol: attachments are missing");
		return;
	}
	if (!read_packet(s, &packet, bytes)) {
		broken(s, "the server broke the protocol: a packet that is none");
		return;
	}
	if (packet.foreign) {
		if (packet.type == '4' && s->state == SOCKETIO_JOINING)
			take_refusal(s, &packet);
		return;
	}
	const bool early = s->state != SOCKETIO_JOINED;
	if (packet.type == '0')
		take_joined(s, &packet);
	else if (packet.type == '4')
		take_refusal(s, &packet);
	else if (packet.type == '1') {
		over(s);
		s->events->left(s->user);
	} else if (early || packet.type < '1' || packet.type > '6')
		broken(s, "the server broke the protocol: a packet out of order");
	else if (packet.type == '5' || packet.type == '6')
		take_parted(s, &packet, bytes);
	else
		take_event(s, &packet);
}

static uint64_t member_ms(rill_json object, const char *name, int64_t usual)
{
	const int64_t ms = rill_json_int(rill_json_get(object, name), usual);
	return ms < 0 || ms > DAY_MS ? (uint64_t)usual : (uint64_t)ms;
}

static void take_opening(struct socketio_session *s, rill_bytes bytes)
{
	rill_json value;
	if (s->state != SOCKETIO_OPENING || rill_json_read(&value, bytes.data, bytes.len) < 0 ||
		value.type != RILL_JSON_OBJECT) {
		broken(s, "the server broke the protocol: an opening that is none");
		return;
	}
	s->patience_ms = member_ms(value, "pingInterval", 25000) +
			 member_ms(value, "pingTimeout", 20000);
	rill_timer_start(s->timer, s->patience_ms, 0);
	join(s);
}

static void take_ping(struct socketio_session *s, rill_bytes data)
{
	rill_timer_start(s->timer, s->patience_ms, 0);
	text_drop(&s->out, s->out.len);
	text_puts(&s->out, "3");
	text_put(&s->out, data.data, data.len);
	if (send_packet(s) == RILL_ENOMEM)
		broken(s, "there is no memory to answer a ping");
	else
		s->events->ping(data, s->user);
}

void socketio_session_take(struct socketio_session *s, rill_msg msg)
{
	if (s->state == SOCKETIO_OVER)
		return;
	if (msg.kind == RILL_BINARY) {
		take_part(s, msg);
		return;
	}
	const char *p = msg.len ? msg.data : "?";
	const char type = *p;
	const rill_bytes rest = { p + 1, msg.len ? msg.len - 1 : 0 };
	if (type != '0' && s->state == SOCKETIO_OPENING)
		broken(s, "this server does not speak Socket.IO of today (Engine.IO 4)");
	else if (type == '0')
		take_opening(s, rest);
	else if (type == '2')
		take_ping(s, rest);
	else if (type == '4')
		take_packet(s, rest);
	else if (type == '1') {
		over(s);
		s->events->left(s->user);
	} else if (type != '6' && type != '3')
		broken(s, "the server broke the protocol: a packet of no known type");
}

/* What is asked for. */

void socketio_url(struct text *out, const char *url)
{
	static const char query[] = "EIO=4&transport=websocket";
	const char *rest = strstr(url, "://");
	if (!rest) { /* the library says what is wrong with it */
		text_put(out, url, strlen(url) + 1);
		return;
	}
	if (!strncasecmp(url, "http", 4))
		text_puts(out, strncasecmp(url, "https", 5) ? "ws" : "wss");
	else
		text_put(out, url, (size_t)(rest - url));
	const size_t host = 3 + strcspn(rest + 3, "/?#");
	const size_t path = strcspn(rest + host, "?#");
	text_put(out, rest, host);
	if (path <= 1)
		text_puts(out, "/socket.io/");
	else
		text_put(out, rest + host, path);
	const char *asked = rest + host + path;
	const size_t len = strcspn(asked, "#");
	text_put(out, len ? asked : "?", len ? len : 1);
	text_puts(out, len > 1 ? "&" : "");
	text_puts(out, query);
	text_put(out, asked + len, strlen(asked + len) + 1);
}

bool socketio_is_namespace(const char *text)
{
	return *text == '/' && !strchr(text, ',') && utf8_valid(text, strlen(text));
}

bool socketio_is_auth(const char *text)
{
	rill_json json;
	return rill_json_read(&json, text, strlen(text)) >= 0 && json.type == RILL_JSON_OBJECT;
}

bool socketio_is_event(const char *text)
{
	return *text && utf8_valid(text, strlen(text));
}

bool socketio_is_reserved(rill_json name)
{
	static const char *const names[] = { "connect", "connect_error", "disconnect",
		"disconnecting", "newListener", "removeListener", NULL };
	for (size_t i = 0; names[i]; i++) {
		if (rill_json_is(name, names[i]))
			return true;
	}
	return false;
}
