/* loop.c: what a turn is, whatever engine does the waiting.
 *
 * A turn that finds nothing to do does nothing: the engine waits until the wheel's next slot, or
 * not at all while work is left (a flush, a task, something closed outside of a turn). A guest's
 * descriptor has to be readable in the same cases, so there the same facts go to the engine's
 * wake() and wake_at(). */
#include <limits.h>
#include <stdio.h>
#include "net/loop.h"

/* Tasks write and flushes make tasks: an endless writer whose peer is fast is told that there is room
 * again by each flush. After so many rounds the rest is left to the next turn, so that others get theirs
 * after two high-water marks of such a one rather than after eight; that this costs a bulk transfer a
 * look at epoll more often cannot be measured. One round would part what a drained or closed connection
 * has others write from what they wrote by themselves. */
enum { MAX_ROUNDS = 2 };

/* Room behind the receive buffer, for those who read by whole vectors. */
enum { RECEIVE_TAIL = 64 };

enum { MIN_RECEIVE = 4 * 1024, MAX_RECEIVE = 64 * 1024 * 1024 };

/* A deadline this near is reckoned from a fresh clock; for a later one the time at which the last
 * turn began will do. */
enum { NEAR_MS = 1000 };

void rill_loop_options_init(rill_loop_options *options, size_t size)
{
	struct rl_env env;
	rl_env_init_default(&env);
	rill_loop_options defaults = {
		.size = size,
		.io = RILL_IO_AUTO,
		.allocator = env.memory,
		.log_level = RILL_LOG_INFO,
		.receive_size = 256 * 1024,
	};
	memcpy(options, &defaults, size < sizeof(defaults) ? size : sizeof(defaults));
}

/* The caller's options, with defaults for what its rill did not know yet. */
static int read_options(rill_loop_options *all, const rill_loop_options *given)
{
	rill_loop_options_init(all, sizeof(*all));
	if (given) {
		if (given->size < sizeof(given->size))
			return RILL_EINVAL;
		memcpy(all, given, given->size < sizeof(*all) ? given->size : sizeof(*all));
	}
	if (!all->allocator.alloc || !all->allocator.resize || !all->allocator.release)
		return RILL_EINVAL;
	if (all->receive_size < MIN_RECEIVE || all->receive_size > MAX_RECEIVE)
		return RILL_EINVAL;
	if (all->io == RILL_IO_URING)
		return RILL_EUNSUPPORTED;
	return all->io == RILL_IO_AUTO || all->io == RILL_IO_EPOLL ? 0 : RILL_EINVAL;
}

static void init_members(struct rill_loop *loop)
{
	loop->now = loop->env.clock(loop->env.user);
	loop->woken_at = RL_TIMER_NEVER;
	rl_wheel_init(&loop->wheel, loop->now);
	rl_chunk_pool_init(&loop->chunks, &loop->env);
	rl_buf_init(&loop->scratch, &loop->env);
	rl_list_init(&loop->eager);
	rl_list_init(&loop->flush);
	rl_list_init(&loop->tasks);
	rl_list_init(&loop->dead);
	rl_list_init(&loop->services);
	rl_task_init(&loop->late_conns.task, NULL);
	rl_task_init(&loop->dead_conns.task, NULL);
	rl_list_init(&loop->dead_conns.nodes);
	rl_list_init(&loop->shared.posted);
	atomic_init(&loop->shared.any, false);
	atomic_init(&loop->stop, false);
	atomic_init(&loop->turner, 0);
}

int rill_loop_new(rill_loop **result, const rill_loop_options *given)
{
	rill_loop_options options;
	struct rl_env env;
	struct rill_loop *loop;

	int rc = read_options(&options, given);
	if (rc < 0)
		return rc;
	rl_env_init_default(&env);
	env.memory = options.allocator;
	env.log = options.log;
	env.log_user = options.log_user;
	env.log_level = options.log_level;
	loop = rl_zalloc(&env, sizeof(*loop));
	if (!loop)
		return RILL_ENOMEM;
	loop->env = env;
	init_members(loop);
	rl_loop_begin_random(loop);
	rc = RILL_EUNSUPPORTED;
	if (!rl_env_has_random())
		goto no_receive;
	loop->receive_size = options.receive_size;
	loop->receive = rl_alloc(&env, RL_HEADROOM + options.receive_size + RECEIVE_TAIL);
	rc = RILL_ENOMEM;
	if (!loop->receive)
		goto no_receive;
	if (pthread_mutex_init(&loop->shared.lock, NULL) != 0)
		goto no_lock;
	rc = rl_engine_epoll.open(&loop->engine, loop);
	if (rc < 0)
		goto no_engine;
	loop->engine->events = &rl_socket_events;
	rl_log(&loop->env, RILL_LOG_INFO, "a loop runs on %s", loop->engine->ops->name);
	*result = loop;
	return 0;
no_engine:
	pthread_mutex_destroy(&loop->shared.lock);
no_lock:
	rl_free(&env, loop->receive);
no_receive:
	rl_free(&env, loop);
	return rc;
}

