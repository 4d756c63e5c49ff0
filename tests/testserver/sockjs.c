/* sockjs.c: the services that every SockJS server has for its suites:
 *
 *     /echo                     sends back what comes; responses end at 4,096 bytes
 *     /disabled_websocket_echo  the same without WebSockets
 *     /cookie_needed_echo       the same with JSESSIONID
 *     /close                    closes each session at once with 3000
 *     /amplify                  a number n from 1 to 18 brings 2^n times x
 *     /broadcast                sends what comes to every session
 *     /ticker                   says "tick!" once a second */
#include <stdlib.h>
#include <string.h>
#include "sockjs.h"

#define RESPONSE_LIMIT 4096
#define TICK_MS        1000

/* A client that polls may well send more than it has room for before it comes to receive, so it is not
 * held back by pausing: whoever never comes is closed when its queue is full. */
static void echo(rill_conn *conn, rill_msg msg)
{
	if (rill_send_msg(conn, msg) == RILL_ENOMEM)
		rill_conn_destroy(conn);
}

static void close_at_once(rill_conn *conn)
{
	rill_close(conn, 3000, "Go away!");
}

static void amplify(rill_conn *conn, rill_msg msg)
{
	static char all[1 << 18];
	char digits[16];
	size_t len = msg.len < sizeof(digits) - 1 ? msg.len : sizeof(digits) - 1;
	if (len)
		memcpy(digits, msg.data, len);
	digits[len] = 0;
	long n = strtol(digits, NULL, 10);
	if (n < 1 || n > 18)
		n = 1;
	memset(all, 'x', sizeof(all));
	rill_send(conn, RILL_TEXT, all, (size_t)1 << n);
}

static rill_sockjs *everybody;

static void pass_on(rill_conn *conn, void *user)
{
	rill_send_msg(conn, *(rill_msg *)user);
}

static void broadcast(rill_conn *conn, rill_msg msg)
{
	(void)conn;
	rill_sockjs_each(everybody, pass_on, &msg);
}

static void tick(rill_timer *timer, void *user)
{
	(void)timer;
	rill_send_text(user, "tick!");
}

static void start_ticking(rill_conn *conn)
{
	rill_timer *timer;
	if (rill_timer_new(&timer, rill_conn_loop(conn), tick, conn) < 0) {
		rill_conn_destroy(conn);
		return;
	}
	rill_conn_set_user(conn, timer);
	rill_timer_start(timer, TICK_MS, TICK_MS);
}

static void stop_ticking(rill_conn *conn, int code, rill_bytes reason)
{
	(void)code;
	(void)reason;
	rill_timer_free(rill_conn_user(conn));
}

int attach_sockjs(rill_server *server)
{
	static const rill_handler echoes = { sizeof(rill_handler), .on_message = echo };
	static const rill_handler closes = { sizeof(rill_handler), .on_open = close_at_once };
	static const rill_handler amplifies = { sizeof(rill_handler), .on_message = amplify };
	static const rill_handler broadcasts = { sizeof(rill_handler), .on_message = broadcast };
	static const rill_handler ticks = { sizeof(rill_handler), .on_open = start_ticking,
		.on_close = stop_ticking };
	rill_sockjs_options short_responses, no_websocket, cookie;

	rill_sockjs_options_default(&short_responses);
	rill_sockjs_options_default(&no_websocket);
	rill_sockjs_options_default(&cookie);
	short_responses.response_limit = RESPONSE_LIMIT;
	no_websocket.websocket = false;
	cookie.jsessionid = true;
	const struct {
		const char *prefix;
		const rill_handler *handler;
		const rill_sockjs_options *options;
	} services[] = {
		{ "/echo", &echoes, &short_responses },
		{ "/disabled_websocket_echo", &echoes, &no_websocket },
		{ "/cookie_needed_echo", &echoes, &cookie },
		{ "/close", &closes, NULL },
		{ "/amplify", &amplifies, NULL },
		{ "/ticker", &ticks, NULL },
	};
	int rc = rill_sockjs_serve(server, "/broadcast", &broadcasts, NULL, &everybody);
	for (size_t i = 0; rc == 0 && i < sizeof(services) / sizeof(*services); i++)
		rc = rill_sockjs_serve(
			server, services[i].prefix, services[i].handler, services[i].options, NULL);
	return rc;
}
