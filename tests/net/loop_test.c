/* loop_test.c: turns, tasks, members, timers, posts and watches, with a clock that is an integer
 * where time matters, and the descriptor a host watches. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "support/memory_stream.h"
#include "support/support.h"

static rill_loop *loop;
static char seen[64];
static size_t count;

static void see(char c)
{
	assert_true(count < sizeof(seen) - 1);
	seen[count++] = c;
	seen[count] = 0;
}

static void expect_seen(const char *text)
{
	assert_string_equal(seen, text);
	count = 0;
	seen[0] = 0;
}

static void start(void)
{
	count = 0;
	seen[0] = 0;
	loop = test_loop();
	assert_non_null(loop);
}

static void finish(void)
{
	rill_loop_free(loop);
	loop = NULL;
}

static unsigned clock_reads;

static uint64_t counted_clock(void *user)
{
	(void)user;
	return 1000 + clock_reads++;
}

static void ask_twice(struct rl_task *task)
{
	(void)task;
	uint64_t first = rill_loop_now(loop);
	assert_int_equal(rl_loop_now(loop), first);
	assert_int_equal(rill_loop_now(loop), first);
	see('t');
}

TEST(loop, reads_the_clock_once_in_a_turn_that_asks_for_it_and_not_in_others)
{
	struct rl_task task;
	start();
	loop->env.clock = counted_clock;
	clock_reads = 0;
	assert_int_equal(rill_loop_turn(loop), 0);
	assert_int_equal(clock_reads, 0);
	rl_task_init(&task, ask_twice);
	rl_loop_defer(loop, &task);
	assert_int_equal(rill_loop_turn(loop), 0);
	expect_seen("t");
	assert_int_equal(clock_reads, 1);
	finish();
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, 0) == 1;
}

TEST(loop, options_that_make_no_sense_are_refused)
{
	rill_loop_options o;
	rill_loop *l = NULL;
	rill_loop_options_default(&o);
	o.receive_size = 4095;
	assert_int_equal(rill_loop_new(&l, &o), RILL_EINVAL);
	rill_loop_options_default(&o);
	o.io = RILL_IO_URING;
	assert_int_equal(rill_loop_new(&l, &o), RILL_EUNSUPPORTED);
	o.io = (rill_io)77;
	assert_int_equal(rill_loop_new(&l, &o), RILL_EINVAL);
	rill_loop_options_default(&o);
	o.allocator.resize = NULL;
	assert_int_equal(rill_loop_new(&l, &o), RILL_EINVAL);
	o.size = 0;
	assert_int_equal(rill_loop_new(&l, &o), RILL_EINVAL);
	assert_null(l);
}

TEST(loop, options_of_an_older_program_get_defaults_for_the_rest)
{
	size_t known = offsetof(rill_loop_options, allocator);
	rill_loop_options old;
	uint8_t *bytes = (uint8_t *)&old;
	rill_loop *l;
	memset(&old, 0xee, sizeof(old));
	rill_loop_options_init(&old, known);
	for (size_t i = known; i < sizeof(old); i++)
		assert_int_equal(bytes[i], 0xee);
	assert_int_equal(rill_loop_new(&l, &old), 0);
	assert_int_equal(l->receive_size, 256 * 1024);
	rill_loop_free(l);
}

TEST(loop, the_defaults_do_and_the_engine_has_a_name)
{
	rill_loop *l;
	assert_int_equal(rill_loop_new(&l, NULL), 0);
	assert_string_equal(rill_loop_io(l), "epoll");
	assert_int_equal(rill_loop_turn(l), 0);
	rill_loop_free(l);
	rill_loop_free(NULL);
}

TEST(loop, the_engine_chosen_is_logged)
{
	rill_loop_options o;
	rill_loop *l;
	rill_loop_options_default(&o);
	o.log = test_env()->log;
	assert_int_equal(rill_loop_new(&l, &o), 0);
	assert_non_null(strstr(test_log(), "epoll"));
	rill_loop_free(l);
}

static void posted(void *user)
{
	see(*(char *)user);
}

static char letters[] = "abcdefgh";

TEST(loop, posted_functions_run_in_the_next_turn_in_order)
{
	start();
	for (int i = 0; i < 4; i++)
		assert_int_equal(rill_loop_post(loop, posted, &letters[i]), 0);
	expect_seen("");
	assert_int_equal(rill_loop_wait(loop, -1), 0);
	expect_seen("abcd");
	rill_loop_turn(loop);
	expect_seen("");
	finish();
}

static void post_again(void *user)
{
	posted(user);
	assert_int_equal(rill_loop_post(loop, posted, (char *)user + 1), 0);
}

TEST(loop, what_is_posted_inside_runs_in_the_turn_after)
{
	start();
	rill_loop_post(loop, post_again, letters);
	rill_loop_turn(loop);
	expect_seen("a");
	rill_loop_wait(loop, -1);
	expect_seen("b");
	finish();
}

TEST(loop, posted_functions_that_have_not_run_are_dropped_with_the_loop)
{
	start();
	rill_loop_post(loop, posted, letters);
	finish();
	expect_seen("");
}

static void turn_inside(void *user)
{
	(void)user;
	assert_int_equal(rill_loop_turn(loop), RILL_ESTATE);
	assert_int_equal(rill_loop_wait(loop, 0), RILL_ESTATE);
	assert_int_equal(rill_loop_run(loop), RILL_ESTATE);
	see('x');
}

TEST(loop, a_turn_inside_a_turn_is_refused)
{
	start();
	rill_loop_post(loop, turn_inside, NULL);
	rill_loop_turn(loop);
	expect_seen("x");
	finish();
}

static void stop(void *user)
{
	(void)user;
	rill_loop_stop(loop);
}

TEST(loop, stop_ends_run_after_the_turn_under_way)
{
	start();
	rill_loop_post(loop, stop, NULL);
	rill_loop_post(loop, posted, letters);
	assert_int_equal(rill_loop_run(loop), 0);
	expect_seen("a");
	finish();
}

TEST(loop, stop_before_run_lets_it_return_at_once_and_only_once)
{
	start();
	rill_loop_stop(loop);
	rill_loop_post(loop, posted, letters);
	assert_int_equal(rill_loop_run(loop), 0);
	expect_seen("");
	rill_loop_post(loop, stop, NULL);
	assert_int_equal(rill_loop_run(loop), 0);
	expect_seen("a");
	finish();
}

static void stop_by_signal(int number)
{
	(void)number;
	rill_loop_stop(loop);
}

TEST(loop, stop_works_from_a_signal_handler)
{
	struct sigaction action = { .sa_handler = stop_by_signal }, old;
	start();
	sigaction(SIGUSR1, &action, &old);
	raise(SIGUSR1);
	assert_int_equal(rill_loop_run(loop), 0);
	sigaction(SIGUSR1, &old, NULL);
	finish();
}

struct task {
	struct rl_task task;
	char letter;
	struct task *next;
	bool bury;
};

static void run_task(struct rl_task *base)
{
	struct task *task = rl_container(base, struct task, task);
	see(task->letter);
	if (task->next && task->bury)
		rl_loop_bury(loop, &task->next->task);
	else if (task->next)
		rl_loop_defer(loop, &task->next->task);
}

static void init_task(struct task *task, char letter, struct task *next)
{
	*task = (struct task){ .letter = letter, .next = next };
	rl_task_init(&task->task, run_task);
}

TEST(loop, tasks_run_once_at_the_end_of_the_turn_and_burials_after_all_others)
{
	struct task a, b, c, d;
	start();
	init_task(&a, 'a', &b);
	init_task(&b, 'b', NULL);
	init_task(&c, 'c', NULL);
	init_task(&d, 'd', NULL);
	rl_loop_bury(loop, &d.task);
	rl_loop_defer(loop, &a.task);
	rl_loop_defer(loop, &c.task);
	rl_loop_defer(loop, &a.task);
	rill_loop_turn(loop);
	expect_seen("acbd");
	rill_loop_turn(loop);
	expect_seen("");
	finish();
}

TEST(loop, a_task_that_adds_itself_again_does_not_hold_the_turn)
{
	struct task a;
	start();
	init_task(&a, 'a', &a);
	rl_loop_defer(loop, &a.task);
	rill_loop_turn(loop);
	assert_int_equal(count, 2); /* the rounds of a turn */
	count = 0;
	rill_loop_wait(loop, -1); /* does not sleep either */
	assert_true(count > 0);
	rl_list_remove(&a.task.node);
	finish();
}