static bool work_left(const struct rill_loop *loop)
{
	return !rl_list_empty(&loop->eager) || !rl_list_empty(&loop->flush) || !rl_list_empty(&loop->tasks) ||
	       !rl_list_empty(&loop->dead);
}

/* Runs those that stand in the list now. */
static __attribute__((noinline)) void run_tasks(struct rl_list *list)
{
	struct rl_list now;
	rl_list_init(&now);
	rl_list_splice(&now, list);
	while (!rl_list_empty(&now)) {
		struct rl_task *task = rl_container(now.next, struct rl_task, node);
		rl_list_remove(&task->node);
		task->fn(task);
	}
}

static __attribute__((noinline)) void bury_dead(struct rill_loop *loop)
{
	while (loop->closing || !rl_list_empty(&loop->dead)) {
		run_tasks(&loop->dead);
		loop->closing = false;
		loop->engine->ops->end_turn(loop->engine);
	}
}

static __attribute__((noinline)) void do_work_left(struct rill_loop *loop)
{
	/* What the last tasks have written goes out too: this may have been the last turn. */
	for (int round = 0;; round++) {
		if (!rl_list_empty(&loop->eager))
			run_tasks(&loop->eager);
		if (!rl_list_empty(&loop->flush))
			rl_loop_flush_streams(loop);
		if (round == MAX_ROUNDS || rl_list_empty(&loop->tasks))
			break;
		run_tasks(&loop->tasks);
	}
	if (loop->closing || !rl_list_empty(&loop->dead))
		bury_dead(loop);
	if (work_left(loop))
		loop->kicked = true;
}

static inline void end_turn(struct rill_loop *loop)
{
	if (loop->closing || work_left(loop))
		do_work_left(loop);
}

