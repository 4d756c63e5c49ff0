/* support.h: the vocabulary of the tests: self-registering cases, an environment whose
 * allocations are counted and can fail, bytes that end at an unreadable page, and hex. */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/env.h"
#include "base/slice.h"

/* TEST(room, sentence) { ... }: one case; its name is the sentence it proves. Cases run in the
 * order they stand in. After each, all memory taken from test_env() must be back. A single
 * argument to the program runs only the cases whose name holds it. */
struct test_case {
	const char *name;
	void (*run)(void);
	struct test_case *next;
};
void test_register(struct test_case *test);

#define TEST(room, sentence)                                                                       \
	static void room##_##sentence(void);                                                       \
	static struct test_case room##_##sentence##_case = { #room ": " #sentence,                 \
		room##_##sentence, NULL };                                                         \
	__attribute__((constructor)) static void room##_##sentence##_register(void)                \
	{                                                                                          \
		test_register(&room##_##sentence##_case);                                          \
	}                                                                                          \
	static void room##_##sentence(void)

/* An environment made new for each case: counted malloc, a clock that is an integer, random
 * bytes from a fixed seed, log lines kept for test_log(). */
struct rl_env *test_env(void);
extern uint64_t test_now; /* what the clock says, ms */

/* Lets the n-th allocation from now on fail, and all after it if so wished; 0: none. */
void test_fail_allocation(size_t n, bool all_after);
size_t test_allocations(void); /* so far in this case */
size_t test_live_blocks(void); /* not yet given back */
size_t test_live_bytes(void);
bool test_allocation_failed(void); /* has the one that was to fail been reached? */

/* All log lines of this case, each with a line end; "" when none. */
const char *test_log(void);

/* Runs body(n) with the n-th allocation failing, for n = 1, 2, ... until body runs through
 * without reaching its failing allocation. body must leave no memory behind either way. */
void test_each_failing_allocation(void (*body)(void *arg), void *arg);

/* Writable memory of len bytes, the first filled with data (NULL: left), ending right before an
 * unreadable page. Given back at the end of the case. */
uint8_t *test_guarded(const void *data, size_t len);

/* "81 02 6869" to bytes; blanks are skipped. Returns the count; text longer than room fails the
 * case. */
size_t test_unhex(const char *hex, uint8_t *out, size_t room);

/* Fails the case unless the bytes are those written in hex. */
void test_expect_hex(const void *data, size_t len, const char *hex);

/* Fails the case unless the bytes are those of the text. */
void test_expect_text(const void *data, size_t len, const char *text);

#endif