struct member {
	struct rl_loop_member member;
	char letter;
};

static void free_member(struct rl_loop_member *base, struct rill_loop *l)
{
	assert_ptr_equal(l, loop);
	assert_int_equal(rill_loop_turn(l), RILL_ESTATE);
	see(rl_container(base, struct member, member)->letter);
}

TEST(loop, members_are_freed_with_it_last_joined_first_and_keyed_ones_behind_them)
{
	static const char key, other_key;
	struct member pool = { { .key = &key, .free = free_member }, 'p' };
	struct member one = { { .free = free_member }, '1' };
	struct member two = { { .free = free_member }, '2' };
	struct member gone = { { .free = free_member }, 'g' };
	start();
	rl_loop_join(loop, &one.member);
	rl_loop_join(loop, &two.member);
	rl_loop_join(loop, &pool.member);
	rl_loop_join(loop, &gone.member);
	assert_ptr_equal(rl_loop_find(loop, &key), &pool.member);
	assert_null(rl_loop_find(loop, &other_key));
	rl_loop_leave(&gone.member);
	finish();
	expect_seen("21p");
}

static void on_timer(rill_timer *timer, void *user)
{
	(void)timer;
	see(*(char *)user);
}

TEST(loop, a_timer_is_called_after_its_delay_and_then_at_its_interval)
{
	rill_timer *timer;
	start();
	assert_int_equal(rill_timer_new(&timer, loop, on_timer, letters), 0);
	rill_timer_start(timer, 100, 10);
	test_now += 99;
	rill_loop_turn(loop);
	expect_seen("");
	for (int i = 0; i < 3; i++) {
		test_now += i ? 10 : 1;
		rill_loop_turn(loop);
		expect_seen("a");
	}
	test_now += 1000; /* what was missed is left out */
	rill_loop_turn(loop);
	expect_seen("a");
	rill_timer_stop(timer);
	test_now += 1000;
	rill_loop_turn(loop);
	expect_seen("");
	rill_timer_free(timer);
	rill_timer_free(NULL);
	finish();
}

