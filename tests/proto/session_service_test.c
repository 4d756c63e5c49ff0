/* session_service_test.c: how a service with sessions comes and goes; it notes what it is told. */
#include "proto/session_service.h"
#include "proto/session_program.h"

static struct rl_session_service *made; /* NULL: gone */
static const struct rl_dialect nothing;

static void told_part(struct rl_session_service *service)
{
	assert_ptr_equal(service, made);
	say("part ");
}

static void told_free(struct rl_session_service *service)
{
	assert_ptr_equal(service, made);
	say("free ");
	made = NULL;
	rl_free(&service->sessions.loop->env, service);
}

static void told_stop(struct rl_session_service *service)
{
	assert_ptr_equal(service, made);
	say("stop ");
}

static const struct rl_session_service_ops ops = {
	.part = told_part, .free = told_free, .stop = told_stop
};

/* Attached, and needed by nobody. */
static void make_one(const struct rl_session_service_ops *with)
{
	start(NULL);
	made = rl_zalloc(&http_loop->env, sizeof(*made));
	assert_int_equal(rl_session_service_init(made, with, http_server, &dialect, &handler), 0);
	assert_int_equal(made->busy, 1);
	assert_false(made->attached);
	made->sessions.terms = sessions.terms;
	made->attached = true;
	rl_session_service_release(made);
}

static struct rl_session *session_in_it(void)
{
	struct rl_addr peer = { 0 };
	struct rl_session *s = rl_session_new(
		&made->sessions, RL_SLICE("x"), rl_slice(NULL, 0), &peer);

	assert_non_null(s);
	return s;
}

TEST(session_service, detached_it_goes_at_the_end_of_the_turn)
{
	make_one(&ops);
	expect_said("");
	rl_session_service_detach(made, 1000, "bye");
	assert_string_equal(said, "stop ");
	assert_false(made->attached);
	rl_session_service_detach(made, 1000, "bye");
	expect_said("stop part free ");
	assert_null(made);
	finish();
	assert_string_equal(said, "");
}

TEST(session_service, it_waits_for_calls_that_need_it)
{
	make_one(&ops);
	rl_session_service_hold(made);
	rl_session_service_hold(made);
	rl_session_service_detach(made, 0, NULL);
	rl_session_service_release(made);
	expect_said("stop ");
	rl_session_service_release(made);
	expect_said("part free ");
	finish();
}

TEST(session_service, it_waits_for_its_last_session)
{
	make_one(&ops);
	struct rl_session *s = session_in_it();
	rl_session_service_detach(made, 0, NULL);
	expect_said("stop ");
	rill_conn_destroy(&s->conn);
	expect_said("part free ");
	finish();
}

TEST(session_service, that_goes_while_it_is_attached_changes_nothing)
{
	make_one(&ops);
	struct rl_session *s = session_in_it();
	rill_conn_destroy(&s->conn);
	expect_said("");
	assert_non_null(made);
	finish();
	assert_string_equal(said, "stop free ");
}

TEST(session_service, its_server_stops_and_frees_it)
{
	make_one(&ops);
	session_in_it();
	rill_server_stop(http_server, 1000, NULL, NULL);
	expect_said("stop ");
	finish();
	assert_string_equal(said, "stop free ");
	assert_null(made);
}

TEST(session_service, its_server_may_go_while_it_is_about_to)
{
	make_one(&ops);
	rl_session_service_detach(made, 0, NULL);
	finish();
	assert_null(made);
	assert_non_null(strstr(said, "free "));
}

TEST(session_service, what_could_not_be_made_whole_is_dropped)
{
	start(NULL);
	made = rl_zalloc(&http_loop->env, sizeof(*made));
	assert_int_equal(rl_session_service_init(made, &ops, http_server, &nothing, &handler), 0);
	rl_session_service_drop(made);
	assert_string_equal(said, "free ");
	said[0] = 0;
	finish();
	assert_string_equal(said, "");
}

TEST(session_service, without_memory_nothing_was_done)
{
	start(NULL);
	for (size_t n = 1;; n++) {
		struct rl_session_service service = { 0 };
		test_fail_allocation(n, false);
		int rc = rl_session_service_init(&service, &ops, http_server, &nothing, &handler);
		bool failed = test_allocation_failed();
		test_fail_allocation(0, false);
		if (!failed) {
			assert_int_equal(rc, 0);
			made = &service;
			rl_server_leave(&service.in_server);
			rl_sessions_fini(&service.sessions);
			break;
		}
		assert_int_equal(rc, RILL_ENOMEM);
	}
	finish();
}
