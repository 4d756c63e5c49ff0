/* tls_memory_test.c: what an idle TLS connection costs, OpenSSL's own memory included. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <openssl/crypto.h>
#include "net/tls_client.h"
#include "support/support.h"
#include "support/tls_client.h"

#define MANY  20
#define TURNS 2000

/* OpenSSL's blocks, each with its size and whether the server's side asked for it. */
struct block {
	size_t size;
	size_t servers;
};

static bool in_server;
static size_t server_bytes;

static void *count_malloc(size_t size, const char *file, int line)
{
	struct block *b = size ? malloc(sizeof(*b) + size) : NULL;
	(void)file;
	(void)line;
	if (!b)
		return NULL;
	*b = (struct block){ size, in_server };
	server_bytes += in_server ? size : 0;
	return b + 1;
}

static void count_free(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	if (!memory)
		return;
	struct block *b = (struct block *)memory - 1;
	server_bytes -= b->servers ? b->size : 0;
	free(b);
}

static void *count_realloc(void *memory, size_t size, const char *file, int line)
{
	void *moved = count_malloc(size, file, line);
	if (memory && moved) {
		struct block *b = (struct block *)memory - 1;
		memcpy(moved, memory, b->size < size ? b->size : size);
	}
	if (moved || !size)
		count_free(memory, file, line);
	return moved;
}

__attribute__((constructor)) static void count_openssl(void)
{
	if (!CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free))
		abort();
}

struct server {
	rill_loop *loop;
	struct rl_stream_group group;
	struct rl_tls_context *context;
	struct rl_stream *streams[MANY];
	size_t count;
};

static void on_read(struct rl_stream *stream, struct rl_slice *in)
{
	assert_true(rl_stream_write(stream, *in) >= 0);
	rl_slice_skip(in, in->len);
}

static void on_event(struct rl_stream *stream)
{
	(void)stream;
}

static void on_lost(struct rl_stream *stream, int rc)
{
	(void)stream;
	(void)rc;
}

static const struct rl_stream_events events = {
	.on_read = on_read,
	.on_end = on_event,
	.on_drain = on_event,
	.on_lost = on_lost,
};

static void on_done(struct rl_stream *stream, int rc, const char *sentence, void *user)
{
	struct server *s = user;
	assert_true((rc == 0) == (sentence == NULL));
	assert_int_equal(rc, 0);
	s->streams[s->count++] = stream;
	rl_stream_own(stream, &events, s);
	rl_stream_resume(stream);
}

static void start(struct server *s)
{
	struct test_certificate certificate;
	rill_loop_options options;
	rill_tls_options tls;
	char error[256];
	test_make_certificate(&certificate, "memory", "memory", NULL, NULL);
	rill_tls_certificate one = { certificate.certificate_file, certificate.key_file, NULL };
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	*s = (struct server){ .count = 0 };
	assert_int_equal(rill_loop_new(&s->loop, &options), 0);
	rl_stream_group_init(&s->group, s->loop);
	rill_tls_options_default(&tls);
	tls.certificates = &one;
	tls.certificate_count = 1;
	assert_int_equal(rl_tls_context_new(&s->context, &s->loop->env, &tls, error, 256), 0);
}

static void turn(struct server *s)
{
	in_server = true;
	rill_loop_wait(s->loop, 0);
	in_server = false;
}

/* Connects, and sends something there and back. */
static void add_connection(struct server *s, struct tls_client *c, int max_version)
{
	int fds[2];
	struct rl_addr peer = { .family = RL_ADDR_UNIX };
	struct rl_stream *raw;
	struct rl_tls_pending *pending;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	tls_client_init(c, fds[1], &(struct tls_client_options){ .max_version = max_version });
	in_server = true;
	assert_int_equal(rl_socket_stream(&raw, &s->group, fds[0], &peer), 0);
	assert_int_equal(rl_tls_accept(&pending, raw, s->context, 60000, on_done, s), 0);
	in_server = false;
	for (int i = 0; i < TURNS && !c->connected; i++) {
		tls_client_step(c);
		turn(s);
	}
	static const uint8_t words[20000];
	tls_client_write(c, words, sizeof(words));
	for (int i = 0; i < TURNS && c->got_len < sizeof(words); i++) {
		tls_client_step(c);
		turn(s);
	}
	assert_int_equal(c->got_len, sizeof(words));
	turn(s);
}

