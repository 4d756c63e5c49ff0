/* timer.c: a hierarchical timer wheel.
 *
 * A timer is filed by the highest group of six bits in which its time differs from where the
 * wheel stands (the cursor): that group is its level, and the value of the group its slot. So
 * the slots of a level all lie ahead of the cursor and never wrap around, those of a lower level
 * all come before those of a higher one, and the first occupied slot of the lowest occupied
 * level is the next. When the cursor reaches a slot, what is due there is called and the rest is
 * filed anew, at least one level lower. */
#include <stdbool.h>
#include <stddef.h>
#include "net/timer.h"

/* Never equal to or before any time: a timer in the list of past ones is not left where it is
 * when it is set anew. */
#define IN_NO_SLOT UINT64_MAX

void rl_wheel_init(struct rl_wheel *wheel, uint64_t now)
{
	wheel->now = wheel->cursor = now;
	wheel->levels = 0;
	rl_list_init(&wheel->past);
	for (size_t level = 0; level < RL_WHEEL_LEVELS; level++) {
		wheel->occupied[level] = 0;
		for (size_t i = 0; i < RL_WHEEL_SLOTS; i++)
			rl_list_init(&wheel->slots[level][i]);
	}
}

static void mark_empty(struct rl_wheel *wheel, size_t level, size_t i)
{
	wheel->occupied[level] &= ~(UINT64_C(1) << i);
	if (!wheel->occupied[level])
		wheel->levels &= ~(UINT32_C(1) << level);
}

static void file_timer(struct rl_wheel *wheel, struct rl_timer *timer)
{
	unsigned highest = 63u - (unsigned)__builtin_clzll(timer->due ^ wheel->cursor);
	unsigned level = highest / RL_WHEEL_BITS, shift = level * RL_WHEEL_BITS;
	unsigned i = (timer->due >> shift) & (RL_WHEEL_SLOTS - 1);
	timer->slot = timer->due >> shift << shift;
	rl_list_append(&wheel->slots[level][i], &timer->node);
	wheel->occupied[level] |= UINT64_C(1) << i;
	wheel->levels |= UINT32_C(1) << level;
}

static void unlink_timer(struct rl_wheel *wheel, struct rl_timer *timer)
{
	struct rl_list *head = timer->node.next;
	bool alone = head == timer->node.prev;
	rl_list_remove(&timer->node);
	if (!alone)
		return;
	/* The head is a slot of the wheel, or a list of what is due, which has no bit. */
	size_t i = ((uintptr_t)head - (uintptr_t)wheel->slots) / sizeof(*head);
	if (i < RL_WHEEL_LEVELS * RL_WHEEL_SLOTS)
		mark_empty(wheel, i / RL_WHEEL_SLOTS, i % RL_WHEEL_SLOTS);
}

void rl_timer_set(struct rl_wheel *wheel, struct rl_timer *timer, uint64_t due)
{
	if (due == RL_TIMER_NEVER) {
		rl_timer_clear(wheel, timer);
		return;
	}
	bool linked = !rl_list_empty(&timer->node);
	if (due > wheel->now && linked && due >= timer->slot) {
		timer->due = due;
		return;
	}
	if (linked)
		unlink_timer(wheel, timer);
	if (due > wheel->now) {
		timer->due = due;
		file_timer(wheel, timer);
	} else {
		timer->due = wheel->now;
		timer->slot = IN_NO_SLOT;
		rl_list_append(&wheel->past, &timer->node);
	}
}

void rl_timer_clear(struct rl_wheel *wheel, struct rl_timer *timer)
{
	if (!rl_list_empty(&timer->node))
		unlink_timer(wheel, timer);
	timer->due = RL_TIMER_NEVER;
}

/* The next slot, NULL when all are empty. */
static struct rl_list *next_slot(const struct rl_wheel *wheel, size_t *level, size_t *i)
{
	if (!wheel->levels)
		return NULL;
	*level = (size_t)__builtin_ctz(wheel->levels);
	*i = (size_t)__builtin_ctzll(wheel->occupied[*level]);
	return (struct rl_list *)&wheel->slots[*level][*i];
}

static uint64_t slot_time(const struct rl_list *slot)
{
	return rl_container(slot->next, struct rl_timer, node)->slot;
}

/* Calls those of the list that are due where the wheel stands, and files the others. */
static void call_due(struct rl_wheel *wheel, struct rl_list *list)
{
	while (!rl_list_empty(list)) {
		struct rl_timer *timer = rl_container(list->next, struct rl_timer, node);
		rl_list_remove(&timer->node);
		if (timer->due > wheel->cursor) {
			file_timer(wheel, timer);
		} else {
			timer->due = RL_TIMER_NEVER;
			timer->fn(timer);
		}
	}
}

void rl_wheel_run(struct rl_wheel *wheel, uint64_t now)
{
	struct rl_list due, *slot;
	size_t level, i;

	if (now < wheel->now)
		now = wheel->now;
	wheel->now = now; /* what is set for now or earlier from here on is for the next run */
	rl_list_init(&due);
	rl_list_splice(&due, &wheel->past);
	call_due(wheel, &due);
	while ((slot = next_slot(wheel, &level, &i)) && slot_time(slot) <= now) {
		wheel->cursor = slot_time(slot);
		rl_list_splice(&due, slot);
		mark_empty(wheel, level, i);
		call_due(wheel, &due);
	}
	wheel->cursor = now;
}

uint64_t rl_wheel_next_slot(const struct rl_wheel *wheel)
{
	size_t level, i;
	if (!rl_list_empty(&wheel->past))
		return wheel->now;
	const struct rl_list *slot = next_slot(wheel, &level, &i);
	return slot ? slot_time(slot) : RL_TIMER_NEVER;
}
