/* playground.h: the services behind the page.
 *
 *   /ws        a WebSocket: what one connection says, every other one hears: same kind, same bytes. The
 *              first message to each is {"hello":{"id":N}}. Subprotocol rill-playground.
 *   /events    an event stream: hears the texts said there, and an event "binary" with the number of
 *              bytes for what is no text. The first event is "hello", {"id":N}. Who comes back with
 *              Last-Event-ID hears what it missed, as far as it is kept.
 *   /sockjs    SockJS: says and hears texts as /ws does. The first message to each is
 *              {"hello":{"id":N,"transport":"xhr-streaming","path":"/sockjs/000/abcdefgh"}}: by what, and
 *              below which path its requests come. {"binary":N} are N bytes that were said, which SockJS
 *              does not carry.
 *   /socket.io/  Socket.IO: says texts and bytes by the event "say", and hears them by "said", each with
 *              one argument. The first event to each is "hello", {"id":N,"transport":"polling"};
 *              "transport" is acknowledged with the one of now.
 *   /socket.io/TRANSPORT  Socket.IO of 2010: says and hears texts. Objects are told: {"hello":{"id":N,
 *              "transport":"xhr-polling"}} first, {"binary":N} as above, and {"text":"..."} for a text that begins
 *              with ~h~ or ~j~, which the protocol keeps for itself; it says such a text by the same object, and
 *              any other as its JSON.
 *   /trace?id=N  one JSON text for each frame of connection N of /ws as the server sees it, those
 *              before the trace was opened included as far as they are kept. {"ping":K} is answered by
 *              {"pong":K}. Subprotocol rill-trace. */
#ifndef PLAYGROUND_H
#define PLAYGROUND_H

#include <rill/conn.h>
#include <rill/hub.h>
#include <rill/json.h>
#include <rill/server.h>
#include <rill/socketio.h>

/* The page says up to 1 MiB at once; the rest is for other clients' roundings. */
#define PLAYGROUND_MAX_SAID ((size_t)1024 * 1024 + 4096)
/* A listener that is further behind than this is asked to leave. */
#define PLAYGROUND_MAX_BEHIND ((size_t)8 * 1024 * 1024)

/* Everybody hears the first. Those who cannot be told all of it hear of the rest: event streams in the second, as
 * events, SockJS in the third, as texts, Socket.IO of 2010 in the fourth, as objects. */
#define TOPIC_SAID          "said"
#define TOPIC_ABOUT         "about"
#define TOPIC_ABOUT_TEXTS   "about-texts"
#define TOPIC_ABOUT_OBJECTS "about-objects"

struct pane;

struct playground {
	rill_server *server;
	rill_hub *hub;
	rill_namespace *sockets; /* all of Socket.IO */
	struct pane *panes;      /* the open connections of /ws */
};

/* Attaches the services; the playground must outlive the server. Returns 0 or a negative code; fini, after the
 * server was freed and before its loop is, is fine either way. */
int playground_init(struct playground *playground, rill_server *server);
void playground_fini(struct playground *playground);

/* Between its services. */

/* Tells one connection something; who does not keep up is closed. */
void playground_tell(rill_conn *conn, const char *text, size_t len);
/* Subscribes it, from now on or from what follows the event of that id. */
void playground_listen(
	struct playground *playground, const char *topic, rill_conn *conn, const char *since);
/* What conn says goes to all others. Halves of surrogate pairs, ED A0 80 to ED BF BF, become U+FFFD, as a page's
 * WebSocket has them. 0; RILL_EUTF8, RILL_ETOOBIG (above PLAYGROUND_MAX_SAID): nobody was told; RILL_ENOMEM. */
int playground_say(struct playground *playground, rill_conn *conn, rill_msg msg);
int playground_say_socket(struct playground *playground, rill_socket *socket, rill_msg msg);
/* One of conn and socket says a value: the text of a string, else its JSON. */
int playground_say_value(
	struct playground *playground, rill_conn *conn, rill_socket *socket, rill_json value);

#endif
