/* chat.c: one room, whatever protocol you come by: WebSockets talk and listen, event streams listen.
 *
 *     build/examples/chat 8000
 *     npx wscat -c ws://127.0.0.1:8000/ws                        what you type is said to all others
 *     curl -NH 'Accept: text/event-stream' 127.0.0.1:8000/ws     hears it
 *
 * The room remembers the last hundred messages for ten minutes: a browser's EventSource that was cut off
 * comes back with the id of the last one it saw, and is sent what it missed or an event "gap". */
#include <stdio.h>
#include <stdlib.h>
#include <rill/rill.h>

static rill_hub *hub;

/* A peer that reads too slowly loses the oldest, rather than its connection. */
static int enter(rill_conn *conn, const char *since)
{
	rill_subscribe_options options;
	rill_subscribe_options_default(&options);
	options.slow = RILL_SLOW_DROP_OLDEST;
	options.max_messages = 100;
	options.since = since;
	return rill_subscribe(hub, "room", conn, &options);
}

/* To everybody but whoever said it. */
static int say(const void *data, size_t len, const rill_conn *speaker)
{
	uint64_t id = speaker ? rill_conn_id(speaker) : 0;
	rill_publication what;
	rill_publication_init(&what, sizeof(what));
	what.data = data;
	what.len = len;
	what.except = &id;
	what.except_count = speaker ? 1 : 0;
	return rill_publish_event(hub, "room", &what);
}

static void on_talker(rill_conn *conn)
{
	if (enter(conn, NULL) < 0)
		rill_close(conn, 1011, "no room");
}

static void on_talk(rill_conn *conn, rill_msg msg)
{
	if (msg.kind != RILL_TEXT)
		rill_close(conn, 1003, "text, please");
	else if (say(msg.data, msg.len, conn) < 0)
		rill_send_text(conn, "(That was not said.)");
}

static void on_listener(rill_conn *conn)
{
	if (enter(conn, rill_eventsource_last_id(conn)) < 0)
		rill_conn_destroy(conn);
}

static const rill_handler talkers = {
	sizeof(rill_handler),
	.on_open = on_talker,
	.on_message = on_talk,
};
static const rill_handler listeners = { sizeof(rill_handler), .on_open = on_listener };

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000);
	rill_loop *loop;
	rill_server *server;

	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0 ||
		rill_hub_new(&hub, loop, NULL) < 0)
		return 1;
	rill_topic_history(hub, "room", 100, 1024 * 1024, 10 * 60 * 1000);
	rill_websocket_serve(server, "/ws", &talkers, NULL, NULL);
	rill_eventsource_serve(server, "/ws", &listeners, NULL, NULL);
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
