/* loop_timer.c: the wheel as the loop offers it: to the library, and as rill_timer. */
#include "net/loop.h"

void rl_loop_set_timer(struct rill_loop *loop, struct rl_timer *timer, uint64_t due)
{
	rl_timer_set(&loop->wheel, timer, due);
	if (loop->guest && !loop->in_turn && due < loop->woken_at) {
		loop->woken_at = due;
		loop->engine->ops->wake_at(loop->engine, due);
	}
}

void rl_loop_clear_timer(struct rill_loop *loop, struct rl_timer *timer)
{
	rl_timer_clear(&loop->wheel, timer);
}

struct rill_timer {
	struct rl_timer timer;
	struct rill_loop *loop;
	uint64_t repeat;
	uint64_t due;
	void (*fn)(rill_timer *timer, void *user);
	void *user;
};

static uint64_t later(uint64_t time, uint64_t ms)
{
	return ms < RL_TIMER_NEVER - time ? time + ms : RL_TIMER_NEVER - 1;
}

/* The next time is set before the call, which may set another or free the timer. Times that were
 * missed are left out. */
static void expire(struct rl_timer *base)
{
	struct rill_timer *timer = rl_container(base, struct rill_timer, timer);
	if (timer->repeat) {
		uint64_t now = rl_loop_now(timer->loop);
		timer->due = later(timer->due, timer->repeat);
		if (timer->due <= now)
			timer->due = later(now, timer->repeat);
		rl_loop_set_timer(timer->loop, &timer->timer, timer->due);
	}
	timer->fn(timer, timer->user);
}

int rill_timer_new(
	rill_timer **result, rill_loop *loop, void (*fn)(rill_timer *timer, void *user), void *user)
{
	struct rill_timer *timer = rl_alloc(&loop->env, sizeof(*timer));
	if (!timer)
		return RILL_ENOMEM;
	*timer = (struct rill_timer){ .loop = loop, .fn = fn, .user = user };
	rl_timer_init(&timer->timer, expire);
	*result = timer;
	return 0;
}

void rill_timer_start(rill_timer *timer, uint64_t delay_ms, uint64_t repeat_ms)
{
	timer->repeat = repeat_ms;
	timer->due = later(rl_loop_now(timer->loop), delay_ms);
	rl_loop_set_timer(timer->loop, &timer->timer, timer->due);
}

void rill_timer_stop(rill_timer *timer)
{
	rl_loop_clear_timer(timer->loop, &timer->timer);
}

void rill_timer_free(rill_timer *timer)
{
	if (!timer)
		return;
	rill_timer_stop(timer);
	rl_free(&timer->loop->env, timer);
}
