/* ending.c: signals as a descriptor of the loop, so that they are handled between callbacks and
 * never in the middle of one. */
#include "ending.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void on_stopped(void *user)
{
	rill_loop_stop(user);
}

static void on_signal(rill_watch *watch, int events, void *user)
{
	(void)watch;
	(void)events;
	struct ending *ending = user;
	rill_loop *loop = rill_server_loop(ending->server);
	struct signalfd_siginfo info;
	if (read(ending->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (ending->asked)
		rill_loop_stop(loop);
	else
		rill_server_stop(ending->server, ending->drain_ms, on_stopped, loop);
	ending->asked = true;
}

int ending_init(struct ending *ending, rill_server *server, uint32_t drain_ms)
{
	*ending = (struct ending){ .server = server, .drain_ms = drain_ms };
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ending->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ending->fd < 0)
		return RILL_EIO;
	return rill_watch_new(&ending->watch, rill_server_loop(server), ending->fd, RILL_READABLE,
		on_signal, ending);
}

void ending_fini(struct ending *ending)
{
	rill_watch_free(ending->watch);
	if (ending->fd >= 0)
		close(ending->fd);
	ending->watch = NULL;
	ending->fd = -1;
}
