/* resolve_fixture.h: a resolver that answers what the test says, when the test says. It runs on the
 * real helper threads. */
#ifndef TEST_NET_RESOLVE_FIXTURE_H
#define TEST_NET_RESOLVE_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include "net/resolve.h"
#include "support/memory_stream.h"
#include "support/support.h"

struct script {
	const char *addresses[RL_ADDRESSES + 1]; /* the answer to any name, NULL-terminated */
	int code, error;                         /* or that */
	sem_t go;                                /* a look-up waits for it, if so wished */
	bool waits;
	atomic_int asked, left; /* threads that have come, and that are about to end */
	atomic_bool signals;    /* a thread got signals */
	pthread_mutex_t lock;   /* of host */
	char host[256];         /* asked for last */
};

static inline void script_init(struct script *s)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(sem_init(&s->go, 0, 0), 0);
	pthread_mutex_init(&s->lock, NULL);
}

static inline void put_address(struct rl_addresses *found, const char *text)
{
	struct rl_endpoint *to = &found->list[found->count++];
	if (inet_pton(AF_INET, text, &to->ip4.sin_addr) == 1) {
		to->ip4.sin_family = AF_INET;
		to->len = sizeof(to->ip4);
		return;
	}
	if (inet_pton(AF_INET6, text, &to->ip6.sin6_addr) != 1)
		abort();
	to->ip6.sin6_family = AF_INET6;
	to->len = sizeof(to->ip6);
}

static inline void follow_script(const char *host, struct rl_addresses *found, void *user)
{
	struct script *s = user;
	sigset_t blocked;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (!sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGCHLD))
		s->signals = true;
	pthread_mutex_lock(&s->lock);
	snprintf(s->host, sizeof(s->host), "%s", host);
	pthread_mutex_unlock(&s->lock);
	atomic_fetch_add(&s->asked, 1);
	if (s->waits)
		sem_wait(&s->go);
	found->code = s->code;
	found->error = s->error;
	for (int i = 0; !s->code && s->addresses[i]; i++)
		put_address(found, s->addresses[i]);
	atomic_fetch_add(&s->left, 1);
}

/* Lets the threads that are still there end. */
static inline void script_fini(struct script *s)
{
	while (s->left < s->asked)
		sem_post(&s->go);
	sem_destroy(&s->go);
	pthread_mutex_destroy(&s->lock);
	assert_false(s->signals);
}

/* Turns until the condition holds. */
#define await(loop, condition)                                                                     \
	do {                                                                                       \
		int await_turns = 0;                                                               \
		while (!(condition)) {                                                             \
			assert_true(await_turns++ < 3000);                                         \
			assert_int_equal(rill_loop_wait(loop, 10), 0);                             \
		}                                                                                  \
	} while (0)

#endif