TEST(loop, a_delay_counts_from_the_call_even_when_no_turn_came_for_long)
{
	rill_timer *timer;
	start();
	rill_timer_new(&timer, loop, on_timer, letters);
	test_now += 60000;
	rill_timer_start(timer, 100, 0);
	rill_loop_turn(loop);
	expect_seen("");
	assert_int_equal(rill_loop_now(loop), test_now);
	test_now += 100;
	rill_loop_turn(loop);
	expect_seen("a");
	rill_timer_free(timer);
	finish();
}

static void free_timer(rill_timer *timer, void *user)
{
	(void)user;
	see('f');
	rill_timer_free(timer);
}

static void restart_timer(rill_timer *timer, void *user)
{
	(void)user;
	see('r');
	if (count < 3)
		rill_timer_start(timer, UINT64_MAX, UINT64_MAX);
}

TEST(loop, a_timer_may_be_freed_and_restarted_inside_its_call)
{
	rill_timer *timer, *again;
	start();
	rill_timer_new(&timer, loop, free_timer, NULL);
	rill_timer_new(&again, loop, restart_timer, NULL);
	rill_timer_start(timer, 5, 5);
	rill_timer_start(again, 5, 5);
	test_now += 10;
	rill_loop_turn(loop);
	test_now += 1000000;
	rill_loop_turn(loop);
	expect_seen("fr");
	rill_timer_free(again);
	finish();
}

TEST(loop, waiting_ends_when_the_first_timer_is_due)
{
	rill_timer *timer;
	rill_loop *real;
	count = 0;
	assert_int_equal(rill_loop_new(&real, NULL), 0);
	assert_int_equal(rill_timer_new(&timer, real, on_timer, letters), 0);
	uint64_t begin = rill_loop_now(real);
	rill_timer_start(timer, 20, 0);
	int turns = 0;
	for (; count == 0; turns++)
		assert_int_equal(rill_loop_wait(real, -1), 0);
	assert_true(rill_loop_now(real) >= begin + 20);
	assert_true(turns <= RL_WHEEL_LEVELS + 1); /* it slept, and did not spin */
	rill_timer_free(timer);
	rill_loop_free(real);
}

