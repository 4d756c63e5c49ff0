/* sockjs_multiplex.c: several channels over one SockJS connection, for the client of npm's
 * websocket-multiplex as it is.
 *
 *     npm install sockjs-client websocket-multiplex
 *     build/examples/sockjs_multiplex 9999 node_modules/sockjs-client/dist/sockjs.min.js \
 *             node_modules/websocket-multiplex/multiplex_client.js
 *
 * and open http://127.0.0.1:9999/. What goes over the connection are texts of three parts:
 *
 *     sub,TOPIC             the client opens a channel
 *     msg,TOPIC,PAYLOAD     a message, either way; the payload may hold commas
 *     uns,TOPIC             the channel closes, either way
 *
 * TOPIC is the channel's name as escape() of JavaScript writes it: "a b" comes as "a%20b". Whatever makes
 * no sense is ignored: unknown topics, messages to a channel that is not open. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/rill.h>

static rill_hub *hub;

static bool is(rill_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

/* "msg,TOPIC,PAYLOAD", for the caller to free; data NULL when there is no memory. */
static rill_bytes compose(const char *topic, rill_bytes payload)
{
	size_t head = strlen("msg,,") + strlen(topic);
	char *text = malloc(head + payload.len + 1);
	if (!text)
		return (rill_bytes){ NULL, 0 };
	snprintf(text, head + 1, "msg,%s,", topic);
	if (payload.len)
		memcpy(text + head, payload.data, payload.len);
	return (rill_bytes){ text, head + payload.len };
}

static void tell(rill_conn *conn, const char *topic, rill_bytes payload)
{
	rill_bytes message = compose(topic, payload);
	/* 1: the client reads too slowly; take nothing from it, on any channel, until on_drain. */
	if (message.data && rill_send(conn, RILL_TEXT, message.data, message.len) == 1)
		rill_conn_pause(conn);
	free((void *)message.data);
}

/* The channels. echo sends back what comes; in room all hear what one says; once says one word and
 * closes. */

static void echo(rill_conn *conn, rill_bytes payload)
{
	tell(conn, "echo", payload);
}

static void enter_room(rill_conn *conn)
{
	rill_subscribe(hub, "room", conn, NULL);
}

static void say_in_room(rill_conn *conn, rill_bytes payload)
{
	rill_bytes message = compose("room", payload);
	(void)conn;
	if (message.data)
		rill_publish(hub, "room", RILL_TEXT, message.data, message.len);
	free((void *)message.data);
}

static void leave_room(rill_conn *conn)
{
	rill_unsubscribe(hub, "room", conn);
}

static void say_once(rill_conn *conn)
{
	tell(conn, "once", (rill_bytes){ "goodbye", 7 });
}

static const struct channel {
	const char *topic;
	void (*on_open)(rill_conn *conn);
	void (*on_message)(rill_conn *conn, rill_bytes payload);
	/* By the client. A connection that is lost the hub forgets by itself. */
	void (*on_close)(rill_conn *conn);
	bool once;
} channels[] = {
	{ "echo", NULL, echo, NULL, false },
	{ "room", enter_room, say_in_room, leave_room, false },
	{ "once", say_once, NULL, NULL, true },
};

#define CHANNELS (sizeof(channels) / sizeof(*channels))

/* All there is to remember of a connection is a bit for each open channel, which its user pointer has
 * room for. */
static uintptr_t open_channels(const rill_conn *conn)
{
	return (uintptr_t)rill_conn_user(conn);
}

static void forget_channel(rill_conn *conn, size_t channel)
{
	rill_conn_set_user(conn, (void *)(open_channels(conn) & ~((uintptr_t)1 << channel)));
	if (channels[channel].on_close)
		channels[channel].on_close(conn);
}

static void close_channel(rill_conn *conn, size_t channel)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "uns,%s", channels[channel].topic);
	rill_send(conn, RILL_TEXT, text, (size_t)len);
	forget_channel(conn, channel);
}

static void open_channel(rill_conn *conn, size_t channel)
{
	rill_conn_set_user(conn, (void *)(open_channels(conn) | (uintptr_t)1 << channel));
	if (channels[channel].on_open)
		channels[channel].on_open(conn);
	if (channels[channel].once)
		close_channel(conn, channel);
}

