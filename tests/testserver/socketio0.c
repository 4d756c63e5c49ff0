/* socketio0.c: the Socket.IO service of 2010 that suites run against: a client is told its session id, and what it
 * says in return are commands:
 *
 *     {op: "echo", v: X}   brings {echo: X}
 *     echo:T  json:T       bring T, {echo: T}
 *     bcast:T  all:T       bring T to all others, to all
 *     except:A,B:T         brings T to all but the sessions A and B
 *     many:N               brings m0 to m<N-1>, one by one
 *     later:MS:T           brings T so many milliseconds later
 *     types                brings a value of each type, and "end"
 *     count  gone          bring {count: clients}, {gone: [ids disconnected so far]} */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "socketio0.h"

#define HEARTBEAT_MS 1000
#define WAIT_MS      1500 /* for the answer to a heartbeat, for a client's return, for a poll's end */
#define MAX_MANY     100000
#define MAX_EXCEPT   64
#define ID_ROOM      64

static bool begins(rill_bytes text, const char *with)
{
	return text.len >= strlen(with) && !memcmp(text.data, with, strlen(with));
}

static rill_bytes behind(rill_bytes text, size_t len)
{
	return (rill_bytes){ (const char *)text.data + len, text.len - len };
}

/* Cuts text at its first colon: what stands before it is returned, and text is what stands behind. */
static rill_bytes cut_field(rill_bytes *text)
{
	const char *colon = text->len ? memchr(text->data, ':', text->len) : NULL;
	size_t len = colon ? (size_t)(colon - (const char *)text->data) : text->len;
	rill_bytes field = { text->data, len };
	*text = behind(*text, colon ? len + 1 : len);
	return field;
}

static unsigned long number(rill_bytes digits, unsigned long most)
{
	char text[16] = { 0 };
	memcpy(text, digits.data, digits.len < sizeof(text) - 1 ? digits.len : sizeof(text) - 1);
	unsigned long n = strtoul(text, NULL, 10);
	return n < most ? n : most;
}

/* An object of one member is begun, and sent. */

static void begin_object(rill_json_writer *w, const char *name)
{
	rill_json_begin(w);
	rill_json_open(w, '{');
	rill_json_name(w, name);
}

static void send_object(rill_json_writer *w, rill_conn *client)
{
	rill_json_close(w);
	rill_socketio0_send(client, RILL_ARGS(rill_json_arg(rill_json_end(w))));
	rill_json_free(w);
}

/* What is to be sent later, in a list of each client. */

struct later {
	struct later *next;
	rill_conn *client;
	rill_timer *timer;
	size_t len;
	char text[];
};

static void forget_later(struct later *l)
{
	rill_timer_free(l->timer);
	free(l);
}

static void send_later(rill_timer *timer, void *user)
{
	struct later *l = user, *at;
	(void)timer;
	rill_socketio0_send(l->client, RILL_ARGS(rill_text_of(l->text, l->len)));
	at = rill_conn_user(l->client);
	if (at == l) {
		rill_conn_set_user(l->client, l->next);
	} else {
		while (at->next != l)
			at = at->next;
		at->next = l->next;
	}
	forget_later(l);
}

static void do_later(rill_socketio0 *io, rill_conn *client, rill_bytes rest)
{
	(void)io;
	unsigned long ms = number(cut_field(&rest), 3600000);
	struct later *l = malloc(sizeof(*l) + rest.len);
	if (!l || rill_timer_new(&l->timer, rill_conn_loop(client), send_later, l) < 0) {
		free(l);
		rill_conn_destroy(client);
		return;
	}
	l->client = client;
	l->len = rest.len;
	memcpy(l->text, rest.data, rest.len);
	l->next = rill_conn_user(client);
	rill_conn_set_user(client, l);
	rill_timer_start(l->timer, (uint32_t)ms, 0);
}

/* The other commands. rest is what stands behind the colon. */

static void do_echo(rill_socketio0 *io, rill_conn *client, rill_bytes rest)
{
	(void)io;
	rill_socketio0_send(client, RILL_ARGS(rill_text_of(rest.data, rest.len)));
}

static void do_json(rill_socketio0 *io, rill_conn *client, rill_bytes rest)
{
	rill_json_writer w;
	(void)io;
	begin_object(&w, "echo");
	rill_json_put_string(&w, rest.data, rest.len);
	send_object(&w, client);
}

static void do_bcast(rill_socketio0 *io, rill_conn *client, rill_bytes rest)
{
	(void)io;
	rill_socketio0_broadcast_from(client, RILL_ARGS(rill_text_of(rest.data, rest.len)));
}

static void do_all(rill_socketio0 *io, rill_conn *client, rill_bytes rest)
{
	(void)client;
	rill_socketio0_broadcast(io, RILL_ARGS(rill_text_of(rest.data, rest.len)), NULL);
}

static void do_except(rill_socketio0 *io, rill_conn *client, rill_bytes rest)
{
	char names[ID_ROOM * MAX_EXCEPT];
	const char *except[MAX_EXCEPT + 1] = { NULL };
	size_t count = 0;
	rill_bytes list = cut_field(&rest);

	(void)client;
	if (list.len >= sizeof(names))
		return;
	memcpy(names, list.data, list.len);
	names[list.len] = 0;
	for (char *left = names, *name; count < MAX_EXCEPT && (name = strsep(&left, ","));)
		except[count++] = name;
	rill_socketio0_broadcast(io, RILL_ARGS(rill_text_of(rest.data, rest.len)), except);
}

