/* resolve_test.c: look-ups on real threads, by a resolver that follows a script; the system's own is
 * asked for what needs no network. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "net/resolve_fixture.h"

struct wish {
	struct rl_resolve resolve;
	int calls;
	struct rl_addresses found;
	struct rl_resolve *cancels; /* when it is fulfilled */
	struct wish *begins;        /* likewise */
	rill_loop *loop;
};

static void on_done(struct rl_resolve *resolve, const struct rl_addresses *found)
{
	struct wish *w = rl_container(resolve, struct wish, resolve);
	w->calls++;
	w->found = *found;
	if (w->cancels)
		rl_resolve_cancel(w->cancels);
	if (w->begins)
		assert_int_equal(rl_resolve(w->loop, &w->begins->resolve, RL_SLICE("again")), 0);
}

static int wish_for(struct wish *w, rill_loop *loop, const char *host)
{
	*w = (struct wish){ .resolve.done = on_done, .loop = loop };
	return rl_resolve(loop, &w->resolve, rl_slice_str(host));
}

static rill_loop *start(struct script *s)
{
	rill_loop *loop = test_loop();
	assert_non_null(loop);
	script_init(s);
	assert_int_equal(rl_resolve_by(loop, follow_script, s), 0);
	return loop;
}

TEST(resolve, a_name_is_looked_up_and_the_answer_comes_from_the_loop)
{
	struct script s;
	struct wish w;
	rill_loop *loop = start(&s);
	s.addresses[0] = "192.0.2.1";
	s.addresses[1] = "2001:db8::1";
	assert_int_equal(wish_for(&w, loop, "example.org"), 0);
	assert_int_equal(w.calls, 0);
	await(loop, w.calls);
	assert_string_equal(s.host, "example.org");
	assert_int_equal(w.found.code, 0);
	assert_int_equal(w.found.count, 2);
	assert_int_equal(w.found.list[0].any.sa_family, AF_INET);
	assert_int_equal(w.found.list[0].ip4.sin_addr.s_addr, inet_addr("192.0.2.1"));
	assert_int_equal(w.found.list[1].any.sa_family, AF_INET6);
	test_settle(loop);
	assert_int_equal(w.calls, 1);
	rill_loop_free(loop);
	script_fini(&s);
}

TEST(resolve, the_system_knows_localhost_also_without_a_network)
{
	rill_loop *loop = test_loop();
	struct wish w;
	assert_int_equal(wish_for(&w, loop, "localhost"), 0);
	await(loop, w.calls);
	assert_int_equal(w.found.code, 0);
	assert_true(w.found.count > 0);
	for (int i = 0; i < w.found.count; i++)
		if (w.found.list[i].any.sa_family == AF_INET)
			assert_int_equal(
				w.found.list[i].ip4.sin_addr.s_addr, inet_addr("127.0.0.1"));
	rill_loop_free(loop);
}

/* A scope that does not exist needs nobody's word. */
TEST(resolve, the_system_refuses_what_is_no_name)
{
	rill_loop *loop = test_loop();
	struct wish w;
	assert_int_equal(wish_for(&w, loop, "not a name"), 0);
	await(loop, w.calls);
	assert_int_not_equal(w.found.code, 0);
	assert_int_equal(rl_addresses_rc(&w.found), RILL_EADDR);
	assert_true(strlen(rl_addresses_text(&w.found)) > 0);
	rill_loop_free(loop);
}

TEST(resolve, no_addresses_are_no_name)
{
	struct script s;
	struct wish w;
	rill_loop *loop = start(&s);
	assert_int_equal(wish_for(&w, loop, "example.org"), 0);
	await(loop, w.calls);
	assert_int_equal(w.found.code, EAI_NONAME);
	rill_loop_free(loop);
	script_fini(&s);
}

TEST(resolve, failures_of_the_system_are_told_from_unknown_names)
{
	static const struct {
		int code, error, rc;
	} cases[] = {
		{ EAI_NONAME, 0, RILL_EADDR },
		{ EAI_AGAIN, 0, RILL_EADDR },
		{ EAI_MEMORY, 0, RILL_ENOMEM },
		{ EAI_SYSTEM, ENOMEM, RILL_ENOMEM },
		{ EAI_SYSTEM, EMFILE, RILL_EIO },
	};
	struct script s;
	rill_loop *loop = start(&s);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wish w;
		s.code = cases[i].code;
		s.error = cases[i].error;
		assert_int_equal(wish_for(&w, loop, "example.org"), 0);
		await(loop, w.calls);
		assert_int_equal(rl_addresses_rc(&w.found), cases[i].rc);
	}
	rill_loop_free(loop);
	script_fini(&s);
}

TEST(resolve, what_can_be_no_name_is_not_asked_for)
{
	struct script s;
	struct wish w[3];
	char longest[RL_NAME_MAX + 2];
	rill_loop *loop = start(&s);
	s.addresses[0] = "192.0.2.1";
	memset(longest, 'a', sizeof(longest) - 1);
	longest[RL_NAME_MAX + 1] = 0;
	assert_int_equal(wish_for(&w[0], loop, ""), 0);
	assert_int_equal(wish_for(&w[1], loop, longest), 0);
	w[2] = (struct wish){ .resolve.done = on_done };
	assert_int_equal(rl_resolve(loop, &w[2].resolve, RL_SLICE("example.org\0.net")), 0);
	assert_int_equal(w[0].calls + w[1].calls + w[2].calls, 0);
	for (int i = 0; i < 3; i++) {
		await(loop, w[i].calls);
		assert_int_equal(w[i].found.code, EAI_NONAME);
	}
	assert_int_equal(s.asked, 0);
	longest[RL_NAME_MAX] = 0;
	assert_int_equal(wish_for(&w[0], loop, longest), 0);
	await(loop, w[0].calls);
	assert_string_equal(s.host, longest);
	rill_loop_free(loop);
	script_fini(&s);
}

