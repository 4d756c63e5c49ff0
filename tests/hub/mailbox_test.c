/* mailbox_test.c: publishing from other threads, and outside of turns. */
#include <stdatomic.h>
#include "hub/members.h"

static struct member *a;

static void publish_inside(void)
{
	publish("t", "2");
}

TEST(mailbox, what_was_published_outside_of_a_turn_goes_before_what_follows_inside)
{
	start();
	a = new_member();
	subscribe("t", a);
	static void (*fn)(void) = publish_inside;
	assert_int_equal(rill_loop_post(loop, call_it, &fn), 0);
	publish("t", "1"); /* behind the function, and yet before what it publishes */
	expect_got(a, "");
	turn(NULL);
	expect_got(a, "1 2|");
	lose(a);
	stop();
}

TEST(mailbox, is_bounded)
{
	rill_hub_options options;
	rill_hub_options_default(&options);
	options.max_mailbox = 1000;
	start_with(&options);
	a = new_member();
	subscribe("t", a);
	char text[600];
	memset(text, 'x', sizeof(text));
	assert_int_equal(rill_publish(hub, "t", RILL_TEXT, text, sizeof(text)), 0);
	assert_int_equal(rill_publish(hub, "t", RILL_TEXT, text, sizeof(text)), RILL_ELIMIT);
	turn(NULL);
	assert_int_equal(rill_publish(hub, "t", RILL_TEXT, text, sizeof(text)), 0);
	turn(NULL);
	assert_int_equal(a->conn.messages_out, 2);
	lose(a);
	stop();
}

TEST(mailbox, bounds_lists_of_the_excepted_too)
{
	static const uint64_t ids[200];
	rill_hub_options options;
	rill_publication what;
	rill_hub_options_default(&options);
	options.max_mailbox = 1000;
	start_with(&options);
	rill_publication_init(&what, sizeof(what));
	what.except = ids;
	what.except_count = 200;
	assert_int_equal(rill_publish_event(hub, "t", &what), RILL_ELIMIT);
	what.except_count = 50;
	assert_int_equal(rill_publish_event(hub, "t", &what), 0);
	turn(NULL);
	stop();
}

TEST(mailbox, what_is_in_it_when_the_hub_is_freed_arrives)
{
	start();
	a = new_member();
	subscribe("t", a);
	publish("t", "1");
	rill_hub_free(hub);
	hub = NULL;
	expect_got(a, "1|");
	turn(NULL);
	lose(a);
	stop();
}

TEST(mailbox, goes_with_the_loop_when_it_never_arrives)
{
	start();
	publish("t", "1");
	stop();
}

static void put_with_failures(void *arg)
{
	uint64_t except = 17;
	rill_publication what;
	(void)arg;
	rill_publication_init(&what, sizeof(what));
	what.data = "x";
	what.len = 1;
	what.except = &except;
	what.except_count = 1;
	int rc = rill_publish_event(hub, "t", &what);
	assert_true(rc == 0 || rc == RILL_ENOMEM);
	a->got[0] = 0;
	turn(NULL);
	assert_string_equal(a->got, rc == 0 ? "x|" : "");
}

TEST(mailbox, survives_any_failing_allocation)
{
	start();
	a = new_member();
	subscribe("t", a);
	test_each_failing_allocation(put_with_failures, NULL);
	lose(a);
	stop();
}

/* Several threads at once. The tests' own allocator counts without a lock, so this hub lives on a loop
 * with malloc's. */
enum { THREADS = 4, EACH = 2000 };

static atomic_int running;
static unsigned next_of[THREADS];
static size_t wrong;

static int check_order(struct rill_conn *conn, struct rl_publication *p)
{
	unsigned thread, number;
	char text[32];
	(void)conn;
	snprintf(text, sizeof(text), "%.*s", (int)p->payload->len, (const char *)p->payload->data);
	if (sscanf(text, "%u %u.", &thread, &number) != 2 || thread >= THREADS ||
		next_of[thread] != number)
		wrong++;
	else
		next_of[thread]++;
	return 0;
}

static void *publish_each(void *arg)
{
	unsigned thread = (unsigned)(uintptr_t)arg;
	char text[32];
	for (unsigned i = 0; i < EACH; i++) {
		snprintf(text, sizeof(text), "%u %u.", thread, i);
		while (rill_publish(hub, "t", RILL_TEXT, text, strlen(text)) != 0)
			sched_yield(); /* the mailbox is full */
	}
	atomic_fetch_sub(&running, 1);
	rill_loop_stop(loop);
	return NULL;
}

static void publish_own(void *user)
{
	unsigned *i = user;
	char text[32];
	snprintf(text, sizeof(text), "0 %u.", *i);
	if (rill_publish(hub, "t", RILL_TEXT, text, strlen(text)) == 0)
		(*i)++;
	if (*i < EACH)
		rill_loop_post(loop, publish_own, user);
	else
		rill_loop_stop(loop);
}

TEST(mailbox, several_threads_keep_their_own_order)
{
	pthread_t threads[THREADS];
	rill_hub_options options;
	unsigned own = 0;
	start();
	stop();
	rill_hub_options_default(&options);
	options.max_mailbox = 64 * 1024;
	assert_int_equal(rill_loop_new(&loop, NULL), 0);
	assert_int_equal(rill_hub_new(&hub, loop, &options), 0);
	memset(next_of, 0, sizeof(next_of));
	wrong = 0;
	a = new_member();
	a->ops.publish = check_order;
	subscribe("t", a);
	atomic_store(&running, THREADS - 1);
	for (uintptr_t i = 1; i < THREADS; i++) /* number 0 is the loop's own */
		assert_int_equal(pthread_create(&threads[i], NULL, publish_each, (void *)i), 0);
	rill_loop_post(loop, publish_own, &own);
	while (atomic_load(&running) || own < EACH)
		assert_int_equal(rill_loop_run(loop), 0);
	for (int i = 1; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	turn(NULL);
	assert_int_equal(wrong, 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(next_of[i], EACH);
	lose(a);
	stop();
}