static int wait_time(struct rill_loop *loop, int limit)
{
	uint64_t next = rl_wheel_next(&loop->wheel);
	loop->next_due = next;
	if (limit == 0 || loop->kicked ||
		atomic_load_explicit(&loop->shared.any, memory_order_relaxed))
		return 0;
	if (next == RL_TIMER_NEVER)
		return limit;
	if (loop->stale || next < loop->now + NEAR_MS) {
		loop->stale = false;
		loop->now = loop->env.clock(loop->env.user);
	}
	if (next <= loop->now)
		return 0;
	uint64_t ms = next - loop->now;
	if (limit >= 0 && (uint64_t)limit < ms)
		return limit;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* What the next turn will be for, told to the descriptor that a guest's host watches. */
static void arm_guest(struct rill_loop *loop)
{
	if (loop->kicked) {
		loop->engine->ops->wake(loop->engine);
	}
	uint64_t next = rl_wheel_next(&loop->wheel);
	if (next < loop->woken_at) {
		loop->woken_at = next;
		loop->engine->ops->wake_at(loop->engine, next);
	}
}

/* One turn; none is under way. */
static int turn(struct rill_loop *loop, int limit)
{
	loop->in_turn = true;
	atomic_store_explicit(
		&loop->turner, (uintptr_t)pthread_self(), memory_order_relaxed);
	int timeout = wait_time(loop, limit);
	loop->kicked = false;
	int rc = loop->engine->ops->turn(loop->engine, timeout);
	if (loop->next_due != RL_TIMER_NEVER && loop->next_due <= rl_loop_now(loop))
		rl_wheel_run(&loop->wheel, loop->now);
	if (atomic_load_explicit(&loop->shared.any, memory_order_acquire))
		rl_loop_run_posted(loop);
	end_turn(loop);
	atomic_store_explicit(&loop->turner, 0, memory_order_relaxed);
	loop->in_turn = false;
	if (loop->guest)
		arm_guest(loop);
	return rc;
}

int rill_loop_wait(rill_loop *loop, int timeout_ms)
{
	if (loop->in_turn)
		return RILL_ESTATE;
	rl_loop_now(loop);
	return turn(loop, timeout_ms < 0 ? -1 : timeout_ms);
}

int rill_loop_turn(rill_loop *loop)
{
	return loop->in_turn ? RILL_ESTATE : turn(loop, 0);
}

int rill_loop_run(rill_loop *loop)
{
	int rc = 0;
	if (loop->in_turn)
		return RILL_ESTATE;
	rl_loop_now(loop);
	while (rc == 0 && !atomic_load_explicit(&loop->stop, memory_order_relaxed))
		rc = turn(loop, -1);
	if (rc == 0)
		atomic_exchange_explicit(&loop->stop, false, memory_order_acquire);
	return rc;
}

void rill_loop_stop(rill_loop *loop)
{
	atomic_store_explicit(&loop->stop, true, memory_order_release);
	loop->engine->ops->wake(loop->engine);
}

int rill_loop_fd(rill_loop *loop)
{
	int fd = loop->engine->ops->fd(loop->engine);
	if (fd < 0)
		return fd;
	loop->guest = true;
	if (!loop->in_turn)
		arm_guest(loop);
	return fd;
}

uint64_t rill_loop_now(const rill_loop *loop)
{
	/* No loop is const: the program sees no change in that the turn's time has been read. */
	return loop->in_turn ? rl_loop_now((struct rill_loop *)(uintptr_t)loop)
			     : loop->env.clock(loop->env.user);
}

const char *rill_loop_io(const rill_loop *loop)
{
	return loop->engine->ops->name;
}

const char *rill_loop_error(const rill_loop *loop)
{
	return loop->error;
}

int rl_loop_failed(struct rill_loop *loop, int rc, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(loop->error, sizeof(loop->error), format, args);
	va_end(args);
	rl_log(&loop->env, RILL_LOG_ERROR, "%s", loop->error);
	return rc;
}

void rl_loop_kick(struct rill_loop *loop)
{
	loop->kicked = true;
	if (loop->guest)
		loop->engine->ops->wake(loop->engine);
}

static void add_task(struct rill_loop *loop, struct rl_list *list, struct rl_task *task)
{
	if (rl_list_empty(&task->node))
		rl_list_append(list, &task->node);
	rl_loop_need_turn(loop);
}

void rl_loop_defer(struct rill_loop *loop, struct rl_task *task)
{
	add_task(loop, &loop->tasks, task);
}

void rl_loop_defer_writes(struct rill_loop *loop, struct rl_task *task)
{
	add_task(loop, &loop->eager, task);
}

void rl_loop_bury(struct rill_loop *loop, struct rl_task *task)
{
	add_task(loop, &loop->dead, task);
}

void rl_loop_join(struct rill_loop *loop, struct rl_loop_member *member)
{
	rl_list_append(&loop->services, &member->node);
}

void rl_loop_leave(struct rl_loop_member *member)
{
	rl_list_remove(&member->node);
}

struct rl_loop_member *rl_loop_find(struct rill_loop *loop, const void *key)
{
	rl_list_each (node, &loop->services) {
		struct rl_loop_member *member = rl_container(node, struct rl_loop_member, node);
		if (member->key == key)
			return member;
	}
	return NULL;
}

/* The member that joined last; of those that are not looked up by key, if so wished. */
static struct rl_loop_member *last_member(struct rill_loop *loop, bool keyed)
{
	struct rl_list *node = loop->services.prev;
	for (; node != &loop->services; node = node->prev) {
		struct rl_loop_member *member = rl_container(node, struct rl_loop_member, node);
		if (keyed || !member->key)
			return member;
	}
	return NULL;
}

static void free_members(struct rill_loop *loop, bool keyed)
{
	struct rl_loop_member *member;
	while ((member = last_member(loop, keyed))) {
		rl_loop_leave(member);
		member->free(member, loop);
	}
	do
		end_turn(loop);
	while (work_left(loop));
}

void rill_loop_free(rill_loop *loop)
{
	if (!loop)
		return;
	assert(!loop->in_turn && "a loop is freed outside of its turns");
	loop->in_turn = true; /* nobody shall turn it from a last callback */
	loop->ending = true;
	/* What is found by key serves the others, so it goes behind them. */
	free_members(loop, false);
	free_members(loop, true);
	rl_loop_drop_posted(loop);
	loop->engine->ops->close(loop->engine);
	rl_chunk_pool_fini(&loop->chunks);
	rl_buf_release(&loop->scratch);
	pthread_mutex_destroy(&loop->shared.lock);
	struct rl_env env = loop->env;
	rl_free(&env, loop->receive);
	rl_free(&env, loop);
}