static void measure(int max_version)
{
	struct server s;
	struct tls_client clients[MANY];
	start(&s);
	add_connection(&s, &clients[0], max_version); /* with what all share */
	size_t before = server_bytes + test_live_bytes();
	for (int i = 1; i < MANY; i++)
		add_connection(&s, &clients[i], max_version);
	size_t each = (server_bytes + test_live_bytes() - before) / (MANY - 1);
	print_message("%zu bytes\n", each);
	assert_in_range(each, 1000, 16 * 1024);
	for (int i = 0; i < MANY; i++) {
		rl_stream_close(s.streams[i]);
		tls_client_free(&clients[i]);
	}
	turn(&s);
	rl_stream_group_fini(&s.group);
	rl_tls_context_unref(s.context);
	rill_loop_free(s.loop);
}

TEST(tls_memory, an_idle_connection_costs_less_than_16_kib)
{
	measure(TLS1_3_VERSION);
	measure(TLS1_2_VERSION);
}

struct ends {
	struct rl_stream *streams[2 * MANY];
	size_t count;
	size_t got; /* by those that do not echo */
};

static void count_bytes(struct rl_stream *stream, struct rl_slice *in)
{
	((struct ends *)stream->owner)->got += in->len;
	rl_slice_skip(in, in->len);
}

static const struct rl_stream_events counting = {
	.on_read = count_bytes,
	.on_end = on_event,
	.on_drain = on_event,
	.on_lost = on_lost,
};

static void keep_end(struct ends *ends, struct rl_stream *stream, const struct rl_stream_events *e)
{
	assert_non_null(stream);
	ends->streams[ends->count++] = stream;
	rl_stream_own(stream, e, ends);
	rl_stream_resume(stream);
}

static void on_accepted(struct rl_stream *stream, int rc, const char *sentence, void *user)
{
	(void)rc;
	(void)sentence;
	keep_end(user, stream, &events);
}

static void on_connected(struct rl_stream *stream, int rc, const char *sentence, void *user)
{
	(void)rc;
	(void)sentence;
	keep_end(user, stream, &counting);
}

/* Both ends are ours, and each sends something. */
static void add_pair(struct server *s, struct rl_tls_client *client, struct ends *ends)
{
	static const uint8_t words[20000];
	struct rl_addr peer = { .family = RL_ADDR_UNIX };
	struct rl_stream *raw[2];
	struct rl_tls_pending *pending;
	size_t want = ends->count + 2;
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rl_socket_stream(&raw[i], &s->group, fds[i], &peer), 0);
	in_server = true;
	assert_int_equal(
		rl_tls_accept(&pending, raw[0], s->context, 60000, on_accepted, ends), 0);
	assert_int_equal(rl_tls_connect(&pending, raw[1], client, RL_SLICE("memory"), 0,
				 on_connected, ends),
		0);
	for (int i = 0; i < TURNS && ends->count < want; i++)
		turn(s);
	assert_int_equal(ends->count, want);
	ends->got = 0;
	for (size_t i = want - 2; i < want; i++)
		if (ends->streams[i]->events == &counting)
			rl_stream_write(ends->streams[i], rl_slice(words, sizeof(words)));
	for (int i = 0; i < TURNS && ends->got < sizeof(words); i++)
		turn(s);
	assert_int_equal(ends->got, sizeof(words));
	turn(s);
}

TEST(tls_memory, an_idle_client_and_its_server_cost_less_than_40_kib)
{
	struct server s;
	struct ends ends = { .count = 0 };
	struct rl_tls_client *client;
	rill_client_tls_options options = { .insecure = true, .min_version = 12 };
	char error[256];
	start(&s);
	assert_int_equal(rl_tls_client_new(&client, &s.loop->env, &options, error, 256), 0);
	add_pair(&s, client, &ends);
	size_t before = server_bytes + test_live_bytes();
	for (int i = 1; i < MANY; i++)
		add_pair(&s, client, &ends);
	size_t each = (server_bytes + test_live_bytes() - before) / (MANY - 1);
	print_message("%zu bytes\n", each);
	assert_in_range(each, 2000, 40 * 1024); /* the server's certificate is kept twice */
	for (size_t i = 0; i < ends.count; i++)
		rl_stream_close(ends.streams[i]);
	turn(&s);
	rl_stream_group_fini(&s.group);
	rl_tls_context_unref(s.context);
	rl_tls_client_unref(client);
	rill_loop_free(s.loop);
}
