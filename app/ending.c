/* ending.c: the first signal asks, the second insists. */
#include "ending.h"

#include <signal.h>

static void on_stopped(void *user)
{
	rill_loop_stop(user);
}

static void on_signal(int signal, void *user)
{
	(void)signal;
	struct ending *ending = user;
	rill_loop *loop = rill_server_loop(ending->server);
	if (ending->asked)
		rill_loop_stop(loop);
	else
		rill_server_stop(ending->server, ending->drain_ms, on_stopped, loop);
	ending->asked = true;
}

int ending_init(struct ending *ending, rill_server *server, uint32_t drain_ms)
{
	static const int wanted[] = { SIGINT, SIGTERM, 0 };
	*ending = (struct ending){ .server = server, .drain_ms = drain_ms };
	return signals_init(&ending->signals, rill_server_loop(server), wanted, on_signal, ending);
}

void ending_fini(struct ending *ending)
{
	signals_fini(&ending->signals);
}