/* Takes what stands before the next comma, or all there is, off the front. */
static rill_bytes cut(rill_bytes *rest)
{
	rill_bytes part = *rest;
	const char *comma = rest->len ? memchr(rest->data, ',', rest->len) : NULL;
	if (!comma) {
		rest->len = 0;
		return part;
	}
	part.len = (size_t)(comma - (const char *)rest->data);
	*rest = (rill_bytes){ comma + 1, rest->len - part.len - 1 };
	return part;
}

static void on_message(rill_conn *conn, rill_msg msg)
{
	rill_bytes rest = { msg.data, msg.len };
	rill_bytes type = cut(&rest);
	rill_bytes topic = cut(&rest);
	size_t i = 0;
	while (i < CHANNELS && !is(topic, channels[i].topic))
		i++;
	if (i == CHANNELS)
		return;
	bool open = open_channels(conn) >> i & 1;
	if (!open && is(type, "sub"))
		open_channel(conn, i);
	else if (open && is(type, "msg") && channels[i].on_message)
		channels[i].on_message(conn, rest);
	else if (open && is(type, "uns"))
		forget_channel(conn, i);
}

static const rill_handler multiplex = {
	sizeof(rill_handler),
	.on_message = on_message,
	.on_drain = rill_conn_resume,
};

static const char page[] =
	"<!doctype html><meta charset=utf-8><title>SockJS multiplex</title>\n"
	"<form><select><option>room<option>echo</select> <input autofocus> "
	"<button>Send</button></form>\n"
	"<ul></ul><script src=/sockjs.js></script><script src=/multiplex.js></script><script>\n"
	"function show(text) {\n"
	"  document.querySelector('ul').append(\n"
	"    Object.assign(document.createElement('li'), { textContent: text }));\n"
	"}\n"
	"if (!window.SockJS || !window.WebSocketMultiplex)\n"
	"  show('npm install sockjs-client websocket-multiplex, then name their files to the "
	"server');\n"
	"const multiplexer = new WebSocketMultiplex(new SockJS('/multiplex'));\n"
	"const channels = {};\n"
	"for (const name of ['echo', 'room', 'once']) {\n"
	"  const channel = channels[name] = multiplexer.channel(name);\n"
	"  channel.onopen = () => show(name + ' is open');\n"
	"  channel.onmessage = e => show(name + ': ' + e.data);\n"
	"  channel.onclose = () => show(name + ' is closed');\n"
	"}\n"
	"document.forms[0].onsubmit = e => {\n"
	"  e.preventDefault();\n"
	"  "
	"channels[document.querySelector('select').value].send(document.querySelector('input')."
	"value);\n"
	"};\n"
	"</script>\n";

static struct client_file {
	const char *path;
	char data[512 * 1024];
	size_t len;
} files[] = { { .path = "/sockjs.js" }, { .path = "/multiplex.js" } };

static bool read_file(struct client_file *into, const char *name)
{
	FILE *file = fopen(name, "rb");
	if (!file)
		return false;
	into->len = fread(into->data, 1, sizeof(into->data), file);
	fclose(file);
	return into->len > 0;
}

static int show_page(rill_request *request, void *user)
{
	rill_bytes path = rill_request_path(request);
	(void)user;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (!is(path, files[i].path) || !files[i].len)
			continue;
		rill_respond(request, 200, "text/javascript; charset=utf-8", files[i].data,
			files[i].len);
		return RILL_TAKE;
	}
	if (!is(path, "/"))
		return RILL_PASS;
	rill_respond(request, 200, "text/html; charset=utf-8", page, sizeof(page) - 1);
	return RILL_TAKE;
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 9999);
	rill_sockjs_options options;
	rill_loop *loop;
	rill_server *server;

	if ((argc > 1 && !isdigit((unsigned char)*argv[1])) ||
		(argc > 2 && !read_file(&files[0], argv[2])) ||
		(argc > 3 && !read_file(&files[1], argv[3]))) {
		fprintf(stderr,
			"usage: sockjs_multiplex [PORT [SOCKJS.MIN.JS [MULTIPLEX_CLIENT.JS]]]\n");
		return 2;
	}
	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0 ||
		rill_hub_new(&hub, loop, NULL) < 0)
		return 1;
	rill_sockjs_options_default(&options);
	options.sockjs_url = "/sockjs.js";
	if (rill_sockjs_serve(server, "/multiplex", &multiplex, &options, NULL) < 0)
		return 1;
	rill_server_handle(server, "/", show_page, NULL, NULL);
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
