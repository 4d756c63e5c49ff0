/* signals.c: signalfd(2). */
#include "signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void on_readable(rill_watch *watch, int events, void *user)
{
	(void)watch;
	(void)events;
	struct signals *signals = user;
	struct signalfd_siginfo info;
	if (read(signals->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		signals->fn((int)info.ssi_signo, signals->user);
}

int signals_init(struct signals *signals, rill_loop *loop, const int *wanted,
	void (*fn)(int signal, void *user), void *user)
{
	*signals = (struct signals){ .fn = fn, .user = user };
	sigset_t set;
	sigemptyset(&set);
	while (*wanted)
		sigaddset(&set, *wanted++);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0)
		return RILL_EIO;
	return rill_watch_new(
		&signals->watch, loop, signals->fd, RILL_READABLE, on_readable, signals);
}

void signals_fini(struct signals *signals)
{
	rill_watch_free(signals->watch);
	if (signals->fd >= 0)
		close(signals->fd);
	signals->watch = NULL;
	signals->fd = -1;
}
