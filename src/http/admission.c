/* admission.c: see admission.h. A table with linear probing; a slot that falls free is closed by
 * moving what follows back, so that there are no tombstones to pile up. */
#include <rill/error.h>
#include "http/admission.h"

#define FIRST_ROOM 64

void rl_admission_init(
	struct rl_admission *a, const struct rl_env *env, size_t max, size_t max_each)
{
	*a = (struct rl_admission){ .env = env, .max = max, .max_each = max_each };
	env->random(&a->seed, sizeof(a->seed), env->user);
}

void rl_admission_fini(struct rl_admission *a)
{
	rl_free(a->env, a->slots);
	a->slots = NULL;
	a->room = a->used = 0;
}

static bool is_counted_alone(const struct rl_admission *a, const struct rl_addr *addr)
{
	return a->max_each && (addr->family == RL_ADDR_IP4 || addr->family == RL_ADDR_IP6);
}

static struct rl_admission_slot slot_of(const struct rl_addr *addr)
{
	struct rl_admission_slot slot = { .family = addr->family };

	memcpy(slot.key, addr->ip, addr->family == RL_ADDR_IP4 ? 4 : 8);
	return slot;
}

static bool same(const struct rl_admission_slot *a, const struct rl_admission_slot *b)
{
	return a->family == b->family && memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

static size_t home_of(const struct rl_admission *a, const struct rl_admission_slot *slot)
{
	uint64_t key;

	memcpy(&key, slot->key, sizeof(key));
	/* Two rounds of multiply and fold; the seed makes the order unknown outside. */
	key = (key ^ a->seed ^ slot->family) * UINT64_C(0x9e3779b97f4a7c15);
	key = (key ^ key >> 32 ^ a->seed >> 7) * UINT64_C(0xd6e8feb86659fd93);
	return (size_t)(key ^ key >> 32) & (a->room - 1);
}

/* The slot of that address, or the free one where it would go. The table has a free slot. */
static size_t find(const struct rl_admission *a, const struct rl_admission_slot *want)
{
	size_t i = home_of(a, want);

	while (a->slots[i].count && !same(&a->slots[i], want))
		i = (i + 1) & (a->room - 1);
	return i;
}

static int make_room(struct rl_admission *a)
{
	if (a->room && a->used < a->room / 4 * 3)
		return 0;
	size_t room = a->room ? a->room * 2 : FIRST_ROOM;
	struct rl_admission_slot *old = a->slots;
	size_t old_room = a->room;
	struct rl_admission_slot *slots = rl_zalloc(a->env, room * sizeof(*slots));
	if (!slots)
		return RILL_ENOMEM;
	a->slots = slots;
	a->room = room;
	for (size_t i = 0; i < old_room; i++)
		if (old[i].count)
			slots[find(a, &old[i])] = old[i];
	rl_free(a->env, old);
	return 0;
}

bool rl_admission_has_room(const struct rl_admission *a, const struct rl_addr *addr)
{
	if (a->max && a->count >= a->max)
		return false;
	if (!is_counted_alone(a, addr) || !a->room)
		return true;
	struct rl_admission_slot want = slot_of(addr);
	return a->slots[find(a, &want)].count < a->max_each;
}

int rl_admission_enter(struct rl_admission *a, const struct rl_addr *addr)
{
	if (!rl_admission_has_room(a, addr))
		return RILL_ELIMIT;
	if (is_counted_alone(a, addr)) {
		int rc = make_room(a);
		if (rc < 0)
			return rc;
		struct rl_admission_slot want = slot_of(addr);
		size_t i = find(a, &want);
		if (!a->slots[i].count) {
			a->slots[i] = want;
			a->used++;
		}
		a->slots[i].count++;
	}
	a->count++;
	return 0;
}

/* Frees slot hole, moving back those behind it that would not be found any more. */
static void close_hole(struct rl_admission *a, size_t hole)
{
	size_t mask = a->room - 1;

	for (size_t i = (hole + 1) & mask; a->slots[i].count; i = (i + 1) & mask) {
		size_t home = home_of(a, &a->slots[i]);
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			a->slots[hole] = a->slots[i];
			hole = i;
		}
	}
	a->slots[hole].count = 0;
}

void rl_admission_leave(struct rl_admission *a, const struct rl_addr *addr)
{
	assert(a->count > 0);
	a->count--;
	if (!is_counted_alone(a, addr))
		return;
	struct rl_admission_slot want = slot_of(addr);
	size_t i = find(a, &want);
	assert(a->slots[i].count > 0);
	if (--a->slots[i].count)
		return;
	close_hole(a, i);
	if (--a->used == 0)
		rl_admission_fini(a);
}