TEST(loop, the_guests_descriptor_is_readable_when_and_only_when_there_is_something_to_do)
{
	struct task a;
	start();
	int fd = rill_loop_fd(loop);
	assert_true(fd >= 0);
	assert_false(readable(fd));

	rill_loop_post(loop, posted, letters);
	assert_true(readable(fd));
	rill_loop_turn(loop);
	assert_false(readable(fd));

	init_task(&a, 'a', NULL);
	rl_loop_defer(loop, &a.task);
	assert_true(readable(fd));
	rill_loop_turn(loop);
	assert_false(readable(fd));

	rill_timer *timer;
	rill_timer_new(&timer, loop, on_timer, letters);
	rill_timer_start(timer, 3600 * 1000, 0);
	rill_timer_start(timer, 0, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, -1), 1);
	rill_loop_turn(loop);
	expect_seen("aaa");
	assert_false(readable(fd));
	rill_timer_free(timer);
	finish();
}

TEST(loop, what_was_left_before_the_descriptor_was_asked_for_makes_it_readable)
{
	struct task a;
	start();
	init_task(&a, 'a', NULL);
	rl_loop_defer(loop, &a.task);
	assert_true(readable(rill_loop_fd(loop)));
	rill_loop_turn(loop);
	assert_false(readable(rill_loop_fd(loop)));
	finish();
}

TEST(loop, a_guest_is_woken_for_tasks_left_to_the_next_turn)
{
	struct task a;
	start();
	int fd = rill_loop_fd(loop);
	init_task(&a, 'a', &a);
	rl_loop_defer(loop, &a.task);
	rill_loop_turn(loop);
	assert_true(readable(fd));
	rl_list_remove(&a.task.node);
	rill_loop_turn(loop);
	assert_false(readable(fd));
	finish();
}

TEST(loop, a_guest_sleeps_until_its_timer)
{
	rill_timer *timer;
	rill_loop *real;
	count = 0;
	assert_int_equal(rill_loop_new(&real, NULL), 0);
	int fd = rill_loop_fd(real), turns = 0;
	rill_timer_new(&timer, real, on_timer, letters);
	rill_timer_start(timer, 30, 0);
	uint64_t begin = rill_loop_now(real);
	for (; count == 0; turns++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		assert_int_equal(poll(&p, 1, -1), 1);
		rill_loop_turn(real);
	}
	assert_true(rill_loop_now(real) >= begin + 30);
	assert_true(turns <= RL_WHEEL_LEVELS + 1);
	rill_timer_free(timer);
	rill_loop_free(real);
}

/* Watches. */

static int last_events;

static void on_watch(rill_watch *watch, int events, void *user)
{
	(void)watch;
	last_events = events;
	see(*(char *)user);
}

TEST(loop, a_watch_is_called_while_its_descriptor_is_ready)
{
	rill_watch *watch;
	int fds[2];
	start();
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(rill_watch_new(&watch, loop, fds[0], RILL_READABLE, on_watch, letters), 0);
	rill_loop_turn(loop);
	expect_seen("");
	assert_int_equal(write(fds[1], "x", 1), 1);
	rill_loop_turn(loop);
	rill_loop_turn(loop);
	expect_seen("aa");
	assert_int_equal(last_events, RILL_READABLE);
	assert_int_equal(rill_watch_set(watch, 0), 0);
	rill_loop_turn(loop);
	expect_seen("");
	assert_int_equal(rill_watch_set(watch, RILL_READABLE), 0);
	rill_loop_turn(loop);
	expect_seen("a");
	rill_watch_free(watch);
	rill_watch_free(NULL);
	rill_loop_turn(loop);
	expect_seen("");
	close(fds[0]);
	close(fds[1]);
	finish();
}

