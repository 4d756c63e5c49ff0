/* session_table_test.c: sessions by their ids, whose they are, and how many there may be. */
#include "proto/session_program.h"

static const struct rl_addr here = { .family = RL_ADDR_IP4, .ip = { 10, 0, 0, 1 } };
static const struct rl_addr there = { .family = RL_ADDR_IP4, .ip = { 10, 0, 0, 2 } };

static struct rl_session *add(const char *id, const char *owner, const struct rl_addr *from)
{
	return rl_session_new(&sessions, rl_slice_str(id), rl_slice_str(owner), from);
}

static void drop(struct rl_session *s)
{
	rl_conn_closed(&s->conn, 1006, rl_slice(NULL, 0));
}

TEST(session_table, finds_sessions_by_their_whole_id)
{
	start(NULL);
	struct rl_session *a = add("a", "", &here), *b = add("ab", "", &here);
	assert_ptr_equal(rl_session_find(&sessions, RL_SLICE("a")), a);
	assert_ptr_equal(rl_session_find(&sessions, RL_SLICE("ab")), b);
	assert_null(rl_session_find(&sessions, RL_SLICE("abc")));
	assert_null(rl_session_find(&sessions, RL_SLICE("b")));
	drop(a);
	http_turns();
	assert_null(rl_session_find(&sessions, RL_SLICE("a")));
	finish();
}

TEST(session_table, ids_are_bytes_of_any_kind)
{
	static char text[RL_SESSION_ID_MAX];
	start(NULL);
	memset(text, 0, sizeof(text));
	struct rl_slice one = rl_slice(text, 1), all = rl_slice(text, sizeof(text));
	struct rl_session *a = rl_session_new(&sessions, one, one, &here);
	struct rl_session *b = rl_session_new(&sessions, all, one, &here);
	assert_ptr_equal(rl_session_find(&sessions, one), a);
	assert_ptr_equal(rl_session_find(&sessions, all), b);
	finish();
}

TEST(session_table, knows_whose_a_session_is)
{
	start(NULL);
	struct rl_session *a = add("a", "me", &here), *b = add("b", "", &here);
	struct rl_session *c = rl_session_new(&sessions, rl_slice(NULL, 0), rl_slice(NULL, 0), &here);
	assert_true(rl_session_owned_by(a, RL_SLICE("me")));
	assert_false(rl_session_owned_by(a, RL_SLICE("m")));
	assert_false(rl_session_owned_by(a, RL_SLICE("")));
	assert_true(rl_session_owned_by(b, RL_SLICE("")));
	assert_false(rl_session_owned_by(b, RL_SLICE("me")));
	assert_true(rl_session_owned_by(c, RL_SLICE("")));
	finish();
}

static void name(char *id, int i)
{
	snprintf(id, 24, "session-%d", i);
}

TEST(session_table, grows_and_shrinks_with_its_sessions)
{
	enum { N = 3000 };
	char id[24];
	start(NULL);
	for (int i = 0; i < N; i++) {
		name(id, i);
		assert_non_null(add(id, "", &here));
	}
	assert_true(sessions.table->room >= N);
	for (int i = 0; i < N; i++) {
		name(id, i);
		struct rl_session *s = rl_session_find(&sessions, rl_slice_str(id));
		assert_non_null(s);
		if (i % 100)
			drop(s);
	}
	http_turns();
	for (int i = 0; i < N; i++) {
		name(id, i);
		assert_int_equal(rl_session_find(&sessions, rl_slice_str(id)) != NULL, i % 100 == 0);
	}
	assert_true(sessions.table->room < N / 4);
	assert_int_equal(sessions.count, N / 100);
	finish();
	assert_int_equal(empties, 1);
}

TEST(session_table, works_on_without_memory_to_grow)
{
	char id[24];
	start(NULL);
	for (int i = 0; i < 16; i++) {
		name(id, i);
		assert_non_null(add(id, "", &here));
	}
	test_fail_allocation(2, true); /* behind the session itself */
	assert_non_null(add("one more", "", &here));
	test_fail_allocation(0, false);
	assert_non_null(rl_session_find(&sessions, RL_SLICE("one more")));
	finish();
}

TEST(session_table, so_many_sessions_may_be_at_once)
{
	start(NULL);
	sessions.terms.max_sessions = 2;
	struct rl_session *a = add("a", "", &here);
	assert_true(rl_sessions_admit(&sessions, &there));
	add("b", "", &there);
	assert_false(rl_sessions_admit(&sessions, &there));
	assert_null(add("c", "", &there));
	drop(a);
	http_turns();
	assert_true(rl_sessions_admit(&sessions, &there));
	finish();
}

TEST(session_table, so_many_sessions_may_be_from_one_address)
{
	const struct rl_addr net1 = { .family = RL_ADDR_IP6, .ip = { 0x20, 1, 0, 0, 0, 0, 0, 1, 1 } };
	const struct rl_addr net2 = { .family = RL_ADDR_IP6, .ip = { 0x20, 1, 0, 0, 0, 0, 0, 1, 2 } };
	start(NULL);
	sessions.terms.max_sessions_per_address = 1;
	struct rl_session *a = add("a", "", &here);
	assert_false(rl_sessions_admit(&sessions, &here));
	assert_null(add("c", "", &here));
	assert_true(rl_sessions_admit(&sessions, &there));
	drop(a);
	http_turns();
	assert_true(rl_sessions_admit(&sessions, &here));
	add("d", "", &net1);
	assert_false(rl_sessions_admit(&sessions, &net2)); /* the same /64 */
	finish();
}

TEST(session_table, one_that_repeats_its_last_word_is_counted_still)
{
	struct http_peer a = { 0 };
	start(NULL);
	sessions.terms.max_sessions_per_address = 1;
	ask(&a, "1/stream");
	rill_close(conn, 1000, NULL);
	http_take(&a);
	http_forget(&a);
	assert_int_equal(sessions.open, 0);
	ask(&a, "2/poll");
	http_expect_status(&a, 503);
	http_forget(&a);
	http_pass(5010);
	ask(&a, "2/poll");
	expect_poll(&a, "o\n");
	http_close(&a);
	finish();
}
