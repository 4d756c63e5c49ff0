/* timer.h: one timer wheel a loop; the entries live in the structs they serve.
 *
 * Levels of 64 slots of 1 ms, 64 ms, ... for all of 64 bits, so that no time is too far. Setting
 * a timer that is linked to a later time is a store: it stays where it is and moves on when the
 * wheel reaches it. */
#ifndef RL_NET_TIMER_H
#define RL_NET_TIMER_H

#include "base/list.h"
#include <stdint.h>

#define RL_WHEEL_LEVELS 11
#define RL_WHEEL_BITS   6
#define RL_WHEEL_SLOTS  (1u << RL_WHEEL_BITS)
#define RL_TIMER_NEVER  UINT64_MAX

struct rl_timer {
	struct rl_list node;
	uint64_t due;  /* when fn is to be called; RL_TIMER_NEVER: not set */
	uint64_t slot; /* the time the slot it is linked in stands for */
	void (*fn)(struct rl_timer *timer);
};

struct rl_wheel {
	uint64_t now;        /* everything due up to here has been called */
	uint64_t cursor;     /* where it stands: now, but inside a run on its way there */
	struct rl_list past; /* set for now or earlier: called in the next run */
	uint32_t levels;     /* a bit for each level in which a slot is occupied */
	uint64_t occupied[RL_WHEEL_LEVELS]; /* a bit a slot */
	struct rl_list slots[RL_WHEEL_LEVELS][RL_WHEEL_SLOTS];
};

void rl_wheel_init(struct rl_wheel *wheel, uint64_t now);

static inline void rl_timer_init(struct rl_timer *timer, void (*fn)(struct rl_timer *timer))
{
	rl_list_init(&timer->node);
	timer->due = RL_TIMER_NEVER;
	timer->slot = 0;
	timer->fn = fn;
}

static inline int rl_timer_is_set(const struct rl_timer *timer)
{
	return timer->due != RL_TIMER_NEVER;
}

/* Sets or moves it; due in the past: called in the next rl_wheel_run(). Cannot fail. */
void rl_timer_set(struct rl_wheel *wheel, struct rl_timer *timer, uint64_t due);

/* Stops it; must be called before its memory goes. */
void rl_timer_clear(struct rl_wheel *wheel, struct rl_timer *timer);

/* Calls all that is due at now, in order of their times (to the millisecond). Timers may be set
 * and cleared inside; one set for now or earlier inside is called in the next run. */
void rl_wheel_run(struct rl_wheel *wheel, uint64_t now);

/* When rl_wheel_run() has to be called next: never later than the first due timer, at times
 * earlier; RL_TIMER_NEVER when there is none. */
uint64_t rl_wheel_next_slot(const struct rl_wheel *wheel);
static inline uint64_t rl_wheel_next(const struct rl_wheel *wheel)
{
	if (!wheel->levels && rl_list_empty(&wheel->past))
		return RL_TIMER_NEVER;
	return rl_wheel_next_slot(wheel);
}

#endif