TEST(loop, a_hang_up_counts_as_ready_for_what_is_watched)
{
	rill_watch *watch;
	int fds[2];
	start();
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(rill_watch_new(&watch, loop, fds[1], RILL_WRITABLE, on_watch, letters), 0);
	close(fds[0]);
	rill_loop_turn(loop);
	assert_int_equal(last_events, RILL_WRITABLE);
	rill_watch_free(watch);
	close(fds[1]);
	finish();
}

TEST(loop, what_cannot_be_watched_is_refused)
{
	rill_watch *watch;
	start();
	assert_int_equal(
		rill_watch_new(&watch, loop, -1, RILL_READABLE, on_watch, NULL), RILL_EINVAL);
	assert_int_equal(
		rill_watch_new(&watch, loop, 9999, RILL_READABLE, on_watch, NULL), RILL_EINVAL);
	assert_int_equal(rill_watch_new(&watch, loop, 0, 4, on_watch, NULL), RILL_EINVAL);
	finish();
}

static rill_watch *pair[2];

static void free_both(rill_watch *watch, int events, void *user)
{
	(void)watch;
	(void)events;
	(void)user;
	see('f');
	for (int i = 0; i < 2; i++) {
		rill_watch_free(pair[i]);
		pair[i] = NULL;
	}
}

TEST(loop, a_watch_may_free_itself_and_another_that_is_ready_in_the_same_turn)
{
	int fds[2][2];
	start();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(fds[i]), 0);
		assert_int_equal(write(fds[i][1], "x", 1), 1);
		rill_watch_new(&pair[i], loop, fds[i][0], RILL_READABLE, free_both, NULL);
	}
	rill_loop_turn(loop);
	expect_seen("f");
	for (int i = 0; i < 2; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
	finish();
}

/* Threads. */

enum { THREADS = 4, POSTS = 2000 };

static struct {
	size_t next[THREADS]; /* what each thread's next post has to be */
	size_t total;
} on_loop;

struct numbered {
	struct rl_post post;
	size_t thread, number;
};

static struct numbered posts[THREADS][POSTS];

static void count_post(struct rl_post *post)
{
	struct numbered *p = rl_container(post, struct numbered, post);
	assert_int_equal(p->number, on_loop.next[p->thread]);
	on_loop.next[p->thread]++;
	if (++on_loop.total == THREADS * POSTS)
		rill_loop_stop(loop);
}

static void *post_many(void *user)
{
	size_t thread = (size_t)(uintptr_t)user;
	for (size_t i = 0; i < POSTS; i++) {
		posts[thread][i] = (struct numbered){ { .fn = count_post }, thread, i };
		rl_loop_post_node(loop, &posts[thread][i].post);
	}
	return NULL;
}

TEST(loop, posts_of_many_threads_all_run_each_threads_in_order)
{
	pthread_t threads[THREADS];
	memset(&on_loop, 0, sizeof(on_loop));
	start();
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, post_many, (void *)(uintptr_t)i), 0);
	assert_int_equal(rill_loop_run(loop), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(on_loop.total, THREADS * POSTS);
	finish();
}

static void *stop_it(void *user)
{
	rill_loop_stop(user);
	return NULL;
}

TEST(loop, another_thread_can_stop_it)
{
	pthread_t thread;
	start();
	for (int i = 0; i < 50; i++) {
		assert_int_equal(pthread_create(&thread, NULL, stop_it, loop), 0);
		assert_int_equal(rill_loop_run(loop), 0);
		pthread_join(thread, NULL);
	}
	finish();
}

static void make_all(void *arg)
{
	rill_timer *timer = NULL;
	rill_watch *watch = NULL;
	int fds[2];
	(void)arg;
	loop = test_loop();
	if (!loop)
		return;
	assert_int_equal(pipe(fds), 0);
	rill_timer_new(&timer, loop, on_timer, letters);
	rill_watch_new(&watch, loop, fds[0], RILL_READABLE, on_watch, letters);
	rill_loop_post(loop, posted, letters);
	count = 0;
	rill_loop_turn(loop);
	rill_watch_free(watch);
	rill_timer_free(timer);
	close(fds[0]);
	close(fds[1]);
	finish();
}

TEST(loop, memory_that_is_refused_is_a_code)
{
	test_each_failing_allocation(make_all, NULL);
}
