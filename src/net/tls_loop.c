/* tls_loop.c: see tls_loop.h. */
#include "net/tls_loop.h"

/* Behind the plain bytes, as behind the loop's receive buffer: vectors read over the end. */
#define BEHIND 64

static const char key;

static struct rl_tls_loop *from_member(struct rl_loop_member *member)
{
	return rl_container(member, struct rl_tls_loop, member);
}

static void free_member(struct rl_loop_member *member, struct rill_loop *loop)
{
	struct rl_tls_loop *shared = from_member(member);
	rl_loop_clear_timer(loop, &shared->turn);
	X509_STORE_free(shared->authorities);
	rl_free(&loop->env, shared->plain);
	rl_free(&loop->env, shared);
}

/* Lets the next ones in line go on, as many as a round has steps. */
static void begin_round(struct rl_timer *timer)
{
	struct rl_tls_loop *shared = rl_container(timer, struct rl_tls_loop, turn);

	shared->steps = 0;
	while (shared->steps < RL_TLS_STEPS && !rl_list_empty(&shared->waiting)) {
		struct rl_tls_waiting *next = rl_container(
			shared->waiting.next, struct rl_tls_waiting, node);
		rl_list_remove(&next->node);
		next->granted = true;
		shared->steps++;
		next->go(next);
	}
	if (shared->steps)
		rl_loop_set_timer(shared->loop, &shared->turn, rl_loop_now(shared->loop));
}

struct rl_tls_loop *rl_tls_loop_have(struct rill_loop *loop)
{
	struct rl_loop_member *member = rl_loop_find(loop, &key);
	return member ? from_member(member) : NULL;
}

struct rl_tls_loop *rl_tls_loop_get(struct rill_loop *loop)
{
	struct rl_tls_loop *shared = rl_tls_loop_have(loop);

	if (shared)
		return shared;
	shared = rl_zalloc(&loop->env, sizeof(*shared));
	if (!shared)
		return NULL;
	shared->member = (struct rl_loop_member){ .key = &key, .free = free_member };
	rl_list_init(&shared->member.node);
	shared->loop = loop;
	rl_list_init(&shared->waiting);
	rl_timer_init(&shared->turn, begin_round);
	rl_loop_join(loop, &shared->member);
	return shared;
}

/* The owner of the bytes may do something that decrypts another stream's: then there are two. */
uint8_t *rl_tls_loop_lend(struct rl_tls_loop *shared)
{
	uint8_t *plain = shared->plain;

	shared->plain = NULL;
	if (!plain)
		plain = rl_alloc(&shared->loop->env, RL_HEADROOM + RL_TLS_PLAIN + BEHIND);
	return plain ? plain + RL_HEADROOM : NULL;
}

void rl_tls_loop_return(struct rl_tls_loop *shared, uint8_t *plain)
{
	plain -= RL_HEADROOM;
	if (shared->plain)
		rl_free(&shared->loop->env, plain);
	else
		shared->plain = plain;
}

X509_STORE *rl_tls_loop_authorities(struct rl_tls_loop *shared)
{
	if (shared->authorities)
		return shared->authorities;
	X509_STORE *store = X509_STORE_new();
	if (store && X509_STORE_set_default_paths(store) == 1)
		shared->authorities = store;
	else
		X509_STORE_free(store);
	return shared->authorities;
}

static void need_round(struct rl_tls_loop *shared)
{
	if (!rl_timer_is_set(&shared->turn))
		rl_loop_set_timer(shared->loop, &shared->turn, rl_loop_now(shared->loop));
}

void rl_tls_loop_wait(struct rl_tls_loop *shared, struct rl_tls_waiting *waiting)
{
	need_round(shared);
	rl_list_append(&shared->waiting, &waiting->node);
}

bool rl_tls_loop_may_step(struct rl_tls_loop *shared, struct rl_tls_waiting *waiting)
{
	if (waiting->granted) {
		waiting->granted = false;
		return true;
	}
	if (!rl_list_empty(&waiting->node))
		return false;
	need_round(shared);
	if (shared->steps < RL_TLS_STEPS && rl_list_empty(&shared->waiting)) {
		shared->steps++;
		return true;
	}
	rl_list_append(&shared->waiting, &waiting->node);
	return false;
}
