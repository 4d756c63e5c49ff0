/* guest_glib_test.c: rill as a guest of GLib's main loop. */
#include <glib-unix.h>
#include "net/guest.h"

static gboolean on_readable(gint fd, GIOCondition condition, gpointer host)
{
	(void)fd;
	(void)condition;
	assert_int_equal(rill_loop_turn(guest.loop), 0);
	if (!guest.done)
		return G_SOURCE_CONTINUE;
	g_main_loop_quit(host);
	return G_SOURCE_REMOVE;
}

TEST(guest_glib, echoes_and_timers_go_on_inside_a_main_loop)
{
	GMainContext *context = g_main_context_new();
	GMainLoop *host = g_main_loop_new(context, FALSE);
	guest_start();
	GSource *source = g_unix_fd_source_new(rill_loop_fd(guest.loop), G_IO_IN);
	g_source_set_callback(source, G_SOURCE_FUNC(on_readable), host, NULL);
	g_source_attach(source, context);
	g_main_loop_run(host);
	g_source_unref(source);
	g_main_loop_unref(host);
	g_main_context_unref(context);
	guest_finish();
}
