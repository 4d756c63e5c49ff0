/* engineio.c: what the protocol's own suites expect: heartbeats that a test can wait for, everything sent back,
 * pages of anywhere. */
#include "engineio.h"

/* A client that polls sends before it comes to receive, so it is not held back by pausing: whoever never comes
 * is closed when its queue is full. */
static void echo(rill_conn *conn, rill_msg msg)
{
	if (rill_send_msg(conn, msg) == RILL_ENOMEM)
		rill_conn_destroy(conn);
}

int attach_engineio_suite(rill_server *server, bool eio3)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_message = echo };
	static const char *const anywhere[] = { "*", NULL };
	rill_engineio_options o;

	rill_engineio_options_default(&o);
	o.ping_interval_ms = 300;
	o.ping_timeout_ms = 200;
	o.max_payload = 1000 * 1000;
	o.revision3 = eio3;
	o.cors.origins = anywhere;
	return rill_engineio_serve(server, "/engine.io/", &handler, &o, NULL);
}
