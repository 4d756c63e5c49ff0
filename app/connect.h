/* connect.h: one run of `rill connect`: what came of the command line, the connection, and what is told.
 *
 *   connect.c            the run: lines in, things told, how it ends
 *   connect_websocket.c  the link over a WebSocket
 *   connect_socketio.c   ... that speaks Socket.IO
 *   connect_events.c     the link over an event stream */
#ifndef CONNECT_H
#define CONNECT_H

#include <stdbool.h>
#include <stdint.h>
#include <rill/client.h>
#include <rill/eventsource.h>
#include "connect_options.h"
#include "connect_output.h"
#include "editor.h"
#include "input.h"
#include "output.h"
#include "signals.h"
#include "socketio_session.h"

struct connect;

/* What carries messages. */
struct connect_link {
	/* Begins to connect. Returns 0, RILL_EINVAL (the command line is wrong; rill_loop_error() says
	 * how), or why it cannot. */
	int (*open)(struct connect *c);
	/* As rill_send(). RILL_EINVAL: it is none that can be sent; c->wrong says why. NULL: nothing can be
	 * sent. */
	int (*send)(struct connect *c, rill_kind kind, const void *data, size_t len);
	/* Ends it in its protocol's way; connect_ended() follows, maybe from inside. */
	void (*close)(struct connect *c, int code, const char *reason);
	/* ... or without a word. */
	void (*cut)(struct connect *c);
	/* While it is held nothing shall come. */
	void (*hold)(struct connect *c, bool held);
	/* Frees what is left. */
	void (*fini)(struct connect *c);
};

extern const struct connect_link websocket_link;
extern const struct connect_link socketio_link;
extern const struct connect_link events_link;

struct connect {
	struct connect_options options;
	rill_loop *loop;
	const struct connect_link *link;
	rill_conn *conn; /* websocket_link's and socketio_link's; NULL before and after */
	struct {
		struct socketio_session session;
		rill_timer *patience; /* until the namespace is joined, or left */
		bool late;            /* it has fired */
		bool said;            /* something was sent */
		int close_code;       /* once it is closed */
		const char *close_reason;
		bool left;   /* the server has ended it */
		bool failed; /* an error was told: there is no way on */
	} socketio;
	const char *wrong;               /* with what was to be sent */
	rill_eventsource_client *client; /* events_link's */
	struct {
		bool came;    /* a Close frame, and it was in order as far as it was seen */
		int code;     /* 1005: none */
		uint64_t len; /* of its payload */
	} peer_close;

	struct output output;
	struct telling telling;
	const struct telling_ops *tell;
	struct input input;
	struct editor *editor;
	struct signals signals;

	uint64_t received; /* messages */
	bool send_full;    /* the link said that it will drain */
	bool opened;       /* it has been open */
	bool finishing;    /* we have closed it */
	bool over;         /* the close has been told */
	int status;        /* of the program */
};

/* What the links report. opened: also each time an event stream comes back. */
void connect_opened(
	struct connect *c, const rill_answer *answer, const char *protocol, const char *extensions);
void connect_message(struct connect *c, const struct told_message *message);
void connect_event(struct connect *c, const struct socketio_event *event);
void connect_ping(struct connect *c, bool pong, rill_bytes data);
void connect_drained(struct connect *c);
void connect_error(struct connect *c, const char *sentence, int status);
/* Once, last. */
void connect_ended(struct connect *c, int code, rill_bytes reason, bool clean);

#endif