TEST(resolve, wishes_for_the_same_name_share_a_look_up)
{
	struct script s;
	struct wish w[5];
	rill_loop *loop = start(&s);
	s.addresses[0] = "192.0.2.1";
	s.waits = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(wish_for(&w[i], loop, "example.org"), 0);
	await(loop, s.asked == 1);
	assert_int_equal(wish_for(&w[3], loop, "example.org"), 0);
	assert_int_equal(wish_for(&w[4], loop, "example.net"), 0);
	w[0].cancels = &w[1].resolve;
	rl_resolve_cancel(&w[2].resolve);
	await(loop, s.asked == 2);
	sem_post(&s.go);
	sem_post(&s.go);
	await(loop, w[0].calls && w[3].calls && w[4].calls);
	assert_int_equal(w[1].calls + w[2].calls, 0);
	assert_int_equal(s.asked, 2);
	rill_loop_free(loop);
	script_fini(&s);
}

TEST(resolve, a_wish_can_be_made_when_another_is_fulfilled)
{
	struct script s;
	struct wish w, next = { .resolve.done = on_done };
	rill_loop *loop = start(&s);
	s.addresses[0] = "192.0.2.1";
	assert_int_equal(wish_for(&w, loop, "again"), 0);
	w.begins = &next;
	await(loop, next.calls);
	assert_int_equal(s.asked, 2);
	rill_loop_free(loop);
	script_fini(&s);
}

TEST(resolve, more_names_than_may_run_wait_in_line)
{
	enum { MANY = RL_LOOK_UPS + 5 };
	struct script s;
	struct wish w[MANY];
	char name[32];
	int calls = 0;
	rill_loop *loop = start(&s);
	s.addresses[0] = "192.0.2.1";
	s.waits = true;
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "host%d.example", i);
		assert_int_equal(wish_for(&w[i], loop, name), 0);
	}
	await(loop, s.asked == RL_LOOK_UPS);
	test_settle(loop);
	assert_int_equal(s.asked, RL_LOOK_UPS);
	rl_resolve_cancel(&w[MANY - 1].resolve); /* one in line is not begun */
	for (int i = 0; i < MANY; i++)
		sem_post(&s.go);
	await(loop, s.left == MANY - 1);
	while (calls < MANY - 1) {
		rill_loop_wait(loop, 10);
		calls = 0;
		for (int i = 0; i < MANY; i++)
			calls += w[i].calls;
	}
	assert_int_equal(w[MANY - 1].calls, 0);
	rill_loop_free(loop);
	script_fini(&s);
}

TEST(resolve, a_cancelled_look_up_ends_by_itself)
{
	struct script s;
	struct wish w;
	rill_loop *loop = start(&s);
	s.waits = true;
	assert_int_equal(wish_for(&w, loop, "example.org"), 0);
	await(loop, s.asked);
	rl_resolve_cancel(&w.resolve);
	rl_resolve_cancel(&w.resolve); /* harmless */
	sem_post(&s.go);
	await(loop, s.left);
	test_settle(loop);
	assert_int_equal(w.calls, 0);
	rill_loop_free(loop);
	script_fini(&s);
}

TEST(resolve, a_loop_is_freed_while_look_ups_run_and_wait)
{
	enum { MANY = RL_LOOK_UPS + 2 };
	struct script s;
	struct wish w[MANY];
	char name[32];
	rill_loop *loop = start(&s);
	s.waits = true;
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "host%d.example", i);
		assert_int_equal(wish_for(&w[i], loop, name), 0);
	}
	await(loop, s.asked == RL_LOOK_UPS);
	rill_loop_free(loop);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(w[i].calls, 0);
	script_fini(&s);
}

/* Leaves no descriptor to be had until let go. */
static struct rlimit all_descriptors;

static void forbid_descriptors(void)
{
	int next = fcntl(0, F_DUPFD_CLOEXEC, 0);
	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all_descriptors), 0);
	struct rlimit none = { (rlim_t)next, all_descriptors.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

TEST(resolve, without_descriptors_it_fails_and_goes_on_later)
{
	struct script s;
	struct wish w;
	rill_loop *loop = start(&s);
	s.addresses[0] = "192.0.2.1";
	forbid_descriptors();
	assert_int_equal(wish_for(&w, loop, "example.org"), 0);
	await(loop, w.calls);
	setrlimit(RLIMIT_NOFILE, &all_descriptors);
	assert_int_equal(rl_addresses_rc(&w.found), RILL_EIO);
	assert_string_equal(rl_addresses_text(&w.found), strerror(EMFILE));
	assert_int_equal(wish_for(&w, loop, "example.org"), 0);
	await(loop, w.calls);
	assert_int_equal(w.found.code, 0);
	rill_loop_free(loop);
	script_fini(&s);
}

static void try_all(void *arg)
{
	struct script s;
	struct wish w;
	rill_loop *loop = test_loop();
	(void)arg;
	if (!loop)
		return;
	script_init(&s);
	s.addresses[0] = "192.0.2.1";
	if (rl_resolve_by(loop, follow_script, &s) == 0) {
		if (wish_for(&w, loop, "example.org") == 0)
			await(loop, w.calls);
		else
			assert_true(test_allocation_failed());
	}
	rill_loop_free(loop);
	script_fini(&s);
}

TEST(resolve, each_failing_allocation_is_told)
{
	test_each_failing_allocation(try_all, NULL);
}
