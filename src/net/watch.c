/* watch.c: a descriptor of the program's own, as rill_watch. */
#include "net/loop.h"

struct rill_watch {
	struct rl_watch watch;
	struct rill_loop *loop;
	void (*fn)(rill_watch *watch, int events, void *user);
	void *user;
};

static void on_ready(struct rl_watch *base, int events)
{
	struct rill_watch *watch = rl_container(base, struct rill_watch, watch);
	watch->fn(watch, events, watch->user);
}

static int set(struct rill_watch *watch, int events)
{
	return watch->loop->engine->ops->set_watch(watch->loop->engine, &watch->watch, events);
}

int rill_watch_new(rill_watch **result, rill_loop *loop, int fd, int events,
	void (*fn)(rill_watch *watch, int events, void *user), void *user)
{
	if (fd < 0 || (events & ~(RILL_READABLE | RILL_WRITABLE)))
		return RILL_EINVAL;
	struct rill_watch *watch = rl_alloc(&loop->env, sizeof(*watch));
	if (!watch)
		return RILL_ENOMEM;
	*watch = (struct rill_watch){ { .on_ready = on_ready, .fd = fd }, loop, fn, user };
	int rc = set(watch, events);
	if (rc < 0) {
		rl_free(&loop->env, watch);
		return rc;
	}
	*result = watch;
	return 0;
}

int rill_watch_set(rill_watch *watch, int events)
{
	return set(watch, events & (RILL_READABLE | RILL_WRITABLE)) < 0 ? RILL_EIO : 0;
}

void rill_watch_free(rill_watch *watch)
{
	if (!watch)
		return;
	set(watch, 0);
	rl_free(&watch->loop->env, watch);
}