static void do_many(rill_socketio0 *io, rill_conn *client, rill_bytes rest)
{
	char text[24];
	unsigned long count = number(rest, MAX_MANY);
	(void)io;
	for (unsigned long i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "m%lu", i);
		if (rill_socketio0_send(client, RILL_ARGS(rill_text(text))) < 0)
			return;
	}
}

static void do_types(rill_socketio0 *io, rill_conn *client, rill_bytes rest)
{
	static const char text[] = "[\"a\",\"b\"]";
	rill_json list;
	(void)io;
	(void)rest;
	rill_json_read(&list, text, sizeof(text) - 1);
	rill_socketio0_send(client, RILL_ARGS(rill_int(1), rill_bool(true), rill_null(),
					    rill_json_arg(list), rill_text("end")));
}

static void do_count(rill_socketio0 *io, rill_conn *client, rill_bytes rest)
{
	rill_json_writer w;
	(void)rest;
	begin_object(&w, "count");
	rill_json_put_int(&w, (int64_t)rill_socketio0_count(io));
	send_object(&w, client);
}

/* Who has gone, as long as the program lives. */
static struct {
	char (*ids)[ID_ROOM];
	size_t count, room;
} gone;

static void do_gone(rill_socketio0 *io, rill_conn *client, rill_bytes rest)
{
	rill_json_writer w;
	(void)io;
	(void)rest;
	begin_object(&w, "gone");
	rill_json_open(&w, '[');
	for (size_t i = 0; i < gone.count; i++)
		rill_json_put_text(&w, gone.ids[i]);
	rill_json_close(&w);
	send_object(&w, client);
}

static const struct command {
	const char *name;
	void (*run)(rill_socketio0 *io, rill_conn *client, rill_bytes rest);
} commands[] = {
	{ "echo:", do_echo },
	{ "json:", do_json },
	{ "bcast:", do_bcast },
	{ "all:", do_all },
	{ "except:", do_except },
	{ "many:", do_many },
	{ "later:", do_later },
	{ "types", do_types },
	{ "count", do_count },
	{ "gone", do_gone },
};

static void run_command(rill_socketio0 *io, rill_conn *client, rill_bytes text)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		const char *name = commands[i].name;
		bool takes_rest = name[strlen(name) - 1] == ':';
		if (begins(text, name) && (takes_rest || text.len == strlen(name))) {
			commands[i].run(io, client, behind(text, strlen(name)));
			return;
		}
	}
}

/* What the listener tells. */

static void on_connection(
	rill_socketio0 *io, rill_conn *client, const rill_msg *message, void *user)
{
	rill_json_writer w;
	(void)io;
	(void)message;
	(void)user;
	begin_object(&w, "welcome");
	rill_json_put_text(&w, rill_socketio0_session_id(client));
	send_object(&w, client);
}

static void on_message(rill_socketio0 *io, rill_conn *client, const rill_msg *message, void *user)
{
	rill_json_writer w;
	rill_json value;
	(void)user;
	if (message->kind == RILL_TEXT) {
		run_command(io, client, (rill_bytes){ message->data, message->len });
		return;
	}
	if (rill_json_read(&value, message->data, message->len) < 0 ||
		!rill_json_is(rill_json_get(value, "op"), "echo"))
		return;
	begin_object(&w, "echo");
	rill_json_put(&w, rill_json_get(value, "v"));
	send_object(&w, client);
}

static void on_disconnect(
	rill_socketio0 *io, rill_conn *client, const rill_msg *message, void *user)
{
	(void)io;
	(void)message;
	(void)user;
	for (struct later *l = rill_conn_user(client), *next; l; l = next) {
		next = l->next;
		forget_later(l);
	}
	rill_conn_set_user(client, NULL);
	if (gone.count == gone.room) {
		size_t room = gone.room ? 2 * gone.room : 64;
		char(*ids)[ID_ROOM] = realloc(gone.ids, room * sizeof(*ids));
		if (!ids)
			return;
		gone.ids = ids;
		gone.room = room;
	}
	snprintf(gone.ids[gone.count++], ID_ROOM, "%s", rill_socketio0_session_id(client));
}

int attach_socketio0(
	rill_server *server, const char *client_file, const char *client_name, rill_socketio0 **io)
{
	static const rill_socketio0_times held = { .heartbeat_interval_ms = HEARTBEAT_MS,
		.timeout_ms = WAIT_MS,
		.close_timeout_ms = WAIT_MS };
	static const rill_socketio0_times polls = { .close_timeout_ms = WAIT_MS,
		.duration_ms = WAIT_MS };
	rill_socketio0_options o;
	char dir[4096];

	rill_socketio0_options_default(&o);
	o.websocket = o.flashsocket = o.server_events = o.htmlfile = o.xhr_multipart = held;
	o.xhr_polling = o.jsonp_polling = polls;
	o.on_connection = on_connection;
	o.on_client_message = on_message;
	o.on_client_disconnect = on_disconnect;
	if (client_file) {
		const char *slash = strrchr(client_file, '/');
		int len = slash ? (int)(slash - client_file) : 0;
		snprintf(dir, sizeof(dir), "%.*s", slash ? (len ? len : 1) : 1,
			slash ? client_file : ".");
		o.client_dir = dir;
		o.client_file = slash ? slash + 1 : client_file;
		if (client_name)
			o.client_name = client_name;
	}
	return rill_socketio0_serve(server, &o, io);
}
