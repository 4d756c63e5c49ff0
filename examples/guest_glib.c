/* guest_glib.c: rill as a guest in a GLib main loop (and so in GTK), beside a timer of GLib's own.
 *
 *     build/examples/guest_glib 8000
 *     npx wscat -c ws://127.0.0.1:8000/ws      a tick each second
 *
 * All there is to it: watch rill_loop_fd() for reading, and turn rill whenever it is readable. */
#include <stdio.h>
#include <stdlib.h>
#include <glib.h>
#include <glib-unix.h>
#include <rill/rill.h>

static const rill_handler listener = { .size = sizeof(rill_handler) };

static gboolean turn(gint fd, GIOCondition condition, gpointer user)
{
	(void)fd;
	(void)condition;
	rill_loop_turn(user);
	return G_SOURCE_CONTINUE;
}

static void tell(rill_conn *conn, void *user)
{
	rill_send_text(conn, user);
}

/* Outside of any turn of rill: what is sent here makes rill's descriptor readable. */
static gboolean on_tick(gpointer user)
{
	char text[32];
	g_snprintf(text, sizeof(text), "tick %lld", (long long)g_get_monotonic_time() / 1000000);
	rill_websocket_each(user, tell, text);
	return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000);
	rill_loop *loop;
	rill_server *server;
	rill_websocket *service;

	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0 ||
		rill_websocket_serve(server, "/ws", &listener, NULL, &service) < 0)
		return 1;
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);

	GMainLoop *main_loop = g_main_loop_new(NULL, FALSE);
	g_unix_fd_add(rill_loop_fd(loop), G_IO_IN, turn, loop);
	g_timeout_add_seconds(1, on_tick, service);
	g_main_loop_run(main_loop);
	return 0;
}
