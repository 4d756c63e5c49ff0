/* support.c: see support.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "support/support.h"

struct block {
	size_t size;
	size_t padding;
};

struct guarded {
	void *map;
	size_t size;
	struct guarded *next;
};

static struct {
	struct test_case *first, *last;
	struct rl_env env;
	size_t allocations, live_blocks, live_bytes;
	size_t fail_at;
	bool fail_all_after, failed;
	uint64_t seed;
	char *log;
	size_t log_len;
	struct guarded *guarded;
} test;

uint64_t test_now;

void test_register(struct test_case *t)
{
	if (test.last)
		test.last->next = t;
	else
		test.first = t;
	test.last = t;
}

static bool must_fail(void)
{
	test.allocations++;
	if (!test.fail_at)
		return false;
	if (test.allocations == test.fail_at || (test.fail_all_after && test.failed)) {
		test.failed = true;
		return true;
	}
	return false;
}

static void *counted_alloc(size_t size, void *user)
{
	(void)user;
	if (must_fail())
		return NULL;
	struct block *b = malloc(sizeof(*b) + size);
	if (!b)
		abort();
	b->size = size;
	test.live_blocks++;
	test.live_bytes += size;
	return b + 1;
}

static void counted_release(void *memory, void *user)
{
	(void)user;
	if (!memory)
		return;
	struct block *b = (struct block *)memory - 1;
	test.live_blocks--;
	test.live_bytes -= b->size;
	free(b);
}

static void *counted_resize(void *memory, size_t size, void *user)
{
	if (!memory)
		return counted_alloc(size, user);
	if (must_fail())
		return NULL;
	/* Always moves, so that a pointer kept across a resize is found out. */
	struct block *old = (struct block *)memory - 1;
	struct block *b = malloc(sizeof(*b) + size);
	if (!b)
		abort();
	b->size = size;
	memcpy(b + 1, memory, old->size < size ? old->size : size);
	test.live_bytes = test.live_bytes - old->size + size;
	free(old);
	return b + 1;
}

static uint64_t integer_clock(void *user)
{
	(void)user;
	return test_now;
}

static void seeded_random(void *data, size_t len, void *user)
{
	(void)user;
	uint8_t *p = data;
	while (len--) {
		test.seed = test.seed * 6364136223846793005u + 1442695040888963407u;
		*p++ = (uint8_t)(test.seed >> 56);
	}
}

static void kept_log(rill_log_level level, const char *line, void *user)
{
	(void)level;
	(void)user;
	size_t n = strlen(line);
	test.log = realloc(test.log, test.log_len + n + 2);
	if (!test.log)
		abort();
	memcpy(test.log + test.log_len, line, n);
	memcpy(test.log + test.log_len + n, "\n", 2);
	test.log_len += n + 1;
}

struct rl_env *test_env(void)
{
	return &test.env;
}

const char *test_log(void)
{
	return test.log ? test.log : "";
}

void test_fail_allocation(size_t n, bool all_after)
{
	test.fail_at = n ? test.allocations + n : 0;
	test.fail_all_after = all_after;
	test.failed = false;
}

size_t test_allocations(void)
{
	return test.allocations;
}

size_t test_live_blocks(void)
{
	return test.live_blocks;
}

size_t test_live_bytes(void)
{
	return test.live_bytes;
}

bool test_allocation_failed(void)
{
	return test.failed;
}

void test_each_failing_allocation(void (*body)(void *arg), void *arg)
{
	for (size_t n = 1;; n++) {
		size_t before = test.live_blocks;
		test_fail_allocation(n, false);
		body(arg);
		bool reached = test.failed;
		test_fail_allocation(0, false);
		if (test.live_blocks != before)
			fail_msg("%zu blocks stay behind when allocation %zu fails",
					test.live_blocks - before, n);
		if (!reached)
			return;
	}
}

uint8_t *test_guarded(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (len + page - 1) / page * page + page;
	uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct guarded *g = malloc(sizeof(*g));
	if (map == MAP_FAILED || !g)
		abort();
	if (mprotect(map + size - page, page, PROT_NONE) != 0)
		abort();
	*g = (struct guarded){ map, size, test.guarded };
	test.guarded = g;
	uint8_t *start = map + size - page - len;
	if (data && len)
		memcpy(start, data, len);
	return start;
}

static void release_guarded(void)
{
	while (test.guarded) {
		struct guarded *g = test.guarded;
		test.guarded = g->next;
		munmap(g->map, g->size);
		free(g);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

size_t test_unhex(const char *hex, uint8_t *out, size_t room)
{
	size_t n = 0;
	for (const char *p = hex; *p;) {
		if (*p == ' ' || *p == '\n' || *p == '\t') {
			p++;
			continue;
		}
		int high = hex_digit(p[0]), low = high < 0 ? -1 : hex_digit(p[1]);
		if (low < 0)
			fail_msg("not hex at \"%.8s\"", p);
		if (n == room)
			fail_msg("more than %zu bytes of hex", room);
		out[n++] = (uint8_t)(high << 4 | low);
		p += 2;
	}
	return n;
}

static char *to_hex(const uint8_t *data, size_t len)
{
	char *text = malloc(len * 3 + 1);
	if (!text)
		abort();
	text[0] = 0;
	for (size_t i = 0; i < len; i++)
		sprintf(text + i * 3, "%02x ", data[i]);
	return text;
}

void test_expect_hex(const void *data, size_t len, const char *hex)
{
	uint8_t want[4096];
	size_t n = test_unhex(hex, want, sizeof(want));
	if (n == len && (!n || memcmp(data, want, n) == 0))
		return;
	char *have = to_hex(data, len);
	print_error("want %s\nhave %s\n", hex, have);
	free(have);
	fail();
}

void test_expect_text(const void *data, size_t len, const char *text)
{
	if (strlen(text) == len && (!len || memcmp(data, text, len) == 0))
		return;
	print_error("want \"%s\"\nhave \"%.*s\"\n", text, (int)len, (const char *)data);
	fail();
}

static void run_case(void **state)
{
	const struct test_case *t = *state;
	test.allocations = test.live_blocks = test.live_bytes = 0;
	test.fail_at = 0;
	test.failed = false;
	test.seed = 1;
	test_now = 1000;
	free(test.log);
	test.log = NULL;
	test.log_len = 0;
	test.env = (struct rl_env){
		.memory = { counted_alloc, counted_resize, counted_release, NULL },
		.log = kept_log,
		.log_level = RILL_LOG_DEBUG,
		.clock = integer_clock,
		.random = seeded_random,
	};
	t->run();
	release_guarded();
	if (test.live_blocks)
		fail_msg("%zu blocks (%zu bytes) were not given back", test.live_blocks,
				test.live_bytes);
}

int main(int argc, char **argv)
{
	size_t n = 0, count = 0;
	for (struct test_case *t = test.first; t; t = t->next)
		count++;
	struct CMUnitTest *all = calloc(count + 1, sizeof(*all));
	if (!all)
		abort();
	for (struct test_case *t = test.first; t; t = t->next)
		if (argc < 2 || strstr(t->name, argv[1]))
			all[n++] = (struct CMUnitTest){ t->name, run_case, NULL, NULL, t };
	int failed = _cmocka_run_group_tests(argv[0], all, n, NULL, NULL);
	free(all);
	free(test.log);
	return failed ? 1 : 0;
}
